package pdf

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/aether-rpa/aether/node"
)

func init() {
	hello := map[string]string{"hello.pdf": helloPDF}
	node.Register(node.Spec[watermarkIn, changedOut]{
		Type:  "pdf.watermark",
		Title: "Stamp PDF with text or picture",
		Doc: "Puts a text, a picture or a page of another PDF on pages of a PDF file, over or under what is there: a watermark, a stamp, a letterhead. " +
			"Under scanned pages it is not seen. Exactly one of text, image and pdf is given.",
		Effect:   node.Once,
		EffectOf: func(in watermarkIn) node.Effect { return in.effect(in.File) },
		Examples: []node.Example[watermarkIn, changedOut]{{
			Title: "A watermark across the page",
			Files: hello,
			In:    watermarkIn{source: source{File: "hello.pdf"}, Text: "Draft – Entwurf", place: place{Rotation: 45}, target: target{To: "draft.pdf"}},
			Check: wantPages(1),
		}, {
			Title: "A letterhead under the text",
			Files: map[string]string{"hello.pdf": helloPDF, "letterhead.pdf": pricesPDF},
			In:    watermarkIn{source: source{File: "hello.pdf"}, PDF: "letterhead.pdf", Under: true, target: target{To: "letter.pdf"}},
			Check: wantPages(1),
		}},
		Check: func(in watermarkIn) error {
			given := 0
			for _, s := range []string{in.Text, in.Image, in.PDF} {
				if s != "" {
					given++
				}
			}
			if given != 1 {
				return input("give one of text, image and pdf", "there must be exactly one thing to put on the pages, not %d", given)
			}
			return checkColor(in.Color)
		},
		Run: watermark,
	})
	node.Register(node.Spec[numberIn, changedOut]{
		Type:     "pdf.number_pages",
		Title:    "Number pages of PDF",
		Doc:      "Writes page numbers, or another line of text that holds them, on pages of a PDF file.",
		Effect:   node.Once,
		EffectOf: func(in numberIn) node.Effect { return in.effect(in.File) },
		Examples: []node.Example[numberIn, changedOut]{{
			Title: "Page 1 of 3, at the foot",
			Files: hello,
			In:    numberIn{source: source{File: "hello.pdf"}, Text: "Page {page} of {pages}", target: target{To: "numbered.pdf"}},
			Check: wantPages(1),
		}},
		Check: func(in numberIn) error { return checkColor(in.Color) },
		Run:   numberPages,
	})
}

type watermarkIn struct {
	source
	Text  string `json:"text" widget:"multiline" doc:"Text to write; lines are kept."`
	Image string `json:"image" widget:"file" doc:"Picture to put on the pages: PNG, JPEG, TIFF or WebP."`
	PDF   string `json:"pdf" widget:"file" doc:"PDF file whose page is put on the pages."`
	Page  int    `json:"page" default:"1" min:"1" when:"pdf" doc:"Which page of pdf to take."`
	Under bool   `json:"under" doc:"Put it under what is on the page instead of over it."`
	place
	Scale    float64  `json:"scale" default:"0" min:"0" max:"100" doc:"Size: for a text or picture, how wide it is as a part of the page, 0.5 is half; 0 takes size for a text and 0.5 for a picture. For a page of another PDF, the same; 0 takes its own size."`
	Size     int      `json:"size" default:"48" min:"1" max:"1000" doc:"Size of the letters in points, when scale is 0."`
	Opacity  float64  `json:"opacity" default:"0.3" min:"0" max:"1" doc:"How much it covers what is below: 1 covers it, 0.3 lets most of it through."`
	Color    string   `json:"color" default:"#808080" doc:"Colour of a text, as #rrggbb."`
	Pages    []string `json:"pages" doc:"Pages to stamp: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all."`
	FontFile string   `json:"font_file" widget:"file" is:"advanced" doc:"TrueType font for text in letters that the built-in fonts lack; those know Latin, Greek and Cyrillic."`
	target
}

// place says where on a page something goes.
type place struct {
	Position string  `json:"position" default:"center" enum:"top_left,top,top_right,left,center,right,bottom_left,bottom,bottom_right" doc:"Where on the page."`
	OffsetX  float64 `json:"offset_x" doc:"Moves it right by so many points; negative moves it left."`
	OffsetY  float64 `json:"offset_y" doc:"Moves it up by so many points; negative moves it down."`
	Rotation float64 `json:"rotation" min:"-180" max:"180" doc:"Turns it by so many degrees against the clock."`
}

var anchors = map[string]string{
	"top_left": "tl", "top": "tc", "top_right": "tr", "left": "l", "center": "c", "right": "r",
	"bottom_left": "bl", "bottom": "bc", "bottom_right": "br", "": "c",
}

func (p place) desc() string {
	return fmt.Sprintf("position:%s, offset:%.2f %.2f, rotation:%.2f", anchors[p.Position], p.OffsetX, p.OffsetY, p.Rotation)
}

type numberIn struct {
	source
	Text     string   `json:"text" default:"{page}" doc:"What to write: {page} stands for the number of the page, {pages} for how many there are."`
	Start    int      `json:"start" default:"1" min:"0" max:"1000000" doc:"Number of the first page of the document."`
	Position string   `json:"position" default:"bottom" enum:"top_left,top,top_right,bottom_left,bottom,bottom_right" doc:"Where on the page."`
	Margin   float64  `json:"margin" default:"24" min:"0" max:"1000" doc:"Distance from the edges of the page in points."`
	Size     int      `json:"size" default:"10" min:"1" max:"200" doc:"Size of the letters in points."`
	Color    string   `json:"color" default:"#000000" doc:"Colour, as #rrggbb."`
	Font     string   `json:"font" default:"Helvetica" enum:"Helvetica,Helvetica-Bold,Times-Roman,Times-Bold,Courier,Courier-Bold" doc:"Font; these know the letters of western Europe, and a text with others (Latin, Greek, Cyrillic) is set in a font that comes along."`
	Pages    []string `json:"pages" doc:"Pages to number: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all; 2- leaves the cover out."`
	target
}

var colorRE = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func checkColor(c string) error {
	if c != "" && !colorRE.MatchString(c) {
		return input("write a colour like #ff0000", "%q is not a colour", c)
	}
	return nil
}

func watermark(ctx context.Context, env *node.Env, in watermarkIn) (changedOut, error) {
	make, err := in.stamp(ctx, env)
	if err != nil {
		return changedOut{}, err
	}
	return in.change(ctx, env, in.path(in.File), model.ADDWATERMARKS, func(doc *model.Context) (*model.Context, error) {
		pages, err := pageList(in.Pages, doc.PageCount)
		if err != nil {
			return nil, err
		}
		wm, err := make()
		if err != nil {
			return nil, input("try another size, scale or picture", "the stamp cannot be made: %s", firstLine(err.Error()))
		}
		return nil, pdfcpu.AddWatermarks(doc, pageSet(pages), wm)
	})
}

// stamp reads what is to be put on the pages and returns what makes the stamp.
func (in watermarkIn) stamp(ctx context.Context, env *node.Env) (func() (*model.Watermark, error), error) {
	scale := func(zero string) string {
		if in.Scale == 0 {
			return zero
		}
		return fmt.Sprintf("%.4f rel", min(in.Scale, 1))
	}
	desc := fmt.Sprintf("%s, opacity:%.3f", in.place.desc(), in.Opacity)
	switch {
	case in.Image != "":
		data, _, err := in.pictureFile(env, in.Image)
		if err != nil {
			return nil, err
		}
		return func() (*model.Watermark, error) {
			return api.ImageWatermarkForReader(bytes.NewReader(data), desc+", scalefactor:"+scale("0.5 rel"), !in.Under, false, types.POINTS)
		}, nil
	case in.PDF != "":
		data, err := in.plainOf(ctx, env, in.PDF)
		if err != nil {
			return nil, err
		}
		if n, err := api.PageCount(bytes.NewReader(data), in.conf()); err != nil || in.Page > n {
			return nil, input("choose another page", "the stamp cannot be made: %s has no page %d", in.PDF, in.Page)
		}
		return func() (*model.Watermark, error) {
			return api.PDFWatermarkForReadSeeker(bytes.NewReader(data), in.Page, desc+", scalefactor:"+scale("1 abs"), !in.Under, false, types.POINTS)
		}, nil
	}
	// A text is made a page of its own with its font inside: the fonts of
	// pdfcpu know western letters only.
	var font []byte
	if in.FontFile != "" {
		var err error
		if font, err = in.other(env, in.FontFile); err != nil {
			return nil, err
		}
	}
	page, err := textPage(in.Text, font, float64(in.Size), in.Color)
	if err != nil {
		return nil, err
	}
	return func() (*model.Watermark, error) {
		return api.PDFWatermarkForReadSeeker(bytes.NewReader(page), 1, desc+", scalefactor:"+scale("1 abs"), !in.Under, false, types.POINTS)
	}, nil
}

// other reads another file that the node needs.
func (s source) other(env *node.Env, path string) ([]byte, error) {
	f, err := env.Files.Open(path)
	if err != nil {
		return nil, tell(err, path)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(s.MaxSize)+1))
	if err == nil && len(b) > s.MaxSize {
		err = input("raise max_size if the file can be trusted", "%s is larger than max_size allows", path)
	}
	return b, tell(err, path)
}

// plainOf reads another PDF file without its encryption.
func (s source) plainOf(ctx context.Context, env *node.Env, path string) ([]byte, error) {
	o := source{File: path, limits: s.limits}
	return o.plainPages(ctx, env, nil)
}

func numberPages(ctx context.Context, env *node.Env, in numberIn) (changedOut, error) {
	dx, dy := 0.0, in.Margin
	if strings.HasPrefix(in.Position, "top") {
		dy = -in.Margin
	}
	switch {
	case strings.HasSuffix(in.Position, "left"):
		dx = in.Margin
	case strings.HasSuffix(in.Position, "right"):
		dx = -in.Margin
	}
	desc := fmt.Sprintf("fontname:%s, points:%d, position:%s, offset:%.2f %.2f, scalefactor:1 abs, rotation:0, opacity:1, fillcolor:%s",
		in.Font, in.Size, anchors[in.Position], dx, dy, in.Color)
	return in.change(ctx, env, in.path(in.File), model.ADDWATERMARKS, func(doc *model.Context) (*model.Context, error) {
		pages, err := pageList(in.Pages, doc.PageCount)
		if err != nil {
			return nil, err
		}
		stamps := map[int]*model.Watermark{}
		for _, p := range pages {
			text := strings.NewReplacer("{page}", fmt.Sprint(p+in.Start-1), "{pages}", fmt.Sprint(doc.PageCount+in.Start-1)).Replace(in.Text)
			if stamps[p], err = in.number(text, desc); err != nil {
				return nil, err
			}
		}
		return nil, pdfcpu.AddWatermarksMap(doc, stamps)
	})
}

// number makes the stamp of one page. Letters that the fonts of pdfcpu lack are
// set on a page with a font of its own.
func (in numberIn) number(text, desc string) (*model.Watermark, error) {
	for _, r := range text {
		if r <= 0xFF || strings.ContainsRune("–—‘’“”•…€™", r) {
			continue
		}
		page, err := textPage(text, nil, float64(in.Size), in.Color)
		if err != nil {
			return nil, err
		}
		_, at, _ := strings.Cut(desc, "position:")
		at, _, _ = strings.Cut(at, ", fillcolor")
		return api.PDFWatermarkForReadSeeker(bytes.NewReader(page), 1, "position:"+at, true, false, types.POINTS)
	}
	// pdfcpu has placeholders of its own behind a percent sign.
	return api.TextWatermark(strings.ReplaceAll(text, "%", "%%"), desc, true, false, types.POINTS)
}
