package remote

import (
	"context"
	"net/http"
	"time"

	"github.com/aether-rpa/aether/internal/run"
)

// live shows a run to those who watch it at the orchestrator, which says with each heartbeat whether anybody does. It
// implements robot.Live.
type live struct{ task *task }

// Watched implements robot.Live.
func (l *live) Watched(context.Context, string) (watched, taken bool, err error) {
	l.task.mu.Lock()
	defer l.task.mu.Unlock()
	return time.Since(l.task.watched) < 2*beatEvery, time.Since(l.task.taken) < 2*beatEvery, nil
}

// Hand implements robot.Live.
func (l *live) Hand(ctx context.Context, _ string, said run.HandSaid) (*run.Hand, error) {
	var out struct{ Hand *run.Hand }
	err := l.task.client.call(ctx, http.MethodPost, l.task.path("hand"), said, &out)
	if err == nil && out.Hand == nil {
		l.task.mu.Lock()
		l.task.taken = time.Time{}
		l.task.mu.Unlock()
	}
	return out.Hand, err
}

// Show implements robot.Live.
func (l *live) Show(ctx context.Context, _ string, f run.Frame) (bool, error) {
	var out struct{ Watched bool }
	err := l.task.client.call(ctx, http.MethodPost, l.task.path("frame"), f, &out)
	if err == nil && !out.Watched {
		l.task.mu.Lock()
		l.task.watched = time.Time{}
		l.task.mu.Unlock()
	}
	return out.Watched, err
}
