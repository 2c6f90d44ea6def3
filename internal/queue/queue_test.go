package queue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/queue"
)

// bench is a queue on a database of its own.
type bench struct {
	*testing.T
	d *db.DB
	q *queue.Queue
}

func each(t *testing.T, fn func(b bench)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		fn(bench{t, d, queue.New(d)})
	})
}

func (b bench) add(jobs ...*queue.Job) []queue.Added {
	b.Helper()
	var out []queue.Added
	err := b.d.Tx(b.Context(), func(tx *db.Tx) (err error) {
		out, err = b.q.Add(b.Context(), tx, jobs...)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// claim claims n jobs for robots with labels; what is not there is left out.
func (b bench) claim(n int, labels ...string) []*queue.Job {
	b.Helper()
	wants := make([]queue.Want, n)
	for i := range wants {
		wants[i] = queue.Want{Robot: fmt.Sprintf("robot%d", i), Labels: labels}
	}
	got, err := b.q.Claim(b.Context(), wants...)
	if err != nil {
		b.Fatal(err)
	}
	return slices.DeleteFunc(got, func(j *queue.Job) bool { return j == nil })
}

func runs(jobs []*queue.Job) string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.Run)
	}
	return strings.Join(out, " ")
}

func (b bench) state(run string) string {
	b.Helper()
	jobs, err := b.q.Jobs(b.Context(), queue.Filter{Run: run})
	if err != nil {
		b.Fatal(err)
	}
	if len(jobs) == 0 {
		return "gone"
	}
	return jobs[0].State.String()
}

func (b bench) events(run string) string {
	b.Helper()
	list, err := b.q.History(b.Context(), run)
	if err != nil {
		b.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Event)
	}
	return strings.Join(out, " ")
}

// sql changes what only time changes.
func (b bench) sql(query string, args ...any) {
	b.Helper()
	if _, err := b.d.Exec(b.Context(), query, args...); err != nil {
		b.Fatal(err)
	}
}

func (b bench) tick() queue.Ticked {
	b.Helper()
	n, err := b.q.Tick(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func (b bench) expire(run string) {
	b.Helper()
	b.sql(`UPDATE {s}job SET lease_until = 1 WHERE run = $1`, run)
	if n := b.tick(); n.Expired != 1 {
		b.Fatalf("tick: %+v", n)
	}
}

func TestOrder(t *testing.T) {
	each(t, func(b bench) {
		b.add(&queue.Job{Run: "low"}, &queue.Job{Run: "high", Priority: 20}, &queue.Job{Run: "mid", Priority: 10}, &queue.Job{Run: "low2"})
		if got := runs(b.claim(2)); got != "high mid" {
			b.Errorf("got %q", got)
		}
		// A job that has waited two hours goes before one of the highest priority.
		b.add(&queue.Job{Run: "old"}, &queue.Job{Run: "urgent", Priority: 20})
		b.sql(`UPDATE {s}job SET rank = rank - 7200000 WHERE run = 'old'`)
		b.q = queue.New(b.d) // another process, which knows nothing of what was claimed
		if got := runs(b.claim(9)); got != "old urgent low low2" {
			b.Errorf("got %q", got)
		}
	})
}

func TestNeeds(t *testing.T) {
	each(t, func(b bench) {
		b.add(&queue.Job{Run: "any"}, &queue.Job{Run: "excel", Needs: "windows&&excel"}, &queue.Job{Run: "not", Needs: "!windows"}, &queue.Job{Run: "dotted", Needs: "(python3.11 || node)"})
		if got := runs(b.claim(5, "windows")); got != "any" {
			b.Errorf("windows got %q", got)
		}
		if got := runs(b.claim(5, "windows", "excel")); got != "excel" {
			b.Errorf("excel got %q", got)
		}
		if got := runs(b.claim(5, "linux", "python3.11")); got != "not dotted" {
			b.Errorf("linux got %q", got)
		}
	})
	for _, bad := range []string{"a &&", "(a", "a b", "a-b", "a\nb", strings.Repeat("a || ", 200) + "a"} {
		if _, err := queue.ParseNeeds(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if err := queue.CheckLabel("a && b"); err == nil {
		t.Error("an expression was taken for a label")
	}
}

// Robots with different labels ask at once: the scarce robot gets the job that
// only it can do.
func TestOneClaimForMany(t *testing.T) {
	each(t, func(b bench) {
		b.add(&queue.Job{Run: "any"}, &queue.Job{Run: "gpu", Needs: "gpu"})
		got, err := b.q.Claim(b.Context(), queue.Want{Robot: "g", Labels: []string{"gpu"}}, queue.Want{Robot: "plain"})
		if err != nil || got[0] == nil || got[1] == nil || got[0].Run != "gpu" || got[1].Run != "any" || got[0].Robot != "g" {
			b.Errorf("got %v %v, %v", got[0], got[1], err)
		}
	})
}

func TestLease(t *testing.T) {
	each(t, func(b bench) {
		ctx := b.Context()
		b.add(&queue.Job{Run: "r", Retry: queue.Retry{Attempts: 2}})
		first := b.claim(1)[0]
		if first.Attempt != 1 || first.State != queue.Leased || time.Until(first.Lease) < 20*time.Second {
			b.Fatalf("claimed: %+v", first)
		}
		if lost, err := b.q.Extend(ctx, time.Minute, first); err != nil || len(lost) != 0 || time.Until(first.Lease) < 50*time.Second {
			b.Fatalf("extend: %v %v %v", lost, first.Lease, err)
		}
		if n := b.tick(); n.Expired != 0 {
			b.Fatalf("a good lease ran out: %+v", n)
		}
		b.expire("r")
		// The zombie can change nothing.
		if lost, err := b.q.Finish(ctx, first); err != nil || len(lost) != 1 {
			b.Errorf("the zombie finished: %v %v", lost, err)
		}
		if lost, err := b.q.Extend(ctx, 0, first); err != nil || len(lost) != 1 {
			b.Errorf("the zombie extended: %v %v", lost, err)
		}
		if err := b.q.Fail(ctx, first, "x", true); !errors.Is(err, queue.ErrLeaseLost) {
			b.Errorf("the zombie failed it: %v", err)
		}
		if err := b.q.Release(ctx, first, time.Time{}); !errors.Is(err, queue.ErrLeaseLost) {
			b.Errorf("the zombie released it: %v", err)
		}
		if b.state("r") != "later" || len(b.claim(1)) != 0 {
			b.Errorf("the job did not rest: %s", b.state("r"))
		}
		b.sql(`UPDATE {s}job SET ready_at = 1`)
		if n := b.tick(); n.Ready != 1 {
			b.Errorf("tick: %+v", n)
		}
		second := b.claim(1)[0]
		if second.Attempt != 2 {
			b.Errorf("attempt %d", second.Attempt)
		}
		if lost, err := b.q.Finish(ctx, first, second); err != nil || len(lost) != 1 || lost[0] != first {
			b.Errorf("finish: %v %v", lost, err)
		}
		if got := b.state("r") + ": " + b.events("r"); got != "gone: expired done" {
			b.Errorf("got %q", got)
		}
	})
}

func TestDeadLetters(t *testing.T) {
	each(t, func(b bench) {
		ctx := b.Context()
		b.add(&queue.Job{Run: "r", Retry: queue.Retry{Attempts: 1}, Payload: json.RawMessage(`{"n": 1}`)}, &queue.Job{Run: "s", Retry: queue.Retry{Attempts: 5}})
		r := b.claim(1)[0]
		if err := b.q.Fail(ctx, r, "the site is down", false); err != nil || r.State != queue.Dead {
			b.Fatalf("fail: %v %v", r.State, err)
		}
		s := b.claim(1)[0]
		if err := b.q.Fail(ctx, s, "business rule", true); err != nil || b.state("s") != "dead" {
			b.Fatalf("final: %v %v", b.state("s"), err)
		}
		dead, err := b.q.Jobs(ctx, queue.Filter{States: []queue.State{queue.Dead}})
		if err != nil || runs(dead) != "r s" || dead[0].Reason != "the site is down" || string(dead[0].Payload) != `{"n": 1}` {
			b.Fatalf("dead letters: %+v %v", dead, err)
		}
		bad, needs, prio, payload := "a b", "gpu", 7, `{"n": 2}`
		if n, err := b.q.Requeue(ctx, queue.Change{Needs: &bad}, r.ID, s.ID); err == nil || n != 0 || b.state("r") != "dead" {
			b.Errorf("a wrong edit: %d %v", n, err)
		}
		if n, err := b.q.Requeue(ctx, queue.Change{Needs: &needs, Priority: &prio, Payload: &payload}, r.ID); err != nil || n != 1 {
			b.Fatalf("requeue: %d %v", n, err)
		}
		if n, err := b.q.Requeue(ctx, queue.Change{}, r.ID); err != nil || n != 0 {
			b.Errorf("what is ready was requeued: %d %v", n, err)
		}
		again := b.claim(1, "gpu")
		if len(again) != 1 || again[0].Attempt != 1 || again[0].Priority != 7 || string(again[0].Payload) != payload {
			b.Fatalf("claimed again: %+v", again)
		}
		if n, err := b.q.Drop(ctx, s.ID, again[0].ID); err != nil || n != 1 || b.state("s") != "gone" || b.state("r") != "leased" {
			b.Errorf("drop: %d %v %s", n, err, b.state("s"))
		}
		if got := b.events("s"); got != "failed dead dropped" {
			b.Errorf("log: %q", got)
		}
	})
}

func TestPoison(t *testing.T) {
	each(t, func(b bench) {
		b.add(&queue.Job{Run: "r", Retry: queue.Retry{Attempts: 50}})
		for i := range 4 {
			b.sql(`UPDATE {s}job SET state = 0 WHERE state = 2`)
			robot := fmt.Sprintf("robot%d", max(0, i-1)) // the same one dies twice
			if got, err := b.q.Claim(b.Context(), queue.Want{Robot: robot}); err != nil || got[0] == nil {
				b.Fatalf("claim %d: %v", i, err)
			}
			b.expire("r")
			if want := map[bool]string{true: "poison", false: "later"}[i == 3]; b.state("r") != want {
				b.Fatalf("after %d deaths: %s", i+1, b.state("r"))
			}
		}
		list, err := b.q.Jobs(b.Context(), queue.Filter{})
		if err != nil || !slices.Equal(list[0].Killed, []string{"robot0", "robot1", "robot2"}) {
			b.Errorf("killed %v, %v", list[0].Killed, err)
		}
	})
}

func TestDeadlineAndNotBefore(t *testing.T) {
	each(t, func(b bench) {
		now, err := b.q.Now(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.add(&queue.Job{Run: "later", After: now.Add(time.Hour)}, &queue.Job{Run: "missed", Deadline: now.Add(time.Hour)})
		if got := runs(b.claim(5, "x")); got != "missed" {
			b.Errorf("claimed %q", got)
		}
		b.add(&queue.Job{Run: "missed2", Deadline: now.Add(time.Hour)})
		b.sql(`UPDATE {s}job SET deadline = 5 WHERE deadline > 0`)
		if n := b.tick(); n.Late != 1 || b.state("missed") != "leased" || b.state("missed2") != "dead" {
			b.Errorf("tick: %+v, %s %s: what a robot has begun is not late", n, b.state("missed"), b.state("missed2"))
		}
		b.sql(`UPDATE {s}job SET ready_at = 5 WHERE run = 'later'`)
		if b.tick(); runs(b.claim(5)) != "later" {
			b.Errorf("its time came: %s", b.state("later"))
		}
	})
}

func TestKey(t *testing.T) {
	each(t, func(b bench) {
		first := b.add(&queue.Job{Run: "r1", Key: "invoice 7"})
		again := b.add(&queue.Job{Run: "r2", Key: "invoice 7"}, &queue.Job{Run: "r3", Key: "invoice 7", Tenant: "other"})
		if again[0].Fresh || again[0].Run != "r1" || again[0].ID != first[0].ID || !again[1].Fresh {
			b.Errorf("got %+v", again)
		}
		for _, j := range b.claim(5) {
			if _, err := b.q.Finish(b.Context(), j); err != nil {
				b.Fatal(err)
			}
		}
		if after := b.add(&queue.Job{Run: "r4", Key: "invoice 7"}); after[0].Fresh || after[0].Run != "r1" {
			b.Errorf("after its end: %+v", after)
		}
	})
}

// What is added in a transaction that is rolled back was never there.
func TestAddIsPartOfTheTransaction(t *testing.T) {
	each(t, func(b bench) {
		boom := errors.New("boom")
		err := b.d.Tx(b.Context(), func(tx *db.Tx) error {
			if _, err := b.q.Add(b.Context(), tx, &queue.Job{Run: "r", Key: "k", Tenant: "t"}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || b.state("r") != "gone" || len(b.claim(1)) != 0 {
			b.Errorf("%v %s", err, b.state("r"))
		}
		if a := b.add(&queue.Job{Run: "s", Key: "k", Tenant: "t"}); !a[0].Fresh || runs(b.claim(1)) != "s" {
			b.Errorf("the key was kept: %+v", a)
		}
	})
}

func TestSlots(t *testing.T) {
	each(t, func(b bench) {
		ctx := b.Context()
		slot := queue.Slot{Key: "bank", Limit: 2}
		b.add(&queue.Job{Run: "a", Slot: slot}, &queue.Job{Run: "b", Slot: slot}, &queue.Job{Run: "c", Slot: slot}, &queue.Job{Run: "d", Slot: slot, Priority: 9})
		got := b.claim(9)
		if runs(got) != "a b" || b.state("c") != "held" {
			b.Fatalf("claimed %q, c is %s", runs(got), b.state("c"))
		}
		if _, err := b.q.Finish(ctx, got[0]); err != nil {
			b.Fatal(err)
		}
		if next := b.claim(9); runs(next) != "d" {
			b.Errorf("room for one, by priority: %q", runs(next))
		}
		if err := b.q.Fail(ctx, got[1], "x", true); err != nil {
			b.Fatal(err)
		}
		if next := b.claim(9); runs(next) != "c" {
			b.Errorf("a dead letter takes no room: %q", runs(next))
		}
		// Requeued, it waits for room.
		if _, err := b.q.Requeue(ctx, queue.Change{}, got[1].ID); err != nil || b.state("b") != "held" {
			b.Errorf("requeued into a full slot: %s %v", b.state("b"), err)
		}
		drop := b.add(&queue.Job{Run: "e", Key: "once", Slot: queue.Slot{Key: "bank", Limit: 2, Full: queue.DropNew}})
		if !drop[0].Dropped || b.state("e") != "gone" {
			b.Errorf("drop: %+v", drop)
		}
	})
}

func TestSlotCancelsTheOldest(t *testing.T) {
	each(t, func(b bench) {
		slot := queue.Slot{Key: "sync", Full: queue.CancelOldest}
		b.add(&queue.Job{Run: "a", Slot: slot})
		b.add(&queue.Job{Run: "b", Slot: slot})
		if b.state("a") != "gone" || b.state("b") != "ready" || b.events("a") != "cancelled" {
			b.Fatalf("a %s, b %s", b.state("a"), b.state("b"))
		}
		held := b.claim(1)[0]
		b.add(&queue.Job{Run: "c", Slot: slot})
		if b.state("c") != "held" || len(b.claim(1)) != 0 {
			b.Errorf("c is %s while b is at work", b.state("c"))
		}
		if _, err := b.q.Extend(b.Context(), 0, held); err != nil || !held.Cancel {
			b.Errorf("the robot was not told: %v", err)
		}
		if err := b.q.Fail(b.Context(), held, "cancelled", false); err != nil || b.state("b") != "gone" {
			b.Errorf("b is %s, %v", b.state("b"), err)
		}
		if got := runs(b.claim(1)); got != "c" {
			b.Errorf("then %q", got)
		}
	})
}

func TestCancelAndRelease(t *testing.T) {
	each(t, func(b bench) {
		ctx := b.Context()
		a := b.add(&queue.Job{Run: "a"}, &queue.Job{Run: "b", Retry: queue.Retry{Attempts: 1}})
		if gone, err := b.q.Cancel(ctx, a[0].ID, "not wanted"); !gone || err != nil || b.state("a") != "gone" {
			b.Errorf("cancel: %v %v", gone, err)
		}
		if _, err := b.q.Cancel(ctx, a[0].ID, ""); !errors.Is(err, queue.ErrNotFound) {
			b.Errorf("cancel again: %v", err)
		}
		j := b.claim(1)[0]
		if err := b.q.Release(ctx, j, time.Time{}); err != nil {
			b.Fatal(err)
		}
		j = b.claim(1)[0]
		if j.Attempt != 1 {
			b.Errorf("the attempt counted: %d", j.Attempt)
		}
		if err := b.q.Release(ctx, j, j.Claimed.Add(time.Hour)); err != nil || b.state("b") != "later" {
			b.Errorf("release until: %s %v", b.state("b"), err)
		}
	})
}

func TestWrongJobs(t *testing.T) {
	each(t, func(b bench) {
		for _, j := range []*queue.Job{{}, {Run: "r", Priority: 21}, {Run: "r", Priority: -1}, {Run: "r", Needs: "&&"}, {Run: "r", Retry: queue.Retry{Attempts: 101}}, {Run: "r", Slot: queue.Slot{Key: "k", Full: "explode"}}, {Run: "r", Payload: make([]byte, 2<<20)}} {
			err := b.d.Tx(b.Context(), func(tx *db.Tx) error {
				_, err := b.q.Add(b.Context(), tx, &queue.Job{Run: "good"}, j)
				return err
			})
			if !errors.Is(err, queue.ErrJob) || !strings.HasPrefix(err.Error(), "job 2 of 2: ") {
				b.Errorf("%+v: %v", j, err)
			}
		}
		if b.state("good") != "gone" {
			b.Error("half of a batch was added")
		}
	})
}

// One tenant floods the queue; the others are served as if it had not.
func TestTenantsTakeTurns(t *testing.T) {
	each(t, func(b bench) {
		var flood []*queue.Job
		for i := range 500 {
			flood = append(flood, &queue.Job{Run: fmt.Sprintf("flood%d", i), Tenant: "a", Priority: 20})
		}
		b.add(flood...)
		b.add(&queue.Job{Run: "b1", Tenant: "b"}, &queue.Job{Run: "b2", Tenant: "b"}, &queue.Job{Run: "c1", Tenant: "c", Needs: "x"})
		var order []string
		for range 8 { // one robot, again and again
			order = append(order, runs(b.claim(1, "x")))
		}
		for _, want := range []string{"b1", "b2", "c1"} {
			if i := slices.Index(order, want); i < 0 || i > 6 {
				b.Errorf("%s came late: %v", want, order)
			}
		}
		if n := len(b.claim(300)); n != 300 {
			b.Errorf("alone, it gets all: %d", n)
		}
	})
}

func TestLog(t *testing.T) {
	each(t, func(b bench) {
		ctx := b.Context()
		b.add(&queue.Job{Run: "r", Key: "k"})
		if _, err := b.q.Finish(ctx, b.claim(1)...); err != nil {
			b.Fatal(err)
		}
		now, err := b.q.Now(ctx)
		if err != nil {
			b.Fatal(err)
		}
		for range 2 { // making parts twice is once
			if err := b.q.Keep(ctx, now.Add(-time.Hour)); err != nil {
				b.Fatal(err)
			}
		}
		list, err := b.q.History(ctx, "r")
		if err != nil || len(list) != 1 || list[0].Claimed.Before(list[0].Created) || list[0].Robot != "robot0" {
			b.Fatalf("history: %+v %v", list, err)
		}
		// A part of the log holds a day, and is forgotten as a whole.
		if err := b.q.Keep(ctx, now.Add(48*time.Hour)); err != nil || b.events("r") != "" {
			b.Errorf("what is old was kept: %q %v", b.events("r"), err)
		}
		if a := b.add(&queue.Job{Run: "r2", Key: "k"}); !a[0].Fresh {
			b.Error("its key was kept")
		}
	})
}
