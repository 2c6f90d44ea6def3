package expr_test

import (
	"testing"

	"github.com/aether-rpa/aether/expr"
)

func BenchmarkEval(b *testing.B) {
	for _, text := range []string{
		"{{ vars.i }}", "{{ nodes.read.rows }}", "{{ vars.i + 1 }}", "{{ vars.i < 1000 }}", "row {{ vars.i }} of {{ vars.f }}",
		"{{ vars.rows[loop.index].name }}", "{{ upper(vars.s) }}", "{{ filter(vars.rows, .total > 10) | map(.name) }}", "{{ vars.n?.x ?? 'none' }}",
	} {
		tmpl, err := expr.Compile(text)
		if err != nil {
			b.Fatal(err)
		}
		r := root()
		r["vars"].(map[string]any)["i"] = 900
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tmpl.Eval(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			_, _ = expr.Compile("{{ vars.i + 1 }}")
		}
	})
	b.Run("error", func(b *testing.B) {
		for b.Loop() {
			_, _ = expr.Compile("{{ filter(vars.rows, .total > 10) | mapp(.name) }}")
		}
	})
}
