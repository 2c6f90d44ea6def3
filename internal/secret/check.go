package secret

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Key is what may be known of a key of this process.
type Key struct {
	Public      string `json:"public"`
	Fingerprint string `json:"fingerprint"`
	// Current says that the store is encrypted with it.
	Current bool `json:"current"`
}

// Status is the state of the store as this process sees it.
type Status struct {
	Secrets int `json:"secrets"`
	// Fingerprint is that of the key the store is encrypted with; empty if the
	// store has none yet.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Since is when that key was made the current one.
	Since time.Time `json:"since,omitzero"`
	// Source says where the keys of this process are from.
	Source string `json:"source"`
	Keys   []Key  `json:"keys"`
	// Exposed says that other users of this machine may read the key file.
	Exposed bool `json:"exposed,omitempty"`
}

// Check tells the state of the store and opens what was encrypted to try the
// key; the error wraps ErrLocked if it does not open. A store without a key is
// in order.
func (s *Store) Check(ctx context.Context) (Status, error) {
	out := Status{Keys: []Key{}}
	if err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM {s}secret WHERE name <> $1`, sessionName).Scan(&out.Secrets); err != nil {
		return out, fmt.Errorf("reading the secret store: %w", err)
	}
	var sealed string
	var since int64
	err := s.db.QueryRow(ctx, `SELECT fingerprint, canary, created FROM {s}secret_key WHERE retired = 0`).Scan(&out.Fingerprint, &sealed, &since)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return out, fmt.Errorf("reading the secret store: %w", err)
	}
	r, err := s.ring(true)
	if err != nil {
		return out, err
	}
	out.Source = r.source
	for _, k := range r.keys {
		out.Keys = append(out.Keys, Key{Public: k.id.Recipient().String(), Fingerprint: k.print, Current: k.print == out.Fingerprint})
	}
	if info, err := os.Stat(s.where.File); err == nil && r.source == s.where.File && runtime.GOOS != "windows" {
		out.Exposed = info.Mode().Perm()&0o077 != 0
	}
	if out.Fingerprint == "" {
		return out, nil
	}
	out.Since = time.UnixMilli(since).UTC()
	v, err := r.open(canaryName, sealed)
	if errors.Is(err, errOtherKey) {
		return out, lockedBy(out.Fingerprint, r, s.where)
	}
	if err != nil || v.Reveal() != canary {
		return out, fmt.Errorf("%w: its table of keys is damaged; restore a backup, or begin anew with `aether secret delete --all --yes`", ErrLocked)
	}
	return out, nil
}

// locked says why no key here opens the store.
func (s *Store) locked(ctx context.Context, r *ring) error {
	var print string
	err := s.db.QueryRow(ctx, `SELECT fingerprint FROM {s}secret_key WHERE retired = 0`).Scan(&print)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading the secret store: %w", err)
	}
	return lockedBy(print, r, s.where)
}

func lockedBy(print string, r *ring, where Keys) error {
	if len(r.keys) == 0 {
		if where.Own {
			return fmt.Errorf("%w: its key is not in %s; put the key file back, or set %s; if the key is lost, so are the secrets, and `aether secret delete --all --yes` begins anew", ErrLocked, where.File, KeyVariable)
		}
		return noKey(where)
	}
	have := ""
	for _, k := range r.keys {
		have += " " + k.print
	}
	return fmt.Errorf("%w: it is encrypted with the key %s, and %s holds%s; give this machine the key that the others have", ErrLocked, print, r.source, have)
}

// noKey says how to get a key where the store must not make one by itself: each
// machine would make another.
func noKey(where Keys) error {
	return fmt.Errorf("%w: there is no key; make one with `aether secret key new` on one machine, and give it to all that use this database, as the file %s or in %s", ErrLocked, where.File, KeyVariable)
}

// AddKey makes a key in the key file of the data folder, before those that are
// there. It is refused where the keys come from elsewhere.
func (s *Store) AddKey(ctx context.Context, now time.Time) (Made, error) {
	m, err := NewKey(now)
	if err != nil {
		return m, err
	}
	// The transaction keeps rotations on this machine from writing the file.
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := lock(ctx, tx); err != nil {
			return err
		}
		r, err := s.ring(true)
		if err != nil {
			return err
		}
		if r.source != s.where.File {
			return bad("the keys of this machine come from %s: make one with `aether secret key new -o FILE`, and add it there", r.source)
		}
		return s.where.addToFile(m)
	})
	if err != nil {
		return Made{}, storing(err)
	}
	return m, nil
}

// SaveKey writes a new key to a file that must not be there.
func SaveKey(path string, m Made) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return bad("%s is already there, and a key that is overwritten is lost: name another file", path)
	}
	return writeFile(path, m.Text)
}
