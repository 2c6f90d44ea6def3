package orch_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
)

const day = 24 * time.Hour

// archive is a database with runs that ended long ago.
type archive struct {
	*testing.T
	d   *db.DB
	o   *orch.Orch
	dir string // of the artifacts
}

func archives(t *testing.T, fn func(a *archive)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		dir := t.TempDir()
		fn(&archive{t, d, &orch.Orch{
			Runs: run.NewStore(d, nil), Queue: queue.New(d), Items: item.New(d), DB: d, Durable: memrt.New(),
			Artifacts: disk.Open(dir), Now: time.Now, Random: rand.Reader,
		}, dir})
	})
}

func (a *archive) exec(query string, args ...any) {
	a.Helper()
	if _, err := a.d.Exec(a.Context(), query, args...); err != nil {
		a.Fatal(err)
	}
}

// run adds a run with records, a journal and an artifact of its own; age is how
// long ago it ended.
func (a *archive) run(id, digest string, status run.Status, age time.Duration, artifacts ...string) {
	a.Helper()
	ctx := a.Context()
	now, err := a.o.Runs.Now(ctx)
	if err != nil {
		a.Fatal(err)
	}
	at := now.Add(-age).UnixMilli()
	ended := at
	if !status.Final() {
		ended = 0
	}
	if _, err := a.o.Runs.Create(ctx, &run.Run{ID: id, Flow: "f-" + digest, Digest: digest, Input: []byte(`{}`), Created: now}); err != nil {
		a.Fatal(err)
	}
	a.exec(`UPDATE {s}run SET status = $1, created = $2, ended = $3 WHERE id = $4`, string(status), at-1000, ended, id)
	if err := a.o.Runs.AddEvents(ctx, []run.Event{{Run: id, Seq: 1, Kind: "run_started", At: now}}); err != nil {
		a.Fatal(err)
	}
	if _, err := a.o.Durable.Run(ctx, id, func(ctx context.Context, l durable.Log) ([]byte, error) {
		return nil, l.Append(ctx, durable.Entry{Name: "a", Data: []byte(`1`)})
	}); err != nil {
		a.Fatal(err)
	}
	for _, content := range artifacts {
		digest := a.put(content)
		stored := time.UnixMilli(at).Add(-time.Second)
		err := os.Chtimes(filepath.Join(a.dir, digest[:2], digest[2:]), stored, stored)
		if err := errors.Join(err, a.o.Runs.Keep(ctx, id, digest)); err != nil {
			a.Fatal(err)
		}
	}
}

func (a *archive) put(content string) string {
	a.Helper()
	digest, _, err := a.o.Artifacts.Put(a.Context(), func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat(content, 10))
		return err
	})
	if err != nil {
		a.Fatal(err)
	}
	return digest
}

func (a *archive) has(digest string) bool {
	rc, err := a.o.Artifacts.Open(a.Context(), digest)
	if err == nil {
		_ = rc.Close()
	}
	return !errors.Is(err, artifact.ErrNotFound)
}

func (a *archive) left() string {
	a.Helper()
	list, err := a.o.Runs.List(a.Context(), run.Filter{Limit: 10_000})
	if err != nil {
		a.Fatal(err)
	}
	var ids []string
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func (a *archive) count(table string) (n int) {
	a.Helper()
	if err := a.d.QueryRow(a.Context(), `SELECT COUNT(*) FROM {s}`+table).Scan(&n); err != nil {
		a.Fatal(err)
	}
	return n
}

func TestRetain(t *testing.T) {
	archives(t, func(a *archive) {
		ctx := a.Context()
		a.run("old", "x", run.Done, 40*day, "old's own", "shared")
		a.run("new", "x", run.Done, 20*day, "shared")
		a.run("cancelled", "x", run.Cancelled, 31*day)
		a.run("failed", "x", run.Failed, 40*day)
		a.run("failed-old", "x", run.Failed, 100*day)
		a.run("waits", "x", run.Waiting, 400*day, "waiting's")
		a.run("runs", "x", run.Running, 400*day)
		// Flows with a retention of their own: shorter, longer, for ever.
		for name, text := range map[string]string{"short": "2d", "long": "300d", "ever": "0"} {
			if err := a.o.Runs.SaveFlow(ctx, name, "f-"+name, `{"aether":1,"name":"f-`+name+`","settings":{"retention":"`+text+`"},"nodes":[{"id":"a","type":"flow.comment"}]}`); err != nil {
				a.Fatal(err)
			}
			a.run(name+"-old", name, run.Done, 200*day)
			a.run(name+"-new", name, run.Failed, day)
		}
		a.exec(`INSERT INTO {s}job (run, lane, state, ready_at, rank, priority, max_attempts, backoff, backoff_max, created) VALUES ('failed-old', 1, 4, 0, 0, 5, 1, 1, 1, 1), ('failed', 1, 4, 0, 0, 5, 1, 1, 1, 1)`)
		n, err := a.o.Retain(ctx, orch.Retention{Runs: 30 * day, Failed: 90 * day})
		if err != nil || n != 4 {
			a.Errorf("%d went, %v", n, err)
		}
		if got, want := a.left(), "ever-new ever-old failed long-new long-old new runs short-new waits"; got != want {
			a.Errorf("left are\n%s, want\n%s", got, want)
		}
		if a.count("event") != 9 || a.count("job") != 1 {
			a.Errorf("%d events and %d dead letters are left", a.count("event"), a.count("job"))
		}
		if _, err := a.o.Durable.Entries(ctx, "old"); !errors.Is(err, durable.ErrNotFound) {
			a.Errorf("the records of a forgotten run: %v", err)
		}
		if list, err := a.o.Durable.Entries(ctx, "waits"); err != nil || len(list) != 1 {
			a.Errorf("the records of a run that waits: %v, %v", list, err)
		}
		if a.has(a.digest("old's own")) || !a.has(a.digest("shared")) || !a.has(a.digest("waiting's")) {
			a.Error("the wrong artifacts are gone")
		}
		// Zero keeps.
		if n, err := a.o.Retain(ctx, orch.Retention{}); err != nil || n != 0 {
			a.Errorf("%d went, %v", n, err)
		}
		if n, err := a.o.Retain(ctx, orch.Retention{MaxRuns: 4}); err != nil || n != 3 {
			a.Errorf("%d went, %v: left are %s", n, err, a.left())
		}
		if got := a.left(); got != "ever-new long-new new runs short-new waits" {
			a.Errorf("of all but the newest four, those that have not ended are left: %s", got)
		}
	})
}

// digest returns the digest of content without storing it.
func (a *archive) digest(content string) string {
	dir := a.TempDir()
	s := archive{a.T, a.d, &orch.Orch{Artifacts: disk.Open(dir)}, dir}
	return s.put(content)
}

// The queue's log and keys go when they are older than any run may get.
func TestRetainLog(t *testing.T) {
	archives(t, func(a *archive) {
		ctx := a.Context()
		now, err := a.o.Runs.Now(ctx)
		if err != nil {
			a.Fatal(err)
		}
		for _, days := range []int{1, 20, 50, 200} {
			at := now.Add(-time.Duration(days) * day).UnixMilli()
			a.exec(`INSERT INTO {s}job_log (at, job, run, event, attempt, robot, created, claimed, detail) VALUES ($1, 1, 'r', 'done', 1, '', 1, 1, '')`, at)
			a.exec(`INSERT INTO {s}job_key (tenant, name, run, job, at) VALUES ('', $1, 'r', 1, $2)`, fmt.Sprint(days), at)
		}
		for _, step := range []struct {
			keep orch.Retention
			left int
		}{{orch.Retention{Runs: 10 * day}, 4}, {orch.Retention{Runs: 10 * day, Failed: 100 * day}, 3}, {orch.Retention{Runs: 10 * day, Failed: day}, 1}, {orch.Retention{Runs: time.Hour, Failed: time.Hour}, 1}} {
			if _, err := a.o.Retain(ctx, step.keep); err != nil {
				a.Fatal(err)
			}
			if l, k := a.count("job_log"), a.count("job_key"); l != step.left || k != step.left {
				a.Errorf("with %+v: %d lines and %d keys are left, want %d", step.keep, l, k, step.left)
			}
		}
	})
}

// Several servers forget at once, in more than one batch, and new runs are
// stored meanwhile: all that is due goes, and nothing else.
func TestRetainTogether(t *testing.T) {
	archives(t, func(a *archive) {
		const runs = 250
		for i := range runs {
			a.run(fmt.Sprintf("old%03d", i), "x", run.Done, 40*day, fmt.Sprint("pair ", i/2), "all")
		}
		a.run("stays", "x", run.Waiting, 40*day, "pair 7")
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := a.o.Retain(a.Context(), orch.Retention{Runs: 30 * day, Failed: 30 * day}); err != nil {
					a.Error(err)
				}
			})
		}
		wg.Wait()
		if got := a.left(); got != "stays" {
			a.Errorf("left are %.200s", got)
		}
		if a.count("artifact") != 1 || a.count("event") != 1 {
			a.Errorf("%d uses of artifacts and %d events are left", a.count("artifact"), a.count("event"))
		}
		for i := range runs / 2 {
			if has := a.has(a.digest(fmt.Sprint("pair ", i))); has != (i == 7) {
				a.Errorf("the artifact of pair %d is there: %v", i, has)
			}
		}
		if a.has(a.digest("all")) {
			a.Error("an artifact that nobody uses is left")
		}
	})
}

// An artifact that a live run has just stored stays, though the run has not yet
// said that it uses it, and the last run that did is forgotten.
func TestRetainSparesNew(t *testing.T) {
	archives(t, func(a *archive) {
		a.run("old", "x", run.Done, 40*day, "again", "gone")
		again := a.put("again")
		if n, err := a.o.Retain(a.Context(), orch.Retention{Runs: 30 * day}); err != nil || n != 1 {
			a.Errorf("%d went, %v", n, err)
		}
		if !a.has(again) || a.has(a.digest("gone")) {
			a.Error("the wrong artifacts are gone")
		}
	})
}
