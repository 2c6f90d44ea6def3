package cdp

import (
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
)

type dialogEvent struct{ Message, Type, DefaultPrompt, URL string }

// dialog answers a message of the page at once: the page stands still until then.
func (t *tab) dialog(s *session, e dialogEvent) {
	var accept bool
	var text string
	t.update(func() {
		p := t.policy
		accept = !p.Dismiss && (p.Accept || e.Type == "alert" || e.Type == "beforeunload")
		text = p.Text
		if text == "" {
			text = e.DefaultPrompt
		}
		d := browser.Dialog{Kind: e.Type, Message: e.Message, Default: e.DefaultPrompt, Answer: map[bool]string{true: "accepted", false: "dismissed"}[accept], At: time.Now()}
		if e.Type == "beforeunload" && !accept && t.next != nil && !t.next.begun {
			t.next = nil
		}
		t.dialogs = append(t.dialogs, d)
		if len(t.dialogs) > 1000 { // a page may show them without end
			t.dialogs = slices.Delete(t.dialogs, 0, 500)
		}
	})
	p := map[string]any{"accept": accept}
	if accept && e.Type == "prompt" {
		p["promptText"] = text
	}
	s.send("Page.handleJavaScriptDialog", p)
}

// Dialogs implements browser.Tab.
func (t *tab) Dialogs() []browser.Dialog {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.dialogs)
}

// Answer implements browser.Tab.
func (t *tab) Answer(p browser.DialogPolicy) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.policy = p
}

type authEvent struct {
	RequestID     string
	AuthChallenge struct{ Source, Origin, Scheme, Realm string }
}

// authenticate answers a server that asks for a user and a password.
func (t *tab) authenticate(s *session, e authEvent) {
	o := t.c.options()
	answer := map[string]any{"response": "ProvideCredentials", "username": o.User, "password": o.Password}
	t.mu.Lock()
	if t.asked == nil {
		t.asked = map[string]bool{}
	}
	if t.asked[e.RequestID] { // it was given, and was wrong
		answer = map[string]any{"response": "CancelAuth"}
	}
	t.asked[e.RequestID] = true
	t.mu.Unlock()
	s.send("Fetch.continueWithAuth", map[string]any{"requestId": e.RequestID, "authChallengeResponse": answer})
}
