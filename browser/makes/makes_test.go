package makes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/bidi"
	"github.com/aether-rpa/aether/browser/makes"
)

// The make that is asked for wins over what the path leads to, which wins over what is usual.
func TestChoice(t *testing.T) {
	for name, c := range map[string]struct {
		launch browser.Launch
		alone  bool
	}{
		"asked for":            {browser.Launch{Make: makes.Firefox}, true},
		"against the path":     {browser.Launch{Make: makes.Firefox, Path: "/usr/bin/chromium"}, true},
		"by its path":          {browser.Launch{Path: "/opt/Firefox/firefox-bin"}, true},
		"Chromium by its path": {browser.Launch{Path: "/usr/bin/chromium"}, false},
		"Chromium":             {browser.Launch{Make: makes.Chromium, Path: "/usr/bin/firefox"}, false},
	} {
		if got := (makes.Driver{}).Alone(c.launch); got != c.alone {
			t.Errorf("%s: Firefox is taken: %t", name, got)
		}
	}
	_, err := makes.Driver{}.Launch(t.Context(), browser.Launch{Make: "opera", Profile: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), `"opera"`) {
		t.Errorf("a browser that nobody knows: %v", err)
	}
}

// Where there is only Firefox, it is taken.
func TestOnlyFirefox(t *testing.T) {
	path, err := bidi.Find()
	if err != nil {
		t.Skip(err)
	}
	only := t.TempDir()
	if err := os.Symlink(path, filepath.Join(only, "firefox")); err != nil {
		t.Skip(err)
	}
	t.Setenv("PATH", only)
	if !(makes.Driver{}).Alone(browser.Launch{}) {
		t.Skip("there is another browser where it is not on the PATH")
	}
	if err := makes.Find(); err != nil {
		t.Error(err)
	}
}

// Attaching tells from what answers which browser it is.
func TestAttach(t *testing.T) {
	if _, err := (makes.Driver{}).Attach(t.Context(), "http://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "no browser answers") {
		t.Errorf("where nobody listens: %v", err)
	}
}
