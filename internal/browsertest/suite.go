// Package browsertest holds what every driver of browsers must do the same way: what succeeds, what fails and as what.
package browsertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// Kit is a driver under test.
type Kit struct {
	// Started returns the browser that tests share, or skips the test where there is none.
	Started func(t *testing.T) browser.Browser
	// Tab, if it is given, is a page that tests may use one after the other, where opening one takes long.
	Tab func(t *testing.T) *browser.Page
	// Short is how long what fails may try; 0 is a second and a half.
	Short time.Duration
	// Drops says that the browser drags by its own means.
	Drops bool
}

// Suite runs what all drivers must do.
func Suite(t *testing.T, k Kit) {
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Click", k.click},
		{"ClickBesideAnAbandonedLook", k.clickBesideAnAbandonedLook},
		{"Truth", k.truth},
		{"Waits", k.waits},
		{"Fill", k.fill},
		{"FramesAndShadow", k.framesAndShadow},
		{"Navigation", k.navigation},
		{"PopupDialogDownload", k.popupDialogDownload},
		{"Controls", k.controls},
		{"Deadlines", k.deadlines},
		{"InputAlong", k.inputAlong},
		{"Still", k.still},
		{"BareWords", k.bareWords},
		{"Sorted", k.sorted},
		{"Gridded", k.gridded},
		{"Drawn", k.drawn},
		{"Odd", k.odd},
		{"Opened", k.opened},
		{"Amounts", k.amounts},
		{"Exact", k.exact},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "Truth" && testing.Short() {
				t.Skip("each of its many cases waits for a failure")
			}
			c.test(t)
		})
	}
}

// Opened opens a context with a page.
func (k Kit) Opened(t *testing.T, o browser.Options) (browser.Context, *browser.Page) {
	t.Helper()
	c, err := k.Started(t).Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	tab, err := c.NewTab(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c, browser.NewPage(tab)
}

// Site serves pages by path; a page is HTML, or a handler.
func Site(t *testing.T, pages map[string]any) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, p := range pages {
		switch p := p.(type) {
		case string:
			mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprint(w, "<!doctype html><meta charset=utf-8><body>"+p)
			})
		case func(http.ResponseWriter, *http.Request):
			mux.HandleFunc(path, p)
		}
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// Page opens a page of its own with some HTML.
func (k Kit) Page(t *testing.T, html string) *browser.Page {
	t.Helper()
	var p *browser.Page
	if k.Tab != nil {
		p = k.Tab(t)
	} else {
		_, p = k.Opened(t, browser.Options{})
	}
	Visit(t, p, Site(t, map[string]any{"/": html})+"/")
	return p
}

// Visit goes to an address.
func Visit(t *testing.T, p *browser.Page, url string) {
	t.Helper()
	if _, err := p.Goto(t.Context(), url, browser.Loaded); err != nil {
		t.Fatal(err)
	}
}

// Short is a deadline for what fails.
func Short(t *testing.T) context.Context {
	t.Helper()
	return Kit{}.short(t)
}

func (k Kit) short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(k.Short, 1500*time.Millisecond))
	t.Cleanup(cancel)
	return ctx
}

// Text is the text of an element.
func Text(t *testing.T, p *browser.Page, target string) string {
	t.Helper()
	s, err := p.Text(t.Context(), selector.Must(target))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Kind is what a failure of a page is.
func Kind(t *testing.T, err error) string {
	t.Helper()
	var f *browser.Failure
	if !errors.As(err, &f) {
		t.Fatalf("no failure of a page but %v", err)
	}
	return f.Kind
}
