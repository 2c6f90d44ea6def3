package browser

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// The picture of an element that was found again.
const (
	pictureTime   = time.Second
	pictureWidth  = 1600
	pictureHeight = 1200
)

var (
	wasThere = color.RGBA{0xd0, 0x20, 0x20, 0xff} // red: where it was
	isThere  = color.RGBA{0x10, 0x90, 0x30, 0xff} // green: where it was found
)

// shot is a picture of a part of the page: of the document, from top on, with so many pixels to a CSS pixel.
type shot struct {
	img        image.Image
	top, scale float64
}

// shoot takes a picture of the page around now, with the place before on it where both fit; boxes are x, y, width and
// height in the document. What was filled with secrets is not to be read on it. nil is no picture.
func (p *Page) shoot(ctx context.Context, now, before [4]float64) *shot {
	var window struct{ X, Y, Width, Height float64 }
	if err := p.Eval(ctx, p.main(), "({x: scrollX, y: scrollY, width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight})", &window); err != nil {
		return nil
	}
	top := now[1] - 300
	if before[1] > top && before[1] < now[1] || before[1] > now[1]-900 && before[1] < now[1] {
		top = before[1] - 60
	}
	top = max(min(top, window.Height-pictureHeight), 0)
	s := Shot{X: -window.X, Y: top - window.Y, Width: min(max(window.Width, 1), pictureWidth), Height: min(max(window.Height-top, 1), pictureHeight), JPEG: 80}
	b, err := p.veiled(ctx, func() ([]byte, error) { return p.Screenshot(ctx, s) })
	if err != nil {
		return nil
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	return &shot{img: img, top: top, scale: float64(img.Bounds().Dx()) / s.Width}
}

// marked is a picture of the page around an element that was found again: where it stood before is red, where it was
// found green. The page is not touched for the marks. nil is no picture. A picture that was taken already is used if the
// element is on it.
func (p *Page) marked(ctx context.Context, h *Healed, frame string, handle int, taken *shot) []byte {
	ctx, cancel := context.WithTimeout(ctx, min(pictureTime, remaining(ctx)/2))
	defer cancel()
	var at struct {
		X, Y          float64
		Width, Height float64
	}
	if err := p.Eval(ctx, frame, fmt.Sprintf("__aether.read(%d,'box').value", handle), &at); err != nil {
		return nil
	}
	x, y, err := p.Locate(ctx, frame, at.X, at.Y)
	if err != nil {
		return nil
	}
	var scroll [2]float64
	if err := p.Eval(ctx, p.main(), "[scrollX, scrollY]", &scroll); err != nil {
		return nil
	}
	now := [4]float64{x + scroll[0], y + scroll[1], at.Width, at.Height}
	before := boxOf(&h.Before)
	if !taken.shows(now) {
		taken = p.shoot(ctx, now, before)
	}
	if taken == nil {
		return nil
	}
	out := image.NewRGBA(taken.img.Bounds())
	draw.Draw(out, out.Bounds(), taken.img, taken.img.Bounds().Min, draw.Src)
	frameBox(out, before, taken.top, taken.scale, wasThere)
	frameBox(out, now, taken.top, taken.scale, isThere)
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, out, &jpeg.Options{Quality: 80}); err != nil {
		return nil
	}
	return buf.Bytes()
}

// shows says that a place of the document is on a picture.
func (s *shot) shows(box [4]float64) bool {
	return s != nil && box[1] >= s.top && (box[1]+box[3]-s.top)*s.scale <= float64(s.img.Bounds().Dy()) && box[0]*s.scale < float64(s.img.Bounds().Dx())
}

func boxOf(p *selector.Print) [4]float64 {
	return [4]float64{float64(p.Box[0]), float64(p.Box[1]), float64(p.Box[2]), float64(p.Box[3])}
}

// frameBox draws a frame around a box of the page.
func frameBox(img *image.RGBA, box [4]float64, top, scale float64, c color.RGBA) {
	if box[2] <= 0 || box[3] <= 0 {
		return
	}
	const thick, gap = 3, 2
	x0, y0 := int(box[0]*scale)-gap, int((box[1]-top)*scale)-gap
	x1, y1 := int((box[0]+box[2])*scale)+gap, int((box[1]+box[3]-top)*scale)+gap
	for _, r := range []image.Rectangle{
		image.Rect(x0-thick, y0-thick, x1+thick, y0), image.Rect(x0-thick, y1, x1+thick, y1+thick),
		image.Rect(x0-thick, y0, x0, y1), image.Rect(x1, y0, x1+thick, y1),
	} {
		draw.Draw(img, r.Intersect(img.Bounds()), &image.Uniform{c}, image.Point{}, draw.Src)
	}
}
