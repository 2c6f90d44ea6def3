package flow_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/value"
)

// nasty are texts that YAML readers are known to take for something else.
var nasty = []string{
	"", " ", "  leading", "trailing  ", "\ttab", "a\tb", "yes", "No", "on", "OFF", "y", "null", "~", "true", "False", "0123", "007", "1e3", "1E+3", "0x1F", "0o17", "0b1", "1_000", "12:30", "1:2:3", "2026-01-31", "2026-01-31T10:00:00Z",
	".inf", "-.Inf", ".nan", ".5", "5.", "+1", "-0", "-", "--", "---", "...", "- a", "? a", "a: b", "a:", ":a", "a #b", "#a", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">", "[a", "{a", "{{ x }}", "'{{ x }}'", "a, b", "]", "}", "<<", "=", "\"", "'", "it's", "\\", "\\n", "a\\",
	"line\n", "\nline", "a\nb", "a\n\nb", "a\n\n", "a\n b\n  c", " a\nb", "a \nb", "a\r\nb", "a\rb", "\n", "\n\n", "  \n", "a\n\t\tb", "#!/bin/sh\necho 'x'\n", "---\na", "a\n---\nb", "a\n...\n", "% \n%TAG",
	"ümlaut", "日本語", "🙂", "\u200b", "\ufeff", "\u0085", "a\u2028b", "\u00a0", "\x7f", "\x01", "\x1b[0m", "\ufffd", "a -> b", "x.y -> z", "e\u0301", "\U0010ffff", strings.Repeat("long ", 60), strings.Repeat("x", 300),
}

var texts = rapid.Custom(func(t *rapid.T) string {
	switch rapid.IntRange(0, 3).Draw(t, "sort") {
	case 0:
		return rapid.SampledFrom(nasty).Draw(t, "text")
	case 1:
		return rapid.SampledFrom(nasty).Draw(t, "a") + rapid.SampledFrom(nasty).Draw(t, "b")
	case 2:
		return rapid.StringMatching(`[-a-z0-9 :#'"\n\t{}\[\],&*!|>%@?.]{0,20}`).Draw(t, "text")
	}
	return strings.ReplaceAll(strings.ToValidUTF8(rapid.String().Draw(t, "text"), "?"), "\x00", "")
})

func values(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		most := 8
		if depth == 0 {
			most = 6
		}
		switch rapid.IntRange(0, most).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.OneOf(rapid.IntRange(-1000, 1000), rapid.SampledFrom([]int{math.MaxInt64, math.MinInt64, value.MaxExact, value.MaxExact + 1, -value.MaxExact})).Draw(t, "int")
		case 3:
			f := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0.1, 1e300, -1e-300, 1e21, 1e15 + 0.5, math.MaxFloat64, math.SmallestNonzeroFloat64, 123456789.125})).Draw(t, "float")
			v, err := value.Number(f)
			if err != nil {
				return 0
			}
			return v
		case 4, 5, 6:
			return texts.Draw(t, "text")
		case 7:
			return listOf(values(depth-1)).Draw(t, "list")
		}
		return rapid.MapOfN(texts, values(depth-1), 0, 4).Draw(t, "map")
	})
}

func listOf(g *rapid.Generator[any]) *rapid.Generator[[]any] { return rapid.SliceOfN(g, 0, 4) }

var ids = rapid.Custom(func(t *rapid.T) string {
	id := rapid.OneOf(rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,63}`), rapid.SampledFrom([]string{"yes", "no", "null_", "on", "y", "n", "NaN", "inf", "_", "e1", "off", "null", "True"})).Draw(t, "id")
	for _, r := range flow.Reserved {
		if r == id {
			return id + "_"
		}
	}
	return id
})

var durations = rapid.Custom(func(t *rapid.T) time.Duration {
	return rapid.OneOf(rapid.SampledFrom([]time.Duration{0, 1, time.Millisecond, time.Second, 90 * time.Second, time.Hour, 48 * time.Hour, time.Hour + time.Second, time.Hour + time.Minute}), rapid.Map(rapid.Int64Range(0, math.MaxInt64), func(n int64) time.Duration { return time.Duration(n) })).Draw(t, "duration")
})

var retries = rapid.Custom(func(t *rapid.T) *flow.Retry {
	if rapid.Bool().Draw(t, "no retry") {
		return nil
	}
	r := &flow.Retry{MaxAttempts: rapid.IntRange(1, 1000).Draw(t, "attempts"), Initial: durations.Draw(t, "initial"), Max: durations.Draw(t, "max")}
	if rapid.Bool().Draw(t, "factor given") {
		r.Factor = rapid.SampledFrom([]float64{1, 1.5, 2, 100, 1.1}).Draw(t, "factor")
	}
	r.On = rapid.SliceOfN(rapid.SampledFrom(flow.FailureKinds), 0, 3).Draw(t, "on")
	return r
})

var flows = rapid.Custom(func(t *rapid.T) *flow.Flow {
	f := &flow.Flow{
		Name: texts.Draw(t, "name"), Description: texts.Draw(t, "description"),
		Settings: flow.Settings{Timeout: durations.Draw(t, "timeout"), Retry: retries.Draw(t, "retry"), OnInterrupted: rapid.SampledFrom(append([]string{""}, flow.InterruptPolicies...)).Draw(t, "interrupted"),
			Heal: rapid.SampledFrom(append([]string{""}, flow.HealPolicies...)).Draw(t, "heal"), Trace: rapid.SampledFrom(append([]string{""}, flow.TracePolicies...)).Draw(t, "trace")},
	}
	names := rapid.SliceOfNDistinct(ids, 1, 6, rapid.ID).Draw(t, "ids")
	for _, id := range names {
		n := flow.Node{ID: id, Type: "test.type", Title: texts.Draw(t, "title"), Timeout: durations.Draw(t, "timeout"), Retry: retries.Draw(t, "retry"), Disabled: rapid.Bool().Draw(t, "disabled"),
			OnError: rapid.SampledFrom([]string{"", "fail", "continue"}).Draw(t, "on error")}
		if rapid.Bool().Draw(t, "params given") {
			n.Params = rapid.MapOfN(texts, values(3), 0, 4).Draw(t, "params")
		}
		f.Nodes = append(f.Nodes, n)
	}
	pick := rapid.SampledFrom(names)
	for range rapid.IntRange(0, 4).Draw(t, "edges") {
		f.Edges = append(f.Edges, flow.Edge{From: pick.Draw(t, "from"), Port: rapid.SampledFrom([]string{"next", "done", "a-b", "then"}).Draw(t, "port"), To: pick.Draw(t, "to")})
	}
	if rapid.Bool().Draw(t, "start given") {
		f.Start = pick.Draw(t, "start")
	}
	for _, name := range rapid.SliceOfNDistinct(ids, 0, 3, rapid.ID).Draw(t, "inputs") {
		f.Inputs = append(f.Inputs, flow.Input{Name: name, Type: rapid.SampledFrom(flow.Types).Draw(t, "type"), Doc: texts.Draw(t, "doc"), Required: rapid.Bool().Draw(t, "required"), Secret: rapid.Bool().Draw(t, "secret"), Enum: listOf(values(1)).Draw(t, "enum")})
	}
	for _, name := range rapid.SliceOfNDistinct(ids, 0, 3, rapid.ID).Draw(t, "outputs") {
		f.Outputs = append(f.Outputs, flow.Output{Name: name, Type: rapid.SampledFrom(append([]string{""}, flow.Types...)).Draw(t, "type"), Doc: texts.Draw(t, "doc"), Value: values(2).Draw(t, "value")})
	}
	for _, name := range rapid.SliceOfNDistinct(ids, 0, 3, rapid.ID).Draw(t, "vars") {
		f.Vars = append(f.Vars, flow.Var{Name: name, Value: values(2).Draw(t, "value")})
	}
	if rapid.Bool().Draw(t, "view given") {
		for i := range rapid.IntRange(0, 2).Draw(t, "triggers") {
			f.Triggers = append(f.Triggers, flow.Trigger{ID: fmt.Sprintf("t%d", i), Type: "trigger.schedule", Params: rapid.MapOfN(texts, values(2), 0, 3).Draw(t, "params"), Disabled: rapid.Bool().Draw(t, "disabled")})
		}
		f.View = rapid.MapOfN(texts, values(2), 0, 3).Draw(t, "view")
	}
	return f
})

// What is printed reads back as the same flow, and prints the same again.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := flows.Draw(t, "flow")
		for format, print := range map[string]func(*flow.Flow) ([]byte, error){"YAML": (*flow.Flow).YAML, "JSON": (*flow.Flow).JSON} {
			src, err := print(f)
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			back, err := flow.Decode(src)
			if err != nil {
				t.Fatalf("%s: %v\n%s", format, err, src)
			}
			if back.Digest() != f.Digest() {
				t.Fatalf("%s: another digest after reading\n%s", format, src)
			}
			if !value.Equal(view(back), view(f)) {
				t.Fatalf("%s: another view after reading\n%s", format, src)
			}
			again, err := print(back)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(src, again) {
				t.Fatalf("%s: printed differently the second time\n%s\n%s", format, src, again)
			}
			formatted, err := flow.Format(src)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(src, formatted) {
				t.Fatalf("%s: Format changes what is canonical\n%s\n%s", format, src, formatted)
			}
		}
	})
}

func view(f *flow.Flow) any {
	if f.View == nil {
		return map[string]any{}
	}
	return f.View
}

// Names that differ in case or order of declaration do not matter; a changed
// value does.
func TestDigest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := flows.Draw(t, "flow")
		before, definition := f.Digest(), f.Nodes[0].Definition()
		f.View = map[string]any{"x": 1}
		f.Nodes[0].Title += "x"
		if f.Nodes[0].Definition() != definition {
			t.Fatal("the title is part of the definition")
		}
		if f.Digest() == before {
			t.Fatal("the title is not part of the digest")
		}
		f.Nodes[0].Params = map[string]any{"something": "else"}
		if f.Nodes[0].Definition() == definition {
			t.Fatal("params are not part of the definition")
		}
	})
}

// Every printed scalar is found where it was written.
func TestInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := flows.Draw(t, "flow")
		for _, print := range []func(*flow.Flow) ([]byte, error){(*flow.Flow).YAML, (*flow.Flow).JSON} {
			src, err := print(f)
			if err != nil {
				t.Fatal(err)
			}
			back, err := flow.Decode(src)
			if err != nil {
				t.Fatal(err)
			}
			for i, n := range back.Nodes {
				for k, v := range n.Params {
					s, ok := v.(string)
					if !ok {
						continue
					}
					path := fmt.Sprintf("nodes[%d].params.%s", i, k)
					for at, r := range s {
						pos := back.Inside(path, at)
						if pos == back.At(path) || !(r >= 'a' && r <= 'z') {
							continue
						}
						lines := strings.Split(string(src), "\n")
						if line := []rune(lines[pos.Line-1]); pos.Col > len(line) || line[pos.Col-1] != r && line[pos.Col-1] != '\\' {
							t.Fatalf("%s at %d is %q, and %v of the file is not\n%s", path, at, r, pos, src)
						}
					}
				}
			}
		}
	})
}
