package mail

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[foldersIn, foldersOut]{
		Type:   "mail.list_folders",
		Title:  "List mail folders",
		Doc:    "Lists the folders of a mailbox with their exact names, as other nodes want them, and which of them is the trash, the drafts and so on.",
		Effect: node.Read,
		Examples: []node.Example[foldersIn, foldersOut]{{
			Title: "With counts",
			In:    foldersIn{Connection: connection{Host: "imap.example.com", User: "ada@example.com"}, Counts: true},
			Out: foldersOut{Count: 1, Folders: value.RowsOf([]any{map[string]any{"path": "INBOX", "name": "INBOX", "delimiter": "/", "role": "inbox", "selectable": true,
				"attributes": []any{}, "messages": 12, "unread": 3, "uid_next": 4713, "uid_validity": 1700000000}})},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in foldersIn) error { return in.Connection.check() },
		Run:   listFolders,
	})
}

type foldersIn struct {
	Connection connection `json:"connection" is:"required" doc:"IMAP server of the mailbox."`
	Pattern    string     `json:"pattern" default:"*" doc:"Names to list: * stands for anything, % for anything on one level, for instance Archive/%."`
	Counts     bool       `json:"counts" doc:"Also ask how many messages each folder has; slow with many folders."`
}

type foldersOut struct {
	Folders value.Rows `json:"folders" doc:"One row a folder: path (the name other nodes take), name (its last part), delimiter, role (inbox, trash, drafts, sent, junk, archive, all, flagged, important or empty), selectable (false for mere parents), attributes; with counts also messages, unread, uid_next and uid_validity."`
	Count   int        `json:"count" doc:"Number of folders."`
}

// folder is one folder of a mailbox.
type folder struct {
	Path       string   `json:"path" doc:"Whole name."`
	Name       string   `json:"name" doc:"Last part of the name."`
	Delimiter  string   `json:"delimiter" doc:"What separates the parts."`
	Role       string   `json:"role" doc:"What it is for."`
	Selectable bool     `json:"selectable" doc:"Whether it can hold messages."`
	Attributes []string `json:"attributes" doc:"What the server says of it."`
	Messages   *int     `json:"messages" doc:"Number of messages."`
	Unread     *int     `json:"unread" doc:"Number of unread messages."`
	UIDNext    *int     `json:"uid_next" doc:"UID that the next message will have at least."`
	Validity   *int     `json:"uid_validity" doc:"UIDVALIDITY."`
}

func listFolders(ctx context.Context, env *node.Env, in foldersIn) (foldersOut, error) {
	if err := oneLine("pattern", in.Pattern); err != nil {
		return foldersOut{}, err
	}
	s, err := openIMAP(ctx, env, in.Connection)
	if err != nil {
		return foldersOut{}, err
	}
	defer s.release()
	list, err := s.folders(ctx, in.Pattern)
	if err != nil {
		return foldersOut{}, err
	}
	out := foldersOut{Count: len(list)}
	out.Folders, err = env.Rows(ctx, func(yield func(any) bool) error {
		for _, f := range list {
			if in.Counts && f.Selectable {
				if err := s.count(ctx, &f); err != nil {
					return err
				}
			}
			row, err := toMap(f)
			if err != nil {
				return err
			}
			if !yield(row) {
				return nil
			}
		}
		return nil
	})
	return out, err
}

// folders lists the folders of the mailbox.
func (s *session) folders(ctx context.Context, pattern string) ([]folder, error) {
	if pattern == "" {
		pattern = "*"
	}
	list, err := s.c.List("", pattern, nil).Collect()
	if err != nil {
		return nil, s.tell(ctx, err)
	}
	var out []folder
	for _, l := range list {
		if slices.Contains(l.Attrs, imap.MailboxAttrNonExistent) {
			continue
		}
		f := folder{Path: l.Mailbox, Name: l.Mailbox, Selectable: !slices.Contains(l.Attrs, imap.MailboxAttrNoSelect), Attributes: []string{}}
		if l.Delim != 0 {
			f.Delimiter = string(l.Delim)
			if i := strings.LastIndex(f.Path, f.Delimiter); i >= 0 && i+len(f.Delimiter) < len(f.Path) {
				f.Name = f.Path[i+len(f.Delimiter):]
			}
		}
		for _, a := range l.Attrs {
			f.Attributes = append(f.Attributes, string(a))
			switch role := strings.ToLower(strings.TrimPrefix(string(a), `\`)); role {
			case "all", "archive", "drafts", "flagged", "junk", "sent", "trash", "important":
				f.Role = role
			}
		}
		if strings.EqualFold(f.Path, "INBOX") {
			f.Role = "inbox"
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b folder) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func (s *session) count(ctx context.Context, f *folder) error {
	d, err := s.c.Status(f.Path, &imap.StatusOptions{NumMessages: true, NumUnseen: true, UIDNext: true, UIDValidity: true}).Wait()
	if err != nil {
		if isSaid(err) {
			return nil // one folder without the right to look
		}
		return s.tell(ctx, err)
	}
	if d.NumMessages != nil {
		n := int(*d.NumMessages)
		f.Messages = &n
	}
	if d.NumUnseen != nil {
		n := int(*d.NumUnseen)
		f.Unread = &n
	}
	next, validity := int(d.UIDNext), int(d.UIDValidity)
	f.UIDNext, f.Validity = &next, &validity
	return nil
}
