package browser

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// Batch waits for rows that keep still: at least one for no rows of before, else rows that differ from those, as
// another page of a list has them. When none come in time, the failure says so.
func (p *Page) Batch(ctx context.Context, t selector.Target, fields []Field, limit int, before *Lines) (Lines, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var now, last Lines
	err := poll(ctx, 30*time.Millisecond, func() (bool, error) {
		var err error
		last = now
		now, err = p.every(ctx, t, fields, limit)
		return now.Total > 0 && now.same(last) && (before == nil || !now.same(*before)), err
	})
	switch {
	case err == nil:
		return now, nil
	case ctx.Err() != nil && before != nil:
		return now, p.ended(ctx, "read", t, &sight{Kind: Unchanged, Detail: "the rows are still those of the page before"}, err)
	case ctx.Err() != nil:
		return now, p.ended(ctx, "read", t, &sight{Kind: NotFound}, err)
	}
	return now, err
}

func (l Lines) same(o Lines) bool {
	if l.Total != o.Total {
		return false
	}
	a, errA := json.Marshal(l.Rows)
	b, errB := json.Marshal(o.Rows)
	return errA == nil && errB == nil && string(a) == string(b)
}

// Usable reports whether an element is there, can be seen and is not disabled, as the button to the next page is on
// every page but the last. It does not wait.
func (p *Page) Usable(ctx context.Context, t selector.Target) (bool, error) {
	ctx, end := p.begin(ctx)
	defer end()
	n, err := p.count(ctx, t, true)
	if err != nil || n == 0 {
		return false, err
	}
	s, err := p.lookEverywhere(ctx, p.way(t), lookFor{Target: bare(t), Action: "read", Read: "usable"}, 0)
	if err != nil || s.Kind == NotFound || s.Kind == Hidden {
		return false, err
	}
	if s.Kind != "" {
		return false, &Failure{Kind: s.Kind, Action: "read", Target: t, Element: s.Element, Detail: s.Detail}
	}
	var ok bool
	return ok, json.Unmarshal(s.Value, &ok)
}

// ScrollOn brings the last row of a list into sight, and the end of what it scrolls in, so that the page loads more.
func (p *Page) ScrollOn(ctx context.Context, t selector.Target) error {
	ctx, end := p.begin(ctx)
	defer end()
	return p.eachFrame(ctx, t, func(frame string) error {
		return p.Eval(ctx, frame, "__aether.onward("+js(bare(t))+")", nil)
	})
}
