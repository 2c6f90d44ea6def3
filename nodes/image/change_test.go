package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node/nodetest"
)

func TestChange(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "in.png", gradient(80, 40))
	for _, c := range []struct {
		name, typ string
		in        map[string]any
		w, h      int
		why       string
	}{
		{"inside", "image.resize", map[string]any{"width": 20, "height": 20}, 20, 10, ""},
		{"fill", "image.resize", map[string]any{"width": 20, "height": 20, "fit": "fill"}, 20, 20, ""},
		{"stretch", "image.resize", map[string]any{"width": 7, "height": 90, "fit": "stretch"}, 7, 90, ""},
		{"pad", "image.resize", map[string]any{"width": 20, "height": 30, "fit": "pad"}, 20, 30, ""},
		{"scale", "image.resize", map[string]any{"scale": 25}, 20, 10, ""},
		{"only shrink", "image.resize", map[string]any{"width": 200, "only_shrink": true}, 80, 40, ""},
		{"only shrink, larger", "image.resize", map[string]any{"width": 8, "only_shrink": true}, 8, 4, ""},
		{"no size", "image.resize", nil, 0, 0, "no new size"},
		{"huge", "image.resize", map[string]any{"width": 30000, "height": 30000, "fit": "stretch"}, 0, 0, "million"},
		{"crop", "image.crop", map[string]any{"x": 70, "y": 30, "width": 10, "height": 10}, 10, 10, ""},
		{"crop outside", "image.crop", map[string]any{"x": 71, "width": 10, "height": 10}, 0, 0, "not all in the picture"},
		{"crop overflow", "image.crop", map[string]any{"x": 1<<53 - 1, "width": 1<<53 - 1, "height": 1}, 0, 0, "not all in the picture"},
		{"rotate", "image.rotate", map[string]any{"degrees": "270"}, 40, 80, ""},
		{"webp", "image.rotate", map[string]any{"to": "out.webp"}, 0, 0, "no format that can be written"},
	} {
		in := map[string]any{"file": "in.png", "to": "out.png"}
		for k, v := range c.in {
			in[k] = v
		}
		out, err := nodetest.Run(t, env, c.typ, in)
		if c.why != "" {
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: %v, want %q", c.name, err, c.why)
			}
			continue
		}
		if err != nil || out["width"] != c.w || out["height"] != c.h {
			t.Errorf("%s: %v, %v, want %dx%d", c.name, out, err, c.w, c.h)
		}
	}
}

func TestDiff(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "a.png", gradient(40, 20))
	b := gradient(40, 20).(*image.RGBA)
	b.Set(30, 10, color.RGBA{0, 255, 0, 255})
	b.Set(33, 11, color.RGBA{0, 255, 0, 255})
	put(t, env, "b.png", b)
	out, err := diff(context.Background(), env, diffIn{File: "a.png", Other: "b.png", To: "d.png", Tolerance: 16})
	if err != nil || out.Equal || out.Pixels != 2 || *out.Box != (area{30, 10, 4, 2}) {
		t.Fatalf("%+v, %v", out, err)
	}
	img, err := load(env, "d.png")
	if err != nil || color.RGBAModel.Convert(img.At(30, 10)) != marked || color.RGBAModel.Convert(img.At(5, 5)) == marked {
		t.Errorf("the difference is not marked: %v", err)
	}
}

// exif returns the picture as a JPEG that says how the camera was held.
func exif(t *testing.T, img image.Image, o uint16, order binary.AppendByteOrder, mark string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	tag := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	tag = order.AppendUint16(order.AppendUint16(order.AppendUint16(tag, 1), 0x0112), 3)
	tag = order.AppendUint32(order.AppendUint16(order.AppendUint16(order.AppendUint32(tag, 1), o), 0), 0)
	app := append([]byte("Exif\x00\x00"), tag...)
	out := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(app)+2))
	return append(append(out, app...), b.Bytes()[2:]...)
}

func TestOrientation(t *testing.T) {
	// A white upper left corner as stored, and where it is when upright.
	img := image.NewRGBA(image.Rect(0, 0, 32, 16))
	for i := range img.Pix {
		img.Pix[i] = 0
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	for y := range 8 {
		for x := range 8 {
			img.Set(x, y, color.White)
		}
	}
	env := nodetest.Env(t)
	for o, want := range map[uint16]image.Rectangle{
		1: image.Rect(2, 2, 32, 16), 2: image.Rect(29, 2, 32, 16), 3: image.Rect(29, 13, 32, 16), 4: image.Rect(2, 13, 32, 16),
		5: image.Rect(2, 2, 16, 32), 6: image.Rect(13, 2, 16, 32), 7: image.Rect(13, 29, 16, 32), 8: image.Rect(2, 29, 16, 32),
	} {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			if err := os.WriteFile(filepath.Join(dir(env), "x.jpg"), exif(t, img, o, order, mark), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := load(env, "x.jpg")
			if err != nil || got.Bounds().Size() != want.Max {
				t.Errorf("orientation %d %s: %v", o, mark, err)
				continue
			}
			if r, _, _, _ := got.At(want.Min.X, want.Min.Y).RGBA(); r < 0x8000 {
				t.Errorf("orientation %d %s: the corner is not at %v", o, mark, want.Min)
			}
		}
	}
}
