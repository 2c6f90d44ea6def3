package conformance

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFleetChaos kills robots at random (SIGKILL), stops some for longer than
// their lease (SIGSTOP, then SIGCONT), and cuts all connections to PostgreSQL,
// while jobs post to a ledger. A person stands by who answers what runs ask by
// what the ledger says. In the end every job is done, every step was done
// exactly once and in order.
//
// AETHER_CHAOS=600 goes on for so many seconds, with as many jobs; `make chaos`
// does that.
func TestFleetChaos(t *testing.T) {
	slow(t)
	seconds, err := strconv.Atoi(os.Getenv("AETHER_CHAOS"))
	if err != nil {
		seconds = 12
	}
	fleets(t, func(t *testing.T, h *home) {
		seed := uint64(time.Now().UnixNano())
		r := rand.New(rand.NewPCG(seed, 1))
		t.Logf("seed %d", seed)
		const perJob = 4
		jobs := max(12, seconds)
		l := newLedger(t)
		h.flow(fmt.Sprintf(`
inputs: {job: string}
nodes:
- {id: each, type: flow.for_each, params: {items: "{{ range(1, %d) }}"}}
- {id: post, type: http.request, params: {method: POST, url: "%s/{{ inputs.job }}-{{ loops.each.item }}"}}
- {id: nap, type: flow.wait, params: {for: 120ms}}
edges: [each.body -> post, post -> nap]
`, perJob+1, l.URL))
		for i := range jobs {
			h.want(0, "queue", "add", "flow.yaml", "-i", fmt.Sprintf("job=j%d", i), "--attempts", "100", "--priority", fmt.Sprint(r.IntN(21)))
		}
		const robots = 3
		name := func() string { return fmt.Sprintf("r%d", r.Uint32()) } // a new one each time: none becomes poison by its name
		fleet := make([]*proc, robots)
		for i := range fleet {
			fleet[i] = h.robot(name(), "--slots", "2")
		}
		kills, stops, cuts := 0, 0, 0
		var stopped []*proc
		end := time.Now().Add(time.Duration(seconds) * time.Second)
		for time.Now().Before(end) {
			pause(t, time.Duration(300+r.IntN(900))*time.Millisecond)
			i := r.IntN(robots)
			switch n := r.IntN(10); {
			case n == 0 && len(stopped) == 0:
				h.stop(fleet[i])
				stopped, stops = append(stopped, fleet[i]), stops+1
			case n <= 2:
				cuts += cut(t, h)
				continue
			default:
				fleet[i].kill()
				kills++
			}
			fleet[i] = h.robot(name(), "--slots", "2")
		}
		eventually(t, "all runs are done", 3*time.Minute, func() bool {
			for _, p := range stopped { // they come back as zombies
				p.signal(syscall.SIGCONT)
			}
			stopped = nil
			h.decide(l)
			// What robots died with often is poison; a person looks, and lets it go on.
			if strings.Contains(h.want(0, "queue", "list", "--json").out, `"poison"`) {
				h.want(0, "queue", "requeue", "--all")
			}
			return len(h.runs("--status", "done", "--limit", "1000")) == jobs
		})
		count, order := map[string]int{}, map[string]int{}
		for _, entry := range l.noted() {
			count[entry]++
			job, step, _ := strings.Cut(entry, "-")
			n, _ := strconv.Atoi(step)
			if n != order[job]+1 {
				t.Errorf("%s came after step %d", entry, order[job])
			}
			order[job] = n
		}
		for i := range jobs {
			for s := 1; s <= perJob; s++ {
				if n := count[fmt.Sprintf("j%d-%d", i, s)]; n != 1 {
					t.Errorf("job %d did step %d %d times", i, s, n)
				}
			}
		}
		if left := h.jobs(); len(left) != 0 {
			t.Errorf("left in the queue: %+v", left)
		}
		t.Logf("%d jobs, %d kills, %d stops, %d times all connections were cut", jobs, kills, stops, cuts)
	})
}

// stop stops a process (SIGSTOP) that is not in the middle of a write to SQLite:
// with the file locked, it would stop everybody else as well, which is a limit
// of SQLite that the guide names.
func (h *home) stop(p *proc) {
	h.Helper()
	eventually(h, "the process was stopped outside of a write", 30*time.Second, func() bool {
		p.signal(syscall.SIGSTOP)
		// The signal only asks: until each thread has stopped, one may still begin a write.
		if _, err := syscall.Wait4(p.cmd.Process.Pid, nil, syscall.WUNTRACED, nil); err != nil {
			h.Fatal(err)
		}
		if h.writable() {
			return true
		}
		p.signal(syscall.SIGCONT)
		return false
	})
}

// writable tells whether nobody keeps the database locked; PostgreSQL is never.
func (h *home) writable() bool {
	h.Helper()
	if strings.Contains(strings.Join(h.env, " "), "AETHER_DATABASE_URL=") {
		return true
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.data, "aether.db")+"?_txlock=immediate&_pragma=busy_timeout(3000)")
	if err != nil {
		h.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(h.Context(), nil)
	if err != nil {
		return false
	}
	return tx.Rollback() == nil
}

// pause lets time pass between two acts of chaos.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// decide answers the runs that ask whether a step was done, by the ledger.
func (h *home) decide(l *ledger) {
	h.Helper()
	for _, r := range h.runs("--status", "attention", "--limit", "1000") {
		for _, w := range r.Waits {
			path, _ := w["path"].(string)
			// each[2]/post of job j7 is the entry j7-3.
			turn, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(strings.Split(path, "/")[0], "each["), "]"))
			entry := fmt.Sprintf("%v-%d", r.Input["job"], turn+1)
			answer := "again"
			if l.has(entry) {
				answer = "skip"
			}
			// Somebody may have gone on with it in between.
			_ = h.aether("runs", "answer", r.ID, answer, "--at", path)
		}
	}
}

// cut ends all connections to the database, in the middle of what they do.
func cut(t *testing.T, h *home) int {
	t.Helper()
	for _, e := range h.env {
		url, ok := strings.CutPrefix(e, "AETHER_DATABASE_URL=")
		if !ok {
			continue
		}
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
			t.Logf("cutting connections: %v", err)
		}
		return 1
	}
	return 0
}
