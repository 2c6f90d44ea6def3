package mail

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	unread := true
	node.Register(node.Spec[searchIn, searchOut]{
		Type:  "mail.search",
		Title: "Search e-mails",
		Doc: "Finds and reads messages of a mailbox folder over IMAP. Nothing in the mailbox changes, messages stay unread, unless `mark_read` is set.\n\n" +
			"Each message is a row with uid, uid_validity, folder, received, size, flags, unread, flagged, answered, message_id, subject, from (name, address), to, cc, bcc, reply_to, date, in_reply_to, references, priority, text, html, attachments (name, type, size, inline, content_id, path), has_attachments, delivery, headers and issues. " +
			"With `bodies` off only headers are fetched: text and html are empty, and sizes of attachments are estimates. With it on the whole messages are fetched, so set `limit`.\n\n" +
			"To go through new mail again and again, give `last_uid` of the last run as `after_uid`, or mark, move or delete what is done.",
		Effect:   node.Once,
		EffectOf: func(in searchIn) node.Effect { return in.effectOf() },
		Examples: []node.Example[searchIn, searchOut]{{
			Title: "Invoices that came today, PDFs saved",
			In: searchIn{Connection: connection{Host: "imap.example.com", User: "ada@example.com"}, Limit: 20,
				filter: filter{Status: "unread", Subject: "invoice", Since: "2026-05-04", HasAttachments: &unread}, saving: saving{SaveTo: "invoices", SavePattern: []string{"*.pdf"}}},
			Out: searchOut{Messages: value.RowsOf([]any{map[string]any{"uid": 4711, "subject": "Invoice 17", "from": map[string]any{"name": "Bob", "address": "bob@example.com"}}}),
				Count: 1, Total: 1, LastUID: 4711, UIDValidity: 1700000000, UIDNext: 4712, Files: []savedFile{{Path: "/work/invoices/17.pdf", Name: "17.pdf", Type: "application/pdf", Size: 40321, UID: 4711}}},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Aliases: []string{"mail.read"},
		Check: func(in searchIn) error {
			_, err := in.check()
			return err
		},
		Run: search,
	})
}

type searchIn struct {
	Connection connection `json:"connection" is:"required" doc:"IMAP server of the mailbox."`
	Folder     string     `json:"folder" default:"INBOX" doc:"Folder to search, as mail.list_folders names it."`
	filter
	Limit    int    `json:"limit" default:"50" min:"0" doc:"Most messages to return; 0 returns all that fit."`
	Order    string `json:"order" default:"newest" enum:"newest,oldest" doc:"Which come first, by their arrival in the folder."`
	Bodies   bool   `json:"bodies" default:"true" doc:"Fetch texts and attachments, not only headers."`
	MaxText  int    `json:"max_text" default:"1048576" min:"1" max:"104857600" is:"advanced" doc:"How many bytes of text, and of HTML, to keep of each message. What is longer is cut, and issues says so."`
	MarkRead bool   `json:"mark_read" doc:"Mark the messages returned as read, once all of them were read and saved."`
	saving
}

type searchOut struct {
	Messages    value.Rows  `json:"messages" doc:"The messages, one row each."`
	Count       int         `json:"count" doc:"Number of messages returned."`
	Total       int         `json:"total" doc:"Number of messages the server found; more than count if limit cut them, or if it cannot tell has_attachments and times of day."`
	LastUID     int         `json:"last_uid" doc:"Highest UID among those returned; after_uid if there are none. With order oldest, give it as after_uid the next time."`
	UIDValidity int         `json:"uid_validity" doc:"UIDVALIDITY of the folder. If it differs from the last time, UIDs kept from then mean nothing any more."`
	UIDNext     int         `json:"uid_next" doc:"UID that the next message to arrive will have at least."`
	Files       []savedFile `json:"files" doc:"Attachments that were saved."`
}

func (in searchIn) effectOf() node.Effect {
	if in.MarkRead {
		return node.Once
	}
	return in.effect()
}

func (in searchIn) check() (query, error) {
	q := query{filter: in.filter}
	var err error
	if q.criteria, q.window, err = in.compile(); err != nil {
		return q, err
	}
	if in.SaveTo != "" && !in.Bodies {
		return q, input("set bodies", "attachments cannot be saved when only headers are fetched")
	}
	if err := in.saving.check(); err != nil {
		return q, err
	}
	return q, in.Connection.check()
}

// query is a filter made ready.
type query struct {
	filter   filter
	criteria *imap.SearchCriteria
	window   window
}

func search(ctx context.Context, env *node.Env, in searchIn) (searchOut, error) {
	q, err := in.check()
	if err != nil {
		return searchOut{}, err
	}
	out, err := searchWith(ctx, env, in, q, true)
	if errors.Is(err, errStructure) {
		out, err = searchWith(ctx, env, in, q, false)
	}
	return out, err
}

func searchWith(ctx context.Context, env *node.Env, in searchIn, q query, structure bool) (searchOut, error) {
	s, err := openIMAP(ctx, env, in.Connection)
	if err != nil {
		return searchOut{}, err
	}
	defer s.release()
	if err := s.open(ctx, in.Folder, !in.MarkRead); err != nil {
		return searchOut{}, err
	}
	out := searchOut{UIDValidity: int(s.validity), UIDNext: int(s.next), LastUID: in.AfterUID}
	uids, err := s.search(ctx, q.criteria)
	if err != nil {
		return out, err
	}
	// n:* always means at least the last message.
	uids = slices.DeleteFunc(uids, func(u int) bool { return u <= in.AfterUID })
	out.Total = len(uids)
	if in.Order == "newest" {
		slices.Reverse(uids)
	}
	if uids, err = s.choose(ctx, uids, q, in.Limit, structure); err != nil {
		return out, err
	}
	how := reading{bodies: in.Bodies, maxText: in.MaxText, structure: structure, saver: newSaver(env, in.saving)}
	var done []int
	out.Messages, err = env.Rows(ctx, func(yield func(any) bool) error {
		done, err = s.rows(ctx, env, uids, how, yield)
		return err
	})
	if err != nil {
		return out, err
	}
	out.Count, out.Files = len(done), how.saver.files
	for _, u := range done {
		out.LastUID = max(out.LastUID, u)
	}
	if in.MarkRead {
		for chunk := range slices.Chunk(done, 500) {
			if err := s.store(ctx, uidSet(chunk), imap.StoreFlagsAdd, []imap.Flag{imap.FlagSeen}); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// Messages are fetched so many at a time: a round trip each would be slow, and
// all of them at once would not fit in memory.
const (
	batchHeaders = 100
	batchBodies  = 10
)

// choose cuts the list down to the limit, testing what the server could not.
func (s *session) choose(ctx context.Context, uids []int, q query, limit int, structure bool) ([]int, error) {
	attachments := q.filter.HasAttachments
	if attachments == nil && q.window == (window{}) {
		if limit > 0 && len(uids) > limit {
			uids = uids[:limit]
		}
		return uids, nil
	}
	how := reading{maxText: 1}
	if attachments != nil {
		how.structure, how.bodies = structure, !structure
	}
	out := []int{}
	for chunk := range slices.Chunk(uids, batchHeaders) {
		got, err := s.fetch(ctx, chunk, how)
		if err != nil {
			return nil, err
		}
		for _, u := range chunk {
			m := got[u]
			if m == nil || !q.window.holds(m.received()) || attachments != nil && m.HasAttachments != *attachments {
				continue
			}
			if out = append(out, u); limit > 0 && len(out) == limit {
				return out, nil
			}
		}
	}
	return out, nil
}

// rows yields messages in the order given and returns which were there.
func (s *session) rows(ctx context.Context, env *node.Env, uids []int, how reading, yield func(any) bool) ([]int, error) {
	done := []int{}
	size := batchHeaders
	if how.bodies {
		size = batchBodies
	}
	for chunk := range slices.Chunk(uids, size) {
		got, err := s.fetch(ctx, chunk, how)
		if err != nil {
			return nil, err
		}
		for _, u := range chunk {
			m := got[u]
			if m == nil {
				continue // somebody removed it meanwhile
			}
			row, err := toMap(*m)
			if err != nil {
				return nil, err
			}
			if !yield(row) {
				return done, nil
			}
			done = append(done, u)
		}
		env.Progress(fmt.Sprintf("read %d of %d messages", len(done), len(uids)), len(done), len(uids))
	}
	return done, nil
}
