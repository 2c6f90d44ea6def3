package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
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

// ActFilter selects lines of the audit log; zero fields select all.
type ActFilter struct {
	Who, Action, Object string
	From, To            time.Time
	Before              int64 // lines with a lower number, for the next page
	Limit               int
}

// Acts lists the audit log, newest first.
func (s *Store) Acts(ctx context.Context, f ActFilter) ([]*Act, error) {
	if f.Before <= 0 {
		f.Before = 1 << 62
	}
	where, args := `id < $1`, []any{f.Before}
	for _, c := range []struct {
		given     bool
		condition string
		value     any
	}{{f.Who != "", ` AND who = $%d`, f.Who}, {f.Action != "", ` AND action = $%d`, f.Action}, {f.Object != "", ` AND object = $%d`, f.Object}, {!f.From.IsZero(), ` AND at >= $%d`, f.From.UnixMilli()}, {!f.To.IsZero(), ` AND at < $%d`, f.To.UnixMilli()}} {
		if c.given {
			args = append(args, c.value)
			where += fmt.Sprintf(c.condition, len(args))
		}
	}
	rows, err := s.db.Query(ctx, `SELECT id, at, who, action, object, detail FROM {s}audit WHERE `+where+fmt.Sprintf(` ORDER BY id DESC LIMIT %d`, f.Limit), args...)
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
		a.At = db.Time(when)
		out = append(out, &a)
	}
	return out, rows.Err()
}
