//go:build unix

package crashtest

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/run"
)

// checkClean holds the run that nothing disturbed to what the shape says.
func (c *crasher) checkClean(t *testing.T) {
	t.Helper()
	s := c.clean
	if !c.endedAs(s, c.fail) {
		t.Errorf("the undisturbed run is %s: %v", s.result.Shown, s.result.Failure)
	}
	if got := outputs(t, s.result); c.out != "" && got != normal(t, c.out) {
		t.Errorf("the undisturbed run gives %s, want %s", got, c.out)
	}
	if len(s.ledger.past) != 1+c.parks {
		t.Errorf("the undisturbed run parked %d times, want %d", len(s.ledger.past)-1, c.parks)
	}
	c.checkPlace(t, s, "undisturbed")
	if len(s.names) == 0 {
		t.Error("the undisturbed run left no records")
	}
}

// check holds a run that was killed to the rules.
func (c *crasher) check(t *testing.T, s *story, plan []point) {
	t.Helper()
	where := at(plan)
	first := plan[0]
	if len(s.kills) == 0 && !slices.Contains(c.racy, first.Name) {
		t.Errorf("%s: it was not", where)
	}
	// What comes out.
	if c.cut[first.String()] {
		if !c.endedAs(s, "interrupted") {
			t.Errorf("%s: the run is %s (%v), it should have failed as interrupted", where, s.result.Shown, s.result.Failure)
		}
	} else {
		if !c.endedAs(s, c.fail) {
			t.Errorf("%s: the run is %s: %v", where, s.result.Shown, s.result.Failure)
		}
		if got, want := outputs(t, s.result), outputs(t, c.clean.result); got != want {
			t.Errorf("%s: it gives %.300s, undisturbed %.300s", where, got, want)
		}
		c.checkPaths(t, s, where)
	}
	c.checkLedger(t, s, where)
	c.checkRecords(t, s, where)
	c.checkPlace(t, s, where)
	c.checkOrder(t, s, where)
}

func (c *crasher) endedAs(s *story, kind string) bool {
	if kind == "" {
		return s.result.Status == run.Done
	}
	return s.result.Status == run.Failed && s.result.Failure.Kind == kind
}

func outputs(t *testing.T, r *result) string {
	t.Helper()
	b, err := json.Marshal(r.Output)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func normal(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkPaths: the same executions acted as in the undisturbed run.
func (c *crasher) checkPaths(t *testing.T, s *story, where string) {
	t.Helper()
	got, want := s.ledger.paths(s.id), c.clean.ledger.paths(c.clean.id)
	for _, p := range want {
		if !slices.Contains(got, p) && !slices.Contains(c.spare, p) {
			t.Errorf("%s: %s never acted", where, p)
		}
	}
	for _, p := range got {
		if !slices.Contains(want, p) && !slices.Contains(c.spare, p) {
			t.Errorf("%s: %s acted, undisturbed it does not", where, p)
		}
	}
}

// checkLedger: each token stands for one execution; one that must not be
// repeated acted once.
func (c *crasher) checkLedger(t *testing.T, s *story, where string) {
	t.Helper()
	token := map[string]string{} // path -> token
	owner := map[string]string{} // token -> path
	acts := map[string]int{}
	for _, e := range s.ledger.all(s.id, "effect") {
		if old, ok := token[e.Path]; ok && old != e.Token {
			t.Errorf("%s: %s acted with two tokens", where, e.Path)
		}
		token[e.Path] = e.Token
		if old, ok := owner[e.Token]; ok && old != e.Path {
			t.Errorf("%s: %s and %s acted with the same token", where, old, e.Path)
		}
		owner[e.Token] = e.Path
		acts[e.Token]++
		if e.Effect == "once" && !strings.Contains(c.flow, "on_interrupted: retry") && acts[e.Token] > 1 {
			t.Errorf("%s: %s, which must not be repeated, acted %d times", where, e.Path, acts[e.Token])
		}
		if acts[e.Token] > 1+len(s.kills) {
			t.Errorf("%s: %s acted %d times", where, e.Path, acts[e.Token])
		}
	}
}

// checkRecords: what a life found recorded it did not do again, nothing that
// was recorded is ever lost, and the death came where it should.
func (c *crasher) checkRecords(t *testing.T, s *story, where string) {
	t.Helper()
	var lives []int
	for life := range s.ledger.past {
		lives = append(lives, life)
	}
	slices.Sort(lives)
	for _, e := range s.ledger.all(s.id, "visit") {
		if slices.Contains(s.ledger.past[e.Life], e.record()) {
			t.Errorf("%s: %s was recorded, and life %d did it again", where, e.record(), e.Life)
		}
	}
	for i := 1; i < len(lives); i++ {
		before, now := s.ledger.past[lives[i-1]], s.ledger.past[lives[i]]
		if len(now) < len(before) || !slices.Equal(now[:len(before)], before) {
			t.Errorf("%s: life %d found %v, life %d %v", where, lives[i-1], before, lives[i], now)
		}
	}
	if len(s.kills) == 0 || s.kills[0].Name == "" || strings.HasPrefix(s.kills[0].Name, "*") {
		return
	}
	// Runs that park live before they are killed; look at the life after.
	k := s.kills[0]
	for _, life := range lives {
		names := s.ledger.past[life]
		i := slices.Index(c.clean.names, k.Name)
		if k.When == "after" {
			i++
		}
		if slices.Contains(names, k.Name) && k.When == "after" || len(names) == i && k.When == "before" && !c.beside {
			if !c.beside && len(c.racy) == 0 && len(names) >= i && !slices.Equal(names[:i], c.clean.names[:i]) {
				t.Errorf("%s: life %d found %v, it should have found %v first", where, life, names, c.clean.names[:i])
			}
			return
		}
	}
	if k.When == "after" || !c.beside && len(c.racy) == 0 {
		t.Errorf("%s: the lives found %v", where, s.ledger.past)
	}
}

// checkOrder: the records are those of the undisturbed run but for the traces
// of a decision.
func (c *crasher) checkOrder(t *testing.T, s *story, where string) {
	t.Helper()
	if c.cut[s.first()] || len(c.racy) > 0 {
		return
	}
	var got []string
	for _, n := range s.names {
		if i := strings.LastIndex(n, "!"); i >= 0 && (strings.HasPrefix(n[i:], "!decision") || strings.HasPrefix(n[i:], "!intent") && n[i:] != "!intent") {
			continue
		}
		got = append(got, n)
	}
	want := slices.Clone(c.clean.names)
	if c.beside {
		slices.Sort(got)
		slices.Sort(want)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: the records are\n%v, undisturbed\n%v", where, got, want)
	}
}

func (s *story) first() string {
	if len(s.kills) == 0 {
		return ""
	}
	return s.kills[0].String()
}

// checkPlace looks into the database and the data folder after the end.
func (c *crasher) checkPlace(t *testing.T, s *story, where string) {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, c.place.database, db.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	dbos := ""
	if d.Pool != nil {
		dbos = "dbos."
	}
	var status, owner, text string
	var lease int64
	var n int
	if err := d.QueryRow(ctx, `SELECT status, owner, lease_until FROM {s}run WHERE id = $1`, s.id).Scan(&status, &owner, &lease); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if status != string(s.result.Status) || owner != "" || lease != 0 {
		t.Errorf("%s: the run is left %s, held by %q until %d", where, status, owner, lease)
	}
	if err := d.QueryRow(ctx, `SELECT status FROM `+dbos+`workflow_status WHERE workflow_uuid = $1`, s.id).Scan(&text); err != nil || text != "SUCCESS" {
		t.Errorf("%s: the workflow is left %s (%v)", where, text, err)
	}
	if err := d.QueryRow(ctx, `SELECT COUNT(*) FROM `+dbos+`queues WHERE name LIKE 'aether-%'`).Scan(&n); err != nil || n > 0 {
		t.Errorf("%s: %d queues of dead processes are left (%v)", where, n, err)
	}
	if d.Pool == nil {
		if err := d.QueryRow(ctx, `PRAGMA integrity_check`).Scan(&text); err != nil || text != "ok" {
			t.Errorf("%s: the database is damaged: %s (%v)", where, text, err)
		}
	}
	rows, err := d.Query(ctx, `SELECT function_name FROM `+dbos+`operation_outputs WHERE workflow_uuid = $1 ORDER BY function_id`, s.id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if seen[name] {
			t.Errorf("%s: the record %s is there twice", where, name)
		}
		seen[name] = true
		s.names = append(s.names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if c.clean != nil {
		c.checkJournal(t, d, s)
	}
	if left, _ := filepath.Glob(filepath.Join(c.place.dir, "work", "*")); len(left) > 0 {
		t.Errorf("%s: work folders are left: %v", where, left)
	}
}

// checkJournal counts the recorded executions of which the journal tells
// nothing, or more than once. It is no rule: the journal is written behind the
// records, for people, and a crash may cost it its last lines.
func (c *crasher) checkJournal(t *testing.T, d *db.DB, s *story) {
	t.Helper()
	told := map[string]int{}
	store := run.NewStore(d, nil)
	list, err := store.Events(t.Context(), s.id, 0, 10000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Kind != "node_finished" && e.Kind != "node_failed" {
			continue
		}
		var data struct {
			Try int `json:"try"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		told[entry{Path: e.Path, Try: data.Try}.record()]++
	}
	for _, name := range s.names {
		if strings.Contains(name, "!") || c.steers(name) {
			continue
		}
		switch n := told[name]; {
		case n == 0:
			c.fig.untold.Add(1)
		case n > 1:
			c.fig.retold.Add(1)
		}
	}
}

// steers reports whether a record is not of a node that acts.
func (c *crasher) steers(name string) bool {
	for _, e := range c.clean.ledger.all(c.clean.id, "visit") {
		if e.record() == name {
			return false
		}
	}
	return true
}
