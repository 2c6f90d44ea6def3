package web

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/vault"
)

var save = selector.Must(`role=button[name="Save"]`)

func init() {
	pressed := clickOut{Used: Used{Element: `<button id="save"> "Save"`, Query: `role=button[name="Save"]`}}
	press := " It waits until the element is in sight, keeps still, is enabled and is not covered, and has succeeded when the element received the press. A page that the press leads to is awaited. " +
		"What would have hit another element is stopped before the page sees it. Set repeatable if pressing twice does no harm: the run then goes on by itself when it is interrupted in just that moment."
	node.Register(node.Spec[anyClickIn, clickOut]{
		Type: "web.click", Title: "Click",
		Doc:      "Presses an element with the mouse." + press,
		Effect:   node.Once,
		EffectOf: func(in anyClickIn) node.Effect { return in.effect() }, LooksFirst: true,
		Examples: []node.Example[anyClickIn, clickOut]{
			{Title: "Press Save", In: anyClickIn{clickIn: clickIn{At: At{Target: save}}, Button: "left", Count: 1}, Out: pressed, DocOnly: needsBrowser},
			{Title: "Mark a paragraph", In: anyClickIn{clickIn: clickIn{At: At{Target: selector.Must("css=article p")}}, Button: "left", Count: 3}, Out: clickOut{Used: Used{Element: "<p>", Query: "css=article p"}}, DocOnly: needsBrowser},
		},
		Check: func(in anyClickIn) error { return pair(in.X, in.Y, "x and y") },
		Run: func(ctx context.Context, env *node.Env, in anyClickIn) (clickOut, error) {
			return in.press(ctx, env, browser.Click{Button: in.Button, Count: in.Count})
		},
	})
	for _, d := range []struct {
		typ, title, doc string
		o               browser.Click
	}{
		{"web.double_click", "Double click", "Presses an element twice in a row with the mouse.", browser.Click{Count: 2}},
		{"web.right_click", "Right click", "Presses an element with the right button of the mouse, which opens its menu.", browser.Click{Button: "right"}},
	} {
		node.Register(node.Spec[clickIn, clickOut]{
			Type: d.typ, Title: d.title,
			Doc:      d.doc + press,
			Effect:   node.Once,
			EffectOf: func(in clickIn) node.Effect { return in.effect() }, LooksFirst: true,
			Examples: []node.Example[clickIn, clickOut]{{Title: "Press Save", In: clickIn{At: At{Target: save}}, Out: pressed, DocOnly: needsBrowser}},
			Check:    func(in clickIn) error { return pair(in.X, in.Y, "x and y") },
			Run: func(ctx context.Context, env *node.Env, in clickIn) (clickOut, error) {
				return in.press(ctx, env, d.o)
			},
		})
	}
	node.Register(node.Spec[hoverIn, Used]{
		Type: "web.hover", Title: "Move mouse over",
		Doc: "Moves the mouse over an element, as to open a menu.", Effect: node.Idempotent,
		Examples: []node.Example[hoverIn, Used]{{Title: "Open the menu", In: hoverIn{At: At{Target: selector.Must("text=Products")}}, Out: Used{Element: `<li> "Products"`, Query: "text=Products"}, DocOnly: needsBrowser}},
		Check: func(in hoverIn) error {
			return pair(in.X, in.Y, "x and y")
		},
		Run: func(ctx context.Context, env *node.Env, in hoverIn) (Used, error) {
			return do(ctx, env, in.healing(), true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (Used, error) {
				var at *browser.Point
				if in.X != nil && in.Y != nil {
					at = &browser.Point{X: *in.X, Y: *in.Y}
				}
				d, err := p.Hover(ctx, in.Target, at)
				return used(d), err
			})
		},
	})
	node.Register(node.Spec[fillIn, fillOut]{
		Type: "web.fill", Title: "Fill field",
		Doc:    "Replaces what a field holds, and reads it back. It is a failure if the page does not keep the value. A page that lays the value out in its own way (1234 becomes 12-34) is fine, and shown tells how.",
		Effect: node.Idempotent,
		Examples: []node.Example[fillIn, fillOut]{{
			Title: "Enter a name", In: fillIn{At: At{Target: selector.Must("label=First name")}, Value: "Ada"},
			Out: fillOut{Used: Used{Element: `<input type="text"> "First name"`, Query: "label=First name"}, Shown: "Ada"}, DocOnly: needsBrowser,
		}},
		Check: func(in fillIn) error {
			if in.Value != "" && !in.Secret.Empty() {
				return errors.New("give value or secret, not both")
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in fillIn) (fillOut, error) {
			return do(ctx, env, in.healing(), true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (fillOut, error) {
				if !in.Secret.Empty() {
					d, err := p.FillSecret(ctx, in.Target, in.Secret.Reveal())
					return fillOut{Used: used(d), Shown: "***"}, err
				}
				d, err := p.Fill(ctx, in.Target, in.Value)
				out := fillOut{Used: used(d), Shown: in.Value}
				if d.Shaped != "" {
					out.Shown = d.Shaped
				}
				return out, err
			})
		},
	})
	node.Register(node.Spec[At, Used]{
		Type: "web.clear", Title: "Empty field",
		Doc: "Empties a field.", Effect: node.Idempotent,
		Examples: []node.Example[At, Used]{{Title: "Forget the search", In: At{Target: selector.Must("placeholder=Search")}, Out: Used{Element: "<input>", Query: "placeholder=Search"}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in At) (Used, error) {
			return do(ctx, env, in.healing(), true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (Used, error) {
				d, err := p.Fill(ctx, in.Target, "")
				return used(d), err
			})
		},
	})
	node.Register(node.Spec[typeIn, Used]{
		Type: "web.type", Title: "Type text",
		Doc:    "Presses a key for each character, behind what a field holds. Use web.fill unless the page listens to single keys.",
		Effect: node.Once,
		Examples: []node.Example[typeIn, Used]{{
			Title: "Type a town to get proposals", In: typeIn{At: At{Target: selector.Must("label=Town")}, Text: "Ulm"}, Out: Used{Element: `<input> "Town"`, Query: "label=Town"}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in typeIn) (Used, error) {
			text := in.Text
			if !in.Secret.Empty() {
				text = in.Secret.Reveal()
			}
			return do(ctx, env, in.healing(), false, func(ctx context.Context, _ *browser.Session, p *browser.Page) (Used, error) {
				if in.Clear {
					if _, err := p.Fill(ctx, in.Target, ""); err != nil {
						return Used{}, err
					}
				}
				d, err := p.Type(ctx, in.Target, text, in.Pause, !in.Secret.Empty())
				if err == nil && in.Enter {
					_, err = p.Press(ctx, in.Target, browser.Key{Name: "Enter"})
				}
				return used(d), err
			})
		},
	})
	node.Register(node.Spec[pressIn, clickOut]{
		Type: "web.press", Title: "Press key",
		Doc:    "Presses a key, or several together like Control+A, in an element or where the focus is. A page that it leads to is awaited.",
		Effect: node.Once,
		Examples: []node.Example[pressIn, clickOut]{{
			Title: "Send a form with Enter", In: pressIn{Key: "Enter"}, Out: clickOut{URL: "https://shop.example.com/thanks", Status: 200}, DocOnly: needsBrowser,
		}},
		Check: func(in pressIn) error {
			if in.Key == "" || strings.Contains(in.Key, "{{") {
				return nil
			}
			_, err := browser.ParseKey(in.Key)
			return err
		},
		Run: func(ctx context.Context, env *node.Env, in pressIn) (clickOut, error) {
			key, err := browser.ParseKey(in.Key)
			if err != nil {
				return clickOut{}, node.Fail(node.KindInput, err.Error(), "")
			}
			keys := make([]browser.Key, in.Times)
			for i := range keys {
				keys[i] = key
			}
			return do(ctx, env, in.In, false, func(ctx context.Context, _ *browser.Session, p *browser.Page) (clickOut, error) {
				d, err := p.Press(ctx, in.Target, keys...)
				return pressedOut(d), err
			})
		},
	})
}

type hoverIn struct {
	At
	X *float64 `json:"x" is:"advanced" doc:"Where over the element, in CSS pixels from its left edge; not given is the middle."`
	Y *float64 `json:"y" is:"advanced" doc:"Where over the element, from its upper edge."`
}

// pair says what is wrong with a place of which one half is not given.
func pair(x, y *float64, names string) error {
	if (x == nil) != (y == nil) {
		return errors.New(names + " belong together: give both, or none for the middle of the element")
	}
	return nil
}

type clickIn struct {
	At
	Modifiers  []string `json:"modifiers" is:"advanced" doc:"Keys to hold: Alt, Control, Meta, Shift."`
	X          *float64 `json:"x" is:"advanced" doc:"Where in the element to press, in CSS pixels from its left edge; not given is the middle."`
	Y          *float64 `json:"y" is:"advanced" doc:"Where in the element to press, from its upper edge."`
	NewTab     bool     `json:"new_tab" is:"advanced" doc:"Whether the press opens a new tab or window, which becomes the current one."`
	Repeatable bool     `json:"repeatable" is:"advanced" doc:"Whether pressing twice does no harm."`
}

// anyClickIn adds to a click what web.double_click and web.right_click have decided.
type anyClickIn struct {
	clickIn
	Button string `json:"button" default:"left" enum:"left,middle,right" is:"advanced" doc:"Button of the mouse. The middle one opens links in a new tab."`
	Count  int    `json:"count" default:"1" min:"1" max:"3" is:"advanced" doc:"How often in a row: 2 is a double click, 3 marks a paragraph."`
}

func (in clickIn) effect() node.Effect {
	if in.Repeatable {
		return node.Idempotent
	}
	return node.Once
}

func (in clickIn) press(ctx context.Context, env *node.Env, o browser.Click) (clickOut, error) {
	return do(browser.WithLeave(ctx, env.Announced), env, in.healing(), in.Repeatable, func(ctx context.Context, s *browser.Session, p *browser.Page) (clickOut, error) {
		return click(ctx, s, p, in, o)
	})
}

type clickOut struct {
	Used
	URL    string `json:"url" doc:"Address of the page that it led to, none if the page stayed."`
	Status int    `json:"status" doc:"HTTP status of that page."`
}

func pressedOut(d browser.Done) clickOut {
	out := clickOut{Used: used(d)}
	if d.Arrival != nil {
		out.URL, out.Status = d.Arrival.URL, d.Arrival.Status
	}
	return out
}

func click(ctx context.Context, s *browser.Session, p *browser.Page, in clickIn, o browser.Click) (clickOut, error) {
	for _, m := range in.Modifiers {
		bit, ok := browser.Modifiers[m]
		if !ok {
			return clickOut{}, node.Fail(node.KindInput, "no key "+m+" can be held", "write Alt, Control, Meta or Shift")
		}
		o.Mods |= bit
	}
	if in.X != nil && in.Y != nil {
		o.At = &browser.Point{X: *in.X, Y: *in.Y}
	}
	before := s.Pages()
	d, err := p.Click(ctx, in.Target, o)
	if err != nil || !in.NewTab {
		return pressedOut(d), err
	}
	n, err := s.Opened(ctx, before)
	if err != nil {
		return pressedOut(d), err
	}
	out := pressedOut(d)
	out.URL = n.Frames()[0].URL
	return out, nil
}

type fillIn struct {
	At
	Value  string       `json:"value" doc:"What the field shall hold. Dates are written 2026-02-28, times 14:30."`
	Secret vault.Secret `json:"secret" doc:"The same for a secret, which no log, record or picture shows."`
}

type fillOut struct {
	Used
	Shown string `json:"shown" doc:"What the field shows; *** for secrets."`
}

type typeIn struct {
	At
	Text   string        `json:"text" doc:"Text to type."`
	Secret vault.Secret  `json:"secret" doc:"The same for a secret."`
	Clear  bool          `json:"clear" doc:"Whether to empty the field first."`
	Enter  bool          `json:"enter" doc:"Whether to press Enter at the end."`
	Pause  time.Duration `json:"pause" default:"0s" is:"advanced" doc:"Time between two keys."`
}

type pressIn struct {
	In
	Key    string          `json:"key" is:"required" doc:"Key as the web names it: Enter, Tab, Escape, ArrowDown, F5, a; with others before it: Control+A, Shift+Tab."`
	Times  int             `json:"times" default:"1" min:"1" max:"1000" doc:"How often."`
	Target selector.Target `json:"target" widget:"selector" doc:"Element to press it in; none is where the focus is."`
}
