package tally

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aether-rpa/aether/internal/db"
)

// Hand gives what was counted since the last time to the orchestrators. It does
// nothing if nothing was.
func (t *Tally) Hand(ctx context.Context, d *db.DB) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Counts()
	fresh, some := now.minus(&t.handed)
	if !some {
		return nil
	}
	var rows []string
	var args []any
	// All processes go through the cells in the order of their names, so that none
	// waits for another that waits for it.
	for _, i := range inOrder {
		if n := fresh.cells[i]; n != 0 {
			args = append(args, cellNames[i], n)
			rows = append(rows, fmt.Sprintf("($%d, $%d)", len(args)-1, len(args)))
		}
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO {s}tally (cell, n) VALUES `+strings.Join(rows, ", ")+` ON CONFLICT (cell) DO UPDATE SET n = {s}tally.n + excluded.n`, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("handing over what was counted: %w", err)
	}
	t.handed = *now
	return nil
}

// take returns what was counted since the last time.
func (t *Tally) take() *Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Counts()
	fresh, _ := now.minus(&t.handed)
	t.handed = *now
	return &fresh
}

// Board is what an orchestrator shows: what was counted here, and what others
// handed over to it. It is safe for concurrent use.
type Board struct {
	db  *db.DB
	own *Tally

	mu    sync.Mutex
	total Counts
}

// NewBoard returns the board of a process with a tally.
func NewBoard(d *db.DB, own *Tally) *Board { return &Board{db: d, own: own} }

// Counts takes what others have handed over, which no other orchestrator gets
// then, and returns all that this one has. It never shrinks.
func (b *Board) Counts(ctx context.Context) (*Counts, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	got, err := b.collect(ctx)
	if err != nil {
		return nil, fmt.Errorf("taking what robots counted: %w", err)
	}
	b.total.add(got)
	b.total.add(b.own.take())
	out := b.total
	return &out, nil
}

func (b *Board) collect(ctx context.Context) (*Counts, error) {
	var some bool
	if err := b.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM {s}tally)`).Scan(&some); err != nil || !some {
		return &Counts{}, err
	}
	var got Counts
	err := b.db.Tx(ctx, func(tx *db.Tx) error {
		got = Counts{}
		if tx.Postgres() {
			if _, err := tx.Exec(ctx, `SELECT n FROM {s}tally ORDER BY cell COLLATE "C" FOR UPDATE`); err != nil {
				return err
			}
		}
		rows, err := tx.Query(ctx, `DELETE FROM {s}tally RETURNING cell, n`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var cell string
			var n int64
			if err := rows.Scan(&cell, &n); err != nil {
				return err
			}
			// A robot of another version may count what this one does not know.
			if i, ok := cellOf[cell]; ok {
				got.cells[i] += n
			}
		}
		return rows.Err()
	})
	return &got, err
}
