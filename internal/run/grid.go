package run

import (
	"context"
	"fmt"
	"strings"
)

// Told is what the journal tells of a node execution, without what it says.
type Told struct {
	Run, Kind, Path string
	Seq             int64
}

// tellings are the kinds of events that say how it stands with a node.
const tellings = `('node_started', 'node_finished', 'node_failed', 'node_retrying', 'waiting', 'answered', 'log')`

// Told returns the first and the last events about nodes of each run, at most so many of each, in one query whose cost
// does not depend on how long the runs were.
func (s *Store) Told(ctx context.Context, ids []string, first, last int) ([]Told, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var parts []string
	var args []any
	for i, id := range ids {
		args = append(args, id)
		for _, end := range []struct {
			way string
			n   int
		}{{"ASC", first}, {"DESC", last}} {
			parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT run, seq, kind, path FROM {s}event WHERE run = $%d AND kind IN %s ORDER BY seq %s LIMIT %d) o`, i+1, tellings, end.way, end.n))
		}
	}
	rows, err := s.db.Query(ctx, `SELECT run, seq, kind, path FROM (`+strings.Join(parts, ` UNION `)+`) e ORDER BY run, seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer rows.Close()
	var out []Told
	for rows.Next() {
		var t Told
		if err := rows.Scan(&t.Run, &t.Seq, &t.Kind, &t.Path); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}
