// Package orch holds what the command line does with flows and runs, and what
// the API and triggers will share with it: publish a flow version, start a run,
// retry, cancel, answer, export, forget.
package orch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/casare"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Orch is the set of parts it works with. It is safe for concurrent use.
type Orch struct {
	Runs      *run.Store
	Queue     *queue.Queue
	Items     *item.Store // nil where there are no work items
	Elements  *element.Store
	DB        *db.DB
	Durable   durable.Runtime
	Nodes     *node.Registry
	Artifacts artifact.Store
	Now       func() time.Time
	Random    io.Reader
	// Owner is the process that executes what Start and Retry add, "" for none.
	Owner string
	// SessionKey returns the key that a run's sessions are sealed with; nil keeps none.
	SessionKey func(ctx context.Context, run string) ([]byte, error)
	// PublicURL is the address under which people reach the server, or says why there is none.
	PublicURL func() (string, error)
	// Trace begins the span of adding a run, as a part of the trace that the run
	// names; nil if nobody traces.
	Trace func(ctx context.Context, what string, r *run.Run, began time.Time) (context.Context, Span)

	room   room     // where robots without a database wait
	recent recent   // records of runs that somebody looks at
	named  sync.Map // digest of a flow version -> names of secrets in it
}

// Bundle is a flow with all flows it calls, read and checked.
type Bundle struct {
	Flow   *flow.Flow
	Digest string
	Source string // file, "" if it did not come from one
	// Text is what stands in the file; empty for a workflow that was converted.
	Text string
	// Pins maps "digest of the caller:reference as written" to the digest of
	// the called flow.
	Pins     map[string]string
	Problems flow.Problems
	// Imports says what became of the files that were workflows of CasareRPA.
	Imports []*casare.Report
	flows   map[string]*flow.Flow // by digest
}

// Load reads a flow file and the flows it calls, and checks them all. An error
// means that the file cannot be read at all; what is wrong with the flow is in
// Problems.
func Load(path string, reg *node.Registry) (*Bundle, error) { return load(path, reg, "", nil) }

// load is Load; unless it is empty, files outside of a folder are not read.
// Pinned, unless it is nil, finds flows that are called and are no files, for a
// caller that is the main file ("") or was found so (its digest).
func load(path string, reg *node.Registry, within string, pinned func(caller, ref string) (*flow.Flow, error)) (*Bundle, error) {
	src, err := ReadFlowFile(path)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", path, err)
	}
	b := &Bundle{Source: abs, Pins: map[string]string{}, flows: map[string]*flow.Flow{}}
	l := loader{reg: reg, bundle: b, within: within, pinned: pinned, byPath: map[string]*flow.Flow{}}
	f, err := l.decode(src, abs)
	if err != nil {
		var ps flow.Problems
		if errors.As(err, &ps) {
			b.Problems = ps
			return b, nil
		}
		return nil, err
	}
	b.Flow, b.Digest = f, f.Digest()
	if !casare.Is(src) {
		b.Text = string(src)
	}
	l.byPath[abs] = f
	l.resolve(f, abs)
	b.Problems.Sort()
	return b, nil
}

// ReadFlowFile reads a file without ever holding more than a flow may have.
func ReadFlowFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the flow: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("opening the flow: %s is a folder", path)
	}
	src, err := io.ReadAll(io.LimitReader(f, flow.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the flow: %w", err)
	}
	return src, nil
}

type loader struct {
	reg    *node.Registry
	bundle *Bundle
	within string
	pinned func(caller, ref string) (*flow.Flow, error)
	byPath map[string]*flow.Flow
}

// kept begins the path of a flow that is no file but a version that is kept.
const kept = "version:"

// resolve checks f and loads the flows it calls.
func (l *loader) resolve(f *flow.Flow, path string) {
	l.bundle.flows[f.Digest()] = f
	called := map[string]string{} // reference -> path
	for _, ps := range []flow.Problems{check.Flow(f, l.reg, check.Options{Lookup: func(ref string) (*flow.Flow, error) {
		to := ref
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), filepath.FromSlash(ref))
		}
		sub, err := l.load(to)
		if err != nil && l.pinned != nil && (path == l.bundle.Source || strings.HasPrefix(path, kept)) && l.byPath[to] == nil && !l.isFile(to) {
			sub, to, err = l.loadKept(strings.TrimPrefix(path, kept), ref)
		}
		if err == nil {
			called[ref] = to
		}
		return sub, err
	}})} {
		if strings.HasPrefix(path, kept) {
			ps = nil // it was checked when it was pushed
		}
		if path != l.bundle.Source {
			for i := range ps {
				ps[i].File = filepath.Base(path)
				ps[i].Message = ps[i].File + ": " + ps[i].Message
			}
		}
		l.bundle.Problems = append(l.bundle.Problems, ps...)
	}
	for ref, to := range called {
		sub := l.byPath[to]
		l.bundle.Pins[f.Digest()+":"+ref] = sub.Digest()
		if l.bundle.flows[sub.Digest()] == nil {
			l.resolve(sub, to)
		}
	}
}

// isFile reports whether there is a file that may be read.
func (l *loader) isFile(path string) bool {
	rel, err := filepath.Rel(l.within, path)
	if err != nil || !filepath.IsLocal(rel) {
		return false
	}
	_, err = os.Lstat(path)
	return err == nil
}

// loadKept finds what a flow calls among the versions that are kept.
func (l *loader) loadKept(caller, ref string) (*flow.Flow, string, error) {
	if caller == l.bundle.Source {
		caller = ""
	}
	f, err := l.pinned(caller, ref)
	if err != nil {
		if errors.Is(err, run.ErrNoFlow) {
			err = fmt.Errorf("it calls a flow that is not in the bundle, and no flow %q was pushed", ref)
		}
		return nil, "", err
	}
	path := kept + f.Digest()
	if known := l.byPath[path]; known != nil {
		f = known
	}
	l.byPath[path] = f
	return f, path, nil
}

func (l *loader) load(path string) (*flow.Flow, error) {
	if f := l.byPath[path]; f != nil {
		return f, nil
	}
	if l.within != "" {
		if rel, err := filepath.Rel(l.within, path); err != nil || !filepath.IsLocal(rel) {
			return nil, errors.New("it calls a flow that is not in the bundle")
		}
	}
	src, err := ReadFlowFile(path)
	if err != nil {
		return nil, err
	}
	f, err := l.decode(src, path)
	if err != nil {
		return nil, err
	}
	l.byPath[path] = f
	return f, nil
}

// decode reads a flow, or a workflow of CasareRPA, which it converts.
func (l *loader) decode(src []byte, path string) (*flow.Flow, error) {
	if !casare.Is(src) {
		return flow.Decode(src)
	}
	dir := filepath.Dir(path)
	o := casare.Options{Nodes: l.reg, Name: stem(path), Find: func(id string) string { return casare.FindFile(dir, id) }, Open: casare.OpenFrom(dir)}
	if l.within != "" {
		open := o.Open
		o.Find = func(id string) string {
			if !filepath.IsLocal(id) {
				return ""
			}
			return casare.FindFile(dir, id)
		}
		o.Open = func(ref string) ([]byte, error) {
			to := ref
			if !filepath.IsAbs(to) {
				to = filepath.Join(dir, filepath.FromSlash(ref))
			}
			if rel, err := filepath.Rel(l.within, to); err != nil || !filepath.IsLocal(rel) {
				return nil, errors.New("it calls a workflow that is not in the bundle")
			}
			return open(ref)
		}
	}
	f, report, err := casare.Convert(src, o)
	if err != nil {
		return nil, fmt.Errorf("reading the CasareRPA workflow %s: %w", filepath.Base(path), err)
	}
	report.File = path
	l.bundle.Imports = append(l.bundle.Imports, report)
	return f, nil
}

// stem returns the name of a file without its endings.
func stem(path string) string {
	name := filepath.Base(path)
	for _, end := range []string{".gz", ".zst", ".json", ".yaml", ".yml", ".flow"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// Publish keeps the flow versions of a bundle, so that runs can pin them.
func (o *Orch) Publish(ctx context.Context, b *Bundle) error {
	if errs := b.Problems.Errors(); len(errs) > 0 {
		return errs
	}
	for digest, f := range b.flows {
		body, err := f.JSON()
		if err != nil {
			return err
		}
		if err := o.Runs.SaveFlow(ctx, digest, f.Name, string(body)); err != nil {
			return err
		}
	}
	return nil
}

// ErrInput says that the values for a flow's inputs do not fit.
var ErrInput = errors.New("the inputs do not fit the flow")

// ErrState says that a run or job is not in the state that was thought.
var ErrState = errors.New("not possible now")

// stateError carries a sentence of its own for ErrState.
type stateError string

func (e stateError) Error() string { return string(e) }

// Is makes errors.Is(err, ErrState) true.
func (e stateError) Is(target error) bool { return target == ErrState }

func notNow(format string, args ...any) error { return stateError(fmt.Sprintf(format, args...)) }

// ErrTaken says that another run has the id that was asked for.
var ErrTaken = errors.New("the id is taken")

// Start adds a run of a published bundle under an id; an empty id makes one.
// The run begins with the breakpoints.
// A run that has the id already is returned as it is, with false.
func (o *Orch) Start(ctx context.Context, b *Bundle, id string, input map[string]any, breaks ...engine.Break) (*run.Run, bool, error) {
	began := time.Now()
	if err := CheckBreaks(b.Flow, breaks); err != nil {
		return nil, false, err
	}
	r, err := o.newRun(ctx, b, id, input)
	if err != nil {
		return nil, false, err
	}
	ctx, span := o.trace(ctx, started, r, began)
	fresh, err := o.create(ctx, r, breakOrder(breaks, ""))
	span.End(fresh, err)
	if err != nil || fresh {
		return r, fresh, err
	}
	old, err := o.taken(ctx, r)
	return old, false, err
}

// newRun makes a run of a bundle that is not in the database yet.
func (o *Orch) newRun(ctx context.Context, b *Bundle, id string, input map[string]any) (*run.Run, error) {
	in, err := engine.CheckInput(b.Flow, input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	enc, err := value.Encode(nil, in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	now, err := o.Runs.Now(ctx)
	if err != nil {
		return nil, err
	}
	if id == "" {
		if id, err = run.NewID(now, o.Random); err != nil {
			return nil, err
		}
	}
	return &run.Run{ID: id, Flow: b.Flow.Name, Digest: b.Digest, Pins: b.Pins, Source: b.Source, Input: enc, Created: now, Status: run.Running, Owner: o.Owner}, nil
}

// taken returns the run that has the id of r already, if it is the same.
func (o *Orch) taken(ctx context.Context, r *run.Run) (*run.Run, error) {
	old, err := o.Runs.Get(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if old.Digest != r.Digest || string(old.Input) != string(r.Input) {
		return nil, fmt.Errorf("%w: run %s is there already, of another flow version or with other inputs; choose another id", ErrTaken, r.ID)
	}
	return old, nil
}

// Unfinished returns the newest run of the same flow version and inputs that
// has not ended, that no process executes and that fits, or nil.
func (o *Orch) Unfinished(ctx context.Context, b *Bundle, input map[string]any, fits func(*run.Run) (bool, error)) (*run.Run, error) {
	in, err := engine.CheckInput(b.Flow, input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	enc, err := value.Encode(nil, in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	for _, status := range []run.Status{run.Running, run.Waiting, run.Attention} {
		list, err := o.Runs.List(ctx, run.Filter{Digest: b.Digest, Status: status, Development: run.WithoutDevelopment, Limit: 100})
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if string(r.Input) != string(enc) || !r.Interrupted && status == run.Running {
				continue
			}
			if ok, err := fits(r); err != nil || ok {
				return r, err
			}
		}
	}
	return nil, nil
}

// Send leaves a message for a run. Sending the same id to a topic twice is
// once; an empty id makes one.
func (o *Orch) Send(ctx context.Context, id, topic, message string, data any) (*run.Run, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Status.Final() {
		return nil, notNow("run %s has ended: it is %s", r.ID, r.Status)
	}
	if strings.HasPrefix(topic, engine.DebugTopic) {
		return nil, unfit("what is said to a paused run is no message: `aether runs debug` says it")
	}
	if answers, _, ok := strings.Cut(topic, ":"); ok && slices.Contains([]string{"answer", "decide", "session", "doubt"}, answers) {
		return nil, unfit("the topic %q is for answers of people, which are held to the question and to who may answer: use `aether runs answer %s`", topic, r.ID)
	}
	if message == "" {
		if message, err = run.NewID(o.Now(), o.Random); err != nil {
			return nil, err
		}
	}
	return r, o.send(ctx, r.ID, topic, message, data)
}

func (o *Orch) send(ctx context.Context, id, topic, message string, data any) error {
	b, err := value.JSON(data)
	if err != nil {
		return fmt.Errorf("the message cannot be sent: %w", err)
	}
	if err := o.Runs.Send(ctx, id, topic, message, b); err != nil {
		return err
	}
	return o.Queue.Wake(ctx, id)
}

// Forget deletes ended runs with their records and the artifacts that no other
// run uses.
func (o *Orch) Forget(ctx context.Context, runs ...*run.Run) error {
	ids := make([]string, 0, len(runs))
	for _, r := range runs {
		if !r.Status.Final() {
			return fmt.Errorf("run %s has not ended: cancel it first", r.ID)
		}
		ids = append(ids, r.ID)
	}
	if err := o.Durable.Delete(ctx, ids...); err != nil {
		return err
	}
	orphans, err := o.Runs.Delete(ctx, ids...)
	if err != nil {
		return err
	}
	if err := o.Queue.DropRuns(ctx, ids...); err != nil {
		return err
	}
	if o.Elements != nil {
		if err := o.Elements.ForgetRuns(ctx, ids...); err != nil {
			return err
		}
	}
	if o.Items != nil {
		more, err := o.Items.ForgetRun(ctx, ids...)
		if err != nil {
			return err
		}
		orphans = append(orphans, more...)
	}
	return o.dropArtifacts(ctx, orphans, runs)
}
