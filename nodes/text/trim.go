package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
)

func init() {
	register("text.trim", "Trim text", "Removes white space, or other characters, a prefix or a suffix, from the ends of text. No-break spaces count as white space; so does the byte order mark.",
		trim,
		node.Example[trimIn, textOut]{Title: "White space", In: trimIn{Text: " \u00a0a b\n"}, Out: textOut{Text: "a b"}},
		node.Example[trimIn, textOut]{Title: "Leading zeros", In: trimIn{Text: "00740", Characters: "0", Side: "start"}, Out: textOut{Text: "740"}},
	)
	register("text.pad", "Pad text", "Fills text up to a length with a character, so that columns line up. Longer text stays as it is.",
		pad,
		node.Example[padIn, textOut]{Title: "Leading zeros", In: padIn{Text: "42", Length: 5, With: "0", Side: "start"}, Out: textOut{Text: "00042"}},
		node.Example[padIn, textOut]{Title: "Centred", In: padIn{Text: "é", Length: 4, With: "-", Side: "both"}, Out: textOut{Text: "-é--"}},
	)
	register("text.truncate", "Shorten text", "Cuts text that is too long, and marks that it was cut. The result, mark included, has at most the length given.",
		truncate,
		node.Example[truncateIn, textOut]{Title: "With dots", In: truncateIn{Text: "Quarterly report", Length: 10}, Out: textOut{Text: "Quarterly…"}},
		node.Example[truncateIn, textOut]{Title: "Between words", In: truncateIn{Text: "one two three", Length: 9, Words: true, Mark: "..."}, Out: textOut{Text: "one..."}},
	)
	register("text.repeat", "Repeat text", "Puts text together several times, with a separator if wanted.",
		func(in repeatIn) (string, error) {
			if in.Count < 0 {
				return "", node.Failf(node.KindInput, "count is %d, less than none", in.Count)
			}
			if n := len(in.Text) + len(in.Separator); n > 0 && in.Count > maxOutput/n {
				return "", tooLarge()
			}
			if in.Separator == "" {
				return strings.Repeat(in.Text, in.Count), nil
			}
			return strings.TrimSuffix(strings.Repeat(in.Text+in.Separator, in.Count), in.Separator), nil
		},
		node.Example[repeatIn, textOut]{Title: "A line", In: repeatIn{Text: "=", Count: 5}, Out: textOut{Text: "====="}},
	)
	register("text.reverse", "Reverse text", "Turns text around, character by character. Accents stay with their letters.",
		func(in textIn) (string, error) { return reverse(in.Text), nil },
		node.Example[textIn, textOut]{Title: "A word", In: textIn{Text: "e\u0301tat"}, Out: textOut{Text: "tate\u0301"}},
	)
}

type trimIn struct {
	Text       string `json:"text" is:"required" doc:"Text to trim."`
	Side       string `json:"side" default:"both" enum:"both,start,end" doc:"Which end to trim."`
	Characters string `json:"characters" doc:"Characters to remove, in whatever order; empty for white space."`
	Prefix     string `json:"prefix" doc:"Text to remove once from the start, if it is there."`
	Suffix     string `json:"suffix" doc:"Text to remove once from the end, if it is there."`
}

func isBlank(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' }

func trim(in trimIn) (string, error) {
	s := in.Text
	if in.Prefix != "" || in.Suffix != "" {
		s = strings.TrimSuffix(strings.TrimPrefix(s, in.Prefix), in.Suffix)
		if in.Characters == "" {
			return s, nil
		}
	}
	drop := isBlank
	if in.Characters != "" {
		drop = func(r rune) bool { return strings.ContainsRune(in.Characters, r) }
	}
	if in.Side != "end" {
		s = strings.TrimLeftFunc(s, drop)
	}
	if in.Side != "start" {
		s = strings.TrimRightFunc(s, drop)
	}
	return s, nil
}

type padIn struct {
	Text   string `json:"text" is:"required" doc:"Text to fill up."`
	Length int    `json:"length" is:"required" min:"0" max:"1000000" doc:"Characters wanted."`
	With   string `json:"with" default:" " doc:"Text to fill up with."`
	Side   string `json:"side" default:"end" enum:"start,end,both" doc:"Where to add: start makes numbers line up on the right, both centres."`
}

func pad(in padIn) (string, error) {
	missing := in.Length - utf8.RuneCountInString(in.Text)
	if missing <= 0 {
		return in.Text, nil
	}
	fill := []rune(in.With)
	if len(fill) == 0 {
		return "", node.Failf(node.KindInput, "there is nothing to fill up with")
	}
	run := func(n int) string {
		out := make([]rune, n)
		for i := range out {
			out[i] = fill[i%len(fill)]
		}
		return string(out)
	}
	switch in.Side {
	case "start":
		return run(missing) + in.Text, nil
	case "both":
		return run(missing/2) + in.Text + run(missing-missing/2), nil
	}
	return in.Text + run(missing), nil
}

type truncateIn struct {
	Text   string `json:"text" is:"required" doc:"Text to shorten."`
	Length int    `json:"length" is:"required" min:"0" doc:"Characters at most."`
	Mark   string `json:"mark" default:"…" doc:"Text that shows that something was cut."`
	Side   string `json:"side" default:"end" enum:"end,start,middle" doc:"Where to cut."`
	Words  bool   `json:"words" doc:"Cut between words, when cutting at the end."`
}

func truncate(in truncateIn) (string, error) {
	r, mark := []rune(in.Text), []rune(in.Mark)
	if len(r) <= in.Length {
		return in.Text, nil
	}
	keep := in.Length - len(mark)
	if keep < 0 {
		return string(mark[:max(in.Length, 0)]), nil
	}
	switch in.Side {
	case "start":
		return in.Mark + string(r[len(r)-keep:]), nil
	case "middle":
		head := (keep + 1) / 2
		return string(r[:head]) + in.Mark + string(r[len(r)-(keep-head):]), nil
	}
	if in.Words && !unicode.IsSpace(r[keep]) {
		for i := keep; i > 0; i-- {
			if unicode.IsSpace(r[i-1]) {
				keep = i
				break
			}
		}
	}
	return strings.TrimRightFunc(string(r[:keep]), unicode.IsSpace) + in.Mark, nil
}

type repeatIn struct {
	Text      string `json:"text" is:"required" doc:"Text to repeat."`
	Count     int    `json:"count" is:"required" min:"0" doc:"How many times."`
	Separator string `json:"separator" doc:"Text between the copies."`
}

func reverse(s string) string {
	r := []rune(s)
	out := make([]rune, 0, len(r))
	for end := len(r); end > 0; {
		start := end - 1
		for start > 0 && unicode.Is(unicode.M, r[start]) {
			start--
		}
		out = append(out, r[start:end]...)
		end = start
	}
	return string(out)
}
