// Package pages holds small pages of the practice site, each with one thing that browser automation stumbles over:
// a button that is covered, a field that changes back, a renderer that hangs, a download that drips.
//
// What List says of a page is its contract: its parameters, and the effects it writes to the ledger. The kind of an
// effect is "pages." and the page's name, its key the effect, its facts what the server received.
package pages

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/testsite/ledger"
)

// Page is one of the pages.
type Page struct {
	// Name is its path under the prefix.
	Name string
	// Title is what it is called.
	Title string
	// What says what it does, with the parameters it takes.
	What string
	// Effects says what it writes to the ledger.
	Effects string
}

// Config says where the pages are and whom they tell what was done.
type Config struct {
	// Ledger receives every effect; nil for a ledger nobody reads.
	Ledger *ledger.Ledger
	// Prefix is the path of the pages, like "/pages"; "" for the root.
	Prefix string
	// Now is the clock; nil for time.Now.
	Now func() time.Time
}

//go:embed html
var files embed.FS

// shelf serves the pages.
type shelf struct {
	cfg   Config
	pages map[string]*template.Template
	list  map[string]Page

	mu     sync.Mutex
	limits map[string]*limit
	nonces map[string]bool // given out and not yet used
}

// never is what ?ms=never is.
const never = -1

// New returns the pages as a handler of all paths under the prefix.
func New(cfg Config) http.Handler {
	if cfg.Ledger == nil {
		cfg.Ledger = ledger.New(nil)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Prefix = strings.TrimRight(cfg.Prefix, "/")
	s := &shelf{cfg: cfg, pages: map[string]*template.Template{}, list: map[string]Page{}, limits: map[string]*limit{}, nonces: map[string]bool{}}
	for _, p := range List {
		s.list[p.Name] = p
	}
	base := template.Must(template.ParseFS(files, "html/layout.html"))
	names, err := fs.Glob(files, "html/*.html")
	if err != nil {
		panic(err) // the pattern is ours
	}
	for _, file := range names {
		if name := strings.TrimSuffix(path.Base(file), ".html"); name != "layout" {
			s.pages[name] = template.Must(template.Must(base.Clone()).ParseFS(files, file))
		}
	}
	mux := http.NewServeMux()
	handle := func(method, path string, h http.HandlerFunc) { mux.HandleFunc(method+" "+cfg.Prefix+path, h) }
	handle("GET", "/{name}", s.plain)
	handle("POST", "/did/{name}/{effect}", s.did)
	s.answers(handle)
	s.doors(handle)
	return mux
}

// view is what a page is made from.
type view struct {
	Page
	Prefix string
	MS     int               // of ?ms, or of the page
	Query  map[string]string // first values
	Data   any
}

// defaults are how long the pages take that take their time, if ?ms does not say.
var defaults = map[string]int{"overlay": 800, "enable": 800, "moving": 1000, "replaced": 1000, "hang": 3000, "slow": 1000}

// plain serves the pages that need nothing but their parameters.
func (s *shelf) plain(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.list[r.PathValue("name")]; !ok {
		http.NotFound(w, r)
		return
	}
	s.show(w, r, r.PathValue("name"), r.PathValue("name"), nil)
}

// show answers with a page: of is whose effects it writes, name which file it is.
func (s *shelf) show(w http.ResponseWriter, r *http.Request, of, name string, data any) {
	v := view{Page: s.list[of], Prefix: s.cfg.Prefix, MS: millis(r, defaults[of]), Query: map[string]string{}, Data: data}
	for k, all := range r.URL.Query() {
		v.Query[k] = all[0]
	}
	var b bytes.Buffer
	if err := s.pages[name].Execute(&b, v); err != nil {
		http.Error(w, "making the page "+name+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the visitor may have gone
}

// millis reads ?ms: a number up to ten minutes, or "never".
func millis(r *http.Request, otherwise int) int {
	text := r.URL.Query().Get("ms")
	if text == "never" {
		return never
	}
	return number(text, otherwise, 600_000)
}

// number reads a number from 0 to most.
func number(text string, otherwise, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return otherwise
	}
	return min(n, most)
}

// wrote writes an effect.
func (s *shelf) wrote(page, effect string, facts map[string]string) {
	s.cfg.Ledger.Add("pages."+page, effect, facts)
}

// wait waits, and reports whether the visitor is still there.
func wait(r *http.Request, d time.Duration) bool {
	if d < 0 {
		<-r.Context().Done()
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
