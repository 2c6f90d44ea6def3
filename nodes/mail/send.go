package mail

import (
	"context"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[sendIn, sendOut]{
		Type:  "mail.send",
		Title: "Send e-mail",
		Doc: "Sends a message over SMTP: plain text, HTML or both, with attachments of any size and inline images. " +
			"The Message-ID is the same when the step is tried again, so that servers and people can recognise a message that came twice.\n\n" +
			"If the server refuses some recipients, the others get the message and `rejected` lists the rest; see `on_rejected`. " +
			"If the connection breaks at the very end, nobody knows whether the message went out: the step then fails for good rather than sending twice. " +
			"Sent mail is not stored in the mailbox unless the server does so itself; mail.append does it.",
		Effect: node.Once,
		Examples: []node.Example[sendIn, sendOut]{{
			Title: "HTML with a logo and a report",
			In: sendIn{
				Connection: connection{Host: "smtp.example.com", User: "ada@example.com"},
				draft: draft{From: "Ada <ada@example.com>", To: []string{"bob@example.com"}, Cc: []string{"Eve <eve@example.com>; dan@example.com"}, Subject: "Report for May",
					content: content{HTML: "<p>Here it is.</p><img src=\"cid:logo\">", Files: []string{"report.pdf"}, Inline: []inlinePart{{File: "logo.png", CID: "logo"}}}},
			},
			Out:     sendOut{MessageID: "<5b1f…@example.com>", Accepted: []string{"bob@example.com", "eve@example.com", "dan@example.com"}, Response: "2.0.0 OK queued"},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in sendIn) error { return in.check() },
		Run: func(ctx context.Context, env *node.Env, in sendIn) (sendOut, error) {
			return in.draft.send(ctx, env, in.Connection, in.OnRejected)
		},
	})
}

// onRejected is shared by the nodes that send.
type onRejected struct {
	OnRejected string `json:"on_rejected" default:"send" enum:"send,fail" is:"advanced" doc:"If the server refuses some recipients: send to the others, or fail and send to none. If it refuses all, the step fails."`
}

type sendIn struct {
	Connection connection `json:"connection" is:"required" doc:"SMTP server to send through."`
	draft
	onRejected
}

type sendOut struct {
	MessageID string      `json:"message_id" doc:"Message-ID with its angle brackets, by which answers refer to the message."`
	Accepted  []string    `json:"accepted" doc:"Addresses the server took. That a mailbox exists is known only if no bounce comes back."`
	Rejected  []rejection `json:"rejected" doc:"Addresses the server refused at once, with its reason."`
	Response  string      `json:"response" doc:"What the server said at the end, often with its own number for the message."`
	Size      int         `json:"size" doc:"Size of the message in bytes, attachments encoded."`
}

func (in sendIn) check() error {
	if err := in.Connection.check(); err != nil {
		return err
	}
	return in.draft.check()
}

// send makes the message and hands it to the server.
func (d draft) send(ctx context.Context, env *node.Env, c connection, rejected string) (sendOut, error) {
	if err := c.check(); err != nil {
		return sendOut{}, err
	}
	if err := d.check(); err != nil {
		return sendOut{}, err
	}
	m, err := d.compose(ctx, env, false)
	if err != nil {
		return sendOut{}, err
	}
	return m.send(ctx, env, c, rejected)
}

func (m *outgoing) send(ctx context.Context, env *node.Env, c connection, rejected string) (sendOut, error) {
	if len(m.rcpts) == 0 {
		return sendOut{}, input("give to, cc or bcc", "the message has no recipient")
	}
	s, err := openSMTP(ctx, env, c)
	if err != nil {
		return sendOut{}, err
	}
	defer s.release()
	d, err := s.deliver(ctx, m, rejected == "fail")
	if err != nil {
		return sendOut{}, err
	}
	return sendOut{MessageID: m.id, Accepted: d.accepted, Rejected: d.rejected, Response: d.response, Size: int(m.size)}, nil
}
