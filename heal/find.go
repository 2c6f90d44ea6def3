package heal

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// scores are the comparisons of one wanted element with all elements of a page.
type scores struct {
	seek  *seeker
	laid  bool
	z     []float64 // -Inf for what cannot be meant
	order []int     // elements by falling z, then in the order of the page
	shift float64   // log of the sum of exp(z)
}

// score compares a wanted element with all elements.
func (p *Prepared) score(w *Wanted) *scores {
	s := &scores{seek: p.seek(&w.Print), z: make([]float64, len(p.recs))}
	s.laid = p.laid && s.seek.want.laidOut
	weights := p.model.ranks(s.laid)
	var v vector
	s.order = make([]int, 0, len(p.recs))
	for i := range p.recs {
		if !p.may[i] {
			s.z[i] = math.Inf(-1)
			continue
		}
		s.seek.compare(i, &v)
		s.z[i] = dot(&v, weights)
		s.order = append(s.order, i)
	}
	s.sort()
	return s
}

func dot(v *vector, w *[features]float64) float64 {
	sum := 0.0
	for i, x := range v {
		sum += x * w[i]
	}
	return sum
}

// sort orders the elements and finds the sum of the softmax. Elements with the same score stand in the order of their
// paths, so that the order of the page's list does not matter.
func (s *scores) sort() {
	e := s.seek.p.page.Elements
	slices.SortFunc(s.order, func(a, b int) int {
		if c := cmp.Compare(s.z[b], s.z[a]); c != 0 {
			return c
		}
		if c := strings.Compare(e[a].Path, e[b].Path); c != 0 {
			return c
		}
		if c := slices.Compare(e[a].Shadow, e[b].Shadow); c != 0 {
			return c
		}
		return cmp.Or(strings.Compare(e[a].Frame, e[b].Frame), cmp.Compare(a, b))
	})
	if len(s.order) == 0 {
		return
	}
	top, sum := s.z[s.order[0]], 0.0
	for _, i := range s.order {
		sum += math.Exp(s.z[i] - top)
	}
	s.shift = top + math.Log(sum)
}

// share is the part of an element in the softmax of the page.
func (s *scores) share(i int) float64 { return math.Exp(s.z[i] - s.shift) }

// Find looks for one element.
func (p *Prepared) Find(w Wanted) Verdict {
	s := p.score(&w)
	if len(s.order) == 0 {
		return Verdict{Best: -1, Decision: Abstain}
	}
	taken := func(i int) bool { return slices.Contains(w.Claimed, i) }
	best := s.order[0]
	for _, i := range s.order {
		if !taken(i) {
			best = i
			break
		}
	}
	return p.decide(&w, s, best, taken)
}

// top are the best elements of which none is equivalent to another, with the evidence.
func (p *Prepared) top(s *scores, best, n int) []Candidate {
	var out []Candidate
	take := func(i int) {
		for _, c := range out {
			if p.equivalent(c.Element, i) {
				return
			}
		}
		out = append(out, Candidate{Element: i, Score: s.z[i], Share: s.share(i), Evidence: p.evidence(s, i)})
	}
	take(best)
	for k := 0; k < len(s.order) && len(out) < n; k++ {
		if s.order[k] != best {
			take(s.order[k])
		}
	}
	return out
}

func (p *Prepared) evidence(s *scores, i int) []Evidence {
	var v vector
	s.seek.compare(i, &v)
	weights := p.model.ranks(s.laid)
	out := make([]Evidence, 0, 16)
	for f, x := range v {
		if x != 0 && weights[f] != 0 {
			out = append(out, Evidence{Feature: featureNames[f], Value: round(x), Weight: round(x * weights[f])})
		}
	}
	slices.SortStableFunc(out, func(a, b Evidence) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	return out
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }
