package item

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
)

func quote(s string) string { return strconv.Quote(s) }

// ErrOther says that a run was begun with other items.
var ErrOther = errors.New("the run was begun with other items")

// Load gives a run a queue of its own with all items of a sequence, or none if
// one is wrong. The digest identifies the items: loading the same again changes
// nothing, others are ErrOther.
func (s *Store) Load(ctx context.Context, q *Queue, digest string, items iter.Seq2[node.ItemSpec, error]) (node.ItemsAdded, error) {
	if err := s.check(q); err != nil {
		return node.ItemsAdded{}, err
	}
	var p progress
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		p = progress{}
		known, err := recall(ctx, tx, loadToken(q.Run, q.Name), &p)
		if err != nil {
			return err
		}
		if known {
			if p.Digest != digest {
				return fmt.Errorf("run %s: %w (choose another --id, or leave it out)", q.Run, ErrOther)
			}
			return nil
		}
		if _, err := s.addQueue(ctx, tx, q); err != nil {
			return err
		}
		if p, err = s.addAll(ctx, tx, q, Adding{Run: q.Run}, items); err != nil {
			return err
		}
		p.Digest = digest
		return remember(ctx, tx, Adding{Token: loadToken(q.Run, q.Name), Run: q.Run}, &p)
	})
	if errors.Is(err, errRefused) {
		return p.Result, nil
	}
	return p.Result, err
}

func loadToken(run, queue string) string { return "load " + run + " " + queue }

// Loaded returns the digest of the items that a run was begun with, "" if it
// was begun with none.
func (s *Store) Loaded(ctx context.Context, run, queue string) (string, error) {
	var p progress
	_, err := recall(ctx, s.db, loadToken(run, queue), &p)
	return p.Digest, err
}
