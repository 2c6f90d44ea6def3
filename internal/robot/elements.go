package robot

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

// Elements keeps what is known of the elements of pages; *element.Store does.
type Elements interface {
	Known(ctx context.Context, at element.Place) (*element.Known, error)
	Saw(ctx context.Context, at element.Place, target string, p selector.Print) error
	Report(ctx context.Context, r *element.Report) (id int64, fresh bool, err error)
	Uses(ctx context.Context, run string) ([]element.Use, error)
	Settle(ctx context.Context, run, path string, worked bool) error
}

// EventElement begins the kinds of the events that tell of an element that its queries did not find: what follows is
// healed, asked or abstained.
const EventElement = "element."

// sawEvery is how often one element is remembered anew within an execution, at most: a loop may see it in many guises.
const sawEvery = 30 * time.Second

// elements is what one execution knows of elements, and has told of them.
type elements struct {
	host  *host
	store Elements

	mu    sync.Mutex
	known map[element.Place]*element.Known
	saw   map[string]time.Time
	flows map[string]knownFlow // by name
	// open are the executions whose reports wait for how their node ended, and how it did where that could not be kept.
	open map[string]*bool
	told map[string]bool // what watchers were told
	// found counts which queries found the elements of targets.
	found map[element.Found][]int64
}

// knownFlow is a flow that the execution has read.
type knownFlow struct{ digest, source, policy string }

// elements begins what an execution knows of elements; nil if it has none. Said is what earlier executions told.
func (r *Robot) elements(ctx context.Context, h *host, said map[string]bool) (*elements, error) {
	if r.Elements == nil {
		return nil, nil
	}
	e := &elements{host: h, store: r.Elements, known: map[element.Place]*element.Known{}, saw: map[string]time.Time{}, flows: map[string]knownFlow{}, open: map[string]*bool{}, told: map[string]bool{}, found: map[element.Found][]int64{}}
	if h.run.Resumes == 0 {
		return e, nil
	}
	uses, err := r.Elements.Uses(ctx, h.run.ID)
	if err != nil {
		return nil, err
	}
	for _, u := range uses {
		if u.Open {
			e.open[u.Path] = nil
		}
		// The process may have died between the report and telling of it.
		key := saidElement(u.Outcome, u.Path, u.Target)
		if e.told[key] = true; !said[key] {
			e.tell(u)
		}
	}
	return e, nil
}

// saidElement is what an event of an element is known by among what earlier executions told.
func saidElement(outcome, path, target string) string {
	return EventElement + outcome + "\x00" + path + "\x00" + target
}

// toldOf returns what saidElement gives for an event of an element, "" for others.
func toldOf(e run.Event) string {
	var d struct{ Target string }
	outcome, ok := strings.CutPrefix(e.Kind, EventElement)
	if !ok || json.Unmarshal(e.Data, &d) != nil {
		return ""
	}
	return saidElement(outcome, e.Path, d.Target)
}

// flow notes a flow that the execution reads.
func (e *elements) flow(p *engine.Plan) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f := knownFlow{digest: p.Digest, source: SourceOf(e.host.run, p.Digest), policy: p.Flow.Settings.Heal}
	// Two flows of a run may have the same name: the more careful policy holds.
	if had, ok := e.flows[p.Flow.Name]; ok && had.digest != f.digest {
		if f.policy == "" || had.policy != "" && slices.Index(node.HealPolicies, had.policy) < slices.Index(node.HealPolicies, f.policy) {
			f.policy = had.policy
		}
	}
	e.flows[p.Flow.Name] = f
}

// SourceOf returns the file that a flow version of a run came from: the run's own, or one that it calls; "" if it is not
// known.
func SourceOf(r *run.Run, digest string) string {
	if r.Source == "" {
		return ""
	}
	files := map[string]string{r.Digest: r.Source}
	for range len(r.Pins) + 1 {
		if files[digest] != "" {
			break
		}
		for _, key := range slices.Sorted(maps.Keys(r.Pins)) {
			caller, ref, _ := strings.Cut(key, ":")
			from, to := files[caller], r.Pins[key]
			if from == "" || files[to] != "" {
				continue
			}
			if files[to] = filepath.FromSlash(ref); !filepath.IsAbs(files[to]) {
				files[to] = filepath.Join(filepath.Dir(from), files[to])
			}
		}
	}
	return files[digest]
}

// of returns what one node execution reaches elements through.
func (e *elements) of(info node.RunInfo) node.Elements {
	return &nodeElements{e, element.Place{Flow: info.Flow, Node: info.Node}, info.Path}
}

// look returns what is known of the elements of a node, which is read once for an execution.
func (e *elements) look(ctx context.Context, at element.Place) (*element.Known, error) {
	e.mu.Lock()
	k := e.known[at]
	e.mu.Unlock()
	if k != nil {
		return k, nil
	}
	k, err := e.store.Known(ctx, at)
	if err != nil {
		return nil, err
	}
	if k.Prints == nil {
		k.Prints = map[string]selector.Print{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if had := e.known[at]; had != nil {
		return had, nil // another branch was faster
	}
	e.known[at] = k
	return k, nil
}

// tell tells watchers of an element that its queries did not find.
func (e *elements) tell(u element.Use) {
	h := e.host
	text := fmt.Sprintf("%s: p %.2f, heal %d", u.Target, u.P, u.Heal)
	now := h.robot.Now()
	if h.robot.Observe != nil {
		h.mu.Lock()
		h.robot.Observe(h.run, engine.Event{Kind: EventElement + u.Outcome, Path: u.Path, Node: u.Node, At: now, Text: text})
		h.mu.Unlock()
	}
	h.noteAt(EventElement+u.Outcome, u.Path, now, map[string]any{"node": u.Node, "target": u.Target, "heal": int(u.Heal), "p": u.P, "text": text})
}

// ended notes how a node ended that may have reported elements.
func (e *elements) ended(path string, worked bool) {
	if e == nil {
		return
	}
	e.mu.Lock()
	_, mine := e.open[path]
	e.mu.Unlock()
	if mine {
		e.settle(path, worked)
	}
}

func (e *elements) settle(path string, worked bool) {
	ctx := context.WithoutCancel(e.host.ctx)
	err := e.store.Settle(ctx, e.host.run.ID, path, worked)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil:
		e.host.robot.Log.Warn("keeping how a node with a healed element ended", "run", e.host.run.ID, "path", path, "err", err)
		e.open[path] = &worked // once more at the end
	case worked:
		delete(e.open, path)
	}
}

// close keeps what could not be kept before.
func (e *elements) close() {
	if e == nil {
		return
	}
	for path, worked := range maps.Clone(e.open) {
		if worked != nil {
			e.settle(path, *worked)
		}
	}
	if len(e.found) > 0 {
		e.host.note(element.EventFound, map[string]any{"targets": element.FoundList(e.found)})
	}
}

// maxFound is how many targets of an execution are counted; flows name fewer, what is beyond is computed from data.
const maxFound = 500

// maxQueries is how many queries of a target are told apart; a target has few.
const maxQueries = 32

// Resolved implements node.Elements.
func (n *nodeElements) Resolved(target string, query int) {
	e, key := n.all, element.Found{Place: n.at, Target: target}
	e.mu.Lock()
	defer e.mu.Unlock()
	ranks := e.found[key]
	if query < 0 || query >= maxQueries || ranks == nil && len(e.found) >= maxFound {
		return
	}
	for len(ranks) <= query {
		ranks = append(ranks, 0)
	}
	ranks[query]++
	e.found[key] = ranks
}

// nodeElements is what one node execution may know and tell of elements. It implements node.Elements.
type nodeElements struct {
	all  *elements
	at   element.Place
	path string
}

// Policy implements node.Elements.
func (n *nodeElements) Policy() string {
	n.all.mu.Lock()
	defer n.all.mu.Unlock()
	if p := n.all.flows[n.at.Flow].policy; p != "" {
		return p
	}
	if p := n.all.host.robot.Heal; p != "" {
		return p
	}
	return node.HealPropose
}

// Known implements node.Elements.
func (n *nodeElements) Known(ctx context.Context, target string) (selector.Print, bool, error) {
	k, err := n.all.look(ctx, n.at)
	if err != nil {
		return selector.Print{}, false, err
	}
	n.all.mu.Lock()
	defer n.all.mu.Unlock()
	p, ok := k.Prints[target]
	return p, ok, nil
}

// Judged implements node.Elements.
func (n *nodeElements) Judged(ctx context.Context, target string) (node.Judged, error) {
	k, err := n.all.look(ctx, n.at)
	if err != nil {
		return node.Judged{}, err
	}
	return node.Judged{Agreed: k.Agreed[target], Rejected: k.Rejected[target]}, nil
}

// Adviser implements node.Elements.
func (n *nodeElements) Adviser() node.Adviser { return n.all.host.robot.Adviser }

// Saw implements node.Elements.
func (n *nodeElements) Saw(ctx context.Context, target string, p selector.Print) error {
	if err := element.Masked(&p, n.all.host.Mask); err != nil {
		return err
	}
	k, err := n.all.look(ctx, n.at)
	if err != nil {
		return err
	}
	now := n.all.host.robot.Now()
	key := n.at.Flow + "\x00" + n.at.Node + "\x00" + target
	n.all.mu.Lock()
	had, known := k.Prints[target]
	last, lately := n.all.saw[key]
	skip := known && (reflect.DeepEqual(had, p) || lately && now.Sub(last) < sawEvery)
	if !skip {
		k.Prints[target], n.all.saw[key] = p, now
	}
	n.all.mu.Unlock()
	if skip {
		return nil
	}
	return n.all.store.Saw(ctx, n.at, target, p)
}

// Healed implements node.Elements.
func (n *nodeElements) Healed(ctx context.Context, h node.Heal) error {
	e := n.all
	if h.Policy == "" {
		h.Policy = n.Policy()
	}
	if h.Policy == node.HealOff {
		return nil
	}
	r, err := element.ReportOf(n.at, e.host.run.ID, n.path, h, e.host.Mask)
	if err != nil {
		return err
	}
	e.mu.Lock()
	f := e.flows[n.at.Flow]
	e.mu.Unlock()
	r.Root, r.Digest, r.Source = e.host.run.Flow, f.digest, f.source
	id, _, err := e.store.Report(ctx, r)
	if err != nil {
		return err
	}
	key := saidElement(r.Outcome, r.Path, r.Target)
	e.mu.Lock()
	e.open[r.Path] = nil
	if r.Outcome == element.Asked {
		delete(e.known, n.at) // a person may say something before the node looks again
	}
	told := e.told[key]
	e.told[key] = true
	e.mu.Unlock()
	if !told {
		e.tell(element.Use{Path: r.Path, Node: n.at.Node, Target: r.Target, Heal: id, Outcome: r.Outcome, P: r.P})
	}
	return nil
}
