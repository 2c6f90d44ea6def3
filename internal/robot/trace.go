package robot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Bounds of what a run that is traced in case it fails keeps in memory. What was longest ago goes first.
const (
	ringSteps = 200
	ringBytes = 64 << 20
)

// TraceKeep says when the traces of runs are kept, see the constants of package trace.
type TraceKeep struct {
	// Default holds for flows that do not say; "" is never.
	Default string
	// Forced holds for all flows; "" for none.
	Forced string
}

// of returns what holds for a flow.
func (k TraceKeep) of(plan *engine.Plan) string {
	switch {
	case k.Forced != "":
		return k.Forced
	case plan.Flow.Settings.Trace != "":
		return plan.Flow.Settings.Trace
	case k.Default != "":
		return k.Default
	}
	return trace.Never
}

// recorder keeps the trace of one execution of a run.
type recorder struct {
	h    *host
	keep string

	mu   sync.Mutex
	ring []traced
	size int
	kept map[string]bool // digests that the run has already
}

// traced is what one node execution saw.
type traced struct {
	info node.RunInfo
	at   time.Time
	step *node.TraceStep
	size int
}

// nodeTrace implements node.Trace for one node execution.
type nodeTrace struct {
	r    *recorder
	info node.RunInfo
}

// Full implements node.Trace.
func (t *nodeTrace) Full() bool { return t.r.keep == trace.Always }

// Add implements node.Trace.
func (t *nodeTrace) Add(ctx context.Context, s *node.TraceStep) {
	r, x := t.r, traced{t.info, t.r.h.robot.Now(), s, sizeOf(s)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keep == trace.Always {
		r.write(ctx, x)
		// A crash that comes now finds it written; done again, the node writes it again, and the last one counts.
		r.h.journal.flush()
		return
	}
	r.ring = append(r.ring, x)
	r.size += x.size
	for len(r.ring) > ringSteps || r.size > ringBytes && len(r.ring) > 1 {
		r.size -= r.ring[0].size
		r.ring = slices.Delete(r.ring, 0, 1)
	}
}

func sizeOf(s *node.TraceStep) int {
	n := 200 * (len(s.Console) + len(s.Network))
	for _, p := range []*node.TracePage{s.Before, s.After} {
		if p != nil {
			n += len(p.HTML)
			for _, f := range p.Files {
				n += len(f.Data)
			}
		}
	}
	if s.Shot != nil {
		n += len(s.Shot.JPEG)
	}
	return n
}

// env returns what a node execution hands its trace to, nil if none is kept.
func (r *recorder) env(info node.RunInfo) node.Trace {
	if r == nil || r.keep == trace.Never {
		return nil
	}
	return &nodeTrace{r, info}
}

// failed writes what was kept in case that the run fails.
func (r *recorder) failed(ctx context.Context) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.ring {
		r.write(ctx, x)
	}
	r.ring, r.size = nil, 0
}

// write stores what one node execution saw. The run does not fail for it. Call it under mu.
func (r *recorder) write(ctx context.Context, x traced) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	e, err := r.store(ctx, x)
	if err != nil {
		r.h.robot.Log.Warn("keeping the trace of a node", "run", r.h.run.ID, "node", x.info.Path, "err", err)
		return
	}
	data, err := json.Marshal(e)
	if err != nil {
		return
	}
	v, err := value.Parse(data)
	if err != nil {
		return
	}
	if m, ok := v.(map[string]any); ok {
		r.h.noteAt(trace.Kind, x.info.Path, x.at, m)
	}
}

func (r *recorder) store(ctx context.Context, x traced) (trace.Entry, error) {
	s, m := x.step, &r.h.mask
	e := trace.Entry{Node: x.info.Node, URL: m.Text(s.URL), Failed: s.Failed}
	if x.info.Attempt > 1 {
		e.Try = x.info.Attempt
	}
	out := trace.Step{URL: e.URL, Title: m.Text(s.Title), Started: s.Started, WaitedMS: millis(s.Waited), TookMS: millis(s.Took), Failed: s.Failed, Files: map[string]string{}}
	for _, c := range s.Console {
		c.Text, c.URL = m.Text(c.Text), m.Text(c.URL)
		out.Console = append(out.Console, c)
	}
	for _, n := range s.Network {
		n.URL, n.Error = m.Text(n.URL), m.Text(n.Error)
		out.Network = append(out.Network, n)
	}
	var err error
	if out.Before, err = r.page(ctx, s.Before, &out); err != nil {
		return e, err
	}
	if out.After, err = r.page(ctx, s.After, &out); err != nil {
		return e, err
	}
	if out.Before != nil {
		e.Before = out.Before.HTML
	}
	if out.After != nil {
		e.After = out.After.HTML
	}
	if p := s.Shot; p != nil {
		e.Shot = p.Digest
		if p.JPEG != nil {
			if e.Shot, err = r.put(ctx, p.JPEG); err != nil {
				return e, err
			}
		}
		out.Shot = &trace.Shot{JPEG: e.Shot, Width: p.Width, Height: p.Height, Box: p.Box}
	}
	e.Files = slices.Sorted(maps.Keys(out.Files))
	b, err := json.Marshal(out)
	if err != nil {
		return e, err
	}
	e.Step, err = r.put(ctx, b)
	return e, err
}

func (r *recorder) page(ctx context.Context, p *node.TracePage, out *trace.Step) (*trace.Page, error) {
	if p == nil {
		return nil, nil
	}
	m := &r.h.mask
	html, err := r.put(ctx, []byte(m.Text(p.HTML)))
	if err != nil {
		return nil, err
	}
	for digest, f := range p.Files {
		if out.Files[digest] != "" {
			continue
		}
		out.Files[digest] = f.Type
		if r.kept[digest] {
			continue
		}
		if _, err := r.put(ctx, f.Data); err != nil {
			return nil, err
		}
	}
	return &trace.Page{HTML: html, URL: m.Text(p.URL), Title: m.Text(p.Title), Width: p.Width, Height: p.Height, X: p.X, Y: p.Y, Length: p.Length, Cut: p.Cut}, nil
}

// put stores content once.
func (r *recorder) put(ctx context.Context, b []byte) (string, error) {
	sum := digestOf(b)
	if r.kept[sum] {
		return sum, nil
	}
	digest, _, err := (&keeper{r.h}).Put(ctx, func(w io.Writer) error { _, err := w.Write(b); return err })
	if err != nil {
		return "", err
	}
	if r.kept == nil {
		r.kept = map[string]bool{}
	}
	r.kept[digest] = true
	return digest, nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
