package text

import (
	"context"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[diffIn, diffOut]{
		Type: "text.diff", Title: "Compare texts line by line", Effect: node.Pure,
		Doc: "Finds the lines that were added and removed between two texts, and writes them as a unified diff. Texts with more than 2,000 differences are still compared correctly, but not with the fewest lines possible.",
		Examples: []node.Example[diffIn, diffOut]{
			{
				Title: "One line changed", In: diffIn{A: "a\nb\nc\n", B: "a\nx\nc\n"},
				Out: diffOut{Added: 1, Removed: 1, Unified: "--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n", Changes: []lineChange{{Op: "remove", Line: 2, Text: "b"}, {Op: "add", Line: 2, Text: "x"}}},
			},
			{Title: "White space aside", In: diffIn{A: "a  b", B: " a b", IgnoreSpace: true}, Out: diffOut{Equal: true, Changes: []lineChange{}}},
		},
		Run: diff,
	})
}

type diffIn struct {
	A           string `json:"a" is:"required" doc:"Text before." widget:"multiline"`
	B           string `json:"b" is:"required" doc:"Text after." widget:"multiline"`
	Context     int    `json:"context" default:"3" min:"0" max:"1000" doc:"Equal lines to show around changes."`
	NameA       string `json:"name_a" default:"a" doc:"Name of the text before, for the head of the diff."`
	NameB       string `json:"name_b" default:"b" doc:"Name of the text after, for the head of the diff."`
	IgnoreCase  bool   `json:"ignore_case" doc:"Treat upper and lower case as equal."`
	IgnoreSpace bool   `json:"ignore_space" doc:"Treat any white space as one blank, and none at the ends of lines."`
}

type lineChange struct {
	Op   string `json:"op" doc:"add or remove."`
	Line int    `json:"line" doc:"Number of the line, from 1: in the first text for remove, in the second for add."`
	Text string `json:"text" doc:"The line."`
}

type diffOut struct {
	Equal   bool         `json:"equal" doc:"There are no differences."`
	Added   int          `json:"added" doc:"How many lines were added."`
	Removed int          `json:"removed" doc:"How many lines were removed."`
	Unified string       `json:"unified" doc:"Unified diff; empty when the texts are equal."`
	Changes []lineChange `json:"changes" doc:"Lines removed and added, in order."`
}

func diff(ctx context.Context, _ *node.Env, in diffIn) (diffOut, error) {
	a, b := lines(in.A), lines(in.B)
	edits, err := script(ctx, in.keys(a), in.keys(b))
	if err != nil {
		return diffOut{}, err
	}
	out := diffOut{Changes: []lineChange{}}
	for _, e := range edits {
		switch e.op {
		case '-':
			out.Removed++
			out.Changes = append(out.Changes, lineChange{Op: "remove", Line: e.a + 1, Text: a[e.a]})
		case '+':
			out.Added++
			out.Changes = append(out.Changes, lineChange{Op: "add", Line: e.b + 1, Text: b[e.b]})
		}
	}
	if out.Equal = len(out.Changes) == 0; !out.Equal {
		out.Unified = fmt.Sprintf("--- %s\n+++ %s\n", in.NameA, in.NameB) + hunks(edits, a, b, in.Context)
	}
	return out, nil
}

func (in diffIn) keys(all []string) []string {
	if !in.IgnoreCase && !in.IgnoreSpace {
		return all
	}
	out := make([]string, len(all))
	for i, l := range all {
		if in.IgnoreCase {
			l = strings.ToLower(l)
		}
		if in.IgnoreSpace {
			l = strings.Join(strings.Fields(l), " ")
		}
		out[i] = l
	}
	return out
}

// hunks writes the edits with some equal lines around them.
func hunks(edits []edit, a, b []string, around int) string {
	var out strings.Builder
	for i := 0; i < len(edits); {
		if edits[i].op == ' ' {
			i++
			continue
		}
		start, end, equal := max(0, i-around), i, 0
		// A hunk ends where more equal lines follow than two contexts hold.
		for j := i; j < len(edits) && equal <= 2*around; j++ {
			if edits[j].op == ' ' {
				equal++
				continue
			}
			equal, end = 0, j+1
		}
		stop := min(len(edits), end+around)
		writeHunk(&out, edits[start:stop], a, b)
		i = stop
	}
	return out.String()
}

func writeHunk(out *strings.Builder, edits []edit, a, b []string) {
	countA, countB := 0, 0
	for _, e := range edits {
		if e.op != '+' {
			countA++
		}
		if e.op != '-' {
			countB++
		}
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(edits[0].a, countA), span(edits[0].b, countB))
	for _, e := range edits {
		line := ""
		if e.op == '+' {
			line = b[e.b]
		} else {
			line = a[e.a]
		}
		out.WriteByte(e.op)
		out.WriteString(line)
		out.WriteByte('\n')
	}
}

// span writes a range as patch wants it: an empty one names the line before.
func span(start, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", start)
	case 1:
		return fmt.Sprint(start + 1)
	}
	return fmt.Sprintf("%d,%d", start+1, n)
}
