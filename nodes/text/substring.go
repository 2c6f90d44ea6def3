package text

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
)

func init() {
	register("text.substring", "Part of text", "Picks the characters from one position up to, but not including, another, or so many of them. Positions outside of the text are moved to its ends, so this never fails.",
		substring,
		node.Example[substringIn, textOut]{Title: "Three characters", In: substringIn{Text: "héllo", From: 1, Length: count(3)}, Out: textOut{Text: "éll"}},
		node.Example[substringIn, textOut]{Title: "The last four", In: substringIn{Text: "DE4711", From: -4}, Out: textOut{Text: "4711"}},
	)
	node.Register(node.Spec[textIn, lengthOut]{
		Type: "text.length", Title: "Length of text", Effect: node.Pure,
		Doc: "Counts characters, bytes (as UTF-8), words and lines of a text.",
		Examples: []node.Example[textIn, lengthOut]{
			{Title: "Two lines", In: textIn{Text: "Grüße an\nalle"}, Out: lengthOut{Length: 13, Bytes: 15, Words: 3, Lines: 2}},
			{Title: "Nothing", In: textIn{Text: ""}, Out: lengthOut{Empty: true, Blank: true}},
		},
		Run: func(_ context.Context, _ *node.Env, in textIn) (lengthOut, error) {
			words := len(strings.Fields(in.Text))
			return lengthOut{Length: utf8.RuneCountInString(in.Text), Bytes: len(in.Text), Words: words, Lines: len(lines(in.Text)), Empty: in.Text == "", Blank: words == 0}, nil
		},
	})
	is := func(typ, title, doc string, f func(text, part string) bool, examples ...node.Example[partIn, partOut]) {
		node.Register(node.Spec[partIn, partOut]{
			Type: typ, Title: title, Doc: doc, Effect: node.Pure, Examples: examples,
			Run: func(_ context.Context, _ *node.Env, in partIn) (partOut, error) { return in.test(f), nil },
		})
	}
	is("text.contains", "Contains text", "Tells whether text contains another, or any or all of several.", strings.Contains,
		node.Example[partIn, partOut]{Title: "Any case", In: partIn{Text: "Your INVOICE", Part: "invoice", IgnoreCase: true}, Out: partOut{Result: true, Part: "invoice"}},
		node.Example[partIn, partOut]{Title: "All of two", In: partIn{Text: "a b", Parts: []string{"a", "x"}, All: true}, Out: partOut{Part: "a"}})
	is("text.starts_with", "Starts with text", "Tells whether text starts with another, or with any of several.", strings.HasPrefix,
		node.Example[partIn, partOut]{Title: "A prefix", In: partIn{Text: "R-4711", Part: "R-"}, Out: partOut{Result: true, Part: "R-"}})
	is("text.ends_with", "Ends with text", "Tells whether text ends with another, or with any of several.", strings.HasSuffix,
		node.Example[partIn, partOut]{Title: "One of several endings", In: partIn{Text: "scan.PDF", Parts: []string{".png", ".pdf"}, IgnoreCase: true}, Out: partOut{Result: true, Part: ".pdf"}})
}

func count(n int) *int { return &n }

type substringIn struct {
	Text   string `json:"text" is:"required" doc:"Text to take from."`
	From   int    `json:"from" default:"0" doc:"Position of the first character, from 0; negative counts from the end."`
	To     *int   `json:"to" doc:"Position after the last character; negative counts from the end; without it the end of the text."`
	Length *int   `json:"length" min:"0" doc:"How many characters, instead of to."`
}

func substring(in substringIn) (string, error) {
	if in.To != nil && in.Length != nil {
		return "", node.Failf(node.KindInput, "both to and length are given; give one of them")
	}
	r := []rune(in.Text)
	edge := func(i int) int {
		if i < 0 {
			i += len(r)
		}
		return min(max(i, 0), len(r))
	}
	from, to := edge(in.From), len(r)
	if in.To != nil {
		to = edge(*in.To)
	}
	if in.Length != nil {
		to = from + min(max(*in.Length, 0), len(r)-from)
	}
	if from >= to {
		return "", nil
	}
	return string(r[from:to]), nil
}

type lengthOut struct {
	Length int  `json:"length" doc:"Characters (Unicode code points)."`
	Bytes  int  `json:"bytes" doc:"Bytes, as UTF-8."`
	Words  int  `json:"words" doc:"Words: runs of anything but white space."`
	Lines  int  `json:"lines" doc:"Lines."`
	Empty  bool `json:"empty" doc:"True when there are no characters."`
	Blank  bool `json:"blank" doc:"True when there is nothing but white space."`
}

type partIn struct {
	Text       string   `json:"text" is:"required" doc:"Text to look at." widget:"multiline"`
	Part       string   `json:"part" doc:"Text to look for, when parts is empty."`
	Parts      []string `json:"parts" doc:"Several texts to look for."`
	All        bool     `json:"all" doc:"All of parts must be there, rather than one."`
	IgnoreCase bool     `json:"ignore_case" doc:"Treat upper and lower case as equal."`
}

type partOut struct {
	Result bool   `json:"result" doc:"True or false."`
	Part   string `json:"part" doc:"The first of the texts that was found, or nothing."`
}

func (in partIn) test(f func(text, part string) bool) partOut {
	parts := in.Parts
	if len(parts) == 0 {
		parts = []string{in.Part}
	}
	text := in.Text
	if in.IgnoreCase {
		text = strings.ToLower(text)
	}
	out, found := partOut{}, 0
	for _, p := range parts {
		q := p
		if in.IgnoreCase {
			q = strings.ToLower(p)
		}
		if f(text, q) {
			if found++; found == 1 {
				out.Part = p
			}
		}
	}
	out.Result = found == len(parts) || found > 0 && !in.All
	return out
}
