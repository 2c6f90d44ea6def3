package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

type row = map[string]any

// source is the table that most nodes take.
type source struct {
	Rows value.Rows `json:"rows" is:"required" doc:"Table to work on: a list of maps, one for each row."`
}

// result is the table that most nodes give.
type result struct {
	Rows  value.Rows `json:"rows" doc:"Resulting table."`
	Count int        `json:"count" doc:"Number of rows in it."`
}

// of and give make the tables of examples.
func of(rows ...row) source { return source{Rows: listed(rows)} }

func give(rows ...row) result { return result{Rows: listed(rows), Count: len(rows)} }

func listed(rows []row) value.Rows {
	list := make([]any, len(rows))
	for i, r := range rows {
		list[i] = r
	}
	return value.RowsOf(list)
}

func space(ctx context.Context, env *node.Env) *table.Space {
	return table.Open(ctx, env.TempDir, env.Artifacts)
}

// stream gives the rows as they are. Rows held in memory are copied: they are
// shared, and collecting rows normalizes them in place.
func stream(ctx context.Context, rows value.Rows) table.Seq {
	if _, stored := rows.Value().(*value.Ref); stored {
		return rows.All(ctx)
	}
	return func(yield func(any, error) bool) {
		for v, err := range rows.All(ctx) {
			if !yield(value.Clone(v), err) || err != nil {
				return
			}
		}
	}
}

// each calls do with every row and its index until it fails.
func each(ctx context.Context, rows value.Rows, do func(i int, r row) error) error {
	i := 0
	for v, err := range stream(ctx, rows) {
		if err != nil {
			return err
		}
		r, err := asRow(v, i)
		if err != nil {
			return err
		}
		if err := do(i, r); err != nil {
			return err
		}
		i++
	}
	return nil
}

func asRow(v any, i int) (row, error) {
	r, ok := v.(row)
	if !ok {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("the row at index %d is a %s, not a map of columns", i, value.Kind(v)), "a table is a list of maps; table.create makes one from lists")
	}
	return r, nil
}

// errStop ends a walk early and is no failure.
var errStop = errors.New("stop")

// errStore stands for the reason that value.BuildRows keeps to itself.
var errStore = node.Fail(node.KindError, "a row could not be stored: it holds something that cannot be written, or the store is full", "")

// collect makes the output table from what fill puts.
func collect(ctx context.Context, env *node.Env, fill func(put func(any) error) error) (result, error) {
	n := 0
	rows, err := env.Rows(ctx, func(yield func(any) bool) error {
		err := fill(func(v any) error {
			if !yield(v) {
				return errStore
			}
			n++
			return nil
		})
		if errors.Is(err, errStop) {
			return nil
		}
		return err
	})
	if err != nil {
		return result{}, err
	}
	return result{Rows: rows, Count: n}, nil
}

// gather makes the output table from a stream.
func gather(ctx context.Context, env *node.Env, rows table.Seq) (result, error) {
	return collect(ctx, env, func(put func(any) error) error {
		for v, err := range rows {
			if err == nil {
				err = put(v)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// transform makes the output table row by row; change returns nil to leave a
// row out. The row given may be changed.
func transform(ctx context.Context, env *node.Env, rows value.Rows, change func(i int, r row) (row, error)) (result, error) {
	return collect(ctx, env, func(put func(any) error) error {
		return each(ctx, rows, func(i int, r row) error {
			r, err := change(i, r)
			if err != nil || r == nil {
				return err
			}
			return put(r)
		})
	})
}

// at says in which row an error happened.
func at(i int, err error) error {
	var f *node.Failure
	if errors.As(err, &f) {
		c := *f
		c.Message = fmt.Sprintf("the row at index %d: %s", i, f.Message)
		return &c
	}
	return node.Failf(node.KindInput, "the row at index %d: %v", i, err)
}

// locals are the names that expressions over rows may use.
func locals(i int, r row) map[string]any { return map[string]any{"row": r, "index": i} }

// keyOf returns the function that makes the key of some columns. A column that
// a row lacks counts as nil.
func keyOf(columns []string) func(r row) string {
	return func(r row) string {
		vals := make([]any, len(columns))
		for i, c := range columns {
			vals[i] = r[c]
		}
		return table.Key(vals...)
	}
}

// keyed adapts a key of rows to streams, which hold any value.
func keyed(columns []string) func(v any) (string, error) {
	key := keyOf(columns)
	return func(v any) (string, error) {
		r, ok := v.(row)
		if !ok {
			return "", node.Failf(node.KindInput, "the table holds a %s where a map of columns should be", value.Kind(v))
		}
		return key(r), nil
	}
}

// allColumns returns the sorted names of all columns of a table.
func allColumns(ctx context.Context, rows value.Rows) ([]string, error) {
	var c table.Columns
	err := each(ctx, rows, func(_ int, r row) error {
		c.Add(r)
		return nil
	})
	return c.Names(), err
}

// needColumns fails when the table has rows and none of them has a column
// named: that is a typing mistake, not missing data.
func needColumns(ctx context.Context, rows value.Rows, names ...string) error {
	missing := map[string]bool{}
	for _, n := range names {
		missing[n] = true
	}
	var seen table.Columns
	filled := false
	err := each(ctx, rows, func(_ int, r row) error {
		filled = true
		seen.Add(r)
		for n := range missing {
			if _, ok := r[n]; ok {
				delete(missing, n)
			}
		}
		if len(missing) == 0 {
			return errStop
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) || !filled {
		return err
	}
	for _, n := range names {
		if missing[n] {
			return node.Fail(node.KindInput, fmt.Sprintf("no row has a column %q", n), "the columns are "+shortList(seen.Names()))
		}
	}
	return nil
}

func shortList(names []string) string {
	s := ""
	for i, n := range names {
		if i == 12 {
			return s + ", …"
		}
		if i > 0 {
			s += ", "
		}
		s += n
	}
	return s
}
