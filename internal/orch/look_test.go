package orch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
)

// record is what a node execution recorded: an output, or a failure if it begins
// with an exclamation mark.
func record(name, out string) durable.Entry {
	if f, failed := strings.CutPrefix(out, "!"); failed {
		return durable.Entry{Name: name, Data: fmt.Appendf(nil, `{"fail":{"kind":"net","message":%q},"s":1000,"e":2000}`, f)}
	}
	return durable.Entry{Name: name, Data: fmt.Appendf(nil, `{"out":%s,"s":1000,"e":2000}`, out)}
}

// recorded adds a run with records of its own.
func (a *archive) recorded(r run.Run, status run.Status, entries ...durable.Entry) {
	a.Helper()
	if r.Digest == "" {
		r.Digest = "x"
	}
	if r.Input == nil {
		r.Input = []byte(`{}`)
	}
	if r.Flow == "" {
		r.Flow = "f"
	}
	if _, err := a.o.Runs.Create(a.Context(), &r); err != nil {
		a.Fatal(err)
	}
	a.exec(`UPDATE {s}run SET status = $1 WHERE id = $2`, string(status), r.ID)
	if _, err := a.o.Durable.Run(a.Context(), r.ID, func(ctx context.Context, l durable.Log) ([]byte, error) {
		return nil, l.Append(ctx, entries...)
	}); err != nil {
		a.Fatal(err)
	}
}

// steps reads all pages and returns the paths.
func (a *archive) steps(id string, f orch.StepFilter) (paths []string) {
	a.Helper()
	for {
		list, err := a.o.Steps(a.Context(), id, f)
		if err != nil {
			a.Fatal(err)
		}
		for _, s := range list {
			paths = append(paths, s.Path)
			f.From = s.Next()
		}
		if len(list) < f.Limit {
			return paths
		}
	}
}

func TestSteps(t *testing.T) {
	archives(t, func(a *archive) {
		var entries []durable.Entry
		for i := range 2500 {
			entries = append(entries, record(fmt.Sprintf("each[%d]/get", i), `{"n":1}`), record(fmt.Sprintf("each[%d]/put!intent", i), `{}`), record(fmt.Sprintf("each[%d]/put", i), "!no"), record(fmt.Sprintf("each[%d]/put#2", i), `{"ok":true}`))
		}
		a.recorded(run.Run{ID: "r", Created: time.Now()}, run.Done, append(entries, record("call/get", `{}`), record("enter@1/get", `{}`))...)
		if got := a.steps("r", orch.StepFilter{Limit: 400}); len(got) != 7502 || got[0] != "each[0]/get" || got[7500] != "call/get" {
			t.Errorf("%d steps in pages, want 7502", len(got))
		}
		for want, f := range map[string]orch.StepFilter{
			"each[7]/get each[7]/put each[7]/put#2": {Under: "each[7]/"},
			"each[7]/put each[7]/put#2":             {Path: "each[7]/put"},
			"each[2499]/put each[2499]/put#2":       {Node: "put", Under: "each[2499]"},
			"call/get":                              {Node: "get", Under: "call/"},
			"":                                      {Node: "et"},
			"each[249]/get each[2490]/get each[2491]/get each[2492]/get each[2493]/get each[2494]/get each[2495]/get each[2496]/get each[2497]/get each[2498]/get each[2499]/get": {Node: "get", Under: "each[249"},
		} {
			f.Limit = 2
			if got := strings.Join(a.steps("r", f), " "); got != want {
				t.Errorf("%+v: %s, want %s", f, got, want)
			}
		}
		list, err := a.o.Steps(t.Context(), "r", orch.StepFilter{Path: "each[3]/put", Limit: 5})
		if err != nil || len(list) != 2 || list[0].Failure == nil || list[1].Try != 2 || list[1].Node != "put" || string(list[1].Output) != `{"ok":true}` || list[1].Ended.UnixMilli() != 2000 {
			t.Errorf("the tries of each[3]/put: %+v, %v", list, err)
		}
		if list, err = a.o.Steps(t.Context(), "r", orch.StepFilter{Brief: true, Limit: 1}); err != nil || list[0].Output != nil {
			t.Errorf("a brief step: %+v, %v", list, err)
		}
		if _, err := a.o.Steps(t.Context(), "nothing", orch.StepFilter{Limit: 1}); !errors.Is(err, run.ErrNotFound) {
			t.Errorf("steps of no run: %v", err)
		}
	})
}

// Records that a run began with, or that were made elsewhere, are among its steps;
// those that it made itself stand for them.
func TestStepsOfSeveralPlaces(t *testing.T) {
	archives(t, func(a *archive) {
		seed, err := robot.WriteSeed(t.Context(), a.o.Artifacts, []durable.Entry{record("a", `1`), record("b", `1`), record("c", `1`)})
		if err != nil {
			t.Fatal(err)
		}
		a.recorded(run.Run{ID: "r", Created: time.Now(), Seed: &run.Seed{Artifact: seed, Count: 3}}, run.Done, record("c", `3`), record("e", `3`))
		if err := a.d.Tx(t.Context(), func(tx *db.Tx) error {
			return a.o.Runs.AddRecordsIn(t.Context(), tx, "r", record("b", `2`), record("d", `2`), record("e", `2`))
		}); err != nil {
			t.Fatal(err)
		}
		for limit := 1; limit < 7; limit++ {
			var got []string
			f := orch.StepFilter{Limit: limit}
			for {
				list, err := a.o.Steps(t.Context(), "r", f)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range list {
					got = append(got, s.Path+string(s.Output))
					f.From = s.Next()
				}
				if len(list) < limit {
					break
				}
			}
			if text := strings.Join(got, " "); text != "a1 b2 d2 c3 e3" {
				t.Errorf("in pages of %d: %s", limit, text)
			}
		}
	})
}

func TestCompare(t *testing.T) {
	archives(t, func(a *archive) {
		now := time.Now()
		big := `"` + strings.Repeat("x", 40_000) + `"`
		a.recorded(run.Run{ID: "good", Created: now.Add(-3 * time.Hour)}, run.Done, record("get", `{"rows":2,"file":"good.txt"}`), record("each[0]/put", "!busy"), record("each[0]/put#2", `1`), record("each[1]/put", `2`), record("send", `"sent"`), record("call/inner", `1`))
		a.recorded(run.Run{ID: "bad", Created: now, Input: []byte(`{"x":1}`)}, run.Failed, record("get", `{"rows":2,"file":"bad.txt"}`), record("each[0]/put", `1`), record("each[1]/put", big), record("send", "!refused"), record("extra", `1`))
		a.recorded(run.Run{ID: "other", Flow: "g", Created: now}, run.Done)
		a.recorded(run.Run{ID: "later", Created: now.Add(time.Hour)}, run.Done)
		c, err := a.o.Compare(t.Context(), "bad", "")
		if err != nil {
			t.Fatal(err)
		}
		var states []string
		for _, n := range c.Nodes {
			states = append(states, n.Node+"="+n.State)
		}
		slices.Sort(states)
		if got := strings.Join(states, " "); got != "call=only_there extra=only_here get=same put=differs send=differs" {
			t.Error(got)
		}
		if c.With != "good" || c.SameInput || !c.SameVersion || c.Executions != 6 {
			t.Errorf("%+v", c)
		}
		f := c.First
		if f == nil || f.Path != "each[1]/put" || f.Node != "put" || f.Here.Output != nil || len(f.Here.Digest) != 64 || f.Here.Size != len(big) || string(f.There.Output) != "2" {
			t.Errorf("first: %+v", f)
		}
		if c, err = a.o.Compare(t.Context(), "good", "bad"); err != nil || c.First.Path != "each[1]/put" || string(c.First.Here.Output) != "2" {
			t.Errorf("the other way round: %+v, %v", c, err)
		}
		if c, err = a.o.Compare(t.Context(), "bad", "bad"); err != nil || c.First != nil {
			t.Errorf("with itself: %+v, %v", c, err)
		}
		if _, err = a.o.Compare(t.Context(), "bad", "other"); !errors.Is(err, orch.ErrInput) {
			t.Errorf("with a run of another flow: %v", err)
		}
		if c, err = a.o.Compare(t.Context(), "good", ""); err != nil || c.With != "" || c.First != nil {
			t.Errorf("without one before it: %+v, %v", c, err)
		}
		if _, err = a.o.Compare(t.Context(), "good", "none"); !errors.Is(err, run.ErrNotFound) {
			t.Errorf("with no run: %v", err)
		}
	})
}

func TestGrid(t *testing.T) {
	archives(t, func(a *archive) {
		now := time.Now()
		tell := func(id string, list ...string) {
			var events []run.Event
			for i, e := range list {
				kind, path, _ := strings.Cut(e, " ")
				events = append(events, run.Event{Run: id, Seq: int64(i + 1), Kind: kind, Path: path, At: now, Data: json.RawMessage(`{}`)})
			}
			if err := a.o.Runs.AddEvents(t.Context(), events); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 35 {
			a.recorded(run.Run{ID: fmt.Sprintf("r%02d", i), Created: now.Add(time.Duration(i) * time.Minute)}, run.Done)
		}
		tell("r34", "run_started ", "node_started get", "node_finished get", "node_started each[0]/put", "node_failed each[0]/put", "node_started each[1]/put", "node_finished each[1]/put", "node_started call/get", "node_failed call/get", "waiting ask")
		long := []string{"node_finished first"}
		for i := range 2000 {
			long = append(long, fmt.Sprintf("node_finished each[%d]/put", i))
		}
		tell("r33", append(long, "node_failed last")...)
		a.exec(`UPDATE {s}run SET status = 'attention' WHERE id = 'r34'`)
		a.exec(`UPDATE {s}run SET status = 'failed', failure = '{"kind":"net","message":"m","node":"inner","path":"call/inner"}' WHERE id = 'r32'`)
		list, err := a.o.Grid(t.Context(), "f", 30)
		if err != nil || len(list) != 30 || list[0].ID != "r34" || list[29].ID != "r05" {
			t.Fatalf("%d runs, %v", len(list), err)
		}
		want := map[string]orch.GridCell{"get": {State: "done", Count: 1}, "put": {State: "done", Count: 2, Failed: 1}, "call": {State: "failed", Failed: 1}, "ask": {State: "waiting"}}
		for id, c := range want {
			if got := list[0].Cells[id]; got != c {
				t.Errorf("%s: %+v, want %+v", id, got, c)
			}
		}
		if len(list[0].Cells) != len(want) || list[0].Partial {
			t.Errorf("the newest: %+v", list[0])
		}
		if c := list[1].Cells; !list[1].Partial || c["first"].State != "done" || c["last"].State != "failed" || c["put"].State != "done" {
			t.Errorf("a long run: %+v", list[1])
		}
		if c := list[2].Cells["call"]; c.State != "failed" {
			t.Errorf("a run that failed in a flow it calls: %+v", list[2])
		}
		if list, err = a.o.Grid(t.Context(), "none", 30); err != nil || len(list) != 0 {
			t.Errorf("a flow without runs: %v, %v", list, err)
		}
	})
}
