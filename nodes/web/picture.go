package web

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/jpeg" // the format of a picture is read
	_ "image/png"
	"io"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	node.Register(node.Spec[shotIn, shotOut]{
		Type: "web.screenshot", Title: "Take screenshot",
		Doc:    "Takes a picture of what is in sight, of the whole page (full), or of an element. A file that is there is replaced. What was filled in as a secret is not to be read on it.",
		Effect: node.Idempotent,
		Examples: []node.Example[shotIn, shotOut]{
			{Title: "The whole page", In: shotIn{To: "page.png", Full: true, Quality: 80}, Out: shotOut{File: "/work/page.png", Width: 1280, Height: 5400, Size: 210000}, DocOnly: needsBrowser},
			{Title: "A chart as JPEG", In: shotIn{Part: Part{Target: selector.Must("css=#chart")}, To: "chart.jpg", Quality: 80}, Out: shotOut{File: "/work/chart.jpg", Width: 600, Height: 400, Size: 31000}, DocOnly: needsBrowser},
		},
		Check: func(in shotIn) error {
			if in.Full && in.Target.Given() {
				return errors.New("a picture is of the whole page (full) or of an element (target), not of both")
			}
			return nil
		},
		Run: screenshot,
	})
	node.Register(node.Spec[pdfIn, pdfOut]{
		Type: "web.pdf", Title: "Save page as PDF",
		Doc:      "Prints the page into a PDF file, as the browser prints it. A file that is there is replaced.",
		Effect:   node.Idempotent,
		Examples: []node.Example[pdfIn, pdfOut]{{Title: "An invoice for the archive", In: pdfIn{To: "invoice.pdf", Paper: "A4", Background: true, Scale: 1}, Out: pdfOut{File: "/work/invoice.pdf", Size: 48210}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in pdfIn) (pdfOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (pdfOut, error) {
				size := papers[in.Paper]
				o := browser.PDF{Landscape: in.Landscape, Background: in.Background, Width: size[0], Height: size[1], Margin: in.Margin / 25.4, Scale: in.Scale, Ranges: strings.Join(in.Pages, ",")}
				b, err := p.Print(ctx, o)
				if err != nil {
					return pdfOut{}, err
				}
				file, err := write(env, in.To, b)
				return pdfOut{File: file, Size: len(b)}, err
			})
		},
	})
}

// papers are sizes of paper in inches.
var papers = map[string][2]float64{"A3": {11.69, 16.54}, "A4": {8.27, 11.69}, "A5": {5.83, 8.27}, "Letter": {8.5, 11}, "Legal": {8.5, 14}}

type shotIn struct {
	Part
	To      string `json:"to" is:"required" widget:"file" doc:"File to write; it ends with .png, .jpg or .jpeg."`
	Full    bool   `json:"full" doc:"Whether to take the whole page, also what is out of sight."`
	Quality int    `json:"quality" default:"80" min:"1" max:"100" is:"advanced" doc:"Quality of a JPEG."`
}

type shotOut struct {
	File   string `json:"file" doc:"Absolute path of the picture."`
	Width  int    `json:"width" doc:"Width in pixels."`
	Height int    `json:"height" doc:"Height in pixels."`
	Size   int    `json:"size" doc:"Size of the file in bytes."`
}

type pdfIn struct {
	In
	To         string   `json:"to" is:"required" widget:"file" doc:"File to write."`
	Paper      string   `json:"paper" default:"A4" enum:"A3,A4,A5,Letter,Legal" doc:"Size of the paper."`
	Landscape  bool     `json:"landscape" doc:"Whether the paper lies on its side."`
	Background bool     `json:"background" default:"true" doc:"Whether to print colours and pictures of the background."`
	Margin     float64  `json:"margin" default:"10" min:"0" max:"100" doc:"Space around the page in millimetres."`
	Scale      float64  `json:"scale" default:"1" min:"0.1" max:"2" is:"advanced" doc:"How large to print, 1 is as the page says."`
	Pages      []string `json:"pages" is:"advanced" doc:"Pages to print: numbers and ranges like 2-4; empty is all."`
}

type pdfOut struct {
	File string `json:"file" doc:"Absolute path of the file."`
	Size int    `json:"size" doc:"Its size in bytes."`
}

// write writes a whole file and returns its absolute path.
func write(env *node.Env, to string, b []byte) (string, error) {
	if err := env.Files.WriteAtomic(to, 0o644, func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
		return "", err
	}
	return env.Files.Abs(to)
}

func screenshot(ctx context.Context, env *node.Env, in shotIn) (shotOut, error) {
	shot := browser.Shot{Full: in.Full}
	switch strings.ToLower(filepath.Ext(in.To)) {
	case ".png":
	case ".jpg", ".jpeg":
		shot.JPEG = in.Quality
	default:
		return shotOut{}, node.Fail(node.KindInput, "the ending of "+in.To+" names no format of pictures", "end it with .png or .jpg")
	}
	return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (out shotOut, err error) {
		b, err := p.Picture(ctx, in.Target, shot)
		if err != nil {
			return out, err
		}
		c, _, err := image.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			return out, node.Failf(node.KindError, "the browser gave no picture: %v", err)
		}
		out.Width, out.Height, out.Size = c.Width, c.Height, len(b)
		out.File, err = write(env, in.To, b)
		return out, err
	})
}
