package conformance

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to look into the database from outside
)

// home is a user's machine: a working folder with flows and a data folder.
type home struct {
	testing.TB
	dir  string   // working folder
	data string   // AETHER_DATA_DIR
	env  []string // set besides
	wrap []string // command line to put before the program, for other users and terminals
	bin  string   // another build of the program, "" for the one that is tested
	// measured is set to know how much memory the program held.
	measured bool
}

func newHome(t testing.TB) *home {
	t.Helper()
	dir := t.TempDir()
	return &home{TB: t, dir: dir, data: filepath.Join(dir, "data")}
}

// write puts a file into the working folder.
func (h *home) write(name, content string) string {
	h.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		h.Fatal(err)
	}
	return path
}

// flow writes flow.yaml; the head of the file is put before the text.
func (h *home) flow(text string) { h.Helper(); h.write("flow.yaml", "aether: 1\nname: test\n"+text) }

// result is what became of one call of the program.
type result struct {
	code     int
	out, err string
	peak     int64 // most memory it held, in bytes
	took     time.Duration
}

// proc is a running program.
type proc struct {
	t        testing.TB
	cmd      *exec.Cmd
	out, err *safeBuffer
	done     chan struct{}
	began    time.Time
	peak     atomic.Int64
}

// safeBuffer is written by the program and read by the test.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts the program; the end of the test kills it.
func (h *home) start(args ...string) *proc {
	h.Helper()
	bin := program
	if h.bin != "" {
		bin = h.bin
	}
	return h.startLine(append(append(append([]string{}, h.wrap...), bin), args...)...)
}

// startLine starts a command line.
func (h *home) startLine(line ...string) *proc {
	h.Helper()
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = h.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir, "USER=tester", "TZ=UTC", "AETHER_DATA_DIR=" + h.data}, h.env...)
	p := &proc{t: h, cmd: cmd, out: &safeBuffer{}, err: &safeBuffer{}, done: make(chan struct{}), began: time.Now()}
	cmd.Stdout, cmd.Stderr = p.out, p.err
	// Something that the program leaves behind must not keep the test waiting.
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Start(); err != nil {
		h.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	if h.measured {
		go p.measure()
	}
	h.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.done
	})
	return p
}

// kill is kill -9; it waits until the process is gone.
func (p *proc) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// sees waits until the program has printed text.
func (p *proc) sees(text string) {
	p.t.Helper()
	eventually(p.t, p.cmd.Args[len(p.cmd.Args)-1]+" printed "+text, 20*time.Second, func() bool {
		select {
		case <-p.done:
			if !strings.Contains(p.out.String(), text) {
				p.t.Fatalf("%v ended and never printed %q\nstdout:\n%s\nstderr:\n%s", p.cmd.Args[1:], text, p.out, p.err)
			}
		default:
		}
		return strings.Contains(p.out.String(), text)
	})
}

func (p *proc) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the program to end.
func (p *proc) wait(limit time.Duration) result {
	p.t.Helper()
	limit *= patience
	select {
	case <-p.done:
	case <-time.After(limit):
		p.t.Fatalf("%v did not end within %s\nstdout:\n%s\nstderr:\n%s", p.cmd.Args[1:], limit, p.out, p.err)
	}
	r := result{code: p.cmd.ProcessState.ExitCode(), out: p.out.String(), err: p.err.String(), took: time.Since(p.began)}
	r.peak = p.peak.Load()
	return r
}

// What is mapped of the program's file, most of its 160 MB, is no memory of a run: the system takes it back at will.
var highWater = regexp.MustCompile(`(?s)VmHWM:\s+(\d+) kB.*RssFile:\s+(\d+) kB`)

// measure follows the peak of the program's memory. The rusage of a child does
// not do: before its exec the child shares the memory of this process, and
// Linux counts that.
func (p *proc) measure() {
	status := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for {
		b, err := os.ReadFile(status)
		if m := highWater.FindSubmatch(b); err == nil && m != nil {
			all, _ := strconv.ParseInt(string(m[1]), 10, 64)
			mapped, _ := strconv.ParseInt(string(m[2]), 10, 64)
			p.peak.Store(max(p.peak.Load(), (all-mapped)<<10))
		}
		select {
		case <-p.done:
			return
		case <-tick.C:
		}
	}
}

// aether runs the program to its end.
func (h *home) aether(args ...string) result {
	h.Helper()
	return h.start(args...).wait(60 * time.Second)
}

// want runs the program and fails the test unless it exits with the code.
func (h *home) want(code int, args ...string) result {
	h.Helper()
	r := h.aether(args...)
	if r.code != code {
		h.Fatalf("aether %s: exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), r.code, code, r.out, r.err)
	}
	plain(h, r)
	return r
}

var (
	escapes = regexp.MustCompile(`\x1b|\r`)
	// innards are what a user must never read: Go's and DBOS's own words.
	innards = regexp.MustCompile(`goroutine \d|\.go:\d+|panic:|runtime error|strconv\.|unmarshal|interface \{\}|%!|<nil>|(?i:dbos)|sql: |level=(DEBUG|ERROR)`)
)

// plain checks that output to a pipe has no escape codes and no innards.
func plain(t testing.TB, r result) {
	t.Helper()
	if escapes.MatchString(r.out + r.err) {
		t.Errorf("the output to a pipe has escape codes:\n%q\n%q", r.out, r.err)
	}
	if m := innards.FindString(r.err); m != "" {
		t.Errorf("the message holds %q:\n%s", m, r.err)
	}
}

// refused checks that the error is one line that holds each of the words.
func refused(t testing.TB, r result, words ...string) {
	t.Helper()
	plain(t, r)
	line, ok := strings.CutPrefix(strings.TrimSuffix(r.err, "\n"), "aether: ")
	if !ok || strings.Contains(line, "\n") || len(line) > 600 {
		t.Errorf("the error must be one line that begins with aether: and is not too long:\n%s", r.err)
	}
	for _, w := range words {
		if !strings.Contains(line, w) {
			t.Errorf("the error does not say %q:\n%s", w, r.err)
		}
	}
}

// decode reads JSON output.
func decode[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("the output is no JSON: %v\n%s", err, text)
	}
	return v
}

// lines reads JSON lines; last returns the final event of them.
func lines(t testing.TB, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		out = append(out, decode[map[string]any](t, l))
	}
	return out
}

func last(t testing.TB, text string) map[string]any {
	t.Helper()
	l := lines(t, text)
	return l[len(l)-1]
}

// runInfo is a run in `runs list --json`.
type runInfo struct {
	ID, Flow, Status, Owner string
	Input                   map[string]any
	RetryOf                 string `json:"retry_of"`
	Trace                   string
	Output                  map[string]any
	Failure                 map[string]any
	Waits                   []map[string]any
	Nodes, Resumes          int
	Interrupted             bool
}

func (h *home) runs(args ...string) []runInfo {
	h.Helper()
	return decode[[]runInfo](h, h.want(0, append([]string{"runs", "list", "--json"}, args...)...).out)
}

func (h *home) show(id string) runInfo {
	h.Helper()
	return decode[struct{ Run runInfo }](h, h.want(0, "runs", "show", id, "--json").out).Run
}

// patience is how many times longer than usual a test waits before it gives
// up: a machine that runs everything at once must not fail a test.
const patience = 3

// eventually waits until ok is true.
func eventually(t testing.TB, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	limit *= patience
	end := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-end:
			t.Fatalf("within %s it did not come true that %s", limit, what)
		case <-tick.C:
		}
	}
}

// intact checks the database with SQLite's own integrity_check.
func (h *home) intact() {
	h.Helper()
	if _, err := os.Stat(filepath.Join(h.data, "aether.db")); err != nil && strings.Contains(strings.Join(h.env, " "), "AETHER_DATABASE_URL=") {
		return // it is on a server
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.data, "aether.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		h.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(h.Context(), 20*time.Second)
	defer cancel()
	var said string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&said); err != nil || said != "ok" {
		h.Errorf("integrity_check: %q, %v", said, err)
	}
}

// files lists what is below a folder, by path relative to it.
func files(t testing.TB, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(root, path)
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// slow leaves out a test that takes seconds when -short is given.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("slow")
	}
}
