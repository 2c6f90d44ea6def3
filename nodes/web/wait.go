package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[waitIn, waitOut]{
		Type: "web.wait", Title: "Wait for page",
		Doc: "Waits for one thing on the page: an element in a state, a text (of an element or anywhere on the page), an address, an answer of a server, a quiet network, a loaded page, or a function that gives something true. " +
			"Actions wait by themselves until their element is ready, so a wait is needed only for what comes of them. Answers count that have come since the last action, also before this node began. What does not come in time is a failure that says what is there instead.",
		Effect: node.Read,
		Examples: []node.Example[waitIn, waitOut]{
			{Title: "Until the spinner is gone", In: waitIn{Target: selector.Must("css=.spinner"), State: "hidden"}, Out: waitOut{URL: "https://shop.example.com/cart"}, DocOnly: needsBrowser},
			{Title: "Until the order is there", In: waitIn{URL: "*/orders/*"}, Out: waitOut{URL: "https://shop.example.com/orders/4711"}, DocOnly: needsBrowser},
			{Title: "Until the server has saved", In: waitIn{Response: "/api/save*", Status: 200}, Out: waitOut{URL: "https://shop.example.com/cart", Answer: "https://shop.example.com/api/save?id=7", Status: 200}, DocOnly: needsBrowser},
		},
		Check: func(in waitIn) error {
			n := 0
			for _, given := range []bool{in.Target.Given() || in.Text != "", in.URL != "", in.Response != "", in.Quiet > 0, in.Load != "", in.Function != ""} {
				if given {
					n++
				}
			}
			if n != 1 {
				return errors.New("give one thing to wait for: target, text, url, response, quiet, load or function; a text may have a target")
			}
			return nil
		},
		Run: wait,
	})
	node.Register(node.Spec[In, Arrived]{
		Type: "web.wait_new_tab", Title: "Wait for new tab",
		Doc:      "Waits for a tab or window that has been opened since the last action, also before this node began, and makes it the one that nodes work on. web.click does the same with new_tab.",
		Effect:   node.Read,
		Examples: []node.Example[In, Arrived]{{Title: "A report that opens by itself", Out: Arrived{URL: "https://shop.example.com/report"}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in In) (Arrived, error) {
			return work(ctx, env, in, true, func(ctx context.Context, s *browser.Session, _ *browser.Page) (Arrived, error) {
				p, err := s.Popup(ctx)
				if err != nil {
					return Arrived{}, err
				}
				return Arrived{URL: p.Frames()[0].URL}, nil
			})
		},
	})
}

type waitIn struct {
	In
	Target   selector.Target `json:"target" widget:"selector" doc:"Element to wait for, named as in web.click."`
	State    string          `json:"state" default:"shown" enum:"shown,hidden,attached,detached,enabled,checked,unchecked" doc:"State of the element: to be seen (shown), not to be seen or not there (hidden), there (attached), not there (detached), enabled, checked, unchecked."`
	Text     string          `json:"text" doc:"Text to wait for, in the element if there is a target."`
	Match    string          `json:"match" default:"contains" enum:"contains,equals,regex" doc:"How the text is compared."`
	URL      string          `json:"url" doc:"Address to wait for: * stands for any characters, what begins with / is compared with the path alone, and between slashes stands a regular expression."`
	Response string          `json:"response" doc:"Address whose answer to wait for, written as url is."`
	Status   int             `json:"status" min:"0" max:"599" doc:"HTTP status that the answer must have; 0 takes any."`
	Quiet    time.Duration   `json:"quiet" default:"0s" min:"0s" doc:"How long no request may have been under way, like 500ms."`
	Load     string          `json:"load" enum:"commit,dom,load,idle" doc:"How far the page must have loaded: its answer begins (commit), it can be read (dom), pictures and scripts are there (load), or no request is under way (idle)."`
	Function string          `json:"function" is:"raw" widget:"code" doc:"JavaScript function without parameters that gives something true in the end, like () => window.ready."`
}

type waitOut struct {
	URL    string `json:"url" doc:"Address of the page now."`
	Text   string `json:"text" doc:"The text that was waited for, at most 200 characters of it."`
	Answer string `json:"answer" doc:"Address of the answer that came."`
	Status int    `json:"status" doc:"HTTP status of that answer."`
	Value  any    `json:"value" doc:"What the function gave."`
}

func wait(ctx context.Context, env *node.Env, in waitIn) (waitOut, error) {
	text, err := matchText(in.Text, in.Match)
	if err != nil {
		return waitOut{}, err
	}
	url, err := matchURL(in.URL + in.Response)
	if err != nil {
		return waitOut{}, err
	}
	return work(ctx, env, in.In, true, func(ctx context.Context, s *browser.Session, p *browser.Page) (out waitOut, err error) {
		switch {
		case in.Text != "":
			out.Text, err = p.WaitText(ctx, in.Target, in.Text, text)
			out.Text = short(out.Text)
		case in.Target.Given():
			err = p.WaitFor(ctx, in.Target, in.State)
		case in.URL != "":
			_, err = p.WaitURL(ctx, in.URL, url)
		case in.Response != "":
			want := in.Response
			if in.Status != 0 {
				want += fmt.Sprintf(" with status %d", in.Status)
			}
			var r browser.Response
			r, err = s.WaitResponse(ctx, p, want, url, in.Status)
			out.Answer, out.Status = r.URL, r.Status
		case in.Quiet > 0:
			err = p.WaitQuiet(ctx, in.Quiet)
		case in.Load != "":
			_, err = p.WaitLoad(ctx, browser.Loads[in.Load])
		default:
			var raw []byte
			if raw, err = p.WaitFunction(ctx, in.Function, nil); err == nil {
				out.Value, err = value.Parse(raw)
			}
		}
		if err == nil {
			s.Touch() // what was waited for may have changed where the page stands
			out.URL = p.Frames()[0].URL
		}
		return out, err
	})
}
