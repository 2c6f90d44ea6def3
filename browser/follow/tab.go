// Package follow keeps what a driver hears of a browser, whatever the protocol in which it hears it: the documents of a
// tab and where it goes, what it loads, what its scripts write, the messages it shows and the files it downloads. The
// drivers tell it what has happened; most of browser.Tab and browser.Context is answered from it.
package follow

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// Frame is a document of a tab, with what the driver knows of it.
type Frame[D any] struct {
	ID, Parent, URL, Name string
	Loader                string // the navigation that brought the document
	Failed                string // the address that could not be loaded and of which this document tells
	Reached               browser.Load
	Driver                D
}

// Tab is what is known of a tab. It is the lock of its own fields; methods that want it held say so, the others take it.
type Tab[D any] struct {
	sync.Mutex

	// Next is the navigation of the page's own document that has begun or that the page has asked for, nil for none,
	// and Last the latest that has begun, also when it has ended. They are under the lock.
	Next, Last *Going

	heard atomic.Int64 // events of the network

	id, opener string
	gone       chan struct{}
	quits      <-chan struct{}
	named      bool
	ended      bool
	crashed    bool
	frames     []*Frame[D]
	changed    chan struct{}
	status     map[string]int   // of a document by loader
	failures   map[string]error // why a document did not come, by loader
	same       map[string]bool  // navigations that stayed in the document
	open       map[string]opened
	quiet      time.Time // since when no request is under way
	downloads  int       // that this page has begun
	requests   requests
	answers    []browser.Response
	answered   int
	given      map[string]bool // requests that were given the password
	console    []browser.Message
	said       int // messages so far
	dialogs    []browser.Dialog
	policy     browser.DialogPolicy
	left       *browser.Dialog // what a person is to answer
	chooser    chan Taking     // nil when nobody waits for one
}

// Start is what a tab begins with.
type Start struct {
	ID, Opener, URL string
	// Quits is closed when the browser has gone.
	Quits <-chan struct{}
	// Named says that each request tells which document asked for it.
	Named bool
	// Leave leaves the messages of the page to a person.
	Leave bool
}

// Begin makes the tab ready; it has one frame, its own document.
func (t *Tab[D]) Begin(s Start, own D) {
	t.id, t.opener, t.quits, t.named = s.ID, s.Opener, s.Quits, s.Named
	t.gone, t.changed = make(chan struct{}), make(chan struct{})
	t.status, t.failures, t.same, t.open = map[string]int{}, map[string]error{}, map[string]bool{}, map[string]opened{}
	t.given, t.quiet = map[string]bool{}, time.Now()
	t.policy.Leave = s.Leave
	t.frames = []*Frame[D]{{ID: s.ID, URL: s.URL, Driver: own}}
}

// Update changes the tab's state, with the lock held, and wakes who waits for a change.
func (t *Tab[D]) Update(f func()) {
	t.Lock()
	defer t.Unlock()
	f()
	close(t.changed)
	t.changed = make(chan struct{})
}

// Change is closed with the next change of the tab. Call it with the lock held.
func (t *Tab[D]) Change() <-chan struct{} { return t.changed }

// Frame returns the frame of an id, nil if there is none. Call it with the lock held.
func (t *Tab[D]) Frame(id string) *Frame[D] {
	if i := slices.IndexFunc(t.frames, func(f *Frame[D]) bool { return f.ID == id }); i >= 0 {
		return t.frames[i]
	}
	return nil
}

// Own is the frame of the page's own document. Call it with the lock held.
func (t *Tab[D]) Own() *Frame[D] { return t.frames[0] }

// All are the frames, the page's own first. Call it with the lock held.
func (t *Tab[D]) All() []*Frame[D] { return t.frames }

// FrameOf returns the frame of an id, made if need be; an empty parent is not known. Call it with the lock held.
func (t *Tab[D]) FrameOf(id, parent string) *Frame[D] {
	f := t.Frame(id)
	if f == nil {
		f = &Frame[D]{ID: id}
		t.frames = append(t.frames, f)
	}
	if parent != "" {
		f.Parent = parent
	}
	return f
}

// Remove forgets a frame and those in it; the page's own stays. Call it with the lock held.
func (t *Tab[D]) Remove(id string) {
	if id != t.id {
		t.frames = slices.DeleteFunc(t.frames, func(f *Frame[D]) bool { return f.ID == id })
		t.Empty(id)
	}
}

// Empty forgets the frames in a frame. Call it with the lock held.
func (t *Tab[D]) Empty(id string) {
	for _, f := range slices.Clone(t.frames) {
		if f.Parent == id {
			t.Remove(f.ID)
		}
	}
}

// Holds reports whether a frame is one of the tab's.
func (t *Tab[D]) Holds(id string) bool {
	t.Lock()
	defer t.Unlock()
	return t.Frame(id) != nil
}

// End says that the tab is no more.
func (t *Tab[D]) End(crashed bool) {
	t.Update(func() {
		t.crashed = t.crashed || crashed
		if !t.ended {
			t.ended = true
			close(t.gone)
		}
	})
}

// IsGone reports whether the tab or its browser has gone.
func (t *Tab[D]) IsGone() bool {
	select {
	case <-t.gone:
		return true
	case <-t.quits:
		return true
	default:
		return false
	}
}

// ID implements browser.Tab.
func (t *Tab[D]) ID() string { return t.id }

// Opener implements browser.Tab.
func (t *Tab[D]) Opener() string { return t.opener }

// Gone implements browser.Tab.
func (t *Tab[D]) Gone() <-chan struct{} { return t.gone }

// Crashed implements browser.Tab.
func (t *Tab[D]) Crashed() bool {
	t.Lock()
	defer t.Unlock()
	return t.crashed
}

// Frames implements browser.Tab.
func (t *Tab[D]) Frames() []browser.Frame {
	t.Lock()
	defer t.Unlock()
	out := make([]browser.Frame, len(t.frames))
	for i, f := range t.frames {
		out[i] = browser.Frame{ID: f.ID, Parent: f.Parent, URL: f.URL, Name: f.Name}
	}
	return out
}

// Hears counts an event of the network.
func (t *Tab[D]) Hears() { t.heard.Add(1) }

// Heard implements browser.Tab.
func (t *Tab[D]) Heard() int64 { return t.heard.Load() }
