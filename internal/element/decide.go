package element

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/tally"
	"github.com/aether-rpa/aether/selector"
)

// Decision is what a person says of a heal.
type Decision struct {
	ID int64
	// Version is that of the heal that was seen; 0 does not care.
	Version int64
	By      string
	Comment string
	// Result is what approval or rollback made.
	Result string
}

// from says from which states a decision leads to a state.
var from = map[State][]State{
	Approved:   {Proposed, Used},
	Rejected:   {Proposed, Used, Unresolved, RolledBack},
	RolledBack: {Approved},
}

// May says whether a decision to a state is possible for a heal that was seen as a version; 0 does not care.
func (h *Heal) May(to State, version int64) error {
	if version != 0 && version != h.Version {
		return fmt.Errorf("%w: heal %d has version %d now, not %d", ErrChanged, h.ID, h.Version, version)
	}
	for _, s := range from[to] {
		if h.State == s {
			if to == Rejected && h.Found == nil {
				return stateError(fmt.Sprintf("heal %d cannot be rejected: nothing was found", h.ID))
			}
			return nil
		}
	}
	word := map[State]string{Approved: "approved", Rejected: "rejected", RolledBack: "rolled back"}[to]
	hint := ""
	switch {
	case h.State == to:
		hint = ": it is that already"
	case to == Approved && h.State == Unresolved:
		hint = ": nothing was found that could be meant; correct the target in the flow"
	case to == Rejected && h.State == Approved:
		hint = ": it is approved; roll it back first"
	case to == RolledBack:
		hint = ": it is " + string(h.State) + ", and only an approved heal can be"
	default:
		hint = ": it is " + string(h.State)
	}
	return stateError(fmt.Sprintf("heal %d cannot be %s%s", h.ID, word, hint))
}

// Decide writes a decision. What it means for the flow is done before.
func (s *Store) Decide(ctx context.Context, to State, d Decision) (*Heal, error) {
	var h *Heal
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(ctx, db.LockHeals); err != nil {
			return err
		}
		var err error
		if h, err = get(ctx, tx, d.ID); err != nil {
			return err
		}
		if err := h.May(to, d.Version); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE {s}heal SET state = $1, decided = {now}, updated = {now}, decider = $2, comment = $3, result = $4, version = version + 1 WHERE id = $5`,
			string(to), db.Text(d.By), db.Text(d.Comment), db.Text(d.Result), d.ID)
		if err != nil {
			return fmt.Errorf("writing the decision on heal %d: %w", d.ID, err)
		}
		if err := follow(ctx, tx, h, to); err != nil {
			return err
		}
		h, err = get(ctx, tx, d.ID)
		return err
	})
	if err == nil {
		s.Tally.Add(map[State]tally.Count{Approved: tally.HealApproved, Rejected: tally.HealRejected, RolledBack: tally.HealRolledBack}[to], 1)
	}
	return h, err
}

// follow changes what is known of the element as a decision says: the repaired target has the print of what was found.
func follow(ctx context.Context, tx *db.Tx, h *Heal, to State) error {
	if h.Found == nil || h.Repaired == nil || to == Rejected {
		return nil
	}
	t, err := TargetOf(h.Repaired)
	if err != nil {
		return err
	}
	at := Place{h.Flow, h.Node}
	if to == Approved {
		return saw(ctx, tx, at, t.String(), *h.Found)
	}
	_, err = tx.Exec(ctx, `DELETE FROM {s}element WHERE flow = $1 AND node = $2 AND hash = $3`, at.Flow, at.Node, hash(t.String()))
	if err != nil {
		return fmt.Errorf("forgetting what the repaired target of heal %d looked like: %w", h.ID, err)
	}
	return nil
}

// TargetOf reads a target as a flow writes it.
func TargetOf(v any) (selector.Target, error) {
	var t selector.Target
	err := t.FromValue(v)
	if err != nil {
		return t, fmt.Errorf("reading the target of a heal: %w", err)
	}
	return t, nil
}
