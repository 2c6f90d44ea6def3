package db

import (
	"context"
	"sync"
	"time"
)

// channel is the one PostgreSQL channel of Aether; the topic is its payload, so
// that a process listens with one connection.
const channel = "aether"

// topics wakes who listens in this process.
type topics struct {
	mu   sync.Mutex
	subs map[string][]chan struct{}
}

func (t *topics) add(topic string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.subs == nil {
		t.subs = map[string][]chan struct{}{}
	}
	t.subs[topic] = append(t.subs[topic], c)
	return c, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		list := t.subs[topic]
		for i, have := range list {
			if have == c {
				t.subs[topic] = append(list[:i:i], list[i+1:]...)
				return
			}
		}
	}
}

// wake signals the listeners of a topic, or of all topics if it is empty. A
// listener that has a signal waiting needs no second one.
func (t *topics) wake(topic string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, list := range t.subs {
		if topic != "" && name != topic {
			continue
		}
		for _, c := range list {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}

// Notify wakes the listeners of a topic when the transaction commits: in all
// processes on PostgreSQL, in this process on SQLite.
func (t *Tx) Notify(ctx context.Context, topic string) error {
	if t.db.Pool == nil {
		t.notes = append(t.notes, topic)
		return nil
	}
	_, err := t.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, topic)
	return err
}

// Listen returns a channel that gets a signal after each Notify of the topic;
// several may come as one. A signal may also come for nothing, as after a lost
// connection, so a listener looks for itself what there is. Signals of other
// processes on the same SQLite file do not come: who needs them polls as well.
func (d *DB) Listen(ctx context.Context, topic string) <-chan struct{} {
	c, remove := d.topics.add(topic)
	context.AfterFunc(ctx, remove)
	if d.Pool != nil {
		d.listening.Do(func() { go d.receive() })
	}
	return c
}

// receive passes on what PostgreSQL tells, until the handle is closed.
func (d *DB) receive() {
	for wait := 100 * time.Millisecond; d.life.Err() == nil; wait = min(2*wait, 5*time.Second) {
		if d.receiveUntilLost() {
			wait = 50 * time.Millisecond
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-d.life.Done():
			t.Stop()
		}
	}
}

// receiveUntilLost reports whether it got as far as listening.
func (d *DB) receiveUntilLost() bool {
	conn, err := d.Pool.Acquire(d.life)
	if err != nil {
		return false
	}
	// A connection that listens must not go back to the pool.
	c := conn.Hijack()
	defer func() { _ = c.Close(context.WithoutCancel(d.life)) }()
	if _, err := c.Exec(d.life, "LISTEN "+channel); err != nil {
		return false
	}
	d.topics.wake("") // what was told while nobody listened
	for {
		n, err := c.WaitForNotification(d.life)
		if err != nil {
			return true
		}
		d.topics.wake(n.Payload)
	}
}
