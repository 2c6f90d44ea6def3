package httpnode

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"mime"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// bodyParams say what a request carries.
type bodyParams struct {
	Body        any        `json:"body" group:"Body" doc:"What to send: any value for json, text for text, a map for form and multipart, base64 for base64."`
	BodyKind    string     `json:"body_kind" default:"auto" enum:"auto,none,json,text,form,multipart,file,base64" group:"Body" doc:"How to send it. Auto sends text as text, other values as JSON, a body_file as it is, and multipart when files are given."`
	BodyFile    string     `json:"body_file" widget:"file" group:"Body" doc:"File to send as the body; it is streamed."`
	Files       []filePart `json:"files" group:"Body" doc:"Files to send in a multipart body; they are streamed."`
	ContentType string     `json:"content_type" group:"Body" doc:"Content type, when it is not the usual one of the kind."`
}

type filePart struct {
	Field       string `json:"field" default:"file" doc:"Name of the form field."`
	Path        string `json:"path" is:"required" widget:"file" doc:"File to send."`
	Name        string `json:"name" doc:"File name to tell the service; that of the file when empty."`
	ContentType string `json:"content_type" doc:"Content type of the file; judged by the extension when empty."`
}

func (b bodyParams) kind() string {
	switch {
	case b.BodyKind != "auto" && b.BodyKind != "":
		return b.BodyKind
	case len(b.Files) > 0:
		return "multipart"
	case b.BodyFile != "":
		return "file"
	case b.Body == nil:
		return "none"
	}
	if _, ok := b.Body.(string); ok {
		return "text"
	}
	return "json"
}

func (b bodyParams) check() error {
	kind := b.kind()
	switch {
	case kind == "file" && b.BodyFile == "":
		return input("give body_file", "a body of kind file needs body_file")
	case kind != "file" && b.BodyFile != "":
		return input("set body_kind to file, or leave body_file out", "body_file is not sent with a body of kind %s", kind)
	case kind != "multipart" && len(b.Files) > 0:
		return input("set body_kind to multipart", "files are not sent with a body of kind %s", kind)
	}
	return nil
}

// segment is a part of a body: bytes, or a file opened when its turn comes.
type segment struct {
	data []byte
	file string
	size int64
}

// payload is a body that can be sent several times.
type payload struct {
	contentType string
	segments    []segment
}

func (p *payload) size() (n int64) {
	for _, s := range p.segments {
		n += s.size
	}
	return n
}

// open returns the body from its beginning.
func (p *payload) open(env *node.Env) io.ReadCloser {
	return &segmentReader{env: env, rest: p.segments}
}

type segmentReader struct {
	env  *node.Env
	rest []segment
	cur  io.Reader
	file io.Closer
}

func (r *segmentReader) Read(p []byte) (int, error) {
	for {
		if r.cur == nil {
			if len(r.rest) == 0 {
				return 0, io.EOF
			}
			s := r.rest[0]
			r.rest = r.rest[1:]
			r.cur = strings.NewReader(string(s.data))
			if s.file != "" {
				f, err := r.env.Files.Open(s.file)
				if err != nil {
					return 0, err
				}
				// The length was announced: what is added meanwhile is left out.
				r.cur, r.file = io.LimitReader(f, s.size), f
			}
		}
		n, err := r.cur.Read(p)
		if err != io.EOF {
			return n, err
		}
		r.cur = nil
		_ = r.Close()
		if n > 0 {
			return n, nil
		}
	}
}

func (r *segmentReader) Close() error {
	if r.file != nil {
		_ = r.file.Close()
		r.file = nil
	}
	return nil
}

// payload makes the body; nil means none.
func (b bodyParams) payload(ctx context.Context, env *node.Env) (*payload, error) {
	body, err := value.LoadAll(ctx, b.Body)
	if err != nil {
		return nil, err
	}
	bytes := func(contentType string, data []byte) *payload {
		return &payload{contentType, []segment{{data: data, size: int64(len(data))}}}
	}
	var p *payload
	switch kind := b.kind(); kind {
	case "none":
		return nil, nil
	case "json":
		data, err := value.JSON(body)
		if err != nil {
			return nil, input("leave out what JSON cannot hold", "the body cannot be written as JSON: %v", err)
		}
		p = bytes("application/json", data)
	case "text":
		s, err := textOf(body)
		if err != nil {
			return nil, err
		}
		p = bytes("text/plain; charset=utf-8", []byte(s))
	case "base64":
		s, _ := body.(string)
		data, err := base64.StdEncoding.DecodeString(s)
		if err != nil || body == nil {
			return nil, input("give base64 text", "the body is not valid base64")
		}
		p = bytes("application/octet-stream", data)
	case "form":
		m, err := mapOf(body, kind)
		if err != nil {
			return nil, err
		}
		s, err := encodeQuery(m)
		if err != nil {
			return nil, err
		}
		p = bytes("application/x-www-form-urlencoded", []byte(s))
	case "file":
		s, err := fileSegment(env, b.BodyFile)
		if err != nil {
			return nil, err
		}
		p = &payload{typeOf(b.BodyFile), []segment{s}}
	case "multipart":
		m, err := mapOf(body, kind)
		if err != nil {
			return nil, err
		}
		if p, err = b.multipart(env, m); err != nil {
			return nil, err
		}
		return p, nil // content_type would lose the boundary
	}
	if b.ContentType != "" {
		p.contentType = b.ContentType
	}
	return p, nil
}

func mapOf(body any, kind string) (map[string]any, error) {
	m, ok := body.(map[string]any)
	if !ok && body != nil {
		return nil, input("give a map of names and values", "a body of kind %s must be a map, not a %s", kind, value.Kind(body))
	}
	return m, nil
}

func textOf(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	if s, err := scalar(v); err == nil {
		return s, nil
	}
	b, err := value.JSON(v)
	return string(b), err
}

func fileSegment(env *node.Env, path string) (segment, error) {
	info, err := env.Files.Stat(path)
	if err != nil {
		return segment{}, err
	}
	if !info.Mode().IsRegular() {
		return segment{}, input("give the path of a file", "%s is not a file", path)
	}
	return segment{file: path, size: info.Size()}, nil
}

// typeOf judges a content type by the extension.
func typeOf(name string) string {
	if t := mime.TypeByExtension(strings.ToLower(filepath.Ext(name))); t != "" {
		return t
	}
	return "application/octet-stream"
}

// multipart lays out a form with files. Its length is known before it is sent,
// which many services insist on; the boundary comes from the token, so that
// every try sends the same.
func (b bodyParams) multipart(env *node.Env, fields map[string]any) (*payload, error) {
	sum := sha256.Sum256([]byte("boundary " + env.Token))
	boundary := "aether-" + hex.EncodeToString(sum[:16])
	p := &payload{contentType: "multipart/form-data; boundary=" + boundary}
	text := func(s string) { p.segments = append(p.segments, segment{data: []byte(s), size: int64(len(s))}) }
	names := make([]string, 0, len(fields))
	for k := range fields {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		list, ok := fields[k].([]any)
		if !ok {
			list = []any{fields[k]}
		}
		for _, v := range list {
			s, err := textOf(v)
			if err != nil {
				return nil, err
			}
			text("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + partName(k) + "\"\r\n\r\n" + s + "\r\n")
		}
	}
	for _, f := range b.Files {
		seg, err := fileSegment(env, f.Path)
		if err != nil {
			return nil, err
		}
		name, ct, field := f.Name, f.ContentType, f.Field
		if name == "" {
			name = filepath.Base(f.Path)
		}
		if ct == "" {
			ct = typeOf(name)
		}
		if field == "" {
			field = "file"
		}
		ct = strings.NewReplacer("\r", "", "\n", "").Replace(ct)
		text("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + partName(field) + "\"; filename=\"" + partName(name) + "\"\r\nContent-Type: " + ct + "\r\n\r\n")
		p.segments = append(p.segments, seg)
		text("\r\n")
	}
	text("--" + boundary + "--\r\n")
	return p, nil
}

// partName escapes a name the way browsers do.
func partName(s string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(s)
}

// formText reads a query back into a map: one value as text, several as a list.
func formText(q url.Values) map[string]any {
	out := make(map[string]any, len(q))
	for k, vs := range q {
		if len(vs) == 1 {
			out[k] = vs[0]
			continue
		}
		list := make([]any, len(vs))
		for i, v := range vs {
			list[i] = v
		}
		out[k] = list
	}
	return out
}
