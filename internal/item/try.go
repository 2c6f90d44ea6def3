package item

import (
	"context"
	"errors"
	"iter"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
)

// Preview is what adding items would do.
type Preview struct {
	node.ItemsAdded
	// Sample holds the first items as they were read.
	Sample []PreviewRow `json:"sample"`
}

// PreviewRow is an item of a preview.
type PreviewRow struct {
	Row       int            `json:"row"` // from 1
	Reference string         `json:"reference,omitempty"`
	Content   map[string]any `json:"content"`
}

// errTried rolls a trial back.
var errTried = errors.New("this was a trial")

// Try does all that Add with Rows does and leaves nothing behind: which items are right, which are not and why, duplicates
// of references among them. The first items come back as they were read.
func (s *Store) Try(ctx context.Context, q *Queue, items iter.Seq2[node.ItemSpec, error], sample int) (*Preview, error) {
	var out *Preview
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		out = &Preview{Sample: []PreviewRow{}}
		var p progress
		a := &adder{q: q, p: &p}
		for spec, err := range items {
			if err != nil {
				return err
			}
			if len(out.Sample) < sample && spec.Bad == nil {
				out.Sample = append(out.Sample, PreviewRow{p.Rows + 1, spec.Reference, spec.Content})
			}
			if a.take(ctx, spec) {
				if err := a.flush(ctx, tx); err != nil {
					return err
				}
			}
		}
		if err := a.flush(ctx, tx); err != nil {
			return err
		}
		out.ItemsAdded = p.Result
		out.First, out.Last = 0, 0
		return errTried
	})
	if errors.Is(err, errTried) {
		return out, nil
	}
	return nil, err
}
