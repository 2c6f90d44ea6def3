package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
)

// What every request must be, whatever it is for.

func init() {
	// encoding/json takes names in any case. Only the name as it is written in
	// the document is validated, so only that is taken.
	huma.ValidateStrictCasing = true
}

// readJSON reads a body. encoding/json would put other characters in the place
// of bytes that are no text, and a secret or a name would be another.
func readJSON(data []byte, into any) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not in UTF-8")
	}
	return json.Unmarshal(data, into)
}

// formats are the forms that bodies may have.
func formats() map[string]huma.Format {
	f := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: readJSON}
	return map[string]huma.Format{"application/json": f, "json": f}
}

// legible says which text of a request no database and no file can keep: one
// with a zero byte, or with bytes that are no text. A value of any type, such as
// an input of a flow, is kept as JSON, which has no such bytes.
func legible(v reflect.Value, at string) *Detail {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
			return &Detail{Path: at, Message: "the text has a zero byte, or bytes that are not UTF-8"}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return legible(v.Elem(), at)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range v.Len() {
			if d := legible(v.Index(i), fmt.Sprintf("%s[%d]", at, i)); d != nil {
				return d
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if d := legible(it.Key(), at); d != nil {
				return d
			}
			if d := legible(it.Value(), at+"."+it.Key().String()); d != nil {
				return d
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				if d := legible(v.Field(i), fieldPath(at, f)); d != nil {
					return d
				}
			}
		}
	}
	return nil
}

// fieldPath names a field as the document does.
func fieldPath(at string, f reflect.StructField) string {
	if f.Anonymous {
		return at
	}
	for _, where := range []string{"path", "query", "header"} {
		if name := f.Tag.Get(where); name != "" {
			return where + "." + name
		}
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		name = strings.ToLower(f.Name)
	}
	return strings.TrimPrefix(at+"."+name, ".")
}

// checkText refuses a request with text that cannot be kept. What robots tell of
// their runs is the runs' own.
func checkText(in any, right auth.Right) error {
	v := reflect.Indirect(reflect.ValueOf(in))
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() && !f.Anonymous || f.Name == "Body" && right == auth.Work {
			continue
		}
		if d := legible(v.Field(i), fieldPath("", f)); d != nil {
			return &Problem{Kind: "input", Message: "the request has text that is none", Details: []Detail{*d}, status: http.StatusUnprocessableEntity}
		}
	}
	return nil
}

// Bodies must come at some pace, or a few clients that send a byte now and then
// would hold a server up.
const (
	bodyGrace = 30 * time.Second
	bodyPace  = 16 << 10 // bytes a second
)

// body reads the body of a request, which must come at a pace.
type body struct {
	io.ReadCloser
	rc    *http.ResponseController
	h     http.Header // of the answer
	grace time.Duration
	begun time.Time
	n     int64
	whole bool
}

// paced lets the body of a request come at a pace only.
func (s *Server) paced(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	b := &body{ReadCloser: r.Body, rc: http.NewResponseController(w), h: w.Header(), grace: bodyGrace}
	if s.grace > 0 {
		b.grace = s.grace
	}
	r.Body = b
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.begun.IsZero() {
		b.begun = time.Now()
	}
	// Not every connection has deadlines.
	_ = b.rc.SetReadDeadline(b.begun.Add(b.grace + time.Duration(b.n/bodyPace)*time.Second))
	n, err := b.ReadCloser.Read(p)
	if b.n += int64(n); errors.Is(err, io.EOF) {
		// The answer may take longer than the body may. After another error the
		// rest of the body is not waited for.
		b.whole = true
		_ = b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}

// Close implements io.Closer. What is left of a body must not be taken for the
// next request on the connection.
func (b *body) Close() error {
	if !b.whole {
		b.h.Set("Connection", "close")
	}
	return b.ReadCloser.Close()
}

// otherwise answers what no operation is registered for.
func otherwise(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var may []string
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			other := *r
			other.Method = m
			if _, pattern := mux.Handler(&other); pattern != "/" && pattern != "" {
				may = append(may, m)
			}
		}
		if len(may) > 0 {
			w.Header().Set("Allow", strings.Join(may, ", "))
			writeError(w, http.StatusMethodNotAllowed, fmt.Sprintf("%.20s is nothing that can be done with %s", r.Method, shown(r.URL.Path)), "use "+strings.Join(may, " or "))
			return
		}
		nothing(w, r)
	}
}

func nothing(w http.ResponseWriter, r *http.Request) {
	writeError(w, http.StatusNotFound, "there is nothing at "+shown(r.URL.Path), "the document at "+Prefix+"/openapi.json lists what there is")
}

// shown is the beginning of a path.
func shown(path string) string {
	if path = strings.ToValidUTF8(path, "?"); len(path) > 200 {
		return fmt.Sprintf("%.200s…", path)
	}
	return path
}

// clean reports whether a path is written as it is registered. ServeMux would
// send clients from other paths to that, with a page.
func clean(r *http.Request) bool {
	p := r.URL.EscapedPath()
	if p == "" || p[0] != '/' {
		return false
	}
	c := path.Clean(p)
	return c == p || c+"/" == p
}
