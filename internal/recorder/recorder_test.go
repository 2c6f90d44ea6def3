package recorder_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/cli"
	"github.com/aether-rpa/aether/internal/recorder"
	"github.com/aether-rpa/aether/internal/testsite"
)

var (
	shared     browser.Browser
	sharedOnce sync.Once
	errShared  error
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("AETHER_TEST_AS_PROGRAM") != "" { // its worker process
		os.Exit(cli.Main())
	}
	code := m.Run()
	if shared != nil {
		_ = shared.Close()
	}
	os.Exit(code)
}

// started returns the browser that the tests of this package record in.
func started(t *testing.T) browser.Browser {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	sharedOnce.Do(func() {
		dir, err := os.MkdirTemp("", "aether-profile-") //nolint:usetesting // the browser outlives the test that starts it
		if err != nil {
			errShared = err
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		shared, errShared = cdp.Driver{}.Launch(ctx, browser.Launch{Profile: dir, Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
	})
	if errShared != nil {
		t.Fatal(errShared)
	}
	return shared
}

// world is the practice site, which can be begun anew under the same address.
type world struct {
	url  string
	site atomic.Pointer[testsite.Site]
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.anew(t)
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.site.Load().Handler().ServeHTTP(rw, r) }))
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	w.url = srv.URL
	return w
}

func (w *world) anew(t *testing.T) {
	t.Helper()
	s, err := testsite.New(testsite.Config{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	w.site.Store(s)
}

// story is what was really done on the site, without what chance or time chose.
func (w *world) story() []string {
	var out []string
	for _, e := range w.site.Load().Ledger().All("") {
		var facts []string
		for k, v := range e.Facts {
			if k != "job" && k != "ms" && k != "trusted" && k != "form" {
				facts = append(facts, k+"="+v)
			}
		}
		slices.Sort(facts)
		key := e.Key
		if strings.HasPrefix(e.Kind, "challenge.") {
			_, key, _ = strings.Cut(key, "/")
		}
		out = append(out, fmt.Sprintf("%s %s %s", e.Kind, key, strings.Join(facts, " ")))
	}
	return out
}

// did waits until something was done on the site as often as n says.
func (w *world) did(t *testing.T, kind string, n int) {
	t.Helper()
	for until := time.Now().Add(patience); len(w.site.Load().Ledger().All(kind)) < n; {
		if time.Now().After(until) {
			t.Fatalf("%s is not in the ledger %d times: %q", kind, n, w.story())
		}
		<-time.After(20 * time.Millisecond)
	}
}

// record lets a person work, and returns the flow that was made of it.
func record(t *testing.T, w *world, path string, f func(p *person, r *recorder.Recorder)) ([]byte, *recorder.Recorder) {
	t.Helper()
	r, err := recorder.Start(t.Context(), started(t), recorder.Config{URL: w.url + path, Downloads: t.TempDir(), Width: 1280, Height: 900})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	p := &person{T: t, tab: r.Context().Tabs()[0]}
	f(p, r)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for _, s := range r.Trouble() {
		t.Errorf("not recorded: %s", s)
	}
	text, err := recorder.Flow("recorded", r.Steps())
	if err != nil {
		t.Fatal(err)
	}
	return text, r
}

// aether runs the program in this process.
func aether(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	look := func(k string) (string, bool) {
		if v, ok := env[k]; ok {
			return v, true
		}
		return os.LookupEnv(k)
	}
	environ := append(os.Environ(), "AETHER_TEST_AS_PROGRAM=1")
	for k, v := range env {
		environ = append(environ, k+"="+v)
	}
	code = cli.Run(&cli.State{Args: args, Lookup: look, Environ: environ, Dir: filepath.Dir(env["AETHER_DATA_DIR"]), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Host: "test", PID: os.Getpid(), Executable: exe, Now: time.Now, Width: func() int { return 100 }})
	return code, out.String(), errs.String()
}

// replay runs a recorded flow on the site as it was at first, and returns what was done then.
func replay(t *testing.T, w *world, text []byte, secrets map[string]string) []string {
	t.Helper()
	w.anew(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "recorded.flow.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"AETHER_DATA_DIR": filepath.Join(dir, "data"), "AETHER_BROWSER_HEADLESS": "true", "AETHER_FILES_ROOTS": os.TempDir()}
	args := []string{"run", file, "--no-input"}
	for k, v := range secrets {
		name := strings.ToUpper(k)
		env["AETHER_SECRET_"+name] = v
		args = append(args, "-i", k+"="+name)
	}
	if code, out, errs := aether(t, env, args...); code != 0 {
		t.Errorf("the flow ended with %d: %s %s", code, out, errs)
	}
	return w.story()
}

// same checks that a flow does what the person did.
func same(t *testing.T, w *world, text []byte, secrets map[string]string) {
	t.Helper()
	want := w.story()
	if len(want) == 0 {
		t.Error("the person did nothing")
	}
	got := replay(t, w, text, secrets)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the flow did\n\t%s\nand the person\n\t%s\n%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"), text)
	}
}
