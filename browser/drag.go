package browser

import (
	"context"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/selector"
)

// landed is what became of something that was dragged.
type landed struct {
	Native   bool `json:"native"` // by the browser's own drag and drop
	Dropped  bool `json:"dropped"`
	Released bool `json:"released"`
	Hit      bool `json:"hit"`
	Files    int  `json:"files"`
}

// notDropping is a tab of a browser that may not carry what a page drags by the browser's own means.
type notDropping interface{ CannotDrop() error }

// Drag drags one element onto another with the mouse, in small steps as a hand does. It has happened when the page
// received what was let go over the other element.
func (p *Page) Drag(ctx context.Context, from, to selector.Target) (Done, error) {
	return p.drag(ctx, from, to, nil)
}

// DragBy drags an element by an offset in CSS pixels.
func (p *Page) DragBy(ctx context.Context, from selector.Target, by Point) (Done, error) {
	return p.drag(ctx, from, selector.Target{}, &by)
}

// over waits until something can be let go over an element, and returns where.
func (p *Page) over(ctx context.Context, action string, t selector.Target) (s sight, x, y float64, err error) {
	if s, err = p.ready(ctx, lookFor{Target: t, Action: "drop"}); err != nil {
		return s, 0, 0, err
	}
	// Looking for it has begun to watch for a press, which does not come.
	if err := p.Eval(ctx, s.frame, "__aether.unwatch()", nil); err != nil {
		return s, 0, 0, p.ended(ctx, action, t, nil, err)
	}
	x, y, cover, err := p.place(ctx, s)
	if err == nil && cover != "" {
		return s, 0, 0, &Failure{Kind: Covered, Action: action, Target: t, Element: s.Element, Detail: cover}
	}
	if err != nil {
		return s, 0, 0, p.ended(ctx, action, t, nil, err)
	}
	return s, x, y, nil
}

func (p *Page) drag(ctx context.Context, from, to selector.Target, by *Point) (Done, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var b sight
	if by == nil {
		var err error
		if b, _, _, err = p.over(ctx, "drag", to); err != nil {
			return Done{}, err
		}
	}
	a, ax, ay, err := p.hold(ctx, from)
	d := Done{Found: a.found(from)}
	if err != nil {
		return d, err
	}
	lost := func(err error) (Done, error) {
		_ = p.Mouse(context.WithoutCancel(ctx), Mouse{Type: "up", X: ax, Y: ay, Button: "left", Clicks: 1})
		return d, p.acted(err)
	}
	var goal Point
	if by != nil {
		b, goal = sight{frame: a.frame}, Point{ax + by.X, ay + by.Y}
	} else if goal, err = p.middle(ctx, to, b); err != nil {
		return lost(err)
	}
	frames := []sight{b}
	if b.frame != a.frame {
		frames = append(frames, sight{frame: a.frame})
	}
	for _, s := range frames {
		if err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.moves.landing(%d)", s.Handle), nil); err != nil {
			return lost(p.ended(ctx, "drag", from, nil, err))
		}
	}
	const steps = 8
	for i := 1; i <= steps; i++ {
		f := float64(i) / steps
		if err := p.Mouse(ctx, Mouse{Type: "drag", X: ax + (goal.X-ax)*f, Y: ay + (goal.Y-ay)*f, Button: "left"}); err != nil {
			return lost(p.ended(ctx, "drag", from, nil, err))
		}
	}
	p.x, p.y, p.moved = goal.X, goal.Y, true
	if err := p.Mouse(ctx, Mouse{Type: "drag", X: goal.X, Y: goal.Y, Button: "left"}, Mouse{Type: "up", X: goal.X, Y: goal.Y, Button: "left", Clicks: 1}); err != nil {
		return lost(p.ended(ctx, "drag", from, nil, err))
	}
	var all landed
	for i, s := range frames {
		var l landed
		if err := p.Eval(ctx, s.frame, "__aether.moves.landed()", &l); err != nil && !errors.Is(err, ErrNavigated) {
			return d, p.acted(p.ended(ctx, "drag", from, nil, err))
		} else if err != nil {
			l = landed{Dropped: true, Released: true, Hit: true}
		}
		all.Native, all.Released, all.Dropped = all.Native || l.Native, all.Released || l.Released, all.Dropped || l.Dropped
		// What a page moves by itself is let go in the frame where it was taken.
		all.Hit = all.Hit || l.Hit && (i == 0 || !all.Native)
	}
	if n, ok := p.Tab.(notDropping); ok && all.Native && !all.Dropped {
		if err := n.CannotDrop(); err != nil {
			return d, p.acted(p.ended(ctx, "drag", from, nil, err))
		}
	}
	if all.Native && !all.Dropped || !all.Native && !all.Released || !all.Hit {
		detail := "it was let go, but not where it was to go"
		if all.Native && !all.Dropped {
			detail = "nothing takes it there"
		}
		return d, &Failure{Kind: Unchanged, Action: "drag", Target: from, Element: a.Element, Detail: detail, Acted: true}
	}
	d.Arrival, err = p.settle(ctx, "drag", from)
	return d, err
}

// hold takes hold of an element with the mouse.
func (p *Page) hold(ctx context.Context, from selector.Target) (s sight, x, y float64, err error) {
	if s, err = p.ready(ctx, lookFor{Target: from, Action: "drag"}); err != nil {
		return s, 0, 0, err
	}
	x, y, over, err := p.place(ctx, s)
	if err == nil && over == "" {
		err = p.Mouse(ctx, Mouse{Type: "move", X: x, Y: y}, Mouse{Type: "down", X: x, Y: y, Button: "left", Clicks: 1})
	}
	var r pressed
	if err == nil && over == "" {
		err = p.Eval(ctx, s.frame, fmt.Sprintf("__aether.done(%d)", s.Handle), &r)
	}
	if err != nil {
		return s, x, y, p.acted(p.ended(ctx, "drag", from, nil, err))
	}
	if over == "" && !r.Down {
		if over = r.Stolen; over == "" {
			over = "something that could not be seen"
		}
		_ = p.Mouse(ctx, Mouse{Type: "up", X: x, Y: y, Button: "left", Clicks: 1})
	}
	if over != "" {
		return s, x, y, &Failure{Kind: Covered, Action: "drag", Target: from, Element: s.Element, Detail: over}
	}
	return s, x, y, nil
}

// middle is where the middle of the part of an element lies that is in sight now: taking hold of something may have
// moved it.
func (p *Page) middle(ctx context.Context, t selector.Target, s sight) (Point, error) {
	var at struct {
		Seen   bool  `json:"seen"`
		Middle Point `json:"middle"`
	}
	if err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.moves.insight(%d)", s.Handle), &at); err != nil {
		return Point{}, p.ended(ctx, "drag", t, nil, err)
	}
	if !at.Seen {
		return Point{}, &Failure{Kind: Outside, Action: "drag", Target: t, Element: s.Element, Detail: "it is not in sight together with what is dragged"}
	}
	s.X, s.Y = at.Middle.X, at.Middle.Y
	x, y, _, err := p.place(ctx, s)
	if err != nil {
		return Point{}, p.ended(ctx, "drag", t, nil, err)
	}
	return Point{x, y}, nil
}
