package casare

import (
	"fmt"
	"slices"
)

// Status says how well a node was translated.
type Status string

// The states of a node after the import, from best to worst.
const (
	Exact     Status = "exact"     // does what it did
	Adapted   Status = "adapted"   // does what its author meant, in another way; Notes say how
	Attention Status = "attention" // somebody must look at it; Notes say why and what to do
	Missing   Status = "missing"   // has no equivalent yet; it became flow.missing
)

// Report says what became of a workflow.
type Report struct {
	File  string   `json:"file,omitempty"`
	Flow  string   `json:"flow"`
	Notes []string `json:"notes"` // about the file as a whole
	Nodes []Entry  `json:"nodes"`

	at map[*step]int
}

// Entry is what became of one node.
type Entry struct {
	ID     string   `json:"id"` // in the workflow
	Name   string   `json:"name,omitempty"`
	Type   string   `json:"type"`
	Node   string   `json:"node,omitempty"` // id in the flow; empty if it needs none
	NewTyp string   `json:"new_type,omitempty"`
	Status Status   `json:"status"`
	Notes  []string `json:"notes,omitempty"`
}

// Count returns how many nodes have the status.
func (r *Report) Count(s Status) int {
	n := 0
	for _, e := range r.Nodes {
		if e.Status == s {
			n++
		}
	}
	return n
}

func newReport(w *workflow) *Report {
	r := &Report{Flow: w.name, Notes: w.notes, Nodes: make([]Entry, 0, len(w.nodes)), at: map[*step]int{}}
	if r.Notes == nil {
		r.Notes = []string{}
	}
	for _, s := range w.nodes {
		if s.synthetic {
			continue
		}
		r.at[s] = len(r.Nodes)
		r.Nodes = append(r.Nodes, Entry{ID: s.id, Name: s.name, Type: s.typ, Status: Exact})
	}
	return r
}

var rank = map[Status]int{Exact: 0, Adapted: 1, Attention: 2, Missing: 3}

func (r *Report) say(at *step, s Status, note string) {
	if at == nil {
		if !slices.Contains(r.Notes, note) {
			r.Notes = append(r.Notes, note)
		}
		return
	}
	i, ok := r.at[at]
	if !ok {
		return
	}
	e := &r.Nodes[i]
	if rank[s] > rank[e.Status] {
		e.Status = s
	}
	if note != "" && !slices.Contains(e.Notes, note) {
		e.Notes = append(e.Notes, note)
	}
}

func (r *Report) adapted(at *step, format string, a ...any) {
	r.say(at, Adapted, fmt.Sprintf(format, a...))
}

// attention says that somebody must look at a node: why, and what to do.
func (r *Report) attention(at *step, why, do string) {
	if do != "" {
		why += "; " + do
	}
	r.say(at, Attention, why)
}

// became notes which node a step turned into.
func (r *Report) became(at *step, id, typ string) {
	if i, ok := r.at[at]; ok && r.Nodes[i].Node == "" {
		r.Nodes[i].Node, r.Nodes[i].NewTyp = id, typ
	}
}
