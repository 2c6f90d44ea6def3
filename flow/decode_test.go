package flow_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/flow"
)

const header = "aether: 1\nname: x\nnodes: [{id: a, type: t}]\n"

func TestDecodeProblems(t *testing.T) {
	bomb := "view:\n  a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("  %c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10), ", "))
	}
	nest := func(open string, n int) string { return strings.Repeat(open, n) }
	many := strings.Repeat("- x\n", 600_000)
	tests := []struct {
		name, src string
		want      []string // parts of the problems, in order
	}{
		{"empty", "", []string{"1:1: the file is empty"}},
		{"blank", " \n\t\n", []string{"1:1: the file is empty"}},
		{"only a comment", "# nothing\n", []string{"the file is empty"}},
		{"text", "hello", []string{"1:1: a flow must be a map, not \"hello\""}},
		{"list", "- a", []string{"1:1: a flow must be a map, not a list"}},
		{"too large", strings.Repeat("x", 100<<20), []string{"the file has 100 MiB; a flow may have 16 MiB"}},
		{"UTF-16", "\xff\xfea\x00", []string{"1:1: the file is UTF-16"}},
		{"not UTF-8", "aether: 1\nname: \xff", []string{"2:1: the file is not UTF-8: byte 0xff"}},
		{"NUL", "aether: 1\n\nname: a\x00b", []string{"3:1: the file holds a NUL character"}},
		{"control character", "aether: 1\nname: a\x01b", []string{"this is not valid YAML"}},
		{"two documents", header + "---\n" + header, []string{"4:1: the file holds more than one YAML document"}},
		{"directive", "%TAG ! x\n---\n" + header, []string{"1:1: a line begins with %: YAML directives are not used in flows"}},
		{"tab", "aether: 1\nname: x\nnodes:\n\t- {id: a, type: t}\n", []string{"this is not valid YAML"}},
		{"brackets", header + "view: " + nest("[", 100_000), []string{"values are nested deeper than 200 levels"}},
		{"braces", header + "view: " + nest("{", 100_000), []string{"values are nested deeper than 200 levels"}},
		{"dashes", header + "view:\n  " + nest("- ", 100_000), []string{"values are nested deeper than 200 levels"}},
		{"300 levels", header + "view: {x: " + nest("[", 300) + nest("]", 300) + "}", []string{"values are nested deeper than 200 levels"}},
		{"question marks", header + "view:\n  " + nest("? ", 100_000), []string{"values are nested deeper than 200 levels"}},
		{"JSON brackets", `{"aether": 1, "view": ` + nest("[", 100_000), []string{"values are nested deeper than 200 levels"}},
		{"JSON braces", `{"aether": 1, "view": ` + nest(`{"a":`, 100_000), []string{"values are nested deeper than 200 levels"}},
		{"alias bomb", header + bomb, []string{"the file holds more than 500000 values"}},
		{"alias of much text", header + "view: [&a \"" + strings.Repeat("x", 1<<20) + "\"" + strings.Repeat(", *a", 100) + "]", []string{"the file holds more than 16 MiB of text"}},
		{"alias in itself", header + "view: &a {x: *a}", []string{"4:14: the alias \"*a\" contains itself"}},
		{"unknown alias", header + "view: {x: *b}", []string{"unknown anchor"}},
		{"many lines", header + "view:\n" + many, []string{"the file holds more than 500000 lines and values"}},
		{"many values", header + "view: [" + strings.Repeat("1,", 600_000) + "1]", []string{"the file holds more than 500000 lines and values"}},
		{"many JSON values", `{"aether": 1, "view": {"a": [` + strings.Repeat("1,", 600_000) + "1]}}", []string{"the file holds more than 500000 values"}},
		{"merge key", header + "view: {<<: {a: 1}}", []string{"4:8: YAML merge keys (<<) are not used in flows"}},
		{"key that is a list", header + "view: {[a]: 1}", []string{"a key must be text"}},
		{"tag", header + "view: {a: !!binary aGk=}", []string{"the YAML tag \"!!binary\" is not used in flows"}},
		{"own tag", header + "view: {a: !env HOME}", []string{"the YAML tag \"!env\" is not used in flows"}},
		{"false bool", header + "view: {a: !!bool perhaps}", []string{"\"perhaps\" is neither true nor false"}},
		{"infinity", header + "view: {a: .inf}", []string{"\".inf\" is not a number that can be stored"}},
		{"duplicate key", header + "name: y\n", []string{"4:1: the key \"name\" is given twice (the first one is on line 2)"}},
		{"duplicate JSON key", "{\"aether\": 1,\n\"name\": \"x\",\n \"name\": \"y\"}", []string{"3:2: the key \"name\" is given twice (the first one is on line 2)"}},
		{"truncated JSON", `{"aether": 1, "name": "x", "nodes": [`, []string{"this is not valid JSON: the file ends in the middle of a value"}},
		{"cut JSON text", `{"aether": 1, "name": "x`, []string{"this is not valid JSON: the file ends in the middle of a value"}},
		{"JSON comma", "{\"aether\": 1,\n \"name\" \"x\"}", []string{": this is not valid JSON"}},
		{"JSON and more", `{"aether": 1, "name": "x", "nodes": [{"id": "a", "type": "t"}]} x`, []string{"this is not valid JSON"}},
		{"no version", "name: x\n", []string{"1:1: the file does not begin with `aether: 1` (if this is a flow, add the line; other formats must be imported first)"}},
		{"wrong version", "aether: 2\nname: x\n", []string{"1:9: this flow has format 2, and this program reads format 1 (update Aether)"}},
		{"all at once", `aether: 1
nmae: x
settings: {timeout: soon, retry: {on: [tmeout]}, on_interrupted: explode}
inputs: {1a: string, b: {type: txt}, c: {type: int, default: x}}
nodes:
  - {id: a b, type: t}
  - {id: loop, type: t}
  - {id: c, tipe: t}
  - {id: d, type: t, params: 5, retry: {max_attempts: 0}, on_error: ignore, timeout: -5s}
  - {type: t}
  - {id: d, type: t}
  - 7
edges: [a => b, 5]
`, []string{
			"1:1: the flow has no name",
			"2:1: a flow has no \"nmae\" (did you mean name?)",
			"\"soon\" is not a duration", "retry needs max_attempts", "on must be one of", "on_interrupted must be one of retry, ask, fail, not \"explode\"",
			"\"1a\" cannot be a name in inputs", "type must be one of", "the default of the input c is a string, not a int",
			"node a b: \"a b\" cannot be the id of a node", "node loop: \"loop\" is a word of the expression language",
			"node c: the node has no type", "node c: a node has no \"tipe\" (did you mean type?)",
			"node d: params must be a map, not 5", "node d: max_attempts must be a whole number from 1 to 1000, not 0", "on_error must be one of fail, continue, not \"ignore\"", "timeout must not be negative",
			"the node has no id", "two nodes have the id d (the first one is on line 9)", "a node must be a map, not 7",
			"an edge is written `from -> to` or `from.port -> to`, not \"a => b\"", "not 5",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := flow.Decode([]byte(tt.src))
			if f != nil || err == nil {
				t.Fatal("it was accepted")
			}
			var bad flow.Problems
			if !errors.As(err, &bad) {
				t.Fatalf("got %T, want Problems", err)
			}
			if len(bad) != len(tt.want) {
				t.Errorf("got %d problems, want %d:\n%v", len(bad), len(tt.want), bad)
			}
			for i, p := range bad {
				if i < len(tt.want) && !strings.Contains(p.String(), tt.want[i]) {
					t.Errorf("problem %d is %q, want %q", i, p, tt.want[i])
				}
				if len(p.String()) > 400 {
					t.Errorf("a problem of %d characters", len(p.String()))
				}
			}
		})
	}
}

func TestDecodeScalars(t *testing.T) {
	f, err := flow.Decode([]byte(header + `view:
  yes: yes
  "null": null
  tilde: ~
  postcode: 01234
  octal: 0o17
  hex: 0x1F
  big: 12_345
  exp: 1e3
  whole: 5.0
  half: .5
  date: 2026-01-31
  time: 12:30
  neg: -7
  empty:
  str: !!str 5
  alias: [&x {a: 1}, *x]
  huge: 9007199254740993
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"yes": "yes", "null": nil, "tilde": nil, "postcode": "01234", "octal": 15, "hex": 31, "big": 12345, "exp": 1000, "whole": 5, "half": 0.5,
		"date": "2026-01-31", "time": "12:30", "neg": -7, "empty": nil, "str": "5", "alias": []any{map[string]any{"a": 1}, map[string]any{"a": 1}}, "huge": 9007199254740993}
	for k, w := range want {
		if got := f.View[k]; fmt.Sprintf("%T %v", got, got) != fmt.Sprintf("%T %v", w, w) {
			t.Errorf("%s is %T %v, want %T %v", k, got, got, w, w)
		}
	}
	if len(f.View) != len(want) {
		t.Errorf("view has %d keys, want %d", len(f.View), len(want))
	}
}

func TestPlaces(t *testing.T) {
	src := "\ufeffaether: 1\nname: x\nnodes:\n  - id: a\n    type: t\n    params:\n      a.b: {c: [x, 'it''s {{ y }}']}\n      text: |\n        one\n          two\n      quoted: \"a\\tü\\u00fc{{\"\n"
	f, err := flow.Decode([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	at := func(p flow.Pos) string { return fmt.Sprintf("%d:%d", p.Line, p.Col) }
	tests := []struct{ name, got, want string }{
		{"node", at(f.At("nodes[0]")), "4:5"},
		{"id", at(f.At("nodes[0].id")), "4:9"},
		{"key with a dot", at(f.At("nodes[0].params.a.b.c[1]")), "7:20"},
		{"unknown below", at(f.At("nodes[0].params.a.b.zzz")), "7:12"},
		{"unknown node", at(f.At("nodes[7].id")), "4:3"},
		{"nothing", at(f.At("zzz")), "1:1"},
		{"key", at(f.AtKey("nodes[0].params", "text")), "8:7"},
		{"in quotes", at(f.Inside("nodes[0].params.a.b.c[1]", len("it's "))), "7:27"},
		{"in a block", at(f.Inside("nodes[0].params.text", len("one\n  t"))), "10:12"},
		{"behind escapes", at(f.Inside("nodes[0].params.quoted", len("a\tüü"))), "11:26"},
		{"beyond", at(f.Inside("nodes[0].params.quoted", 1000)), "11:15"},
		{"made by a program", at((&flow.Flow{}).Inside("x", 1)), "0:0"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, tt.got, tt.want)
		}
	}
}

func TestNearest(t *testing.T) {
	options := []string{"limit", "list.append", "send", "text", "folder"}
	for in, want := range map[string]string{"lmit": "limit", "list.apend": "list.append", "sned": "send", "txet": "text", "Folder": "folder", "zzz": "", "": "", strings.Repeat("x", 1<<20): ""} {
		if got := flow.Nearest(in, options); got != want {
			t.Errorf("nearest to %.20q is %q, want %q", in, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte(`{"aether": 1, "name": "x", "nodes": [{"id": "a", "type": "t", "params": {"a": [1, 1.5, "x", null, true]}}]}`))
	f.Add([]byte("# c\naether: 1 # v\nname: |\n  a\n  # b\ninputs: {a: string, b: {type: int, default: 5, enum: [5, 6]}}\noutputs: {a: '{{ 1 }}', b: {value: 1, type: int}}\nvars: {a: &x [1], b: *x}\nsettings: {timeout: 5m, retry: {max_attempts: 3, factor: 1.5, on: [http]}}\nstart: b\nnodes:\n  - {id: a, type: t, retry: {max_attempts: 2}, timeout: 1.5}\n  # z\n  - id: b\n    type: t\n    params: {x: 007, \"y\": 'z'}\n    on_error: continue\nedges: [a -> b, b.x -> a] # e\nview: {a: {x: 1}}\n"))
	f.Add([]byte("aether: 1\nname: x\nnodes:\n- # c\n  id: a\n  type: >-\n    t\n\n    u # d\n  params:\n    ? k\n    : v\n    l:\n    - |2\n        x\n      # not\n    # foot\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		fl, err := flow.Decode(src)
		if err != nil {
			var bad flow.Problems
			if !errors.As(err, &bad) || len(bad) == 0 || bad[0].Message == "" {
				t.Fatalf("not a problem: %v", err)
			}
			return
		}
		for _, print := range []func(*flow.Flow) ([]byte, error){(*flow.Flow).YAML, (*flow.Flow).JSON} {
			out, err := print(fl)
			if err != nil {
				t.Fatal(err)
			}
			back, err := flow.Decode(out)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if back.Digest() != fl.Digest() {
				t.Fatalf("another digest\n%s", out)
			}
		}
		out, err := flow.Format(src)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		again, err := flow.Format(out)
		if err != nil || string(again) != string(out) {
			t.Fatalf("formatting again: %v\n%s\n%s", err, out, again)
		}
		for i := range fl.Nodes {
			fl.Inside(fmt.Sprintf("nodes[%d].id", i), 1)
		}
	})
}
