package item

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// retainBatch is how many items, each with those that it tries again, are
// removed at a time: no transaction is long.
const retainBatch = 500

// old selects the items at the end of their chain of retries that ended before
// a time. Items of private queues go with their run.
const old = `state IN (3, 4, 6, 7) AND retry = 0 AND ended > 0 AND ended < $1 AND queue IN (SELECT id FROM {s}item_queue WHERE run = '')`

// Retain removes for good the items that ended before a time, and returns their
// number and the artifacts that nothing uses any more. A chain of retries goes
// whole, when its last item ended before then. Items whose run may still go on
// stay: it looks at them when it is taken up again. Several processes may do it
// at once.
func (s *Store) Retain(ctx context.Context, before time.Time) (gone int, orphans []string, err error) {
	for at, last := int64(0), int64(0); ; {
		var ids []int64
		if ids, at, err = s.oldest(ctx, before, at, last); err != nil {
			return gone, orphans, fmt.Errorf("looking for old work items: %w", err)
		}
		if len(ids) == 0 {
			return gone, orphans, nil
		}
		last = ids[len(ids)-1]
		var n int
		var unused []string
		err = s.db.Tx(ctx, func(tx *db.Tx) error {
			var err error
			n, unused, err = removeChains(ctx, tx, ids, before)
			return err
		})
		if err != nil {
			return gone, orphans, fmt.Errorf("removing old work items: %w", err)
		}
		gone, orphans = gone+n, append(orphans, unused...)
	}
}

// oldest returns the items that ended before a time, in the order of their end,
// after the one with the number last that ended at a time; and when the last of
// them ended. Mostly there are none, which an index tells.
func (s *Store) oldest(ctx context.Context, before time.Time, at, last int64) ([]int64, int64, error) {
	rows, err := s.db.Query(ctx, `SELECT id, ended FROM {s}item WHERE `+old+` AND (ended, id) > ($2, $3) ORDER BY ended, id LIMIT $4`, db.Millis(before), at, last, retainBatch)
	if err != nil {
		return nil, at, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id, &at); err != nil {
			return nil, at, err
		}
		ids = append(ids, id)
	}
	return ids, at, rows.Err()
}

// removeChains removes the items given and all that they try again, but for
// chains which a run that has not ended worked on.
func removeChains(ctx context.Context, tx *db.Tx, ids []int64, before time.Time) (int, []string, error) {
	lock := ""
	if tx.Postgres() {
		lock = ` FOR UPDATE` // a person may try one of them again
		// The same lock as that of forgetting runs: two that remove what has a
		// common artifact would each see that of the other, and neither delete it.
		if err := tx.Lock(ctx, db.LockArtifacts); err != nil {
			return 0, nil, err
		}
	}
	ends, err := db.Column[int64](tx.Query(ctx, `SELECT id FROM {s}item WHERE `+old+` AND id IN `+in(ids)+` ORDER BY id`+lock, db.Millis(before)))
	if err != nil || len(ends) == 0 {
		return 0, nil, err
	}
	all, err := db.Column[int64](tx.Query(ctx, `WITH RECURSIVE chain (id, retry_of, run, tail) AS (
		SELECT id, retry_of, run, id FROM {s}item WHERE id IN `+in(ends)+`
		UNION ALL SELECT i.id, i.retry_of, i.run, c.tail FROM {s}item i JOIN chain c ON i.id = c.retry_of)
		SELECT id FROM chain WHERE tail NOT IN (SELECT c.tail FROM chain c JOIN {s}run r ON r.id = c.run WHERE r.status NOT IN ('done', 'failed', 'cancelled')) ORDER BY id`))
	if err != nil {
		return 0, nil, err
	}
	var orphans []string
	for part := range slices.Chunk(all, deleteBatch) {
		found, err := unused(ctx, tx, `id IN `+in(part))
		if err != nil {
			return 0, nil, err
		}
		orphans = append(orphans, found...)
		if _, err := tx.Exec(ctx, `DELETE FROM {s}item WHERE id IN `+in(part)); err != nil {
			return 0, nil, err
		}
	}
	return len(all), orphans, nil
}

// in writes numbers as a list in SQL.
func in(ids []int64) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = strconv.FormatInt(id, 10)
	}
	return "(" + strings.Join(text, ", ") + ")"
}
