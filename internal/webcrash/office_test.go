//go:build unix

package webcrash

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/testsite"
	"github.com/aether-rpa/aether/internal/testsite/ledger"
)

// office is the practice site with the folder of a robot that works there.
type office struct {
	ledger *ledger.Ledger
	job    job
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{ledger: ledger.New(nil)}
	site, err := testsite.New(testsite.Config{Seed: 7, Ledger: o.ledger})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site.Handler())
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	dir := t.TempDir()
	file := filepath.Join(dir, "INV-9001.pdf")
	if err := os.WriteFile(file, []byte("an invoice"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.job = job{Dir: dir, Flow: "testdata/office.yaml", Site: srv.URL, Choice: "again", Inputs: map[string]any{"file": file, "folder": filepath.Join(dir, "out")}}
	return o
}

// story tells what was really done, without who came and went and what was only fetched, which happens again after an
// interruption.
func (o *office) story() string {
	var b strings.Builder
	for _, e := range o.ledger.All("") {
		if !strings.HasPrefix(e.Kind, "session.") && e.Kind != "report.download" {
			fmt.Fprintln(&b, e.Kind, e.Key, e.Facts)
		}
	}
	return b.String()
}

// acted reports whether the other side has seen the effect of a node.
func (o *office) acted(node string) bool {
	kind := map[string]string{"save": "workitem.update", "book": "invoice.create", "send": "invoice.upload", "hand": "frame.submit", "tell": "shadow.submit", "move": "kanban.move"}[node]
	return kind != "" && len(o.ledger.All(kind)) > 0
}

// TestEveryAction kills the robot, its browser, and both, around every action of a day in the Acme back office: a login
// with a code, a list with pages, forms, a window that is chosen in, an upload, frames in frames, shadow roots, a drag
// and a download. What comes of it equals the day that nothing disturbed, and nothing is done twice. Without the
// variable AETHER_TEST_EVERY it is a sample, another one each day.
func TestEveryAction(t *testing.T) {
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	clean := newOffice(t)
	want, _ := clean.job.live(t)
	if want == nil || want.Status != run.Done {
		t.Fatalf("the undisturbed run: %+v", want)
	}
	told := clean.story()
	actions := slices.DeleteFunc(slices.Clone(want.Names), func(n string) bool { return strings.Contains(n, "!") })
	if n := strings.Count(told, "\n"); n != 6 || len(actions) < 30 {
		t.Fatalf("%d effects of %d actions:\n%s", n, len(actions), told)
	}
	n := 0
	for _, when := range []string{"before", "after"} {
		for _, victim := range []string{"robot", "browser", "both"} {
			for _, name := range actions {
				if n++; os.Getenv("AETHER_TEST_EVERY") == "" && n%sample != time.Now().YearDay()%sample {
					continue
				}
				t.Run(strings.Join([]string{victim, when, name}, " "), func(t *testing.T) {
					o := newOffice(t)
					j := o.job
					j.When, j.Name, j.Browser, j.Both = when, name, victim == "browser", victim == "both"
					res, killed := j.live(t)
					if killed == j.Browser {
						t.Fatalf("killed: %t", killed)
					}
					if killed {
						j.When, j.Choice = "", "again"
						if o.acted(name) {
							j.Choice = "skip"
						}
						res, _ = j.live(t)
					}
					if res.Status != run.Done || string(res.Output) != strings.ReplaceAll(string(want.Output), clean.job.Site, o.job.Site) {
						t.Fatalf("the run is %s with %s, undisturbed %s: %v", res.Status, res.Output, want.Output, res.Failure)
					}
					if got := o.story(); got != told {
						t.Errorf("the other side has\n%s\nundisturbed\n%s", got, told)
					}
				})
			}
		}
	}
}

// sample is of how many kills one takes place where time is short.
const sample = 139
