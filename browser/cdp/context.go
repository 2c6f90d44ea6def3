package cdp

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

// contextOf is a context of a browser; the one without an id is the browser's own.
type contextOf struct {
	follow.Context[*tab]
	b   *instance
	id  string
	own bool
}

// adopt joins the tabs that a browser had before it was attached to.
func (c *contextOf) adopt(ctx context.Context) error {
	root := c.b.c.root()
	var r struct {
		TargetInfos []struct{ TargetID, Type, URL string }
	}
	if err := root.Call(ctx, "Target.getTargets", nil, &r); err != nil {
		return fmt.Errorf("reading the browser's tabs: %w", err)
	}
	for _, i := range r.TargetInfos {
		if i.Type != "page" || c.find(i.TargetID) != nil {
			continue
		}
		if err := root.Call(ctx, "Target.attachToTarget", map[string]any{"targetId": i.TargetID, "flatten": true}, nil); err != nil {
			return fmt.Errorf("joining the tab %s: %w", i.URL, err)
		}
		if _, err := c.wait(ctx, i.TargetID); err != nil {
			return err
		}
	}
	return nil
}

func (c *contextOf) find(id string) *tab {
	all := c.All()
	if i := slices.IndexFunc(all, func(t *tab) bool { return t.ID() == id }); i >= 0 {
		return all[i]
	}
	return nil
}

// join takes a new tab in; it can be used when it is set up.
func (c *contextOf) join(e attachedEvent) {
	if c.find(e.TargetInfo.TargetID) != nil {
		return
	}
	t := newTab(c, e)
	c.Join(t)
	go func() {
		t.setUp()
		c.Tell()
	}()
}

// wait returns the tab of a target once it is set up.
func (c *contextOf) wait(ctx context.Context, id string) (*tab, error) {
	for {
		changed := c.Changed()
		if t := c.find(id); t != nil {
			select {
			case <-t.ready:
				return t, t.readyErr
			default:
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.b.c.done:
			return nil, browser.ErrGone
		}
	}
}

// NewTab implements browser.Context.
func (c *contextOf) NewTab(ctx context.Context) (browser.Tab, error) {
	p := map[string]any{"url": "about:blank"}
	if c.id != "" {
		p["browserContextId"] = c.id
	}
	var r struct{ TargetID string }
	if err := c.b.c.root().Call(ctx, "Target.createTarget", p, &r); err != nil {
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	t, err := c.wait(ctx, r.TargetID)
	if err != nil {
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	return t, nil
}

// Tabs implements browser.Context: those that are set up.
func (c *contextOf) Tabs() []browser.Tab {
	all := c.All()
	out := make([]browser.Tab, 0, len(all))
	for _, t := range all {
		select {
		case <-t.ready:
			if t.readyErr == nil {
				out = append(out, t)
			}
		default:
		}
	}
	return out
}

func (c *contextOf) params(p map[string]any) map[string]any {
	if c.id != "" {
		p["browserContextId"] = c.id
	}
	return p
}

// Cookies implements browser.Context.
func (c *contextOf) Cookies(ctx context.Context) ([]browser.Cookie, error) {
	var r struct {
		Cookies []struct {
			Name, Value, Domain, Path, SameSite string
			Expires                             float64
			Secure, HTTPOnly                    bool
		}
	}
	if err := c.b.c.root().Call(ctx, "Storage.getCookies", c.params(map[string]any{}), &r); err != nil {
		return nil, fmt.Errorf("reading the cookies: %w", err)
	}
	out := make([]browser.Cookie, len(r.Cookies))
	for i, k := range r.Cookies {
		out[i] = browser.Cookie{Name: k.Name, Value: k.Value, Domain: k.Domain, Path: k.Path, SameSite: k.SameSite, Expires: max(k.Expires, 0), Secure: k.Secure, HTTPOnly: k.HTTPOnly}
	}
	return out, nil
}

// SetCookies implements browser.Context.
func (c *contextOf) SetCookies(ctx context.Context, cookies []browser.Cookie) error {
	list := make([]map[string]any, len(cookies))
	for i, k := range cookies {
		m := map[string]any{"name": k.Name, "value": k.Value, "secure": k.Secure, "httpOnly": k.HTTPOnly}
		for n, v := range map[string]string{"domain": k.Domain, "path": k.Path, "url": k.URL, "sameSite": k.SameSite} {
			if v != "" {
				m[n] = v
			}
		}
		if k.Expires > 0 {
			m["expires"] = k.Expires
		}
		list[i] = m
	}
	if err := c.b.c.root().Call(ctx, "Storage.setCookies", c.params(map[string]any{"cookies": list}), nil); err != nil {
		return fmt.Errorf("setting cookies: a cookie needs a name, and a domain or a url: %w", err)
	}
	return nil
}

// ClearCookies implements browser.Context.
func (c *contextOf) ClearCookies(ctx context.Context) error {
	if err := c.b.c.root().Call(ctx, "Storage.clearCookies", c.params(map[string]any{}), nil); err != nil {
		return fmt.Errorf("clearing the cookies: %w", err)
	}
	return nil
}

// Close implements browser.Context.
func (c *contextOf) Close() error {
	c.b.mu.Lock()
	delete(c.b.contexts, c.id)
	c.b.mu.Unlock()
	if !c.own {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := c.b.c.root().Call(ctx, "Target.disposeBrowserContext", map[string]any{"browserContextId": c.id}, nil)
	for _, t := range c.All() {
		t.End(false)
	}
	select {
	case <-c.b.c.done:
		return nil // with the browser its contexts are gone
	default:
	}
	if err != nil {
		return fmt.Errorf("closing the session of the browser: %w", err)
	}
	return nil
}

type downloadBegin struct{ FrameID, GUID, URL, SuggestedFilename string }

// downloadBegins notes a download with the context whose frame began it.
func (b *instance) downloadBegins(e downloadBegin) {
	var c *contextOf
	b.each(func(t *tab) {
		if t.Holds(e.FrameID) {
			c = t.c
			t.Update(t.Downloads)
		}
	})
	if c == nil {
		b.mu.Lock()
		// A tab that is there for the download alone may be gone by now. Its session is known only if there is no
		// other: to take the file of another run is worse than to miss one.
		if len(b.contexts) == 1 {
			for _, c = range b.contexts {
			}
		}
		b.mu.Unlock()
	}
	if c == nil {
		return
	}
	c.Downloading(browser.Download{ID: e.GUID, URL: e.URL, Name: e.SuggestedFilename, Path: filepath.Join(c.Options().Downloads, e.GUID)})
}

type downloadProgress struct {
	GUID, State   string
	ReceivedBytes float64
}

func (b *instance) downloadGoes(e downloadProgress) {
	for _, c := range b.all() {
		c.Downloaded(e.GUID, func(d *browser.Download) {
			d.Received = int64(e.ReceivedBytes)
			switch e.State {
			case "completed":
				d.State = "done"
			case "canceled":
				d.State = "canceled"
			}
		})
	}
}
