package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/session"
)

// LostError says that a session could not be built again as it was.
type LostError struct {
	// What differs, as a sentence.
	Why string
	// URL is the page that was to be shown again, Got where it led.
	URL, Got string
	// Expected are the landmarks that the page showed, Found those that it shows.
	Expected, Found []string

	state   *kept  // what was lost
	instead []byte // the state of what is there
	picture []byte // of it, as JPEG
}

var (
	_ session.Strayed  = (*LostError)(nil)
	_ session.Verifier = (*Session)(nil)
)

// Error implements error.
func (e *LostError) Error() string {
	return "the browser's session could not be built again after an interruption: " + e.Why
}

// Instead implements session.Strayed.
func (e *LostError) Instead() (state, picture []byte, facts map[string]any) {
	facts = map[string]any{"url": e.URL, "got": e.Got}
	if len(e.Expected) > 0 {
		facts["expected"] = strings.Join(landmarks(e.Expected), ", ")
	}
	if len(e.Found) > 0 {
		facts["found"] = strings.Join(landmarks(e.Found), ", ")
	}
	return e.instead, e.picture, facts
}

// landmarks are the marks of a page as a person reads them: h1:Orders is "Orders", and a form without a name is nothing to tell.
func landmarks(marks []string) []string {
	var out []string
	for _, m := range marks {
		kind, name, _ := strings.Cut(m, ":")
		switch {
		case name == "":
		case kind == "h1", kind == "h2":
			out = append(out, fmt.Sprintf("the heading %q", name))
		default:
			out = append(out, kind+" "+name)
		}
	}
	if len(out) > 8 {
		out = append(out[:8], "…")
	}
	return out
}

// witnessTime bounds how long looking at what is there instead of a lost session may take.
const witnessTime = 15 * time.Second

// witness puts into a LostError what the session shows: its state, to go on from if a person says so, and a picture.
func (s *Session) witness(ctx context.Context, lost *LostError) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), witnessTime)
	defer cancel()
	p, err := s.Page()
	if err != nil {
		return
	}
	if lost.Got == "" {
		lost.Got = p.Frames()[0].URL
	}
	var r struct {
		Marks []string `json:"marks"`
	}
	if lost.Found == nil && p.Eval(ctx, p.main(), "__aether.state(false)", &r) == nil {
		lost.Found = r.Marks
	}
	if b, err := p.Picture(ctx, selector.Target{}, Shot{JPEG: 70}); err == nil {
		lost.picture = b
	}
	s.Touch()
	before := s.last
	if _, err := s.State(ctx); err != nil || s.last == before {
		return
	}
	k := *s.last
	k.Seen = true
	if b, err := json.Marshal(k); err == nil {
		lost.instead = b
	}
}

// showLast shows the pages of a session of which it is not known where it stood in the end, as far as they are known:
// for a person to look at.
func (s *Session) showLast(ctx context.Context, k kept) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), witnessTime)
	defer cancel()
	for i, t := range k.Tabs {
		p, err := s.NewPage(ctx)
		if err != nil {
			return
		}
		p.SetFrame(t.Scope)
		if t.URL == "" || t.URL == "about:blank" {
			continue
		}
		// Whatever it leads to is what is shown.
		_ = p.revive(ctx, t, k.Local)
		if i == k.Current {
			defer func() { _ = s.Use(ctx, p) }()
		}
	}
}

// Verify implements session.Verifier: nodes of the flow have brought the session back, to where it is held against
// what was lost. What its fields held is put back.
func (s *Session) Verify(ctx context.Context, past []byte) error {
	var k kept
	if err := json.Unmarshal(past, &k); err != nil {
		return fmt.Errorf("what was kept of the browser's session is damaged: %w", err)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultTimeout)
		defer cancel()
	}
	err := s.holds(ctx, k)
	var lost *LostError
	if errors.As(err, &lost) {
		lost.state = &k
		s.witness(ctx, lost)
	}
	if err == nil {
		s.Answer(k.Policy)
	}
	return err
}

func (s *Session) holds(ctx context.Context, k kept) error {
	if k.Lost != "" {
		return &LostError{Why: k.Lost, URL: k.at()}
	}
	pages := s.Pages()
	if len(pages) != len(k.Tabs) {
		return &LostError{Why: fmt.Sprintf("%d tabs were open, and %d are now", len(k.Tabs), len(pages)), URL: k.at()}
	}
	var current *Page
	for i, t := range k.Tabs {
		p := pages[i]
		if i == k.Current {
			current = p
		}
		got := p.Frames()[0].URL
		lost := &LostError{URL: t.URL, Got: got, Expected: t.Marks}
		empty := func(url string) bool { return url == "" || url == "about:blank" }
		if strip(got) != strip(t.URL) && !(empty(got) && empty(t.URL)) {
			lost.Why = fmt.Sprintf("the page was %s, and is %s now", strip(t.URL), strip(got))
			return lost
		}
		p.SetFrame(t.Scope)
		if t.URL == "" || t.URL == "about:blank" {
			continue
		}
		if err := p.stands(ctx, t, lost); err != nil {
			return err
		}
	}
	if current == nil {
		return nil
	}
	return s.Use(ctx, current)
}

// at is the address of the current page.
func (k *kept) at() string {
	if k.Current < len(k.Tabs) {
		return k.Tabs[k.Current].URL
	}
	return ""
}

// joined finds the page of a person's own browser that a person has said is the right one.
func (s *Session) joined(ctx context.Context, k kept) error {
	pages := s.Pages()
	i := slices.IndexFunc(pages, func(p *Page) bool { return strip(p.Frames()[0].URL) == strip(k.at()) })
	if i < 0 {
		return &LostError{Why: fmt.Sprintf("no tab of the browser at %s shows %s", k.Want.Attach, strip(k.at())), URL: k.at()}
	}
	return s.Use(ctx, pages[i])
}
