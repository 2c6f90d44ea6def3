package examples_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// request is a line of the ledger of the rates server.
type request struct {
	Currency, Token string
	Status          int
}

func invoiceArgs(rates, out string) []string {
	return []string{"run", "invoices/invoices.flow.yaml", "-i", "folder=invoices/inbox", "-i", "rates_url=" + rates, "-i", "out=" + out}
}

// TestInvoices runs the flow twice: the second run must write the same bytes.
func TestInvoices(t *testing.T) {
	t.Parallel()
	rates, a := serve(t, "rates"), newAether(t)
	for range 2 {
		out := t.TempDir()
		golden(t, "invoices", out, a.run(t, 0, invoiceArgs(rates, out)...))
	}
	// Refused once and answered, then answered at once; EUR is never asked for.
	want := "USD 429, USD 200, GBP 503, GBP 200, CHF 500, CHF 200, USD 200, GBP 200, CHF 200"
	var got []string
	for _, r := range get[[]request](t, rates+"/ledger") {
		got = append(got, fmt.Sprint(r.Currency, " ", r.Status))
	}
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("the rates server was asked %s, want %s", g, want)
	}
}

// TestInvoicesKilled kills the run with SIGKILL again and again, all over its
// length, and starts the same command until it is done. The run has an id, so
// that a kill after its end, but before the program's, does not start another
// run. What it writes must be
// what a run writes that nobody killed, and the server must not have been
// asked more often than the kills explain.
func TestInvoicesKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills the program some twenty times")
	}
	t.Parallel()
	const atLeast, atMost = 15, 25
	rates, out, a := serve(t, "rates"), t.TempDir(), newAether(t)
	rnd := rand.New(rand.NewPCG(2025, 12)) //nolint:gosec // the same kills each time
	seen := map[string]bool{}
	kills, asked := 0, 0
	var places []string
	var last event
	for done := false; !done; {
		// Most kills come after some events that are new, so that they spread
		// over the run; some while the records of the runs before are replayed.
		fresh, early := 1+rnd.IntN(3), rnd.IntN(6) == 0
		delay := time.Duration(rnd.IntN(4000)) * time.Microsecond
		asking, killed := false, false
		last = a.runUntil(t, 0, func(e event) bool {
			if e.Event == "run_started" {
				if e.Run != "december" {
					t.Errorf("another run was started: %s", e.Run)
				}
			}
			asking = asking || e.Event == "node_started" && strings.HasSuffix(e.Path, "/rate/ask")
			if killed {
				return false
			}
			key := fmt.Sprint(e.Event, e.Path, e.Try)
			if e.Event != "iteration" && !seen[key] {
				seen[key] = true
				fresh--
			}
			if kills == atMost || e.Event == "run" || (fresh > 0 && !early) {
				return false
			}
			// Not for something to happen: for a place between two events.
			<-time.After(delay)
			killed = true
			places = append(places, strings.TrimSpace(e.Event+" "+e.Path))
			return true
		}, append(invoiceArgs(rates, out), "--id", "december")...)
		done = !killed || last.Event == "run"
		if killed {
			kills++
			if asking {
				asked++
			}
		}
	}
	if last.Event != "run" || last.Status != "done" {
		t.Fatalf("the run ended with %+v", last)
	}
	if kills < atLeast {
		t.Errorf("%d kills before the run was done, want %d", kills, atLeast)
	}
	t.Logf("%d kills, at %s", kills, strings.Join(places, ", "))
	golden(t, "invoices", out, last)
	checkLedger(t, get[[]request](t, rates+"/ledger"), asked)
}

// checkLedger looks at the run from outside. A read that a crash cuts short is
// repeated, under the same token; nothing else is.
func checkLedger(t *testing.T, ledger []request, asked int) {
	t.Helper()
	tokens, answered := map[string]string{}, map[string]int{}
	for _, r := range ledger {
		if r.Token == "" {
			t.Errorf("%s was asked for without a token", r.Currency)
		}
		if c, ok := tokens[r.Currency]; ok && c != r.Token {
			t.Errorf("%s was asked for under two tokens: %s and %s", r.Currency, c, r.Token)
		}
		tokens[r.Currency] = r.Token
		if r.Status == 200 {
			answered[r.Currency]++
		}
	}
	if len(tokens) != 3 {
		t.Errorf("asked for %v, want USD, GBP and CHF", tokens)
	}
	extra := 0
	for c, n := range answered {
		extra += n - 1
		if n < 1 {
			t.Errorf("%s was never answered", c)
		}
	}
	if extra > asked {
		t.Errorf("%d answers were given again, and only %d kills came while the node was at work: %v", extra, asked, answered)
	}
	t.Logf("%d requests, %d answered again, %d kills while asking", len(ledger), extra, asked)
}
