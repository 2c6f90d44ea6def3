package bidi

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// frame is a document of a tab.
type frame struct {
	id, parent, url, name string
	loader                string // the navigation that brought the document
	reached               browser.Load
}

// going is a navigation of the page's own document that has begun.
type going struct {
	loader, url string
	from        string // the document that was there
	since       time.Time
	begun       bool
	loads       int // downloads that had begun before
}

type tab struct {
	c          *contextOf
	id, opener string
	gone       chan struct{}
	saving     atomic.Bool  // what the tab would show is downloaded
	heard      atomic.Int64 // events of the network

	mu       sync.Mutex
	ended    bool
	frames   []*frame
	changed  chan struct{}
	next     *going
	last     *going            // the latest that has begun, also when it has ended
	status   map[string]int    // of a document by loader
	failures map[string]string // why a document did not come, by loader
	same     map[string]bool   // navigations that stayed in the document
	open     map[string]opened // requests under way
	quiet    time.Time         // since when none is
	dialogs  []browser.Dialog
	policy   browser.DialogPolicy
	left     *browser.Dialog // what a person is to answer
	loads    int             // downloads that this page has begun
	choosers chan chooserEvent
	answers  []browser.Response
	answered int
	asked    map[string]bool // requests that were given the password
	console  []browser.Message
	said     int // messages so far
	traffic  traffic
}

func newTab(c *contextOf, e contextEvent) *tab {
	t := &tab{c: c, id: e.Context, opener: e.OriginalOpener, gone: make(chan struct{}), changed: make(chan struct{}),
		status: map[string]int{}, failures: map[string]string{}, same: map[string]bool{}, open: map[string]opened{}, quiet: time.Now(),
		asked: map[string]bool{}, frames: []*frame{{id: e.Context, url: e.URL, reached: browser.Loaded}}}
	if e.OriginalOpener != "" && e.URL == "about:blank" { // what opened it has a page in mind
		t.next = &going{since: time.Now()}
	}
	return t
}

// update changes the tab's state and wakes who waits for a change.
func (t *tab) update(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
	close(t.changed)
	t.changed = make(chan struct{})
}

// call makes a call for the tab, which ends with the tab.
func (t *tab) call(ctx context.Context, method string, p, result any) error {
	return t.send(method, p).wait(ctx, t.gone, result)
}

func (t *tab) send(method string, p any) pending { return t.c.b.c.send(method, p) }

// frameOf returns the frame of an id, made if need be. Call it under mu.
func (t *tab) frameOf(id, parent string) *frame {
	if f := t.frame(id); f != nil {
		return f
	}
	f := &frame{id: id, parent: parent}
	t.frames = append(t.frames, f)
	return f
}

func (t *tab) frame(id string) *frame {
	if i := slices.IndexFunc(t.frames, func(f *frame) bool { return f.id == id }); i >= 0 {
		return t.frames[i]
	}
	return nil
}

// grow takes in the frames that a document had when the tab was joined. Call it under mu.
func (t *tab) grow(children []contextEvent, parent string) {
	for _, e := range children {
		t.frameOf(e.Context, parent).url = e.URL
		t.grow(e.Children, e.Context)
	}
}

func (t *tab) remove(id string) {
	t.frames = slices.DeleteFunc(t.frames, func(f *frame) bool { return f.id == id })
	for _, f := range slices.Clone(t.frames) {
		if f.parent == id {
			t.remove(f.id)
		}
	}
}

// end says that the tab is no more.
func (t *tab) end() {
	t.update(func() {
		if !t.ended {
			t.ended = true
			close(t.gone)
		}
	})
}

func (t *tab) isGone() bool {
	select {
	case <-t.gone:
		return true
	case <-t.c.b.c.done:
		return true
	default:
		return false
	}
}

// ID implements browser.Tab.
func (t *tab) ID() string { return t.id }

// Opener implements browser.Tab.
func (t *tab) Opener() string { return t.opener }

// Gone implements browser.Tab.
func (t *tab) Gone() <-chan struct{} { return t.gone }

// Crashed implements browser.Tab. Firefox does not tell it.
func (t *tab) Crashed() bool { return false }

// Frames implements browser.Tab.
func (t *tab) Frames() []browser.Frame {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]browser.Frame, len(t.frames))
	for i, f := range t.frames {
		out[i] = browser.Frame{ID: f.id, Parent: f.parent, URL: f.url, Name: f.name}
	}
	return out
}

// Heard implements browser.Tab.
func (t *tab) Heard() int64 { return t.heard.Load() }

// Front implements browser.Tab.
func (t *tab) Front(ctx context.Context) error { return t.c.b.raise(ctx, t) }

// Close implements browser.Tab.
func (t *tab) Close(ctx context.Context) error {
	err := t.call(ctx, "browsingContext.close", params{"context": t.id}, nil)
	if err != nil && !errors.Is(err, browser.ErrGone) && !isRefused(err, "no such frame") {
		return err
	}
	select {
	case <-t.gone:
	case <-ctx.Done():
		return ctx.Err()
	case <-t.c.b.c.done:
	}
	return nil
}
