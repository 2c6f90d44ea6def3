package httpnode

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// cutting serves data in pieces: each answer is cut off after some bytes.
func cutting(data string, piece int, tag func(n int32) string) (http.HandlerFunc, *atomic.Int32) {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		t := tag(n.Add(1))
		from := 0
		w.Header().Set("Etag", t)
		if rg := r.Header.Get("Range"); rg != "" && (r.Header.Get("If-Range") == t) {
			from, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(rg, "bytes="), "-"))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
			w.Header().Set("Content-Length", strconv.Itoa(len(data)-from))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		}
		_, _ = w.Write([]byte(data[from:min(from+piece, len(data))]))
		if from+piece < len(data) {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}, &n
}

func same(int32) string { return `"v1"` }

func TestDownloadResumes(t *testing.T) {
	env := nodetest.Env(t)
	data := strings.Repeat("0123456789", 100_000)
	h, n := cutting(data, 300_000, same)
	out := run(t, env, "http.download", map[string]any{"url": serve(t, h), "to": "f"})
	got, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "f"))
	if err != nil || string(got) != data || n.Load() != 4 || out["resumed"] != 3 || out["size"] != len(data) {
		t.Errorf("got %d bytes, %v, %d requests, %v", len(got), err, n.Load(), out)
	}
}

func TestDownloadThatCannotResume(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "f", "old")
	data := strings.Repeat("x", 10_000)
	changed, _ := cutting(data, 3000, func(n int32) string { return fmt.Sprintf(`"v%d"`, n) })
	weak, weakN := cutting(data, 3000, func(int32) string { return `W/"v"` })
	often, _ := cutting(data, 10, same)
	for name, h := range map[string]http.HandlerFunc{"changed": changed, "weak tag": weak, "too often": often} {
		fails(t, env, "http.download", map[string]any{"url": serve(t, h), "to": "f"}, node.KindNetwork, "cut")
		if got := files(t, env); len(got) != 1 {
			t.Errorf("%s: left over: %v", name, got)
		}
	}
	if weakN.Load() != 1 {
		t.Errorf("%d requests with a weak tag", weakN.Load())
	}
	if b, _ := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "f")); string(b) != "old" {
		t.Errorf("the old file is now %q", b)
	}
}

func TestDownloadChecks(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "f", "old")
	u := serve(t, say("hello"))
	for _, h := range []string{"5d41402abc4b2a76b9719d911017c592", "MD5:5D41402ABC4B2A76B9719D911017C592", "sha1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"} {
		run(t, env, "http.download", map[string]any{"url": u, "to": "g", "hash": h})
	}
	fails(t, env, "http.download", map[string]any{"url": u, "to": "f", "hash": "md5:" + strings.Repeat("0", 32)}, node.KindError, "check sum")
	for _, h := range []string{"md5:12", "sha3:00", "xyz", "md5:" + strings.Repeat("g", 32)} {
		fails(t, env, "http.download", map[string]any{"url": u, "to": "f", "hash": h}, node.KindInput, "not a check sum")
	}
	fails(t, env, "http.download", map[string]any{"url": u, "to": "f", "if_exists": "error"}, node.KindInput, "exists already")
	fails(t, env, "http.download", map[string]any{"url": u, "to": "f", "max_size": 4}, node.KindInput, "limit of 4")
	fails(t, env, "http.download", map[string]any{"url": u, "to": "../f"}, node.KindDenied, "outside")
	fails(t, env, "http.download", map[string]any{"url": serve(t, http.NotFound), "to": "f"}, node.KindHTTP, "404")
	if out := run(t, env, "http.download", map[string]any{"url": u, "to": "f", "if_exists": "skip"}); out["written"] != false || out["size"] != 3 {
		t.Errorf("got %v", out)
	}
	if b, _ := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "f")); string(b) != "old" {
		t.Errorf("the old file is now %q", b)
	}
	if got := files(t, env); len(got) != 2 {
		t.Errorf("left over: %v", got)
	}
}

// The limit is on silence, not on the whole: a download may take longer than
// timeout as long as something comes.
func TestDownloadTimeout(t *testing.T) {
	env := nodetest.Env(t)
	stop := make(chan struct{})
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	defer close(stop)
	fails(t, env, "http.download", map[string]any{"url": u, "to": "f", "timeout": "30ms"}, node.KindTimeout, "in time")
	if got := files(t, env); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
	slow := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for range 12 {
			<-tick.C
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
		}
	})
	if out := run(t, env, "http.download", map[string]any{"url": slow, "to": "f", "timeout": "2s"}); out["size"] != 12 {
		t.Errorf("got %v", out)
	}
}

func TestDownloadNames(t *testing.T) {
	tests := []struct{ disposition, path, want string }{
		{`attachment; filename="a.pdf"`, "/x", "a.pdf"},
		{`attachment; filename="../../etc/passwd"`, "/x", "passwd"},
		{`attachment; filename="..\\..\\evil.exe"`, "/x", "evil.exe"},
		{`attachment; filename="C:\\x\\y.txt"`, "/x", "y.txt"},
		{`attachment; filename*=UTF-8''na%C3%AFve%2F%2e%2e%2Fx.txt`, "/x", "x.txt"},
		{`attachment; filename=".."`, "/report.csv", "report.csv"},
		{`attachment; filename=""`, "/a%20b.txt", "a b.txt"},
		{`attachment; filename="a\"b:c?.txt"`, "/x", "a_b_c_.txt"},
		{`attachment; filename="nul.txt"`, "/x", "_nul.txt"},
		{`attachment; filename="COM1"`, "/x", "_COM1"},
		{"attachment; filename*=UTF-8''x%E2%80%AEfdp.exe", "/x", "xfdp.exe"},
		{"broken;;;", "/f", "f"},
		{"", "/", "download"},
		{"", "/a/%2e%2e", "download"},
		{"", "/a/..%2f..%2fb", "b"},
	}
	for _, tt := range tests {
		u, err := url.Parse("http://x.test" + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		rec.Header().Set("Content-Disposition", tt.disposition)
		res := rec.Result()
		res.Request = &http.Request{URL: u}
		if got := fileName(res); got != tt.want {
			t.Errorf("%s of %s gave %q, want %q", tt.disposition, tt.path, got, tt.want)
		}
	}
	if got := cleanName(strings.Repeat("ü", 300) + ".pdf"); len(got) > 200 || !strings.HasSuffix(got, ".pdf") || !utf8.ValidString(got) {
		t.Errorf("got %q", got)
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.txt", "../x", "con", "\u202efdp.exe", "a/b\\c", "...", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanName(s)
		if strings.ContainsAny(got, "/\\:\x00") || got == "." || got == ".." || len(got) > 201 || !utf8.ValidString(got) {
			t.Errorf("%q gave %q", s, got)
		}
	})
}
