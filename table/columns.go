package table

import (
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/value"
)

// Row returns the row as a map; at is its place for the error.
func Row(v any, at int) (map[string]any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("row %d is a %s, not a map of columns", at, value.Kind(v))
	}
	return m, nil
}

// Columns collects the names of columns. Rows are maps and have no order of
// their own, so the names come out sorted.
type Columns struct{ seen map[string]bool }

// Add takes the columns of a row.
func (c *Columns) Add(row map[string]any) {
	if c.seen == nil {
		c.seen = make(map[string]bool, len(row))
	}
	for k := range row {
		if !c.seen[k] {
			c.seen[k] = true
		}
	}
}

// Names returns the columns seen, sorted.
func (c *Columns) Names() []string {
	out := make([]string, 0, len(c.seen))
	for k := range c.seen {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
