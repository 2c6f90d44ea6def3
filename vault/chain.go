package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Source is a provider of secrets with the name by which a reference may
// choose it.
type Source struct {
	Name   string
	Reader Reader
}

// Chain asks several sources, in order, for a name; the first that has it wins.
// A reference SOURCE:NAME asks that source alone, so a name holds no colon. A
// source that does not answer ends the search: what comes later may hold
// another value under the same name.
type Chain []Source

// Get implements Reader.
func (c Chain) Get(ctx context.Context, ref string) (Secret, error) {
	if source, name, ok := strings.Cut(ref, ":"); ok {
		for _, s := range c {
			if s.Name == source {
				return s.Reader.Get(ctx, name)
			}
		}
		return Secret{}, fmt.Errorf("%w: there is no provider %q here; there is %s", ErrNotFound, source, c.names(" and "))
	}
	var tried Chain
	var advice []string
	for _, s := range c {
		v, err := s.Reader.Get(ctx, ref)
		switch {
		case err == nil:
			return v, nil
		case errors.Is(err, ErrNotFound):
			tried = append(tried, s)
			advice = append(advice, strings.TrimPrefix(err.Error(), ErrNotFound.Error()+": "))
		case len(tried) > 0:
			return Secret{}, fmt.Errorf("it is not in %s, and %s: %w", tried.names(" or "), s.Name, err)
		default:
			return Secret{}, err
		}
	}
	return Secret{}, fmt.Errorf("%w in %s: %s", ErrNotFound, c.names(" or "), strings.Join(advice, ", or "))
}

// names lists the sources with a word before the last.
func (c Chain) names(last string) string {
	var b strings.Builder
	for i, s := range c {
		switch {
		case i == 0:
		case i == len(c)-1:
			b.WriteString(last)
		default:
			b.WriteString(", ")
		}
		b.WriteString(s.Name)
	}
	return b.String()
}
