package healtest_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/healtest"
)

// folder is for the browser, which may write to it until after the test.
func folder() (string, error) { return os.MkdirTemp("", "aether-profile-") }

// opened is a page of a browser of its own.
func opened(t *testing.T) *browser.Page {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	dir, err := folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b, err := cdp.Driver{}.Launch(ctx, browser.Launch{Profile: dir, Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	c, err := b.Open(t.Context(), browser.Options{Width: 1280, Height: 900})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := c.NewTab(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return browser.NewPage(tab)
}

// few is the short form: every family on some pages of the practice site. AETHER_HEAL_PAGES=all takes all.
var few = []string{"/acme/vendors/new", "/acme/invoices", "/acme/order"}

// TestRightOrSilent changes pages of the practice site by each family: nothing wrong is healed, and of what is gone
// nothing.
func TestRightOrSilent(t *testing.T) {
	p := opened(t)
	site, err := healtest.OpenSite(t.Context(), p, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	paths, levels := few, []int{0, 3, 5}
	if os.Getenv("AETHER_HEAL_PAGES") == "all" {
		paths, levels = healtest.SitePages, []int{0, 1, 2, 3, 4, 5}
	}
	for i, f := range healtest.Families {
		var sum healtest.Tally
		for k, path := range paths {
			got, err := healtest.Run(t.Context(), p, site.URL+path, f, 10*i+k)
			if err != nil {
				t.Fatal(err)
			}
			sum.Add(got)
		}
		t.Logf("%-9s n %3d first %3d right %3d twin %2d wrong %2d asked %2d abstained %2d", f.Name, sum.N, sum.First, sum.Right, sum.Twin, sum.Wrong, sum.Asked, sum.Abstained)
		for _, fault := range sum.Faults {
			t.Errorf("healed wrongly: %s", fault)
		}
		if sum.N < 4 || !f.Gone && sum.Right == 0 {
			t.Errorf("%s: %d elements, %d healed", f.Name, sum.N, sum.Right)
		}
	}
	for _, level := range levels {
		var sum healtest.Tally
		for k, path := range paths {
			got, err := site.Level(t.Context(), path, level, int64(20+k))
			if err != nil {
				t.Fatal(err)
			}
			sum.Add(got)
		}
		t.Logf("level %d   n %3d first %3d right %3d twin %2d wrong %2d asked %2d abstained %2d", level, sum.N, sum.First, sum.Right, sum.Twin, sum.Wrong, sum.Asked, sum.Abstained)
		for _, fault := range sum.Faults {
			t.Errorf("healed wrongly: %s", fault)
		}
		if sum.N < 20 || level == 0 && sum.Right < sum.N-sum.Asked {
			t.Errorf("level %d: %d elements, %d healed", level, sum.N, sum.Right)
		}
	}
}

// TestWhatIsRightStays resolves selectors after the page has changed: healing never turns one that still finds its
// element into another, and finds out those that find another one without a word.
func TestWhatIsRightStays(t *testing.T) {
	p := opened(t)
	site, err := healtest.OpenSite(t.Context(), p, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	paths, limit := []string{"/acme/invoices", "/acme/vendors/new"}, 8
	if os.Getenv("AETHER_HEAL_PAGES") == "all" {
		paths, limit = healtest.SitePages, 80
	}
	var sum healtest.Kept
	for i, f := range healtest.Families {
		for k, path := range paths {
			got, err := healtest.Keep(t.Context(), p, site.URL+path, f, 10*i+k, limit)
			if err != nil {
				t.Fatal(err)
			}
			sum.Add(got)
		}
	}
	t.Logf("right %d, of them lost %d; astray %d, of them caught %d", sum.Right, sum.Lost, sum.Astray, sum.Caught)
	for _, f := range sum.Faults {
		t.Log(f)
	}
	if sum.Lost > 0 || sum.Right < 50 {
		t.Errorf("of %d selectors that are right %d were not taken", sum.Right, sum.Lost)
	}
	if 100*sum.Caught < 95*sum.Astray {
		t.Errorf("of %d selectors that find another element %d were found out", sum.Astray, sum.Caught)
	}
}
