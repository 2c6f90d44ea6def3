package table

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	a := []row{{"id": 1, "n": "Ann"}, {"id": 2, "n": "Bo"}, {"id": 2, "n": "Bob"}}
	b := []row{{"id": 1, "n": "ANN"}, {"id": 2, "n": "Bo"}, {"id": 3, "n": "Cy"}}
	node.Register(node.Spec[compareIn, compareOut]{
		Type: "table.compare", Title: "Match up tables", Effect: node.Pure,
		Doc: "Pairs the rows of two tables, by key columns or row by row, and tells which are in one table only and which pairs differ. A key may occur several times: the first row with it is paired with the first of the other table, and so on. Unlike table.diff it also returns the pairs that are the same. A column that a row lacks equals nil. A few bytes are kept for each key; tables larger than memory are compared with temporary files.",
		Examples: []node.Example[compareIn, compareOut]{{
			Title: "Two lists of people, whatever the case",
			In:    compareIn{Left: listed(a), Right: listed(b), Keys: []string{"id"}, IgnoreCase: true},
			Out: compareOut{OnlyLeft: listed(a[2:]), OnlyRight: listed(b[2:]), Pairs: value.RowsOf([]any{
				row{"key": row{"id": 1}, "left": a[0], "right": b[0], "changed": false, "columns": []any{}},
				row{"key": row{"id": 2}, "left": a[1], "right": b[1], "changed": false, "columns": []any{}}}),
				OnlyLeftCount: 1, OnlyRightCount: 1, PairCount: 2, LeftCount: 3, RightCount: 3},
		}, {
			Title: "Row by row",
			In:    compareIn{Left: listed([]row{{"x": 1}}), Right: listed([]row{{"x": 2}})},
			Out: compareOut{Pairs: value.RowsOf([]any{row{"key": row{"index": 0}, "left": row{"x": 1}, "right": row{"x": 2}, "changed": true, "columns": []any{"x"}}}),
				ChangedCount: 1, PairCount: 1, LeftCount: 1, RightCount: 1},
		}},
		Run: compare,
	})
}

type compareIn struct {
	Left       value.Rows `json:"left" is:"required" doc:"First table."`
	Right      value.Rows `json:"right" is:"required" doc:"Second table."`
	Keys       []string   `json:"keys" doc:"Columns that pair rows; without any the rows are paired by their place."`
	Columns    []string   `json:"columns" doc:"Columns to compare; all when empty."`
	Ignore     []string   `json:"ignore" doc:"Columns not to compare."`
	KeysOnly   bool       `json:"keys_only" doc:"Only look whether there is a row; pairs count as the same whatever their other columns."`
	IgnoreCase bool       `json:"ignore_case" doc:"Treat upper and lower case text as equal, in keys as well."`
}

type compareOut struct {
	OnlyLeft       value.Rows `json:"only_left" doc:"Rows that only the first table has, in its order."`
	OnlyRight      value.Rows `json:"only_right" doc:"Rows that only the second table has, in its order."`
	Pairs          value.Rows `json:"pairs" doc:"For each pair, in the order of the first table, a map of key (of the first table; index without keys), left, right, changed and columns, the names of those that differ."`
	OnlyLeftCount  int        `json:"only_left_count" doc:"Number of rows that only the first table has."`
	OnlyRightCount int        `json:"only_right_count" doc:"Number of rows that only the second table has."`
	PairCount      int        `json:"pair_count" doc:"Number of pairs."`
	ChangedCount   int        `json:"changed_count" doc:"Number of pairs that differ."`
	LeftCount      int        `json:"left_count" doc:"Number of rows of the first table."`
	RightCount     int        `json:"right_count" doc:"Number of rows of the second table."`
	Same           bool       `json:"same" doc:"Whether nothing differs."`
}

// foldCell lets texts be compared without case.
func (in compareIn) foldCell(v any) any {
	if s, ok := v.(string); ok && in.IgnoreCase {
		return strings.ToLower(s)
	}
	return v
}

// numbered gives each row as [key, row]; the key counts how often it occurred.
func (in compareIn) numbered(ctx context.Context, rows value.Rows) table.Seq {
	return func(yield func(any, error) bool) {
		seen := map[string]int{}
		i := 0
		for v, err := range stream(ctx, rows) {
			var r row
			if err == nil {
				r, err = asRow(v, i)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			key := ""
			if len(in.Keys) == 0 {
				key = table.Key(i)
			} else {
				cells := make([]any, len(in.Keys), len(in.Keys)+1)
				for k, c := range in.Keys {
					cells[k] = in.foldCell(r[c])
				}
				base := table.Key(cells...)
				key = table.Key(append(cells, seen[base])...)
				seen[base]++
			}
			if !yield([]any{key, r, i}, nil) {
				return
			}
			i++
		}
	}
}

func compare(ctx context.Context, env *node.Env, in compareIn) (compareOut, error) {
	if err := needColumns(ctx, in.Left, in.Keys...); err != nil {
		return compareOut{}, fmt.Errorf("left: %w", err)
	}
	if err := needColumns(ctx, in.Right, in.Keys...); err != nil {
		return compareOut{}, fmt.Errorf("right: %w", err)
	}
	key := func(v any) (string, bool, error) { return v.([]any)[0].(string), true, nil }
	s := space(ctx, env)
	pairs := s.Join(ctx, in.numbered(ctx, in.Left), in.numbered(ctx, in.Right), table.Join{LeftKey: key, RightKey: key, Left: true, Right: true, Emit: in.pair})
	all := s.Buffer()
	defer all.Close()
	var out compareOut
	for v, err := range pairs {
		if err != nil {
			return compareOut{}, err
		}
		if t := v.([]any); t[0] == 2 && t[1].(row)["changed"] == true {
			out.ChangedCount++
		}
		if err := all.Add(v); err != nil {
			return compareOut{}, err
		}
	}
	for i, to := range []struct {
		rows  *value.Rows
		count *int
	}{{&out.OnlyLeft, &out.OnlyLeftCount}, {&out.OnlyRight, &out.OnlyRightCount}, {&out.Pairs, &out.PairCount}} {
		r, err := pick(ctx, env, all, i)
		if err != nil {
			return compareOut{}, err
		}
		*to.rows, *to.count = r.Rows, r.Count
	}
	out.LeftCount, out.RightCount = out.PairCount+out.OnlyLeftCount, out.PairCount+out.OnlyRightCount
	out.Same = out.OnlyLeftCount+out.OnlyRightCount+out.ChangedCount == 0
	return out, nil
}

// pair returns [class, row].
func (in compareIn) pair(l, r any) (any, error) {
	switch {
	case r == table.Missing:
		return []any{0, l.([]any)[1]}, nil
	case l == table.Missing:
		return []any{1, r.([]any)[1]}, nil
	}
	left, right := l.([]any)[1].(row), r.([]any)[1].(row)
	key := row{"index": l.([]any)[2]}
	if len(in.Keys) > 0 {
		key = part(left, in.Keys)
	}
	differ := []any{}
	if !in.KeysOnly {
		var seen table.Columns
		seen.Add(left)
		seen.Add(right)
		for _, c := range seen.Names() {
			if slices.Contains(in.Keys, c) || !has(in.Columns, c) || slices.Contains(in.Ignore, c) {
				continue
			}
			if !value.Equal(in.foldCell(left[c]), in.foldCell(right[c])) {
				differ = append(differ, c)
			}
		}
	}
	return []any{2, row{"key": key, "left": left, "right": right, "changed": len(differ) > 0, "columns": differ}}, nil
}
