package orch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/value"
)

// Retry says how a run is to be run again.
type Retry struct {
	// From is "failed" (the node that failed the run), "start", or the path of
	// a node execution, such as each[2]/fetch.
	From string
	// Flow is the version to run: nil for the same, else the current bundle.
	Flow *Bundle
	// Input takes the place of the run's inputs, encoded; nil for the same. Recorded executions whose input turns out to
	// differ then happen again.
	Input json.RawMessage
	// DryRun plans only.
	DryRun bool
	// Queued leaves the new run to a job of the queue.
	Queued bool
}

// RetryPlan is what a retry does.
type RetryPlan struct {
	Run    *run.Run     `json:"run,omitempty"` // the new run; nil for a dry run
	Of     string       `json:"of"`
	From   string       `json:"from"`
	Same   bool         `json:"same_version"`
	Reused []RetryEntry `json:"reused"` // executions whose records are used
	Again  []RetryEntry `json:"again"`  // executions that happen again, as far as they are known
	Notes  []string     `json:"notes,omitempty"`
}

// RetryEntry is one node execution in a plan.
type RetryEntry struct {
	Path   string `json:"path"`
	Type   string `json:"type,omitempty"`
	Effect string `json:"effect,omitempty"`
	Why    string `json:"why,omitempty"`
	// SideEffect is true for executions that change the world.
	SideEffect bool `json:"side_effect,omitempty"`
}

// Retry makes a new run from an ended one. Records of executions before the
// point it starts from are reused; that execution, and all that came after it
// on the same line of control, happens again.
func (o *Orch) Retry(ctx context.Context, id string, rt Retry) (*RetryPlan, error) {
	plan, span, err := o.retry(ctx, id, rt)
	if err == nil && plan.Run != nil {
		span.End(true, nil)
	}
	return plan, err
}

// retry is Retry; the caller ends the span of the new run.
func (o *Orch) retry(ctx context.Context, id string, rt Retry) (*RetryPlan, Span, error) {
	began := time.Now()
	plan, next, kept, err := o.plan(ctx, id, rt)
	if err != nil || rt.DryRun {
		return plan, Span{}, err
	}
	what := started
	if rt.Queued {
		what = enqueued
	}
	ctx, span, err := o.addRetry(ctx, what, next, began)
	if err == nil && next.Seed != nil {
		if err = o.Runs.Keep(ctx, next.ID, next.Seed.Artifact); err == nil {
			err = o.keepRefs(ctx, next.ID, kept)
		}
	}
	if err != nil {
		if span.End != nil {
			span.End(false, err)
		}
		return nil, Span{}, err
	}
	plan.Run = next
	return plan, span, nil
}

// addRetry adds a run under the next free id of the run it retries.
func (o *Orch) addRetry(ctx context.Context, what string, next *run.Run, began time.Time) (context.Context, Span, error) {
	root, _, _ := strings.Cut(next.RetryOf, ".")
	for n := 2; ; n++ {
		next.ID = fmt.Sprintf("%s.%d", root, n)
		// The span of an id that is taken is never ended, and so not there.
		within, span := o.trace(ctx, what, next, began)
		fresh, err := o.Runs.Create(within, next)
		if err != nil || fresh {
			return within, span, err
		}
	}
}

// plan says what a retry does and makes its run, which is not added yet, with the
// records that it begins with.
func (o *Orch) plan(ctx context.Context, id string, rt Retry) (_ *RetryPlan, next *run.Run, kept []durable.Entry, _ error) {
	fail := func(err error) (*RetryPlan, *run.Run, []durable.Entry, error) { return nil, nil, nil, err }
	old, err := o.Runs.Get(ctx, id)
	if err != nil {
		return fail(err)
	}
	if !old.Status.Final() {
		return fail(notNow("run %s has not ended (it is %s): `aether runs resume %s` goes on with it", old.ID, old.Shown(), old.ID))
	}
	entries, err := o.history(ctx, old)
	if err != nil {
		return fail(err)
	}
	body, err := o.Runs.Flow(ctx, old.Digest)
	if err != nil {
		return fail(err)
	}
	oldFlow, err := flow.Decode([]byte(body))
	if err != nil {
		return fail(fmt.Errorf("the flow version of run %s cannot be read: %w", old.ID, err))
	}
	plan := &RetryPlan{Of: old.ID, From: rt.From, Same: rt.Flow == nil, Reused: []RetryEntry{}, Again: []RetryEntry{}}
	c := cutter{entries: entries, scopes: check.Scopes(oldFlow, o.Nodes), old: oldFlow, cur: oldFlow, plan: plan}
	if rt.Flow != nil {
		if errs := rt.Flow.Problems.Errors(); len(errs) > 0 {
			return fail(errs)
		}
		c.cur = rt.Flow.Flow
	}
	if err := c.choose(rt.From, old); err != nil {
		return fail(err)
	}
	kept = c.split()
	if !plan.Same {
		plan.Notes = append(plan.Notes, "the flow version is another: a reused execution whose input turns out to differ happens again, with all after it")
	}
	if rt.Input != nil {
		plan.Notes = append(plan.Notes, "the inputs are others: a reused execution whose input turns out to differ happens again, with all after it")
	}
	if rt.DryRun {
		return plan, nil, kept, nil
	}
	next = &run.Run{Labels: old.Labels, Development: old.Development, Flow: old.Flow, Digest: old.Digest, Pins: old.Pins, Source: old.Source, RetryOf: old.ID, RetryTrace: old.Trace, Input: old.Input, Status: run.Running, Owner: o.Owner}
	if rt.Input != nil {
		next.Input = rt.Input
	}
	if rt.Flow != nil {
		if err := o.Publish(ctx, rt.Flow); err != nil {
			return fail(err)
		}
		next.Flow, next.Digest, next.Pins, next.Source = rt.Flow.Flow.Name, rt.Flow.Digest, rt.Flow.Pins, rt.Flow.Source
		in, err := value.Decode(next.Input, nil)
		if err != nil {
			return fail(fmt.Errorf("reading the input of run %s: %w", old.ID, err))
		}
		m, _ := in.(map[string]any)
		fit, err := engine.CheckInput(rt.Flow.Flow, m)
		if err != nil {
			return fail(fmt.Errorf("the run's inputs do not fit the current flow: %w", err))
		}
		if next.Input, err = value.Encode(nil, fit); err != nil {
			return fail(err)
		}
	}
	if rt.Queued {
		next.Status = run.Queued
	}
	if next.Created, err = o.Runs.Now(ctx); err != nil {
		return fail(err)
	}
	if len(kept) > 0 {
		d, err := robot.WriteSeed(ctx, o.Artifacts, kept)
		if err != nil {
			return fail(err)
		}
		next.Seed = &run.Seed{Artifact: d, Count: len(kept), Check: !plan.Same || rt.Input != nil, Sealed: old.SealedAs()}
	}
	return plan, next, kept, nil
}

// keepRefs notes that the new run uses the artifacts that reused records name.
func (o *Orch) keepRefs(ctx context.Context, id string, entries []durable.Entry) error {
	for _, e := range entries {
		rest := string(e.Data)
		for {
			_, tail, ok := strings.Cut(rest, `"$ref":"`)
			if !ok || len(tail) < 64 {
				break
			}
			if err := o.Runs.Keep(ctx, id, tail[:64]); err != nil {
				return err
			}
			rest = tail[64:]
		}
	}
	return nil
}

// history returns all records a run went by: those it began with and its own.
func (o *Orch) history(ctx context.Context, r *run.Run) ([]durable.Entry, error) {
	var all []durable.Entry
	if r.Seed != nil {
		seed, err := robot.ReadSeed(ctx, o.Artifacts, r.Seed.Artifact)
		if err != nil {
			return nil, err
		}
		all = seed
	}
	elsewhere, err := o.Runs.AllRecords(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	own, err := o.Durable.Entries(ctx, r.ID)
	if err != nil && !errors.Is(err, durable.ErrNotFound) {
		return nil, err
	}
	own = append(elsewhere, own...)
	// An own record of the same name takes the place of a seeded one that was
	// not used.
	index := map[string]int{}
	for i, e := range all {
		index[e.Name] = i
	}
	for _, e := range own {
		if i, ok := index[e.Name]; ok {
			all[i] = e
			continue
		}
		index[e.Name] = len(all)
		all = append(all, e)
	}
	return all, nil
}

// cutter decides which records are reused.
type cutter struct {
	entries []durable.Entry
	scopes  map[string][]check.Scope
	old     *flow.Flow
	cur     *flow.Flow
	plan    *RetryPlan
	cuts    []string // paths that happen again, with all after them
	none    bool     // nothing is reused
}

// choose finds the executions to start from.
func (c *cutter) choose(from string, r *run.Run) error {
	switch from {
	case "start":
		c.none = true
		return nil
	case "", "failed":
		c.plan.From = "failed"
		if r.Failure == nil {
			if r.Status == run.Cancelled {
				// Nothing failed: go on behind the last record.
				return nil
			}
			return notNow("run %s did not fail (it is %s): choose --from NODE or --from start", r.ID, r.Status)
		}
		at := r.Failure.Where()
		if at == "" {
			// The run itself failed (its timeout, its outputs).
			c.cuts = append(c.cuts, "")
			return nil
		}
		c.cuts = append(c.cuts, at)
		return nil
	}
	for _, e := range c.entries {
		if base(e.Name) == from {
			c.cuts = append(c.cuts, from)
			return nil
		}
	}
	if c.old.Node(from) == nil && c.cur.Node(lastID(from)) == nil {
		return unfit("run %s has no execution %s and its flow no such node; `aether runs show %s` lists them", r.ID, from, r.ID)
	}
	// A node that records nothing, or was not reached: it happens again anyway.
	// All its recorded executions after it are cut where the flow's order says.
	if i := c.firstAfter(from); i >= 0 {
		c.cuts = append(c.cuts, base(c.entries[i].Name))
	} else {
		c.plan.Notes = append(c.plan.Notes, fmt.Sprintf("%s recorded nothing: all that was recorded is reused, and the run goes on from there", from))
	}
	return nil
}

// firstAfter finds the first record of a node that the flow reaches after the
// given one.
func (c *cutter) firstAfter(path string) int {
	id := lastID(path)
	after := map[string]bool{}
	queue := []string{id}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, e := range c.old.Edges {
			if e.From == at && !after[e.To] {
				after[e.To] = true
				queue = append(queue, e.To)
			}
		}
	}
	prefix := path[:len(path)-len(id)]
	for i, e := range c.entries {
		if after[lastID(base(e.Name))] && strings.HasPrefix(e.Name, prefix) {
			return i
		}
	}
	return -1
}

// split sorts the records into those that are reused, which it returns, and
// those that happen again.
func (c *cutter) split() []durable.Entry {
	var kept []durable.Entry
	// An execution's intent stands before its result, which tells that the node
	// is another: look at all results first.
	another := map[string]bool{}
	for _, e := range c.entries {
		if path := base(e.Name); !c.plan.Same && !another[path] && c.changed(path, e) {
			another[path] = true
			c.cuts = append(c.cuts, path)
		}
	}
	cutAt := map[string]int{} // cut path -> index of its first record
	for i, e := range c.entries {
		for _, cut := range c.cuts {
			if _, seen := cutAt[cut]; !seen && (base(e.Name) == cut || strings.HasPrefix(e.Name, cut+"/")) {
				cutAt[cut] = i
			}
		}
	}
	for i, e := range c.entries {
		path := base(e.Name)
		entry := c.describe(e)
		why := ""
		switch {
		case strings.HasSuffix(e.Name, "!pinned"):
			// It is not of an execution: the node does not act in the new run either.
		case c.none:
			why = "from the start"
		case another[path]:
			why = "the node is another in the current flow"
		case strings.Contains(e.Name, "!closed"), strings.Contains(e.Name, "!until") && c.touched(path):
			why = "decided again"
		default:
			for cut, at := range cutAt {
				if path == cut || strings.HasPrefix(path, cut+"/") {
					why = "chosen"
				} else if i > at && !c.beside(path, cut) {
					why = "after " + cut
				}
			}
		}
		if why == "" {
			kept = append(kept, e)
			if !strings.Contains(e.Name, "!") {
				c.plan.Reused = append(c.plan.Reused, entry)
			}
			continue
		}
		if !strings.Contains(e.Name, "!") {
			entry.Why = why
			c.plan.Again = append(c.plan.Again, entry)
		}
	}
	return kept
}

// touched reports whether a cut lies at or inside the path.
func (c *cutter) touched(path string) bool {
	for _, cut := range c.cuts {
		if cut == path || strings.HasPrefix(cut, path) {
			return true
		}
	}
	return false
}

func (c *cutter) describe(e durable.Entry) RetryEntry {
	var rec engine.Record
	entry := RetryEntry{Path: base(e.Name)}
	if err := json.Unmarshal(e.Data, &rec); err == nil {
		entry.Effect = rec.Effect
		entry.SideEffect = rec.Effect == "once" || rec.Effect == "idempotent"
	}
	if n := c.old.Node(lastID(entry.Path)); n != nil {
		entry.Type = n.Type
	}
	return entry
}

// changed reports whether the node that made a record is gone from the current
// flow or does something else there.
func (c *cutter) changed(path string, e durable.Entry) bool {
	if strings.Contains(e.Name, "!") {
		return false
	}
	var rec engine.Record
	if err := json.Unmarshal(e.Data, &rec); err != nil || rec.Def == "" {
		return false
	}
	n := c.cur.Node(lastID(path))
	if n == nil {
		// Nodes of called flows are not in this flow: their caller decides.
		return c.old.Node(lastID(path)) != nil
	}
	return n.Definition() != rec.Def
}

// beside reports whether two executions run beside each other, so that doing
// one again says nothing about the other: different branches of one parallel
// node, or different turns of a loop whose turns run at the same time.
func (c *cutter) beside(a, b string) bool {
	sa, sb := c.scopes[lastID(a)], c.scopes[lastID(b)]
	for i := 0; i < len(sa) && i < len(sb); i++ {
		if sa[i].Node != sb[i].Node {
			return false
		}
		if sa[i].Branch != sb[i].Branch && sa[i].Port == sb[i].Port {
			return true
		}
		if n := c.old.Node(sa[i].Node); n != nil && atOnce(n) && turnOf(a, n.ID) != turnOf(b, n.ID) {
			return true
		}
	}
	return false
}

// atOnce reports whether the turns of a loop run at the same time.
func atOnce(n *flow.Node) bool {
	v, given := n.Params["concurrency"]
	return given && v != 1
}

// turnOf returns the turn of a loop that a path is in: 2 for each[2]/fetch.
func turnOf(path, loop string) string {
	for _, part := range strings.Split(path, "/") {
		if rest, ok := strings.CutPrefix(part, loop+"["); ok {
			return strings.TrimSuffix(rest, "]")
		}
	}
	return ""
}

// base returns the path of the execution a record is about: without the number
// of the try and the kind of record.
func base(name string) string {
	at := strings.LastIndexByte(name, '/') + 1
	if i := strings.IndexAny(name[at:], "#!"); i >= 0 {
		name = name[:at+i]
	}
	return name
}

// lastID returns the node id at the end of a path.
func lastID(path string) string {
	path = path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.IndexByte(path, '['); i >= 0 {
		path = path[:i]
	}
	return path
}
