package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "csv") }

type params = map[string]any

func run(t testing.TB, env *node.Env, typ string, in params) params {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

func js(t testing.TB, v any) string {
	t.Helper()
	n, err := value.Normalize(v)
	if err != nil {
		t.Fatal(err)
	}
	b, err := value.JSON(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		in   params
		want string
	}{
		{"empty", params{"text": ""}, `[]`},
		{"header only", params{"text": "a,b\n"}, `[]`},
		{"blank lines", params{"text": "a\n\n1\n\n\n2"}, `[{"a":1},{"a":2}]`},
		{"blank lines kept", params{"text": "a\n\n1\n", "keep_empty_lines": true}, `[{"a":null},{"a":1}]`},
		{"old mac", params{"text": "a,b\r1,2\r"}, `[{"a":1,"b":2}]`},
		{"line end in quotes", params{"text": "a,b\r\n\"x\r\ny\",2\r\n"}, `[{"a":"x\ny","b":2}]`},
		{"empty cells", params{"text": "a,b,c\n1,,\n2,3,\n"}, `[{"a":1,"b":null,"c":""},{"a":2,"b":3,"c":""}]`},
		{"quoted empty", params{"text": "a,b\nx,\"\"\n"}, `[{"a":"x","b":""}]`},
		{"doubled headers", params{"text": "a,a,,a_2\n1,2,3,4\n"}, `[{"a":1,"a_2":4,"a_3":2,"column_3":3}]`},
		{"codes stay text", params{"text": "zip,tel\n01234,+49\n"}, `[{"tel":"+49","zip":"01234"}]`},
		{"mixed column stays text", params{"text": "a\n1\nx\n"}, `[{"a":"1"},{"a":"x"}]`},
		{"no inference", params{"text": "a\n1\n", "infer_types": false}, `[{"a":"1"}]`},
		{"quoted spaces kept", params{"text": "a,b\n\" x \" , y \n"}, `[{"a":" x ","b":"y"}]`},
		{"null words", params{"text": "a,b\nNULL,\"NULL\"\n1,x\n", "null_values": []any{"NULL"}}, `[{"a":null,"b":"NULL"},{"a":1,"b":"x"}]`},
		{"german", params{"text": "a;b\n1.234,5;x\n", "decimal": "comma", "thousands": "."}, `[{"a":1234.5,"b":"x"}]`},
		{"backslash", params{"text": `a,b` + "\n" + `"x\"y",1` + "\n", "escape": `\`}, `[{"a":"x\"y","b":1}]`},
		{"comments", params{"text": "#top\na\n#mid\n1\n", "comment": "#"}, `[{"a":1}]`},
		{"skip and limit", params{"text": "title\n\na\n1\n2\n3\n", "skip_rows": 2, "limit": 2}, `[{"a":1},{"a":2}]`},
		{"sep line", params{"text": "sep=;\r\na;b\r\n1,5;2\r\n"}, `[{"a":"1,5","b":2}]`},
		{"declared", params{"text": "d,n\n31.12.2025,1\n", "types": params{"d": "date", "n": "text"}, "date_formats": []any{"DD.MM.YYYY"}}, `[{"d":"2025-12-31","n":"1"}]`},
		{"columns replace header", params{"text": "x,y\n1,2\n", "columns": []any{"a", "b"}}, `[{"a":1,"b":2}]`},
		{"one column is no space", params{"text": "full name\nAda L\n"}, `[{"full name":"Ada L"}]`},
		{"semicolons inside quotes", params{"text": "a,b\n\"1;2;3\",x\n\"4;5;6\",y\n"}, `[{"a":"1;2;3","b":"x"},{"a":"4;5;6","b":"y"}]`},
		{"byte order mark", params{"text": "\ufeffa\n1\n"}, `[{"a":1}]`},
		{"no quotes", params{"text": "a,b\n\"x,y\n", "quote": ""}, `[{"a":"\"x","b":"y"}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := js(t, run(t, nodetest.Env(t), "csv.parse", tt.in)["rows"]); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestIssues(t *testing.T) {
	env := nodetest.Env(t)
	out := run(t, env, "csv.parse", params{"text": "a,b\n1,2\nx,2,3\n\"open,4\n", "types": params{"a": "int"}, "bad_cell": "keep"})
	if got, want := js(t, out["rows"]), `[{"a":1,"b":2},{"a":"x","b":2,"column_3":3},{"a":"open,4\n","b":null}]`; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
	var reasons []string
	for _, i := range out["issues"].([]any) {
		m := i.(params)
		reasons = append(reasons, fmt.Sprint(m["line"], m["row"], m["column"], ": ", m["reason"]))
	}
	want := []string{"3 1: it has 3 cells for 2 columns", "3 1a: \"x\" is not a whole number", "4 2: the quote of cell 1 is not closed", "4 2: it has 1 cell for 2 columns", "4 2a: \"open,4\\n\" is not a whole number"}
	if got := strings.Join(reasons, "\n"); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(strings.Join(want, "\n"), " ", "") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	for _, in := range []params{
		{"text": "a,b\n1\n", "ragged": "error"},
		{"text": "a\nx\n", "types": params{"a": "int"}, "bad_cell": "error"},
		{"text": "a\n1\n", "types": params{"zz": "int"}},
		{"text": "a\n1\n", "types": params{"a": "colour"}},
		{"text": "a", "delimiter": "ab"}, {"text": "a", "delimiter": "\""},
		{"text": "a", "decimal": "comma", "thousands": ","}, {"text": "a", "columns": []any{"x", "x"}}, {"text": "a", "timezone": "Mars"},
	} {
		_, err := nodetest.Run(t, env, "csv.parse", in)
		var f *node.Failure
		if !errors.As(err, &f) || f.Kind != node.KindInput {
			t.Errorf("%v: error %v, want an input failure", in, err)
		}
	}
}

func TestEncodings(t *testing.T) {
	env := nodetest.Env(t)
	rows := []any{params{"näme": "Jürgen €", "n": 1}}
	for _, enc := range []string{"utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252", "iso-8859-15"} {
		run(t, env, "csv.write", params{"file": enc + ".csv", "rows": rows, "encoding": enc, "bom": true})
		out := run(t, env, "csv.read", params{"file": enc + ".csv", "encoding": enc})
		if !value.Equal(out["rows"], any(rows)) {
			t.Errorf("%s: got %s", enc, js(t, out["rows"]))
		}
	}
	for file, want := range map[string]string{"utf-8": "utf-8", "utf-16": "utf-16le", "windows-1252": "windows-1252"} {
		out := run(t, env, "csv.read", params{"file": file + ".csv"})
		if out["encoding"] != want || !value.Equal(out["rows"], any(rows)) {
			t.Errorf("%s: found %v, %s", file, out["encoding"], js(t, out["rows"]))
		}
	}
	_, err := nodetest.Run(t, env, "csv.write", params{"file": "x.csv", "rows": []any{params{"a": "日本"}}, "encoding": "windows-1252"})
	if f := node.AsFailure(errOrNil(err)); f.Kind != node.KindInput {
		t.Errorf("writing a letter that is not there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(env.Files.Dirs()[0], "x.csv")); err == nil {
		t.Error("a failed write left a file")
	}
	if _, err := nodetest.Run(t, env, "csv.read", params{"file": "none.csv"}); node.AsFailure(errOrNil(err)).Kind != node.KindNotFound {
		t.Errorf("missing file: %v", err)
	}
}

func errOrNil(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

func TestGuard(t *testing.T) {
	for s, want := range map[string]bool{"=1": true, "+1": false, "-1,5": false, "-1+2": true, "+cmd": true, "@x": true, "\tx": true, "\rx": true, "x": false, "": false, "－1": true, "-": true, "1-2": false} {
		if got := isFormula(s); got != want {
			t.Errorf("isFormula(%q) = %v", s, got)
		}
	}
	out := run(t, nodetest.Env(t), "csv.format", params{"rows": []any{params{"=h": "=x", "n": -5}}, "guard_formulas": false, "newline": "lf"})
	if out["text"] != "=h,n\n=x,-5\n" {
		t.Errorf("guard off gave %q", out["text"])
	}
}

func TestAppend(t *testing.T) {
	env := nodetest.Env(t)
	for i := range 3 {
		run(t, env, "csv.append", params{"file": "sub/log.csv", "rows": []any{params{"b": i, "a": "x"}}, "newline": "lf"})
	}
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "sub", "log.csv"))
	if err != nil || string(b) != "a,b\nx,0\nx,1\nx,2\n" {
		t.Errorf("file is %q, %v", b, err)
	}
	if _, err := nodetest.Run(t, env, "csv.append", params{"file": "sub/log.csv", "rows": []any{params{"c": 1}}}); err == nil {
		t.Error("an unknown column was accepted")
	}
	if _, err := nodetest.Run(t, env, "csv.append", params{"file": "sub/log.csv", "rows": []any{}, "encoding": "utf-16"}); err == nil {
		t.Error("utf-16 was accepted")
	}
}

func TestLargeFileStreams(t *testing.T) {
	env := nodetest.Env(t)
	var b bytes.Buffer
	b.WriteString("id,name,amount\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "%d,name %d,%d.5\n", i, i, i)
	}
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], "big.csv"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := nodetest.RunRaw(t, env, "csv.read", params{"file": "big.csv"})
	if err != nil {
		t.Fatal(err)
	}
	ref, ok := out["rows"].(*value.Ref)
	if !ok || ref.Count != 20_000 {
		t.Fatalf("rows are %T", out["rows"])
	}
	run(t, env, "csv.write", params{"file": "copy.csv", "rows": ref, "columns": out["columns"], "newline": "lf"})
	got, _ := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "copy.csv"))
	if !bytes.Equal(got, b.Bytes()) {
		t.Error("the copy differs")
	}
}

func TestRoundTrip(t *testing.T) {
	env := nodetest.Env(t)
	text := rapid.OneOf(rapid.StringOf(rapid.RuneFrom([]rune("ab,;\"\n '=\t1.-\\"))), rapid.String())
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(rt, "columns")
		var columns, rows []any
		for i := range n {
			columns = append(columns, fmt.Sprintf("c%d", i))
		}
		for range rapid.IntRange(0, 5).Draw(rt, "rows") {
			r := params{}
			for _, c := range columns {
				// Line ends of every kind are read as \n.
				r[c.(string)] = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text.Draw(rt, "cell"), "?"))
			}
			rows = append(rows, r)
		}
		d := rapid.SampledFrom([]string{",", ";", "tab", "|"}).Draw(rt, "delimiter")
		quoting := rapid.SampledFrom([]string{"minimal", "text", "all"}).Draw(rt, "quoting")
		out := run(t, env, "csv.format", params{"rows": rows, "columns": columns, "delimiter": d, "quoting": quoting, "guard_formulas": false})
		back := run(t, env, "csv.parse", params{"text": out["text"], "delimiter": d, "infer_types": false})
		if len(rows) == 0 {
			rows = []any{}
		}
		if !value.Equal(back["rows"], any(rows)) || back["issue_count"] != 0 {
			rt.Fatalf("%q became %s, not %s", out["text"], js(t, back["rows"]), js(t, rows))
		}
	})
}

func FuzzScanner(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n", "\"open", "a\rb", ",,\n\n,", "\xff\xfe", "a\"b\"c,\"d\" e,f"} {
		f.Add(s, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, flags uint8) {
		d := dialect{delimiter: delimiters[flags&3], quote: '"'}
		if flags&4 != 0 {
			d.escape = '\\'
		}
		if flags&8 != 0 {
			d.comment = '#'
		}
		s := newScanner(strings.NewReader(text), d)
		lines, size := 0, 0
		for {
			rec, err := s.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(rec.cells) == 0 || len(rec.cells) != len(rec.quoted) || rec.line <= lines {
				t.Fatalf("record %+v after line %d", rec, lines)
			}
			lines = rec.line
			for _, c := range rec.cells {
				size += len(c)
			}
		}
		// An invalid byte becomes a rune of three.
		if size > 3*len(text) {
			t.Fatalf("%d bytes of cells from %d", size, len(text))
		}
		_ = detect(text, 0, d)
	})
}

func FuzzParse(f *testing.F) {
	f.Add("a,b\n1,2\n3\n")
	f.Add("sep=;\n\"x\ny\";2;3")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := nodetest.Run(t, nodetest.Env(t), "csv.parse", params{"text": text})
		if err != nil {
			return
		}
		if out["count"] != len(out["rows"].([]any)) {
			t.Fatalf("count %v, rows %d", out["count"], len(out["rows"].([]any)))
		}
	})
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := options{Delimiter: ",", Quote: `"`, Timezone: "UTC"}
	_, _, err := parse(ctx, nodetest.Env(t), o, "utf-8", func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("a\n1\n")), nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}
