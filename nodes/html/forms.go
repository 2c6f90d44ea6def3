package html

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/node"
)

func init() {
	const login = `<form id=login method=post action="/in"><label for=u>User</label><input id=u name=user required>
<select name=lang><option value=en>English<option value=de selected>Deutsch</select><input type=hidden name=token value=t1><input type=checkbox name=keep checked><button name=go value=1>In</button></form>`
	user := field{Name: "user", Type: "text", Label: "User", ID: "u", Value: "", Required: true, Options: []option{}}
	fields := []field{user, {Name: "lang", Type: "select", Value: "de", Options: []option{{Value: "en", Text: "English"}, {Value: "de", Text: "Deutsch", Selected: true}}},
		{Name: "token", Type: "hidden", Value: "t1", Options: []option{}}, {Name: "keep", Type: "checkbox", Value: "on", Checked: true, Options: []option{}}, {Name: "go", Type: "submit", Value: "1", Label: "In", Options: []option{}}}
	node.Register(node.Spec[formsIn, formsOut]{
		Type: "html.forms", Title: "Forms of HTML", Effect: node.Pure,
		Doc: "Lists the forms of a page with their fields, labels, choices and values. `data` is what a browser would send if the form were sent as it is; send it with http.request, hidden tokens included.",
		Examples: []node.Example[formsIn, formsOut]{{
			Title: "A login",
			In:    formsIn{source: source{HTML: login}, base: base{BaseURL: "https://x.org/a"}},
			Out: formsOut{Forms: []form{{ID: "login", Action: "https://x.org/in", Method: "POST", Enctype: "application/x-www-form-urlencoded", Fields: fields,
				Data: map[string]any{"user": "", "lang": "de", "token": "t1", "keep": "on"}}}, Count: 1},
		}},
		Run: func(ctx context.Context, _ *node.Env, in formsIn) (formsOut, error) {
			doc, found, err := in.find(ctx)
			if err != nil {
				return formsOut{}, err
			}
			resolve, err := in.resolver(doc)
			if err != nil {
				return formsOut{}, err
			}
			out := formsOut{Forms: []form{}}
			for i, n := range found {
				f := describe(doc, n, resolve)
				f.Index = i
				out.Forms = append(out.Forms, f)
			}
			out.Count = len(out.Forms)
			return out, ctx.Err()
		},
	})
	node.Register(node.Spec[fillIn, fillOut]{
		Type: "html.fill_form", Title: "Fill HTML form", Effect: node.Pure,
		Doc: "Fills in a form of a page and returns what is to be sent, and the page with the form filled in. Nothing is sent. Checkboxes take true and false, or a list of the values to check; choices take their value or their text.",
		Examples: []node.Example[fillIn, fillOut]{{
			Title: "A login",
			In:    fillIn{formsIn: formsIn{source: source{HTML: `<form action="/in"><input name=user><select name=l><option value=1>One<option value=2>Two</select></form>`}}, Values: map[string]any{"user": "ann", "l": "Two", "x": 1}},
			Out: fillOut{HTML: `<form action="/in"><input name="user" value="ann"/><select name="l"><option value="1">One</option><option value="2" selected="">Two</option></select></form>`,
				Data: map[string]any{"user": "ann", "l": "2"}, Action: "/in", Method: "GET", Missing: []string{"x"}},
		}},
		Run: fill,
	})
}

type formsIn struct {
	source
	Selector string `json:"selector" default:"form" doc:"CSS selector or XPath of the forms."`
	base
}

type option struct {
	Value    string `json:"value" doc:"What is sent."`
	Text     string `json:"text" doc:"What is shown."`
	Selected bool   `json:"selected" doc:"Whether it is chosen."`
}

type field struct {
	Name        string   `json:"name" doc:"Name under which it is sent."`
	Type        string   `json:"type" doc:"Type: text, password, checkbox, radio, select, textarea, hidden, submit and so on."`
	Label       string   `json:"label" doc:"Its label; the text of a button."`
	ID          string   `json:"id" doc:"Its id attribute."`
	Value       any      `json:"value" doc:"Its value; a list for a choice of several."`
	Placeholder string   `json:"placeholder" doc:"Its hint."`
	Required    bool     `json:"required" doc:"Whether it must be filled in."`
	Disabled    bool     `json:"disabled" doc:"Whether it is switched off, and so not sent."`
	ReadOnly    bool     `json:"readonly" doc:"Whether it cannot be changed."`
	Checked     bool     `json:"checked" doc:"Whether a checkbox or radio button is on."`
	Multiple    bool     `json:"multiple" doc:"Whether several can be chosen."`
	Options     []option `json:"options" doc:"Its choices."`
}

type form struct {
	Index   int            `json:"index" doc:"Number of the form, from 0."`
	ID      string         `json:"id" doc:"Its id attribute."`
	Name    string         `json:"name" doc:"Its name attribute."`
	Action  string         `json:"action" doc:"Where it is sent."`
	Method  string         `json:"method" doc:"GET or POST."`
	Enctype string         `json:"enctype" doc:"How it is sent."`
	Fields  []field        `json:"fields" doc:"Its fields."`
	Data    map[string]any `json:"data" doc:"What would be sent; a list where a name repeats. Buttons and files are left out."`
}

type formsOut struct {
	Forms []form `json:"forms" doc:"The forms."`
	Count int    `json:"count" doc:"Number of forms."`
}

func (in formsIn) find(ctx context.Context) (*html.Node, []*html.Node, error) {
	doc, err := in.parse(ctx)
	if err != nil {
		return nil, nil, err
	}
	found, err := elements(ctx, doc, in.Selector)
	return doc, found, err
}

// controls returns the fields of a form: those in it, and those that name it.
func controls(doc, f *html.Node) []*html.Node {
	var out []*html.Node
	id := attrOf(f, "id")
	is := func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.Input, atom.Select, atom.Textarea, atom.Button:
			return true
		}
		return false
	}
	inside := map[*html.Node]bool{}
	walk(f, func(n *html.Node) bool {
		if is(n) {
			inside[n] = true
			if owner, ok := attr(n, "form"); !ok || owner == id {
				out = append(out, n)
			}
		}
		return true
	})
	if id != "" {
		walk(doc, func(n *html.Node) bool {
			if is(n) && !inside[n] && attrOf(n, "form") == id {
				out = append(out, n)
			}
			return true
		})
	}
	return out
}

func has(n *html.Node, name string) bool {
	_, ok := attr(n, name)
	return ok
}

func describe(doc, n *html.Node, resolve func(string) string) form {
	f := form{ID: attrOf(n, "id"), Name: attrOf(n, "name"), Action: resolve(attrOf(n, "action")), Method: "GET", Enctype: "application/x-www-form-urlencoded", Fields: []field{}}
	if strings.EqualFold(attrOf(n, "method"), "post") {
		f.Method = "POST"
	}
	if e := strings.ToLower(attrOf(n, "enctype")); e == "multipart/form-data" || e == "text/plain" {
		f.Enctype = e
	}
	labels := map[string]string{}
	walk(doc, func(e *html.Node) bool {
		if e.DataAtom == atom.Label {
			if id := attrOf(e, "for"); id != "" {
				labels[id] = squeeze(visible(e))
			}
		}
		return true
	})
	all := controls(doc, n)
	for _, c := range all {
		f.Fields = append(f.Fields, describeField(c, labels))
	}
	f.Data = dataOf(all)
	return f
}

// kindOf returns the type of a field.
func kindOf(n *html.Node) string {
	switch n.DataAtom {
	case atom.Select:
		return "select"
	case atom.Textarea:
		return "textarea"
	case atom.Button:
		if t := strings.ToLower(attrOf(n, "type")); t == "reset" || t == "button" {
			return t
		}
		return "submit"
	}
	if t := strings.ToLower(attrOf(n, "type")); t != "" {
		return t
	}
	return "text"
}

func describeField(n *html.Node, labels map[string]string) field {
	f := field{Name: attrOf(n, "name"), Type: kindOf(n), ID: attrOf(n, "id"), Placeholder: attrOf(n, "placeholder"), Required: has(n, "required"), Disabled: disabled(n),
		ReadOnly: has(n, "readonly"), Checked: has(n, "checked"), Multiple: has(n, "multiple"), Options: []option{}}
	f.Label = labels[f.ID]
	if f.ID == "" || f.Label == "" {
		for p := n.Parent; p != nil; p = p.Parent {
			if p.DataAtom == atom.Label {
				f.Label = squeeze(visible(p))
				break
			}
		}
	}
	if f.Label == "" {
		f.Label = attrOf(n, "aria-label")
	}
	switch f.Type {
	case "select":
		f.Options = options(n)
		var chosen []any
		for _, o := range f.Options {
			if o.Selected {
				chosen = append(chosen, o.Value)
			}
		}
		switch {
		case f.Multiple:
			f.Value = append([]any{}, chosen...)
		case len(chosen) > 0:
			f.Value = chosen[len(chosen)-1]
		}
	default:
		f.Value = valueOf(n)
		if f.Label == "" && n.DataAtom == atom.Button {
			f.Label = squeeze(visible(n))
		}
		if f.Label == "" && (f.Type == "submit" || f.Type == "button") {
			f.Label = attrOf(n, "value")
		}
	}
	return f
}

func disabled(n *html.Node) bool {
	if has(n, "disabled") {
		return true
	}
	for p := n.Parent; p != nil; p = p.Parent {
		if p.DataAtom == atom.Fieldset && has(p, "disabled") {
			return true
		}
	}
	return false
}

func valueOf(n *html.Node) string {
	if n.DataAtom == atom.Textarea {
		return strings.TrimPrefix(content(n), "\n")
	}
	v, ok := attr(n, "value")
	if t := kindOf(n); !ok && (t == "checkbox" || t == "radio") {
		return "on"
	}
	return v
}

// options lists the choices; without a chosen one the first of a single choice
// is chosen.
func options(n *html.Node) []option {
	out := []option{}
	chosen := false
	walk(n, func(e *html.Node) bool {
		if e.DataAtom == atom.Option {
			o := option{Text: squeeze(visible(e)), Selected: has(e, "selected")}
			v, ok := attr(e, "value")
			if o.Value = v; !ok {
				o.Value = o.Text
			}
			chosen = chosen || o.Selected
			out = append(out, o)
		}
		return true
	})
	if !chosen && !has(n, "multiple") && len(out) > 0 {
		out[0].Selected = true
	}
	return out
}

// dataOf returns what a browser would send.
func dataOf(all []*html.Node) map[string]any {
	out := map[string]any{}
	put := func(name, v string) {
		switch old := out[name].(type) {
		case nil:
			out[name] = v
		case []any:
			out[name] = append(old, v)
		default:
			out[name] = []any{old, v}
		}
	}
	for _, n := range all {
		name := attrOf(n, "name")
		if name == "" || disabled(n) {
			continue
		}
		switch kindOf(n) {
		case "submit", "reset", "button", "image", "file":
		case "checkbox", "radio":
			if has(n, "checked") {
				put(name, valueOf(n))
			}
		case "select":
			for _, o := range options(n) {
				if o.Selected {
					put(name, o.Value)
				}
			}
		default:
			put(name, valueOf(n))
		}
	}
	return out
}

type fillIn struct {
	formsIn
	Index  int            `json:"index" default:"0" doc:"Which of the forms found, from 0; -1 is the last."`
	Values map[string]any `json:"values" is:"required" doc:"Values by the names of fields. Nil empties a field."`
}

type fillOut struct {
	HTML    string         `json:"html" doc:"The page with the form filled in."`
	Data    map[string]any `json:"data" doc:"What is to be sent; a list where a name repeats."`
	Action  string         `json:"action" doc:"Where it is to be sent."`
	Method  string         `json:"method" doc:"GET or POST."`
	Missing []string       `json:"missing" doc:"Names of values that the form has no field for."`
}

func fill(ctx context.Context, _ *node.Env, in fillIn) (fillOut, error) {
	doc, found, err := in.find(ctx)
	if err != nil {
		return fillOut{}, err
	}
	resolve, err := in.resolver(doc)
	if err != nil {
		return fillOut{}, err
	}
	i := in.Index
	if i < 0 {
		i += len(found)
	}
	if i < 0 || i >= len(found) {
		return fillOut{}, node.Fail(node.KindNotFound, "the page has no such form", "look at html.forms")
	}
	all := controls(doc, found[i])
	known := map[string]bool{}
	for _, n := range all {
		name := attrOf(n, "name")
		v, wanted := in.Values[name]
		known[name] = true
		if !wanted || name == "" {
			continue
		}
		if err := setField(n, v, name); err != nil {
			return fillOut{}, err
		}
	}
	out := fillOut{Missing: []string{}}
	for name := range in.Values {
		if !known[name] {
			out.Missing = append(out.Missing, name)
		}
	}
	slices.Sort(out.Missing)
	f := describe(doc, found[i], resolve)
	out.Data, out.Action, out.Method = f.Data, f.Action, f.Method
	out.HTML, err = write(in.HTML, doc)
	return out, err
}
