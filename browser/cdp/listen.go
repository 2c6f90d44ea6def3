package cdp

import (
	"context"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

// teller is the function by which a script in the library's world speaks to this process.
const teller = "__aetherTell"

// library is what runs in the library's world of each document.
func (c *contextOf) library() string {
	if l := c.Options().Listen; l != nil {
		return browser.Library + l.Script
	}
	return browser.Library
}

type toldEvent struct {
	Name, Payload      string
	ExecutionContextID int64
}

// told hands on what a script in the library's world says.
func (t *tab) told(s *session, e toldEvent) {
	l := t.c.Options().Listen
	if l == nil || e.Name != teller || l.Heard == nil {
		return
	}
	t.Lock()
	id := ""
	for _, f := range t.All() {
		if f.Driver.s == s && f.Driver.ours == e.ExecutionContextID {
			id = f.ID
		}
	}
	t.Unlock()
	if id != "" {
		l.Heard(t, id, e.Payload)
	}
}

// went tells who listens where the tab has come to.
func (t *tab) went(w browser.Went) {
	if l := t.c.Options().Listen; l != nil && l.Went != nil {
		l.Went(t, w)
	}
}

// navigation are the params for going to an address; where somebody listens, it stands for one that a person gives.
func (c *contextOf) navigation(url string) map[string]any {
	p := map[string]any{"url": url}
	if c.Options().Listen != nil {
		p["transitionType"] = "typed"
	}
	return p
}

// Visits implements browser.Tab.
func (t *tab) Visits(ctx context.Context) (list []browser.Visit, current int, err error) {
	var h struct {
		CurrentIndex int
		Entries      []struct {
			ID                  int
			URL, TransitionType string
		}
	}
	if err := t.call(ctx, t.s, "Page.getNavigationHistory", nil, &h); err != nil {
		return nil, 0, err
	}
	for _, e := range h.Entries {
		typed := false
		switch e.TransitionType {
		case "typed", "address_bar", "auto_bookmark", "generated", "keyword", "keyword_generated":
			typed = true
		}
		list = append(list, browser.Visit{ID: e.ID, URL: e.URL, Typed: typed})
	}
	return list, h.CurrentIndex, nil
}

// FilePath implements browser.Tab.
func (t *tab) FilePath(ctx context.Context, frame string, handle int) (string, error) {
	s, o, err := t.object(ctx, frame, handle)
	if err != nil {
		return "", err
	}
	defer t.release(s, o)
	var r struct{ Path string }
	if err := t.call(ctx, s, "DOM.getFileInfo", map[string]any{"objectId": o}, &r); err != nil {
		return "", t.vanished(err)
	}
	return r.Path, nil
}

type dialogClosedEvent struct {
	Result    bool
	UserInput string
}

// dialogClosed notes how a person has answered a message of the page.
func (t *tab) dialogClosed(e dialogClosedEvent) {
	if d := t.Replied(follow.Reply{Accept: e.Result, Text: e.UserInput}); d != nil {
		t.replied(*d)
	}
}

// replied tells who listens how a message of the page was answered.
func (t *tab) replied(d browser.Dialog) {
	if l := t.c.Options().Listen; l != nil && l.Answered != nil {
		l.Answered(t, d)
	}
}

// listening sends what a session needs so that its scripts can speak to this process.
func (t *tab) listening(s *session) []pending {
	if t.c.Options().Listen == nil {
		return nil
	}
	return []pending{s.send("Runtime.addBinding", map[string]any{"name": teller, "executionContextName": world})}
}
