package run

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Flow labels: each flow has a draft, the version pushed last, and may have a
// production version, which was promoted.
const (
	Draft      = "draft"
	Production = "production"
)

// FlowInfo is a flow that was pushed.
type FlowInfo struct {
	Name       string    `json:"name"`
	Draft      string    `json:"draft"`                // digest of the version pushed last
	Production string    `json:"production,omitempty"` // digest of the version promoted last
	Updated    time.Time `json:"updated"`
	// Revision numbers the push that made the draft, 0 if none did.
	Revision int64 `json:"revision,omitempty"`
}

// Version is a version of a flow. Versions never change.
type Version struct {
	Digest  string    `json:"digest"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	// Author and Message are those of the last push of the version.
	Author  string `json:"author,omitempty"`
	Message string `json:"message,omitempty"`
}

// ErrChanged says that a flow is not as the caller thinks it is.
var ErrChanged = errors.New("the flow was changed by somebody else")

// Label moves a label of a flow to a version, which must be kept already with
// its pins: SaveFlow. Expect names the version that the label is thought to be
// at: "" does not care, "new" wants that there is no such flow.
func (s *Store) Label(ctx context.Context, name, label, digest string, pins map[string]string, expect string) error {
	return s.label(ctx, name, label, digest, pins, expect, func(*db.Tx) error { return nil })
}

// label is Label with more to do in the same transaction.
func (s *Store) label(ctx context.Context, name, label, digest string, pins map[string]string, expect string, also func(tx *db.Tx) error) error {
	p, err := json.Marshal(pins)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		q := `SELECT draft, production, ` + revision + ` FROM {s}flow AS f WHERE name = $1`
		if tx.Postgres() {
			q += ` FOR UPDATE`
		}
		var draft, production string
		var rev int64
		err := tx.QueryRow(ctx, q, name).Scan(&draft, &production, &rev)
		there := err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("reading the flow %s: %w", name, err)
		}
		at := draft
		if label == Production {
			at = production
		}
		switch {
		case expect == "new" && there:
			return fmt.Errorf("%w: there is a flow %s already", ErrChanged, name)
		case expect != "" && expect != "new" && !unchanged(expect, at, rev):
			return fmt.Errorf("%w: the %s of %s is at %.12s, not at %.12s", ErrChanged, label, name, at, expect)
		case !there && label == Production:
			return fmt.Errorf("%w: %q", ErrNoFlow, name)
		}
		if len(pins) > 0 {
			if _, err := tx.Exec(ctx, `UPDATE {s}flow_version SET pins = $1 WHERE digest = $2`, string(p), digest); err != nil {
				return fmt.Errorf("keeping what the flow %s calls: %w", name, err)
			}
		}
		if label == Production {
			_, err = tx.Exec(ctx, `UPDATE {s}flow SET production = $1, updated = {now} WHERE name = $2`, digest, name)
		} else {
			_, err = tx.Exec(ctx, `INSERT INTO {s}flow (name, draft, updated) VALUES ($1, $2, {now}) ON CONFLICT (name) DO UPDATE SET draft = excluded.draft, updated = excluded.updated`, name, digest)
		}
		if err != nil {
			return fmt.Errorf("moving the %s of %s: %w", label, name, err)
		}
		return also(tx)
	})
}

// ErrNoFlow says that no flow has the name.
var ErrNoFlow = errors.New("there is no such flow")

// revision is the number of the last push of a flow f.
const revision = `COALESCE((SELECT MAX(p.id) FROM {s}flow_push p WHERE p.flow = f.name), 0)`

const flowColumns = `name, draft, production, updated, ` + revision

func scanFlow(row scanner) (*FlowInfo, error) {
	var f FlowInfo
	var ms int64
	err := row.Scan(&f.Name, &f.Draft, &f.Production, &ms, &f.Revision)
	f.Updated = db.Time(ms)
	return &f, err
}

// FlowInfo returns a flow that was pushed.
func (s *Store) FlowInfo(ctx context.Context, name string) (*FlowInfo, error) {
	f, err := scanFlow(s.db.QueryRow(ctx, `SELECT `+flowColumns+` FROM {s}flow AS f WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %q", ErrNoFlow, name)
	}
	return f, err
}

// Flows lists the flows that were pushed, by name, after one.
func (s *Store) Flows(ctx context.Context, after string, limit int) ([]*FlowInfo, error) {
	rows, err := s.db.Query(ctx, `SELECT `+flowColumns+` FROM {s}flow AS f WHERE name > $1 ORDER BY name LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing flows: %w", err)
	}
	defer rows.Close()
	var out []*FlowInfo
	for rows.Next() {
		f, err := scanFlow(rows)
		if err != nil {
			return nil, fmt.Errorf("listing flows: %w", err)
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// Versions lists the versions of a flow that are kept, newest first.
func (s *Store) Versions(ctx context.Context, name string, limit int) ([]*Version, error) {
	rows, err := s.db.Query(ctx, `SELECT v.digest, v.name, v.created, COALESCE(p.author, ''), COALESCE(p.message, '') FROM {s}flow_version v
		LEFT JOIN {s}flow_push p ON p.id = (SELECT MAX(q.id) FROM {s}flow_push q WHERE q.flow = v.name AND q.digest = v.digest)
		WHERE v.name = $1 ORDER BY v.created DESC, v.digest LIMIT $2`, name, limit)
	if err != nil {
		return nil, fmt.Errorf("listing the versions of %s: %w", name, err)
	}
	defer rows.Close()
	var out []*Version
	for rows.Next() {
		var v Version
		var ms int64
		if err := rows.Scan(&v.Digest, &v.Name, &ms, &v.Author, &v.Message); err != nil {
			return nil, fmt.Errorf("listing the versions of %s: %w", name, err)
		}
		v.Created = db.Time(ms)
		out = append(out, &v)
	}
	return out, rows.Err()
}

// Pins returns what the calls of a flow version lead to; see Run.Pins.
func (s *Store) Pins(ctx context.Context, digest string) (map[string]string, error) {
	var text string
	if err := s.db.QueryRow(ctx, `SELECT pins FROM {s}flow_version WHERE digest = $1`, digest).Scan(&text); err != nil {
		return nil, fmt.Errorf("reading what the flow version %.12s calls: %w", digest, err)
	}
	var pins map[string]string
	if err := json.Unmarshal([]byte(text), &pins); err != nil {
		return nil, fmt.Errorf("the flow version %.12s is damaged in the database: %w", digest, err)
	}
	return pins, nil
}
