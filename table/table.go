// Package table sorts, groups and joins lists of rows that may be larger than
// memory: what does not fit goes to temporary files and comes back in order.
//
// A row is any canonical value, usually a map. Every operation takes and gives
// a Seq and works when its result is iterated; the temporary files are gone
// when the iteration ends, however it ends. Results never depend on the memory
// allowed: the same rows come out in the same order whether anything was
// spilled or not.
//
// Rows are never changed. A Space is safe for concurrent use; a Seq is not.
package table

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/aether-rpa/aether/value"
)

// Seq is a stream of rows; it ends after the first error.
type Seq = iter.Seq2[any, error]

// DefaultMemory is how many bytes of rows one operation holds, by estimate,
// before it uses temporary files.
const DefaultMemory = 64 << 20

// Space is where an operation keeps its rows.
type Space struct {
	// Memory is the estimated size of the rows held at a time.
	Memory int64
	// Temp returns the folder for temporary files; it is called when one is
	// needed and not before.
	Temp func() (string, error)
	// From opens references that rows hold.
	From value.Opener

	spilled *atomic.Int64
}

type limitKey struct{}

type limit struct {
	memory  int64
	spilled *atomic.Int64
}

// WithMemory returns a context in which Open gives spaces of that many bytes.
// Spilled, which may be nil, counts the temporary files made.
func WithMemory(ctx context.Context, bytes int64, spilled *atomic.Int64) context.Context {
	return context.WithValue(ctx, limitKey{}, limit{bytes, spilled})
}

// Open returns a space with the memory that the context sets, or
// DefaultMemory.
func Open(ctx context.Context, temp func() (string, error), from value.Opener) *Space {
	s := &Space{Memory: DefaultMemory, Temp: temp, From: from}
	if l, ok := ctx.Value(limitKey{}).(limit); ok {
		s.Memory, s.spilled = l.memory, l.spilled
	}
	return s
}

// Size estimates the bytes that a canonical value takes in memory.
func Size(v any) int64 {
	switch x := v.(type) {
	case nil, bool:
		return 16
	case int, float64:
		return 24
	case string:
		return 32 + int64(len(x))
	case []any:
		n := int64(40)
		for _, e := range x {
			n += Size(e)
		}
		return n
	case map[string]any:
		// A map keeps groups of 8 slots of 32 bytes, at most 7/8 full.
		n := 48 + int64(len(x)/7+1)*264
		for k, e := range x {
			n += int64(len(k))/4 + Size(e) - 16 // keys are shared by most rows
		}
		return n
	}
	return 128
}

// Of returns the rows of a list.
func Of(list []any) Seq {
	return func(yield func(any, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// Fail returns a stream that is only an error.
func Fail(err error) Seq {
	return func(yield func(any, error) bool) { yield(nil, err) }
}

// Collect returns all rows of a stream.
func Collect(rows Seq) ([]any, error) {
	var out []any
	for v, err := range rows {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// every returns ctx's error at every 1024th call.
func every(ctx context.Context, n int) error {
	if n%1024 == 0 {
		return ctx.Err()
	}
	return nil
}
