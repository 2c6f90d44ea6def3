package orch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

// Comparison says what differs between what two runs of a flow recorded.
type Comparison struct {
	Run         string           `json:"run"`
	With        string           `json:"with,omitempty"` // absent if there is none to compare with
	Status      run.Status       `json:"with_status,omitempty"`
	SameVersion bool             `json:"same_version"`
	SameInput   bool             `json:"same_input"`
	Executions  int              `json:"executions"` // how many were compared
	Nodes       []NodeComparison `json:"nodes"`      // in the order in which the run came to them
	More        bool             `json:"more,omitempty"`
	// First is the first execution whose outcome differs; absent if none does.
	First *Difference `json:"first,omitempty"`
}

// NodeComparison sums up the executions of one node.
type NodeComparison struct {
	Node    string `json:"node"`
	State   string `json:"state"` // same, differs, only_here or only_there
	Same    int    `json:"same"`
	Differs int    `json:"differs"`
	Here    int    `json:"only_here"`
	There   int    `json:"only_there"`
	Path    string `json:"path,omitempty"` // of the first execution that is not the same
}

// Difference is an execution whose outcome differs.
type Difference struct {
	Node  string  `json:"node"`
	Path  string  `json:"path"`
	Here  Outcome `json:"here"`
	There Outcome `json:"there"`
}

// Outcome is what came of an execution. A large output is named by its digest and size.
type Outcome struct {
	Missing bool            `json:"missing,omitempty"` // nothing is recorded of it
	Output  json.RawMessage `json:"output,omitempty"`
	Failure *node.Failure   `json:"failure,omitempty"`
	Digest  string          `json:"digest,omitempty"`
	Size    int             `json:"size,omitempty"`
}

// Bounds of a comparison: how many nodes it names, and how large an output it shows.
const (
	maxCompared = 2000
	maxOutcome  = 32 << 10
)

// Compare compares what a run recorded with another run of its flow: with the last one before it that was done, if
// with is empty; there may be none. It holds a digest of each execution, not what came of it.
func (o *Orch) Compare(ctx context.Context, id, with string) (*Comparison, error) {
	here, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	there, err := o.other(ctx, here, with)
	if err != nil {
		return nil, err
	}
	if there == nil {
		return &Comparison{Run: here.ID, Nodes: []NodeComparison{}}, nil
	}
	a, order, err := o.outcomes(ctx, here)
	if err != nil {
		return nil, err
	}
	b, rest, err := o.outcomes(ctx, there)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Run: here.ID, With: there.ID, Status: there.Status, SameVersion: here.Digest == there.Digest, SameInput: bytes.Equal(here.Input, there.Input), Nodes: []NodeComparison{}}
	first := c.sum(a, b, order, rest)
	if first == "" {
		return c, nil
	}
	c.First = &Difference{Node: ownerOf(first), Path: first}
	if c.First.Here, err = o.outcome(ctx, here, first); err != nil {
		return nil, err
	}
	c.First.There, err = o.outcome(ctx, there, first)
	return c, err
}

// other finds the run to compare with; nil if none is named and none was done before.
func (o *Orch) other(ctx context.Context, r *run.Run, with string) (*run.Run, error) {
	if with != "" {
		x, err := o.Runs.Get(ctx, with)
		if err == nil && x.Flow != r.Flow {
			return nil, unfit("run %s is one of the flow %s, and %s one of %s: only runs of the same flow can be compared", x.ID, x.Flow, r.ID, r.Flow)
		}
		return x, err
	}
	list, err := o.Runs.List(ctx, run.Filter{Flow: r.Flow, Status: run.Done, Before: r.Created, Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// sum compares executions and returns the path of the first that differs.
func (c *Comparison) sum(a, b map[string]digestOf, order, rest []string) (first string) {
	place := map[string]int{}
	note := func(path string, count func(*NodeComparison), differs bool) {
		c.Executions++
		if differs && first == "" {
			first = path
		}
		id := ownerOf(path)
		i, known := place[id]
		if !known {
			if len(c.Nodes) == maxCompared {
				c.More = true
				return
			}
			i = len(c.Nodes)
			place[id] = i
			c.Nodes = append(c.Nodes, NodeComparison{Node: id})
		}
		n := &c.Nodes[i]
		if count(n); differs && n.Path == "" {
			n.Path = path
		}
	}
	for _, path := range order {
		other, both := b[path]
		switch {
		case !both:
			note(path, func(n *NodeComparison) { n.Here++ }, true)
		case other.sum == a[path].sum:
			note(path, func(n *NodeComparison) { n.Same++ }, false)
		default:
			note(path, func(n *NodeComparison) { n.Differs++ }, true)
		}
	}
	for _, path := range rest {
		if _, both := a[path]; !both {
			note(path, func(n *NodeComparison) { n.There++ }, true)
		}
	}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		switch {
		case n.Differs > 0 || n.Here > 0 && n.There > 0 || n.Same > 0 && n.Here+n.There > 0:
			n.State = "differs"
		case n.Here > 0:
			n.State = "only_here"
		case n.There > 0:
			n.State = "only_there"
		default:
			n.State = "same"
		}
	}
	return first
}

// digestOf is what came of an execution, in few bytes.
type digestOf struct {
	try int
	sum [16]byte
}

// outcomes returns the outcome of each execution of a run: of its last try, by path, with the paths in their order.
func (o *Orch) outcomes(ctx context.Context, r *run.Run) (map[string]digestOf, []string, error) {
	all := map[string]digestOf{}
	var order []string
	err := o.records(r).each(ctx, durable.Part{}, func(e durable.Entry) error {
		if !isStep(e.Name) {
			return nil
		}
		rec, err := decoded[engine.Record](e)
		if err != nil {
			return fmt.Errorf("the record %s of run %s is damaged: %w", e.Name, r.ID, err)
		}
		path, try := pathOf(e.Name)
		old, known := all[path]
		if !known {
			order = append(order, path)
		} else if old.try > try {
			return nil
		}
		all[path] = digestOf{try, sumOf(&rec, r.ID)}
		return nil
	})
	return all, order, err
}

func isStep(name string) bool { return !strings.Contains(name, "!") }

// sumOf is a digest of what came of an execution. That the id of the run stands in it, as in the name of a file, is no
// difference.
func sumOf(rec *engine.Record, id string) [16]byte {
	text := bytes.ReplaceAll(rec.Out, []byte(id), []byte("\x00"))
	if rec.Fail != nil {
		text = fmt.Appendf(nil, "failed\x00%s\x00%s", rec.Fail.Kind, strings.ReplaceAll(rec.Fail.Message, id, "\x00"))
	}
	full := sha256.Sum256(text)
	return [16]byte(full[:16])
}

// outcome reads what came of an execution in the end.
func (o *Orch) outcome(ctx context.Context, r *run.Run, path string) (Outcome, error) {
	out, last := Outcome{Missing: true}, 0
	err := o.records(r).each(ctx, durable.Part{Prefix: path, Only: func(name string) bool {
		p, _ := pathOf(name)
		return p == path && isStep(name)
	}}, func(e durable.Entry) error {
		_, try := pathOf(e.Name)
		if try < last {
			return nil
		}
		rec, err := decoded[engine.Record](e)
		if err != nil {
			return fmt.Errorf("the record %s of run %s is damaged: %w", e.Name, r.ID, err)
		}
		out, last = Outcome{Output: rec.Out, Failure: rec.Fail, Size: len(rec.Out)}, try
		if len(rec.Out) > maxOutcome {
			full := sha256.Sum256(rec.Out)
			out.Output, out.Digest = nil, hex.EncodeToString(full[:])
		}
		return nil
	})
	return out, err
}

// ownerOf is the node of the run's own flow that an execution belongs to: the one that a path ends with, or the one
// that calls the flow in which it is.
func ownerOf(path string) string {
	for rest := path; ; {
		part, tail, deeper := strings.Cut(rest, "/")
		// A turn of a loop has a number, a way back the sign @; what has neither calls a flow.
		if !deeper || !strings.ContainsAny(part, "[@") {
			return nodeOf(part)
		}
		rest = tail
	}
}
