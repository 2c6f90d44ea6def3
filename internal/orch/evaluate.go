package orch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

// Evaluate asks what the expressions of a node give on what a run recorded.
type Evaluate struct {
	Flow *flow.Flow
	Node string
	// Run is whose records are used, and At the path of the execution in it that
	// is meant: empty for none, and for the first.
	Run, At string
	// Params take the place of those that the node has in the flow.
	Params      map[string]any
	Expressions []string // more texts with {{ }}
	Pins        map[string]map[string]any
}

// Evaluated is what they give.
type Evaluated struct {
	Run     string `json:"run,omitempty"`
	Path    string `json:"path" doc:"Execution of the node whose surroundings were used."`
	Reached bool   `json:"reached" doc:"The records lead to the node; otherwise the values are those known at their end."`
	Note    string `json:"note,omitempty" doc:"Why something is not known, in a sentence."`
	// Paths are the executions there may have been, such as turns of a loop.
	Paths       []string           `json:"paths" doc:"Executions that may be asked for: the turns of the loops around the node."`
	Scope       *Peek              `json:"scope" doc:"What expressions can refer to: nodes, vars, inputs, loop, ..."`
	Params      map[string]*Answer `json:"params"`
	Expressions []*Answer          `json:"expressions,omitempty" doc:"In the order of the request."`
	Output      *Peek              `json:"output,omitempty" doc:"What the execution gave."`
	Computed    bool               `json:"computed,omitempty" doc:"The output was not recorded: the node only computes, and this is what it gives now."`
	Pinned      bool               `json:"pinned,omitempty" doc:"The output was pinned."`
	Failure     *node.Failure      `json:"failure,omitempty"`
	Started     time.Time          `json:"started,omitzero"`
	Ended       time.Time          `json:"ended,omitzero"`
}

// Answer is the value of a param or expression, or why it has none.
type Answer struct {
	Value   *Peek  `json:"value,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// Bounds of one evaluation.
const (
	lookTime    = 3 * time.Second
	maxTexts    = 500
	maxPaths    = 1000
	peekOfScope = 4000
	peekOfValue = 300
)

// Evaluate gives the values of expressions on recorded data. Nothing acts.
func (o *Orch) Evaluate(ctx context.Context, q Evaluate) (*Evaluated, error) {
	n := q.Flow.Node(q.Node)
	if n == nil {
		return nil, unfit("the flow has no node %q", q.Node)
	}
	if len(q.Expressions) > maxTexts {
		return nil, unfit("ask for at most %d expressions at a time", maxTexts)
	}
	var r *run.Run
	var entries []durable.Entry
	var err error
	if q.Run != "" {
		if r, entries, err = o.recentOf(ctx, q.Flow.Name, q.Run); err != nil {
			return nil, err
		}
	}
	pins, err := o.pinEntries(q.Flow, q.Pins)
	if err != nil {
		return nil, err
	}
	entries = append(slices.Clip(entries), pins...)
	out := &Evaluated{Paths: o.pathsTo(q.Flow, q.Node, entries), Params: map[string]*Answer{}}
	if r != nil {
		out.Run = r.ID
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	scope := o.look(ctx, q, r, entries, out)
	out.Path, out.Reached = scope.Path, scope.Reached
	out.Scope = peekAt(shownScope(scope.Root), peekOfScope)
	o.output(out, scope, entries, q.Pins[q.Node])
	v := evaluator{ctx: ctx, root: scope.Root, flow: q.Flow, run: out.Run}
	params := q.Params
	if params == nil {
		params = n.Params
	}
	def := o.Nodes.Get(n.Type)
	for name, raw := range params {
		var f *schema.Field
		if def != nil {
			f = fieldNamed(def.In, name)
		}
		out.Params[name] = v.answer(raw, f)
	}
	for _, text := range q.Expressions {
		out.Expressions = append(out.Expressions, v.answer(text, nil))
	}
	return out, nil
}

// look finds what expressions see at the node.
func (o *Orch) look(ctx context.Context, q Evaluate, r *run.Run, entries []durable.Entry, out *Evaluated) *engine.Scope {
	opts := engine.Options{RunID: "", Now: o.Now, Started: o.Now(), ParkAfter: -1, Pins: map[string]string{}, Input: map[string]any{}}
	for _, in := range q.Flow.Inputs {
		opts.Input[in.Name] = in.Default
	}
	if r != nil {
		opts.RunID, opts.Started = r.ID, r.Started
		digest := q.Flow.Digest()
		for key, to := range r.Pins {
			opts.Pins[key] = to
			if ref, ok := strings.CutPrefix(key, r.Digest+":"); ok {
				opts.Pins[digest+":"+ref] = to
			}
		}
		if in, err := value.Decode(r.Input, o.Artifacts); err == nil {
			m, _ := in.(map[string]any)
			maps.Copy(opts.Input, m)
		}
	}
	plan, err := engine.CompileLoose(q.Flow, o.Nodes)
	if err == nil {
		var scope *engine.Scope
		if scope, err = engine.Look(ctx, plan, entries, watcher{o}, opts, engine.Aim{Node: q.Node, At: q.At}); err == nil {
			return scope
		}
	}
	out.Note = "the records could not be followed to the node: " + err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		out.Note = "the flow computes too much to follow its records to the node while you wait; values are what was recorded at the top level"
	}
	nodes, vars := map[string]any{}, map[string]any{}
	for _, e := range entries {
		var rec engine.Record
		if strings.ContainsAny(e.Name, "/!#") || json.Unmarshal(e.Data, &rec) != nil || rec.Out == nil {
			continue
		}
		if v, err := value.Decode(rec.Out, o.Artifacts); err == nil {
			nodes[e.Name] = v
		}
	}
	for _, v := range q.Flow.Vars {
		vars[v.Name] = v.Value
	}
	return &engine.Scope{Path: q.Node, Root: map[string]any{"nodes": nodes, "vars": vars, "inputs": opts.Input, "loop": nil, "loops": map[string]any{}, "error": nil,
		"run": map[string]any{"id": opts.RunID}, "flow": map[string]any{"name": q.Flow.Name}}}
}

// shownScope leaves out what has nothing in it.
func shownScope(root map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range root {
		if m, ok := v.(map[string]any); v == nil || ok && len(m) == 0 {
			continue
		}
		out[k] = v
	}
	return out
}

// output says what the execution gave.
func (o *Orch) output(out *Evaluated, scope *engine.Scope, entries []durable.Entry, pin map[string]any) {
	var last *engine.Record
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name, scope.Path)
		if !ok || strings.Contains(rest, "!") || rest != "" && rest[0] != '#' {
			continue
		}
		var rec engine.Record
		if json.Unmarshal(e.Data, &rec) == nil {
			last = &rec
		}
	}
	switch {
	case pin != nil:
		out.Output, out.Pinned = peekAt(pin, peekOfScope), true
	case last != nil:
		out.Failure, out.Pinned = last.Fail, last.Pinned
		if last.Start > 0 {
			out.Started = time.UnixMilli(last.Start).UTC()
		}
		if end := max(last.End, last.Until); end > 0 {
			out.Ended = time.UnixMilli(end).UTC()
		}
		if v, err := value.Decode(last.Out, o.Artifacts); err == nil && last.Out != nil {
			out.Output = peekAt(v, peekOfScope)
		}
	case scope.Out != nil:
		out.Output, out.Computed = peekAt(scope.Out, peekOfScope), true
	}
}

// turns are the node types whose turns stand in paths, as in each[2]/fetch.
var turns = []string{"flow.for_each", "flow.for_each_item", "flow.while", "flow.repeat", "flow.retry"}

// pathsTo lists the paths that a node in loops may have been executed under:
// those of the turns that have records.
func (o *Orch) pathsTo(f *flow.Flow, id string, entries []durable.Entry) []string {
	var loops []string
	for _, s := range check.Scopes(f, o.Nodes)[id] {
		if n := f.Node(s.Node); n != nil && slices.Contains(turns, n.Type) {
			loops = append(loops, s.Node)
		}
	}
	paths := []string{}
	seen := map[string]bool{}
	for _, e := range entries {
		parts := strings.Split(base(e.Name), "/")
		if len(loops) == 0 || len(parts) <= len(loops) || len(paths) == maxPaths {
			continue
		}
		parts = parts[:len(loops)]
		inside := true
		for i, p := range parts {
			inside = inside && lastID(p) == loops[i] && strings.HasSuffix(p, "]")
		}
		if p := strings.Join(parts, "/") + "/" + id; inside && !seen[p] {
			seen[p] = true
			paths = append(paths, p)
		}
	}
	return paths
}

func fieldNamed(s *schema.Schema, name string) *schema.Field {
	if s == nil {
		return nil
	}
	for _, f := range s.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// evaluator evaluates texts in a scope.
type evaluator struct {
	ctx  context.Context
	root map[string]any
	flow *flow.Flow
	run  string
}

func (v *evaluator) answer(raw any, f *schema.Field) *Answer {
	got, err := v.value(raw, f)
	if err != nil {
		return &Answer{Problem: err.Error()}
	}
	return &Answer{Value: peekAt(got, peekOfValue)}
}

// value evaluates the texts inside a param.
func (v *evaluator) value(raw any, f *schema.Field) (any, error) {
	switch x := raw.(type) {
	case string:
		if f != nil && f.Raw || !expr.IsTemplate(x) {
			return x, nil
		}
		var locals []string
		if f != nil {
			locals = f.Locals
		}
		return v.text(x, locals)
	case []any:
		var elem *schema.Field
		if f != nil {
			elem = f.Elem
		}
		out := make([]any, len(x))
		for i, e := range x {
			got, err := v.value(e, elem)
			if err != nil {
				return nil, err
			}
			out[i] = got
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(x))
		for _, k := range slices.Sorted(maps.Keys(x)) {
			var sub *schema.Field
			if f != nil {
				if sub = f.Elem; len(f.Fields) > 0 {
					sub = fieldNamed(&schema.Schema{Fields: f.Fields}, k)
				}
			}
			got, err := v.value(x[k], sub)
			if err != nil {
				return nil, err
			}
			out[k] = got
		}
		return out, nil
	}
	return raw, nil
}

func (v *evaluator) text(text string, locals []string) (any, error) {
	t, err := expr.CompileWith(text, locals...)
	if err != nil {
		return nil, err
	}
	nodes, _ := v.root["nodes"].(map[string]any)
	for _, r := range t.Refs() {
		if len(r.Path) > 0 && slices.Contains(locals, r.Path[0]) {
			return nil, fmt.Errorf("%s is known only while the node runs: it evaluates this for each item", r.Path[0])
		}
		if len(r.Path) < 2 || r.Path[0] != "nodes" || nodes[r.Path[1]] != nil {
			continue
		}
		id := r.Path[1]
		switch {
		case v.flow.Node(id) == nil:
			var ids []string
			for _, n := range v.flow.Nodes {
				ids = append(ids, n.ID)
			}
			if like := flow.DidYouMean(id, ids); like != "" {
				return nil, fmt.Errorf("the flow has no node %s (%s)", id, like)
			}
			return nil, fmt.Errorf("the flow has no node %s", id)
		case v.run == "":
			return nil, fmt.Errorf("nodes.%s has not run yet", id)
		}
		return nil, fmt.Errorf("nodes.%s has not run yet at this place of run %s", id, v.run)
	}
	return t.EvalLazy(v.ctx, v.root)
}

// watcher is an engine.Host that lets nothing act.
type watcher struct{ o *Orch }

// Flow implements engine.Host.
func (w watcher) Flow(ctx context.Context, digest string) (*engine.Plan, error) {
	b, err := w.o.version(ctx, digest)
	if err != nil {
		return nil, err
	}
	return engine.CompileLoose(b.Flow, w.o.Nodes)
}

// Env implements engine.Host.
func (w watcher) Env(info node.RunInfo, token string) *node.Env {
	return &node.Env{Log: slog.New(slog.DiscardHandler), Run: info, Token: token, Artifacts: w.o.Artifacts, Now: w.o.Now}
}

// Secret implements engine.Host: nothing that is shown needs one.
func (w watcher) Secret(context.Context, string) (vault.Secret, error) {
	return vault.Secret{}, vault.ErrNotFound
}

// Messages implements engine.Host.
func (w watcher) Messages(context.Context, string) ([]engine.Message, error) { return nil, nil }

// Store implements engine.Host.
func (w watcher) Store() value.Sink { return readOnly{w.o.Artifacts} }

// Emit implements engine.Host.
func (w watcher) Emit(engine.Event) {}

// Mask implements engine.Host: what was recorded is masked already.
func (w watcher) Mask(v any) any { return v }

// Sessions implements engine.Host.
func (w watcher) Sessions() *session.Table { return nil }

// readOnly keeps nothing.
type readOnly struct{ value.Opener }

// Put implements value.Sink.
func (readOnly) Put(context.Context, func(io.Writer) error) (string, int64, error) {
	return "", 0, errors.New("nothing is stored while values are looked at")
}
