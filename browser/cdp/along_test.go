package cdp_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/selector"
)

// With a browser that somebody else started, input and question go one after the other.
func TestInputAttached(t *testing.T) {
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	b, err := cdp.Driver{}.Launch(ctx, browser.Launch{Profile: dir, Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ(), Args: []string{"--remote-debugging-port=0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	port := ""
	for port == "" {
		file, err := os.ReadFile(filepath.Join(dir, "DevToolsActivePort"))
		if first, _, ok := strings.Cut(string(file), "\n"); err == nil && ok {
			port = first
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the browser opened no port")
		}
	}
	a, err := cdp.Driver{}.Attach(ctx, "http://127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	c, err := a.Open(ctx, browser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := c.NewTab(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p := browser.NewPage(tab)
	visit(t, p, site(t, map[string]any{"/": `<button onclick="n.textContent=++k">Count</button><span id=n>0</span><input id=f><script>let k=0</script>`})+"/")
	for i := 1; i <= 3; i++ {
		if _, err := p.Click(ctx, selector.Must("text=Count"), browser.Click{}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Fill(ctx, selector.Must("#f"), strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
		if n, f := text(t, p, "#n"), text(t, p, "#f"); n != strconv.Itoa(i) || f != n {
			t.Errorf("turn %d: it shows %s and %s", i, n, f)
		}
	}
}
