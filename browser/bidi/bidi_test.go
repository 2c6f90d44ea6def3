package bidi_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/bidi"
	"github.com/aether-rpa/aether/internal/browsertest"
)

var (
	shared     browser.Browser
	sharedOnce sync.Once
	errShared  error
	profile    string
)

func TestMain(m *testing.M) { os.Exit(withProfile(m)) }

func withProfile(m *testing.M) int {
	var err error
	if profile, err = os.MkdirTemp("", "aether-profile-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(profile) }()
	code := m.Run()
	if shared != nil {
		_ = shared.Close()
	}
	return code
}

// started returns the browser that the tests of this package share.
func started(t *testing.T) browser.Browser {
	t.Helper()
	if _, err := bidi.Find(); err != nil {
		t.Skip(err)
	}
	sharedOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		shared, errShared = bidi.Driver{}.Launch(ctx, browser.Launch{Profile: profile, Headless: true, Env: os.Environ()})
	})
	if errShared != nil {
		t.Fatal(errShared)
	}
	return shared
}

// used is a page that tests use one after the other: Firefox takes a while to open a window.
var used *browser.Page

func kit() browsertest.Kit {
	k := browsertest.Kit{Started: started, Short: time.Second}
	k.Tab = func(t *testing.T) *browser.Page {
		t.Helper()
		if used == nil {
			c, err := started(t).Open(t.Context(), browser.Options{})
			if err != nil {
				t.Fatal(err)
			}
			tab, err := c.NewTab(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			used = browser.NewPage(tab)
		}
		return used
	}
	return k
}

func TestSuite(t *testing.T) { browsertest.Suite(t, kit()) }
