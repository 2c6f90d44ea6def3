package image

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/draw"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[diffIn, diffOut]{
		Type: "image.diff", Title: "Show differences of images", Effect: node.Idempotent,
		Doc: "Writes a picture that shows where two pictures differ: the first in pale grey, with each pixel that differs in red. Tells how many differ and the smallest part that holds them all. A second picture of another size is scaled to the size of the first. To judge likeness only, use image.compare.",
		Examples: []node.Example[diffIn, diffOut]{{
			Title: "Two equal pictures", Files: map[string]string{"a.png": dot, "b.png": dot},
			In: diffIn{File: "a.png", Other: "b.png", To: "diff.png", Tolerance: 16},
			Check: func(o diffOut) error {
				if !o.Equal || o.Pixels != 0 || o.Box != nil {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: diff,
	})
}

type diffIn struct {
	File      string `json:"file" is:"required" widget:"file" doc:"First picture."`
	Other     string `json:"other" is:"required" widget:"file" doc:"Second picture."`
	To        string `json:"to" is:"required" widget:"file" doc:"Picture to write; its ending is the format, PNG is best."`
	Tolerance int    `json:"tolerance" default:"16" min:"0" max:"255" doc:"How far red, green, blue or opacity may be apart, of 255, before a pixel counts as different. JPEG needs about 16."`
}

type diffOut struct {
	File     string  `json:"file" doc:"Absolute path of the picture."`
	Equal    bool    `json:"equal" doc:"Whether no pixel differs."`
	Pixels   int     `json:"pixels" doc:"How many pixels differ."`
	Share    float64 `json:"share" doc:"Share of the pixels that differ, from 0 to 1."`
	Box      *area   `json:"box" doc:"Smallest part that holds all differences; null if there are none."`
	SameSize bool    `json:"same_size" doc:"Whether the two have the same size."`
}

func diff(ctx context.Context, env *node.Env, in diffIn) (out diffOut, err error) {
	format := formatOf(in.To)
	if format == "" {
		return out, node.Fail(node.KindInput, "the ending of "+in.To+" names no format that can be written", "end it with .png")
	}
	a, err := load(env, in.File)
	if err != nil {
		return out, err
	}
	b, err := load(env, in.Other)
	if err != nil {
		return out, err
	}
	size := a.Bounds().Size()
	out.SameSize = size == b.Bounds().Size()
	x, y := image.NewRGBA(image.Rectangle{Max: size}), image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(x, x.Bounds(), a, a.Bounds().Min, draw.Src)
	if out.SameSize {
		draw.Draw(y, y.Bounds(), b, b.Bounds().Min, draw.Src)
	} else {
		draw.ApproxBiLinear.Scale(y, y.Bounds(), b, b.Bounds(), draw.Src, nil)
	}
	var box image.Rectangle
	for v := range size.Y {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		for u := range size.X {
			i := x.PixOffset(u, v)
			far := 0
			for c := range 4 {
				far = max(far, abs(int(x.Pix[i+c])-int(y.Pix[i+c])))
			}
			if far > in.Tolerance {
				out.Pixels++
				box = box.Union(image.Rect(u, v, u+1, v+1))
				x.SetRGBA(u, v, marked)
				continue
			}
			pale := 170 + uint8(grey(x, u, v)/3)
			x.SetRGBA(u, v, color.RGBA{pale, pale, pale, 255})
		}
	}
	out.Equal, out.Share = out.Pixels == 0, float64(out.Pixels)/float64(size.X*size.Y)
	if !out.Equal {
		out.Box = &area{X: box.Min.X, Y: box.Min.Y, Width: box.Dx(), Height: box.Dy()}
	}
	if _, err := save(env, in.To, format, 95, x); err != nil {
		return out, err
	}
	out.File, err = env.Files.Abs(in.To)
	return out, err
}
