package run_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// However many runs there are, a page of the list reads a page: an index gives
// the order, and nothing is sorted or read to be thrown away.
func TestListPlans(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		ctx := t.Context()
		d := dbtest.Open(t, target)
		s := run.NewStore(d, func(string) run.Liveness { return run.Unknown })
		_, err := d.Exec(ctx, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
			INSERT INTO {s}run (id, flow, digest, status, created, ended) SELECT 'run-' || i, 'flow' || (i % 7), 'd', CASE WHEN i % 10 = 0 THEN 'failed' ELSE 'done' END, i / 3, i FROM n`)
		if err == nil {
			_, err = d.Exec(ctx, `ANALYZE {s}run`)
		}
		if err != nil {
			t.Fatal(err)
		}
		deep := &run.Place{Created: time.UnixMilli(3000), ID: "run-9000"}
		for name, tt := range map[string]struct {
			f     run.Filter
			index string
		}{
			"all":             {run.Filter{}, "run_created"},
			"deep":            {run.Filter{Beyond: deep}, "run_created"},
			"status":          {run.Filter{Status: run.Failed}, "run_status"},
			"status, deep":    {run.Filter{Status: run.Failed, Beyond: deep}, "run_status"},
			"flow":            {run.Filter{Flow: "flow3"}, "run_"},
			"flow and status": {run.Filter{Flow: "flow3", Status: run.Failed, Beyond: deep}, "run_flow_status"},
			"oldest first":    {run.Filter{Status: run.Failed, Oldest: true, Beyond: deep}, "run_status"},
			"a part of an id": {run.Filter{Prefix: "run-1234", Limit: 2}, ""},
		} {
			q, args := s.Query(tt.f)
			explain := "EXPLAIN QUERY PLAN "
			if d.Pool != nil {
				explain = "EXPLAIN "
			}
			rows, err := d.Query(ctx, explain+q, args...)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			plan := texts(t, rows)
			if tt.index != "" && !strings.Contains(plan, tt.index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN run\n") {
				t.Errorf("%s: the index %q is not used\n%s", name, tt.index, plan)
			}
			if tt.index != "" && (strings.Contains(plan, "Sort") || strings.Contains(plan, "TEMP B-TREE")) {
				t.Errorf("%s: it sorts\n%s", name, plan)
			}
		}
		list, err := s.List(ctx, run.Filter{Prefix: "run-1234"})
		if err != nil || len(list) != 11 { // itself and run-12340 to run-12349
			t.Errorf("%d runs, %v", len(list), err)
		}
	})
}

// texts reads the last column of rows.
func texts(t *testing.T, rows *sql.Rows) string {
	t.Helper()
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		var text string
		cells := make([]any, len(names))
		for i := range cells {
			cells[i] = new(any)
		}
		cells[len(cells)-1] = &text
		if err := rows.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		b.WriteString(text + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
