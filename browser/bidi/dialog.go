package bidi

import (
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
)

type dialogEvent struct {
	Context, Message, Type, DefaultValue, UserText string
	Accepted                                       bool
}

func (e dialogEvent) context() string { return e.Context }

var answers = map[bool]string{true: "accepted", false: "dismissed"}

// agrees says what a policy answers, and the text for a prompt.
func agrees(p browser.DialogPolicy, kind, initial string) (accept bool, text string) {
	accept = !p.Dismiss && (p.Accept || kind == "alert" || kind == "beforeunload")
	if text = p.Text; text == "" {
		text = initial
	}
	return accept, text
}

// dialog answers a message of the page at once: the page stands still until then.
func (t *tab) dialog(e dialogEvent) {
	d := browser.Dialog{Kind: e.Type, Message: e.Message, Default: e.DefaultValue, At: time.Now()}
	left := false
	var accept bool
	var text string
	t.update(func() {
		if left = t.policy.Leave; left {
			t.left = &d
			return
		}
		accept, text = agrees(t.policy, e.Type, e.DefaultValue)
		d.Answer = answers[accept]
		if e.Type == "beforeunload" && !accept {
			t.next = nil
		}
		t.dialogs = append(t.dialogs, d)
		if len(t.dialogs) > 1000 { // a page may show them without end
			t.dialogs = slices.Delete(t.dialogs, 0, 500)
		}
	})
	if !left {
		t.reply(e.Type, accept, text)
	}
}

func (t *tab) reply(kind string, accept bool, text string) {
	p := params{"context": t.id, "accept": accept}
	if accept && kind == "prompt" {
		p["userText"] = text
	}
	go t.send("browsingContext.handleUserPrompt", p)
}

// dialogClosed notes how a person has answered a message of the page.
func (t *tab) dialogClosed(e dialogEvent) {
	t.update(func() {
		d := t.left
		if t.left = nil; d == nil {
			return
		}
		d.Answer = answers[e.Accepted]
		if e.Accepted && d.Kind == "prompt" {
			d.Text = e.UserText
		}
		t.dialogs = append(t.dialogs, *d)
	})
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
	if d := t.left; d != nil && !p.Leave {
		accept, text := agrees(p, d.Kind, d.Default)
		t.reply(d.Kind, accept, text)
	}
}
