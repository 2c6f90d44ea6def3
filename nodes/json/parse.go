package json

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[parseIn, parseOut]{
		Type: "json.parse", Title: "Parse JSON", Effect: node.Pure,
		Doc: "Reads JSON text as a value. Strict takes exactly what the standard allows; lenient also takes comments, trailing commas, single quotes, keys without quotes, a byte order mark, and a ```json fence around the text. Of a key that occurs twice the last value stays.",
		Examples: []node.Example[parseIn, parseOut]{
			{Title: "An object", In: parseIn{Text: `{"id": 7, "tags": ["a"]}`}, Out: parseOut{Value: map[string]any{"id": 7, "tags": []any{"a"}}}},
			{Title: "Written by hand", In: parseIn{Text: "{name: 'Ann', // the customer\n \"age\": 30,}", Mode: "lenient"}, Out: parseOut{Value: map[string]any{"name": "Ann", "age": 30}}},
		},
		Run: parse,
	})
	node.Register(node.Spec[linesIn, linesOut]{
		Type: "json.parse_lines", Title: "Parse JSON lines", Effect: node.Pure,
		Doc: "Reads text with one JSON value a line (NDJSON, JSON Lines) as a list. Empty lines are skipped.",
		Examples: []node.Example[linesIn, linesOut]{
			{Title: "Two records", In: linesIn{Text: "{\"a\":1}\n{\"a\":2}\n"}, Out: linesOut{List: value.RowsOf([]any{map[string]any{"a": 1}, map[string]any{"a": 2}}), Count: 2, Errors: []lineError{}}},
			{Title: "A broken line", In: linesIn{Text: "1\n{\n2", OnError: "skip"}, Out: linesOut{List: value.RowsOf([]any{1, 2}), Count: 2, Errors: []lineError{{Line: 2, Message: "the text ends in the middle of a value, at line 1, column 2"}}}},
		},
		Run: parseLines,
	})
}

type parseIn struct {
	Text string `json:"text" is:"required" doc:"JSON text." widget:"code"`
	Mode string `json:"mode" default:"strict" enum:"strict,lenient" doc:"How much to forgive: strict nothing, lenient what people write by hand."`
}

type parseOut struct {
	Value any `json:"value" doc:"The value: a map, a list, text, a number, true, false or nil."`
}

func parse(_ context.Context, _ *node.Env, in parseIn) (parseOut, error) {
	text := in.Text
	hint := "check the text at that place; lenient mode takes comments and trailing commas"
	if in.Mode == "lenient" {
		text, hint = tolerate(text), "check the text at that place"
	}
	v, err := value.Parse([]byte(text))
	if err != nil {
		return parseOut{}, node.Fail(node.KindInput, "the text is not JSON: "+explain(text, err), hint)
	}
	return parseOut{Value: v}, nil
}

// explain says what is wrong with JSON text, and at which line and column.
func explain(text string, err error) string {
	if strings.TrimSpace(text) == "" {
		return "it is empty"
	}
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the text ends in the middle of a value, at " + place(text, len(text)+1)
	case errors.As(err, &syntax):
		return syntax.Error() + ", at " + place(text, int(syntax.Offset))
	}
	return err.Error()
}

// place says where the byte before offset is.
func place(text string, offset int) string {
	before := text[:max(0, min(offset-1, len(text)))]
	line := strings.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", 1+strings.Count(before, "\n"), 1+utf8.RuneCountInString(before[line+1:]))
}

type linesIn struct {
	Text    string `json:"text" is:"required" doc:"Text with one JSON value a line." widget:"code"`
	OnError string `json:"on_error" default:"fail" enum:"fail,skip" doc:"What to do with a line that is not JSON: fail, or leave it out and list it in errors."`
}

type lineError struct {
	Line    int    `json:"line" doc:"Number of the line, from 1."`
	Message string `json:"message" doc:"What is wrong with it."`
}

type linesOut struct {
	List   value.Rows  `json:"list" doc:"The values."`
	Count  int         `json:"count" doc:"How many values there are."`
	Errors []lineError `json:"errors" doc:"Lines left out, at most 1000 of them."`
}

func parseLines(ctx context.Context, env *node.Env, in linesIn) (linesOut, error) {
	out := linesOut{Errors: []lineError{}}
	list, err := env.Rows(ctx, func(yield func(any) bool) error {
		n := 0
		for line := range strings.SplitSeq(strings.TrimPrefix(in.Text, "\ufeff"), "\n") {
			if n++; n%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			v, err := value.Parse([]byte(line))
			if err != nil {
				if in.OnError != "skip" {
					return node.Fail(node.KindInput, fmt.Sprintf("line %d is not JSON: %s", n, explain(line, err)), "correct the line, or set on_error to skip")
				}
				if len(out.Errors) < 1000 {
					out.Errors = append(out.Errors, lineError{Line: n, Message: explain(line, err)})
				}
				continue
			}
			out.Count++
			if !yield(v) {
				return nil
			}
		}
		return nil
	})
	out.List = list
	return out, err
}
