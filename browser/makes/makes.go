// Package makes chooses the driver for a browser: browser/cdp for Chromium and its kin, browser/bidi for Firefox.
package makes

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/bidi"
	"github.com/aether-rpa/aether/browser/cdp"
)

// The makes of browsers, as flows and settings name them.
const (
	Chromium = "chromium" // and Chrome, Edge and Brave
	Firefox  = "firefox"
)

// ErrNoBrowser says that no browser was found on this machine.
var ErrNoBrowser = errors.New("no browser was found: install Chromium, Chrome, Edge, Brave or Firefox, or name one with browser.path")

// Driver drives browsers of all makes.
type Driver struct{}

var _ browser.Driver = Driver{}

// Find says whether there is a browser on this machine, and is ErrNoBrowser if there is none.
func Find() error {
	if _, err := cdp.Find(); err == nil {
		return nil
	}
	if _, err := bidi.Find(); err == nil {
		return nil
	}
	return ErrNoBrowser
}

// choose returns the make that is meant, and the launch with the program for it. Where nothing is said it is Chromium, or
// Firefox if there is only that.
func choose(o browser.Launch) (string, browser.Launch) {
	named := o.Path != "" && bidi.Is(o.Path)
	switch {
	case o.Make == Firefox:
		if !named {
			o.Path = ""
		}
		return Firefox, o
	case o.Make == Chromium:
		if named {
			o.Path = ""
		}
		return Chromium, o
	case named:
		return Firefox, o
	case o.Path == "":
		if _, err := cdp.Find(); err != nil {
			if _, err := bidi.Find(); err == nil {
				return Firefox, o
			}
		}
	}
	return Chromium, o
}

// Launch implements browser.Driver.
func (Driver) Launch(ctx context.Context, o browser.Launch) (browser.Browser, error) {
	kind, o := choose(o)
	if o.Make != "" && o.Make != kind {
		return nil, fmt.Errorf("no browser is called %q; there are %s and %s", o.Make, Chromium, Firefox)
	}
	if kind == Firefox {
		return bidi.Driver{}.Launch(ctx, o)
	}
	b, err := cdp.Driver{}.Launch(ctx, o)
	if errors.Is(err, cdp.ErrNoBrowser) && o.Make == "" {
		return nil, ErrNoBrowser
	}
	return b, err
}

// Alone reports whether a browser is for one session at a time: Firefox has one window in front, and only there a page
// has the focus.
func (Driver) Alone(o browser.Launch) bool {
	kind, _ := choose(o)
	return kind == Firefox
}

// Attach implements browser.Driver: what answers at the address says what it is.
func (Driver) Attach(ctx context.Context, url string) (browser.Browser, error) {
	if strings.HasSuffix(url, "/session") {
		return bidi.Driver{}.Attach(ctx, url)
	}
	b, err := cdp.Driver{}.Attach(ctx, url)
	if err == nil || ctx.Err() != nil {
		return b, err
	}
	b, other := bidi.Driver{}.Attach(ctx, url)
	if other == nil {
		return b, nil
	}
	if errors.Is(other, bidi.ErrBusy) {
		return nil, other
	}
	return nil, err
}
