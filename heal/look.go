package heal

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"math"

	"github.com/aether-rpa/aether/selector"
)

// The most that a picture of an element holds, in pixels, and the largest element of which one is made, in CSS pixels:
// of a larger one the corner where reading begins is taken, and what is far larger has no look of its own.
const (
	lookWidth   = 64
	lookHeight  = 32
	lookLargest = 400
	// greys is how many shades a picture has.
	greys = 16
	// slack is how many pixels two pictures are moved against each other.
	slack = 3
)

// Picturable says whether a picture may be made of an element: it has a size that a person takes in at a glance, and is
// no field, for what is typed is never kept.
func Picturable(p *selector.Print) bool {
	w, h := p.Box[2], p.Box[3]
	if w < 6 || h < 6 || w > lookLargest || h > lookLargest/2 {
		return false
	}
	switch kindOf(p) {
	case kindInput, kindSelect, kindFile, kindCheck:
		return false
	}
	return p.Tag != "iframe" && p.Tag != "label" && p.Type != "password"
}

// lookScale is how much a picture is made smaller, which depends on the size of the element alone so that pictures of
// elements of about the same size can be laid on each other.
func lookScale(w, h int) float64 {
	if w <= lookWidth && h <= lookHeight {
		return 1
	}
	return 0.5
}

// Picture makes the picture of an element: box is where it stands on img, pixels of img to a CSS pixel are scale. It is
// "" where there is nothing to see. The text is a PNG in base64.
func Picture(img image.Image, box image.Rectangle, scale float64) string {
	box = box.Intersect(img.Bounds())
	if box.Empty() || scale <= 0 {
		return ""
	}
	cssW, cssH := float64(box.Dx())/scale, float64(box.Dy())/scale
	small := lookScale(int(cssW), int(cssH)) / scale // pixels of the picture to one of img
	w := min(int(math.Round(float64(box.Dx())*small)), lookWidth)
	h := min(int(math.Round(float64(box.Dy())*small)), lookHeight)
	if w < 3 || h < 3 {
		return ""
	}
	shades := make(color.Palette, greys)
	for i := range shades {
		shades[i] = color.Gray{Y: uint8(i * 255 / (greys - 1))} //nolint:gosec // 0 to 255
	}
	out := image.NewPaletted(image.Rect(0, 0, w, h), shades)
	low, high := uint8(greys), uint8(0)
	for y := range h {
		for x := range w {
			at := image.Rect(box.Min.X+int(float64(x)/small), box.Min.Y+int(float64(y)/small), box.Min.X+int(math.Ceil(float64(x+1)/small)), box.Min.Y+int(math.Ceil(float64(y+1)/small))).Intersect(box)
			g := uint8(math.Round(mean(img, at) * (greys - 1) / 255)) //nolint:gosec // 0 to 15
			out.Pix[y*out.Stride+x] = g
			low, high = min(low, g), max(high, g)
		}
	}
	if high-low < 3 {
		return "" // all of one shade
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, out); err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// mean is the brightness of a part of a picture.
func mean(img image.Image, at image.Rectangle) float64 {
	sum, n := 0.0, 0
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			sum += (0.299*float64(r) + 0.587*float64(g) + 0.114*float64(b)) / 257
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// look is a picture as numbers.
type look struct {
	w, h int
	pix  []float64
}

// readLook reads what Picture has made; what is larger was not made by it.
func readLook(text string) (l look, ok bool) {
	if text == "" || len(text) > 4096 {
		return l, false
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return l, false
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || c.Width > lookWidth || c.Height > lookHeight || c.Width < 3 || c.Height < 3 {
		return l, false
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return l, false
	}
	l = look{c.Width, c.Height, make([]float64, 0, c.Width*c.Height)}
	for y := range c.Height {
		for x := range c.Width {
			l.pix = append(l.pix, mean(img, image.Rect(x, y, x+1, y+1)))
		}
	}
	return l, true
}

// like says how alike two pictures are, from 0 to 1: their normalised cross-correlation where they lie best on each
// other, less for what of the larger one is not covered. Bright on dark is as good as dark on bright.
func (l look) like(o look) float64 {
	best := 0.0
	cx, cy := (o.w-l.w)/2, (o.h-l.h)/2
	for _, mid := range [][2]int{{0, 0}, {cx, cy}, {0, cy}} {
		for dy := mid[1] - slack; dy <= mid[1]+slack; dy++ {
			for dx := mid[0] - slack; dx <= mid[0]+slack; dx++ {
				best = max(best, l.over(o, dx, dy))
			}
		}
	}
	return best
}

// over compares the part of two pictures that covers each other when l lies at x, y of o.
func (l look) over(o look, x, y int) float64 {
	x0, y0, x1, y1 := max(x, 0), max(y, 0), min(x+l.w, o.w), min(y+l.h, o.h)
	n := float64((x1 - x0) * (y1 - y0))
	if x1-x0 < 3 || y1-y0 < 3 {
		return 0
	}
	var a, b, aa, bb, ab float64
	for v := y0; v < y1; v++ {
		for u := x0; u < x1; u++ {
			p, q := l.pix[(v-y)*l.w+u-x], o.pix[v*o.w+u]
			a, b, aa, bb, ab = a+p, b+q, aa+p*p, bb+q*q, ab+p*q
		}
	}
	va, vb := aa-a*a/n, bb-b*b/n
	if va < n || vb < n {
		return 0 // one of them is flat there
	}
	return math.Abs(ab-a*b/n) / math.Sqrt(va*vb) * math.Sqrt(n/float64(max(l.w*l.h, o.w*o.h)))
}

// Seen says how alike the pictures of two prints are; ok is false where one of them has none.
func Seen(a, b *selector.Print) (alike float64, ok bool) {
	x, ok := readLook(a.Look)
	if !ok {
		return 0, false
	}
	y, ok := readLook(b.Look)
	if !ok {
		return 0, false
	}
	return round(x.like(y)), true
}

// What a picture must show to settle a doubt, chosen on changed pages of the practice site and tried on others, see
// bench/HEALING-PAGES.md: how alike it is, how much less alike those of the next elements are, and how likely the element
// is without it.
const (
	seenAlike = 0.75
	seenApart = 0.1
	seenLeast = 0.5
)

// look compares the pictures of the best elements with that of the wanted one, as far as there are pictures. How alike
// they are is evidence to be shown, and weighs nothing in the score.
func (p *Prepared) look(w *Wanted, v *Verdict) {
	for i := range v.Top {
		c := &v.Top[i]
		if alike, ok := Seen(&w.Print, &p.page.Elements[c.Element].Print); ok {
			c.Evidence = append([]Evidence{{Feature: "picture", Value: alike}}, c.Evidence...)
		}
		if read := plain(p.page.Elements[c.Element].Words); read != "" {
			c.Evidence = append(c.Evidence, Evidence{Feature: "words on the picture", Value: round(letters(p.reads(&w.Print, kindOf(&w.Print)), read))})
		}
	}
}

// letters says how alike two plain texts are, letter by letter, from 0 to 1.
func letters(a, b string) float64 {
	x, y := cut(a, maxText), cut(b, maxText)
	longer := max(len(x), len(y))
	if longer == 0 {
		return 0
	}
	return 1 - float64(newPattern(x).distance(y))/float64(longer)
}

// recognised says that the picture settles the doubt about an element that nothing speaks against: it reads what the
// wanted one read, or neither reads anything, it looks the same, and of the next elements each looks otherwise. Words
// that are others are never settled by it: a picture shows no more than that they are. It settles nothing where acting
// on a wrong element does harm.
func (v *Verdict) recognised(w *Wanted) bool {
	f := v.weighed[evidenceOwn:]
	if w.Sensitive || len(v.Vetoes) > 0 || v.P < seenLeast || f[fText] == 0 && f[fTextNone] == 0 {
		return false
	}
	best := 0.0
	for i, c := range v.Top {
		if len(c.Evidence) == 0 || c.Evidence[0].Feature != "picture" {
			return false
		}
		alike := c.Evidence[0].Value
		if i == 0 {
			best = alike
		}
		if best < seenAlike || i > 0 && best-alike < seenApart {
			return false
		}
	}
	return len(v.Top) > 0
}
