package screen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// Errors that callers test for.
var (
	// ErrTurn says that what came before an input is missing, so that it is not done.
	ErrTurn = errors.New("what was done before this has not arrived; look at the page and go on")
	// ErrPage says that the page did not take what was done.
	ErrPage = errors.New("the page does not take it")
	// ErrClosed says that there is no page any more.
	ErrClosed = errors.New("the browser is closed")
	// ErrElsewhere says that the page is watched from somewhere else now.
	ErrElsewhere = errors.New("the page is shown in another window now")
)

// doing bounds how long one thing may take. A page that shows a message stands still until it is answered; what was
// done is then done, and what follows waits for nothing.
const doing = 10 * time.Second

// maxClients bounds the clients that are counted.
const maxClients = 16

// Screen is the session of a browser that a person works in. It is safe for concurrent use.
type Screen struct {
	c      browser.Context
	ctx    context.Context // of what the screen does by itself
	cancel context.CancelFunc
	// uploads is the folder of files that are given to pages; "" takes none.
	uploads string
	// meant is told that the person is about to go back, forward or to reload by the bar; nil for nobody.
	meant func(browser.Tab)

	turn  sync.Mutex // one input after the other
	hand  Hand
	seqs  map[string]int64
	order []string // clients, the one that was there longest first

	mu      sync.Mutex
	active  string
	seen    []string // tabs that were there
	list    *list
	files   *asked
	changed chan struct{}
	used    time.Time
	watcher *watcher
	titles  map[string]string
}

// Options shape a Screen.
type Options struct {
	// Uploads is a folder for the files that are given to pages; "" takes none.
	Uploads string
	// Meant is told of a tab before the person goes back, forward or reloads by the bar.
	Meant func(browser.Tab)
	// Front is the tab to begin with; "" for the newest.
	Front string
}

// New lets a person work in a session of a browser, until Close.
func New(c browser.Context, o Options) *Screen {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Screen{c: c, ctx: ctx, cancel: cancel, uploads: o.Uploads, meant: o.Meant, seqs: map[string]int64{}, changed: make(chan struct{}), used: time.Now(), titles: map[string]string{}}
	if o.Front != "" {
		s.active = o.Front
		for _, t := range c.Tabs() {
			s.seen = append(s.seen, t.ID())
		}
	}
	return s
}

// Close ends what the screen does by itself and lets go who watches. It closes no page.
func (s *Screen) Close() { s.cancel() }

// Idle is how long nobody has watched or done anything.
func (s *Screen) Idle() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watcher != nil {
		return 0
	}
	return time.Since(s.used)
}

// update changes the state and wakes who watches.
func (s *Screen) update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// tab is the tab in front: a new one comes to the front, and when one closes the one before it does.
func (s *Screen) tab() (browser.Tab, error) {
	tabs := s.c.Tabs()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tabs {
		if !slices.Contains(s.seen, t.ID()) {
			s.seen, s.active = append(s.seen, t.ID()), t.ID()
		}
	}
	if len(tabs) == 0 {
		return nil, ErrClosed
	}
	if i := slices.IndexFunc(tabs, func(t browser.Tab) bool { return t.ID() == s.active }); i >= 0 {
		return tabs[i], nil
	}
	last := tabs[len(tabs)-1]
	s.active = last.ID()
	return last, nil
}

// Do does what a person did, in order. What was done already is not done again; what was lost before it is an error.
func (s *Screen) Do(ctx context.Context, in Worked) error {
	if err := in.Check(); err != nil {
		return err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	last, known := s.seqs[in.Client]
	switch {
	case in.Seq <= last:
		return nil
	case in.Seq != last+1:
		return ErrTurn
	}
	if !known {
		if s.order = append(s.order, in.Client); len(s.order) > maxClients {
			delete(s.seqs, s.order[0])
			s.order = s.order[1:]
		}
	}
	s.seqs[in.Client] = in.Seq
	s.mu.Lock()
	s.used = time.Now()
	s.mu.Unlock()
	// It is done to its end, also if who sent it has gone.
	ctx = context.WithoutCancel(ctx)
	for _, e := range in.Gestures {
		if err := s.do(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Screen) do(ctx context.Context, e Gesture) error {
	t, err := s.tab()
	if err != nil {
		return err
	}
	switch e.Kind {
	case "tab":
		return s.front(ctx, e.Tab)
	case "open":
		ctx, cancel := context.WithTimeout(ctx, doing)
		defer cancel()
		_, err := s.c.NewTab(ctx)
		s.update(func() {})
		return err
	case "close":
		return s.close(ctx, e.Tab)
	case "answer":
		return s.answer(t, e)
	case "choose":
		return s.choose(ctx, t, e.Choose)
	case "back", "forward", "reload":
		if s.meant != nil {
			s.meant(t)
		}
	}
	if s.opens(ctx, t, e) {
		return nil
	}
	return s.patient(ctx, t, func(ctx context.Context) error { return s.hand.Do(ctx, t, e) })
}

// patient does something in a page, and waits for it no longer than until the page shows a message, closes or is found
// to hang.
func (s *Screen) patient(ctx context.Context, t browser.Tab, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, doing)
	done := make(chan error, 1)
	go func() {
		defer cancel()
		done <- f(ctx)
	}()
	asker, _ := t.(browser.Asker)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			if gone(t) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, browser.ErrGone) {
				return nil // it closed its tab, or hangs: the picture shows that
			}
			if err != nil && !errors.Is(err, ErrInput) {
				err = fmt.Errorf("%w: %w", ErrPage, err)
			}
			return err
		case <-t.Gone():
			return nil
		case <-look.C:
			if asker == nil {
				continue
			}
			if _, asks := asker.Asks(); asks {
				s.update(func() {})
				return nil
			}
		}
	}
}

func gone(t browser.Tab) bool {
	select {
	case <-t.Gone():
		return true
	default:
		return false
	}
}

func (s *Screen) find(id string) (browser.Tab, error) {
	for _, t := range s.c.Tabs() {
		if t.ID() == id {
			return t, nil
		}
	}
	return nil, bad("there is no tab %q", id)
}

// front brings a tab to the front.
func (s *Screen) front(ctx context.Context, id string) error {
	if _, err := s.find(id); err != nil {
		return nil // it has closed meanwhile
	}
	s.update(func() { s.active, s.list = id, nil })
	t, err := s.find(id)
	if err != nil {
		return nil
	}
	return s.patient(ctx, t, t.Front)
}

// close closes a tab. The last one stays: with it the session would end.
func (s *Screen) close(ctx context.Context, id string) error {
	t, err := s.find(id)
	if err != nil || len(s.c.Tabs()) == 1 {
		return nil
	}
	err = s.patient(ctx, t, t.Close)
	s.update(func() {
		if s.active == id {
			s.active = ""
		}
	})
	return err
}

// answer answers the message that a page shows.
func (s *Screen) answer(t browser.Tab, e Gesture) error {
	if asker, ok := t.(browser.Asker); ok {
		if _, asks := asker.Asks(); asks {
			t.Answer(browser.DialogPolicy{Accept: e.Accept, Dismiss: !e.Accept, Text: e.Text})
			t.Answer(browser.DialogPolicy{Leave: true})
		}
	}
	s.update(func() {})
	return nil
}

// String says what a gesture is, without what was entered.
func (e Gesture) String() string { return fmt.Sprintf("%s at %.0f, %.0f", e.Kind, e.X, e.Y) }
