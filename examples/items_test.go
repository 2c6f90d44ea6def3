package examples_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// json runs a command that prints JSON of its own.
func (a *aether) json(t *testing.T, into any, args ...string) {
	t.Helper()
	out, err := a.command(t, append(args, "--json")...).Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("%v printed %s: %v", args, out, err)
	}
}

// TestExpenseClaims dispatches claims twice, kills the performer in the middle,
// and goes on.
func TestExpenseClaims(t *testing.T) {
	t.Parallel()
	out, a := t.TempDir(), newAether(t)
	var q map[string]any
	a.json(t, &q, "item", "queue", "add", "claims", "--unique-reference", "--max-retries", "1", "--schema", "expense-claims/claim.schema.json")
	dispatch := []string{"run", "expense-claims/dispatcher.flow.yaml", "-i", "claims=expense-claims/claims.csv", "--new"}
	last := a.run(t, 0, dispatch...)
	if !strings.Contains(string(last.Output), `"added":5`) {
		t.Errorf("dispatched: %s", last.Output)
	}
	if last = a.run(t, 0, dispatch...); !strings.Contains(string(last.Output), `"added":0`) {
		t.Errorf("dispatched again: %s", last.Output)
	}
	perform := []string{"run", "expense-claims/performer.flow.yaml", "-i", "out=" + out}
	a.runUntil(t, 0, func(e event) bool { return e.Path == "each[1]/book" }, perform...)
	last = a.run(t, 0, perform...)
	golden(t, "expense-claims", out, last)
	var items []struct{ Reference, Status, Kind string }
	a.json(t, &items, "item", "list", "claims")
	var got []string
	for _, i := range items {
		got = append(got, i.Reference+":"+i.Status+i.Kind)
	}
	if s := strings.Join(got, " "); s != "E-1001:successful E-1002:successful E-1003:failedbusiness E-1004:failedbusiness E-1005:successful" {
		t.Errorf("items: %s", s)
	}
	// The same work without a queue that lasts.
	alone := t.TempDir()
	last = a.run(t, 0, "run", "expense-claims/performer.flow.yaml", "-i", "queue=items", "-i", "out="+alone, "--items", "expense-claims/claims.json", "--items-out", filepath.Join(alone, "items.json"))
	if !strings.Contains(string(last.Output), `"booked":1`) {
		t.Errorf("alone: %s", last.Output)
	}
}
