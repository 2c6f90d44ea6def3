package pool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

type conn struct {
	dead   bool
	closed chan struct{}
}

func newPool() *Pool[*conn] {
	return &Pool[*conn]{
		Alive: func(_ context.Context, c *conn) bool { return !c.dead },
		Close: func(c *conn) { close(c.closed) },
	}
}

func dial(context.Context) (*conn, error) { return &conn{closed: make(chan struct{})}, nil }

func take(t *testing.T, p *Pool[*conn], key Key) *conn {
	t.Helper()
	c, err := p.Take(t.Context(), key, dial)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReuse(t *testing.T) {
	p := newPool()
	a, b := KeyOf("host", "secret-1"), KeyOf("host", "secret-2")
	if a == b {
		t.Fatal("other secrets gave the same key")
	}
	c := take(t, p, a)
	p.Put(a, c)
	if take(t, p, b) == c {
		t.Error("a connection was given to other settings")
	}
	if take(t, p, a) != c {
		t.Error("the idle connection was not used")
	}
	if take(t, p, a) == c {
		t.Error("a connection was given out twice")
	}
}

func TestDeadConnectionIsReplaced(t *testing.T) {
	p := newPool()
	c := take(t, p, Key{})
	p.Put(Key{}, c)
	c.dead = true
	if take(t, p, Key{}) == c {
		t.Error("a dead connection was given out")
	}
	<-c.closed
	_, err := p.Take(t.Context(), Key{}, func(context.Context) (*conn, error) { return nil, errors.New("down") })
	if err == nil {
		t.Error("the error of dialling was lost")
	}
}

func TestIdleIsClosed(t *testing.T) {
	p := newPool()
	p.Idle, p.Most = time.Millisecond, 1
	c, d := take(t, p, Key{}), take(t, p, Key{})
	p.Put(Key{}, c)
	<-c.closed
	p.Idle = time.Hour
	p.Put(Key{}, d)
	e, _ := dial(t.Context())
	p.Put(Key{}, e)
	<-e.closed // more than are kept
	if n := p.Drop(Key{}); n != 1 {
		t.Errorf("dropped %d, want 1", n)
	}
	<-d.closed
}

func TestConcurrent(t *testing.T) {
	p := newPool()
	var wg sync.WaitGroup
	var mu sync.Mutex
	held := map[*conn]bool{}
	for range 8 {
		wg.Go(func() {
			for range 100 {
				c, _ := p.Take(context.Background(), Key{}, dial)
				mu.Lock()
				if held[c] {
					t.Error("two hold the same connection")
				}
				held[c] = true
				mu.Unlock()
				mu.Lock()
				delete(held, c)
				mu.Unlock()
				p.Put(Key{}, c)
			}
		})
	}
	wg.Wait()
}
