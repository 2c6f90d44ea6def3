package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxUpload is how much may be sent at once.
const maxUpload = 256 << 20

// did writes an effect that a page reports: a form that was sent, or a script.
func (s *shelf) did(w http.ResponseWriter, r *http.Request) {
	page, effect := r.PathValue("name"), r.PathValue("effect")
	if _, ok := s.list[page]; !ok || len(effect) > 40 {
		http.NotFound(w, r)
		return
	}
	facts, err := received(w, r)
	if err != nil {
		http.Error(w, "The form could not be read: "+err.Error()+".", http.StatusBadRequest)
		return
	}
	if page == "storage" {
		facts["cookies"] = r.Header.Get("Cookie")
	}
	s.wrote(page, effect, facts)
	if r.Header.Get("X-Part") != "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "Received: "+effect) // the visitor may have gone
		return
	}
	type row struct{ Name, Value string }
	var rows []row
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		rows = append(rows, row{name, facts[name]})
	}
	s.show(w, r, page, "received", rows)
}

// received returns the values of a form, and of files their name, size and sum.
func received(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	err := r.ParseMultipartForm(8 << 20) //nolint:gosec // it is bounded one line above
	if errors.Is(err, http.ErrNotMultipart) {
		err = r.ParseForm()
	}
	if err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for name, values := range r.PostForm {
		facts[name] = strings.Join(values, ",")
	}
	if r.MultipartForm == nil {
		return facts, nil
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // files below the temporary folder; nothing hangs on them
	n := 0
	for _, field := range slices.Sorted(maps.Keys(r.MultipartForm.File)) {
		for _, f := range r.MultipartForm.File[field] {
			// A form whose file field is empty sends a file without a name.
			if f.Filename == "" && f.Size == 0 {
				continue
			}
			n++
			if err := describe(facts, n, f); err != nil {
				return nil, err
			}
		}
	}
	facts["files"] = strconv.Itoa(n)
	return facts, nil
}

func describe(facts map[string]string, n int, f *multipart.FileHeader) error {
	in, err := f.Open()
	if err != nil {
		return fmt.Errorf("reading the file %s: %w", f.Filename, err)
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return fmt.Errorf("reading the file %s: %w", f.Filename, err)
	}
	p := strconv.Itoa(n) + "."
	facts[p+"name"], facts[p+"bytes"], facts[p+"sha256"] = f.Filename, strconv.FormatInt(f.Size, 10), hex.EncodeToString(h.Sum(nil))
	return nil
}
