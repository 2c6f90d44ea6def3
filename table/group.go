package table

import (
	"cmp"
	"context"
	"math"
	"strings"
)

// Group takes the rows of one key, in their order, and gives rows in return.
type Group interface {
	// Add takes a row; at is its place in the whole input, from 0.
	Add(at int, row any) error
	// Result gives rows with the place each takes in the output: rows come out
	// in the order of their places.
	Result(emit func(at int, row any) error) error
}

// Group brings the rows of equal keys together. The function key returns the
// key and what Group.Add shall see of the row. One Group at a time is in use.
func (s *Space) Group(ctx context.Context, rows Seq, key func(row any) (string, any, error), start func() Group) Seq {
	grouped := func(yield func(any, error) bool) {
		var g Group
		last, open := "", false
		done := false
		emit := func(at int, row any) error { //nolint:unparam // the shape of a Group's emit
			if !done && !yield([]any{at, row}, nil) {
				done = true
			}
			return nil
		}
		for v, err := range s.Sort(ctx, tagged(ctx, rows, key), byKey) {
			if err != nil {
				yield(nil, err)
				return
			}
			t := v.([]any)
			if k := t[0].(string); !open || k != last {
				if open {
					err = g.Result(emit)
				}
				g, last, open = start(), k, true
			}
			if err == nil {
				err = g.Add(t[1].(int), t[2])
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if done {
				return
			}
		}
		if open {
			if err := g.Result(emit); err != nil && !done {
				yield(nil, err)
			}
		}
	}
	return last(s.Sort(ctx, grouped, byPlace))
}

// tagged turns each row into [key, place, kept].
func tagged(ctx context.Context, rows Seq, key func(row any) (string, any, error)) Seq {
	return func(yield func(any, error) bool) {
		i := 0
		for row, err := range rows {
			var k string
			var keep any
			if err == nil {
				err = every(ctx, i)
			}
			if err == nil {
				k, keep, err = key(row)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield([]any{k, i, keep}, nil) {
				return
			}
			i++
		}
	}
}

func byKey(a, b any) int { return strings.Compare(a.([]any)[0].(string), b.([]any)[0].(string)) }

// byPlace compares all but the last element, which are numbers.
func byPlace(a, b any) int {
	x, y := a.([]any), b.([]any)
	for i := range len(x) - 1 {
		if c := cmp.Compare(x[i].(int), y[i].(int)); c != 0 {
			return c
		}
	}
	return 0
}

// last takes the last element of each.
func last(rows Seq) Seq {
	return func(yield func(any, error) bool) {
		for v, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			t := v.([]any)
			if !yield(t[len(t)-1], nil) {
				return
			}
		}
	}
}

// Keep says which rows of equal key Dedupe returns.
type Keep int

// The rows that Dedupe can return.
const (
	KeepFirst  Keep = iota // the first of each key
	KeepLast               // the last of each key
	KeepUnique             // only rows whose key occurs once
	KeepRest               // what KeepFirst leaves out
)

// Dedupe returns the rows without those whose key is already there, in the
// order of the input.
func (s *Space) Dedupe(ctx context.Context, rows Seq, key func(row any) (string, error), keep Keep) Seq {
	return s.Group(ctx, rows, func(row any) (string, any, error) {
		k, err := key(row)
		return k, row, err
	}, func() Group { return &dupes{keep: keep, space: s, ctx: ctx} })
}

type dupes struct {
	keep  Keep
	at    int
	row   any
	count int
	space *Space
	ctx   context.Context
	rest  *Buffer
}

func (d *dupes) Add(at int, row any) error {
	d.count++
	if d.keep == KeepRest && d.count > 1 {
		if d.rest == nil {
			d.rest = d.space.Buffer()
		}
		return d.rest.Add([]any{at, row})
	}
	if d.count == 1 || d.keep == KeepLast {
		d.at, d.row = at, row
	}
	return nil
}

func (d *dupes) Result(emit func(int, any) error) error {
	if d.keep == KeepRest {
		if d.rest == nil {
			return nil
		}
		defer d.rest.Close()
		for v, err := range d.rest.All(d.ctx) {
			if err != nil {
				return err
			}
			t := v.([]any)
			if err := emit(t[0].(int), t[1]); err != nil {
				return err
			}
		}
		return nil
	}
	if d.keep == KeepUnique && d.count > 1 {
		return nil
	}
	return emit(d.at, d.row)
}

// end is a place behind all rows.
const end = math.MaxInt
