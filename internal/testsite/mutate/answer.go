package mutate

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
)

// maxBody is the largest response that is changed.
const maxBody = 16 << 20

// kind is what a response holds.
type kind int

const (
	other kind = iota
	page
	style
	script
)

// answer holds back responses that are to be changed and lets all others through as they are written.
type answer struct {
	http.ResponseWriter
	head    bool // nothing follows the header
	decided bool
	kind    kind // other once the response is let through
	code    int
	held    bytes.Buffer
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader decides whether the response is held back.
func (a *answer) WriteHeader(code int) {
	if a.decided {
		return
	}
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		a.ResponseWriter.WriteHeader(code)
		return
	}
	a.decided, a.code = true, code
	h := a.Header()
	if code >= 200 && code != http.StatusNoContent && code != http.StatusPartialContent && code != http.StatusNotModified &&
		h.Get("Content-Encoding") == "" && h.Get("Content-Disposition") == "" {
		a.kind = kindOf(h.Get("Content-Type"))
	}
	if a.kind == other {
		a.ResponseWriter.WriteHeader(code)
	}
}

func kindOf(contentType string) kind {
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return other
	}
	switch t {
	case "text/html":
		return page
	case "text/css":
		return style
	case "text/javascript", "application/javascript":
		return script
	}
	return other
}

// Write holds back, or lets through.
func (a *answer) Write(p []byte) (int, error) {
	if !a.decided {
		if a.Header().Get("Content-Type") == "" {
			a.Header().Set("Content-Type", http.DetectContentType(p))
		}
		a.WriteHeader(http.StatusOK)
	}
	if a.kind == other {
		return a.ResponseWriter.Write(p)
	}
	if a.held.Len()+len(p) > maxBody {
		if err := a.release(a.held.Bytes()); err != nil {
			return 0, err
		}
		return a.ResponseWriter.Write(p)
	}
	return a.held.Write(p)
}

// FlushError lets through what was held back: whoever flushes wants it to be seen now.
func (a *answer) FlushError() error {
	if !a.decided {
		a.WriteHeader(http.StatusOK)
	}
	if a.kind != other {
		if err := a.release(a.held.Bytes()); err != nil {
			return err
		}
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Flush is FlushError for those who do not ask.
func (a *answer) Flush() { _ = a.FlushError() }

func (a *answer) release(body []byte) error {
	a.kind = other
	a.ResponseWriter.WriteHeader(a.code)
	_, err := a.ResponseWriter.Write(body)
	return err
}

// finish sends what was held back, changed.
func (a *answer) finish(change func(kind, []byte) ([]byte, error)) {
	if a.kind == other {
		return
	}
	h := a.Header()
	h.Del("Content-Length")
	h.Del("ETag")
	h.Del("Last-Modified")
	h.Del("Accept-Ranges")
	h.Set("Cache-Control", "no-store") // the switch holds from the next page on
	if a.head {
		a.ResponseWriter.WriteHeader(a.code)
		return
	}
	body, err := change(a.kind, a.held.Bytes())
	if err != nil {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		a.code, body = http.StatusInternalServerError, []byte("changing the page: "+err.Error()+"\n")
	}
	_ = a.release(body) // the visitor may have gone
}
