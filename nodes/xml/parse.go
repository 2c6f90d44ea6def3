package xml

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

func init() {
	node.Register(node.Spec[parseIn, parsed]{
		Type: "xml.parse", Title: "Parse XML", Effect: node.Pure,
		Doc: "Reads XML text as a value. In the compact mapping `<order id=\"7\"><line>a</line><line>b</line></order>` becomes {order: {\"@id\": \"7\", line: [\"a\", \"b\"]}}, and xml.format makes XML of it again. Name in `force_list` what may repeat: an element that occurs once is no list otherwise. Use the ordered mapping where text and elements are mixed, or where the order of elements must stay.",
		Examples: []node.Example[parseIn, parsed]{{
			Title: "An order",
			In:    parseIn{source: source{Text: `<order id="7"><line>a</line><line>b</line><note/></order>`}},
			Out: parsed{Value: map[string]any{"order": map[string]any{"@id": "7", "line": []any{"a", "b"}, "note": ""}},
				root: root{RootTag: "order", ChildCount: 3}},
		}, {
			Title: "Typed, without namespaces, a list in any case",
			In:    parseIn{source: source{Text: `<x:a xmlns:x="urn:x"><x:n>1.5</x:n></x:a>`}, shape: shape{Namespaces: "strip", ForceList: []string{"n"}, Types: true}},
			Out: parsed{Value: map[string]any{"a": map[string]any{"n": []any{1.5}}},
				root: root{RootTag: "x:a", RootNamespace: "urn:x", ChildCount: 1}},
		}, {
			Title: "Mixed text, ordered",
			In:    parseIn{source: source{Text: `<p>Dear <b>Ann</b>!</p>`}, shape: shape{names: names{Mapping: "ordered"}}},
			Out: parsed{Value: map[string]any{"name": "p", "attributes": map[string]any{}, "children": []any{"Dear ", map[string]any{"name": "b", "attributes": map[string]any{}, "children": []any{"Ann"}}, "!"}},
				root: root{RootTag: "p", RootText: "Dear ", ChildCount: 1}},
		}},
		Run: func(ctx context.Context, _ *node.Env, in parseIn) (parsed, error) {
			d, err := in.parse(ctx)
			if err != nil {
				return parsed{}, err
			}
			return in.shape.of(d), nil
		},
	})
	node.Register(node.Spec[readIn, readOut]{
		Type: "xml.read", Title: "Read XML file", Effect: node.Read,
		Doc: "Reads an XML file as a value; see xml.parse for its shape. The document is held in memory: use xml.rows for files of many equal elements.",
		Examples: []node.Example[readIn, readOut]{{
			Title: "In an older encoding",
			In:    readIn{file: file{File: "a.xml"}, WithText: true},
			Files: map[string]string{"a.xml": "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<name>M\xfcller</name>"},
			Out: readOut{parsed: parsed{Value: map[string]any{"name": "Müller"}, root: root{RootTag: "name", RootText: "Müller"}},
				Text: "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<name>Müller</name>", Encoding: "iso-8859-1"},
		}},
		Run: read,
	})
}

type parseIn struct {
	source
	shape
}

// root is what is told of a document besides its value.
type root struct {
	RootTag       string `json:"root_tag" doc:"Name of the root element as written."`
	RootNamespace string `json:"root_namespace" doc:"Its namespace; empty for none."`
	RootText      string `json:"root_text" doc:"Its text before the first element in it."`
	ChildCount    int    `json:"child_count" doc:"Number of elements right below it."`
}

type parsed struct {
	Value any `json:"value" doc:"The document as a value."`
	root
}

func (s shape) of(d *xmltree.Doc) parsed {
	return parsed{Value: s.value(d.Root), root: rootOf(d)}
}

func rootOf(d *xmltree.Doc) root {
	return root{RootTag: d.Root.Name(), RootNamespace: d.Root.Space, RootText: d.Root.Lead(), ChildCount: d.Root.Children()}
}

type readIn struct {
	file
	shape
	HTMLEntities bool `json:"html_entities" is:"advanced" doc:"Also read the named characters of HTML, such as &nbsp;."`
	WithText     bool `json:"with_text" doc:"Also give the file as text."`
	MaxSize      int  `json:"max_size" default:"64" min:"1" max:"1024" is:"advanced" doc:"Largest size in megabytes. A document takes several times its size in memory."`
}

type readOut struct {
	parsed
	Text     string `json:"text" doc:"The file as text, when with_text is set."`
	Encoding string `json:"encoding" doc:"Encoding given or found."`
}

func read(ctx context.Context, env *node.Env, in readIn) (readOut, error) {
	text, encoding, err := in.text(ctx, env, in.MaxSize)
	if err != nil {
		return readOut{}, err
	}
	d, err := source{Text: text, HTMLEntities: in.HTMLEntities}.parse(ctx)
	if err != nil {
		return readOut{}, err
	}
	out := readOut{parsed: in.shape.of(d), Encoding: encoding}
	if in.WithText {
		out.Text = text
	}
	return out, nil
}
