package mail

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[markIn, handled]{
		Type:   "mail.mark",
		Title:  "Mark e-mails",
		Doc:    "Sets or removes marks of messages: read, flagged (starred), answered, draft, and keywords of your own, which many programs show as tags or categories.",
		Effect: node.Idempotent,
		Examples: []node.Example[markIn, handled]{{
			Title:   "Read and tagged",
			In:      markIn{target: target{Connection: connection{Host: "imap.example.com", User: "ada@example.com"}, Messages: []any{4711, 4712}}, As: "read", AddKeywords: []string{"Booked"}},
			Out:     handled{Count: 2, UIDs: []int{4711, 4712}},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in markIn) error { return in.check() },
		Run:   mark,
	})
}

type markIn struct {
	target
	As             string   `json:"as" enum:",read,unread,flagged,unflagged,answered,unanswered,draft,undraft" doc:"Mark to set or remove; empty changes keywords only."`
	AddKeywords    []string `json:"add_keywords" doc:"Keywords to set: letters, digits and a few signs, no spaces. $Junk, $Forwarded and $Important are common ones."`
	RemoveKeywords []string `json:"remove_keywords" doc:"Keywords to remove."`
}

var marks = map[string]imap.Flag{"read": imap.FlagSeen, "flagged": imap.FlagFlagged, "answered": imap.FlagAnswered, "draft": imap.FlagDraft}

func (in markIn) check() error {
	if in.As == "" && len(in.AddKeywords)+len(in.RemoveKeywords) == 0 {
		return input("set as, add_keywords or remove_keywords", "there is nothing to mark")
	}
	for _, k := range slices.Concat(in.AddKeywords, in.RemoveKeywords) {
		if err := checkKeyword(k); err != nil {
			return err
		}
	}
	return in.Connection.check()
}

// checkKeyword tests what IMAP takes as a keyword.
func checkKeyword(k string) error {
	bad := strings.ContainsFunc(k, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`(){%*"\]`, r) })
	if k == "" || bad || len(k) > 200 {
		return input("use ASCII letters, digits, $, - and _; mail.mark has as for read and flagged", "%s is no keyword", short(k))
	}
	return nil
}

func mark(ctx context.Context, env *node.Env, in markIn) (handled, error) {
	if err := in.check(); err != nil {
		return handled{}, err
	}
	var add, remove []imap.Flag
	if f, ok := marks[in.As]; ok {
		add = append(add, f)
	} else if in.As != "" {
		remove = append(remove, marks[strings.TrimPrefix(in.As, "un")])
	}
	for _, k := range in.AddKeywords {
		add = append(add, imap.Flag(k))
	}
	for _, k := range in.RemoveKeywords {
		remove = append(remove, imap.Flag(k))
	}
	out, err := in.with(ctx, env, false, func(s *session, set imap.UIDSet) error {
		if len(in.AddKeywords) > 0 && len(s.keywords) > 0 && !slices.Contains(s.keywords, imap.FlagWildcard) {
			for _, k := range in.AddKeywords {
				if !slices.ContainsFunc(s.keywords, func(f imap.Flag) bool { return strings.EqualFold(string(f), k) }) {
					return input("use one of those the server knows, or move the message to a folder", "the server keeps no keyword %s in this folder", short(k))
				}
			}
		}
		if err := s.store(ctx, set, imap.StoreFlagsAdd, add); err != nil {
			return err
		}
		return s.store(ctx, set, imap.StoreFlagsDel, remove)
	})
	return out, err
}

func (s *session) store(ctx context.Context, set imap.UIDSet, op imap.StoreFlagsOp, flags []imap.Flag) error {
	if len(flags) == 0 {
		return nil
	}
	return s.tell(ctx, s.c.Store(set, &imap.StoreFlags{Op: op, Silent: true, Flags: flags}, nil).Close())
}
