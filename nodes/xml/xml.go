// Package xml holds the nodes that read, write, search, change, compare and
// check XML. A document is text, or a value: a tree of maps whose mapping
// xml.parse documents. There is no validation against an XSD and no XSLT, for
// which there is no library to rely on.
//
// Documents are taken as hostile: nothing outside of a document is read, no
// entity of a document type is expanded, and depth, size and time are bounded.
package xml

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

func init() {
	node.RegisterFamily(node.Family{Name: "xml", Title: "XML", Doc: "Read, write, search, change, compare and check XML documents."})
}

// source is the XML text that most nodes take.
type source struct {
	Text         string `json:"text" is:"required" widget:"code" doc:"XML text. What it declares as its encoding does not matter here."`
	HTMLEntities bool   `json:"html_entities" is:"advanced" doc:"Also read the named characters of HTML, such as &nbsp;. Entities of a document type are never read."`
}

func (s source) parse(ctx context.Context) (*xmltree.Doc, error) {
	d, err := xmltree.Parse(ctx, s.Text, xmltree.Options{HTMLEntities: s.HTMLEntities})
	return d, notXML(err)
}

// notXML makes a failure of an error of the parser.
func notXML(err error) error {
	var e *xmltree.Error
	if !errors.As(err, &e) {
		return err
	}
	hint := e.Hint
	if hint == "" {
		hint = "check the text at that place; xml.validate tells more"
	}
	return node.Fail(node.KindInput, "the text is not well-formed XML: "+e.Error(), hint)
}

// file is a file with XML.
type file struct {
	File     string `json:"file" is:"required" widget:"file" doc:"Path of the file."`
	Encoding string `json:"encoding" default:"auto" is:"advanced" doc:"Encoding of the file; auto goes by the byte order mark and by what the document declares."`
}

// open returns the text of a file as it streams.
func (f file) open(env *node.Env) (io.Reader, io.Closer, string, error) {
	h, err := env.Files.Open(f.File)
	if err != nil {
		return nil, nil, "", err
	}
	r, name, err := xmltree.Decode(h, f.Encoding)
	if err != nil {
		_ = h.Close()
		return nil, nil, "", node.Fail(node.KindInput, err.Error(), "use auto, utf-8, utf-16, windows-1252 or another name of the WHATWG list")
	}
	return r, h, name, nil
}

// text returns the text of a file of at most max megabytes, without its mark.
func (f file) text(ctx context.Context, env *node.Env, megabytes int) (string, string, error) {
	r, c, name, err := f.open(env)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = c.Close() }()
	var b strings.Builder
	limit := int64(megabytes) << 20
	n, err := io.Copy(&b, io.LimitReader(reader{ctx, r}, limit+1))
	if err != nil {
		return "", "", err
	}
	if n > limit {
		return "", "", node.Failf(node.KindInput, "the file %s has more than %d MB of text: set max_size, or read it with xml.rows", f.File, megabytes)
	}
	return strings.TrimPrefix(b.String(), "\ufeff"), name, nil
}

// reader gives up when ctx ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// wrong returns a failure about a param.
func wrong(hint, format string, args ...any) error {
	f := node.Failf(node.KindInput, format, args...)
	f.Hint = hint
	return f
}
