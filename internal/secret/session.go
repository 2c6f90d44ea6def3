package secret

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
)

// sessionName is where the key of sessions is kept among the secrets; no secret can have that name.
const sessionName = "/sessions"

// SessionKey returns the 32 bytes that the sessions of runs are sealed with, made when they are asked for first. They
// are encrypted like a secret, and go with the secrets into backups and through rotations.
func (s *Store) SessionKey(ctx context.Context) ([]byte, error) {
	for fresh := false; ; fresh = true {
		var sealed string
		err := s.db.QueryRow(ctx, `SELECT value FROM {s}secret WHERE name = $1`, sessionName).Scan(&sealed)
		if errors.Is(err, sql.ErrNoRows) {
			if err := s.makeSessionKey(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the secret store: %w", err)
		}
		r, err := s.ring(fresh)
		if err != nil {
			return nil, err
		}
		v, err := r.open(sessionName, sealed)
		switch {
		case errors.Is(err, errOtherKey) && !fresh:
			continue
		case errors.Is(err, errOtherKey):
			return nil, s.locked(ctx, r)
		case err != nil:
			return nil, err
		}
		return base64.StdEncoding.DecodeString(v.Reveal())
	}
}

func (s *Store) makeSessionKey(ctx context.Context) error {
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		k, r, err := s.current(ctx, tx)
		if err != nil {
			return err
		}
		key := make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return err
		}
		sealed, err := r.seal(k, sessionName, base64.StdEncoding.EncodeToString(key))
		if err != nil {
			return err
		}
		// Another process may have made one at the same time; the first stays.
		_, err = tx.Exec(ctx, `INSERT INTO {s}secret (name, description, value, created, updated) VALUES ($1, '', $2, {now}, {now}) ON CONFLICT (name) DO NOTHING`, sessionName, sealed)
		return err
	})
	if err != nil {
		return storing(err)
	}
	return nil
}
