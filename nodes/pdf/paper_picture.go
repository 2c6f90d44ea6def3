package pdf

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"

	"github.com/signintech/gopdf"

	"github.com/aether-rpa/aether/nodes/image/picture"
)

// picture puts a picture at the current place, at most as wide as the text.
func (p *paper) picture(data []byte, c picture.Info, path string, width float64, align string) error {
	if c.Format != "jpeg" {
		// gopdf knows few kinds of PNG and nothing else.
		img, _, err := picture.Decode(data, maxPicture)
		if err != nil {
			return input("open the picture in a viewer and save it again", "%s cannot be read: %v", path, err)
		}
		plain := image.NewNRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
		draw.Draw(plain, plain.Bounds(), img, img.Bounds().Min, draw.Src)
		var b bytes.Buffer
		if err := png.Encode(&b, plain); err != nil {
			return err
		}
		data = b.Bytes()
	}
	full := p.w - 2*p.margin
	w := float64(c.Width) * 72 / 96
	if width > 0 {
		w = width
	}
	w = min(w, full)
	h := w * float64(c.Height) / float64(c.Width)
	if limit := p.h - 2*p.margin; h > limit {
		w, h = w*limit/h, limit
	}
	if err := p.room(h); err != nil {
		return err
	}
	x := p.margin
	switch align {
	case "center":
		x += (full - w) / 2
	case "right":
		x += full - w
	}
	holder, err := gopdf.ImageHolderByBytes(data)
	if err != nil {
		return err
	}
	if err := p.pdf.ImageByHolder(holder, x, p.y, &gopdf.Rect{W: w, H: h}); err != nil {
		return input("use a PNG or JPEG picture", "%s cannot be put into the document: %s", path, firstLine(err.Error()))
	}
	p.y += h + p.size*0.5
	return nil
}
