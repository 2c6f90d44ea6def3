//go:build linux

package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/engine"
	_ "github.com/aether-rpa/aether/nodes/variable"
)

const counting = "vars: {n: 1}\noutputs: {n: '{{ vars.n }}'}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 2}}\n- {id: add, type: var.increment, params: {name: n}}\n- {id: say, type: flow.log, params: {message: 'n is {{ vars.n }}'}}\nedges: [e.body -> add, e.done -> say]\n"

// TestBreakAtTerminal steps through a run at the terminal, changes a variable, and
// is killed while it is paused.
func TestBreakAtTerminal(t *testing.T) {
	p := newPlace(t, counting)
	c := p.terminal(80, "dumb", "run", "f.yaml", "--id", "r", "--break", "e")
	c.sees("e is paused (breakpoint)")
	c.sees("n = 1")
	c.types("what\r")
	c.sees("is none of continue")
	c.types("set m=1\r")
	c.sees("there is no variable m")
	c.types("set n=40\r")
	c.sees("n = 40")
	c.types("into\r")
	c.sees("e[0]/add is paused (step)")
	p.kill()
	c.ends(137)
	c = p.terminal(80, "dumb", "run", "f.yaml")
	c.sees("e[0]/add is paused (step)")
	c.sees("n = 40")
	c.types("ov\r")
	c.sees("e[1]/add is paused (step)")
	c.sees("n = 41")
	c.types("\r")
	c.sees("say is paused (step)")
	c.types("\x03")
	c.sees("stays paused")
	c.ends(3)
	for _, step := range []struct {
		want string
		code int
		args []string
	}{
		{"paused", 0, []string{"runs", "list"}},
		{"before say", 0, []string{"runs", "list"}},
		{"n = 42", 0, []string{"runs", "debug", "r"}},
		{"Breakpoint: e", 0, []string{"runs", "debug", "r"}},
		{"aether runs debug r --at say --over", 0, []string{"runs", "show", "r"}},
		{"no variable x", 2, []string{"runs", "debug", "r", "--set", "x=1"}},
		{"is paused already", 2, []string{"runs", "pause", "r"}},
		{"Told run r", 0, []string{"runs", "debug", "r", "--continue", "--set", "n=7", "--no-breaks"}},
		{"n: 7", 0, []string{"runs", "resume", "r"}},
		{"no such node", 2, []string{"run", "f.yaml", "--break", "adds"}},
	} {
		if got := p.run(step.code, step.args...); !strings.Contains(got, step.want) {
			t.Errorf("%v: %q is not in\n%s", step.args, step.want, got)
		}
	}
	// Without a terminal it parks.
	if got := p.run(3, "run", "f.yaml", "--new", "--break", "e[1]/add,say"); !strings.Contains(got, "paused before e[1]/add") {
		t.Errorf("without a terminal:\n%s", got)
	}
}

func TestBreakpoints(t *testing.T) {
	for arg, want := range map[string][]engine.Break{
		"a":                     {{Node: "a"}},
		"a, b[1]/c":             {{Node: "a"}, {Node: "b[1]/c"}},
		"a,b when f(1,2) > 'x'": {{Node: "a"}, {Node: "b", When: "f(1,2) > 'x'"}},
	} {
		if got := breakpoints([]string{arg}); !slices.Equal(got, want) {
			t.Errorf("%q gives %+v, want %+v", arg, got, want)
		}
	}
	for word, want := range map[string]string{"c": "continue", "o": "", "ou": "out", "over": "over", "s": "", "st": "stop", "": "", "x": ""} {
		if got := debugWord(word); got != want {
			t.Errorf("%q gives %q, want %q", word, got, want)
		}
	}
}
