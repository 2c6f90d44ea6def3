package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[formIn, formOut]{
		Type: "web.fill_form", Title: "Fill form",
		Doc: "Fills a whole form in one step, from the top of the page down, and reads each field back. All fields must be there; a page that does not keep a value is a failure. " +
			"A field holds text, a number or a date (2026-02-28); a check box takes true or false; a list the choice as it is shown, or a list of them. What is empty or null empties its field. " +
			"With submit the button is pressed behind it, and the page that it leads to is awaited.",
		Effect: node.Once,
		EffectOf: func(in formIn) node.Effect {
			if !in.Submit.Given() || in.Repeatable {
				return node.Idempotent
			}
			return node.Once
		},
		Examples: []node.Example[formIn, formOut]{{
			Title: "Enter a customer and send it",
			In: formIn{
				Fields:  map[string]any{"label=First name": "Ada", "label=Country": "Latvia", "label=Newsletter": false},
				Secrets: map[string]vault.Secret{"label=Password": {}}, Submit: selector.Must(`role=button[name="Create"]`),
			},
			Out: formOut{Filled: 4, Shaped: map[string]any{}, URL: "https://shop.example.com/customers/7", Status: 200}, DocOnly: needsBrowser,
		}},
		Check: func(in formIn) error { _, err := in.fields(); return err },
		Run: func(ctx context.Context, env *node.Env, in formIn) (formOut, error) {
			fields, err := in.fields()
			if err == nil && len(fields) == 0 {
				err = errors.New("there is no field to fill: give fields, the target of each with what it shall hold")
			}
			if err != nil {
				return formOut{}, node.Fail(node.KindInput, err.Error(), "")
			}
			return do(ctx, env, in.In, !in.Submit.Given() || in.Repeatable, func(ctx context.Context, _ *browser.Session, p *browser.Page) (formOut, error) {
				return fillForm(ctx, p, in, fields)
			})
		},
	})
	node.Register(node.Spec[formsIn, formsOut]{
		Type: "web.list_forms", Title: "List forms",
		Doc:    "Lists the forms of the page with their fields, each with a target that finds it alone, so that a flow can look what a form asks for. Fields that stand in no form make a last one without a target. What password fields hold is left out.",
		Effect: node.Read,
		Examples: []node.Example[formsIn, formsOut]{{
			Title: "See what the login asks for",
			Out: formsOut{Forms: []any{map[string]any{
				"target": "id=login", "name": "", "id": "login", "action": "https://shop.example.com/login", "method": "post", "submit": `role=button[name="Sign in"]`,
				"fields": []any{map[string]any{"target": "label=Password", "label": "Password", "name": "pw", "id": "", "type": "password", "required": true, "enabled": true, "shown": true}},
			}}, Count: 1, Fields: 1}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in formsIn) (formsOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (formsOut, error) {
				forms, err := p.FormsOf(ctx, in.Target, in.Hidden)
				out := formsOut{Forms: forms, Count: len(forms)}
				for _, f := range forms {
					m, _ := f.(map[string]any)
					fields, _ := m["fields"].([]any)
					out.Fields += len(fields)
				}
				return out, err
			})
		},
	})
}

type formIn struct {
	In
	Fields     map[string]any          `json:"fields" doc:"Target of each field with what it shall hold, like label=First name: Ada."`
	Secrets    map[string]vault.Secret `json:"secrets" doc:"The same for secrets, which no log, record or picture shows."`
	Submit     selector.Target         `json:"submit" widget:"selector" doc:"Button to press behind it; none leaves the form as it is filled."`
	Repeatable bool                    `json:"repeatable" is:"advanced" doc:"Whether sending the form twice does no harm."`
}

type formOut struct {
	Filled int            `json:"filled" doc:"How many fields were filled."`
	Shaped map[string]any `json:"shaped" doc:"By target what a field shows where the page lays it out in its own way."`
	URL    string         `json:"url" doc:"Address of the page that submit led to, none if the page stayed."`
	Status int            `json:"status" doc:"HTTP status of that page."`
}

type formsIn struct {
	In
	Target selector.Target `json:"target" widget:"selector" doc:"Part of the page to look in; none is all of it."`
	Hidden bool            `json:"hidden" doc:"Whether to list what cannot be seen, too."`
}

type formsOut struct {
	Forms  []any `json:"forms" doc:"The forms: target, name, id, action, method, submit (target of the button that sends it) and fields, each with target, label, name, id, type, required, enabled, shown, value, and where it has them checked, choices and placeholder."`
	Count  int   `json:"count" doc:"How many forms there are."`
	Fields int   `json:"fields" doc:"How many fields they have together."`
}

// fields are the fields of the form in an order that is always the same; the page's own order is that of filling.
func (in formIn) fields() ([]browser.FormField, error) {
	var out []browser.FormField
	add := func(name string, f browser.FormField) error {
		t, err := selector.Of(name)
		f.Target = t
		out = append(out, f)
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(in.Fields)) {
		f := browser.FormField{}
		switch v := in.Fields[name].(type) {
		case nil:
		case []any:
			f.Kind = browser.FormSelect
			f.Values = []string{}
			for _, e := range v {
				f.Values = append(f.Values, fmt.Sprint(e))
			}
		case map[string]any:
			return nil, fmt.Errorf("%s: a field holds text, a number, true or false, or a list of choices, and not a map", name)
		default:
			f.Value = scalar(v)
		}
		if err := add(name, f); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Secrets)) {
		if _, ok := in.Fields[name]; ok {
			return nil, fmt.Errorf("%s stands in fields and in secrets", name)
		}
		if err := add(name, browser.FormField{Value: in.Secrets[name].Reveal(), Secret: true}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scalar writes a value as a person types it.
func scalar(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func fillForm(ctx context.Context, p *browser.Page, in formIn, fields []browser.FormField) (formOut, error) {
	done, err := p.Form(ctx, fields)
	if err != nil {
		return formOut{}, err
	}
	out := formOut{Filled: len(done), Shaped: map[string]any{}}
	for i, d := range done {
		if d.Shaped != "" {
			out.Shaped[fields[i].Target.String()] = d.Shaped
		}
	}
	if !in.Submit.Given() {
		return out, nil
	}
	d, err := p.Click(ctx, in.Submit, browser.Click{})
	if d.Arrival != nil {
		out.URL, out.Status = d.Arrival.URL, d.Arrival.Status
	}
	return out, err
}
