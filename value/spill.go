package value

import (
	"context"
	"io"
)

// Spill returns v, or a Ref to it when its encoding is larger than SpillSize:
// lists as lines, so that they can be streamed, strings as text, all else as
// one JSON document. A Ref is returned as it is.
func Spill(ctx context.Context, v any, to Sink) (any, error) {
	switch x := v.(type) {
	case nil, bool, int, float64, *Ref:
		return v, nil
	case string:
		if len(x) <= SpillSize {
			return v, nil
		}
		d, n, err := to.Put(ctx, func(w io.Writer) error {
			_, err := io.WriteString(w, x)
			return err
		})
		return NewRef(d, KindText, n, 0, to), err
	case []any:
		if !larger(v, SpillSize) {
			return v, nil
		}
		rows, err := BuildRows(ctx, to, func(yield func(any) bool) error {
			for _, e := range x {
				if !yield(e) {
					return nil
				}
			}
			return nil
		})
		return rows.Value(), err
	}
	if !larger(v, SpillSize) {
		return v, nil
	}
	d, n, err := to.Put(ctx, func(w io.Writer) error {
		b, err := Encode(nil, v)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	})
	return NewRef(d, KindJSON, n, 0, to), err
}

// larger reports whether the encoding of v surely takes more than limit bytes,
// by counting and without encoding.
func larger(v any, limit int) bool { return budget(v, limit) < 0 }

func budget(v any, left int) int {
	if left < 0 {
		return left
	}
	switch x := v.(type) {
	case string:
		return left - len(x) - 2
	case []any:
		left -= 2
		for _, e := range x {
			if left = budget(e, left-1); left < 0 {
				return left
			}
		}
		return left
	case map[string]any:
		left -= 2
		for k, e := range x {
			if left = budget(e, left-len(k)-4); left < 0 {
				return left
			}
		}
		return left
	case *Ref:
		return left - 120
	}
	return left - 4
}
