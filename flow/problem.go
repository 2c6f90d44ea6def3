package flow

import (
	"fmt"
	"slices"
	"strings"
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
		if s := 1 - float64(typos(low, strings.ToLower(o)))/float64(longer); s > score {
			best, score = o, s
		}
	}
	return best
}

// typos counts the letters to change, add, drop or swap to make b of a.
func typos(a, b string) int {
	two, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], two[j-2]+1)
			}
		}
		two, prev, cur = prev, cur, two
	}
	return prev[len(b)]
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
