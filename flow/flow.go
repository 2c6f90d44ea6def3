// Package flow is the flow file: a graph of nodes as data, written by people in
// YAML or JSON. It knows how to read, print and identify a flow, and nothing of
// what the nodes do.
package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/value"
)

// Version is the newest version of the file format this program reads and the
// one it writes, as in `aether: 1`.
const Version = 1

// Flow is one flow file.
type Flow struct {
	Name        string
	Description string
	Inputs      []Input
	Outputs     []Output
	Vars        []Var
	Settings    Settings
	Start       string // id of the first node; empty means the first in the file
	Nodes       []Node
	Edges       []Edge
	// Triggers start runs of the flow. They are not part of the digest: what
	// starts a run does not change what it does.
	Triggers []Trigger
	// View holds what the canvas needs and the engine ignores: positions, notes,
	// colours. It is not part of the digest.
	View map[string]any

	root  *item  // as it was read; nil for a flow that was made otherwise
	src   []byte // what it was read from, without a byte order mark
	lines []int  // where lines of src begin
}

// Input declares a value that a run is given.
type Input struct {
	Name     string
	Type     string // string, int, number, bool, list, map, any
	Doc      string
	Required bool
	Default  any
	Enum     []any
	Secret   bool // masked wherever it would be shown
}

// Output declares a value that a run gives back.
type Output struct {
	Name  string
	Type  string
	Doc   string
	Value any // a template, evaluated when the run ends
}

// Var is a variable with its first value.
type Var struct {
	Name  string
	Value any
}

// Trigger starts runs of a flow: a schedule, a call from outside, a new file.
type Trigger struct {
	ID       string
	Type     string
	Params   map[string]any
	Disabled bool
}

// Settings apply to the whole run.
type Settings struct {
	Timeout time.Duration // of the run, 0 for none
	// Retry and OnInterrupted are used by nodes that do not set their own.
	Retry         *Retry
	OnInterrupted string
	// Retention is how long after its end a run is kept, zero for ever; nil
	// leaves it to the configuration.
	Retention *time.Duration
	// Heal is what to do about elements of pages that their queries do not find: one of HealPolicies, or empty to leave
	// it to the configuration. A node may say otherwise.
	Heal string
	// Trace says when what nodes saw of pages is kept: one of TracePolicies, or empty to leave it to the configuration.
	Trace string
}

// Node is one node of the graph.
type Node struct {
	ID     string
	Type   string
	Title  string
	Params map[string]any // canonical values; text may hold {{ }}
	Retry  *Retry
	// Timeout limits one try of a node that acts, and the whole of a node that
	// steers; 0 for none.
	Timeout time.Duration
	// OnError is fail, continue, or empty: fail, unless a wire leaves the port
	// error.
	OnError string
	// OnInterrupted says what to do when a crash cut a node short after it may
	// have acted: retry, ask, fail, or empty for the default of its effect.
	OnInterrupted string
	Disabled      bool // passed by: control goes on at next
}

// Retry says how often and when a failed node is tried again. The names are
// Temporal's.
type Retry struct {
	MaxAttempts int           // tries in all, the first one included
	Initial     time.Duration // pause before the second try
	Factor      float64       // each pause is this many times the one before
	Max         time.Duration // longest pause
	On          []string      // kinds of failures; empty means all that may pass by themselves
}

// Edge is a wire that control takes.
type Edge struct {
	From string
	Port string // next when the file does not say
	To   string
}

// String returns the edge as it is written in a file.
func (e Edge) String() string {
	if e.Port == "next" {
		return e.From + " -> " + e.To
	}
	return e.From + "." + e.Port + " -> " + e.To
}

// Node returns the node with that id, or nil.
func (f *Flow) Node(id string) *Node {
	for i := range f.Nodes {
		if f.Nodes[i].ID == id {
			return &f.Nodes[i]
		}
	}
	return nil
}

// StartNode returns the id of the node a run begins with.
func (f *Flow) StartNode() string {
	if f.Start != "" || len(f.Nodes) == 0 {
		return f.Start
	}
	return f.Nodes[0].ID
}

// Digest identifies what the flow means: two files that differ in layout,
// format, comments or View have the same digest. Runs pin it.
func (f *Flow) Digest() string {
	m := f.tree()
	delete(m, "view")
	delete(m, "triggers")
	b, err := value.JSON(m)
	if err != nil {
		// tree is canonical by construction.
		panic(fmt.Sprintf("encoding flow %q: %v", f.Name, err))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// tree returns the flow as a canonical map, without what is absent.
func (f *Flow) tree() map[string]any {
	m := map[string]any{"aether": Version, "name": f.Name}
	put(m, "description", f.Description)
	put(m, "start", f.Start)
	if len(f.Inputs) > 0 {
		in := make(map[string]any, len(f.Inputs))
		for _, i := range f.Inputs {
			in[i.Name] = i.tree()
		}
		m["inputs"] = in
	}
	if len(f.Outputs) > 0 {
		out := make(map[string]any, len(f.Outputs))
		for _, o := range f.Outputs {
			x := map[string]any{"value": o.Value}
			put(x, "type", o.Type)
			put(x, "doc", o.Doc)
			out[o.Name] = x
		}
		m["outputs"] = out
	}
	if len(f.Vars) > 0 {
		vars := make(map[string]any, len(f.Vars))
		for _, v := range f.Vars {
			vars[v.Name] = v.Value
		}
		m["vars"] = vars
	}
	if s := f.Settings.tree(); len(s) > 0 {
		m["settings"] = s
	}
	nodes := make([]any, len(f.Nodes))
	for i, n := range f.Nodes {
		nodes[i] = n.tree()
	}
	m["nodes"] = nodes
	if len(f.Edges) > 0 {
		edges := make([]any, len(f.Edges))
		for i, e := range f.Edges {
			edges[i] = e.String()
		}
		m["edges"] = edges
	}
	if len(f.Triggers) > 0 {
		list := make([]any, len(f.Triggers))
		for i, t := range f.Triggers {
			x := map[string]any{"id": t.ID, "type": t.Type}
			if len(t.Params) > 0 {
				x["params"] = t.Params
			}
			if t.Disabled {
				x["disabled"] = true
			}
			list[i] = x
		}
		m["triggers"] = list
	}
	if len(f.View) > 0 {
		m["view"] = f.View
	}
	return m
}

func (i Input) tree() map[string]any {
	x := map[string]any{}
	put(x, "type", i.Type)
	put(x, "doc", i.Doc)
	if i.Required {
		x["required"] = true
	}
	if i.Default != nil {
		x["default"] = i.Default
	}
	if len(i.Enum) > 0 {
		x["enum"] = i.Enum
	}
	if i.Secret {
		x["secret"] = true
	}
	return x
}

func (s Settings) tree() map[string]any {
	x := map[string]any{}
	putDuration(x, "timeout", s.Timeout)
	if s.Retry != nil {
		x["retry"] = s.Retry.tree()
	}
	put(x, "on_interrupted", s.OnInterrupted)
	if s.Retention != nil {
		x["retention"] = formatDuration(*s.Retention)
	}
	put(x, "heal", s.Heal)
	put(x, "trace", s.Trace)
	return x
}

func (n Node) tree() map[string]any {
	x := map[string]any{"id": n.ID, "type": n.Type}
	put(x, "title", n.Title)
	if len(n.Params) > 0 {
		x["params"] = n.Params
	}
	if n.Retry != nil {
		x["retry"] = n.Retry.tree()
	}
	putDuration(x, "timeout", n.Timeout)
	put(x, "on_error", n.OnError)
	put(x, "on_interrupted", n.OnInterrupted)
	if n.Disabled {
		x["disabled"] = true
	}
	return x
}

func (r *Retry) tree() map[string]any {
	x := map[string]any{"max_attempts": r.MaxAttempts}
	putDuration(x, "initial", r.Initial)
	putDuration(x, "max", r.Max)
	if r.Factor != 0 {
		f, err := value.Number(r.Factor)
		if err == nil {
			x["factor"] = f
		}
	}
	if len(r.On) > 0 {
		on := make([]any, len(r.On))
		for i, k := range r.On {
			on[i] = k
		}
		x["on"] = on
	}
	return x
}

// Definition returns a digest of what the node does: its type, params and
// policies, but not its title. A record made by one definition may be reused by
// another flow version only if they are equal.
func (n Node) Definition() string {
	n.Title = ""
	b, err := json.Marshal(n.tree())
	if err != nil {
		panic(fmt.Sprintf("encoding node %q: %v", n.ID, err))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

func put(m map[string]any, key, s string) {
	if s != "" {
		m[key] = s
	}
}

func putDuration(m map[string]any, key string, d time.Duration) {
	if d != 0 {
		m[key] = formatDuration(d)
	}
}
