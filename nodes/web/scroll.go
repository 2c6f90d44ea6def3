package web

import (
	"context"
	"errors"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	node.Register(node.Spec[scrollIn, scrollOut]{
		Type: "web.scroll", Title: "Scroll",
		Doc: "Scrolls to an element, by a distance, to the top or bottom, or until nothing new comes, as in lists that load more. Actions scroll by themselves to what they work on. " +
			"The page scrolls, or the largest part of a page that does not scroll itself; area names another part.",
		Effect: node.Idempotent,
		Examples: []node.Example[scrollIn, scrollOut]{
			{Title: "Load the whole list", In: scrollIn{To: "end"}, Out: scrollOut{Y: 14200, Height: 15000, Moved: true, End: true, Rounds: 9}, DocOnly: needsBrowser},
			{Title: "To the comments", In: scrollIn{Target: selector.Must("css=#comments")}, Out: scrollOut{Y: 2400, Height: 5000, Moved: true}, DocOnly: needsBrowser},
		},
		Check: func(in scrollIn) error {
			n := 0
			for _, given := range []bool{in.Target.Given(), in.To != "", in.X != 0 || in.Y != 0} {
				if given {
					n++
				}
			}
			if n != 1 {
				return errors.New("give one of target, to, and the distance x and y")
			}
			return nil
		},
		Run: scroll,
	})
}

type scrollIn struct {
	In
	Target selector.Target `json:"target" widget:"selector" doc:"Element to bring into sight, named as in web.click."`
	To     string          `json:"to" enum:"top,bottom,end" doc:"Where to scroll to: the top, the bottom of what is there, or the end of what still comes."`
	X      float64         `json:"x" doc:"Distance to the right in CSS pixels, to the left below 0."`
	Y      float64         `json:"y" doc:"Distance down in CSS pixels, up below 0."`
	Area   selector.Target `json:"area" widget:"selector" is:"advanced" doc:"Part of the page that scrolls."`
	Still  time.Duration   `json:"still" default:"1s" min:"50ms" is:"advanced" doc:"How long nothing new may come until the end is reached."`
	Limit  int             `json:"limit" default:"100" min:"1" max:"100000" is:"advanced" doc:"How often to scroll to the bottom at most until the end."`
}

type scrollOut struct {
	X      float64 `json:"x" doc:"How far it is scrolled to the right now, in CSS pixels."`
	Y      float64 `json:"y" doc:"How far it is scrolled down now."`
	Height float64 `json:"height" doc:"Height of all that can be scrolled."`
	Moved  bool    `json:"moved" doc:"Whether it is scrolled to another place now."`
	End    bool    `json:"end" doc:"Whether nothing more lies below; with to: end, whether nothing more came."`
	Rounds int     `json:"rounds" doc:"How often it was scrolled to the bottom until the end."`
}

func scroll(ctx context.Context, env *node.Env, in scrollIn) (scrollOut, error) {
	return do(ctx, env, in.In, true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (scrollOut, error) {
		var r browser.Scrolled
		var err error
		switch {
		case in.Target.Given():
			_, r, err = p.ScrollTo(ctx, in.Target)
		case in.To == "end":
			r, err = p.ScrollAll(ctx, in.Area, in.Still, in.Limit)
		default:
			r, err = p.Scroll(ctx, in.Area, browser.Point{X: in.X, Y: in.Y}, in.To)
		}
		return scrollOut{X: r.X, Y: r.Y, Height: r.Height, Moved: r.Moved, End: r.End, Rounds: r.Rounds}, err
	})
}
