package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/internal/testsite/challenge"
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
	play := func(form bool) func(context.Context) (float64, error) {
		src := b.challengeFlow(form)
		return func(ctx context.Context) (float64, error) {
			b.ledger.Reset()
			if _, _, err := r.run(ctx, src, true, nil); err != nil {
				return 0, err
			}
			for _, e := range b.ledger.All("challenge.done") {
				if e.Facts["points"] != strconv.Itoa(challenge.Points) {
					return 0, fmt.Errorf("the site gives %s of %d points", e.Facts["points"], challenge.Points)
				}
				return strconv.ParseFloat(e.Facts["ms"], 64)
			}
			return 0, errors.New("the challenge was not finished")
		}
	}
	rounds := 20
	if b.quick {
		rounds = 5
	}
	for _, v := range []struct {
		what, aim string
		form      bool
	}{{"10 × (7 web.fill + web.click)", "< 1 s", false}, {"10 × web.fill_form", "< 200 ms", true}} {
		what := fmt.Sprintf("RPA challenge, ten rounds, %s, recorded on SQLite (median of %d)", v.what, rounds)
		if err := b.compare(ctx, what, rounds, map[string]string{"": v.aim}, []cell{{"the flow", play(v.form)}}); err != nil {
			return err
		}
	}
	return nil
}
