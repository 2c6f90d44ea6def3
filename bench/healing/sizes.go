package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/internal/healtest"
)

// workPage is a page of an office program with about n elements: a menu, a form, and a table that fills it up.
func workPage(n int) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><title>Invoices</title><style>td,th{padding:2px 8px}</style><header><nav><ul>`)
	for i := range 20 {
		fmt.Fprintf(&b, `<li class="nav-item"><a href="/part/%d" class="nav-link">Part %s of it</a></li>`, i, word(i))
	}
	b.WriteString(`</ul></nav></header><main><h1>Invoices</h1><section><h2>Search</h2><form name="search">`)
	for i := range 20 {
		fmt.Fprintf(&b, `<div class="row"><label for="f%d">Field %s</label><input id="f%d" name="field%d"></div>`, i, word(i), i, i)
	}
	b.WriteString(`<button type="submit">Search</button></form></section><section><h2>Found</h2><table><thead><tr><th>Number</th><th>Vendor</th><th>Amount</th><th>Due</th><th></th></tr></thead><tbody>`)
	for i := 0; 125+8*i < n; i++ {
		fmt.Fprintf(&b, `<tr data-row="%d"><td>INV-%05d</td><td><a href="/vendor/%d">Vendor %s %d</a></td><td class="num">%d.%02d</td><td>2026-%02d-%02d</td><td><button class="btn btn-small">Open</button></td></tr>`,
			i, i*7, i, word(i*13), i, i*37, i%100, i%12+1, i%28+1)
	}
	b.WriteString(`</tbody></table></section></main>`)
	return b.String()
}

// word is a word by number.
func word(i int) string {
	parts := []string{"ka", "lo", "mi", "nu", "re", "sa", "ti", "vo"}
	return parts[i%8] + parts[i/8%8] + parts[i/64%8]
}

// sizes says how long pages of so many elements take: looking at them in the browser, and what comes after.
func (r *pageReport) sizes(ctx context.Context, p *browser.Page) error {
	fmt.Fprint(&r.b, "\n### Time\n\nA page with a menu, a form and a long table. *In the page* is what the page's thread is busy with, *until it is here* the same with the way to the program and reading it; both are wall-clock time on a machine that may be busy, the fastest and the middle of 40; the others are processor time. The aims are 20 ms to prepare 1,000 elements, 30 ms for all of a search among 2,000 and 5 ms for one element.\n\n| elements | in the page, fastest | p50 | until it is here, fastest | p50 | preparing, p50 | p95 | one element, p50 | p95 |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, n := range []int{1000, 2000} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(workPage(n)))
		}))
		err := r.size(ctx, p, srv.URL)
		srv.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *pageReport) size(ctx context.Context, p *browser.Page, url string) error {
	if _, err := p.Goto(ctx, url, browser.Loaded); err != nil {
		return err
	}
	var inside, whole, prepare, find []time.Duration
	var all *browser.Prints
	for range 40 {
		var ms float64
		if err := p.Eval(ctx, p.Frames()[0].ID, "(() => { const t = performance.now(); __aether.prints(); return performance.now() - t; })()", &ms); err != nil {
			return err
		}
		inside = append(inside, time.Duration(ms*float64(time.Millisecond)))
		start := time.Now()
		var err error
		if all, err = p.Prints(ctx); err != nil {
			return err
		}
		whole = append(whole, time.Since(start))
		start0 := worked()
		heal.Prepare(&all.Page)
		prepare = append(prepare, worked()-start0)
	}
	tables := heal.Prepare(&all.Page)
	for i := 0; i < len(all.Elements); i += 5 {
		was := all.Elements[i].Print
		start := worked()
		tables.Find(heal.Wanted{Print: was, Action: healtest.Action(&was)})
		find = append(find, worked()-start)
	}
	ms := func(list []time.Duration, q float64) string {
		slices.Sort(list)
		return fmt.Sprintf("%.1f ms", float64(list[int(q*float64(len(list)-1))])/float64(time.Millisecond))
	}
	fmt.Fprintf(&r.b, "| %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", len(all.Elements), ms(inside, 0), ms(inside, 0.5), ms(whole, 0), ms(whole, 0.5), ms(prepare, 0.5), ms(prepare, 0.95), ms(find, 0.5), ms(find, 0.95))
	return nil
}
