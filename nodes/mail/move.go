package mail

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
)

func init() {
	box := connection{Host: "imap.example.com", User: "ada@example.com"}
	node.Register(node.Spec[moveIn, moveOut]{
		Type:   "mail.move",
		Title:  "Move e-mails",
		Doc:    "Moves messages to another folder of the mailbox. In the new folder they have new UIDs, which the server mostly tells.",
		Effect: node.Once,
		Examples: []node.Example[moveIn, moveOut]{{
			Title:   "File what was booked",
			In:      moveIn{target: target{Connection: box, Messages: []any{4711}}, To: "Archive/2026", CreateFolder: true},
			Out:     moveOut{handled: handled{Count: 1, UIDs: []int{4711}}, To: "Archive/2026", NewUIDs: []int{12}, UIDValidity: 1700000000},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in moveIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in moveIn) (moveOut, error) {
			return in.run(ctx, env, false)
		},
	})
	node.Register(node.Spec[moveIn, moveOut]{
		Type:   "mail.copy",
		Title:  "Copy e-mails",
		Doc:    "Copies messages to another folder of the mailbox.",
		Effect: node.Once,
		Examples: []node.Example[moveIn, moveOut]{{
			Title:   "A copy for the records",
			In:      moveIn{target: target{Connection: box, Messages: []any{4711}}, To: "Records"},
			Out:     moveOut{handled: handled{Count: 1, UIDs: []int{4711}}, To: "Records", NewUIDs: []int{3}, UIDValidity: 1700000000},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in moveIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in moveIn) (moveOut, error) {
			return in.run(ctx, env, true)
		},
	})
	node.Register(node.Spec[deleteIn, deleteOut]{
		Type:  "mail.delete",
		Title: "Delete e-mails",
		Doc: "Moves messages to the trash, or removes them for good with `permanent`. The trash is found by what the server says or by its usual names.\n\n" +
			"Only the messages given are removed for good, never others that some program has marked as deleted. Gmail keeps what is removed from a folder in All Mail; delete to the trash there.",
		Effect: node.Once,
		Examples: []node.Example[deleteIn, deleteOut]{{
			Title:   "To the trash",
			In:      deleteIn{target: target{Connection: box, Messages: []any{4711}}},
			Out:     deleteOut{handled: handled{Count: 1, UIDs: []int{4711}}, To: "Trash"},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in deleteIn) error { return in.Connection.check() },
		Run:   deleteMails,
	})
}

type moveIn struct {
	target
	To           string `json:"to" is:"required" doc:"Folder to move to, as mail.list_folders names it."`
	CreateFolder bool   `json:"create_folder" doc:"Make the folder if it is missing."`
}

type moveOut struct {
	handled
	To          string `json:"to" doc:"Folder they are in now."`
	NewUIDs     []int  `json:"new_uids" doc:"Their UIDs there, in the order of uids; empty if the server does not tell."`
	UIDValidity int    `json:"uid_validity" doc:"UIDVALIDITY of that folder; 0 if the server does not tell."`
}

func (in moveIn) run(ctx context.Context, env *node.Env, copying bool) (moveOut, error) {
	if err := oneLine("to", in.To); err != nil {
		return moveOut{}, err
	}
	out := moveOut{To: in.To, NewUIDs: []int{}}
	var err error
	out.handled, err = in.with(ctx, env, copying, func(s *session, set imap.UIDSet) error {
		if !copying && s.folder == in.To {
			return input("give another folder", "the messages are in the folder %s already", short(in.To))
		}
		if err := s.ensure(ctx, in.To, in.CreateFolder); err != nil {
			return err
		}
		moved, err := s.transfer(ctx, set, in.To, copying)
		out.NewUIDs, out.UIDValidity = append(out.NewUIDs, moved.uids...), moved.validity
		return err
	})
	return out, err
}

// ensure tests that a folder is there before messages are sent to it.
func (s *session) ensure(ctx context.Context, folder string, create bool) error {
	_, err := s.c.Status(folder, &imap.StatusOptions{UIDValidity: true}).Wait()
	if err == nil || !isSaid(err) {
		return s.tell(ctx, err)
	}
	if !create {
		return node.Fail(node.KindNotFound, fmt.Sprintf("there is no folder %s; nothing was done", short(folder)), "mail.list_folders shows the folders; create_folder makes one")
	}
	if err := s.c.Create(folder, nil).Wait(); err != nil {
		return s.tell(ctx, err)
	}
	// Other programs show only folders that are subscribed to.
	if err := s.c.Subscribe(folder).Wait(); err != nil && !isSaid(err) {
		return s.tell(ctx, err)
	}
	return nil
}

type transferred struct {
	uids     []int
	validity int
}

// transfer copies or moves. Where the server cannot move, the messages are
// copied and then removed, they alone.
func (s *session) transfer(ctx context.Context, set imap.UIDSet, to string, copying bool) (transferred, error) {
	out := transferred{uids: []int{}}
	if !copying && s.c.Caps().Has(imap.CapMove) {
		data, err := s.c.Move(set, to).Wait()
		if err != nil {
			return out, s.unknown(ctx, err, "the messages were moved")
		}
		if dest, ok := data.DestUIDs.(imap.UIDSet); ok {
			out = transferred{numbers(dest), int(data.UIDValidity)}
		}
		return out, nil
	}
	if !copying {
		if err := s.canRemove(ctx, set); err != nil {
			return out, err
		}
	}
	data, err := s.c.Copy(set, to).Wait()
	if err != nil {
		return out, s.unknown(ctx, err, "the messages were copied")
	}
	out = transferred{numbers(data.DestUIDs), int(data.UIDValidity)}
	if copying {
		return out, nil
	}
	return out, s.remove(ctx, set)
}

// numbers lists a set; nil for one that no folder can have.
func numbers(set imap.UIDSet) []int {
	total := 0
	for _, r := range set {
		if r.Start == 0 || r.Stop < r.Start {
			return nil
		}
		if total += int(r.Stop-r.Start) + 1; total > 5_000_000 {
			return nil
		}
	}
	out := make([]int, 0, total)
	for _, r := range set {
		for u := int(r.Start); u <= int(r.Stop); u++ {
			out = append(out, u)
		}
	}
	return out
}

// canRemove fails if removing would take other messages along: a server
// without UIDPLUS removes all that are marked as deleted.
func (s *session) canRemove(ctx context.Context, set imap.UIDSet) error {
	if s.c.Caps().Has(imap.CapUIDPlus) {
		return nil
	}
	deleted, err := s.search(ctx, &imap.SearchCriteria{Flag: []imap.Flag{imap.FlagDeleted}})
	if err != nil {
		return err
	}
	for _, u := range deleted {
		if !set.Contains(imap.UID(u)) {
			return node.Fail(node.KindError, fmt.Sprintf("this server removes all messages marked as deleted at once, and the folder %s has others, for instance UID %d; nothing was done", short(s.folder), u), "empty the folder of deleted messages in a mail program first")
		}
	}
	return nil
}

// remove deletes messages for good.
func (s *session) remove(ctx context.Context, set imap.UIDSet) error {
	if err := s.canRemove(ctx, set); err != nil {
		return err
	}
	if err := s.store(ctx, set, imap.StoreFlagsAdd, []imap.Flag{imap.FlagDeleted}); err != nil {
		return err
	}
	if s.c.Caps().Has(imap.CapUIDPlus) {
		return s.unknown(ctx, s.c.UIDExpunge(set).Close(), "the messages were removed")
	}
	return s.unknown(ctx, s.c.Expunge().Close(), "the messages were removed")
}

type deleteIn struct {
	target
	Permanent bool   `json:"permanent" doc:"Remove for good instead of moving to the trash. This cannot be undone."`
	Trash     string `json:"trash" is:"advanced" doc:"Folder that is the trash; found if empty."`
}

type deleteOut struct {
	handled
	To string `json:"to" doc:"The trash they are in; empty if they were removed for good."`
}

func deleteMails(ctx context.Context, env *node.Env, in deleteIn) (deleteOut, error) {
	out := deleteOut{}
	var err error
	out.handled, err = in.with(ctx, env, false, func(s *session, set imap.UIDSet) error {
		if in.Permanent {
			return s.remove(ctx, set)
		}
		trash := in.Trash
		if trash == "" {
			folders, err := s.folders(ctx, "*")
			if err != nil {
				return err
			}
			if trash = roleFolder(folders, "trash"); trash == "" {
				return node.Fail(node.KindNotFound, "no folder of the mailbox is the trash; nothing was done", "name it in trash, or set permanent to remove for good")
			}
		}
		if strings.EqualFold(trash, s.folder) {
			return input("set permanent to remove them for good", "the messages are in the trash already")
		}
		if err := s.ensure(ctx, trash, false); err != nil {
			return err
		}
		out.To = trash
		_, err := s.transfer(ctx, set, trash, false)
		return err
	})
	return out, err
}

// roleNames are the usual names of folders on servers that do not say which
// is which, in lower case and without the prefix INBOX.
var roleNames = map[string][]string{
	"trash":  {"trash", "[gmail]/trash", "[google mail]/trash", "deleted items", "deleted messages", "deleted", "papierkorb", "gelöschte elemente", "gelöschte objekte", "corbeille", "éléments supprimés", "papelera", "cestino", "bin", "[gmail]/bin"},
	"drafts": {"drafts", "[gmail]/drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze"},
	"sent":   {"sent", "sent items", "sent mail", "[gmail]/sent mail", "sent messages", "gesendet", "gesendete elemente", "gesendete objekte", "envoyés", "éléments envoyés", "enviados", "posta inviata"},
}

// roleFolder returns the folder that has a role, or "".
func roleFolder(list []folder, role string) string {
	for _, f := range list {
		if f.Role == role {
			return f.Path
		}
	}
	for _, name := range roleNames[role] {
		for _, f := range list {
			path := strings.ToLower(f.Path)
			if rest, ok := strings.CutPrefix(path, "inbox"); ok && len(rest) > 1 {
				path = rest[1:]
			}
			if path == name && !slices.Contains(f.Attributes, "\\Noselect") {
				return f.Path
			}
		}
	}
	return ""
}
