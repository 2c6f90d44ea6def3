// Package pool keeps connections that nodes have used for those that come
// next. A connection belongs to one node execution at a time; an idle one is
// asked whether it is alive before it is given out, so that a stale one is
// replaced before anything is done with it, never after.
package pool

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// Key stands for all settings of a connection, secrets among them; it cannot
// be turned back into them.
type Key [sha256.Size]byte

// KeyOf returns the key of the given settings. Secrets must be given revealed,
// since they print alike otherwise.
func KeyOf(settings ...any) Key {
	b, err := json.Marshal(settings)
	if err != nil {
		panic("pool: settings that are no JSON: " + err.Error())
	}
	return sha256.Sum256(b)
}

// Pool holds idle connections by their settings. Set the functions before the
// first use. It is safe for concurrent use.
type Pool[T comparable] struct {
	// Alive tells whether an idle connection still works; ctx bounds the time.
	Alive func(ctx context.Context, conn T) bool
	// Close ends a connection.
	Close func(conn T)
	// Idle is how long a connection is kept unused; 0 means a minute.
	Idle time.Duration
	// Most is how many idle connections of equal settings are kept; 0 means 4.
	Most int

	mu   sync.Mutex
	idle map[Key][]*kept[T]
}

type kept[T comparable] struct {
	conn  T
	timer *time.Timer
}

// aliveLimit bounds the question whether an idle connection works.
const aliveLimit = 5 * time.Second

// Take returns an idle connection that is alive, or one that dial makes. Give
// it back with Put, or close it.
func (p *Pool[T]) Take(ctx context.Context, key Key, dial func(context.Context) (T, error)) (T, error) {
	for {
		conn, ok := p.pop(key)
		if !ok {
			return dial(ctx)
		}
		ask, cancel := context.WithTimeout(ctx, aliveLimit)
		alive := p.Alive(ask, conn)
		cancel()
		if alive {
			return conn, nil
		}
		p.Close(conn)
		if err := ctx.Err(); err != nil {
			var none T
			return none, err
		}
	}
}

// pop takes the connection that was used last, which is the likeliest to be
// alive.
func (p *Pool[T]) pop(key Key) (conn T, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[key]
	if len(list) == 0 {
		return conn, false
	}
	k := list[len(list)-1]
	p.set(key, list[:len(list)-1])
	k.timer.Stop()
	return k.conn, true
}

// set must be called with mu held.
func (p *Pool[T]) set(key Key, list []*kept[T]) {
	if len(list) == 0 {
		delete(p.idle, key)
		return
	}
	if p.idle == nil {
		p.idle = map[Key][]*kept[T]{}
	}
	p.idle[key] = list
}

// Put keeps a connection that works for the next one who needs it.
func (p *Pool[T]) Put(key Key, conn T) {
	most, wait := p.Most, p.Idle
	if most == 0 {
		most = 4
	}
	if wait == 0 {
		wait = time.Minute
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[key]
	if len(list) >= most {
		go p.Close(conn) // it may take a moment, and nobody waits for it
		return
	}
	k := &kept[T]{conn: conn}
	k.timer = time.AfterFunc(wait, func() { p.expire(key, k) })
	p.set(key, append(list, k))
}

func (p *Pool[T]) expire(key Key, old *kept[T]) {
	p.mu.Lock()
	found := false
	var rest []*kept[T]
	for _, k := range p.idle[key] {
		if k == old {
			found = true
			continue
		}
		rest = append(rest, k)
	}
	if found {
		p.set(key, rest)
	}
	p.mu.Unlock()
	if found {
		p.Close(old.conn)
	}
}

// Drop closes the idle connections with these settings and returns how many
// there were.
func (p *Pool[T]) Drop(key Key) int {
	n := 0
	for {
		conn, ok := p.pop(key)
		if !ok {
			return n
		}
		p.Close(conn)
		n++
	}
}
