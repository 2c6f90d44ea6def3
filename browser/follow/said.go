package follow

import (
	"context"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/browser"
)

// maxMessages is how many messages of a page are kept, maxMessage how long one may be, and maxDialogs how many dialogs:
// a page may show them without end.
const (
	maxMessages = 1000
	maxMessage  = 4000
	maxDialogs  = 1000
)

// Says notes what a script has written, or the error that it ended with.
func (t *Tab[D]) Says(m browser.Message) {
	if len(m.Text) > maxMessage {
		m.Text = strings.ToValidUTF8(m.Text[:maxMessage], "") + "…"
	}
	t.Lock()
	defer t.Unlock()
	t.said++
	m.Number = t.said
	if len(t.console) == maxMessages {
		t.console = slices.Delete(t.console, 0, maxMessages/2)
	}
	t.console = append(t.console, m)
}

// Console implements browser.Tab.
func (t *Tab[D]) Console() []browser.Message {
	t.Lock()
	defer t.Unlock()
	return slices.Clone(t.console)
}

// Reply is what a message of a page is answered with; the text is for a prompt.
type Reply struct {
	Accept bool
	Text   string
}

// words for how a message was answered.
var words = map[bool]string{true: "accepted", false: "dismissed"}

// reply is what a policy answers.
func reply(p browser.DialogPolicy, d browser.Dialog) Reply {
	r := Reply{Accept: !p.Dismiss && (p.Accept || d.Kind == "alert" || d.Kind == "beforeunload"), Text: p.Text}
	if r.Text == "" {
		r.Text = d.Default
	}
	return r
}

// answered is a message with how it was answered.
func answered(d browser.Dialog, r Reply) browser.Dialog {
	d.Answer = words[r.Accept]
	if r.Accept && d.Kind == "prompt" {
		d.Text = r.Text
	}
	return d
}

// keep notes an answered message. Call it with the lock held.
func (t *Tab[D]) keep(d browser.Dialog) {
	if len(t.dialogs) == maxDialogs {
		t.dialogs = slices.Delete(t.dialogs, 0, maxDialogs/2)
	}
	t.dialogs = append(t.dialogs, d)
}

// Shows notes a message of the page, which stands still until it is answered, and returns the answer and the message
// with it; nil where a person is to answer.
func (t *Tab[D]) Shows(d browser.Dialog) (*Reply, browser.Dialog) {
	var r *Reply
	t.Update(func() {
		if t.policy.Leave {
			t.left = &d
			return
		}
		said := reply(t.policy, d)
		r = &said
		d = answered(d, said)
		if d.Kind == "beforeunload" && !r.Accept && t.Next != nil && !t.Next.Begun {
			t.Next = nil
		}
		t.keep(d)
	})
	return r, d
}

// Decides sets how the messages from now on are answered, and returns the answer to one that was left to a person, nil
// where there is none, or a person is to answer still.
func (t *Tab[D]) Decides(p browser.DialogPolicy) (*Reply, browser.Dialog) {
	t.Lock()
	defer t.Unlock()
	t.policy = p
	if t.left == nil || p.Leave {
		return nil, browser.Dialog{}
	}
	r := reply(p, *t.left)
	return &r, *t.left
}

// Replied notes how a message was answered that was left to a person, and returns it; nil if there was none.
func (t *Tab[D]) Replied(r Reply) (replied *browser.Dialog) {
	t.Update(func() {
		if t.left == nil {
			return
		}
		d := answered(*t.left, r)
		t.left, replied = nil, &d
		t.keep(d)
	})
	return replied
}

// Asks implements browser.Asker.
func (t *Tab[D]) Asks() (browser.Dialog, bool) {
	t.Lock()
	defer t.Unlock()
	if t.left == nil {
		return browser.Dialog{}, false
	}
	return *t.left, true
}

// Dialogs implements browser.Tab.
func (t *Tab[D]) Dialogs() []browser.Dialog {
	t.Lock()
	defer t.Unlock()
	return slices.Clone(t.dialogs)
}

// Taking makes the field of a file chooser known to the library.
type Taking = func(context.Context) (browser.Chosen, error)

// Chooses hands a file chooser that the page has opened to who waits for one; where nobody does, it is dropped.
func (t *Tab[D]) Chooses(chosen Taking) {
	t.Lock()
	defer t.Unlock()
	select {
	case t.chooser <- chosen:
	default: // nobody waits, or one is waiting already
	}
}

// AwaitChooser begins to wait for file choosers, until stop is called.
func (t *Tab[D]) AwaitChooser() (next Taking, stop func()) {
	opened := make(chan Taking, 1)
	set := func(c chan Taking) {
		t.Lock()
		defer t.Unlock()
		t.chooser = c
	}
	set(opened)
	next = func(ctx context.Context) (browser.Chosen, error) {
		select {
		case chosen := <-opened:
			return chosen(ctx)
		case <-ctx.Done():
			return browser.Chosen{}, ctx.Err()
		case <-t.gone:
			return browser.Chosen{}, browser.ErrGone
		}
	}
	return next, func() { set(nil) }
}
