package element

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
)

// ForgetFlow removes all that is known of the elements of a flow and its heals. It returns the artifacts that nothing
// uses any more.
func (s *Store) ForgetFlow(ctx context.Context, flow string) (orphans []string, err error) {
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		orphans = nil
		for _, lock := range []db.Lock{db.LockHeals, db.LockArtifacts} {
			if err := tx.Lock(ctx, lock); err != nil {
				return err
			}
		}
		ids, err := db.Column[int64](tx.Query(ctx, `SELECT id FROM {s}heal WHERE flow = $1`, flow))
		if err != nil {
			return err
		}
		for _, id := range ids {
			gone, err := release(ctx, tx, holder(id))
			if err != nil {
				return err
			}
			orphans = append(orphans, gone...)
			if _, err := tx.Exec(ctx, `DELETE FROM {s}heal_use WHERE heal = $1`, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `DELETE FROM {s}heal WHERE flow = $1`, flow); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM {s}element WHERE flow = $1`, flow)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("forgetting the elements of the flow %s: %w", flow, err)
	}
	return orphans, nil
}

// release takes the artifacts from who holds them and returns those that nobody else does.
func release(ctx context.Context, tx *db.Tx, holder string) ([]string, error) {
	out, err := db.Column[string](tx.Query(ctx, `SELECT digest FROM {s}artifact a WHERE run = $1 AND NOT EXISTS (SELECT 1 FROM {s}artifact b WHERE b.digest = a.digest AND b.run <> a.run)`, holder))
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM {s}artifact WHERE run = $1`, holder)
	return out, err
}
