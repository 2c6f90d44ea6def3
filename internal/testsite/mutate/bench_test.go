package mutate_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/testsite/mutate"
)

// BenchmarkPage is what a level costs for a table of ten thousand rows.
func BenchmarkPage(b *testing.B) {
	text := "<!doctype html><table>" + strings.Repeat("<tr class=row><td>1</td><td>Amber</td><td>Aarhus</td><td><a href=#>Pick</a></td></tr>", 10_000) + "</table>"
	for _, level := range []int{0, mutate.MaxLevel} {
		b.Run(strconv.Itoa(level), func(b *testing.B) {
			m := mutate.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = io.WriteString(w, text)
			}))
			if err := m.Set(level, 1); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				m.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			}
		})
	}
}
