// Package mutate serves web pages as if their next release had come out: with other ids, classes, order, labels
// or another design, so that tests can see what an automation does when the page it was written for has changed.
//
// It is a middleware over any handler. A page is written as usual, with these rules:
//
//   - data-truth="name" marks an element that matters. It is stripped from what is served and kept on the server
//     (Middleware.Truth), so that a test knows which element is which and the page under test does not tell.
//   - data-ref="name" gives scripts a handle: ref("name") in an inline script is that element, at every level (or the
//     one with that data-truth, if there is no such handle). Handles are stripped as well; the served script holds
//     places, not names. ref works in <script> only, not in scripts of their own files nor in attributes, and only
//     for elements that stand before the script and not in a <template>.
//   - Scripts may also find elements by id or class: literals given to getElementById, getElementsByClassName,
//     querySelector(All), closest, matches, classList.*, setters (className=, id=, name=,
//     htmlFor=, setAttribute("id"|"class"|"name"|"for"|"form"|"list"|"aria-…", …)), elements.x and elements["x"]
//     are renamed as the page is. Handlers in attributes (onclick="go(this)") always find their element.
//   - Scripts do not rely on structure: no parentNode, children[i], nextSibling, "a > b", nor on tag names; closest()
//     with a class or an id is fine. HTML that scripts add comes from a <template> or from the server as text/html.
//   - Class names and ids begin with a letter. Names that go to the server in form fields are mapped back before the
//     handler sees the request; names a script writes into JSON or a URL are left as they are.
//   - data-shuffle on an element allows its children to be reordered (level 3); rows of a form that have the same tag
//     and class are reordered without it. data-fixed on an element forbids reordering, wrapping and another tag for it
//     and all inside it; ids, classes and wording still change.
//   - A response that is flushed before its end, or is larger than 16 MiB, is passed on unchanged: it must hold no
//     data-truth.
//
// The levels build on each other: 0 as written; 1 ids and names (ng-reflect-name too); 2 and classes; 3 and order and wrappers; 4 and the
// wording of labels, buttons and headings; 5 redesign: other tags and another layout as well. The same seed, level
// and page give the same bytes.
package mutate

import (
	"fmt"
	"net/http"
	"sync"
)

// MaxLevel is the highest level of change.
const MaxLevel = 5

// maxPages is how many paths the truth is kept for; beyond it the oldest knowledge is dropped.
const maxPages = 4096

// Middleware changes what a handler serves. It is safe for concurrent use.
type Middleware struct {
	next http.Handler

	mu    sync.Mutex
	level int
	seed  int64
	truth map[string][]Truth // by path
}

// Truth says which element of a served page is which. What scripts do to the page later is not in it.
type Truth struct {
	// Name is the element's data-truth.
	Name string `json:"name"`
	// Path leads to the element: the absolute XPath in the page, like /html/body/div[2]/input. If the element is
	// inside a <template> (from which scripts make shadow roots), the first XPath leads to the template, the next
	// leads on inside its content, and so on. In a fragment, a response without <html>, it begins with "./".
	Path []string `json:"path"`
	// ID is the id that the element was served with; "" for none.
	ID string `json:"id,omitempty"`
}

// New returns the handler as it is at level 0.
func New(next http.Handler) *Middleware {
	return &Middleware{next: next, truth: map[string][]Truth{}}
}

// Set chooses the level and the seed of the pages that are asked for from now on.
func (m *Middleware) Set(level int, seed int64) error {
	if level < 0 || level > MaxLevel {
		return fmt.Errorf("the level of mutation is %d: it must be from 0 (pages as written) to %d (redesigned)", level, MaxLevel)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.level, m.seed = level, seed
	return nil
}

// Level returns the level and the seed that are set.
func (m *Middleware) Level() (level int, seed int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.level, m.seed
}

// Truth returns which element is which in the page that was served last at the path, in the order of the page; nil
// if none was.
func (m *Middleware) Truth(path string) []Truth {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.truth[path]
}

func (m *Middleware) remember(path string, t []Truth) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.truth) >= maxPages {
		clear(m.truth)
	}
	m.truth[path] = t
}

// ServeHTTP answers with what the handler serves, changed.
func (m *Middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	level, seed := m.Level()
	s := scramble{seed: seed}
	if level >= 1 {
		var err error
		if r, err = s.restore(r); err != nil {
			http.Error(w, "reading the form that was sent: "+err.Error(), http.StatusBadRequest)
			return
		}
	}
	a := &answer{ResponseWriter: w, head: r.Method == http.MethodHead}
	m.next.ServeHTTP(a, r)
	a.finish(func(kind kind, body []byte) ([]byte, error) {
		switch {
		case kind == page:
			out, truth, err := rewritePage(body, change{scramble: s, level: level})
			if err == nil {
				m.remember(r.URL.Path, truth)
			}
			return out, err
		case kind == style && level >= 1:
			return []byte(change{scramble: s, level: level}.css(string(body))), nil
		case kind == script && level >= 1:
			return []byte(change{scramble: s, level: level}.script(string(body))), nil
		}
		return body, nil
	})
}
