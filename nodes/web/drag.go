package web

import (
	"context"
	"errors"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	node.Register(node.Spec[dragIn, Used]{
		Type: "web.drag", Title: "Drag element",
		Doc: "Drags an element with the mouse in small steps, onto another one or by a distance. It has succeeded when the page received what was let go there; an element that takes nothing is a failure. " +
			"Onto another item of its own list means to the place of that item. Set repeatable if dragging twice does no harm.",
		Effect: node.Once,
		EffectOf: func(in dragIn) node.Effect {
			if in.Repeatable {
				return node.Idempotent
			}
			return node.Once
		},
		Examples: []node.Example[dragIn, Used]{
			{Title: "A card into another column", In: dragIn{At: At{Target: selector.Must("text=Write offer")}, To: selector.Must("css=#done")}, Out: Used{Element: `<li> "Write offer"`, Query: "text=Write offer"}, DocOnly: needsBrowser},
			{Title: "A slider to the right", In: dragIn{At: At{Target: selector.Must("css=.slider .handle")}, X: 120}, Out: Used{Element: `<div class="handle">`, Query: "css=.slider .handle"}, DocOnly: needsBrowser},
		},
		Check: func(in dragIn) error {
			if !in.To.Given() && in.X == 0 && in.Y == 0 && len(in.Via) == 0 {
				return errors.New("give to, the element to drag it to, or the distance x and y")
			}
			return pair(in.FromX, in.FromY, "from_x and from_y")
		},
		Run: func(ctx context.Context, env *node.Env, in dragIn) (Used, error) {
			return do(ctx, env, in.healing(), in.Repeatable, func(ctx context.Context, _ *browser.Session, p *browser.Page) (Used, error) {
				o := browser.Pull{To: in.To, By: browser.Point{X: in.X, Y: in.Y}}
				for _, v := range in.Via {
					o.Via = append(o.Via, browser.Point{X: v.X, Y: v.Y})
				}
				if in.FromX != nil && in.FromY != nil {
					o.At = &browser.Point{X: *in.FromX, Y: *in.FromY}
				}
				d, err := p.Drag(ctx, in.Target, o)
				return used(d), err
			})
		},
	})
}

type dragIn struct {
	At
	To         selector.Target `json:"to" widget:"selector" doc:"Element to drag it to, named as the target is."`
	X          float64         `json:"x" doc:"Distance to the right in CSS pixels, to the left below 0. With to it counts from the middle of that element."`
	Y          float64         `json:"y" doc:"Distance down in CSS pixels, up below 0. With to it counts from the middle of that element."`
	Via        []dragPoint     `json:"via" is:"advanced" doc:"Points to pass on the way, as for drawing: x and y are distances from where it was taken."`
	FromX      *float64        `json:"from_x" is:"advanced" doc:"Where in the element to take it, in CSS pixels from its left edge; not given is the middle."`
	FromY      *float64        `json:"from_y" is:"advanced" doc:"Where in the element to take it, from its upper edge."`
	Repeatable bool            `json:"repeatable" is:"advanced" doc:"Whether dragging twice does no harm."`
}

type dragPoint struct {
	X float64 `json:"x" doc:"Distance to the right."`
	Y float64 `json:"y" doc:"Distance down."`
}
