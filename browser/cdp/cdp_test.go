package cdp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/browsertest"
	"github.com/aether-rpa/aether/selector"
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
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	sharedOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		shared, errShared = cdp.Driver{}.Launch(ctx, browser.Launch{Profile: profile, Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
	})
	if errShared != nil {
		t.Fatal(errShared)
	}
	return shared
}

func kit() browsertest.Kit { return browsertest.Kit{Started: started, Drops: true} }

func TestSuite(t *testing.T) { browsertest.Suite(t, kit()) }

func opened(t *testing.T, o browser.Options) (browser.Context, *browser.Page) {
	t.Helper()
	return kit().Opened(t, o)
}

func page(t *testing.T, html string) *browser.Page {
	t.Helper()
	return kit().Page(t, html)
}

var (
	site  = browsertest.Site
	visit = browsertest.Visit
	text  = browsertest.Text
	short = browsertest.Short
	kind  = browsertest.Kind
)

func TestCrash(t *testing.T) {
	c, p := opened(t, browser.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := p.Goto(ctx, "chrome://crash", browser.Loaded)
	if err == nil || kind(t, err) != browser.Crashed && kind(t, err) != browser.Gone {
		t.Errorf("a crashed page: %v", err)
	}
	tab, err := c.NewTab(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := browser.NewPage(tab).Goto(ctx, site(t, map[string]any{"/": "<p>well</p>"})+"/", browser.Loaded); err != nil {
		t.Errorf("the session did not go on after a crash: %v", err)
	}
}

func BenchmarkClickRead(b *testing.B) {
	if _, err := cdp.Find(); err != nil {
		b.Skip(err)
	}
	br, err := cdp.Driver{}.Launch(b.Context(), browser.Launch{Profile: b.TempDir(), Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
	if err != nil {
		b.Fatal(err)
	}
	defer br.Close()
	c, err := br.Open(b.Context(), browser.Options{})
	if err != nil {
		b.Fatal(err)
	}
	tab, err := c.NewTab(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><button id=b onclick="n.textContent=Number(n.textContent)+1">Count</button><span id=n>0</span>`)
	}))
	defer s.Close()
	p := browser.NewPage(tab)
	if _, err := p.Goto(b.Context(), s.URL, browser.Loaded); err != nil {
		b.Fatal(err)
	}
	btn, out := selector.Must("#b"), selector.Must("#n")
	b.ResetTimer()
	for i := range b.N {
		if _, err := p.Click(b.Context(), btn, browser.Click{}); err != nil {
			b.Fatal(err)
		}
		if got, err := p.Text(b.Context(), out); err != nil || got != fmt.Sprint(i+1) {
			b.Fatalf("%s after %d clicks: %v", got, i+1, err)
		}
	}
}
