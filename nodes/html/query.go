package html

import (
	"context"
	"strings"

	"golang.org/x/net/html"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

const page = `<ul><li class="a">One <b>1</b></li><li class="b"><a href="/two">Two</a></li></ul>`

func init() {
	node.Register(node.Spec[queryIn, queryOut]{
		Type: "html.query", Title: "Search HTML", Effect: node.Pure,
		Doc: "Finds all places of a page that a CSS selector or an XPath names and returns their texts, an attribute, their HTML or descriptions. Nothing found is no error. Besides standard CSS, :contains(\"text\"), :has(selector) and :matches(pattern) are understood.",
		Examples: []node.Example[queryIn, queryOut]{{
			Title: "Texts by CSS",
			In:    queryIn{source: source{HTML: page}, Selector: "li"},
			Out:   queryOut{Results: value.RowsOf([]any{"One 1", "Two"}), Count: 2, First: "One 1", Found: true},
		}, {
			Title: "Absolute addresses by XPath",
			In:    queryIn{source: source{HTML: page}, Selector: "//li[@class='b']//a", Attribute: "href", base: base{BaseURL: "https://x.org/list"}},
			Out:   queryOut{Results: value.RowsOf([]any{"https://x.org/two"}), Count: 1, First: "https://x.org/two", Found: true},
		}},
		Check: func(in queryIn) error {
			if in.Selector == "" {
				return nil
			}
			_, err := compile(in.Selector)
			return err
		},
		Run: search,
	})
	node.Register(node.Spec[valueIn, valueOut]{
		Type: "html.query_value", Title: "Get HTML value", Effect: node.Pure,
		Doc: "Returns the text, an attribute or the HTML of the first place that a CSS selector or an XPath names. Without one it returns the default.",
		Examples: []node.Example[valueIn, valueOut]{{
			Title: "A text",
			In:    valueIn{source: source{HTML: page}, Selector: "li.b a"},
			Out:   valueOut{Value: "Two", Found: true},
		}, {
			Title: "Not there",
			In:    valueIn{source: source{HTML: page}, Selector: "h1", Default: "no title"},
			Out:   valueOut{Value: "no title"},
		}},
		Run: one,
	})
}

type queryIn struct {
	source
	Selector  string `json:"selector" is:"required" doc:"CSS selector such as div.price > b, or an XPath, which begins with /, ./ or ( as //div[@class='price'] does; the prefixes css= and xpath= decide."`
	As        string `json:"as" default:"text" enum:"text,raw_text,html,inner_html,element" doc:"What to return of each place: its text as it reads; all its text as it stands in the source; its HTML; the HTML inside of it; or a map of tag, text, attributes and html."`
	Attribute string `json:"attribute" doc:"Return this attribute instead; places without it are left out. Addresses become absolute when base_url is given."`
	Limit     int    `json:"limit" min:"0" doc:"Most results; 0 returns all."`
	base
}

type queryOut struct {
	Results value.Rows `json:"results" doc:"What was found, in the order of the page."`
	Count   int        `json:"count" doc:"Number of results."`
	First   any        `json:"first" doc:"First result; nil when there is none."`
	Found   bool       `json:"found" doc:"Whether there is a result."`
}

// taker says what is taken of a place.
type taker struct {
	as, attribute string
	resolve       func(string) string
}

// take returns what is asked for, and whether it is there.
func (t taker) take(h hit) (any, bool, error) {
	if h.attr != "" {
		if addresses[h.attr] {
			return t.resolve(h.val), true, nil
		}
		return h.val, true, nil
	}
	if t.attribute != "" {
		v, ok := attr(h.n, strings.ToLower(t.attribute))
		if !ok {
			v, ok = attr(h.n, t.attribute)
		}
		if ok && addresses[strings.ToLower(t.attribute)] {
			v = t.resolve(v)
		}
		return v, ok, nil
	}
	switch t.as {
	case "raw_text":
		return content(h.n), true, nil
	case "html":
		s, err := render(h.n, false)
		return s, true, err
	case "inner_html":
		s, err := render(h.n, true)
		return s, true, err
	case "element":
		tag := ""
		if h.n.Type == html.ElementNode {
			tag = h.n.Data
		}
		s, err := render(h.n, false)
		return map[string]any{"tag": tag, "text": visible(h.n), "attributes": attrs(h.n), "html": s}, true, err
	}
	return visible(h.n), true, nil
}

func search(ctx context.Context, env *node.Env, in queryIn) (queryOut, error) {
	doc, err := in.parse(ctx)
	if err != nil {
		return queryOut{}, err
	}
	f, err := compile(in.Selector)
	if err != nil {
		return queryOut{}, err
	}
	resolve, err := in.resolver(doc)
	if err != nil {
		return queryOut{}, err
	}
	limit := in.Limit
	if in.Attribute != "" {
		limit = 0 // places without the attribute do not count
	}
	hits, scalar, err := f.find(ctx, doc, limit)
	if err != nil {
		return queryOut{}, err
	}
	if scalar != nil {
		return queryOut{Results: value.RowsOf([]any{scalar}), Count: 1, First: scalar, Found: true}, nil
	}
	t := taker{in.As, in.Attribute, resolve}
	out := queryOut{}
	out.Results, err = env.Rows(ctx, func(yield func(any) bool) error {
		for i, h := range hits {
			if i%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			v, ok, err := t.take(h)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if out.Count == 0 {
				out.First = v
			}
			if !yield(v) {
				return node.Failf(node.KindError, "result %d could not be stored", out.Count)
			}
			if out.Count++; out.Count == in.Limit {
				return nil
			}
		}
		return nil
	})
	out.Found = out.Count > 0
	return out, err
}

type valueIn struct {
	source
	Selector  string `json:"selector" is:"required" doc:"CSS selector, or an XPath, which begins with /, ./ or (."`
	As        string `json:"as" default:"text" enum:"text,raw_text,html,inner_html" doc:"What to return: its text as it reads, all its text as it stands, its HTML, or the HTML inside of it."`
	Attribute string `json:"attribute" doc:"Return this attribute instead."`
	Default   any    `json:"default" doc:"What to return when nothing is found."`
	base
}

type valueOut struct {
	Value any  `json:"value" doc:"What was found, or the default."`
	Found bool `json:"found" doc:"Whether it was found."`
}

func one(ctx context.Context, env *node.Env, in valueIn) (valueOut, error) {
	out, err := search(ctx, env, queryIn{source: in.source, Selector: in.Selector, As: in.As, Attribute: in.Attribute, Limit: 1, base: in.base})
	switch {
	case err != nil:
		return valueOut{}, err
	case !out.Found:
		return valueOut{Value: in.Default}, nil
	}
	return valueOut{Value: out.First, Found: true}, nil
}
