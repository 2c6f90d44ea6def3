package examples_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// bin is where TestMain puts the programs.
var bin string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "aether-examples-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		bin = dir
		cmd := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "../cmd/aether", "./invoices/rates", "./approve-payments/bank", "./api-sync/api")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the programs: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// event is one line of `aether run --json`.
type event struct {
	Event    string          `json:"event"`
	Path     string          `json:"path"`
	Run      string          `json:"run"`
	Status   string          `json:"status"`
	Done     int             `json:"done"`
	Try      int             `json:"try"`
	Replayed bool            `json:"replayed"`
	Output   json.RawMessage `json:"output"`
	Failure  json.RawMessage `json:"failure"`
	Waits    []struct {
		Path     string `json:"path"`
		Kind     string `json:"kind"`
		Question string `json:"question"`
	} `json:"waits"`
}

// aether is the program with a data folder of its own.
type aether struct{ data string }

func newAether(t *testing.T) *aether {
	t.Helper()
	return &aether{data: t.TempDir()}
}

func (a *aether) command(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "aether"), args...)
	// Settings of whoever runs the test must not matter.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool {
		for _, p := range []string{"AETHER_", "DBOS_", "SUPABASE_", "OTEL_"} {
			if strings.HasPrefix(e, p) {
				return true
			}
		}
		return false
	})
	cmd.Env = append(cmd.Env, "AETHER_DATA_DIR="+a.data)
	return cmd
}

// run runs the program to its end, and wants an exit code. It returns the last
// event.
func (a *aether) run(t *testing.T, want int, args ...string) event {
	t.Helper()
	return a.runUntil(t, want, nil, args...)
}

// runUntil is run, but kills the program when stop says so; the exit code then
// does not count. stop is told of what was printed before the kill, too.
func (a *aether) runUntil(t *testing.T, want int, stop func(event) bool, args ...string) event {
	t.Helper()
	cmd := a.command(t, append(args, "--json")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var last event
	killed := false
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			if !killed {
				t.Errorf("%v printed %q, which is no event: %v", args, lines.Text(), err)
			}
			continue
		}
		last = e
		if stop != nil && stop(e) && !killed {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var exit *exec.ExitError
	err = cmd.Wait()
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); !killed && got != want {
		t.Fatalf("aether %s: exit code %d, want %d\nlast event: %+v\nfailure: %s\n%s", strings.Join(args, " "), got, want, last, last.Failure, &stderr)
	}
	return last
}

// serve starts a server that comes with an example and returns its address.
func serve(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, name), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s said %q: %v", name, line, err)
	}
	_, addr, ok := strings.Cut(strings.TrimSpace(line), " at ")
	if !ok {
		t.Fatalf("%s said %q", name, line)
	}
	return addr
}

// get reads JSON from a server.
func get[T any](t *testing.T, url string) T {
	t.Helper()
	res, err := http.Get(url) //nolint:gosec // our own server
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var v T
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	return v
}

// golden compares the files of a folder, and the outputs of the run, with
// those in testdata. The folder's own name is written OUT in outputs.
func golden(t *testing.T, name, folder string, last event) {
	t.Helper()
	got := map[string][]byte{}
	if last.Output != nil {
		var v any
		if err := json.Unmarshal(last.Output, &v); err != nil {
			t.Fatal(err)
		}
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		for _, sep := range []string{"/", string(filepath.Separator)} {
			quoted, err := json.Marshal(folder + sep)
			if err != nil {
				t.Fatal(err)
			}
			b = bytes.ReplaceAll(b, quoted[1:len(quoted)-1], []byte("OUT/"))
		}
		got["outputs.json"] = append(b, '\n')
	}
	readTree(t, folder, "files/", got)
	dir := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for p, b := range got {
			p = filepath.Join(dir, filepath.FromSlash(p))
			if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, b, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	want := map[string][]byte{}
	readTree(t, dir, "", want)
	for p := range want {
		if _, ok := got[p]; !ok {
			t.Errorf("%s is missing", p)
		}
	}
	for p, b := range got {
		if w, ok := want[p]; !ok {
			t.Errorf("%s is new:\n%s", p, b)
		} else if !bytes.Equal(b, w) {
			t.Errorf("%s is\n%s\nwant\n%s", p, b, w)
		}
	}
}

func readTree(t *testing.T, dir, prefix string, into map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasPrefix(d.Name(), ".aether-") && strings.HasSuffix(d.Name(), ".tmp") {
			// A kill in the middle of a write leaves it; the next write of the
			// file a day later takes it away, and listings leave it out.
			t.Logf("left behind by a kill: %s", p)
			return nil
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		into[prefix+filepath.ToSlash(rel)], err = os.ReadFile(p)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}
