package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
)

// Linker is a host that makes links by which people without an account answer.
type Linker interface {
	// AnswerLink returns the link of a person to what is asked on a topic, the same for the same arguments, and how long
	// it is good from when it is asked. The host masks it from then on.
	AnswerLink(ctx context.Context, topic, person string, valid time.Duration) (string, error)
}

// answerLink makes a link to what a node asks that stands beside this one.
func (b *branch) answerLink(s *step, m node.AnswerLink) signal {
	failed := func(err error) signal { return signal{kind: sigFail, fail: b.failure(s, err)} }
	to := b.plan.steps[m.Ask]
	switch {
	case to == nil:
		return failed(node.Fail(node.KindInput, fmt.Sprintf("there is no node %s in this flow, and the link is to lead to what a node asks", m.Ask), "write the id of the node that asks, in the same loop or block as this one"))
	case !to.def.Asks:
		return failed(node.Fail(node.KindInput, fmt.Sprintf("the node %s (%s) asks nobody", m.Ask, to.def.Type), "name a node such as flow.wait_for_approval or dialog.form"))
	}
	out := map[string]any{"url": "", "for": m.Person}
	if b.x.look == nil {
		l, ok := b.x.host.(Linker)
		if !ok {
			return failed(node.Fail(node.KindInput, "there are no links to answers in this process", "run the flow with a server or a robot"))
		}
		url, err := l.AnswerLink(b.ctx, "answer:"+b.path(to), m.Person, m.Valid)
		if err != nil {
			return failed(err)
		}
		out["url"] = url
	}
	b.setOut(s.id, out)
	return signal{}
}
