// Package recording lets a person record a flow from the pages of a server, and pick elements there: the server opens a
// browser, with a window on its own machine or without one, which the person then works in through the pages. It tells
// what was recorded so far. There is one recording at a time.
package recording

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/recorder"
	"github.com/aether-rpa/aether/internal/screen"
)

// Opened is a browser for a person.
type Opened struct {
	Browser   browser.Browser
	Downloads string // folder for what is downloaded meanwhile
	Uploads   string // folder for files that the person brings
	// Proxy is what the browser loads its pages through, "" for nothing; Loopback says that addresses of this machine
	// are, too.
	Proxy    string
	Loopback bool
	// End closes the browser and takes its files away.
	End func()
}

// Room is where one recording at a time is made. It is safe for concurrent use.
type Room struct {
	// Open opens a browser, with a window on this machine or without one.
	Open func(ctx context.Context, window bool) (*Opened, error)
	// Missing says why none can be opened here, nil if one can; NoWindow why none with a window, "" if one can.
	Missing  func() error
	NoWindow string
	// Idle is how long a browser without a window stays open when nobody looks at it or does anything in it.
	Idle time.Duration
	Now  func() time.Time

	mu      sync.Mutex
	current *recording
}

// recording is one recording, under way or ended.
type recording struct {
	by, url string
	began   time.Time
	rec     *recorder.Recorder // nil while the browser is being opened
	scr     *screen.Screen     // nil for a window
	left    atomic.Bool        // it ended since nobody was there
	ended   chan struct{}      // closed when the browser is gone
	stop    chan struct{}      // closed when it is to end
	once    sync.Once
}

func (c *recording) end() { c.once.Do(func() { close(c.stop) }) }

// Errors that callers test for.
var (
	ErrNone  = errors.New("nothing is being recorded")
	ErrBusy  = errors.New("something is being recorded")
	ErrInput = errors.New("this cannot be recorded")
)

// sentence is an error with a sentence of its own.
type sentence struct {
	text string
	is   error
}

func (s sentence) Error() string        { return s.text }
func (s sentence) Is(target error) bool { return target == s.is }

// Recording is what can be seen of one.
type Recording struct {
	By    string    `json:"by" doc:"Who records."`
	URL   string    `json:"url" doc:"Address that it began with."`
	Began time.Time `json:"began"`
	Open  bool      `json:"open" doc:"Whether the browser is open and what is done in it is recorded."`
	Page  bool      `json:"page,omitempty" doc:"Whether it is worked in by the pages of the server, rather than in a window."`
	Left  bool      `json:"left,omitempty" doc:"Whether it ended because nobody looked at it any more."`
	// Mode, Paused, Steps and Trouble are for who records.
	Mode    string     `json:"mode,omitempty" doc:"What the next click chooses for: visible, text or value. Absent: it is done in the page."`
	Paused  bool       `json:"paused,omitempty" doc:"Whether what is done is not recorded."`
	Steps   []Recorded `json:"steps,omitempty"`
	Trouble []string   `json:"trouble,omitempty" doc:"What could not be recorded."`
}

// Recorded is a step of a recording.
type Recorded struct {
	Title      string      `json:"title"`
	Value      string      `json:"value,omitempty" doc:"What was entered; never a secret."`
	Secret     bool        `json:"secret,omitempty" doc:"Whether a secret was entered, which is not recorded."`
	Candidates []Candidate `json:"candidates,omitempty" doc:"The ways to find the element, the most stable first."`
}

// Candidate is a way to find an element.
type Candidate struct {
	Query  string  `json:"query"`
	Score  float64 `json:"score" doc:"How stable it is likely to be, from 1 to 0."`
	Reason string  `json:"reason"`
	// Matches is how many elements of the page it finds.
	Matches int `json:"matches" doc:"How many elements of the page it finds."`
}

// begins completes the address of a page to begin with.
func begins(at string) (string, error) {
	to, err := screen.Address(at)
	if err != nil {
		return "", sentence{err.Error(), ErrInput}
	}
	return to, nil
}

// Start opens a browser at an address and records what a person does in it. A recording that has ended makes room.
func (r *Room) Start(ctx context.Context, by, at string, window bool) error {
	at, err := begins(at)
	if err != nil {
		return err
	}
	if err := r.Missing(); err != nil {
		return sentence{err.Error(), ErrInput}
	}
	if window && r.NoWindow != "" {
		return sentence{r.NoWindow, ErrInput}
	}
	c := &recording{by: by, url: at, began: r.Now(), ended: make(chan struct{}), stop: make(chan struct{})}
	r.mu.Lock()
	if old := r.current; old != nil && old.open() {
		r.mu.Unlock()
		return sentence{old.by + " is recording here already; one at a time can be done", ErrBusy}
	}
	r.current = c
	r.mu.Unlock()
	err = r.begin(ctx, c, window)
	if err != nil {
		close(c.ended)
		r.mu.Lock()
		if r.current == c {
			r.current = nil
		}
		r.mu.Unlock()
	}
	return err
}

// The size of a page that is worked in without a window.
const pageWidth, pageHeight = 1280, 800

// begin opens the browser of a recording.
func (r *Room) begin(ctx context.Context, c *recording, window bool) error {
	o, err := r.Open(ctx, window)
	if err != nil {
		return sentence{"a browser cannot be opened: " + err.Error(), ErrInput}
	}
	rec, err := recorder.Start(ctx, o.Browser, config(r.Now, c.url, o, window))
	if err != nil {
		o.End()
		return sentence{err.Error(), ErrInput}
	}
	var scr *screen.Screen
	if !window {
		scr = screen.New(rec.Context(), screen.Options{Uploads: o.Uploads, Meant: rec.Meant})
	}
	r.mu.Lock()
	c.rec, c.scr = rec, scr
	r.mu.Unlock()
	go func() {
		defer close(c.ended)
		c.left.Store(until(rec.Done(), c.stop, scr, r.Idle))
		if scr != nil {
			scr.Close()
		}
		_ = rec.Close() // the window may be gone already
		o.End()
	}()
	return nil
}

// config is how a recorder works in a browser.
func config(now func() time.Time, url string, o *Opened, window bool) recorder.Config {
	c := recorder.Config{URL: url, Downloads: o.Downloads, Now: now, Proxy: o.Proxy, ProxyLoopback: o.Loopback}
	if !window {
		c.Bare, c.Uploads, c.Width, c.Height = true, o.Uploads, pageWidth, pageHeight
	}
	return c
}

// until waits until a browser is done with or is to end, and reports whether it is because nobody was there for a time.
func until(done, stop <-chan struct{}, scr *screen.Screen, idle time.Duration) bool {
	if scr == nil || idle <= 0 {
		select {
		case <-done: // finish was pressed, or the window closed
		case <-stop:
		}
		return false
	}
	look := time.NewTicker(max(idle/10, time.Millisecond))
	defer look.Stop()
	for {
		select {
		case <-done:
			return false
		case <-stop:
			return false
		case <-look.C:
			if scr.Idle() > idle {
				return true
			}
		}
	}
}

func (c *recording) open() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// State returns the recording; its steps are shown to who records alone. It is nil if there is none.
func (r *Room) State(by string) *Recording {
	r.mu.Lock()
	c := r.current
	var rec *recorder.Recorder
	var page bool
	if c != nil {
		rec, page = c.rec, c.scr != nil
	}
	r.mu.Unlock()
	if c == nil {
		return nil
	}
	s := &Recording{By: c.by, URL: browser.CleanURL(c.url), Began: c.began, Open: c.open(), Page: page, Left: c.left.Load()}
	if rec == nil || by != c.by {
		return s
	}
	s.Trouble = rec.Trouble()
	s.Mode, s.Paused = rec.Doing()
	for _, x := range recorder.Plain(rec.Steps()) {
		s.Steps = append(s.Steps, Recorded{Title: x.Title(), Value: x.Value, Secret: x.Secret, Candidates: candidates(x.Element)})
	}
	return s
}

// candidates are the ways to find an element.
func candidates(e *recorder.Element) (all []Candidate) {
	if e == nil {
		return nil
	}
	for _, q := range e.Queries {
		all = append(all, Candidate{Query: q.String(), Score: q.Score, Reason: q.Reason, Matches: q.Matches})
	}
	return all
}

// Screen returns the browser of somebody's recording, to be worked in; it is none if that is in a window.
func (r *Room) Screen(by string) (*screen.Screen, error) {
	c, err := r.mine(by)
	if err != nil {
		return nil, err
	}
	if c.scr == nil || !c.open() {
		return nil, sentence{"the recording has ended, or is made in a window", ErrNone}
	}
	return c.scr, nil
}

// Press presses a button of the recorder of somebody; what that brings is in the state when it returns.
func (r *Room) Press(ctx context.Context, by, button string) error {
	c, err := r.mine(by)
	if err != nil {
		return err
	}
	if err := c.rec.Press(button); err != nil {
		return sentence{err.Error(), ErrInput}
	}
	return c.rec.Settle(ctx)
}

// mine returns the recording of somebody.
func (r *Room) mine(by string) (*recording, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch c := r.current; {
	case c == nil || c.rec == nil:
		return nil, ErrNone
	case c.by != by:
		return nil, sentence{"the recording is that of " + c.by, ErrBusy}
	default:
		return c, nil
	}
}

// Stop ends a recording and closes its browser. What was recorded stays until it is dropped or another one begins.
func (r *Room) Stop(ctx context.Context, by string) error {
	c, err := r.mine(by)
	if err != nil {
		return err
	}
	c.end()
	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Flow returns the text of the flow that was recorded so far.
func (r *Room) Flow(by, name string) ([]byte, error) {
	c, err := r.mine(by)
	if err != nil {
		return nil, err
	}
	return recorder.Flow(name, c.rec.Steps())
}

// Drop ends a recording and forgets it.
func (r *Room) Drop(ctx context.Context, by string) error {
	c, err := r.mine(by)
	if err != nil {
		return err
	}
	if err := r.Stop(ctx, by); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == c {
		r.current = nil
	}
	return nil
}

// Close ends what is being recorded.
func (r *Room) Close() {
	r.mu.Lock()
	c := r.current
	r.mu.Unlock()
	if c == nil {
		return
	}
	c.end()
	<-c.ended
}
