package pdf

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// Flags of form fields (PDF 32000-1, tables 221, 226, 228 and 230).
const (
	flagLocked    = 1 << 0
	flagMultiline = 1 << 12
	flagRadio     = 1 << 15
	flagButton    = 1 << 16
	flagCombo     = 1 << 17
	flagEditable  = 1 << 18
	flagMany      = 1 << 21
	flagComb      = 1 << 24
)

// maxFields and maxFieldDepth bound the tree of fields.
const (
	maxFields     = 50_000
	maxFieldDepth = 50
)

// choice is one option of a field: what is stored and what is shown.
type choice struct{ stored, shown string }

// widget is a place on a page where a field shows.
type widget struct {
	d    types.Dict
	page int
	on   string // of a button, the name of the look when it is on
}

// field is one field of a form with what it inherits.
type field struct {
	doc     *model.Context
	d       types.Dict
	id      string
	name    string
	kind    string // text, date, checkbox, radio, choice or list
	flags   int
	value   types.Object
	def     types.Object
	options []choice
	widgets []widget
	look    string // how its text looks (DA)
	align   int
	most    int    // characters it takes, 0 for any number
	format  string // of a date
}

// inherited is what fields take from those above them.
type inherited struct {
	name, ft, look string
	flags          int
	align, most    int
	value, def     types.Object
	options        types.Object
}

// fieldsOf lists the fields of the document's form; none is no error.
func fieldsOf(doc *model.Context) []*field {
	if doc.Form == nil {
		return nil
	}
	w := &fieldWalk{doc: doc, seen: map[int]bool{}, pages: map[int]int{}}
	for p, kinds := range doc.PageAnnots {
		if a, ok := kinds[model.AnnWidget]; ok && a.IndRefs != nil {
			for _, r := range *a.IndRefs {
				w.pages[r.ObjectNumber.Value()] = p
			}
		}
	}
	top := inherited{}
	top.take(doc, doc.Form)
	roots, _ := doc.DereferenceArray(doc.Form["Fields"])
	for _, r := range roots {
		w.visit(r, top, 0)
	}
	return w.out
}

type fieldWalk struct {
	doc   *model.Context
	seen  map[int]bool // a tree that loops is walked once
	pages map[int]int
	out   []*field
}

func (w *fieldWalk) visit(o types.Object, up inherited, depth int) {
	ref, ok := o.(types.IndirectRef)
	if !ok || depth > maxFieldDepth || len(w.seen) > maxFields || w.seen[ref.ObjectNumber.Value()] {
		return
	}
	w.seen[ref.ObjectNumber.Value()] = true
	d, err := w.doc.DereferenceDict(ref)
	if err != nil || d == nil {
		return
	}
	in := up
	if t := textOf(w.doc, d["T"]); t != "" {
		in.name = strings.TrimPrefix(up.name+"."+t, ".")
	}
	in.take(w.doc, d)
	var widgets []widget
	kids, _ := w.doc.DereferenceArray(d["Kids"])
	for _, k := range kids {
		kd, err := w.doc.DereferenceDict(k)
		if err != nil || kd == nil {
			continue
		}
		if kd["T"] != nil || kd["Kids"] != nil {
			w.visit(k, in, depth+1)
		} else if r, ok := k.(types.IndirectRef); ok {
			widgets = append(widgets, widget{d: kd, page: w.pages[r.ObjectNumber.Value()]})
		}
	}
	if len(kids) == 0 {
		widgets = append(widgets, widget{d: d, page: w.pages[ref.ObjectNumber.Value()]})
	}
	if len(widgets) > 0 {
		w.add(ref, d, in, widgets)
	}
}

func (in *inherited) take(doc *model.Context, d types.Dict) {
	number := func(key string, to *int) {
		if o, err := doc.Dereference(d[key]); err == nil {
			if n, ok := o.(types.Integer); ok {
				*to = n.Value()
			}
		}
	}
	number("Ff", &in.flags)
	number("Q", &in.align)
	number("MaxLen", &in.most)
	if n := textOf(doc, d["FT"]); n != "" {
		in.ft = n
	}
	if s := textOf(doc, d["DA"]); s != "" {
		in.look = s
	}
	for key, to := range map[string]*types.Object{"V": &in.value, "DV": &in.def, "Opt": &in.options} {
		if o, err := doc.Dereference(d[key]); err == nil && o != nil {
			*to = o
		}
	}
}

func (w *fieldWalk) add(ref types.IndirectRef, d types.Dict, in inherited, widgets []widget) {
	f := &field{doc: w.doc, d: d, id: strconv.Itoa(ref.ObjectNumber.Value()), name: in.name, flags: in.flags, value: in.value, def: in.def,
		widgets: widgets, look: in.look, align: in.align, most: max(in.most, 0), options: choices(w.doc, in.options)}
	switch in.ft {
	case "Tx":
		f.kind = "text"
		if f.format = dateFormat(w.doc, d); f.format != "" {
			f.kind = "date"
		}
	case "Ch":
		f.kind = "list"
		if f.flags&flagCombo != 0 {
			f.kind = "choice"
		}
	case "Btn":
		if f.flags&flagButton != 0 {
			return
		}
		f.buttons()
	default:
		return // a signature, or nothing known
	}
	w.out = append(w.out, f)
}

// buttons tells a check box from radio buttons: these have several looks.
func (f *field) buttons() {
	looks := map[string]bool{}
	texts := f.options
	f.options = nil
	for i := range f.widgets {
		w := &f.widgets[i]
		w.on = onState(f.doc, w.d)
		looks[w.on] = true
		shown, err := types.DecodeName(w.on)
		if err != nil {
			shown = w.on
		}
		if len(texts) == len(f.widgets) {
			shown = texts[i].shown
		}
		f.options = append(f.options, choice{w.on, shown})
	}
	f.kind = "radio"
	if f.flags&flagRadio == 0 && len(looks) <= 1 {
		f.kind, f.options = "checkbox", nil
	}
}

// onState returns the name of the look that a button has when it is on.
func onState(doc *model.Context, d types.Dict) string {
	ap, _ := doc.DereferenceDict(d["AP"])
	for _, key := range []string{"N", "D"} {
		looks, _ := doc.DereferenceDict(ap[key])
		for _, k := range sortedKeys(looks) {
			if k != "Off" {
				return k
			}
		}
	}
	return "Yes"
}

func choices(doc *model.Context, o types.Object) []choice {
	list, ok := o.(types.Array)
	if !ok {
		return nil
	}
	var out []choice
	for _, e := range list[:min(len(list), maxFields)] {
		if e, err := doc.Dereference(e); err == nil {
			if pair, ok := e.(types.Array); ok && len(pair) == 2 {
				out = append(out, choice{textOf(doc, pair[0]), textOf(doc, pair[1])})
				continue
			}
			s := textOf(doc, e)
			out = append(out, choice{s, s})
		}
	}
	return out
}

// textOf returns a string or name as text, "" for anything else.
func textOf(doc *model.Context, o types.Object) string {
	o, err := doc.Dereference(o)
	if err != nil {
		return ""
	}
	switch o := o.(type) {
	case types.StringLiteral, types.HexLiteral:
		if s, err := types.StringOrHexLiteral(o); err == nil && s != nil {
			return strings.ReplaceAll(strings.ReplaceAll(*s, "\r\n", "\n"), "\r", "\n")
		}
	case types.Name:
		return string(o)
	case types.StreamDict:
		if o.Decode() == nil && len(o.Content) < 1<<20 {
			return string(o.Content)
		}
	}
	return ""
}

var dateScript = regexp.MustCompile(`AFDate_(?:Format|Keystroke)Ex\(\s*["']([^"']{1,40})["']`)

// dateFormat finds the format of a date in the script that checks it, as Adobe
// Acrobat writes it.
func dateFormat(doc *model.Context, d types.Dict) string {
	actions, _ := doc.DereferenceDict(d["AA"])
	for _, key := range []string{"F", "K"} {
		action, _ := doc.DereferenceDict(actions[key])
		if m := dateScript.FindStringSubmatch(textOf(doc, action["JS"])); m != nil {
			return m[1]
		}
	}
	return ""
}
