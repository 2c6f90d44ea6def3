package heal

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/selector"
)

// drawn is a button of a size with bars on it for letters, moved by dx.
func drawn(w, h, dx int, paper, ink uint8, bars ...int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Bounds(), &image.Uniform{color.Gray{Y: paper}}, image.Point{}, draw.Src)
	for i, b := range bars {
		r := image.Rect(12+9*i+dx, h/2-8, 12+9*i+dx+2+b%5, h/2-8+4+b)
		draw.Draw(img, r, &image.Uniform{color.Gray{Y: ink}}, image.Point{}, draw.Src)
	}
	return img
}

func pictured(img image.Image) *selector.Print {
	return &selector.Print{Look: Picture(img, img.Bounds(), 1)}
}

func TestPicturesAreCompared(t *testing.T) {
	was := pictured(drawn(100, 36, 0, 250, 30, 3, 12, 5, 9, 2, 11, 7))
	for _, c := range []struct {
		name        string
		now         *image.Gray
		least, most float64
	}{
		{"the same", drawn(100, 36, 0, 250, 30, 3, 12, 5, 9, 2, 11, 7), 1, 1},
		{"moved a little", drawn(100, 36, 2, 250, 30, 3, 12, 5, 9, 2, 11, 7), 0.9, 1},
		{"bright on dark", drawn(100, 36, 0, 20, 240, 3, 12, 5, 9, 2, 11, 7), 0.95, 1},
		{"a little wider", drawn(112, 36, 0, 250, 30, 3, 12, 5, 9, 2, 11, 7), 0.75, 1},
		{"other words", drawn(100, 36, 0, 250, 30, 11, 2, 12, 3, 10, 1, 12), 0, 0.74},
		{"much smaller", drawn(30, 18, 0, 250, 30, 3), 0, 0.74},
	} {
		if got, ok := Seen(was, pictured(c.now)); !ok || got < c.least || got > c.most {
			t.Errorf("%s: %.3f, %t", c.name, got, ok)
		}
	}
	if _, ok := Seen(was, &selector.Print{}); ok {
		t.Error("what has no picture was compared")
	}
}

func TestPicturesAreSmall(t *testing.T) {
	big := drawn(900, 500, 0, 250, 30, 3, 12, 5)
	look := Picture(big, image.Rect(0, 200, 900, 400), 2)
	if l, ok := readLook(look); !ok || l.w > lookWidth || l.h > lookHeight || len(look) > 2048 {
		t.Errorf("a picture of %d characters: %t, %d x %d", len(look), ok, l.w, l.h)
	}
	if got := Picture(big, image.Rect(300, 300, 340, 320), 1); got != "" {
		t.Error("a picture was made where there is nothing to see")
	}
	if got := Picture(big, image.Rect(2000, 0, 2100, 40), 1); got != "" {
		t.Error("a picture was made beside the page")
	}
	var large bytes.Buffer
	if err := png.Encode(&large, image.NewGray(image.Rect(0, 0, lookWidth+1, lookHeight))); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"no base64": "<svg>", "no picture": base64.StdEncoding.EncodeToString([]byte("hello")), "long": strings.Repeat("A", 10000),
		"large": base64.StdEncoding.EncodeToString(large.Bytes()),
	} {
		if _, ok := readLook(bad); ok {
			t.Errorf("%s was read", name)
		}
	}
	for tag, typ := range map[string]string{"input": "text", "select": "", "textarea": "", "iframe": ""} {
		if Picturable(&selector.Print{Tag: tag, Type: typ, Box: [4]int{0, 0, 100, 30}}) {
			t.Errorf("a picture may be made of %s", tag)
		}
	}
	if !Picturable(&selector.Print{Tag: "button", Box: [4]int{0, 0, 100, 30}}) || Picturable(&selector.Print{Tag: "div", Box: [4]int{0, 0, 900, 300}}) {
		t.Error("what a picture may be made of is wrong")
	}
}

// TestWordsOnThePicture shows what was read where an element has no words of its own any more; it decides nothing.
func TestWordsOnThePicture(t *testing.T) {
	b := shop("Ada")
	i := b.text("button", "Save customer")
	w := wanted(b, i, "click")
	e := &b.page.Elements[i]
	e.Text, e.Name, e.Own = "", "", ""
	bare := Prepare(&b.page).Find(w)
	e.Words = "Save Customer"
	v := Prepare(&b.page).Find(w)
	if v.Decision != bare.Decision || v.P != bare.P || v.Best != bare.Best {
		t.Errorf("words on a picture made %s of %s", v.Decision, bare.Decision)
	}
	for _, c := range v.Top {
		if last := c.Evidence[len(c.Evidence)-1]; c.Element == i && (last.Feature != "words on the picture" || last.Value != 1 || last.Weight != 0) {
			t.Errorf("the evidence ends with %+v", last)
		}
	}
}

// TestPicturesSettleOnlyDoubts gives every element of a page a picture in turn: no verdict changes but a doubt about
// what reads the same and that nothing speaks against, and never where it does harm.
func TestPicturesSettleOnlyDoubts(t *testing.T) {
	one, two := pictured(drawn(100, 36, 0, 250, 30, 3, 12, 5, 9)).Look, pictured(drawn(100, 36, 0, 250, 30, 11, 1, 12, 2)).Look
	settled := 0
	for n := range 3 {
		b := shop("Ada", "Grace")
		was := append([]Element(nil), b.page.Elements...)
		for i := range b.page.Elements { // its next release
			e := &b.page.Elements[i]
			e.ID, e.Classes, e.Near, e.Headings, e.Form = "", nil, "", nil, ""
			e.Box[0] += 300 * n
			e.Path = strings.Replace(e.Path, "/body[1]", "/body[1]/div[1]/section["+strings.Repeat("1", n+1)+"]", 1)
			e.IDPath = e.Path
		}
		p := Prepare(&b.page)
		for i := range was {
			if !p.may[i] {
				continue
			}
			w := Wanted{Print: was[i].Print, Action: "click"}
			w.Print.Look = one
			for k := range b.page.Elements {
				b.page.Elements[k].Look = ""
			}
			bare := p.Find(w)
			for k := range b.page.Elements {
				b.page.Elements[k].Look = two
			}
			if v := p.Find(w); v.Decision != bare.Decision {
				t.Errorf("element %d: %s became %s by other pictures", i, bare.Decision, v.Decision)
			}
			if bare.Best < 0 {
				continue
			}
			b.page.Elements[bare.Best].Look = one
			v := p.Find(w)
			if v.P != bare.P || v.Best != bare.Best || !slices.Equal(v.Vetoes, bare.Vetoes) {
				t.Errorf("element %d: a picture changed what is likely", i)
			}
			if v.Recognised {
				settled++
				if bare.Decision != Ask || len(v.Vetoes) > 0 || v.P < seenLeast || was[i].Text != b.page.Elements[v.Best].Text {
					t.Errorf("element %d: a picture settled %s, %v, %.2f", i, bare.Decision, v.Vetoes, v.P)
				}
			} else if v.Decision != bare.Decision {
				t.Errorf("element %d: %s became %s", i, bare.Decision, v.Decision)
			}
			w.Sensitive = true
			if v := p.Find(w); v.Recognised {
				t.Errorf("element %d: a picture settled what does harm", i)
			}
		}
	}
	t.Logf("settled %d", settled)
	if settled == 0 {
		t.Error("no doubt was settled by a picture")
	}
}
