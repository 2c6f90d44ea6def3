package cdp

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// clock is a time of the browser, which counts seconds.
func clock(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

type requestEvent struct {
	RequestID, LoaderID, Type, FrameID string
	Timestamp, WallTime                float64
	Request                            struct{ URL, Method string }
	RedirectResponse                   *struct {
		Status            int
		MimeType          string
		EncodedDataLength float64
	}
}

func (t *tab) request(e requestEvent) {
	kind := fetchTypes[e.Type]
	if kind == "" {
		kind = "other"
	}
	t.Update(func() {
		if r, a := t.Request(e.RequestID), e.RedirectResponse; r != nil && a != nil {
			r.Status, r.Type, r.Bytes = a.Status, a.MimeType, int64(a.EncodedDataLength)
		}
		t.Requested(e.RequestID, clock(e.Timestamp), browser.Request{Method: e.Request.Method, URL: e.Request.URL, Kind: kind, At: time.UnixMicro(int64(e.WallTime * 1e6))})
		if e.Type != "EventSource" && e.Type != "WebSocket" && e.Type != "Ping" { // those stay open for as long as the page does
			t.Opens(e.RequestID, e.LoaderID)
		}
	})
}

type responseEvent struct {
	RequestID, LoaderID, Type, FrameID string
	Response                           struct {
		Status        int
		URL, MimeType string
		FromDiskCache bool
	}
}

func (t *tab) response(e responseEvent) {
	t.Update(func() {
		if r := t.Request(e.RequestID); r != nil {
			r.Status, r.Type, r.Cached = e.Response.Status, e.Response.MimeType, e.Response.FromDiskCache
		}
		t.Answered(e.Response.URL, e.Response.Status)
		if e.Type == "Document" && e.FrameID == t.ID() {
			t.Status(e.LoaderID, e.Response.Status)
		}
	})
}

type loadingEvent struct {
	RequestID, Type, ErrorText, BlockedReason string
	Timestamp, EncodedDataLength              float64
}

func (t *tab) finished(e loadingEvent) {
	t.Update(func() {
		if r := t.Request(e.RequestID); r != nil {
			r.Bytes = int64(e.EncodedDataLength)
			if e.ErrorText != "" {
				r.Error = plain(e.ErrorText)
			}
			if e.BlockedReason != "" {
				r.Error = "it was blocked (" + e.BlockedReason + ")"
			}
			r.End(clock(e.Timestamp))
		}
		t.Closes(e.RequestID)
		if e.ErrorText == "" || e.Type != "Document" {
			return
		}
		if t.Next != nil && t.Next.Loader == e.RequestID || t.Own().Loader == e.RequestID {
			t.Fails(e.RequestID, failure(e.ErrorText))
		}
	})
}

// Resource implements browser.Tab.
func (t *tab) Resource(ctx context.Context, frame, url string) ([]byte, error) {
	t.Lock()
	f := t.Frame(frame)
	if f == nil {
		t.Unlock()
		return nil, browser.ErrNavigated
	}
	s := f.Driver.s
	t.Unlock()
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
