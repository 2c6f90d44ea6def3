package testsite_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/testsite"
	"github.com/aether-rpa/aether/internal/testsite/challenge"
)

// drive is the path of the page that acts on the site in a frame. Its picture is answered when it is done, which
// holds its load event back: that is what --dump-dom waits for.
const drive = `<!doctype html><title>drive</title><img src="/test/driven" alt=""><pre></pre><script src="/test/drive.js"></script>`

// TestInABrowser runs the site's scripts in Chromium, at every level: all variants of the challenge are won, and the
// small pages do what they say. The ledger is the judge.
func TestInABrowser(t *testing.T) {
	const browser = "/usr/bin/chromium"
	if _, err := exec.LookPath(browser); err != nil {
		t.Skip("there is no " + browser)
	}
	script, err := os.ReadFile(filepath.Join("testdata", "drive.js"))
	if err != nil {
		t.Fatal(err)
	}
	for level := range testsite.MaxLevel + 1 {
		t.Run(fmt.Sprintf("level %d", level), func(t *testing.T) {
			t.Parallel()
			site, err := testsite.New(testsite.Config{Seed: int64(20 + level), Level: level})
			if err != nil {
				t.Fatal(err)
			}
			report := driven(t, browser, site, script)
			for _, line := range strings.Split(strings.TrimSpace(report), "\n") {
				if !strings.HasPrefix(line, "ok ") {
					t.Error(line)
				}
			}
			checkEffects(t, site)
		})
	}
}

// driven opens the driving page beside the site and returns what it reports.
func driven(t *testing.T, browser string, site *testsite.Site, script []byte) string {
	t.Helper()
	done := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/", site.Handler())
	mux.HandleFunc("GET /test/drive", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, drive)
	})
	mux.HandleFunc("GET /test/drive.js", func(w http.ResponseWriter, _ *http.Request) {
		people, err := json.Marshal(challenge.People())
		if err != nil {
			t.Error(err)
		}
		parts := map[int]string{}
		for _, f := range challenge.Fields {
			parts[int(f)] = f.Part()
		}
		names, err := json.Marshal(parts)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		fmt.Fprintf(w, "const people = %s, parts = %s;\n%s", people, names, script)
	})
	mux.HandleFunc("GET /test/truth", func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewEncoder(w).Encode(site.Truth(r.URL.Query().Get("path"))); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("POST /test/driven", func(http.ResponseWriter, *http.Request) { close(done) })
	mux.HandleFunc("GET /test/driven", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-done:
		case <-r.Context().Done():
		}
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
		"--window-size=1280,1000", "--user-data-dir="+t.TempDir(), "--dump-dom", srv.URL+"/test/drive")
	cmd.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("the browser: %v: %s", err, stderr.String())
	}
	for _, line := range strings.Split(stderr.String(), "\n") {
		if strings.Contains(line, "Uncaught") {
			t.Error(line)
		}
	}
	_, report, _ := strings.Cut(string(dom), "<pre>")
	report, _, _ = strings.Cut(report, "</pre>")
	return report
}

func checkEffects(t *testing.T, site *testsite.Site) {
	t.Helper()
	won := map[string]string{}
	for _, e := range site.Ledger().All("challenge.done") {
		won[e.Facts["variant"]] = e.Facts["points"]
	}
	for _, v := range challenge.Variants {
		if won[string(v.Variant)] != "70" {
			t.Errorf("variant %s (%s): %q points, want 70", v.Variant, v.What, won[string(v.Variant)])
		}
	}
	if twice := site.Ledger().Twice("challenge.submit"); len(twice) != 0 {
		t.Errorf("submitted twice: %v", twice)
	}
	for page, want := range map[string][]string{
		"overlay":  {"click map[trusted:false]"},
		"enable":   {"click map[trusted:false]"},
		"moving":   {"click map[trusted:false]"},
		"replaced": {"click map[trusted:false]"},
		"readonly": {"save map[value:C-1047]"},
		"reverts":  {"save map[value:0]"},
		"mask":     {"save map[phone:(012) 345-6789]"},
		"leaving":  {"nowhere map[]", "arrived map[]"},
		"shadow":   {"open map[value:first]", "nested map[value:second]"},
		"popup":    {"choose map[by:test choice:Tea]"},
		"dialogs":  {"alert map[]", "confirm map[answer:false]", "prompt map[answer:Ada]", "storm map[n:3]"},
		"hang":     {"hang map[]", "free map[]"},
		"upload":   {"drop map[1.bytes:7 1.name:d.txt 1.sha256:e7cd9c3ab5da1895f52abfece688c0f136a26c348f0619bdf724a9e1667b747f files:1]"},
		"choices":  {"save map[all:all colour:g delivery:courier sizes:M,XL terms:yes]"},
		"date":     {"save map[at:08:30 day:2026-12-24 picked:2026-02-15]"},
		"editor":   {"save map[html:<p>Dear reader,</p> text:Dear reader,]"},
		"table":    {"pick map[row:7]"},
		"storage":  {"seen map[cookies:script=one local:two script:script=one session:three]"},
	} {
		var got []string
		for _, e := range site.Ledger().All("pages." + page) {
			got = append(got, strings.TrimSuffix(fmt.Sprint(e.Key, " ", e.Facts), " "))
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%s: the ledger has %q, want %q", page, got, want)
		}
	}
	frames := site.Ledger().All("pages.frames")
	if len(frames) != 1 || frames[0].Facts["level"] != "1" || frames[0].Facts["value"] != "deep" {
		t.Errorf("frames: %v", frames)
	}
}
