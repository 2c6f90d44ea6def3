package browser

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// Check sets a check box, radio button or switch, and sees that it is so.
func (p *Page) Check(ctx context.Context, t selector.Target, want bool) (Done, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s, err := p.ready(ctx, lookFor{Target: t, Action: "check"})
	if err != nil {
		return Done{}, err
	}
	if s.Checked != nil && *s.Checked == want && !s.Mixed {
		return Done{Found: s.found(t), Already: true}, nil
	}
	d, r, err := p.press(ctx, "check", t, Click{})
	if err == nil && s.Mixed && r.Checked != nil && *r.Checked != want && d.Arrival == nil {
		d, r, err = p.press(ctx, "check", t, Click{}) // from the third state a person may have to press twice
	}
	if err != nil || r.Checked != nil && *r.Checked == want || d.Arrival != nil {
		return d, err
	}
	for {
		var v struct {
			Value *bool `json:"value"`
			Gone  bool  `json:"gone"`
		}
		err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.read(%d,'checked')", s.Handle), &v)
		if errors.Is(err, ErrNavigated) || err == nil && (v.Gone || v.Value != nil && *v.Value == want) {
			return d, nil
		}
		if err == nil {
			select {
			case <-time.After(20 * time.Millisecond):
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		state := map[bool]string{true: "it is still not checked", false: "it is still checked"}[want]
		return d, p.acted(p.ended(ctx, "check", t, &sight{Kind: Unchanged, Element: s.Element, Detail: state}, err))
	}
}

// Choice is what Select chose.
type Choice struct {
	Done
	Values []string
	Labels []string
}

// Select chooses options of a <select>: by what they say or their value, or by "label", "value" or "index" alone.
func (p *Page) Select(ctx context.Context, t selector.Target, by string, wants ...string) (Choice, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var c Choice
	var last *sight // what was in the way, for when the time ends while the page is asked
	for {
		s, err := p.ready(ctx, lookFor{Target: t, Action: "select"})
		if f := (*Failure)(nil); errors.As(err, &f) && f.Kind == Hung && last != nil {
			return c, p.noChoice(t, last)
		}
		if err != nil {
			return c, err
		}
		c.Found = s.found(t)
		var got struct {
			sight
			Values []string `json:"values"`
			Labels []string `json:"labels"`
		}
		err = p.Act(ctx, s.frame, fmt.Sprintf("__aether.choose(%d,%s,%s)", s.Handle, js(wants), js(by)), &got)
		if err == nil && got.Kind == "" {
			c.Values, c.Labels = got.Values, got.Labels
			return c, p.chose(ctx, t, s, &c)
		}
		if err != nil && !errors.Is(err, ErrNavigated) {
			return c, p.ended(ctx, "select", t, last, err)
		}
		if err == nil {
			last = &got.sight
		}
		if err == nil && got.Kind == WrongKind {
			return c, &Failure{Kind: got.Kind, Action: "select", Target: t, Element: got.Element, Detail: got.Detail}
		}
		select { // choices may be loaded later
		case <-time.After(50 * time.Millisecond):
			if remaining(ctx) > reserve {
				continue
			}
			return c, p.noChoice(t, last)
		case <-ctx.Done():
			return c, p.ended(ctx, "select", t, last, ctx.Err())
		}
	}
}

func (p *Page) noChoice(t selector.Target, last *sight) error {
	if last == nil {
		return &Failure{Kind: Hung, Action: "select", Target: t}
	}
	return &Failure{Kind: last.Kind, Action: "select", Target: t, Element: last.Element, Detail: last.Detail}
}

func (p *Page) chose(ctx context.Context, t selector.Target, s sight, c *Choice) error {
	var h held
	err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.verifyChoice(%d,%s)", s.Handle, js(c.Values)), &h)
	if err != nil && !errors.Is(err, ErrNavigated) {
		return p.acted(p.ended(ctx, "select", t, nil, err))
	}
	if err == nil && !h.Gone && !h.Other && !h.Same {
		return &Failure{Kind: Reverted, Action: "select", Target: t, Element: s.Element, Detail: h.detail(""), Acted: true}
	}
	c.Arrival, err = p.settle(ctx, "select", t)
	return err
}
