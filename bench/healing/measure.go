package main

import (
	"slices"
	"time"

	"github.com/aether-rpa/aether/heal"
)

// result counts what a method did.
type result struct {
	name                         string
	present, first               int // elements that are there, and right at rank 1
	healed, wrong, wrongTwin     int
	gone, accepted, acceptedTwin int
	took                         []time.Duration
	sure                         []sure
}

// sure is a probability and whether it was right.
type sure struct {
	p     float64
	right bool
}

// see counts an answer for an element that is there.
func (r *result) see(s *site, t *pair, best int, healed bool) {
	r.present++
	ok := right(s.Cands, best, t.Truth)
	if ok {
		r.first++
	}
	switch {
	case !healed:
	case ok:
		r.healed++
	case twin(s.Cands, best, s.Cands, t):
		r.wrongTwin++
	default:
		r.wrong++
	}
}

// miss counts an answer for an element that is not there.
func (r *result) miss(s *site, t *pair, nodes []node, best int, healed bool) {
	r.gone++
	switch {
	case !healed:
	case twin(nodes, best, s.Cands, t):
		r.acceptedTwin++
	default:
		r.accepted++
	}
}

// quantile is the time that a share of the searches did not exceed.
func (r *result) quantile(q float64) time.Duration {
	slices.Sort(r.took)
	if len(r.took) == 0 {
		return 0
	}
	return r.took[min(int(q*float64(len(r.took))), len(r.took)-1)]
}

// rivalsOf measures the methods that Aether is compared with.
func rivalsOf(f *file, say func(string)) []*result {
	var out []*result
	for _, p := range peers {
		say(p.name)
		r := &result{name: p.name}
		for _, s := range f.sites {
			find := p.prepare(s.Cands)
			for i := range s.Pairs {
				t := &s.Pairs[i]
				if t.Truth >= 0 {
					start := worked()
					best, healed := find(&t.Target, nil)
					r.took = append(r.took, worked()-start)
					r.see(s, t, best, healed)
				}
				if best, healed := find(&t.Target, s.gone[i]); best >= 0 {
					r.miss(s, t, s.Cands, best, healed)
				}
			}
		}
		out = append(out, r)
	}
	return out
}

// own measures Aether: one element at a time; the same knowing the other targets of the page; and all targets of a page
// together.
func own(f *file, models func(*site) *heal.Model, say func(string)) []*result {
	alone, knowing, together := &result{name: "**Aether**, one at a time"}, &result{name: "**Aether**, knowing the others"}, &result{name: "**Aether**, one-to-one"}
	for _, s := range f.sites {
		say(s.Name)
		m := models(s)
		ws := s.wanted()
		with := make([]heal.Wanted, len(ws))
		for i := range ws {
			with[i] = ws[i]
			for k := range ws {
				if k != i {
					with[i].Others = append(with[i].Others, ws[k].Print)
				}
			}
		}
		p := m.Prepare(s.page)
		start := worked()
		all := p.Match(ws)
		each := (worked() - start) / time.Duration(max(len(ws), 1))
		for i := range s.Pairs {
			t, g := &s.Pairs[i], s.removed(i)
			if t.Truth >= 0 {
				look := func(r *result, w heal.Wanted) {
					start := worked()
					v := p.Find(w)
					r.took = append(r.took, worked()-start)
					r.see(s, t, v.Best, v.Decision == heal.Heal)
					r.sure = append(r.sure, sure{v.P, right(s.Cands, v.Best, t.Truth)})
				}
				look(alone, ws[i])
				look(knowing, with[i])
				together.took = append(together.took, each)
				together.see(s, t, all[i].Best, all[i].Decision == heal.Heal)
				together.sure = append(together.sure, sure{all[i].P, right(s.Cands, all[i].Best, t.Truth)})
			}
			q := m.Prepare(g.page)
			miss := func(r *result, v heal.Verdict) {
				r.miss(s, t, g.nodes, v.Best, v.Decision == heal.Heal)
				if v.Best < 0 || !twin(g.nodes, v.Best, s.Cands, t) {
					r.sure = append(r.sure, sure{v.P, false})
				}
			}
			miss(alone, q.Find(ws[i]))
			miss(knowing, q.Find(with[i]))
			miss(together, q.Match(ws)[i])
		}
	}
	return []*result{alone, knowing, together}
}

// resolved counts what an old selector found on the new page, and what the check said of it.
type resolved struct {
	name                         string
	right, alarms, wrong, caught int
}

// silent measures the check of elements that a selector still finds.
func silent(f *file, models func(*site) *heal.Model) []*resolved {
	paths := []struct {
		name string
		of   func(n *node) string
	}{
		{"absolute XPath", func(n *node) string { return n.XPath }},
		{"XPath from an id, absolute where none is around", func(n *node) string { return n.IDXPath }},
	}
	out := make([]*resolved, len(paths))
	for k := range paths {
		out[k] = &resolved{name: paths[k].name}
	}
	for _, s := range f.sites {
		p := models(s).Prepare(s.page)
		for i := range s.Pairs {
			t := &s.Pairs[i]
			if t.Truth < 0 {
				continue
			}
			for k, path := range paths {
				old := path.of(&t.Target)
				found := slices.IndexFunc(s.Cands, func(n node) bool { return path.of(&n) == old })
				if old == "" || found < 0 {
					continue
				}
				agrees := p.Verify(heal.Wanted{Print: t.Target.print(), Action: "click"}, found).Agrees
				r := out[k]
				switch ok := right(s.Cands, found, t.Truth); {
				case ok && agrees:
					r.right++
				case ok:
					r.right++
					r.alarms++
				case agrees:
					r.wrong++
				default:
					r.wrong++
					r.caught++
				}
			}
		}
	}
	return out
}

// speed is how long a page of a thousand elements takes, cut together of the pages of a file.
func speed(f *file) (elements int, prepare, find *result) {
	var nodes []node
	var targets []heal.Wanted
	for _, s := range f.sites {
		if len(s.Cands) < 200 {
			continue
		}
		nodes = append(nodes, s.Cands[:min(len(s.Cands), 1000-len(nodes))]...)
		targets = append(targets, s.wanted()...)
		if len(nodes) == 1000 {
			break
		}
	}
	page := pageOf(nodes)
	prepare, find = &result{}, &result{}
	for range 50 {
		start := worked()
		heal.Prepare(page)
		prepare.took = append(prepare.took, worked()-start)
	}
	p := heal.Prepare(page)
	for range 5 {
		for _, w := range targets[:min(len(targets), 100)] {
			start := worked()
			p.Find(w)
			find.took = append(find.took, worked()-start)
		}
	}
	return len(nodes), prepare, find
}
