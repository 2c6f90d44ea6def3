package question

import (
	"fmt"
	"slices"
	"strings"
)

// ViaLink is how an answer came that was given by a link.
const ViaLink = "link"

// Person is a name as people are told apart by: neither case nor blanks around it count.
func Person(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// people are those who stand behind an answer: who gave it, and who made the link by hand that it was given by, as the
// maker of a link has seen it.
func (a Answer) people() []string {
	out := []string{Person(a.By)}
	if m := Person(a.Maker); m != "" && m != out[0] {
		out = append(out, m)
	}
	return out
}

// Several reports whether more than one person must agree.
func (q *Question) Several() bool { return q.Approvals > 1 }

// Named reports whether it matters who answers: such a question is not asked on a terminal, where that is not known.
func (q *Question) Named() bool { return q.Several() || q.NotStarter }

// agrees reports whether an answer is one of several that are needed.
func (q *Question) agrees(a Answer) bool { return len(q.Buttons) > 0 && a.Button == q.Buttons[0].Name }

// Decide returns the answer that the answers given so far, in the order in which they came, make together; false if
// more are needed. Answers of people that stand behind an earlier one do not count again.
func (q *Question) Decide(given []Answer) (Answer, bool) {
	var counted []Answer
	for _, a := range given {
		if !q.Several() || !q.agrees(a) {
			return a, true
		}
		if q.again(counted, a) != nil {
			continue
		}
		counted = append(counted, a)
		if len(counted) == q.Approvals {
			return together(counted), true
		}
	}
	return Answer{}, false
}

// again returns the earlier answer that somebody stands behind who stands behind a too.
func (q *Question) again(given []Answer, a Answer) *Answer {
	for i, g := range given {
		if slices.ContainsFunc(g.people(), func(p string) bool { return slices.Contains(a.people(), p) }) {
			return &given[i]
		}
	}
	return nil
}

// together is the answer of several people as one.
func together(given []Answer) Answer {
	out := given[len(given)-1]
	var by, comments []string
	for _, a := range given {
		by = append(by, a.By)
		if a.Comment != "" {
			comments = append(comments, a.By+": "+a.Comment)
		}
	}
	out.By, out.Comment, out.Via, out.Maker = strings.Join(by, ", "), strings.Join(comments, "\n"), "", ""
	return out
}

// Refuses says why the answer of a person does not count beside those that were given, nil if it does. Starter is who
// started the run.
func (q *Question) Refuses(a Answer, given []Answer, starter string) error {
	if q.NotStarter {
		switch s := Person(starter); {
		case Person(a.By) == "":
			return &Refusal{Message: "it must be known who answers: sign in, or use a link that was made for you"}
		case s != "" && slices.Contains(a.people(), s):
			return &Refusal{Message: fmt.Sprintf("%s started the run, and somebody else must answer", starter)}
		}
	}
	if !q.Several() {
		return nil
	}
	if Person(a.By) == "" {
		return &Refusal{Message: fmt.Sprintf("%d different people must answer, so it must be known who does: sign in, or use a link that was made for you", q.Approvals)}
	}
	if !q.agrees(a) {
		return nil
	}
	switch was := q.again(given, a); {
	case was == nil:
		return nil
	case Person(was.By) == Person(a.By):
		return &Refusal{Message: fmt.Sprintf("%s has answered already, and %d different people must", a.By, q.Approvals)}
	default:
		return &Refusal{Message: fmt.Sprintf("the answer of %s stands already, and who made the link for one of the two cannot be both: %d different people must answer", was.By, q.Approvals)}
	}
}
