package bidi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// navigation is what the events of documents have.
type navigation struct {
	Context, Navigation, URL, Message string
}

func (e navigation) context() string { return e.Context }

// canceled is the reason of a navigation that ended without an answer to show: an empty answer, a download, or the
// page that stopped it.
const canceled = "NS_BINDING_ABORTED"

// idleTime is how long no request may be under way for a page to be idle.
const idleTime = 500 * time.Millisecond

type messageEvent struct {
	Channel string
	Data    remoteValue
	Source  struct{ Context string }
}

// told takes what a script of the library's world says.
func (t *tab) told(e messageEvent) {
	var s string
	if e.Channel != channel || e.Data.Type != "string" || json.Unmarshal(e.Data.Value, &s) != nil {
		return
	}
	if name, ok := strings.CutPrefix(s, "name:"); ok {
		t.update(func() {
			if f := t.frame(e.Source.Context); f != nil {
				f.name = name
			}
		})
	}
	// That the page asks to go elsewhere may come to nothing.
	if url, ok := strings.CutPrefix(s, "goes:"); ok && e.Source.Context == t.id && !strings.HasPrefix(url, "javascript:") {
		t.update(func() {
			if t.next == nil || !t.next.begun {
				t.next = &going{url: url, since: time.Now(), from: t.frame(t.id).loader, loads: t.loads}
			}
		})
	}
}

// starts notes a navigation that has begun.
func (t *tab) starts(e navigation) {
	if e.Context != t.id {
		return
	}
	t.update(func() {
		f := t.frame(t.id)
		if f.loader == e.Navigation || t.same[e.Navigation] || t.failures[e.Navigation] != "" {
			return
		}
		g := going{loader: e.Navigation, url: e.URL, since: time.Now(), begun: true, from: f.loader, loads: t.loads}
		if t.next != nil && !t.next.begun {
			g.loads = t.next.loads
		}
		t.next, t.last = &g, &g
	})
}

// navigated notes a document that has come.
func (t *tab) navigated(e navigation) {
	t.update(func() {
		f := t.frame(e.Context)
		if f == nil {
			return
		}
		f.url, f.loader, f.reached = e.URL, e.Navigation, browser.Committed
		if f.id != t.id {
			return
		}
		begun := time.Now()
		if t.last != nil && t.last.loader == f.loader {
			begun = t.last.since
		}
		if t.next != nil && (t.next.loader == "" || t.next.loader == f.loader) {
			t.next = nil
		}
		for l := range t.status {
			if l != f.loader && (t.next == nil || l != t.next.loader) {
				delete(t.status, l)
			}
		}
		for id, r := range t.open { // what the document that was there had begun
			if r.loader != f.loader && r.since.Before(begun) {
				delete(t.open, id)
			}
		}
		if len(t.open) == 0 {
			t.quiet = time.Now()
		}
	})
}

// reaches notes how far a document has come.
func (t *tab) reaches(e navigation, l browser.Load) {
	t.update(func() {
		f := t.frame(e.Context)
		if f == nil {
			return
		}
		if f.loader != e.Navigation && e.Navigation != "" {
			if f.loader != "" && (f.id != t.id || t.next == nil || t.next.loader != e.Navigation) {
				return // of a document that has gone
			}
			f.loader, f.url, f.reached = e.Navigation, e.URL, browser.Committed
			if f.id == t.id {
				t.next = nil
			}
		}
		f.reached = max(f.reached, l)
	})
}

// failed notes that a navigation brings no document.
func (t *tab) failed(e navigation) {
	if e.Context != t.id {
		return
	}
	why := canceled
	if code := codeOf(e.Message); code != "" {
		why = code
	}
	t.update(func() { t.fails(e.Navigation, why) })
}

// fails notes why a navigation brings no document. Call it under mu.
func (t *tab) fails(loader, why string) {
	if loader == "" || t.frame(t.id).loader == loader {
		return
	}
	if old := t.failures[loader]; old == "" || old == canceled {
		t.failures[loader] = why
	}
	if t.next != nil && t.next.loader == loader {
		t.next = nil
	}
}

// within notes that the address has changed and the document has stayed.
func (t *tab) within(e navigation) {
	t.update(func() {
		f := t.frame(e.Context)
		if f == nil {
			return
		}
		f.url = e.URL
		if f.id != t.id {
			return
		}
		if e.Navigation != "" {
			t.same[e.Navigation] = true
		}
		if t.next != nil && (t.next.loader == "" || t.next.loader == e.Navigation) {
			t.next = nil
		}
	})
}

// startLimit is how long a navigation that the page asked for may take to begin.
const startLimit = time.Second

// Underway implements browser.Tab.
func (t *tab) Underway(since time.Time) (browser.Going, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next != nil && !t.next.begun && time.Since(t.next.since) > startLimit {
		t.next = nil
	}
	if t.next != nil {
		return browser.Going{Frame: t.id, Loader: t.next.loader, URL: t.next.url, From: t.next.from}, true
	}
	if g := t.last; g != nil && !since.IsZero() && g.since.After(since) {
		return browser.Going{Frame: t.id, Loader: g.loader, URL: g.url, From: g.from}, true
	}
	f := t.frame(t.id)
	if f.loader != "" && f.reached < browser.Parsed && !strings.HasPrefix(f.url, "about:blank") {
		return browser.Going{Frame: t.id, Loader: f.loader, URL: f.url}, true
	}
	return browser.Going{}, false
}

// Settled implements browser.Tab. A document that gives way to another before it is read, as one that redirects by
// script, is followed.
func (t *tab) Settled(ctx context.Context, g browser.Going, l browser.Load) (browser.Arrival, error) {
	if l == browser.Idle {
		a, err := t.settled(ctx, g, browser.Loaded)
		if err == nil && !a.Download {
			err = t.Quiet(ctx, idleTime)
		}
		return a, err
	}
	return t.settled(ctx, g, l)
}

func (t *tab) settled(ctx context.Context, g browser.Going, l browser.Load) (browser.Arrival, error) {
	t.mu.Lock()
	loads := t.loads
	t.mu.Unlock()
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	for {
		t.mu.Lock()
		f, changed := t.frame(t.id), t.changed
		if t.next != nil && !t.next.begun && time.Since(t.next.since) > startLimit {
			t.next = nil
		}
		if t.last != nil && g.Loader == "" && !g.Same && g.From != "" && t.last.from == g.From {
			g.Loader = t.last.loader // it has begun meanwhile
		}
		if t.last != nil && g.Loader == t.last.loader {
			loads = t.last.loads
		}
		g.Same = g.Same || t.same[g.Loader]
		why := t.failures[g.Loader]
		a := browser.Arrival{URL: f.url, Status: t.status[f.loader], Download: t.loads > loads}
		arrived := t.next == nil && f.reached >= l && (g.Loader == "" || g.Same || f.loader == g.Loader || why == "" && f.reached >= browser.Parsed && f.loader != "")
		other := t.next != nil && g.Loader != "" && t.next.loader != "" && t.next.loader != g.Loader
		stayed := t.next == nil && g.Loader == "" && !g.Same && g.From != "" && f.loader == g.From
		t.mu.Unlock()
		switch {
		case t.isGone():
			return a, browser.ErrGone
		case stayed:
			return a, browser.ErrStayed
		case why == canceled && a.Download:
			return a, nil
		case why == canceled && !other:
			if err := t.noArrival(ctx, loads, g.Loader); err != nil {
				return a, err
			}
			a.Download = true
			return a, nil
		case why != "" && why != canceled:
			return a, errors.New(plain(why))
		case arrived:
			return a, nil
		}
		select {
		case <-changed:
		case <-limit.C:
		case <-ctx.Done():
			return a, ctx.Err()
		case <-t.gone:
		case <-t.c.b.c.done:
		}
	}
}

// noArrival says why a navigation showed no page, once it is clear whether it was a download.
func (t *tab) noArrival(ctx context.Context, loads int, loader string) error {
	until := time.NewTimer(2 * time.Second)
	defer until.Stop()
	for {
		t.mu.Lock()
		down, empty, changed := t.loads > loads, t.status[loader] == http.StatusNoContent || t.status[loader] == http.StatusResetContent, t.changed
		t.mu.Unlock()
		switch {
		case down:
			return nil
		case empty:
			return browser.ErrNoPage
		case t.isGone():
			return browser.ErrGone
		}
		select {
		case <-changed:
		case <-until.C:
			return browser.ErrNoPage
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errorCode = regexp.MustCompile(`(NS|SEC|SSL|MOZILLA_PKIX)_\w+`)

func codeOf(message string) string { return errorCode.FindString(message) }

// plain says an error of the network in words.
func plain(code string) string {
	words := map[string]string{
		"NS_ERROR_UNKNOWN_HOST": "no machine of that name is known", "NS_ERROR_CONNECTION_REFUSED": "nothing answers there",
		"NS_ERROR_OFFLINE": "this machine has no network", "NS_ERROR_REDIRECT_LOOP": "it redirects without end",
		"SEC_ERROR_UNKNOWN_ISSUER": "its certificate is signed by nobody known", "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT": "its certificate is signed by nobody known",
		"SEC_ERROR_EXPIRED_CERTIFICATE": "its certificate has expired", "SSL_ERROR_BAD_CERT_DOMAIN": "its certificate is for another name",
		"NS_ERROR_NET_TIMEOUT": "it does not answer in time", "NS_ERROR_NET_RESET": "the connection was cut", "NS_ERROR_NET_EMPTY_RESPONSE": "it closed the connection without an answer",
		"NS_ERROR_PROXY_CONNECTION_REFUSED": "its proxy does not answer, or it may not be reached from here", "NS_ERROR_UNKNOWN_PROTOCOL": "no program shows addresses of that kind",
		"NS_ERROR_NET_INTERRUPT": "the connection was cut", canceled: "it was cancelled", "NS_ERROR_ABORT": "it was blocked",
	}
	if w, ok := words[code]; ok {
		return w + " (" + code + ")"
	}
	return code
}

// Navigate implements browser.Tab.
func (t *tab) Navigate(ctx context.Context, url string) (browser.Going, error) {
	return t.load(ctx, url, "browsingContext.navigate", params{"context": t.id, "url": url, "wait": "none"})
}

// Reload implements browser.Tab.
func (t *tab) Reload(ctx context.Context) (browser.Going, error) {
	return t.load(ctx, t.Frames()[0].URL, "browsingContext.reload", params{"context": t.id, "wait": "none"})
}

// load makes a call that brings a document, and answers when the document has begun to come.
func (t *tab) load(ctx context.Context, url, method string, p params) (browser.Going, error) {
	t.mu.Lock()
	loads, before := t.loads, t.last
	t.mu.Unlock()
	var r struct{ Navigation string }
	err := t.call(ctx, method, p, &r)
	g := browser.Going{Frame: t.id, Loader: r.Navigation, URL: url}
	var e *refusal
	switch {
	case err == nil:
		t.mu.Lock()
		g.Same = t.same[r.Navigation]
		t.mu.Unlock()
		return g, nil
	case isRefused(err, "invalid argument"):
		return g, fmt.Errorf("%q is no address; it begins with http:// or https://", url)
	case !errors.As(err, &e):
		return g, t.vanished(err)
	}
	t.mu.Lock()
	if t.last != nil && t.last != before {
		g.Loader = t.last.loader
		t.fails(g.Loader, canceled)
	}
	why := t.failures[g.Loader]
	t.mu.Unlock()
	if code := codeOf(e.Message); code != "" && (why == "" || why == canceled) {
		why = code
	}
	if why == canceled {
		g.Same = true
		return g, t.noArrival(ctx, loads, g.Loader)
	}
	if why == "" {
		return g, t.vanished(err)
	}
	return g, errors.New(plain(why))
}

// History implements browser.Tab.
func (t *tab) History(ctx context.Context, by int) (browser.Going, bool, error) {
	t.update(func() { t.next = &going{since: time.Now(), loads: t.loads} })
	err := t.call(ctx, "browsingContext.traverseHistory", params{"context": t.id, "delta": by}, nil)
	if err != nil {
		t.update(func() {
			if t.next != nil && !t.next.begun {
				t.next = nil
			}
		})
		if isRefused(err, "no such history entry") {
			return browser.Going{}, false, nil
		}
		return browser.Going{}, true, t.vanished(err)
	}
	return browser.Going{Frame: t.id}, true, nil
}

// Visits implements browser.Tab: those that the page itself may know of, which are of its own site.
func (t *tab) Visits(ctx context.Context) (list []browser.Visit, current int, err error) {
	var h struct {
		At      int
		Entries []string
	}
	if err := t.Eval(ctx, t.id, "({at: navigation.currentEntry.index, entries: navigation.entries().map(e => e.url || '')})", &h); err != nil {
		return nil, 0, err
	}
	for i, url := range h.Entries {
		list = append(list, browser.Visit{ID: i, URL: url})
	}
	return list, h.At, nil
}

// Quiet implements browser.Tab.
func (t *tab) Quiet(ctx context.Context, d time.Duration) error {
	for {
		t.mu.Lock()
		n, since, changed := len(t.open), t.quiet, t.changed
		t.mu.Unlock()
		left := d - time.Since(since)
		if n == 0 && left <= 0 {
			return nil
		}
		wait := time.Hour
		if n == 0 {
			wait = left
		}
		select {
		case <-changed:
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		case <-t.gone:
			return browser.ErrGone
		}
	}
}
