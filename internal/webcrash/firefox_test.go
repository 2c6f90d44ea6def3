//go:build linux

package webcrash

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser/bidi"
	"github.com/aether-rpa/aether/internal/run"
)

// TestFirefox kills a robot in the middle of a form in Firefox. The browser ends with it, another one goes on where it
// was, with the login and what the fields held, and the order is placed and paid once.
func TestFirefox(t *testing.T) {
	if _, err := bidi.Find(); err != nil {
		t.Skip(err)
	}
	s := newSite(t)
	j := job{Dir: t.TempDir(), Flow: "testdata/order.yaml", Site: s.url, Make: "firefox", When: "after", Name: "amount", Choice: "again"}
	if res, killed := j.live(t); !killed {
		t.Fatalf("the robot was not killed: %+v", res)
	}
	deadline := time.Now().Add(time.Minute)
	for left := programs(t, j.Dir); len(left) > 0; left = programs(t, j.Dir) {
		if time.Now().After(deadline) {
			t.Fatalf("with the robot not all have ended:\n%s", strings.Join(left, "\n"))
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // a browser ends by itself a moment after its robot
	}
	j.When = ""
	res, _ := j.live(t)
	if res == nil || res.Status != run.Done {
		t.Fatalf("the run that goes on: %+v", res)
	}
	if orders, paid := s.ledger.All("order"), s.ledger.All("pay"); len(orders) != 1 || len(paid) != 1 {
		t.Errorf("the other side has\n%s", s.story())
	}
	if left, err := os.ReadDir(j.Dir + "/work"); err == nil && len(left) > 0 {
		t.Errorf("%d folders are left", len(left))
	}
}
