package bidi

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

// contextOf is a user context of Firefox.
type contextOf struct {
	follow.Context[*tab]
	b  *instance
	id string
}

// saves reports whether a tab downloads what it would show.
func (c *contextOf) saves() bool {
	return slices.ContainsFunc(c.All(), func(t *tab) bool { return t.saving.Load() })
}

// adopt joins the tabs that a browser had before it was attached to.
func (c *contextOf) adopt(ctx context.Context) error {
	var tree struct{ Contexts []contextEvent }
	if err := c.b.c.call(ctx, "browsingContext.getTree", nil, &tree); err != nil {
		return fmt.Errorf("reading the browser's tabs: %w", err)
	}
	for _, e := range tree.Contexts {
		if e.UserContext != c.id {
			continue
		}
		c.b.mu.Lock()
		known := c.b.frames[e.Context] != nil
		c.b.mu.Unlock()
		if known {
			continue
		}
		t := c.join(e)
		t.Update(func() { t.grow(e.Children, e.Context) })
		for _, f := range t.Frames() {
			c.b.own(f.ID, t)
		}
	}
	return nil
}

// join takes a new tab in.
func (c *contextOf) join(e contextEvent) *tab {
	t := newTab(c, e)
	c.b.own(e.Context, t)
	c.Join(t)
	return t
}

// NewTab implements browser.Context.
func (c *contextOf) NewTab(ctx context.Context) (browser.Tab, error) {
	p := params{"type": "tab", "userContext": c.id}
	if c.b.windows {
		p["type"] = "window"
	}
	var r struct{ Context string }
	if err := c.b.c.call(ctx, "browsingContext.create", p, &r); err != nil {
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	for {
		changed := c.Changed()
		if t := c.b.tabOf(r.Context); t != nil {
			return t, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("opening a tab: %w", ctx.Err())
		case <-c.b.c.done:
			return nil, browser.ErrGone
		}
	}
}

// text is a value as the protocol sends it, which may be no valid text.
type text struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func (t text) String() string {
	if t.Type == "base64" {
		if b, err := base64.StdEncoding.DecodeString(t.Value); err == nil {
			return string(b)
		}
	}
	return t.Value
}

func textOf(s string) text { return text{"string", s} }

func (c *contextOf) partition() params {
	return params{"type": "storageKey", "userContext": c.id}
}

// Cookies implements browser.Context.
func (c *contextOf) Cookies(ctx context.Context) ([]browser.Cookie, error) {
	var r struct {
		Cookies []struct {
			Name, Domain, Path, SameSite string
			Value                        text
			Expiry                       float64
			Secure, HTTPOnly             bool
		}
	}
	if err := c.b.c.call(ctx, "storage.getCookies", params{"partition": c.partition()}, &r); err != nil {
		return nil, fmt.Errorf("reading the cookies: %w", err)
	}
	same := map[string]string{"strict": "Strict", "lax": "Lax", "none": "None"}
	out := make([]browser.Cookie, len(r.Cookies))
	for i, k := range r.Cookies {
		out[i] = browser.Cookie{Name: k.Name, Value: k.Value.String(), Domain: k.Domain, Path: k.Path, SameSite: same[k.SameSite], Expires: k.Expiry, Secure: k.Secure, HTTPOnly: k.HTTPOnly}
	}
	return out, nil
}

// SetCookies implements browser.Context.
func (c *contextOf) SetCookies(ctx context.Context, cookies []browser.Cookie) error {
	var calls []pending
	for _, k := range cookies {
		if u, err := url.Parse(k.URL); err == nil && k.URL != "" {
			if k.Domain == "" {
				k.Domain = u.Hostname()
			}
			if k.Path == "" {
				k.Path = "/"
			}
			k.Secure = k.Secure || u.Scheme == "https"
		}
		if k.Name == "" || k.Domain == "" {
			return fmt.Errorf("setting cookies: a cookie needs a name, and a domain or a url: %q has not both", k.Name)
		}
		m := params{"name": k.Name, "value": textOf(k.Value), "domain": k.Domain, "secure": k.Secure, "httpOnly": k.HTTPOnly}
		if k.Path != "" {
			m["path"] = k.Path
		}
		if k.SameSite != "" {
			m["sameSite"] = strings.ToLower(k.SameSite)
		}
		if k.Expires > 0 {
			m["expiry"] = int64(k.Expires)
		}
		calls = append(calls, c.b.c.send("storage.setCookie", params{"cookie": m, "partition": c.partition()}))
	}
	for _, p := range calls {
		if err := p.wait(ctx, nil, nil); err != nil {
			return fmt.Errorf("setting cookies: %w", err)
		}
	}
	return nil
}

// ClearCookies implements browser.Context.
func (c *contextOf) ClearCookies(ctx context.Context) error {
	if err := c.b.c.call(ctx, "storage.deleteCookies", params{"partition": c.partition()}, nil); err != nil {
		return fmt.Errorf("clearing the cookies: %w", err)
	}
	return nil
}

type downloadEvent struct {
	Context, Navigation, Download, URL, SuggestedFilename, Status, Filepath string
}

func (e downloadEvent) context() string { return e.Context }

func (e downloadEvent) id() string {
	if e.Download != "" {
		return e.Download
	}
	return e.Navigation
}

// counted is a name that Firefox has made another, since a file of that name is there.
var counted = regexp.MustCompile(`\(\d+\)(\.[^.]*|\.tar\.\w+)?$`)

// firstName is the name that a download had before Firefox changed it to tell it from a file that is there.
func firstName(dir, name string) string {
	if plain := counted.ReplaceAllString(name, "$1"); plain != name {
		if _, err := os.Stat(filepath.Join(dir, plain)); err == nil {
			return plain
		}
	}
	return name
}

func (t *tab) downloadBegins(e downloadEvent) {
	dir := t.c.Options().Downloads
	t.c.Downloading(browser.Download{ID: e.id(), URL: e.URL, Name: firstName(dir, e.SuggestedFilename), Path: filepath.Join(dir, e.SuggestedFilename)})
	t.Update(func() {
		t.Downloads()
		t.fails(e.Navigation, follow.ErrCanceled)
	})
}

func (t *tab) downloadEnds(e downloadEvent) {
	t.c.Downloaded(e.id(), func(d *browser.Download) {
		if d.State != "running" {
			return
		}
		d.State = "canceled"
		if e.Status != "complete" {
			return
		}
		d.State = "done"
		if e.Filepath != "" {
			d.Path = e.Filepath
		}
		if s, err := os.Stat(d.Path); err == nil {
			d.Received = s.Size()
		}
	})
}

// Close implements browser.Context.
func (c *contextOf) Close() error {
	c.b.mu.Lock()
	delete(c.b.contexts, c.id)
	c.b.mu.Unlock()
	if c.id == shared {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := c.b.c.call(ctx, "browser.removeUserContext", params{"userContext": c.id}, nil)
	for _, t := range c.All() {
		t.End(false)
	}
	select {
	case <-c.b.c.done:
		return nil // with the browser its contexts are gone
	default:
	}
	if err == nil {
		err = c.b.intercepting(ctx)
	}
	if err != nil {
		return fmt.Errorf("closing the session of the browser: %w", err)
	}
	return nil
}
