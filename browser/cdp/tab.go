package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/target"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

// world is the name of the world in which the library runs, apart from the page's scripts.
const world = "aether"

// place is where a document is reached.
type place struct {
	s            *session
	ours, theirs int64 // execution contexts: the library's world and the page's; 0 is unknown
}

type frame = follow.Frame[place]

// tab is a tab and what is heard of it, whose lock is for its own fields too.
type tab struct {
	follow.Tab[place]
	c        *contextOf
	s        *session
	ready    chan struct{}
	readyErr error
	workers  atomic.Bool // it has scripts beside it whose requests are not seen

	leftIn   *session // where the latest message was shown
	dragged  json.RawMessage
	saving   bool // what the tab would show is downloaded
	children []target.SessionID
	cast     func(browser.Picture) // is told each picture of the page; nil for nobody
}

func newTab(c *contextOf, e attachedEvent) *tab {
	t := &tab{c: c, ready: make(chan struct{})}
	t.s = c.b.c.add(e.SessionID, nil)
	i := e.TargetInfo
	t.Begin(follow.Start{ID: i.TargetID, Opener: i.OpenerID, URL: i.URL, Quits: c.b.c.done, Named: true, Leave: c.Options().Listen != nil}, place{s: t.s})
	t.s.events, t.s.owner = t.handlers(t.s), t.Gone()
	return t
}

// handlers are what a tab hears of its page, and of each frame that runs in a process of its own.
func (t *tab) handlers(s *session) map[string]func([]byte) {
	all := map[string]func([]byte){
		"Target.attachedToTarget":           on(t.attachedFrame),
		"Target.detachedFromTarget":         on(func(e struct{ SessionID target.SessionID }) { t.c.b.c.drop(e.SessionID) }),
		"Page.frameAttached":                on(func(e frameEvent) { t.Update(func() { t.frameOf(e.FrameID, e.ParentFrameID, s) }) }),
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
		"Inspector.targetCrashed":           func([]byte) { t.End(true) },
		"Page.fileChooserOpened":            on(t.chooserOpened),
		"Input.dragIntercepted":             on(func(e struct{ Data json.RawMessage }) { t.Update(func() { t.dragged = e.Data }) }),
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
			all[name] = func(params []byte) { t.Hears(); f(params) }
		}
	}
	return all
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
		t.Update(func() { t.grow(tree.FrameTree, t.s) })
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
// events have told already, is newer than what the answer says of its frame and of those in it. Call it with the lock held.
func (t *tab) grow(n frameTree, s *session) {
	f := t.frameOf(n.Frame.ID, n.Frame.ParentID, s)
	if f.Loader != "" && f.Loader != n.Frame.LoaderID {
		return
	}
	f.URL, f.Name, f.Loader = n.Frame.URL+n.Frame.URLFragment, n.Frame.Name, n.Frame.LoaderID
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
	return append(calls, t.shapes(t.s, browser.Options{}, t.c.Options(), true)...)
}

// attachedFrame takes in a frame that runs in a process of its own.
func (t *tab) attachedFrame(e attachedEvent) {
	s := t.c.b.c.add(e.SessionID, nil)
	if e.TargetInfo.Type != "iframe" {
		t.workers.Store(true)
		go s.send("Runtime.runIfWaitingForDebugger", nil)
		return
	}
	s.events, s.owner = t.handlers(s), t.Gone()
	t.Update(func() {
		f := t.frameOf(e.TargetInfo.TargetID, "", s)
		f.Driver = place{s: s}
		f.URL = e.TargetInfo.URL
		t.children = append(t.children, e.SessionID)
	})
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		calls := t.domains(s)
		calls = append(calls, t.shapes(s, browser.Options{}, t.c.Options(), false)...)
		calls = append(calls, s.send("Runtime.runIfWaitingForDebugger", nil))
		for _, c := range calls {
			_ = c.wait(ctx, nil) // a frame that has gone again is no matter
		}
	}()
}

// frameOf returns the frame of an id, made if need be. Call it with the lock held.
func (t *tab) frameOf(id, parent string, s *session) *frame {
	f := t.FrameOf(id, parent)
	if f.Driver.s == nil {
		f.Driver.s = s
	}
	return f
}

type frameEvent struct{ FrameID, ParentFrameID, Reason string }

func (t *tab) frameDetached(e frameEvent) {
	if e.Reason == "swap" {
		return // it goes on in another process
	}
	t.Update(func() { t.Remove(e.FrameID) })
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
	t.Update(func() {
		f := t.frameOf(e.Context.AuxData.FrameID, "", s)
		switch {
		case e.Context.AuxData.IsDefault:
			f.Driver.s, f.Driver.theirs = s, e.Context.ID
		case e.Context.Name == world:
			f.Driver.s, f.Driver.ours = s, e.Context.ID
		}
	})
}

// contextGone forgets an execution context of a session, or all for 0.
func (t *tab) contextGone(s *session, id int64) {
	t.Update(func() {
		for _, f := range t.All() {
			if f.Driver.s != s {
				continue
			}
			if id == 0 || f.Driver.ours == id {
				f.Driver.ours = 0
			}
			if id == 0 || f.Driver.theirs == id {
				f.Driver.theirs = 0
			}
		}
	})
}

// Heard implements browser.Tab.
func (t *tab) Heard() int64 {
	if t.workers.Load() {
		t.Hears() // they may have heard of something
	}
	return t.Tab.Heard()
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
	case <-t.Gone():
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
