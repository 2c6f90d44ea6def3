package web_test

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/aether-rpa/aether/node"
)

func TestScreenshot(t *testing.T) {
	t.Parallel()
	e := env(t)
	run(t, e, "web.open", map[string]any{"width": 800, "height": 600})
	at(t, e, `<style>body{margin:0}</style><div id=d style="width:120px;height:50px;background:rgb(255,0,0);margin-top:900px"></div><div id=none style="display:none">x</div>`)
	for _, c := range []struct {
		params        map[string]any
		width, height int
		format        string
	}{
		{map[string]any{"to": "sight.png"}, 800, 600, "png"},
		{map[string]any{"to": "full.jpg", "full": true}, 800, 950, "jpeg"},
		{map[string]any{"to": "sub/d.png", "target": "#d"}, 120, 50, "png"},
	} {
		out := run(t, e, "web.screenshot", c.params)
		path := filepath.Join(e.Files.Dirs()[0], filepath.FromSlash(c.params["to"].(string)))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		img, format, err := image.Decode(bytes.NewReader(b))
		if err != nil || format != c.format || img.Bounds().Dx() != c.width || img.Bounds().Dy() != c.height {
			t.Fatalf("%v: %s %v, %v", c.params, format, img.Bounds(), err)
		}
		if out["file"] != path || fmt.Sprint(out["width"], out["height"], out["size"]) != fmt.Sprint(c.width, c.height, len(b)) {
			t.Errorf("%v: the node says %v", c.params, out)
		}
		if c.params["target"] != nil {
			if r, g, _, _ := img.At(60, 25).RGBA(); r>>8 != 255 || g != 0 {
				t.Errorf("the element is not what is on its picture: %v", img.At(60, 25))
			}
		}
	}
	for _, c := range []struct {
		params map[string]any
		kind   string
	}{
		{map[string]any{"to": "x.gif"}, node.KindInput},
		{map[string]any{"to": "/etc/x.png"}, node.KindDenied},
	} {
		if f := fails(t, e, "web.screenshot", c.params); f.Kind != c.kind {
			t.Errorf("%v: %+v", c.params, f)
		}
	}
	must(t, e, "web.screenshot", "hidden", map[string]any{"to": "x.png", "target": "#none"})
	fails(t, e, "web.screenshot", map[string]any{"to": "x.png", "target": "#d", "full": true})
}

func TestPDF(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, `<h1>Invoice</h1>`)
	out := run(t, e, "web.pdf", map[string]any{"to": "a.pdf", "paper": "A5", "landscape": true})
	b, err := os.ReadFile(fmt.Sprint(out["file"]))
	if err != nil || !bytes.HasPrefix(b, []byte("%PDF-")) || fmt.Sprint(out["size"]) != fmt.Sprint(len(b)) {
		t.Fatalf("%v: %v", out, err)
	}
	if !bytes.Contains(b, []byte("/MediaBox [0 0 595")) { // A5 on its side is 210 mm wide
		t.Error("the paper is not A5 on its side")
	}
	must(t, e, "web.pdf", "script", map[string]any{"to": "a.pdf", "pages": "9-7"})
}
