package mail

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// target names messages of one folder.
type target struct {
	Connection  connection `json:"connection" is:"required" doc:"IMAP server of the mailbox."`
	Messages    any        `json:"messages" is:"required" doc:"Messages: a UID, a list of UIDs, or messages as mail.search, mail.get and mail.wait_for give them. The latter know their folder and its UIDVALIDITY, which are then checked."`
	Folder      string     `json:"folder" doc:"Folder of the messages. If empty: the folder the given messages came from, else INBOX."`
	UIDValidity int        `json:"uid_validity" min:"0" is:"advanced" doc:"UIDVALIDITY of the folder when the UIDs were read (uid_validity of mail.search). If it has changed the step fails and does nothing. 0 does not check bare UIDs."`
	IfMissing   string     `json:"if_missing" default:"error" enum:"error,ignore" is:"advanced" doc:"If a message is not in the folder any more: fail before anything is done, or do the rest."`
}

// resolved is what a target means.
type resolved struct {
	folder   string
	validity int
	uids     []int
}

func (t target) resolve(ctx context.Context) (resolved, error) {
	r := resolved{folder: t.Folder, validity: t.UIDValidity}
	v := t.Messages
	if ref, ok := v.(*value.Ref); ok {
		var err error
		if v, err = ref.Load(ctx); err != nil {
			return r, err
		}
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	seen := map[int]bool{}
	for i, x := range list {
		at := "messages"
		if ok {
			at = fmt.Sprintf("messages[%d]", i)
		}
		if err := r.add(x, at, t, seen); err != nil {
			return r, err
		}
	}
	if r.folder == "" {
		r.folder = "INBOX"
	}
	slices.Sort(r.uids)
	return r, nil
}

func (r *resolved) add(x any, at string, t target, seen map[int]bool) error {
	if m, ok := x.(map[string]any); ok {
		folder, _ := m["folder"].(string)
		validity, _ := m["uid_validity"].(int)
		switch {
		case folder == "" || r.folder == "" || strings.EqualFold(folder, r.folder):
		case t.Folder != "":
			return input("leave folder empty", "%s is of the folder %s, not %s", at, short(folder), short(t.Folder))
		default:
			return input("group the messages by folder", "%s is of the folder %s, the ones before are of %s", at, short(folder), short(r.folder))
		}
		if r.folder == "" {
			r.folder = folder
		}
		if validity != 0 && r.validity != 0 && validity != r.validity {
			return input("search for the messages again", "%s has the uid_validity %d, the ones before have %d: the folder was made anew in between", at, validity, r.validity)
		}
		if validity != 0 {
			r.validity = validity
		}
		x = m["uid"]
	}
	n, ok := x.(int)
	if s, isText := x.(string); isText {
		var err error
		n, err = strconv.Atoi(strings.TrimSpace(s))
		ok = err == nil
	}
	if !ok || n < 1 || n > math.MaxUint32 {
		return input("give the uid of a message, or the message as mail.search gives it", "%s is no UID", at)
	}
	if !seen[n] {
		seen[n] = true
		r.uids = append(r.uids, n)
	}
	return nil
}

// handled is what nodes that change messages tell.
type handled struct {
	Count   int   `json:"count" doc:"Number of messages."`
	UIDs    []int `json:"uids" doc:"UIDs of those messages."`
	Missing []int `json:"missing" doc:"UIDs that were not in the folder, with if_missing set to ignore."`
}

// with opens the folder, checks that all messages are there, and hands them to
// do, some hundred at a time. Nothing is done if there are none.
func (t target) with(ctx context.Context, env *node.Env, readOnly bool, do func(s *session, set imap.UIDSet) error) (handled, error) {
	out := handled{UIDs: []int{}, Missing: []int{}}
	r, err := t.resolve(ctx)
	if err != nil {
		return out, err
	}
	s, err := openIMAP(ctx, env, t.Connection)
	if err != nil {
		return out, err
	}
	defer s.release()
	if err := s.open(ctx, r.folder, readOnly); err != nil {
		return out, err
	}
	if err := s.checkValidity(r.validity); err != nil {
		return out, err
	}
	missing, err := s.missing(ctx, r.uids)
	if err != nil {
		return out, err
	}
	out.Missing = missing
	if len(missing) > 0 && t.IfMissing != "ignore" {
		return out, node.Fail(node.KindNotFound, fmt.Sprintf("%d of %d messages are not in the folder %s any more, the first is UID %d; nothing was done", len(missing), len(r.uids), short(r.folder), missing[0]), "search for the messages again, or set if_missing to ignore")
	}
	for _, u := range r.uids {
		if _, gone := slices.BinarySearch(missing, u); !gone {
			out.UIDs = append(out.UIDs, u)
		}
	}
	out.Count = len(out.UIDs)
	if out.Count == 0 {
		return out, nil
	}
	// Servers limit the length of a command.
	for chunk := range slices.Chunk(out.UIDs, 500) {
		if err := do(s, uidSet(chunk)); err != nil {
			return out, err
		}
	}
	return out, nil
}
