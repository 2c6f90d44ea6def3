package queue

import (
	"fmt"
	"go/build/constraint"
	"slices"
	"strings"
)

// Needs says which labels a robot must have: words joined by &&, ||, ! and
// parentheses, such as "linux && (chromium || firefox) && !shared". A word is
// letters, digits, _ and dots. The grammar is that of Go's build constraints.
type Needs struct{ expr constraint.Expr }

// maxNeeds bounds an expression; what robots need is a few words.
const maxNeeds = 500

// ParseNeeds reads an expression over labels; the empty one fits every robot.
func ParseNeeds(text string) (Needs, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Needs{}, nil
	}
	if len(text) > maxNeeds || strings.ContainsAny(text, "\r\n") {
		return Needs{}, fmt.Errorf("what the job needs must be one line of at most %d characters", maxNeeds)
	}
	x, err := constraint.Parse("//go:build " + text)
	if err != nil {
		return Needs{}, fmt.Errorf("%q is no expression over labels: write words of letters, digits, _ and dots, joined by &&, ||, ! and parentheses (%s)", text, strings.TrimPrefix(err.Error(), "parsing //go:build line: "))
	}
	return Needs{x}, nil
}

// String returns the expression in one form: what means the same and is
// written with other spaces is equal.
func (n Needs) String() string {
	if n.expr == nil {
		return ""
	}
	return n.expr.String()
}

// Fit reports whether a robot with these labels has what is needed.
func (n Needs) Fit(labels []string) bool {
	return n.expr == nil || n.expr.Eval(func(tag string) bool { return slices.Contains(labels, tag) })
}

// CheckLabel says what is wrong with a label of a robot.
func CheckLabel(label string) error {
	n, err := ParseNeeds(label)
	if _, word := n.expr.(*constraint.TagExpr); err != nil || !word {
		return fmt.Errorf("%q is no label: use letters, digits, _ and dots", label)
	}
	return nil
}
