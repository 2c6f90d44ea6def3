package flow_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/flow"
)

func TestEdit(t *testing.T) {
	target := []any{"nodes", 0, "params", "target"}
	list := []any{`role=button[name="Save"]`, "id=save"}
	withPrint := map[string]any{"queries": []any{"id=save", "text=Save"}, "print": map[string]any{"v": 1, "tag": "button", "name": "Save: now"}}
	tests := []struct {
		name, src string
		change    flow.Change
		want      string
	}{
		{"a plain text, with a comment behind it", "nodes:\n- id: a # first\n  params:\n    target: css=#x   # the button\n    other: 1\n", flow.Change{Path: target, Value: "id=save"},
			"nodes:\n- id: a # first\n  params:\n    target: id=save   # the button\n    other: 1\n"},
		{"a quoted text with a colon", "nodes:\n- params: {target: \"text=Save: now\", x: 1}\n", flow.Change{Path: target, Value: "text=a, b"},
			"nodes:\n- params: {target: \"text=a, b\", x: 1}\n"},
		{"a text in braces becomes a list", "nodes:\n- {id: a, params: {target: css=#x, timeout: 5s}} # one\n", flow.Change{Path: target, Value: list},
			"nodes:\n- {id: a, params: {target: [\"role=button[name=\\\"Save\\\"]\", \"id=save\"], timeout: 5s}} # one\n"},
		{"a list on lines of its own becomes a text", "nodes:\n- params:\n    # the way to it\n    target:\n    - css=#x\n    - text=Save\n    # after\n    x: 1\n", flow.Change{Path: target, Value: "id=save"},
			"nodes:\n- params:\n    # the way to it\n    target: id=save\n    # after\n    x: 1\n"},
		{"a text becomes a map with a print", "nodes:\n- params:\n    target: css=#x\n    x: 1\n", flow.Change{Path: target, Value: withPrint},
			"nodes:\n- params:\n    target:\n      queries:\n        - \"id=save\"\n        - \"text=Save\"\n      print: {name: \"Save: now\", tag: button, v: 1}\n    x: 1\n"},
		{"a key", "nodes:\n- params:\n    fields:\n      label=First: Ada # who\n      label=Last: L\n", flow.Change{Path: []any{"nodes", 0, "params", "fields", "label=First"}, Key: "label=Given name"},
			"nodes:\n- params:\n    fields:\n      label=Given name: Ada # who\n      label=Last: L\n"},
		{"JSON", "{\"nodes\": [{\"params\": {\"target\": [\"css=#x\",\n \"a\"], \"x\": 1}}]}\n", flow.Change{Path: target, Value: "id=save"},
			"{\"nodes\": [{\"params\": {\"target\": \"id=save\", \"x\": 1}}]}\n"},
		{"Windows line ends", "nodes:\r\n- params:\r\n    target: css=#x\r\n    x: 1\r\n", flow.Change{Path: target, Value: "id=save"},
			"nodes:\r\n- params:\r\n    target: id=save\r\n    x: 1\r\n"},
		{"the last line without an end", "nodes:\n- params:\n    target: css=#x", flow.Change{Path: target, Value: "id=save"},
			"nodes:\n- params:\n    target: id=save"},
		{"umlauts before it", "nodes:\n- params: {täxt: ü, target: 'css=#ß', x: 1}\n", flow.Change{Path: target, Value: "id=save"},
			"nodes:\n- params: {täxt: ü, target: \"id=save\", x: 1}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := flow.Edit([]byte(tt.src), tt.change)
			if err != nil || string(got) != tt.want {
				t.Errorf("%v\ngot\n%s\nwant\n%s", err, got, tt.want)
			}
		})
	}
}

func TestEditRefuses(t *testing.T) {
	aliased := "vars: {t: &t css=#x}\nnodes:\n- params: {target: *t}\n"
	got, err := flow.Edit([]byte(aliased), flow.Change{Path: []any{"nodes", 0, "params", "target"}, Value: "id=save"})
	if err == nil && strings.Contains(string(got), "&t id=save") {
		t.Errorf("another place was changed with it:\n%s", got)
	}
	if err != nil && !errors.Is(err, flow.ErrNoEdit) {
		t.Error(err)
	}
	for _, path := range [][]any{{"nodes", 7}, {"none"}, {"nodes", 0, "params", "none"}, {"nodes", "a"}, {1.5}} {
		if _, err := flow.Edit([]byte(aliased), flow.Change{Path: path, Value: 1}); err == nil {
			t.Errorf("%v is no place, and was changed", path)
		}
	}
	if _, err := flow.Edit([]byte("a: 1\nb: 2\n"), flow.Change{Path: []any{"a"}, Key: "b"}); err == nil {
		t.Error("a key became one that is there")
	}
}

// TestEditAnything changes params of any flow: the file then means what it meant, but for that param.
func TestEditAnything(t *testing.T) {
	edited := 0
	rapid.Check(t, func(t *rapid.T) {
		f := flows.Draw(t, "flow")
		at := rapid.IntRange(0, len(f.Nodes)-1).Draw(t, "node")
		if len(f.Nodes[at].Params) == 0 {
			t.Skip()
		}
		key := rapid.SampledFrom(slices.Sorted(maps.Keys(f.Nodes[at].Params))).Draw(t, "param")
		print := f.YAML
		if rapid.Bool().Draw(t, "as JSON") {
			print = f.JSON
		}
		src, err := print()
		if err != nil {
			t.Fatal(err)
		}
		v := values(2).Draw(t, "value")
		got, err := flow.Edit(src, flow.Change{Path: []any{"nodes", at, "params", key}, Value: v})
		if errors.Is(err, flow.ErrNoEdit) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		edited++
		back, err := flow.Decode(got)
		if err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
		f.Nodes[at].Params[key] = v
		want, err := f.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if have, err := back.YAML(); err != nil || string(have) != string(want) {
			t.Fatalf("%v\ngot\n%s\nwant\n%s\nfrom\n%s", err, have, want, src)
		}
	})
	if edited == 0 {
		t.Error("nothing could be edited")
	}
}
