package list

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[chunkIn, chunkOut]{
		Type: "list.chunk", Title: "Cut into batches", Effect: node.Pure,
		Doc: "Cuts a list into lists of a given size, for services that take a batch at a time. The last one may be shorter.",
		Examples: []node.Example[chunkIn, chunkOut]{
			{Title: "Pairs", In: chunkIn{List: rows(1, 2, 3), Size: 2}, Out: chunkOut{Chunks: rows([]any{1, 2}, []any{3}), Count: 2}},
		},
		Run: chunk,
	})
	node.Register(node.Spec[flattenIn, listOut]{
		Type: "list.flatten", Title: "Flatten list", Effect: node.Pure,
		Doc: "Replaces lists inside of a list by their items, one level deep or more.",
		Examples: []node.Example[flattenIn, listOut]{
			{Title: "One level", In: flattenIn{List: []any{1, []any{2, []any{3}}}, Depth: 1}, Out: listOut{List: []any{1, 2, []any{3}}}},
			{Title: "All levels", In: flattenIn{List: []any{1, []any{2, []any{3}}}, Depth: -1}, Out: listOut{List: []any{1, 2, 3}}},
		},
		Run: func(ctx context.Context, _ *node.Env, in flattenIn) (listOut, error) {
			out := []any{}
			depth := in.Depth
			if depth < 0 {
				depth = 1 << 20
			}
			err := flatten(ctx, &out, in.List, depth)
			return listOut{List: out}, err
		},
	})
	node.Register(node.Spec[zipIn, listOut]{
		Type: "list.zip", Title: "Pair up lists", Effect: node.Pure,
		Doc: "Combines the items at the same position of several lists: into lists, or into maps when keys are given.",
		Examples: []node.Example[zipIn, listOut]{
			{Title: "Two columns to rows", In: zipIn{Lists: [][]any{{"Ann", "Bob"}, {1, 2}}, Keys: []string{"name", "id"}}, Out: listOut{List: []any{map[string]any{"name": "Ann", "id": 1}, map[string]any{"name": "Bob", "id": 2}}}},
			{Title: "Of different length", In: zipIn{Lists: [][]any{{1, 2}, {"a"}}, Length: "longest"}, Out: listOut{List: []any{[]any{1, "a"}, []any{2, nil}}}},
		},
		Run: zip,
	})
	node.Register(node.Spec[transposeIn, transposeOut]{
		Type: "list.transpose", Title: "Swap rows and columns", Effect: node.Pure,
		Doc: "Turns a list of rows, each a list of cells, into a list of columns. Missing cells become nil.",
		Examples: []node.Example[transposeIn, transposeOut]{
			{Title: "A small table", In: transposeIn{List: [][]any{{1, 2, 3}, {4, 5}}}, Out: transposeOut{List: [][]any{{1, 4}, {2, 5}, {3, nil}}}},
		},
		Run: func(_ context.Context, _ *node.Env, in transposeIn) (transposeOut, error) {
			return transposeOut{List: columns(in.List)}, nil
		},
	})
}

type chunkIn struct {
	List value.Rows `json:"list" is:"required" doc:"List to cut."`
	Size int        `json:"size" is:"required" min:"1" max:"1000000" doc:"Items in a batch."`
}

type chunkOut struct {
	Chunks value.Rows `json:"chunks" doc:"List of lists."`
	Count  int        `json:"count" doc:"How many batches there are."`
}

func chunk(ctx context.Context, env *node.Env, in chunkIn) (chunkOut, error) {
	if in.Size < 1 {
		return chunkOut{}, node.Failf(node.KindInput, "size is %d, and a batch needs at least one item", in.Size)
	}
	n := 0
	out, err := env.Rows(ctx, func(yield func(any) bool) error {
		var batch []any
		for v, err := range in.List.All(ctx) {
			if err != nil {
				return err
			}
			if batch = append(batch, v); len(batch) < in.Size {
				continue
			}
			if n++; !yield(batch) {
				return nil
			}
			batch = nil
		}
		if len(batch) > 0 {
			n++
			yield(batch)
		}
		return nil
	})
	return chunkOut{Chunks: out, Count: n}, err
}

type flattenIn struct {
	List  []any `json:"list" is:"required" doc:"List to flatten."`
	Depth int   `json:"depth" default:"1" min:"-1" doc:"How many levels; -1 means all."`
}

func flatten(ctx context.Context, out *[]any, list []any, depth int) error {
	for i, v := range list {
		if err := alive(ctx, i); err != nil {
			return err
		}
		inner, ok := v.([]any)
		if !ok || depth == 0 {
			*out = append(*out, v)
			continue
		}
		if err := flatten(ctx, out, inner, depth-1); err != nil {
			return err
		}
	}
	return nil
}

type zipIn struct {
	Lists  [][]any  `json:"lists" is:"required" doc:"Lists to combine."`
	Keys   []string `json:"keys" doc:"Names for the items, one for each list, to make maps."`
	Length string   `json:"length" default:"shortest" enum:"shortest,longest,equal" doc:"What to do with lists of different length: stop with the shortest, fill up with nil, or fail."`
}

func zip(ctx context.Context, _ *node.Env, in zipIn) (listOut, error) {
	if len(in.Keys) > 0 && len(in.Keys) != len(in.Lists) {
		return listOut{}, node.Failf(node.KindInput, "there are %d keys for %d lists", len(in.Keys), len(in.Lists))
	}
	n := 0
	for i, l := range in.Lists {
		if in.Length == "equal" && i > 0 && len(l) != n {
			return listOut{}, node.Fail(node.KindInput, fmt.Sprintf("list %d has %d items and the first has %d", i, len(l), n), "choose shortest or longest if that is fine")
		}
		if i == 0 || in.Length == "longest" && len(l) > n || in.Length != "longest" && len(l) < n {
			n = len(l)
		}
	}
	out := make([]any, n)
	for i := range out {
		if err := alive(ctx, i); err != nil {
			return listOut{}, err
		}
		row := make([]any, len(in.Lists))
		for j, l := range in.Lists {
			if i < len(l) {
				row[j] = l[i]
			}
		}
		out[i] = row
		if len(in.Keys) > 0 {
			m := make(map[string]any, len(row))
			for j, k := range in.Keys {
				m[k] = row[j]
			}
			out[i] = m
		}
	}
	return listOut{List: out}, nil
}

type transposeIn struct {
	List [][]any `json:"list" is:"required" doc:"List of rows, each a list."`
}

type transposeOut struct {
	List [][]any `json:"list" doc:"List of columns, each a list."`
}

func columns(rows [][]any) [][]any {
	width := 0
	for _, r := range rows {
		width = max(width, len(r))
	}
	out := make([][]any, width)
	for c := range out {
		out[c] = make([]any, len(rows))
		for i, r := range rows {
			if c < len(r) {
				out[c][i] = r[c]
			}
		}
	}
	return out
}
