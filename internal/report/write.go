package report

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/internal/trace"
)

var (
	//go:embed report.html
	pageText string
	//go:embed report.css
	style string
	//go:embed report.js
	script string

	page = template.Must(template.New("report").Parse(pageText))
)

// policy lets nothing load and no script run but that of the document.
func policy() string {
	sum := sha256.Sum256([]byte(script))
	return trace.Policy + "; base-uri 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// view is what the template shows.
type view struct {
	Policy, Style    any
	Flow, Run        string
	Status           string
	Began, Took      string
	Made             string
	Steps            []*step
	Message, Hint    string
	Where            string
	FirstFailed      int // -1 if none failed
	Input, Output    string
	Webs             int
	RetryOf, Resumes string
	Data             any
}

// Write writes the document.
func (s *Source) Write(ctx context.Context, w io.Writer) error {
	steps, err := s.steps(ctx)
	if err != nil {
		return err
	}
	data, err := json.Marshal(steps)
	if err != nil {
		return fmt.Errorf("writing the steps of run %s: %w", s.Run.ID, err)
	}
	r := s.Run
	v := view{
		Policy: policy(), Style: template.CSS(style), Flow: r.Flow, Run: r.ID, Status: r.Shown(), Made: s.Made.Format(time.DateTime), Steps: steps, FirstFailed: -1, //nolint:gosec // the style is our own
		Began: r.Created.Format(time.DateTime), Took: length(r.Took(s.Made)), Input: s.input(), Output: s.result(), RetryOf: r.RetryOf,
		Data: template.JS(data), //nolint:gosec // json.Marshal escapes what could end the element
	}
	if r.Resumes > 0 {
		v.Resumes = fmt.Sprint(r.Resumes)
	}
	if f := r.Failure; f != nil {
		v.Message, v.Hint, v.Where = f.Message, f.Hint, f.Where()
	}
	for i, x := range steps {
		if x.Web != nil {
			v.Webs++
		}
		if x.State == "failed" && (v.FirstFailed < 0 || r.Failure != nil && x.Path == r.Failure.Path) {
			v.FirstFailed = i
		}
	}
	if err := page.Execute(w, v); err != nil {
		return err
	}
	if err := s.blobs(ctx, w, steps); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "<script>%s</script>\n</body>\n</html>\n", script)
	return err
}

var digestRE = regexp.MustCompile(`^[0-9a-f]{64}$`)

// blobs writes the parts of the traces, each once.
func (s *Source) blobs(ctx context.Context, w io.Writer, steps []*step) error {
	types := map[string]string{}
	for _, x := range steps {
		if x.Web == nil {
			continue
		}
		for _, p := range []*trace.Page{x.Web.Before, x.Web.After} {
			if p != nil {
				types[p.HTML] = "text/html"
			}
		}
		if x.Web.Shot != nil {
			types[x.Web.Shot.JPEG] = "image/jpeg"
		}
		maps.Copy(types, x.Web.Files)
	}
	for _, digest := range slices.Sorted(maps.Keys(types)) {
		if !digestRE.MatchString(digest) {
			continue
		}
		b, err := trace.Read(ctx, s.Artifacts, digest)
		if errors.Is(err, artifact.ErrNotFound) {
			continue // the document says that it is not there
		}
		if err != nil {
			return err
		}
		if err := blob(w, digest, types[digest], b); err != nil {
			return err
		}
	}
	return nil
}

// blob writes a part of a trace as text that the script of the document can read. What is text is compressed.
func blob(w io.Writer, digest, media string, b []byte) error {
	packed := ""
	if strings.HasPrefix(media, "text/") {
		var buf bytes.Buffer
		z := gzip.NewWriter(&buf)
		if _, err := z.Write(b); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		b, packed = buf.Bytes(), " data-gzip"
	}
	_, err := fmt.Fprintf(w, "<script type=\"text/plain\" id=\"b-%s\"%s>%s</script>\n", digest, packed, base64.StdEncoding.EncodeToString(b))
	return err
}
