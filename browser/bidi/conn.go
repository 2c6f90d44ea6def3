package bidi

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/coder/websocket"

	"github.com/aether-rpa/aether/browser"
)

// errGone says that the browser is no more.
var errGone = fmt.Errorf("the browser has ended: %w", browser.ErrGone)

// conn carries calls and events over one WebSocket. It is safe for concurrent use.
type conn struct {
	ws *websocket.Conn
	// events has a handler for each event that matters. Handlers run on the reading goroutine, in the order of the
	// events, and must not wait for the browser.
	events map[string]func(params []byte)

	mu      sync.Mutex
	next    int64
	waiting map[int64]chan *message
	lost    error
	done    chan struct{}
}

// message is what the browser sends: the answer to a call, or an event.
type message struct {
	ID      int64           `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

// refusal is a call that the browser refused.
type refusal struct{ Code, Message string }

func (e *refusal) Error() string { return e.Message + " (" + e.Code + ")" }

// dial connects to a browser and begins to read when start is called.
func dial(ctx context.Context, url string) (*conn, error) {
	ws, _, err := websocket.Dial(ctx, url, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(-1) // pictures and pages are as large as they are
	return &conn{ws: ws, waiting: map[int64]chan *message{}, done: make(chan struct{})}, nil
}

// start reads until the browser ends.
func (c *conn) start(events map[string]func([]byte)) {
	c.events = events
	go func() {
		for {
			_, b, err := c.ws.Read(context.Background())
			if err != nil {
				c.end(err)
				return
			}
			m := new(message)
			if json.Unmarshal(b, m) == nil {
				c.route(m)
			}
		}
	}()
}

func (c *conn) route(m *message) {
	if m.Method != "" {
		if f := c.events[m.Method]; f != nil {
			f(m.Params)
		}
		return
	}
	c.mu.Lock()
	w := c.waiting[m.ID]
	delete(c.waiting, m.ID)
	c.mu.Unlock()
	if w != nil {
		w <- m
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

func (c *conn) close() { _ = c.ws.CloseNow() }

// params are those of a call.
type params = map[string]any

// pending is a call that has been sent.
type pending struct {
	c     *conn
	id    int64
	reply chan *message
	err   error
}

// send sends a command without waiting for its answer, so that several can be under way at once.
func (c *conn) send(method string, p any) pending {
	if p == nil {
		p = params{}
	}
	w := make(chan *message, 1)
	c.mu.Lock()
	if c.lost != nil {
		c.mu.Unlock()
		return pending{err: c.lost}
	}
	c.next++
	id := c.next
	c.waiting[id] = w
	c.mu.Unlock()
	b, err := json.Marshal(struct {
		ID     int64  `json:"id"`
		Method string `json:"method"`
		Params any    `json:"params"`
	}{id, method, p})
	if err != nil {
		return pending{err: fmt.Errorf("%s: %w", method, err)}
	}
	// A deadline of the caller's would close the connection.
	if err := c.ws.Write(context.Background(), websocket.MessageText, b); err != nil {
		c.end(err)
	}
	return pending{c: c, id: id, reply: w}
}

// wait returns the answer of a call; result may be nil. It ends early when gone is closed, which may be nil.
func (p pending) wait(ctx context.Context, gone <-chan struct{}, result any) error {
	if p.err != nil {
		return p.err
	}
	answer := func(m *message) error {
		switch {
		case m.Error != "":
			return &refusal{m.Error, m.Message}
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
	select {
	case m := <-p.reply:
		return answer(m)
	default:
	}
	select {
	case m := <-p.reply:
		return answer(m)
	case <-ctx.Done():
		p.c.mu.Lock()
		delete(p.c.waiting, p.id)
		p.c.mu.Unlock()
		return ctx.Err()
	case <-gone:
		return browser.ErrGone
	case <-p.c.done:
		return p.c.lost
	}
}

// call sends a command and waits for its answer.
func (c *conn) call(ctx context.Context, method string, p, result any) error {
	return c.send(method, p).wait(ctx, nil, result)
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
