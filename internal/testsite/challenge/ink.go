package challenge

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

var typeface = func() *opentype.Font {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return f
}()

// Ink is the field's label as the address of a picture, which the page draws on a canvas: the text itself is nowhere
// in the page. Size and tint differ from one time to the next, so the picture is no name either.
func (s shown) Ink() (string, error) {
	mark := 0
	for _, b := range []byte(s.ID) {
		mark += int(b)
	}
	face, err := opentype.NewFace(typeface, &opentype.FaceOptions{Size: 30 + float64(mark%5), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return "", err
	}
	img := image.NewGray(image.Rect(0, 0, 320, 52))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.Gray{Y: 250}), image.Point{}, draw.Src)
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Gray{Y: uint8(mark % 60)}), Face: face, Dot: fixed.P(4+mark%7, 36)}
	d.DrawString(s.Label)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// Reflect is the attribute that the original leaves on its inputs.
func (s shown) Reflect() string { return fieldNames[s.Field].reflect }

// Part is the field's name in the ground truth.
func (s shown) Part() string { return s.Field.Part() }
