package bidi

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/browser"
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
	for _, r := range t.c.options().Rules {
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
		t.c.match()
		go t.send("network.failRequest", params{"request": e.Request.Request})
	case browser.RuleAnswer:
		t.c.match()
		status := r.Status
		if status == 0 {
			status = http.StatusOK
		}
		go t.send("network.provideResponse", params{"request": e.Request.Request, "statusCode": status, "reasonPhrase": http.StatusText(status),
			"headers": headersOf(nil, r.Headers), "body": text{"base64", base64.StdEncoding.EncodeToString([]byte(r.Body))}})
	default:
		t.c.b.continues(e)
	}
}

// decideAnswer decides about an answer of a server.
func (t *tab) decideAnswer(e networkEvent) {
	p := params{"request": e.Request.Request}
	r, ok := t.rule(e)
	if ok && r.Do == browser.RuleChange {
		t.c.match()
		p["headers"] = headersOf(e.Response.Headers, r.Headers)
		if r.Status != 0 {
			p["statusCode"], p["reasonPhrase"] = r.Status, http.StatusText(r.Status)
		}
	} else if h := attached(e.Response.Headers); t.saving.Load() && e.Navigation != "" && e.Response.Status/100 == 2 && h != nil {
		p["headers"] = h
	}
	go t.send("network.continueResponse", p)
}

// headersOf are the headers of an answer with those of a rule.
func headersOf(have []header, want map[string]string) []header {
	out := []header{}
	for _, h := range have {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(n string) bool { return strings.EqualFold(n, h.Name) }) {
			out = append(out, h)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(want)) {
		if want[n] != "" {
			out = append(out, header{n, textOf(want[n])})
		}
	}
	return out
}

// attached are the headers of an answer made one to save; nil if it is so already, or is HTML.
func attached(headers []header) []header {
	out := []header{}
	disposition := "attachment"
	for _, h := range headers {
		switch v := h.Value.String(); strings.ToLower(h.Name) {
		case "content-type":
			if v = strings.ToLower(v); strings.HasPrefix(v, "text/html") || strings.HasPrefix(v, "application/xhtml") {
				return nil
			}
		case "content-disposition":
			kind, rest, named := strings.Cut(v, ";")
			if strings.EqualFold(strings.TrimSpace(kind), "attachment") {
				return nil
			}
			if named {
				disposition += ";" + rest
			}
			continue
		}
		out = append(out, h)
	}
	return append(out, header{"Content-Disposition", textOf(disposition)})
}

// authenticate answers a server that asks for a user and a password.
func (b *instance) authenticate(e networkEvent) {
	if !e.IsBlocked {
		return
	}
	p := params{"request": e.Request.Request, "action": "default"}
	if t := b.tabOf(e.Context); t != nil {
		o := t.c.options()
		t.mu.Lock()
		again := t.asked[e.Request.Request]
		t.asked[e.Request.Request] = true
		t.mu.Unlock()
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
