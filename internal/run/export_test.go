package run

import (
	"context"

	"github.com/aether-rpa/aether/internal/db"
)

// Query is the query of List.
func (s *Store) Query(f Filter) (string, []any) { return s.query(f, columns) }

// AddEventsIn is AddEvents in the caller's transaction.
var AddEventsIn = addEventsIn

// Kept and TrimEvery are feedKept and trimEvery.
const (
	Kept      = feedKept
	TrimEvery = trimEvery
)

// AddUnordered adds events as addEventsIn does, without their place in the order.
func AddUnordered(ctx context.Context, tx *db.Tx, list []Event) error {
	_, err := addEvents(ctx, tx, list, nil)
	return err
}
