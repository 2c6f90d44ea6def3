package browser

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// Scrolled says where something is scrolled to.
type Scrolled struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Height float64 `json:"height"` // of all that can be scrolled
	Moved  bool    `json:"moved"`
	End    bool    `json:"end"` // nothing more lies below
	// Rounds counts how often ScrollAll came to the end of what there was.
	Rounds int `json:"-"`
	// Element is what scrolled, "" for the page.
	Element string `json:"element"`

	Count int  `json:"count"`
	Gone  bool `json:"gone"`
}

// ScrollTo brings an element into the middle of what is in sight.
func (p *Page) ScrollTo(ctx context.Context, t selector.Target) (Done, Scrolled, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var last *sight
	for {
		s, err := p.ready(ctx, lookFor{Target: t, Action: "scroll"})
		if err != nil {
			return Done{}, Scrolled{}, err
		}
		var at struct{ Seen bool }
		if err = p.Eval(ctx, s.frame, fmt.Sprintf("__aether.moves.insight(%d)", s.Handle), &at); err == nil && at.Seen {
			r, err := p.scroll(ctx, t, s, "")
			return Done{Found: s.found(t)}, r, err
		}
		last = &sight{Kind: Outside, Element: s.Element}
		if err == nil {
			select {
			case <-time.After(50 * time.Millisecond):
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if !errors.Is(err, ErrNavigated) {
			return Done{}, Scrolled{}, p.ended(ctx, "scroll", t, last, err)
		}
	}
}

// Scroll scrolls the page, or the part of it that an element means, by pixels or to its top or bottom.
func (p *Page) Scroll(ctx context.Context, area selector.Target, by Point, to string) (Scrolled, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s, err := p.area(ctx, area)
	if err != nil {
		return Scrolled{}, err
	}
	return p.scroll(ctx, area, s, js(map[string]any{"x": by.X, "y": by.Y, "to": to}))
}

// area is the part of the page to scroll.
func (p *Page) area(ctx context.Context, t selector.Target) (sight, error) {
	if t.Given() {
		return p.ready(ctx, lookFor{Target: t, Action: "read"})
	}
	return sight{frame: p.main()}, nil
}

// scroll scrolls as how says, or only tells where it is for none.
func (p *Page) scroll(ctx context.Context, t selector.Target, s sight, how string) (Scrolled, error) {
	call := fmt.Sprintf("__aether.moves.measure(%d)", s.Handle)
	if how != "" {
		call = fmt.Sprintf("__aether.moves.scroll(%d,%s)", s.Handle, how)
	}
	var r Scrolled
	err := p.Eval(ctx, s.frame, call, &r)
	if err != nil || r.Gone {
		if err == nil {
			err = errors.New("what was scrolled was taken away")
		}
		return r, p.acted(p.ended(ctx, "scroll", t, nil, err))
	}
	return r, nil
}

// ScrollAll scrolls down until nothing new comes for the time still, at most as many rounds as limit says. End is
// false if the limit ended it.
func (p *Page) ScrollAll(ctx context.Context, area selector.Target, still time.Duration, limit int) (Scrolled, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s, err := p.area(ctx, area)
	if err != nil {
		return Scrolled{}, err
	}
	begin, err := p.scroll(ctx, area, s, "")
	if err != nil {
		return begin, err
	}
	// The time may end at any step of a round: what is wrong then is that there is no end to it.
	endless := func(rounds int, err error) error {
		if ctx.Err() == nil || rounds == 0 || errors.Is(err, ErrGone) {
			return err
		}
		return &Failure{Kind: Waited, Action: "scroll", Target: area, Detail: fmt.Sprintf("new content still came after %d rounds", rounds), Acted: true}
	}
	last := begin
	for round := 1; ; round++ {
		r, err := p.scroll(ctx, area, s, `{"to":"bottom"}`)
		if err != nil {
			return last, endless(round-1, err)
		}
		r.Rounds, r.Moved = round, r.Y != begin.Y
		more, err := p.grows(ctx, area, s, still, max(last.Height, r.Height), max(last.Count, r.Count), &r)
		if err != nil {
			return r, endless(round, err)
		}
		if r.End = !more; r.End || round >= limit {
			return r, nil
		}
		last = r
	}
}

// grows waits for something new below, until nothing has come for the time.
func (p *Page) grows(ctx context.Context, t selector.Target, s sight, still time.Duration, height float64, count int, r *Scrolled) (bool, error) {
	until := time.Now().Add(still)
	for {
		now, err := p.scroll(ctx, t, s, "")
		if err != nil {
			return false, err
		}
		r.X, r.Y, r.Height, r.Count = now.X, now.Y, now.Height, now.Count
		if now.Height > height+1 || now.Count > count {
			return true, nil
		}
		if time.Now().After(until) {
			return false, nil
		}
		select {
		case <-time.After(40 * time.Millisecond):
		case <-ctx.Done():
			return false, p.ended(ctx, "scroll", t, nil, ctx.Err())
		}
	}
}
