package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/selector"
)

//go:embed find.js
var finding string

//go:embed act.js
var acting string

//go:embed still.js
var stilling string

//go:embed read.js
var reading string

//go:embed keep.js
var keeping string

//go:embed inject.js
var offering string

// core is what the other scripts build on. A document gets it once.
var core = "(() => {\nif (globalThis.__aether) return;\n" + finding + acting + stilling + reading + keeping + offering + "})();\n"

//go:embed moves.js
var moves string

//go:embed print.js
var prints string

//go:embed candidates.js
var candidates string

// Library is the script that a driver puts into each document, in a world of its own.
var Library = core + moves + prints + candidates

const (
	// DefaultTimeout is how long an action waits for the page when its context has no deadline.
	DefaultTimeout = 30 * time.Second
	// slice is the longest wait inside of the page before the driver looks again at what else happened.
	slice = 500 * time.Millisecond
	// reserve is kept of the time for the page's last answer, so that a deadline is met with a reason.
	reserve = 60 * time.Millisecond
)

// Page is a tab with actions on it. One action is done at a time; a Page is safe for concurrent use.
type Page struct {
	Tab

	mu    sync.Mutex
	x, y  float64 // where the mouse is
	moved bool
	since time.Time // when the action began
	scope []selector.Query
	fresh atomic.Pointer[keptTab] // its state as the last action has told it
	// telling says that actions are to tell the state.
	telling atomic.Bool
	worked  sync.Map // the frames that were worked in, by their ids
	// sought is what the last action looked for, and onReady is told when it is there.
	sought  selector.Target
	onReady func(ctx context.Context, m Mark)

	// pictures is held while one is taken; files while the page is taken down, with what is known of its files.
	pictures, files sync.Mutex
	known           *knownFiles
}

// NewPage makes a page of a driver's tab.
func NewPage(t Tab) *Page { return &Page{Tab: t} }

// SetFrame makes a frame the part of the page that targets without a frame of their own are searched in; none for the
// whole page again.
func (p *Page) SetFrame(path []selector.Query) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scope = path
}

// begin takes the page for one action and gives it a deadline.
func (p *Page) begin(ctx context.Context) (context.Context, func()) {
	p.mu.Lock()
	p.fresh.Store(nil)
	p.since = time.Now()
	cancel := func() {}
	if _, ok := ctx.Deadline(); !ok {
		ctx, cancel = context.WithTimeout(ctx, DefaultTimeout)
	}
	return ctx, func() { cancel(); p.mu.Unlock() }
}

// sight is what a look at an element gives; see ready in act.js.
type sight struct {
	Kind     string          `json:"kind"`
	Detail   string          `json:"detail"`
	Element  string          `json:"element"`
	Nearest  []string        `json:"nearest"`
	Query    int             `json:"query"`
	Handle   int             `json:"handle"`
	X        float64         `json:"x"`
	Y        float64         `json:"y"`
	Checked  *bool           `json:"checked"`
	Mixed    bool            `json:"mixed"` // neither checked nor not
	Alike    bool            `json:"alike"` // its text is not the one looked for to the letter
	Set      bool            `json:"set"`
	Empty    bool            `json:"empty"`
	Editable bool            `json:"editable"`
	Slid     bool            `json:"slid"` // an item of a list has come under the mouse
	Value    json.RawMessage `json:"value"`
	JSON     string          `json:"json"` // a value of many parts: as one text it comes much faster
	// What the element looks like, with a handle for it, and how many of the other queries find it or another one; Sure
	// says that it has been looked at for this target before, and is the same. See witness in print.js.
	Print  *selector.Print `json:"print"`
	At     int             `json:"at"`
	Agree  int             `json:"agree"`
	Differ int             `json:"differ"`
	Sure   bool            `json:"sure"`

	frame   string
	instead *selector.Target // what found it in place of the target
}

// by is the target that found the element: the action's own, or the one that healing has made.
func (s sight) by(t selector.Target) selector.Target {
	if s.instead != nil {
		return *s.instead
	}
	return t
}

type lookFor struct {
	Target  selector.Target `json:"target"`
	Action  string          `json:"action"`
	Wait    int             `json:"wait"` // milliseconds
	Nearest bool            `json:"nearest,omitempty"`
	At      *Point          `json:"at,omitempty"`
	Read    string          `json:"read,omitempty"`
	Name    string          `json:"name,omitempty"`
	Framed  bool            `json:"framed,omitempty"` // in a frame, which itself may be out of sight
	Print   string          `json:"print,omitempty"`  // names the target to witness in print.js; "" wants no print
	Sure    int             `json:"sure,omitempty"`   // the handle of an element that was the one, and needs no print

	spare   time.Duration // of the time, for what comes after the wait
	purpose string        // what is done with the element in the end, where that is not Action
}

// Point is a place in an element, in CSS pixels from its corner.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Found says how an element was found.
type Found struct {
	Query   string // the query that found it
	Index   int    // its place among the target's queries
	Element string // what it looks like
	Frame   string
	// Healed says that the target's own queries did not find it; Query is one of those that do.
	Healed bool
}

func (s sight) found(t selector.Target) Found {
	f := Found{Index: s.Query, Element: s.Element, Frame: s.frame, Healed: s.instead != nil}
	t = s.by(t)
	if s.Query < len(t.Queries) {
		f.Query = t.Queries[s.Query].String()
	}
	return f
}

func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(b)
}

// main is the frame of the page itself.
func (p *Page) main() string { return p.Frames()[0].ID }

// ended turns the end of a page, a browser or a deadline into the failure it is. last is the page's last word.
func (p *Page) ended(ctx context.Context, action string, t selector.Target, last *sight, err error) error {
	f := &Failure{Action: action, Target: t}
	switch {
	case p.Crashed():
		f.Kind = Crashed
	case errors.Is(err, ErrGone) || gone(p.Gone()):
		f.Kind = Gone
	case errors.Is(err, ErrUnsupported):
		f.Kind, f.Detail, f.cause = Unable, err.Error(), err
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil && last != nil:
		f.Kind, f.Detail, f.Element, f.Nearest = last.Kind, last.Detail, last.Element, last.Nearest
	case ctx.Err() != nil:
		f.Kind = Hung
	default:
		f.Kind, f.Detail = Script, err.Error()
	}
	return f
}

func gone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func remaining(ctx context.Context) time.Duration {
	at, ok := ctx.Deadline()
	if !ok {
		return DefaultTimeout
	}
	return time.Until(at)
}

// ready waits until a person could do the action with the element, in whichever frame it is.
func (p *Page) ready(ctx context.Context, l lookFor) (sight, error) {
	t := l.Target
	path := t.Frame
	if len(path) == 0 {
		path = p.scope
	}
	w := p.want(ctx, &l)
	l.Target.Frame, l.Target.Print = nil, nil
	p.sought = t
	var last *sight
	for n := 0; ; n++ {
		s, err := p.lookEverywhere(ctx, path, l, n)
		if w != nil && err == nil {
			next, err := p.doubt(ctx, w, &l, &s)
			switch {
			case err != nil:
				return sight{}, p.unreported(ctx, l.Action, t, err)
			case next == lookAgain && remaining(ctx) > reserve/2:
				continue
			case next == lookLater:
				p.pause(ctx, 200*time.Millisecond)
			}
		}
		switch {
		case err == nil && s.Kind == "":
			if w != nil {
				s.instead = w.instead
			}
			p.workedIn(s.frame)
			if p.onReady != nil {
				p.onReady(ctx, Mark{s.frame, s.Handle})
			}
			return s, nil
		case err == nil && (s.Kind == BadQuery || s.Kind == WrongKind):
			return s, &Failure{Kind: s.Kind, Action: l.Action, Target: t, Element: s.Element, Detail: s.Detail}
		case err == nil:
			last = &s
		case errors.Is(err, ErrNavigated):
		default:
			return sight{}, w.meant(p.ended(ctx, l.Action, t, last, err))
		}
		if left := remaining(ctx); left < reserve/2 || ctx.Err() != nil {
			if ctx.Err() == nil && last != nil {
				return sight{}, w.meant(&Failure{Kind: last.Kind, Action: l.Action, Target: t, Element: last.Element, Detail: last.Detail, Nearest: last.Nearest})
			}
			<-ctx.Done()
			return sight{}, w.meant(p.ended(ctx, l.Action, t, last, ctx.Err()))
		}
		if n > 0 && l.Wait == 0 {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
}

// lookEverywhere looks once in the page and in its frames, or in the frame that is named.
func (p *Page) lookEverywhere(ctx context.Context, path []selector.Query, l lookFor, n int) (sight, error) {
	frame := p.main()
	for i, q := range path {
		s, err := p.look(ctx, frame, lookFor{Target: selector.Target{Queries: []selector.Query{q}}, Action: "read"})
		if err != nil || s.Kind != "" {
			if s.Kind != "" {
				s.Detail = fmt.Sprintf("the frame %s was not found", q)
			}
			return s, err
		}
		if frame, err = p.Inside(ctx, frame, s.Handle); err != nil {
			return sight{}, err
		}
		if frame == "" {
			return sight{Kind: WrongKind, Element: s.Element, Detail: fmt.Sprintf("it was named as frame %d of the way, and it shows no document", i+1)}, nil
		}
	}
	frames := p.Frames()
	alone := len(path) > 0 || len(frames) == 1
	left := remaining(ctx) - reserve - l.spare
	l.Wait = int(min(slice, left) / time.Millisecond)
	l.Nearest = left < 2*slice
	if !alone || l.Wait < 0 || n == 0 {
		l.Wait = 0
	}
	s, err := p.look(ctx, frame, l)
	if err == nil && s.Kind == "" && s.Alike && !alone {
		return p.exactly(ctx, s, frames[1:], l)
	}
	if err != nil || s.Kind != NotFound {
		return s, err
	}
	if n%10 == 1 {
		if k, err := p.Closed(ctx, frame); err == nil && k > 0 {
			if c, err := p.look(ctx, frame, l); err == nil && c.Kind != NotFound {
				return c, nil
			}
		}
	}
	if alone {
		return s, nil
	}
	var hit *sight
	for _, f := range frames[1:] {
		c, err := p.look(ctx, f.ID, l)
		switch {
		case ctx.Err() != nil || errors.Is(err, ErrGone):
			return s, err
		case err != nil || c.Kind == NotFound:
		case hit != nil && hit.Kind == "" && c.Kind == "":
			return sight{Kind: Ambiguous, Detail: "two frames of the page hold such an element: " + hit.Element + " and " + c.Element}, nil
		case hit == nil || c.Kind == "":
			hit = &c
		}
		if n%10 == 1 && (err != nil || c.Kind == NotFound) {
			_, _ = p.Closed(ctx, f.ID)
		}
	}
	if hit != nil {
		return *hit, nil
	}
	return s, nil
}

// exactly looks whether a frame holds to the letter what the page itself holds only alike.
func (p *Page) exactly(ctx context.Context, s sight, frames []Frame, l lookFor) (sight, error) {
	l.Wait = 0
	var exact []sight
	for _, f := range frames {
		if c, err := p.look(ctx, f.ID, l); err == nil && c.Kind == "" && !c.Alike {
			exact = append(exact, c)
		} else if ctx.Err() != nil {
			return s, ctx.Err()
		}
	}
	switch len(exact) {
	case 0:
		return p.look(ctx, s.frame, l) // the focus and the watch for a press belong to the page again
	case 1:
		return exact[0], nil
	}
	return sight{Kind: Ambiguous, Detail: "two frames of the page hold such an element: " + exact[0].Element + " and " + exact[1].Element}, nil
}

// entering are the actions that a page cannot tell from a person's by events of the mouse.
var entering = map[string]bool{"fill": true, "type": true, "press": true, "select": true, "upload": true}

func (p *Page) look(ctx context.Context, frame string, l lookFor) (sight, error) {
	var s sight
	l.Framed = frame != p.main()
	eval := p.Eval
	if entering[l.Action] {
		eval = p.Act // the field gets the focus
	}
	err := eval(ctx, frame, "__aether.ready("+js(l)+")", &s)
	s.frame = frame
	if s.JSON != "" {
		s.Value, s.JSON = json.RawMessage(s.JSON), ""
	}
	return s, err
}

// place returns where a point of a frame lies in the page's window, and fails when something of the page around the
// frame lies above it.
func (p *Page) place(ctx context.Context, s sight) (x, y float64, over string, err error) {
	if s.frame == p.main() {
		return s.X, s.Y, "", nil
	}
	// A frame in a process of its own is scrolled into sight a moment later than its element says.
	var ox, oy float64
	for still := 0; still < 2; {
		nx, ny, err := p.Locate(ctx, s.frame, s.X, s.Y)
		if err != nil {
			return 0, 0, "", err
		}
		if nx == ox && ny == oy {
			still++
		} else {
			ox, oy, still = nx, ny, 0
		}
		if err := p.Eval(ctx, p.main(), "new Promise(f => { const t = setTimeout(f, 50); requestAnimationFrame(() => { clearTimeout(t); f(); }); })", nil); err != nil {
			return 0, 0, "", err
		}
	}
	x, y = ox, oy
	var hit struct {
		Frame   bool   `json:"frame"`
		Element string `json:"element"`
	}
	if err := p.Eval(ctx, p.main(), fmt.Sprintf("__aether.hit(%g,%g)", x, y), &hit); err != nil {
		return 0, 0, "", err
	}
	if !hit.Frame {
		over = hit.Element
	}
	return x, y, over, nil
}
