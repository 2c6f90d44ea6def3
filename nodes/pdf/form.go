package pdf

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/form"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[readFormIn, readFormOut]{
		Type:   "pdf.read_form",
		Title:  "Read form of PDF",
		Doc:    "Reads the fields of a form (AcroForm) in a PDF file and what is filled in. Forms made with Adobe LiveCycle (XFA) show up only as far as they have fields of the usual kind too. A file without a form gives no fields.",
		Effect: node.Read,
		Examples: []node.Example[readFormIn, readFormOut]{{
			Title: "A form of two fields",
			Files: map[string]string{"form.pdf": formPDF},
			In:    readFormIn{source: source{File: "form.pdf"}},
			Check: func(o readFormOut) error {
				if o.Count != 2 || o.Values["agree"] != false || o.Values["name"] != "" {
					return errors.New("the fields were not read")
				}
				return nil
			},
		}},
		Run: readForm,
	})
	node.Register(node.Spec[fillFormIn, fillFormOut]{
		Type:  "pdf.fill_form",
		Title: "Fill form of PDF",
		Doc: "Fills in the fields of a form (AcroForm) in a PDF file. Text fields take text and numbers, check boxes true and false, radio buttons and choices one of their options, lists with several choices a list. " +
			"Fields not named keep their values. A signature on the file becomes invalid and is removed. " +
			"Texts are drawn in the standard fonts of forms, which know the letters of western Europe only: others are refused.",
		Effect: node.Idempotent,
		Examples: []node.Example[fillFormIn, fillFormOut]{{
			Title: "Fill in and lock",
			Files: map[string]string{"form.pdf": formPDF},
			In:    fillFormIn{source: source{File: "form.pdf"}, Values: map[string]any{"name": "Ada", "agree": true}, Finish: "lock", target: target{To: "filled.pdf"}},
			Check: func(o fillFormOut) error {
				if o.Filled != 2 {
					return errors.New("the fields were not filled")
				}
				return nil
			},
		}},
		Run: fillForm,
	})
	node.Register(node.Spec[flattenIn, changedOut]{
		Type:  "pdf.flatten",
		Title: "Flatten PDF",
		Doc: "Makes form fields, notes and stamps a fixed part of the pages, so that they can no longer be changed. " +
			"The file is written anew by PDFium, which also repairs files that other nodes refuse as damaged; it is not encrypted afterwards.",
		Effect: node.Idempotent,
		Examples: []node.Example[flattenIn, changedOut]{{
			Title: "A form that is final",
			Files: map[string]string{"form.pdf": formPDF},
			In:    flattenIn{source: source{File: "form.pdf"}, target: target{To: "final.pdf"}},
			Check: wantPages(1),
		}},
		Run: func(ctx context.Context, env *node.Env, in flattenIn) (changedOut, error) {
			return in.flatten(ctx, env, in.path(in.File))
		},
	})
}

type readFormIn struct{ source }

type readFormOut struct {
	Values map[string]any   `json:"values" doc:"What is filled in, by the name of the field: text, true or false for check boxes, a list for lists with several choices."`
	Fields []map[string]any `json:"fields" doc:"A row for each field: name, id, type (text, date, checkbox, radio, choice, list), value, default, options, label (what a viewer shows as its tip), pages, locked, max_length, multiline, format."`
	Count  int              `json:"count" doc:"How many fields there are."`
}

// field is one field of a form, whatever its type.
type field struct {
	row map[string]any
	set func(v any) error // takes a new value
	use func(f *form.Form)
}

func (f field) name() string {
	if n := f.row["name"].(string); n != "" {
		return n
	}
	return f.row["id"].(string)
}

func readForm(ctx context.Context, env *node.Env, in readFormIn) (readFormOut, error) {
	made := make(chan []field, 1)
	err := in.with(ctx, env, func(rs io.ReadSeeker, conf *model.Configuration) error {
		doc, err := load(rs, conf, model.EXPORTFORMFIELDS)
		if err != nil {
			return err
		}
		fields, err := fieldsOf(doc, in.File)
		made <- fields
		return err
	})
	if err != nil {
		return readFormOut{}, err
	}
	out := readFormOut{Values: map[string]any{}, Fields: []map[string]any{}}
	for _, f := range <-made {
		out.Values[f.name()] = f.row["value"]
		out.Fields = append(out.Fields, f.row)
	}
	out.Count = len(out.Fields)
	return out, nil
}

// fieldsOf lists the fields of the document's form; none is no error.
func fieldsOf(doc *model.Context, path string) ([]field, error) {
	if doc.Form == nil {
		return nil, nil
	}
	group, ok, err := form.ExportForm(doc.XRefTable, path)
	if err != nil {
		if strings.Contains(err.Error(), "no form") {
			return nil, nil
		}
		return nil, err
	}
	if !ok || group == nil {
		return nil, nil
	}
	var out []field
	for i := range group.Forms {
		out = append(out, formFields(&group.Forms[i])...)
	}
	return out, nil
}

func row(kind, id, name, label string, pages []int, locked bool, value, def any, options []string) map[string]any {
	if options == nil {
		options = []string{}
	}
	return map[string]any{
		"type": kind, "id": id, "name": name, "label": label, "pages": pages, "locked": locked,
		"value": value, "default": def, "options": options, "max_length": 0, "multiline": false, "format": "",
	}
}

func formFields(f *form.Form) []field {
	var out []field
	for _, t := range f.TextFields {
		r := row("text", t.ID, t.Name, t.AltName, t.Pages, t.Locked, t.Value, t.Default, nil)
		r["max_length"], r["multiline"] = t.MaxLen, t.Multiline
		out = append(out, field{r, func(v any) (err error) {
			t.Value, err = asText(v)
			if err == nil && t.MaxLen > 0 && len([]rune(t.Value)) > t.MaxLen {
				return input("shorten the text", "it takes %d characters, and the text has %d", t.MaxLen, len([]rune(t.Value)))
			}
			return err
		}, func(f *form.Form) { f.TextFields = append(f.TextFields, t) }})
	}
	for _, d := range f.DateFields {
		r := row("date", d.ID, d.Name, d.AltName, d.Pages, d.Locked, d.Value, d.Default, nil)
		r["format"] = d.Format
		out = append(out, field{r, func(v any) (err error) { d.Value, err = asDate(v, d.Format); return err },
			func(f *form.Form) { f.DateFields = append(f.DateFields, d) }})
	}
	for _, c := range f.CheckBoxes {
		out = append(out, field{row("checkbox", c.ID, c.Name, c.AltName, c.Pages, c.Locked, c.Value, c.Default, nil),
			func(v any) (err error) { c.Value, err = asBool(v); return err },
			func(f *form.Form) { f.CheckBoxes = append(f.CheckBoxes, c) }})
	}
	for _, b := range f.RadioButtonGroups {
		out = append(out, field{row("radio", b.ID, b.Name, b.AltName, b.Pages, b.Locked, b.Value, b.Default, b.Options),
			func(v any) (err error) { b.Value, err = asOption(v, b.Options, false); return err },
			func(f *form.Form) { f.RadioButtonGroups = append(f.RadioButtonGroups, b) }})
	}
	for _, c := range f.ComboBoxes {
		out = append(out, field{row("choice", c.ID, c.Name, c.AltName, c.Pages, c.Locked, c.Value, c.Default, c.Options),
			func(v any) (err error) { c.Value, err = asOption(v, c.Options, c.Editable); return err },
			func(f *form.Form) { f.ComboBoxes = append(f.ComboBoxes, c) }})
	}
	for _, l := range f.ListBoxes {
		var value any = strings.Join(l.Values, "")
		if l.Multi {
			value = append([]string{}, l.Values...)
		}
		out = append(out, field{row("list", l.ID, l.Name, l.AltName, l.Pages, l.Locked, value, append([]string{}, l.Defaults...), l.Options),
			func(v any) (err error) { l.Values, err = asOptions(v, l.Options, l.Multi); return err },
			func(f *form.Form) { f.ListBoxes = append(f.ListBoxes, l) }})
	}
	return out
}

type fillFormIn struct {
	source
	Values  map[string]any `json:"values" is:"required" doc:"What to fill in, by the name of the field (or its id): see the fields that pdf.read_form returns. nil empties a field."`
	Finish  string         `json:"finish" default:"open" enum:"open,lock,flatten" doc:"What becomes of the form. open: it can be filled in further. lock: all fields become read-only. flatten: the fields become a fixed part of the pages."`
	Unknown string         `json:"unknown" default:"fail" enum:"fail,ignore" doc:"What to do about values for which the form has no field."`
	target
}

type fillFormOut struct {
	changedOut
	Filled  int      `json:"filled" doc:"How many fields were given a value."`
	Unknown []string `json:"unknown" doc:"Names in values for which there is no field."`
}

func fillForm(ctx context.Context, env *node.Env, in fillFormIn) (fillFormOut, error) {
	type result struct {
		filled  int
		unknown []string
	}
	made := make(chan result, 1)
	out := fillFormOut{Unknown: []string{}}
	to := in.path(in.File)
	changed, err := in.change(ctx, env, to, model.FILLFORMFIELDS, func(doc *model.Context) (*model.Context, error) {
		fields, err := fieldsOf(doc, in.File)
		if err != nil {
			return nil, err
		}
		if len(fields) == 0 {
			return nil, input("check that it is the right file; a form made with Adobe LiveCycle (XFA) cannot be filled", "%s has no form fields", in.File)
		}
		wanted, filled, unknown, err := in.fill(fields)
		if err != nil {
			return nil, err
		}
		doc.RemoveSignature()
		if filled > 0 {
			_, _, err := form.FillForm(doc, form.FillDetails(wanted, nil), nil, form.JSON)
			if err != nil && strings.Contains(err.Error(), "unknown font") {
				// pdfcpu would take a font of its own for them, from a folder
				// that it does not have here.
				return nil, input("write the values in letters of western Europe", "a value holds letters that the fonts of the form do not have")
			}
			if err != nil {
				return nil, err
			}
		}
		if in.Finish == "lock" {
			if _, err := form.LockFormFields(doc, nil); err != nil {
				return nil, err
			}
		}
		made <- result{filled, unknown}
		return nil, nil
	})
	if err != nil {
		return out, err
	}
	r := <-made
	out.changedOut, out.Filled, out.Unknown = changed, r.filled, r.unknown
	if in.Finish == "flatten" {
		s := in.source
		s.File = to
		out.changedOut, err = s.flatten(ctx, env, to)
	}
	return out, err
}

// fill gives the fields their values and returns a form of those alone.
func (in fillFormIn) fill(fields []field) (wanted *form.Form, filled int, unknown []string, err error) {
	wanted = &form.Form{}
	unknown = []string{}
	for _, name := range sortedKeys(in.Values) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.row["name"] == name })
		if i < 0 {
			i = slices.IndexFunc(fields, func(f field) bool { return f.row["id"] == name })
		}
		if i < 0 {
			if in.Unknown == "ignore" {
				unknown = append(unknown, name)
				continue
			}
			return nil, 0, nil, input("the fields are "+fieldNames(fields), "the form has no field %q", name)
		}
		if err := fields[i].set(in.Values[name]); err != nil {
			f := node.AsFailure(err)
			return nil, 0, nil, input(f.Hint, "the field %q cannot be filled: %s", name, f.Message)
		}
		fields[i].use(wanted)
		filled++
	}
	return wanted, filled, unknown, nil
}

func fieldNames(fields []field) string {
	var names []string
	for _, f := range fields[:min(len(fields), 30)] {
		names = append(names, f.name())
	}
	if len(fields) > 30 {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
