package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// Read waits until an element is there and reads of it: text, raw, value, html, inner, attribute, checked, selected,
// box, table, list, links, images, style, role, name or state; name says which attribute or style.
func (p *Page) Read(ctx context.Context, t selector.Target, what, name string) (json.RawMessage, Found, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s, err := p.ready(ctx, lookFor{Target: t, Action: "read", Read: what, Name: name})
	if err != nil {
		return nil, Found{}, err
	}
	return s.Value, s.found(t), nil
}

// Text reads the text of an element as a person sees it, or the value of a field.
func (p *Page) Text(ctx context.Context, t selector.Target) (string, error) {
	raw, _, err := p.Read(ctx, t, "text", "")
	if err != nil {
		return "", err
	}
	var s string
	return s, json.Unmarshal(raw, &s)
}

// Count counts the elements that match, without waiting for any; shown leaves out those that cannot be seen.
func (p *Page) Count(ctx context.Context, t selector.Target, shown bool) (int, error) {
	ctx, end := p.begin(ctx)
	defer end()
	return p.count(ctx, t, shown)
}

func (p *Page) count(ctx context.Context, t selector.Target, shown bool) (int, error) {
	sum := 0
	err := p.eachFrame(ctx, t, func(frame string) error {
		var r struct {
			sight
			N int `json:"n"`
		}
		err := p.Eval(ctx, frame, fmt.Sprintf("__aether.tally(%s,%t)", js(bare(t)), shown), &r)
		if err == nil && r.Kind != "" {
			return &Failure{Kind: r.Kind, Action: "read", Target: t, Detail: r.Detail}
		}
		sum += r.N
		return err
	})
	return sum, err
}

// eachFrame calls f for the frames where a target is searched: those of its way, or all.
func (p *Page) eachFrame(ctx context.Context, t selector.Target, f func(frame string) error) error {
	path := t.Frame
	if len(path) == 0 {
		path = p.scope
	}
	for {
		err := p.onFrames(ctx, path, f)
		if errors.Is(err, ErrNavigated) && ctx.Err() == nil {
			continue
		}
		if f := (*Failure)(nil); errors.As(err, &f) {
			return err
		}
		if err != nil {
			return p.ended(ctx, "read", t, nil, err)
		}
		return nil
	}
}

func (p *Page) onFrames(ctx context.Context, path []selector.Query, f func(frame string) error) error {
	frames := p.Frames()
	if len(path) > 0 {
		frame := p.main()
		for _, q := range path {
			s, err := p.look(ctx, frame, lookFor{Target: selector.Target{Queries: []selector.Query{q}}, Action: "read"})
			if err != nil || s.Kind != "" {
				return err
			}
			if frame, err = p.Inside(ctx, frame, s.Handle); err != nil || frame == "" {
				return err
			}
		}
		return f(frame)
	}
	for i, fr := range frames {
		if err := f(fr.ID); err != nil && (i == 0 || ctx.Err() != nil) {
			return err
		}
	}
	return nil
}

// Field is one value that Every reads of each element.
type Field struct {
	Queries []selector.Query `json:"queries,omitempty"` // within the element; none reads the element itself
	Read    string           `json:"read"`
	Name    string           `json:"name,omitempty"`
}

// Every reads fields of all elements that match and can be seen in one step, at most limit.
func (p *Page) Every(ctx context.Context, t selector.Target, fields []Field, limit int) (Lines, error) {
	ctx, end := p.begin(ctx)
	defer end()
	return p.every(ctx, t, fields, limit)
}

// Lines is what Every reads.
type Lines struct {
	Rows  [][]any `json:"rows"`
	Total int     `json:"total"` // how many elements there are
	Seen  []int   `json:"seen"`  // in how many of the rows each field was there
}

func (p *Page) every(ctx context.Context, t selector.Target, fields []Field, limit int) (Lines, error) {
	var all Lines
	err := p.eachFrame(ctx, t, func(frame string) error {
		if all.Total > 0 {
			return nil
		}
		var r struct {
			Lines
			sight
		}
		err := p.Eval(ctx, frame, fmt.Sprintf("__aether.every(%s,%s,%d)", js(bare(t)), js(fields), limit), &r)
		if err == nil && r.Kind != "" {
			return &Failure{Kind: r.Kind, Action: "read", Target: t, Detail: r.Detail}
		}
		all = r.Lines
		return err
	})
	return all, err
}

// Evaluate calls a function of the page's own world: with arg, or, when a target is given, with its element and arg.
func (p *Page) Evaluate(ctx context.Context, t selector.Target, function string, arg any) (json.RawMessage, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s := sight{frame: p.main()}
	if t.Given() {
		var err error
		if s, err = p.ready(ctx, lookFor{Target: t, Action: "read"}); err != nil {
			return nil, err
		}
	}
	raw, err := p.EvalPage(ctx, s.frame, function, s.Handle, arg)
	if err != nil {
		return nil, p.acted(p.ended(ctx, "evaluate", t, nil, err))
	}
	return raw, nil
}

// poll asks again until the condition holds or the time is over.
func poll(ctx context.Context, every time.Duration, holds func() (bool, error)) error {
	for {
		ok, err := holds()
		if ok || err != nil && !errors.Is(err, ErrNavigated) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}
