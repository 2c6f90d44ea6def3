package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	arrived := Arrived{URL: "https://shop.example.com/help", Status: 200}
	node.Register(node.Spec[In, tabsOut]{
		Type: "web.tabs", Title: "List tabs",
		Doc:    "Lists the open tabs and windows of the session in the order of opening, popups among them.",
		Effect: node.Read,
		Examples: []node.Example[In, tabsOut]{{
			Title: "See which tabs are open",
			Out:   tabsOut{Tabs: []any{map[string]any{"index": 1, "title": "Shop", "url": "https://shop.example.com/", "current": true}}, Count: 1, Current: 1}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in In) (tabsOut, error) {
			return work(ctx, env, in, true, func(ctx context.Context, s *browser.Session, p *browser.Page) (tabsOut, error) {
				var out tabsOut
				for i, t := range s.Pages() {
					v := view(ctx, t)
					out.Tabs = append(out.Tabs, map[string]any{"index": i + 1, "title": v.title, "url": v.url, "current": t == p})
					if t == p {
						out.Current = i + 1
					}
				}
				out.Count = len(out.Tabs)
				return out, nil
			})
		},
	})
	node.Register(node.Spec[newTabIn, tabOut]{
		Type: "web.new_tab", Title: "Open tab",
		Doc:      "Opens a new tab, which becomes the current one, and loads a page in it. Opens a browser if the run has none.",
		Effect:   node.Once,
		Examples: []node.Example[newTabIn, tabOut]{{Title: "Open the help beside the shop", In: newTabIn{URL: arrived.URL}, Out: tabOut{Arrived: arrived, Index: 2}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in newTabIn) (tabOut, error) {
			s, err := in.open(ctx, env, true)
			if err != nil {
				return tabOut{}, err
			}
			page, cancel := context.WithTimeout(ctx, in.Timeout)
			p, err := s.NewPage(page)
			cancel()
			if err != nil {
				return tabOut{}, explain(ctx, env, nil, err)
			}
			out := tabOut{Arrived: Arrived{URL: "about:blank"}}
			if in.URL != "" {
				out.Arrived, err = in.arrive(ctx, env, func(ctx context.Context, p *browser.Page) (browser.Arrival, error) {
					return p.Goto(ctx, address(in.URL), browser.Loads[in.Until])
				})
			}
			out.Index = place(s, p)
			return out, err
		},
	})
	node.Register(node.Spec[whichTab, tabOut]{
		Type: "web.switch_tab", Title: "Switch to tab",
		Doc:      "Makes another tab or window the current one: by its place, by its title, or by its address. It is waited for until it is there. Exactly one must match.",
		Effect:   node.Idempotent,
		Examples: []node.Example[whichTab, tabOut]{{Title: "Go on in the help", In: whichTab{URL: "*/help*"}, Out: tabOut{Arrived: Arrived{URL: arrived.URL}, Title: "Help", Index: 2}, DocOnly: needsBrowser}},
		Check: func(in whichTab) error {
			if in.given() > 1 {
				return errors.New("give one of index, title and url")
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in whichTab) (tabOut, error) {
			if in.given() != 1 {
				return tabOut{}, node.Fail(node.KindInput, "it is not said which tab is meant", "give one of index, title and url")
			}
			return do(ctx, env, in.In, true, func(ctx context.Context, s *browser.Session, _ *browser.Page) (tabOut, error) {
				p, err := in.find(ctx, s)
				if err != nil {
					return tabOut{}, err
				}
				if err := s.Use(ctx, p); err != nil {
					return tabOut{}, err
				}
				v := view(ctx, p)
				return tabOut{Arrived: Arrived{URL: v.url}, Title: v.title, Index: place(s, p)}, nil
			})
		},
	})
	node.Register(node.Spec[whichTab, tabOut]{
		Type: "web.close_tab", Title: "Close tab",
		Doc:      "Closes the current tab, or the one that index, title or url means. The tab that opened it becomes the current one, or else the last; the outputs tell which.",
		Effect:   node.Once,
		Examples: []node.Example[whichTab, tabOut]{{Title: "Close a popup", Out: tabOut{Arrived: Arrived{URL: "https://shop.example.com/"}, Title: "Shop", Index: 1}, DocOnly: needsBrowser}},
		Check: func(in whichTab) error {
			if in.given() > 1 {
				return errors.New("give one of index, title and url, or none of them for the current tab")
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in whichTab) (tabOut, error) {
			return do(ctx, env, in.In, false, func(ctx context.Context, s *browser.Session, p *browser.Page) (tabOut, error) {
				if in.given() > 0 {
					var err error
					if p, err = in.find(ctx, s); err != nil {
						return tabOut{}, err
					}
				}
				if err := p.Close(ctx); err != nil {
					return tabOut{}, err
				}
				if len(s.Pages()) == 0 {
					return tabOut{}, nil
				}
				next, err := s.Page()
				if err != nil {
					return tabOut{}, err
				}
				v := view(ctx, next)
				return tabOut{Arrived: Arrived{URL: v.url}, Title: v.title, Index: place(s, next)}, nil
			})
		},
	})
}

type tabsOut struct {
	Tabs    []any `json:"tabs" doc:"The tabs: index (from 1), title, url and whether it is the current one."`
	Count   int   `json:"count" doc:"How many tabs are open."`
	Current int   `json:"current" doc:"Index of the current tab."`
}

type newTabIn struct {
	stepIn
	URL string `json:"url" doc:"Address of the page; https:// is put before one without. None opens an empty tab."`
}

type tabOut struct {
	Arrived
	Title string `json:"title" doc:"Title of the page."`
	Index int    `json:"index" doc:"Place of the tab, from 1; 0 if no tab is open any more."`
}

type whichTab struct {
	In
	Index int    `json:"index" min:"-1000" max:"1000" doc:"Place of the tab in the order of opening, from 1, or from -1 at the end."`
	Title string `json:"title" doc:"Title of the page; * stands for any characters, and without one the words may stand anywhere in it."`
	URL   string `json:"url" doc:"Address of the page, where * stands for any characters: */invoices/*. What begins with / is compared with the path."`
}

func (in whichTab) given() int {
	n := 0
	for _, g := range []bool{in.Index != 0, in.Title != "", in.URL != ""} {
		if g {
			n++
		}
	}
	return n
}

type seen struct{ title, url string }

// view reads what a tab shows, as far as it answers.
func view(ctx context.Context, p *browser.Page) seen {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	main := p.Frames()[0]
	v := seen{url: main.URL}
	_ = p.Eval(ctx, main.ID, "document.title", &v.title) // a page that does not answer is listed without its title
	return v
}

func place(s *browser.Session, p *browser.Page) int {
	for i, x := range s.Pages() {
		if x == p {
			return i + 1
		}
	}
	return 0
}

// find waits for the one tab that is meant.
func (in whichTab) find(ctx context.Context, s *browser.Session) (*browser.Page, error) {
	addressed, err := matchURL(in.URL)
	if err != nil {
		return nil, err
	}
	var list []string
	several := false
	for {
		changed := s.Context().Changed()
		pages := s.Pages()
		var hits []*browser.Page
		var now []string
		for i, p := range pages {
			v := view(ctx, p)
			now = append(now, fmt.Sprintf("%d: %s (%s)", i+1, inQuotes(v.title), v.url))
			if in.Index == i+1 || in.Index == i-len(pages) || in.Title != "" && titled(in.Title, v.title) || in.URL != "" && addressed(v.url) {
				hits = append(hits, p)
			}
		}
		if list == nil || ctx.Err() == nil { // at the end of the time no page answers any more
			list, several = now, len(hits) > 1
		}
		if len(hits) == 1 {
			return hits[0], nil
		}
		select {
		case <-changed:
		case <-time.After(50 * time.Millisecond): // titles and addresses change without a tab that opens
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.Canceled) {
				return nil, ctx.Err()
			}
			what := map[bool]string{true: "several tabs match", false: "no tab matches"}[several]
			kind := map[bool]string{true: browser.Ambiguous, false: browser.Waited}[several]
			return nil, &browser.Failure{Kind: kind, Action: "find tab", Detail: fmt.Sprintf("%s; open are %s", what, strings.Join(list, ", "))}
		}
	}
}

func titled(want, title string) bool {
	if !strings.Contains(want, "*") {
		return strings.Contains(strings.ToLower(title), strings.ToLower(want))
	}
	return browser.Glob(strings.ToLower(want), strings.ToLower(title))
}

func inQuotes(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b)
}
