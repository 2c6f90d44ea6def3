// Package cdp drives Chromium, Chrome, Edge and Brave over the DevTools protocol. Only this package knows the
// protocol's library.
package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/program"
)

type instance struct {
	c       *conn
	p       *program.Program // nil for a browser that was attached to
	product string

	mu       sync.Mutex
	contexts map[string]*contextOf
	closing  sync.Once
	closeErr error
}

func newBrowser(tr chromedp.Transport, p *program.Program) *instance {
	b := &instance{p: p, contexts: map[string]*contextOf{}}
	b.c = newConn(tr, map[string]func([]byte){
		"Target.attachedToTarget":   on(b.attached),
		"Target.detachedFromTarget": on(func(e struct{ SessionID target.SessionID }) { b.detached(e.SessionID) }),
		"Browser.downloadWillBegin": on(b.downloadBegins),
		"Browser.downloadProgress":  on(b.downloadGoes),
		"Target.targetCrashed":      on(func(e struct{ TargetID string }) { b.crashed(e.TargetID) }),
	})
	b.c.start()
	return b
}

// dial connects to a debugging address by WebSocket.
func dial(ctx context.Context, url string) (chromedp.Transport, error) {
	return remote.DialContext(ctx, url)
}

// Attach implements browser.Driver: url is like http://127.0.0.1:9222 or the ws:// address of the browser.
func (Driver) Attach(ctx context.Context, url string) (browser.Browser, error) {
	ws := url
	if !strings.HasPrefix(url, "ws://") && !strings.HasPrefix(url, "wss://") {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/json/version", nil)
		if err != nil {
			return nil, fmt.Errorf("%q is no address of a browser; it is like http://127.0.0.1:9222: %w", url, err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, fmt.Errorf("no browser answers at %s; start it with --remote-debugging-port=9222: %w", url, err)
		}
		defer resp.Body.Close()
		var v struct{ WebSocketDebuggerURL string }
		if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&v); err != nil || v.WebSocketDebuggerURL == "" {
			return nil, fmt.Errorf("what answers at %s is no browser with a debugging port", url)
		}
		ws = v.WebSocketDebuggerURL
	}
	tr, err := dial(ctx, ws)
	if err != nil {
		return nil, fmt.Errorf("attaching to the browser at %s: %w", url, err)
	}
	b := newBrowser(tr, nil)
	if err := b.begin(ctx); err != nil {
		_ = tr.Close()
		return nil, fmt.Errorf("attaching to the browser at %s: %w", url, err)
	}
	return b, nil
}

func (b *instance) begin(ctx context.Context) error {
	root := b.c.root()
	var v struct{ Product string }
	if err := root.Call(ctx, "Browser.getVersion", nil, &v); err != nil {
		return err
	}
	b.product = v.Product
	return root.Call(ctx, "Target.setAutoAttach", map[string]any{"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true}, nil)
}

// Product implements browser.Browser.
func (b *instance) Product() string { return b.product }

// Done implements browser.Browser.
func (b *instance) Done() <-chan struct{} { return b.c.done }

// Close implements browser.Browser.
func (b *instance) Close() error {
	b.closing.Do(func() {
		if b.p == nil {
			b.closeErr = b.c.tr.Close()
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = b.c.root().Call(ctx, "Browser.close", nil, nil)
		select {
		case <-b.p.Exited:
		case <-ctx.Done():
			b.p.Kill()
		}
		_ = b.c.tr.Close()
	})
	return b.closeErr
}

// Open implements browser.Browser.
func (b *instance) Open(ctx context.Context, o browser.Options) (browser.Context, error) {
	params := map[string]any{"disposeOnDetach": true}
	if o.Proxy != "" {
		params["proxyServer"] = o.Proxy
		if o.ProxyLoopback {
			params["proxyBypassList"] = "<-loopback>"
		}
	}
	var r struct{ BrowserContextID string }
	if err := b.c.root().Call(ctx, "Target.createBrowserContext", params, &r); err != nil {
		return nil, fmt.Errorf("opening a session of the browser: %w", err)
	}
	return b.context(ctx, r.BrowserContextID, o)
}

// Shared implements browser.Browser.
func (b *instance) Shared(ctx context.Context, o browser.Options) (browser.Context, error) {
	return b.context(ctx, "", o)
}

func (b *instance) context(ctx context.Context, id string, o browser.Options) (browser.Context, error) {
	c := &contextOf{b: b, id: id, own: id != ""}
	c.Begin(o)
	b.mu.Lock()
	b.contexts[id] = c
	b.mu.Unlock()
	p := map[string]any{"behavior": "deny", "eventsEnabled": true}
	if o.Downloads != "" {
		dir, err := filepath.Abs(o.Downloads)
		if err != nil {
			return nil, err
		}
		p["behavior"], p["downloadPath"] = "allowAndName", dir
	}
	if id != "" {
		p["browserContextId"] = id
	}
	if err := b.c.root().Call(ctx, "Browser.setDownloadBehavior", p, nil); err != nil {
		return nil, fmt.Errorf("opening a session of the browser: %w", err)
	}
	if g := o.Geolocation; g != nil {
		p := map[string]any{"permissions": []string{"geolocation"}}
		if id != "" {
			p["browserContextId"] = id
		}
		if err := b.c.root().Call(ctx, "Browser.grantPermissions", p, nil); err != nil {
			return nil, fmt.Errorf("opening a session of the browser: %w", err)
		}
	}
	if id == "" {
		return c, c.adopt(ctx)
	}
	return c, nil
}

type attachedEvent struct {
	SessionID  target.SessionID
	TargetInfo struct {
		TargetID, Type, URL, OpenerID, BrowserContextID string
	}
	WaitingForDebugger bool
}

// attached is told of each new target: a tab, or something that is let go on by itself.
func (b *instance) attached(e attachedEvent) {
	b.mu.Lock()
	c := b.contexts[e.TargetInfo.BrowserContextID]
	if c == nil && e.TargetInfo.Type == "page" {
		c = b.contexts[""]
	}
	b.mu.Unlock()
	if e.TargetInfo.Type != "page" || c == nil {
		s := b.c.add(e.SessionID, nil)
		go func() {
			s.send("Runtime.runIfWaitingForDebugger", nil)
			b.c.root().send("Target.detachFromTarget", map[string]any{"sessionId": e.SessionID})
		}()
		return
	}
	c.join(e)
}

// all are the contexts there are.
func (b *instance) all() []*contextOf {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.contexts))
}

func (b *instance) each(f func(*tab)) {
	for _, c := range b.all() {
		for _, t := range c.All() {
			f(t)
		}
	}
}

func (b *instance) detached(id target.SessionID) {
	b.each(func(t *tab) {
		if t.s.id == id {
			t.End(false)
			t.c.Leave(t)
		}
	})
	b.c.drop(id)
}

func (b *instance) crashed(id string) {
	b.each(func(t *tab) {
		if t.ID() == id {
			t.End(true)
			t.c.Leave(t)
		}
	})
}
