package mail

import (
	"context"
	"fmt"
	"io"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
)

func init() {
	box := connection{Host: "imap.example.com", User: "ada@example.com"}
	node.Register(node.Spec[getIn, getOut]{
		Type:     "mail.get",
		Title:    "Get e-mail",
		Doc:      "Reads one message of a mailbox by its UID or its Message-ID: headers, text, HTML and attachments. It stays unread unless `mark_read` is set. It can also be saved whole as an .eml file.",
		Effect:   node.Once,
		EffectOf: func(in getIn) node.Effect { return max(in.effect(), in.rawEffect()) },
		Examples: []node.Example[getIn, getOut]{{
			Title:   "One message and its attachments",
			In:      getIn{Connection: box, UID: 4711, saving: saving{SaveTo: "in"}},
			Out:     getOut{Message: stored{UID: 4711, Folder: "INBOX", message: message{Subject: "Invoice 17", From: address{"Bob", "bob@example.com"}, Text: "See attachment."}}},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in getIn) error { return in.check() },
		Run:   get,
	})
	node.Register(node.Spec[downloadIn, downloadOut]{
		Type:     "mail.download_attachments",
		Title:    "Download attachments",
		Doc:      "Saves the attachments of messages to a folder, the working folder if `save_to` is empty. Files of any size go through bounded memory. Names that strangers gave are made harmless, and nothing is overwritten unless `if_exists` says so. The messages stay unread.",
		Effect:   node.Once,
		EffectOf: func(in downloadIn) node.Effect { return in.here().effect() },
		Examples: []node.Example[downloadIn, downloadOut]{{
			Title:   "All PDFs of two messages",
			In:      downloadIn{target: target{Connection: box, Messages: []any{4711, 4712}}, saving: saving{SaveTo: "invoices", SavePattern: []string{"*.pdf"}}},
			Out:     downloadOut{Files: []savedFile{{Path: "/work/invoices/17.pdf", Name: "17.pdf", Type: "application/pdf", Size: 40321, UID: 4711}}, Count: 1},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in downloadIn) error { return in.saving.check() },
		Run:   download,
	})
}

type getIn struct {
	Connection  connection `json:"connection" is:"required" doc:"IMAP server of the mailbox."`
	Folder      string     `json:"folder" default:"INBOX" doc:"Folder of the message."`
	UID         int        `json:"uid" min:"0" max:"4294967295" doc:"UID of the message."`
	UIDValidity int        `json:"uid_validity" min:"0" is:"advanced" doc:"UIDVALIDITY of the folder when the UID was read; 0 does not check it."`
	MessageID   string     `json:"message_id" doc:"Message-ID, instead of a UID. If several messages have it, the newest is taken."`
	MaxText     int        `json:"max_text" default:"5242880" min:"1" max:"104857600" is:"advanced" doc:"How many bytes of text, and of HTML, to keep. What is longer is cut, and issues says so."`
	MarkRead    bool       `json:"mark_read" doc:"Mark the message as read."`
	SaveEML     string     `json:"save_eml" widget:"file" doc:"Path of a file to save the whole message to, as it is. A file that is there is replaced."`
	saving
}

type getOut struct {
	Message stored      `json:"message" doc:"The message."`
	Files   []savedFile `json:"files" doc:"Attachments that were saved."`
}

func (in getIn) rawEffect() node.Effect {
	if in.SaveEML != "" || in.MarkRead {
		return node.Idempotent
	}
	return node.Read
}

func (in getIn) check() error {
	if (in.UID == 0) == (in.MessageID == "") {
		return input("give the uid that mail.search returned, or a Message-ID", "one of uid and message_id is needed")
	}
	if err := in.saving.check(); err != nil {
		return err
	}
	return in.Connection.check()
}

func get(ctx context.Context, env *node.Env, in getIn) (getOut, error) {
	if err := in.check(); err != nil {
		return getOut{}, err
	}
	s, err := openIMAP(ctx, env, in.Connection)
	if err != nil {
		return getOut{}, err
	}
	defer s.release()
	if err := s.open(ctx, in.Folder, !in.MarkRead); err != nil {
		return getOut{}, err
	}
	if err := s.checkValidity(in.UIDValidity); err != nil {
		return getOut{}, err
	}
	uid := in.UID
	if uid == 0 {
		if uid, err = s.byMessageID(ctx, in.MessageID); err != nil {
			return getOut{}, err
		}
	}
	how := reading{bodies: true, maxText: in.MaxText, saver: newSaver(env, in.saving)}
	var m *stored
	if in.SaveEML == "" {
		m, err = s.one(ctx, uid, how)
	} else {
		err = env.Files.WriteAtomic(in.SaveEML, 0o644, func(w io.Writer) error {
			how.raw = w
			m, err = s.one(ctx, uid, how)
			return err
		})
	}
	if err != nil {
		return getOut{}, err
	}
	if in.MarkRead {
		if err := s.store(ctx, uidSet([]int{uid}), imap.StoreFlagsAdd, []imap.Flag{imap.FlagSeen}); err != nil {
			return getOut{}, err
		}
	}
	return getOut{Message: *m, Files: how.saver.files}, nil
}

// one reads a message that must be there.
func (s *session) one(ctx context.Context, uid int, how reading) (*stored, error) {
	got, err := s.fetch(ctx, []int{uid}, how)
	if err != nil {
		return nil, err
	}
	if got[uid] == nil {
		return nil, node.Fail(node.KindNotFound, fmt.Sprintf("the folder %s has no message with UID %d", short(s.folder), uid), "it may have been moved or deleted; search for it again")
	}
	return got[uid], nil
}

func (s *session) byMessageID(ctx context.Context, id string) (int, error) {
	id, err := wireID(id)
	if err != nil {
		return 0, err
	}
	uids, err := s.search(ctx, &imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: id}}})
	if err != nil {
		return 0, err
	}
	if len(uids) == 0 {
		return 0, node.Fail(node.KindNotFound, fmt.Sprintf("the folder %s has no message with the Message-ID %s", short(s.folder), id), "it may have been moved or deleted, or not have arrived yet")
	}
	return uids[len(uids)-1], nil
}

type downloadIn struct {
	target
	saving
}

// here saves to the working folder if no other is given: this node always
// saves.
func (s saving) here() saving {
	if s.SaveTo == "" {
		s.SaveTo = "."
	}
	return s
}

type downloadOut struct {
	Files   []savedFile `json:"files" doc:"The files saved."`
	Count   int         `json:"count" doc:"Number of files."`
	Missing []int       `json:"missing" doc:"UIDs that were not in the folder, with if_missing set to ignore."`
}

func download(ctx context.Context, env *node.Env, in downloadIn) (downloadOut, error) {
	in.saving = in.here()
	if err := in.saving.check(); err != nil {
		return downloadOut{}, err
	}
	out := downloadOut{}
	how := reading{bodies: true, maxText: 1, saver: newSaver(env, in.saving)}
	h, err := in.with(ctx, env, true, func(s *session, set imap.UIDSet) error {
		for _, u := range numbers(set) {
			if _, err := s.one(ctx, u, how); err != nil {
				return err
			}
		}
		return nil
	})
	out.Files, out.Count, out.Missing = how.saver.files, len(how.saver.files), h.Missing
	return out, err
}
