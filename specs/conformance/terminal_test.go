package conformance

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// terminal runs the program on a terminal of that width and returns what it
// wrote.
func (h *home) terminal(columns int, args ...string) *proc {
	h.Helper()
	if _, err := exec.LookPath("script"); err != nil {
		if t, ok := h.TB.(*testing.T); ok {
			t.Skip("script of util-linux, which makes the terminal, is not here")
		}
	}
	call := fmt.Sprintf("stty cols %d rows 30 && exec %s %s", columns, program, strings.Join(args, " "))
	h.env = append(h.env, "TERM=xterm", "SHELL=/bin/sh")
	return h.startLine("script", "-qec", call, "/dev/null")
}

// screen is what a person sees in the end: a carriage return goes back to the
// start of the line, ESC[K clears the rest of it. Anything else unknown is an
// error.
func screen(t *testing.T, out string) []string {
	t.Helper()
	var lines []string
	var line []rune
	at := 0
	text := strings.ReplaceAll(out, "\x1b[K", "\x00")
	for _, r := range text {
		switch r {
		case '\n':
			lines = append(lines, strings.TrimRight(string(line), " "))
			line, at = nil, 0
		case '\r':
			at = 0
		case 0:
			line = line[:at]
		case 0x1b:
			t.Fatalf("an escape code that a plain terminal may not know: %q", out)
		default:
			for len(line) <= at {
				line = append(line, ' ')
			}
			line[at] = r
			at++
		}
	}
	return append(lines, string(line))
}

// TestTerminal watches a run on a terminal: the live line shows how far it is,
// and in the end nothing of it is left.
func TestTerminal(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.failing("shaky", 1)
	h.flow("nodes:\n- {id: shaky, type: http.request, params: {method: POST, url: '" + l.URL + "/shaky', retries: 0}, retry: {max_attempts: 3, initial: 200ms, on: [http]}}\n" +
		"- {id: each, type: flow.for_each, params: {items: [a, b, c]}}\n- {id: work, type: sys.run, params: {program: sleep, args: ['0.5'], effect: read}}\n- {id: say, type: flow.log, params: {message: 'did {{ loop.item }}'}}\nedges: [shaky -> each, each.body -> work, work -> say]\n")
	p := h.terminal(100, "run", "flow.yaml", "--id", "r")
	r := p.wait(30 * time.Second)
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.out)
	}
	frames := strings.Split(r.out, "\r")
	for what, re := range map[string]string{
		"nodes done":             `\b[1-9]\d* nodes`,
		"the turn of the loop":   `each 2/3`,
		"the last turn":          `each 3/3`,
		"the node that is at it": `each\[1\]/work \(sys\.run\)`,
		"retries":                `retries 1`,
		"time elapsed":           `1(\.\d)?s  `,
	} {
		found := false
		for _, f := range frames {
			found = found || regexp.MustCompile(re).MatchString(f)
		}
		if !found {
			t.Errorf("no frame shows %s (%s):\n%q", what, re, r.out)
		}
	}
	for _, f := range frames {
		if n := len([]rune(strings.ReplaceAll(strings.SplitN(f, "\n", 2)[0], "\x1b[K", ""))); n > 100 {
			t.Errorf("a frame is %d columns wide and would wrap: %q", n, f)
		}
	}
	got := strings.Join(screen(t, r.out), "\n")
	if strings.ContainsAny(got, "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏") || strings.Contains(got, "each 3/3") {
		t.Errorf("the live line is left on the screen:\n%s", got)
	}
	for _, w := range []string{"test  run r", "did a", "did b", "did c", "Done in"} {
		if !strings.Contains(got, w) {
			t.Errorf("the final screen lacks %q:\n%s", w, got)
		}
	}
}

// TestNarrowTerminal checks that the live line does not wrap.
func TestNarrowTerminal(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("nodes:\n- {id: a_node_with_a_very_long_name_indeed, type: sys.run, params: {program: sleep, args: ['0.4'], effect: read}}\n")
	r := h.terminal(30, "run", "flow.yaml").wait(30 * time.Second)
	for _, f := range strings.Split(r.out, "\r") {
		if strings.ContainsAny(f, "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏") {
			if n := len([]rune(strings.ReplaceAll(f, "\x1b[K", ""))); n >= 30 {
				t.Errorf("a frame of %d columns: %q", n, f)
			}
		}
	}
	screen(t, r.out)
}

// TestTerminalInterrupt interrupts with ctrl-C: the line is cleared and the
// program says how to go on.
func TestTerminalInterrupt(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.holding("hang")
	h.flow("nodes:\n" + l.post("a", "hang"))
	p := h.terminal(100, "run", "flow.yaml", "--id", "r")
	p.sees("(http.request)")
	eventually(t, "the run has an owner", 10*time.Second, func() bool { return h.show("r").Owner != "" })
	h.interruptOwner("r")
	r := p.wait(10 * time.Second)
	got := strings.Join(screen(t, r.out), "\n")
	if r.code != 130 || strings.ContainsAny(got, "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏") || !strings.Contains(got, "aether runs resume r") {
		t.Errorf("exit code %d, screen:\n%s", r.code, got)
	}
}
