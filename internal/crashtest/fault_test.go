//go:build unix

package crashtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable/dbosrt"
	"github.com/aether-rpa/aether/internal/run"
)

// alone is a run outside the shapes.
type alone struct {
	world  *world
	place  place
	ledger *ledger
	job    job
	lives  int
}

func newAlone(t *testing.T, database, flow string) *alone {
	a := &alone{world: newWorld(t)}
	dir := t.TempDir()
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "aether.db")
	}
	a.place = place{database: database, dir: dir}
	file := filepath.Join(dir, "flow.yaml")
	if err := os.WriteFile(file, []byte(head+flow), 0o600); err != nil {
		t.Fatal(err)
	}
	var url string
	a.ledger, url = a.world.open("r")
	a.job = job{Database: database, Dir: dir, Host: "here", Flow: file, Run: "r", Ledger: url}
	return a
}

// live starts the next process of the run; change may change its orders.
func (a *alone) live(t *testing.T, change func(*job)) *victim {
	t.Helper()
	a.lives++
	j := a.job
	j.Life = a.lives
	if change != nil {
		change(&j)
	}
	return start(t, context.Background(), &j)
}

// isHeld waits until a node holds.
func (a *alone) isHeld(t *testing.T, v *victim) {
	t.Helper()
	select {
	case <-a.ledger.held:
	case <-time.After(patience):
		_ = v.cmd.Process.Kill()
		v.wait()
		t.Fatalf("no node holds:\n%s", v.stderr.String())
	}
}

// refused starts a process that must be told that the run is busy.
func (a *alone) refused(t *testing.T, host string) {
	t.Helper()
	v := a.live(t, func(j *job) { j.Host = host })
	v.wait()
	said := v.stderr.String()
	if v.err == nil || !strings.Contains(said, "run r is being executed by here/") || !strings.Contains(said, "its lease ends in ") {
		t.Errorf("a second process on %s ended with %v and said %q", host, v.err, said)
	}
}

const holding = "outputs: {v: '{{ nodes.b.value }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: h, type: crash.act, params: {hold: true}}\n- {id: c, type: crash.act, params: {effect: once}}\n- {id: b, type: crash.act, params: {value: 1}}\nedges: [a -> h, h -> c, c -> b]\n"

// TestSecondProcess starts a second process on a run that one executes, also
// when that one does not move.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	a := newAlone(t, "", holding)
	first := a.live(t, nil)
	a.isHeld(t, first)
	a.refused(t, "here")
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	a.refused(t, "here")
	a.refused(t, "elsewhere")
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	close(a.ledger.hold)
	if r := first.mustEnd(t); r.Status != run.Done || fmt.Sprint(r.Output["v"]) != "1" {
		t.Errorf("the first process ended with %+v", r)
	}
	a.onceEach(t, "a", "h", "c", "b")
}

// TestTakenOver lets another process take a run from one that stands still for
// longer than its lease. When that one moves again, while the other is at work or after
// it has ended, it must neither write nor act any more.
func TestTakenOver(t *testing.T) {
	for i := range 4 {
		late, host := i%2 == 1, map[bool]string{false: "elsewhere", true: "here"}[i > 1]
		t.Run(map[bool]string{false: "meanwhile", true: "late"}[late]+" from "+host, func(t *testing.T) {
			t.Parallel()
			a := newAlone(t, "", holding)
			first := a.live(t, nil)
			a.isHeld(t, first)
			if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			a.endLease(t)
			second := a.live(t, func(j *job) { j.Host = host })
			a.isHeld(t, second)
			move := func() {
				if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
			}
			if !late {
				move()
			}
			close(a.ledger.hold)
			if r := second.mustEnd(t); r.Status != run.Done || fmt.Sprint(r.Output["v"]) != "1" {
				t.Errorf("the second process ended with %+v", r)
			}
			if late {
				move()
			}
			first.wait()
			if said := first.stderr.String(); first.err == nil || !strings.Contains(said, "another process has taken the run over") {
				t.Errorf("the first process ended with %v and said %q", first.err, said)
			}
			// h was cut and may be repeated; with the same token it counts once.
			a.onceEach(t, "a", "c", "b")
			tokens := map[string]bool{}
			for _, e := range a.ledger.all("r", "effect") {
				tokens[e.Token] = true
			}
			if len(tokens) != 4 {
				t.Errorf("%d tokens acted, want 4", len(tokens))
			}
		})
	}
}

// endLease makes the lease of the run old, as 30 seconds would.
func (a *alone) endLease(t *testing.T) {
	t.Helper()
	d, err := db.Open(t.Context(), a.place.database, db.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n, err := d.Exec(t.Context(), `UPDATE {s}run SET lease_until = 1000 WHERE id = 'r'`); err != nil || n != 1 {
		t.Fatalf("ending the lease: %d rows, %v", n, err)
	}
}

// onceEach checks that these paths acted once.
func (a *alone) onceEach(t *testing.T, paths ...string) {
	t.Helper()
	n := map[string]int{}
	for _, e := range a.ledger.all("r", "effect") {
		n[e.Path]++
	}
	for _, p := range paths {
		if n[p] != 1 {
			t.Errorf("%s acted %d times", p, n[p])
		}
	}
}

// TestQueuesOfTheDead kills processes that had a queue of their own and looks
// whether the next one puts the queues away.
func TestQueuesOfTheDead(t *testing.T) {
	t.Parallel()
	a := newAlone(t, "", "nodes:\n- {id: a, type: crash.act}\n- {id: b, type: crash.act}\n- {id: c, type: crash.act}\nedges: [a -> b, b -> c]\n")
	var dead []string
	for _, name := range []string{"a", "b", "c"} {
		v := a.live(t, func(j *job) { j.Kill = point{When: "after", Name: name} })
		if !v.wait() {
			t.Fatalf("the victim was not killed: %v %s", v.err, v.stderr.String())
		}
		dead = append(dead, "here-"+strconv.Itoa(v.cmd.Process.Pid)+"-")
	}
	ctx := t.Context()
	d, err := db.Open(ctx, a.place.database, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	queues := func() (n int) {
		if err := d.QueryRow(ctx, `SELECT COUNT(*) FROM queues`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// Each process that goes on puts away the queue of the one before it.
	if n := queues(); n != 1 {
		t.Errorf("%d queues are left, want that of the last process", n)
	}
	rt, err := dbosrt.Open(ctx, dbosrt.Config{DB: d, AppName: "crashtest", Executor: "here-0-me", Resumes: true, Log: slog.New(slog.DiscardHandler), Dead: func(executor string) bool {
		for _, prefix := range dead {
			if strings.HasPrefix(executor, prefix) {
				return true
			}
		}
		return false
	}})
	if err != nil {
		t.Fatal(err)
	}
	if n := queues(); n != 1 {
		t.Errorf("with the queue of this process there are %d", n)
	}
	if err := rt.Close(5 * time.Second); err != nil { // closes the database, too
		t.Error(err)
	}
	if d, err = db.Open(ctx, a.place.database, db.Options{}); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n := queues(); n != 0 {
		t.Errorf("%d queues are left at the end", n)
	}
}

// TestPostgresGoesAway stops the server under a run and starts it again.
func TestPostgresGoesAway(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for the server several times")
	}
	t.Parallel()
	s := newServer(t)
	flow := "outputs: {r: '{{ nodes.e.results }}', v: '{{ len(nodes.big.value) }}'}\nnodes:\n- {id: h, type: crash.act, params: {hold: true, effect: once}}\n- {id: big, type: crash.act, params: {size: 70000}}\n" +
		"- {id: e, type: flow.repeat, params: {times: 200, collect: '{{ nodes.a.value }}'}}\n- {id: a, type: crash.act, params: {value: '{{ loop.item }}', effect: once}}\nedges: [h -> big, big -> e, e.body -> a]\n"
	a := newAlone(t, s.url, flow)
	v := a.live(t, nil)
	a.isHeld(t, v)
	s.stop(t)
	// The node ends while there is no server, and its record waits.
	close(a.ledger.hold)
	time.Sleep(1500 * time.Millisecond)
	s.start(t)
	// Again, wherever the loop is.
	for !a.acted("e[40]/a") {
		select {
		case <-v.gone:
			t.Fatalf("the victim ended with %v:\n%s", v.err, v.stderr.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	s.stop(t)
	time.Sleep(700 * time.Millisecond)
	s.start(t)
	r := v.mustEnd(t)
	if r.Status != run.Done || len(r.Output["r"].([]any)) != 200 || fmt.Sprint(r.Output["v"]) != "70000" {
		t.Errorf("the run ended with %+v", r)
	}
	paths := []string{"h", "big"}
	for i := range 200 {
		paths = append(paths, fmt.Sprintf("e[%d]/a", i))
	}
	a.onceEach(t, paths...)
	c := &crasher{shape: &shape{}, place: a.place}
	c.checkPlace(t, &story{id: "r", result: r}, "after the server came back")
}

func (a *alone) acted(path string) bool {
	for _, e := range a.ledger.all("r", "effect") {
		if e.Path == path {
			return true
		}
	}
	return false
}
