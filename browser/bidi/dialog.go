package bidi

import (
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

type dialogEvent struct {
	Context, Message, Type, DefaultValue, UserText string
	Accepted                                       bool
}

func (e dialogEvent) context() string { return e.Context }

// dialog answers a message of the page at once: the page stands still until then.
func (t *tab) dialog(e dialogEvent) {
	r, d := t.Shows(browser.Dialog{Kind: e.Type, Message: e.Message, Default: e.DefaultValue, At: time.Now()})
	if r == nil {
		return
	}
	if e.Type == "beforeunload" && !r.Accept { // the navigation has begun, and ends here
		t.Update(func() { t.Next = nil })
	}
	t.reply(d, *r)
}

func (t *tab) reply(d browser.Dialog, r follow.Reply) {
	p := params{"context": t.ID(), "accept": r.Accept}
	if r.Accept && d.Kind == "prompt" {
		p["userText"] = r.Text
	}
	go t.send("browsingContext.handleUserPrompt", p)
}

// dialogClosed notes how a person has answered a message of the page.
func (t *tab) dialogClosed(e dialogEvent) {
	t.Replied(follow.Reply{Accept: e.Accepted, Text: e.UserText})
}

// Answer implements browser.Tab.
func (t *tab) Answer(p browser.DialogPolicy) {
	if r, d := t.Decides(p); r != nil {
		t.reply(d, *r)
	}
}
