// Package secret is the store of secrets: values encrypted with age in a table
// of the database, so that all robots on one database share them, and the key
// outside of it, so that the database and its backups alone tell nothing.
//
// # Rules
//
//   - A value leaves the package by Get alone, as a vault.Secret.
//   - The name is encrypted with the value: whoever can write to the table
//     cannot give a flow the value of another name.
//   - The row of secret_key with retired = 0 says which key is the current one,
//     by its fingerprint. Writers lock that row, so that nothing is encrypted
//     with a key that is being retired.
//   - A new key is on disk before the commit that makes it the current one.
package secret

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/vault"
)

// maxValue bounds a value: a certificate with its chain fits many times.
const maxValue = 256 << 10

// maxDescription bounds a description, in bytes.
const maxDescription = 1000

// touchEvery is how exact the time of the last read is: a write for every read
// would cost more than it tells.
const touchEvery = time.Minute

// ErrBad is what is wrong with a name, a value or a call, for errors.Is.
var ErrBad = errors.New("the call is wrong")

// refusal is an ErrBad that says why.
type refusal string

func (r refusal) Error() string        { return string(r) }
func (r refusal) Is(target error) bool { return target == ErrBad }

// missing is an ErrBad that is vault.ErrNotFound as well.
type missing string

func (m missing) Error() string        { return string(m) }
func (m missing) Is(target error) bool { return target == ErrBad || target == vault.ErrNotFound }

func bad(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// Store is the store of secrets. It is safe for concurrent use and implements
// vault.Reader.
type Store struct {
	db    *db.DB
	where Keys

	mu   sync.Mutex
	keys *ring // as last read; nil if not yet

	// at is called at each step of a rotation; tests stop there.
	at func(step string)
}

// New returns the store in a database.
func New(d *db.DB, where Keys) *Store {
	return &Store{db: d, where: where, at: func(string) {}}
}

var nameRE = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// CheckName says what is wrong with a name. It does not repeat the name, which
// may be a value that was put into the wrong place.
func CheckName(name string) error {
	switch {
	case name == "":
		return bad("the name of the secret is empty")
	case !nameRE.MatchString(name):
		return bad("the name of a secret has letters, digits, _ . and - only, begins with none of the last two, and is at most 128 characters long")
	case vault.Reserved(name):
		return bad("the name %s is taken: AETHER_SECRET_%s holds the key of the store; choose another", name, strings.ToUpper(name))
	}
	return nil
}

const selectValue = `SELECT value, read_at < {now} - $2 FROM {s}secret WHERE name = $1`

// Get implements vault.Reader.
func (s *Store) Get(ctx context.Context, name string) (vault.Secret, error) {
	if !nameRE.MatchString(name) { // the environment and Vault may have other names
		return vault.Secret{}, fmt.Errorf("%w: the store has no names such as %q", vault.ErrNotFound, clip(name))
	}
	for fresh := false; ; fresh = true {
		var sealed string
		var touch bool
		err := s.db.QueryRow(ctx, selectValue, name, touchEvery.Milliseconds()).Scan(&sealed, &touch)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return vault.Secret{}, fmt.Errorf("%w: store it with `aether secret set %s`", vault.ErrNotFound, name)
		case err != nil:
			return vault.Secret{}, fmt.Errorf("reading the secret store: %w", err)
		}
		r, err := s.ring(fresh)
		if err != nil {
			return vault.Secret{}, err
		}
		v, err := r.open(name, sealed)
		if errors.Is(err, errOtherKey) {
			// The key may have been changed since it was read.
			if !fresh {
				continue
			}
			return vault.Secret{}, s.locked(ctx, r)
		}
		if err == nil && touch {
			// Only for people to see what is still in use: not worth an error.
			_, _ = s.db.Exec(ctx, `UPDATE {s}secret SET read_at = {now} WHERE name = $1`, name)
		}
		return v, err
	}
}

// Set stores a value under a name, new or not, and reports whether it is new. A
// nil description keeps the one that is there.
func (s *Store) Set(ctx context.Context, name string, v vault.Secret, description *string) (created bool, err error) {
	if err := CheckName(name); err != nil {
		return false, err
	}
	n := len(v.Reveal())
	switch {
	case n == 0:
		return false, bad("the value is empty; `aether secret delete %s` takes a secret away", name)
	case n > maxValue:
		return false, bad("the value has %d bytes, and at most %d are stored: keep large things in files, encrypted, and the key of them here", n, maxValue)
	case description != nil && len(*description) > maxDescription:
		return false, bad("the description has more than %d bytes", maxDescription)
	case description != nil && strings.Contains(*description, v.Reveal()):
		return false, bad("the description holds the value, and descriptions are not encrypted")
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		k, r, err := s.current(ctx, tx)
		if err != nil {
			return err
		}
		sealed, err := r.seal(k, name, v.Reveal())
		if err != nil {
			return err
		}
		var have int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM {s}secret WHERE name = $1`, name).Scan(&have); err != nil {
			return err
		}
		created = have == 0
		text := ""
		if description != nil {
			text = *description
		}
		const upsert = `INSERT INTO {s}secret (name, description, value, created, updated) VALUES ($1, $2, $3, {now}, {now})
			ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated = excluded.updated`
		q := upsert
		if description != nil {
			q += `, description = excluded.description`
		}
		_, err = tx.Exec(ctx, q, name, text, sealed)
		return err
	})
	if err != nil {
		return false, storing(err)
	}
	return created, nil
}

// storing says what an error of the database kept from being done.
func storing(err error) error {
	if errors.Is(err, ErrBad) || errors.Is(err, ErrLocked) {
		return err
	}
	return fmt.Errorf("writing the secret store: %w", err)
}

// Entry is what may be known of a secret.
type Entry struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
	// Read is when it was read last, to the minute; zero if never.
	Read time.Time `json:"read,omitzero"`
}

// List returns all secrets by name, without their values. It needs no key.
func (s *Store) List(ctx context.Context) ([]Entry, error) {
	rows, err := s.db.Query(ctx, `SELECT name, description, created, updated, read_at FROM {s}secret WHERE name <> $1`, sessionName)
	if err != nil {
		return nil, fmt.Errorf("reading the secret store: %w", err)
	}
	defer rows.Close()
	out := []Entry{}
	for rows.Next() {
		var e Entry
		var created, updated, read int64
		if err := rows.Scan(&e.Name, &e.Description, &created, &updated, &read); err != nil {
			return nil, fmt.Errorf("reading the secret store: %w", err)
		}
		e.Created, e.Updated = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
		if read > 0 {
			e.Read = time.UnixMilli(read).UTC()
		}
		out = append(out, e)
	}
	// Databases order names as their locale has it.
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return out, rows.Err()
}

// Delete takes secrets away: all of them or, if one is not there, none. It
// needs no key.
func (s *Store) Delete(ctx context.Context, names ...string) error {
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, name := range names {
			n, err := tx.Exec(ctx, `DELETE FROM {s}secret WHERE name = $1`, name)
			if err != nil {
				return err
			}
			if n == 0 {
				return missing(fmt.Sprintf("the store has no secret %q (`aether secret list` shows them); nothing was deleted", clip(name)))
			}
		}
		return nil
	})
	if err != nil {
		return storing(err)
	}
	return nil
}

// Clear takes away all secrets and forgets the key they were encrypted with:
// the way to begin anew when the key is lost.
func (s *Store) Clear(ctx context.Context) (n int64, err error) {
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM {s}secret_key`); err != nil {
			return err
		}
		n, err = tx.Exec(ctx, `DELETE FROM {s}secret`)
		return err
	})
	if err != nil {
		return 0, storing(err)
	}
	return n, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
