package text

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/list/order"
	"github.com/aether-rpa/aether/table"
)

func init() {
	node.Register(node.Spec[filterLinesIn, linesOut]{
		Type: "text.filter_lines", Title: "Filter lines", Effect: node.Pure,
		Doc: "Keeps the lines of a text that contain a text or match a pattern, or those that do not.",
		Examples: []node.Example[filterLinesIn, linesOut]{
			{Title: "Errors of a log", In: filterLinesIn{Text: "ok\nerror 1\nok\nerror 2\n", Find: "error"}, Out: linesOut{Text: "error 1\nerror 2", Lines: []string{"error 1", "error 2"}, Count: 2, Removed: 2}},
			{Title: "No comments and empty lines", In: filterLinesIn{Text: "# c\n\na", Find: `^\s*(#|$)`, Mode: "regex", Invert: true}, Out: linesOut{Text: "a", Lines: []string{"a"}, Count: 1, Removed: 2}},
		},
		Run: filterLines,
	})
	node.Register(node.Spec[sortLinesIn, linesOut]{
		Type: "text.sort_lines", Title: "Sort lines", Effect: node.Pure,
		Doc: "Sorts the lines of a text by code point, naturally or by their first number.",
		Examples: []node.Example[sortLinesIn, linesOut]{
			{Title: "Naturally", In: sortLinesIn{Text: "b10\nb9\na", As: "natural"}, Out: linesOut{Text: "a\nb9\nb10", Lines: []string{"a", "b9", "b10"}, Count: 3}},
		},
		Run: sortLines,
	})
	node.Register(node.Spec[uniqueLinesIn, linesOut]{
		Type: "text.unique_lines", Title: "Remove duplicate lines", Effect: node.Pure,
		Doc: "Keeps the first of equal lines, wherever they stand.",
		Examples: []node.Example[uniqueLinesIn, linesOut]{
			{Title: "Any case", In: uniqueLinesIn{Text: "a\nB\nb\na", IgnoreCase: true}, Out: linesOut{Text: "a\nB", Lines: []string{"a", "B"}, Count: 2, Removed: 2}},
		},
		Run: uniqueLines,
	})
	register("text.number_lines", "Number or indent lines", "Puts a number, or the same text, before every line.",
		numberLines,
		node.Example[numberLinesIn, textOut]{Title: "Numbers", In: numberLinesIn{Text: "a\nb"}, Out: textOut{Text: "1: a\n2: b"}},
		node.Example[numberLinesIn, textOut]{Title: "A quotation", In: numberLinesIn{Text: "a\nb", Prefix: "> "}, Out: textOut{Text: "> a\n> b"}},
	)
}

type linesOut struct {
	Text    string   `json:"text" doc:"The lines as one text, with a line feed between them."`
	Lines   []string `json:"lines" doc:"The lines as a list."`
	Count   int      `json:"count" doc:"How many lines there are."`
	Removed int      `json:"removed" doc:"How many lines were left out."`
}

func linesResult(kept []string, before int) linesOut {
	return linesOut{Text: strings.Join(kept, "\n"), Lines: kept, Count: len(kept), Removed: before - len(kept)}
}

type filterLinesIn struct {
	Text   string `json:"text" is:"required" doc:"Text whose lines to filter." widget:"multiline"`
	Find   string `json:"find" is:"required" doc:"Text or pattern that a line must hold."`
	Mode   string `json:"mode" default:"plain" enum:"plain,regex" doc:"Whether find is plain text or a pattern."`
	Invert bool   `json:"invert" doc:"Keep the other lines instead."`
	flags
}

func filterLines(_ context.Context, _ *node.Env, in filterLinesIn) (linesOut, error) {
	re, err := in.finder(in.Find, in.Mode)
	if err != nil {
		return linesOut{}, err
	}
	all := lines(in.Text)
	kept := make([]string, 0, len(all))
	for _, l := range all {
		if re.MatchString(l) != in.Invert {
			kept = append(kept, l)
		}
	}
	return linesResult(kept, len(all)), nil
}

type sortLinesIn struct {
	Text       string `json:"text" is:"required" doc:"Text whose lines to sort." widget:"multiline"`
	As         string `json:"as" default:"text" enum:"text,natural,number" doc:"How lines compare: by code point, with numbers inside by value, or by their first number (lines without one come last)."`
	Direction  string `json:"direction" default:"asc" enum:"asc,desc" doc:"Smallest first, or largest first."`
	IgnoreCase bool   `json:"ignore_case" doc:"Treat upper and lower case as equal."`
	Unique     bool   `json:"unique" doc:"Also remove duplicate lines."`
}

func sortLines(_ context.Context, _ *node.Env, in sortLinesIn) (linesOut, error) {
	type keyed struct {
		line, key string
		num       any
	}
	all := lines(in.Text)
	keys := make([]keyed, len(all))
	for i, l := range all {
		keys[i] = keyed{line: l, key: l}
		if in.IgnoreCase {
			keys[i].key = strings.ToLower(l)
		}
		if in.As == "number" {
			if f, err := strconv.ParseFloat(strings.ReplaceAll(numberRE.FindString(l), ",", ""), 64); err == nil {
				keys[i].num = f
			}
		}
	}
	slices.SortStableFunc(keys, func(a, b keyed) int {
		c := 0
		switch in.As {
		case "natural":
			c = order.Natural(a.key, b.key)
		case "number":
			if (a.num == nil) != (b.num == nil) {
				if a.num == nil {
					return 1
				}
				return -1
			}
			c = table.Compare(a.num, b.num)
		default:
			c = strings.Compare(a.key, b.key)
		}
		if in.Direction == "desc" {
			c = -c
		}
		return c
	})
	sorted := make([]string, len(keys))
	for i, k := range keys {
		sorted[i] = k.line
	}
	if in.Unique {
		sorted = distinct(sorted, in.IgnoreCase)
	}
	return linesResult(sorted, len(all)), nil
}

type uniqueLinesIn struct {
	Text       string `json:"text" is:"required" doc:"Text whose lines to clean." widget:"multiline"`
	IgnoreCase bool   `json:"ignore_case" doc:"Treat upper and lower case as equal."`
	Trim       bool   `json:"trim" doc:"Remove white space at the ends of lines before comparing."`
	SkipEmpty  bool   `json:"skip_empty" doc:"Also remove empty lines."`
}

func uniqueLines(_ context.Context, _ *node.Env, in uniqueLinesIn) (linesOut, error) {
	all := lines(in.Text)
	kept := make([]string, 0, len(all))
	for _, l := range all {
		if in.Trim {
			l = strings.TrimSpace(l)
		}
		if l != "" || !in.SkipEmpty {
			kept = append(kept, l)
		}
	}
	return linesResult(distinct(kept, in.IgnoreCase), len(all)), nil
}

func distinct(all []string, ignoreCase bool) []string {
	seen := make(map[string]bool, len(all))
	out := make([]string, 0, len(all))
	for _, l := range all {
		k := l
		if ignoreCase {
			k = strings.ToLower(l)
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, l)
		}
	}
	return out
}

type numberLinesIn struct {
	Text   string `json:"text" is:"required" doc:"Text whose lines to mark." widget:"multiline"`
	Prefix string `json:"prefix" doc:"Text to put before every line, instead of a number."`
	Start  int    `json:"start" default:"1" doc:"Number of the first line."`
	After  string `json:"after" default:": " doc:"Text between number and line."`
}

func numberLines(in numberLinesIn) (string, error) {
	all := lines(in.Text)
	for i, l := range all {
		if in.Prefix != "" {
			all[i] = in.Prefix + l
		} else {
			all[i] = strconv.Itoa(in.Start+i) + in.After + l
		}
	}
	return strings.Join(all, "\n"), nil
}
