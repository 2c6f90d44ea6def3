package dialog

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
)

func init() {
	node.RegisterControl(node.Control[formIn, formOut]{
		Type: "dialog.form", Title: "Ask with a form", CanFail: true, Asks: true,
		Doc: "Asks for several things at once, on one page or on several. The answers come as a map by field name; answers to fields of the type secret are left out of it and of every record, and are used as {secret: NAME} with the name of the field. " +
			"The form has a default if each required field has one and any field has one; an unattended run takes it, and otherwise waits for a person.",
		Ports: ports,
		Check: func(in formIn) error {
			seen := map[string]bool{}
			all := in.Fields
			for _, p := range in.Pages {
				all = append(all[:len(all):len(all)], p.Fields...)
			}
			for _, f := range all {
				if seen[f.Name] && f.Name != "" {
					return fmt.Errorf("two fields are named %s", f.Name)
				}
				seen[f.Name] = true
			}
			return nil
		},
		Route: func(_ context.Context, in formIn) (node.Move, error) {
			q := in.form(question.Form)
			for _, f := range in.Fields {
				q.Fields = append(q.Fields, f.field(0))
			}
			first := 0
			if len(q.Fields) > 0 && len(in.Pages) > 0 {
				q.Pages, first = []question.Page{{}}, 1
			}
			for i, p := range in.Pages {
				q.Pages = append(q.Pages, question.Page{Title: p.Title, Message: p.Message})
				for _, f := range p.Fields {
					q.Fields = append(q.Fields, f.field(first+i))
				}
			}
			more, err := fromSchema(in.Schema)
			if err != nil {
				return nil, node.Fail(node.KindInput, "the schema cannot be asked for: "+err.Error(), "properties of types string, number, integer, boolean, and array with an enum of items, make fields")
			}
			q.Fields = append(q.Fields, more...)
			if err := propose(q.Fields, in.Propose); err != nil {
				return nil, node.Fail(node.KindInput, err.Error(), "propose values by the names of fields")
			}
			if len(q.Fields) == 0 {
				return nil, node.Fail(node.KindInput, "the form has no fields", "give fields, pages or a schema; to only tell something use dialog.message")
			}
			return in.ask(declared(q), func(r question.Reply) map[string]any {
				values := make(map[string]any, len(q.Fields))
				for _, f := range q.Fields {
					if f.Type != question.Secret {
						values[f.Name] = r.Values[f.Name]
					}
				}
				return map[string]any{"values": values, "confirmed": confirms(r)}
			})
		},
		YAML: "- id: trip\n  type: dialog.form\n  params:\n    title: New trip\n    fields:\n      - {name: place, required: true}\n      - {name: days, type: integer, min: 1, default: 2}\n      - {name: class, type: choice, choices: [first, second], default: second}",
	})
}

type fieldIn struct {
	Name        string   `json:"name" is:"required" doc:"Name of the answer: letters, digits, _ and -."`
	Label       string   `json:"label" doc:"What the person reads; the name if not given."`
	Help        string   `json:"help" doc:"More about it."`
	Type        string   `json:"type" enum:"text,multiline,number,integer,bool,choice,choices,file,files,folder,date,time,datetime,color,secret" default:"text" doc:"What is asked for. Dates are answered as 2026-11-30, times as 14:30:00, datetimes as ISO 8601 with an offset."`
	Required    bool     `json:"required" doc:"Whether it must be filled in."`
	Default     any      `json:"default" doc:"Value that is filled in beforehand, and that an unattended run takes."`
	Choices     []any    `json:"choices" doc:"For choice and choices: values, or maps with value and label. For text: suggestions."`
	Placeholder string   `json:"placeholder" doc:"Shown while the field is empty."`
	Pattern     string   `json:"pattern" doc:"Regular expression that all of a text must match."`
	PatternHint string   `json:"pattern_hint" doc:"What to say if it does not."`
	Min         any      `json:"min" doc:"Least number, date or time, count of characters or count of choices."`
	Max         any      `json:"max" doc:"Greatest number, date or time, count of characters or count of choices."`
	Extensions  []string `json:"extensions" doc:"Endings that a file may have, without the dot."`
	Folder      string   `json:"folder" doc:"Where to begin to look for a file or folder."`
	Zone        string   `json:"zone" doc:"Time zone of a datetime that is given without an offset, such as Europe/Berlin; UTC if not given."`
}

func (f fieldIn) field(page int) question.Field {
	return question.Field{
		Name: f.Name, Label: f.Label, Help: f.Help, Type: f.Type, Page: page, Required: f.Required, Default: f.Default, Placeholder: f.Placeholder,
		Choices: question.Options(f.Choices), Pattern: f.Pattern, PatternHint: f.PatternHint, Min: f.Min, Max: f.Max,
		Extensions: f.Extensions, Folder: f.Folder, Zone: f.Zone,
	}
}

type pageIn struct {
	Title   string    `json:"title" doc:"Heading of the page."`
	Message string    `json:"message" doc:"What the person is told on the page."`
	Fields  []fieldIn `json:"fields" doc:"Fields of the page."`
}

type formIn struct {
	Fields  []fieldIn      `json:"fields" doc:"What to ask for."`
	Pages   []pageIn       `json:"pages" doc:"What to ask for in several pages, one after another; back and forth is allowed."`
	Schema  map[string]any `json:"schema" doc:"JSON schema of an object, such as that of a queue of work items: each of its properties is a field behind the others."`
	Propose map[string]any `json:"propose" doc:"Values by field that are filled in beforehand, such as those that were read from a document. Other than a default they count only if a person sends them."`
	looks
	ending
}

type formOut struct {
	Values    map[string]any `json:"values" doc:"Answers by field name; nothing in each if the form was closed."`
	Confirmed bool           `json:"confirmed" doc:"Whether the form was filled in."`
	replyOut
}
