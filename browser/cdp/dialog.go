package cdp

import (
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

type dialogEvent struct{ Message, Type, DefaultPrompt, URL string }

// dialog answers a message of the page at once: the page stands still until then.
func (t *tab) dialog(s *session, e dialogEvent) {
	t.Lock()
	t.leftIn = s
	t.Unlock()
	if r, d := t.Shows(browser.Dialog{Kind: e.Type, Message: e.Message, Default: e.DefaultPrompt, At: time.Now()}); r != nil {
		t.replied(d)
		answer(s, d, *r)
	}
}

func answer(s *session, d browser.Dialog, r follow.Reply) {
	p := map[string]any{"accept": r.Accept}
	if r.Accept && d.Kind == "prompt" {
		p["promptText"] = r.Text
	}
	s.send("Page.handleJavaScriptDialog", p)
}

// Answer implements browser.Tab.
func (t *tab) Answer(p browser.DialogPolicy) {
	r, d := t.Decides(p)
	if r == nil {
		return
	}
	t.Lock()
	s := t.leftIn
	t.Unlock()
	answer(s, d, *r)
}

type authEvent struct {
	RequestID     string
	AuthChallenge struct{ Source, Origin, Scheme, Realm string }
}

// authenticate answers a server that asks for a user and a password.
func (t *tab) authenticate(s *session, e authEvent) {
	o := t.c.Options()
	answer := map[string]any{"response": "ProvideCredentials", "username": o.User, "password": o.Password}
	if t.Gave(e.RequestID) { // it was given, and was wrong
		answer = map[string]any{"response": "CancelAuth"}
	}
	s.send("Fetch.continueWithAuth", map[string]any{"requestId": e.RequestID, "authChallengeResponse": answer})
}
