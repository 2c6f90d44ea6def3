package follow

import (
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// maxRequests is how many requests of a page are remembered, maxAddress how much of an address, and maxAnswers how many
// answers.
const (
	maxRequests = 1000
	maxAddress  = 2000
	maxAnswers  = 256
)

// opened is a request under way.
type opened struct {
	loader string // the document that asked for it; "" is unknown
	since  time.Time
}

// requests are the latest requests of a page.
type requests struct {
	list []Request
	n    int
}

// Request is a request of a page.
type Request struct {
	browser.Request
	id    string
	since time.Duration // on the browser's clock
}

// End notes when a request has ended, on the clock of the browser.
func (r *Request) End(at time.Duration) {
	r.Open = false
	r.Took = max(0, at-r.since)
}

// Request returns the latest request of an id that has not ended, nil if there is none. Call it with the lock held.
func (t *Tab[D]) Request(id string) *Request {
	for i := range slices.Backward(t.requests.list) {
		if r := &t.requests.list[i]; r.id == id {
			if r.Open {
				return r
			}
			return nil
		}
	}
	return nil
}

// Requested notes a request; at is a time on the browser's clock. One that goes on elsewhere has the id of the one
// before, which ends with it. Call it with the lock held.
func (t *Tab[D]) Requested(id string, at time.Duration, r browser.Request) {
	if old := t.Request(id); old != nil {
		old.End(at)
	}
	f := &t.requests
	f.n++
	r.N, r.Open = f.n, true
	if len(r.URL) > maxAddress {
		r.URL = strings.ToValidUTF8(r.URL[:maxAddress], "") + "…"
	}
	if len(f.list) == maxRequests {
		f.list = slices.Delete(f.list, 0, maxRequests/2)
	}
	f.list = append(f.list, Request{id: id, since: at, Request: r})
}

// Opens notes that a request is under way, which a document asked for. Call it with the lock held.
func (t *Tab[D]) Opens(id, loader string) { t.open[id] = opened{loader, time.Now()} }

// Closes notes that a request is no longer under way. Call it with the lock held.
func (t *Tab[D]) Closes(id string) {
	delete(t.open, id)
	if len(t.open) == 0 {
		t.quiet = time.Now()
	}
}

// Answered notes the answer to a request. Call it with the lock held.
func (t *Tab[D]) Answered(url string, status int) {
	t.answered++
	if len(t.answers) == maxAnswers {
		t.answers = slices.Delete(t.answers, 0, maxAnswers/2)
	}
	t.answers = append(t.answers, browser.Response{N: t.answered, URL: url, Status: status})
}

// Status notes what a server said to the request for the page's own document. Call it with the lock held.
func (t *Tab[D]) Status(loader string, status int) { t.status[loader] = status }

// Gave notes that a request is given the password, and reports whether it was before, and so was wrong.
func (t *Tab[D]) Gave(id string) bool {
	t.Lock()
	defer t.Unlock()
	before := t.given[id]
	t.given[id] = true
	return before
}

// Responses implements browser.Tab.
func (t *Tab[D]) Responses() []browser.Response {
	t.Lock()
	defer t.Unlock()
	return slices.Clone(t.answers)
}

// Requests implements browser.Tab.
func (t *Tab[D]) Requests(after int) []browser.Request {
	t.Lock()
	defer t.Unlock()
	var out []browser.Request
	for i := range t.requests.list {
		if r := t.requests.list[i].Request; r.N > after {
			out = append(out, r)
		}
	}
	return out
}

// Numbers implements browser.Tab.
func (t *Tab[D]) Numbers() (message, request int) {
	t.Lock()
	defer t.Unlock()
	return t.said, t.requests.n
}
