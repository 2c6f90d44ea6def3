package list

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[joinIn, joinOut]{
		Type: "list.join", Title: "Join into text", Effect: node.Pure,
		Doc: "Writes all items as one text with a separator between them. Maps and lists are written as JSON, nil as nothing. The result is held in memory.",
		Examples: []node.Example[joinIn, joinOut]{
			{Title: "With commas", In: joinIn{List: rows("a", 1, true)}, Out: joinOut{Text: "a, 1, true"}},
			{Title: "A sentence", In: joinIn{List: rows("Ann", "", "Bob", "Cy"), Last: " and ", SkipEmpty: true}, Out: joinOut{Text: "Ann, Bob and Cy"}},
		},
		Run: join,
	})
	node.Register(node.Spec[fromTextIn, listOut]{
		Type: "list.from_text", Title: "List from text", Effect: node.Pure,
		Doc: "Makes a list of the lines of a text, or of the parts between a separator.",
		Examples: []node.Example[fromTextIn, listOut]{
			{Title: "Lines", In: fromTextIn{Text: "a\r\n b \n\nc\n"}, Out: listOut{List: []any{"a", "b", "c"}}},
			{Title: "Between commas", In: fromTextIn{Text: "1, 2,", Separator: ",", Numbers: true}, Out: listOut{List: []any{1, 2}}},
		},
		Run: fromText,
	})
	node.Register(node.Spec[fromJSONIn, rowsOut]{
		Type: "list.from_json", Title: "List from JSON", Effect: node.Pure,
		Doc: "Reads a JSON list, or JSON values one after the other or one a line (NDJSON), as a list.",
		Examples: []node.Example[fromJSONIn, rowsOut]{
			{Title: "A list", In: fromJSONIn{Text: `[1, "a"]`}, Out: rowsOut{List: rows(1, "a")}},
			{Title: "Lines", In: fromJSONIn{Text: "{\"id\":1}\n{\"id\":2}\n"}, Out: rowsOut{List: rows(map[string]any{"id": 1}, map[string]any{"id": 2})}},
		},
		Run: fromJSON,
	})
	node.Register(node.Spec[rangeIn, rowsOut]{
		Type: "list.range", Title: "List of numbers", Effect: node.Pure,
		Doc: "Makes a list of evenly spaced numbers, both ends included. Steps are exact: 0 to 1 by 0.1 has 11 items. At most 10 million.",
		Examples: []node.Example[rangeIn, rowsOut]{
			{Title: "One to three", In: rangeIn{From: 1, To: 3}, Out: rowsOut{List: rows(1, 2, 3)}},
			{Title: "Downwards", In: rangeIn{From: 1, To: 0, Step: -0.5}, Out: rowsOut{List: rows(1, 0.5, 0)}},
		},
		Run: makeRange,
	})
}

type joinIn struct {
	List      value.Rows `json:"list" is:"required" doc:"List to write."`
	Separator string     `json:"separator" default:", " doc:"Text between the items."`
	Last      string     `json:"last" doc:"Text between the last two items, when it differs: and."`
	SkipEmpty bool       `json:"skip_empty" doc:"Leave out nil and empty text."`
}

type joinOut struct {
	Text string `json:"text" doc:"All items as one text."`
}

func join(ctx context.Context, _ *node.Env, in joinIn) (joinOut, error) {
	var parts []string
	for v, err := range in.List.All(ctx) {
		if err != nil {
			return joinOut{}, err
		}
		if s := textOf(v); s != "" || !in.SkipEmpty {
			parts = append(parts, s)
		}
	}
	if n := len(parts); in.Last != "" && n > 1 {
		return joinOut{Text: strings.Join(parts[:n-1], in.Separator) + in.Last + parts[n-1]}, nil
	}
	return joinOut{Text: strings.Join(parts, in.Separator)}, nil
}

// textOf writes a value as people read it: text as it is, nil as nothing, the
// rest as JSON.
func textOf(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case float64:
		if d, err := exact.Of(x); err == nil {
			return d.String()
		}
	}
	b, err := value.JSON(v)
	if err != nil {
		return ""
	}
	return string(b)
}

type fromTextIn struct {
	Text      string `json:"text" is:"required" doc:"Text to cut." widget:"multiline"`
	Separator string `json:"separator" doc:"Text between the items; empty cuts at line ends."`
	Trim      bool   `json:"trim" default:"true" doc:"Remove white space around each item."`
	SkipEmpty bool   `json:"skip_empty" default:"true" doc:"Leave out empty items."`
	Numbers   bool   `json:"numbers" doc:"Turn items that are numbers into numbers."`
}

func fromText(_ context.Context, _ *node.Env, in fromTextIn) (listOut, error) {
	text, sep := in.Text, in.Separator
	if sep == "" {
		text, sep = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n"
	}
	out := listOut{List: []any{}}
	for s := range strings.SplitSeq(text, sep) {
		if in.Trim {
			s = strings.TrimSpace(s)
		}
		if s == "" && in.SkipEmpty {
			continue
		}
		var v any = s
		if in.Numbers {
			if d, err := exact.Parse(s); err == nil {
				if n, err := exact.Number(d); err == nil {
					v = n
				}
			}
		}
		out.List = append(out.List, v)
	}
	return out, nil
}

type fromJSONIn struct {
	Text string `json:"text" is:"required" doc:"JSON text." widget:"code"`
}

func fromJSON(ctx context.Context, env *node.Env, in fromJSONIn) (rowsOut, error) {
	text := strings.TrimPrefix(in.Text, "\ufeff")
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		if v, err := value.Parse([]byte(text)); err == nil {
			if l, ok := v.([]any); ok {
				return rowsOut{List: value.RowsOf(l)}, nil
			}
		}
	}
	out, err := env.Rows(ctx, func(yield func(any) bool) error {
		dec := json.NewDecoder(bytes.NewReader([]byte(text)))
		for i := 0; ; i++ {
			if err := alive(ctx, i); err != nil {
				return err
			}
			v, err := value.ParseNext(dec)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				line := 1 + strings.Count(text[:min(int(dec.InputOffset()), len(text))], "\n")
				return node.Fail(node.KindInput, fmt.Sprintf("value %d, which begins at line %d or after it, is not JSON: %v", i, line, err), "check the text; json.parse with lenient accepts comments and trailing commas")
			}
			if !yield(v) {
				return nil
			}
		}
	})
	return rowsOut{List: out}, err
}

type rangeIn struct {
	From any `json:"from" default:"1" doc:"First number."`
	To   any `json:"to" is:"required" doc:"Last number, included when the steps reach it."`
	Step any `json:"step" doc:"Distance between two numbers; without it 1, or -1 when to is smaller than from."`
}

const maxRange = 10_000_000

func makeRange(ctx context.Context, env *node.Env, in rangeIn) (rowsOut, error) {
	var d [3]decimal.Decimal
	for i, v := range []any{in.From, in.To, in.Step} {
		name := [...]string{"from", "to", "step"}[i]
		if v == nil && name == "step" {
			d[2] = decimal.NewFromInt(1)
			if d[1].LessThan(d[0]) {
				d[2] = decimal.NewFromInt(-1)
			}
			continue
		}
		var err error
		if d[i], err = exact.Of(v); err != nil {
			return rowsOut{}, node.Fail(node.KindInput, name+" cannot be used: "+err.Error(), "give a number")
		}
	}
	from, to, step := d[0], d[1], d[2]
	if step.IsZero() {
		return rowsOut{}, node.Failf(node.KindInput, "step is zero, so the range would never end")
	}
	n, _ := to.Sub(from).QuoRem(step, 0)
	if n.GreaterThanOrEqual(decimal.NewFromInt(maxRange)) {
		return rowsOut{}, node.Failf(node.KindInput, "the range has %s items, more than %d", n, maxRange)
	}
	empty := to.Sub(from).Sign()*step.Sign() < 0
	out, err := env.Rows(ctx, func(yield func(any) bool) error {
		at := from
		for i := int64(0); i <= n.IntPart() && !empty; i++ {
			v, err := exact.Number(at)
			if err != nil {
				return node.Fail(node.KindInput, err.Error(), "")
			}
			if err := alive(ctx, int(i)); err != nil || !yield(v) {
				return err
			}
			at = at.Add(step)
		}
		return nil
	})
	return rowsOut{List: out}, err
}
