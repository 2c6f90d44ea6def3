package run

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Push is a version of a flow as somebody pushed it. The version is what the
// flow means; its text, layout and comments included, belongs to the push.
type Push struct {
	ID      int64     `json:"id"`
	Digest  string    `json:"digest"`
	Author  string    `json:"author,omitempty"`
	Message string    `json:"message,omitempty"`
	Created time.Time `json:"created"`
	// File is the name of the file that was pushed, Text what stood in it; empty
	// where that is not known.
	File string `json:"-"`
	Text string `json:"-"`
}

// Tag names what a push left behind: a version, and the push it came with.
func (f *FlowInfo) Tag() string {
	if f.Revision == 0 {
		return f.Draft
	}
	return f.Draft + "." + strconv.FormatInt(f.Revision, 10)
}

// Pushed makes a version, which must be kept already, the draft of a flow, and
// notes who pushed which text. The same text once more is no new push. Pins and
// expect are those of Label; expect may also be a FlowInfo.Tag, which a push of
// another text with the same meaning changes.
func (s *Store) Pushed(ctx context.Context, name string, p Push, pins map[string]string, expect string) error {
	return s.label(ctx, name, Draft, p.Digest, pins, expect, func(tx *db.Tx) error {
		last, err := scanPush(tx.QueryRow(ctx, `SELECT `+pushColumns+` FROM {s}flow_push WHERE flow = $1 ORDER BY id DESC LIMIT 1`, name))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("reading the pushes of %s: %w", name, err)
		}
		if err == nil && last.Digest == p.Digest && last.Text == p.Text && last.File == p.File {
			return nil
		}
		if _, err := tx.Exec(ctx, `INSERT INTO {s}flow_push (flow, digest, file, text, author, message, created) VALUES ($1, $2, $3, $4, $5, $6, {now})`,
			name, p.Digest, p.File, p.Text, p.Author, p.Message); err != nil {
			return fmt.Errorf("noting the push of %s: %w", name, err)
		}
		return nil
	})
}

// unchanged reports whether a label stands where a caller thinks it does.
func unchanged(expect, digest string, revision int64) bool {
	want, number, tagged := strings.Cut(expect, ".")
	return want == digest && (!tagged || number == strconv.FormatInt(revision, 10))
}

const pushColumns = `id, digest, author, message, created, file, text`

func scanPush(row scanner) (*Push, error) {
	var p Push
	var ms int64
	err := row.Scan(&p.ID, &p.Digest, &p.Author, &p.Message, &ms, &p.File, &p.Text)
	p.Created = db.Time(ms)
	return &p, err
}

// PushOf returns the last push of a version of a flow; nil if there is none.
func (s *Store) PushOf(ctx context.Context, name, digest string) (*Push, error) {
	return s.push(ctx, name, `SELECT `+pushColumns+` FROM {s}flow_push WHERE flow = $1 AND digest = $2 ORDER BY id DESC LIMIT 1`, name, digest)
}

// PushNumber returns a push of a flow by its number; nil if there is none.
func (s *Store) PushNumber(ctx context.Context, name string, id int64) (*Push, error) {
	return s.push(ctx, name, `SELECT `+pushColumns+` FROM {s}flow_push WHERE flow = $1 AND id = $2`, name, id)
}

func (s *Store) push(ctx context.Context, name, query string, args ...any) (*Push, error) {
	p, err := scanPush(s.db.QueryRow(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // versions that no push made have none
	}
	if err != nil {
		return nil, fmt.Errorf("reading the pushes of %s: %w", name, err)
	}
	return p, nil
}

// Pushes lists the pushes of a flow without their texts, the newest first:
// those with a number below one, 0 for all.
func (s *Store) Pushes(ctx context.Context, name string, below int64, limit int) ([]*Push, error) {
	q := `SELECT id, digest, author, message, created, file, '' FROM {s}flow_push WHERE flow = $1 AND id < $2 ORDER BY id DESC LIMIT $3`
	if below <= 0 {
		below = 1 << 62
	}
	rows, err := s.db.Query(ctx, q, name, below, limit)
	if err != nil {
		return nil, fmt.Errorf("listing the pushes of %s: %w", name, err)
	}
	defer rows.Close()
	var out []*Push
	for rows.Next() {
		p, err := scanPush(rows)
		if err != nil {
			return nil, fmt.Errorf("listing the pushes of %s: %w", name, err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// HasVersion reports whether a version of a flow is kept.
func (s *Store) HasVersion(ctx context.Context, name, digest string) (bool, error) {
	var n int
	if err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM {s}flow_version WHERE digest = $1 AND name = $2`, digest, name).Scan(&n); err != nil {
		return false, fmt.Errorf("looking for a version of %s: %w", name, err)
	}
	return n > 0, nil
}
