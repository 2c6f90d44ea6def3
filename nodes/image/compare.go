package image

import (
	"context"
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"

	"github.com/aether-rpa/aether/node"
)

type compareIn struct {
	File      string  `json:"file" is:"required" widget:"file" doc:"First picture."`
	Other     string  `json:"other" is:"required" widget:"file" doc:"Second picture."`
	Method    string  `json:"method" default:"pixel" enum:"pixel,ssim,histogram" doc:"How to compare."`
	Threshold float64 `json:"threshold" default:"0.9" min:"0" max:"1" doc:"Likeness from which they count as the same."`
}

type compareOut struct {
	Similarity float64 `json:"similarity" doc:"How alike they are, 1 for the same."`
	Match      bool    `json:"match" doc:"Whether that reaches the threshold."`
	SameSize   bool    `json:"same_size" doc:"Whether they have the same size."`
}

func compare(ctx context.Context, env *node.Env, in compareIn) (out compareOut, err error) {
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
	x := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(x, x.Bounds(), a, a.Bounds().Min, draw.Src)
	y := image.NewRGBA(x.Bounds())
	if out.SameSize {
		draw.Draw(y, y.Bounds(), b, b.Bounds().Min, draw.Src)
	} else {
		draw.ApproxBiLinear.Scale(y, y.Bounds(), b, b.Bounds(), draw.Src, nil)
	}
	if err := ctx.Err(); err != nil {
		return out, err
	}
	switch in.Method {
	case "histogram":
		out.Similarity = histogram(x, y)
	case "ssim":
		out.Similarity = ssim(x, y)
	default:
		sum := 0
		for i := range x.Pix {
			sum += abs(int(x.Pix[i]) - int(y.Pix[i]))
		}
		out.Similarity = 1 - float64(sum)/float64(255*len(x.Pix))
	}
	out.Similarity = math.Round(math.Max(0, math.Min(1, out.Similarity))*1e6) / 1e6
	out.Match = out.Similarity >= in.Threshold
	return out, nil
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// histogram is the share of colours, in 8 steps each of red, green and blue,
// that both pictures have.
func histogram(x, y *image.RGBA) float64 {
	var hx, hy [512]int
	for i := 0; i < len(x.Pix); i += 4 {
		hx[int(x.Pix[i]>>5)<<6|int(x.Pix[i+1]>>5)<<3|int(x.Pix[i+2]>>5)]++
		hy[int(y.Pix[i]>>5)<<6|int(y.Pix[i+1]>>5)<<3|int(y.Pix[i+2]>>5)]++
	}
	same := 0
	for i := range hx {
		same += min(hx[i], hy[i])
	}
	return float64(same) / float64(len(x.Pix)/4)
}

// ssim is the mean structural similarity over blocks of 8 by 8 pixels of grey
// (Wang, Bovik, Sheikh, Simoncelli: Image quality assessment, 2004).
func ssim(x, y *image.RGBA) float64 {
	const c1, c2 = (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	b := x.Bounds()
	total, blocks := 0.0, 0
	for top := 0; top < b.Dy(); top += 8 {
		for left := 0; left < b.Dx(); left += 8 {
			var n, sx, sy, sxx, syy, sxy float64
			for v := top; v < min(top+8, b.Dy()); v++ {
				for u := left; u < min(left+8, b.Dx()); u++ {
					p, q := grey(x, u, v), grey(y, u, v)
					n, sx, sy, sxx, syy, sxy = n+1, sx+p, sy+q, sxx+p*p, syy+q*q, sxy+p*q
				}
			}
			mx, my := sx/n, sy/n
			vx, vy, cov := sxx/n-mx*mx, syy/n-my*my, sxy/n-mx*my
			total += (2*mx*my + c1) * (2*cov + c2) / ((mx*mx + my*my + c1) * (vx + vy + c2))
			blocks++
		}
	}
	return total / float64(blocks)
}

func grey(img *image.RGBA, x, y int) float64 {
	return float64(color.GrayModel.Convert(img.RGBAAt(x, y)).(color.Gray).Y)
}
