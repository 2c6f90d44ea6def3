package mail

import (
	"context"
	"io"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[makeIn, makeOut]{
		Type:   "mail.make",
		Title:  "Make e-mail file",
		Doc:    "Writes a message as an .eml file, which mail programs open and mail.send_file sends. Bcc is kept in the file.",
		Effect: node.Idempotent,
		Examples: []node.Example[makeIn, makeOut]{{
			Title: "A draft that Outlook opens for sending",
			In:    makeIn{File: "out/offer.eml", Unsent: true, draft: draft{From: "ada@example.com", To: []string{"Bøb <bob@example.com>"}, Subject: "Offer", content: content{Text: "Dear Bob,"}}},
			Check: func(o makeOut) error {
				if o.File != "out/offer.eml" || o.Size < 200 || o.MessageID == "" {
					return input("", "got %+v", o)
				}
				return nil
			},
		}},
		Check: func(in makeIn) error { return in.draft.check() },
		Run:   makeMail,
	})
}

type makeIn struct {
	File   string `json:"file" is:"required" widget:"file" doc:"Path of the .eml file. Missing folders are made; a file that is there is replaced."`
	Unsent bool   `json:"unsent" doc:"Mark the message as a draft, so that Outlook opens it for editing."`
	draft
}

type makeOut struct {
	File      string `json:"file" doc:"Path of the file."`
	MessageID string `json:"message_id" doc:"Message-ID with its angle brackets."`
	Size      int    `json:"size" doc:"Size of the file in bytes."`
}

func makeMail(ctx context.Context, env *node.Env, in makeIn) (makeOut, error) {
	if err := in.draft.check(); err != nil {
		return makeOut{}, err
	}
	if in.Unsent {
		h := map[string]string{"X-Unsent": "1"}
		for k, v := range in.Headers {
			h[k] = v
		}
		in.Headers = h
	}
	m, err := in.draft.compose(ctx, env, true)
	if err != nil {
		return makeOut{}, err
	}
	size := &sizing{}
	err = env.Files.WriteAtomic(in.File, 0o644, func(w io.Writer) error { return m.write(ctx, io.MultiWriter(w, size)) })
	return makeOut{File: in.File, MessageID: m.id, Size: int(size.n)}, err
}
