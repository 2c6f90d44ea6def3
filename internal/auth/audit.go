package auth

import (
	"context"
	"fmt"
	"time"
)

// Act is a line of the audit log: who did what to what.
type Act struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	Action string    `json:"action"`
	Object string    `json:"object"`
	Detail string    `json:"detail,omitempty"`
}

// Note adds a line to the audit log. Detail must hold no secret.
func (s *Store) Note(ctx context.Context, who, action, object, detail string) error {
	if _, err := s.db.Exec(ctx, `INSERT INTO {s}audit (at, who, action, object, detail) VALUES ({now}, $1, $2, $3, $4)`, who, action, object, detail); err != nil {
		return fmt.Errorf("writing the audit log: %w", err)
	}
	return nil
}

// Acts lists the audit log, newest first, of lines before one (0 for all).
func (s *Store) Acts(ctx context.Context, before int64, limit int) ([]*Act, error) {
	if before <= 0 {
		before = 1 << 62
	}
	rows, err := s.db.Query(ctx, `SELECT id, at, who, action, object, detail FROM {s}audit WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	defer rows.Close()
	var out []*Act
	for rows.Next() {
		var a Act
		var when int64
		if err := rows.Scan(&a.ID, &when, &a.Who, &a.Action, &a.Object, &a.Detail); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		a.At = at(when)
		out = append(out, &a)
	}
	return out, rows.Err()
}
