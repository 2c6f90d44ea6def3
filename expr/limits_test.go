package expr_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/expr"
)

// TestHostileLimits feeds what would exhaust time or memory. Each must fail
// soon, and without having allocated much more than the budget.
func TestHostileLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	big := strings.Repeat("a", 10<<20)
	wide := make([]any, 200_000)
	for i := range wide {
		wide[i] = i
	}
	var deep any = 1
	for range 100_000 {
		deep = []any{deep}
	}
	r := map[string]any{"vars": map[string]any{"big": big, "wide": wide, "deep": deep, "json": strings.Repeat("[", 500_000)}}
	tests := map[string]string{
		"doubling text":        `reduce(1..40, #acc + #acc, "xxxxxxxxxx")`,
		"doubling list":        `reduce(1..60, concat(#acc, #acc), [1])`,
		"doubling sharing":     `reduce(1..60, [#acc, #acc], 1)`,
		"doubling map":         `reduce(1..60, ({a: #acc, b: #acc}), 1)`,
		"sharing written":      `to_json(reduce(1..60, [#acc, #acc], 1))`,
		"sharing flattened":    `len(flatten(reduce(1..60, [#acc, #acc], 1)))`,
		"sharing compared":     `reduce(1..60, [#acc, #acc], 1) == reduce(1..60, [#acc, #acc], 1)`,
		"sharing in unique":    `unique([reduce(1..60, [#acc, #acc], 1)])`,
		"sharing merged":       `reduce(1..60, merge_deep({a: #acc, b: #acc}, {a: #acc, b: #acc}), {c: {d: 1}})`,
		"sharing joined":       `join([reduce(1..60, [#acc, #acc], 1)])`,
		"nested loops":         `count(1..10000, count(1..10000, # > 0) > 0)`,
		"nested loops in map":  `map(1..2000, map(1..2000, #))`,
		"deep loops":           `any(1..1000, any(1..1000, any(1..1000, any(1..1000, # < 0))))`,
		"range":                `1..1000000000`,
		"range ends":           `-9223372036854775808..9223372036854775807`,
		"range function":       `range(0, 9000000000000000000, 1)`,
		"ranges":               `map(1..1000, 1..1000000)`,
		"repeat":               `repeat("abc", 1000000000)`,
		"repeat overflow":      `repeat("abcdefgh", 4611686018427387905)`,
		"repeats":              `map(1..1000, repeat("x", 1000000))`,
		"pad":                  `pad_start("a", 9000000000000000000)`,
		"pad wide fill":        `pad_end("a", 100000000, "日本")`,
		"join":                 `join(1..1000000, vars.big)`,
		"replace":              `replace(vars.big, "a", vars.big)`,
		"replace empty":        `replace(vars.big, "", repeat("x", 1000))`,
		"regex replace":        "regex_replace(vars.big, `a`, repeat('x', 10000))",
		"regex groups":         "regex_find_all(vars.big, `((((((a))))))`)",
		"regex many":           "count(1..1000000, vars.big matches `b{2}c`)",
		"regex size":           "'a' matches '((((a{10}){10}){10}){10})'",
		"regex product":        "'a' matches '" + strings.Repeat("ab", 300) + "{1000}(" + strings.Repeat("ab", 100) + "){1000}'",
		"regex nfa":            "vars.big matches `(x+x+)+y|(a|aa|aaa)*b[^z]{100}c`",
		"regex long":           `'a' matches '` + strings.Repeat("a", 2000) + `'`,
		"contains many":        `count(1..1000000, vars.big contains "b")`,
		"upper many":           `count(1..1000000, len(upper(vars.big)) > 0)`,
		"compare many":         `count(1..1000000, vars.big == vars.big + "")`,
		"len many":             `count(1..1000000, len(vars.big) == 0)`,
		"hash many":            `map(1..1000000, sha256(vars.big))`,
		"index of many":        `map(vars.wide, index_of(vars.wide, -1))`,
		"unique many":          `map(vars.wide, unique(vars.wide))`,
		"sort many":            `map(1..100000, sort(vars.wide))`,
		"text index many":      `map(1..1000000, vars.big[9999999])`,
		"slice many":           `map(1..1000000, vars.big[1:2])`,
		"split":                `map(1..10, split(vars.big, ""))`,
		"chars":                `map(1..10, chars(vars.big))`,
		"json deep":            `from_json(vars.json)`,
		"json many":            `map(1..1000000, from_json("[1,2,3,4,5,6,7,8,9]"))`,
		"value deep":           `to_json(vars.deep)`,
		"value deep equal":     `vars.deep == vars.deep`,
		"value deep flatten":   `flatten(vars.deep)`,
		"zip":                  `map(1..1000, zip(vars.wide, vars.wide))`,
		"chunk":                `map(1..1000, chunk(vars.wide, 1))`,
		"group":                `map(1..1000, groupBy(vars.wide, #))`,
		"zones":                `map(1..1000000, to_timezone("2024-01-01", "No/Such" + string(#)))`,
		"dates":                `map(1..1000000, date_range("2024-01-01", "2200-01-01"))`,
		"date range":           `date_range("0001-01-01", "9999-01-01", "second")`,
		"workdays":             `map(1..1000000, workdays_between("0001-01-01", "9999-01-01"))`,
		"power":                `reduce(1..100, #acc ** 2, 10)`,
		"quadratic text":       `reduce(1..1000000, #acc + "xxxxxxxxxx", "")`,
		"format":               `format(repeat("{0}", 1000), vars.big)`,
		"mixed escapes":        `reduce(1..30, to_json(#acc), "\"")`,
		"url escapes":          `reduce(1..30, url_encode(#acc + #acc), "%")`,
		"html escapes":         `reduce(1..30, html_escape(#acc + #acc), "&")`,
		"words":                `map(1..100, words(vars.big + repeat(" a", 5000000)))`,
		"entries":              `reduce(1..60, entries({a: #acc, b: #acc}), 1)`,
		"deep result":          `reduce(1..5000, [#acc], 1)`,
		"huge literal":         `999999999999999999999999`,
		"infinite":             `1e308 * 10`,
		"append":               `map(1..100000, append(vars.wide, 1))`,
		"quadratic concat":     `reduce(vars.wide, concat(#acc, [#]), [])`,
		"sum of nested ranges": `sum(1..1000000, sum(1..#, #))`,
		"truncate":             `map(1..1000000, truncate(vars.big, 10000000))`,
		"pluck long path":      `map(1..100, pluck(vars.wide, "` + strings.Repeat("a.", 400) + `"))`,
	}
	for name, src := range tests {
		for _, text := range []string{"{{ " + src + " }}", "x{{ " + src + " }}"}[:1+len(name)%2] {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			tmpl, err := expr.Compile(text)
			if err == nil {
				_, err = tmpl.Eval(r)
			}
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			var e *expr.Error
			if !errors.As(err, &e) {
				t.Errorf("%s: got %v, want an *Error", name, err)
				continue
			}
			checkTidy(t, e)
			total := (after.TotalAlloc - before.TotalAlloc) >> 20
			if testing.Verbose() {
				t.Logf("%-22s %8s %5d MiB %s", name, took.Round(time.Millisecond), total, e.Msg)
			}
			if took > 10*time.Second || total > 1500 && name != "quadratic text" { // that is garbage, not held
				t.Errorf("%s: took %s and %d MiB", name, took, total)
			}
			if strings.Contains(e.Msg, "could not be handled") {
				t.Errorf("%s: %v", name, e)
			}
		}
	}
}

func TestHostileSources(t *testing.T) {
	t.Parallel()
	rep := strings.Repeat
	for name, src := range map[string]string{
		"brackets":    rep("(", 10_000) + "1" + rep(")", 10_000),
		"lists":       rep("[", 10_000) + rep("]", 10_000),
		"maps":        rep("{a:", 5_000) + "1" + rep("}", 5_000),
		"minus":       rep("-", 30_000) + "1",
		"not":         rep("!", 30_000) + "true",
		"not words":   rep("not ", 7_000) + "true",
		"minus group": rep("-(", 5_000) + "1" + rep(")", 5_000),
		"ternary":     rep("true ? 1 : ", 2_500) + "1",
		"power":       rep("2**", 10_000) + "2",
		"plus":        rep("1+", 15_000) + "1",
		"members":     "vars" + rep(".a", 15_000),
		"indexes":     "vars" + rep("[0]", 10_000),
		"optional":    "vars" + rep("?.a", 10_000),
		"pipes":       "1" + rep("|string()", 3_000),
		"lets":        rep("let a=1;", 4_000) + "a",
		"ifs":         rep("if true {", 3_000) + "1" + rep("} else {1}", 3_000),
		"sequence":    rep("1;", 15_000) + "1",
		"comparisons": rep("1<(", 60) + "1" + rep(")<2", 60),
		"predicates":  rep("map(1..2,", 3_000) + "1" + rep(")", 3_000),
		"long":        `"` + rep("a", 40_000) + `"`,
		"tokens":      "[" + rep("1,", 16_000) + "]",
		"coalesce":    rep("nil ?? ", 4_000) + "x",
		"comments":    rep("/*", 10_000),
		"closers":     rep("}", 10_000),
	} {
		start := time.Now()
		_, err := expr.Compile("{{ " + src + " }}")
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
		if err != nil {
			checkTidy(t, err)
		} else if name != "plus" && name != "members" {
			t.Logf("%s compiles", name)
		}
	}
	if _, err := expr.Compile(rep("{{1}}", 100_000)); err == nil {
		t.Error("a text of 100000 expressions compiles")
	}
	if _, err := expr.Compile("{{1}}" + rep("a", 2<<20)); err == nil {
		t.Error("a text of 2 MiB compiles")
	}
	start := time.Now()
	if _, err := expr.Compile(rep("{{vars.a+1}}", 2_000)); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("many expressions took %s", took)
	}
}

// TestEscapes feeds ways out of sandboxes of other tools: each must fail, or
// give nil, or give back its own text.
func TestEscapes(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		`constructor.constructor("return process")()`, `vars.constructor.constructor("return this")()`, `vars["constructor"]["constructor"]("x")()`,
		`vars.__proto__.polluted`, `vars["__proto__"]`, `{}.constructor`, `[].constructor.constructor`, `"".constructor`, `(1).constructor`, `"a".__class__.__mro__[1].__subclasses__()`,
		`(() => process.env)()`, `(function(){return this})()`, `new Function("return this")()`, `eval("1")`, `require("child_process").execSync("id")`, `import("fs")`, `globalThis`, `global.process`, `process.mainModule`, `this.constructor`, `window`, `self`,
		"`${process.env}`", "vars.`a`", `$env`, `$env["vars"]`, `$env.vars`, `::now()`, `::date("2024-01-01").Unix()`, `now().Unix()`, `date("2024-01-01").AddDate(0,0,1)`, `duration("1h").Hours()`, `timezone("UTC").String()`,
		`Object.getPrototypeOf(vars)`, `Reflect.get(vars, "a")`, `vars.toString()`, `vars.valueOf()`, `vars.hasOwnProperty("a")`, `vars.__defineGetter__("a", 1)`, `vars.__lookupGetter__("a")`,
		`{{constructor}}`, `vars?.constructor?.constructor?.("x")`, `map([1], #.constructor)`, `map(vars, #.x())`, `reduce([vars], #acc.Load(), nil)`, `nodes.a.Load`, `nodes.a.Load()`, `nodes.a["Load"]`, `nodes.a["Load"](nil)`, `get(nodes.a, "Load")`, `get(nodes, "a.Load")`,
		`getenv("HOME")`, `os.Getenv("HOME")`, `open("/etc/passwd")`, `readFile("/etc/passwd")`, `include("/etc/passwd")`, `template("{{.}}")`, `printf("%v", vars)`, `len(now)`, `b"bytes"`, `func() { 1 }`, `upper`, `[upper][0]("a")`, `let f = upper; f("a")`, `(upper)("a")`,
		`format("%!v(MISSING)%n%p")`, `sprintf("%p", vars)`, `parse_date("x", "../../../../etc/passwd")`, `to_timezone("2024-01-01", "../../../../etc/passwd")`, `to_timezone("2024-01-01", "/etc/passwd")`, `to_timezone("2024-01-01", "Local")`,
		`bitand(1, 2)`, `toJSON(nodes.a)`, `type(nodes.a)`, `nodes.a == nodes.a`, `string(nodes.a)`, `nodes.a`, `[nodes.a.x]`, `keys(nodes.a)`, `vars.f`, `vars.f()`, `vars.f.Call`, `vars.ch`, `vars.t.Unix()`, `vars.p.X`,
	} {
		r := root()
		r["nodes"].(map[string]any)["a"] = &lazy{v: 1}
		vars := r["vars"].(map[string]any)
		vars["f"], vars["ch"], vars["t"], vars["p"] = func() string { return "called" }, make(chan int), time.Now(), &struct{ X int }{42}
		tmpl, err := expr.Compile("{{ " + src + " }}")
		var v any
		if err == nil {
			v, err = tmpl.Eval(r)
		}
		if err != nil {
			checkTidy(t, err)
			continue
		}
		switch v := v.(type) {
		case nil:
		case string:
			if !strings.Contains(src, v) {
				t.Errorf("%s gave %q", src, v)
			}
		default:
			t.Errorf("%s gave %v", src, fmt.Sprintf("%T %v", v, v))
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	for i := range 20_000 {
		if _, err := expr.Compile(fmt.Sprintf("{{ %d }}", i)); err != nil {
			t.Fatal(err)
		}
	}
	a, _ := expr.Compile("{{ vars.cached }}")
	b, _ := expr.Compile("{{ vars.cached }}")
	if a != b {
		t.Error("equal texts gave two templates")
	}
}
