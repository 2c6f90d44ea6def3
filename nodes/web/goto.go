package web

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	arrived := Arrived{URL: "https://shop.example.com/cart", Status: 200}
	node.Register(node.Spec[gotoIn, Arrived]{
		Type: "web.goto", Title: "Go to page",
		Doc:      "Opens an address in the current tab and waits until it has loaded. Opens a browser if the run has none; where a session could not be built again after an interruption, one that has its cookies. A tab that has crashed, or whose page has not answered for five seconds, gives way to a new one. A page that cannot be shown, that is cancelled, or that answers with an error is a failure.",
		Effect:   node.Idempotent,
		Examples: []node.Example[gotoIn, Arrived]{{Title: "Open the cart", In: gotoIn{URL: "https://shop.example.com/cart"}, Out: arrived, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in gotoIn) (Arrived, error) {
			s, err := in.open(ctx, env, true)
			if err != nil {
				return Arrived{}, err
			}
			if len(s.Pages()) == 0 {
				if _, err := s.NewPage(ctx); err != nil {
					return Arrived{}, explain(ctx, env, nil, err)
				}
			}
			return in.arriveIn(ctx, env, func(ctx context.Context, s *browser.Session, p *browser.Page) (browser.Arrival, error) {
				return s.Visit(ctx, p, address(in.URL), browser.Loads[in.Until])
			})
		},
	})
	for by, d := range map[int]struct{ typ, title, doc string }{
		-1: {"web.back", "Go back", "Goes back to the page before, as the button of the browser does. It is a failure if there is none."},
		1:  {"web.forward", "Go forward", "Goes forward again after going back. It is a failure if there is no such page."},
	} {
		node.Register(node.Spec[stepIn, Arrived]{
			Type: d.typ, Title: d.title, Doc: d.doc, Effect: node.Once,
			Examples: []node.Example[stepIn, Arrived]{{Title: d.title, Out: arrived, DocOnly: needsBrowser}},
			Run: func(ctx context.Context, env *node.Env, in stepIn) (Arrived, error) {
				return in.arrive(ctx, env, func(ctx context.Context, p *browser.Page) (browser.Arrival, error) {
					return p.Step(ctx, by, browser.Loads[in.Until])
				})
			},
		})
	}
	node.Register(node.Spec[stepIn, Arrived]{
		Type: "web.reload", Title: "Reload page",
		Doc:      "Loads the current page again. What fields hold that was not sent is lost.",
		Effect:   node.Idempotent,
		Examples: []node.Example[stepIn, Arrived]{{Title: "Look for news", Out: arrived, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in stepIn) (Arrived, error) {
			return in.arrive(ctx, env, func(ctx context.Context, p *browser.Page) (browser.Arrival, error) {
				return p.Refresh(ctx, browser.Loads[in.Until])
			})
		},
	})
}

type gotoIn struct {
	stepIn
	URL string `json:"url" is:"required" doc:"Address of the page; https:// is put before one without."`
}

type stepIn struct {
	In
	Until string `json:"until" default:"load" enum:"commit,dom,load,idle" is:"advanced" doc:"How far the page must have loaded: its answer begins (commit), it can be read (dom), pictures and scripts are there (load), or no request is under way (idle)."`
	Any   bool   `json:"any_status" is:"advanced" doc:"Whether a page that answers with an error, as 404, is as good as any."`
}

func (in stepIn) arrive(ctx context.Context, env *node.Env, f func(context.Context, *browser.Page) (browser.Arrival, error)) (Arrived, error) {
	return in.arriveIn(ctx, env, func(ctx context.Context, _ *browser.Session, p *browser.Page) (browser.Arrival, error) {
		return f(ctx, p)
	})
}

func (in stepIn) arriveIn(ctx context.Context, env *node.Env, f func(context.Context, *browser.Session, *browser.Page) (browser.Arrival, error)) (Arrived, error) {
	return do(ctx, env, in.In, true, func(ctx context.Context, s *browser.Session, p *browser.Page) (Arrived, error) {
		a, err := f(ctx, s, p)
		if err != nil {
			return Arrived{}, err
		}
		if err := errorStatus(a, in.Any); err != nil {
			return Arrived{}, err
		}
		return Arrived{URL: a.URL, Status: a.Status}, nil
	})
}

// errorStatus says that a page answers with an error, unless any status is as good.
func errorStatus(a browser.Arrival, any bool) error {
	if a.Status < 400 || any {
		return nil
	}
	f := node.Fail(node.KindHTTP, fmt.Sprintf("%s answers with status %d", a.URL, a.Status), "set any_status if the page is wanted all the same")
	f.Code = fmt.Sprint(a.Status)
	return f
}
