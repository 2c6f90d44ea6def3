package table

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[dedupeIn, dedupeOut]{
		Type:   "table.dedupe",
		Title:  "Remove duplicate rows",
		Doc:    "Keeps one row for each combination of values in some columns, or of all columns. The rows kept stay in order. With all columns, a column that is nil and one that is missing differ.",
		Effect: node.Pure,
		Examples: []node.Example[dedupeIn, dedupeOut]{{
			Title: "Newest address of each customer",
			In:    dedupeIn{source: of(row{"id": 1, "city": "Ulm"}, row{"id": 2, "city": "Bonn"}, row{"id": 1, "city": "Kiel"}), Columns: []string{"id"}, Keep: "last"},
			Out:   dedupeOut{result: give(row{"id": 2, "city": "Bonn"}, row{"id": 1, "city": "Kiel"}), Removed: 1},
		}, {
			Title: "Show the duplicates",
			In:    dedupeIn{source: of(row{"id": 1}, row{"id": 2}, row{"id": 1}), Keep: "duplicates"},
			Out:   dedupeOut{result: give(row{"id": 1}), Removed: 2},
		}},
		Run: dedupe,
	})
}

type dedupeIn struct {
	source
	Columns    []string `json:"columns" doc:"Columns that make two rows equal; all columns when empty."`
	Keep       string   `json:"keep" default:"first" enum:"first,last,none,duplicates" doc:"Which rows to keep: first or last of equal ones; none, only rows that occur once; duplicates, only the later ones that first would remove."`
	IgnoreCase bool     `json:"ignore_case" doc:"Treat small and capital letters, and blanks around texts, alike."`
}

type dedupeOut struct {
	result
	Removed int `json:"removed" doc:"Number of rows left out."`
}

func dedupe(ctx context.Context, env *node.Env, in dedupeIn) (dedupeOut, error) {
	if err := needColumns(ctx, in.Rows, in.Columns...); err != nil {
		return dedupeOut{}, err
	}
	total := 0
	key := func(v any) (string, error) {
		total++
		r, ok := v.(row)
		if !ok {
			return "", node.Failf(node.KindInput, "the table holds a %s where a map of columns should be", value.Kind(v))
		}
		if len(in.Columns) == 0 {
			return table.Key(folded(r, in.IgnoreCase)), nil
		}
		vals := make([]any, len(in.Columns))
		for i, c := range in.Columns {
			vals[i] = folded(r[c], in.IgnoreCase)
		}
		return table.Key(vals...), nil
	}
	keep := map[string]table.Keep{"first": table.KeepFirst, "last": table.KeepLast, "none": table.KeepUnique, "duplicates": table.KeepRest}[in.Keep]
	out, err := gather(ctx, env, space(ctx, env).Dedupe(ctx, stream(ctx, in.Rows), key, keep))
	return dedupeOut{result: out, Removed: total - out.Count}, err
}

// folded returns the value with the texts in it trimmed and in lower case.
func folded(v any, fold bool) any {
	if !fold {
		return v
	}
	switch x := v.(type) {
	case string:
		return foldText(x)
	case row:
		out := make(row, len(x))
		for k, e := range x {
			out[k] = folded(e, true)
		}
		return out
	}
	return v
}
