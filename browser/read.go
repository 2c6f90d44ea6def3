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
			N int `json:"n"`
		}
		err := p.Eval(ctx, frame, fmt.Sprintf("__aether.tally(%s,%t)", js(t), shown), &r)
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

// Every reads fields of all elements that match in one step, at most limit; total is how many there are.
func (p *Page) Every(ctx context.Context, t selector.Target, fields []Field, limit int) (rows [][]any, total int, err error) {
	ctx, end := p.begin(ctx)
	defer end()
	err = p.eachFrame(ctx, t, func(frame string) error {
		if total > 0 {
			return nil
		}
		var r struct {
			Total int     `json:"total"`
			Rows  [][]any `json:"rows"`
		}
		err := p.Eval(ctx, frame, fmt.Sprintf("__aether.every(%s,%s,%d)", js(t), js(fields), limit), &r)
		rows, total = r.Rows, r.Total
		return err
	})
	return rows, total, err
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

// Field values that Form fills.
const (
	FormAuto   = "auto"
	FormSelect = "select"
)

// FormField is a field of a form with the value it is to hold.
type FormField struct {
	Target selector.Target `json:"target"`
	Value  string          `json:"value"`
	Kind   string          `json:"kind"` // FormAuto or FormSelect
}

// Form fills many fields as one step: each is found, filled and read back. What cannot be done so, as check boxes and
// rich text, is done as single actions behind it. All fields must be there: the first that is not is the failure.
func (p *Page) Form(ctx context.Context, fields []FormField) ([]Done, error) {
	done := make([]Done, len(fields))
	rest, err := p.formAtOnce(ctx, fields, done)
	if err != nil {
		return done, err
	}
	for _, i := range rest {
		f := fields[i]
		raw, _, err := p.Read(ctx, f.Target, "state", "")
		if err != nil {
			return done, err
		}
		var s struct {
			Checked *bool `json:"checked"`
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return done, err
		}
		if s.Checked != nil {
			done[i], err = p.Check(ctx, f.Target, f.Value == "true" || f.Value == "on" || f.Value == "yes")
		} else {
			done[i], err = p.Fill(ctx, f.Target, f.Value)
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

type formed struct {
	sight
	Check  *held `json:"check"`
	Chosen any   `json:"chosen"`
}

// formAtOnce fills what a script can fill, and returns the places of the others.
func (p *Page) formAtOnce(ctx context.Context, fields []FormField, done []Done) (rest []int, err error) {
	ctx, end := p.begin(ctx)
	defer end()
	if len(fields) == 0 {
		return nil, nil
	}
	var frame string
	for i, f := range fields { // a frame of their own, or a field that is not there yet
		s, err := p.ready(ctx, lookFor{Target: f.Target, Action: "read"})
		if err != nil {
			return nil, err
		}
		if i > 0 && s.frame != frame {
			return nil, &Failure{Kind: WrongKind, Action: "fill", Target: f.Target, Element: s.Element, Detail: "the fields of one form stand in several frames; fill them one by one"}
		}
		frame = s.frame
		if len(f.Target.Frame) == 0 && len(fields) > 8 {
			break
		}
	}
	bare := make([]FormField, len(fields))
	for i, f := range fields {
		f.Target.Frame = nil
		if f.Kind == "" {
			f.Kind = FormAuto
		}
		bare[i] = f
	}
	var all []formed
	if err := p.Eval(ctx, frame, "__aether.form("+js(bare)+")", &all); err != nil {
		return nil, p.acted(p.ended(ctx, "fill", fields[0].Target, nil, err))
	}
	for i, r := range all {
		done[i].Found = r.found(fields[i].Target)
		switch {
		case r.Check != nil && !r.Check.Same:
			rest = append(rest, i) // keys may do what a script could not
		case r.Check != nil && r.Check.Shaped:
			done[i].Shaped = r.Check.Have
		case r.Kind == "":
		case r.Kind == "use_check" || r.Kind == "use_keys" || r.Kind == NotFound || r.Kind == Covered || r.Kind == Disabled || r.Kind == Moving || r.Kind == Hidden:
			rest = append(rest, i)
		default:
			return nil, &Failure{Kind: r.Kind, Action: "fill", Target: fields[i].Target, Element: r.Element, Detail: r.Detail, Acted: i > 0}
		}
	}
	return rest, nil
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
