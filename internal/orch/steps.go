package orch

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
)

// Step is one recorded execution of a node in a run.
type Step struct {
	Path    string          `json:"path"` // of the execution with its try, for instance each[2]/fetch or pay#2
	Node    string          `json:"node"`
	Try     int             `json:"try,omitempty"` // from 2 on
	Output  json.RawMessage `json:"output,omitempty"`
	Failure *node.Failure   `json:"failure,omitempty"`
	Effect  string          `json:"effect,omitempty"`
	Started time.Time       `json:"started,omitzero"`
	Ended   time.Time       `json:"ended,omitzero"`

	next RecordPlace
}

// Next is where the page behind the step begins.
func (s Step) Next() RecordPlace { return s.next }

// StepFilter selects recorded executions; zero fields select all.
type StepFilter struct {
	Node  string      // id of the node
	Path  string      // of one execution, with all its tries
	Under string      // what the path begins with, such as each[2]/
	From  RecordPlace // where the page begins
	Limit int
	Brief bool // without outputs
}

func (f StepFilter) part() durable.Part {
	p := durable.Part{Prefix: f.Under, Holds: f.Node, Only: func(name string) bool {
		path, _ := pathOf(name)
		return !strings.Contains(name, "!") && (f.Node == "" || nodeOf(name) == f.Node) && (f.Path == "" || path == f.Path)
	}}
	if f.Path != "" && strings.HasPrefix(f.Path, f.Under) {
		p.Prefix = f.Path
	}
	return p
}

// Steps lists recorded executions of a run in the order of their records. Large values stay references. What only
// computes is not recorded. It reads what it gives and the names of what it passes over, whatever the length of the run.
func (o *Orch) Steps(ctx context.Context, id string, f StepFilter) ([]Step, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := o.records(r).next(ctx, f.From, f.part(), f.Limit)
	if err != nil {
		return nil, err
	}
	out := make([]Step, 0, len(list))
	for _, e := range list {
		rec, err := decoded[engine.Record](e.Entry)
		if err != nil {
			return nil, fmt.Errorf("the record %s of run %s is damaged: %w", e.Name, r.ID, err)
		}
		s := Step{Path: e.Name, Node: nodeOf(e.Name), Output: rec.Out, Failure: rec.Fail, Effect: rec.Effect, next: e.Next}
		if _, try := pathOf(e.Name); try > 1 {
			s.Try = try
		}
		if f.Brief {
			s.Output = nil
		}
		if rec.Start > 0 {
			s.Started = time.UnixMilli(rec.Start).UTC()
		}
		if end := max(rec.End, rec.Until); end > 0 {
			s.Ended = time.UnixMilli(end).UTC()
		}
		out = append(out, s)
	}
	return out, nil
}

// pathOf parts the name of a record into the path of its execution and its try, which is 1 if the name does not say.
func pathOf(name string) (path string, try int) {
	i := strings.LastIndexByte(name, '#')
	if i < 0 || strings.Contains(name[i:], "/") {
		return name, 1
	}
	n, err := strconv.Atoi(name[i+1:])
	if err != nil {
		return name, 1
	}
	return name[:i], n
}

// nodeOf is the node that a path ends with.
func nodeOf(path string) string {
	last := path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.IndexAny(last, "[.(#@!"); i >= 0 {
		last = last[:i]
	}
	return last
}
