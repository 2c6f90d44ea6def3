package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/aether-rpa/aether/browser"
)

// errGone says that the browser, or the page of a session, is no more.
var errGone = fmt.Errorf("the browser has ended: %w", browser.ErrGone)

// conn carries the calls of many sessions over one transport. It is safe for concurrent use.
type conn struct {
	tr chromedp.Transport

	mu       sync.Mutex
	next     int64
	waiting  map[int64]*call
	sessions map[target.SessionID]*session
	lost     error
	done     chan struct{}
}

type call struct {
	session *session
	reply   chan *cdproto.Message
}

// session is one target's end of the connection; the one without an id is the browser's own.
type session struct {
	c  *conn
	id target.SessionID
	// events has a handler for each event that matters. Handlers run on the reading goroutine, in the order of the
	// events, and must not call the browser.
	events map[string]func(params []byte)
	gone   chan struct{}
	// owner is closed when the tab of the session is gone; nil for none.
	owner <-chan struct{}
}

func newConn(tr chromedp.Transport, events map[string]func([]byte)) *conn {
	c := &conn{tr: tr, waiting: map[int64]*call{}, sessions: map[target.SessionID]*session{}, done: make(chan struct{})}
	c.add("", events)
	return c
}

// start reads until the browser ends.
func (c *conn) start() {
	go func() {
		for {
			m := new(cdproto.Message)
			if err := c.tr.Read(context.Background(), m); err != nil {
				c.end(err)
				return
			}
			c.route(m)
		}
	}()
}

// root returns the session of the browser itself.
func (c *conn) root() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sessions[""]
}

func (c *conn) add(id target.SessionID, events map[string]func([]byte)) *session {
	s := &session{c: c, id: id, events: events, gone: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions[id] = s
	return s
}

// drop ends a session: its pending calls answer errGone.
func (c *conn) drop(id target.SessionID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.sessions[id]; s != nil {
		delete(c.sessions, id)
		close(s.gone)
	}
}

func (c *conn) route(m *cdproto.Message) {
	c.mu.Lock()
	if m.ID != 0 {
		w := c.waiting[m.ID]
		delete(c.waiting, m.ID)
		c.mu.Unlock()
		if w != nil {
			w.reply <- m
		}
		return
	}
	s := c.sessions[m.SessionID]
	c.mu.Unlock()
	if s == nil {
		return
	}
	if f := s.events[string(m.Method)]; f != nil {
		f(m.Params)
	}
}

func (c *conn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost == nil {
		c.lost = fmt.Errorf("%w: %w", errGone, err)
		close(c.done)
	}
}

// pending is a call that has been sent.
type pending struct {
	s   *session
	id  int64
	w   *call
	err error
}

// send sends a command without waiting for its answer, so that several can be under way at once.
func (s *session) send(method string, params any) pending {
	raw, err := json.Marshal(params)
	if err != nil {
		return pending{err: fmt.Errorf("%s: %w", method, err)}
	}
	if params == nil {
		raw = nil
	}
	w := &call{session: s, reply: make(chan *cdproto.Message, 1)}
	s.c.mu.Lock()
	if s.c.lost != nil {
		s.c.mu.Unlock()
		return pending{err: s.c.lost}
	}
	s.c.next++
	id := s.c.next
	s.c.waiting[id] = w
	s.c.mu.Unlock()
	err = s.c.tr.Write(context.Background(), &cdproto.Message{ID: id, SessionID: s.id, Method: cdproto.MethodType(method), Params: raw})
	if err != nil {
		s.c.end(err)
	}
	return pending{s: s, id: id, w: w}
}

// wait returns the answer of a call; result may be nil.
func (p pending) wait(ctx context.Context, result any) error {
	if p.err != nil {
		return p.err
	}
	answer := func(m *cdproto.Message) error {
		if m.Error != nil {
			return m.Error
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
	select {
	case m := <-p.w.reply:
		return answer(m)
	default:
	}
	select {
	case m := <-p.w.reply:
		return answer(m)
	case <-ctx.Done():
		p.s.c.mu.Lock()
		delete(p.s.c.waiting, p.id)
		p.s.c.mu.Unlock()
		return ctx.Err()
	case <-p.s.owner:
		return browser.ErrGone
	case <-p.s.gone:
		return fmt.Errorf("%w: the page was closed", errGone)
	case <-p.s.c.done:
		return p.s.c.lost
	}
}

// Call sends a command and waits for its answer.
func (s *session) Call(ctx context.Context, method string, params, result any) error {
	return s.send(method, params).wait(ctx, result)
}

// on makes a handler of a typed event.
func on[E any](f func(E)) func([]byte) {
	return func(raw []byte) {
		var e E
		if json.Unmarshal(raw, &e) == nil {
			f(e)
		}
	}
}
