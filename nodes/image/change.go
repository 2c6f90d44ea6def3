package image

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/draw"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/image/picture"
)

func init() {
	node.Register(node.Spec[resizeIn, convertOut]{
		Type: "image.resize", Title: "Resize image", Effect: node.Idempotent,
		Doc: "Writes a picture in another size. With one of width and height the other follows, so that the shape stays; with both, fit says what to do about another shape. With only_shrink a picture that is small enough keeps its size.",
		Examples: []node.Example[resizeIn, convertOut]{{
			Title: "At most 1 pixel wide", Files: map[string]string{"dot.png": dot},
			In:    resizeIn{target: target{File: "dot.png", To: "small.png", Quality: 85, Background: "#ffffff"}, Width: 1, Fit: "inside"},
			Check: sized(1, 1),
		}, {
			Title: "A square with margins", Files: map[string]string{"dot.png": dot},
			In:    resizeIn{target: target{File: "dot.png", To: "square.png", Quality: 85, Background: "#ffffff"}, Width: 4, Height: 4, Fit: "pad"},
			Check: sized(4, 4),
		}},
		Run: resizeFile,
	})
	node.Register(node.Spec[cropIn, convertOut]{
		Type: "image.crop", Title: "Crop image", Effect: node.Idempotent,
		Doc: "Writes a part of a picture. The part must lie in the picture.",
		Examples: []node.Example[cropIn, convertOut]{{
			Title: "The right half", Files: map[string]string{"dot.png": dot},
			In:    cropIn{target: target{File: "dot.png", To: "right.png", Quality: 85, Background: "#ffffff"}, area: area{X: 1, Width: 1, Height: 1}},
			Check: sized(1, 1),
		}},
		Run: func(_ context.Context, env *node.Env, in cropIn) (convertOut, error) {
			return in.change(env, func(img image.Image) (image.Image, error) {
				b := img.Bounds()
				// Compared without sums, which could overflow.
				if in.X < 0 || in.Y < 0 || in.Width < 1 || in.Height < 1 || in.Width > b.Dx() || in.Height > b.Dy() || in.X > b.Dx()-in.Width || in.Y > b.Dy()-in.Height {
					return nil, node.Fail(node.KindInput, fmt.Sprintf("the part to cut out (%d,%d %dx%d) is not all in the picture of %dx%d", in.X, in.Y, in.Width, in.Height, b.Dx(), b.Dy()), "image.info tells the size of a picture")
				}
				return cut(img, image.Rect(in.X, in.Y, in.X+in.Width, in.Y+in.Height).Add(b.Min)), nil
			})
		},
	})
	node.Register(node.Spec[rotateIn, convertOut]{
		Type: "image.rotate", Title: "Rotate or flip image", Effect: node.Idempotent,
		Doc: "Writes a picture turned clockwise, and then mirrored if asked. Nothing of it is lost.",
		Examples: []node.Example[rotateIn, convertOut]{{
			Title: "A quarter turn", Files: map[string]string{"dot.png": dot},
			In:    rotateIn{target: target{File: "dot.png", To: "up.png", Quality: 85, Background: "#ffffff"}, Degrees: "90", Flip: "none"},
			Check: sized(1, 2),
		}, {
			Title: "Mirrored", Files: map[string]string{"dot.png": dot},
			In:    rotateIn{target: target{File: "dot.png", To: "mirror.png", Quality: 85, Background: "#ffffff"}, Degrees: "0", Flip: "horizontal"},
			Check: sized(2, 1),
		}},
		Run: func(_ context.Context, env *node.Env, in rotateIn) (convertOut, error) {
			return in.change(env, func(img image.Image) (image.Image, error) {
				img = picture.Turn(img, in.Degrees)
				if in.Flip == "horizontal" || in.Flip == "vertical" {
					img = picture.Flip(img, in.Flip == "vertical")
				}
				return img, nil
			})
		},
	})
}

func sized(w, h int) func(convertOut) error {
	return func(o convertOut) error {
		if o.Width != w || o.Height != h || o.Size == 0 {
			return fmt.Errorf("got %+v, want %dx%d", o, w, h)
		}
		return nil
	}
}

// target is the picture to read and where its new form goes.
type target struct {
	File       string `json:"file" is:"required" widget:"file" doc:"Picture to read."`
	To         string `json:"to" is:"required" widget:"file" doc:"File to write; it is replaced in one step, and may be the same as file."`
	Format     string `json:"format" enum:"png,jpeg,gif,bmp,tiff" doc:"Format to write; by the ending of the file if not given."`
	Quality    int    `json:"quality" default:"85" min:"1" max:"100" is:"advanced" doc:"Quality of a JPEG."`
	Background string `json:"background" default:"#ffffff" is:"advanced" doc:"Colour of margins, and behind transparent parts in formats without transparency, as #rrggbb."`
}

// change reads the picture, hands it to do, and writes what comes back.
func (t target) change(env *node.Env, do func(image.Image) (image.Image, error)) (out convertOut, err error) {
	if out.Format = t.Format; out.Format == "" {
		if out.Format = formatOf(t.To); out.Format == "" {
			return out, node.Fail(node.KindInput, "the ending of "+t.To+" names no format that can be written", "give format: png, jpeg, gif, bmp or tiff")
		}
	}
	back, err := parseColor(t.Background)
	if err != nil {
		return out, err
	}
	img, err := load(env, t.File)
	if err != nil {
		return out, err
	}
	if img, err = do(img); err != nil {
		return out, err
	}
	if out.Format == "jpeg" || out.Format == "bmp" {
		img = onto(image.NewUniform(back), img.Bounds().Size(), img, image.Point{})
	}
	out.Width, out.Height = img.Bounds().Dx(), img.Bounds().Dy()
	if out.Size, err = save(env, t.To, out.Format, t.Quality, img); err != nil {
		return out, err
	}
	out.File, err = env.Files.Abs(t.To)
	return out, err
}

// onto draws a picture at a point of a plain one.
func onto(back image.Image, size image.Point, img image.Image, at image.Point) image.Image {
	dst := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(dst, dst.Bounds(), back, image.Point{}, draw.Src)
	draw.Draw(dst, image.Rectangle{Min: at, Max: at.Add(img.Bounds().Size())}, img, img.Bounds().Min, draw.Over)
	return dst
}

type resizeIn struct {
	target
	Width      int     `json:"width" min:"0" max:"30000" doc:"Width in pixels; 0 follows from height."`
	Height     int     `json:"height" min:"0" max:"30000" doc:"Height in pixels; 0 follows from width."`
	Scale      float64 `json:"scale" min:"0" max:"1000" doc:"Size in percent, instead of width and height."`
	Fit        string  `json:"fit" default:"inside" enum:"inside,fill,stretch,pad" doc:"What to do if width and height have another shape: inside keeps all of it, fill cuts off what is too much, stretch bends it, pad adds margins in the background colour."`
	OnlyShrink bool    `json:"only_shrink" doc:"Leave a picture that is no larger than that in its size."`
}

func resizeFile(_ context.Context, env *node.Env, in resizeIn) (convertOut, error) {
	if in.Width <= 0 && in.Height <= 0 && in.Scale <= 0 {
		return convertOut{}, node.Fail(node.KindInput, "no new size is given", "give width, height or scale")
	}
	back, err := parseColor(in.Background)
	if err != nil {
		return convertOut{}, err
	}
	return in.change(env, func(img image.Image) (image.Image, error) {
		b := img.Bounds()
		small := in.Scale > 100 || in.Scale <= 0 && (in.Width <= 0 || b.Dx() <= in.Width) && (in.Height <= 0 || b.Dy() <= in.Height)
		pad := in.Fit == "pad" && in.Scale <= 0 && in.Width > 0 && in.Height > 0
		if !in.OnlyShrink || !small {
			how := convertIn{Width: in.Width, Height: in.Height, Scale: in.Scale, Fit: in.Fit}
			if how.Fit == "pad" {
				how.Fit = "inside"
			}
			if img, err = resize(img, how); err != nil {
				return nil, err
			}
		}
		if pad {
			size := image.Pt(in.Width, in.Height)
			if size.X > maxPixels/size.Y {
				return nil, node.Failf(node.KindInput, "the picture would have %d by %d pixels; up to %d million are possible", size.X, size.Y, maxPixels/1_000_000)
			}
			img = onto(image.NewUniform(back), size, img, size.Sub(img.Bounds().Size()).Div(2))
		}
		return img, nil
	})
}

type cropIn struct {
	target
	area
}

type rotateIn struct {
	target
	Degrees string `json:"degrees" enum:"0,90,180,270" default:"90" doc:"Degrees to turn it clockwise."`
	Flip    string `json:"flip" enum:"none,horizontal,vertical" default:"none" doc:"How to mirror it: horizontal swaps left and right, vertical swaps top and bottom."`
}

// marked is the colour of differences.
var marked = color.RGBA{255, 0, 0, 255}
