package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/tiff"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "ocr") }

type params = map[string]any

func needsTesseract(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tesseract"); err != nil {
		t.Skip("tesseract is not installed (apt-get install tesseract-ocr tesseract-ocr-eng)")
	}
}

// sign is a picture of lines of text, black on white.
func sign(t testing.TB, size float64, lines ...string) *image.RGBA {
	t.Helper()
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, int(size)*24, int(size*1.6)*(len(lines)+1)))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for i, l := range lines {
		d := font.Drawer{Dst: img, Src: image.Black, Face: face, Dot: fixed.P(int(size), int(size*1.6)*(i+1))}
		d.DrawString(l)
	}
	return img
}

func write(t testing.TB, env *node.Env, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func encode(t testing.TB, name string, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch filepath.Ext(name) {
	case ".jpg":
		err = jpeg.Encode(&b, img, nil)
	case ".gif":
		err = gif.Encode(&b, img, nil)
	case ".tif":
		err = tiff.Encode(&b, img, nil)
	default:
		err = png.Encode(&b, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func do(t testing.TB, env *node.Env, typ string, in params) params {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

func fails(t testing.TB, env *node.Env, typ string, in params, kind, part string) {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err == nil {
		t.Fatalf("%s: got %v, want a failure with %q", typ, out, part)
	}
	if f := node.AsFailure(err); f.Kind != kind || !strings.Contains(err.Error(), part) {
		t.Fatalf("%s: got %s: %v, want %s with %q", typ, f.Kind, err, kind, part)
	}
}

func sure(v any) float64 {
	if n, ok := v.(int); ok {
		return float64(n)
	}
	return v.(float64)
}

func TestReadPicture(t *testing.T) {
	needsTesseract(t)
	env := nodetest.Env(t)
	img := sign(t, 40, "Invoice 4711", "Total 99.50 EUR")
	for _, name := range []string{"a.png", "a.jpg", "a.tif", "a.gif"} {
		write(t, env, name, encode(t, name, img))
		out := do(t, env, "ocr.read_text", params{"file": name})
		if got := strings.Join(strings.Fields(out["text"].(string)), " "); got != "Invoice 4711 Total 99.50 EUR" || out["count"] != 5 || out["engine"] != "tesseract" {
			t.Errorf("%s: got %q, %v", name, got, out)
		}
	}
	out := do(t, env, "ocr.read_text", params{"file": "a.png"})
	first := out["words"].([]any)[0].(params)
	if first["text"] != "Invoice" || first["page"] != 1 || first["x"].(int) < 30 || first["x"].(int) > 50 || sure(first["confidence"]) < 60 {
		t.Errorf("got %v", first)
	}
	// The second line alone, enlarged: places are those of the whole picture.
	out = do(t, env, "ocr.read_text", params{"file": "a.png", "region": params{"x": 0, "y": 75, "width": 900, "height": 100}, "scale": 2, "mode": "block"})
	w := out["words"].([]any)[0].(params)
	if out["text"] != "Total 99.50 EUR" || w["y"].(int) < 90 || w["y"].(int) > 110 || w["x"].(int) < 30 || w["x"].(int) > 50 {
		t.Errorf("got %v", out)
	}
	out = do(t, env, "ocr.read_text", params{"file": "a.png", "settings": params{"tessedit_char_whitelist": "0123456789"}, "mode": "sparse"})
	if strings.ContainsAny(out["text"].(string), "aeiou") {
		t.Errorf("got %q, want digits", out["text"])
	}
	if out := do(t, env, "ocr.read_text", params{"file": "a.png", "min_confidence": 100}); out["count"] != 0 && out["confidence"] != 100 {
		t.Errorf("got %v", out)
	}
	blank := image.NewGray(image.Rect(0, 0, 200, 100))
	draw.Draw(blank, blank.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	write(t, env, "blank.png", encode(t, "blank.png", blank))
	if out := do(t, env, "ocr.read_text", params{"file": "blank.png"}); out["text"] != "" || out["count"] != 0 {
		t.Errorf("got %v", out)
	}
}

func TestReadScan(t *testing.T) {
	needsTesseract(t)
	env := nodetest.Env(t)
	write(t, env, "a.png", encode(t, "a.png", sign(t, 40, "First page")))
	made := do(t, env, "ocr.make_searchable_pdf", params{"file": "a.png", "to": "a.pdf"})
	if made["page_count"] != 1 {
		t.Errorf("got %v", made)
	}
	out := do(t, env, "ocr.read_text", params{"file": "a.pdf", "dpi": 150, "pages": "1-last"})
	if out["text"] != "First page" {
		t.Errorf("got %q", out["text"])
	}
	do(t, env, "ocr.make_searchable_pdf", params{"file": "a.pdf", "to": "b.pdf", "dpi": 100, "pages": []any{"1", "1"}})
	if qpdf, err := exec.LookPath("qpdf"); err == nil {
		if out, err := exec.CommandContext(t.Context(), qpdf, "--check", filepath.Join(env.Files.Dirs()[0], "b.pdf")).CombinedOutput(); err != nil {
			t.Errorf("qpdf: %v\n%s", err, out)
		}
	}
	if pdftotext, err := exec.LookPath("pdftotext"); err == nil {
		text, err := exec.CommandContext(t.Context(), pdftotext, filepath.Join(env.Files.Dirs()[0], "b.pdf"), "-").Output()
		if err != nil || strings.Count(string(text), "First page") != 2 {
			t.Errorf("got %q, %v", text, err)
		}
	}
	fails(t, env, "ocr.read_text", params{"file": "a.pdf", "pages": "2"}, node.KindInput, "no pages 2")
	fails(t, env, "ocr.read_text", params{"file": "a.pdf", "max_pixels": 100}, node.KindInput, "max_pixels")
	write(t, env, "bad.pdf", []byte("%PDF-1.7 and nothing"))
	fails(t, env, "ocr.read_text", params{"file": "bad.pdf"}, node.KindInput, "cannot be read")
}

func TestFailures(t *testing.T) {
	env := nodetest.Env(t)
	write(t, env, "a.png", encode(t, "a.png", sign(t, 20, "x")))
	fails(t, env, "ocr.read_text", params{"file": "a.png", "program": "no-such-tesseract"}, node.KindNotFound, "apt-get install tesseract-ocr")
	fails(t, env, "ocr.list_languages", params{"program": "no-such-tesseract"}, node.KindNotFound, "not installed")
	fails(t, env, "ocr.read_text", params{"file": "a.png", "language": "eng; rm -rf /"}, node.KindInput, "not a language")
	fails(t, env, "ocr.read_text", params{"file": "a.png", "language": "-h"}, node.KindInput, "language")
	fails(t, env, "ocr.read_text", params{"file": "a.png", "settings": params{"user_words_file": "/etc/passwd"}}, node.KindInput, "not allowed")
	fails(t, env, "ocr.read_text", params{"file": "a.png", "settings": params{"--x": "1"}}, node.KindInput, "cannot be a setting")
	needsTesseract(t)
	fails(t, env, "ocr.read_text", params{"file": "none.png"}, node.KindNotFound, "does not exist")
	fails(t, env, "ocr.read_text", params{"file": "/etc/passwd"}, node.KindDenied, "outside")
	fails(t, env, "ocr.read_text", params{"file": "."}, node.KindInput, "folder")
	fails(t, env, "ocr.read_text", params{"file": "a.png", "language": "xxx"}, node.KindNotFound, "trained data")
	fails(t, env, "ocr.read_text", params{"file": "a.png", "region": params{"x": 5000, "y": 0, "width": 1, "height": 1}}, node.KindInput, "outside")
	fails(t, env, "ocr.read_text", params{"file": "a.png", "max_pixels": 10}, node.KindInput, "max_pixels")
	write(t, env, "text.png", []byte("no picture"))
	fails(t, env, "ocr.read_text", params{"file": "text.png"}, node.KindInput, "not a picture")
	good := encode(t, "a.png", sign(t, 20, "x"))
	write(t, env, "cut.png", good[:len(good)/2])
	fails(t, env, "ocr.read_text", params{"file": "cut.png"}, node.KindInput, "damaged")
	bomb := append([]byte{}, good...)
	copy(bomb[16:24], "\x00\xff\xff\xff\x00\xff\xff\xff") // width and height
	write(t, env, "bomb.png", bomb)
	fails(t, env, "ocr.read_text", params{"file": "bomb.png"}, node.KindInput, "")
	out := do(t, env, "ocr.list_languages", nil)
	if !strings.Contains(fmt.Sprint(out["languages"]), "eng") || out["version"] == "" {
		t.Errorf("got %v", out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := read(ctx, env, readIn{source: source{File: "a.png", Scale: 1, MaxPixels: 1e6}, engine: engine{Language: "eng", Mode: "auto", Timeout: 1e10, Memory: 1 << 30}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPageList(t *testing.T) {
	for spec, want := range map[string]string{"": "[1 2 3 4]", "2": "[2]", "3-": "[3 4]", "-2": "[1 2]", "last": "[4]", "1,3-last": "[1 3 4]"} {
		if got, err := pageList([]string{spec}, 4); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q: got %v, %v, want %s", spec, got, err, want)
		}
	}
	for _, spec := range []string{"0", "5", "-", "3-1", "x", "1-9"} {
		if got, err := pageList([]string{spec}, 4); err == nil {
			t.Errorf("%q: got %v, want an error", spec, got)
		}
	}
}

func FuzzTSV(f *testing.F) {
	f.Add("level\tpage_num\n5\t1\t1\t1\t1\t1\t10\t20\t30\t40\t96.5\tword\n5\t1\t1\t1\t2\t1\t1\t2\t3\t4\tNaN\tx\n4\t\n")
	f.Fuzz(func(t *testing.T, s string) {
		words := parseTSV(s)
		for _, w := range words {
			if w.confidence < 0 || w.confidence > 100 || strings.TrimSpace(w.text) == "" {
				t.Errorf("got %+v", w)
			}
		}
		textOf(words)
	})
}
