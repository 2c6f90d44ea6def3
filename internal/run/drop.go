package run

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
)

// DropFlow removes a flow with those of its versions that no run has and no other flow calls. There is no error if there
// is no such flow.
func (s *Store) DropFlow(ctx context.Context, name string) error {
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, q := range []string{
			`DELETE FROM {s}flow WHERE name = $1`,
			`DELETE FROM {s}flow_version WHERE name = $1
				AND NOT EXISTS (SELECT 1 FROM {s}run r WHERE r.digest = {s}flow_version.digest OR r.pins LIKE '%' || {s}flow_version.digest || '%')
				AND NOT EXISTS (SELECT 1 FROM {s}flow_version v WHERE v.pins LIKE '%' || {s}flow_version.digest || '%')`,
		} {
			if _, err := tx.Exec(ctx, q, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("removing the flow %s: %w", name, err)
	}
	return nil
}
