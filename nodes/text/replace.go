package text

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[replaceIn, replaceOut]{
		Type: "text.replace", Title: "Replace in text", Effect: node.Pure,
		Doc: "Replaces text, or what a pattern matches, by other text. In pattern mode $1 and ${name} stand for groups and $$ for a dollar sign.",
		Examples: []node.Example[replaceIn, replaceOut]{
			{Title: "Plain text", In: replaceIn{Text: "a.b.c", Find: ".", With: "-"}, Out: replaceOut{Text: "a-b-c", Count: 2}},
			{Title: "A date, by pattern", In: replaceIn{Text: "31.01.2026", Find: `(\d+)\.(\d+)\.(\d+)`, With: "$3-$2-$1", Mode: "regex"}, Out: replaceOut{Text: "2026-01-31", Count: 1}},
		},
		Run: replace,
	})
	node.Register(node.Spec[replaceManyIn, replaceOut]{
		Type: "text.replace_many", Title: "Replace several texts", Effect: node.Pure,
		Doc:      "Replaces several texts at once. What was put in is not searched again, so two words can be swapped; where two texts begin at the same place the longer one is replaced.",
		Examples: []node.Example[replaceManyIn, replaceOut]{{Title: "Swap", In: replaceManyIn{Text: "cat and dog", Replacements: map[string]string{"cat": "dog", "dog": "cat"}}, Out: replaceOut{Text: "dog and cat", Count: 2}}},
		Run:      replaceMany,
	})
}

type replaceIn struct {
	Text  string `json:"text" is:"required" doc:"Text to work on." widget:"multiline"`
	Find  string `json:"find" is:"required" doc:"Text or pattern to replace."`
	With  string `json:"with" doc:"Text to put in its place."`
	Mode  string `json:"mode" default:"plain" enum:"plain,regex" doc:"Whether find is plain text or a pattern."`
	Limit int    `json:"limit" default:"0" min:"0" doc:"Replace at most so many, from the start; 0 means all."`
	flags
}

type replaceOut struct {
	Text  string `json:"text" doc:"The new text."`
	Count int    `json:"count" doc:"How many places were replaced."`
}

func replace(_ context.Context, _ *node.Env, in replaceIn) (replaceOut, error) {
	if in.Find == "" {
		return replaceOut{}, node.Fail(node.KindInput, "the text to find is empty", "give at least one character")
	}
	re, err := in.finder(in.Find, in.Mode)
	if err != nil {
		return replaceOut{}, err
	}
	limit := in.Limit
	if limit <= 0 {
		limit = -1
	}
	var b strings.Builder
	out, last := replaceOut{}, 0
	for _, m := range re.FindAllStringSubmatchIndex(in.Text, limit) {
		b.WriteString(in.Text[last:m[0]])
		if in.Mode == "regex" {
			b.Write(re.ExpandString(nil, in.With, in.Text, m))
		} else {
			b.WriteString(in.With)
		}
		last = m[1]
		if out.Count++; b.Len() > maxOutput {
			return replaceOut{}, tooLarge()
		}
	}
	b.WriteString(in.Text[last:])
	out.Text = b.String()
	return out, nil
}

type replaceManyIn struct {
	Text         string            `json:"text" is:"required" doc:"Text to work on." widget:"multiline"`
	Replacements map[string]string `json:"replacements" is:"required" doc:"New text by the text to replace."`
	WholeWords   bool              `json:"whole_words" doc:"Replace only where no letter, digit or underscore stands before or after."`
}

func replaceMany(_ context.Context, _ *node.Env, in replaceManyIn) (replaceOut, error) {
	if _, empty := in.Replacements[""]; empty {
		return replaceOut{}, node.Failf(node.KindInput, "one of the texts to find is empty")
	}
	if len(in.Replacements) == 0 {
		return replaceOut{Text: in.Text}, nil
	}
	// RE2 prefers the first alternative, so the longest comes first.
	keys := slices.SortedFunc(maps.Keys(in.Replacements), func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	total := 0
	for i, k := range keys {
		total += len(k)
		keys[i] = regexp.QuoteMeta(k)
	}
	if total > 1<<20 {
		return replaceOut{}, node.Failf(node.KindInput, "the texts to find add up to more than 1 MB")
	}
	re, err := regexp.Compile(strings.Join(keys, "|"))
	if err != nil {
		return replaceOut{}, node.Failf(node.KindInput, "there are too many texts to find: %v", err)
	}
	var b strings.Builder
	out, last := replaceOut{}, 0
	for _, m := range re.FindAllStringIndex(in.Text, -1) {
		if in.WholeWords && !isWhole(in.Text, m[0], m[1]) {
			continue
		}
		b.WriteString(in.Text[last:m[0]])
		b.WriteString(in.Replacements[in.Text[m[0]:m[1]]])
		last = m[1]
		if out.Count++; b.Len() > maxOutput {
			return replaceOut{}, tooLarge()
		}
	}
	b.WriteString(in.Text[last:])
	out.Text = b.String()
	return out, nil
}
