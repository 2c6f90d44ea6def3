package web

import (
	"context"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	node.Register(node.Spec[frameIn, frameOut]{
		Type: "web.frame", Title: "Work in frame",
		Doc: "Makes a frame of the page the place where the nodes that follow search their targets, until the node is used again; without a frame it is the whole page again. " +
			"It is seldom needed: targets are searched in the page and in its frames anyway. It helps where the page and a frame, or two frames, hold elements that look the same.",
		Effect: node.Idempotent,
		Examples: []node.Example[frameIn, frameOut]{
			{Title: "Work in the frame of the payment", In: frameIn{Frame: selector.Must("css=iframe#pay")}, Out: frameOut{URL: "https://pay.example.com/form", Name: "pay"}, DocOnly: needsBrowser},
			{Title: "Back to the page", Out: frameOut{URL: "https://shop.example.com/cart"}, DocOnly: needsBrowser},
		},
		Run: func(ctx context.Context, env *node.Env, in frameIn) (frameOut, error) {
			return do(ctx, env, in.In, true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (frameOut, error) {
				var path []selector.Query
				if in.Frame.Given() {
					path = append(append(path, in.Frame.Frame...), in.Frame.Queries[0])
				}
				f, err := p.Enter(ctx, path)
				return frameOut{URL: f.URL, Name: f.Name}, err
			})
		},
		Check: func(in frameIn) error {
			if len(in.Frame.Queries) > 1 {
				return node.Fail(node.KindInput, "a frame is named in one way", "for a frame in a frame write queries and frame: {queries: css=#inner, frame: css=#outer}")
			}
			return nil
		},
	})
}

type frameIn struct {
	In
	Frame selector.Target `json:"frame" widget:"selector" doc:"The element that shows the frame, like css=iframe#pay; a frame inside of another is written as a map, with the outer one as frame. None is the whole page."`
}

type frameOut struct {
	URL  string `json:"url" doc:"Address of the frame's document."`
	Name string `json:"name" doc:"Name of the frame."`
}
