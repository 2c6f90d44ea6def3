package pdf

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

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
			"Texts are drawn in a font that comes along and knows Latin, Greek and Cyrillic letters; give font_file for others. Letters that join (Arabic, Devanagari) are not joined.",
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

func readForm(ctx context.Context, env *node.Env, in readFormIn) (readFormOut, error) {
	made := make(chan readFormOut, 1)
	err := in.with(ctx, env, func(rs io.ReadSeeker, conf *model.Configuration) error {
		doc, err := load(rs, conf, model.EXPORTFORMFIELDS)
		if err != nil {
			return err
		}
		out := readFormOut{Values: map[string]any{}, Fields: []map[string]any{}}
		for _, f := range fieldsOf(doc) {
			row := f.row()
			out.Values[f.label()] = row["value"]
			out.Fields = append(out.Fields, row)
		}
		out.Count = len(out.Fields)
		made <- out
		return nil
	})
	if err != nil {
		return readFormOut{}, err
	}
	return <-made, nil
}

type fillFormIn struct {
	source
	Values   map[string]any `json:"values" is:"required" doc:"What to fill in, by the name of the field (or its id): see the fields that pdf.read_form returns. nil empties a field."`
	Finish   string         `json:"finish" default:"open" enum:"open,lock,flatten" doc:"What becomes of the form. open: it can be filled in further. lock: all fields become read-only. flatten: the fields become a fixed part of the pages."`
	FontFile string         `json:"font_file" widget:"file" is:"advanced" doc:"TrueType font for letters that the built-in font lacks, such as Chinese."`
	Unknown  string         `json:"unknown" default:"fail" enum:"fail,ignore" doc:"What to do about values for which the form has no field."`
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
	var font []byte
	if in.FontFile != "" {
		var err error
		if font, err = in.other(env, in.FontFile); err != nil {
			return out, err
		}
	}
	changed, err := in.change(ctx, env, to, model.FILLFORMFIELDS, func(doc *model.Context) (*model.Context, error) {
		fields := fieldsOf(doc)
		if len(fields) == 0 {
			return nil, input("check that it is the right file; a form made with Adobe LiveCycle (XFA) alone cannot be filled", "%s has no form fields", in.File)
		}
		draw, filled, unknown, err := in.fill(fields)
		if err != nil {
			return nil, err
		}
		doc.RemoveSignature()
		doc.Form.Delete("XFA") // it would hide what is filled in
		if err := drawFields(doc, draw, font); err != nil {
			return nil, err
		}
		if in.Finish == "lock" {
			for _, f := range fields {
				f.lock()
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

// fill gives the fields their values and returns those that are to be drawn.
func (in fillFormIn) fill(fields []*field) (draw []*field, filled int, unknown []string, err error) {
	unknown = []string{}
	for _, name := range sortedKeys(in.Values) {
		i := slices.IndexFunc(fields, func(f *field) bool { return f.name == name })
		if i < 0 {
			i = slices.IndexFunc(fields, func(f *field) bool { return f.id == name })
		}
		if i < 0 {
			if in.Unknown == "ignore" {
				unknown = append(unknown, name)
				continue
			}
			return nil, 0, nil, input("the fields are "+fieldNames(fields), "the form has no field %q", name)
		}
		// Fields that stand apart and have one name are one to the reader.
		for _, f := range fields[i:] {
			if f != fields[i] && (f.name != name || f.name == "") {
				continue
			}
			draws, err := f.set(in.Values[name])
			if err != nil {
				f := node.AsFailure(err)
				return nil, 0, nil, input(f.Hint, "the field %q cannot be filled: %s", name, f.Message)
			}
			if draws {
				draw = append(draw, f)
			}
		}
		filled++
	}
	return draw, filled, unknown, nil
}

func fieldNames(fields []*field) string {
	var names []string
	for _, f := range fields[:min(len(fields), 30)] {
		names = append(names, f.label())
	}
	if len(fields) > 30 {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
