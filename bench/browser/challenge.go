package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/testsite/challenge"
	"github.com/aether-rpa/aether/selector"
)

// challengeFlow does the rounds of the challenge: the seven fields found by their labels, a node each, or all of them
// by one node.
func (b *bench) challengeFlow(form bool) string {
	var nodes, edges []string
	add := func(typ, params string) {
		id := fmt.Sprint("n", len(nodes))
		if len(nodes) > 0 {
			edges = append(edges, fmt.Sprintf("n%d -> %s", len(nodes)-1, id))
		}
		nodes = append(nodes, fmt.Sprintf("- {id: %s, type: %s, params: %s}", id, typ, params))
	}
	add("web.goto", fmt.Sprintf("{url: %q}", b.url+"/challenge/a/"))
	add("web.click", `{target: 'role=button[name="Start"]'}`)
	for _, p := range challenge.People() {
		var fields []string
		for _, f := range challenge.Fields {
			if !form {
				add("web.fill", fmt.Sprintf("{target: %q, value: %q}", "label="+f.String(), p[f]))
			}
			fields = append(fields, fmt.Sprintf("%q: %q", "label="+f.String(), p[f]))
		}
		if form {
			add("web.fill_form", fmt.Sprintf(`{fields: {%s}, submit: 'role=button[name="Submit"]'}`, strings.Join(fields, ", ")))
		} else {
			add("web.click", `{target: 'role=button[name="Submit"]'}`)
		}
	}
	return "aether: 1\nname: challenge\nnodes:\n" + strings.Join(nodes, "\n") + "\nedges: [" + strings.Join(edges, ", ") + "]\n"
}

// challenge measures the input-forms challenge by the site's own clock, from Start to the last submit.
func (b *bench) challenge(ctx context.Context) (err error) {
	r, err := b.robot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	said := ""
	play := func(form bool) func(context.Context) (float64, error) {
		src := b.challengeFlow(form)
		return func(ctx context.Context) (float64, error) {
			b.ledger.Reset()
			if _, _, err := r.run(ctx, src, true, nil); err != nil {
				return 0, err
			}
			said = r.t.per(challenge.Rounds)
			return b.clock()
		}
	}
	o := &own{b: b}
	if err := o.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	rounds := 20
	if b.quick {
		rounds = 5
	}
	for _, v := range []struct {
		what string
		aim  float64
		form bool
	}{{"10 × (7 web.fill + web.click)", 1000, false}, {"10 × web.fill_form", 200, true}} {
		what := fmt.Sprintf("RPA challenge, ten rounds, %s, recorded on SQLite (median of %d)", v.what, rounds)
		if err := b.compare(ctx, what, rounds, aims{"": v.aim}, []cell{
			{"the flow", play(v.form)},
			{o.alone(), func(ctx context.Context) (float64, error) {
				b.ledger.Reset()
				if err := o.enter(ctx, b.url, v.form); err != nil {
					return 0, err
				}
				return b.clock()
			}},
		}); err != nil {
			return err
		}
		b.note("A round of %s costs %s.", strings.TrimPrefix(v.what, "10 × "), said)
	}
	return nil
}

// clock is how long the challenge took by the clock of the site, which must have given all points.
func (b *bench) clock() (float64, error) {
	all := b.ledger.All("challenge.done")
	if len(all) != 1 {
		return 0, errors.New("the challenge was not finished")
	}
	e := all[0]
	if e.Facts["points"] != strconv.Itoa(challenge.Points) {
		return 0, fmt.Errorf("the site gives %s of %d points", e.Facts["points"], challenge.Points)
	}
	return strconv.ParseFloat(e.Facts["ms"], 64)
}

// enter does the challenge by the driver alone.
func (o *own) enter(ctx context.Context, url string, form bool) error {
	if err := o.ctx.ClearCookies(ctx); err != nil { // a visitor of its own, as each run is
		return err
	}
	if err := o.open(ctx, url+"/challenge/a/"); err != nil {
		return err
	}
	press := func(name string) error {
		_, err := o.page.Click(ctx, selector.Must(`role=button[name="`+name+`"]`), browser.Click{})
		return err
	}
	if err := press("Start"); err != nil {
		return err
	}
	for _, p := range challenge.People() {
		var fields []browser.FormField
		for _, f := range challenge.Fields {
			t := selector.Must("label=" + f.String())
			fields = append(fields, browser.FormField{Target: t, Value: p[f]})
			if form {
				continue
			}
			if _, err := o.page.Fill(ctx, t, p[f]); err != nil {
				return err
			}
		}
		if form {
			if _, err := o.page.Form(ctx, fields); err != nil {
				return err
			}
		}
		if err := press("Submit"); err != nil {
			return err
		}
	}
	return nil
}
