package run

import (
	"context"
	"fmt"
	"time"
)

// EventsOf returns all events of a run that are of one kind.
func (s *Store) EventsOf(ctx context.Context, id, kind string) ([]Event, error) {
	rows, err := s.db.Query(ctx, `SELECT run, seq, kind, path, at, data FROM {s}event WHERE run = $1 AND kind = $2 ORDER BY seq`, id, kind)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var ms int64
		var data string
		if err := rows.Scan(&e.Run, &e.Seq, &e.Kind, &e.Path, &ms, &data); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		e.At, e.Data = time.UnixMilli(ms), raw(data)
		out = append(out, e)
	}
	return out, rows.Err()
}
