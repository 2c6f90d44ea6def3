package table

import (
	"context"
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[diffIn, diffOut]{
		Type:   "table.diff",
		Title:  "Compare tables",
		Doc:    "Finds the rows that were added, removed and changed between two tables, matched by key columns. Each key must occur once in each table. A column that a row lacks equals nil. Tables larger than memory are compared with temporary files.",
		Effect: node.Pure,
		Examples: []node.Example[diffIn, diffOut]{{
			Title: "Price list",
			In: diffIn{Before: listed([]row{{"sku": "A", "price": 1}, {"sku": "B", "price": 2}}), After: listed([]row{{"sku": "B", "price": 3}, {"sku": "C", "price": 4}}),
				Keys: []string{"sku"}},
			Out: diffOut{Added: listed([]row{{"sku": "C", "price": 4}}), Removed: listed([]row{{"sku": "A", "price": 1}}),
				Changed:    value.RowsOf([]any{row{"key": row{"sku": "B"}, "columns": []any{"price"}, "before": row{"sku": "B", "price": 2}, "after": row{"sku": "B", "price": 3}}}),
				AddedCount: 1, RemovedCount: 1, ChangedCount: 1},
		}, {
			Title: "Nothing changed but what is ignored",
			In:    diffIn{Before: listed([]row{{"id": 1, "seen": 1}}), After: listed([]row{{"id": 1, "seen": 2}}), Keys: []string{"id"}, Ignore: []string{"seen"}},
			Out:   diffOut{UnchangedCount: 1, Same: true},
		}},
		Run: diff,
	})
}

type diffIn struct {
	Before  value.Rows `json:"before" is:"required" doc:"Older table."`
	After   value.Rows `json:"after" is:"required" doc:"Newer table."`
	Keys    []string   `json:"keys" is:"required" doc:"Columns that identify a row."`
	Columns []string   `json:"columns" doc:"Columns to compare; all when empty."`
	Ignore  []string   `json:"ignore" doc:"Columns not to compare."`
}

type diffOut struct {
	Added          value.Rows `json:"added" doc:"Rows that only the newer table has, in its order."`
	Removed        value.Rows `json:"removed" doc:"Rows that only the older table has, in its order."`
	Changed        value.Rows `json:"changed" doc:"For each row that differs a map of key, columns (the names of those that differ), before and after."`
	AddedCount     int        `json:"added_count" doc:"Number of rows added."`
	RemovedCount   int        `json:"removed_count" doc:"Number of rows removed."`
	ChangedCount   int        `json:"changed_count" doc:"Number of rows changed."`
	UnchangedCount int        `json:"unchanged_count" doc:"Number of rows that are the same."`
	Same           bool       `json:"same" doc:"Whether nothing differs."`
}

func diff(ctx context.Context, env *node.Env, in diffIn) (diffOut, error) {
	if len(in.Keys) == 0 {
		return diffOut{}, node.Fail(node.KindInput, "there are no key columns", "name in keys what identifies a row")
	}
	if err := in.check(ctx, env, "before", in.Before); err != nil {
		return diffOut{}, err
	}
	if err := in.check(ctx, env, "after", in.After); err != nil {
		return diffOut{}, err
	}
	s := space(ctx, env)
	key := joinKey(in.Keys, true)
	var out diffOut
	pairs := s.Join(ctx, stream(ctx, in.Before), stream(ctx, in.After), table.Join{LeftKey: key, RightKey: key, Left: true, Right: true, Emit: in.pair})
	all := s.Buffer()
	defer all.Close()
	for v, err := range pairs {
		if err != nil {
			return diffOut{}, err
		}
		if v == nil {
			out.UnchangedCount++
			continue
		}
		if err := all.Add(v); err != nil {
			return diffOut{}, err
		}
	}
	for i, to := range []struct {
		rows  *value.Rows
		count *int
	}{{&out.Added, &out.AddedCount}, {&out.Removed, &out.RemovedCount}, {&out.Changed, &out.ChangedCount}} {
		r, err := pick(ctx, env, all, i)
		if err != nil {
			return diffOut{}, err
		}
		*to.rows, *to.count = r.Rows, r.Count
	}
	out.Same = out.AddedCount+out.RemovedCount+out.ChangedCount == 0
	return out, nil
}

// pick makes the table of the buffered [class, row] pairs of one class.
func pick(ctx context.Context, env *node.Env, b *table.Buffer, class int) (result, error) {
	return collect(ctx, env, func(put func(any) error) error {
		for v, err := range b.All(ctx) {
			if err != nil {
				return err
			}
			if t := v.([]any); t[0] == class {
				if err := put(t[1]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// check fails when a key occurs twice.
func (in diffIn) check(ctx context.Context, env *node.Env, name string, rows value.Rows) error {
	if err := needColumns(ctx, rows, in.Keys...); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for v, err := range space(ctx, env).Dedupe(ctx, stream(ctx, rows), keyed(in.Keys), table.KeepRest) {
		if err != nil {
			return err
		}
		k, err := value.JSON(part(v.(row), in.Keys))
		if err != nil {
			return err
		}
		return node.Fail(node.KindInput, fmt.Sprintf("the key %.200s occurs twice in %s", k, name), "add columns to keys, or remove duplicates with table.dedupe")
	}
	return nil
}

func part(r row, columns []string) row {
	out := make(row, len(columns))
	for _, c := range columns {
		out[c] = r[c]
	}
	return out
}

// pair returns [class, row], or nil for rows that are the same.
func (in diffIn) pair(l, r any) (any, error) {
	switch {
	case l == table.Missing:
		return []any{0, r}, nil
	case r == table.Missing:
		return []any{1, l}, nil
	}
	before, after := l.(row), r.(row)
	var seen table.Columns
	seen.Add(before)
	seen.Add(after)
	var differ []any
	for _, c := range seen.Names() {
		if has(in.Columns, c) && !slices.Contains(in.Ignore, c) && !value.Equal(before[c], after[c]) {
			differ = append(differ, c)
		}
	}
	if differ == nil {
		return nil, nil
	}
	return []any{2, row{"key": part(after, in.Keys), "columns": differ, "before": before, "after": after}}, nil
}
