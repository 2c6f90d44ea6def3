// Package trace knows what is kept of the browser work of a run: for each node execution pages, a picture, what the
// page wrote and loaded. Each is an artifact of the run; an event in its journal, of the kind Kind, says which, so that
// a trace goes wherever the run goes and is deleted with it. When a node was done again after a crash, what it saw the
// last time counts.
package trace

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

// Kind is the kind of the events that say what is kept of a node execution.
const Kind = "trace"

// When the trace of a run is kept.
const (
	Always  = "always"
	Failure = "failure" // when the run fails: of the nodes that failed all, of those before them no pages and pictures
	Never   = "never"
)

// Entry says what is kept of one node execution.
type Entry struct {
	Run    string    `json:"-"`
	Path   string    `json:"-"` // of the node execution, as each[2]/fetch
	At     time.Time `json:"-"`
	Node   string    `json:"node"`
	Try    int       `json:"try,omitempty"` // which try of the node, from 2 on
	URL    string    `json:"url,omitempty"`
	Failed bool      `json:"failed,omitempty"`
	// Step is the digest of the rest, see Step.
	Step string `json:"step"`
	// Before and After are digests of pages as HTML, Shot that of a picture; "" where there is none. Files are those of
	// pictures and style sheets.
	Before string   `json:"before,omitempty"`
	After  string   `json:"after,omitempty"`
	Shot   string   `json:"shot,omitempty"`
	Files  []string `json:"files,omitempty"`
}

// Digests are all artifacts of the entry.
func (e Entry) Digests() []string {
	var out []string
	for _, d := range append([]string{e.Step, e.Before, e.After, e.Shot}, e.Files...) {
		if d != "" {
			out = append(out, d)
		}
	}
	return out
}

// Step is what is kept of one node execution.
type Step struct {
	URL      string              `json:"url,omitempty"`
	Title    string              `json:"title,omitempty"`
	Started  time.Time           `json:"started"`
	WaitedMS float64             `json:"waited_ms"`
	TookMS   float64             `json:"took_ms"`
	Failed   bool                `json:"failed,omitempty"`
	Before   *Page               `json:"before,omitempty"`
	After    *Page               `json:"after,omitempty"`
	Shot     *Shot               `json:"shot,omitempty"`
	Console  []node.TraceMessage `json:"console,omitempty"`
	Network  []node.TraceRequest `json:"network,omitempty"`
	// Files are the types of the files that the pages name, by digest.
	Files map[string]string `json:"files,omitempty"`
}

// Page is a page that was taken down.
type Page struct {
	HTML   string `json:"html"` // digest
	URL    string `json:"url"`
	Title  string `json:"title"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	X      int    `json:"x"`
	Y      int    `json:"y"`
	Length int    `json:"length"`
	Cut    bool   `json:"cut,omitempty"`
}

// Shot is a picture.
type Shot struct {
	JPEG   string         `json:"jpeg"` // digest
	Width  int            `json:"width"`
	Height int            `json:"height"`
	Box    *node.TraceBox `json:"box,omitempty"`
}

// Parse reads an event of the kind Kind.
func Parse(e run.Event) (Entry, error) {
	out := Entry{Run: e.Run, Path: e.Path, At: e.At}
	if err := json.Unmarshal(e.Data, &out); err != nil {
		return out, fmt.Errorf("what is known of the trace of %s in run %s is damaged: %w", e.Path, e.Run, err)
	}
	return out, nil
}

// List returns what is kept of a run, in the order of the node executions; of tries each is one.
func List(ctx context.Context, runs *run.Store, id string) ([]Entry, error) {
	events, err := runs.EventsOf(ctx, id, Kind)
	if err != nil {
		return nil, err
	}
	type key struct {
		path string
		try  int
	}
	place := map[key]int{}
	var out []Entry
	for _, e := range events {
		x, err := Parse(e)
		if err != nil {
			return nil, err
		}
		k := key{x.Path, x.Try}
		if i, again := place[k]; again {
			out[i] = x
			continue
		}
		place[k] = len(out)
		out = append(out, x)
	}
	return out, nil
}

// Open reads what is kept of a node execution.
func Open(ctx context.Context, from artifact.Store, e Entry) (*Step, error) {
	b, err := Read(ctx, from, e.Step)
	if err != nil {
		return nil, err
	}
	s := &Step{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("the trace of %s in run %s is damaged: %w", e.Path, e.Run, err)
	}
	return s, nil
}

// maxRead bounds what is read of one artifact of a trace.
const maxRead = 64 << 20

// Read reads an artifact of a trace.
func Read(ctx context.Context, from artifact.Store, digest string) ([]byte, error) {
	f, err := from.Open(ctx, digest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRead))
	if err != nil {
		return nil, fmt.Errorf("reading a part of a trace: %w", err)
	}
	return b, nil
}

var (
	fileRE = regexp.MustCompile(`artifact:([0-9a-f]{64})`)
	headRE = regexp.MustCompile(`^(?i:<!doctype[^>]*>)?<html[^>]*><head[^>]*>`)
)

// Policy is what a browser lets the document of a page do: show itself, and nothing else.
const Policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline' data:; font-src data:; form-action 'none'"

// Document returns a page with its style sheets and pictures in it, as one document of HTML that needs nothing else,
// loads nothing and runs nothing. What is not there any more is left out of it.
func Document(ctx context.Context, from artifact.Store, s *Step, p *Page) (string, error) {
	b, err := Read(ctx, from, p.HTML)
	if err != nil {
		return "", err
	}
	var errs []error
	text := Fill(string(b), func(digest string) string {
		b, err := Read(ctx, from, digest)
		if err != nil && !errors.Is(err, artifact.ErrNotFound) {
			errs = append(errs, err)
		}
		return DataURL(s.Files[digest], b)
	})
	meta := `<meta http-equiv="Content-Security-Policy" content="` + Policy + `">`
	if head := headRE.FindString(text); head != "" {
		text = head + meta + text[len(head):]
	} else {
		text = meta + text
	}
	return text, errors.Join(errs...)
}

// Fill puts something in the place of each file that a page names.
func Fill(html string, of func(digest string) string) string {
	return fileRE.ReplaceAllStringFunc(html, func(ref string) string { return of(ref[len("artifact:"):]) })
}

// DataURL is a file as an address that holds it.
func DataURL(media string, b []byte) string {
	if media == "text/css" {
		media += ";charset=utf-8"
	}
	return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString(b)
}
