package text

import (
	"context"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[testIn, testOut]{
		Type: "text.test", Title: "Matches pattern", Effect: node.Pure,
		Doc: "Tells whether a pattern matches a text, anywhere or as a whole.",
		Examples: []node.Example[testIn, testOut]{
			{Title: "A number inside", In: testIn{Text: "Invoice 4711", Pattern: `\d+`}, Out: testOut{Matches: true}},
			{Title: "As a whole", In: testIn{Text: "Invoice 4711", Pattern: `\d+`, Whole: true}, Out: testOut{}},
		},
		Run: test,
	})
	node.Register(node.Spec[findIn, findOut]{
		Type: "text.find", Title: "Find in text", Effect: node.Pure,
		Doc: "Finds the first place where a text or pattern occurs, with its groups. Nothing found is no error: look at found.",
		Examples: []node.Example[findIn, findOut]{
			{
				Title: "Named groups", In: findIn{Text: "Due: 2026-01-31", Find: `(?P<year>\d{4})-(?P<month>\d\d)`, Mode: "regex"},
				Out: findOut{Found: true, match: match{Match: "2026-01", Start: 5, End: 12, Groups: []any{"2026", "01"}, Named: map[string]any{"year": "2026", "month": "01"}}},
			},
			{Title: "Not there", In: findIn{Text: "abc", Find: "x"}, Out: findOut{match: match{Start: -1, End: -1, Named: map[string]any{}}}},
		},
		Run: find,
	})
	node.Register(node.Spec[findAllIn, findAllOut]{
		Type: "text.find_all", Title: "Find all in text", Effect: node.Pure, Aliases: []string{"text.match"},
		Doc: "Finds all places where a text or pattern occurs, with their groups. Matches do not overlap.",
		Examples: []node.Example[findAllIn, findAllOut]{
			{
				Title: "Two numbers", In: findAllIn{findIn: findIn{Text: "é1 b22", Find: `\d+`, Mode: "regex"}},
				Out: findAllOut{Matches: []match{{Match: "1", Start: 1, End: 2, Groups: []any{}, Named: map[string]any{}}, {Match: "22", Start: 4, End: 6, Groups: []any{}, Named: map[string]any{}}}, Texts: []string{"1", "22"}, Count: 2},
			},
		},
		Run: findAll,
	})
	node.Register(node.Spec[findIn, countOut]{
		Type: "text.count", Title: "Count in text", Effect: node.Pure,
		Doc:      "Counts how often a text or pattern occurs, without overlaps.",
		Examples: []node.Example[findIn, countOut]{{Title: "A letter", In: findIn{Text: "Banana", Find: "an"}, Out: countOut{Count: 2}}},
		Run: func(_ context.Context, _ *node.Env, in findIn) (countOut, error) {
			found, err := in.places(-1)
			return countOut{Count: len(found)}, err
		},
	})
}

type testIn struct {
	Text    string `json:"text" is:"required" doc:"Text to look at." widget:"multiline"`
	Pattern string `json:"pattern" is:"required" doc:"Pattern (RE2 regular expression)."`
	Whole   bool   `json:"whole" doc:"The pattern must match the whole text."`
	flags
}

type testOut struct {
	Matches bool `json:"matches" doc:"True when the pattern matches."`
}

func test(_ context.Context, _ *node.Env, in testIn) (testOut, error) {
	if _, err := in.compile(in.Pattern); err != nil {
		return testOut{}, err
	}
	pattern := in.Pattern
	if in.Whole {
		pattern = `\A(?:` + pattern + `)\z`
	}
	re, err := in.compile(pattern)
	if err != nil {
		return testOut{}, err
	}
	return testOut{Matches: re.MatchString(in.Text)}, nil
}

type findIn struct {
	Text string `json:"text" is:"required" doc:"Text to search." widget:"multiline"`
	Find string `json:"find" is:"required" doc:"Text or pattern to find."`
	Mode string `json:"mode" default:"plain" enum:"plain,regex" doc:"Whether find is plain text or a pattern (RE2 regular expression)."`
	Word bool   `json:"word" doc:"Find only where no letter, digit or underscore stands before or after."`
	flags
}

type match struct {
	Match  string         `json:"match" doc:"The text that matched."`
	Start  int            `json:"start" doc:"Position of its first character, from 0; -1 when nothing was found."`
	End    int            `json:"end" doc:"Position after its last character."`
	Groups []any          `json:"groups" doc:"Texts of the groups of the pattern, in order; nil for a group that took no part."`
	Named  map[string]any `json:"named" doc:"Texts of the groups that have a name."`
}

type findOut struct {
	Found bool `json:"found" doc:"True when it occurs."`
	match
}

type findAllIn struct {
	findIn
	Limit int `json:"limit" default:"0" min:"0" doc:"Stop after so many; 0 means no limit."`
}

type findAllOut struct {
	Matches []match  `json:"matches" doc:"All places, in order."`
	Texts   []string `json:"texts" doc:"The texts that matched."`
	Count   int      `json:"count" doc:"How many there are."`
}

type countOut struct {
	Count int `json:"count" doc:"How many there are."`
}

// places returns the byte positions of matches, as FindAllSubmatchIndex does.
func (in findIn) places(limit int) ([][]int, error) {
	if in.Find == "" {
		return nil, node.Fail(node.KindInput, "the text to find is empty", "give at least one character")
	}
	re, err := in.finder(in.Find, in.Mode)
	if err != nil {
		return nil, err
	}
	if !in.Word {
		return re.FindAllStringSubmatchIndex(in.Text, limit), nil
	}
	var out [][]int
	for _, m := range re.FindAllStringSubmatchIndex(in.Text, -1) {
		if isWhole(in.Text, m[0], m[1]) {
			if out = append(out, m); len(out) == limit {
				break
			}
		}
	}
	return out, nil
}

func isWhole(s string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:start])
	after, _ := utf8.DecodeRuneInString(s[end:])
	return !(start > 0 && isWord(before)) && !(end < len(s) && isWord(after))
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func find(_ context.Context, _ *node.Env, in findIn) (findOut, error) {
	found, err := in.places(1)
	if err != nil || len(found) == 0 {
		return findOut{match: match{Start: -1, End: -1, Named: map[string]any{}}}, err
	}
	all, err := in.describe(found)
	return findOut{Found: true, match: all[0]}, err
}

func findAll(_ context.Context, _ *node.Env, in findAllIn) (findAllOut, error) {
	limit := in.Limit
	if limit <= 0 {
		limit = -1
	}
	found, err := in.places(limit)
	if err != nil {
		return findAllOut{}, err
	}
	out := findAllOut{Texts: make([]string, len(found)), Count: len(found)}
	if out.Matches, err = in.describe(found); err != nil {
		return findAllOut{}, err
	}
	for i, m := range out.Matches {
		out.Texts[i] = m.Match
	}
	return out, nil
}

// describe turns byte positions into matches. Characters are counted in one
// pass over the text.
func (in findIn) describe(found [][]int) ([]match, error) {
	re, err := in.finder(in.Find, in.Mode)
	if err != nil {
		return nil, err
	}
	out, at, runes := make([]match, len(found)), 0, 0
	for i, m := range found {
		runes, at = runes+utf8.RuneCountInString(in.Text[at:m[0]]), m[0]
		x := match{Match: in.Text[m[0]:m[1]], Start: runes, Groups: []any{}, Named: map[string]any{}}
		x.End = runes + utf8.RuneCountInString(x.Match)
		fillGroups(&x, re, in.Text, m)
		out[i] = x
	}
	return out, nil
}

func fillGroups(x *match, re *regexp.Regexp, text string, m []int) {
	for g, name := range re.SubexpNames() {
		if g == 0 {
			continue
		}
		var v any
		if m[2*g] >= 0 {
			v = strings.Clone(text[m[2*g]:m[2*g+1]])
		}
		if x.Groups = append(x.Groups, v); name != "" {
			x.Named[name] = v
		}
	}
}
