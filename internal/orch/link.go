package orch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/answerlink"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/question"
)

// MadeLink is a link by which somebody without an account answers one question.
type MadeLink struct {
	URL  string    `json:"url"`
	For  string    `json:"for"`
	Path string    `json:"path"`
	Ends time.Time `json:"ends"`
}

// linkKey returns the key that the links of a run are signed with.
func (o *Orch) linkKey(ctx context.Context, id string) ([]byte, error) {
	if o.SessionKey == nil {
		return nil, unfit("there are no links here: this process has no secret store")
	}
	key, err := o.SessionKey(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("the key that links are signed with: %w", err)
	}
	return answerlink.Key(key)
}

// FlowLink makes the link of a person to what a run asks on a topic, the same for the same arguments: for flows, before
// or while they ask.
func (o *Orch) FlowLink(ctx context.Context, id, topic, person string, valid time.Duration) (string, error) {
	key, err := o.linkKey(ctx, id)
	if err != nil {
		return "", err
	}
	return o.signed(key, answerlink.Link{Run: id, Topic: topic, For: person, Valid: int64(valid / time.Second)})
}

func (o *Orch) signed(key []byte, l answerlink.Link) (string, error) {
	public, err := o.PublicURL()
	if err != nil {
		return "", err
	}
	token, err := answerlink.Sign(key, l)
	return answerlink.URL(public, token), err
}

// LinkTo makes a link to a question that is open, for a person, by hand of maker. Valid is for how long; 0 for as long
// as the question waits, and seven days if that is for ever.
func (o *Orch) LinkTo(ctx context.Context, id, path, person, maker string, valid time.Duration) (*MadeLink, error) {
	person = strings.TrimSpace(person)
	if person == "" || len(person) > 200 || strings.ContainsFunc(person, func(r rune) bool { return r < ' ' }) {
		return nil, unfit("a link is made for somebody: give a name or a mail address of up to 200 characters")
	}
	r, w, err := o.asked(ctx, id, path)
	if err != nil {
		return nil, err
	}
	if len(w.Ask.Secrets()) > 0 {
		return nil, unfit("%s asks for a secret, which is answered on a terminal and never by link", w.Path)
	}
	now, err := o.Runs.Now(ctx)
	if err != nil {
		return nil, err
	}
	l := answerlink.Link{Run: r.ID, Topic: w.Topic, For: person, Maker: maker}
	switch {
	case valid > 0:
		l.Until = now.Add(valid).UnixMilli()
	case w.Until == 0:
		l.Until = now.Add(answerlink.Usual).UnixMilli()
	}
	key, err := o.linkKey(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	url, err := o.signed(key, l)
	if err != nil {
		return nil, err
	}
	var until time.Time
	if w.Until > 0 {
		until = time.UnixMilli(w.Until)
	}
	return &MadeLink{URL: url, For: person, Path: w.Path, Ends: l.Ends(now, until)}, nil
}

// ByLink returns the question that the token of a link leads to, who the link is for, and when it ends.
func (o *Orch) ByLink(ctx context.Context, token string) (*Asking, *answerlink.Link, time.Time, error) {
	l, err := answerlink.Open(token, func(id string) ([]byte, error) { return o.linkKey(ctx, id) })
	if errors.Is(err, answerlink.ErrBad) {
		return nil, nil, time.Time{}, unfit("%s", err)
	}
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	a, err := o.linked(ctx, l)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	now, err := o.Runs.Now(ctx)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	ends := l.Ends(a.Asked, a.Until)
	if !now.Before(ends) {
		return nil, nil, time.Time{}, notNow("the link was good until %s: ask whoever sent it for another", ends.UTC().Format("2 January 2006 15:04 MST"))
	}
	return a, l, ends, nil
}

// linked returns the question of a link, or says why there is none to answer.
func (o *Orch) linked(ctx context.Context, l *answerlink.Link) (*Asking, error) {
	r, err := o.Runs.Get(ctx, l.Run)
	if errors.Is(err, run.ErrNotFound) || err == nil && r.ID != l.Run {
		return nil, notNow("the question is no longer open: its run was removed")
	}
	if err != nil {
		return nil, err
	}
	if r.Status.Final() {
		return nil, notNow("the question is no longer open: the run has ended")
	}
	ws, err := Waits(r)
	if err != nil {
		return nil, err
	}
	for _, w := range ws {
		if w.Topic != l.Topic || w.Ask == nil {
			continue
		}
		if len(w.Ask.Secrets()) > 0 {
			return nil, notNow("the question asks for a secret, which is never answered by link")
		}
		a, err := o.asking(ctx, r, w)
		if err == nil && a.Answered {
			err = notNow("the question is no longer open: it has been answered")
		}
		return a, err
	}
	sent, err := o.Runs.Messages(ctx, r.ID, l.Topic)
	if err != nil {
		return nil, err
	}
	if len(sent) > 0 {
		return nil, notNow("the question is no longer open: it has been answered")
	}
	return nil, notNow("the question is not asked now: it may be in a moment, or its time is over")
}

// AnswerByLink gives the answer of the person that a link was made for, once.
func (o *Orch) AnswerByLink(ctx context.Context, token string, a question.Answer) (*Asking, *answerlink.Link, error) {
	q, l, _, err := o.ByLink(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	a.By, a.Via, a.Maker = l.For, question.ViaLink, l.Maker
	return q, l, o.answer(ctx, q.run, q.wait, a)
}
