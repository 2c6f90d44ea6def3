package text

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[concatIn, textOut]{
		Type: "text.concat", Title: "Join texts", Effect: node.Pure, Aliases: []string{"text.join"},
		Doc: "Puts several values together as one text, with a separator between them. Lists and maps are written as JSON, nil as nothing.",
		Examples: []node.Example[concatIn, textOut]{
			{Title: "A name", In: concatIn{Values: []any{"Ann", "Lee"}, Separator: " "}, Out: textOut{Text: "Ann Lee"}},
			{Title: "An address with gaps", In: concatIn{Values: []any{"Main St 1", "", nil, 53111}, Separator: ", ", SkipEmpty: true}, Out: textOut{Text: "Main St 1, 53111"}},
		},
		Run: textRun(concat),
	})
	node.Register(node.Spec[splitIn, splitOut]{
		Type: "text.split", Title: "Split text", Effect: node.Pure,
		Doc: "Cuts text into parts: at a separator, a pattern, line ends, white space, after every so many characters, or into characters.",
		Examples: []node.Example[splitIn, splitOut]{
			{Title: "At commas", In: splitIn{Text: "a, b,,c", Separator: ",", Trim: true, SkipEmpty: true}, Out: splitOut{Parts: []string{"a", "b", "c"}, Count: 3, First: "a", Last: "c"}},
			{Title: "Once only", In: splitIn{Text: "key=a=b", Separator: "=", Limit: 2}, Out: splitOut{Parts: []string{"key", "a=b"}, Count: 2, First: "key", Last: "a=b"}},
			{Title: "By pattern", In: splitIn{Text: "1;2, 3", By: "regex", Separator: `[;,]\s*`}, Out: splitOut{Parts: []string{"1", "2", "3"}, Count: 3, First: "1", Last: "3"}},
		},
		Run: split,
	})
}

type concatIn struct {
	Values    []any  `json:"values" is:"required" doc:"Values in the order wanted."`
	Separator string `json:"separator" doc:"Text between them."`
	SkipEmpty bool   `json:"skip_empty" doc:"Leave out nil and empty text."`
}

func concat(in concatIn) (string, error) {
	parts := make([]string, 0, len(in.Values))
	for _, v := range in.Values {
		if s := written(v); s != "" || !in.SkipEmpty {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, in.Separator), nil
}

// written is a value as people read it.
func written(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	b, err := value.JSON(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

type splitIn struct {
	Text      string `json:"text" is:"required" doc:"Text to cut." widget:"multiline"`
	By        string `json:"by" default:"text" enum:"text,regex,lines,whitespace,length,characters" doc:"Where to cut."`
	Separator string `json:"separator" default:"," doc:"Text or pattern between the parts."`
	Length    int    `json:"length" default:"0" min:"0" doc:"Characters in a part." when:"by=length"`
	Limit     int    `json:"limit" default:"0" min:"0" doc:"At most so many parts, the last one holding the rest; 0 means no limit."`
	Trim      bool   `json:"trim" doc:"Remove white space around each part."`
	SkipEmpty bool   `json:"skip_empty" doc:"Leave out empty parts."`
	flags
}

type splitOut struct {
	Parts []string `json:"parts" doc:"The parts."`
	Count int      `json:"count" doc:"How many there are."`
	First string   `json:"first" doc:"The first part, or nothing."`
	Last  string   `json:"last" doc:"The last part, or nothing."`
}

func split(_ context.Context, _ *node.Env, in splitIn) (splitOut, error) {
	parts, err := in.parts()
	if err != nil {
		return splitOut{}, err
	}
	out := splitOut{Parts: make([]string, 0, len(parts))}
	for _, p := range parts {
		if in.Trim {
			p = strings.TrimSpace(p)
		}
		if p != "" || !in.SkipEmpty {
			out.Parts = append(out.Parts, p)
		}
	}
	if out.Count = len(out.Parts); out.Count > 0 {
		out.First, out.Last = out.Parts[0], out.Parts[out.Count-1]
	}
	return out, nil
}

func (in splitIn) parts() ([]string, error) {
	limit := in.Limit
	if limit <= 0 {
		limit = -1
	}
	switch in.By {
	case "lines":
		s := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(in.Text)
		if s = strings.TrimSuffix(s, "\n"); s == "" {
			return nil, nil
		}
		return strings.SplitN(s, "\n", limit), nil
	case "whitespace":
		re, err := flags{}.compile(`[\s\p{Z}\x{85}]+`)
		if err != nil {
			return nil, err
		}
		if s := strings.TrimSpace(in.Text); s != "" {
			return re.Split(s, limit), nil
		}
		return nil, nil
	case "characters":
		return pieces(in.Text, 1, limit), nil
	case "length":
		if in.Length < 1 {
			return nil, node.Failf(node.KindInput, "length is %d, and a part needs at least one character", in.Length)
		}
		return pieces(in.Text, in.Length, limit), nil
	}
	if in.Separator == "" {
		return nil, node.Fail(node.KindInput, "the separator is empty", "choose by: characters to cut between all characters")
	}
	if in.By == "text" && !in.IgnoreCase {
		return strings.SplitN(in.Text, in.Separator, limit), nil
	}
	re, err := in.finder(in.Separator, in.By)
	if err != nil {
		return nil, err
	}
	return re.Split(in.Text, limit), nil
}

// pieces cuts after every n characters, into at most limit parts if positive.
func pieces(s string, n, limit int) []string {
	var out []string
	start, count := 0, 0
	for i := range s {
		if count == n {
			if limit > 0 && len(out) == limit-1 {
				break
			}
			out = append(out, s[start:i])
			start, count = i, 0
		}
		count++
	}
	if s == "" {
		return nil
	}
	return append(out, s[start:])
}
