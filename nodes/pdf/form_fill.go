package pdf

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// row describes the field.
func (f *field) row() map[string]any {
	options := []string{}
	for _, o := range f.options {
		options = append(options, o.shown)
	}
	pages := []int{}
	for _, w := range f.widgets {
		if w.page > 0 && !slices.Contains(pages, w.page) {
			pages = append(pages, w.page)
		}
	}
	slices.Sort(pages)
	return map[string]any{
		"type": f.kind, "id": f.id, "name": f.name, "label": textOf(f.doc, f.d["TU"]), "pages": pages, "locked": f.flags&flagLocked != 0,
		"value": f.read(f.value), "default": f.read(f.def), "options": options, "max_length": f.most, "multiline": f.kind == "text" && f.flags&flagMultiline != 0, "format": f.format,
	}
}

// label is how the field is called: by its name, or its id if it has none.
func (f *field) label() string {
	if f.name != "" {
		return f.name
	}
	return f.id
}

// read turns a stored value into one of ours.
func (f *field) read(v types.Object) any {
	switch f.kind {
	case "checkbox":
		s := textOf(f.doc, v)
		return s != "" && s != "Off"
	case "radio":
		s := textOf(f.doc, v)
		for _, o := range f.options {
			if o.stored == s {
				return o.shown
			}
		}
		return ""
	case "choice", "list":
		values := []string{}
		if list, ok := v.(types.Array); ok {
			for _, e := range list[:min(len(list), maxFields)] {
				values = append(values, f.shown(textOf(f.doc, e)))
			}
		} else if s := textOf(f.doc, v); s != "" {
			values = append(values, f.shown(s))
		}
		if f.many() {
			return values
		}
		return strings.Join(values, ", ")
	}
	return textOf(f.doc, v)
}

func (f *field) many() bool { return f.kind == "list" && f.flags&flagMany != 0 }

func (f *field) shown(stored string) string {
	for _, o := range f.options {
		if o.stored == stored {
			return o.shown
		}
	}
	return stored
}

// pick finds an option by what is shown, or by what is stored.
func (f *field) pick(s string) (choice, bool) {
	for _, o := range f.options {
		if o.shown == s {
			return o, true
		}
	}
	for _, o := range f.options {
		if o.stored == s {
			return o, true
		}
	}
	return choice{}, false
}

// set gives the field a value. What it looks like is drawn later; text and
// lines say what is to be drawn.
func (f *field) set(v any) (draws bool, err error) {
	switch f.kind {
	case "checkbox":
		on, err := asBool(v)
		if err != nil {
			return false, err
		}
		state := "Off"
		if on {
			state = f.widgets[0].on
		}
		f.switchTo(state)
		return false, nil
	case "radio":
		s, err := asText(v)
		if err != nil {
			return false, err
		}
		o, ok := f.pick(s)
		switch {
		case s == "":
			o.stored = "Off"
		case !ok:
			return false, f.noOption(s)
		}
		f.switchTo(o.stored)
		return false, nil
	case "choice", "list":
		return true, f.choose(v)
	}
	s, err := asText(v)
	if f.kind == "date" {
		s, err = asDate(v, f.format)
	}
	if err != nil {
		return false, err
	}
	if n := utf8.RuneCountInString(s); f.most > 0 && n > f.most {
		return false, input("shorten the text", "it takes %d characters, and the text has %d", f.most, n)
	}
	if f.flags&flagMultiline == 0 {
		s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	}
	f.d.Delete("RV")
	return true, f.store(s)
}

func (f *field) noOption(s string) error {
	var names []string
	for _, o := range f.options[:min(len(f.options), 30)] {
		names = append(names, o.shown)
	}
	return input("choose one of "+strings.Join(names, ", "), "%q is none of its options", s)
}

// switchTo shows the buttons of that name on and the others off.
func (f *field) switchTo(state string) {
	f.value = types.Name(state)
	f.d["V"] = f.value
	for _, w := range f.widgets {
		if w.on == state {
			w.d["AS"] = types.Name(state)
		} else {
			w.d["AS"] = types.Name("Off")
		}
	}
}

// choose sets the value of a choice or a list.
func (f *field) choose(v any) error {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var picked []choice
	for _, e := range list {
		s, err := asText(e)
		if err != nil {
			return err
		}
		if s == "" {
			continue
		}
		o, ok := f.pick(s)
		if !ok {
			if f.kind != "choice" || f.flags&flagEditable == 0 {
				return f.noOption(s)
			}
			o = choice{s, s}
		}
		picked = append(picked, o)
	}
	if len(picked) > 1 && !f.many() {
		return input("choose one", "it takes one option, not %d", len(picked))
	}
	f.d.Delete("I") // the places of the options, which the values tell as well
	if len(picked) == 0 {
		f.d.Delete("V")
		f.value = nil
		return nil
	}
	if len(picked) == 1 {
		return f.store(picked[0].stored)
	}
	values := types.Array{}
	for _, o := range picked {
		s, err := types.EscapedUTF16String(o.stored)
		if err != nil {
			return fmt.Errorf("storing a value: %w", err)
		}
		values = append(values, types.StringLiteral(*s))
	}
	f.value = values
	f.d["V"] = values
	return nil
}

// store keeps a text as the value.
func (f *field) store(s string) error {
	e, err := types.EscapedUTF16String(s)
	if err != nil {
		return fmt.Errorf("storing a value: %w", err)
	}
	f.value = types.StringLiteral(*e)
	f.d["V"] = f.value
	return nil
}

// lock makes the field read-only.
func (f *field) lock() {
	f.flags |= flagLocked
	f.d["Ff"] = types.Integer(f.flags)
}
