//go:build linux

package cli

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/aether-rpa/aether/nodes/dialog"
	_ "github.com/aether-rpa/aether/nodes/flowctl"
	_ "github.com/aether-rpa/aether/nodes/sys"
)

// TestMain makes the test binary the program itself, so that tests can run it
// on a terminal and kill it.
func TestMain(m *testing.M) {
	if os.Getenv("AETHER_CLI_TEST") != "" {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}

// place is a folder with flows and a data folder.
type place struct {
	*testing.T
	dir string
}

// kill kills the program that runs at the terminal.
func (p *place) kill() {
	p.Helper()
	pid, err := os.ReadFile(filepath.Join(p.dir, "pid"))
	var n int
	if err == nil {
		_, err = fmt.Sscan(string(pid), &n)
	}
	if err == nil {
		err = syscall.Kill(n, syscall.SIGKILL)
	}
	if err != nil {
		p.Fatal(err)
	}
}

func newPlace(t *testing.T, flow string) *place {
	t.Helper()
	p := &place{t, t.TempDir()}
	if err := os.WriteFile(filepath.Join(p.dir, "f.yaml"), []byte("aether: 1\nname: f\n"+flow), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) environ(more ...string) []string {
	return append([]string{"AETHER_CLI_TEST=1", "AETHER_DATA_DIR=" + filepath.Join(p.dir, "data"), "USER=ann", "SHELL=/bin/sh", "PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "GORACE=atexit_sleep_ms=0"}, more...)
}

// run runs the program without a terminal.
func (p *place) run(want int, args ...string) string {
	p.Helper()
	cmd := exec.CommandContext(p.Context(), os.Args[0], args...)
	cmd.Env, cmd.Dir = p.environ(), p.dir
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != want {
		p.Fatalf("%v gave %d (%v), want %d:\n%s", args, code, err, want, out)
	}
	return string(out)
}

// terminal is a program on a terminal.
type terminal struct {
	*testing.T
	cmd  *exec.Cmd
	keys io.WriteCloser
	mu   sync.Mutex
	out  bytes.Buffer
	seen int
	more chan struct{}
}

func (p *place) terminal(columns int, term string, args ...string) *terminal {
	p.Helper()
	if _, err := exec.LookPath("script"); err != nil {
		p.Skip("script of util-linux, which makes the terminal, is not here")
	}
	line := fmt.Sprintf("stty cols %d rows 24 && echo $$ > pid && exec %s %s", columns, os.Args[0], strings.Join(args, " "))
	c := &terminal{T: p.T, more: make(chan struct{}, 1)}
	c.cmd = exec.CommandContext(p.Context(), "script", "-qec", line, "/dev/null")
	c.cmd.Env, c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = p.environ("TERM="+term), p.dir, c, c
	c.cmd.WaitDelay = 3 * time.Second
	var err error
	if c.keys, err = c.cmd.StdinPipe(); err != nil {
		p.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it may have ended
		_ = c.cmd.Wait()
	})
	return c
}

// Write implements io.Writer: what the program writes on the terminal.
func (c *terminal) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
	return c.out.Write(b)
}

func (c *terminal) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

// sees waits until the text comes after what was seen before.
func (c *terminal) sees(text string) {
	c.Helper()
	limit := time.After(30 * time.Second)
	for {
		all := c.text()
		if i := strings.Index(all[c.seen:], text); i >= 0 {
			c.seen += i + len(text)
			return
		}
		select {
		case <-c.more:
		case <-limit:
			c.Fatalf("%q did not come; what came is\n%q", text, all[c.seen:])
		}
	}
}

func (c *terminal) types(keys string) {
	c.Helper()
	if _, err := io.WriteString(c.keys, keys); err != nil {
		c.Fatal(err)
	}
}

func (c *terminal) ends(want int) {
	c.Helper()
	done := make(chan struct{})
	go func() {
		_ = c.cmd.Wait() // the exit code says it
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		c.Fatalf("it does not end:\n%s", c.text())
	}
	if got := c.cmd.ProcessState.ExitCode(); got != want {
		c.Fatalf("exit code %d, want %d:\n%s", got, want, c.text())
	}
}

const asks = "outputs: {w: '{{ nodes.who.value }}', s: '{{ nodes.sure.confirmed }}'}\nnodes:\n- {id: who, type: dialog.input, params: {message: Who is it for, label: Name, required: true}}\n- {id: sure, type: dialog.confirm, params: {message: Really}}\nedges: [who -> sure]\n"

// TestForm answers on a terminal, at usual and at narrow width. Keys that come
// between two questions are not lost.
func TestForm(t *testing.T) {
	for _, columns := range []int{80, 40} {
		p := newPlace(t, asks)
		c := p.terminal(columns, "xterm", "run", "f.yaml")
		c.sees("Who is it for")
		c.sees("Name")
		c.types("Ann\r")
		c.sees("Really")
		c.sees("Yes")
		c.types("y")
		c.sees("w: Ann")
		c.ends(0)
		if !strings.Contains(c.text(), "sure  yes, by ann") {
			t.Errorf("the answer is not told:\n%s", c.text())
		}
	}
}

// TestPasteBothFields pastes a user name with its password.
func TestPasteBothFields(t *testing.T) {
	p := newPlace(t, "outputs: {u: '{{ nodes.login.username }}', o: '{{ nodes.use.stdout }}'}\nnodes:\n- {id: login, type: dialog.credential, params: {name: bank}}\n- {id: use, type: sys.run, params: {program: sh, args: [-c, 'echo ${#PW} of $PW'], secret_env: {PW: {secret: bank}}}}\nedges: [login -> use]\n")
	for _, term := range []string{"xterm", "dumb"} {
		c := p.terminal(80, term, "run", "f.yaml", "--new")
		c.sees("User name")
		if term == "xterm" {
			c.sees("Password")
			c.types("bob\rcorrect horse\r")
		} else {
			c.types("bob\r")
			c.sees("Password: ")
			c.types("correct horse\r")
		}
		c.sees("13 of ***")
		c.sees("u: bob")
		c.ends(0)
		if strings.Contains(c.text(), "correct") || strings.Contains(c.text(), "horse") {
			t.Errorf("the password is on the screen:\n%q", c.text())
		}
	}
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("correct horse")) {
			t.Errorf("the password is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPlain answers line by line, wrong at first.
func TestPlain(t *testing.T) {
	p := newPlace(t, "outputs: {v: '{{ nodes.f.values }}'}\nnodes:\n- {id: f, type: dialog.form, params: {fields: [{name: days, type: integer, min: 1, required: true}, {name: class, type: choice, choices: [first, second], default: second}, {name: extras, type: choices, choices: [bed, meal]}, {name: note, type: multiline}, {name: ok, type: bool}]}}\n")
	c := p.terminal(40, "dumb", "run", "f.yaml")
	c.sees("days: ")
	c.types("0\r")
	c.sees("must be at least 1")
	c.types("3\r")
	c.sees("[second]: ")
	c.types("\r")
	c.sees("extras")
	c.types("2,bed\r")
	c.sees("note")
	c.types("a\rb\r.\r")
	c.sees("yes or no")
	c.types("yes\r")
	c.sees(`v: {"class":"second","days":3,"extras":["meal","bed"],"note":"a\nb","ok":true}`)
	c.ends(0)
	if strings.ContainsRune(c.text(), 0x1b) && strings.Contains(c.text(), "\x1b[?") {
		t.Errorf("a dumb terminal was steered: %q", c.text())
	}
}

// TestClose closes questions with esc and ctrl-D.
func TestClose(t *testing.T) {
	p := newPlace(t, "outputs: {c: '{{ nodes.who.cancelled }}', v: '{{ nodes.who.value }}'}\nnodes:\n- {id: who, type: dialog.input, params: {message: Who}}\n")
	for term, key := range map[string]string{"xterm": "\x1b", "dumb": "\x04"} {
		c := p.terminal(80, term, "run", "f.yaml", "--new")
		c.sees("Who")
		c.sees("Answer")
		c.types(key)
		c.sees("c: true")
		c.ends(0)
	}
}

// TestLeaveOpen leaves a question open with ctrl-C: the run is parked and can be
// answered from elsewhere.
func TestLeaveOpen(t *testing.T) {
	for _, term := range []string{"xterm", "dumb"} {
		p := newPlace(t, asks)
		c := p.terminal(80, term, "run", "f.yaml", "--id", "r")
		c.sees("Name")
		c.types("\x03")
		c.sees("Left open")
		c.ends(3)
		for _, step := range []struct {
			want string
			code int
			args []string
		}{
			{"who asks: Who is it for", 0, []string{"runs", "show", "r"}},
			{"--at who --answer ...", 0, []string{"runs", "show", "r"}},
			{"Who is it for", 0, []string{"runs", "list"}},
			{"attention", 0, []string{"runs", "list"}},
			{"Name is needed", 2, []string{"runs", "resume", "r", "--answer", `{"value": ""}`}},
			{"sure asks: Really", 3, []string{"runs", "resume", "r", "--answer", "Eve"}},
			{`one of [yes no], not "Eve"`, 2, []string{"runs", "resume", "r", "--answer", "Eve"}},
			{"w: Eve", 0, []string{"runs", "resume", "r", "--answer", "no"}},
		} {
			if got := p.run(step.code, step.args...); !strings.Contains(got, step.want) {
				t.Errorf("%v: %q is not in\n%s", step.args, step.want, got)
			}
		}
	}
}

// TestKilled kills the program while a question is on the screen: it is asked
// again, until the same time.
func TestKilled(t *testing.T) {
	p := newPlace(t, strings.Replace(asks, "required: true", "required: true, wait: 1h", 1))
	c := p.terminal(80, "dumb", "run", "f.yaml", "--id", "r")
	c.sees("Answer before ")
	c.sees(" (in ")
	until := c.text()[strings.Index(c.text(), "Answer before "):]
	until = until[:strings.Index(until, " (in ")]
	c.sees("Name: ")
	p.kill()
	c.ends(137)
	c = p.terminal(80, "dumb", "run", "f.yaml")
	c.sees("was interrupted")
	c.sees(until)
	c.sees("Name: ")
	c.types("Ann\r")
	c.sees("Answer (number or text): ")
	c.types("no\r")
	c.sees("w: Ann")
	c.ends(0)
}

// TestUnattendedRuns takes defaults without a terminal, and with one if it is
// told to ask nothing.
func TestUnattendedRuns(t *testing.T) {
	p := newPlace(t, strings.NewReplacer("required: true", "default: Bob", "message: Really", "default: true").Replace(asks))
	if out := p.run(0, "run", "f.yaml"); !strings.Contains(out, "w: Bob") || !strings.Contains(out, "nobody attends") {
		t.Errorf("without a terminal:\n%s", out)
	}
	c := p.terminal(80, "xterm", "run", "f.yaml", "--new", "--no-input")
	c.sees("w: Bob")
	c.ends(0)
	p = newPlace(t, asks)
	if out := p.run(3, "run", "f.yaml", "--id", "r"); !strings.Contains(out, "value (text, needed): Name") {
		t.Errorf("the question is not shown:\n%s", out)
	}
	// On a terminal the run that waits goes on by asking.
	c = p.terminal(80, "dumb", "run", "f.yaml")
	c.sees("Name: ")
	c.types("Ann\r")
	c.sees("text): ")
	c.types("1\r")
	c.sees("s: true")
	c.ends(0)
}
