package run

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
)

// Answer leaves an answer for a run that has not ended, as Send does, if check has nothing against it. Check is given
// what was sent on the topic before, in the order it came, and nobody else answers the run meanwhile.
func (s *Store) Answer(ctx context.Context, run, topic, id string, data json.RawMessage, check func(given []Message) error) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		now, err := s.Now(ctx)
		if err != nil {
			return err
		}
		q := `SELECT status FROM {s}run WHERE id = $1`
		if tx.Postgres() {
			q += ` FOR UPDATE`
		}
		var status Status
		if err := tx.QueryRow(ctx, q, run).Scan(&status); err != nil {
			return fmt.Errorf("reading run %s: %w", run, err)
		}
		if status.Final() {
			return fmt.Errorf("run %s %w: it is %s", run, ErrEnded, status)
		}
		rows, err := tx.QueryContext(ctx, s.db.Q(`SELECT id, data, at FROM {s}message WHERE run = $1 AND topic = $2 ORDER BY at, id`), run, topic)
		if err != nil {
			return fmt.Errorf("reading messages: %w", err)
		}
		given, err := scanMessages(rows)
		if err != nil {
			return err
		}
		if err := check(given); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO {s}message (run, topic, id, data, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (run, topic, id) DO NOTHING`,
			run, topic, id, string(data), now.UnixMilli()); err != nil {
			return fmt.Errorf("sending to run %s: %w", run, err)
		}
		return nil
	})
}
