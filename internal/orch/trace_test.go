package orch_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/all"
)

const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// spans are what orch was told to trace, a line each when it ends.
type spans struct {
	n    int
	told []string
}

func (s *spans) begin(ctx context.Context, what string, r *run.Run, _ time.Time) (context.Context, orch.Span) {
	s.n++
	from := "nobody"
	if r.Trace == caller {
		from = "the caller"
	} else if r.Trace != "" {
		from = "itself"
	}
	line := fmt.Sprintf("%s %s for %s", what, r.ID, from)
	if r.RetryTrace != "" {
		line += ", which retries a traced run"
	}
	return ctx, orch.Span{Traceparent: fmt.Sprintf("00-0af7651916cd43dd8448eb211c80319c-%016x-01", s.n), End: func(added bool, err error) {
		s.told = append(s.told, fmt.Sprintf("%s: %v %v", line, added, err != nil))
	}}
}

func (s *spans) want(t *testing.T, what, want string) {
	t.Helper()
	if got := strings.Join(s.told, "; "); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
	s.told = nil
}

// Every way to add a run has one span that ends once, and the run knows it.
func TestSpansOfAddedRuns(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		s := &spans{}
		o := &orch.Orch{Runs: run.NewStore(d, nil), Queue: queue.New(d), DB: d, Durable: memrt.New(), Nodes: node.Default, Artifacts: disk.Open(t.TempDir()), Now: time.Now, Random: rand.Reader, Trace: s.begin}
		path := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(path, []byte("aether: 1\nname: f\nnodes:\n- {id: say, type: flow.log, params: {message: hi}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := orch.Load(path, node.Default)
		if err != nil || len(b.Problems.Errors()) > 0 {
			t.Fatal(err, b.Problems)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(o.Publish(t.Context(), b))
		ctx := run.WithCaller(t.Context(), caller)
		trace := func(id string) string {
			t.Helper()
			r, err := o.Runs.Get(t.Context(), id)
			must(err)
			return r.Trace
		}
		_, _, err = o.Start(t.Context(), b, "a", nil)
		must(err)
		s.want(t, "started", "start a for nobody: true false")
		if got := trace("a"); !strings.HasSuffix(got, "-0000000000000001-01") {
			t.Errorf("the run belongs to %q, not to its span", got)
		}
		_, _, err = o.Start(ctx, b, "a", nil)
		must(err)
		s.want(t, "started again", "start a for the caller: false false")
		_, err = o.Submit(ctx, b, "b", nil, queue.Job{Key: "k"})
		must(err)
		s.want(t, "submitted", "enqueue b for the caller: true false")
		_, err = o.Submit(ctx, b, "c", nil, queue.Job{Key: "k"})
		must(err)
		s.want(t, "the key is there", "enqueue c for the caller: false false")
		if _, err = o.Submit(t.Context(), b, "d", nil, queue.Job{Priority: 99}); err == nil {
			t.Error("a wrong job was added")
		}
		s.want(t, "a wrong job", "enqueue d for nobody: false true")

		end := func(id string, status run.Status) {
			t.Helper()
			r, err := o.Runs.Claim(t.Context(), id, "me")
			must(err)
			r.Status = status
			if status == run.Failed {
				r.Failure = &node.Failure{Kind: "error", Message: "no"}
			}
			must(o.Runs.End(t.Context(), r))
		}
		dead := func() int64 {
			t.Helper()
			got, err := o.Queue.Claim(t.Context(), queue.Want{Robot: "r"})
			must(err)
			must(o.Queue.Fail(t.Context(), got[0], "no", true))
			return got[0].ID
		}
		end("a", run.Failed)
		_, err = o.Retry(ctx, "a", orch.Retry{From: "start"})
		must(err)
		s.want(t, "retried", "start a.2 for the caller, which retries a traced run: true false")
		_, err = o.RetryQueued(t.Context(), "a", "start", queue.Job{})
		must(err)
		s.want(t, "retried by the queue", "enqueue a.3 for nobody, which retries a traced run: true false")
		_, err = o.CancelRun(t.Context(), "a.3")
		must(err)
		if _, err = o.Retry(t.Context(), "a", orch.Retry{From: "start", DryRun: true}); err != nil {
			t.Error(err)
		}
		s.want(t, "a plan", "")
		// A dead letter whose run has not ended goes on; one whose run has is retried.
		first := dead()
		_, err = o.Requeue(t.Context(), orch.Edit{}, first)
		must(err)
		s.want(t, "requeued", "enqueue b for itself: true false")
		end("b", run.Failed)
		again := dead()
		_, err = o.Requeue(ctx, orch.Edit{}, again)
		must(err)
		s.want(t, "requeued as a retry", "enqueue b.2 for the caller, which retries a traced run: true false")

		// Nobody traces here: what the caller says is kept.
		o.Trace = nil
		_, err = o.Submit(ctx, b, "z", nil, queue.Job{})
		must(err)
		if got := trace("z"); got != caller {
			t.Errorf("the run belongs to %q", got)
		}
		_, err = o.Submit(t.Context(), b, "y", nil, queue.Job{})
		must(err)
		if got := trace("y"); got != "" {
			t.Errorf("the run belongs to %q", got)
		}
	})
}
