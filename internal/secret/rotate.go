package secret

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// lock holds the row of the current key until the transaction ends and returns
// its fingerprint, "" if the store has none yet.
func lock(ctx context.Context, tx *db.Tx) (print string, err error) {
	// On PostgreSQL a statement that waited for a rotation sees the old row
	// retired and not yet the new one: the next statement does, unless another
	// rotation has begun.
	for range maxRotations {
		err = tx.QueryRow(ctx, `UPDATE {s}secret_key SET retired = 0 WHERE retired = 0 RETURNING fingerprint`).Scan(&print)
		if !errors.Is(err, sql.ErrNoRows) {
			return print, err
		}
		var keys int
		if err = tx.QueryRow(ctx, `SELECT count(*) FROM {s}secret_key`).Scan(&keys); err != nil || keys == 0 {
			return "", err
		}
	}
	return "", errors.New("the key of the secret store is being changed again and again: try once more")
}

// maxRotations bounds the rotations that somebody waits for one after the other.
const maxRotations = 50

// current returns the key to encrypt with, and makes it that of the store if
// there is none yet. The transaction holds it.
func (s *Store) current(ctx context.Context, tx *db.Tx) (key, *ring, error) {
	print, err := lock(ctx, tx)
	if err != nil {
		return key{}, nil, err
	}
	r, err := s.ring(false)
	if err != nil {
		return key{}, nil, err
	}
	if print == "" {
		if print, r, err = s.begin(ctx, tx, r); err != nil {
			return key{}, nil, err
		}
	}
	k, ok := r.find(print)
	if !ok { // it may have been changed since it was read
		if r, err = s.ring(true); err != nil {
			return key{}, nil, err
		}
		if k, ok = r.find(print); !ok {
			return key{}, nil, lockedBy(print, r, s.where)
		}
	}
	return k, r, nil
}

// begin gives the store its first key: one that is there or, on a machine of
// its own, a new one. It returns the key of who was faster, if somebody was.
func (s *Store) begin(ctx context.Context, tx *db.Tx, r *ring) (string, *ring, error) {
	if len(r.keys) == 0 {
		if !r.own {
			return "", nil, noKey(s.where)
		}
		m, err := NewKey(time.Now())
		if err != nil {
			return "", nil, err
		}
		if err := s.where.addToFile(m); err != nil {
			return "", nil, err
		}
		if r, err = s.ring(true); err != nil {
			return "", nil, err
		}
	}
	if err := install(ctx, tx, r, r.keys[0]); err != nil {
		return "", nil, err
	}
	print, err := lock(ctx, tx)
	return print, r, err
}

// install makes a key the current one.
func install(ctx context.Context, tx *db.Tx, r *ring, k key) error {
	sealed, err := r.seal(k, canaryName, canary)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO {s}secret_key (fingerprint, canary, created) VALUES ($1, $2, {now}) ON CONFLICT DO NOTHING`, k.print, sealed)
	return err
}

// Rotated says what a rotation did.
type Rotated struct {
	From    string `json:"from"`    // fingerprint of the key before
	To      string `json:"to"`      // fingerprint of the new key
	Secrets int    `json:"secrets"` // how many were encrypted anew
	// OldFile is the file that holds the key before, if the store moved it
	// there.
	OldFile string `json:"old_file,omitempty"`
}

// Rotate encrypts all secrets with a new key. On a machine of its own the store
// makes that key; otherwise it is the first of those given that the store has
// not used yet, since all who share the database must have it before. Whoever
// is killed at any point leaves a store that opens with the keys on disk.
func (s *Store) Rotate(ctx context.Context) (Rotated, error) {
	var out Rotated
	own := false
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		out = Rotated{}
		print, err := lock(ctx, tx)
		if err != nil {
			return err
		}
		s.at("locked")
		if print == "" {
			return bad("the secret store is empty: there is nothing to rotate")
		}
		r, err := s.ring(true)
		if err != nil {
			return err
		}
		if _, ok := r.find(print); !ok {
			return lockedBy(print, r, s.where)
		}
		own = r.own
		next, r, err := s.next(ctx, tx, r)
		if err != nil {
			return err
		}
		s.at("key on disk")
		if out.Secrets, err = reseal(ctx, tx, r, next); err != nil {
			return err
		}
		out.From, out.To = print, next.print
		if _, err := tx.Exec(ctx, `UPDATE {s}secret_key SET retired = {now} WHERE fingerprint = $1`, print); err != nil {
			return err
		}
		if err := install(ctx, tx, r, next); err != nil {
			return err
		}
		s.at("encrypted anew")
		return nil
	})
	if err != nil {
		return Rotated{}, storing(err)
	}
	s.at("committed")
	if own {
		out.OldFile = s.where.oldFile()
		if err := s.retire(ctx); err != nil {
			return out, fmt.Errorf("the secrets are encrypted with the new key, but the old one is still in %s: %w", s.where.File, err)
		}
		s.at("retired")
	}
	return out, nil
}

// retire moves the keys that are not the current one out of the store's own
// file, while no other rotation can be putting one into it.
func (s *Store) retire(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		print, err := lock(ctx, tx)
		if err != nil || print == "" {
			return err
		}
		return s.where.retire(print, time.Now())
	})
}

// next returns the key to change to.
func (s *Store) next(ctx context.Context, tx *db.Tx, r *ring) (key, *ring, error) {
	if r.own {
		m, err := NewKey(time.Now())
		if err != nil {
			return key{}, nil, err
		}
		if err := s.where.addToFile(m); err != nil {
			return key{}, nil, err
		}
		if r, err = s.ring(true); err != nil {
			return key{}, nil, err
		}
		k, ok := r.find(m.Fingerprint)
		if !ok {
			return key{}, nil, fmt.Errorf("the new key is not in %s: another program writes to it", r.source)
		}
		return k, r, nil
	}
	for _, k := range r.keys {
		var used int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM {s}secret_key WHERE fingerprint = $1`, k.print).Scan(&used); err != nil {
			return key{}, nil, err
		}
		if used == 0 {
			return k, r, nil
		}
	}
	return key{}, nil, bad("there is no new key in %s: make one with `aether secret key new`, add it to the key of every robot, and then rotate", r.source)
}

// reseal encrypts all secrets with another key.
func reseal(ctx context.Context, tx *db.Tx, r *ring, next key) (int, error) {
	type row struct{ name, value string }
	rows, err := tx.Query(ctx, `SELECT name, value FROM {s}secret ORDER BY name`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		var x row
		if err := rows.Scan(&x.name, &x.value); err != nil {
			return 0, err
		}
		all = append(all, x)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for _, x := range all {
		v, err := r.open(x.name, x.value)
		if errors.Is(err, errOtherKey) {
			err = bad("the secret %s is encrypted with a key that is not here: delete it, or store it again, and then rotate", x.name)
		}
		if err != nil {
			return 0, err
		}
		sealed, err := r.seal(next, x.name, v.Reveal())
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec(ctx, `UPDATE {s}secret SET value = $2 WHERE name = $1`, x.name, sealed); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}
