package xml

import (
	"context"
	"errors"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

func init() {
	node.Register(node.Spec[validateIn, validateOut]{
		Type: "xml.validate", Title: "Check XML", Effect: node.Read,
		EffectOf: func(in validateIn) node.Effect {
			if in.File == "" {
				return node.Pure
			}
			return node.Read
		},
		Doc: "Tells whether a text or a file of any size is well-formed XML, and where it is not. XML that is not well-formed is no failure of the node: look at valid. It is not checked against a schema (XSD).",
		Examples: []node.Example[validateIn, validateOut]{{
			Title: "A tag that is not closed",
			In:    validateIn{Text: "<a>\n  <b>\n</a>"},
			Out:   validateOut{Line: 3, Column: 5, Message: `the end tag </a> stands where </b> of line 2 is due`, Unbound: []string{}},
		}, {
			Title: "A file",
			In:    validateIn{File: "a.xml"},
			Files: map[string]string{"a.xml": "<a/>"},
			Out:   validateOut{Valid: true, RootTag: "a", Encoding: "utf-8", Unbound: []string{}},
		}},
		Check: func(in validateIn) error {
			if in.Text != "" && in.File != "" {
				return wrong("give one of them", "both text and file are given")
			}
			return nil
		},
		Run: validate,
	})
	node.Register(node.Spec[tidyIn, formatOut]{
		Type: "xml.tidy", Title: "Indent XML", Effect: node.Pure,
		Doc: "Writes XML text anew: indented for people, or with `pretty` off on one line without needless white space. Elements that hold text stay as they are, so that no text changes; comments and CDATA are kept.",
		Examples: []node.Example[tidyIn, formatOut]{{
			Title: "Indent",
			In:    tidyIn{source: source{Text: "<a><b>1</b><c/></a>"}},
			Out:   formatOut{Text: "<a>\n  <b>1</b>\n  <c/>\n</a>"},
		}, {
			Title: "Without comments",
			In:    tidyIn{source: source{Text: "<?xml version='1.0'?><a><!-- x --></a>"}, NoComments: true, Declaration: "always"},
			Out:   formatOut{Text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a></a>"},
		}},
		Run: tidy,
	})
}

type validateIn struct {
	Text         string `json:"text" widget:"code" doc:"XML text to check."`
	File         string `json:"file" widget:"file" doc:"File to check instead of a text."`
	Encoding     string `json:"encoding" default:"auto" is:"advanced" doc:"Encoding of the file; auto goes by the byte order mark and by what the document declares."`
	HTMLEntities bool   `json:"html_entities" is:"advanced" doc:"Also allow the named characters of HTML, such as &nbsp;."`
}

type validateOut struct {
	Valid    bool     `json:"valid" doc:"Whether it is well-formed."`
	Line     int      `json:"line" doc:"Line of the first error; 0 for none."`
	Column   int      `json:"column" doc:"Column behind the first error; 0 for none."`
	Message  string   `json:"message" doc:"What is wrong; empty for nothing."`
	Unbound  []string `json:"unbound_prefixes" doc:"Prefixes that are used and not declared, at most 100. They are an error for programs that know namespaces."`
	RootTag  string   `json:"root_tag" doc:"Name of the root element."`
	Encoding string   `json:"encoding" doc:"Encoding of the file."`
}

func validate(ctx context.Context, env *node.Env, in validateIn) (validateOut, error) {
	out := validateOut{Unbound: []string{}}
	var d *xmltree.Doc
	o := xmltree.Options{HTMLEntities: in.HTMLEntities}
	if in.File != "" {
		r, c, encoding, err := file{File: in.File, Encoding: in.Encoding}.open(env)
		if err != nil {
			return out, err
		}
		defer func() { _ = c.Close() }()
		out.Encoding = encoding
		d, err = xmltree.Stream(ctx, r, o, nil, nil)
		if err != nil {
			return out, out.take(err)
		}
	} else {
		var err error
		if d, err = xmltree.Stream(ctx, strings.NewReader(in.Text), o, nil, nil); err != nil {
			return out, out.take(err)
		}
	}
	out.Valid, out.RootTag = true, d.Root.Name()
	out.Unbound = append(out.Unbound, d.Unbound...)
	return out, nil
}

// take notes an error of the document; other errors come back.
func (o *validateOut) take(err error) error {
	var e *xmltree.Error
	if !errors.As(err, &e) {
		return err
	}
	o.Line, o.Column, o.Message = e.Line, e.Column, e.Msg
	return nil
}

type tidyIn struct {
	source
	Pretty      bool   `json:"pretty" default:"true" doc:"Put elements on lines of their own; off removes the white space between them."`
	Indent      int    `json:"indent" default:"2" min:"0" max:"10" doc:"Blanks for each level."`
	Tabs        bool   `json:"tabs" doc:"Indent with tabs rather than blanks."`
	NoComments  bool   `json:"remove_comments" doc:"Leave out comments."`
	Declaration string `json:"declaration" default:"keep" enum:"keep,always,never" doc:"What to do with <?xml ...?> at the start."`
	ExpandEmpty bool   `json:"expand_empty" is:"advanced" doc:"Write empty elements as <a></a> rather than <a/>."`
}

func tidy(ctx context.Context, _ *node.Env, in tidyIn) (formatOut, error) {
	d, err := in.parse(ctx)
	if err != nil {
		return formatOut{}, err
	}
	l := xmltree.Layout{Pretty: in.Pretty, Indent: strings.Repeat(" ", in.Indent), NoComments: in.NoComments, NoEmptyTag: in.ExpandEmpty}
	if in.Tabs {
		l.Indent = "\t"
	}
	first := d.Top.First
	declares := first.Kind == xmltree.Instruction && first.Local == "xml"
	var b strings.Builder
	if in.Declaration != "keep" && declares {
		remove(first)
	}
	if in.Declaration == "always" {
		b.WriteString(declaration("UTF-8"))
	}
	if !in.Pretty {
		shrink(d.Root)
	}
	err = l.Write(&b, d.Top)
	return formatOut{Text: b.String()}, err
}

// shrink removes the white space between elements.
func shrink(n *xmltree.Node) {
	for _, a := range n.Attr {
		if a.Prefix == "xml" && a.Local == "space" && a.Value == "preserve" {
			return
		}
	}
	between := n.Children() > 0 && xmltree.Blank(directText(n))
	for c := n.First; c != nil; {
		next := c.Next
		switch {
		case c.Kind == xmltree.Element:
			shrink(c)
		case c.Kind == xmltree.Text && between && !c.CData:
			remove(c)
		}
		c = next
	}
}
