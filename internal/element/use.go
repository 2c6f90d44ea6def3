package element

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
)

// Use is a report as the run knows it.
type Use struct {
	Path    string  `json:"path"`
	Node    string  `json:"node"`
	Target  string  `json:"target"`
	Heal    int64   `json:"heal"`
	Outcome string  `json:"outcome"`
	P       float64 `json:"p"`
	Open    bool    `json:"open,omitempty"` // how its node ended is not known yet
}

// The states of a use.
const (
	useOpen   = 0
	useWorked = 1
	useFailed = 2
)

// Uses returns what a run reported, in the order of execution paths.
func (s *Store) Uses(ctx context.Context, run string) ([]Use, error) {
	rows, err := s.db.Query(ctx, `SELECT u.path, h.node, h.target, u.heal, u.outcome, h.p, u.state FROM {s}heal_use u JOIN {s}heal h ON h.id = u.heal WHERE u.run = $1 ORDER BY u.at, u.path, u.hash`, run)
	if err != nil {
		return nil, fmt.Errorf("reading what run %s found again: %w", run, err)
	}
	defer rows.Close()
	var out []Use
	for rows.Next() {
		var u Use
		var state int
		if err := rows.Scan(&u.Path, &u.Node, &u.Target, &u.Heal, &u.Outcome, &u.P, &state); err != nil {
			return nil, fmt.Errorf("reading what run %s found again: %w", run, err)
		}
		u.Open = state == useOpen
		out = append(out, u)
	}
	return out, rows.Err()
}

// Settle says how a try of the node of a report ended. Saying it again changes nothing, and a try that worked is the
// last word.
func (s *Store) Settle(ctx context.Context, run, path string, worked bool) error {
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(ctx, db.LockHeals); err != nil {
			return err
		}
		state, open := useFailed, `state = 0`
		if worked {
			state, open = useWorked, `state <> 1`
		}
		rows, err := tx.Query(ctx, `UPDATE {s}heal_use SET state = $1 WHERE run = $2 AND path = $3 AND `+open+` RETURNING heal, outcome`, state, run, path)
		if err != nil {
			return err
		}
		defer rows.Close()
		var healed []int64
		for rows.Next() {
			var id int64
			var outcome string
			if err := rows.Scan(&id, &outcome); err != nil {
				return err
			}
			if outcome == Healed {
				healed = append(healed, id)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, id := range healed {
			// A run counts once, however often it needed the element.
			q := `UPDATE {s}heal SET runs = runs + 1, streak = streak + 1, counted = $1, version = version + 1 WHERE id = $2 AND counted <> $1 AND state IN ('proposed', 'used')`
			if !worked {
				q = `UPDATE {s}heal SET streak = 0, counted = CASE WHEN counted = $1 THEN '' ELSE counted END, version = version + 1 WHERE id = $2 AND state IN ('proposed', 'used')`
			}
			if _, err := tx.Exec(ctx, q, run, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping how %s of run %s ended: %w", path, run, err)
	}
	return nil
}

// ForgetRuns removes what runs reported, but for the heals.
func (s *Store) ForgetRuns(ctx context.Context, ids ...string) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec(ctx, `DELETE FROM {s}heal_use WHERE run = $1`, id); err != nil {
				return fmt.Errorf("forgetting what run %s found again: %w", id, err)
			}
		}
		return nil
	})
}
