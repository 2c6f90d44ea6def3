package conformance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBadFlows gives files that are no good flows to run, validate and fmt:
// each ends soon, in little memory, with sentences and exit code 2.
func TestBadFlows(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.measured = true
	const head = "aether: 1\nname: x\n"
	const node = "nodes:\n- {id: a, type: flow.comment}\n"
	big := head + "nodes:\n"
	laughs := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	many := &strings.Builder{}
	many.WriteString(big)
	for i := range 2000 {
		fmt.Fprintf(many, "- {id: n%d, type: flow.comment}\n", i/2)
	}
	tests := []struct{ name, text, want string }{
		{"empty", "", "aether: 1"},
		{"blank", "\n\n# nothing\n", "aether: 1"},
		{"no flow", "hello: world\n", "aether: 1"},
		{"text", "just text", "must be a map"},
		{"number", "42", "must be a map"},
		{"newer", "aether: 99\nname: x\n" + node, "update Aether"},
		{"not yaml", head + "nodes: [\n", "not valid YAML"},
		{"tabs", head + "nodes:\n\t- id: a\n", "tab"},
		{"two documents", head + node + "---\n" + head + node, "document"},
		{"duplicate ids", head + "nodes:\n- {id: a, type: flow.comment}\n- {id: a, type: flow.comment}\n", "two nodes have the id a"},
		{"many duplicate ids", many.String(), "two nodes have the id n0"},
		{"duplicate keys", head + "name: y\n" + node, "name"},
		{"unknown key", head + "nodez: []\n" + node, "nodez"},
		{"unknown type", head + "nodes:\n- {id: a, type: flow.coment}\n", "flow.comment"},
		{"cyclic edges", head + "nodes:\n- {id: a, type: flow.comment}\n- {id: b, type: flow.comment}\nedges: [a -> b, b -> a]\n", "b"},
		{"cyclic alias", head + "vars: {a: &a [*a]}\n" + node, "alias"},
		{"cyclic alias in a map", head + "vars: &v {a: {b: *v}}\n" + node, "alias"},
		{"billion laughs", laughs + head + node, "alias"},
		{"deep lists", head + "vars: {a: " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}\n" + node, "deep"},
		{"deep maps", head + "vars: {a: " + strings.Repeat("{a: ", 50_000) + "1" + strings.Repeat("}", 50_000) + "}\n" + node, "deep"},
		{"deep json", `{"aether": 1, "name": "x", "vars": {"a": ` + strings.Repeat("[", 100_000), ""},
		{"deep expression", head + "outputs: {a: '{{ " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + " }}'}\n" + node, ""},
		{"latin1", head + "description: M\xfcller\n" + node, "UTF-8"},
		{"utf-16", string(utf16(head + node)), "UTF-8"},
		{"nul", head + "description: \"a\x00b\"\n" + node, ""},
		{"binary", string(bytes.Repeat([]byte{0x7f, 'E', 'L', 'F', 0, 0xff}, 1000)), ""},
		{"long line", head + "description: '" + strings.Repeat("x", 20<<20) + "'\n" + node, "MiB"},
		{"100 MB", head + "nodes:\n" + strings.Repeat("- {id: a, type: flow.comment}\n", 100<<20/30), "MiB"},
		{"calls itself", head + "nodes:\n- {id: a, type: flow.call, params: {flow: ../gone.yaml}}\n", "gone.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := strings.ReplaceAll(tt.name, " ", "_") + ".yaml"
			h.write(file, tt.text)
			for _, verb := range []string{"validate", "run", "fmt"} {
				r := h.aether(verb, file)
				if verb == "fmt" && r.code == 0 {
					continue // what is wrong with it shows only when it is checked
				}
				if r.code != 2 {
					t.Errorf("%s: exit code %d, want 2:\n%.500s", verb, r.code, r.out)
				}
				if !strings.Contains(r.out+r.err, tt.want) {
					t.Errorf("%s does not say %q:\n%.1000s%.1000s", verb, tt.want, r.out, r.err)
				}
				if m := innards.FindString(r.out + r.err); m != "" {
					t.Errorf("%s: the message holds %q", verb, m)
				}
				for _, l := range strings.Split(r.out+r.err, "\n") {
					if len(l) > 1000 {
						t.Errorf("%s: a line of %d characters: %.200s", verb, len(l), l)
					}
				}
				if r.took > 10*time.Second {
					t.Errorf("%s took %s", verb, r.took)
				}
				if r.peak > 256<<20 {
					t.Errorf("%s held %d MiB", verb, r.peak>>20)
				}
			}
		})
	}
	if _, err := os.Stat(filepath.Join(h.data, "aether.db")); err == nil {
		if n := len(h.runs()); n > 0 {
			t.Errorf("bad flows made %d runs", n)
		}
	}
	if r := h.aether("validate", "/dev/null"); r.code != 2 {
		t.Errorf("/dev/null: exit code %d, want 2", r.code)
	}
}

// utf16 encodes ASCII as UTF-16 with a mark.
func utf16(s string) []byte {
	out := []byte{0xff, 0xfe}
	for i := range len(s) {
		out = append(out, s[i], 0)
	}
	return out
}

// TestBadInputFiles does the same with --input-file.
func TestBadInputFiles(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("inputs: {a: any}\nnodes:\n- {id: a, type: flow.comment}\n")
	for name, text := range map[string]string{
		"deep": `{"a": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", "cyclic": "a: &a [*a]", "latin1": "a: M\xfcller",
		"cut": `{"a": [1,`, "empty": "", "list": "[1]", "huge": `{"a": "` + strings.Repeat("x", 100<<20) + `"}`, "dup": "a: 1\na: 2",
	} {
		h.write(name, text)
		r := h.aether("run", "flow.yaml", "--input-file", name)
		if name == "empty" && r.code == 0 {
			continue
		}
		if r.code != 2 || len(r.err) > 1000 || !strings.HasPrefix(r.err, "aether: ") {
			t.Errorf("%s: exit code %d, want 2:\n%.1000s", name, r.code, r.err)
		}
		plain(t, r)
	}
}
