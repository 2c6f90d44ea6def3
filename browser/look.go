package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strings"
	"time"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

// How long pictures of elements may take: of one that was found for certain, which is made once and takes 30 to 50 ms
// where the machine has the time, and those of a search. A search that will be told of needs a picture of the page
// anyway, and waits for it as long as for that.
const (
	portraitTime = time.Second
	portraitLeft = 3 * time.Second // must be left of the time for the action
	lookBudget   = 150 * time.Millisecond
)

// portray gives the print of an element that was found for certain its picture: the one that is known, if it looks the
// same, else a new one. Of what has just changed none is made: it may be data, and change with every run. It reports
// whether time has passed, so that the element is to be looked at again.
func (p *Page) portray(ctx context.Context, w *wanted, s *sight) bool {
	now := s.Print
	if k := w.known; k != nil {
		if !sameLook(k, now) || k.Box[2] != now.Box[2] || k.Box[3] != now.Box[3] {
			return false
		}
		if now.Look = k.Look; now.Look != "" {
			return false
		}
	}
	if w.portrayed || isField(now) || !heal.Picturable(now) || veiledText(now) || remaining(ctx) < portraitLeft {
		return false
	}
	w.portrayed = true
	ctx, cancel := context.WithTimeout(ctx, portraitTime)
	defer cancel()
	var at []float64
	if err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.sight(%d)", s.At), &at); err != nil || len(at) != 4 {
		return false
	}
	x, y, err := p.Locate(ctx, s.frame, at[0], at[1])
	if err != nil {
		return true
	}
	x0, y0 := math.Floor(x), math.Floor(y)
	one := Shot{X: x0, Y: y0, Width: math.Ceil(x+at[2]) - x0, Height: math.Ceil(y+at[3]) - y0}
	b, err := p.veiled(ctx, func() ([]byte, error) { return p.Screenshot(ctx, one) })
	if err != nil {
		return true
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return true
	}
	scale := float64(img.Bounds().Dx()) / one.Width
	px := func(v float64) int { return int(math.Round(v * scale)) }
	box := image.Rect(px(x-x0), px(y-y0), px(x-x0+at[2]), px(y-y0+at[3]))
	keepLook(now, heal.Picture(img, box.Add(img.Bounds().Min), scale))
	return true
}

// keepLook adds a picture to a print as far as it has room for one.
func keepLook(p *selector.Print, look string) {
	if b, err := json.Marshal(p); err == nil && len(b)+len(look)+len(`,"look":""`) <= maxPrint {
		p.Look = look
	}
}

// veiledText says that words were taken out of a print: they are not to be read on a picture either.
func veiledText(p *selector.Print) bool {
	for _, s := range []string{p.Text, p.Own, p.Name, p.Label, p.Title, p.Alt} {
		if strings.Contains(s, "***") || strings.Contains(s, "…") {
			return true
		}
	}
	return false
}

// compare looks at the likeliest elements on one picture of the page, where it is known what the wanted one looked like
// on one, and takes that into the verdict.
func (p *Page) compare(ctx context.Context, w *wanted, in *searched, last bool) {
	v := in.verdict
	if remaining(ctx) < 4*lookBudget || in.wish.Print.Look == "" || v.Best < 0 || v.Decision == heal.Abstain || in.all.Elements[v.Best].Frame != "" {
		return
	}
	limit := lookBudget
	if last || v.Decision == heal.Heal {
		limit = min(pictureTime, remaining(ctx)/3)
	}
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	in.tried = true
	in.shot = p.shoot(soon, boxOf(&in.all.Elements[v.Best].Print), boxOf(&in.wish.Print))
	if in.shot == nil {
		return
	}
	var places []int
	for _, c := range v.Top {
		places = append(places, c.Element)
	}
	Looks(in.all, in.shot.img, image.Pt(0, int(in.shot.top)), in.shot.scale, places...)
	w.read(ctx, in)
	in.verdict = in.tables.Find(in.wish)
}

// read reads what is written on the likeliest element, where that has no words of its own and the wanted one had some:
// a button that is a picture now.
func (w *wanted) read(ctx context.Context, in *searched) {
	e, was := &in.all.Elements[in.verdict.Best], &in.wish.Print
	if w.h.Words == nil || e.Look == "" || e.Text+e.Name+e.Label+e.Alt+e.Title != "" || was.Text+was.Name == "" {
		return
	}
	box := boxOf(&e.Print)
	px := func(v float64) int { return int(v * in.shot.scale) }
	b := enlarged(in.shot.img, image.Rect(px(box[0]), px(box[1]-in.shot.top), px(box[0]+box[2]), px(box[1]+box[3]-in.shot.top)))
	if b == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookBudget)
	defer cancel()
	if text, err := w.h.Words(ctx, b); err == nil {
		e.Words = text
	}
}

// enlarged is a part of a picture at twice its size with a margin around it, as what reads needs it.
func enlarged(img image.Image, part image.Rectangle) []byte {
	part = part.Intersect(img.Bounds())
	if part.Empty() {
		return nil
	}
	const margin = 12
	out := image.NewGray(image.Rect(0, 0, 2*part.Dx()+2*margin, 2*part.Dy()+2*margin))
	paper := color.GrayModel.Convert(img.At(part.Min.X, part.Min.Y))
	draw.Draw(out, out.Bounds(), &image.Uniform{paper}, image.Point{}, draw.Src)
	for y := range 2 * part.Dy() {
		for x := range 2 * part.Dx() {
			out.Set(margin+x, margin+y, img.At(part.Min.X+x/2, part.Min.Y+y/2))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		return nil
	}
	return b.Bytes()
}

// Looks gives elements of the page itself their pictures: at is the place of the document at which img begins, scale
// the pixels of img to a CSS pixel. Places name the elements, all of them if none is named. What is a field, or has one
// in it, has none.
func Looks(all *Prints, img image.Image, at image.Point, scale float64, places ...int) {
	holds := make([]bool, len(all.Elements)) // a field
	for i := range all.Elements {
		e := &all.Elements[i]
		if !isField(&e.Print) {
			continue
		}
		for k := i; k >= 0 && !holds[k]; k = all.Elements[k].Parent {
			holds[k] = true
		}
	}
	take := func(i int) {
		e := &all.Elements[i]
		if holds[i] || !e.Shown || e.Frame != "" || !heal.Picturable(&e.Print) || veiledText(&e.Print) {
			return
		}
		px := func(v, from int) int { return int(float64(v-from) * scale) }
		box := image.Rect(px(e.Box[0], at.X), px(e.Box[1], at.Y), px(e.Box[0]+e.Box[2], at.X), px(e.Box[1]+e.Box[3], at.Y))
		if box.In(img.Bounds()) {
			keepLook(&e.Print, heal.Picture(img, box, scale))
		}
	}
	if len(places) == 0 {
		for i := range all.Elements {
			take(i)
		}
	}
	for _, i := range places {
		take(i)
	}
}

// isField says that a person types or chooses in an element: no picture of it is kept.
func isField(p *selector.Print) bool {
	switch p.Tag {
	case "input":
		switch p.Type {
		case "submit", "button", "reset", "image":
			return false
		}
		return true
	case "textarea", "select", "iframe", "object", "embed", "video":
		return true
	}
	switch p.Role {
	case "textbox", "searchbox", "combobox", "listbox", "spinbutton", "slider":
		return true
	}
	return false
}
