package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/target"

	"github.com/aether-rpa/aether/browser"
)

// world is the name of the world in which the library runs, apart from the page's scripts.
const world = "aether"

// frame is a document of a tab.
type frame struct {
	id, parent, url, name string
	loader                string
	failed                string // the address that could not be loaded
	s                     *session
	ours, theirs          int64 // execution contexts: the library's world and the page's; 0 is unknown
	reached               browser.Load
}

// going is a navigation of the page's own document that has begun.
type going struct {
	loader, url string
	from        string // the document that was there
	since       time.Time
	begun       bool
	asked       bool   // by the page
	ours        bool   // asked for over the protocol
	kind        string // as the protocol names it
	loads       int    // downloads that had begun before
}

type tab struct {
	c          *contextOf
	id, opener string
	s          *session
	ready      chan struct{}
	readyErr   error
	gone       chan struct{}

	mu       sync.Mutex
	crash    bool
	ended    bool
	frames   []*frame
	changed  chan struct{}
	next     *going
	last     *going            // the latest that has begun, also when it has ended
	status   map[string]int    // of a document by loader
	failures map[string]string // why a document did not come, by loader
	open     map[string]string // requests under way, with the loader that began them
	quiet    time.Time         // since when none is
	dialogs  []browser.Dialog
	policy   browser.DialogPolicy
	left     *browser.Dialog // what a person is to answer, and the session it was shown in
	leftIn   *session
	loads    int // downloads that this page has begun
	dragged  json.RawMessage
	choosers chan chooserEvent // file choosers that the page opens; nil when nobody waits for them
	answers  []browser.Response
	answered int
	saving   bool // what the tab would show is downloaded
	children []target.SessionID
	asked    map[string]bool // requests that were given the password
	console  []browser.Message
	said     int          // messages so far
	heard    atomic.Int64 // events of the network
	workers  atomic.Bool  // it has scripts beside it whose requests are not seen
	traffic  traffic
	cast     func(browser.Picture) // is told each picture of the page; nil for nobody
}

func newTab(c *contextOf, e attachedEvent) *tab {
	t := &tab{c: c, id: e.TargetInfo.TargetID, opener: e.TargetInfo.OpenerID, ready: make(chan struct{}), gone: make(chan struct{}),
		changed: make(chan struct{}), status: map[string]int{}, failures: map[string]string{}, open: map[string]string{}, quiet: time.Now()}
	t.s = c.b.c.add(e.SessionID, nil)
	t.s.events, t.s.owner = t.handlers(t.s), t.gone
	t.frames = []*frame{{id: t.id, url: e.TargetInfo.URL, s: t.s}}
	t.policy.Leave = c.o.Listen != nil
	return t
}

// handlers are what a tab hears of its page, and of each frame that runs in a process of its own.
func (t *tab) handlers(s *session) map[string]func([]byte) {
	all := map[string]func([]byte){
		"Target.attachedToTarget":           on(t.attachedFrame),
		"Target.detachedFromTarget":         on(func(e struct{ SessionID target.SessionID }) { t.c.b.c.drop(e.SessionID) }),
		"Page.frameAttached":                on(func(e frameEvent) { t.update(func() { t.frameOf(e.FrameID, e.ParentFrameID, s) }) }),
		"Page.frameDetached":                on(t.frameDetached),
		"Page.frameNavigated":               on(func(e navigatedEvent) { t.navigated(s, e) }),
		"Page.navigatedWithinDocument":      on(t.within),
		"Page.frameRequestedNavigation":     on(t.requested),
		"Page.frameStartedNavigating":       on(t.starts),
		"Page.frameStoppedLoading":          on(t.stopped),
		"Page.lifecycleEvent":               on(t.lifecycle),
		"Page.javascriptDialogOpening":      on(func(e dialogEvent) { t.dialog(s, e) }),
		"Page.javascriptDialogClosed":       on(t.dialogClosed),
		"Runtime.bindingCalled":             on(func(e toldEvent) { t.told(s, e) }),
		"Runtime.executionContextCreated":   on(func(e contextEvent) { t.contextCreated(s, e) }),
		"Runtime.executionContextDestroyed": on(func(e struct{ ExecutionContextID int64 }) { t.contextGone(s, e.ExecutionContextID) }),
		"Runtime.executionContextsCleared":  func([]byte) { t.contextGone(s, 0) },
		"Network.requestWillBeSent":         on(t.request),
		"Network.responseReceived":          on(t.response),
		"Network.loadingFinished":           on(func(e loadingEvent) { t.finished(e) }),
		"Network.loadingFailed":             on(func(e loadingEvent) { t.finished(e) }),
		"Inspector.targetCrashed":           func([]byte) { t.end(true) },
		"Page.fileChooserOpened":            on(t.chooserOpened),
		"Input.dragIntercepted":             on(func(e struct{ Data json.RawMessage }) { t.update(func() { t.dragged = e.Data }) }),
		"Page.screencastFrame":              on(t.shown),
		"Fetch.authRequired":                on(func(e authEvent) { t.authenticate(s, e) }),
		"Fetch.requestPaused":               on(func(e pausedEvent) { t.held(s, e) }),
		"Runtime.consoleAPICalled":          on(t.wrote),
		"Runtime.exceptionThrown":           on(t.thrown),
	}
	for _, answer := range []string{"Network.responseReceivedExtraInfo", "Network.webSocketHandshakeResponseReceived"} {
		all[answer] = func([]byte) {}
	}
	for name, f := range all {
		if strings.HasPrefix(name, "Network.") {
			all[name] = func(params []byte) { t.heard.Add(1); f(params) }
		}
	}
	return all
}

// update changes the tab's state and wakes who waits for a change.
func (t *tab) update(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
	close(t.changed)
	t.changed = make(chan struct{})
}

// setUp makes a new tab usable, and lets it begin.
func (t *tab) setUp() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	calls := t.domains(t.s)
	calls = append(calls, t.shape()...)
	begin := t.s.send("Runtime.runIfWaitingForDebugger", nil)
	for _, c := range append(calls, begin) {
		if err := c.wait(ctx, nil); err != nil && t.readyErr == nil && !inForce(err) {
			t.readyErr = fmt.Errorf("setting up a tab: %w", err)
		}
	}
	var tree struct{ FrameTree frameTree }
	if err := t.s.Call(ctx, "Page.getFrameTree", nil, &tree); err == nil {
		t.update(func() { t.grow(tree.FrameTree, t.s) })
	} else if t.readyErr == nil {
		t.readyErr = fmt.Errorf("setting up a tab: %w", err)
	}
	close(t.ready)
}

// inForce reports whether a setting was refused because it holds already: the page that opened a window may share its
// process with it, and with that locale and time zone.
func inForce(err error) bool {
	var e *cdproto.Error
	return errors.As(err, &e) && (strings.Contains(e.Message, "already in effect") || strings.Contains(e.Message, "Another locale override"))
}

type frameTree struct {
	Frame       navigatedFrame
	ChildFrames []frameTree
}

// grow takes in the frames that there were when they were asked for. A document that has come since, of which the
// events have told already, is newer than what the answer says of its frame and of those in it. Call it under mu.
func (t *tab) grow(n frameTree, s *session) {
	f := t.frameOf(n.Frame.ID, n.Frame.ParentID, s)
	if f.loader != "" && f.loader != n.Frame.LoaderID {
		return
	}
	f.url, f.name, f.loader = n.Frame.URL+n.Frame.URLFragment, n.Frame.Name, n.Frame.LoaderID
	for _, c := range n.ChildFrames {
		t.grow(c, s)
	}
}

// domains sends what a session needs to tell the tab of its documents.
func (t *tab) domains(s *session) []pending {
	calls := []pending{
		s.send("Page.enable", nil),
		s.send("Page.setLifecycleEventsEnabled", map[string]any{"enabled": true}),
		s.send("Runtime.enable", nil),
	}
	calls = append(calls, t.listening(s)...) // a window that a page opens has it only when it is asked for after Runtime.enable
	return append(calls,
		s.send("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": t.c.library(), "worldName": world, "runImmediately": true}),
		s.send("Network.enable", nil),
		s.send("Target.setAutoAttach", map[string]any{"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true}),
	)
}

// shape sends what the options of the context want of each tab.
func (t *tab) shape() []pending {
	calls := []pending{t.s.send("Emulation.setFocusEmulationEnabled", map[string]any{"enabled": true})}
	return append(calls, t.shapes(t.s, browser.Options{}, t.c.options(), true)...)
}

// attachedFrame takes in a frame that runs in a process of its own.
func (t *tab) attachedFrame(e attachedEvent) {
	s := t.c.b.c.add(e.SessionID, nil)
	if e.TargetInfo.Type != "iframe" {
		t.workers.Store(true)
		go s.send("Runtime.runIfWaitingForDebugger", nil)
		return
	}
	s.events, s.owner = t.handlers(s), t.gone
	t.update(func() {
		f := t.frameOf(e.TargetInfo.TargetID, "", s)
		f.s, f.ours, f.theirs = s, 0, 0
		f.url = e.TargetInfo.URL
		t.children = append(t.children, e.SessionID)
	})
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		calls := t.domains(s)
		calls = append(calls, t.shapes(s, browser.Options{}, t.c.options(), false)...)
		calls = append(calls, s.send("Runtime.runIfWaitingForDebugger", nil))
		for _, c := range calls {
			_ = c.wait(ctx, nil) // a frame that has gone again is no matter
		}
	}()
}

// frameOf returns the frame of an id, made if need be. Call it under mu.
func (t *tab) frameOf(id, parent string, s *session) *frame {
	i := slices.IndexFunc(t.frames, func(f *frame) bool { return f.id == id })
	if i < 0 {
		t.frames = append(t.frames, &frame{id: id, parent: parent, s: s})
		i = len(t.frames) - 1
	}
	f := t.frames[i]
	if parent != "" {
		f.parent = parent
	}
	return f
}

func (t *tab) frame(id string) *frame {
	if i := slices.IndexFunc(t.frames, func(f *frame) bool { return f.id == id }); i >= 0 {
		return t.frames[i]
	}
	return nil
}

func (t *tab) holds(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.frame(id) != nil
}

type frameEvent struct{ FrameID, ParentFrameID, Reason string }

func (t *tab) frameDetached(e frameEvent) {
	if e.Reason == "swap" {
		return // it goes on in another process
	}
	t.update(func() { t.remove(e.FrameID) })
}

func (t *tab) remove(id string) {
	if id == t.id {
		return
	}
	t.frames = slices.DeleteFunc(t.frames, func(f *frame) bool { return f.id == id })
	for _, f := range slices.Clone(t.frames) {
		if f.parent == id {
			t.remove(f.id)
		}
	}
}

type contextEvent struct {
	Context struct {
		ID      int64
		Name    string
		AuxData struct {
			IsDefault bool
			FrameID   string
		}
	}
}

func (t *tab) contextCreated(s *session, e contextEvent) {
	t.update(func() {
		f := t.frameOf(e.Context.AuxData.FrameID, "", s)
		switch {
		case e.Context.AuxData.IsDefault:
			f.s, f.theirs = s, e.Context.ID
		case e.Context.Name == world:
			f.s, f.ours = s, e.Context.ID
		}
	})
}

// contextGone forgets an execution context of a session, or all for 0.
func (t *tab) contextGone(s *session, id int64) {
	t.update(func() {
		for _, f := range t.frames {
			if f.s != s {
				continue
			}
			if id == 0 || f.ours == id {
				f.ours = 0
			}
			if id == 0 || f.theirs == id {
				f.theirs = 0
			}
		}
	})
}

// end says that the tab is no more.
func (t *tab) end(crashed bool) {
	t.update(func() {
		t.crash = t.crash || crashed
		if !t.ended {
			t.ended = true
			close(t.gone)
		}
	})
}

// ID implements browser.Tab.
func (t *tab) ID() string { return t.id }

// Opener implements browser.Tab.
func (t *tab) Opener() string { return t.opener }

// Gone implements browser.Tab.
func (t *tab) Gone() <-chan struct{} { return t.gone }

// Crashed implements browser.Tab.
func (t *tab) Crashed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.crash
}

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
func (t *tab) Heard() int64 {
	if t.workers.Load() {
		return t.heard.Add(1)
	}
	return t.heard.Load()
}

// Front implements browser.Tab.
func (t *tab) Front(ctx context.Context) error {
	return t.call(ctx, t.s, "Page.bringToFront", nil, nil)
}

// Close implements browser.Tab.
func (t *tab) Close(ctx context.Context) error {
	err := t.call(ctx, t.s, "Page.close", nil, nil)
	if err != nil && !errors.Is(err, browser.ErrGone) {
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

// call calls a session of the tab, and ends with the tab.
func (t *tab) call(ctx context.Context, s *session, method string, params, result any) error {
	return s.send(method, params).wait(ctx, result)
}
