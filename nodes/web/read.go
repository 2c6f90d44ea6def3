package web

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/value"
)

// whole is the page as an element.
var whole = selector.Must("css=html")

// Part are the params of nodes that work on an element or the whole page.
type Part struct {
	In
	Target selector.Target `json:"target" widget:"selector" doc:"Element, named as in web.click; none is the whole page."`
}

func (p Part) target() selector.Target {
	if p.Target.Given() {
		return p.Target
	}
	return whole
}

// readOf reads something of an element.
func readOf[T any](ctx context.Context, p *browser.Page, t selector.Target, what, name string) (v T, u Used, err error) {
	raw, f, err := p.Read(ctx, t, what, name)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	return v, usedOf(f), err
}

func init() {
	node.Register(node.Spec[textIn, textOut]{
		Type: "web.get_text", Title: "Get text",
		Doc:    "Reads the text of an element as a person sees it, or what a field shows. It waits until the element is there. What a password field or a field filled with a secret holds is not read.",
		Effect: node.Read,
		Examples: []node.Example[textIn, textOut]{{
			Title: "The total of a cart", In: textIn{Part: Part{Target: selector.Must("testid=total")}}, Out: textOut{Used: Used{Element: `<b data-testid="total"> "12.50 EUR"`, Query: "testid=total"}, Text: "12.50 EUR"}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in textIn) (textOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (out textOut, err error) {
				what := "text"
				if in.Lines || !in.Target.Given() {
					what = "raw"
				}
				out.Text, out.Used, err = readOf[string](ctx, p, in.target(), what, "")
				return out, err
			})
		},
	})
	node.Register(node.Spec[At, valueOut]{
		Type: "web.get_value", Title: "Get value of field",
		Doc:    "Reads the value of a field, of a list the value behind what is chosen. It waits until the element is there. What a password field or a field filled with a secret holds is not read.",
		Effect: node.Read,
		Examples: []node.Example[At, valueOut]{{
			Title: "A number that the page has filled in", In: At{Target: selector.Must("label=Customer number")}, Out: valueOut{Used: Used{Element: `<input name="no"> "Customer number"`, Query: "label=Customer number"}, Value: "4711"}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in At) (valueOut, error) {
			return look(ctx, env, in.healing(), func(ctx context.Context, p *browser.Page) (out valueOut, err error) {
				if out.Value, out.Used, err = readOf[string](ctx, p, in.Target, "value", ""); err == nil {
					out.Checked, _, err = readOf[*bool](ctx, p, in.Target, "checked", "")
				}
				return out, err
			})
		},
	})
	node.Register(node.Spec[attributeIn, attributeOut]{
		Type: "web.get_attribute", Title: "Get attribute",
		Doc:    "Reads an attribute of an element as it stands in the page. For an absolute address take web.get_property with href or src.",
		Effect: node.Read,
		Examples: []node.Example[attributeIn, attributeOut]{{
			Title: "Where a link leads", In: attributeIn{At: At{Target: selector.Must("text=Terms")}, Name: "href"}, Out: attributeOut{Used: Used{Element: `<a> "Terms"`, Query: "text=Terms"}, Value: "/terms", Exists: true}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in attributeIn) (attributeOut, error) {
			return look(ctx, env, in.healing(), func(ctx context.Context, p *browser.Page) (attributeOut, error) {
				v, u, err := readOf[*string](ctx, p, in.Target, "attribute", in.Name)
				out := attributeOut{Used: u, Exists: v != nil}
				if v != nil {
					out.Value = *v
				}
				return out, err
			})
		},
	})
	node.Register(node.Spec[attributeIn, propertyOut]{
		Type: "web.get_property", Title: "Get property",
		Doc:    "Reads a property of an element as the page's scripts see it: href, src, tagName, files.length, dataset.id. One that does not exist is nil.",
		Effect: node.Read,
		Examples: []node.Example[attributeIn, propertyOut]{{
			Title: "The absolute address of a picture", In: attributeIn{At: At{Target: selector.Must("alt=Logo")}, Name: "src"}, Out: propertyOut{Value: "https://shop.example.com/logo.png"}, DocOnly: needsBrowser,
		}},
		Run: property,
	})
	node.Register(node.Spec[htmlIn, htmlOut]{
		Type: "web.get_html", Title: "Get HTML",
		Doc:      "Reads the HTML of an element or of the page as it is now, after its scripts have run. What was typed into fields is not part of it. The nodes html.* work on it.",
		Effect:   node.Read,
		Examples: []node.Example[htmlIn, htmlOut]{{Title: "The content of an article", In: htmlIn{Part: Part{Target: selector.Must("css=article")}, Inner: true}, Out: htmlOut{HTML: "<h1>News</h1>"}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in htmlIn) (htmlOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (out htmlOut, err error) {
				what := "html"
				if in.Inner {
					what = "inner"
				}
				out.HTML, _, err = readOf[string](ctx, p, in.target(), what, "")
				return out, err
			})
		},
	})
	node.Register(node.Spec[countIn, existsOut]{
		Type: "web.exists", Title: "Does element exist",
		Doc:      "Tells whether an element is there, without failing if it is not. It does not wait unless wait says so. Of several that match it is enough that there is one.",
		Effect:   node.Read,
		Examples: []node.Example[countIn, existsOut]{{Title: "Is a message shown?", In: countIn{At: At{Target: selector.Must("role=alert")}, Shown: true}, Out: existsOut{Exists: true}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in countIn) (existsOut, error) {
			n, err := count(ctx, env, in)
			return existsOut{Exists: n > 0}, err
		},
	})
	node.Register(node.Spec[countIn, countedOut]{
		Type: "web.count", Title: "Count elements",
		Doc:      "Counts the elements that match, in the page, its frames and shadow roots. It does not wait unless wait says so. Of several ways to find them the first that finds any counts.",
		Effect:   node.Read,
		Examples: []node.Example[countIn, countedOut]{{Title: "How many orders are open?", In: countIn{At: At{Target: selector.Must("css=tr.open")}, Shown: true}, Out: countedOut{Count: 7}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in countIn) (countedOut, error) {
			n, err := count(ctx, env, in)
			return countedOut{Count: n}, err
		},
	})
}

type textIn struct {
	Part
	Lines bool `json:"lines" is:"advanced" doc:"Whether to keep line breaks and spaces, as in the text of the whole page."`
}

type textOut struct {
	Used
	Text string `json:"text" doc:"The text."`
}

type valueOut struct {
	Used
	Value   string `json:"value" doc:"The value."`
	Checked *bool  `json:"checked" doc:"Whether a check box, radio button or switch is checked; absent for other elements."`
}

type attributeIn struct {
	At
	Name string `json:"name" is:"required" doc:"Its name."`
}

type attributeOut struct {
	Used
	Value  string `json:"value" doc:"What it says; empty if there is none."`
	Exists bool   `json:"exists" doc:"Whether the element has it."`
}

type propertyOut struct {
	Value any `json:"value" doc:"The value: text, a number, true, false, a list, a map or nil."`
}

type htmlIn struct {
	Part
	Inner bool `json:"inner" doc:"Whether to leave out the tag of the element itself."`
}

type htmlOut struct {
	HTML string `json:"html" doc:"The HTML."`
}

type countIn struct {
	At
	Shown bool          `json:"shown" default:"true" doc:"Whether to count only what can be seen."`
	Wait  time.Duration `json:"wait" default:"0s" min:"0s" doc:"How long to wait until there is one."`
}

type existsOut struct {
	Exists bool `json:"exists" doc:"Whether it is there."`
}

type countedOut struct {
	Count int `json:"count" doc:"How many there are."`
}

func count(ctx context.Context, env *node.Env, in countIn) (int, error) {
	return look(ctx, env, in.healing(), func(ctx context.Context, p *browser.Page) (int, error) {
		if in.Wait > 0 {
			state := browser.Attached
			if in.Shown {
				state = browser.Shown
			}
			short, cancel := context.WithTimeout(ctx, in.Wait)
			err := p.WaitFor(short, in.Target, state)
			cancel()
			if reason(err) != "" && reason(err) != browser.Waited || ctx.Err() != nil {
				return 0, err
			}
		}
		return p.Count(ctx, in.Target, in.Shown)
	})
}

// hidden are the properties that tell what a field holds.
var hidden = []string{"value", "valueAsNumber", "valueAsDate"}

func property(ctx context.Context, env *node.Env, in attributeIn) (propertyOut, error) {
	return look(ctx, env, in.healing(), func(ctx context.Context, p *browser.Page) (out propertyOut, err error) {
		if slices.Contains(hidden, in.Name) {
			secret, _, err := readOf[bool](ctx, p, in.Target, "secret", "")
			if err != nil {
				return out, err
			}
			if secret {
				return out, node.Fail(node.KindDenied, "the field holds a secret, which is not read", "take it from the secret store")
			}
		}
		raw, err := p.Evaluate(ctx, in.Target, "(e, name) => name.split('.').reduce((v, n) => v === null || v === undefined ? undefined : v[n], e)", in.Name)
		if err != nil || len(raw) == 0 {
			return out, err
		}
		out.Value, err = value.Parse(raw)
		return out, err
	})
}
