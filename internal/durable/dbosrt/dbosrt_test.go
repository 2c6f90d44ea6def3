package dbosrt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/dbosrt"
	"github.com/aether-rpa/aether/internal/durable/durabletest"
)

var executors atomic.Int64

// open opens a runtime with a handle of its own: DBOS closes the handle it was
// given when it shuts down.
func open(t *testing.T, target dbtest.Target) *dbosrt.Runtime {
	t.Helper()
	rt, err := dbosrt.Open(t.Context(), dbosrt.Config{DB: dbtest.Open(t, target), AppName: "aether", Executor: fmt.Sprintf("test-%d", executors.Add(1)), Resumes: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close(5 * time.Second) })
	return rt
}

func TestContract(t *testing.T) {
	dbtest.EachEmpty(t, func(t *testing.T, target dbtest.Target) {
		durabletest.Exercise(t, func(t *testing.T) durable.Runtime { return open(t, target) })
	})
}

// TestTakeOver lets another process go on with a run, and looks that the first
// one can record nothing any more.
func TestTakeOver(t *testing.T) {
	dbtest.EachEmpty(t, func(t *testing.T, target dbtest.Target) {
		first, second := open(t, target), open(t, target)
		ready, taken := make(chan struct{}), make(chan struct{})
		zombie := make(chan error, 1)
		go func() {
			_, err := first.Run(context.WithoutCancel(t.Context()), "z", func(ctx context.Context, log durable.Log) ([]byte, error) {
				if err := log.Append(ctx, durable.Entry{Name: "one", Data: []byte("1")}); err != nil {
					return nil, err
				}
				close(ready)
				<-taken
				return nil, log.Append(ctx, durable.Entry{Name: "two", Data: []byte("zombie")})
			})
			zombie <- err
		}()
		<-ready
		out, err := second.Run(t.Context(), "z", func(ctx context.Context, log durable.Log) ([]byte, error) {
			close(taken)
			if err := <-zombie; !errors.Is(err, durable.ErrLost) {
				return nil, fmt.Errorf("the first process got %w, want ErrLost", err)
			}
			if len(log.Past()) != 1 {
				return nil, fmt.Errorf("past = %v", log.Past())
			}
			return []byte("second"), log.Append(ctx, durable.Entry{Name: "two", Data: []byte("2")})
		})
		if err != nil || string(out) != "second" {
			t.Fatalf("out = %s, err = %v", out, err)
		}
		entries, err := second.Entries(t.Context(), "z")
		if err != nil || len(entries) != 2 || string(entries[1].Data) != "2" {
			t.Errorf("entries = %v, err = %v", entries, err)
		}
	})
}
