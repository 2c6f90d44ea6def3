//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aether-rpa/aether/process"
)

var env = []string{"PATH=" + os.Getenv("PATH")}

// shell runs a script and returns its output.
func shell(t *testing.T, ctx context.Context, script string, change func(*process.Cmd)) (stdout, stderr string, res process.Result, err error) {
	t.Helper()
	var o, e bytes.Buffer
	c := process.Cmd{Path: "sh", Args: []string{"-c", script}, Env: env, Dir: t.TempDir(), Stdout: &o, Stderr: &e}
	if change != nil {
		change(&c)
	}
	res, err = process.Run(ctx, c)
	return o.String(), e.String(), res, err
}

// alive reports whether the process runs; a zombie does not.
func alive(pid int) bool {
	if b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		return !bytes.Contains(b[bytes.LastIndexByte(b, ')'):], []byte(" Z "))
	}
	return syscall.Kill(pid, 0) == nil && !fileExists("/proc/self/stat")
}

func fileExists(p string) bool { _, err := os.Stat(p); return err == nil }

// waitFor waits until there are n lines in a file and returns them as numbers.
func waitFor(t *testing.T, path string, n int) []int {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		b, _ := os.ReadFile(path)
		if f := strings.Fields(string(b)); len(f) >= n && strings.HasSuffix(string(b), "\n") {
			var out []int
			for _, s := range f {
				pid, err := strconv.Atoi(s)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, pid)
			}
			return out
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has %q, want %d lines", path, b, n)
		}
		<-time.After(2 * time.Millisecond)
	}
}

func TestRunEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, script   string
		stdout, stderr string
		code           int
		signal         string
	}{
		{"output", "echo out; echo err >&2", "out\n", "err\n", 0, ""},
		{"exit code", "exit 7", "", "", 7, ""},
		{"signal", "kill -USR1 $$", "", "", -1, "SIGUSR1"},
		{"killed", "kill -9 $$", "", "", -1, "SIGKILL"},
		{"no input", "cat; echo done", "done\n", "", 0, ""},
		{"environment", `echo "${HOME-unset}"`, "unset\n", "", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, e, res, err := shell(t, t.Context(), tt.script, nil)
			if err != nil {
				t.Fatal(err)
			}
			if o != tt.stdout || e != tt.stderr || res.ExitCode != tt.code || res.Signal != tt.signal {
				t.Errorf("got %q %q %d %q, want %q %q %d %q", o, e, res.ExitCode, res.Signal, tt.stdout, tt.stderr, tt.code, tt.signal)
			}
		})
	}
}

func TestRunInput(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789abcdef", 1<<16)
	o, _, _, err := shell(t, t.Context(), "cat", func(c *process.Cmd) { c.Stdin = strings.NewReader(big) })
	if err != nil || o != big {
		t.Errorf("got %d bytes and %v, want %d", len(o), err, len(big))
	}
	// A program that does not read its input ends all the same.
	_, _, res, err := shell(t, t.Context(), "exit 3", func(c *process.Cmd) { c.Stdin = strings.NewReader(big) })
	if err != nil || res.ExitCode != 3 {
		t.Errorf("got %d and %v", res.ExitCode, err)
	}
	// So does one whose input never ends.
	r, w := io.Pipe()
	defer w.Close()
	if _, _, res, err = shell(t, t.Context(), "exit 4", func(c *process.Cmd) { c.Stdin = r }); err != nil || res.ExitCode != 4 {
		t.Errorf("got %d and %v", res.ExitCode, err)
	}
}

func TestRunOneWriter(t *testing.T) {
	t.Parallel()
	var both bytes.Buffer
	_, _, _, err := shell(t, t.Context(), "for i in 1 2 3; do echo o$i; echo e$i >&2; done", func(c *process.Cmd) { c.Stdout, c.Stderr = &both, &both })
	if want := "o1\ne1\no2\ne2\no3\ne3\n"; err != nil || both.String() != want {
		t.Errorf("got %q and %v, want %q", both.String(), err, want)
	}
}

func TestRunCapsOutput(t *testing.T) {
	t.Parallel()
	o, e, res, err := shell(t, t.Context(), "head -c 5000000 /dev/zero; head -c 300 /dev/zero >&2; exit 5", func(c *process.Cmd) { c.MaxOutput = 1000 })
	if err != nil {
		t.Fatal(err)
	}
	if len(o) != 1000 || len(e) != 300 || res.DroppedStdout != 4999000 || res.DroppedStderr != 0 || res.ExitCode != 5 {
		t.Errorf("got %d and %d bytes, %+v", len(o), len(e), res)
	}
}

func TestRunEndlessOutput(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	o, _, res, err := shell(t, ctx, "yes", func(c *process.Cmd) { c.MaxOutput = 10 })
	if !errors.Is(err, context.DeadlineExceeded) || len(o) != 10 || res.DroppedStdout == 0 || res.Signal != "SIGTERM" {
		t.Errorf("got %v, %d bytes, %+v", err, len(o), res)
	}
}

func TestRunCauseOfCancel(t *testing.T) {
	t.Parallel()
	want := errors.New("the user said so")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(want)
	if _, _, _, err := shell(t, ctx, "exit 0", nil); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

// stubborn forks children and grandchildren that ignore SIGTERM, one of them in
// a session of its own.
const stubborn = `trap '' TERM
sh -c 'trap "" TERM; echo $$ >>pids; sh -c "trap \"\" TERM; echo \$\$ >>pids; while :; do sleep 0.1; done" & while :; do sleep 0.1; done' &
echo $$ >>pids
`

const daemon = `setsid sh -c 'trap "" TERM; echo $$ >>pids; while :; do sleep 0.1; done' </dev/null >/dev/null 2>&1 &
`

func TestRunKillsTree(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"cancelled", "finished"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			script, n := stubborn, 3
			if fileExists("/proc/self/stat") {
				script, n = daemon+script, 4
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if end == "cancelled" {
				script += "while :; do sleep 0.1; done"
				var wg sync.WaitGroup
				defer wg.Wait()
				wg.Go(func() { waitFor(t, filepath.Join(dir, "pids"), n); cancel() })
			} else {
				script += "while [ $(wc -l <pids) -lt " + strconv.Itoa(n) + " ]; do sleep 0.01; done"
			}
			began := time.Now()
			_, _, res, err := shell(t, ctx, script, func(c *process.Cmd) { c.Dir, c.Grace = dir, 200*time.Millisecond })
			if end == "cancelled" && (!errors.Is(err, context.Canceled) || res.Signal != "SIGKILL") || end == "finished" && (err != nil || res.ExitCode != 0) {
				t.Errorf("got %v %+v", err, res)
			}
			if d := time.Since(began); d > 5*time.Second {
				t.Errorf("it took %s", d)
			}
			for _, pid := range waitFor(t, filepath.Join(dir, "pids"), n) {
				if alive(pid) {
					t.Errorf("process %d is left", pid)
				}
			}
		})
	}
}

func TestRunLetsProgramClean(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { waitFor(t, filepath.Join(dir, "ready"), 1); cancel() })
	o, _, res, _ := shell(t, ctx, `trap 'echo cleaned; exit 9' TERM; echo 1 >ready; while :; do sleep 0.01; done`, func(c *process.Cmd) { c.Dir = dir })
	wg.Wait()
	if o != "cleaned\n" || res.ExitCode != 9 {
		t.Errorf("got %q and %+v", o, res)
	}
}

func TestRunBackgroundHoldsOutput(t *testing.T) {
	t.Parallel()
	o, _, res, err := shell(t, t.Context(), "(sleep 0.1; echo late) & echo early", nil)
	if err != nil || o != "early\nlate\n" || res.ExitCode != 0 {
		t.Errorf("got %q, %v", o, err)
	}
	o, _, _, err = shell(t, t.Context(), "sleep 60 & echo early", func(c *process.Cmd) { c.Grace = 50 * time.Millisecond })
	if err != nil || o != "early\n" {
		t.Errorf("got %q, %v", o, err)
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, mode := range map[string]fs.FileMode{"plain.txt": 0o644, "broken": 0o755} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\x7fELFnot really"), mode); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		cmd  process.Cmd
		is   error
		want []string
	}{
		{"unknown", process.Cmd{Path: "no-such-program", Env: []string{"PATH=/usr/bin:/opt/none"}}, fs.ErrNotExist, []string{`"no-such-program"`, "/usr/bin, /opt/none"}},
		{"no PATH", process.Cmd{Path: "sh"}, fs.ErrNotExist, []string{"PATH is empty"}},
		{"relative PATH", process.Cmd{Path: "broken", Env: []string{"PATH=.:"}, Dir: dir}, fs.ErrNotExist, []string{"PATH is empty"}},
		{"path", process.Cmd{Path: "./nothing", Dir: dir}, fs.ErrNotExist, []string{filepath.Join(dir, "nothing")}},
		{"empty", process.Cmd{}, fs.ErrNotExist, []string{"empty"}},
		{"not executable", process.Cmd{Path: "./plain.txt", Dir: dir}, fs.ErrPermission, []string{"plain.txt", "permission denied"}},
		{"bad format", process.Cmd{Path: "./broken", Dir: dir}, syscall.ENOEXEC, []string{filepath.Join(dir, "broken"), "exec format error"}},
		{"no folder", process.Cmd{Path: "sh", Env: env, Dir: "/no/folder"}, fs.ErrNotExist, []string{"sh", "working folder /no/folder"}},
		{"file as folder", process.Cmd{Path: "sh", Env: env, Dir: filepath.Join(dir, "broken")}, nil, []string{"not a folder"}},
		{"NUL", process.Cmd{Path: "sh", Env: env, Args: []string{"a\x00b"}}, nil, []string{"NUL"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := process.Run(t.Context(), tt.cmd)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("got %q, want %q in it", err, w)
				}
			}
			if _, err := process.Start(tt.cmd); err == nil {
				t.Error("Start gave no error")
			}
		})
	}
}

func TestStartOutlives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := process.Start(process.Cmd{Path: "sh", Args: []string{"-c", `echo $$ ${AETHER_PROCESS-0} >pids; read x <fifo; exit 6`}, Env: append(slices.Clone(env), process.Marker+"=x"), Dir: mkfifo(t, dir)})
	if err != nil {
		t.Fatal(err)
	}
	if got := waitFor(t, filepath.Join(dir, "pids"), 2); got[0] != s.PID || got[1] != 0 {
		t.Errorf("got %v, want pid %d without a marker", got, s.PID)
	}
	if err := os.WriteFile(filepath.Join(dir, "fifo"), []byte("go\n"), 0); err != nil {
		t.Fatal(err)
	}
	<-s.Exited
	if s.State.ExitCode() != 6 {
		t.Errorf("got %v", s.State)
	}
}

func mkfifo(t *testing.T, dir string) string {
	t.Helper()
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
