//go:build unix

package webcrash

import (
	"os"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/run"
)

// TestEveryStep kills the robot, and its browser, before and after each record of a flow. What comes of it equals the
// run that nothing disturbed: the same effects, each once. A press that was under way is asked about, and the answer
// is what the other side says.
func TestEveryStep(t *testing.T) {
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	clean := newSite(t)
	j := job{Dir: t.TempDir(), Flow: "testdata/order.yaml", Site: clean.url, Choice: "again"}
	want, _ := j.live(t)
	if want == nil || want.Status != run.Done {
		t.Fatalf("the undisturbed run: %+v", want)
	}
	told := clean.story()
	every := 7
	if os.Getenv("AETHER_TEST_EVERY") != "" {
		every = 1
	}
	n := 0
	for _, when := range []string{"before", "after"} {
		for _, browser := range []bool{false, true} {
			for _, name := range want.Names {
				if n++; n%every != 0 {
					continue
				}
				label := when + " " + name
				if browser {
					label += ", the browser"
				}
				t.Run(label, func(t *testing.T) {
					s := newSite(t)
					j := job{Dir: t.TempDir(), Flow: "testdata/order.yaml", Site: s.url, When: when, Name: name, Browser: browser, Choice: "again"}
					res, killed := j.live(t)
					if killed == browser {
						t.Fatalf("killed: %t", killed)
					}
					if !browser {
						j.When = ""
						if s.acted(strings.TrimSuffix(name, "!intent")) {
							j.Choice = "skip"
						}
						res, _ = j.live(t)
					}
					if res.Status != run.Done {
						t.Fatalf("the run is %s: %v", res.Status, res.Failure)
					}
					if got := s.story(); got != told {
						t.Errorf("the other side has\n%s\nundisturbed\n%s", got, told)
					}
				})
			}
		}
	}
}

// acted reports whether the site has seen the effect of a node.
func (s *site) acted(node string) bool {
	kind := map[string]string{"saved": "order", "pay": "pay"}[node]
	return kind != "" && len(s.ledger.All(kind)) > 0
}
