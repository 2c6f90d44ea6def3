package worker_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/worker"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// TestMain lets the test binary be the worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "script-worker":
			os.Exit(worker.Main(os.Stdin, os.Stdout))
		case "crash":
			os.Stderr.WriteString("something broke\nmore\n")
			os.Exit(3)
		case "garbage":
			os.Stdout.WriteString(strings.Repeat("x", 100<<20))
			os.Exit(0)
		case "hang":
			<-time.After(time.Minute)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func runner(c worker.Config) *worker.Runner {
	c.Path, c.Env = os.Args[0], []string{"GORACE=atexit_sleep_ms=0"}
	if c.Args == nil {
		c.Args = []string{"script-worker"}
	}
	return worker.NewRunner(c)
}

func do(t *testing.T, language, code string, input map[string]any) (any, []string, error) {
	t.Helper()
	return runner(worker.Config{}).DoWithLogs(t.Context(), node.WorkerJob{Language: language, Code: code, Input: input, Memory: 64 << 20, Timeout: 20 * time.Second})
}

func TestJavaScriptValues(t *testing.T) {
	t.Parallel()
	input := map[string]any{"x": 2, "name": "Zoë ✓", "rows": []any{map[string]any{"n": 1}, map[string]any{"n": 2.5}}, "not an id": 1, "JSON": "hidden", "input": "own"}
	tests := []struct {
		name, code string
		want       any
	}{
		{"last expression", "const a = 1\na + input.x", 3},
		{"statement value", "if (x > 1) { 'big' } else { 'small' }", "big"},
		{"return", "return x * 2", 4},
		{"return in the middle", "for (const r of rows) { if (r.n > 1) return r.n }", 2.5},
		{"nothing", "", nil},
		{"declaration only", "let a = 1", nil},
		{"undefined", "undefined", nil},
		{"await and last expression", "const v = await Promise.resolve(20)\nv + 1", 21},
		{"await in parentheses", "(await Promise.resolve({y: 5})).y", 5},
		{"await in the last expression", "await (Promise.resolve(6))", 6},
		{"await in an object", "({v: await 7})", map[string]any{"v": 7}},
		{"promise", "Promise.resolve(8)", 8},
		{"promise of a promise", "Promise.resolve(Promise.resolve(9))", 9},
		{"then", "new Promise(done => setTimeout(done, 5, 'late')).then(s => s + '!')", "late!"},
		{"timers in order", "const o = []; setTimeout(() => o.push(2), 6); setTimeout(() => o.push(1), 3); const no = setTimeout(() => o.push(9), 1); clearTimeout(no); await new Promise(r => setTimeout(r, 9)); return o", []any{1, 2}},
		{"async function", "async function f() { return 3 }\nawait f()", 3},
		{"word await in text", "'please await'", "please await"},
		{"globals of input", "name + rows.length", "Zoë ✓2"},
		{"input itself", "input.input + input['not an id']", "own1"},
		{"builtins are not hidden", "typeof JSON.parse", "function"},
		{"declare the name of an input", "const rows = input.rows.map(r => r.n); rows", []any{1, 2.5}},
		{"var over an input", "var x = x + 1; x", 3},
		{"integral numbers are ints", "[1.0, 10 / 2, 1e3, 2 ** 52, 1.5, -0]", []any{1, 5, 1000, 1 << 52, 1.5, 0}},
		{"not numbers", "[NaN, Infinity]", []any{nil, nil}},
		{"dates", "new Date(Date.UTC(2026, 0, 2))", "2026-01-02T00:00:00.000Z"},
		{"map and set", "({m: new Map([['a', new Set([1, 2])]])})", map[string]any{"m": map[string]any{"a": []any{1, 2}}}},
		{"big ints", "[10n, 2n ** 70n]", []any{10, "1180591620717411303424"}},
		{"bytes", "new Uint8Array([1, 255])", []any{1, 255}},
		{"regexp and error", "[/a+/g, new TypeError('bad')]", []any{"/a+/g", map[string]any{"name": "TypeError", "message": "bad"}}},
		{"functions vanish", "({f() {}, a: 1})", map[string]any{"a": 1}},
		{"byte order mark", "\ufeff1 + 1", 2},
		{"no source map is read", "4\n//# sourceMappingURL=/etc/passwd", 4},
		{"nor by eval", "eval('5\\n//# sourceMappingURL=/etc/passwd')", 5},
		{"unicode", "[...'a😀'].length + '😀'", "2😀"},
		{"comment at the end", "await 1; // done", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _, err := do(t, worker.JavaScript, tt.code, input)
			if err != nil {
				t.Fatal(err)
			}
			if !value.Equal(got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func TestJavaScriptHasNothing(t *testing.T) {
	t.Parallel()
	got, _, err := do(t, worker.JavaScript, `["require", "process", "fetch", "XMLHttpRequest", "Deno", "module", "global", "WebAssembly", "load", "readFile", "importScripts"].filter(n => { try { return eval("typeof " + n) !== "undefined" } catch (e) { return true } })`, nil)
	if err != nil || !value.Equal(got, []any{}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestJavaScriptFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, code   string
		kind, want   string
		line, column int
	}{
		{"syntax", "let a = 1;\n  foo(", node.KindInput, "line 2, column 7: Unexpected end of input", 2, 7},
		{"syntax beside return", "return 1 +* 2", node.KindInput, "line 1, column 11", 1, 11},
		{"syntax beside await", "await x\nlet let = 1", node.KindInput, "line 2, column 5", 2, 5},
		{"declared twice", "let a\nlet a", node.KindInput, "already been declared", 2, 5},
		{"import", "import fs from 'fs'", node.KindInput, "line 1, column 1", 1, 1},
		{"undefined name", "\n\n  nope.x", node.KindError, "line 3, column 3: ReferenceError: nope is not defined", 3, 3},
		{"thrown", "if (true) {\n  throw new RangeError('too far')\n}", node.KindError, "line 2, column 9: RangeError: too far", 2, 9},
		{"thrown in a function", "const f = () => {\n throw new Error('inner') }\nf()", node.KindError, "line 2, column 8: inner", 2, 8},
		{"thrown text", "throw 'just text'", node.KindError, "just text", 1, 1},
		{"thrown map", "throw {code: 5}", node.KindError, `{"code":5}`, 1, 1},
		{"first line of a function", "await 1; null.x", node.KindError, "line 1, column 15: TypeError", 1, 15},
		{"rejected", "await 1\nthrow new Error('later')", node.KindError, "line 2, column 7: later", 2, 7},
		{"rejected promise", "Promise.reject(new Error('no'))", node.KindError, "no", 1, 16},
		{"error that cannot be shown", "throw {get name() { throw 1 }, toJSON() { throw 2 }, toString() { throw 3 }}", node.KindError, "", 1, 1},
		{"cycle", "const a = {}; a.a = a; a", node.KindInput, "result of the script cannot be used", 0, 0},
		{"stuck", "new Promise(() => {})", node.KindError, "nothing fulfils", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := do(t, worker.JavaScript, tt.code, nil)
			var f *node.Failure
			if !errors.As(err, &f) {
				t.Fatalf("got %v", err)
			}
			if f.Kind != tt.kind || !strings.Contains(f.Message, tt.want) || !f.Permanent {
				t.Errorf("got %s %q, want %s %q", f.Kind, f.Message, tt.kind, tt.want)
			}
			if d, _ := f.Details.(map[string]any); tt.line > 0 && (d["line"] != tt.line || d["column"] != tt.column) {
				t.Errorf("got details %v, want %d:%d", f.Details, tt.line, tt.column)
			}
		})
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	_, logs, err := do(t, worker.JavaScript, "console.log('a', 1, {b: [true]}, null, undefined); console.error(new Error('x').message); console.warn(() => 1)", nil)
	if got, want := strings.Join(logs, "|"), `a 1 {"b":[true]} null undefined|x|[function ]`; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	_, logs, err = do(t, worker.JavaScript, "for (let i = 0; i < 1e5; i++) console.log(i)", nil)
	if err != nil || len(logs) != 1001 || logs[999] != "999" || !strings.Contains(logs[1000], "dropped") {
		t.Errorf("got %d lines, %v", len(logs), err)
	}
	_, logs, err = do(t, worker.JavaScript, "console.log('ä'.repeat(1e6)); console.log('b')", nil)
	if err != nil || len(logs) != 2 || len(logs[0]) > 65<<10 || strings.ContainsRune(logs[0], '\ufffd') {
		t.Errorf("got %d lines, %v", len(logs), err)
	}
	_, _, err = do(t, worker.JavaScript, "console.log('seen'); throw 1", nil)
	var f *node.Failure
	if !errors.As(err, &f) || !value.Equal(f.Details.(map[string]any)["logs"], []any{"seen"}) {
		t.Errorf("got %#v", f)
	}
}

func TestJQ(t *testing.T) {
	t.Parallel()
	input := map[string]any{"input": map[string]any{"items": []any{map[string]any{"n": 1}, map[string]any{"n": 2.5}}}, "k": "v"}
	tests := []struct {
		language, code string
		want           any
	}{
		{worker.JQ, ".items[].n", []any{1, 2.5}},
		{worker.JQ, "empty", []any{}},
		{worker.JQFirst, ".items | map(.n) | add", 3.5},
		{worker.JQFirst, "empty", nil},
		{worker.JQFirst, "range(infinite)", 0},
		{worker.JQ, "$k, ($k | ascii_upcase)", []any{"v", "V"}},
		{worker.JQ, "nan, infinite, 100000000000000000000, 1.0", []any{nil, 1.7976931348623157e308, 1e20, 1}},
		{worker.JQ, "env | length", []any{0}},
		{worker.JQ, "1, halt, 2", []any{1}},
		{worker.JQ, "[limit(3; repeat(1))]", []any{[]any{1, 1, 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			got, _, err := do(t, tt.language, tt.code, input)
			if err != nil || !value.Equal(got, tt.want) {
				t.Errorf("got %#v, %v, want %#v", got, err, tt.want)
			}
		})
	}
}

func TestJQFailures(t *testing.T) {
	t.Parallel()
	tests := []struct{ code, kind, want string }{
		{".a\n | (", node.KindInput, "line 2, column 5"},
		{"nope", node.KindInput, "nope"},
		{"$nope", node.KindInput, "$nope"},
		{`import "a" as a; .`, node.KindInput, "cannot be compiled"},
		{`input`, node.KindInput, "input"},
		{"1 | .a", node.KindError, "expected an object"},
		{`error({"why": 1})`, node.KindError, "why"},
		{`"bye" | halt_error`, node.KindError, "bye"},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			_, _, err := do(t, worker.JQ, tt.code, nil)
			var f *node.Failure
			if !errors.As(err, &f) || f.Kind != tt.kind || !strings.Contains(f.Message, tt.want) {
				t.Errorf("got %v, want %s %q", err, tt.kind, tt.want)
			}
		})
	}
}

func TestRunnerLimits(t *testing.T) {
	t.Parallel()
	input := func(c worker.Config, j node.WorkerJob) string {
		t.Helper()
		_, err := runner(c).Do(t.Context(), j)
		var f *node.Failure
		if !errors.As(err, &f) || f.Kind != node.KindInput {
			t.Errorf("got %v", err)
			return ""
		}
		return f.Message
	}
	if got := input(worker.Config{MaxMemory: 1 << 30}, node.WorkerJob{Memory: 2 << 30}); !strings.Contains(got, "asks for 2 GiB of memory; it may have 1 GiB") {
		t.Error(got)
	}
	if got := input(worker.Config{}, node.WorkerJob{Timeout: 2 * time.Hour}); !strings.Contains(got, "asks for 2h0m0s") {
		t.Error(got)
	}
	if got := input(worker.Config{MaxInput: 1000}, node.WorkerJob{Code: strings.Repeat(" ", 2048)}); !strings.Contains(got, "more than the 1000 bytes") {
		t.Error(got)
	}
	if got := input(worker.Config{MaxResult: 1000}, node.WorkerJob{Language: "javascript", Code: "'x'.repeat(2000)"}); !strings.Contains(got, "more than the 1000 bytes") {
		t.Error(got)
	}
	if got := input(worker.Config{}, node.WorkerJob{Language: "cobol"}); !strings.Contains(got, `"cobol"`) {
		t.Error(got)
	}
}

func TestRunnerChildFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		arg, code, want string
	}{
		{"crash", worker.CodeCrash, "exit code 3: something broke)"},
		{"garbage", worker.CodeCrash, "without an answer"},
	}
	for _, tt := range tests {
		_, err := runner(worker.Config{Args: []string{tt.arg}, MaxResult: 1000}).Do(t.Context(), node.WorkerJob{})
		var f *node.Failure
		if !errors.As(err, &f) || f.Code != tt.code || !strings.Contains(f.Message, tt.want) {
			t.Errorf("%s: got %v", tt.arg, err)
		}
	}
	_, err := worker.NewRunner(worker.Config{Path: "/no/such/aether"}).Do(t.Context(), node.WorkerJob{})
	if node.AsFailure(err).Kind != node.KindNotFound {
		t.Errorf("got %v", err)
	}
}

func TestRunnerCancel(t *testing.T) {
	t.Parallel()
	r := runner(worker.Config{Args: []string{"hang"}, Jobs: 1})
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	for range 2 { // one runs, one waits for its turn
		go func() {
			_, err := r.Do(ctx, node.WorkerJob{})
			errs <- err
		}()
	}
	cancel()
	for range 2 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

func TestJobsDoNotMeet(t *testing.T) {
	t.Parallel()
	r := runner(worker.Config{Jobs: 2})
	errs := make(chan error)
	for i := range 8 {
		go func() {
			v, err := r.Do(t.Context(), node.WorkerJob{Language: worker.JavaScript, Code: "globalThis.n = (globalThis.n || 0) + 1; Object.prototype.p = (Object.prototype.p || 0) + 1; i + ':' + n + ':' + {}.p", Input: map[string]any{"i": i}})
			if err == nil && !strings.HasSuffix(v.(string), ":1:1") {
				err = errors.New(v.(string))
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}
