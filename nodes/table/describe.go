package table

import (
	"context"
	"math"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
)

func init() {
	node.Register(node.Spec[describeIn, describeOut]{
		Type:   "table.describe",
		Title:  "Summary statistics",
		Doc:    "Computes for each column the number of values, gaps and distinct values, the smallest and largest, and for numbers sum, mean and standard deviation (of a sample). Distinct values are counted up to 100000; beyond that `distinct` is -1.",
		Effect: node.Pure,
		Examples: []node.Example[describeIn, describeOut]{{
			Title: "Numbers and texts",
			In:    describeIn{source: of(row{"n": 1, "t": "b"}, row{"n": 3, "t": nil}, row{"n": 2, "t": "a"})},
			Out: describeOut{Rows: 3, Columns: []summary{
				{Name: "n", Type: "int", Count: 3, Distinct: 3, Min: 1, Max: 3, Sum: 6, Mean: 2, StdDev: 1},
				{Name: "t", Type: "text", Count: 2, Nulls: 1, Distinct: 2, Min: "a", Max: "b"},
			}},
		}},
		Run: describe,
	})
}

type describeIn struct {
	source
	Columns []string `json:"columns" doc:"Columns to look at; all when empty."`
}

type describeOut struct {
	Columns []summary `json:"columns" doc:"One map for each column, sorted by name."`
	Rows    int       `json:"rows" doc:"Number of rows."`
}

type summary struct {
	Name     string `json:"name" doc:"Name of the column."`
	Type     string `json:"type" doc:"Type that all cells have, as in table.columns."`
	Count    int    `json:"count" doc:"Number of cells that are not nil."`
	Nulls    int    `json:"nulls" doc:"Number of rows without a value."`
	Distinct int    `json:"distinct" doc:"Number of distinct values, or -1 when there are too many."`
	Min      any    `json:"min" doc:"Smallest value."`
	Max      any    `json:"max" doc:"Largest value."`
	Sum      any    `json:"sum" doc:"Exact sum of the numbers; nil when there are none."`
	Mean     any    `json:"mean" doc:"Their mean."`
	StdDev   any    `json:"std_dev" doc:"Their standard deviation; nil for fewer than two."`
}

// maxDistinct bounds the values remembered to count distinct ones.
const maxDistinct = 100_000

type statistics struct {
	kinds    table.Kinds
	min, max any
	seen     map[string]bool
	many     bool
	sum      table.Sum
	n        int
	mean, m2 float64 // Welford's method, which does not lose digits
}

func (s *statistics) add(v any) {
	s.kinds.Add(v)
	if v == nil {
		return
	}
	if s.min == nil || table.Compare(v, s.min) < 0 {
		s.min = v
	}
	if s.max == nil || table.Compare(v, s.max) > 0 {
		s.max = v
	}
	if !s.many {
		s.seen[table.Key(v)] = true
		if len(s.seen) > maxDistinct {
			s.many, s.seen = true, nil
		}
	}
	if f, ok := number(v); ok {
		// Numbers of the canonical form always add.
		_ = s.sum.Add(v)
		s.n++
		d := f - s.mean
		s.mean += d / float64(s.n)
		s.m2 += d * (f - s.mean)
	}
}

func describe(ctx context.Context, _ *node.Env, in describeIn) (describeOut, error) {
	if err := needColumns(ctx, in.Rows, in.Columns...); err != nil {
		return describeOut{}, err
	}
	stats := map[string]*statistics{}
	var seen table.Columns
	n := 0
	err := each(ctx, in.Rows, func(_ int, r row) error {
		n++
		seen.Add(r)
		for c, v := range r {
			if !has(in.Columns, c) {
				continue
			}
			if stats[c] == nil {
				stats[c] = &statistics{seen: map[string]bool{}}
			}
			stats[c].add(v)
		}
		return nil
	})
	out := describeOut{Rows: n}
	if err != nil {
		return out, err
	}
	for _, c := range seen.Names() {
		s := stats[c]
		if s == nil {
			continue
		}
		sum, err := s.summary(c, n)
		if err != nil {
			return out, node.Failf(node.KindInput, "%s: %v", c, err)
		}
		out.Columns = append(out.Columns, sum)
	}
	return out, nil
}

func (s *statistics) summary(name string, rows int) (summary, error) {
	out := summary{Name: name, Type: s.kinds.Type(), Count: s.kinds.Count - s.kinds.Nulls, Distinct: len(s.seen), Min: s.min, Max: s.max}
	out.Nulls = rows - out.Count
	if s.many {
		out.Distinct = -1
	}
	if s.n == 0 {
		return out, nil
	}
	var err error
	if out.Sum, err = s.sum.Value(); err != nil {
		return out, err
	}
	if out.Mean, err = s.sum.Mean(s.n); err != nil {
		return out, err
	}
	if sd := math.Sqrt(s.m2 / float64(s.n-1)); s.n > 1 && !math.IsInf(sd, 0) && !math.IsNaN(sd) {
		out.StdDev = sd
	}
	return out, nil
}
