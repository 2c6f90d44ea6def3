package heal

import (
	"math"
	"slices"

	"github.com/aether-rpa/aether/selector"
)

// better is how much higher the score of another element must be for the one that was found to be doubted.
const better = 0.9

// Verify says whether an element that the queries found is the one its print describes: no other element of the page
// fits better, and nothing that does not change by itself says that it is another one.
func (p *Prepared) Verify(w Wanted, element int) Check {
	if element < 0 || element >= len(p.recs) {
		return Check{Better: -1, Reason: "there is no such element"}
	}
	c := Check{Better: -1, Agrees: true, Same: p.model.same(&w.Print, &p.page.Elements[element].Print)}
	s := p.score(&w)
	if !p.may[element] {
		return c // it is hidden; whether that matters is for the action to say
	}
	for _, i := range s.order {
		if i == element || p.harmless(&w, element, i) {
			break
		}
		if d := s.z[i] - s.z[element]; d > better {
			c.Agrees, c.Better, c.Margin = false, i, d
			c.Reason = "another element of the page fits better what it looked like"
			return c
		}
	}
	var v vector
	s.seek.compare(element, &v)
	c.Reason = p.contradiction(&w, element, &v)
	c.Agrees = c.Reason == ""
	return c
}

// Against are the vetoes that speak against an element being the one that is wanted, whatever its rank.
func (p *Prepared) Against(w Wanted, element int) []string {
	if element < 0 || element >= len(p.recs) || !p.may[element] {
		return []string{VetoLost}
	}
	s := p.score(&w)
	taken := func(i int) bool { return slices.Contains(w.Claimed, i) }
	margin := 10.0
	if r := p.rival(&w, s, element, taken); r >= 0 {
		margin = math.Abs(s.z[element] - s.z[r]) // another one that looks the same speaks against it, not one that looks better
	}
	e := p.weigh(s, element, margin)
	return p.vetoes(&w, s, element, &e, margin, taken)
}

// contradiction is what says that an element is another one although no other fits better, "" if nothing does.
func (p *Prepared) contradiction(w *Wanted, element int, v *vector) string {
	t, c := &w.Print, &p.page.Elements[element].Print
	kind := p.recs[element].kind
	switch {
	case v[fTestIDConflict] > 0:
		return "it has the test id " + c.TestID + ", and not " + t.TestID
	case v[fRowConflict] > 0:
		return "it stands in the row of " + c.Row + ", and not of " + t.Row
	case p.refused(w, element):
		return "a person said that it is not the one"
	case !reading(w.Action) && (kind == kindLink || kind == kindButton) && v[fTextOther] > 0 && v[fHref] == 0 && v[fTestID] == 0 && v[fPath] == 0:
		return "it stands elsewhere and reads " + c.Text + ", and not " + t.Text
	}
	return ""
}

// reading says that an action only looks: what an element reads may change then.
func reading(action string) bool {
	return slices.Contains([]string{"read", "wait", "screenshot"}, action)
}

// same compares two prints without their page.
func (m *Model) same(a, b *selector.Print) float64 {
	p := m.Prepare(&Page{Elements: []Element{{Print: *b, Parent: -1, Shown: true}}})
	s := p.seek(a)
	var v, self vector
	s.compare(0, &v)
	s.self(&self)
	weights := m.ranks(p.laid && s.want.laidOut)
	most := dot(&self, weights)
	if most <= 0 {
		return 0
	}
	return min(max(dot(&v, weights)/most, 0), 1)
}
