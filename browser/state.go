package browser

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Reading the state of a session follows each action, so it costs as little as can be: the page on which an action
// ended tells its state with the action's own last answer, and cookies are asked for only when they may be others.

// State implements session.Live.
func (s *Session) State(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty || s.closed {
		return nil, nil
	}
	if s.Dead() {
		return json.Marshal(s.remembered())
	}
	k := kept{Want: s.want, Policy: s.policy, Local: s.local}
	k.Want.Downloads = "" // the folder of this execution
	pages := s.pages()
	heard := s.network(pages)
	var asked chan error
	ask := func() {
		asked = make(chan error, 1)
		go func() {
			var err error
			k.Cookies, err = s.ctx.Cookies(ctx)
			asked <- err
		}()
	}
	if !s.jar.good(heard) {
		ask()
	}
	visible := ""
	var open []*Page
	for _, p := range pages {
		t, err := p.stand(ctx)
		if errors.Is(err, ErrGone) && !s.Dead() {
			continue // a window that closes itself, as when something was chosen in it
		}
		if err != nil {
			if asked != nil {
				<-asked //nolint:errcheck // nobody writes k any more then, and nobody needs the cookies
			}
			if s.Dead() {
				return json.Marshal(s.remembered())
			}
			// What was recorded before this action would be the wrong page. It stays to be read at the next use.
			return json.Marshal(s.unknown("the page did not answer when it was to be kept where it stood"))
		}
		visible += t.Cookie + "\n"
		if l := small(t.Local); l != nil && t.Origin != "" && t.Origin != "null" {
			s.local[t.Origin] = l
		}
		t.Local, t.Session, t.Scope, t.Cookie = nil, small(t.Session), p.Scope(), ""
		k.Tabs, open = append(k.Tabs, t), append(open, p)
	}
	k.Current = s.front(open)
	if asked == nil && visible != s.jar.visible {
		ask()
	}
	if asked == nil {
		k.Cookies = s.jar.cookies
	} else if err := <-asked; err != nil {
		return json.Marshal(s.unknown("the browser did not answer when its session was to be kept"))
	} else {
		slices.SortFunc(k.Cookies, func(a, b Cookie) int {
			return strings.Compare(a.Domain+"\n"+a.Path+"\n"+a.Name, b.Domain+"\n"+b.Path+"\n"+b.Name)
		})
		s.jar = jar{k.Cookies, visible, heard, time.Now()}
	}
	s.dirty, s.last = false, &k
	return json.Marshal(k)
}

// front is the place among open pages of the one that nodes work on: if that has closed, of the one that opened it.
func (s *Session) front(open []*Page) int {
	for _, id := range []string{s.current, openerOf(s.seen[s.current])} {
		if i := slices.IndexFunc(open, func(p *Page) bool { return p.ID() == id }); i >= 0 {
			return i
		}
	}
	return max(0, len(open)-1)
}

func openerOf(p *Page) string {
	if p == nil {
		return ""
	}
	return p.Opener()
}

// stand is where a page stands. A page that has gone elsewhere at this moment is known by its address alone.
func (p *Page) stand(ctx context.Context) (keptTab, error) {
	t := keptTab{URL: p.Frames()[0].URL}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var err error
	if f := p.fresh.Swap(nil); f != nil && f.URL == t.URL {
		t = *f
	} else {
		p.telling.Store(true)
		err = p.Eval(ctx, p.main(), "__aether.state(true)", &t)
	}
	if err == nil {
		t.Frames, err = p.standIn(ctx)
	}
	if errors.Is(err, ErrNavigated) {
		err = nil
	}
	return t, err
}

// along makes of the last question of an action one that the page answers with its state, too, if that is wanted.
func (p *Page) along(frame, expression string) string {
	p.workedIn(frame)
	if !p.telling.Load() || frame != p.main() {
		return expression
	}
	return "__aether.also(" + expression + ")"
}

// told keeps what an action has told of the page's state, until something else is done.
func (p *Page) told(t *keptTab) {
	if t != nil {
		p.fresh.Store(t)
	}
}

// jar are the cookies of a session as they were last asked for, and what they depend on.
type jar struct {
	cookies []Cookie
	visible string           // those that the pages' scripts see
	heard   map[string]int64 // of each page, what it had heard from the network
	at      time.Time
}

// jarTime bounds how long cookies are taken for the same because nothing shows that they are others: a script may set
// one for a path where it is not itself.
const jarTime = time.Second

func (j jar) good(heard map[string]int64) bool {
	return j.heard != nil && heard != nil && time.Since(j.at) < jarTime && maps.Equal(j.heard, heard)
}

// network says of each page what it has heard so far, nil if cookies may come in other ways: from the person whose
// browser it is, or by scripts of frames.
func (s *Session) network(pages []*Page) map[string]int64 {
	if s.want.Attach != "" {
		return nil
	}
	out := map[string]int64{}
	for _, p := range pages {
		if len(p.Frames()) > 1 {
			return nil
		}
		out[p.ID()] = p.Heard()
	}
	return out
}
