package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// elsewhere is another machine with an empty database of the same kind.
func (h *home) elsewhere(t *testing.T) *home {
	t.Helper()
	to := newHome(t)
	if len(h.env) > 0 {
		to.env = append(to.env, "AETHER_DATABASE_URL="+dbtest.EmptyPostgres(t).URL)
	}
	return to
}

// summary is what backup and restore print as JSON.
type summary struct {
	Notes    []string
	Manifest struct {
		Database struct {
			Tables []struct {
				Name, SHA256 string
				Rows         int64
			}
		}
		Artifacts struct {
			Count   int
			Bytes   int64
			Missing []string
		}
	}
}

// backup makes a backup and returns its file and what it holds.
func (h *home) backup(name string) (string, summary) {
	h.Helper()
	path := filepath.Join(h.dir, name)
	r := h.aether("backup", path, "--json")
	if r.code != 0 {
		h.Fatalf("backup: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	return path, decode[summary](h, r.out)
}

// filledHome has runs of every kind, jobs, items, secrets, artifacts, and a
// robot in the middle of a run.
func filledHome(t *testing.T, h *home, l *ledger) (held string, robot *proc) {
	t.Helper()
	h.write("big.txt", strings.Repeat("a long line of a big file\n", 8000))
	h.flow("nodes:\n- {id: r, type: file.read_text, params: {path: big.txt}}\n- {id: n, type: http.request, params: {method: POST, url: '" + l.URL + "/big'}}\nedges: [r -> n]\noutputs: {text: '{{ nodes.r.text }}'}\n")
	h.want(0, "run", "flow.yaml", "--id", "done")
	h.flow("nodes:\n- {id: f, type: flow.fail, params: {message: no}}\n")
	h.want(1, "run", "flow.yaml", "--id", "failed")
	h.flow("nodes:\n- {id: ask, type: flow.wait_for_approval, params: {question: 'ok?'}}\n")
	h.want(3, "run", "flow.yaml", "--id", "asks")
	h.want(0, "item", "queue", "add", "invoices")
	h.want(0, "item", "add", "invoices", "--content", `{"n": 1}`, "--attach", "scan=big.txt")
	if len(h.env) > 0 {
		h.want(0, "secret", "key", "new")
	}
	h.keep("erp", "canary-4711")
	h.flow(`
nodes:
- {id: a, type: http.request, params: {method: POST, url: "` + l.URL + `/a"}}
- {id: gate, type: http.request, params: {url: "` + l.URL + `/gate"}}
- {id: b, type: http.request, params: {method: POST, url: "` + l.URL + `/b"}}
edges: [a -> gate, gate -> b]
`)
	l.holding("gate")
	held, _ = h.add("--attempts", "1")
	robot = h.robot("one")
	arrives(l, "gate", 1)
	h.flow(steps(l, 3))
	h.add("--priority", "3")
	return held, robot
}

// A backup is made while a robot works; what is restored from it elsewhere has
// the same tables, and the run that was at work goes on there, with nothing
// done twice, though it had its last attempt.
func TestBackupRestore(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		held, robot := filledHome(t, h, l)
		path, made := h.backup("one.aeb")
		if len(made.Manifest.Artifacts.Missing) > 0 || made.Manifest.Artifacts.Count == 0 || made.Manifest.Artifacts.Bytes < 200_000 {
			t.Errorf("the artifacts are %+v", made.Manifest.Artifacts)
		}
		if len(made.Notes) != 1 || !strings.Contains(made.Notes[0], "1 secrets") {
			t.Errorf("it says %q", made.Notes)
		}
		refused(t, h.aether("backup", path), "already there")
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file is %v, %v", info.Mode(), err)
		}
		robot.kill() // the old system is gone

		to := h.elsewhere(t)
		if r := to.aether("backup", "--verify", path); r.code != 0 || !strings.Contains(r.out, "Verified") {
			t.Errorf("%d\n%s%s", r.code, r.out, r.err)
		}
		if r := to.want(0, "restore", path); !strings.Contains(r.out, "cannot be opened yet") {
			t.Errorf("it does not say that the key is missing:\n%s", r.out)
		}
		_, again := to.backup("two.aeb")
		same := map[string]string{}
		for _, x := range again.Manifest.Database.Tables {
			same[x.Name] = x.SHA256
		}
		for _, x := range made.Manifest.Database.Tables {
			switch x.Name[strings.LastIndex(x.Name, ".")+1:] {
			case "run", "job", "robot": // their leases ended
				continue
			}
			if same[x.Name] != x.SHA256 {
				t.Errorf("the table %s differs", x.Name)
			}
		}
		if len(again.Manifest.Database.Tables) != len(made.Manifest.Database.Tables) || again.Manifest.Artifacts.Count != made.Manifest.Artifacts.Count {
			t.Errorf("first %d tables and %+v, then %d and %+v", len(made.Manifest.Database.Tables), made.Manifest.Artifacts, len(again.Manifest.Database.Tables), again.Manifest.Artifacts)
		}
		// With the key, the secrets open.
		key, err := os.ReadFile(filepath.Join(h.data, "secret.key"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to.data, "secret.key"), key, 0o600); err != nil {
			t.Fatal(err)
		}
		if len(to.env) > 0 {
			to.want(0, "secret", "key", "new")
		}
		to.want(0, "secret", "rotate")

		l.release()
		fresh := to.robot("two")
		to.settled(held, "done")
		to.want(0, "runs", "answer", "asks", "approve")
		eventually(t, "the queue is empty", 60*time.Second, func() bool { return len(to.jobs()) == 0 })
		to.want(0, "runs", "resume", "asks")
		fresh.signal(os.Interrupt)
		fresh.wait(20 * time.Second)
		count := map[string]int{}
		for _, n := range l.noted() {
			count[n]++
		}
		for _, n := range strings.Fields("big a b s1 s2 s3") {
			if count[n] != 1 {
				t.Errorf("%s was done %d times", n, count[n])
			}
		}
		doc := to.want(0, "runs", "export", "done").out
		if !strings.Contains(doc, `"done"`) {
			t.Errorf("%.300s", doc)
		}
		to.intact()
		// A retry reads the records and the artifact of a run that was restored.
		to.write("big.txt", "another file")
		to.want(0, "runs", "retry", "done", "--from", "n")
	})
}

// Restore refuses what is not empty, in use, damaged, foreign or of the other
// database, and then has changed nothing.
func TestRestoreRefuses(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		_, robot := filledHome(t, h, l)
		path, _ := h.backup("one.aeb")
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if r := h.aether("restore", path, "--force"); r.code != 1 || !strings.Contains(r.err, "robots work on this database: one") {
			t.Errorf("in use: %d %s", r.code, r.err)
		}
		l.release()
		eventually(t, "all is done", 60*time.Second, func() bool { return len(h.jobs()) == 0 })
		robot.signal(os.Interrupt)
		robot.wait(20 * time.Second)
		refused(t, h.aether("restore", path), "not empty", "--force")
		if len(h.jobs()) != 0 {
			t.Error("a refused restore changed the queue")
		}
		h.want(0, "restore", path, "--force")
		if n := len(h.jobs()); n != 2 {
			t.Errorf("%d jobs after the restore, want 2", n)
		}

		to := h.elsewhere(t)
		for name, bad := range map[string][]byte{
			"empty": {}, "text": []byte("no backup at all"), "half": good[:len(good)/2], "cut": good[:len(good)-9], "zstd": {0x28, 0xb5, 0x2f, 0xfd, 0, 1, 2, 3},
			"bit": flip(good, len(good)/2), "bit near the end": flip(good, len(good)-20), "bit near the start": flip(good, 40),
		} {
			file := to.write("bad.aeb", string(bad))
			want := "damaged or cut short"
			if name == "empty" || name == "text" {
				want = "no backup of Aether"
			}
			for _, args := range [][]string{{"restore", file}, {"restore", file, "--force"}, {"backup", "--verify", file}} {
				r := to.aether(args...)
				said := strings.Contains(r.err, want) || strings.HasPrefix(name, "zstd")
				if name == "bit near the start" {
					// A flipped bit may hit the very name that tells a backup from another archive.
					said = said || strings.Contains(r.err, "no backup of Aether")
				}
				if r.code != 2 || !said {
					t.Errorf("%s, %s: exit code %d: %s", name, args[0], r.code, r.err)
				}
				plain(t, r)
			}
		}
		refused(t, to.aether("restore", to.dir+"/nothing"), "no such file")
		if n := len(to.runs()); n != 0 {
			t.Errorf("%d runs after refused restores", n)
		}
		if len(h.env) > 0 {
			other := newHome(t)
			refused(t, other.aether("restore", path), "PostgreSQL", "SQLite")
		}
	})
}

func flip(b []byte, at int) []byte {
	c := append([]byte{}, b...)
	c[at] ^= 0x10
	return c
}

// A restore that is killed leaves the database empty; one that gets to its end
// leaves all of it.
func TestRestoreKilled(t *testing.T) {
	slow(t)
	fleets(t, func(t *testing.T, h *home) {
		h.flow("nodes:\n- {id: r, type: flow.comment}\n")
		for i := range 5 {
			h.want(0, "run", "flow.yaml", "--id", fmt.Sprint("r", i))
		}
		h.want(0, "item", "queue", "add", "many")
		h.write("many.csv", "n,text\n"+strings.Repeat("1,some text of an item that is not very short\n", 20_000))
		h.want(0, "item", "add", "many", "--csv", "many.csv")
		path, _ := h.backup("one.aeb")
		to := h.elsewhere(t)
		to.want(0, "runs", "list")
		whole, kills := false, 0
		for wait := 100 * time.Millisecond; !whole; wait += 80 * time.Millisecond {
			p := to.start("restore", path)
			pause(t, wait)
			p.kill()
			kills++
			switch n := len(to.runs()); n {
			case 0:
			case 5:
				whole = true
			default:
				t.Fatalf("killed after %s it left %d runs", wait, n)
			}
			if kills > 100 {
				t.Fatal("it never gets to its end")
			}
		}
		to.intact()
		t.Logf("killed %d times", kills)
		if _, again := to.backup("two.aeb"); len(again.Manifest.Database.Tables) == 0 {
			t.Error("no tables")
		}
	})
}
