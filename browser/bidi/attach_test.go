package bidi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/bidi"
	"github.com/aether-rpa/aether/internal/browsertest"
	"github.com/aether-rpa/aether/selector"
)

// TestAnother starts another Firefox, of which some hosts are refused, and leaves it to another program in the end.
func TestAnother(t *testing.T) {
	if _, err := bidi.Find(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	b, err := bidi.Driver{}.Launch(ctx, browser.Launch{Profile: t.TempDir(), Headless: true, Env: os.Environ(), Refuse: []string{"127.0.0.*"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	t.Run("proxy", func(t *testing.T) { loadsByProxy(t, b) })
	t.Run("attach", func(t *testing.T) { attaches(t, b) })
}

// loadsByProxy loads all through a proxy, this machine's own addresses where that is wanted, and nothing from a host that
// is refused.
func loadsByProxy(t *testing.T, b browser.Browser) {
	t.Helper()
	k := browsertest.Kit{Started: func(*testing.T) browser.Browser { return b }}
	url := browsertest.Site(t, map[string]any{"/": "<p>direct</p>"})
	other := strings.Replace(url, "127.0.0.1", "localhost", 1)
	_, p := k.Opened(t, browser.Options{})
	if a, err := p.Goto(t.Context(), url+"/", browser.Loaded); err == nil {
		t.Errorf("the host that is refused was reached: %+v", a)
	}
	browsertest.Visit(t, p, other+"/")
	seen := make(chan string, 100)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Host
		_, _ = w.Write([]byte("<p>by the proxy</p>"))
	}))
	defer proxy.Close()
	for _, loopback := range []bool{true, false} {
		_, p := k.Opened(t, browser.Options{Proxy: proxy.URL, ProxyLoopback: loopback})
		browsertest.Visit(t, p, other+"/")
		if got := browsertest.Text(t, p, "p"); (got == "by the proxy") != loopback {
			t.Errorf("with the proxy for this machine %t the page says %q", loopback, got)
		}
	}
	if len(seen) == 0 {
		t.Error("the proxy was asked for nothing")
	}
}

// attaches joins a Firefox that is running, which serves one program at a time and stays when that leaves.
func attaches(t *testing.T, b browser.Browser) {
	t.Helper()
	at := bidi.Address(b)
	if _, err := (bidi.Driver{}).Attach(t.Context(), at); !errors.Is(err, bidi.ErrBusy) {
		t.Fatalf("a second program: %v", err)
	}
	bidi.Leave(b)
	a, err := bidi.Driver{}.Attach(t.Context(), strings.Replace(at, "ws://", "http://", 1))
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Shared(t.Context(), browser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Tabs()) == 0 {
		t.Fatal("its tabs are not there")
	}
	p := browser.NewPage(c.Tabs()[0])
	browsertest.Visit(t, p, strings.Replace(browsertest.Site(t, map[string]any{"/{$}": `<button onclick="this.textContent='Done'">Go</button>`}), "127.0.0.1", "localhost", 1)+"/")
	if _, err := p.Click(t.Context(), selector.Must("text=Go"), browser.Click{}); err != nil {
		t.Error(err)
	}
	if got := browsertest.Text(t, p, "css=button"); got != "Done" {
		t.Errorf("the page says %q", got)
	}
	if err := errors.Join(c.Close(), a.Close()); err != nil {
		t.Error(err)
	}
	if _, err := (bidi.Driver{}).Attach(t.Context(), at); err != nil {
		t.Errorf("afterwards it serves nobody: %v", err)
	}
}
