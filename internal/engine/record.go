package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/node"
)

// Record is one entry of the log, decoded.
type Record struct {
	Out     json.RawMessage `json:"out,omitempty"`  // outputs, in the record form of package value
	Fail    *node.Failure   `json:"fail,omitempty"` // why it failed
	Start   int64           `json:"s,omitempty"`    // unix ms
	End     int64           `json:"e,omitempty"`    // unix ms
	Def     string          `json:"def,omitempty"`  // definition of the node
	In      string          `json:"in,omitempty"`   // hash of its input
	Effect  string          `json:"fx,omitempty"`   // effect class
	Until   int64           `json:"until,omitempty"`
	Choice  string          `json:"choice,omitempty"`
	Timeout bool            `json:"timeout,omitempty"`
	Message string          `json:"msg,omitempty"` // id of the message taken
	// Unattended says that nobody answered because nobody could be asked.
	Unattended bool `json:"unattended,omitempty"`
	// Secret says that secrets were given, which are not recorded.
	Secret bool `json:"secret,omitempty"`
	// Live is what live things of the run need to be built again as they were then, sealed; see package session.
	Live map[string][]byte `json:"live,omitempty"`
	// Of names the live thing that a loss is about, and Lost is the state that could not be built again.
	Of   string `json:"of,omitempty"`
	Lost []byte `json:"lost,omitempty"`
	// Pinned says that the output was given and the node did not act.
	Pinned bool `json:"pinned,omitempty"`
	// Debug is what a pause changed, or how a block left breakpoints and steps.
	Debug *debugNote `json:"debug,omitempty"`

	seeded  bool
	instead bool // a seeded record of that name was refused
}

func parseRecord(e durable.Entry) (*Record, error) {
	r := &Record{}
	if err := json.Unmarshal(e.Data, r); err != nil {
		return nil, fmt.Errorf("the record %s is damaged: %w", e.Name, err)
	}
	return r, nil
}

// record appends an entry, behind those that wait; an error stops the run.
func (x *exec) record(ctx context.Context, name string, r *Record) error {
	if x.look != nil {
		return nil
	}
	e, err := entry(name, r)
	if err != nil {
		return err
	}
	return x.w.flush(context.WithoutCancel(ctx), e)
}

// recordSoon is record for what needs to be kept only before something changes the world.
func (x *exec) recordSoon(ctx context.Context, name string, r *Record) error {
	e, err := entry(name, r)
	if err != nil {
		return err
	}
	return x.w.later(context.WithoutCancel(ctx), e)
}

// settle makes all that was recorded durable: something is about to change the world.
func (x *exec) settle(ctx context.Context) error {
	if x.look != nil {
		return nil
	}
	return x.w.flush(context.WithoutCancel(ctx))
}

// confirm is called before a node changes the world: whoever goes on with the run then has all that was recorded.
func (x *exec) confirm(ctx context.Context) error {
	if err := x.settle(ctx); err != nil {
		return err
	}
	return x.log.Confirm(ctx)
}

func entry(name string, r *Record) (durable.Entry, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return durable.Entry{}, fmt.Errorf("recording %s: %w", name, err)
	}
	return durable.Entry{Name: name, Data: data}, nil
}

// recall returns the record of that name, unless it comes from a seed that is
// no longer followed.
func (x *exec) recall(name string) *Record {
	r := x.past[name]
	if r == nil || !r.seeded && !r.instead {
		return r
	}
	x.seedMu.Lock()
	defer x.seedMu.Unlock()
	if r.instead {
		// Before a crash this execution came to where the seed is left.
		x.cut = true
		return r
	}
	if x.cut {
		return nil
	}
	return r
}
