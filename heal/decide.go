package heal

import "math"

// The evidence of the decision: first about the ranking, then features of the best element.
const (
	eBias = iota
	eScore
	eMargin
	eShare
	eHasText
	eHasHref
	eHasID
	eConflict
	eExact
	eNamed
	eTwins
	eField
	eReach
	eLost
	evidenceOwn
	evidences = evidenceOwn + features
)

var evidenceNames = func() (names [evidences]string) {
	copy(names[:], []string{"bias", "score", "margin", "share", "has text", "has href", "has id", "conflict", "exact", "named", "twins", "field", "reach", "lost"})
	for i, n := range featureNames {
		names[evidenceOwn+i] = n
	}
	return names
}()

type accept [evidences]float64

// doubted is the most that the probability can be where a veto speaks: the weights of the decision are fitted to what no
// veto decides.
const doubted = 0.5

// harmless says that healing to one instead of the other is no fault.
func (p *Prepared) harmless(w *Wanted, a, b int) bool {
	return p.equivalent(a, b) || plainClick(w.Action) && p.duplicate(a, b)
}

func plainClick(action string) bool { return action == "" || action == "click" || action == "read" }

// rival is the best element that is another one than best and not taken.
func (p *Prepared) rival(w *Wanted, s *scores, best int, taken func(int) bool) int {
	for _, i := range s.order {
		if i != best && !p.harmless(w, best, i) && (taken == nil || !taken(i)) {
			return i
		}
	}
	return -1
}

// weigh collects the evidence for the decision.
func (p *Prepared) weigh(s *scores, best int, margin float64) (e accept) {
	var v vector
	s.seek.compare(best, &v)
	e[eBias] = 1
	e[eMargin] = math.Min(margin, 10)
	e[eShare] = s.share(best)
	weights := p.model.ranks(s.laid)
	for i := range fitted {
		e[eScore] += v[i] * weights[i]
	}
	t := &s.seek.want
	e[eHasText], e[eHasHref], e[eHasID] = is(t.text != 0), is(t.href != 0), is(t.id != 0)
	c := &p.recs[best]
	e[eConflict] = is(p.conflict(t, c, &v))
	var self vector
	s.seek.self(&self)
	if most := dot(&self, weights); most > 0 {
		e[eReach] = max(0, min(s.z[best]/most, 1))
	}
	named := p.identified(t, c, &v) || v[fName] > 0 || v[fTestID] > 0 || v[fHref] > 0 && p.byHref[c.href] <= 2
	e[eNamed] = is(named)
	e[eExact] = is(named || v[fText] > 0 || v[fLabel] > 0 || v[fAccName] > 0)
	e[eLost] = is(lost(t, c, &v))
	e[eTwins] = is(c.text != 0 && p.twins(best))
	e[eField] = is(otherUse(t.kind, c.kind))
	copy(e[evidenceOwn:], v[:])
	if !p.identified(t, c, &v) {
		e[evidenceOwn+fID], e[evidenceOwn+fIDStem] = 0, 0
	}
	return e
}

// decide makes the verdict on the element that was chosen.
func (p *Prepared) decide(w *Wanted, s *scores, best int, taken func(int) bool) Verdict {
	v := Verdict{Best: best, Margin: 10}
	if r := p.rival(w, s, best, taken); r >= 0 {
		v.Margin = s.z[best] - s.z[r]
	}
	e := p.weigh(s, best, v.Margin)
	weights := &p.model.yes
	if !s.laid {
		weights = &p.model.flatYes
	}
	sum := 0.0
	for i, x := range e {
		sum += x * weights[i]
	}
	v.weighed = e
	v.P = 1 / (1 + math.Exp(-sum))
	v.Vetoes = p.vetoes(w, s, best, &e, v.Margin, taken)
	if len(v.Vetoes) > 0 {
		v.P = min(v.P, doubted)
	}
	v.Share = s.share(best)
	for _, i := range s.order[:min(len(s.order), 50)] {
		if i != best && p.equivalent(best, i) {
			v.Equivalent = append(v.Equivalent, i)
			v.Share += s.share(i)
		}
	}
	v.Top = p.top(s, best, 3)
	p.look(w, &v)
	least := p.model.file.Heal
	if w.Sensitive {
		least = p.model.file.Sensitive
	}
	switch {
	case v.P >= least && len(v.Vetoes) == 0:
		v.Decision = Heal
	case v.recognised(w):
		v.Decision, v.Recognised = Heal, true
	case v.P >= p.model.file.Ask || v.Share >= p.model.file.AskShare && e[evidenceOwn+fKind] > 0:
		v.Decision = Ask
	default:
		v.Decision = Abstain
	}
	return v
}
