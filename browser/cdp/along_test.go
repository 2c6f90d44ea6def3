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

// Input is sent together with the question what it did. The answer must be of what came after it, also where the page
// never sees the event that the question waits for.
func TestInputAlong(t *testing.T) {
	p := page(t, `<button id=gone onmousedown="this.remove();n.textContent='pressed'">Gone</button><p id=n>0</p>
		<input id=f value=same oninput="this.value='other'"><input id=deaf>
		<button id=slow onclick="for(const u=performance.now()+300;performance.now()<u;);n.textContent='slow'">Slow</button>
		<script>deaf.addEventListener('beforeinput', e => e.preventDefault())</script>`)
	if _, err := p.Click(t.Context(), selector.Must("#gone"), browser.Click{}); err != nil {
		t.Errorf("a button that goes away when it is pressed: %v", err)
	}
	if got := text(t, p, "#n"); got != "pressed" {
		t.Errorf("it shows %q", got)
	}
	// It held the value before: only what is there after the page saw the text counts.
	if _, err := p.Fill(t.Context(), selector.Must("#f"), "same"); err == nil || kind(t, err) != browser.Reverted {
		t.Errorf("a field whose page takes the value back: %v", err)
	}
	if _, err := p.Fill(t.Context(), selector.Must("#deaf"), "x"); err == nil || kind(t, err) != browser.Reverted {
		t.Errorf("a field that takes nothing: %v", err)
	}
	if _, err := p.Click(t.Context(), selector.Must("#slow"), browser.Click{}); err != nil {
		t.Error(err)
	}
	if got := text(t, p, "#n"); got != "slow" {
		t.Errorf("it shows %q after a press whose page is slow", got)
	}
}

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
