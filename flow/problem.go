package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/spelling"
)

// Severity says whether a problem keeps the flow from running.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a flow: where, what, and what would
// be right.
type Problem struct {
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"`           // stable name of the check: unknown-type, missing-param, ...
	File     string   `json:"file,omitempty"` // if that is not the one that was asked about, but one that it calls
	Line     int      `json:"line,omitempty"`
	Col      int      `json:"col,omitempty"`
	Node     string   `json:"node,omitempty"`
	Param    string   `json:"param,omitempty"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
	// Remedy is what would mend it, where that can be said as a change of the
	// file and Hint does not just name the right word; see Fixer.
	Remedy *Remedy `json:"-"`
}

// String returns the problem as one line: line:col: node x, param y: message
// (hint).
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", p.Line, p.Col)
	}
	if p.Severity == Warning {
		b.WriteString("warning: ")
	}
	if p.Node != "" {
		b.WriteString("node " + p.Node)
		if p.Param != "" {
			b.WriteString(", param " + p.Param)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}

// Problems is all that is wrong with a flow, as an error.
type Problems []Problem

// Error implements error with one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Errors returns those problems that keep the flow from running.
func (ps Problems) Errors() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Severity != Error })
}

// Sort orders problems by their place in the file.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
}

// Nearest returns the option most like name, or "" when none is close; it is
// what a "did you mean" names.
func Nearest(name string, options []string) string {
	if len(name) > 80 {
		return "" // no name is that long, and comparing would be slow
	}
	best, score := "", 0.5
	low := strings.ToLower(name)
	for _, o := range options {
		if len(o) > 80 {
			continue
		}
		longer := max(len(name), len(o))
		if 2*min(len(name), len(o)) <= longer {
			continue
		}
		if s := 1 - float64(spelling.Distance(low, strings.ToLower(o)))/float64(longer); s > score {
			best, score = o, s
		}
	}
	return best
}

// DidYouMean returns a hint that names the nearest option, or lists them when
// there are few.
func DidYouMean(name string, options []string) string {
	if n := Nearest(name, options); n != "" {
		return "did you mean " + n + "?"
	}
	if len(options) > 0 && len(options) <= 12 {
		return "it can be " + strings.Join(options, ", ")
	}
	return ""
}
