package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// Click says how to press an element.
type Click struct {
	Button string // left, right or middle; "" is left
	Count  int    // 2 makes a double click; 0 is 1
	Mods   int    // keys held, see Key
	At     *Point // where in the element; nil is its middle
}

// Done says what an action did.
type Done struct {
	Found
	// Arrival is where the page went because of the action, nil if it stayed.
	Arrival *Arrival
	// Shaped is what a field shows when the page laid out the value in its own way.
	Shaped string
	// Already says that there was nothing to do.
	Already bool
}

type pressed struct {
	Arrived   bool     `json:"arrived"`
	Down      bool     `json:"down"` // the button went down on it
	Stolen    string   `json:"stolen"`
	Connected bool     `json:"connected"`
	Checked   *bool    `json:"checked"`
	Hovered   bool     `json:"hovered"`
	Other     bool     `json:"other"`    // another document is there
	Slipped   bool     `json:"slipped"`  // it moved away while it was pressed, and got no click
	Replaced  bool     `json:"replaced"` // it was taken away while it was pressed, before a click
	Late      bool     `json:"late"`     // the page may see presses before the library does
	Invalid   string   `json:"invalid"`  // the field for which the browser does not send the form
	State     *keptTab `json:"state"`
}

// Click presses an element with the mouse. It has happened when the element received the press; a press that would
// have gone elsewhere is stopped before the page sees it and tried again. A navigation that the press began is
// awaited.
func (p *Page) Click(ctx context.Context, t selector.Target, o Click) (Done, error) {
	ctx, end := p.begin(ctx)
	defer end()
	d, _, err := p.press(ctx, "click", t, o)
	return d, err
}

func (p *Page) press(ctx context.Context, action string, t selector.Target, o Click) (Done, pressed, error) {
	var last *sight
	for presses := 1; ; {
		s, err := p.ready(ctx, lookFor{Target: t, Action: action, At: o.At})
		if err != nil {
			return Done{}, pressed{}, p.orLast(ctx, action, t, last, err)
		}
		stale, err := leave(ctx)
		if err != nil {
			return Done{}, pressed{}, err
		}
		if stale {
			continue
		}
		d, r, again, err := p.pressAt(ctx, action, t, o, s)
		if err != nil {
			err = p.orLast(ctx, action, t, last, err)
		}
		if again && r.Down { // the page saw a part of it, which is not done again and again
			if presses++; presses > 3 {
				return d, r, &Failure{Kind: Moving, Action: action, Target: t, Element: s.Element, Detail: "it moved away each time it was pressed, and got no click", Acted: true}
			}
		}
		if !again {
			return d, r, err
		}
		last = &sight{Kind: Covered, Element: s.Element, Detail: r.Stolen}
		if r.Slipped {
			last = &sight{Kind: Moving, Element: s.Element, Detail: "it moved away while it was pressed"}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return Done{}, pressed{}, p.ended(ctx, action, t, last, ctx.Err())
		}
	}
}

type leaveKey struct{}

// WithLeave makes the presses of a context ask, once the element has been looked at and before anything is done to the
// page, whether they may go on; its error ends them. It may be asked more than once.
func WithLeave(ctx context.Context, f func() error) context.Context {
	if f == nil {
		return ctx
	}
	return context.WithValue(ctx, leaveKey{}, f)
}

// leave asks for that. Where the answer took a while, what was seen before may no longer be so.
func leave(ctx context.Context) (stale bool, err error) {
	f, ok := ctx.Value(leaveKey{}).(func() error)
	if !ok {
		return false, nil
	}
	asked := time.Now()
	err = f()
	return time.Since(asked) > lookTime, err
}

// lookTime is how long after a look the page is taken to be as it was seen.
const lookTime = 50 * time.Millisecond

// orLast says what was in the way before, where the time ended in the middle of another look.
func (p *Page) orLast(ctx context.Context, action string, t selector.Target, last *sight, err error) error {
	if f := (*Failure)(nil); last != nil && errors.As(err, &f) && f.Kind == Hung && !f.Acted {
		return p.ended(ctx, action, t, last, ctx.Err())
	}
	return err
}

// pressAt presses once; again says that the press did not arrive and did nothing.
func (p *Page) pressAt(ctx context.Context, action string, t selector.Target, o Click, s sight) (d Done, r pressed, again bool, err error) {
	d = Done{Found: s.found(t)}
	x, y, over, err := p.place(ctx, s)
	if errors.Is(err, ErrNavigated) || over != "" {
		return d, pressed{Stolen: over}, true, nil
	}
	if err != nil {
		return d, r, false, p.ended(ctx, action, t, nil, err)
	}
	if err := p.stir(ctx, s); err != nil {
		return d, r, false, p.ended(ctx, action, t, nil, err)
	}
	framed := s.frame != p.main()
	if framed {
		if err := p.Eval(ctx, p.main(), "__aether.shield()", nil); err != nil && !errors.Is(err, ErrNavigated) {
			return d, r, false, p.ended(ctx, action, t, nil, err)
		}
	}
	whole := !framed && o.Count <= 1 && (o.Button == "" || o.Button == "left") // the click comes last and says that all has come
	if whole {
		var sent error
		sent, err = p.Along(ctx, Input{Mouse: p.clicks(x, y, o)}, s.frame, p.along(s.frame, fmt.Sprintf("__aether.done(%d,true)", s.Handle)), fmt.Sprintf("__aether.came(%d)", s.Handle), &r)
		if sent != nil && p.left() {
			return d, pressed{Arrived: true}, false, nil
		}
		if sent != nil {
			return d, r, false, p.acted(p.ended(ctx, action, t, nil, sent))
		}
	} else if err := p.Mouse(ctx, p.clicks(x, y, o)...); err != nil {
		if p.left() {
			return d, pressed{Arrived: true}, false, nil
		}
		// The page may have seen the press, and hang because of it.
		return d, r, false, p.acted(p.ended(ctx, action, t, nil, err))
	}
	if framed {
		if err := p.Eval(ctx, p.main(), "__aether.shielded()", &r.Stolen); err == nil && r.Stolen != "" {
			return d, r, true, nil
		}
	}
	if !whole {
		err = p.Eval(ctx, s.frame, fmt.Sprintf("__aether.done(%d)", s.Handle), &r)
	}
	switch {
	case errors.Is(err, ErrNavigated) || r.Other:
		r.Arrived = true
	case p.left():
		return d, pressed{Arrived: true}, false, nil
	case err != nil:
		return d, r, false, p.acted(p.ended(ctx, action, t, nil, err))
	}
	if r.Replaced {
		if r.Arrived = !p.still(ctx, t, s); !r.Arrived && positional(t, s) {
			return d, r, false, &Failure{Kind: Unchanged, Action: action, Target: t, Element: s.Element, Detail: "it was taken away while it was pressed, and got no click", Acted: true}
		}
		r.Slipped = !r.Arrived
	}
	if !r.Arrived {
		again, why := p.again(ctx, s, r, x, y)
		if p.left() {
			return d, pressed{Arrived: true}, false, nil
		}
		if !again {
			return d, r, false, &Failure{Kind: Unchanged, Action: action, Target: t, Element: s.Element, Detail: why, Acted: true}
		}
		return d, r, true, nil
	}
	if r.Invalid != "" {
		return d, r, false, &Failure{Kind: Unchanged, Action: action, Target: t, Element: s.Element, Detail: "the form was not sent, because of " + r.Invalid}
	}
	if d.Arrival, err = p.settle(ctx, action, t); d.Arrival == nil {
		p.told(r.State)
	}
	return d, r, false, err
}

// stir moves the mouse a little where it rests, when a list has opened there: a page may wait for that, as it does not
// want to choose what only came to lie under the mouse.
func (p *Page) stir(ctx context.Context, s sight) error {
	if !s.Slid {
		return nil
	}
	p.x++
	return p.Mouse(ctx, Mouse{Type: "move", X: p.x, Y: p.y})
}

// left reports whether the page has closed, as a press may close its own page.
func (p *Page) left() bool { return gone(p.Gone()) && !p.Crashed() }

// still reports whether an element of the same look is there again after one was taken away.
func (p *Page) still(ctx context.Context, t selector.Target, s sight) bool {
	now, err := p.look(ctx, s.frame, lookFor{Target: bare(s.by(t)), Action: "scroll"})
	return err == nil && now.Kind == "" && now.Element == s.Element
}

// positional reports whether an element was found by its place, where another may have come to stand.
func positional(t selector.Target, s sight) bool {
	q := s.by(t).Queries[s.Query]
	return q.Nth != 0 || q.By == selector.ByCSS || q.By == selector.ByXPath
}

// again says whether a press that did not arrive has certainly done nothing and may be repeated, or why not.
func (p *Page) again(ctx context.Context, s sight, r pressed, x, y float64) (bool, string) {
	switch {
	case r.Stolen != "" || r.Slipped:
		return true, ""
	case r.Down:
		return false, "it was pressed, and the page saw no click on it"
	case s.frame != p.main() || r.Late:
		return false, "the press did not arrive at it"
	}
	// A press that nobody saw was dropped by the browser, unless a frame has come over the element.
	var hit struct {
		Frame bool `json:"frame"`
	}
	if err := p.Eval(ctx, p.main(), fmt.Sprintf("__aether.hit(%g,%g)", x, y), &hit); err != nil || hit.Frame {
		return false, "the press did not arrive at it, but perhaps at a frame above it"
	}
	return true, ""
}

func (p *Page) clicks(x, y float64, o Click) []Mouse {
	var events []Mouse
	if !p.moved || p.x != x || p.y != y {
		events = append(events, Mouse{Type: "move", X: x, Y: y, Mods: o.Mods})
	}
	p.x, p.y, p.moved = x, y, true
	button := o.Button
	if button == "" {
		button = "left"
	}
	for n := 1; n <= max(o.Count, 1); n++ {
		events = append(events, Mouse{Type: "down", X: x, Y: y, Button: button, Clicks: n, Mods: o.Mods}, Mouse{Type: "up", X: x, Y: y, Button: button, Clicks: n, Mods: o.Mods})
	}
	return events
}

func (p *Page) acted(err error) error {
	var f *Failure
	if errors.As(err, &f) {
		f.Acted = true
	}
	return err
}

// settle waits for a navigation that an action began, until its document can be read.
func (p *Page) settle(ctx context.Context, action string, t selector.Target) (*Arrival, error) {
	g, ok := p.Underway(p.since)
	if !ok {
		return nil, p.forbidden(action, t)
	}
	a, err := p.Settled(ctx, g, Parsed)
	if errors.Is(err, ErrStayed) || errors.Is(err, ErrNoPage) && elsewhere(g.URL) {
		return nil, p.forbidden(action, t)
	}
	if err != nil {
		if errors.Is(err, ErrGone) || ctx.Err() != nil {
			return nil, p.acted(p.ended(ctx, action, t, nil, err))
		}
		return nil, &Failure{Kind: Navigation, Action: action, Target: t, Detail: g.URL + ": " + err.Error(), Acted: true, cause: err}
	}
	p.moved = false
	return &a, nil
}

// elsewhere reports whether an address is for another program, as mailto: is.
func elsewhere(url string) bool {
	scheme, _, ok := strings.Cut(url, ":")
	return ok && !slices.Contains([]string{"http", "https", "file", "data", "blob", "about", "ftp", "view-source", "chrome"}, strings.ToLower(scheme))
}

// forbidden is the failure of an action that was to leave the page, which asked whether it may be left and was told no.
func (p *Page) forbidden(action string, t selector.Target) error {
	for _, d := range slices.Backward(p.Dialogs()) {
		if d.At.Before(p.since) {
			break
		}
		if d.Kind == "beforeunload" && d.Answer == "dismissed" {
			return &Failure{Kind: Navigation, Action: action, Target: t, Detail: "the page asked whether it may be left, and the answer was no", Acted: true}
		}
	}
	return nil
}

// Hover moves the mouse over an element.
func (p *Page) Hover(ctx context.Context, t selector.Target, at *Point) (Done, error) {
	ctx, end := p.begin(ctx)
	defer end()
	for {
		s, err := p.ready(ctx, lookFor{Target: t, Action: "hover", At: at})
		if err != nil {
			return Done{}, err
		}
		x, y, _, err := p.place(ctx, s)
		if err == nil {
			err = p.stir(ctx, s)
		}
		if err == nil {
			p.x, p.y, p.moved = x, y, true
			err = p.Mouse(ctx, Mouse{Type: "move", X: x, Y: y})
		}
		var r pressed
		if err == nil {
			err = p.Eval(ctx, s.frame, fmt.Sprintf("__aether.done(%d)", s.Handle), &r)
		}
		if err == nil && r.Hovered {
			return Done{Found: s.found(t)}, nil
		}
		if err != nil && !errors.Is(err, ErrNavigated) {
			return Done{}, p.ended(ctx, "hover", t, nil, err)
		}
		if ctx.Err() != nil {
			return Done{}, p.ended(ctx, "hover", t, &sight{Kind: Unchanged, Element: s.Element, Detail: "the mouse is not over it"}, ctx.Err())
		}
	}
}

// Press presses keys like Enter or Control+A, in the element if one is given, else where the focus is.
func (p *Page) Press(ctx context.Context, t selector.Target, keys ...Key) (Done, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var d Done
	frame := p.main()
	if t.Given() {
		s, err := p.ready(ctx, lookFor{Target: t, Action: "press"})
		if err != nil {
			return d, err
		}
		d.Found, frame = s.found(t), s.frame
	}
	if err := p.Keys(ctx, keys...); err != nil {
		return d, p.acted(p.ended(ctx, "press", t, nil, err))
	}
	// A turn of the page's own, so that what the keys began is known.
	if err := p.Eval(ctx, frame, "__aether.key(0)", nil); err != nil && !errors.Is(err, ErrNavigated) && !gone(p.Gone()) {
		return d, p.acted(p.ended(ctx, "press", t, nil, err))
	}
	var err error
	d.Arrival, err = p.settle(ctx, "press", t)
	return d, err
}
