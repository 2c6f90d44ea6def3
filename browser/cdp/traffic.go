package cdp

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// maxRequests is how many requests of a page are remembered, and maxAddress how much of an address.
const (
	maxRequests = 1000
	maxAddress  = 2000
)

// traffic are the latest requests of a page.
type traffic struct {
	list []tracked
	n    int
}

type tracked struct {
	browser.Request
	id    string
	since float64 // on the browser's clock, in seconds
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
	r.Took = max(0, time.Duration((at-r.since)*float64(time.Second)))
}

// begins notes a request. One that goes on elsewhere has the id of the one before, which ends with it. Call it under
// mu, as the others.
func (f *traffic) begins(e requestEvent) {
	if r := f.of(e.RequestID); r != nil {
		if a := e.RedirectResponse; a != nil {
			r.Status, r.Type, r.Bytes = a.Status, a.MimeType, int64(a.EncodedDataLength)
		}
		r.end(e.Timestamp)
	}
	kind := fetchTypes[e.Type]
	if kind == "" {
		kind = "other"
	}
	f.n++
	r := tracked{id: e.RequestID, since: e.Timestamp, Request: browser.Request{
		N: f.n, Method: e.Request.Method, URL: clipped(e.Request.URL), Kind: kind, Open: true, At: time.UnixMicro(int64(e.WallTime * 1e6)),
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

func (f *traffic) answered(e responseEvent) {
	if r := f.of(e.RequestID); r != nil {
		r.Status, r.Type, r.Cached = e.Response.Status, e.Response.MimeType, e.Response.FromDiskCache
	}
}

func (f *traffic) ends(e loadingEvent) {
	r := f.of(e.RequestID)
	if r == nil {
		return
	}
	r.Bytes = int64(e.EncodedDataLength)
	if e.ErrorText != "" {
		r.Error = plain(e.ErrorText)
	}
	if e.BlockedReason != "" {
		r.Error = "it was blocked (" + e.BlockedReason + ")"
	}
	r.end(e.Timestamp)
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

// Resource implements browser.Tab.
func (t *tab) Resource(ctx context.Context, frame, url string) ([]byte, error) {
	t.mu.Lock()
	f := t.frame(frame)
	if f == nil {
		t.mu.Unlock()
		return nil, browser.ErrNavigated
	}
	s := f.s
	t.mu.Unlock()
	var r struct {
		Content       string
		Base64Encoded bool
	}
	if err := t.call(ctx, s, "Page.getResourceContent", map[string]any{"frameId": frame, "url": url}, &r); err != nil {
		return nil, t.vanished(err)
	}
	if r.Base64Encoded {
		return base64.StdEncoding.DecodeString(r.Content)
	}
	return []byte(r.Content), nil
}
