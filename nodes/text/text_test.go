package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/math/locale"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "text") }

type m = map[string]any

func l(v ...any) []any { return append([]any{}, v...) }

var fails = failure{}

// failure is what a row wants that must give an error.
type failure struct{}

func TestTable(t *testing.T) {
	for _, tt := range []struct {
		typ  string
		in   m
		out  string
		want any
	}{
		{"text.concat", m{"values": l()}, "text", ""},
		{"text.join", m{"values": l(1, 2.5, true, nil, l(1))}, "text", "12.5true[1]"},
		{"text.split", m{"text": ""}, "parts", l("")},
		{"text.split", m{"text": "", "by": "lines"}, "parts", l()},
		{"text.split", m{"text": "a\r\nb\n\n", "by": "lines"}, "parts", l("a", "b", "")},
		{"text.split", m{"text": " a  b\u00a0c ", "by": "whitespace"}, "parts", l("a", "b", "c")},
		{"text.split", m{"text": "äbcde", "by": "length", "length": 2}, "parts", l("äb", "cd", "e")},
		{"text.split", m{"text": "äbcde", "by": "length", "length": 2, "limit": 2}, "parts", l("äb", "cde")},
		{"text.split", m{"text": "ab", "by": "length"}, "", fails},
		{"text.split", m{"text": "日本", "by": "characters"}, "parts", l("日", "本")},
		{"text.split", m{"text": "aXbxc", "separator": "x", "ignore_case": true}, "count", 3},
		{"text.split", m{"text": "a", "separator": ""}, "", fails},
		{"text.split", m{"text": "a", "by": "regex", "separator": "("}, "", fails},
		{"text.replace", m{"text": "aAa", "find": "a", "with": "$1", "ignore_case": true}, "text", "$1$1$1"},
		{"text.replace", m{"text": "aaa", "find": "a", "with": "b", "limit": 2}, "text", "bba"},
		{"text.replace", m{"text": "abc", "find": "", "with": "b"}, "", fails},
		{"text.replace", m{"text": "abc", "find": "(?=b)", "mode": "regex"}, "", fails},
		{"text.replace", m{"text": "abc", "find": "b*", "with": "-", "mode": "regex"}, "text", "-a-c-"},
		{"text.replace", m{"text": strings.Repeat("a", 1000), "find": "a", "with": strings.Repeat("b", 100000)}, "", fails},
		{"text.replace", m{"text": "a", "find": strings.Repeat("a", 9000), "mode": "regex"}, "", fails},
		{"text.replace_many", m{"text": "abc ab", "replacements": m{"ab": "1", "abc": "2"}}, "text", "2 1"},
		{"text.replace_many", m{"text": "cat concat", "replacements": m{"cat": "x"}, "whole_words": true}, "text", "x concat"},
		{"text.replace_many", m{"text": "a", "replacements": m{}}, "text", "a"},
		{"text.replace_many", m{"text": "a", "replacements": m{"": "b"}}, "", fails},
		{"text.test", m{"text": "a\nb", "pattern": "^b$"}, "matches", false},
		{"text.test", m{"text": "a\nb", "pattern": "^b$", "multiline": true}, "matches", true},
		{"text.test", m{"text": "ab", "pattern": "a|b", "whole": true}, "matches", false},
		{"text.test", m{"text": "ab", "pattern": "a)|(b", "whole": true}, "", fails},
		{"text.find", m{"text": "ab", "find": "(x)?b", "mode": "regex"}, "groups", l(nil)},
		{"text.find", m{"text": "日本語", "find": "本"}, "start", 1},
		{"text.find", m{"text": "concat cat", "find": "cat", "word": true}, "start", 7},
		{"text.find", m{"text": "a", "find": ""}, "", fails},
		{"text.find_all", m{"text": "aaa", "find": "a", "limit": 2}, "count", 2},
		{"text.match", m{"text": "x", "find": "a"}, "texts", l()},
		{"text.count", m{"text": "aaaa", "find": "aa"}, "count", 2},
		{"text.extract", m{"text": "a=1 b=2", "pattern": `\w=\d`}, "all", l("a=1", "b=2")},
		{"text.extract", m{"text": "x", "pattern": ""}, "", fails},
		{"text.extract", m{"text": "see (https://x.org/a_(b)), http://y.de/?q=1&r=ü. ftp://", "what": "urls"}, "all", l("https://x.org/a_(b)", "http://y.de/?q=1&r=ü")},
		{"text.extract", m{"text": "1,234.50 and 7e3 -.5", "what": "numbers"}, "all", l(1234.5, 7000, -0.5)},
		{"text.extract", m{"text": "No.5 of 2026-01-31, 5.", "what": "numbers"}, "all", l(5, 2026, 1, 31, 5)},
		{"text.extract", m{"text": "2026-02-30 2026-2-3 31.12.2026 1/2/2026", "what": "dates"}, "all", l("2026-02-03", "2026-12-31", "2026-02-01")},
		{"text.extract", m{"text": "1/2/2026", "what": "dates", "order": "mdy"}, "first", "2026-01-02"},
		{"text.extract", m{"text": "2026-01-31T10:00:00Z", "what": "dates"}, "first", "2026-01-31"},
		{"text.extract", m{"text": "call +49 (228) 555-123 or 12-3", "what": "phones"}, "all", l("+49 (228) 555-123")},
		{"text.extract", m{"text": "DE89 3704 0044 0532 0130 00, DE88 3704 0044 0532 0130 00", "what": "ibans"}, "all", l("DE89370400440532013000")},
		{"text.extract", m{"text": "#a1 #ü", "what": "hashtags"}, "all", l("#a1", "#ü")},
		{"text.extract", m{"text": "no@at x@y a.b+c@sub.example.co.uk.", "what": "emails"}, "all", l("a.b+c@sub.example.co.uk")},
		{"text.extract_between", m{"text": "a[b", "start": "[", "end": "]"}, "found", false},
		{"text.extract_between", m{"text": "key: v", "end": ":"}, "first", "key"},
		{"text.case", m{"text": "parseHTTPResponse2Go", "to": "snake"}, "text", "parse_http_response2_go"},
		{"text.case", m{"text": "some_value-here", "to": "camel"}, "text", "someValueHere"},
		{"text.case", m{"text": "some value", "to": "pascal"}, "text", "SomeValue"},
		{"text.case", m{"text": "someValue", "to": "constant"}, "text", "SOME_VALUE"},
		{"text.case", m{"text": "", "to": "pascal"}, "text", ""},
		{"text.case", m{"text": "HELLO WORLD. it's 3.5 OK? yes", "to": "sentence"}, "text", "Hello world. It's 3.5 ok? Yes"},
		{"text.case", m{"text": "i", "to": "upper", "locale": "tr"}, "text", "İ"},
		{"text.case", m{"text": "aB", "to": "swap"}, "text", "Ab"},
		{"text.case", m{"text": "aB", "to": "loud"}, "", fails},
		{"text.trim", m{"text": "xxaxx", "characters": "x", "side": "end"}, "text", "xxa"},
		{"text.trim", m{"text": "pre-a-suf", "prefix": "pre-", "suffix": "-suf"}, "text", "a"},
		{"text.trim", m{"text": "\ufeff \n"}, "text", ""},
		{"text.pad", m{"text": "abc", "length": 2}, "text", "abc"},
		{"text.pad", m{"text": "a", "length": 5, "with": "xy"}, "text", "axyxy"},
		{"text.pad", m{"text": "a", "length": 5, "with": ""}, "", fails},
		{"text.truncate", m{"text": "abcdef", "length": 3}, "text", "ab…"},
		{"text.truncate", m{"text": "abcdef", "length": 5, "side": "middle"}, "text", "ab…ef"},
		{"text.truncate", m{"text": "abcdef", "length": 3, "side": "start"}, "text", "…ef"},
		{"text.truncate", m{"text": "abcdef", "length": 2, "mark": "..."}, "text", ".."},
		{"text.truncate", m{"text": "abc", "length": 3}, "text", "abc"},
		{"text.repeat", m{"text": "ab", "count": 3, "separator": ","}, "text", "ab,ab,ab"},
		{"text.repeat", m{"text": "ab", "count": 0}, "text", ""},
		{"text.repeat", m{"text": "", "count": 1000000000000}, "text", ""},
		{"text.repeat", m{"text": "ab", "count": 1000000000000}, "", fails},
		{"text.substring", m{"text": "abc", "from": 2, "to": 1}, "text", ""},
		{"text.substring", m{"text": "abc", "from": -9, "length": 9223372036854775807}, "text", "abc"},
		{"text.substring", m{"text": "abc", "to": 1, "length": 1}, "", fails},
		{"text.length", m{"text": "\n"}, "lines", 0},
		{"text.contains", m{"text": "abc", "parts": l("x", "b")}, "part", "b"},
		{"text.contains", m{"text": "abc", "parts": l("a", "b"), "all": true}, "result", true},
		{"text.ends_with", m{"text": "abc", "part": ""}, "result", true},
		{"text.compare", m{"a": "martha", "b": "marhta"}, "jaro_winkler", 0.961111},
		{"text.compare", m{"a": "dixon", "b": "dicksonx"}, "jaro_winkler", 0.813333},
		{"text.compare", m{"a": "kitten", "b": "sitting"}, "distance", 3},
		{"text.compare", m{"a": "", "b": "ab"}, "similarity", 0},
		{"text.compare", m{"a": "", "b": ""}, "similarity", 1},
		{"text.compare", m{"a": "e\u0301", "b": "é"}, "equal", true},
		{"text.compare", m{"a": "f10", "b": "f9", "natural": true}, "order", 1},
		{"text.compare", m{"a": strings.Repeat("a", 10001), "b": "b"}, "distance", -1},
		{"text.remove_accents", m{"text": "Ångström ñandú Ελλάδα й हिन्दी"}, "text", "Angstrom nandu Ελλαδα и हिन्दी"},
		{"text.slugify", m{"text": "one two three", "max_length": 8}, "text", "one-two"},
		{"text.slugify", m{"text": "incomprehensible", "max_length": 5}, "text", "incom"},
		{"text.slugify", m{"text": "!!!"}, "text", ""},
		{"text.normalize", m{"text": "a\r\nb\rc", "line_ends": "crlf"}, "text", "a\r\nb\r\nc"},
		{"text.normalize", m{"text": "ﬁ½", "form": "nfkc"}, "text", "fi1⁄2"},
		{"text.normalize", m{"text": "e\u0301"}, "text", "é"},
		{"text.escape", m{"text": "a\"\n", "for": "json"}, "text", `a\"\n`},
		{"text.escape", m{"text": "a", "for": "csv"}, "text", "a"},
		{"text.escape", m{"text": "O'Neil", "for": "sql"}, "text", "O''Neil"},
		{"text.escape", m{"text": "a b", "for": "url_query"}, "text", "a+b"},
		{"text.escape", m{"text": "\x00", "for": "shell"}, "", fails},
		{"text.unescape", m{"text": "%zz", "for": "url"}, "", fails},
		{"text.unescape", m{"text": "%ff", "for": "url"}, "", fails},
		{"text.unescape", m{"text": "a+b", "for": "url"}, "text", "a+b"},
		{"text.unescape", m{"text": `a"b`, "for": "json"}, "", fails},
		{"text.unescape", m{"text": `a", "b`, "for": "json"}, "", fails},
		{"text.unescape", m{"text": `"a\"\$b" c`, "for": "shell"}, "text", `a"$b c`},
		{"text.unescape", m{"text": "'a", "for": "shell"}, "", fails},
		{"text.decode", m{"text": " w4Q\n/ "}, "text", "Ä?"},
		{"text.decode", m{"text": "/w=="}, "", fails},
		{"text.decode", m{"text": "!"}, "", fails},
		{"text.decode", m{"text": "0xC384", "as": "hex"}, "text", "Ä"},
		{"text.parse_number", m{"text": "1,234"}, "", fails},
		{"text.parse_number", m{"text": "1.234"}, "number", 1.234},
		{"text.parse_number", m{"text": "1.234", "decimal": "comma"}, "number", 1234},
		{"text.parse_number", m{"text": "0,125"}, "number", 0.125},
		{"text.parse_number", m{"text": "12,5"}, "number", 12.5},
		{"text.parse_number", m{"text": "1.234.567,8"}, "number", 1234567.8},
		{"text.parse_number", m{"text": "1,234,567"}, "number", 1234567},
		{"text.parse_number", m{"text": "12,34,567.5"}, "number", 1234567.5},
		{"text.parse_number", m{"text": "1 234,50 kr"}, "number", 1234.5},
		{"text.parse_number", m{"text": "CHF 1’234.50"}, "number", 1234.5},
		{"text.parse_number", m{"text": "-$5"}, "number", -5},
		{"text.parse_number", m{"text": "€ -5,00"}, "number", -5},
		{"text.parse_number", m{"text": "100-"}, "number", -100},
		{"text.parse_number", m{"text": "−3"}, "number", -3},
		{"text.parse_number", m{"text": "19 %"}, "number", 0.19},
		{"text.parse_number", m{"text": "19%", "percent": false}, "number", 19},
		{"text.parse_number", m{"text": "1e3"}, "number", 1000},
		{"text.parse_number", m{"text": ".5"}, "number", 0.5},
		{"text.parse_number", m{"text": "12,3456.7"}, "", fails},
		{"text.parse_number", m{"text": "1.2,3.4"}, "", fails},
		{"text.parse_number", m{"text": "1 2"}, "", fails},
		{"text.parse_number", m{"text": "--5"}, "", fails},
		{"text.parse_number", m{"text": "-5-"}, "", fails},
		{"text.parse_number", m{"text": "(5"}, "", fails},
		{"text.parse_number", m{"text": ""}, "", fails},
		{"text.parse_number", m{"text": "five"}, "", fails},
		{"text.filter_lines", m{"text": "", "find": "x"}, "lines", l()},
		{"text.sort_lines", m{"text": "b 2\na 10\nc", "as": "number", "direction": "desc"}, "lines", l("a 10", "b 2", "c")},
		{"text.sort_lines", m{"text": "b\na\nb", "unique": true}, "removed", 1},
		{"text.unique_lines", m{"text": " a\na\n\n", "trim": true, "skip_empty": true}, "text", "a"},
		{"text.number_lines", m{"text": ""}, "text", ""},
		{"text.format", m{"template": "{a.b} {c:>5}|{c:<5}|{c:^5}|{n:06.1}|{n:8}|", "values": m{"a": m{"b": 1}, "c": "é", "n": -2.25}}, "text", "1     é|é    |  é  |-002.3|   -2.25|"},
		{"text.format", m{"template": `\{a} {a}`, "values": m{"a": "{b} %s"}}, "text", "{a} {b} %s"},
		{"text.format", m{"template": "{n:,.2}", "values": m{"n": 1234.5}, "locale": "de-DE"}, "text", "1.234,50"},
		{"text.format", m{"template": "{x}", "values": m{}}, "", fails},
		{"text.format", m{"template": "{x}", "values": m{}, "when_missing": "empty"}, "missing", l("x")},
		{"text.format", m{"template": "{", "values": m{}}, "", fails},
		{"text.format", m{"template": "{}", "values": m{}}, "", fails},
		{"text.format", m{"template": "{a:q}", "values": m{"a": 1}}, "", fails},
		{"text.format", m{"template": "{a:.2}", "values": m{"a": "x"}}, "", fails},
		{"text.diff", m{"a": "", "b": ""}, "equal", true},
		{"text.diff", m{"a": "", "b": "x"}, "unified", "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n"},
		{"text.diff", m{"a": "1\n2\n3\n4\n5\n6\n7\n8\n9", "b": "1\n2x\n3\n4\n5\n6\n7\n8x\n9", "context": 1}, "unified", "--- a\n+++ b\n@@ -1,3 +1,3 @@\n 1\n-2\n+2x\n 3\n@@ -7,3 +7,3 @@\n 7\n-8\n+8x\n 9\n"},
	} {
		out, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in)
		if tt.want == fails {
			if err == nil {
				t.Errorf("%s %.100v: no error but %.200v", tt.typ, tt.in, out)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %.100v: %v", tt.typ, tt.in, err)
		} else if !value.Equal(out[tt.out], tt.want) {
			t.Errorf("%s %.100v: got %v, want %v", tt.typ, tt.in, out[tt.out], tt.want)
		}
	}
}

func TestLocalesOfParam(t *testing.T) {
	if got := strings.Join(node.Default.Get("text.format").In.Field("locale").Enum, ","); got != locale.Names {
		t.Errorf("the param offers %s", got)
	}
}

func TestCacheIsBounded(t *testing.T) {
	for i := range 3 * maxCached {
		if _, err := (flags{}).compile("p" + strings.Repeat("x", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(compiled.all); n > maxCached {
		t.Errorf("%d patterns are kept", n)
	}
}

func TestEscapeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		for _, form := range []string{"html", "url", "url_query", "json", "regex", "shell", "sql"} {
			if form == "shell" && strings.ContainsRune(s, 0) {
				continue
			}
			e, err := escape(escapeIn{Text: s, For: form})
			if err != nil {
				t.Fatalf("%s: %v", form, err)
			}
			if back, err := unescape(escapeIn{Text: e, For: form}); err != nil || back != s {
				t.Fatalf("%s: %q became %q and %q %v", form, s, e, back, err)
			}
		}
		for _, as := range []string{"base64", "base64url", "hex"} {
			if back, err := decode(encodeIn{Text: encode([]byte(s), as), As: as}); err != nil || back != s {
				t.Fatalf("%s: got %q %v", as, back, err)
			}
		}
		if reverse(reverse(s)) != s && strings.IndexFunc(s, func(r rune) bool { return r > 0x2ff }) < 0 {
			t.Fatalf("reversing %q twice", s)
		}
	})
}

// Following the script from a gives b, whatever it is, and nothing shorter
// exists than the longest common subsequence allows.
func TestDiffScript(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a", "b", "c", ""})
		a, b := rapid.SliceOfN(line, 0, 14).Draw(t, "a"), rapid.SliceOfN(line, 0, 14).Draw(t, "b")
		edits, err := script(t.Context(), a, b)
		if err != nil {
			t.Fatal(err)
		}
		i, j, changes := 0, 0, 0
		for _, e := range edits {
			if e.a != i || e.b != j {
				t.Fatalf("at %d,%d the script says %d,%d: %v", i, j, e.a, e.b, edits)
			}
			switch e.op {
			case ' ':
				if a[i] != b[j] {
					t.Fatalf("%q is not %q", a[i], b[j])
				}
				i, j = i+1, j+1
			case '-':
				i, changes = i+1, changes+1
			case '+':
				j, changes = j+1, changes+1
			}
		}
		if i != len(a) || j != len(b) {
			t.Fatalf("the script ends at %d,%d", i, j)
		}
		if want := len(a) + len(b) - 2*common(a, b); changes != want {
			t.Fatalf("%d changes, want %d", changes, want)
		}
	})
}

func common(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			old := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(old, row[j])
			}
			diagonal = old
		}
	}
	return row[len(b)]
}

func TestDiffOfVeryDifferentTexts(t *testing.T) {
	a, b := strings.Repeat("a\n", 3000), strings.Repeat("b\n", 3000)
	out, err := nodetest.Run(t, nodetest.Env(t), "text.diff", m{"a": a, "b": b})
	if err != nil || out["added"] != 3000 || out["removed"] != 3000 {
		t.Errorf("got %v %v", out["added"], err)
	}
}

func TestParseNumberReadsWhatFormatWrites(t *testing.T) {
	env := nodetest.Env(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(-1e9, 1e9).Draw(rt, "cents")
		name := rapid.SampledFrom(strings.Split(locale.Names, ",")).Draw(rt, "locale")
		loc := locale.Get(name)
		s, err := formatted(float64(n)/100, ",.2", loc)
		if err != nil {
			rt.Fatal(err)
		}
		mark := "point"
		if loc.Decimal == "," {
			mark = "comma"
		}
		for _, decimal := range []string{mark, "auto"} {
			out, err := nodetest.Run(t, env, "text.parse_number", m{"text": s, "decimal": decimal})
			if err != nil || !value.Equal(out["number"], float64(n)/100) && n%100 != 0 {
				rt.Fatalf("%s, %s: %q gave %v %v", name, decimal, s, out, err)
			}
		}
	})
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{"{a}", `\{`, "{a:,.2}", "{a:0", "{a:>9}", "{{a}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := format(t.Context(), nil, formatIn{Template: s, Values: m{"a": 1}, WhenMissing: "empty"})
		if err == nil && utf8.ValidString(s) && !utf8.ValidString(out.Text) {
			t.Fatalf("%q gave %q", s, out.Text)
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"1.234,56", "(5)", "-$1", "1e5", "1 000", "12'3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, d := range []string{"auto", "point", "comma"} {
			out, err := parseNumber(t.Context(), nil, parseNumberIn{Text: s, Decimal: d})
			if err == nil && out.Number == nil {
				t.Fatalf("%q gave nothing", s)
			}
		}
	})
}

func FuzzExtract(f *testing.F) {
	for _, s := range []string{"a@b.org", "http://x", "DE89 3704", "1.1.2026", "(555) 123-4567"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, what := range []string{"emails", "urls", "numbers", "dates", "phones", "ibans", "hashtags"} {
			if _, err := extract(t.Context(), nil, extractIn{Text: s, What: what, Unique: true}); err != nil {
				t.Fatal(err)
			}
		}
		changed := []string{"upper", "title", "sentence", "snake", "camel"}
		for _, to := range changed {
			if _, err := changeCase(caseIn{Text: s, To: to}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
