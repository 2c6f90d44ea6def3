// Package examples_test runs the example flows whole, as a user does: with the
// real program, real files and the servers that come with them.
package examples_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func flowFiles(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("*/*.flow.yaml")
	if err != nil || len(list) < 8 {
		t.Fatalf("flows = %v, %v", list, err)
	}
	return list
}

// TestValid wants every flow to be without a problem and in canonical form.
func TestValid(t *testing.T) {
	a := newAether(t)
	out, err := a.command(t, append([]string{"validate", "--json"}, flowFiles(t)...)...).Output()
	if err != nil {
		t.Errorf("validate: %v", err)
	}
	var results []struct {
		File     string            `json:"file"`
		Problems []json.RawMessage `json:"problems"`
	}
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		for _, p := range r.Problems {
			t.Errorf("%s: %s", r.File, p)
		}
	}
	for _, file := range flowFiles(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out, err := a.command(t, "fmt", file).Output()
		if err != nil {
			t.Errorf("fmt %s: %v", file, err)
		}
		if !bytes.Equal(out, src) {
			t.Errorf("%s is not in canonical form: run aether fmt -w", file)
		}
	}
}

func TestDedupeContacts(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	last := newAether(t).run(t, 0, "run", "dedupe-contacts/dedupe-contacts.flow.yaml",
		"-i", "crm=dedupe-contacts/crm.csv", "-i", "newsletter=dedupe-contacts/newsletter.csv", "-i", "out="+out)
	golden(t, "dedupe-contacts", out, last)
}

func TestNightlyReport(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	last := newAether(t).run(t, 0, "run", "nightly-report/nightly-report.flow.yaml",
		"-i", "orders=nightly-report/orders.csv", "-i", "out="+out, "-i", "day=2025-10-26")
	golden(t, "nightly-report", out, last)
}

func TestLogAnalysis(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	last := newAether(t).run(t, 0, "run", "log-analysis/log-analysis.flow.yaml", "-i", "log=log-analysis/access.log", "-i", "out="+out)
	golden(t, "log-analysis", out, last)
}

func TestWatchAndArchive(t *testing.T) {
	t.Parallel()
	folder, archive := t.TempDir(), t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("watch-and-archive/inbox")); err != nil {
		t.Fatal(err)
	}
	last := newAether(t).run(t, 0, "run", "watch-and-archive/watch-and-archive.flow.yaml", "-i", "folder="+folder, "-i", "archive="+archive)
	golden(t, "watch-and-archive", archive, last)
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

type sent struct {
	ID, Token string
	Status    int
	Again     bool
}

// TestAPISync synchronises twice: all of it, then only what was refused.
func TestAPISync(t *testing.T) {
	t.Parallel()
	api, out, a := serve(t, "api"), t.TempDir(), newAether(t)
	args := []string{"run", "api-sync/api-sync.flow.yaml", "-i", "api_url=" + api, "-i", "state=" + filepath.Join(out, "state.json")}
	last := a.run(t, 0, args...)
	golden(t, "api-sync", out, last)
	if list := get[[]json.RawMessage](t, api+"/contacts"); len(list) != 22 {
		t.Errorf("the CRM has %d contacts, want 22", len(list))
	}
	tokens := map[string]string{}
	for _, e := range get[[]sent](t, api+"/ledger") {
		if id, ok := tokens[e.Token]; ok && id != e.ID {
			t.Errorf("the key of %s was used for %s too", id, e.ID)
		}
		tokens[e.Token] = e.ID
	}
	if len(tokens) != 23 {
		t.Errorf("%d keys were used, want one for each of 23 customers", len(tokens))
	}
	before := len(get[[]sent](t, api+"/ledger"))
	a.run(t, 0, args...)
	after := get[[]sent](t, api+"/ledger")[before:]
	if len(after) != 1 || after[0].ID != "K-009" {
		t.Errorf("the second time %v was sent, want K-009 alone", after)
	}
}

type payment struct{ ID string }

// TestApprovePayments approves, kills the program while the bank executes a
// payment, and answers the question that comes of it.
func TestApprovePayments(t *testing.T) {
	t.Parallel()
	bank, out, a := serve(t, "bank", "-hold", "P-103"), t.TempDir(), newAether(t)
	args := []string{"run", "approve-payments/approve-payments.flow.yaml", "-i", "payments=approve-payments/payments.csv", "-i", "bank_url=" + bank, "-i", "out=" + out}
	last := a.run(t, 3, args...)
	if len(last.Waits) != 1 || last.Waits[0].Kind != "approval" || !strings.Contains(last.Waits[0].Question, "4,511.50") {
		t.Fatalf("waits = %+v", last.Waits)
	}
	if paid := get[[]payment](t, bank+"/payments"); len(paid) > 0 {
		t.Fatalf("paid without approval: %v", paid)
	}
	id := last.Run
	a.runUntil(t, 0, func(e event) bool {
		if e.Event != "node_started" || e.Path != "each[2]/pay" {
			return false
		}
		// Killed only after the bank has executed it.
		for len(get[[]payment](t, bank+"/payments")) < 3 {
			if t.Context().Err() != nil {
				return true
			}
		}
		return true
	}, "runs", "resume", id, "--answer", "approve")
	last = a.run(t, 3, args...)
	if last.Run != id || len(last.Waits) != 1 || last.Waits[0].Kind != "interrupted" || last.Waits[0].Path != "each[2]/pay" {
		t.Fatalf("after the kill: %+v", last)
	}
	last = a.run(t, 0, "runs", "resume", id, "--at", "each[2]/pay", "--decide", "skip")
	golden(t, "approve-payments", out, last)
	var ids []string
	for _, p := range get[[]payment](t, bank+"/payments") {
		ids = append(ids, p.ID)
	}
	if want := []string{"P-101", "P-102", "P-103", "P-104"}; !slices.Equal(ids, want) {
		t.Errorf("paid %v, want each once: %v", ids, want)
	}
}

func TestRejectPayments(t *testing.T) {
	t.Parallel()
	bank, out, a := serve(t, "bank"), t.TempDir(), newAether(t)
	last := a.run(t, 3, "run", "approve-payments/approve-payments.flow.yaml", "-i", "payments=approve-payments/payments.csv", "-i", "bank_url="+bank, "-i", "out="+out)
	last = a.run(t, 0, "runs", "resume", last.Run, "--answer", "reject", "--comment", "P-103 was paid in November")
	golden(t, "approve-payments-rejected", out, last)
	if paid := get[[]payment](t, bank+"/payments"); len(paid) > 0 {
		t.Errorf("paid although rejected: %v", paid)
	}
}
