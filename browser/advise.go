package browser

import (
	"context"
	"slices"
	"time"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

// Question is what an adviser is asked: which of some elements is the one that looked like Before.
type Question struct {
	Action, URL string
	Before      selector.Print
	Candidates  []selector.Print
}

// Advice is its answer: the place of a candidate, -1 for none.
type Advice struct {
	Choice        int
	Reason, Model string
}

// Advised is what an adviser was asked and said, for the report.
type Advised struct {
	Question
	Advice
	Err  error // there was no advice
	Took time.Duration
}

// leastAdvice is the time that must be left for an adviser to be asked.
const leastAdvice = time.Second

// Vetoes that an adviser may overrule: other words. That an element stands in another row, is one of several alike, or was
// rejected, it may not.
var overruled = []string{heal.VetoConflict, heal.VetoWords, heal.VetoLost}

// advise asks which element is meant where that is in doubt, and goes by the answer. It is never asked where a wrong
// element does harm, nor about what a person has to say.
func (p *Page) advise(ctx context.Context, w *wanted, l *lookFor, in *searched) {
	action := l.aim()
	if w.h.Advise == nil || w.advice != nil || !w.h.Act || !in.all.Loaded || in.all.Cut || in.verdict.Decision != heal.Ask || in.wish.Sensitive {
		return
	}
	left := remaining(ctx) - p.lastly(ctx) - reserve
	if left < leastAdvice {
		return
	}
	q := Question{Action: action, URL: withoutQuery(in.all.URL), Before: *w.known}
	var places []int
	for _, c := range in.verdict.Top {
		e := &in.all.Elements[c.Element].Print
		against := in.tables.Against(in.wish, c.Element)
		may := !slices.ContainsFunc(against, func(v string) bool { return !slices.Contains(overruled, v) })
		if may && delicate(action, e) == harmless && !escalates(action, w.known, e) {
			q.Candidates, places = append(q.Candidates, *e), append(places, c.Element)
		}
	}
	if len(places) == 0 {
		return
	}
	soon, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	begin := time.Now()
	a := &Advised{Question: q}
	a.Advice, a.Err = w.h.Advise(soon, q)
	a.Took = time.Since(begin)
	w.advice = a
	if a.Err == nil && a.Choice >= 0 && a.Choice < len(places) {
		in.choose(places[a.Choice])
	}
}

// choose makes an element the one that was found.
func (in *searched) choose(element int) {
	in.advised = true
	in.verdict.Best, in.verdict.Decision = element, heal.Heal
	in.verdict.Vetoes = in.tables.Against(in.wish, element)
	in.verdict.P = min(in.verdict.P, 0.5) // what the evidence says is no more than before
}

// follow goes by the advice that was given a moment before, if the element is still in doubt and still there.
func (in *searched) follow(before searched) {
	was := &before.all.Elements[before.verdict.Best].Print
	if in.verdict.Decision != heal.Ask {
		return
	}
	for _, c := range in.verdict.Top {
		if e := &in.all.Elements[c.Element].Print; e.Path == was.Path && e.Text == was.Text {
			in.choose(c.Element)
			return
		}
	}
}
