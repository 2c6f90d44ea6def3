package mail

import (
	"sync"
	"time"
)

// Idle connections are kept for a moment, so that a loop over messages does
// not sign in for each of them: providers lock out those who do.
const (
	idleTime    = time.Minute
	idlePerKey  = 4
	idleOverall = 64
)

// pooled is a connection that can wait for its next use.
type pooled interface{ close() }

// pool holds idle connections by their settings.
type pool struct {
	mu   sync.Mutex
	idle map[string][]*waiting
	all  int
}

type waiting struct {
	conn  pooled
	timer *time.Timer
}

var idlePool = &pool{idle: map[string][]*waiting{}}

// take returns an idle connection, or nil. The caller must see whether it is
// still good before it does anything with it.
func (p *pool) take(key string) pooled {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[key]
	if len(list) == 0 {
		return nil
	}
	w := list[len(list)-1]
	p.set(key, list[:len(list)-1])
	p.all--
	w.timer.Stop()
	return w.conn
}

// put keeps a connection for later, or closes it if there are many.
func (p *pool) put(key string, c pooled) {
	p.mu.Lock()
	if len(p.idle[key]) >= idlePerKey || p.all >= idleOverall {
		p.mu.Unlock()
		c.close()
		return
	}
	w := &waiting{conn: c}
	w.timer = time.AfterFunc(idleTime, func() { p.expire(key, w) })
	p.idle[key] = append(p.idle[key], w)
	p.all++
	p.mu.Unlock()
}

func (p *pool) expire(key string, w *waiting) {
	p.mu.Lock()
	list := p.idle[key]
	for i, x := range list {
		if x == w {
			rest := append(append([]*waiting{}, list[:i]...), list[i+1:]...)
			p.set(key, rest)
			p.all--
			p.mu.Unlock()
			w.conn.close()
			return
		}
	}
	p.mu.Unlock() // it was taken in the meantime
}

func (p *pool) set(key string, list []*waiting) {
	if len(list) == 0 {
		delete(p.idle, key)
		return
	}
	p.idle[key] = list
}

// drop closes all idle connections, for tests.
func (p *pool) drop() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.all = map[string][]*waiting{}, 0
	p.mu.Unlock()
	for _, list := range idle {
		for _, w := range list {
			w.timer.Stop()
			w.conn.close()
		}
	}
}
