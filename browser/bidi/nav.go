package bidi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

// navigation is what the events of documents have.
type navigation struct {
	Context, Navigation, URL, Message string
}

func (e navigation) context() string { return e.Context }

// canceled is the protocol's word for a navigation that ended without an answer to show.
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
		t.Update(func() {
			if f := t.Frame(e.Source.Context); f != nil {
				f.Name = name
			}
		})
	}
	// That the page asks to go elsewhere may come to nothing.
	if url, ok := strings.CutPrefix(s, "goes:"); ok && e.Source.Context == t.ID() && !strings.HasPrefix(url, "javascript:") {
		t.Update(func() {
			if t.Next == nil || !t.Next.Begun {
				t.Wants(url)
			}
		})
	}
}

// starts notes a navigation that has begun.
func (t *tab) starts(e navigation) {
	if e.Context != t.ID() {
		return
	}
	t.Update(func() { t.Starts(e.Navigation, e.URL, "") })
}

// navigated notes a document that has come.
func (t *tab) navigated(e navigation) {
	t.Update(func() {
		if f := t.Frame(e.Context); f != nil {
			t.Came(f, e.Navigation, e.URL)
		}
	})
}

// reaches notes how far a document has come.
func (t *tab) reaches(e navigation, l browser.Load) {
	t.Update(func() {
		f := t.Frame(e.Context)
		if f == nil {
			return
		}
		if f.Loader != e.Navigation && e.Navigation != "" {
			if f.Loader != "" && (f.ID != t.ID() || t.Next == nil || t.Next.Loader != e.Navigation) {
				return // of a document that has gone
			}
			t.Came(f, e.Navigation, e.URL)
		}
		f.Reached = max(f.Reached, l)
	})
}

// failed notes that a navigation brings no document.
func (t *tab) failed(e navigation) {
	if e.Context != t.ID() {
		return
	}
	t.Update(func() { t.fails(e.Navigation, failure(codeOf(e.Message))) })
}

// fails notes why a navigation brings no document. Call it with the lock held.
func (t *tab) fails(loader string, why error) {
	if loader == "" || t.Own().Loader == loader {
		return
	}
	t.Fails(loader, why)
	if t.Next != nil && t.Next.Loader == loader {
		t.Next = nil
	}
}

// within notes that the address has changed and the document has stayed.
func (t *tab) within(e navigation) {
	t.Update(func() {
		if f := t.Frame(e.Context); f != nil {
			t.Within(f, e.Navigation, e.URL)
		}
	})
}

// Settled implements browser.Tab. Firefox does not tell when a page is idle.
func (t *tab) Settled(ctx context.Context, g browser.Going, l browser.Load) (browser.Arrival, error) {
	a, err := t.Tab.Settled(ctx, g, min(l, browser.Loaded))
	if l == browser.Idle && err == nil && !a.Download {
		err = t.Quiet(ctx, idleTime)
	}
	return a, err
}

var errorCode = regexp.MustCompile(`(NS|SEC|SSL|MOZILLA_PKIX)_\w+`)

func codeOf(message string) string { return errorCode.FindString(message) }

// failure is an error of the network; one without a code tells of no more than that there is no document.
func failure(code string) error {
	if code == "" || code == canceled {
		return follow.ErrCanceled
	}
	return errors.New(plain(code))
}

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
	return t.load(ctx, url, "browsingContext.navigate", params{"context": t.ID(), "url": url, "wait": "none"})
}

// Reload implements browser.Tab.
func (t *tab) Reload(ctx context.Context) (browser.Going, error) {
	return t.load(ctx, t.Frames()[0].URL, "browsingContext.reload", params{"context": t.ID(), "wait": "none"})
}

// load makes a call that brings a document, and answers when the document has begun to come.
func (t *tab) load(ctx context.Context, url, method string, p params) (browser.Going, error) {
	downloads := t.Began()
	t.Lock()
	before := t.Last
	t.Unlock()
	var r struct{ Navigation string }
	err := t.call(ctx, method, p, &r)
	g := browser.Going{Frame: t.ID(), Loader: r.Navigation, URL: url}
	var e *refusal
	switch {
	case err == nil:
		g.Same = t.Stays(r.Navigation)
		return g, nil
	case isRefused(err, "invalid argument"):
		return g, fmt.Errorf("%q is no address; it begins with http:// or https://", url)
	case !errors.As(err, &e):
		return g, t.vanished(err)
	}
	t.Lock()
	if t.Last != nil && t.Last != before {
		g.Loader = t.Last.Loader
		t.fails(g.Loader, follow.ErrCanceled)
	}
	why := t.Failure(g.Loader)
	t.Unlock()
	if code := codeOf(e.Message); code != "" && (why == nil || errors.Is(why, follow.ErrCanceled)) {
		why = failure(code)
	}
	switch {
	case why == nil:
		return g, t.vanished(err)
	case errors.Is(why, follow.ErrCanceled):
		g.Same = true
		return g, t.NoPage(ctx, downloads, g.Loader)
	}
	return g, why
}

// History implements browser.Tab.
func (t *tab) History(ctx context.Context, by int) (browser.Going, bool, error) {
	t.Update(func() { t.Next = &follow.Going{Since: time.Now()} })
	err := t.call(ctx, "browsingContext.traverseHistory", params{"context": t.ID(), "delta": by}, nil)
	if err != nil {
		t.Update(func() {
			if t.Next != nil && !t.Next.Begun {
				t.Next = nil
			}
		})
		if isRefused(err, "no such history entry") {
			return browser.Going{}, false, nil
		}
		return browser.Going{}, true, t.vanished(err)
	}
	return browser.Going{Frame: t.ID()}, true, nil
}

// Visits implements browser.Tab: those that the page itself may know of, which are of its own site.
func (t *tab) Visits(ctx context.Context) (list []browser.Visit, current int, err error) {
	var h struct {
		At      int
		Entries []string
	}
	if err := t.Eval(ctx, t.ID(), "({at: navigation.currentEntry.index, entries: navigation.entries().map(e => e.url || '')})", &h); err != nil {
		return nil, 0, err
	}
	for i, url := range h.Entries {
		list = append(list, browser.Visit{ID: i, URL: url})
	}
	return list, h.At, nil
}
