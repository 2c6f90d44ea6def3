package mutate

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// restore gives the fields of a request the names that the handler knows. The request that came in is not changed.
func (s scramble) restore(r *http.Request) (*http.Request, error) {
	r = r.Clone(r.Context())
	if r.URL.RawQuery != "" {
		r.URL.RawQuery = s.query(r.URL.RawQuery)
	}
	if r.Body == nil || r.Body == http.NoBody {
		return r, nil
	}
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return r, nil // no form: the handler may have a word for it
	}
	switch mediaType {
	case "application/x-www-form-urlencoded":
		body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
		if err != nil {
			return nil, err
		}
		s.replaceBody(r, io.NopCloser(strings.NewReader(s.query(string(body)))))
	case "multipart/form-data":
		if params["boundary"] == "" {
			return nil, errors.New("it is multipart/form-data without a boundary: send the boundary in Content-Type")
		}
		f := &form{scramble: s, from: multipart.NewReader(r.Body, params["boundary"]), under: r.Body}
		f.to = multipart.NewWriter(&f.ready)
		if err := f.to.SetBoundary(params["boundary"]); err != nil {
			return nil, err
		}
		s.replaceBody(r, f)
	}
	return r, nil
}

func (s scramble) replaceBody(r *http.Request, body io.ReadCloser) {
	r.Body, r.ContentLength = body, -1
	r.Header.Del("Content-Length")
}

// form is a multipart form that is read with the original names of its fields, a piece at a time.
type form struct {
	scramble
	from  *multipart.Reader
	under io.Closer
	to    *multipart.Writer // into ready
	ready bytes.Buffer
	part  *multipart.Part // that is being copied; nil between parts
	err   error
}

// Close closes the body that the form comes from.
func (f *form) Close() error { return f.under.Close() }

// Read returns what is ready, and makes more ready if nothing is.
func (f *form) Read(p []byte) (int, error) {
	for f.ready.Len() == 0 {
		if f.err != nil {
			return 0, f.err
		}
		f.err = f.more()
	}
	return f.ready.Read(p)
}

// more makes a header, a piece of a part or the end ready.
func (f *form) more() error {
	if f.part != nil {
		n, err := io.CopyN(&f.ready, f.part, 32<<10)
		if n > 0 && (err == nil || errors.Is(err, io.EOF)) {
			return nil
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		f.part = nil
	}
	part, err := f.from.NextRawPart()
	if errors.Is(err, io.EOF) {
		if err := f.to.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	if err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err == nil && params["name"] != "" {
		params["name"] = f.original(params["name"])
		if coded := mime.FormatMediaType(kind, params); coded != "" {
			part.Header.Set("Content-Disposition", coded)
		}
	}
	// The part's own writer would be ended by the next CreatePart; what is copied goes the same way as its header.
	if _, err := f.to.CreatePart(part.Header); err != nil {
		return err
	}
	f.part = part
	return nil
}

// query restores the names in a form that is coded as in a URL, and leaves everything else as it is.
func (s scramble) query(raw string) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		coded, value, has := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(coded)
		if err != nil {
			continue
		}
		if was := s.original(name); was != name {
			pairs[i] = url.QueryEscape(was)
			if has {
				pairs[i] += "=" + value
			}
		}
	}
	return strings.Join(pairs, "&")
}
