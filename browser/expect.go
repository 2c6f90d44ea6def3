package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// Act says that what follows acts on the page: its state is recorded, and what the page opens and loads from now on
// is known to come after it.
func (s *Session) Act() {
	s.Touch()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = s.pages()
	s.heard = map[string]int{}
	for _, p := range s.before {
		if r := p.Responses(); len(r) > 0 {
			s.heard[p.ID()] = r[len(r)-1].N
		}
	}
}

// Popup waits for a page that was opened since the last action, and makes it the one that nodes work on.
func (s *Session) Popup(ctx context.Context) (*Page, error) {
	s.mu.Lock()
	before := s.before
	if before == nil { // a session that was built again: what stands behind the current page was opened by it
		before = s.pages()
		if i := slices.IndexFunc(before, func(p *Page) bool { return p.ID() == s.current }); i >= 0 {
			before = before[:i+1]
		}
	}
	s.mu.Unlock()
	return s.Opened(ctx, before)
}

// WaitResponse waits until the page has had an answer from an address that passes the test since the last action, with
// the status unless that is 0.
func (s *Session) WaitResponse(ctx context.Context, p *Page, want string, passes func(url string) bool, status int) (Response, error) {
	s.mu.Lock()
	seen := s.heard[p.ID()]
	s.mu.Unlock()
	ctx, end := p.begin(ctx)
	defer end()
	var got Response
	detail := "no answer came from " + want
	err := poll(ctx, 25*time.Millisecond, func() (bool, error) {
		if gone(p.Gone()) {
			return false, ErrGone
		}
		for _, r := range p.Responses() {
			if r.N <= seen {
				continue
			}
			seen = r.N
			if !passes(r.URL) {
				continue
			}
			if status == 0 || r.Status == status {
				got = r
				return true, nil
			}
			detail = fmt.Sprintf("no answer came from %s, but one with status %d", want, r.Status)
		}
		return false, nil
	})
	return got, p.waited(ctx, selector.Target{}, detail, err)
}

// Print makes a PDF of the page.
func (p *Page) Print(ctx context.Context, o PDF) ([]byte, error) {
	ctx, end := p.begin(ctx)
	defer end()
	b, err := p.veiled(ctx, func() ([]byte, error) { return p.PDF(ctx, o) })
	if err != nil {
		return nil, p.ended(ctx, "print", selector.Target{}, nil, err)
	}
	return b, nil
}

// WaitLoad waits until the page's document has come as far as wanted.
func (p *Page) WaitLoad(ctx context.Context, l Load) (Arrival, error) {
	ctx, end := p.begin(ctx)
	defer end()
	g, ok := p.Underway(time.Time{})
	if !ok {
		g = Going{Frame: p.main(), Same: true}
	}
	a, err := p.Settled(ctx, g, l)
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrGone) {
		return a, &Failure{Kind: Navigation, Action: "wait", Detail: g.URL + ": " + err.Error()}
	}
	return a, p.waited(ctx, selector.Target{}, "the page had not loaded", err)
}
