package xml

import (
	"context"
	"strconv"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
	"github.com/aether-rpa/aether/value"
)

func itoa(i int) string { return strconv.Itoa(i) }

func init() {
	node.Register(node.Spec[rowsIn, rowsOut]{
		Type: "xml.rows", Title: "Read rows of XML file", Effect: node.Read,
		Doc: "Reads a file of many equal elements, such as a product feed or an export, as a table with one row for each. The file may be larger than memory: one element is held at a time. An element that has text alone becomes a row with the text under `text_key`. Elements inside of an element that was found are part of its row.",
		Examples: []node.Example[rowsIn, rowsOut]{{
			Title: "A product feed",
			In:    rowsIn{file: file{File: "feed.xml"}, Element: "product", shape: shape{Types: true}},
			Files: map[string]string{"feed.xml": "<feed><product id=\"1\"><name>Cup</name><price>4.50</price></product><other/><product id=\"2\"><name>Jug</name><price>9</price></product></feed>"},
			Out: rowsOut{Rows: value.RowsOf([]any{map[string]any{"@id": 1, "name": "Cup", "price": 4.5}, map[string]any{"@id": 2, "name": "Jug", "price": 9}}),
				Count: 2, Encoding: "utf-8", RootTag: "feed"},
		}, {
			Title: "By path, the first only",
			In:    rowsIn{file: file{File: "a.xml"}, Element: "/a/list/*", Limit: 1, shape: shape{Namespaces: "strip"}},
			Files: map[string]string{"a.xml": "<a xmlns:x='u'><b>no</b><list><x:b>yes</x:b><c/></list></a>"},
			Out:   rowsOut{Rows: value.RowsOf([]any{map[string]any{"#text": "yes"}}), Count: 1, Encoding: "utf-8", RootTag: "a"},
		}},
		Check: func(in rowsIn) error {
			if in.Element == "" {
				return nil
			}
			_, err := xmltree.ParsePath(in.Element)
			return pathFailure(err)
		},
		Run: rows,
	})
}

func pathFailure(err error) error {
	if err == nil {
		return nil
	}
	return wrong("write item, order/item, or /orders/order from the root; use xml.query for more", "element is no path: %v", err)
}

type rowsIn struct {
	file
	Element string `json:"element" is:"required" doc:"Name of the elements that are rows, or a path such as order/item, or /orders/order from the root; * stands for any name. A name without prefix stands for any prefix."`
	shape
	Limit        int  `json:"limit" min:"0" doc:"Most rows to read; 0 reads all."`
	HTMLEntities bool `json:"html_entities" is:"advanced" doc:"Also read the named characters of HTML, such as &nbsp;."`
}

type rowsOut struct {
	Rows     value.Rows `json:"rows" doc:"A map for each element found, in the mapping that xml.parse describes."`
	Count    int        `json:"count" doc:"Number of rows."`
	Encoding string     `json:"encoding" doc:"Encoding given or found."`
	RootTag  string     `json:"root_tag" doc:"Name of the root element."`
}

func rows(ctx context.Context, env *node.Env, in rowsIn) (rowsOut, error) {
	path, err := xmltree.ParsePath(in.Element)
	if err != nil {
		return rowsOut{}, pathFailure(err)
	}
	r, c, encoding, err := in.open(env)
	if err != nil {
		return rowsOut{}, err
	}
	defer func() { _ = c.Close() }()
	out := rowsOut{Encoding: encoding}
	out.Rows, err = env.Rows(ctx, func(yield func(any) bool) error {
		d, err := xmltree.Stream(ctx, r, xmltree.Options{HTMLEntities: in.HTMLEntities}, path, func(n *xmltree.Node) error {
			if in.Limit > 0 && out.Count >= in.Limit {
				return xmltree.ErrStop
			}
			if !yield(in.row(n)) {
				return node.Failf(node.KindError, "the element at line %d could not be stored", n.Line)
			}
			out.Count++
			if in.Limit > 0 && out.Count >= in.Limit {
				return xmltree.ErrStop
			}
			return nil
		})
		if err != nil {
			return notXML(err)
		}
		if d.Root != nil {
			out.RootTag = d.Root.Name()
		}
		return nil
	})
	return out, err
}

// row returns an element as a map always.
func (in rowsIn) row(n *xmltree.Node) any {
	if in.Mapping == "ordered" {
		return in.ordered(n)
	}
	v := in.compact(n)
	if m, ok := v.(map[string]any); ok {
		return m
	}
	if v == "" {
		return map[string]any{}
	}
	return map[string]any{in.TextKey: v}
}
