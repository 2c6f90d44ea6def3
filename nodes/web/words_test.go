package web

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/process"
)

// TestWordsOnAPicture reads what stands on a button that is a picture.
func TestWordsOnAPicture(t *testing.T) {
	if _, err := process.Find("tesseract", os.Environ(), ""); err != nil {
		t.Skip(err)
	}
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 28, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, 260, 64))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: img, Src: &image.Uniform{color.Black}, Face: face, Dot: fixed.P(20, 42)}
	d.DrawString("Save customer")
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	x := &healer{env: &node.Env{Environ: os.Environ()}}
	if got, err := x.words(t.Context(), b.Bytes()); err != nil || !strings.EqualFold(got, "Save customer") {
		t.Errorf("read %q, %v", got, err)
	}
	if got, err := x.words(t.Context(), []byte("no picture")); err == nil {
		t.Errorf("read %q on what is no picture", got)
	}
}
