package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// Goto opens an address and returns when the document has come as far as wanted.
func (p *Page) Goto(ctx context.Context, url string, l Load) (Arrival, error) {
	return p.going(ctx, "open", url, l, func(ctx context.Context) (Going, error) { return p.Navigate(ctx, url) })
}

// Refresh loads the page again.
func (p *Page) Refresh(ctx context.Context, l Load) (Arrival, error) {
	return p.going(ctx, "reload", "", l, p.Reload)
}

// Step goes back (-1) or forward (1) in the page's history.
func (p *Page) Step(ctx context.Context, by int, l Load) (Arrival, error) {
	name := map[bool]string{true: "forward", false: "back"}[by > 0]
	return p.going(ctx, name, "", l, func(ctx context.Context) (Going, error) {
		g, ok, err := p.History(ctx, by)
		if err == nil && !ok {
			err = &Failure{Kind: Navigation, Action: name, Detail: "there is no page to go to"}
		}
		return g, err
	})
}

func (p *Page) going(ctx context.Context, action, url string, l Load, start func(context.Context) (Going, error)) (Arrival, error) {
	ctx, end := p.begin(ctx)
	defer end()
	p.moved = false
	g, err := start(ctx)
	var a Arrival
	if err == nil {
		a, err = p.Settled(ctx, g, l)
	}
	if err == nil {
		return a, nil
	}
	if f := (*Failure)(nil); errors.As(err, &f) {
		return a, err
	}
	if errors.Is(err, ErrGone) || ctx.Err() != nil {
		err = p.ended(ctx, action, selector.Target{}, nil, err)
		if f := (*Failure)(nil); errors.As(err, &f) && f.Kind == Hung {
			f.Kind, f.Detail = Navigation, strings.TrimSpace(url+" did not load in time")
		}
		return a, err
	}
	return a, &Failure{Kind: Navigation, Action: action, Detail: strings.TrimPrefix(url+": "+err.Error(), ": "), cause: err}
}

// Element states that WaitFor waits for.
const (
	Shown    = "shown"
	HiddenOr = "hidden" // not to be seen, or not there
	Attached = "attached"
	Detached = "detached"
	Enabled  = "enabled"
	Ticked   = "checked"
	Unticked = "unchecked"
)

// WaitFor waits until an element is in a state.
func (p *Page) WaitFor(ctx context.Context, t selector.Target, state string) error {
	ctx, end := p.begin(ctx)
	defer end()
	closedSeen := false
	err := poll(ctx, 25*time.Millisecond, func() (bool, error) {
		if !closedSeen {
			closedSeen = true
			for _, f := range p.Frames() {
				_, _ = p.Closed(ctx, f.ID)
			}
		}
		switch state {
		case HiddenOr, Detached:
			n, err := p.count(ctx, t, state == HiddenOr)
			return n == 0, err
		case Attached, Shown, "":
			n, err := p.count(ctx, t, state != Attached)
			return n > 0, err
		}
		s, err := p.lookEverywhere(ctx, p.way(t), lookFor{Target: bare(t), Action: "read", Read: "state"}, 0)
		if err != nil || s.Kind != "" {
			return false, err
		}
		var is struct {
			Enabled bool  `json:"enabled"`
			Checked *bool `json:"checked"`
		}
		if err := json.Unmarshal(s.Value, &is); err != nil {
			return false, err
		}
		switch state {
		case Enabled:
			return is.Enabled, nil
		case Ticked, Unticked:
			return is.Checked != nil && *is.Checked == (state == Ticked), nil
		}
		return false, fmt.Errorf("nothing is waited for as %q", state)
	})
	return p.waited(ctx, t, "it is not "+state, err)
}

func (p *Page) way(t selector.Target) []selector.Query {
	if len(t.Frame) > 0 {
		return t.Frame
	}
	return p.scope
}

func bare(t selector.Target) selector.Target { t.Frame = nil; return t }

func (p *Page) waited(ctx context.Context, t selector.Target, detail string, err error) error {
	if err == nil {
		return nil
	}
	if f := (*Failure)(nil); errors.As(err, &f) && f.Kind != Hung {
		return err
	}
	return p.ended(ctx, "wait", t, &sight{Kind: Waited, Detail: detail}, err)
}

// WaitText waits until the text of an element, or of the page for no target, passes the test.
func (p *Page) WaitText(ctx context.Context, t selector.Target, want string, passes func(string) bool) (string, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var text string
	err := poll(ctx, 25*time.Millisecond, func() (bool, error) {
		if !t.Given() {
			if err := p.Eval(ctx, p.main(), "__aether.text()", &text); err != nil {
				return false, err
			}
			return passes(text), nil
		}
		s, err := p.lookEverywhere(ctx, p.way(t), lookFor{Target: bare(t), Action: "read", Read: "text"}, 0)
		if err != nil || s.Kind != "" {
			return false, err
		}
		if err := json.Unmarshal(s.Value, &text); err != nil {
			return false, nil // no text yet
		}
		return passes(text), nil
	})
	begin := []rune(text)
	if len(begin) > 80 {
		begin = append(begin[:80], '…')
	}
	return text, p.waited(ctx, t, fmt.Sprintf("the text is not %q but %q", want, string(begin)), err)
}

// WaitURL waits until the page's address passes the test.
func (p *Page) WaitURL(ctx context.Context, want string, passes func(string) bool) (string, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var url string
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		if gone(p.Gone()) {
			return false, ErrGone
		}
		url = p.Frames()[0].URL
		return passes(url), nil
	})
	if err == nil {
		if g, ok := p.Underway(time.Time{}); ok {
			_, err = p.Settled(ctx, g, Parsed)
		}
	}
	return url, p.waited(ctx, selector.Target{}, fmt.Sprintf("the address is %s and not %s", url, want), err)
}

// WaitFunction waits until a function of the page's own world gives something that is true.
func (p *Page) WaitFunction(ctx context.Context, function string, arg any) (json.RawMessage, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var got json.RawMessage
	err := poll(ctx, 25*time.Millisecond, func() (bool, error) {
		var err error
		got, err = p.EvalPage(ctx, p.main(), function, 0, arg)
		switch string(got) {
		case "", "null", "false", "0", `""`:
			return false, err
		}
		return true, err
	})
	return got, p.waited(ctx, selector.Target{}, "the function gives "+string(got), err)
}

// WaitQuiet waits until no request has been under way for the time.
func (p *Page) WaitQuiet(ctx context.Context, d time.Duration) error {
	ctx, end := p.begin(ctx)
	defer end()
	return p.waited(ctx, selector.Target{}, "requests were still under way", p.Quiet(ctx, d))
}

// Picture takes a picture: of an element, of the whole page, or of what is in sight.
func (p *Page) Picture(ctx context.Context, t selector.Target, s Shot) ([]byte, error) {
	ctx, end := p.begin(ctx)
	defer end()
	if t.Given() {
		e, err := p.ready(ctx, lookFor{Target: t, Action: "scroll"})
		if err != nil {
			return nil, err
		}
		var box struct {
			Value struct{ X, Y, Width, Height float64 } `json:"value"`
		}
		if err := p.Eval(ctx, e.frame, fmt.Sprintf("__aether.read(%d,'box')", e.Handle), &box); err != nil {
			return nil, p.ended(ctx, "screenshot", t, nil, err)
		}
		if box.Value.Width < 1 || box.Value.Height < 1 {
			return nil, &Failure{Kind: Hidden, Action: "screenshot", Target: t, Element: e.Element}
		}
		left, top, err := p.Locate(ctx, e.frame, box.Value.X, box.Value.Y)
		var right, bottom float64
		if err == nil {
			right, bottom, err = p.Locate(ctx, e.frame, box.Value.X+box.Value.Width, box.Value.Y+box.Value.Height)
		}
		if err != nil {
			return nil, p.ended(ctx, "screenshot", t, nil, err)
		}
		s.X, s.Y, s.Width, s.Height = min(left, right), min(top, bottom), math.Abs(right-left), math.Abs(bottom-top)
	}
	b, err := p.veiled(ctx, func() ([]byte, error) { return p.Screenshot(ctx, s) })
	if err != nil {
		return nil, p.ended(ctx, "screenshot", t, nil, err)
	}
	return b, nil
}

// veiled takes a picture on which what was filled with secrets is not to be read.
func (p *Page) veiled(ctx context.Context, take func() ([]byte, error)) ([]byte, error) {
	p.pictures.Lock()
	defer p.pictures.Unlock()
	p.veil(ctx, true)
	defer p.veil(context.WithoutCancel(ctx), false)
	return take()
}

// veil hides what was filled with secrets, or shows it again, in all frames: a session that was built again has
// secrets, too.
func (p *Page) veil(ctx context.Context, on bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, f := range p.Frames() {
		_ = p.Eval(ctx, f.ID, fmt.Sprintf("__aether.veil(%t)", on), nil) // a frame that is gone shows nothing
	}
}

// HTML returns the page's document as it is now.
func (p *Page) HTML(ctx context.Context) (string, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var s string
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		err := p.Eval(ctx, p.main(), "__aether.html()", &s)
		return err == nil, err
	})
	if err != nil {
		return "", p.ended(ctx, "read", selector.Target{}, nil, err)
	}
	return s, nil
}
