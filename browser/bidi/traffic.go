package bidi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// maxRequests is how many requests of a page are remembered, maxAddress how much of an address, and maxAnswers how
// many answers.
const (
	maxRequests = 1000
	maxAddress  = 2000
	maxAnswers  = 256
)

// networkEvent is what is told of a request.
type networkEvent struct {
	Context, Navigation string
	IsBlocked           bool
	RedirectCount       int
	Timestamp           float64
	Request             struct {
		Request, URL, Method       string
		Destination, InitiatorType string
	}
	Response *struct {
		URL, MimeType  string
		Status         int
		FromCache      bool
		BytesReceived  float64
		Headers        []header
		AuthChallenges []struct{ Scheme, Realm string }
	}
	ErrorText string
}

type header struct {
	Name  string `json:"name"`
	Value text   `json:"value"`
}

// destinations are the words for what pages load by those of the protocol.
var destinations = map[string]string{
	"document": "document", "iframe": "document", "frame": "document", "object": "document", "embed": "document", "style": "style",
	"xslt": "style", "image": "image", "audio": "media", "video": "media", "track": "media", "font": "font", "script": "script",
	"worker": "script", "sharedworker": "script", "serviceworker": "script",
}

func (e networkEvent) kind() string {
	switch {
	case e.Navigation != "":
		return "document"
	case strings.HasPrefix(e.Request.URL, "ws:") || strings.HasPrefix(e.Request.URL, "wss:"):
		return "websocket"
	case destinations[e.Request.Destination] != "":
		return destinations[e.Request.Destination]
	case e.Request.InitiatorType == "fetch" || e.Request.InitiatorType == "xmlhttprequest":
		return "xhr"
	}
	return "other"
}

// opened is a request under way.
type opened struct {
	loader string // the navigation that it is of, "" for what a document loads
	since  time.Time
}

// traffic are the latest requests of a page.
type traffic struct {
	list []tracked
	n    int
}

type tracked struct {
	browser.Request
	id    string
	since float64 // on the browser's clock, in milliseconds
}

// of returns the latest request of an id that has not ended.
func (f *traffic) of(id string) *tracked {
	for i := range slices.Backward(f.list) {
		if r := &f.list[i]; r.id == id {
			if r.Open {
				return r
			}
			return nil
		}
	}
	return nil
}

func (r *tracked) end(at float64) {
	r.Open = false
	r.Took = max(0, time.Duration((at-r.since)*float64(time.Millisecond)))
}

// begins notes a request. One that goes on elsewhere has the id of the one before, which ends with it. Call it under
// mu.
func (f *traffic) begins(e networkEvent) {
	if r := f.of(e.Request.Request); r != nil {
		r.end(e.Timestamp)
	}
	f.n++
	r := tracked{id: e.Request.Request, since: e.Timestamp, Request: browser.Request{
		N: f.n, Method: e.Request.Method, URL: clipped(e.Request.URL), Kind: e.kind(), Open: true, At: time.UnixMicro(int64(e.Timestamp * 1e3)),
	}}
	if len(f.list) == maxRequests {
		f.list = slices.Delete(f.list, 0, maxRequests/2)
	}
	f.list = append(f.list, r)
}

func clipped(url string) string {
	if len(url) > maxAddress {
		return strings.ToValidUTF8(url[:maxAddress], "") + "…"
	}
	return url
}

// request is told of each request that begins.
func (b *instance) request(e networkEvent) {
	t := b.tabOf(e.Context)
	if t == nil {
		b.pass(e)
		return
	}
	t.heard.Add(1)
	t.update(func() {
		t.traffic.begins(e)
		if e.kind() == "websocket" || e.Request.InitiatorType == "beacon" {
			return // they stay open for as long as the page does
		}
		t.open[e.Request.Request] = opened{e.Navigation, time.Now()}
	})
	if e.IsBlocked {
		t.decide(e)
	}
}

// response is told of each answer that begins to come.
func (b *instance) response(e networkEvent) {
	t := b.tabOf(e.Context)
	if t == nil || e.Response == nil {
		b.pass(e)
		return
	}
	t.heard.Add(1)
	t.update(func() {
		if r := t.traffic.of(e.Request.Request); r != nil {
			r.Status, r.Type, r.Cached = e.Response.Status, e.Response.MimeType, e.Response.FromCache
		}
		if strings.HasPrefix(e.Response.MimeType, "text/event-stream") {
			delete(t.open, e.Request.Request) // it goes on for as long as the page does
		}
		if e.Response.Status/100 != 3 || e.Response.Status == http.StatusNotModified {
			t.answered++
			if len(t.answers) == maxAnswers {
				t.answers = slices.Delete(t.answers, 0, maxAnswers/2)
			}
			t.answers = append(t.answers, browser.Response{N: t.answered, URL: e.Response.URL, Status: e.Response.Status})
		}
		if e.Navigation != "" && e.Context == t.id {
			t.status[e.Navigation] = e.Response.Status
		}
	})
	if e.IsBlocked {
		t.decideAnswer(e)
	}
}

// finished is told of each request that has ended, well or not.
func (b *instance) finished(e networkEvent) {
	t := b.tabOf(e.Context)
	if t == nil {
		return
	}
	t.heard.Add(1)
	t.update(func() {
		if r := t.traffic.of(e.Request.Request); r != nil {
			if e.Response != nil {
				r.Status, r.Type, r.Cached, r.Bytes = e.Response.Status, e.Response.MimeType, e.Response.FromCache, int64(e.Response.BytesReceived)
			}
			if e.ErrorText != "" {
				r.Error = plain(e.ErrorText)
			}
			r.end(e.Timestamp)
		}
		delete(t.open, e.Request.Request)
		if len(t.open) == 0 {
			t.quiet = time.Now()
		}
		if e.ErrorText != "" && e.Navigation != "" && e.Context == t.id {
			code := codeOf(e.ErrorText)
			if code == "" {
				code = e.ErrorText
			}
			t.fails(e.Navigation, code)
		}
	})
}

// Responses implements browser.Tab.
func (t *tab) Responses() []browser.Response {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.answers)
}

// Requests implements browser.Tab.
func (t *tab) Requests(after int) []browser.Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []browser.Request
	for i := range t.traffic.list {
		if r := t.traffic.list[i].Request; r.N > after {
			out = append(out, r)
		}
	}
	return out
}

// Numbers implements browser.Tab.
func (t *tab) Numbers() (message, request int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.said, t.traffic.n
}
