package cdp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

type navigatedFrame struct {
	ID, ParentID, Name, LoaderID, URL, URLFragment, UnreachableURL string
}

type navigatedEvent struct{ Frame navigatedFrame }

// navigated notes a document that has come.
func (t *tab) navigated(s *session, e navigatedEvent) {
	var w browser.Went
	defer func() {
		if e.Frame.ID == t.id {
			t.went(w)
		}
	}()
	t.update(func() {
		f := t.frameOf(e.Frame.ID, e.Frame.ParentID, s)
		for _, c := range t.frames {
			if c.parent == f.id {
				defer t.remove(c.id)
			}
		}
		f.s, f.url, f.name, f.loader, f.failed = s, e.Frame.URL+e.Frame.URLFragment, e.Frame.Name, e.Frame.LoaderID, e.Frame.UnreachableURL
		f.reached = browser.Committed
		w.URL = f.url
		if t.last != nil && t.last.loader == f.loader {
			w.Kind, w.Asked = t.last.kind, t.last.asked
		}
		if f.id == t.id {
			if t.next != nil && (t.next.loader == "" || t.next.loader == f.loader) {
				t.next = nil
			}
			for l := range t.status {
				if l != f.loader && (t.next == nil || l != t.next.loader) {
					delete(t.status, l)
				}
			}
			for r, l := range t.open {
				if l != f.loader && (t.next == nil || l != t.next.loader) {
					delete(t.open, r)
				}
			}
		}
	})
}

func (t *tab) within(e struct{ FrameID, URL string }) {
	if e.FrameID == t.id {
		defer t.went(browser.Went{URL: e.URL, Same: true})
	}
	t.update(func() {
		if f := t.frame(e.FrameID); f != nil {
			f.url = e.URL
			if f.id == t.id && t.next != nil && t.next.loader == "" {
				t.next = nil
			}
		}
	})
}

type requestedEvent struct{ FrameID, URL, Disposition, Reason string }

// requested notes that the page asked to go elsewhere; it may come to nothing.
func (t *tab) requested(e requestedEvent) {
	if e.Disposition != "" && e.Disposition != "currentTab" || e.FrameID != t.id || strings.HasPrefix(e.URL, "javascript:") {
		return
	}
	t.update(func() { t.next = &going{url: e.URL, since: time.Now(), from: t.frame(t.id).loader, loads: t.loads} })
}

type startsEvent struct{ FrameID, URL, LoaderID, NavigationType string }

func (t *tab) starts(e startsEvent) {
	if e.FrameID != t.id || strings.Contains(strings.ToLower(e.NavigationType), "samedocument") {
		return
	}
	t.update(func() {
		if f := t.frame(t.id); f.loader == e.LoaderID {
			return
		}
		g := going{loader: e.LoaderID, url: e.URL, since: time.Now(), begun: true, from: t.frame(t.id).loader, loads: t.loads, kind: e.NavigationType}
		if t.next != nil && !t.next.begun {
			g.loads, g.asked = t.next.loads, true
		}
		t.next, t.last = &g, &g
	})
}

// stopped notes that loading ended; a navigation that has not arrived by then does not arrive.
func (t *tab) stopped(e struct{ FrameID string }) {
	t.update(func() {
		if e.FrameID == t.id && t.next != nil && t.next.begun {
			if _, ok := t.failures[t.next.loader]; !ok {
				t.failures[t.next.loader] = canceled
			}
			t.next = nil
		}
	})
}

// canceled is the reason of a navigation that ended without an answer to show: an empty answer, a download, or the
// page that stopped it.
const canceled = "net::ERR_ABORTED"

type lifecycleEvent struct{ FrameID, LoaderID, Name string }

func (t *tab) lifecycle(e lifecycleEvent) {
	l, ok := map[string]browser.Load{"DOMContentLoaded": browser.Parsed, "load": browser.Loaded, "networkIdle": browser.Idle}[e.Name]
	if !ok {
		return
	}
	t.update(func() {
		if f := t.frame(e.FrameID); f != nil && (f.loader == e.LoaderID || f.loader == "") {
			f.loader = e.LoaderID
			f.reached = max(f.reached, l)
		}
	})
}

type requestEvent struct {
	RequestID, LoaderID, Type, FrameID string
	Timestamp, WallTime                float64
	Request                            struct{ URL, Method string }
	RedirectResponse                   *struct {
		Status            int
		MimeType          string
		EncodedDataLength float64
	}
}

func (t *tab) request(e requestEvent) {
	t.mu.Lock()
	t.traffic.begins(e)
	t.mu.Unlock()
	if e.Type == "EventSource" || e.Type == "WebSocket" || e.Type == "Ping" {
		return // they stay open for as long as the page does
	}
	t.update(func() { t.open[e.RequestID] = e.LoaderID })
}

type responseEvent struct {
	RequestID, LoaderID, Type, FrameID string
	Response                           struct {
		Status        int
		URL, MimeType string
		FromDiskCache bool
	}
}

// maxAnswers bounds the answers that a tab remembers.
const maxAnswers = 256

func (t *tab) response(e responseEvent) {
	t.update(func() {
		t.traffic.answered(e)
		t.answered++
		if len(t.answers) == maxAnswers {
			t.answers = slices.Delete(t.answers, 0, maxAnswers/2)
		}
		t.answers = append(t.answers, browser.Response{N: t.answered, URL: e.Response.URL, Status: e.Response.Status})
	})
	if e.Type != "Document" || e.FrameID != t.id {
		return
	}
	t.update(func() { t.status[e.LoaderID] = e.Response.Status })
}

// Responses implements browser.Tab.
func (t *tab) Responses() []browser.Response {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.answers)
}

type loadingEvent struct {
	RequestID, Type, ErrorText, BlockedReason string
	Timestamp, EncodedDataLength              float64
}

func (t *tab) finished(e loadingEvent) {
	t.update(func() {
		t.traffic.ends(e)
		delete(t.open, e.RequestID)
		if len(t.open) == 0 {
			t.quiet = time.Now()
		}
		if e.ErrorText == "" || e.Type != "Document" {
			return
		}
		if t.next != nil && t.next.loader == e.RequestID || t.frame(t.id).loader == e.RequestID {
			t.failures[e.RequestID] = e.ErrorText
		}
	})
}

// downloading notes that a navigation became a download.
func (t *tab) downloading(string) { t.update(func() { t.loads++ }) }

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
		why, failed := t.failures[g.Loader]
		a := browser.Arrival{URL: f.url, Status: t.status[f.loader], Download: t.loads > loads}
		arrived := t.next == nil && f.reached >= l && (g.Loader == "" || g.Same || f.loader == g.Loader || f.reached >= browser.Parsed && f.loader != "" && t.gave(g.Loader))
		unreachable := f.failed
		other := t.next != nil && g.Loader != "" && t.next.loader != "" && t.next.loader != g.Loader
		stayed := t.next == nil && g.Loader == "" && !g.Same && g.From != "" && f.loader == g.From
		t.mu.Unlock()
		switch {
		case t.isGone():
			return a, browser.ErrGone
		case stayed:
			return a, browser.ErrStayed
		case failed && why == canceled && a.Download:
			return a, nil
		case failed && why == canceled && !other:
			if err := t.noArrival(ctx, loads, g.Loader); err != nil {
				return a, err
			}
			a.Download = true
			return a, nil
		case failed && why != canceled:
			return a, errors.New(plain(why))
		case arrived && unreachable != "" && (f.loader == g.Loader || g.Loader == "" && !g.Same):
			return a, errors.New("the address could not be reached")
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

// gave reports whether a document of the loader has come and gone again. Call it under mu.
func (t *tab) gave(loader string) bool {
	f := t.frame(t.id)
	return f.loader != loader && t.failures[loader] == "" && t.next == nil
}

// noArrival says why a navigation showed no page, once it is clear whether it was a download.
func (t *tab) noArrival(ctx context.Context, loads int, loader string) error {
	until := time.Now().Add(2 * time.Second)
	for time.Now().Before(until) && ctx.Err() == nil {
		t.mu.Lock()
		down, empty, changed := t.loads > loads, t.status[loader] == http.StatusNoContent || t.status[loader] == http.StatusResetContent, t.changed
		t.mu.Unlock()
		if down {
			return nil
		}
		if empty {
			break
		}
		if t.isGone() {
			return browser.ErrGone
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond):
		}
	}
	return browser.ErrNoPage
}

// plain says an error of the network in words.
func plain(code string) string {
	words := map[string]string{
		"net::ERR_NAME_NOT_RESOLVED": "no machine of that name is known", "net::ERR_CONNECTION_REFUSED": "nothing answers there",
		"net::ERR_INTERNET_DISCONNECTED": "this machine has no network", "net::ERR_TOO_MANY_REDIRECTS": "it redirects without end",
		"net::ERR_CERT_AUTHORITY_INVALID": "its certificate is signed by nobody known", "net::ERR_CERT_DATE_INVALID": "its certificate has expired or is not valid yet",
		"net::ERR_CERT_COMMON_NAME_INVALID": "its certificate is for another name", "net::ERR_CONNECTION_TIMED_OUT": "it does not answer in time",
		"net::ERR_CONNECTION_RESET": "the connection was cut", "net::ERR_EMPTY_RESPONSE": "it closed the connection without an answer",
		"net::ERR_INVALID_AUTH_CREDENTIALS": "it refuses the user name, or wants one", "net::ERR_ABORTED": "it was cancelled",
	}
	if w, ok := words[code]; ok {
		return w + " (" + code + ")"
	}
	return code
}

// Navigate implements browser.Tab.
func (t *tab) Navigate(ctx context.Context, url string) (browser.Going, error) {
	t.mu.Lock()
	loads := t.loads
	t.mu.Unlock()
	var r struct {
		LoaderID, ErrorText string
		IsDownload          bool
	}
	err := t.call(ctx, t.s, "Page.navigate", t.c.navigation(url), &r)
	g := browser.Going{Frame: t.id, Loader: r.LoaderID, URL: url, Same: r.LoaderID == ""}
	switch {
	case err != nil && strings.Contains(err.Error(), "invalid URL"):
		return g, fmt.Errorf("%q is no address; it begins with http:// or https://", url)
	case err != nil:
		return g, err
	case r.IsDownload:
		g.Same = true
		return g, nil
	case r.ErrorText == canceled:
		g.Same = true
		return g, t.noArrival(ctx, loads, r.LoaderID)
	case r.ErrorText != "":
		return g, errors.New(plain(r.ErrorText))
	}
	return g, nil
}

// Reload implements browser.Tab.
func (t *tab) Reload(ctx context.Context) (browser.Going, error) {
	t.update(func() {
		f := t.frame(t.id)
		t.next = &going{url: f.url, since: time.Now().Add(10 * time.Second)}
	})
	if err := t.call(ctx, t.s, "Page.reload", nil, nil); err != nil {
		return browser.Going{}, err
	}
	return browser.Going{Frame: t.id}, nil
}

// History implements browser.Tab.
func (t *tab) History(ctx context.Context, by int) (browser.Going, bool, error) {
	var h struct {
		CurrentIndex int
		Entries      []struct {
			ID  int
			URL string
		}
	}
	if err := t.call(ctx, t.s, "Page.getNavigationHistory", nil, &h); err != nil {
		return browser.Going{}, false, err
	}
	i := h.CurrentIndex + by
	if i < 0 || i >= len(h.Entries) {
		return browser.Going{}, false, nil
	}
	t.update(func() { t.next = &going{url: h.Entries[i].URL, since: time.Now()} })
	if err := t.call(ctx, t.s, "Page.navigateToHistoryEntry", map[string]any{"entryId": h.Entries[i].ID}, nil); err != nil {
		return browser.Going{}, true, err
	}
	return browser.Going{Frame: t.id, URL: h.Entries[i].URL}, true, nil
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
