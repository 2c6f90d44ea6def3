package heal

import (
	"fmt"
	"testing"
)

// big is a page of about a thousand elements.
func big() *build {
	var rows []string
	for i := range 240 {
		rows = append(rows, fmt.Sprintf("Customer %d of the list", i))
	}
	return shop(rows...)
}

func BenchmarkPrepare(b *testing.B) {
	p := big()
	b.ReportMetric(float64(len(p.page.Elements)), "elements")
	for b.Loop() {
		Prepare(&p.page)
	}
}

func BenchmarkFind(b *testing.B) {
	p := big()
	q := Prepare(&p.page)
	w := wanted(p, p.text("button", "Save customer"), "click")
	for b.Loop() {
		q.Find(w)
	}
}

func BenchmarkVerify(b *testing.B) {
	p := big()
	q := Prepare(&p.page)
	i := p.text("button", "Save customer")
	w := wanted(p, i, "click")
	for b.Loop() {
		q.Verify(w, i)
	}
}

func BenchmarkSame(b *testing.B) {
	x := shop("Ada").page.Elements
	p, q := x[12].Print, x[14].Print
	for b.Loop() {
		Same(p, q)
	}
}
