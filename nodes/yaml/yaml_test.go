package yaml

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "yaml") }

type params = map[string]any

func js(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		more       params
		want       string
	}{
		{"empty", "", nil, `null []`},
		{"empty documents", "---\n---\na\n", nil, `null [null,"a"]`},
		{"numbers", "[1, -2, 1.5, 1e3, 0x1F, 0o17, 1_000, +3, .5, 9007199254740993, 12345678901234567890123]", nil, `[1,-2,1.5,1000,31,15,1000,3,0.5,9007199254740993,1.2345678901234568e+22]`},
		{"codes", "[007, 0123, 00, 08, -07, 1.2.3, 12:30, 0]", nil, `["007","0123","00","08","-07","1.2.3","12:30",0]`},
		{"codes as numbers", "[0017, 08]", params{"leading_zeros": "number"}, `[15,8]`},
		{"booleans", "[true, False, TRUE, yes, No, on, off, y]", nil, `[true,false,true,"yes","No","on","off","y"]`},
		{"old booleans", "[yes, No, on, off, y, 'yes', \"no\"]", params{"yes_no": true}, `[true,false,true,false,true,"yes","no"]`},
		{"nothing", "[~, null, Null, '', ]", nil, `[null,null,null,""]`},
		{"dates", "[2026-01-31, 2026-01-31T10:00:00Z, 2001-12-14 21:59:43.10 -5]", nil, `["2026-01-31","2026-01-31T10:00:00Z","2001-12-14 21:59:43.10 -5"]`},
		{"texts", "a: |\n  x\n  y\nb: >\n  x\n  y\nc: 'it''s'\nd: \"\\u00e9\\n\"\n", nil, `{"a":"x\ny\n","b":"x y\n","c":"it's","d":"é\n"}`},
		{"keys", "1: a\ntrue: b\n2026-01-31: c\n? x\n: d\n", nil, `{"1":"a","2026-01-31":"c","true":"b","x":"d"}`},
		{"aliases", "a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n", nil, `{"a":{"b":[1]},"c":{"b":[1]},"d":[{"b":[1]},{"b":[1]}]}`},
		{"alias as key", "&k a: 1\nb: *k\n", nil, `{"a":1,"b":"a"}`},
		{"merge", "base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nm: {<<: [*b, *o], x: 9}\n", nil, `{"base":{"x":1,"y":2},"m":{"x":9,"y":2,"z":4},"other":{"y":3,"z":4}}`},
		{"merge behind", "m: {x: 9, <<: {x: 1, y: 2}}\n", nil, `{"m":{"x":9,"y":2}}`},
		{"no merge", "m: {<<: {x: 1}}\n", params{"merge_keys": false}, `{"m":{"\u003c\u003c":{"x":1}}}`},
		{"quoted merge key", "{'<<': 1}", nil, `{"\u003c\u003c":1}`},
		{"last of two", "{a: 1, a: 2}", params{"duplicates": "last"}, `{"a":2}`},
		{"first of two", "{a: 1, a: 2}", params{"duplicates": "first"}, `{"a":1}`},
		{"tags left out", "a: !Ref x\nb: !Sub [1]\nc: !!str 5\nd: !!int '7'\n", params{"tags": "ignore"}, `{"a":"x","b":[1],"c":"5","d":7}`},
		{"tags kept", "a: !Ref x\n", params{"tags": "keep"}, `{"a":{"tag":"!Ref","value":"x"}}`},
		{"binary", "a: !!binary |\n  aGVs\n  bG8=\n", nil, `{"a":"aGVsbG8="}`},
		{"directive", "%YAML 1.2\n---\na: 1\n", nil, `{"a":1}`},
		{"json", `{"a": [1, "b", null, {"c": false}]}`, nil, `{"a":[1,"b",null,{"c":false}]}`},
		{"windows lines", "a: 1\r\nb:\r\n  - 2\r\n", nil, `{"a":1,"b":[2]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := params{"text": tt.text}
			for k, v := range tt.more {
				in[k] = v
			}
			out, err := nodetest.Run(t, nodetest.Env(t), "yaml.parse", in)
			if err != nil {
				t.Fatal(err)
			}
			got := js(t, out["value"])
			if strings.HasPrefix(tt.want, "null ") {
				got += " " + js(t, out["documents"])
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol,lol]\n")
	for i := 1; i < 12; i++ {
		n, o := string(rune('a'+i)), string(rune('a'+i-1))
		if i == 1 {
			o = "a0"
		}
		b.WriteString(n + ": &" + n + " [" + strings.Repeat("*"+o+",", 9) + "*" + o + "]\n")
	}
	return b.String()
}

func TestHostile(t *testing.T) {
	huge := strings.Repeat("x", 100_000)
	for _, tt := range []struct{ name, text, part string }{
		{"billion laughs", bomb(), "more than 2000000 values"},
		{"quadratic", "a: &a " + huge + "\nb: [" + strings.Repeat("*a,", 5_000) + "*a]\n", "more than 256 MB"},
		{"merge bomb", "a: &a {" + strings.Repeat("k: 1, ", 1) + "}\nb: {<<: [" + strings.Repeat("*a,", 900_000) + "]}", "values"},
		{"itself", "&a [*a]", "contains itself"},
		{"itself in a map", "a: &a {b: *a}", "contains itself"},
		{"deep flow", strings.Repeat("[", 100_000), "deeper"},
		{"deep but closed", strings.Repeat("[", 500) + strings.Repeat("]", 500), "deeper than 400"},
		{"deep blocks", strings.Repeat("- ", 2_000) + "a", "deeper than 400"},
		{"unknown tag", "!!python/object/apply:os.system ['ls']", "is not known"},
		{"unknown tag of a text", "!ruby/object x", "is not known"},
		{"twice", "a: 1\na: 2", "given twice"},
		{"map as key", "? {a: 1}\n: 2", "is a list or map"},
		{"infinity", "a: .inf", "cannot be stored"},
		{"not a number", "a: .nan", "cannot be stored"},
		{"unknown alias", "a: *b", "not valid YAML"},
		{"tab", "a:\n\t- b", "not valid YAML"},
		{"open quote", "a: \"b", "not valid YAML"},
		{"open list", "a: [b", "not valid YAML"},
		{"invalid UTF-8", "a: \xff", "UTF-8"},
		{"NUL", "a: \x00", "not valid YAML"},
		{"directives", strings.Repeat("%TAG !a! b\n", 200) + "---\n", "100 lines"},
		{"many values", strings.Repeat("- a\n", 2_000_001), "more than 2000000"},
		{"bad merge", "{<<: 1}", "maps only"},
		{"bad binary", "!!binary x%", "not base64"},
		{"too many anchors", "a: [" + strings.Repeat("&x 1, ", 50_000) + "]", ""},
		{"second document", "a: 1\n---\n]", "not valid YAML"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			_, err := rules{Merge: true, Duplicates: "error"}.parse(ctx, tt.text)
			if tt.part == "" {
				return
			}
			var f *node.Failure
			if !errors.As(err, &f) || f.Kind != node.KindInput || !strings.Contains(err.Error(), tt.part) {
				t.Errorf("error %.300v, want one that says %q", err, tt.part)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	env := nodetest.Env(t)
	for name, e := range map[string]func(string) (string, error){
		"plain":        func(s string) (string, error) { return s, nil },
		"mark":         func(s string) (string, error) { return "\ufeff" + s, nil },
		"le":           unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String,
		"be":           unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String,
		"le no mark":   unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String,
		"be no mark":   unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String,
		"windows-1252": func(string) (string, error) { return "a: M\xfcller\n", nil },
	} {
		s, err := e("a: Müller\n")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], "a.yaml"), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		in := params{"file": "a.yaml"}
		if name == "windows-1252" {
			in["encoding"] = name
		}
		out, err := nodetest.Run(t, env, "yaml.read", in)
		if err != nil || js(t, out["value"]) != `{"a":"Müller"}` {
			t.Errorf("%s: %v, error %v", name, out["value"], err)
		}
	}
	if _, err := nodetest.Run(t, env, "yaml.read", params{"file": "a.yaml", "encoding": "klingon"}); err == nil {
		t.Error("an unknown encoding was taken")
	}
	if _, err := nodetest.Run(t, env, "yaml.write", params{"file": "w.yaml", "value": params{"a": 1}, "documents": true}); err == nil {
		t.Error("a map was taken for documents")
	}
	if _, err := nodetest.Run(t, env, "yaml.write", params{"file": "d/w.yaml", "value": []any{params{"a": []any{}, "b": params{}}}, "inline_from": 2}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "d/w.yaml"))
	if err != nil || string(b) != "- {a: [], b: {}}\n" {
		t.Errorf("wrote %q, error %v", b, err)
	}
}

// values generates what a flow can hold.
func values() *rapid.Generator[any] {
	texts := rapid.OneOf(rapid.String().Filter(func(s string) bool { return !strings.ContainsRune(s, '\uFFFD') }),
		rapid.StringMatching(`[-a-c:#'"\[\]{}&*!|>%@ \n\t]{0,8}`),
		rapid.SampledFrom([]string{"yes", "No", "on", "~", "null", "Null", "true", "007", "0x1", "1e3", "1_0", ".5", ".inf", "12:30", "2026-01-31", "<<", "=", "- a", "a: b", "---", "...", "?", " x", "x ", "a\n", "a\n\n", "\na", " a\nb", "a \nb", "a\r\nb", "\u0085", "\u2028", "#", "é", "😀", "!x", "&a", "*a", "|", "", "1.0", "+1", "0o7", "a #b", "\ttab"}))
	var gen func(depth int) *rapid.Generator[any]
	gen = func(depth int) *rapid.Generator[any] {
		leaves := []*rapid.Generator[any]{
			rapid.Custom(func(t *rapid.T) any { return texts.Draw(t, "text") }),
			rapid.Custom(func(t *rapid.T) any { return rapid.Int().Draw(t, "int") }),
			rapid.Custom(func(t *rapid.T) any { return rapid.Bool().Draw(t, "bool") }),
			rapid.Custom(func(t *rapid.T) any {
				v, err := value.Number(rapid.Float64Range(-1e300, 1e300).Draw(t, "float"))
				if err != nil {
					return nil
				}
				return v
			}),
			rapid.Just[any](nil),
		}
		if depth == 0 {
			return rapid.OneOf(leaves...)
		}
		return rapid.OneOf(append(leaves,
			rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(gen(depth-1), 0, 4).Draw(t, "list") }),
			rapid.Custom(func(t *rapid.T) any { return rapid.MapOfN(texts, gen(depth-1), 0, 4).Draw(t, "map") }))...)
	}
	return gen(3)
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := values().Draw(r, "value")
		l := layout{Indent: rapid.IntRange(2, 4).Draw(r, "indent"), Flow: rapid.IntRange(0, 3).Draw(r, "flow"), Quote: rapid.Bool().Draw(r, "quote"), Start: rapid.Bool().Draw(r, "start")}
		text, err := l.write(want)
		if err != nil {
			r.Fatal(err)
		}
		// A program of YAML 1.1 must not read the texts otherwise either.
		for _, old := range []bool{false, true} {
			out, err := rules{Merge: true, YesNo: old, Octal: map[bool]string{true: "number"}[old]}.parse(context.Background(), text)
			if err != nil {
				r.Fatalf("%v in %q", err, text)
			}
			if out.Count != 1 || !value.Equal(out.Value, want) {
				r.Fatalf("%q\ngave %#v\nwant %#v", text, out.Value, want)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: [1, {b: c}]\n", "&a [*a]", "? x\n: y", "--- !x y\n...\n", "a: |2-\n   x\n", "%YAML 1.1\n---\n", "{<<: {a: 1}}", "'a' : \"\\x41\"", "- - - a\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := rules{Merge: true, Duplicates: "last", Tags: "keep"}.parse(context.Background(), text)
		if err != nil {
			return
		}
		for _, v := range out.Documents {
			n, err := value.Normalize(v)
			if err != nil || !value.Equal(n, v) {
				t.Fatalf("%q gave a value that is not canonical: %v, %v", text, v, err)
			}
			again, err := layout{Indent: 2}.write(v)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			back, err := rules{Merge: true}.parse(context.Background(), again)
			if err != nil || !value.Equal(back.Value, v) {
				t.Fatalf("%q became %q: %v, %v", text, again, back.Value, err)
			}
		}
	})
}
