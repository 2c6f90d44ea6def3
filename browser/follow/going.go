package follow

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// ErrCanceled is why a navigation failed that ended without an answer to show: an empty answer, a download, or the page
// that stopped it.
var ErrCanceled = errors.New("it was cancelled")

// startLimit is how long a navigation that the page asked for may take to begin.
const startLimit = time.Second

// downloadLimit is how long a navigation without a page may take to become a download.
const downloadLimit = 2 * time.Second

// Going is a navigation of the page's own document.
type Going struct {
	Loader, URL string
	From        string // the document that was there
	Since       time.Time
	Begun       bool
	Ours        bool   // wanted over the protocol, and not by the page
	Asked       bool   // by the page
	Kind        string // as the protocol names it

	downloads int // that had begun before
}

// Wants notes that the page asked to go elsewhere, or that it was told to; it may come to nothing. Call it with the lock
// held.
func (t *Tab[D]) Wants(url string) {
	t.Next = &Going{URL: url, Since: time.Now(), From: t.Own().Loader, downloads: t.downloads}
}

// Starts notes a navigation of the page's own document that has begun. Call it with the lock held.
func (t *Tab[D]) Starts(loader, url, kind string) {
	from := t.Own().Loader
	if from == loader || t.same[loader] || t.failures[loader] != nil {
		return
	}
	g := &Going{Loader: loader, URL: url, Kind: kind, Since: time.Now(), Begun: true, From: from, downloads: t.downloads}
	if t.Next != nil && !t.Next.Begun {
		g.downloads, g.Asked = t.Next.downloads, !t.Next.Ours
	}
	t.Next, t.Last = g, g
}

// Came notes that a frame has another document. Call it with the lock held.
func (t *Tab[D]) Came(f *Frame[D], loader, url string) {
	f.URL, f.Loader, f.Reached = url, loader, browser.Committed
	if f.ID != t.id {
		return
	}
	begun := time.Now()
	if t.Last != nil && t.Last.Loader == loader {
		begun = t.Last.Since
	}
	if t.Next != nil && (t.Next.Loader == "" || t.Next.Loader == loader) {
		t.Next = nil
	}
	other := func(l string) bool { return l != loader && (t.Next == nil || l != t.Next.Loader) }
	for l := range t.status {
		if other(l) {
			delete(t.status, l)
		}
	}
	for id, r := range t.open { // what the document that was there had begun
		if other(r.loader) && (t.named || r.since.Before(begun)) {
			delete(t.open, id)
		}
	}
	if len(t.open) == 0 {
		t.quiet = time.Now()
	}
}

// Within notes that the address of a frame has changed and its document has stayed; an empty loader is not known. Call
// it with the lock held.
func (t *Tab[D]) Within(f *Frame[D], loader, url string) {
	f.URL = url
	if f.ID != t.id {
		return
	}
	if loader != "" {
		t.same[loader] = true
	}
	if t.Next != nil && (t.Next.Loader == "" || t.Next.Loader == loader) {
		t.Next = nil
	}
}

// Stays reports whether a navigation has stayed in the document.
func (t *Tab[D]) Stays(loader string) bool {
	t.Lock()
	defer t.Unlock()
	return t.same[loader]
}

// Fails notes why a navigation brings no document; that it was cancelled tells the least. Call it with the lock held.
func (t *Tab[D]) Fails(loader string, why error) {
	if old := t.failures[loader]; old == nil || errors.Is(old, ErrCanceled) {
		t.failures[loader] = why
	}
}

// Failure is why a navigation brought no document, nil if nothing is known. Call it with the lock held.
func (t *Tab[D]) Failure(loader string) error { return t.failures[loader] }

// Downloads notes that a navigation became a download. Call it with the lock held.
func (t *Tab[D]) Downloads() { t.downloads++ }

// Began is how many downloads the page has begun.
func (t *Tab[D]) Began() int {
	t.Lock()
	defer t.Unlock()
	return t.downloads
}

// forget gives up a navigation that the page asked for and that has not begun in time. Call it with the lock held.
func (t *Tab[D]) forget() {
	if t.Next != nil && !t.Next.Begun && time.Since(t.Next.Since) > startLimit {
		t.Next = nil
	}
}

// Underway implements browser.Tab.
func (t *Tab[D]) Underway(since time.Time) (browser.Going, bool) {
	t.Lock()
	defer t.Unlock()
	t.forget()
	if t.Next != nil {
		return browser.Going{Frame: t.id, Loader: t.Next.Loader, URL: t.Next.URL, From: t.Next.From}, true
	}
	if g := t.Last; g != nil && !since.IsZero() && g.Since.After(since) {
		return browser.Going{Frame: t.id, Loader: g.Loader, URL: g.URL, From: g.From}, true
	}
	f := t.Own()
	if f.Loader != "" && f.Reached < browser.Parsed && !strings.HasPrefix(f.URL, "about:blank") {
		return browser.Going{Frame: t.id, Loader: f.Loader, URL: f.URL}, true
	}
	return browser.Going{}, false
}

// Settled implements browser.Tab. A document that gives way to another before it is read, as one that redirects by
// script, is followed.
func (t *Tab[D]) Settled(ctx context.Context, g browser.Going, l browser.Load) (browser.Arrival, error) {
	downloads := t.Began()
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	for {
		t.Lock()
		f, changed := t.Own(), t.changed
		t.forget()
		if t.Last != nil && g.Loader == "" && !g.Same && g.From != "" && t.Last.From == g.From {
			g.Loader = t.Last.Loader // it has begun meanwhile
		}
		if t.Last != nil && g.From != "" && t.Last.From == g.From && errors.Is(t.failures[g.Loader], ErrCanceled) {
			g.Loader = t.Last.Loader // it was cancelled for another
		}
		if t.Last != nil && g.Loader == t.Last.Loader {
			downloads = t.Last.downloads
		}
		g.Same = g.Same || t.same[g.Loader]
		why := t.failures[g.Loader]
		a := browser.Arrival{URL: f.URL, Status: t.status[f.Loader], Download: t.downloads > downloads}
		arrived := t.Next == nil && f.Reached >= l && (g.Loader == "" || g.Same || f.Loader == g.Loader || why == nil && f.Reached >= browser.Parsed && f.Loader != "")
		unreachable := f.Failed != "" && (f.Loader == g.Loader || g.Loader == "" && !g.Same)
		other := t.Next != nil && g.Loader != "" && t.Next.Loader != "" && t.Next.Loader != g.Loader
		stayed := t.Next == nil && g.Loader == "" && !g.Same && g.From != "" && f.Loader == g.From
		t.Unlock()
		canceled := errors.Is(why, ErrCanceled)
		switch {
		case t.IsGone():
			return a, browser.ErrGone
		case stayed:
			return a, browser.ErrStayed
		case canceled && a.Download:
			return a, nil
		case canceled && !other:
			if err := t.NoPage(ctx, downloads, g.Loader); err != nil {
				return a, err
			}
			a.Download = true
			return a, nil
		case why != nil && !canceled:
			return a, why
		case arrived && unreachable:
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
		case <-t.quits:
		}
	}
}

// NoPage says why a navigation showed no page, once it is clear whether it was a download: then it is nil. Before it
// the page had begun a number of downloads.
func (t *Tab[D]) NoPage(ctx context.Context, downloads int, loader string) error {
	until := time.NewTimer(downloadLimit)
	defer until.Stop()
	for {
		t.Lock()
		down, changed := t.downloads > downloads, t.changed
		empty := t.status[loader] == http.StatusNoContent || t.status[loader] == http.StatusResetContent
		t.Unlock()
		switch {
		case down:
			return nil
		case empty:
			return browser.ErrNoPage
		case t.IsGone():
			return browser.ErrGone
		}
		select {
		case <-changed:
		case <-until.C:
			return browser.ErrNoPage
		case <-ctx.Done():
			return ctx.Err()
		case <-t.quits:
		}
	}
}

// Quiet implements browser.Tab.
func (t *Tab[D]) Quiet(ctx context.Context, d time.Duration) error {
	for {
		t.Lock()
		n, since, changed := len(t.open), t.quiet, t.changed
		t.Unlock()
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
		case <-t.quits:
			return browser.ErrGone
		}
	}
}
