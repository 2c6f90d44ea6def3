package reference_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/internal/reference"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/all"
	"github.com/aether-rpa/aether/value"
)

var update = flag.Bool("update", false, "rewrite the generated files below docs")

const docs = "../../docs"

func TestFilesAreFresh(t *testing.T) {
	files, err := reference.Files(node.Default)
	if err != nil {
		t.Fatal(err)
	}
	old, err := filepath.Glob(docs + "/nodes/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		name := "nodes/" + filepath.Base(path)
		if files[name] != nil {
			continue
		}
		if *update {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("docs/%s is of a family that is gone; run go test ./internal/reference -update", name)
	}
	for name, want := range files {
		path := filepath.Join(docs, filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
			t.Errorf("docs/%s is not what the nodes say; run go test ./internal/reference -update", name)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	b, err := json.Marshal(reference.FlowSchema(node.Default))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(reference.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(reference.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid validates a flow file given as YAML.
func valid(t *testing.T, s *jsonschema.Schema, src string) error {
	t.Helper()
	f, err := flow.Decode([]byte(src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return validJSON(t, s, f)
}

func validJSON(t *testing.T, s *jsonschema.Schema, f *flow.Flow) error {
	t.Helper()
	b, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// snippet makes a flow of a node's YAML.
func snippet(yaml string) string {
	return "aether: 1\nname: example\nnodes:\n" + yaml + "\n"
}

func TestExamples(t *testing.T) {
	s := compile(t)
	for _, d := range node.Default.All() {
		if d.IsControl() {
			if d.YAML == "" {
				t.Errorf("%s has no example", d.Type)
				continue
			}
			if err := valid(t, s, snippet(d.YAML)); err != nil {
				t.Errorf("%s: %v", d.Type, err)
			}
			f, err := flow.Decode([]byte(snippet(d.YAML)))
			if err != nil || node.Default.Get(f.Nodes[0].Type) != d {
				t.Errorf("%s: its example shows something else: %v", d.Type, err)
			}
			continue
		}
		for _, e := range d.Examples {
			n, err := reference.ExampleNode(d, e)
			if err != nil {
				t.Error(err)
				continue
			}
			f := &flow.Flow{Name: "example", Nodes: []flow.Node{n}}
			if err := validJSON(t, s, f); err != nil {
				t.Errorf("example %q of %s: %v", e.Title, d.Type, err)
			}
			for _, p := range check.Flow(f, node.Default, check.Options{}).Errors() {
				t.Errorf("example %q of %s: %s", e.Title, d.Type, p)
			}
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compile(t)
	good := "aether: 1\nname: x\ninputs: {a: string, b: {type: int, default: 5}}\noutputs: {r: '{{ inputs.a }}', s: {value: 1, type: int}}\nsettings: {timeout: 5m, retry: {max_attempts: 3, initial: 2}}\nnodes:\n" +
		"  - {id: a, type: list.append, params: {list: '{{ inputs.a }}', item: 1}, retry: {max_attempts: 2}, on_error: continue}\n  - {id: b, type: flow.sleep, params: {for: 5s}}\nedges: [a -> b]\n"
	if err := valid(t, s, good); err != nil {
		t.Fatal(err)
	}
	b, err := flow.Decode([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	text, err := b.JSON()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, old, new string }{
		{"version", `"aether": 1`, `"aether": 2`},
		{"no name", `"name": "x",`, ``},
		{"unknown key", `"name": "x",`, `"name": "x", "nodse": [],`},
		{"unknown type", `list.append`, `list.apend`},
		{"unknown param", `"item"`, `"itm"`},
		{"missing param", `"list":`, `"item2":`},
		{"wrong type", `"list": "{{ inputs.a }}"`, `"list": "text"`},
		{"bad edge", `a -> b`, `a => b`},
		{"bad id", `"id": "a"`, `"id": "1 a"`},
		{"reserved id", `"id": "a"`, `"id": "nodes"`},
		{"bad policy", `"on_error": "continue"`, `"on_error": "ignore"`},
		{"bad retry", `"max_attempts": 2`, `"max_attempts": 0`},
		{"retry on control", `"type": "flow.sleep",`, `"type": "flow.sleep", "retry": {"max_attempts": 2},`},
		{"input type", `"int"`, `"integer"`},
		{"duration", `"5m"`, `"soon"`},
		{"node key", `"id": "a",`, `"id": "a", "parms": {},`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := strings.ReplaceAll(string(text), tt.old, tt.new)
			if src == string(text) {
				t.Fatalf("%s is not in\n%s", tt.old, text)
			}
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(src))
			if err != nil {
				t.Fatal(err)
			}
			if s.Validate(v) == nil {
				t.Errorf("accepted\n%s", src)
			}
		})
	}
}

func TestNodeText(t *testing.T) {
	for _, d := range node.Default.All() {
		text := reference.NodeText(d, 60)
		head, _, _ := strings.Cut(text, "\nExample")
		for line := range strings.Lines(head) {
			if n := len([]rune(line)); n > 80 && strings.Contains(strings.TrimSpace(line), " ") && !strings.HasPrefix(line, "  "+d.Type) && strings.HasPrefix(line, "      ") {
				t.Errorf("%s: a line of %d characters: %s", d.Type, n, line)
			}
		}
		for _, f := range d.In.Fields {
			if !strings.Contains(text, "  "+f.Name+" (") {
				t.Errorf("%s: the help does not name %s", d.Type, f.Name)
			}
		}
	}
}

func TestOperatorExamples(t *testing.T) {
	for _, o := range reference.Operators() {
		tpl, err := expr.Compile("{{ " + o[0] + " }}")
		if err != nil {
			t.Error(err)
			continue
		}
		v, err := tpl.Eval(map[string]any{})
		if err != nil {
			t.Error(err)
			continue
		}
		if got, _ := value.JSON(v); string(got) != o[1] {
			t.Errorf("%s gave %s, want %s", o[0], got, o[1])
		}
	}
	// Every root the evaluator knows is described, and no other.
	for _, r := range check.Roots {
		if _, err := expr.Compile("{{ " + r.Name + " }}"); err != nil {
			t.Errorf("%s is described and not known: %v", r.Name, err)
		}
	}
	_, err := expr.Compile("{{ zzzzzzzz }}")
	for _, name := range strings.Fields(strings.NewReplacer(",", " ", ";", " ").Replace(err.Error())) {
		if _, err := expr.Compile("{{ " + name + " }}"); err == nil && !strings.Contains(reference.ExpressionsPage(), "| `"+name+"` |") && name != "in" {
			t.Errorf("the root %s is not described", name)
		}
	}
}
