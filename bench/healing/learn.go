package main

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/heal"
)

// How the weights are fitted. The pull is towards the means below, which were set by hand and by themselves rank nearly
// as well; results are the same for pulls from 5 to 50.
const (
	rankPull   = 10.0
	acceptPull = 1.0
	rivals     = 60 // elements of a page that compete for a target while fitting
	groups     = 5  // parts of the sites that are left out in turn for the evidence of decisions
)

// means are what the weights are pulled to; all others to 0.
var means = map[string]float64{
	"tag": 0.5, "kind": 0.5, "id": 1.5, "id stem": 1.5, "id conflict": -0.3, "name": 2, "name conflict": -0.5,
	"href": 1, "href rarest": 1, "text": 1, "text words": 1, "text letters": 1, "text rarest": 1, "text other": -0.5,
	"words rarest": 1, "class held": 0.7, "numbers": -1, "near 300": 1, "path back": 1, "around": 1, "region conflict": -1,
}

// weighed is the evidence that decides, beside the ranking itself.
var weighed = []string{
	"bias", "score", "margin", "share", "has text", "has href", "has id", "conflict", "text", "text words", "text letters",
	"text rarest", "text none", "href", "href parts", "href rarest", "id", "id stem", "name", "kind", "tag", "around",
	"path back", "anchor back", "class held", "words rarest", "region conflict", "numbers", "shape", "near 300", "far y", "exact", "named", "twins", "text other", "text rare", "text held", "href other", "path front", "around held", "reach",
}

// lists are the competitions for all targets of some sites.
func lists(sites []*site) []*list {
	names, fit := heal.Features()
	var out []*list
	for _, s := range sites {
		p := heal.Prepare(s.page)
		for _, t := range s.Pairs {
			if t.Truth < 0 {
				continue
			}
			out = append(out, compete(p, s.Name, &t, names[:fit]))
		}
	}
	return out
}

// compete is one competition: the elements that look best at first sight, and the right one.
func compete(p *heal.Prepared, name string, t *pair, names []string) *list {
	type row struct {
		element int
		x       []float64
		z       float64
	}
	var rows []row
	p.Each(heal.Wanted{Print: t.Target.print()}, func(element int, f []float64) {
		r := row{element: element, x: slices.Clone(f[:len(names)])}
		for i, n := range names {
			r.z += means[n] * f[i]
		}
		rows = append(rows, r)
	})
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(b.z, a.z) })
	l := &list{site: name, truth: -1}
	for k, r := range rows {
		if k >= rivals && r.element != t.Truth {
			continue
		}
		if r.element == t.Truth {
			l.truth = len(l.rows)
		}
		l.rows = append(l.rows, r.x)
	}
	return l
}

// without are the competitions of all sites but some.
func without(all []*list, names ...string) []*list {
	var out []*list
	for _, l := range all {
		if l.truth >= 0 && !slices.Contains(names, l.site) {
			out = append(out, l)
		}
	}
	return out
}

// fitRank fits the weights of the ranking.
func fitRank(all []*list, start []float64) []float64 {
	names, fit := heal.Features()
	mean := make([]float64, fit)
	for i := range mean {
		mean[i] = means[names[i]]
	}
	return softmax(all, fit, rankPull, mean, start)
}

// weights are those of a ranking and, if it was fitted, of the decision.
type weights struct{ rank, yes []float64 }

// model is the program's with other weights, for pages with layout and for others.
func model(laid, flat weights) *heal.Model {
	w := heal.Shipped().Weights()
	w.Rank, w.Flat = named(laid.rank), named(flat.rank)
	if laid.yes != nil {
		w.Accept, w.AcceptFlat = chosen(laid.yes), chosen(flat.yes)
	}
	m, err := heal.New(w)
	if err != nil {
		panic(err) // the names are heal's own
	}
	return m
}

func named(w []float64) map[string]float64 {
	names, _ := heal.Features()
	out := make(map[string]float64, len(w))
	for i, x := range w {
		out[names[i]] = x
	}
	return out
}

func chosen(w []float64) map[string]float64 {
	out := make(map[string]float64, len(w))
	for i, n := range weighed {
		out[n] = w[i]
	}
	return out
}

// examples are the decisions that a model has to make on a site: every target once as the page is, and once with the
// right element taken away; one at a time and all together. Nothing is learned where a veto decides, and where a duplicate
// of a link was found, which is no fault.
func examples(s *site, m *heal.Model) []example {
	var out []example
	names := heal.Weighable()
	add := func(v heal.Verdict, nodes []node, t *pair, gone bool) {
		e := v.Weighed()
		if e == nil || len(v.Vetoes) > 0 || t.Truth < 0 {
			return
		}
		x := make([]float64, len(weighed))
		for i, n := range weighed {
			x[i] = e[slices.Index(names, n)]
		}
		yes := !gone && right(nodes, v.Best, t.Truth)
		if !yes && twin(nodes, v.Best, s.Cands, t) {
			return
		}
		out = append(out, example{site: s.Name, x: x, yes: yes, weight: 0.5})
	}
	p := m.Prepare(s.page)
	ws := s.wanted()
	all := p.Match(ws)
	for i, v := range all {
		add(v, s.Cands, &s.Pairs[i], false)
		add(p.Find(ws[i]), s.Cands, &s.Pairs[i], false)
	}
	for i := range s.Pairs {
		g := s.removed(i)
		q := m.Prepare(g.page)
		add(q.Find(ws[i]), g.nodes, &s.Pairs[i], true)
		w := ws[i]
		for k, v := range all {
			if j := g.at(v.Best); k != i && j >= 0 {
				w.Claimed = append(w.Claimed, j)
			}
		}
		add(q.Find(w), g.nodes, &s.Pairs[i], true)
	}
	return out
}

// fitAccept fits the decision to sites, each judged with a ranking that has not seen it. Nothing is learned from the
// sites of skip.
func fitAccept(sites []*site, all []*list, skip []string, start []float64) []float64 {
	var ex []example
	for g := range groups {
		w := weights{rank: fitRank(without(all, append(part(sites, g), skip...)...), start)}
		m := model(w, w)
		for k, s := range sites {
			if k%groups == g && !slices.Contains(skip, s.Name) {
				ex = append(ex, examples(s, m)...)
			}
		}
	}
	return logistic(ex, len(weighed), acceptPull)
}

// part are the names of one part of the sites.
func part(sites []*site, g int) []string {
	var out []string
	for k, s := range sites {
		if k%groups == g {
			out = append(out, s.Name)
		}
	}
	return out
}

// heldOut are weights by site. The ranking of each is fitted without that site, its decision without that site and the
// others of its part.
func heldOut(sites []*site, say func(string)) map[string]weights {
	all := lists(sites)
	start := fitRank(all, nil)
	out := map[string]weights{}
	for g := range groups {
		skip := part(sites, g)
		yes := fitAccept(sites, all, skip, start)
		for _, name := range skip {
			out[name] = weights{fitRank(without(all, name), start), yes}
		}
		say("fitted without " + strings.Join(skip, ", "))
	}
	return out
}

// train fits all weights to all sites.
func train(sites []*site, data string) heal.Weights {
	w := heal.Shipped().Weights()
	w.Data, w.Sites = data, nil
	for _, s := range sites {
		w.Sites = append(w.Sites, s.Name)
	}
	fit := func(sites []*site) (rank, accept map[string]float64) {
		all := lists(sites)
		start := fitRank(all, nil)
		return rounded(named(start)), rounded(chosen(fitAccept(sites, all, nil, start)))
	}
	w.Rank, w.Accept = fit(sites)
	var bare []*site
	for _, s := range sites {
		bare = append(bare, s.bare())
	}
	w.Flat, w.AcceptFlat = fit(bare)
	return w
}

// rounded leaves out what the data could not move and what needs a layout where there is none.
func rounded(w map[string]float64) map[string]float64 {
	for k, x := range w {
		w[k] = math.Round(x*1000) / 1000
	}
	return w
}
