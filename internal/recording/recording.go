// Package recording lets a person at the machine of a server record a flow from its pages: the server opens a browser
// with a window there, and tells what was recorded so far. There is one recording at a time, as there is one person.
package recording

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/recorder"
)

// Opened is a browser for a person.
type Opened struct {
	Browser   browser.Browser
	Downloads string // folder for what is downloaded meanwhile
	// Proxy is what the browser loads its pages through, "" for nothing; Loopback says that addresses of this machine
	// are, too.
	Proxy    string
	Loopback bool
	// End closes the browser and takes its files away.
	End func()
}

// Room is where one recording at a time is made. It is safe for concurrent use.
type Room struct {
	// Open opens a browser with a window.
	Open func(ctx context.Context) (*Opened, error)
	// Missing says why none can be opened here, nil if one can.
	Missing func() error
	Now     func() time.Time

	mu      sync.Mutex
	current *recording
}

// recording is one recording, under way or ended.
type recording struct {
	by, url string
	began   time.Time
	rec     *recorder.Recorder // nil while the browser is being opened
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
	// Steps and Trouble are for who records.
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
}

// Address completes and checks the address of a page to begin with.
func Address(text string) (string, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		scheme := "https://"
		if strings.HasPrefix(text, "localhost") || strings.HasPrefix(text, "127.") || strings.HasPrefix(text, "[::1]") {
			scheme = "http://"
		}
		text = scheme + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", sentence{fmt.Sprintf("%q is no address of a page; write one like https://shop.example.com", text), ErrInput}
	}
	return text, nil
}

// Start opens a browser at an address and records what a person does in it. A recording that has ended makes room.
func (r *Room) Start(ctx context.Context, by, at string) error {
	at, err := Address(at)
	if err != nil {
		return err
	}
	if err := r.Missing(); err != nil {
		return sentence{err.Error(), ErrInput}
	}
	c := &recording{by: by, url: at, began: r.Now(), ended: make(chan struct{}), stop: make(chan struct{})}
	r.mu.Lock()
	if old := r.current; old != nil && old.open() {
		r.mu.Unlock()
		return sentence{old.by + " is recording here already; one at a time can be done", ErrBusy}
	}
	r.current = c
	r.mu.Unlock()
	err = r.begin(ctx, c)
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

// begin opens the browser of a recording.
func (r *Room) begin(ctx context.Context, c *recording) error {
	o, err := r.Open(ctx)
	if err != nil {
		return sentence{"a browser window cannot be opened: " + err.Error(), ErrInput}
	}
	rec, err := recorder.Start(ctx, o.Browser, recorder.Config{URL: c.url, Downloads: o.Downloads, Now: r.Now, Proxy: o.Proxy, ProxyLoopback: o.Loopback})
	if err != nil {
		o.End()
		return sentence{err.Error(), ErrInput}
	}
	r.mu.Lock()
	c.rec = rec
	r.mu.Unlock()
	go func() {
		defer close(c.ended)
		select {
		case <-rec.Done(): // finish was pressed, or the window closed
		case <-c.stop:
		}
		_ = rec.Close() // the window may be gone already
		o.End()
	}()
	return nil
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
	if c != nil {
		rec = c.rec
	}
	r.mu.Unlock()
	if c == nil {
		return nil
	}
	s := &Recording{By: c.by, URL: browser.CleanURL(c.url), Began: c.began, Open: c.open()}
	if rec == nil || by != c.by {
		return s
	}
	s.Trouble = rec.Trouble()
	for _, x := range recorder.Plain(rec.Steps()) {
		one := Recorded{Title: x.Title(), Value: x.Value, Secret: x.Secret}
		if x.Element != nil {
			for _, q := range x.Element.Queries {
				one.Candidates = append(one.Candidates, Candidate{Query: q.String(), Score: q.Score, Reason: q.Reason})
			}
		}
		s.Steps = append(s.Steps, one)
	}
	return s
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
