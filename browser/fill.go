package browser

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/selector"
)

// held is what a field holds after it was filled; see holds in act.js.
type held struct {
	Same   bool   `json:"same"`
	Shaped bool   `json:"shaped"`
	Gone   bool   `json:"gone"`
	Other  bool   `json:"other"` // another document is there
	Have   string `json:"have"`
	Secret bool   `json:"secret"`
	Length int    `json:"length"`
	Limit  int    `json:"limit"`
	Form   string `json:"form"` // an example of what a field of its type takes
	// Strayed is where the focus was when the text was to be entered; it was not.
	Strayed string   `json:"strayed"`
	State   *keptTab `json:"state"`
}

func (h held) detail(want string) string {
	switch {
	case h.Gone:
		return "the field was taken away while it was filled"
	case h.Limit > 0 && utf8.RuneCountInString(want) > h.Limit:
		return fmt.Sprintf("it takes %d characters, and %d were to be entered", h.Limit, utf8.RuneCountInString(want))
	case h.Secret:
		return fmt.Sprintf("it holds %d characters instead of %d", h.Length, utf8.RuneCountInString(want))
	case h.Have == "" && h.Form != "":
		return fmt.Sprintf("it is empty, and takes values like %s", h.Form)
	case h.Have == "":
		return "it is empty again"
	case h.Form != "":
		return fmt.Sprintf("it holds %q, and takes values like %s", h.Have, h.Form)
	}
	return fmt.Sprintf("it shows %q", h.Have)
}

// Fill replaces what a field holds, and reads it back: at once, and again after the page's scripts had a turn.
func (p *Page) Fill(ctx context.Context, t selector.Target, text string) (Done, error) {
	return p.fill(ctx, t, text, false)
}

// FillSecret is Fill for a value that no error, no record and no picture of the page may show.
func (p *Page) FillSecret(ctx context.Context, t selector.Target, text string) (Done, error) {
	d, err := p.fill(ctx, t, text, true)
	if f := (*Failure)(nil); errors.As(err, &f) && f.Kind == Reverted {
		f.Detail = "it holds something else than the secret"
	}
	if d.Shaped != "" {
		d.Shaped = "***"
	}
	return d, err
}

func (p *Page) fill(ctx context.Context, t selector.Target, text string, secret bool) (Done, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s, err := p.ready(ctx, lookFor{Target: t, Action: "fill"})
	if err != nil {
		return Done{}, err
	}
	if secret {
		if err := p.hide(ctx, s); err != nil {
			return Done{}, p.ended(ctx, "fill", t, nil, err)
		}
	}
	switch {
	case s.Set:
		var r sight
		if err = p.Act(ctx, s.frame, fmt.Sprintf("__aether.put(%d,%s)", s.Handle, js(text)), &r); err == nil && r.Kind != "" {
			return Done{}, &Failure{Kind: r.Kind, Action: "fill", Target: t, Element: s.Element, Detail: r.Detail, Acted: true}
		}
	case text == "" && s.Empty:
	case text == "":
		err = p.Keys(ctx, Key{Name: "Delete"})
	default:
		var h held
		sent, err := p.Along(ctx, Input{Text: text}, s.frame, p.along(s.frame, fmt.Sprintf("__aether.verify(%d,%s,true)", s.Handle, js(text))), fmt.Sprintf("__aether.came(%d)", s.Handle), &h)
		if sent != nil {
			return Done{}, p.acted(p.ended(ctx, "fill", t, nil, sent))
		}
		return p.held(ctx, "fill", t, s, text, h, err)
	}
	if err != nil {
		return Done{}, p.acted(p.ended(ctx, "fill", t, nil, err))
	}
	return p.kept(ctx, "fill", t, s, text)
}

// hide keeps what a field will hold out of pictures of the page.
func (p *Page) hide(ctx context.Context, s sight) error {
	p.pictures.Lock() // not between the hiding and the taking of one
	defer p.pictures.Unlock()
	return p.Eval(ctx, s.frame, fmt.Sprintf("__aether.secret(%d)", s.Handle), nil)
}

// kept reads back what a field was given.
func (p *Page) kept(ctx context.Context, action string, t selector.Target, s sight, text string) (Done, error) {
	var h held
	err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.verify(%d,%s)", s.Handle, js(text)), &h)
	return p.held(ctx, action, t, s, text, h, err)
}

// held makes of what a field holds now what the action has come to.
func (p *Page) held(ctx context.Context, action string, t selector.Target, s sight, text string, h held, err error) (Done, error) {
	d := Done{Found: s.found(t)}
	switch {
	case errors.Is(err, ErrNavigated) || h.Other:
		d.Arrival, err = p.settle(ctx, action, t)
		return d, err
	case err != nil:
		return d, p.acted(p.ended(ctx, action, t, nil, err))
	case h.Strayed != "":
		return d, &Failure{Kind: Unchanged, Action: action, Target: t, Element: s.Element, Detail: "the page gave the focus to " + h.Strayed}
	case !h.Same:
		return d, &Failure{Kind: Reverted, Action: action, Target: t, Element: s.Element, Detail: h.detail(text), Acted: true}
	case h.Shaped:
		d.Shaped = h.Have
	}
	p.told(h.State)
	return d, nil
}

// Type presses a key for each character, behind what the field holds. pause is waited between keys; secret is as for
// FillSecret.
func (p *Page) Type(ctx context.Context, t selector.Target, text string, pause time.Duration, secret bool) (Done, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s, err := p.ready(ctx, lookFor{Target: t, Action: "type"})
	if err != nil {
		return Done{}, err
	}
	if secret {
		if err := p.hide(ctx, s); err != nil {
			return Done{}, p.ended(ctx, "type", t, nil, err)
		}
	}
	for _, r := range text {
		if err := p.Keys(ctx, Key{Name: string(r)}); err != nil {
			return Done{}, p.acted(p.ended(ctx, "type", t, nil, err))
		}
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return Done{}, p.acted(p.ended(ctx, "type", t, nil, ctx.Err()))
			}
		}
	}
	var v struct {
		Value string `json:"value"`
		Gone  bool   `json:"gone"`
	}
	err = p.Eval(ctx, s.frame, fmt.Sprintf("__aether.key(%d)", s.Handle), &v)
	d := Done{Found: s.found(t)}
	if err != nil && !errors.Is(err, ErrNavigated) {
		return d, p.acted(p.ended(ctx, "type", t, nil, err))
	}
	if err == nil && !v.Gone && text != "" && v.Value == "" {
		return d, &Failure{Kind: Reverted, Action: "type", Target: t, Element: s.Element, Detail: "it is empty after the keys were pressed", Acted: true}
	}
	d.Arrival, err = p.settle(ctx, "type", t)
	return d, err
}
