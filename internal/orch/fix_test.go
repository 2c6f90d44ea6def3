package orch_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/all"
)

// problems is what a person would be told of a text.
func problems(t *testing.T, src string) flow.Problems {
	t.Helper()
	f, err := flow.Decode([]byte(src))
	var ps flow.Problems
	if errors.As(err, &ps) {
		return ps
	}
	if err != nil {
		t.Fatal(err)
	}
	return check.Flow(f, node.Default, check.Options{})
}

// apply makes an edit in a text.
func apply(src string, f *flow.Fix) string {
	for _, e := range f.Edits {
		src = src[:e.From] + e.Text + src[e.To:]
	}
	return src
}

const head = "aether: 1\nname: f # kept\n"

func TestFixes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, rule, src, title, want string }{
		{"a type", check.UnknownType, head + "nodes:\n- {id: a, type: text.splt, params: {text: x}}\n", "Write text.split", head + "nodes:\n- {id: a, type: text.split, params: {text: x}}\n"},
		{"a type in quotes", check.UnknownType, head + "nodes:\n- id: a\n  type: \"flow.lgo\" # é\n", "Write flow.log", head + "nodes:\n- id: a\n  type: \"flow.log\" # é\n"},
		{"a param", check.UnknownParam, head + "nodes:\n- id: a\n  type: flow.log\n  params:\n    mesage: x # why\n", "Write message", head + "nodes:\n- id: a\n  type: flow.log\n  params:\n    message: x # why\n"},
		{"no such param", check.UnknownParam, head + "nodes:\n- id: a\n  type: flow.log\n  params:\n    message: x\n    # the colour\n    colour:\n      deep: 1\n  title: t\n", "Take out colour", head + "nodes:\n- id: a\n  type: flow.log\n  params:\n    message: x\n    # the colour\n  title: t\n"},
		{"no such param in brackets", check.UnknownParam, head + "nodes:\n- {id: a, type: flow.log, params: {message: x, colour: red}}\n", "Take out colour", head + "nodes:\n- {id: a, type: flow.log, params: {message: x}}\n"},
		{"a param is missing", check.MissingParam, head + "nodes:\n- id: a\n  type: text.split\n  # here\n  params:\n    separator: x\n", "Add text", head + "nodes:\n- id: a\n  type: text.split\n  # here\n  params:\n    text: ''\n    separator: x\n"},
		{"no params", check.MissingParam, head + "nodes:\n- id: a\n  type: text.split # cut\n- id: b\n  type: flow.comment\n", "Add text", head + "nodes:\n- id: a\n  type: text.split # cut\n  params:\n    text: ''\n- id: b\n  type: flow.comment\n"},
		{"empty params", check.MissingParam, head + "nodes:\n- id: a\n  type: text.split\n  params:\n  title: x\n", "Add text", head + "nodes:\n- id: a\n  type: text.split\n  params:\n    text: ''\n  title: x\n"},
		{"no params in brackets", check.MissingParam, head + "nodes:\n- {id: a, type: text.split}\n", "Add text", head + "nodes:\n- {params: {text: ''}, id: a, type: text.split}\n"},
		{"a param is missing in JSON", check.MissingParam, `{"aether": 1, "name": "f", "nodes": [{"id": "a", "type": "text.split", "params": {}}]}`, "Add text", `{"aether": 1, "name": "f", "nodes": [{"id": "a", "type": "text.split", "params": {"text": ""}}]}`},
		{"a wire from nowhere", check.EdgeNode, head + "nodes:\n- {id: read, type: flow.comment}\n- {id: b, type: flow.comment}\nedges:\n- raed -> b # first\n", "Write read -> b", head + "nodes:\n- {id: read, type: flow.comment}\n- {id: b, type: flow.comment}\nedges:\n- read -> b # first\n"},
		{"a wire to nothing", check.EdgeNode, head + "nodes:\n- {id: read, type: flow.comment}\nedges:\n- read -> elsewhere\n", "Take out the wire", head + "nodes:\n- {id: read, type: flow.comment}\nedges:\n"},
		{"a port", check.EdgePort, head + "nodes:\n- {id: a, type: flow.if, params: {condition: true}}\n- {id: b, type: flow.comment}\nedges: [a.thn -> b]\n", "Write a.then -> b", head + "nodes:\n- {id: a, type: flow.if, params: {condition: true}}\n- {id: b, type: flow.comment}\nedges: [a.then -> b]\n"},
		{"a reference", check.UnknownNode, head + "nodes:\n- {id: read, type: flow.comment}\n- {id: b, type: flow.log, params: {message: 'ä {{ nodes.raed.x }}'}}\nedges: [read -> b]\n", "Write read", head + "nodes:\n- {id: read, type: flow.comment}\n- {id: b, type: flow.log, params: {message: 'ä {{ nodes.read.x }}'}}\nedges: [read -> b]\n"},
		{"a function", check.BadExpression, head + "nodes:\n- {id: b, type: flow.log, params: {message: '{{ uper(\"x\") }}'}}\n", "Write upper", head + "nodes:\n- {id: b, type: flow.log, params: {message: '{{ upper(\"x\") }}'}}\n"},
		{"an input", check.UnknownInput, head + "nodes:\n- {id: b, type: flow.log, params: {message: '{{ inputs.who }}'}}\n", "Declare the input who", head + "inputs:\n  who: any\nnodes:\n- {id: b, type: flow.log, params: {message: '{{ inputs.who }}'}}\n"},
		{"an unused input", check.UnusedInput, head + "inputs: {who: string}\nnodes:\n- {id: b, type: flow.comment}\n", "Take out the input who", head + "inputs: {}\nnodes:\n- {id: b, type: flow.comment}\n"},
		{"an unknown key", "unknown-key", head + "nodes:\n- id: b\n  tpye: flow.comment\n", "Write type", head + "nodes:\n- id: b\n  type: flow.comment\n"},
		{"a choice", "choice", head + "nodes:\n- id: b\n  type: flow.log\n  on_error: contineu\n", "Write continue", head + "nodes:\n- id: b\n  type: flow.log\n  on_error: continue\n"},
		{"no version", "version", "# mine\nname: f\nnodes:\n- {id: b, type: flow.comment}\n", "Add aether: 1", "# mine\naether: 1\nname: f\nnodes:\n- {id: b, type: flow.comment}\n"},
		{"a byte order mark and CRLF", "unknown-key", "\ufeffaether: 1\r\nname: f\r\nnodes:\r\n- id: b\r\n  tpye: flow.comment\r\n", "Write type", "\ufeffaether: 1\r\nname: f\r\nnodes:\r\n- id: b\r\n  type: flow.comment\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := flow.NewFixer([]byte(c.src))
			for _, p := range problems(t, c.src) {
				if p.Rule != c.rule {
					continue
				}
				f := x.Fix(p)
				if f == nil {
					t.Fatalf("no fix for %s", p)
				}
				if got := apply(c.src, f); f.Title != c.title || got != c.want {
					t.Fatalf("%s: %q\ngot:\n%s\nwant:\n%s", p, f.Title, got, c.want)
				}
				return
			}
			t.Fatalf("no problem %s: %v", c.rule, problems(t, c.src))
		})
	}
}

// TestFixesMend applies every fix of flows that are wrong in many ways, in both
// formats: each leaves a text that is read, and its problem is gone.
func TestFixesMend(t *testing.T) {
	t.Parallel()
	const wrong = head + `inputs:
  unused: string
  both: {type: string, required: true, default: x}
vars: {idle: 1}
nodes:
- id: one
  type: flow.log
  on_interrupted: ask
  params: {mesage: 'x {{ inputs.both }}', colour: 1}
- id: two
  type: flow.if
  retry: {max_attempts: 2}
  params: {condition: nodes.one.x == 1}
- id: three
  type: text.split
edges:
- one -> two
- one -> two
- two -> three
- two.els -> tree
- three -> three
`
	f, err := flow.Decode([]byte(wrong))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range []string{wrong, string(asJSON)} {
		x, fixed := flow.NewFixer([]byte(src)), 0
		all := problems(t, src)
		for _, p := range all {
			f := x.Fix(p)
			if f == nil {
				t.Logf("no fix: %s", p)
				continue
			}
			fixed++
			after := problems(t, apply(src, f))
			same := func(ps flow.Problems) (n int) {
				for _, q := range ps {
					if q.Rule == p.Rule && q.Node == p.Node && q.Message == p.Message {
						n++
					}
				}
				return n
			}
			if same(after) >= same(all) {
				t.Errorf("%s is still there after %q:\n%s", p, f.Title, apply(src, f))
			}
			if strings.HasPrefix(src, "aether") && !strings.Contains(apply(src, f), "# kept") {
				t.Errorf("%q took a comment", f.Title)
			}
		}
		if fixed < 10 {
			t.Errorf("%d of %d problems have a fix", fixed, len(all))
		}
	}
}

func FuzzFix(f *testing.F) {
	f.Add(head + "nodes:\n- {id: a, type: text.splt, params: {txt: x}}\nedges: [a -> b]\n")
	f.Add("name: f\nnodes:\n- id: a\n  type: x\n  params: &p {a: 1}\n  retry: *p\n")
	f.Add(`{"aether": 1, "name": "f", "nodes": [{"id": "a", "type": "flow.lgo", "x": 1}]}`)
	f.Fuzz(func(t *testing.T, src string) {
		x := flow.NewFixer([]byte(src))
		for _, p := range problems(t, src) {
			fix := x.Fix(p)
			if fix == nil {
				continue
			}
			for _, e := range fix.Edits {
				if e.From < 0 || e.To < e.From || e.To > len(src) {
					t.Fatalf("%+v of %d bytes", e, len(src))
				}
			}
			if _, err := flow.ParseValue([]byte(apply(src, fix))); err != nil {
				t.Fatalf("%q makes a text that cannot be read: %v\n%s", fix.Title, err, apply(src, fix))
			}
		}
	})
}
