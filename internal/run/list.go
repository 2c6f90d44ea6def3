package run

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Filter selects runs; zero fields select all.
type Filter struct {
	Prefix string // of the id
	Flow   string // name
	Digest string
	Status Status
	Before time.Time // created before
	Since  time.Time // created then or after
	Beyond *Place    // behind this place in the list
	Ended  time.Time // ended before
	Oldest bool      // oldest first
	// Development is WithoutDevelopment, OnlyDevelopment, or empty for all runs.
	Development string
	Labels      []string // all of these
	Asks        bool     // a person, or may: it waits for something
	Limit       int      // default 50
	Offset      int
}

// Place is where a run stands in the list of runs.
type Place struct {
	Created time.Time
	ID      string
}

// query returns the query of columns of a list, and its arguments.
func (s *Store) query(f Filter, columns string) (string, []any) {
	var where []string
	var args []any
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "$", fmt.Sprintf("$%d", len(args))))
	}
	if f.Prefix != "" {
		// A range of bytes, which an index of both databases answers; nothing
		// sorts behind the last character there is.
		least, most := `id >= $`, `id < $`
		if s.db.Pool != nil {
			least, most = `id ~>=~ $`, `id ~<~ $`
		}
		add(least, f.Prefix)
		add(most, f.Prefix+"\U0010FFFF")
	}
	from, created, id := `{s}run`, `created`, `id`
	for i, l := range f.Labels {
		if i == 0 {
			// The index of labels gives them in the order of the list.
			args = append(args, l)
			from = fmt.Sprintf(`(SELECT run AS labelled, created AS since FROM {s}run_label WHERE label = $%d) l JOIN {s}run ON id = labelled`, len(args))
			created, id = `since`, `labelled`
			continue
		}
		add(`EXISTS (SELECT 1 FROM {s}run_label o WHERE o.run = id AND o.label = $)`, l)
	}
	if f.Asks {
		where = append(where, `waits <> ''`)
	}
	if f.Flow != "" {
		add(`flow = $`, f.Flow)
	}
	if f.Digest != "" {
		add(`digest = $`, f.Digest)
	}
	if f.Status != "" {
		add(`status = $`, f.Status)
	}
	switch f.Development {
	case WithoutDevelopment:
		where = append(where, `development = ''`)
	case OnlyDevelopment:
		where = append(where, `development <> ''`)
	}
	if !f.Before.IsZero() {
		add(created+` < $`, f.Before.UnixMilli())
	}
	if !f.Since.IsZero() {
		add(created+` >= $`, f.Since.UnixMilli())
	}
	if !f.Ended.IsZero() {
		// It began before it ended, and there is an index of that.
		add(`created < $`, f.Ended.UnixMilli())
		add(`ended > 0 AND ended < $`, f.Ended.UnixMilli())
	}
	if f.Beyond != nil {
		args = append(args, f.Beyond.Created.UnixMilli(), f.Beyond.ID)
		where = append(where, fmt.Sprintf(`(%s, %s) %s ($%d, $%d)`, created, id, map[bool]string{true: ">", false: "<"}[f.Oldest], len(args)-1, len(args)))
	}
	q := `SELECT ` + columns + ` FROM ` + from
	if len(where) > 0 {
		q += ` WHERE ` + strings.Join(where, ` AND `)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	way := "DESC"
	if f.Oldest {
		way = "ASC"
	}
	q += fmt.Sprintf(` ORDER BY %s %s, %s %s LIMIT %d OFFSET %d`, created, way, id, way, f.Limit, f.Offset)
	return q, args
}

// List returns runs, newest first.
func (s *Store) List(ctx context.Context, f Filter) ([]*Run, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	q, args := s.query(f, columns)
	return s.list(ctx, q, args, now)
}

func (s *Store) list(ctx context.Context, q string, args []any, now time.Time) ([]*Run, error) {
	rows, err := s.db.Query(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("listing runs: %w", err)
	}
	defer rows.Close()
	var out []*Run
	for rows.Next() {
		r, err := s.scan(rows, now)
		if err != nil {
			return nil, fmt.Errorf("listing runs: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
