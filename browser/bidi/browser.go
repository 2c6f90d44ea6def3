// Package bidi drives Firefox over WebDriver BiDi, the protocol that it speaks by itself: no driver program stands
// between. There is no kept library for the protocol in Go, so the few calls that are needed are made here, as JSON over
// a WebSocket by github.com/coder/websocket: it has no dependencies, takes a context, and sends no Origin, which
// golang.org/x/net/websocket must and Firefox refuses.
package bidi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/program"
)

type instance struct {
	c       *conn
	p       *program.Program // nil for a browser that was attached to
	product string
	windows bool   // each tab has a window of its own
	at      string // its address

	mu        sync.Mutex
	contexts  map[string]*contextOf // by their user contexts
	frames    map[string]*tab       // by the ids of their frames
	intercept map[string]string     // the intercepts that are set, by phase

	// holding is held while intercepts change.
	holding sync.Mutex

	closing sync.Once
}

func newBrowser(c *conn, p *program.Program) *instance {
	b := &instance{c: c, p: p, contexts: map[string]*contextOf{}, frames: map[string]*tab{}, intercept: map[string]string{}}
	c.start(b.handlers())
	return b
}

// handlers are what is heard of the browser.
func (b *instance) handlers() map[string]func([]byte) {
	all := map[string]func([]byte){
		"browsingContext.contextCreated":      on(b.created),
		"browsingContext.contextDestroyed":    on(b.destroyed),
		"browsingContext.navigationStarted":   of(b, (*tab).starts),
		"browsingContext.navigationCommitted": of(b, (*tab).navigated),
		"browsingContext.domContentLoaded":    of(b, func(t *tab, e navigation) { t.reaches(e, browser.Parsed) }),
		"browsingContext.load":                of(b, func(t *tab, e navigation) { t.reaches(e, browser.Loaded) }),
		"browsingContext.navigationFailed":    of(b, (*tab).failed),
		"browsingContext.navigationAborted":   of(b, (*tab).failed),
		"browsingContext.fragmentNavigated":   of(b, (*tab).within),
		"browsingContext.historyUpdated":      of(b, (*tab).within),
		"browsingContext.downloadWillBegin":   of(b, (*tab).downloadBegins),
		"browsingContext.downloadEnd":         of(b, (*tab).downloadEnds),
		"browsingContext.userPromptOpened":    of(b, (*tab).dialog),
		"browsingContext.userPromptClosed":    of(b, (*tab).dialogClosed),
		"input.fileDialogOpened":              of(b, (*tab).chooserOpened),
		"log.entryAdded": on(func(e logEvent) {
			if t := b.tabOf(e.Source.Context); t != nil {
				t.logged(e)
			}
		}),
		"script.message": on(func(e messageEvent) {
			if t := b.tabOf(e.Source.Context); t != nil {
				t.told(e)
			}
		}),
		"network.beforeRequestSent": on(b.request),
		"network.responseStarted":   on(b.response),
		"network.responseCompleted": on(b.finished),
		"network.fetchError":        on(b.finished),
		"network.authRequired":      on(b.authenticate),
	}
	return all
}

// inContext is what events have that are of a document.
type inContext interface{ context() string }

// of makes a handler of an event that is of a tab.
func of[E inContext](b *instance, f func(*tab, E)) func([]byte) {
	return on(func(e E) {
		if t := b.tabOf(e.context()); t != nil {
			f(t, e)
		}
	})
}

func (b *instance) tabOf(frame string) *tab {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.frames[frame]
}

func (b *instance) begin(ctx context.Context) error {
	var v struct {
		Capabilities struct{ BrowserName, BrowserVersion string }
	}
	prompts := params{"default": "ignore", "file": "dismiss"} // dialogs are answered here, and no file chooser is shown
	if err := b.c.call(ctx, "session.new", params{"capabilities": params{"alwaysMatch": params{"unhandledPromptBehavior": prompts}}}, &v); err != nil {
		return err
	}
	if v.Capabilities.BrowserName != "firefox" {
		return fmt.Errorf("it is %s and no Firefox", v.Capabilities.BrowserName)
	}
	b.product = "Firefox/" + v.Capabilities.BrowserVersion
	return b.c.call(ctx, "session.subscribe", params{"events": []string{"browsingContext", "network", "log", "script.message", "input"}}, nil)
}

// Product implements browser.Browser.
func (b *instance) Product() string { return b.product }

// Done implements browser.Browser.
func (b *instance) Done() <-chan struct{} { return b.c.done }

// Close implements browser.Browser.
func (b *instance) Close() error {
	b.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if b.p == nil {
			_ = b.c.call(ctx, "session.end", nil, nil)
			b.c.close()
			return
		}
		if b.c.send("browser.close", nil).err != nil {
			b.p.Kill()
			return
		}
		select {
		case <-b.p.Exited:
		case <-ctx.Done():
			b.p.Kill()
		}
		b.c.close()
	})
	return nil
}

// shared is the user context of a browser's own tabs.
const shared = "default"

// Open implements browser.Browser.
func (b *instance) Open(ctx context.Context, o browser.Options) (browser.Context, error) {
	if err := able(o); err != nil {
		return nil, err
	}
	p := params{}
	if o.IgnoreCertificates {
		p["acceptInsecureCerts"] = true
	}
	if o.Proxy != "" {
		proxy, err := proxyOf(o)
		if err != nil {
			return nil, err
		}
		p["proxy"] = proxy
	}
	var r struct{ UserContext string }
	if err := b.c.call(ctx, "browser.createUserContext", p, &r); err != nil {
		return nil, fmt.Errorf("opening a session of the browser: %w", err)
	}
	c, err := b.context(ctx, r.UserContext, o)
	if err != nil {
		b.c.send("browser.removeUserContext", params{"userContext": r.UserContext})
		return nil, err
	}
	return c, nil
}

// Shared implements browser.Browser.
func (b *instance) Shared(ctx context.Context, o browser.Options) (browser.Context, error) {
	if o.Proxy != "" || o.IgnoreCertificates {
		return nil, cannot("be given a proxy or be told to accept any certificate while it runs")
	}
	if err := able(o); err != nil {
		return nil, err
	}
	c, err := b.context(ctx, shared, o)
	if err != nil {
		return nil, err
	}
	return c, c.adopt(ctx)
}

func (b *instance) context(ctx context.Context, id string, o browser.Options) (*contextOf, error) {
	if o.Downloads != "" {
		dir, err := filepath.Abs(o.Downloads)
		if err != nil {
			return nil, err
		}
		o.Downloads = dir
	}
	c := &contextOf{b: b, id: id}
	c.Begin(browser.Options{Downloads: o.Downloads, Proxy: o.Proxy, ProxyLoopback: o.ProxyLoopback, IgnoreCertificates: o.IgnoreCertificates})
	b.mu.Lock()
	b.contexts[id] = c
	b.mu.Unlock()
	err := c.prepare(ctx, o.Downloads)
	if err == nil {
		err = c.shape(ctx, browser.Options{}, o)
	}
	if err != nil {
		b.mu.Lock()
		delete(b.contexts, id)
		b.mu.Unlock()
		return nil, fmt.Errorf("opening a session of the browser: %w", err)
	}
	return c, nil
}

// prepare makes what each page of a context is to have; downloads is the folder for them, "" for none.
func (c *contextOf) prepare(ctx context.Context, downloads string) error {
	behavior := params{"type": "denied"}
	if downloads != "" {
		behavior = params{"type": "allowed", "destinationFolder": downloads}
	}
	calls := []pending{
		c.b.c.send("browser.setDownloadBehavior", params{"downloadBehavior": behavior, "userContexts": []string{c.id}}),
		c.b.c.send("script.addPreloadScript", params{"functionDeclaration": preload, "sandbox": world, "userContexts": []string{c.id},
			"arguments": []params{{"type": "channel", "value": params{"channel": channel}}}}),
	}
	for _, p := range calls {
		if err := p.wait(ctx, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

type contextEvent struct {
	Context, Parent, URL, UserContext, OriginalOpener string
	Children                                          []contextEvent
}

func (e contextEvent) context() string { return e.Context }

// created is told of each new tab and frame.
func (b *instance) created(e contextEvent) {
	if e.Parent != "" {
		if t := b.tabOf(e.Parent); t != nil {
			b.own(e.Context, t)
			t.Update(func() { t.FrameOf(e.Context, e.Parent).URL = e.URL })
		}
		return
	}
	b.mu.Lock()
	c := b.contexts[e.UserContext]
	known := b.frames[e.Context] != nil
	b.mu.Unlock()
	if c == nil || known {
		return
	}
	c.join(e)
}

func (b *instance) own(frame string, t *tab) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.frames[frame] = t
}

func (b *instance) destroyed(e contextEvent) {
	t := b.tabOf(e.Context)
	if t == nil {
		return
	}
	b.mu.Lock()
	if e.Context == t.ID() {
		for id, o := range b.frames {
			if o == t {
				delete(b.frames, id)
			}
		}
	} else {
		delete(b.frames, e.Context)
	}
	b.mu.Unlock()
	if e.Context != t.ID() {
		t.Update(func() { t.Remove(e.Context) })
		return
	}
	t.End(false)
	t.c.Leave(t)
}

// all are the contexts there are.
func (b *instance) all() []*contextOf {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.contexts))
}

// raiseTime is how long a tab may take to come to the front.
const raiseTime = 2 * time.Second

// raise brings a tab to the front if it is not there: only there has a page the focus. The page knows best.
func (b *instance) raise(ctx context.Context, t *tab) error {
	is := false
	ask := func() error { return t.Eval(ctx, t.ID(), "document.hasFocus()", &is) }
	err := ask()
	for until := time.Now().Add(raiseTime); err == nil && !is && time.Now().Before(until); err = ask() {
		if err := t.call(ctx, "browsingContext.activate", params{"context": t.ID()}, nil); err != nil {
			return t.vanished(err)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if errors.Is(err, browser.ErrNavigated) {
		return nil // what is done next says so
	}
	return err
}

// intercepting sees to it that requests wait for an answer in the phases in which a context has to give one.
func (b *instance) intercepting(ctx context.Context) error {
	want := map[string]bool{}
	for _, c := range b.all() {
		o := c.Options()
		want["authRequired"] = want["authRequired"] || o.User != ""
		want["beforeRequestSent"] = want["beforeRequestSent"] || len(o.Rules) > 0
		want["responseStarted"] = want["responseStarted"] || c.saves() || slices.ContainsFunc(o.Rules, func(r browser.Rule) bool { return r.Do == browser.RuleChange })
	}
	b.holding.Lock()
	defer b.holding.Unlock()
	for phase, wanted := range want {
		b.mu.Lock()
		id := b.intercept[phase]
		b.mu.Unlock()
		var err error
		switch {
		case wanted && id == "":
			var r struct{ Intercept string }
			err = b.c.call(ctx, "network.addIntercept", params{"phases": []string{phase}}, &r)
			id = r.Intercept
		case !wanted && id != "":
			err = b.c.call(ctx, "network.removeIntercept", params{"intercept": id}, nil)
			id = ""
		}
		if err != nil {
			return fmt.Errorf("holding requests: %w", err)
		}
		b.mu.Lock()
		b.intercept[phase] = id
		b.mu.Unlock()
	}
	return nil
}

// inability is what Firefox has no means for.
type inability string

func cannot(what string) error { return inability(what) }

// Error implements error.
func (e inability) Error() string {
	return "Firefox cannot " + string(e) + ": " + browser.ErrUnsupported.Error()
}

// Unwrap makes errors.Is(err, browser.ErrUnsupported) true.
func (e inability) Unwrap() error { return browser.ErrUnsupported }

// isRefused reports whether a call was refused as something.
func isRefused(err error, code string) bool {
	var e *refusal
	return errors.As(err, &e) && e.Code == code
}
