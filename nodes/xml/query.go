package xml

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
	"github.com/aether-rpa/aether/value"
)

const books = `<shop><book id="1"><title>Go</title></book><book id="2"><title>XML</title></book></shop>`

func init() {
	node.Register(node.Spec[queryIn, queryOut]{
		Type: "xml.query", Title: "Search XML", Effect: node.Pure,
		Doc: "Finds all places that an XPath 1.0 expression names and returns their texts, or their values, XML or descriptions. An expression that computes, such as count(//item), gives a list of its one result. Nothing found is no error.",
		Examples: []node.Example[queryIn, queryOut]{{
			Title: "Texts",
			In:    queryIn{query: query{source: source{Text: books}, XPath: "//book/title"}},
			Out:   queryOut{Results: value.RowsOf([]any{"Go", "XML"}), Count: 2, First: "Go", FirstText: "Go", Found: true},
		}, {
			Title: "Values of the elements that fit a condition",
			In:    queryIn{query: query{source: source{Text: books}, XPath: "/shop/book[@id > 1]"}, As: "value"},
			Out: queryOut{Results: value.RowsOf([]any{map[string]any{"@id": "2", "title": "XML"}}), Count: 1,
				First: map[string]any{"@id": "2", "title": "XML"}, FirstText: "XML", Found: true},
		}, {
			Title: "A number",
			In:    queryIn{query: query{source: source{Text: books}, XPath: "count(//book)"}},
			Out:   queryOut{Results: value.RowsOf([]any{2}), Count: 1, First: 2, FirstText: "2", Found: true},
		}},
		Run: search,
	})
	node.Register(node.Spec[valueIn, valueOut]{
		Type: "xml.query_value", Title: "Get XML value", Effect: node.Pure,
		Doc: "Returns the first result of an XPath expression: its text, value or XML. Without a result it returns the default.",
		Examples: []node.Example[valueIn, valueOut]{{
			Title: "A price",
			In:    valueIn{query: query{source: source{Text: "<a><price cur='EUR'>4.50</price></a>"}, XPath: "//price[@cur='EUR']"}},
			Out:   valueOut{Value: "4.50", Found: true},
		}, {
			Title: "Not there",
			In:    valueIn{query: query{source: source{Text: "<a/>"}, XPath: "//price"}, Default: 0},
			Out:   valueOut{Value: 0},
		}},
		Run: first,
	})
	node.Register(node.Spec[elementIn, elementOut]{
		Type: "xml.get_element", Title: "Get XML element", Effect: node.Pure,
		Doc: "Describes one of the elements that an XPath expression finds: its name, text, attributes and place. No such element is no error: look at found.",
		Examples: []node.Example[elementIn, elementOut]{{
			Title: "The second book",
			In:    elementIn{query: query{source: source{Text: books}, XPath: "//book"}, Index: 1},
			Out: elementOut{Found: true, Tag: "book", Name: "book", Text: "XML", Attributes: map[string]any{"id": "2"}, ChildCount: 1,
				Value: map[string]any{"@id": "2", "title": "XML"}, XML: `<book id="2"><title>XML</title></book>`, Path: "/shop/book[2]", Line: 1, Count: 2},
		}, {
			Title: "None",
			In:    elementIn{query: query{source: source{Text: books}, XPath: "//pen"}},
			Out:   elementOut{Attributes: map[string]any{}},
		}},
		Run: element,
	})
	node.Register(node.Spec[attributeIn, attributeOut]{
		Type: "xml.get_attribute", Title: "Get XML attribute", Effect: node.Pure,
		Doc: "Returns an attribute of the first element that an XPath expression finds; the path . stands for the root element. No such element or attribute is no error: look at found.",
		Examples: []node.Example[attributeIn, attributeOut]{{
			Title: "An id",
			In:    attributeIn{source: source{Text: books}, XPath: "//book[title='XML']", Name: "id"},
			Out:   attributeOut{Value: "2", Found: true},
		}, {
			Title: "Of the root element, not there",
			In:    attributeIn{source: source{Text: books}, Name: "lang", Default: "en"},
			Out:   attributeOut{Value: "en"},
		}},
		Run: attribute,
	})
}

type queryIn struct {
	query
	As    string `json:"as" default:"text" enum:"text,value,xml,inner_xml,element" doc:"What to return of each place: its text; its value in the compact mapping of xml.parse; its XML as it stands in the document; the XML between its tags; or a map of tag ({namespace}name), name, namespace, text, lead (text before the first element in it), tail (text behind it), attributes, child_count, line and path."`
	Limit int    `json:"limit" min:"0" doc:"Most results; 0 returns all."`
}

type queryOut struct {
	Results   value.Rows `json:"results" doc:"What was found, in the order of the document."`
	Count     int        `json:"count" doc:"Number of results."`
	First     any        `json:"first" doc:"First result; nil when there is none."`
	FirstText string     `json:"first_text" doc:"Text of the first result."`
	Found     bool       `json:"found" doc:"Whether there is a result."`
}

// simple is the shape of values inside of results.
var simple = shape{names: names{AttributePrefix: "@", TextKey: "#text"}, Trim: true}

func (h hit) as(d *xmltree.Doc, kind string, p *paths) any {
	switch kind {
	case "value":
		if n := h.element(d); n != nil {
			return simple.compact(n)
		}
	case "xml":
		return h.xml(d, false)
	case "inner_xml":
		return h.xml(d, true)
	case "element":
		return h.record(d, p)
	}
	return h.text()
}

func search(ctx context.Context, env *node.Env, in queryIn) (queryOut, error) {
	d, err := in.parse(ctx)
	if err != nil {
		return queryOut{}, err
	}
	f, err := in.find(ctx, d, in.XPath, in.Limit)
	if err != nil {
		return queryOut{}, err
	}
	if f.scalar {
		return queryOut{Results: value.RowsOf([]any{f.value}), Count: 1, First: f.value, FirstText: scalarText(f.value), Found: true}, nil
	}
	out := queryOut{Count: len(f.hits), Found: len(f.hits) > 0}
	p := &paths{}
	out.Results, err = env.Rows(ctx, func(yield func(any) bool) error {
		for i, h := range f.hits {
			if i%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			v := h.as(d, in.As, p)
			if i == 0 {
				out.First, out.FirstText = v, h.text()
			}
			if !yield(v) {
				return node.Failf(node.KindError, "result %d could not be stored", i)
			}
		}
		return nil
	})
	return out, err
}

func scalarText(v any) string {
	s, _ := (&builder{}).scalar(v, "")
	return s
}

type valueIn struct {
	query
	As      string `json:"as" default:"text" enum:"text,value,xml,inner_xml" doc:"What to return: text, value in the compact mapping of xml.parse, XML, or the XML between the tags."`
	Default any    `json:"default" doc:"What to return when there is no result."`
}

type valueOut struct {
	Value any  `json:"value" doc:"First result, or the default."`
	Found bool `json:"found" doc:"Whether there is a result."`
}

func first(ctx context.Context, _ *node.Env, in valueIn) (valueOut, error) {
	d, err := in.parse(ctx)
	if err != nil {
		return valueOut{}, err
	}
	f, err := in.find(ctx, d, in.XPath, 1)
	switch {
	case err != nil:
		return valueOut{}, err
	case f.scalar:
		return valueOut{Value: f.value, Found: true}, nil
	case len(f.hits) == 0:
		return valueOut{Value: in.Default}, nil
	}
	return valueOut{Value: f.hits[0].as(d, in.As, &paths{}), Found: true}, nil
}

type elementIn struct {
	query
	Index int `json:"index" default:"0" doc:"Which of the elements found, from 0; -1 is the last."`
}

type elementOut struct {
	Found      bool           `json:"found" doc:"Whether there is such an element."`
	Tag        string         `json:"tag" doc:"Its name; {namespace}name when it has a namespace."`
	Name       string         `json:"name" doc:"Its name as written."`
	Text       string         `json:"text" doc:"All text in it."`
	Lead       string         `json:"lead" doc:"Text in it before the first element in it."`
	Attributes map[string]any `json:"attributes" doc:"Its attributes by name."`
	ChildCount int            `json:"child_count" doc:"Number of elements right below it."`
	Value      any            `json:"value" doc:"Its value in the compact mapping of xml.parse; nil when it is not there."`
	XML        string         `json:"xml" doc:"Its XML as it stands in the document."`
	Path       string         `json:"path" doc:"XPath that finds it again."`
	Line       int            `json:"line" doc:"Line in which it begins."`
	Count      int            `json:"count" doc:"How many elements the expression finds."`
}

func element(ctx context.Context, _ *node.Env, in elementIn) (elementOut, error) {
	out := elementOut{Attributes: map[string]any{}}
	d, err := in.parse(ctx)
	if err != nil {
		return out, err
	}
	f, err := in.find(ctx, d, in.XPath, 0)
	if err != nil {
		return out, err
	}
	var all []*xmltree.Node
	for _, h := range f.hits {
		if n := h.element(d); n != nil {
			all = append(all, n)
		}
	}
	i := in.Index
	if i < 0 {
		i += len(all)
	}
	out.Count = len(all)
	if i < 0 || i >= len(all) {
		return out, nil
	}
	n := all[i]
	h := hit{n, -1}
	return elementOut{Found: true, Tag: n.Clark(), Name: n.Name(), Text: n.Content(), Lead: n.Lead(), Attributes: attributes(n), ChildCount: n.Children(),
		Value: simple.compact(n), XML: h.xml(d, false), Path: (&paths{}).of(h), Line: n.Line, Count: len(all)}, nil
}

type attributeIn struct {
	source
	XPath string `json:"xpath" default:"." doc:"XPath of the element; . is the root element."`
	Name  string `json:"name" is:"required" doc:"Name of the attribute, as written, without its prefix, or as {namespace}name."`
	lookup
	Default string `json:"default" doc:"What to return when it is not there."`
}

type attributeOut struct {
	Value string `json:"value" doc:"Text of the attribute, or the default."`
	Found bool   `json:"found" doc:"Whether the attribute is there."`
}

func attribute(ctx context.Context, _ *node.Env, in attributeIn) (attributeOut, error) {
	d, err := in.parse(ctx)
	if err != nil {
		return attributeOut{}, err
	}
	f, err := in.find(ctx, d, in.XPath, 1)
	if err != nil {
		return attributeOut{}, err
	}
	out := attributeOut{Value: in.Default}
	if len(f.hits) == 0 {
		return out, nil
	}
	n := f.hits[0].element(d)
	if n == nil {
		return out, nil
	}
	// The name as written goes before that without prefix.
	for _, fits := range []func(a xmltree.Attr) bool{
		func(a xmltree.Attr) bool { return a.Name() == in.Name || a.Clark() == in.Name },
		func(a xmltree.Attr) bool { return !a.Declares() && a.Local == in.Name },
	} {
		for _, a := range n.Attr {
			if fits(a) {
				return attributeOut{Value: a.Value, Found: true}, nil
			}
		}
	}
	return out, nil
}
