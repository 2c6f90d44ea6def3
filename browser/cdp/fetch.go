package cdp

import (
	"context"
	"encoding/base64"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

// fetchTypes are the words for what pages load by those of the protocol.
var fetchTypes = map[string]string{
	"Document": "document", "Stylesheet": "style", "Image": "image", "Media": "media", "Font": "font", "Script": "script",
	"XHR": "xhr", "Fetch": "xhr", "EventSource": "xhr", "WebSocket": "websocket",
}

func sameRules(a, b []browser.Rule) bool {
	return slices.EqualFunc(a, b, func(x, y browser.Rule) bool { return reflect.DeepEqual(x, y) })
}

// fetchParams say which requests are to wait for an answer: those that a rule may mean, or all where a server may ask
// for a password, and the answers that are to be saved.
func fetchParams(o browser.Options, saving bool) map[string]any {
	p := map[string]any{"handleAuthRequests": o.User != ""}
	var patterns []any
	if saving {
		patterns = append(patterns, map[string]any{"resourceType": "Document", "requestStage": "Response"})
	}
	if o.User != "" {
		patterns = append(patterns, map[string]any{"urlPattern": "*"})
	}
	for _, r := range o.Rules {
		u := strings.NewReplacer(`\`, `\\`, `?`, `\?`).Replace(r.URL)
		if u == "" {
			u = "*"
		}
		patterns = append(patterns, map[string]any{"urlPattern": u})
		if r.Do == browser.RuleChange {
			patterns = append(patterns, map[string]any{"urlPattern": u, "requestStage": "Response"})
		}
	}
	p["patterns"] = patterns
	return p
}

type pausedEvent struct {
	RequestID, FrameID, ResourceType string
	Request                          struct{ URL, Method string }
	ResponseErrorReason              string
	ResponseStatusCode               int
	ResponseHeaders                  []follow.Header
}

// held decides about a request, or about the answer that came to it.
func (t *tab) held(s *session, e pausedEvent) {
	kind := fetchTypes[e.ResourceType]
	if kind == "" {
		kind = "other"
	}
	answered := e.ResponseStatusCode > 0 || e.ResponseErrorReason != ""
	for _, r := range t.c.Options().Rules {
		if !r.Match(e.Request.URL, kind, e.Request.Method) {
			continue
		}
		switch {
		case r.Do == browser.RuleChange && answered && e.ResponseErrorReason == "":
			t.c.Match()
			go t.change(s, e, r) // it needs the body first
			return
		case r.Do == browser.RuleBlock && !answered:
			t.c.Match()
			s.send("Fetch.failRequest", map[string]any{"requestId": e.RequestID, "errorReason": "BlockedByClient"})
			return
		case r.Do == browser.RuleAnswer && !answered:
			t.c.Match()
			status := r.Status
			if status == 0 {
				status = http.StatusOK
			}
			t.fulfil(s, e.RequestID, status, follow.Headers(nil, r.Headers), []byte(r.Body))
			return
		}
		break
	}
	if t.saves(s, e) {
		return
	}
	s.send("Fetch.continueRequest", map[string]any{"requestId": e.RequestID})
}

func (t *tab) fulfil(s *session, id string, status int, headers []follow.Header, body []byte) {
	s.send("Fetch.fulfillRequest", map[string]any{"requestId": id, "responseCode": status, "responseHeaders": headers, "body": body})
}

// changeTime bounds how long the body of an answer that is to be changed may take to come.
const changeTime = time.Minute

// change changes an answer of a server.
func (t *tab) change(s *session, e pausedEvent, r browser.Rule) {
	ctx, cancel := context.WithTimeout(context.Background(), changeTime)
	defer cancel()
	status := e.ResponseStatusCode
	if r.Status != 0 {
		status = r.Status
	}
	var b struct {
		Body          string
		Base64Encoded bool
	}
	redirect := e.ResponseStatusCode >= 300 && e.ResponseStatusCode < 400
	if !redirect {
		if err := t.call(ctx, s, "Fetch.getResponseBody", map[string]any{"requestId": e.RequestID}, &b); err != nil {
			s.send("Fetch.continueRequest", map[string]any{"requestId": e.RequestID})
			return
		}
	}
	body := []byte(b.Body)
	if b.Base64Encoded {
		raw, err := base64.StdEncoding.DecodeString(b.Body)
		if err != nil {
			s.send("Fetch.continueRequest", map[string]any{"requestId": e.RequestID})
			return
		}
		body = raw
	}
	if r.Body != "" {
		body = []byte(r.Body)
	}
	if len(r.Replace) > 0 {
		var pairs []string
		for _, old := range slices.Sorted(maps.Keys(r.Replace)) {
			pairs = append(pairs, old, r.Replace[old])
		}
		body = []byte(strings.NewReplacer(pairs...).Replace(string(body)))
	}
	headers := follow.Headers(e.ResponseHeaders, r.Headers)
	// The body is as long as it now is, and is not packed any more.
	headers = slices.DeleteFunc(headers, func(h follow.Header) bool {
		return strings.EqualFold(h.Name, "Content-Length") || strings.EqualFold(h.Name, "Content-Encoding")
	})
	t.fulfil(s, e.RequestID, status, headers, body)
}
