package ui_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/ui"
)

const asPage = "text/html,application/xhtml+xml"

func get(t *testing.T, method, path, accept string) (*http.Response, string) {
	t.Helper()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "next", http.StatusNotFound) })
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	ui.Handler(next, "in").ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(b)
}

func TestPagesCarryTheNonceOfTheirPolicy(t *testing.T) {
	seen := map[string]bool{}
	for _, path := range []string{"/", "/index.html", "/runs", "/runs/261129-120850-zof7yg", "/flows/a%20b", "/no/such/page"} {
		res, body := get(t, http.MethodGet, path, asPage)
		csp := res.Header.Get("Content-Security-Policy")
		m := regexp.MustCompile(`'nonce-([^']{20,})'`).FindStringSubmatch(csp)
		if res.StatusCode != http.StatusOK || m == nil {
			t.Fatalf("%s: status %d, policy %q", path, res.StatusCode, csp)
		}
		if !strings.Contains(body, `content="`+m[1]+`"`) || strings.Contains(body, "@@NONCE@@") {
			t.Errorf("%s: the page does not hold the nonce of its policy", path)
		}
		if seen[m[1]] {
			t.Errorf("%s: the nonce was used before", path)
		}
		seen[m[1]] = true
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: the policy %q is not strict", path, csp)
		}
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: a page with a nonce may be kept", path)
		}
	}
}

// TestAllThatAPageNeedsIsServed follows what index.html names: no file is missing, and none comes from elsewhere.
func TestAllThatAPageNeedsIsServed(t *testing.T) {
	_, body := get(t, http.MethodGet, "/", asPage)
	if strings.Contains(body, "<script>") || strings.Contains(body, "<style") || strings.Contains(body, "http://") || strings.Contains(body, "https://") {
		t.Errorf("the page holds scripts or styles of its own, or loads from elsewhere:\n%s", body)
	}
	files := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(files) < 4 {
		t.Fatalf("the page names %d files", len(files))
	}
	for _, f := range files {
		res, b := get(t, http.MethodGet, f[1], "*/*")
		if res.StatusCode != http.StatusOK || b == "" {
			t.Errorf("%s: status %d", f[1], res.StatusCode)
		}
		want := map[bool]string{true: "public, max-age=31536000, immutable", false: "no-cache"}[strings.HasPrefix(f[1], "/assets/")]
		if got := res.Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control is %q, want %q", f[1], got, want)
		}
		for ext, typ := range map[string]string{".js": "javascript", ".css": "css", ".svg": "svg"} {
			if strings.HasSuffix(f[1], ext) && !strings.Contains(res.Header.Get("Content-Type"), typ) {
				t.Errorf("%s: Content-Type is %q", f[1], res.Header.Get("Content-Type"))
			}
		}
		if head, b := get(t, http.MethodHead, f[1], "*/*"); head.StatusCode != http.StatusOK || b != "" {
			t.Errorf("HEAD %s: status %d with %d bytes", f[1], head.StatusCode, len(b))
		}
	}
}

func TestPagesSayWhetherACookieWasSent(t *testing.T) {
	_, without := get(t, http.MethodGet, "/", asPage)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept", asPage)
	r.AddCookie(&http.Cookie{Name: "in", Value: "secret"})
	w := httptest.NewRecorder()
	ui.Handler(http.NotFoundHandler(), "in").ServeHTTP(w, r)
	if !strings.Contains(without, `name="cookie" content="none"`) || !strings.Contains(w.Body.String(), `name="cookie" content="sent"`) {
		t.Errorf("without: %s\nwith: %s", without, w.Body)
	}
	if strings.Contains(w.Body.String(), "secret") {
		t.Error("the page holds the cookie")
	}
}

func TestTheRestIsLeftToTheAPI(t *testing.T) {
	for _, tt := range []struct{ method, path, accept string }{
		{http.MethodPost, "/runs", asPage},
		{http.MethodGet, "/api/v1/nothing", asPage},
		{http.MethodGet, "/api/", asPage},
		{http.MethodGet, "/runs", "application/json"},
		{http.MethodGet, "/runs", ""},
		{http.MethodGet, "/assets/missing-1234.js", "*/*"},
		{http.MethodGet, "/assets/missing-1234.js", asPage},
		{http.MethodGet, "/../ui.go", "*/*"},
		{http.MethodGet, "/assets", "*/*"},
	} {
		if res, body := get(t, tt.method, tt.path, tt.accept); res.StatusCode != http.StatusNotFound || !strings.Contains(body, "next") {
			t.Errorf("%s %s as %q: status %d, %.60q", tt.method, tt.path, tt.accept, res.StatusCode, body)
		}
	}
}
