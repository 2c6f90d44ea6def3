// Package image looks at pictures, converts and compares them, and reads and
// writes codes that cameras read.
//
// A picture is held in memory while a node works on it; a file that claims more
// than maxPixels is refused before that (see package picture).
package image

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/tiff"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/image/picture"
)

// maxPixels bounds a picture: 100 megapixels are 400 MB in memory.
const maxPixels = 100_000_000

// maxFile bounds the file of a picture, in bytes.
const maxFile = 512 << 20

func init() {
	node.RegisterFamily(node.Family{Name: "image", Title: "Images", Doc: "Look at, convert, resize, crop and compare pictures; read and write QR codes and bar codes."})
	node.Register(node.Spec[fileIn, infoOut]{
		Type: "image.info", Title: "Image info", Effect: node.Read,
		Doc:      "Tells the size and format of a picture without reading all of it.",
		Examples: []node.Example[fileIn, infoOut]{{Title: "A small picture", In: fileIn{File: "dot.png"}, Files: map[string]string{"dot.png": dot}, Out: infoOut{Width: 2, Height: 1, Format: "png", Size: len(dot)}}},
		Run: func(_ context.Context, env *node.Env, in fileIn) (infoOut, error) {
			data, err := readFile(env, in.File)
			if err != nil {
				return infoOut{}, err
			}
			i, err := picture.Inspect(data)
			return infoOut{Width: i.Width, Height: i.Height, Format: i.Format, Size: len(data)}, tell(in.File, err)
		},
	})
	node.Register(node.Spec[convertIn, convertOut]{
		Type: "image.convert", Title: "Convert image", Effect: node.Idempotent,
		Doc: "Writes a picture in another format, cut out, turned and in another size if wanted; in this order. Photos are put upright as their camera noted. Reads PNG, JPEG, GIF (the first picture), BMP, TIFF and WebP; writes all of them but WebP. JPEG and BMP have no transparency: the background shows there.",
		Examples: []node.Example[convertIn, convertOut]{{
			Title: "Half as large, as JPEG", In: convertIn{File: "dot.png", To: "dot.jpg", Scale: 50, Quality: 85, Background: "#ffffff", Fit: "inside"}, Files: map[string]string{"dot.png": dot},
			Check: func(o convertOut) error {
				if o.Width != 1 || o.Height != 1 || o.Format != "jpeg" {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Check: func(in convertIn) error {
			if in.Format == "" && in.To != "" && !strings.Contains(in.To, "{{") && formatOf(in.To) == "" {
				return errors.New("the ending of `to` names no format that can be written; give format")
			}
			return nil
		},
		Run: convert,
	})
	node.Register(node.Spec[compareIn, compareOut]{
		Type: "image.compare", Title: "Compare images", Effect: node.Read,
		Doc: "Tells how alike two pictures are, from 0 to 1. pixel counts how far pixels differ, ssim compares structure as the eye does (Wang et al. 2004, on grey tones in blocks of 8), histogram compares only which colours there are. A picture of another size is scaled to the size of the first.",
		Examples: []node.Example[compareIn, compareOut]{{
			Title: "The same picture", In: compareIn{File: "a.png", Other: "b.png", Method: "pixel", Threshold: 0.9}, Files: map[string]string{"a.png": dot, "b.png": dot}, Out: compareOut{Similarity: 1, Match: true, SameSize: true},
		}},
		Run: compare,
	})
}

type fileIn struct {
	File string `json:"file" is:"required" widget:"file" doc:"The picture."`
}

type infoOut struct {
	Width  int    `json:"width" doc:"Width in pixels, of a photo as it is shown."`
	Height int    `json:"height" doc:"Height in pixels, of a photo as it is shown."`
	Format string `json:"format" doc:"Format by its content: png, jpeg, gif, bmp, tiff or webp."`
	Size   int    `json:"size" doc:"Size of the file in bytes."`
}

type convertIn struct {
	File       string  `json:"file" is:"required" widget:"file" doc:"Picture to read."`
	To         string  `json:"to" is:"required" widget:"file" doc:"File to write; it is replaced in one step."`
	Format     string  `json:"format" enum:"png,jpeg,gif,bmp,tiff" doc:"Format to write; by the ending of the file if not given."`
	Quality    int     `json:"quality" default:"85" min:"1" max:"100" doc:"Quality of a JPEG."`
	Crop       *area   `json:"crop" doc:"Part to cut out first."`
	Rotate     string  `json:"rotate" enum:"0,90,180,270" default:"0" doc:"Degrees to turn it clockwise."`
	Width      int     `json:"width" min:"0" max:"30000" doc:"Width in pixels; with height alone it follows from that."`
	Height     int     `json:"height" min:"0" max:"30000" doc:"Height in pixels."`
	Fit        string  `json:"fit" default:"inside" enum:"inside,fill,stretch" doc:"What to do if width and height have another shape: inside keeps all of it, fill cuts off what is too much, stretch bends it."`
	Scale      float64 `json:"scale" min:"0" max:"1000" doc:"Size in percent, instead of width and height."`
	Background string  `json:"background" default:"#ffffff" doc:"Colour behind transparent parts in formats without transparency, as #rrggbb."`
}

type area struct {
	X      int `json:"x" min:"0" doc:"Left edge in pixels."`
	Y      int `json:"y" min:"0" doc:"Upper edge in pixels."`
	Width  int `json:"width" is:"required" min:"1" doc:"Width in pixels."`
	Height int `json:"height" is:"required" min:"1" doc:"Height in pixels."`
}

type convertOut struct {
	File   string `json:"file" doc:"Absolute path of what was written."`
	Format string `json:"format" doc:"Its format."`
	Width  int    `json:"width" doc:"Its width."`
	Height int    `json:"height" doc:"Its height."`
	Size   int    `json:"size" doc:"Its size in bytes."`
}

func readFile(env *node.Env, path string) ([]byte, error) {
	f, err := env.Files.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, tell(path, err)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, node.Fail(node.KindInput, path+" is a folder", "give the path of a picture")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, node.Failf(node.KindInput, "%s has more than %d MiB", path, maxFile>>20)
	}
	return data, nil
}

// tell says what is wrong with a picture or its file.
func tell(path string, err error) error {
	var large *picture.TooLargeError
	var f *node.Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, path+" does not exist", "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, picture.ErrUnknown):
		return node.Fail(node.KindInput, path+" is no picture that can be read", "PNG, JPEG, GIF, BMP, TIFF and WebP can")
	case errors.As(err, &large):
		return node.Fail(node.KindInput, fmt.Sprintf("%s claims to have %d by %d pixels; up to %d million are possible", path, large.Width, large.Height, maxPixels/1_000_000), "make it smaller with the program that made it")
	}
	return node.Fail(node.KindInput, fmt.Sprintf("%s cannot be read: %v", path, err), "open it with another program and save it anew")
}

// guard turns a panic of the code library into a failure.
func guard(path string, err *error) {
	if p := recover(); p != nil {
		*err = node.Failf(node.KindInput, "%s is a damaged picture: %v", path, p)
	}
}

func load(env *node.Env, path string) (image.Image, error) {
	data, err := readFile(env, path)
	if err != nil {
		return nil, err
	}
	img, _, err := picture.Decode(data, maxPixels)
	return img, tell(path, err)
}

func formatOf(path string) string {
	return map[string]string{".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".bmp": "bmp", ".tif": "tiff", ".tiff": "tiff"}[strings.ToLower(filepath.Ext(path))]
}

func save(env *node.Env, path, format string, quality int, img image.Image) (int, error) {
	size := 0
	err := env.Files.WriteAtomic(path, 0o644, func(w io.Writer) error {
		c := &counter{w: w}
		defer func() { size = c.n }()
		switch format {
		case "png":
			return png.Encode(c, img)
		case "jpeg":
			return jpeg.Encode(c, img, &jpeg.Options{Quality: quality})
		case "gif":
			return gif.Encode(c, img, nil)
		case "bmp":
			return bmp.Encode(c, img)
		case "tiff":
			return tiff.Encode(c, img, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		}
		return node.Failf(node.KindInput, "pictures cannot be written as %s", format)
	})
	return size, err
}

type counter struct {
	w io.Writer
	n int
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += n
	return n, err
}

func convert(_ context.Context, env *node.Env, in convertIn) (out convertOut, err error) {
	format := in.Format
	if format == "" {
		if format = formatOf(in.To); format == "" {
			return out, node.Fail(node.KindInput, "the ending of "+in.To+" names no format that can be written", "give format: png, jpeg, gif, bmp or tiff")
		}
	}
	back, err := parseColor(in.Background)
	if err != nil {
		return out, err
	}
	img, err := load(env, in.File)
	if err != nil {
		return out, err
	}
	if c := in.Crop; c != nil {
		b := img.Bounds()
		r := image.Rect(c.X, c.Y, c.X+c.Width, c.Y+c.Height).Add(b.Min)
		if !r.In(b) {
			return out, node.Failf(node.KindInput, "the part to cut out (%d,%d %dx%d) is not all in the picture of %dx%d", c.X, c.Y, c.Width, c.Height, b.Dx(), b.Dy())
		}
		img = cut(img, r)
	}
	img = picture.Turn(img, in.Rotate)
	if img, err = resize(img, in); err != nil {
		return out, err
	}
	if format == "jpeg" || format == "bmp" {
		flat := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
		draw.Draw(flat, flat.Bounds(), image.NewUniform(back), image.Point{}, draw.Src)
		draw.Draw(flat, flat.Bounds(), img, img.Bounds().Min, draw.Over)
		img = flat
	}
	out.Format, out.Width, out.Height = format, img.Bounds().Dx(), img.Bounds().Dy()
	if out.Size, err = save(env, in.To, format, in.Quality, img); err != nil {
		return out, err
	}
	out.File, err = env.Files.Abs(in.To)
	return out, err
}

func cut(img image.Image, r image.Rectangle) image.Image {
	dst := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(dst, dst.Bounds(), img, r.Min, draw.Src)
	return dst
}

func resize(img image.Image, in convertIn) (image.Image, error) {
	b := img.Bounds()
	w, h := in.Width, in.Height
	switch {
	case in.Scale > 0:
		w, h = max(1, int(float64(b.Dx())*in.Scale/100)), max(1, int(float64(b.Dy())*in.Scale/100))
	case w == 0 && h == 0:
		return img, nil
	case w == 0:
		w = max(1, b.Dx()*h/b.Dy())
	case h == 0:
		h = max(1, b.Dy()*w/b.Dx())
	case in.Fit == "inside":
		if b.Dx()*h > b.Dy()*w {
			h = max(1, b.Dy()*w/b.Dx())
		} else {
			w = max(1, b.Dx()*h/b.Dy())
		}
	case in.Fit == "fill":
		r := b
		if b.Dx()*h > b.Dy()*w {
			cw := max(1, b.Dy()*w/h)
			r.Min.X += (b.Dx() - cw) / 2
			r.Max.X = r.Min.X + cw
		} else {
			ch := max(1, b.Dx()*h/w)
			r.Min.Y += (b.Dy() - ch) / 2
			r.Max.Y = r.Min.Y + ch
		}
		b = r
	}
	if w > maxPixels/h {
		return nil, node.Failf(node.KindInput, "the picture would have %d by %d pixels; up to %d million are possible", w, h, maxPixels/1_000_000)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(dst, dst.Bounds(), img, b, draw.Src, nil)
	return dst, nil
}

func parseColor(s string) (color.RGBA, error) {
	var r, g, b uint8
	if n, err := fmt.Sscanf(strings.TrimSpace(s), "#%02x%02x%02x", &r, &g, &b); err != nil || n != 3 {
		return color.RGBA{}, node.Failf(node.KindInput, "%q is no colour; write it like #ffffff", s)
	}
	return color.RGBA{r, g, b, 255}, nil
}
