package conformance

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// history gives a home with some ended runs, whose database has many pages.
func history(t *testing.T) *home {
	t.Helper()
	h := newHome(t)
	h.flow("outputs: {n: '{{ nodes.e.count }}'}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 100}}\n- {id: now, type: date.now}\nedges: [e.body -> now]\n")
	h.want(0, "run", "flow.yaml", "--id", "old", "-q")
	return h
}

// TestDamagedDatabase damages the database in all ways. Every command must end
// soon with one sentence that names the file and says what to do.
func TestDamagedDatabase(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 64<<10)
	src := rand.NewChaCha8([32]byte{1})
	_, _ = src.Read(noise)
	tests := []struct {
		name   string
		damage func(path string, db []byte) error
	}{
		{"garbage", func(path string, _ []byte) error { return os.WriteFile(path, noise, 0o600) }},
		{"text", func(path string, _ []byte) error { return os.WriteFile(path, []byte("not a database"), 0o600) }},
		{"cut in half", func(path string, db []byte) error { return os.WriteFile(path, db[:len(db)/2], 0o600) }},
		{"cut within a page", func(path string, db []byte) error { return os.WriteFile(path, db[:len(db)/3+77], 0o600) }},
		{"cut to one page", func(path string, db []byte) error { return os.WriteFile(path, db[:4096], 0o600) }},
		{"middle page", func(path string, db []byte) error {
			for at := 4096; at+4096 <= len(db); at += 4096 {
				copy(db[at:], noise[:4096])
			}
			return os.WriteFile(path, db, 0o600)
		}},
		{"schema page", func(path string, db []byte) error {
			copy(db[100:4096], noise)
			return os.WriteFile(path, db, 0o600)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := history(t)
			path := filepath.Join(h.data, "aether.db")
			db, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.damage(path, db); err != nil {
				t.Fatal(err)
			}
			for _, args := range []string{"run flow.yaml --id new", "runs list", "runs show old", "runs resume old", "runs retry old --from start", "runs cancel old", "runs export old", "runs prune"} {
				r := h.aether(strings.Fields(args)...)
				if r.code != 1 || r.took > 20*time.Second {
					t.Errorf("%s: exit code %d, want 1, after %s\n%s", args, r.code, r.took, r.out)
				}
				refused(t, r, path)
				if !strings.Contains(r.err, "move it away") && !strings.Contains(r.err, "AETHER_DATA_DIR") {
					t.Errorf("%s does not say what to do:\n%s", args, r.err)
				}
			}
			if r := h.aether("doctor", "--no-browser"); r.code != 1 || !strings.Contains(r.out, "!!  database") {
				t.Errorf("doctor finds nothing: exit code %d\n%s%s", r.code, r.out, r.err)
			}
			// What the message says helps.
			for _, f := range []string{"aether.db", "aether.db-wal", "aether.db-shm"} {
				if err := os.Rename(filepath.Join(h.data, f), filepath.Join(h.data, f+".bad")); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			h.want(0, "run", "flow.yaml", "--id", "new")
			h.intact()
		})
	}
}

// TestDamagedPage damages one page after another: what does not need the page
// works, the rest says that the database is damaged.
func TestDamagedPage(t *testing.T) {
	slow(t)
	t.Parallel()
	h := history(t)
	path := filepath.Join(h.data, "aether.db")
	db, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for page := 1; page < len(db)/4096; page += len(db) / 4096 / 6 {
		bad := append([]byte{}, db...)
		for i := range 4096 {
			bad[page*4096+i] ^= 0x5a
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range []string{"runs export old", "run flow.yaml -q --new"} {
			r := h.aether(strings.Fields(args)...)
			plain(t, r)
			if r.code == 0 {
				continue
			}
			told++
			if r.code != 1 {
				t.Errorf("page %d, %s: exit code %d\n%s", page, args, r.code, r.out)
			}
			refused(t, r, "restore a backup")
		}
	}
	if told == 0 {
		t.Error("no damage was noticed")
	}
}

// TestFolderAsDatabase finds a folder where the database should be.
func TestFolderAsDatabase(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	path := filepath.Join(h.data, "aether.db")
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if r := h.want(2, "runs", "list"); !strings.Contains(r.err, path) || !strings.Contains(r.err, "folder") {
		t.Errorf("it says:\n%s", r.err)
	}
}

// TestEmptyDatabase takes an empty file for a new database.
func TestEmptyDatabase(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("nodes:\n- {id: a, type: flow.comment}\n")
	if err := os.Mkdir(h.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.data, "aether.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.want(0, "run", "flow.yaml")
	h.intact()
}

// TestNewerDatabase refuses a database that a newer program made.
func TestNewerDatabase(t *testing.T) {
	t.Parallel()
	h := history(t)
	db, err := sql.Open("sqlite", filepath.Join(h.data, "aether.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO migration (version) VALUES (999)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, h.want(1, "runs", "list"), "newer Aether", "update this program")
}

// TestLockedDatabase takes the database away from a run for longer than
// SQLite waits by itself: another program holds its lock. The run waits and
// goes on, or stops with a sentence and can be resumed; the world sees each
// effect once.
func TestLockedDatabase(t *testing.T) {
	slow(t)
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.holding("b")
	h.flow("nodes:\n" + l.post("a", "a") + l.post("b", "b") + l.post("c", "c") + "edges: [a -> b, b -> c]\n")
	p := h.start("run", "flow.yaml", "--id", "r")
	p.sees("ok       a")
	eventually(t, "b is under way", 20*time.Second, func() bool { return l.has("b") })
	unlock := h.lock()
	l.release()
	select {
	case <-p.done:
	case <-time.After(14 * time.Second):
	}
	unlock()
	h.recovers(p, l, "a b c")
}

// lock takes the write lock of the database until the function is called.
func (h *home) lock() func() {
	h.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.data, "aether.db")+"?_pragma=busy_timeout(5000)&_txlock=immediate")
	if err != nil {
		h.Fatal(err)
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		h.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			h.Error(err)
		}
		_ = db.Close()
	}
}

// recovers waits for a disturbed run "r": it ends well by itself, or says in a
// sentence why not and then goes on. The world must see the effects once.
func (h *home) recovers(p *proc, l *ledger, world string) {
	h.Helper()
	r := p.wait(60 * time.Second)
	plain(h, r)
	if r.code != 0 {
		refused(h, r)
		h.Logf("it stopped with: %s", r.err)
		if next := h.aether("runs", "resume", "r"); next.code == 3 {
			h.Logf("it asks: %s", next.out)
			h.want(0, "runs", "resume", "r", "--decide", "skip")
		} else if next.code == 1 && strings.Contains(next.out, "no space left") {
			// The node's large result did not fit, which is how the node failed.
			h.want(0, "runs", "retry", "r", "-q")
			l.want(h, world)
			h.intact()
			return
		} else if next.code != 0 {
			h.Errorf("it does not go on: exit code %d\n%s%s", next.code, next.out, next.err)
		}
	}
	l.want(h, world)
	if s := h.show("r"); s.Status != "done" {
		h.Errorf("the run is %s", s.Status)
	}
	h.intact()
}

// TestMovedData moves the data folder away under a run and back.
func TestMovedData(t *testing.T) {
	slow(t)
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.holding("b")
	h.flow("nodes:\n" + l.post("a", "a") + l.post("b", "b") + "- {id: big, type: random.string, params: {length: 100000}}\n" + l.post("c", "c") + "edges: [a -> b, b -> big, big -> c]\n")
	p := h.start("run", "flow.yaml", "--id", "r")
	p.sees("ok       a")
	eventually(t, "b is under way", 20*time.Second, func() bool { return l.has("b") })
	if err := os.Rename(h.data, h.data+".away"); err != nil {
		t.Fatal(err)
	}
	l.release()
	eventually(t, "c was sent, or the program ended", 20*time.Second, func() bool {
		select {
		case <-p.done:
			return true
		default:
			return l.has("c")
		}
	})
	r := p.wait(20 * time.Second)
	plain(t, r)
	// What it made meanwhile in the old place is no database.
	_ = os.RemoveAll(h.data)
	if err := os.Rename(h.data+".away", h.data); err != nil {
		t.Fatal(err)
	}
	h.recovers(p, l, "a b c")
}

// TestManyProcesses starts runs of one data folder in several processes at
// once.
func TestManyProcesses(t *testing.T) {
	slow(t)
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow("inputs: {n: int}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 5}}\n" + l.post("a", "{{ inputs.n }}") + "edges: [e.body -> a]\n")
	var all []*proc
	for i := range 8 {
		all = append(all, h.start("run", "flow.yaml", "-i", fmt.Sprint("n=", i)))
	}
	for _, p := range all {
		if r := p.wait(60 * time.Second); r.code != 0 {
			t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
		}
	}
	if n := len(l.noted()); n != 40 {
		t.Errorf("the world saw %d effects, want 40", n)
	}
	if n := len(h.runs("--status", "done")); n != 8 {
		t.Errorf("%d runs are done, want 8", n)
	}
	h.intact()
}
