package conformance

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// disk mounts a small file system of its own for the data folder.
func (h *home) disk(size string) {
	h.Helper()
	if err := os.Mkdir(h.data, 0o700); err != nil {
		h.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", h.data).CombinedOutput(); err != nil {
		if t, ok := h.TB.(*testing.T); ok {
			t.Skipf("no file system can be mounted here: %v %s", err, out)
		}
	}
	h.Cleanup(func() { _ = exec.Command("umount", "-l", h.data).Run() })
}

// fill writes a file until the disk is full but for so many bytes.
func (h *home) fill(leave int64) (free func()) {
	h.Helper()
	path := filepath.Join(h.data, "filler")
	f, err := os.Create(path)
	if err != nil {
		h.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); err == nil {
			continue
		} else if !errors.Is(err, syscall.ENOSPC) {
			h.Fatal(err)
		}
		size /= 2
	}
	info, err := f.Stat()
	if err == nil {
		err = f.Truncate(info.Size() - leave)
	}
	if err != nil {
		h.Fatal(err)
	}
	return func() { _ = os.Remove(path) }
}

// TestFullDisk fills the disk while a run is going; once there is room again
// the run goes on.
func TestFullDisk(t *testing.T) {
	slow(t)
	t.Parallel()
	for leave, second := range map[int64]string{
		0: "- {id: x, type: date.now}\n",
		// The record of b fits, and the text that goes into an artifact does not.
		60_000: "- {id: x, type: random.string, params: {length: 100000}}\n",
	} {
		t.Run(fmt.Sprint(leave, " bytes left"), func(t *testing.T) {
			t.Parallel()
			h, l := newHome(t), newLedger(t)
			h.disk("8m")
			l.holding("b")
			h.flow("nodes:\n" + l.post("a", "a") + l.post("b", "b") + second +
				"- {id: e, type: flow.repeat, params: {times: 20}}\n- {id: now, type: random.string, params: {length: 30000}}\n" + l.post("c", "c") + "edges: [a -> b, b -> x, x -> e, e.body -> now, e.done -> c]\n")
			p := h.start("run", "flow.yaml", "--id", "r")
			p.sees("ok       a")
			eventually(t, "b is under way", 20*time.Second, func() bool { return l.has("b") })
			free := h.fill(leave)
			l.release()
			ended := false
			select {
			case <-p.done:
				ended = true
			case <-time.After(20 * time.Second):
			}
			if l.has("c") {
				t.Error("the run went on with nothing recorded")
			}
			if ended {
				// A full disk must not hang or crash what only looks, either.
				r := h.aether("runs", "show", "r")
				plain(t, r)
				if r.code != 0 {
					refused(t, r, "full")
				}
				q := h.aether("runs", "resume", "r")
				refused(t, q, "full")
			}
			free()
			if h.show("r").Status == "failed" {
				// The large text did not fit, which failed its node.
				if r := h.aether("runs", "show", "r"); !strings.Contains(r.out, "no space left") {
					t.Errorf("the failure does not say why:\n%s", r.out)
				}
				h.want(0, "runs", "retry", "r")
				l.want(t, "a b c")
				h.intact()
				return
			}
			h.recovers(p, l, "a b c")
			if ended && !strings.Contains(p.err.String(), "full") && !strings.Contains(p.err.String(), "no space left") {
				t.Errorf("the message does not say that the disk is full:\n%s", p.err)
			}
		})
	}
}

// TestFullFromTheStart has no room for a new database.
func TestFullFromTheStart(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.disk("1m")
	free := h.fill(0)
	h.flow("nodes:\n- {id: a, type: flow.comment}\n")
	r := h.want(1, "run", "flow.yaml")
	refused(t, r, "full", "free some space")
	free()
}

// TestReadOnlyData has a data folder that cannot be written: on a file system
// that is read-only, and as another user.
func TestReadOnlyData(t *testing.T) {
	t.Parallel()
	calls := func(t *testing.T, h *home) {
		t.Helper()
		for _, args := range []string{"run flow.yaml", "runs list", "runs resume old", "runs retry old --from start", "runs prune"} {
			r := h.aether(strings.Fields(args)...)
			if r.code == 0 && strings.HasPrefix(args, "runs list") {
				plain(t, r)
				continue // looking may be possible
			}
			if r.code != 1 && r.code != 2 {
				t.Errorf("%s: exit code %d\n%s", args, r.code, r.out)
			}
			refused(t, r, "AETHER_DATA_DIR")
		}
		if r := h.aether("doctor", "--no-browser"); r.code != 1 || !strings.Contains(r.out, "!!  data") {
			t.Errorf("doctor: exit code %d\n%s%s", r.code, r.out, r.err)
		}
	}
	const flow = "nodes:\n- {id: a, type: flow.comment}\n"
	t.Run("mount", func(t *testing.T) {
		t.Parallel()
		for _, full := range []bool{true, false} {
			h := newHome(t)
			h.disk("8m")
			h.flow(flow)
			if full {
				h.want(0, "run", "flow.yaml", "--id", "old")
			}
			if out, err := exec.Command("mount", "-o", "remount,ro", h.data).CombinedOutput(); err != nil {
				t.Skipf("remounting: %v %s", err, out)
			}
			calls(t, h)
			if out, err := exec.Command("mount", "-o", "remount,rw", h.data).CombinedOutput(); err != nil {
				t.Fatalf("remounting: %v %s", err, out)
			}
			h.want(0, "run", "flow.yaml", "--id", "new")
			h.intact()
		}
	})
	t.Run("user", func(t *testing.T) {
		t.Parallel()
		if os.Getuid() != 0 {
			t.Skip("only root can become another user")
		}
		if _, err := exec.LookPath("setpriv"); err != nil {
			t.Skip(err)
		}
		h := newHome(t)
		h.flow(flow)
		h.want(0, "run", "flow.yaml", "--id", "old")
		// nobody may pass to the data folder, read it, and no more.
		for dir := h.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // that is the test
				t.Fatal(err)
			}
		}
		for _, mode := range []os.FileMode{0o755, 0o700} {
			if err := os.Chmod(h.data, mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Join(h.data, "aether.db"), 0o644); err != nil { //nolint:gosec // that is the test
				t.Fatal(err)
			}
			h.wrap = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
			calls(t, h)
		}
		h.wrap = nil
		h.want(0, "run", "flow.yaml", "--id", "new")
		h.intact()
	})
}

// TestKilledMidWrite kills the program while it writes a large artifact: no
// half artifact is taken for a whole one.
func TestKilledMidWrite(t *testing.T) {
	slow(t)
	t.Parallel()
	h := newHome(t)
	h.flow("outputs: {n: '{{ len(nodes.x.text) }}'}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 20}}\n- {id: x, type: random.string, params: {length: 100000}}\nedges: [e.body -> x]\n")
	for range 4 {
		p := h.start("run", "flow.yaml", "--id", "r")
		eventually(t, "something is written", 20*time.Second, func() bool {
			select {
			case <-p.done:
				return true
			default:
				return len(files(t, filepath.Join(h.data, "artifacts"))) > 0
			}
		})
		p.kill()
	}
	h.want(0, "run", "flow.yaml", "--id", "r")
	h.intact()
}
