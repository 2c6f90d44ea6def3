package xml

import (
	"context"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[writeIn, writeOut]{
		Type: "xml.write", Title: "Write XML file", Effect: node.Idempotent,
		Doc: "Writes a value, or XML text, to a file in one step: a reader sees the old file or the new one. Text is checked first: what is not well-formed is not written. Letters that the encoding lacks become character references.",
		Examples: []node.Example[writeIn, writeOut]{{
			Title: "A value",
			In:    writeIn{File: "out/a.xml", Value: map[string]any{"a": map[string]any{"b": 1}}},
			Out:   writeOut{File: "out/a.xml", Size: 59, RootTag: "a"},
		}, {
			Title: "Text, indented",
			In:    writeIn{File: "a.xml", Text: "<a><b>1</b></a>"},
			Out:   writeOut{File: "a.xml", Size: 59, RootTag: "a"},
		}},
		Check: func(in writeIn) error {
			_, err := xmltree.Charset(in.Encoding)
			if err != nil {
				return wrong("use utf-8, utf-16, windows-1252 or another name of the WHATWG list", "%v", err)
			}
			return nil
		},
		Run: write,
	})
	node.Register(node.Spec[writeRowsIn, writeRowsOut]{
		Type: "xml.write_rows", Title: "Write rows as XML file", Effect: node.Idempotent,
		Doc: "Writes a table to an XML file with one element for each row, in one step. The table may be larger than memory.",
		Examples: []node.Example[writeRowsIn, writeRowsOut]{{
			Title: "Two people",
			In:    writeRowsIn{File: "p.xml", Rows: value.RowsOf([]any{map[string]any{"name": "Ann", "@id": 1}, map[string]any{"name": "Bo"}}), Root: "people", Row: "person"},
			Out:   writeRowsOut{File: "p.xml", Count: 2, Size: 140},
		}},
		Run: writeRows,
	})
}

type writeIn struct {
	File  string `json:"file" is:"required" widget:"file" doc:"Path of the file. Missing folders are made; a file that is there is replaced."`
	Value any    `json:"value" doc:"Value to write; see xml.format."`
	Text  string `json:"text" widget:"code" doc:"XML text to write instead of a value."`
	writing
	layout
	Encoding string `json:"encoding" default:"utf-8" doc:"Encoding of the file, which the declaration names: utf-8, utf-16, windows-1252 or another name of the WHATWG list."`
}

type writeOut struct {
	File    string `json:"file" doc:"Path of the file."`
	Size    int    `json:"size" doc:"Size of the file in bytes."`
	RootTag string `json:"root_tag" doc:"Name of the root element."`
}

func write(ctx context.Context, env *node.Env, in writeIn) (writeOut, error) {
	text, tag, err := in.text(ctx)
	if err != nil {
		return writeOut{}, err
	}
	size, err := writeFile(env, in.File, in.Encoding, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	return writeOut{File: in.File, Size: size, RootTag: tag}, err
}

// text returns what to write, with a line end.
func (in writeIn) text(ctx context.Context) (text, tag string, err error) {
	if in.Text != "" && in.Value != nil {
		return "", "", wrong("give one of them", "both value and text are given")
	}
	var top *xmltree.Node
	if in.Text != "" {
		d, err := source{Text: in.Text}.parse(ctx)
		if err != nil {
			return "", "", err
		}
		top = d.Top
		if c := top.First; c.Kind == xmltree.Instruction && c.Local == "xml" {
			remove(c)
		}
	} else {
		b := &builder{writing: in.writing, spaces: map[string]string{}}
		top = &xmltree.Node{Kind: xmltree.Document}
		if err := b.root(top, in.Value); err != nil {
			return "", "", err
		}
	}
	var out strings.Builder
	if in.Declaration {
		out.WriteString(declaration(in.Encoding))
	}
	if err := in.tree().Write(&out, top); err != nil {
		return "", "", err
	}
	if in.Pretty {
		out.WriteString("\n")
	}
	for c := top.First; c != nil; c = c.Next {
		if c.Kind == xmltree.Element {
			tag = c.Name()
		}
	}
	return out.String(), tag, nil
}

// remove takes a node out of its tree.
func remove(n *xmltree.Node) {
	if n.Prev != nil {
		n.Prev.Next = n.Next
	} else if n.Parent != nil {
		n.Parent.First = n.Next
	}
	if n.Next != nil {
		n.Next.Prev = n.Prev
	} else if n.Parent != nil {
		n.Parent.Last = n.Prev
	}
	n.Prev, n.Next = nil, nil
}

func writeFile(env *node.Env, path, encoding string, fill func(io.Writer) error) (int, error) {
	c := &counting{}
	err := env.Files.WriteAtomic(path, 0o644, func(f io.Writer) error {
		c.w = f
		w, finish, err := xmltree.Encode(c, encoding)
		if err != nil {
			return err
		}
		if err := fill(w); err != nil {
			return err
		}
		return finish()
	})
	return c.n, err
}

// counting counts the bytes written.
type counting struct {
	w io.Writer
	n int
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += n
	return n, err
}

type writeRowsIn struct {
	File            string            `json:"file" is:"required" widget:"file" doc:"Path of the file. Missing folders are made; a file that is there is replaced."`
	Rows            value.Rows        `json:"rows" is:"required" doc:"Table to write: a list of maps. Keys that begin with @ become attributes, the others elements."`
	Root            string            `json:"root" default:"rows" doc:"Name of the root element."`
	Row             string            `json:"row" default:"row" doc:"Name of the element of each row."`
	Attributes      map[string]string `json:"attributes" doc:"Attributes of the root element, for instance xmlns."`
	AttributePrefix string            `json:"attribute_prefix" default:"@" is:"advanced" doc:"What the keys of attributes begin with."`
	TextKey         string            `json:"text_key" default:"#text" is:"advanced" doc:"Key of the text of an element that also has attributes or elements."`
	Order           []string          `json:"order" doc:"Names of elements in the order in which they are written; the others follow sorted by name."`
	Nil             string            `json:"nil" default:"empty" enum:"empty,omit" doc:"How nil is written: as an empty element, or not at all."`
	Bad             string            `json:"bad_characters" default:"error" enum:"error,drop" is:"advanced" doc:"What to do with control characters, which XML cannot hold: fail, or leave them out."`
	layout
	Encoding string `json:"encoding" default:"utf-8" doc:"Encoding of the file, which the declaration names."`
}

type writeRowsOut struct {
	File  string `json:"file" doc:"Path of the file."`
	Count int    `json:"count" doc:"Number of rows written."`
	Size  int    `json:"size" doc:"Size of the file in bytes."`
}

func writeRows(ctx context.Context, env *node.Env, in writeRowsIn) (writeRowsOut, error) {
	out := writeRowsOut{File: in.File}
	b := &builder{writing: writing{names: names{AttributePrefix: in.AttributePrefix, TextKey: in.TextKey}, Item: "item", Order: in.Order, Nil: in.Nil, Bad: in.Bad}, spaces: map[string]string{}}
	top := &xmltree.Node{Kind: xmltree.Document}
	root, err := b.newElement(top, in.Root, "root", 0)
	if err != nil {
		return out, err
	}
	attributes := make(map[string]any, len(in.Attributes))
	for k, v := range in.Attributes {
		attributes[k] = v
	}
	if err := b.attributes(root, attributes, "attributes"); err != nil {
		return out, err
	}
	if _, _, err := b.name(in.Row, "row"); err != nil {
		return out, err
	}
	line := ""
	if in.Pretty {
		line = "\n"
	}
	out.Size, err = writeFile(env, in.File, in.Encoding, func(w io.Writer) error {
		if in.Declaration {
			if _, err := io.WriteString(w, declaration(in.Encoding)); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, root.StartTag(true)+line); err != nil {
			return err
		}
		for v, err := range in.Rows.All(ctx) {
			if err != nil {
				return err
			}
			text, err := in.element(b, v, out.Count)
			if err != nil {
				return err
			}
			if _, err := io.WriteString(w, text+line); err != nil {
				return err
			}
			out.Count++
		}
		_, err := io.WriteString(w, "</"+root.Name()+">"+line)
		return err
	})
	return out, err
}

// element writes one row.
func (in writeRowsIn) element(b *builder, v any, i int) (string, error) {
	if _, ok := v.(map[string]any); !ok {
		return "", wrong("a table is a list of maps", "the row at index %d is a %s, not a map of columns", i, value.Kind(v))
	}
	top := &xmltree.Node{Kind: xmltree.Document}
	if err := b.element(top, in.Row, v, "row "+itoa(i), 1); err != nil {
		return "", err
	}
	if len(b.spaces) > 0 {
		return "", wrong("declare the namespace in attributes and use its prefix", "row %d has a name with {namespace}, which cannot be written row by row", i)
	}
	var s strings.Builder
	err := in.tree().Write(&s, top)
	text := s.String()
	if in.Pretty && in.Indent > 0 && !strings.Contains(text, "\n") {
		text = strings.Repeat(" ", in.Indent) + text
	}
	return text, err
}
