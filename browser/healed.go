package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

// Healed is what became of the search for an element by what it looked like.
type Healed struct {
	Target    selector.Target
	Action    string
	Sensitive bool
	Outcome   string
	// Mismatch says that the queries did find an element, and that it is another one than before.
	Mismatch bool
	P        float64
	Margin   float64
	Before   selector.Print
	Found    *selector.Print
	// Repaired finds the element, alone; it has no queries where there is none.
	Repaired selector.Target
	Vetoes   []string
	Top      []Compared
	URL      string
	// Advice is what an adviser said, nil if none was asked.
	Advice *Advised
	// Page is the page as it was searched, Picture a picture of it with both places marked, nil where it was not taken.
	Page    *heal.Page
	Picture []byte
	Took    time.Duration
}

// Compared is an element that may be the one that is meant, with what was compared.
type Compared struct {
	Print        selector.Print
	Score, Share float64
	Evidence     []heal.Evidence
}

// outcome makes of a verdict what becomes of the action.
func (w *wanted) outcome(action string, in searched, s *sight) *Healed {
	v := in.verdict
	h := &Healed{
		Target: w.target, Action: action, Outcome: OutcomeAbstained, Mismatch: s.Kind == Mismatch, P: v.P, Margin: v.Margin, Before: *w.known,
		Vetoes: v.Vetoes, URL: in.all.URL, Page: &in.all.Page, Advice: w.advice,
	}
	for _, c := range v.Top {
		h.Top = append(h.Top, Compared{in.all.Elements[c.Element].Print, c.Score, c.Share, c.Evidence})
	}
	risk := delicate(action, w.known)
	if v.Best >= 0 {
		found := in.all.Elements[v.Best].Print
		h.Found = &found
		risk = max(risk, delicate(action, &found))
	}
	h.Sensitive = w.h.Sensitive || risk != harmless
	switch {
	case v.Decision == heal.Abstain || v.Best < 0 || slices.Contains(v.Vetoes, heal.VetoRejected):
	case v.Decision == heal.Heal && in.all.Cut:
		h.Outcome = OutcomeAsked
		h.Vetoes = append(h.Vetoes, "the page has too many elements to look at all of them")
	case v.Decision == heal.Heal && in.agreed && w.h.Act:
		h.Outcome = OutcomeHealed // whatever it is: a person has looked at it
	case v.Decision == heal.Heal && risk == secretive:
		h.Outcome = OutcomeAsked
		h.Vetoes = append(h.Vetoes, "a field for credentials or payment is given to a person to decide")
	case v.Decision == heal.Heal && risk == risky && !w.h.Sensitive && delicate(action, w.known) == harmless:
		// It was searched as harmless, and what was found is not.
		h.Outcome = OutcomeAsked
		h.Vetoes = append(h.Vetoes, "what was found does more harm than what it was")
	case v.Decision == heal.Heal && escalates(action, w.known, h.Found):
		h.Outcome = OutcomeAsked
		h.Vetoes = append(h.Vetoes, "what was found does something else than what it was")
	case v.Decision == heal.Heal && w.h.Act:
		h.Outcome = OutcomeHealed
	default:
		h.Outcome = OutcomeAsked
	}
	return h
}

// repaired is a target whose queries find the element of a handle, each of them alone.
func (p *Page) repaired(ctx context.Context, w *wanted, frame string, handle int, found selector.Print) (selector.Target, error) {
	ways, err := p.Candidates(ctx, frame, handle)
	if err != nil {
		return selector.Target{}, err
	}
	found.Look = "" // a flow holds no pictures
	t := selector.Target{Frame: w.target.Frame, Print: &found}
	path := p.way(w.target)
	for _, c := range ways {
		if len(t.Queries) == 4 {
			break
		}
		one := lookFor{Target: selector.Target{Queries: []selector.Query{c.Query}}, Action: "read"}
		s, err := p.lookEverywhere(ctx, path, one, 0)
		if err != nil {
			return selector.Target{}, err
		}
		same := false
		if s.Kind == "" && s.frame == frame {
			if err := p.Eval(ctx, frame, fmt.Sprintf("__aether.element(%d) === __aether.element(%d)", s.Handle, handle), &same); err != nil {
				return selector.Target{}, err
			}
		}
		if same {
			t.Queries = append(t.Queries, c.Query)
		}
	}
	return t, nil
}

// Named describes the element that was found, with how sure that is.
func (h *Healed) Named() string {
	p, s := h.Found, "<"+h.Found.Tag
	for _, a := range [][2]string{{"id", p.ID}, {"name", p.NameAttr}, {"type", p.Type}} {
		if a[1] != "" {
			s += fmt.Sprintf(" %s=%q", a[0], clip(a[1], 40))
		}
	}
	s += ">"
	for _, text := range []string{p.Name, p.Text, p.Label} {
		if text != "" {
			s += fmt.Sprintf(" %q", clip(text, 60))
			break
		}
	}
	s += fmt.Sprintf(", %.0f %% sure", 100*h.P)
	if len(h.Repaired.Queries) > 0 {
		s += ", found by " + h.Repaired.Queries[0].String()
	}
	return s
}

// meant adds to a failure what was found instead.
func (w *wanted) meant(err error) error {
	if f := (*Failure)(nil); w != nil && errors.As(err, &f) && w.healed != nil && w.final && w.instead == nil {
		f.Healing = w.healed
	}
	return err
}
