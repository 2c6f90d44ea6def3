package robot

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/mask"
	"github.com/aether-rpa/aether/internal/run"
)

type maskSet = mask.Set

// flushEvery is how long an event may stay in memory: watchers in other
// processes are that much behind, and a crash loses at most that much of the
// journal, which the records restore.
const flushEvery = 100 * time.Millisecond

// maxKept is how many events are kept while the database is away.
const maxKept = 20_000

// journal writes events in batches, so that telling what happens costs little.
type journal struct {
	runs *run.Store
	log  *slog.Logger
	mu   sync.Mutex
	buf  []run.Event
	wake chan struct{}
	end  chan struct{}
	done chan struct{}
}

func newJournal(runs *run.Store, log *slog.Logger) *journal {
	j := &journal{runs: runs, log: log, wake: make(chan struct{}, 1), end: make(chan struct{}), done: make(chan struct{})}
	go j.loop()
	return j
}

func (j *journal) add(e run.Event) {
	j.mu.Lock()
	j.buf = append(j.buf, e)
	full := len(j.buf) >= 1000
	j.mu.Unlock()
	if full {
		select {
		case j.wake <- struct{}{}:
		default:
		}
	}
}

func (j *journal) loop() {
	defer close(j.done)
	t := time.NewTicker(flushEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-j.wake:
		case <-j.end:
			j.flush()
			return
		}
		j.flush()
	}
}

func (j *journal) flush() {
	j.mu.Lock()
	batch := j.buf
	j.buf = nil
	j.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := j.runs.AddEvents(ctx, batch); err != nil {
		// The records are what counts, and their own error stops the run; keep the
		// events for the next try, but not without limit.
		j.log.Debug("writing the journal", "err", err, "events", len(batch))
		j.mu.Lock()
		if len(j.buf)+len(batch) <= maxKept {
			j.buf = append(batch, j.buf...)
		}
		j.mu.Unlock()
	}
}

// close writes what is left.
func (j *journal) close() {
	close(j.end)
	<-j.done
}

// keeper stores artifacts and notes that the run uses them.
type keeper struct{ h *host }

// Put implements artifact.Store.
func (k *keeper) Put(ctx context.Context, write func(io.Writer) error) (digest string, size int64, err error) {
	digest, size, err = k.h.robot.Env.Artifacts.Put(ctx, write)
	if err == nil {
		err = persist(ctx, func() error { return k.h.robot.Runs.Keep(context.WithoutCancel(ctx), k.h.run.ID, digest) })
	}
	return digest, size, err
}

// Open implements artifact.Store.
func (k *keeper) Open(ctx context.Context, digest string) (io.ReadCloser, error) {
	return k.h.robot.Env.Artifacts.Open(ctx, digest)
}

// Delete implements artifact.Store.
func (k *keeper) Delete(ctx context.Context, digest string) error {
	return k.h.robot.Env.Artifacts.Delete(ctx, digest)
}
