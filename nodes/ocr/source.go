package ocr

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/image/draw"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
	"github.com/aether-rpa/aether/vault"
)

// source is the picture or scan that a node reads.
type source struct {
	File      string       `json:"file" is:"required" widget:"file" doc:"Picture (PNG, JPEG, TIFF, BMP, GIF, WebP) or PDF file. A photo is put upright as its camera noted."`
	Pages     []string     `json:"pages" doc:"Pages of a PDF to read: numbers and ranges such as 1-3, 5, 8- (to the end), last. Empty is all. Of a TIFF with several pages the first is read."`
	Password  vault.Secret `json:"password" doc:"Password of a PDF that is encrypted."`
	DPI       int          `json:"dpi" default:"300" min:"50" max:"1200" doc:"How finely pages of a PDF are drawn, in dots to the inch."`
	Region    *region      `json:"region" doc:"Read only this part of the picture, or of each page as drawn at dpi."`
	Scale     float64      `json:"scale" default:"1" min:"0.1" max:"10" doc:"Enlarge the picture so many times before reading; 2 or 3 helps with small text on screens."`
	MaxPixels int          `json:"max_pixels" default:"100000000" min:"1" max:"300000000" group:"Limits" is:"advanced" doc:"Most pixels of one picture or page."`
}

// picturePage is a page as a PNG file for Tesseract.
type picturePage struct {
	number    int
	dir, file string
	what      string  // how messages call it
	left, top int     // of the region
	scale     float64 // by which it was enlarged
	dpi       int     // 0 if unknown
}

// resolution tells Tesseract how finely the page was drawn, where that is known.
func (p picturePage) resolution() []string {
	if p.dpi == 0 {
		return nil
	}
	return []string{"--dpi", strconv.Itoa(min(max(int(float64(p.dpi)*p.scale), 70), 2400))}
}

// each calls use with every page.
func (s source) each(ctx context.Context, env *node.Env, use func(picturePage) error) error {
	f, err := env.Files.Open(s.File)
	if err != nil {
		return tell(err, s.File)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return tell(err, s.File)
	}
	if info.IsDir() {
		return input("give the path of a picture or PDF file", "%s is a folder", s.File)
	}
	pdf, err := isPDF(f)
	if err != nil {
		return tell(err, s.File)
	}
	dir, err := tempDir(env)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	page := picturePage{number: 1, dir: dir, file: filepath.Join(dir, "page.png"), what: s.File, scale: s.Scale}
	if s.Region != nil {
		page.left, page.top = s.Region.X, s.Region.Y
	}
	if !pdf {
		img, err := load(f, s.File, s.MaxPixels, s.Region)
		if err != nil {
			return tell(err, s.File)
		}
		if err := s.save(page, img); err != nil {
			return err
		}
		return use(page)
	}
	page.dpi = s.DPI
	return s.tell(ctx, s.eachPage(ctx, env, f, info.Size(), page, use))
}

func (s source) eachPage(ctx context.Context, env *node.Env, f io.ReadSeeker, size int64, page picturePage, use func(picturePage) error) error {
	d, err := pdfium.Open(ctx, f, size, s.Password.Reveal())
	if err != nil {
		return err
	}
	defer d.Close()
	pages, err := pageList(s.Pages, d.Pages())
	if err != nil {
		return err
	}
	for i, n := range pages {
		page.number, page.what = n, fmt.Sprintf("page %d of %s", n, s.File)
		err := d.Render(n, s.DPI, true, s.MaxPixels, func(img image.Image) error {
			part, err := cut(img, page.what, s.Region)
			if err != nil {
				return err
			}
			return s.save(page, part)
		})
		if err != nil {
			return err
		}
		if err := use(page); err != nil {
			return err
		}
		env.Progress("reading pages", i+1, len(pages))
	}
	return nil
}

// save writes the picture for Tesseract, enlarged.
func (s source) save(p picturePage, img image.Image) error {
	if s.Scale != 1 {
		b := img.Bounds()
		w, h := int(float64(b.Dx())*s.Scale+0.5), int(float64(b.Dy())*s.Scale+0.5)
		if w < 1 || h < 1 || w > s.MaxPixels/max(h, 1) {
			return input("choose another scale, or raise max_pixels", "%s would be %d x %d pixels large", p.what, w, h)
		}
		large := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.CatmullRom.Scale(large, large.Bounds(), img, b, draw.Src, nil)
		img = large
	}
	if err := savePNG(p.file, img); err != nil {
		return fmt.Errorf("preparing %s: %w", p.what, err)
	}
	return nil
}

// tell says what is wrong with a PDF.
func (s source) tell(ctx context.Context, err error) error {
	var bad *pdfium.BadError
	var large *pdfium.TooLargeError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, pdfium.ErrPassword):
		return node.Fail(node.KindDenied, s.File+" is encrypted and its password was not given or is wrong", "give its password")
	case errors.As(err, &large):
		return input("lower dpi, or raise max_pixels", "page %d of %s would become a picture of %.0f pixels, more than max_pixels allows", large.Page, s.File, large.Pixels)
	case errors.As(err, &bad):
		return input("open the file in a viewer and save it again", "%s cannot be read: %v", s.File, bad)
	}
	return tell(err, s.File)
}

// pageList reads what pages are asked for.
func pageList(specs []string, count int) ([]int, error) {
	var out []int
	number := func(s string, zero int) (int, bool) {
		if s == "" {
			return zero, true
		}
		if strings.EqualFold(s, "last") {
			return count, true
		}
		n, err := strconv.Atoi(s)
		return n, err == nil && n > 0
	}
	for _, s := range specs {
		for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
			a, b, ranged := strings.Cut(part, "-")
			from, ok1 := number(a, 1)
			to, ok2 := from, true
			if ranged {
				to, ok2 = number(b, count)
			}
			if !ok1 || !ok2 || part == "-" {
				return nil, input("write pages like 1-3, 5, 8- or last", "%q is not a page or a range of pages", part)
			}
			if from > count || to > count || to < from {
				return nil, input("name pages from 1 to the number of pages", "there are no pages %s: the document has %d", part, count)
			}
			for p := from; p <= to; p++ {
				if out = append(out, p); len(out) > 10_000 {
					return nil, input("read fewer pages at a time", "more than 10000 pages are named")
				}
			}
		}
	}
	if len(out) == 0 {
		for p := 1; p <= min(count, 10_000); p++ {
			out = append(out, p)
		}
	}
	return out, nil
}
