package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/image/picture"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "image") }

func dir(env *node.Env) string { return env.Files.Dirs()[0] }

// gradient is a picture with a mark in one corner.
func gradient(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 80, 255})
		}
	}
	for i := range 5 {
		img.Set(i, 0, color.RGBA{255, 255, 255, 255})
	}
	return img
}

func put(t *testing.T, env *node.Env, name string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir(env), name), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestConvert(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "in.png", gradient(80, 40))
	for _, c := range []struct {
		in     convertIn
		format string
		w, h   int
	}{
		{convertIn{To: "a.jpg", Scale: 50}, "jpeg", 40, 20},
		{convertIn{To: "a.bmp", Width: 20}, "bmp", 20, 10},
		{convertIn{To: "a.tiff", Height: 80}, "tiff", 160, 80},
		{convertIn{To: "a.gif", Width: 30, Height: 30, Fit: "inside"}, "gif", 30, 15},
		{convertIn{To: "a.png", Width: 30, Height: 30, Fit: "fill"}, "png", 30, 30},
		{convertIn{To: "b.png", Width: 30, Height: 30, Fit: "stretch"}, "png", 30, 30},
		{convertIn{To: "c.png", Rotate: "90"}, "png", 40, 80},
		{convertIn{To: "d.png", Crop: &area{10, 10, 20, 5}}, "png", 20, 5},
		{convertIn{To: "sub/e.dat", Format: "jpeg"}, "jpeg", 80, 40},
	} {
		c.in.File, c.in.Quality, c.in.Background = "in.png", 90, "#ffffff"
		out, err := convert(context.Background(), env, c.in)
		if err != nil || out.Format != c.format || out.Width != c.w || out.Height != c.h {
			t.Errorf("%+v gave %+v, %v", c.in, out, err)
			continue
		}
		data, err := os.ReadFile(out.File)
		if err != nil || len(data) != out.Size {
			t.Errorf("%s: %d bytes, said %d, %v", c.in.To, len(data), out.Size, err)
		}
		cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || format != c.format || cfg.Width != c.w || cfg.Height != c.h {
			t.Errorf("%s is %s %dx%d, %v", c.in.To, format, cfg.Width, cfg.Height, err)
		}
	}
	for _, c := range []struct {
		in  convertIn
		why string
	}{
		{convertIn{To: "a.webp"}, "no format that can be written"}, {convertIn{To: "a.png", Crop: &area{70, 0, 20, 5}}, "not all in the picture"}, {convertIn{To: "a.png", Scale: 1000, Background: "white"}, "is no colour"},
	} {
		c.in.File = "in.png"
		if c.in.Background == "" {
			c.in.Background = "#000000"
		}
		if _, err := convert(context.Background(), env, c.in); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%+v: %v", c.in, err)
		}
	}
}

func TestTurn(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 3, 2))
	img.Set(0, 0, color.White)
	for degrees, at := range map[string]image.Point{"90": {1, 0}, "180": {2, 1}, "270": {0, 2}} {
		out := picture.Turn(img, degrees)
		if r, _, _, _ := out.At(at.X, at.Y).RGBA(); r != 0xffff {
			t.Errorf("%s degrees: the corner is not at %v", degrees, at)
		}
	}
}

func TestCompare(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "a.png", gradient(64, 64))
	put(t, env, "small.png", gradient(32, 32))
	inverse := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			r, g, b, _ := gradient(64, 64).At(x, y).RGBA()
			inverse.Set(x, y, color.RGBA{255 - uint8(r>>8), 255 - uint8(g>>8), 255 - uint8(b>>8), 255})
		}
	}
	put(t, env, "inverse.png", inverse)
	var noisy bytes.Buffer
	if err := jpeg.Encode(&noisy, gradient(64, 64), &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir(env), "a.jpg"), noisy.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"pixel", "ssim", "histogram"} {
		like := func(other string) compareOut {
			t.Helper()
			out, err := compare(context.Background(), env, compareIn{File: "a.png", Other: other, Method: method, Threshold: 0.9})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		same, compressed, small, other := like("a.png"), like("a.jpg"), like("small.png"), like("inverse.png")
		if same.Similarity != 1 || !same.Match || !same.SameSize {
			t.Errorf("%s: the same picture gives %+v", method, same)
		}
		if compressed.Similarity <= other.Similarity || other.Match || small.SameSize {
			t.Errorf("%s: compressed %v, smaller %v, inverse %v", method, compressed, small, other)
		}
	}
}

func TestCodes(t *testing.T) {
	env := nodetest.Env(t)
	for kind, text := range map[string]string{"qr": "Grüße 😀 https://example.com?a=1&b=2", "data_matrix": "ABC-123", "code128": "Hello 128", "code39": "CODE39", "ean13": "4006381333931", "ean8": "73513537", "upc_a": "036000291452", "itf": "12345678901231"} {
		if _, err := makeCode(context.Background(), env, makeIn{Text: text, To: kind + ".png", Kind: kind, Size: 300, Level: "medium", Margin: 4}); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		out, err := readCodes(context.Background(), env, fileIn{File: kind + ".png"})
		if err != nil || !out.Found || !strings.Contains(out.Text, text) && kind != "upc_a" {
			t.Errorf("%s: wrote %q, read %+v, %v", kind, text, out, err)
		}
	}
	if _, err := makeCode(context.Background(), env, makeIn{Text: "letters", To: "x.png", Kind: "ean13", Size: 100}); err == nil || node.AsFailure(err).Kind != node.KindInput {
		t.Errorf("letters in an EAN: %v", err)
	}
	put(t, env, "nothing.png", gradient(50, 50))
	if out, err := readCodes(context.Background(), env, fileIn{File: "nothing.png"}); err != nil || out.Found {
		t.Errorf("a picture without a code: %+v, %v", out, err)
	}
}

// bomb is a PNG that claims a size and holds nothing.
func bomb(w, h uint32) []byte {
	ihdr := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	ihdr = append(binary.BigEndian.AppendUint32(ihdr, h), 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(ihdr))
}

func TestHostile(t *testing.T) {
	env := nodetest.Env(t)
	var good bytes.Buffer
	if err := png.Encode(&good, gradient(40, 40)); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"bomb": bomb(100_000, 100_000), "text": []byte("no picture"), "empty": nil, "cut": good.Bytes()[:good.Len()/2], "head": good.Bytes()[:40]} {
		if err := os.WriteFile(filepath.Join(dir(env), name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := convert(context.Background(), env, convertIn{File: name, To: "out.png", Background: "#ffffff"})
		if f := node.AsFailure(err); f == nil || f.Kind != node.KindInput {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir(env), "out.png")); err == nil {
			t.Errorf("%s: something was written", name)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(dot))
	f.Add(bomb(3, 3))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		env := nodetest.Env(t)
		if err := os.WriteFile(filepath.Join(dir(env), "x"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		i, err := picture.Inspect(data)
		if err != nil || i.Width > 1_000_000/i.Height {
			return
		}
		_, _ = load(env, "x") // an error will do; a panic will not
	})
}

// A picture made by another program.
func TestPopplerPicture(t *testing.T) {
	tool, err := exec.LookPath("pdftoppm")
	if err != nil {
		t.Skip("poppler-utils is not installed")
	}
	env := nodetest.Env(t)
	pdf := "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 36]>>endobj\ntrailer<</Root 1 0 R>>"
	if err := os.WriteFile(filepath.Join(dir(env), "p.pdf"), []byte(pdf), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "-tiff", "-r", "72", "-singlefile", filepath.Join(dir(env), "p.pdf"), filepath.Join(dir(env), "p")).CombinedOutput(); err != nil {
		t.Skipf("pdftoppm: %v %s", err, out)
	}
	out, err := convert(context.Background(), env, convertIn{File: "p.tif", To: "p.png", Background: "#ffffff"})
	if err != nil || fmt.Sprint(out.Width, out.Height) != "72 36" {
		t.Errorf("%+v, %v", out, err)
	}
}
