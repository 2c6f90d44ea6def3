package cdp

import (
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
)

type dialogEvent struct{ Message, Type, DefaultPrompt, URL string }

// dialog answers a message of the page at once: the page stands still until then.
func (t *tab) dialog(s *session, e dialogEvent) {
	var accept, left bool
	var text string
	var d browser.Dialog
	t.update(func() {
		p := t.policy
		if left = p.Leave; left {
			t.left, t.leftIn = &browser.Dialog{Kind: e.Type, Message: e.Message, Default: e.DefaultPrompt, At: time.Now()}, s
			return
		}
		accept = !p.Dismiss && (p.Accept || e.Type == "alert" || e.Type == "beforeunload")
		text = p.Text
		if text == "" {
			text = e.DefaultPrompt
		}
		d = browser.Dialog{Kind: e.Type, Message: e.Message, Default: e.DefaultPrompt, Answer: answers[accept], At: time.Now()}
		if e.Type == "beforeunload" && !accept && t.next != nil && !t.next.begun {
			t.next = nil
		}
		t.dialogs = append(t.dialogs, d)
		if len(t.dialogs) > 1000 { // a page may show them without end
			t.dialogs = slices.Delete(t.dialogs, 0, 500)
		}
	})
	if left {
		return
	}
	p := map[string]any{"accept": accept}
	if accept && e.Type == "prompt" {
		p["promptText"], d.Text = text, text
	}
	t.replied(d)
	s.send("Page.handleJavaScriptDialog", p)
}

var answers = map[bool]string{true: "accepted", false: "dismissed"}

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
	if d := t.left; d != nil && !p.Leave {
		accept := !p.Dismiss && (p.Accept || d.Kind == "alert" || d.Kind == "beforeunload")
		text := p.Text
		if text == "" {
			text = d.Default
		}
		t.leftIn.send("Page.handleJavaScriptDialog", map[string]any{"accept": accept, "promptText": text})
	}
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
