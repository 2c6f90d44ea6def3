package pdfium

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
)

// Glyph is a character with its place: the box of the font, not of the ink, so
// that all characters of a line have the same height.
type Glyph struct {
	R          rune
	X, Y, W, H float64
	Generated  bool // a space or line end that PDFium added
}

// maxGlyphs bounds what one page may hold.
const maxGlyphs = 2_000_000

// Glyphs returns the characters of a page in reading order.
func (d *Doc) Glyphs(page int) ([]Glyph, error) {
	f, err := d.frame(page)
	if err != nil {
		return nil, err
	}
	loaded, err := d.inst.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: d.page(page)})
	if err != nil {
		return nil, d.failure(err)
	}
	tp := loaded.TextPage
	defer func() { _, _ = d.inst.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: tp}) }()
	count, err := d.inst.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: tp})
	if err != nil {
		return nil, d.failure(err)
	}
	n := min(count.Count, maxGlyphs)
	if n <= 0 {
		return nil, nil
	}
	out := make([]Glyph, 0, n)
	for i := range n {
		if i%256 == 0 && d.ctx.Err() != nil {
			return nil, d.ctx.Err()
		}
		u, err := d.inst.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: tp, Index: i})
		if err != nil {
			return nil, d.failure(err)
		}
		g := Glyph{R: rune(u.Unicode)}
		if g.R == 0 || g.R == '\r' || g.R == 0xFFFE {
			continue
		}
		if box, err := d.inst.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: tp, Index: i}); err == nil {
			x1, y1 := f.point(float64(box.Rect.Left), float64(box.Rect.Top))
			x2, y2 := f.point(float64(box.Rect.Right), float64(box.Rect.Bottom))
			g.X, g.Y, g.W, g.H = min(x1, x2), min(y1, y2), math.Abs(x2-x1), math.Abs(y2-y1)
		} else if d.ctx.Err() != nil {
			return nil, d.ctx.Err()
		}
		if k := len(out); k > 0 && utf16.IsSurrogate(out[k-1].R) && utf16.IsSurrogate(g.R) {
			if r := utf16.DecodeRune(out[k-1].R, g.R); r != unicode.ReplacementChar {
				out[k-1].R = r
				continue
			}
		}
		out = append(out, g)
	}
	for i := range out {
		if utf16.IsSurrogate(out[i].R) || out[i].R > unicode.MaxRune || out[i].R < 0 {
			out[i].R = unicode.ReplacementChar
		}
	}
	return out, nil
}

// cleanText brings PDFium's text into the usual form: \n at line ends, hyphens
// at line ends as hyphens, no control characters.
func cleanText(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\ufffe' || r == '\x02':
			return '-'
		case r != '\n' && r != '\t' && unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
}

// Line is a straight line drawn on a page, horizontal or vertical, X1 <= X2 and
// Y1 <= Y2.
type Line struct{ X1, Y1, X2, Y2 float64 }

const (
	maxLines   = 20_000
	maxObjects = 200_000
	// thin is how thick a filled box may be to be taken for a line.
	thin = 3.0
	// straight is how far a line may lean, in points.
	straight = 0.5
)

// Lines returns the horizontal and vertical lines of a page: strokes, edges of
// boxes and thin filled boxes. A page with very many gives the first ones.
func (d *Doc) Lines(page int) ([]Line, error) {
	f, err := d.frame(page)
	if err != nil {
		return nil, err
	}
	ref, done, err := d.pageRef(page)
	if err != nil {
		return nil, err
	}
	defer done()
	count, err := d.inst.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: ref})
	if err != nil {
		return nil, d.failure(err)
	}
	c := &lineCollector{d: d, f: f}
	for i := range min(count.Count, maxObjects) {
		o, err := d.inst.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: ref, Index: i})
		if err == nil {
			c.object(o.PageObject, identity, 0)
		}
		if d.ctx.Err() != nil {
			return nil, d.ctx.Err()
		}
		if len(c.out) >= maxLines {
			break
		}
	}
	return c.out, nil
}

type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

func matrixOf(m structs.FPDF_FS_MATRIX) matrix {
	return matrix{float64(m.A), float64(m.B), float64(m.C), float64(m.D), float64(m.E), float64(m.F)}
}

func (m matrix) apply(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

// then returns the matrix that applies m first and n after it.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

type lineCollector struct {
	d    *Doc
	f    frame
	out  []Line
	seen int
}

func (c *lineCollector) object(o references.FPDF_PAGEOBJECT, outer matrix, depth int) {
	if c.seen++; c.seen > maxObjects || depth > 4 {
		return
	}
	inst := c.d.inst
	t, err := inst.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: o})
	if err != nil || t.Type != enums.FPDF_PAGEOBJ_PATH && t.Type != enums.FPDF_PAGEOBJ_FORM {
		return
	}
	m := outer
	if own, err := inst.FPDFPageObj_GetMatrix(&requests.FPDFPageObj_GetMatrix{PageObject: o}); err == nil {
		m = matrixOf(own.Matrix).then(outer)
	}
	if t.Type == enums.FPDF_PAGEOBJ_PATH {
		c.path(o, m)
		return
	}
	n, err := inst.FPDFFormObj_CountObjects(&requests.FPDFFormObj_CountObjects{PageObject: o})
	if err != nil {
		return
	}
	for i := range n.Count {
		if c.d.ctx.Err() != nil || len(c.out) >= maxLines {
			return
		}
		if in, err := inst.FPDFFormObj_GetObject(&requests.FPDFFormObj_GetObject{PageObject: o, Index: uint64(i)}); err == nil {
			c.object(in.PageObject, m, depth+1)
		}
	}
}

func (c *lineCollector) path(o references.FPDF_PAGEOBJECT, m matrix) {
	inst := c.d.inst
	n, err := inst.FPDFPath_CountSegments(&requests.FPDFPath_CountSegments{PageObject: o})
	if err != nil || n.Count < 2 || n.Count > 5000 {
		return // a drawing, not a rule
	}
	mode, err := inst.FPDFPath_GetDrawMode(&requests.FPDFPath_GetDrawMode{PageObject: o})
	if err != nil || !mode.Stroke && mode.FillMode == enums.FPDF_FILLMODE_NONE {
		return // clips and nothing else
	}
	var x0, y0, x, y float64 // start of the figure, last point
	var edges []Line
	line := func(ax, ay, bx, by float64) {
		if math.Abs(ax-bx) < straight || math.Abs(ay-by) < straight {
			edges = append(edges, Line{min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)})
		}
	}
	for i := range n.Count {
		s, err := inst.FPDFPath_GetPathSegment(&requests.FPDFPath_GetPathSegment{PageObject: o, Index: i})
		if err != nil {
			return
		}
		p, err := inst.FPDFPathSegment_GetPoint(&requests.FPDFPathSegment_GetPoint{PathSegment: s.PathSegment})
		if err != nil {
			return
		}
		kind, err := inst.FPDFPathSegment_GetType(&requests.FPDFPathSegment_GetType{PathSegment: s.PathSegment})
		if err != nil {
			return
		}
		px, py := c.f.point(m.apply(float64(p.X), float64(p.Y)))
		switch kind.Type {
		case enums.FPDF_SEGMENT_MOVETO:
			x0, y0 = px, py
		case enums.FPDF_SEGMENT_LINETO:
			line(x, y, px, py)
		}
		x, y = px, py
		if cl, err := inst.FPDFPathSegment_GetClose(&requests.FPDFPathSegment_GetClose{PathSegment: s.PathSegment}); err == nil && cl.IsClose {
			line(x, y, x0, y0)
			x, y = x0, y0
		}
	}
	c.add(edges, mode.Stroke)
}

// add keeps the edges of a path as lines. A thin filled box is one line, not
// four.
func (c *lineCollector) add(edges []Line, stroke bool) {
	if len(edges) == 0 {
		return
	}
	box := edges[0]
	for _, e := range edges {
		box = Line{min(box.X1, e.X1), min(box.Y1, e.Y1), max(box.X2, e.X2), max(box.Y2, e.Y2)}
	}
	w, h := box.X2-box.X1, box.Y2-box.Y1
	switch {
	case !stroke && h <= thin && w > 2*h:
		mid := (box.Y1 + box.Y2) / 2
		edges = []Line{{box.X1, mid, box.X2, mid}}
	case !stroke && w <= thin && h > 2*w:
		mid := (box.X1 + box.X2) / 2
		edges = []Line{{mid, box.Y1, mid, box.Y2}}
	}
	for _, e := range edges {
		if e.X2-e.X1 >= thin || e.Y2-e.Y1 >= thin {
			c.out = append(c.out, e)
		}
	}
}
