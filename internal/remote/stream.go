package remote

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/run"
)

// How much goes into one request, and how long a record or an event may wait
// for company.
const (
	batchRecords = 500
	batchBytes   = 512 << 10
	batchWait    = 100 * time.Millisecond
	eventWait    = 500 * time.Millisecond
	// ackWait is how long a run waits at most, when it has done what must not be
	// repeated, until the orchestrator knows that it did (until it does, a robot
	// that takes the run over must ask a person); and before it does what may be
	// repeated, until the orchestrator knows what came before.
	ackWait = 5 * time.Second
)

type record struct {
	Name string          `json:"name"`
	Data json.RawMessage `json:"data"`
}

// stream sends the records of a run in the order they were made.
type stream struct {
	task *task

	mu    sync.Mutex
	queue []durable.Entry
	added int           // entries ever put into queue
	acked int           // of these, the orchestrator has
	wake  chan struct{} // there is something to send, at once if urgent
	news  chan struct{} // closed when acked grows
	hurry bool
	// gaveUp is more than acked while the orchestrator was waited for in vain and
	// nothing got through since.
	gaveUp int
}

func newStream(t *task) *stream {
	return &stream{task: t, wake: make(chan struct{}, 1), news: make(chan struct{})}
}

// add puts entries into the queue and returns the place behind them.
func (s *stream) add(hurry bool, list ...durable.Entry) int {
	s.mu.Lock()
	s.queue = append(s.queue, list...)
	s.added += len(list)
	s.hurry = s.hurry || hurry
	place := s.added
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return place
}

// wait waits until the orchestrator has all before a place.
func (s *stream) wait(ctx context.Context, place int) error {
	for {
		s.mu.Lock()
		done, news := s.acked >= place, s.news
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-news:
		case <-s.task.lease.Done():
			return run.ErrLeaseLost
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// flush waits until the orchestrator has everything.
func (s *stream) flush(ctx context.Context) error {
	return s.wait(ctx, s.add(true))
}

// run sends until the lease or ctx ends.
func (s *stream) run(ctx context.Context) {
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		hurry := s.hurry
		s.mu.Unlock()
		if !hurry {
			t := time.NewTimer(batchWait)
			select {
			case <-t.C:
			case <-s.wake:
			case <-ctx.Done():
			}
			t.Stop()
		}
		for s.send(ctx) {
		}
	}
}

// send sends one batch and reports whether there may be more.
func (s *stream) send(ctx context.Context) bool {
	s.mu.Lock()
	var batch []record
	size := 0
	for _, e := range s.queue {
		if len(batch) == batchRecords || len(batch) > 0 && size+len(e.Data) > batchBytes {
			break
		}
		batch, size = append(batch, record{e.Name, e.Data}), size+len(e.Data)
	}
	if len(batch) == 0 {
		s.hurry = false
		s.mu.Unlock()
		return false
	}
	s.mu.Unlock()
	err := persist(ctx, func() error {
		for _, r := range batch {
			if err := s.task.sent(ctx, string(r.Data)); err != nil {
				return err
			}
		}
		return s.task.client.call(ctx, http.MethodPost, s.task.path("records"), map[string]any{"records": batch}, nil)
	})
	if err != nil {
		if ctx.Err() == nil {
			s.task.refused(err)
		}
		return false
	}
	s.mu.Lock()
	s.queue = s.queue[len(batch):]
	s.acked += len(batch)
	close(s.news)
	s.news = make(chan struct{})
	s.mu.Unlock()
	return true
}

// log is the log of a run whose records are sent.
type log struct {
	durable.Log
	task *task
	exec context.Context

	mu     sync.Mutex
	intent map[string]bool // tries that were announced and have not ended, by their names
}

// announces returns the record that ends the try which an entry announces:
// each[2]/send!intent2 announces each[2]/send.
func announces(entry string) (record string, ok bool) {
	mark := strings.LastIndex(entry, "!intent")
	if mark < 0 || mark < strings.LastIndexByte(entry, '/') {
		return "", false
	}
	return entry[:mark], true
}

// Append implements durable.Log. What has happened is kept here before it is sent; an intent only when it got there.
func (l *log) Append(ctx context.Context, entries ...durable.Entry) error {
	var intents, results []durable.Entry
	announced := false
	l.mu.Lock()
	for _, e := range entries {
		if record, ok := announces(e.Name); ok {
			l.intent[record] = true
			intents = append(intents, e)
			continue
		}
		announced = announced || l.intent[e.Name]
		delete(l.intent, e.Name)
		results = append(results, e)
	}
	l.mu.Unlock()
	if len(results) > 0 {
		if err := l.Log.Append(ctx, results...); err != nil {
			return err
		}
	}
	place := l.task.stream.add(announced || len(intents) > 0, append(results, intents...)...)
	switch {
	case len(intents) > 0:
		if err := l.task.stream.wait(l.exec, place); err != nil {
			return err
		}
		return l.Log.Append(ctx, intents...)
	case announced:
		// A network that is away must not hold up the run for longer: what comes
		// next and may be repeated needs no orchestrator.
		short, cancel := context.WithTimeout(l.exec, ackWait)
		defer cancel()
		_ = l.task.stream.wait(short, place) // the records are kept here, and are sent when that can be
	}
	return nil
}

// Confirm implements durable.Log. A network that is away holds up the run once:
// what comes next and may be repeated goes on without.
func (l *log) Confirm(ctx context.Context) error {
	s := l.task.stream
	s.mu.Lock()
	place, acked := s.added, s.acked
	known := acked >= place || s.gaveUp > acked
	s.mu.Unlock()
	if known {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	err := s.wait(short, s.add(true))
	if err == nil || errors.Is(err, run.ErrLeaseLost) || ctx.Err() != nil {
		return err
	}
	s.mu.Lock()
	s.gaveUp = s.acked + 1
	s.mu.Unlock()
	return nil
}

// tell sends the journal until ctx ends.
func (t *task) tell(ctx context.Context) {
	tick := time.NewTicker(eventWait)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := t.tellOnce(ctx); err != nil && ctx.Err() == nil {
				t.agent.Log.Debug("sending the journal", "run", t.run, "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (t *task) tellOnce(ctx context.Context) error {
	for {
		list, err := t.agent.Robot.Runs.Events(ctx, t.run, t.told, batchRecords)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if err := t.sendTrace(ctx, e); err != nil {
				return err
			}
		}
		if err := t.client.call(ctx, http.MethodPost, t.path("events"), map[string]any{"events": list}, nil); err != nil {
			if lost(err) {
				t.refused(err)
			}
			return err
		}
		t.told = list[len(list)-1].Seq
	}
}
