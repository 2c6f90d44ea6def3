package run

import (
	"context"
	"fmt"
)

// EventsOf returns all events of a run that are of one kind.
func (s *Store) EventsOf(ctx context.Context, id, kind string) ([]Event, error) {
	rows, err := s.db.Query(ctx, `SELECT run, seq, kind, path, at, data FROM {s}event WHERE run = $1 AND kind = $2 ORDER BY seq`, id, kind)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	return scanEvents(rows)
}

// EventsAt returns the events of a run that are of one kind and about one node execution.
func (s *Store) EventsAt(ctx context.Context, id, kind, path string) ([]Event, error) {
	rows, err := s.db.Query(ctx, `SELECT run, seq, kind, path, at, data FROM {s}event WHERE run = $1 AND kind = $2 AND path = $3 ORDER BY seq`, id, kind, path)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	return scanEvents(rows)
}
