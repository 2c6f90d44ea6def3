package conformance

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// interruptOwner sends SIGINT to the process that executes a run.
func (h *home) interruptOwner(id string) {
	h.Helper()
	parts := strings.Split(h.show(id).Owner, "/")
	if len(parts) != 3 {
		h.Fatalf("the owner of %s is %q", id, parts)
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil {
		h.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		h.Fatal(err)
	}
	if err := p.Signal(os.Interrupt); err != nil {
		h.Fatal(err)
	}
}

const dataFlow = "outputs: {t: '{{ nodes.s.stdout }}'}\nnodes:\n- {id: s, type: sys.run, params: {program: sh, args: ['-c', 'head -c 200000 /dev/zero | tr \"\\000\" x']}}\n- {id: j, type: script.javascript, params: {code: '1 + 1'}}\nedges: [s -> j]\n"

// TestDataDir checks that all that the program writes lies in the data folder.
func TestDataDir(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	tmp := filepath.Join(h.dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	h.env = []string{"TMPDIR=" + tmp}
	h.flow(dataFlow)
	h.want(0, "run", "flow.yaml", "--id", "r", "-q")
	h.want(0, "runs", "list")
	h.want(0, "doctor")
	for _, f := range files(t, h.dir) {
		if f != "flow.yaml" && !strings.HasPrefix(f, "data"+string(filepath.Separator)) {
			t.Errorf("%s was written outside the data folder", f)
		}
	}
	got := files(t, h.data)
	if !slices.Contains(got, "aether.db") || len(got) < 2 {
		t.Errorf("the data folder holds %v", got)
	}
	// Others have no business in it.
	if info, err := os.Stat(h.data); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the rights of the data folder are %v, %v", info.Mode(), err)
	}
}

// TestDefaultDataDir checks where the data folder is when nothing says so.
func TestDefaultDataDir(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  func(dir string) []string
		args []string
		want string
	}{
		{"home", func(dir string) []string { return []string{"HOME=" + dir + "/home"} }, nil, "home/.local/share/aether/aether.db"},
		{"xdg", func(dir string) []string { return []string{"HOME=" + dir + "/home", "XDG_DATA_HOME=" + dir + "/xdg"} }, nil, "xdg/aether/aether.db"},
		{"relative", func(dir string) []string { return []string{"AETHER_DATA_DIR=here"} }, nil, "here/aether.db"},
		{"flag", func(dir string) []string { return []string{"AETHER_DATA_DIR=" + dir + "/no"} }, []string{"--data-dir", "flag"}, "flag/aether.db"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			h.flow("nodes:\n- {id: a, type: flow.comment}\n")
			h.env = append([]string{"AETHER_DATA_DIR="}, tt.env(h.dir)...)
			h.want(0, append([]string{"run", "flow.yaml"}, tt.args...)...)
			if got := files(t, h.dir); !slices.Contains(got, tt.want) {
				t.Errorf("%s is not there, but %v", tt.want, got)
			}
		})
	}
}

// TestTwoDataDirs checks that two data folders know nothing of each other.
func TestTwoDataDirs(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow("nodes:\n" + l.post("a", "a"))
	h.want(0, "run", "flow.yaml", "--id", "r")
	other := &home{TB: t, dir: h.dir, data: filepath.Join(h.dir, "other")}
	if n := len(other.runs()); n != 0 {
		t.Errorf("the other folder has %d runs", n)
	}
	other.want(0, "run", "flow.yaml", "--id", "r")
	l.want(t, "a a")
	// A data folder can be moved.
	if err := os.Rename(other.data, other.data+".moved"); err != nil {
		t.Fatal(err)
	}
	other.data += ".moved"
	other.want(0, "run", "flow.yaml", "--id", "r")
	l.want(t, "a a")
	h.intact()
	other.intact()
}
