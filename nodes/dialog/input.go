package dialog

import (
	"context"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.RegisterControl(node.Control[inputIn, inputOut]{
		Type: "dialog.input", Title: "Ask for a text or number", CanFail: true, Asks: true,
		Doc:   "Asks for one line, several lines or a number, and checks what is given before it is taken. Ask for passwords with dialog.credential. An unattended run takes the default, and without one waits for a person.",
		Ports: ports,
		Check: func(in inputIn) error {
			if _, err := regexp.Compile(in.Pattern); err != nil {
				return fmt.Errorf("the pattern is wrong: %w", err)
			}
			return nil
		},
		Route: func(_ context.Context, in inputIn) (node.Move, error) {
			f := question.Field{
				Name: "value", Label: or(in.Label, "Answer"), Type: in.Type, Required: in.Required, Default: in.Default, Placeholder: in.Placeholder,
				Pattern: in.Pattern, PatternHint: in.PatternHint, Min: limit(in.Min), Max: limit(in.Max),
			}
			for _, s := range in.Suggestions {
				f.Choices = append(f.Choices, question.Option{Value: s})
			}
			return in.ask(declared(in.form(question.Form, f)), func(r question.Reply) map[string]any {
				v := r.Values["value"]
				return map[string]any{"value": v, "length": utf8.RuneCountInString(question.Show(v))}
			})
		},
		YAML: "- {id: who, type: dialog.input, params: {message: Who is it for?, default: Accounting, wait: 1h}}",
	})
	node.RegisterControl(node.Control[chooseIn, chooseOut]{
		Type: "dialog.choose", Title: "Ask to choose", CanFail: true, Asks: true,
		Doc:   "Asks to choose one entry of a list, or several. An entry is a value, or a map with value and label. Go different ways afterwards with flow.switch.",
		Ports: ports,
		Route: func(_ context.Context, in chooseIn) (node.Move, error) {
			if len(in.Choices) == 0 {
				return nil, node.Fail(node.KindInput, "there is nothing to choose from: the list of choices is empty", "test the list with flow.if first")
			}
			f := question.Field{Name: "value", Label: or(in.Label, "Answer"), Type: question.Choice, Required: in.Required, Default: in.Default, Choices: question.Options(in.Choices)}
			if in.Multiple {
				f.Type, f.Min, f.Max = question.Choices, count(in.Min), count(in.Max)
			}
			return in.ask(declared(in.form(question.Form, f)), func(r question.Reply) map[string]any { return chosen(f, r) })
		},
		YAML: "- {id: which, type: dialog.choose, params: {message: Which office?, choices: [Berlin, {value: MUC, label: Munich}]}}",
	})
}

// chosen tells what was chosen and where it is in the list.
func chosen(f question.Field, r question.Reply) map[string]any {
	v := r.Values["value"]
	picked, many := v.([]any)
	if !many && v != nil {
		picked = []any{v}
	}
	values, indexes, names := []any{}, []any{}, []any{}
	for _, p := range picked {
		for i, o := range f.Choices {
			if value.Equal(o.Value, p) {
				values, indexes, names = append(values, p), append(indexes, i), append(names, o.Text())
				break
			}
		}
	}
	out := map[string]any{"value": v, "values": values, "indexes": indexes, "labels": names, "index": -1}
	if len(indexes) > 0 {
		out["index"] = indexes[0]
	}
	return out
}

func limit(p *float64) any {
	if p == nil {
		return nil
	}
	return *p
}

func count(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

type inputIn struct {
	Type        string   `json:"type" enum:"text,multiline,number,integer" default:"text" doc:"What is asked for."`
	Label       string   `json:"label" doc:"Name of the field."`
	Default     any      `json:"default" doc:"Value that is filled in beforehand, and that an unattended run takes; an empty text counts as one."`
	Required    bool     `json:"required" doc:"Whether it must not be empty."`
	Placeholder string   `json:"placeholder" doc:"Shown while the field is empty."`
	Suggestions []string `json:"suggestions" doc:"Texts to complete what is typed."`
	Pattern     string   `json:"pattern" is:"advanced" doc:"Regular expression that all of the text must match."`
	PatternHint string   `json:"pattern_hint" is:"advanced" doc:"What to say if it does not."`
	Min         *float64 `json:"min" doc:"Least number, or least count of characters."`
	Max         *float64 `json:"max" doc:"Greatest number, or greatest count of characters."`
	looks
	ending
}

type inputOut struct {
	Value  any `json:"value" doc:"What was given: a text, or a number for the types number and integer; nothing if the dialog was closed."`
	Length int `json:"length" doc:"Count of characters."`
	replyOut
}

type chooseIn struct {
	Choices  []any  `json:"choices" is:"required" doc:"What there is to choose from: values, or maps with value and label."`
	Multiple bool   `json:"multiple" doc:"Whether several may be chosen."`
	Label    string `json:"label" doc:"Name of the field."`
	Default  any    `json:"default" doc:"Choice that is made beforehand (a list with multiple), and that an unattended run takes."`
	Required bool   `json:"required" default:"true" doc:"Whether something must be chosen."`
	Min      int    `json:"min" min:"0" when:"multiple=true" doc:"How many must be chosen at least."`
	Max      int    `json:"max" min:"0" when:"multiple=true" doc:"How many may be chosen at most; any number if not given."`
	looks
	ending
}

type chooseOut struct {
	Value   any      `json:"value" doc:"What was chosen; a list with multiple; nothing if nothing was."`
	Values  []any    `json:"values" doc:"What was chosen, always as a list."`
	Labels  []string `json:"labels" doc:"The labels of that."`
	Index   int      `json:"index" doc:"Where the first chosen entry is in the list, counted from 0; -1 if nothing was chosen."`
	Indexes []int    `json:"indexes" doc:"Where each of them is."`
	replyOut
}
