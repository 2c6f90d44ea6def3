package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// First returns the first thing of a type that is open, as if a node asked for it: what is known from records only is
// built again. The error wraps ErrNone if there is nothing.
func First[T Live](ctx context.Context, t *Table) (T, error) {
	var none T
	t.mu.Lock()
	keys := slices.Collect(maps.Keys(t.live))
	for k := range t.past {
		if t.live[k] == nil {
			keys = append(keys, k)
		}
	}
	t.mu.Unlock()
	slices.Sort(keys)
	for _, k := range keys {
		kind, name, _ := strings.Cut(k, "/")
		l, err := t.get(ctx, kind, name)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			return none, err
		}
		if v, ok := l.(T); ok {
			return v, nil
		}
	}
	return none, fmt.Errorf("nothing of the kind is open: %w", ErrNone)
}

// Known reports whether something is open, or is known from records and could be built again.
func (t *Table) Known() bool {
	t.mu.Lock()
	for _, p := range t.past {
		if len(p.state) > 0 {
			t.mu.Unlock()
			return true
		}
	}
	t.mu.Unlock()
	return t.Any()
}
