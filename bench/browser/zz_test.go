package main

import (
	"context"
	"fmt"
	"testing"
	"time"
	"os"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/testsite/challenge"
	"github.com/aether-rpa/aether/internal/testsite/ledger"
	"github.com/aether-rpa/aether/selector"
)

func TestZ(t *testing.T) {
	ctx := context.Background()
	b := &bench{dir: t.TempDir(), ledger: ledger.New(nil)}
	b.path, _ = cdp.Find()
	b.url, _, _ = b.site()
	o := &own{b: b}
	if err := o.start(ctx); err != nil {
		t.Fatal(err)
	}
	defer o.close()
	_ = os.Stdout
	for range 3 {
		o.ctx.ClearCookies(ctx)
		o.open(ctx, b.url+"/challenge/a/")
		o.page.Click(ctx, selector.Must(`role=button[name="Start"]`), browser.Click{})
		for _, p := range challenge.People() {
			var fields []browser.FormField
			for _, f := range challenge.Fields {
				fields = append(fields, browser.FormField{Target: selector.Must("label=" + f.String()), Value: p[f]})
			}
			t0 := time.Now()
			if _, err := o.page.Form(ctx, fields); err != nil {
				t.Fatal(err)
			}
			t1 := time.Now()
			var f float64
			main := o.page.Frames()[0].ID
			o.page.Eval(ctx, main, `(() => { const a = performance.now(); for (let i = 0; i < 20; i++) __aether.finds({queries:[{by:'label',value:'Email'}]}); return (performance.now()-a)/20 })()`, &f)
			var g float64
			o.page.Eval(ctx, main, `(() => { const a = performance.now(); for (let i = 0; i < 20; i++) __aether.finds({queries:[{by:'role',value:'button',name:'Submit'}]}); return (performance.now()-a)/20 })()`, &g)
			var h float64
			o.page.Eval(ctx, main, `(async () => { const a = performance.now(); for (let i = 0; i < 5; i++) await __aether.of.macrotask(); return (performance.now()-a)/5 })()`, &h)
			t2 := time.Now()
			if _, err := o.page.Click(ctx, selector.Must(`role=button[name="Submit"]`), browser.Click{}); err != nil {
				t.Fatal(err)
			}
			fmt.Println("form", t1.Sub(t0).Round(100*time.Microsecond), "find label", f, "role", g, "macrotask", h, "click", time.Since(t2).Round(100*time.Microsecond))
		}
	}
}
