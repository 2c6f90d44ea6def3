package table

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	five := of(row{"n": 1}, row{"n": 2}, row{"n": 3}, row{"n": 4}, row{"n": 5})
	node.Register(node.Spec[headIn, result]{
		Type:     "table.head",
		Title:    "First rows",
		Doc:      "Returns the first rows of a table.",
		Effect:   node.Pure,
		Examples: []node.Example[headIn, result]{{Title: "Two", In: headIn{source: five, Size: 2}, Out: give(row{"n": 1}, row{"n": 2})}},
		Run: func(ctx context.Context, env *node.Env, in headIn) (result, error) {
			return slice(ctx, env, sliceIn{source: in.source, Count: &in.Size})
		},
	})
	node.Register(node.Spec[headIn, result]{
		Type:     "table.tail",
		Title:    "Last rows",
		Doc:      "Returns the last rows of a table, in order.",
		Effect:   node.Pure,
		Examples: []node.Example[headIn, result]{{Title: "Two", In: headIn{source: five, Size: 2}, Out: give(row{"n": 4}, row{"n": 5})}},
		Run: func(ctx context.Context, env *node.Env, in headIn) (result, error) {
			return slice(ctx, env, sliceIn{source: in.source, Start: -in.Size, Count: &in.Size})
		},
	})
	two := 2
	node.Register(node.Spec[sliceIn, result]{
		Type:   "table.slice",
		Title:  "Slice rows",
		Doc:    "Returns rows from a position on: for pages of a table, or to skip rows. A negative start counts from the end. What lies outside the table is left out.",
		Effect: node.Pure,
		Examples: []node.Example[sliceIn, result]{{
			Title: "Second page of two",
			In:    sliceIn{source: five, Start: 2, Count: &two},
			Out:   give(row{"n": 3}, row{"n": 4}),
		}, {
			Title: "All but the first four",
			In:    sliceIn{source: five, Start: 4},
			Out:   give(row{"n": 5}),
		}},
		Run: slice,
	})
	node.Register(node.Spec[sampleIn, result]{
		Type:   "table.sample",
		Title:  "Sample rows",
		Doc:    "Returns rows picked at random, in the order of the table. The same seed picks the same rows of the same table, so that a repeated run sees what the first saw; use another seed, for instance of random.int, for another choice. The rows picked must fit in memory.",
		Effect: node.Pure,
		Examples: []node.Example[sampleIn, result]{{
			Title: "More than there are",
			In:    sampleIn{source: of(row{"n": 1}), Size: 3},
			Out:   give(row{"n": 1}),
		}},
		Run: sample,
	})
	node.Register(node.Spec[batchIn, batchOut]{
		Type:   "table.batch",
		Title:  "Split into batches",
		Doc:    "Splits a table into lists of at most a number of rows each, for services that take so many at a time.",
		Effect: node.Pure,
		Examples: []node.Example[batchIn, batchOut]{{
			Title: "Pairs",
			In:    batchIn{source: of(row{"n": 1}, row{"n": 2}, row{"n": 3}), Size: 2},
			Out:   batchOut{Batches: value.RowsOf([]any{[]any{row{"n": 1}, row{"n": 2}}, []any{row{"n": 3}}}), Count: 2},
		}},
		Run: batch,
	})
}

type headIn struct {
	source
	Size int `json:"size" default:"10" min:"0" doc:"Number of rows to return."`
}

type sliceIn struct {
	source
	Start int  `json:"start" doc:"Index of the first row, counted from 0; negative counts from the end."`
	Count *int `json:"count" min:"0" doc:"Number of rows; all that follow when absent."`
}

func slice(ctx context.Context, env *node.Env, in sliceIn) (result, error) {
	start := in.Start
	if start < 0 {
		n := in.Rows.Len()
		if n < 0 {
			counted, err := count(ctx, env, countIn{source: in.source})
			if err != nil {
				return result{}, err
			}
			n = counted.Count
		}
		start += n
	}
	left := -1
	if in.Count != nil {
		left = *in.Count
		if start < 0 {
			left = max(left+start, 0)
		}
	}
	return collect(ctx, env, func(put func(any) error) error {
		return each(ctx, in.Rows, func(i int, r row) error {
			switch {
			case left == 0:
				return errStop
			case i < start:
				return nil
			case left > 0:
				left--
			}
			return put(r)
		})
	})
}

type sampleIn struct {
	source
	Size int `json:"size" is:"required" min:"0" max:"1000000" doc:"Number of rows to pick."`
	Seed int `json:"seed" default:"1" doc:"Number that decides the choice."`
}

func sample(ctx context.Context, env *node.Env, in sampleIn) (result, error) {
	rnd := rand.New(rand.NewPCG(uint64(in.Seed), 0x9e3779b97f4a7c15))
	type pick struct {
		at int
		r  row
	}
	var picks []pick
	// Reservoir sampling: each row replaces an earlier one with the right odds.
	err := each(ctx, in.Rows, func(i int, r row) error {
		if in.Size == 0 {
			return errStop
		}
		if len(picks) < in.Size {
			picks = append(picks, pick{i, r})
		} else if j := rnd.IntN(i + 1); j < in.Size {
			picks[j] = pick{i, r}
		}
		return nil
	})
	if unlessStopped(err) != nil {
		return result{}, err
	}
	byAt := make(map[int]row, len(picks))
	places := make([]int, 0, len(picks))
	for _, p := range picks {
		byAt[p.at] = p.r
		places = append(places, p.at)
	}
	slices.Sort(places)
	return collect(ctx, env, func(put func(any) error) error {
		for _, p := range places {
			if err := put(byAt[p]); err != nil {
				return err
			}
		}
		return nil
	})
}

type batchIn struct {
	source
	Size int `json:"size" is:"required" min:"1" doc:"Most rows in one batch."`
}

type batchOut struct {
	Batches value.Rows `json:"batches" doc:"One list of rows for each batch."`
	Count   int        `json:"count" doc:"Number of batches."`
}

func batch(ctx context.Context, env *node.Env, in batchIn) (batchOut, error) {
	if in.Size < 1 {
		return batchOut{}, node.Failf(node.KindInput, "a batch of %d rows is not possible", in.Size)
	}
	out, err := collect(ctx, env, func(put func(any) error) error {
		var group []any
		err := each(ctx, in.Rows, func(_ int, r row) error {
			if group = append(group, r); len(group) < in.Size {
				return nil
			}
			full := group
			group = nil
			return put(full)
		})
		if err == nil && len(group) > 0 {
			err = put(group)
		}
		return err
	})
	return batchOut{Batches: out.Rows, Count: out.Count}, err
}
