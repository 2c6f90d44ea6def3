package remote

import (
	"bytes"
	"context"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/aether-rpa/aether/node"
)

// encodingNamed returns an encoding, nil for UTF-8.
func encodingNamed(name string) (encoding.Encoding, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" || name == "utf-8" || name == "utf8" {
		return nil, nil
	}
	e, err := htmlindex.Get(name)
	if err != nil || e == encoding.Replacement {
		return nil, input("use a name like utf-8, utf-16le, windows-1252, iso-8859-15, shift_jis or gbk", "%.50q is not a known encoding", name)
	}
	return e, nil
}

func encodeText(text, name string) ([]byte, error) {
	e, err := encodingNamed(name)
	if err != nil {
		return nil, err
	}
	if e == nil {
		return []byte(text), nil
	}
	b, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		return nil, input("use utf-8", "the text holds a character that %s does not have", name)
	}
	return b, nil
}

// ReadText are the params of reading a text file.
type ReadText struct {
	Path     string `json:"path" is:"required" doc:"File on the server."`
	Encoding string `json:"encoding" default:"utf-8" doc:"How the file encodes characters, such as utf-8, windows-1252 or shift_jis."`
	MaxSize  int    `json:"max_size" default:"16777216" min:"1" doc:"Largest file in bytes."`
}

// TextRead are the outputs of reading a text file.
type TextRead struct {
	Text string `json:"text" doc:"Content of the file, without a byte order mark."`
	Size int    `json:"size" doc:"Its size in bytes."`
	Path string `json:"path" doc:"Absolute path of the file on the server."`
}

// Do reads the file.
func (r ReadText) Do(ctx context.Context, env *node.Env, open Opener) (TextRead, error) {
	enc, err := encodingNamed(r.Encoding)
	if err != nil {
		return TextRead{}, err
	}
	return Use(ctx, open, func(s Server) (TextRead, error) {
		at := s.Abs(r.Path)
		var b bytes.Buffer
		if _, err := fetch(ctx, env, s, at, &b, int64(r.MaxSize)); err != nil {
			return TextRead{}, err
		}
		out := TextRead{Path: at, Size: b.Len()}
		data := b.Bytes()
		if enc != nil {
			if data, err = enc.NewDecoder().Bytes(data); err != nil {
				return out, input("set encoding to the one the file is in", "%s is no text in %s", at, r.Encoding)
			}
		}
		data = bytes.TrimPrefix(data, []byte("\ufeff"))
		if !utf8.Valid(data) {
			return out, input("set encoding to the one the file is in, for instance windows-1252", "%s is not valid UTF-8", at)
		}
		out.Text = string(data)
		return out, nil
	})
}

// fetch reads a whole file of at most most bytes.
func fetch(ctx context.Context, env *node.Env, s Server, at string, to io.Writer, most int64) (Entry, error) {
	e, err := s.Stat(at)
	if err != nil && !Unsupported(err) {
		return e, err
	}
	if err == nil && e.IsFolder() {
		return e, input("give the path of a file", "%s is a folder on the server", at)
	}
	if err != nil {
		e = Entry{Path: at, Size: -1, Kind: File}
	}
	m := &meter{ctx: ctx, env: env, what: "reading " + e.Name, total: max(e.Size, 0), most: most}
	_, err = pull(ctx, s, e, 0, &meteredWriter{w: to, m: m}, true)
	return e, err
}

// Append are the params of adding to a file on the server.
type Append struct {
	Path     string  `json:"path" is:"required" doc:"File on the server. It is made if it is not there."`
	Text     *string `json:"text" widget:"multiline" doc:"Text to add. No line end is added to it."`
	From     string  `json:"from" widget:"file" doc:"Local file whose content to add, in place of text."`
	Encoding string  `json:"encoding" default:"utf-8" doc:"How to encode the characters of text."`
}

// Appended are the outputs of adding to a file.
type Appended struct {
	Path string `json:"path" doc:"Absolute path of the file on the server."`
	Sent int    `json:"sent" doc:"How many bytes were added."`
	Size *int   `json:"size" doc:"Size of the file now, if the server says."`
}

// AppendDoc describes the verb.
const AppendDoc = "If the connection is cut, a part may have been added: the node is never repeated without being told to."

// Do adds to the file.
func (a Append) Do(ctx context.Context, env *node.Env, open Opener) (Appended, error) {
	if (a.Text != nil) == (a.From != "") {
		return Appended{}, input("give one of them", "append needs either text or from")
	}
	var src io.Reader
	if a.Text != nil {
		data, err := encodeText(*a.Text, a.Encoding)
		if err != nil {
			return Appended{}, err
		}
		src = bytes.NewReader(data)
	} else {
		f, err := openLocal(env, a.From)
		if err != nil {
			return Appended{}, err
		}
		defer f.Close()
		src = f
	}
	return Use(ctx, open, func(s Server) (Appended, error) {
		out := Appended{Path: s.Abs(a.Path)}
		before, err := stat(s, out.Path)
		if err != nil && !Unsupported(err) {
			return out, err
		}
		if before != nil && before.IsFolder() {
			return out, input("give the path of a file", "%s is a folder on the server", out.Path)
		}
		m := &meter{ctx: ctx, env: env, what: "appending to " + out.Path}
		r := &localReader{r: src}
		err = s.Put(out.Path, metered{r, m}, PutOptions{Append: true})
		out.Sent = int(m.n)
		if r.failed != nil {
			err = local(r.failed, "reading "+a.From)
		}
		if err != nil {
			return out, err
		}
		after, err := s.Stat(out.Path)
		if err != nil || after.Size < 0 {
			return out, nil // the server does not say; it has accepted the data
		}
		size := int(after.Size)
		out.Size = &size
		old := int64(0)
		if before != nil {
			old = before.Size
		}
		if err == nil && old >= 0 && after.Size < old+m.n {
			return out, Fail(node.KindError, "look at the file before anything is done again", "the server has %d bytes of %s after adding %d to %d", after.Size, out.Path, m.n, old)
		}
		return out, nil
	})
}
