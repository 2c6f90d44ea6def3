package websuite

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/testsite"
	"github.com/aether-rpa/aether/selector"
)

var (
	shared     browser.Browser
	sharedOnce sync.Once
	errShared  error
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil { // most of the time is spent on waiting
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if shared != nil {
		_ = shared.Close()
	}
	os.Exit(code)
}

// every is true where all is tried, also what takes long.
var every = os.Getenv("AETHER_TEST_EVERY") != ""

func launch(profile string) (browser.Browser, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return cdp.Driver{}.Launch(ctx, browser.Launch{Profile: profile, Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
}

// started returns the browser that the tests of this package share.
func started(t *testing.T) browser.Browser {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	sharedOnce.Do(func() {
		dir, err := os.MkdirTemp("", "aether-profile-") //nolint:usetesting // the browser outlives the test that starts it
		if err == nil {
			shared, err = launch(dir)
		}
		errShared = err
	})
	if errShared != nil {
		t.Fatal(errShared)
	}
	return shared
}

// visitor works on the practice site in a session of its own.
type visitor struct {
	*testing.T
	site *testsite.Site
	url  string
	c    browser.Context
	p    *browser.Page
}

// arrive opens the practice site at a level of mutation.
func arrive(t *testing.T, level int, o browser.Options) *visitor {
	t.Helper()
	b := started(t)
	site, err := testsite.New(testsite.Config{Seed: int64(40 + level), Level: level})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site.Handler())
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections) // some pages never answer
	v := &visitor{T: t, site: site, url: srv.URL}
	v.open(b, o)
	return v
}

func (v *visitor) open(b browser.Browser, o browser.Options) {
	v.Helper()
	c, err := b.Open(v.Context(), o)
	v.must(err)
	v.Cleanup(func() { _ = c.Close() })
	tab, err := c.NewTab(v.Context())
	v.must(err)
	v.c, v.p = c, browser.NewPage(tab)
}

func (v *visitor) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
}

// in is the time that one action has.
func (v *visitor) in(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(v.Context(), d)
	v.Cleanup(cancel)
	return ctx
}

func (v *visitor) long() context.Context { return v.in(20 * time.Second) }

// at parses a target; parts before " > " narrow the search, and "frame " before one leads into a frame.
func at(s string) selector.Target {
	parts := strings.Split(s, " >> in ")
	t := selector.Must(parts[0])
	for _, p := range slices.Backward(parts[1:]) {
		if f, ok := strings.CutPrefix(p, "frame "); ok {
			t.Frame = append(t.Frame, selector.Must(f).Queries[0])
			continue
		}
		t.Within = append(t.Within, selector.Must(p).Queries[0])
	}
	return t
}

func (v *visitor) visit(path string) {
	v.Helper()
	_, err := v.p.Goto(v.long(), v.url+path, browser.Loaded)
	v.must(err)
}

func (v *visitor) click(target string) browser.Done {
	v.Helper()
	d, err := v.p.Click(v.long(), at(target), browser.Click{})
	v.must(err)
	return d
}

func (v *visitor) fill(target, text string) {
	v.Helper()
	_, err := v.p.Fill(v.long(), at(target), text)
	v.must(err)
}

func (v *visitor) check(target string, want bool) {
	v.Helper()
	_, err := v.p.Check(v.long(), at(target), want)
	v.must(err)
}

func (v *visitor) choose(target string, wants ...string) {
	v.Helper()
	_, err := v.p.Select(v.long(), at(target), "", wants...)
	v.must(err)
}

func (v *visitor) press(target, key string) browser.Done {
	v.Helper()
	k, err := browser.ParseKey(key)
	v.must(err)
	var t selector.Target
	if target != "" {
		t = at(target)
	}
	d, err := v.p.Press(v.long(), t, k)
	v.must(err)
	return d
}

func (v *visitor) text(target string) string {
	v.Helper()
	s, err := v.p.Text(v.long(), at(target))
	v.must(err)
	return s
}

// says waits until an element says something.
func (v *visitor) says(target, want string) {
	v.Helper()
	_, err := v.p.WaitText(v.long(), at(target), want, func(s string) bool { return strings.Contains(s, want) })
	v.must(err)
}

// popup waits for the n-th tab of the session.
func (v *visitor) popup(n int) *browser.Page {
	v.Helper()
	ctx := v.long()
	for {
		changed := v.c.Changed()
		if tabs := v.c.Tabs(); len(tabs) >= n {
			return browser.NewPage(tabs[n-1])
		}
		select {
		case <-changed:
		case <-ctx.Done():
			v.Fatalf("there is no tab %d", n)
		}
	}
}

// fails holds a failure against what it should be, and its time against the deadline.
func (v *visitor) fails(kind string, err error) *browser.Failure {
	v.Helper()
	var f *browser.Failure
	if !errors.As(err, &f) {
		v.Fatalf("it did not fail as %s but gave: %v", kind, err)
	}
	if !slices.Contains(strings.Split(kind, "|"), f.Kind) {
		v.Errorf("it failed as %s and not as %s: %v", f.Kind, kind, err)
	}
	return f
}

// within runs an action with a deadline, and holds it to it.
func within(t *testing.T, d time.Duration, act func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	begun := time.Now()
	err := act(ctx)
	if over := time.Since(begun) - d; over > 0 {
		t.Logf("the deadline of %v was missed by %v", d, over.Round(time.Millisecond))
		if over > 5*time.Second {
			t.Errorf("the deadline of %v was missed by %v", d, over)
		}
	}
	return err
}

// effects waits for the ledger to hold n entries of a kind, and returns them as text.
func (v *visitor) effects(kind string, n int) []string {
	v.Helper()
	ctx := v.long()
	for {
		all := v.site.Ledger().All(kind)
		if len(all) >= n {
			out := make([]string, len(all))
			for i, e := range all {
				out[i] = e.Key
				if len(e.Facts) > 0 {
					out[i] += " " + fmt.Sprint(e.Facts)
				}
			}
			return out
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			v.Fatalf("the ledger has %d entries of %s and not %d", len(all), kind, n)
		}
	}
}

// downloaded waits until n downloads are done.
func (v *visitor) downloaded(n int) {
	v.Helper()
	ctx := v.long()
	for {
		changed, done := v.c.Changed(), 0
		for _, d := range v.c.Downloads() {
			if d.State == "done" {
				done++
			}
		}
		if done == n {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			v.Fatalf("the downloads are %+v", v.c.Downloads())
		}
	}
}

// did holds the ledger's entries of a kind against what should have been done, each once and in this order.
func (v *visitor) did(kind string, want ...string) {
	v.Helper()
	if got := v.effects(kind, len(want)); !slices.Equal(got, want) {
		v.Errorf("the ledger has for %s\n  %q\nand not\n  %q", kind, got, want)
	}
}

// undone says that nothing of a kind was done.
func (v *visitor) undone(kind string) {
	v.Helper()
	if got := v.site.Ledger().All(kind); len(got) > 0 {
		v.Errorf("the ledger has %v for %s", got, kind)
	}
}
