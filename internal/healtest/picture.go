package healtest

import (
	"bytes"
	"context"
	"image"
	_ "image/png" // what a screenshot is

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/heal"
)

type picturesKey struct{}

// WithPictures makes the views of a context hold a picture of each element of which one may be made.
func WithPictures(ctx context.Context) context.Context {
	return context.WithValue(ctx, picturesKey{}, true)
}

// pictured gives the elements of a page their pictures, all from one screenshot.
func pictured(ctx context.Context, p *browser.Page, all *browser.Prints) error {
	if ctx.Value(picturesKey{}) == nil {
		return nil
	}
	b, err := p.Screenshot(ctx, browser.Shot{Full: true})
	if err != nil {
		return err
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return err
	}
	browser.Looks(all, img, image.Point{}, 1)
	return nil
}

// Bare is the view without its pictures.
func (v *View) Bare() *View {
	if v == nil {
		return nil
	}
	all := *v.Prints
	all.Elements = append([]heal.Element(nil), v.Elements...)
	for i := range all.Elements {
		all.Elements[i].Look = ""
	}
	out := *v
	out.Prints = &all
	return &out
}
