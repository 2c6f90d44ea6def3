package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[waitIn, waitOut]{
		Type:  "mail.wait_for",
		Title: "Wait for e-mail",
		Doc: "Waits until a message arrives that fits the filter: a confirmation link, a one-time code, an answer. The server tells of new mail at once where it can (IDLE); besides, the folder is looked at from time to time. A connection that breaks is made again.\n\n" +
			"With `arrived` after_start only messages count that come after the step has begun; a message that comes between the step that causes it and this one is missed. Take during_run or any then, with `status` unread or a `since`.",
		Effect:   node.Once,
		EffectOf: func(in waitIn) node.Effect { return in.effectOf() },
		Examples: []node.Example[waitIn, waitOut]{{
			Title:   "A one-time code",
			In:      waitIn{Connection: connection{Host: "imap.example.com", User: "ada@example.com"}, filter: filter{From: "no-reply@bank.example", Subject: "code"}, Arrived: "during_run", MaxWait: 2 * time.Minute},
			Out:     waitOut{Found: true, Message: &stored{UID: 4712, Folder: "INBOX", message: message{Subject: "Your code", Text: "123456"}}},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in waitIn) error {
			_, err := in.check()
			return err
		},
		Run: waitFor,
	})
}

type waitIn struct {
	Connection connection `json:"connection" is:"required" doc:"IMAP server of the mailbox."`
	Folder     string     `json:"folder" default:"INBOX" doc:"Folder to watch."`
	filter
	Arrived      string        `json:"arrived" default:"after_start" enum:"after_start,during_run,any" doc:"Which messages count: those that arrive after the step has begun, those that arrived since the run began (by the server's clock), or also those that are there already. The newest that fits is taken."`
	MaxWait      time.Duration `json:"max_wait" default:"5m" min:"0" doc:"How long to wait; 0 means until the step's own limit."`
	PollInterval time.Duration `json:"poll_interval" default:"30s" min:"1s" is:"advanced" doc:"Pause between two looks at the folder, besides what the server tells by itself."`
	OnTimeout    string        `json:"on_timeout" default:"fail" enum:"fail,continue" doc:"What to do when the time is up."`
	MaxText      int           `json:"max_text" default:"5242880" min:"1" max:"104857600" is:"advanced" doc:"How many bytes of text, and of HTML, to keep."`
	MarkRead     bool          `json:"mark_read" doc:"Mark the message as read."`
	saving
}

type waitOut struct {
	Found   bool        `json:"found" doc:"False if the time was up first."`
	Message *stored     `json:"message" doc:"The message; absent if none came."`
	Files   []savedFile `json:"files" doc:"Attachments that were saved."`
}

func (in waitIn) effectOf() node.Effect {
	if in.MarkRead {
		return node.Once
	}
	return in.effect()
}

func (in waitIn) check() (query, error) {
	q := query{filter: in.filter}
	var err error
	if q.criteria, q.window, err = in.compile(); err != nil {
		return q, err
	}
	if err := in.saving.check(); err != nil {
		return q, err
	}
	return q, in.Connection.check()
}

// watch is one waiting.
type watch struct {
	in    waitIn
	env   *node.Env
	q     query
	after int // UIDs above this count; 0 means that the folder was not seen yet
	valid uint32
	news  chan struct{}
	plain bool // the server's structures cannot be read
	cuts  int  // connections lost since the last one that was good for something
	calm  bool // the last look found the folder as the one before
}

func waitFor(ctx context.Context, env *node.Env, in waitIn) (waitOut, error) {
	q, err := in.check()
	if err != nil {
		return waitOut{}, err
	}
	if in.Arrived == "during_run" && q.window.since.Before(env.Run.Started) {
		// The server's clock counts whole seconds.
		q.window.since = env.Run.Started.Truncate(time.Second)
		day := 24 * time.Hour
		if s := q.window.since.UTC().Truncate(day).Add(-day); q.criteria.Since.Before(s) {
			q.criteria.Since = s
		}
	}
	whole := ctx
	if in.MaxWait > 0 {
		var cancel context.CancelFunc
		whole, cancel = context.WithTimeout(ctx, in.MaxWait)
		defer cancel()
	}
	w := &watch{in: in, env: env, q: q, news: make(chan struct{}, 1)}
	for {
		out, err := w.connected(whole)
		if err == nil {
			return out, nil
		}
		if ctx.Err() != nil {
			return waitOut{}, ctx.Err()
		}
		if whole.Err() != nil {
			if in.OnTimeout == "continue" {
				return waitOut{Files: []savedFile{}}, nil
			}
			return waitOut{}, node.Fail(node.KindTimeout, fmt.Sprintf("no message that fits came into %s within %s", short(in.Folder), in.MaxWait), "raise max_wait, widen the filter, or set on_timeout to continue")
		}
		var f *node.Failure
		if errors.Is(err, errStructure) {
			w.plain = true
		} else if !errors.As(err, &f) || w.after == 0 || f.Kind != node.KindNetwork && f.Kind != node.KindTimeout {
			return waitOut{}, err // it did not work even once, or not for the network
		}
		w.cuts++
		_ = pause(whole, min(in.PollInterval, 100*time.Millisecond<<min(w.cuts, 12))) // if the time is up, that is said above
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// connected waits over one connection.
func (w *watch) connected(ctx context.Context) (waitOut, error) {
	handler := &imapclient.UnilateralDataHandler{Mailbox: func(*imapclient.UnilateralDataMailbox) {
		select {
		case w.news <- struct{}{}:
		default:
		}
	}}
	s, err := dialIMAP(ctx, w.env, w.in.Connection.resolve("imap"), handler)
	if err != nil {
		return waitOut{}, err
	}
	defer s.release() // it has no key, so it is closed
	w.calm = false
	if err := s.open(ctx, w.in.Folder, !w.in.MarkRead); err != nil {
		return waitOut{}, err
	}
	if err := w.begin(ctx, s); err != nil {
		return waitOut{}, err
	}
	for {
		select {
		case <-w.news: // before the look, so that nothing is missed after it
		default:
		}
		out, err := w.look(ctx, s)
		if err != nil || out.Found {
			return out, err
		}
		if err := w.idle(ctx, s); err != nil {
			return waitOut{}, err
		}
	}
}

// begin remembers where the folder ended when the waiting began.
func (w *watch) begin(ctx context.Context, s *session) error {
	if w.valid != 0 && w.valid != s.validity {
		return node.Fail(node.KindNotFound, fmt.Sprintf("the folder %s was made anew while waiting", short(s.folder)), "run the step again")
	}
	w.valid = s.validity
	if w.after != 0 {
		return nil
	}
	w.after = 1 // seen, and nothing is excluded: UIDs begin with 1, see look
	if w.in.Arrived != "after_start" {
		return nil
	}
	if s.next > 0 {
		w.after = int(s.next)
		return nil
	}
	all, err := s.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{{imap.UIDRange{Start: 0, Stop: 0}}}})
	if err == nil && len(all) > 0 {
		w.after = all[len(all)-1] + 1
	}
	return err
}

// look searches the folder.
func (w *watch) look(ctx context.Context, s *session) (waitOut, error) {
	c := *w.q.criteria
	first := max(w.after, w.in.AfterUID+1)
	c.UID = append([]imap.UIDSet{{imap.UIDRange{Start: imap.UID(first), Stop: 0}}}, c.UID...)
	// New mail is shown to a search once the server has told of it.
	if err := s.c.Noop().Wait(); err != nil {
		return waitOut{}, s.tell(ctx, err)
	}
	uids, err := s.search(ctx, &c)
	if err != nil {
		return waitOut{}, err
	}
	newest := make([]int, 0, len(uids))
	for i := len(uids) - 1; i >= 0; i-- {
		if uids[i] >= first {
			newest = append(newest, uids[i])
		}
	}
	chosen, err := s.choose(ctx, newest, w.q, 1, !w.plain)
	if err != nil || len(chosen) == 0 {
		return waitOut{}, err
	}
	how := reading{bodies: true, maxText: w.in.MaxText, saver: newSaver(w.env, w.in.saving)}
	got, err := s.fetch(ctx, chosen, how)
	if err != nil || got[chosen[0]] == nil {
		return waitOut{}, err
	}
	if w.in.MarkRead {
		if err := s.store(ctx, uidSet(chosen), imap.StoreFlagsAdd, []imap.Flag{imap.FlagSeen}); err != nil {
			return waitOut{}, err
		}
	}
	return waitOut{Found: true, Message: got[chosen[0]], Files: how.saver.files}, nil
}

const settle = 500 * time.Millisecond

// idle waits for news of the server, at most until the next look is due.
func (w *watch) idle(ctx context.Context, s *session) error {
	// What arrives between a look and the start of IDLE is told by some servers
	// only with the next change, so after any change a second look follows soon.
	d := w.in.PollInterval
	if !w.calm {
		d = min(d, settle)
	}
	w.calm = true
	t := time.NewTimer(d)
	defer t.Stop()
	var idling *imapclient.IdleCommand
	if s.c.Caps().Has(imap.CapIdle) {
		var err error
		if idling, err = s.c.Idle(); err != nil {
			return s.tell(ctx, err)
		}
	}
	s.g.disarm() // silence is what we expect now
	w.env.Progress("waiting for mail", 0, 0)
	var err error
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.c.Closed():
		err = s.conn.tell(ctx, s.g, errCut)
	case <-w.news:
		w.calm = false
	case <-t.C:
	}
	if err != nil {
		return err
	}
	s.g.arm(ctx)
	w.cuts = 0
	if idling != nil {
		if err := idling.Close(); err != nil {
			return s.tell(ctx, err)
		}
		return s.tell(ctx, idling.Wait())
	}
	return nil
}

var errCut = errors.New("EOF")
