package remote

import (
	"context"
	"errors"
	"testing"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/run"
)

// streaming is a task of which nothing is sent but by ack.
func streaming(t *testing.T) (l *log, ack func()) {
	task := &task{}
	task.lease, task.end = context.WithCancelCause(t.Context())
	task.stream = newStream(task)
	s := task.stream
	return &log{task: task}, func() {
		s.mu.Lock()
		s.acked = s.added
		close(s.news)
		s.news = make(chan struct{})
		s.mu.Unlock()
	}
}

// Before the world is changed, the orchestrator has what was recorded; when it
// was waited for in vain, not again before something gets through.
func TestConfirm(t *testing.T) {
	t.Parallel()
	l, ack := streaming(t)
	s := l.task.stream
	if err := l.Confirm(t.Context()); err != nil {
		t.Errorf("with nothing recorded: %v", err)
	}
	got := make(chan error)
	s.add(false, durable.Entry{Name: "read"})
	<-s.wake
	go func() { got <- l.Confirm(t.Context()) }()
	<-s.wake // it asks for the records to be sent
	select {
	case err := <-got:
		t.Fatalf("before the orchestrator has the record: %v", err)
	default:
	}
	s.mu.Lock()
	if !s.hurry {
		t.Error("it does not hurry")
	}
	s.mu.Unlock()
	ack()
	if err := <-got; err != nil {
		t.Errorf("when it has it: %v", err)
	}

	// The network is away: it waits once.
	s.add(false, durable.Entry{Name: "two"})
	<-s.wake
	if err := l.Confirm(t.Context()); err != nil {
		t.Errorf("when the network is away: %v", err)
	}
	<-s.wake
	s.add(false, durable.Entry{Name: "three"})
	<-s.wake
	if err := l.Confirm(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
	select {
	case <-s.wake:
		t.Error("it waited again")
	default:
	}
	ack()
	s.add(false, durable.Entry{Name: "four"})
	<-s.wake
	go func() { got <- l.Confirm(t.Context()) }()
	<-s.wake // it waits again
	l.task.end(run.ErrLeaseLost)
	if err := <-got; !errors.Is(err, run.ErrLeaseLost) {
		t.Errorf("when the lease is lost: %v", err)
	}

	l, _ = streaming(t)
	l.task.stream.add(false, durable.Entry{Name: "read"})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped"))
	if err := l.Confirm(ctx); err == nil || err.Error() != "stopped" {
		t.Errorf("when the run is stopped: %v", err)
	}
}
