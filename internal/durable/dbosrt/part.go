package dbosrt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/internal/durable"
)

// How many rows are read at a time: names, entries with what they hold, or what
// chosen ones hold.
const (
	partNames   = 5000
	partEntries = 500
	partData    = 200
)

// Part implements durable.Runtime. It reads the rows of DBOS's steps itself: DBOS
// gives all steps of a workflow or none.
func (r *Runtime) Part(ctx context.Context, id string, p durable.Part) ([]durable.Numbered, error) {
	schema := ""
	if r.cfg.DB.Pool != nil {
		schema = "dbos."
	}
	// Who looks for few among many gets their names first: outputs are large.
	columns, step := "function_id, function_name, output", partEntries
	bare := p.Names || p.Only != nil
	if bare {
		columns, step = "function_id, function_name, CAST(NULL AS TEXT)", partNames
	}
	if p.Limit > 0 && p.Only == nil {
		step = min(step, p.Limit)
	}
	q := `SELECT ` + columns + ` FROM ` + schema + `operation_outputs WHERE workflow_uuid = $1 AND function_id >= $2`
	args := []any{id, p.From}
	if pattern := p.Pattern(); pattern != "" {
		args = append(args, pattern)
		q += ` AND function_name LIKE $3 ESCAPE '\'`
	}
	q += fmt.Sprintf(` ORDER BY function_id LIMIT %d`, step)
	out, err := p.Collect(step, func(from int64) ([]durable.Numbered, error) {
		args[1] = from
		return r.rows(ctx, q, args)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the records of run %s: %w", id, err)
	}
	if bare && !p.Names {
		if err := r.data(ctx, schema, id, out); err != nil {
			return nil, fmt.Errorf("reading the records of run %s: %w", id, err)
		}
	}
	return out, nil
}

func (r *Runtime) rows(ctx context.Context, query string, args []any) ([]durable.Numbered, error) {
	rows, err := r.cfg.DB.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []durable.Numbered
	for rows.Next() {
		var e durable.Numbered
		var data *string
		if err := rows.Scan(&e.Number, &e.Name, &data); err != nil {
			return nil, err
		}
		if data != nil {
			e.Data = []byte(*data)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// data reads what entries hold.
func (r *Runtime) data(ctx context.Context, schema, id string, list []durable.Numbered) error {
	for some := range slices.Chunk(list, partData) {
		marks, args := make([]string, len(some)), []any{id}
		place := map[int64]int{}
		for i, e := range some {
			args = append(args, e.Number)
			marks[i] = fmt.Sprintf("$%d", len(args))
			place[e.Number] = i
		}
		rows, err := r.rows(ctx, `SELECT function_id, function_name, output FROM `+schema+`operation_outputs WHERE workflow_uuid = $1 AND function_id IN (`+strings.Join(marks, ",")+`)`, args)
		if err != nil {
			return err
		}
		for _, e := range rows {
			some[place[e.Number]].Data = e.Data
		}
	}
	return nil
}
