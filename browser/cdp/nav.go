package cdp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

type navigatedFrame struct {
	ID, ParentID, Name, LoaderID, URL, URLFragment, UnreachableURL string
}

type navigatedEvent struct{ Frame navigatedFrame }

// navigated notes a document that has come.
func (t *tab) navigated(s *session, e navigatedEvent) {
	w := browser.Went{URL: e.Frame.URL + e.Frame.URLFragment}
	t.Update(func() {
		f := t.frameOf(e.Frame.ID, e.Frame.ParentID, s)
		t.Empty(f.ID)
		f.Driver.s, f.Name, f.Failed = s, e.Frame.Name, e.Frame.UnreachableURL
		t.Came(f, e.Frame.LoaderID, w.URL)
		if t.Last != nil && t.Last.Loader == f.Loader {
			w.Kind, w.Asked = t.Last.Kind, t.Last.Asked
		}
	})
	if e.Frame.ID == t.ID() {
		t.went(w)
	}
}

func (t *tab) within(e struct{ FrameID, URL string }) {
	t.Update(func() {
		if f := t.Frame(e.FrameID); f != nil {
			t.Within(f, "", e.URL)
		}
	})
	if e.FrameID == t.ID() {
		t.went(browser.Went{URL: e.URL, Same: true})
	}
}

type requestedEvent struct{ FrameID, URL, Disposition, Reason string }

// requested notes that the page asked to go elsewhere; it may come to nothing.
func (t *tab) requested(e requestedEvent) {
	if e.Disposition != "" && e.Disposition != "currentTab" || e.FrameID != t.ID() || strings.HasPrefix(e.URL, "javascript:") {
		return
	}
	t.Update(func() { t.Wants(e.URL) })
}

type startsEvent struct{ FrameID, URL, LoaderID, NavigationType string }

func (t *tab) starts(e startsEvent) {
	if e.FrameID != t.ID() || strings.Contains(strings.ToLower(e.NavigationType), "samedocument") {
		return
	}
	t.Update(func() { t.Starts(e.LoaderID, e.URL, e.NavigationType) })
}

// stopped notes that loading ended; a navigation that has not arrived by then does not arrive.
func (t *tab) stopped(e struct{ FrameID string }) {
	t.Update(func() {
		if e.FrameID == t.ID() && t.Next != nil && t.Next.Begun {
			t.Fails(t.Next.Loader, follow.ErrCanceled)
			t.Next = nil
		}
	})
}

type lifecycleEvent struct{ FrameID, LoaderID, Name string }

func (t *tab) lifecycle(e lifecycleEvent) {
	l, ok := map[string]browser.Load{"DOMContentLoaded": browser.Parsed, "load": browser.Loaded, "networkIdle": browser.Idle}[e.Name]
	if !ok {
		return
	}
	t.Update(func() {
		if f := t.Frame(e.FrameID); f != nil && (f.Loader == e.LoaderID || f.Loader == "") {
			f.Loader = e.LoaderID
			f.Reached = max(f.Reached, l)
		}
	})
}

// canceled is the protocol's word for a navigation that ended without an answer to show.
const canceled = "net::ERR_ABORTED"

// failure is an error of the network.
func failure(code string) error {
	if code == canceled {
		return follow.ErrCanceled
	}
	return errors.New(plain(code))
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
	downloads := t.Began()
	var r struct {
		LoaderID, ErrorText string
		IsDownload          bool
	}
	err := t.call(ctx, t.s, "Page.navigate", t.c.navigation(url), &r)
	g := browser.Going{Frame: t.ID(), Loader: r.LoaderID, URL: url, Same: r.LoaderID == ""}
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
		return g, t.NoPage(ctx, downloads, r.LoaderID)
	case r.ErrorText != "":
		return g, errors.New(plain(r.ErrorText))
	}
	return g, nil
}

// Reload implements browser.Tab.
func (t *tab) Reload(ctx context.Context) (browser.Going, error) {
	t.Update(func() {
		t.Next = &follow.Going{URL: t.Own().URL, Since: time.Now().Add(10 * time.Second), Ours: true}
	})
	for {
		err := t.call(ctx, t.s, "Page.reload", nil, nil)
		if err == nil {
			return browser.Going{Frame: t.ID()}, nil
		}
		if !strings.Contains(err.Error(), "Not attached to an active page") {
			return browser.Going{}, err
		}
		select { // the document is just giving way to another
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return browser.Going{}, ctx.Err()
		case <-t.Gone():
			return browser.Going{}, browser.ErrGone
		}
	}
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
	t.Update(func() { t.Next = &follow.Going{URL: h.Entries[i].URL, Since: time.Now()} })
	if err := t.call(ctx, t.s, "Page.navigateToHistoryEntry", map[string]any{"entryId": h.Entries[i].ID}, nil); err != nil {
		return browser.Going{}, true, err
	}
	return browser.Going{Frame: t.ID(), URL: h.Entries[i].URL}, true, nil
}
