package run

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/internal/durable"
)

// partStep is how many records are read at a time.
const partStep = 500

// Part returns some of the records of a run that were made elsewhere, as
// durable.Runtime does of its own.
func (s *Store) Part(ctx context.Context, run string, p durable.Part) ([]durable.Numbered, error) {
	columns := "id, name, data"
	if p.Names {
		columns = "id, name, ''"
	}
	q := `SELECT ` + columns + ` FROM {s}record WHERE run = $1 AND id >= $2`
	args := []any{run, p.From}
	if pattern := p.Pattern(); pattern != "" {
		args = append(args, pattern)
		q += ` AND name LIKE $3 ESCAPE '\'`
	}
	q += fmt.Sprintf(` ORDER BY id LIMIT %d`, partStep)
	out, err := p.Collect(partStep, func(from int64) ([]durable.Numbered, error) {
		args[1] = from
		return s.part(ctx, q, args)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the records of run %s: %w", run, err)
	}
	return out, nil
}

func (s *Store) part(ctx context.Context, query string, args []any) ([]durable.Numbered, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []durable.Numbered
	for rows.Next() {
		var e durable.Numbered
		var data string
		if err := rows.Scan(&e.Number, &e.Name, &data); err != nil {
			return nil, err
		}
		if data != "" {
			e.Data = []byte(data)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// ElsewhereHas reports whether a run has records that were made elsewhere.
func (s *Store) ElsewhereHas(ctx context.Context, run string) (bool, error) {
	var n int
	if err := s.db.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM {s}record WHERE run = $1 LIMIT 1) o`, run).Scan(&n); err != nil {
		return false, fmt.Errorf("reading the records of run %s: %w", run, err)
	}
	return n > 0, nil
}
