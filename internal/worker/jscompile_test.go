package worker

import (
	"errors"
	"strings"
	"testing"
)

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"", "1", "return (1)", "(await 1).x", "await 1\n(2)", "await x; ((a, b))", "}); (async()=>{", "await 1; /* ( */ 2", "let let\nreturn", "await `\n${(1)}`", "\ufeffawait 1", "// await\n(", "await 1\n;[1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		if len(code) > 10_000 {
			return
		}
		_, err := compile(code)
		var at *syntaxError
		if !errors.As(err, &at) {
			if err != nil {
				t.Fatalf("got %v without a place", err)
			}
			return
		}
		if lines := strings.Count(code, "\n") + 1; at.line < 1 || at.line > lines || at.column < 1 {
			t.Errorf("got line %d of %d, column %d", at.line, lines, at.column)
		}
	})
}
