package db

import (
	"context"
	"slices"
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

// Notify wakes the listeners of a topic when the transaction has committed: in
// this process at once, in all others on PostgreSQL soon after.
//
// The signal is no part of the transaction: PostgreSQL lets transactions with a
// NOTIFY commit one after the other, each with its own wait for the disk. If
// this process dies between the two, listeners find out by polling. So it needs
// no context yet and cannot fail yet.
func (t *Tx) Notify(_ context.Context, topic string) error {
	if !slices.Contains(t.notes, topic) {
		t.notes = append(t.notes, topic)
	}
	return nil
}

// announcements are the topics that other processes are still to hear of.
type announcements struct {
	mu      sync.Mutex
	topics  map[string]bool
	sending bool
	idle    chan struct{} // closed when nothing is being sent any more
}

// announceGap is how much time lies between two signals at least; what comes
// meanwhile goes with the next. The first goes at once.
const announceGap = 3 * time.Millisecond

// announce tells this process and all others of topics.
func (d *DB) announce(topics []string) {
	for _, topic := range topics {
		d.topics.wake(topic)
	}
	if d.Pool == nil || len(topics) == 0 {
		return
	}
	a := &d.announced
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.topics == nil {
		a.topics = map[string]bool{}
	}
	for _, topic := range topics {
		a.topics[topic] = true
	}
	if !a.sending {
		a.sending, a.idle = true, make(chan struct{})
		go d.send(a.idle)
	}
}

// send sends signals until there are none left.
func (d *DB) send(idle chan struct{}) {
	defer close(idle)
	a := &d.announced
	for {
		a.mu.Lock()
		var list []string
		for topic := range a.topics {
			list = append(list, topic)
		}
		clear(a.topics)
		if len(list) == 0 {
			a.sending = false
			a.mu.Unlock()
			return
		}
		a.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		// There is nothing to be kept, so nothing to wait for the disk for. If it
		// does not work, the others poll.
		_, _ = d.Pool.Exec(ctx, `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, t) FROM unnest($2::text[]) t`, channel, list)
		cancel()
		select {
		case <-time.After(announceGap):
		case <-d.life.Done(): // the rest at once
		}
	}
}

// announcedAll waits until nothing is being sent any more.
func (d *DB) announcedAll() {
	d.announced.mu.Lock()
	idle := d.announced.idle
	d.announced.mu.Unlock()
	if idle != nil {
		<-idle
	}
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
