package mail

import (
	"context"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
)

func init() {
	box := connection{Host: "imap.example.com", User: "ada@example.com"}
	node.Register(node.Spec[appendIn, appendOut]{
		Type:   "mail.append",
		Title:  "Save e-mail draft",
		Doc:    "Puts a message into a folder of a mailbox without sending it: a draft for a person to look over and send. The message is made of the same params as for mail.send. Bcc is kept in drafts.",
		Effect: node.Once,
		Examples: []node.Example[appendIn, appendOut]{{
			Title:   "A draft for approval",
			In:      appendIn{storing: storing{Connection: box, Role: "drafts", Flags: []string{"draft"}}, draft: draft{From: "ada@example.com", To: []string{"bob@example.com"}, Subject: "Offer", content: content{Text: "Dear Bob,", Files: []string{"offer.pdf"}}}},
			Out:     appendOut{Folder: "Drafts", UID: 12, UIDValidity: 1700000000, MessageID: "<5b1f…@example.com>", Size: 51234},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in appendIn) error {
			if err := in.storing.check(); err != nil {
				return err
			}
			return in.draft.check()
		},
		Run: appendDraft,
	})
	node.Register(node.Spec[appendFileIn, appendOut]{
		Type:   "mail.append_file",
		Title:  "Store e-mail file in folder",
		Doc:    "Puts an .eml file into a folder of a mailbox without sending it: a copy of sent mail, or a message moved from another account.",
		Effect: node.Once,
		Examples: []node.Example[appendFileIn, appendOut]{{
			Title:   "A copy of what was sent",
			In:      appendFileIn{storing: storing{Connection: box, Role: "sent", Flags: []string{"read"}}, File: "out/offer.eml"},
			Out:     appendOut{Folder: "Sent", UID: 90, UIDValidity: 1700000000, MessageID: "<5b1f…@example.com>", Size: 51234},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in appendFileIn) error { return in.storing.check() },
		Run:   appendFile,
	})
}

// storing says where a message goes.
type storing struct {
	Connection   connection `json:"connection" is:"required" doc:"IMAP server of the mailbox."`
	Folder       string     `json:"folder" doc:"Folder to put it in; the one with the role if empty."`
	Role         string     `json:"role" default:"drafts" enum:"drafts,sent,trash" doc:"Which folder to find when folder is empty."`
	CreateFolder bool       `json:"create_folder" is:"advanced" doc:"Make the folder if it is missing; only with folder."`
	Flags        []string   `json:"flags" enum:"read,flagged,answered,draft" doc:"Marks the message gets. A message in the drafts is mostly wanted with draft and read."`
	Keywords     []string   `json:"keywords" is:"advanced" doc:"Keywords the message gets."`
}

type appendIn struct {
	storing
	draft
}

type appendFileIn struct {
	storing
	File string `json:"file" is:"required" widget:"file" doc:"Path of the .eml file."`
	Date string `json:"date" is:"advanced" doc:"Time of arrival it gets, for instance 2026-05-04T09:00:00Z; now if empty."`
}

type appendOut struct {
	Folder      string `json:"folder" doc:"Folder it is in."`
	UID         int    `json:"uid" doc:"Its UID; 0 if the server does not tell."`
	UIDValidity int    `json:"uid_validity" doc:"UIDVALIDITY of the folder; 0 if the server does not tell."`
	MessageID   string `json:"message_id" doc:"Message-ID with its angle brackets."`
	Size        int    `json:"size" doc:"Size in bytes."`
}

func (st storing) check() error {
	if err := oneLine("folder", st.Folder); err != nil {
		return err
	}
	for _, k := range st.Keywords {
		if err := checkKeyword(k); err != nil {
			return err
		}
	}
	return st.Connection.check()
}

func appendDraft(ctx context.Context, env *node.Env, in appendIn) (appendOut, error) {
	if err := in.storing.check(); err != nil {
		return appendOut{}, err
	}
	if err := in.draft.check(); err != nil {
		return appendOut{}, err
	}
	m, err := in.draft.compose(ctx, env, true)
	if err != nil {
		return appendOut{}, err
	}
	return in.store(ctx, env, m, time.Time{})
}

func appendFile(ctx context.Context, env *node.Env, in appendFileIn) (appendOut, error) {
	if err := in.storing.check(); err != nil {
		return appendOut{}, err
	}
	var at time.Time
	if in.Date != "" {
		var err error
		if at, _, err = parseWhen("date", in.Date); err != nil {
			return appendOut{}, err
		}
	}
	h, err := headersOf(env, in.File)
	if err != nil {
		return appendOut{}, err
	}
	m := &outgoing{id: cleanText(h.get("Message-ID"))}
	m.write = func(ctx context.Context, w io.Writer) error {
		return copyFile(ctx, func() (io.ReadCloser, error) { return env.Files.Open(in.File) }, in.File, &crlf{w: w})
	}
	size := &sizing{}
	if err := m.write(ctx, size); err != nil {
		return appendOut{}, err
	}
	m.size = size.n
	return in.store(ctx, env, m, at)
}

func (st storing) store(ctx context.Context, env *node.Env, m *outgoing, at time.Time) (appendOut, error) {
	s, err := openIMAP(ctx, env, st.Connection)
	if err != nil {
		return appendOut{}, err
	}
	defer s.release()
	folder := st.Folder
	if folder == "" {
		list, err := s.folders(ctx, "*")
		if err != nil {
			return appendOut{}, err
		}
		if folder = roleFolder(list, st.Role); folder == "" {
			return appendOut{}, node.Failf(node.KindNotFound, "no folder of the mailbox is for %s; name it in folder", st.Role)
		}
	}
	if err := s.ensure(ctx, folder, st.CreateFolder && st.Folder != ""); err != nil {
		return appendOut{}, err
	}
	opts := &imap.AppendOptions{Time: at}
	for _, f := range st.Flags {
		opts.Flags = append(opts.Flags, marks[f])
	}
	for _, k := range st.Keywords {
		opts.Flags = append(opts.Flags, imap.Flag(k))
	}
	data, err := s.put(ctx, folder, m, opts)
	if err != nil {
		return appendOut{}, err
	}
	return appendOut{Folder: folder, UID: int(data.UID), UIDValidity: int(data.UIDValidity), MessageID: m.id, Size: int(m.size)}, nil
}

// put sends a message whose size the server was told. A file that changes
// meanwhile cuts the connection, so that no half message is stored.
func (s *session) put(ctx context.Context, folder string, m *outgoing, opts *imap.AppendOptions) (*imap.AppendData, error) {
	cmd := s.c.Append(folder, m.size, opts)
	sent := &sizing{}
	werr := m.write(ctx, io.MultiWriter(&exactly{left: m.size}, cmd, sent))
	if werr == nil && sent.n != m.size {
		werr = changed()
	}
	if werr != nil {
		s.stale = true
		_ = s.g.Conn.Close() // the message must not be completed
		_, err := cmd.Wait()
		if isSaid(err) {
			return nil, s.tell(ctx, err)
		}
		if isNet(werr) {
			return nil, s.conn.tell(ctx, s.g, werr)
		}
		return nil, werr
	}
	if err := cmd.Close(); err != nil {
		return nil, s.unknown(ctx, err, "the message was stored")
	}
	data, err := cmd.Wait()
	if err != nil {
		return nil, s.unknown(ctx, err, "the message was stored")
	}
	return data, nil
}

func changed() error {
	return input("run the step again when nobody writes to the file", "a file changed while it was being sent; nothing was stored")
}

// exactly refuses more bytes than were announced.
type exactly struct{ left int64 }

func (e *exactly) Write(p []byte) (int, error) {
	if e.left -= int64(len(p)); e.left < 0 {
		return 0, changed()
	}
	return len(p), nil
}
