package pdf

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
	"github.com/signintech/gopdf"

	"github.com/aether-rpa/aether/node"
)

// Viewers show a field as the file says it looks, so a new value needs a new
// look. The texts of all fields are set on the pages of a document of their own,
// which brings its font with it, since the fonts of a form mostly know western
// letters only; these pages then become the looks of the fields.

// drawn is a place on a page whose look is made.
type drawn struct {
	f      *field
	w      widget
	wide   float64 // as it is read, after turning
	high   float64
	turn   int
	behind string // operators that paint what is behind the text
}

const (
	fieldPad = 3.0
	// gopdf sets letters high in their line; this part of their size brings
	// them to its middle.
	lowered = 0.22
)

// drawFields makes the looks of fields.
func drawFields(doc *model.Context, fields []*field, font []byte) error {
	var all []drawn
	for _, f := range fields {
		for _, w := range f.widgets {
			if d, ok := measure(f, w); ok {
				all = append(all, d)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	p, err := newPaper(100, 100, 0, 10, font)
	if err != nil {
		return err
	}
	for _, d := range all {
		p.pdf.AddPageWithOption(gopdf.PageOption{PageSize: &gopdf.Rect{W: d.wide, H: d.high}})
		p.pages++
		if err := d.write(p); err != nil {
			f := node.AsFailure(err)
			return input(f.Hint, "the field %q cannot be filled: %s", d.f.label(), f.Message)
		}
	}
	b, err := p.bytes("", "")
	if err != nil {
		return err
	}
	made, err := load(newReader(b), source{limits: limits{MaxSize: len(b) << 4}}.conf(), model.COLLECT)
	if err != nil {
		return fmt.Errorf("drawing the fields: %w", err)
	}
	c := &copier{from: made, to: doc, seen: map[int]types.IndirectRef{}}
	for i, d := range all {
		if err := d.attach(c, i+1); err != nil {
			return fmt.Errorf("drawing the field %s: %w", d.f.label(), err)
		}
	}
	return nil
}

func measure(f *field, w widget) (drawn, bool) {
	r := numbers(f.doc, w.d["Rect"])
	if len(r) != 4 {
		return drawn{}, false
	}
	wide, high := math.Abs(r[2]-r[0]), math.Abs(r[3]-r[1])
	if !(wide >= 1 && high >= 1 && wide < 15_000 && high < 15_000) {
		return drawn{}, false // hidden, or nonsense
	}
	look, _ := f.doc.DereferenceDict(w.d["MK"])
	d := drawn{f: f, w: w, wide: wide, high: high}
	if o, err := f.doc.Dereference(look["R"]); err == nil {
		if n, ok := o.(types.Integer); ok {
			d.turn = ((n.Value() % 360) + 360) % 360
		}
	}
	if d.turn == 90 || d.turn == 270 {
		d.wide, d.high = high, wide
	}
	var b strings.Builder
	if c := colorOps(numbers(f.doc, look["BG"]), false); c != "" {
		fmt.Fprintf(&b, "q %s 0 0 %.2f %.2f re f Q\n", c, d.wide, d.high)
	}
	if c := colorOps(numbers(f.doc, look["BC"]), true); c != "" {
		line := 1.0
		if style, _ := f.doc.DereferenceDict(w.d["BS"]); style != nil {
			if n := numbers(f.doc, types.Array{style["W"]}); len(n) == 1 {
				line = min(max(n[0], 0), 20)
			}
		}
		if line > 0 {
			fmt.Fprintf(&b, "q %s %.2f w %.2f %.2f %.2f %.2f re S Q\n", c, line, line/2, line/2, d.wide-line, d.high-line)
		}
	}
	d.behind = b.String()
	return d, true
}

// write sets the text of the field on the current page.
func (d drawn) write(p *paper) error {
	size, rgb := textLook(d.f.look)
	p.pdf.SetTextColor(rgb[0], rgb[1], rgb[2])
	align := []string{"left", "center", "right"}[min(max(d.f.align, 0), 2)]
	room := max(d.wide-2*fieldPad, 1)
	p.face = "" // gopdf forgets its font with each page
	switch {
	case d.f.kind == "list":
		return d.list(p, size)
	case d.f.kind == "text" && d.f.flags&flagMultiline != 0:
		text := fmt.Sprint(d.f.read(d.f.value))
		auto := size == 0
		if auto {
			size = 12
		}
		for {
			lines, err := p.wrap([]run{{text, faceRegular}}, size, room)
			if err != nil {
				return err
			}
			if auto && size > 4 && float64(len(lines))*lineHeight(size) > d.high-2*fieldPad {
				size--
				continue
			}
			for i, l := range lines {
				y := fieldPad + size*lowered + float64(i)*lineHeight(size)
				if y > d.high {
					return nil // more than the field shows
				}
				if err := p.line(l, fieldPad, y, room, size, align); err != nil {
					return err
				}
			}
			return nil
		}
	}
	text, err := p.clean(fmt.Sprint(d.f.read(d.f.value)))
	if err != nil || text == "" {
		return err
	}
	if size == 0 {
		size = min(max((d.high-fieldPad)/1.35, 4), 100)
		if err := p.use(faceRegular, size); err != nil {
			return err
		}
		if w, err := p.width(text); err != nil {
			return err
		} else if w > room {
			size = max(size*room/w, 4)
		}
	}
	if err := p.use(faceRegular, size); err != nil {
		return err
	}
	y := (d.high-lineHeight(size))/2 + size*lowered
	if d.f.flags&flagComb != 0 && d.f.most > 0 && d.f.kind == "text" {
		cell := d.wide / float64(d.f.most)
		for i, r := range []rune(text) {
			w, err := p.width(string(r))
			if err != nil {
				return err
			}
			if err := p.line(laidLine{[]run{{string(r), faceRegular}}, w}, float64(i)*cell, y, cell, size, "center"); err != nil {
				return err
			}
		}
		return nil
	}
	w, err := p.width(text)
	if err != nil {
		return err
	}
	return p.line(laidLine{[]run{{text, faceRegular}}, w}, fieldPad, y, room, size, align)
}

// list sets the options of a list, those chosen on blue.
func (d *drawn) list(p *paper, size float64) error {
	if size == 0 {
		size = 12
	}
	if err := p.use(faceRegular, size); err != nil {
		return err
	}
	chosen := []string{}
	switch v := d.f.read(d.f.value).(type) {
	case []string:
		chosen = v
	case string:
		chosen = append(chosen, v)
	}
	y := fieldPad
	for _, o := range d.f.options {
		if y > d.high {
			return nil
		}
		text, err := p.clean(o.shown)
		if err != nil {
			return err
		}
		if slices.Contains(chosen, o.shown) {
			p.pdf.SetFillColor(153, 193, 218)
			p.pdf.RectFromUpperLeftWithStyle(1, y, max(d.wide-2, 0), lineHeight(size), "F")
		}
		if err := p.line(laidLine{runs: []run{{text, faceRegular}}}, fieldPad, y+size*lowered, d.wide, size, "left"); err != nil {
			return err
		}
		y += lineHeight(size)
	}
	return nil
}

// attach makes a page the look of the field.
func (d drawn) attach(c *copier, page int) error {
	pd, _, inherited, err := c.from.PageDict(page, false)
	if err != nil {
		return err
	}
	content, err := c.from.PageContent(pd, page)
	if err != nil {
		return err
	}
	resources := pd["Resources"]
	if resources == nil && inherited != nil {
		resources = inherited.Resources
	}
	copied, err := c.object(resources, 0)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s/Tx BMC q 0 0 %.2f %.2f re W n\n%s\nQ EMC\n", d.behind, d.wide, d.high, content)
	look, err := c.to.NewStreamDictForBuf([]byte(text))
	if err != nil {
		return err
	}
	look.InsertName("Type", "XObject")
	look.InsertName("Subtype", "Form")
	look.Insert("BBox", types.Array{types.Integer(0), types.Integer(0), types.Float(d.wide), types.Float(d.high)})
	if m, ok := map[int][]float64{90: {0, 1, -1, 0, d.high, 0}, 180: {-1, 0, 0, -1, d.wide, d.high}, 270: {0, -1, 1, 0, 0, d.wide}}[d.turn]; ok {
		look.Insert("Matrix", types.NewNumberArray(m...))
	}
	if copied != nil {
		look.Insert("Resources", copied)
	}
	if err := look.Encode(); err != nil {
		return err
	}
	ref, err := c.to.IndRefForNewObject(*look)
	if err != nil {
		return err
	}
	d.w.d["AP"] = types.Dict{"N": *ref}
	d.w.d.Delete("AS")
	return nil
}

// textLook reads size and colour of the text out of how a field says it looks,
// for instance "/Helv 12 Tf 0 g". A size of 0 asks for one that fits.
func textLook(da string) (size float64, rgb [3]uint8) {
	words := strings.Fields(da)
	at := func(i int) float64 {
		if i < 0 {
			return 0
		}
		n, err := strconv.ParseFloat(words[i], 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0
		}
		return n
	}
	part := func(v float64) uint8 { return uint8(min(max(v, 0), 1)*255 + 0.5) }
	for i, w := range words {
		switch w {
		case "Tf":
			size = min(max(at(i-1), 0), 500)
		case "g":
			rgb = [3]uint8{part(at(i - 1)), part(at(i - 1)), part(at(i - 1))}
		case "rg":
			rgb = [3]uint8{part(at(i - 3)), part(at(i - 2)), part(at(i - 1))}
		case "k":
			k := 1 - at(i-1)
			rgb = [3]uint8{part((1 - at(i-4)) * k), part((1 - at(i-3)) * k), part((1 - at(i-2)) * k)}
		}
	}
	return size, rgb
}

// colorOps returns the operator that sets a colour of one, three or four parts.
func colorOps(c []float64, stroke bool) string {
	op, ok := map[int]string{1: "g", 3: "rg", 4: "k"}[len(c)]
	if !ok {
		return ""
	}
	if stroke {
		op = strings.ToUpper(op)
	}
	var b strings.Builder
	for _, v := range c {
		fmt.Fprintf(&b, "%.3f ", min(max(v, 0), 1))
	}
	return b.String() + op
}

// numbers returns the numbers of an array, nil if it holds anything else.
func numbers(doc *model.Context, o types.Object) []float64 {
	o, err := doc.Dereference(o)
	if err != nil {
		return nil
	}
	list, _ := o.(types.Array)
	out := make([]float64, 0, min(len(list), 8))
	for _, e := range list[:min(len(list), 8)] {
		e, err := doc.Dereference(e)
		if err != nil {
			return nil
		}
		switch n := e.(type) {
		case types.Integer:
			out = append(out, float64(n.Value()))
		case types.Float:
			out = append(out, n.Value())
		default:
			return nil
		}
	}
	return out
}
