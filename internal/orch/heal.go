package orch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/run"
)

// HealDecision is what a person says of a heal, and what may be changed for it.
type HealDecision struct {
	element.Decision
	// Files says that flow files of this machine may be written.
	Files bool
	// Promote makes the new version of a flow that was pushed its production version, too.
	Promote bool
}

// ApproveHeal gives the flow of a heal a new version with the repaired target: the flow's file where the run came from
// one, otherwise the draft of the flow that was pushed. A flow that names the element in another way by now is left
// alone. Where it has the repaired target already, as after a crash, only the heal changes.
func (o *Orch) ApproveHeal(ctx context.Context, d HealDecision) (*element.Heal, error) {
	h, err := o.Elements.Get(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	if err := h.May(element.Approved, d.Version); err != nil {
		return nil, err
	}
	if d.Result, err = o.retarget(ctx, h, h.Old, h.Repaired, d); err != nil {
		return nil, err
	}
	return o.Elements.Decide(ctx, element.Approved, d.Decision)
}

// RollbackHeal gives the flow of an approved heal its old target again, as a new version.
func (o *Orch) RollbackHeal(ctx context.Context, d HealDecision) (*element.Heal, error) {
	h, err := o.Elements.Get(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	if err := h.May(element.RolledBack, d.Version); err != nil {
		return nil, err
	}
	if d.Result, err = o.retarget(ctx, h, h.Repaired, h.Old, d); err != nil {
		return nil, err
	}
	return o.Elements.Decide(ctx, element.RolledBack, d.Decision)
}

// RejectHeal remembers that what was found is not what is meant.
func (o *Orch) RejectHeal(ctx context.Context, d HealDecision) (*element.Heal, error) {
	return o.Elements.Decide(ctx, element.Rejected, d.Decision)
}

// retarget replaces a target in the flow of a heal and returns what it made: a file's path or a version's digest.
func (o *Orch) retarget(ctx context.Context, h *element.Heal, from, to any, d HealDecision) (string, error) {
	r := &repair{orch: o, heal: h, from: from, to: to, by: d.By}
	if d.Files && h.Source != "" && readable(h.Source) {
		return h.Source, r.file(h.Source)
	}
	info, err := o.Runs.FlowInfo(ctx, h.Root)
	if errors.Is(err, run.ErrNoFlow) {
		if h.Source != "" {
			return "", notNow("the flow %s of heal %d was not pushed; it comes from the file %s: approve it with `aether heal` on the machine that has it, or push it first", h.Root, h.ID, h.Source)
		}
		return "", notNow("the flow %s of heal %d is not there any more: neither its file is known nor was it pushed", h.Root, h.ID)
	}
	if err != nil {
		return "", err
	}
	b, err := o.Published(ctx, h.Root, run.Draft)
	if err != nil {
		return "", err
	}
	digest, err := r.pushed(ctx, b, info.Draft)
	if err != nil || !d.Promote {
		return digest, err
	}
	_, err = o.Promote(ctx, h.Root, run.Draft, "")
	return digest, err
}

// pushed gives the draft of a flow, or of one that it calls, the other target. It returns the digest of the version that
// has it.
func (r *repair) pushed(ctx context.Context, b *Bundle, draft string) (string, error) {
	o, old := r.orch, b.Flow
	oldDigest := b.Digest
	if b.Flow.Name != r.heal.Flow {
		called, err := r.called(ctx, b)
		if err != nil {
			return "", err
		}
		old, oldDigest = called, called.Digest()
	}
	wrote, err := o.Runs.PushOf(ctx, b.Flow.Name, b.Digest)
	if err != nil {
		return "", err
	}
	if wrote == nil {
		wrote = &run.Push{}
	}
	src, main := []byte(wrote.Text), old == b.Flow
	if main && wrote.Text != "" { // what its author wrote, comments included
		old, err = flow.Decode(src)
	} else {
		src, err = old.JSON()
	}
	if err != nil {
		return "", fmt.Errorf("reading the flow %s: %w", b.Flow.Name, err)
	}
	changes, err := r.changes(old)
	if err != nil {
		return "", err
	}
	if len(changes) == 0 {
		return oldDigest, nil // it is done already
	}
	if src, err = flow.Edit(src, changes...); err != nil {
		return "", err
	}
	repaired, err := flow.Decode(src)
	if err != nil {
		return "", fmt.Errorf("reading the flow with the other target: %w", err)
	}
	digest := repaired.Digest()
	next := &Bundle{Flow: b.Flow, Digest: b.Digest, Pins: map[string]string{}, flows: map[string]*flow.Flow{digest: repaired}}
	if old.Name == b.Flow.Name {
		next.Flow, next.Digest = repaired, digest
	}
	if next.Source = wrote.File; wrote.Text != "" {
		if next.Text = wrote.Text; main {
			next.Text = string(src)
		}
	}
	maps.Copy(next.Pins, b.Pins)
	for key, to := range b.Pins {
		if to == oldDigest {
			next.Pins[key] = digest
		}
	}
	for key, to := range maps.Clone(next.Pins) {
		if ref, ok := strings.CutPrefix(key, oldDigest+":"); ok {
			next.Pins[digest+":"+ref] = to
			if next.Digest == digest {
				delete(next.Pins, key)
			}
		}
	}
	_, err = o.Push(ctx, next, Author{Name: r.by, Message: fmt.Sprintf("Target of node %s repaired (heal %d)", r.heal.Node, r.heal.ID)}, draft)
	return digest, err
}

// called returns the flow of the heal, which a bundle calls.
func (r *repair) called(ctx context.Context, b *Bundle) (*flow.Flow, error) {
	for _, digest := range b.Pins {
		body, err := r.orch.Runs.Flow(ctx, digest)
		if err != nil {
			return nil, err
		}
		f, err := flow.Decode([]byte(body))
		if err != nil {
			return nil, fmt.Errorf("the flow version %.12s cannot be read: %w", digest, err)
		}
		if f.Name == r.heal.Flow {
			return f, nil
		}
	}
	return nil, notNow("the flow %s does not call %s any more, which has the node of heal %d", b.Flow.Name, r.heal.Flow, r.heal.ID)
}
