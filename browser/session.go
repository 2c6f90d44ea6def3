package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/selector"
)

// Session is the browser of one run: a context with its tabs, of which one is the page that nodes work on. It is safe
// for concurrent use.
type Session struct {
	pool    *Pool
	want    Want
	browser Browser
	ctx     Context
	release func() error

	turn chan struct{} // held while a download begins

	mu      sync.Mutex
	seen    map[string]*Page // by the tab's id
	before  []*Page          // the pages when the last action began
	heard   map[string]int   // the last answer that each page had had then
	current string
	dirty   bool
	lent    bool // a person works in the pages
	closed  bool
	policy  DialogPolicy
	local   map[string]map[string]string // the local storage of each origin, as last seen
	last    *kept                        // what State gave last
	jar     jar
	memory  Memory
}

// Context returns the context of the session: cookies and downloads.
func (s *Session) Context() Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jar.heard = nil // who has it may set cookies
	return s.ctx
}

// Product names the browser.
func (s *Session) Product() string { return s.browser.Product() }

// Downloads is the folder where the session's downloads are.
func (s *Session) Downloads() string { return s.want.Downloads }

// Touch says that what follows changes the session, so that its state is recorded.
func (s *Session) Touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = true
}

// Pages returns the open pages in the order of opening.
func (s *Session) Pages() []*Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages()
}

func (s *Session) pages() []*Page {
	tabs := s.ctx.Tabs()
	out := make([]*Page, len(tabs))
	for i, t := range tabs {
		p := s.seen[t.ID()]
		if p == nil {
			p = NewPage(t)
			p.Answer(s.answers())
			s.seen[t.ID()] = p
		}
		out[i] = p
	}
	return out
}

// Page returns the page that nodes work on. A page that has closed gives way to the one that opened it, or to the
// last.
func (s *Session) Page() (*Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pages := s.pages()
	for _, p := range pages {
		if p.ID() == s.current {
			return p, nil
		}
	}
	if s.closed || len(pages) == 0 {
		select {
		case <-s.browser.Done():
			return nil, &Failure{Kind: Gone}
		default:
		}
		return nil, &Failure{Kind: Gone, Detail: "no page is open; open one with web.goto or web.new_tab"}
	}
	next := pages[len(pages)-1]
	if old := s.seen[s.current]; old != nil {
		for _, p := range pages {
			if p.ID() == old.Opener() {
				next = p
			}
		}
	}
	s.current = next.ID()
	return next, nil
}

// Use makes a page the one that nodes work on.
func (s *Session) Use(ctx context.Context, p *Page) error {
	if err := p.Front(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.dirty = p.ID(), true
	return nil
}

// NewPage opens an empty page and makes it the one that nodes work on.
func (s *Session) NewPage(ctx context.Context) (*Page, error) {
	t, err := s.ctx.NewTab(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.seen[t.ID()]
	if p == nil {
		p = NewPage(t)
		p.Answer(s.answers())
		s.seen[t.ID()] = p
	}
	s.current, s.dirty = t.ID(), true
	return p, nil
}

// Opened waits for a page that opens after the pages of before, such as a popup, and makes it the one that nodes work
// on.
func (s *Session) Opened(ctx context.Context, before []*Page) (*Page, error) {
	for {
		changed := s.ctx.Changed()
		for _, p := range s.Pages() {
			if !slices.ContainsFunc(before, func(o *Page) bool { return o.ID() == p.ID() }) {
				s.mu.Lock()
				s.current, s.dirty = p.ID(), true
				s.mu.Unlock()
				if g, ok := p.Underway(time.Time{}); ok {
					if _, err := p.Settled(ctx, g, Parsed); err != nil {
						return nil, &Failure{Kind: Navigation, Action: "open", Detail: err.Error()}
					}
				}
				return p, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, &Failure{Kind: Waited, Action: "wait", Detail: "no new page was opened"}
		case <-s.browser.Done():
			return nil, &Failure{Kind: Gone}
		}
	}
}

// Answer says how the dialogs of all pages are answered from now on.
func (s *Session) Answer(p DialogPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policy, s.dirty = p, true
	for _, page := range s.pages() {
		page.Answer(p)
	}
}

// Dead reports whether the browser has ended by itself.
func (s *Session) Dead() bool { return gone(s.browser.Done()) }

// Close implements session.Live.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return errors.Join(s.ctx.Close(), s.release())
}

// kept is the state of a session in its record.
type kept struct {
	Want    Want                         `json:"want"`
	Cookies []Cookie                     `json:"cookies,omitempty"`
	Local   map[string]map[string]string `json:"local,omitempty"`
	Tabs    []keptTab                    `json:"tabs,omitempty"`
	Current int                          `json:"current"`
	Policy  DialogPolicy                 `json:"policy"`
	// Lost says why the state is not known, "" if it is.
	Lost string `json:"lost,omitempty"`
	// Seen says that a person has been shown these pages in place of others, and they count if the person says so.
	Seen bool `json:"seen,omitempty"`
}

type keptTab struct {
	URL     string            `json:"url"`
	Origin  string            `json:"origin,omitempty"`
	Title   string            `json:"title,omitempty"`
	X       float64           `json:"x,omitempty"`
	Y       float64           `json:"y,omitempty"`
	Fields  json.RawMessage   `json:"fields,omitempty"`
	Session map[string]string `json:"session,omitempty"`
	Local   map[string]string `json:"local,omitempty"`
	Cookie  string            `json:"cookie,omitempty"` // what its scripts see; not kept
	Marks   []string          `json:"marks,omitempty"`
	Scope   []selector.Query  `json:"scope,omitempty"` // the frame that nodes work in
	Frames  []keptFrame       `json:"frames,omitempty"`
	Opened  bool              `json:"opened,omitempty"` // by a page that may wait for it
}

// maxStorage bounds the storage of one origin that is kept, in bytes.
const maxStorage = 256 << 10

func small(m map[string]string) map[string]string {
	n := 0
	for k, v := range m {
		n += len(k) + len(v)
	}
	if n > maxStorage {
		return nil
	}
	return m
}

// unknown is the state of a session that is not known: it is not built again, and goes on with its cookies at most.
func (s *Session) unknown(why string) kept {
	k := kept{Want: s.want, Policy: s.policy, Lost: why, Local: s.local}
	k.Want.Downloads = ""
	if s.last != nil {
		// Where it stood last is for a person to see.
		k.Cookies, k.Tabs, k.Current = s.last.Cookies, s.last.Tabs, s.last.Current
	}
	return k
}

// remembered is the state of a session whose browser has ended before it was read: what is known without it is where
// its pages were. A page that had not gone elsewhere may have been changed by what was done last, which is not known.
func (s *Session) remembered() kept {
	lost := s.unknown("the browser ended right after it was worked in, before it was known where the page stood")
	if s.last == nil {
		return lost
	}
	k := *s.last
	k.Tabs = slices.Clone(k.Tabs)
	moved := false
	p := s.seen[s.current]
	if p == nil || k.Current >= len(k.Tabs) {
		return lost
	}
	if url := p.Frames()[0].URL; strip(url) != strip(k.Tabs[k.Current].URL) {
		k.Tabs[k.Current] = keptTab{URL: url}
		moved = true
	}
	if !moved {
		return lost
	}
	return k
}

// rebuild opens a session again from its state, and verifies that each page shows what it showed.
func (p *Pool) rebuild(ctx context.Context, folder func() (string, error), past []byte) (*Session, error) {
	var k kept
	if err := json.Unmarshal(past, &k); err != nil {
		return nil, fmt.Errorf("what was kept of the browser's session is damaged: %w", err)
	}
	s, err := p.session(ctx, folder, k.Want)
	if err != nil {
		return nil, err
	}
	if err := s.restore(ctx, k); err != nil {
		var lost *LostError
		if errors.As(err, &lost) {
			lost.state = &k
			s.witness(ctx, lost)
		}
		return nil, errors.Join(err, s.Close())
	}
	s.last = &k
	return s, nil
}

// enter opens a session with the cookies of one that was lost, and none of its pages: a flow that goes to a page it
// knows need not log in again.
func (p *Pool) enter(ctx context.Context, folder func() (string, error), lost *LostError) (*Session, error) {
	k := lost.state
	s, err := p.session(ctx, folder, k.Want)
	if err != nil {
		return nil, err
	}
	s.policy = k.Policy
	if len(k.Cookies) > 0 {
		if err := s.ctx.SetCookies(ctx, k.Cookies); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Session) restore(ctx context.Context, k kept) error {
	if k.Want.Attach != "" {
		if k.Seen {
			return s.joined(ctx, k)
		}
		return &LostError{Why: "it was a person's own browser at " + k.Want.Attach + ", whose pages may have changed; open it again with web.attach", URL: k.at()}
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 2*DefaultTimeout)
		defer cancel()
	}
	s.policy, s.local = k.Policy, k.Local
	if s.local == nil {
		s.local = map[string]map[string]string{}
	}
	if len(k.Cookies) > 0 {
		if err := s.ctx.SetCookies(ctx, k.Cookies); err != nil {
			return err
		}
	}
	if k.Lost != "" {
		s.showLast(ctx, k)
		return &LostError{Why: k.Lost, URL: k.at()}
	}
	var current *Page
	var lost error
	for i, t := range k.Tabs {
		p, err := s.NewPage(ctx)
		if err != nil {
			return err
		}
		if i == k.Current {
			current = p
		}
		p.SetFrame(t.Scope)
		if t.URL == "" || t.URL == "about:blank" {
			continue
		}
		err = p.revive(ctx, t, k.Local)
		if err == nil && t.Opened {
			err = &LostError{URL: t.URL, Got: p.Frames()[0].URL, Why: fmt.Sprintf("the window %s was opened by another page, which may wait for it and does not know one that is opened anew", strip(t.URL))}
		}
		if err != nil {
			var stray *LostError
			if !errors.As(err, &stray) {
				return err
			}
			// The others are opened all the same: a person may say that it is right so.
			if lost == nil {
				lost = err
			}
		}
	}
	if current != nil {
		if err := s.Use(ctx, current); err != nil {
			return errors.Join(lost, err)
		}
	}
	return lost
}

// marksTime is how long a rebuilt page may take until it shows its landmarks.
const marksTime = 5 * time.Second

// storageScript puts back what pages had stored, before their own scripts look for it.
const storageScript = `((local, session) => { try {
	const l = local[location.origin];
	if (l) for (const k in l) if (localStorage.getItem(k) === null) localStorage.setItem(k, l[k]);
	if (session[location.origin]) for (const k in session[location.origin]) if (sessionStorage.getItem(k) === null) sessionStorage.setItem(k, session[location.origin][k]);
} catch { /* a page without an origin has no storage */ } })`

// revive shows a page again as it was: its address, what it had stored, what its fields held.
func (p *Page) revive(ctx context.Context, t keptTab, local map[string]map[string]string) error {
	script := storageScript + "(" + js(local) + "," + js(map[string]map[string]string{t.Origin: t.Session}) + ")"
	remove, err := p.OnNewDocument(ctx, script)
	if err != nil {
		return err
	}
	a, err := p.Goto(ctx, t.URL, Loaded)
	if err != nil {
		return &LostError{Why: err.Error(), URL: t.URL}
	}
	if err := remove(ctx); err != nil {
		return err
	}
	lost := &LostError{URL: t.URL, Got: a.URL, Expected: t.Marks}
	if strip(a.URL) != strip(t.URL) {
		lost.Why = fmt.Sprintf("the page %s now leads to %s, as when a login has expired", strip(t.URL), strip(a.URL))
		return lost
	}
	if a.Status >= 400 {
		lost.Why = fmt.Sprintf("the page %s now answers with status %d", strip(t.URL), a.Status)
		return lost
	}
	return p.stands(ctx, t, lost)
}

// stands waits until a page shows the landmarks it showed and holds again what was entered, or says what is lost.
func (p *Page) stands(ctx context.Context, t keptTab, lost *LostError) error {
	var r struct {
		Lost  []string `json:"lost"`
		Marks []string `json:"marks"`
	}
	state := map[string]any{"fields": t.Fields, "x": t.X, "y": t.Y}
	// What the page builds by script comes a moment later.
	until := time.Now().Add(marksTime)
	deep := inShadow(t.Fields)
	err := poll(ctx, 50*time.Millisecond, func() (bool, error) {
		if deep {
			if _, err := p.Closed(ctx, p.main()); err != nil {
				return false, err
			}
		}
		if err := p.Eval(ctx, p.main(), "__aether.restore("+js(state)+")", &r); err != nil {
			return false, err
		}
		if alike(t.Marks, r.Marks) && len(r.Lost) == 0 {
			return true, nil
		}
		if time.Now().After(until) {
			return false, context.DeadlineExceeded
		}
		return false, nil
	})
	p.fresh.Store(nil) // it holds something else now
	if err == nil {
		return p.standAgain(ctx, t, lost)
	}
	lost.Found = r.Marks
	if err != nil && alike(t.Marks, r.Marks) && len(r.Lost) > 0 {
		lost.Why = fmt.Sprintf("the page %s does not hold again what was entered in %s", strip(t.URL), strings.Join(r.Lost, ", "))
		return lost
	}
	if err != nil && !alike(t.Marks, r.Marks) {
		lost.Why = fmt.Sprintf("the page %s does not show what it showed: %s", strip(t.URL), difference(t.Marks, r.Marks))
		return lost
	}
	return err
}

// strip leaves out what may differ between two visits of a page without meaning another one.
func strip(url string) string {
	u, _, _ := strings.Cut(url, "#")
	return strings.TrimSuffix(u, "/")
}

// alike reports whether most landmarks of a page are there again.
func alike(was, is []string) bool {
	if len(was) == 0 {
		return true
	}
	have := map[string]bool{}
	for _, m := range is {
		have[m] = true
	}
	n := 0
	for _, m := range was {
		if have[m] {
			n++
		}
	}
	return n*10 >= len(was)*7
}

func difference(was, is []string) string {
	missing := map[string]bool{}
	for _, m := range was {
		missing[m] = true
	}
	for _, m := range is {
		delete(missing, m)
	}
	list := slices.Sorted(maps.Keys(missing))
	if len(list) > 4 {
		list = append(list[:4], "…")
	}
	return "missing " + strings.Join(list, ", ")
}
