package bidi

import (
	"net/http"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
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

// clock is a time of the browser, which counts milliseconds.
func clock(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// request is told of each request that begins.
func (b *instance) request(e networkEvent) {
	t := b.tabOf(e.Context)
	if t == nil {
		b.pass(e)
		return
	}
	t.Hears()
	t.Update(func() {
		t.Requested(e.Request.Request, clock(e.Timestamp), browser.Request{Method: e.Request.Method, URL: e.Request.URL, Kind: e.kind(), At: time.UnixMicro(int64(e.Timestamp * 1e3))})
		if e.kind() == "websocket" || e.Request.InitiatorType == "beacon" {
			return // they stay open for as long as the page does
		}
		t.Opens(e.Request.Request, e.Navigation)
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
	t.Hears()
	t.Update(func() {
		if r := t.Request(e.Request.Request); r != nil {
			r.Status, r.Type, r.Cached = e.Response.Status, e.Response.MimeType, e.Response.FromCache
		}
		if strings.HasPrefix(e.Response.MimeType, "text/event-stream") {
			t.Closes(e.Request.Request) // it goes on for as long as the page does
		}
		if e.Response.Status/100 != 3 || e.Response.Status == http.StatusNotModified {
			t.Answered(e.Response.URL, e.Response.Status)
		}
		if e.Navigation != "" && e.Context == t.ID() {
			t.Status(e.Navigation, e.Response.Status)
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
	t.Hears()
	t.Update(func() {
		if r := t.Request(e.Request.Request); r != nil {
			if e.Response != nil {
				r.Status, r.Type, r.Cached, r.Bytes = e.Response.Status, e.Response.MimeType, e.Response.FromCache, int64(e.Response.BytesReceived)
			}
			if e.ErrorText != "" {
				r.Error = plain(e.ErrorText)
			}
			r.End(clock(e.Timestamp))
		}
		t.Closes(e.Request.Request)
		if e.ErrorText != "" && e.Navigation != "" && e.Context == t.ID() {
			code := codeOf(e.ErrorText)
			if code == "" {
				code = e.ErrorText
			}
			t.fails(e.Navigation, failure(code))
		}
	})
}
