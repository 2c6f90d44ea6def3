package conformance

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew):\n%s", path, changes(strings.Split(got, "\n"), strings.Split(string(want), "\n")))
	}
}

// changes lists what was added (+) and what is gone (-) under each heading.
func changes(got, want []string) string {
	under := func(lines []string) map[string]bool {
		out, head := map[string]bool{}, ""
		for _, l := range lines {
			if strings.HasPrefix(l, "# ") {
				head = l + ": "
			}
			out[head+l] = true
		}
		return out
	}
	g, w := under(got), under(want)
	var out []string
	for l := range g {
		if !w[l] {
			out = append(out, "+ "+l)
		}
	}
	for l := range w {
		if !g[l] {
			out = append(out, "- "+l)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

var (
	commandLine = regexp.MustCompile(`^  ([a-z]+) {2,}\S`)
	flagLine    = regexp.MustCompile(`^ {2,6}(?:-\w, )?(--[a-z-]+)`)
)

// TestHelp walks all commands by their help and compares their names and
// options with a golden file: what is there is a promise to scripts.
func TestHelp(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	var out strings.Builder
	var walk func(path []string)
	walk = func(path []string) {
		r := h.want(0, append(slices.Clone(path), "--help")...)
		if byHelp := h.want(0, append([]string{"help"}, path...)...); byHelp.out != r.out {
			t.Errorf("help %v differs from --help", path)
		}
		var flags, subs []string
		section := ""
		for sc := bufio.NewScanner(strings.NewReader(r.out)); sc.Scan(); {
			l := sc.Text()
			if strings.HasSuffix(l, ":") && !strings.HasPrefix(l, " ") {
				section = l
			}
			if m := commandLine.FindStringSubmatch(l); m != nil && section == "Available Commands:" {
				subs = append(subs, m[1])
			}
			if m := flagLine.FindStringSubmatch(l); m != nil && section == "Flags:" && m[1] != "--help" {
				flags = append(flags, m[1])
			}
		}
		out.WriteString(strings.TrimSpace(strings.Join(append(append([]string{"aether"}, path...), flags...), " ")) + "\n")
		if len(strings.TrimSpace(r.out)) < 80 {
			t.Errorf("the help of %v says too little:\n%s", path, r.out)
		}
		for _, s := range subs {
			if s != "help" {
				walk(append(slices.Clone(path), s))
			}
		}
	}
	walk(nil)
	golden(t, "commands.golden", out.String())
}

// TestWrongCalls checks that each wrong call gives one clear sentence and 2.
func TestWrongCalls(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("inputs: {n: int}\nnodes:\n- {id: a, type: flow.comment}\n")
	h.write("list.yaml", "[1, 2]")
	h.write("bad.aether.yaml", "database: {urll: x}\n")
	tests := []struct{ args, want string }{
		{"bogus", `no command "bogus"`},
		{"rnu flow.yaml", "did you mean run?"},
		{"runs lst", "did you mean list?"},
		{"runs bogus", "aether runs --help"},
		{"node bogus", `no command "bogus"`},
		{"config bogus", `no command "bogus"`},
		{"completion tcsh", `no command "tcsh"`},
		{"help bogus", `no command "bogus"`},
		{"help runs lst", "did you mean list?"},
		{"--bogus", "--bogus"},
		{"run --bogus", "aether run --help"},
		{"run -i", "needs an argument"},
		{"run", "needs the flow file"},
		{"run a.yaml b.yaml", "needs the flow file"},
		{"run nothing.yaml", "nothing.yaml"},
		{"run .", "is a folder"},
		{"run flow.yaml -i n", "name=value"},
		{"run flow.yaml -i n=x", `"x" is not an int`},
		{"run flow.yaml -i n=1.5", "n must be"},
		{"run flow.yaml -i m=1", "no input m"},
		{"run flow.yaml --input-file nothing.json", "nothing.json"},
		{"run flow.yaml --input-file list.yaml", "not a list"},
		{"run flow.yaml --json=maybe", "--json takes true or false"},
		{"validate", "at least one flow"},
		{"validate --bogus x", "--bogus"},
		{"fmt", "at least one flow"},
		{"fmt nothing.yaml", "nothing.yaml"},
		{"schema x", "takes no arguments"},
		{"version x", "takes no arguments"},
		{"doctor x", "takes no arguments"},
		{"node list txt", "did you mean text?"},
		{"node list a b", "one family"},
		{"node show", "needs a node type"},
		{"node show flow.iff", "did you mean flow.if?"},
		{"runs list x", "takes no arguments"},
		{"runs list --limit x", `--limit takes a whole number, not "x"`},
		{"runs list --limit 0", "at least 1"},
		{"runs list --offset -1", "at least 0"},
		{"runs list --status over", "--status is one of"},
		{"runs show", "needs the id of a run"},
		{"runs show nope", "run not found"},
		{"runs watch nope", "run not found"},
		{"runs resume nope", "run not found"},
		{"runs resume nope --decide skip --answer yes", "not both"},
		{"runs retry nope", "run not found"},
		{"runs retry nope --version old", "--version is same or current"},
		{"runs cancel nope", "run not found"},
		{"runs send nope", "needs the id of a run, a topic"},
		{"runs send nope topic data", "run not found"},
		{"runs export nope", "run not found"},
		{"runs prune x", "takes no arguments"},
		{"config init x", "takes no arguments"},
		{"config show x", "takes no arguments"},
		{"config check x", "takes no arguments"},
		{"runs list --config nothing.yaml", "nothing.yaml"},
		{"runs list --log-level loud", "loud"},
		{"runs list --config bad.aether.yaml", "urll"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			r := h.aether(strings.Fields(tt.args)...)
			if r.code != 2 || r.out != "" {
				t.Errorf("exit code %d, want 2; stdout:\n%s", r.code, r.out)
			}
			plain(t, r)
			if !strings.HasPrefix(r.err, "aether: ") || !strings.Contains(r.err, tt.want) || strings.Count(r.err, "\n") > 3 {
				t.Errorf("stderr does not say %q in a sentence:\n%s", tt.want, r.err)
			}
		})
	}
}

// TestCompletion checks that every shell gets a script and that the program
// answers what the script asks.
func TestCompletion(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		r := h.want(0, "completion", shell)
		if !strings.Contains(r.out, "aether") || len(r.out) < 1000 {
			t.Errorf("%s: no script:\n%.300s", shell, r.out)
		}
		if path, err := exec.LookPath(shell); err == nil {
			check := exec.Command(path, "-n", h.write("completion."+shell, r.out))
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s does not read its script: %v\n%s", shell, err, out)
			}
		}
	}
	r := h.want(0, "__complete", "runs", "re")
	if !strings.Contains(r.out, "resume") || !strings.Contains(r.out, "retry") {
		t.Errorf("completing `runs re` gives\n%s", r.out)
	}
}

// keys lists the paths of all fields of a JSON value with the kinds of their
// values. Names that a user chose are shown as NAME.
func keys(v any, path string, own func(path string) bool, out map[string]bool) {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			if own(path) {
				out[path+".NAME"] = true
				continue
			}
			keys(e, path+"."+k, own, out)
		}
		if len(x) > 0 {
			return
		}
		out[path+" {}"] = true
	case []any:
		for _, e := range x {
			keys(e, path+"[]", own, out)
		}
		if len(x) == 0 {
			out[path+" []"] = true
		}
	case nil:
		out[path+" null"] = true
	case bool:
		out[path+" bool"] = true
	case float64:
		out[path+" number"] = true
	default:
		out[path+" string"] = true
	}
}

// TestJSON compares the fields of all JSON output with a golden file.
func TestJSON(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	l := newLedger(t)
	l.failing("fails", 2)
	h.write("ok.yaml", "aether: 1\nname: ok\ninputs: {who: string}\noutputs: {o: '{{ inputs.who }}'}\nnodes:\n- {id: say, type: flow.log, params: {message: hi}}\n- {id: each, type: flow.for_each, params: {items: [1]}}\n- {id: now, type: date.now}\nedges: [say -> each, each.body -> now]\n")
	h.write("fails.yaml", "aether: 1\nname: fails\nnodes:\n"+l.post("p", "fails")+"- {id: x, type: flow.comment}\n- {id: r, type: flow.retry, params: {max_attempts: 2, initial: 50ms}}\n- {id: f, type: flow.fail, params: {message: no, class: application, code: c, details: {a: 1}}}\nedges: [p.error -> r, r.body -> f]\n")
	h.write("asks.yaml", "aether: 1\nname: asks\nnodes:\n- {id: ask, type: flow.wait_for_approval, params: {question: 'ok?', details: {a: 1}, wait: 1h}}\n")
	h.write("invalid.yaml", "aether: 1\nname: bad\nnodes:\n- {id: a, type: flow.commentt}\n")
	calls := []struct {
		code int
		args string
	}{
		{0, "version --json"},
		{0, "config show --json"},
		{0, "config check --json"},
		{0, "doctor --json"},
		{0, "node list flow --json"},
		{0, "validate ok.yaml --json"},
		{2, "validate invalid.yaml --json"},
		{2, "run invalid.yaml --json"},
		{0, "run ok.yaml --json --id ok -i who=x"},
		{1, "run fails.yaml --json --id fails"},
		{3, "run asks.yaml --json --id asks"},
		{0, "runs list --json"},
		{0, "runs show fails --json"},
		{0, "runs watch ok --json"},
		{0, "runs retry fails --json --dry-run"},
		{0, "runs cancel asks --json"},
		{0, "runs export ok"},
	}
	// Names below these are the user's, or described by schemas of their own.
	own := func(path string) bool {
		return regexp.MustCompile(`(\.(input|output|pins|params|details|outputs|called)|\.flow\.(inputs|outputs)|\.records\[\]\.data\.out)$`).MatchString(path)
	}
	var out strings.Builder
	for _, c := range calls {
		r := h.want(c.code, strings.Fields(c.args)...)
		out.WriteString("# aether " + c.args + "\n")
		seen := map[string]bool{}
		dec := json.NewDecoder(strings.NewReader(r.out))
		for dec.More() {
			var v any
			if err := dec.Decode(&v); err != nil {
				t.Fatalf("aether %s prints no JSON: %v\n%s", c.args, err, r.out)
			}
			root := ""
			if m, ok := v.(map[string]any); ok && m["event"] != nil {
				root = m["event"].(string)
			}
			if m, ok := v.(map[string]any); ok && m["kind"] != nil {
				root = m["kind"].(string)
			}
			keys(v, root, own, seen)
		}
		for p := range seen {
			// The schemas of node types are a format of their own.
			if strings.Contains(p, "[].params.") || strings.Contains(p, "[].outputs.") {
				delete(seen, p)
			}
		}
		list := []string{}
		for p := range seen {
			list = append(list, p)
		}
		slices.Sort(list)
		out.WriteString(strings.Join(list, "\n") + "\n")
	}
	golden(t, "json.golden", out.String())
}
