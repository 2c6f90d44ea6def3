package acme_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/testsite/acme"
	"github.com/aether-rpa/aether/internal/testsite/mutate"
)

// drive is a page beside the office that opens pages of it in a frame and acts on them. It holds its load event back
// until it is done, which is what --dump-dom waits for.
const drive = `<!doctype html><title>drive</title><img src="/driven" alt=""><script src="/acts.js"></script>`

// TestScripts runs the scripts of the pages in a real browser and looks at what the server received: with the pages
// as they are written, and with all that the mutation switch does to them.
func TestScripts(t *testing.T) {
	for _, level := range []int{0, mutate.MaxLevel} {
		t.Run(fmt.Sprintf("level %d", level), func(t *testing.T) { testScripts(t, level) })
	}
}

func testScripts(t *testing.T, level int) {
	const browser = "/usr/bin/chromium"
	if _, err := exec.LookPath(browser); err != nil {
		t.Skip("there is no " + browser)
	}
	v := visit(t, acme.Config{Seed: 9}).signIn()
	office, err := url.Parse(v.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	// The office knows the browser by the cookie of the test.
	changed := mutate.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Cookie")
		for _, c := range v.client.Jar.Cookies(office) {
			r.AddCookie(c)
		}
		v.handler.ServeHTTP(w, r)
	}))
	if err := changed.Set(level, 3); err != nil {
		t.Fatal(err)
	}
	acts, err := os.ReadFile("testdata/acts.js")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var steps []string
	driven := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/acme/", changed)
	mux.HandleFunc("GET /truth", func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewEncoder(w).Encode(changed.Truth(r.URL.Query().Get("path"))); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /acts.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/acts.js") })
	mux.HandleFunc("GET /drive", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, drive) })
	mux.HandleFunc("POST /step", func(_ http.ResponseWriter, r *http.Request) {
		line, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, string(line))
	})
	mux.HandleFunc("POST /driven", func(http.ResponseWriter, *http.Request) { close(driven) })
	mux.HandleFunc("GET /driven", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-driven:
		case <-r.Context().Done():
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1000",
		"--user-data-dir="+t.TempDir(), "--dump-dom", server.URL+"/drive")
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		t.Errorf("running the browser: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := bytes.Count(acts, []byte("\n  async ")); len(steps) != want {
		t.Errorf("%d of %d acts came to an end", len(steps), want)
	}
	for _, line := range steps {
		if !strings.HasPrefix(line, "ok ") {
			t.Error(line)
		}
	}

	v.want("row.choose", "7001")
	v.want("shadow.submit", "open|text=seen", "nested|text=deep")
	v.want("frame.submit", "F-1|desk=South")
	v.want("feed.like", "150")
	v.want("day.pick", "D-1|native=2026-12-24|picked=2026-06-15")
	if picked := v.ledger.All("firm.pick"); len(picked) != 1 || !strings.Contains(picked[0].Key, "Paper") {
		t.Errorf("the company picked is %v", picked)
	}
	v.want("editor.save", "letter-1|html=<p><b>Dear client,</b></p>|text=Dear client,")
	v.want("question.answer", "confirm|answer=yes", "prompt|answer=Ada")
	v.want("letter.archive", "L-2")
	v.want("letter.undo", "L-2")
	v.want("note.save", "N-1|text=remember")
	v.want("part.open", "3/300")
	v.want("obstacle.pass", "late")
	v.want("desk.take", "B3")
	v.want("browser.tell", "browser|width=1200|height=900|online=yes")
	v.want("window.choose", "Italy")
	v.want("ticket.draw", "T-9", "T-9", "T-9")
	v.want("price.change", "A-105/price|value=99.00")
	v.want("kanban.move", "K-11|from=To do|to=Done|before=K-13|way=html5", "K-12|from=Doing|to=To do|before=|way=pointer")
	v.want("report.request", "2026-02")
	v.want("invoice.upload", "d.txt|size=7|way=drop")
	v.want("vendor.delete", "V-1002|found=yes")
	v.want("client.delete", "C-2004|found=yes")
}
