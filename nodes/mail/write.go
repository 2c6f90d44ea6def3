package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"path"
	"strings"

	"github.com/aether-rpa/aether/node"
)

// part is a piece of a message to be written: a multipart with children, or a
// body.
type part struct {
	head     header
	boundary string
	children []*part
	body     func(ctx context.Context, w io.Writer) error
}

// parts arranges the content: mixed around related around alternative, each
// only if it is needed.
func (c content) parts(env *node.Env, seed string) (*part, error) {
	var top *part
	switch {
	case c.HTML == "":
		top = textPart("text/plain", c.Text)
	case c.Text == "":
		top = textPart("text/html", c.HTML)
	default:
		top = multipart("alternative", seed, textPart("text/plain", c.Text), textPart("text/html", c.HTML))
	}
	if len(c.Inline) > 0 {
		top = multipart("related", seed, top)
		for _, p := range c.Inline {
			f, err := filePart(env, enclosure{File: p.File}, "inline")
			if err != nil {
				return nil, err
			}
			cid := p.CID
			if cid == "" {
				cid = path.Base(strings.ReplaceAll(p.File, `\`, "/"))
			}
			if !ascii(cid) || strings.ContainsAny(cid, "<> \t\r\n\"") {
				return nil, input("give a cid of letters and digits", "the name of %s cannot be a cid", p.File)
			}
			f.head = append(f.head, headerLine{"Content-ID", "<" + cid + ">"})
			top.children = append(top.children, f)
		}
	}
	all := make([]enclosure, 0, len(c.Files)+len(c.Attachments))
	for _, f := range c.Files {
		if strings.TrimSpace(f) != "" {
			all = append(all, enclosure{File: f})
		}
	}
	if all = append(all, c.Attachments...); len(all) == 0 {
		return top, nil
	}
	top = multipart("mixed", seed, top)
	for _, a := range all {
		f, err := filePart(env, a, "attachment")
		if err != nil {
			return nil, err
		}
		top.children = append(top.children, f)
	}
	return top, nil
}

// multipart makes a boundary that cannot come up in a body: neither base64 nor
// quoted-printable can give "=_".
func multipart(kind, seed string, children ...*part) *part {
	b := "=_" + kind[:3] + "_" + seed
	return &part{boundary: b, children: children, head: header{{"Content-Type", "multipart/" + kind + "; boundary=\"" + b + "\""}}}
}

func textPart(mediaType, s string) *part {
	s = strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"), "\r", "\n")
	s = strings.ReplaceAll(s, "\n", "\r\n")
	if plainLines(s) {
		return &part{head: header{{"Content-Type", mediaType + "; charset=us-ascii"}, {"Content-Transfer-Encoding", "7bit"}},
			body: func(_ context.Context, w io.Writer) error {
				_, err := io.WriteString(w, s)
				return err
			}}
	}
	return &part{head: header{{"Content-Type", mediaType + "; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"}},
		body: func(_ context.Context, w io.Writer) error {
			q := quotedprintable.NewWriter(w)
			if _, err := io.WriteString(q, s); err != nil {
				return err
			}
			return q.Close()
		}}
}

// plainLines reports whether a text can go as it is: ASCII, short lines,
// nothing that a boundary could be or that old programs change.
func plainLines(s string) bool {
	for line := range strings.SplitSeq(s, "\r\n") {
		if len(line) > 900 || strings.HasPrefix(line, "--=_") || strings.HasPrefix(line, "From ") {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r >= 0x7f || r < ' ' && r != '\r' && r != '\n' && r != '\t'
	})
}

func filePart(env *node.Env, a enclosure, disposition string) (*part, error) {
	open, name, err := a.open(env)
	if err != nil {
		return nil, err
	}
	if len(name) > 255 {
		return nil, input("give a shorter name", "the name of the attachment %s is longer than 255 bytes", short(name))
	}
	mediaType := a.Type
	if mediaType == "" {
		if mediaType, _, _ = strings.Cut(mime.TypeByExtension(strings.ToLower(path.Ext(name))), ";"); mediaType == "" {
			mediaType = "application/octet-stream"
		}
		if strings.HasPrefix(mediaType, "message/") || strings.HasPrefix(mediaType, "multipart/") {
			mediaType = "application/octet-stream"
		}
	}
	message := strings.EqualFold(path.Ext(name), ".eml") && a.Type == "" || a.Type == "message/rfc822"
	p := &part{}
	if message {
		// An attached message must not be encoded as a whole.
		p.head = header{{"Content-Type", "message/rfc822" + encodeParam("name", name, true)}, {"Content-Disposition", disposition + encodeParam("filename", name, false)}}
		p.body = func(ctx context.Context, w io.Writer) error {
			return copyFile(ctx, open, name, &crlf{w: w})
		}
		return p, nil
	}
	p.head = header{
		{"Content-Type", mediaType + encodeParam("name", name, true)},
		{"Content-Transfer-Encoding", "base64"},
		{"Content-Disposition", disposition + encodeParam("filename", name, false)},
	}
	p.body = func(ctx context.Context, w io.Writer) error {
		b := base64.NewEncoder(base64.StdEncoding, &wrapping{w: w})
		if err := copyFile(ctx, open, name, b); err != nil {
			return err
		}
		return b.Close()
	}
	return p, nil
}

func copyFile(ctx context.Context, open func() (io.ReadCloser, error), name string, w io.Writer) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	buf := make([]byte, 48<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the attachment %s: %w", short(name), err)
		}
	}
}

// write writes the part with the headers of the message, if any, before its
// own.
func (p *part) write(ctx context.Context, w io.Writer, h header) error {
	var b bytes.Buffer
	for _, l := range h {
		b.WriteString(fold(l.name + ": " + l.value))
	}
	if h != nil {
		b.WriteString("MIME-Version: 1.0\r\n")
	}
	for _, l := range p.head {
		b.WriteString(fold(l.name + ": " + l.value))
	}
	b.WriteString("\r\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	if p.children == nil {
		return p.body(ctx, w)
	}
	for _, c := range p.children {
		if _, err := io.WriteString(w, "--"+p.boundary+"\r\n"); err != nil {
			return err
		}
		if err := c.write(ctx, w, nil); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\r\n"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "--"+p.boundary+"--\r\n")
	return err
}

// wrapping breaks base64 into lines.
type wrapping struct {
	w io.Writer
	n int
}

func (l *wrapping) Write(p []byte) (int, error) {
	done := 0
	for len(p) > 0 {
		if l.n == 76 {
			if _, err := io.WriteString(l.w, "\r\n"); err != nil {
				return done, err
			}
			l.n = 0
		}
		n, err := l.w.Write(p[:min(len(p), 76-l.n)])
		done, l.n, p = done+n, l.n+n, p[n:]
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// crlf makes every line end with CR LF.
type crlf struct {
	w    io.Writer
	last byte
}

func (c *crlf) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p)+len(p)/16)
	for _, b := range p {
		if b == '\n' && c.last != '\r' {
			out = append(out, '\r')
		}
		out = append(out, b)
		c.last = b
	}
	if _, err := c.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
