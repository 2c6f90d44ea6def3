package worker_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/worker"
	"github.com/aether-rpa/aether/node"
)

// hostile are scripts that try to take more than they may; each ends with one
// of the codes or kinds.
var hostile = []struct {
	name, language, code string
	want                 string // codes or kinds, with | between
}{
	{"repeat", worker.JavaScript, "'x'.repeat(2**30)", "memory"},
	{"repeat often", worker.JavaScript, "let a = []; for (;;) a.push('x'.repeat(1e6) + a.length)", "memory"},
	{"double", worker.JavaScript, "let s = 'ab'; for (;;) s += s", "memory|script"},
	{"array grows", worker.JavaScript, "let a = []; for (;;) a.push({a})", "memory"},
	{"array of holes", worker.JavaScript, "new Array(2**32 - 1).fill(0)", "memory|timeout"},
	{"array buffer", worker.JavaScript, "new Uint8Array(2**31 - 1)", "memory|script"},
	{"map grows", worker.JavaScript, "const m = new Map(); for (let i = 0;; i++) m.set(i, [i])", "memory"},
	{"join", worker.JavaScript, "new Array(1e9).join('abc')", "memory|timeout"},
	{"pad", worker.JavaScript, "'x'.padEnd(2**30, 'y')", "memory"},
	{"concat in a loop", worker.JavaScript, "let a = [1]; for (;;) a = a.concat(a)", "memory"},
	{"json", worker.JavaScript, "let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; a", "memory|timeout"},
	{"closures", worker.JavaScript, "let f = () => 1; for (;;) { const g = f; f = () => g() }", "memory"},
	{"bigint", worker.JavaScript, "let n = 3n; for (;;) n = n * n", "memory|timeout|script"},
	{"promises", worker.JavaScript, "const f = () => Promise.resolve().then(f); await f()", "timeout|memory"},
	{"timers", worker.JavaScript, "const f = () => { setTimeout(f, 0); setTimeout(f, 0) }; f(); await new Promise(() => {})", "timeout|memory"},
	{"console", worker.JavaScript, "for (;;) console.log('x'.repeat(1000))", "timeout"},
	{"endless loop", worker.JavaScript, "for (;;) {}", "timeout"},
	{"endless loop in catch", worker.JavaScript, "for (;;) { try { for (;;) {} } catch (e) {} finally { continue } }", "timeout"},
	{"endless generator", worker.JavaScript, "function* g() { for (;;) yield 1 }; for (const x of g()) {}", "timeout"},
	{"endless result", worker.JavaScript, "({toJSON() { for (;;) {} }})", "timeout"},
	{"endless error", worker.JavaScript, "throw {toJSON() { for (;;) {} }}", "timeout|script"},
	{"regex with a look-ahead", worker.JavaScript, "/^(?=(a+)+$)\\1b/.test('a'.repeat(40) + 'c')", "timeout"},
	{"regex with a back-reference", worker.JavaScript, "/^(a|a?)+\\1$/.test('a'.repeat(60) + '!')", "timeout"},
	{"sort", worker.JavaScript, "Array.from({length: 1e5}, (_, i) => i).sort(() => { for (;;) {} })", "timeout"},
	{"recursion", worker.JavaScript, "function f() { return f() + 1 }; f()", "recursion"},
	{"recursion through map", worker.JavaScript, "function f() { return [1].map(f) }; f()", "recursion"},
	{"recursion through toString", worker.JavaScript, "const o = {toString() { return '' + o }}; '' + o", "recursion"},
	{"recursion through a proxy", worker.JavaScript, "let p = {}; for (let i = 0; i < 1e6; i++) p = new Proxy(p, {}); p.x", "recursion|memory|timeout"},
	{"recursion through json", worker.JavaScript, "let a = []; for (let i = 0; i < 1e6; i++) a = [a]; a", "recursion|memory|timeout|result"},
	{"recursion through getters", worker.JavaScript, "const o = {get x() { return this.x }}; o.x", "recursion"},
	{"nested code", worker.JavaScript, "eval('('.repeat(2e6))", "recursion|memory|timeout|script"},
	{"nested regex", worker.JavaScript, "new RegExp('('.repeat(1e6) + ')'.repeat(1e6))", "recursion|memory|timeout|script"},
	{"prototype of everything", worker.JavaScript, "Object.prototype.toJSON = () => { for (;;) {} }; Array.prototype.map = null; ({})", "timeout"},
	{"helpers replaced", worker.JavaScript, "JSON.stringify = JSON.parse = Object.fromEntries = Array.from = () => { throw 1 }; Map.prototype[Symbol.iterator] = () => { throw new Error('mine') }; new Map([[1, 2]])", "result|script"},
	{"constructor", worker.JavaScript, "console.log.constructor('return this')().process.exit()", "script"},
	{"huge result", worker.JavaScript, "'x'.repeat(2e7)", "result|memory"},
	{"jq text", worker.JQ, `"x" * 2000000000`, "memory|script"},
	{"jq list", worker.JQ, "[range(infinite)]", "memory"},
	{"jq endless", worker.JQ, "last(range(infinite))", "timeout"},
	{"jq outputs", worker.JQ, "repeat(1)", "result|memory"},
	{"jq large outputs", worker.JQ, `repeat("x" * 10000)`, "memory|result|timeout"},
	{"jq recursion", worker.JQ, "def f: 1 + f; f", "memory|timeout"},
	{"jq tail recursion", worker.JQ, "def f: f; f", "timeout"},
	{"jq doubling", worker.JQ, "reduce range(60) as $i ([1]; . + .)", "memory"},
	{"jq regex", worker.JQ, `("a" * 100000) | [scan("(a*)*b")] | length | until(false; .)`, "timeout|memory"},
	{"jq huge index", worker.JQ, `[] | .[2000000000] = 1`, "memory|script"},
	{"jq nested code", worker.JQFirst, "JQ_NESTED", "memory|timeout|recursion|syntax"},
}

func TestHostile(t *testing.T) {
	if worker.UnderRace {
		t.Skip("the race detector's memory cannot be limited")
	}
	before := heap()
	r := runner(worker.Config{Jobs: 8})
	t.Run("scripts", func(t *testing.T) {
		for _, tt := range hostile {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				code := tt.code
				if code == "JQ_NESTED" {
					code = nested(1 << 20)
				}
				timeout := 20 * time.Second
				if strings.Contains(tt.want, "timeout") {
					timeout = 100 * time.Millisecond
				}
				began := time.Now()
				_, err := r.Do(t.Context(), node.WorkerJob{Language: tt.language, Code: code, Memory: 16 << 20, Timeout: timeout})
				var f *node.Failure
				if !errors.As(err, &f) {
					t.Fatalf("got %v, want a failure", err)
				}
				got := f.Code
				if f.Kind == node.KindTimeout {
					got = "timeout"
				}
				if !slices.Contains(strings.Split(tt.want, "|"), got) {
					t.Errorf("got %s: %.300s, want %s", got, f.Message, tt.want)
				}
				if got == worker.CodeMemory && (f.Kind != node.KindError || !f.Permanent) {
					t.Errorf("got %+v", f)
				}
				t.Logf("%s after %s: %.200s", got, time.Since(began), f.Message)
			})
		}
	})
	if grown := int64(heap()) - int64(before); grown > 100<<20 {
		t.Errorf("the parent grew by %d MiB", grown>>20)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

func nested(n int) string {
	b := make([]byte, 2*n)
	for i := range n {
		b[i], b[2*n-1-i] = '[', ']'
	}
	return string(b)
}

// children returns the processes whose parent this one is.
func children(t *testing.T) []string {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/status")
	var out []string
	for _, p := range stats {
		b, err := os.ReadFile(p)
		if err == nil && strings.Contains(string(b), "\nPPid:\t"+strconv.Itoa(os.Getpid())+"\n") {
			out = append(out, p)
		}
	}
	return out
}
