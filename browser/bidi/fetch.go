package bidi

import (
	"encoding/base64"
	"net/http"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

// continues is the call that lets a request go on that is held in a phase.
func (b *instance) continues(e networkEvent) {
	method := "network.continueRequest"
	if e.Response != nil {
		method = "network.continueResponse"
	}
	go b.c.send(method, params{"request": e.Request.Request})
}

// pass lets a request go on that is of no page here.
func (b *instance) pass(e networkEvent) {
	if e.IsBlocked {
		b.continues(e)
	}
}

// rule is the one that decides about a request.
func (t *tab) rule(e networkEvent) (browser.Rule, bool) {
	for _, r := range t.c.Options().Rules {
		if r.Match(e.Request.URL, e.kind(), e.Request.Method) {
			return r, true
		}
	}
	return browser.Rule{}, false
}

// decide decides about a request that is held before it is sent.
func (t *tab) decide(e networkEvent) {
	r, _ := t.rule(e)
	switch r.Do {
	case browser.RuleBlock:
		t.c.Match()
		go t.send("network.failRequest", params{"request": e.Request.Request})
	case browser.RuleAnswer:
		t.c.Match()
		status := r.Status
		if status == 0 {
			status = http.StatusOK
		}
		go t.send("network.provideResponse", params{"request": e.Request.Request, "statusCode": status, "reasonPhrase": http.StatusText(status),
			"headers": headersOf(follow.Headers(nil, r.Headers)), "body": text{"base64", base64.StdEncoding.EncodeToString([]byte(r.Body))}})
	default:
		t.c.b.continues(e)
	}
}

// decideAnswer decides about an answer of a server.
func (t *tab) decideAnswer(e networkEvent) {
	p := params{"request": e.Request.Request}
	r, ok := t.rule(e)
	if ok && r.Do == browser.RuleChange {
		t.c.Match()
		p["headers"] = headersOf(follow.Headers(plainly(e.Response.Headers), r.Headers))
		if r.Status != 0 {
			p["statusCode"], p["reasonPhrase"] = r.Status, http.StatusText(r.Status)
		}
	} else if h := follow.Attached(plainly(e.Response.Headers)); t.saving.Load() && e.Navigation != "" && e.Response.Status/100 == 2 && h != nil {
		p["headers"] = headersOf(h)
	}
	go t.send("network.continueResponse", p)
}

// plainly are headers as plain texts.
func plainly(headers []header) []follow.Header {
	out := make([]follow.Header, len(headers))
	for i, h := range headers {
		out[i] = follow.Header{Name: h.Name, Value: h.Value.String()}
	}
	return out
}

// headersOf are headers as the protocol wants them.
func headersOf(headers []follow.Header) []header {
	out := make([]header, len(headers))
	for i, h := range headers {
		out[i] = header{h.Name, textOf(h.Value)}
	}
	return out
}

// authenticate answers a server that asks for a user and a password.
func (b *instance) authenticate(e networkEvent) {
	if !e.IsBlocked {
		return
	}
	p := params{"request": e.Request.Request, "action": "default"}
	if t := b.tabOf(e.Context); t != nil {
		o := t.c.Options()
		again := t.Gave(e.Request.Request)
		switch {
		case o.User == "":
		case again: // it was given, and was wrong
			p["action"] = "cancel"
		default:
			p["action"], p["credentials"] = "provideCredentials", params{"type": "password", "username": o.User, "password": o.Password}
		}
	}
	go b.c.send("network.continueWithAuth", p)
}
