package auth

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/aether-rpa/aether/internal/db"
)

// Account is a person who signs in with a password.
type Account struct {
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Created  time.Time `json:"created"`
	Disabled bool      `json:"disabled"`
}

// signIn is how long somebody stays signed in.
const signIn = 12 * time.Hour

// Parameters of argon2id: the second choice of the OWASP password storage
// cheat sheet, 19 MiB and two passes.
const (
	argonTime   = 2
	argonMemory = 19 << 10
	argonKey    = 32
	minPassword = 10
	maxPassword = 1000
)

var accountRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$`)

// hashing bounds how many passwords are hashed at a time: each takes memory.
var hashing = make(chan struct{}, 4)

func hash(password string, salt []byte) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, argonKey)
}

func encode(password string) (string, error) {
	salt, err := random(16)
	if err != nil {
		return "", err
	}
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argonMemory, argonTime, e.EncodeToString(salt), e.EncodeToString(hash(password, salt))), nil
}

func verify(password, encoded string) bool {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || len(password) > maxPassword {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	return err == nil && subtle.ConstantTimeCompare(hash(password, salt), want) == 1
}

// AccountChange is what an account is to be. An empty password stays what it is,
// and so does Disabled if it is nil.
type AccountChange struct {
	Role     Role
	Password string
	Disabled *bool
}

// SetAccount makes an account or changes it, all of it or nothing. A new
// password signs its owner out everywhere, and so does closing the account.
func (s *Store) SetAccount(ctx context.Context, name string, c AccountChange) error {
	if !accountRE.MatchString(name) {
		return fmt.Errorf("%w: %q is no name for an account: use letters, digits, . _ @ and -", ErrInput, name)
	}
	if _, err := ParseRole(string(c.Role)); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	enc := ""
	if c.Password != "" {
		if len(c.Password) < minPassword || len(c.Password) > maxPassword {
			return fmt.Errorf("%w: a password has from %d to %d characters", ErrInput, minPassword, maxPassword)
		}
		var err error
		if enc, err = encode(c.Password); err != nil {
			return err
		}
	}
	err := s.db.Tx(ctx, func(tx *db.Tx) error { return setAccount(ctx, tx, name, enc, c) })
	if err != nil && !errors.Is(err, ErrInput) {
		return fmt.Errorf("setting the account %s: %w", name, err)
	}
	return err
}

func setAccount(ctx context.Context, tx *db.Tx, name, enc string, c AccountChange) error {
	n, err := tx.Exec(ctx, `UPDATE {s}account SET role = $1 WHERE name = $2`, c.Role, name)
	switch {
	case err != nil:
		return err
	case n == 0 && enc == "":
		return fmt.Errorf("%w: a new account needs a password", ErrInput)
	}
	if enc != "" {
		if _, err := tx.Exec(ctx, `INSERT INTO {s}account (name, role, password, created) VALUES ($1, $2, $3, {now})
			ON CONFLICT (name) DO UPDATE SET role = excluded.role, password = excluded.password`, name, c.Role, enc); err != nil {
			return err
		}
	}
	closed := c.Disabled != nil && *c.Disabled
	if c.Disabled != nil {
		if _, err := tx.Exec(ctx, `UPDATE {s}account SET disabled = $1 WHERE name = $2`, map[bool]int{true: 1}[closed], name); err != nil {
			return err
		}
	}
	if enc != "" || closed {
		_, err = tx.Exec(ctx, `DELETE FROM {s}token WHERE account = $1`, name)
	}
	return err
}

// Accounts lists the accounts by name.
func (s *Store) Accounts(ctx context.Context) ([]*Account, error) {
	rows, err := s.db.Query(ctx, `SELECT name, role, created, disabled FROM {s}account ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("listing accounts: %w", err)
	}
	defer rows.Close()
	var out []*Account
	for rows.Next() {
		var a Account
		var created int64
		var disabled int
		if err := rows.Scan(&a.Name, &a.Role, &created, &disabled); err != nil {
			return nil, fmt.Errorf("listing accounts: %w", err)
		}
		a.Created, a.Disabled = db.Time(created), disabled != 0
		out = append(out, &a)
	}
	return out, rows.Err()
}

// ErrTooMany says that somebody tries passwords.
var ErrTooMany = errors.New("too many failed sign-ins")

// Login checks a password and returns the secret of a token that lasts for
// twelve hours. Ten failures in five minutes close an account's door for five
// minutes, whether the account exists or not.
func (s *Store) Login(ctx context.Context, name, password string) (secret string, t *Token, err error) {
	if !s.failures.may(name) {
		return "", nil, fmt.Errorf("%w for %s: try again in five minutes", ErrTooMany, name)
	}
	var enc string
	var role Role
	var disabled int
	var now int64
	err = s.db.QueryRow(ctx, `SELECT password, role, disabled, {now} FROM {s}account WHERE name = $1`, name).Scan(&enc, &role, &disabled, &now)
	unknown := errors.Is(err, sql.ErrNoRows)
	if err != nil && !unknown {
		return "", nil, fmt.Errorf("looking for an account: %w", err)
	}
	if unknown {
		// As much work as for an account that exists, so that the time tells
		// nothing.
		enc = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	}
	if !verify(password, enc) || unknown || disabled != 0 {
		s.failures.add(name)
		return "", nil, fmt.Errorf("%w: the name or the password is wrong", ErrDenied)
	}
	s.failures.clear(name)
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		// Checking the password took a moment, in which it may have been changed or the account closed: what signs
		// everybody out must not be overtaken by a sign-in that began before it.
		n, err := tx.Exec(ctx, `UPDATE {s}account SET role = role WHERE name = $1 AND password = $2 AND role = $3 AND disabled = 0`, name, enc, role)
		switch {
		case err != nil:
			return fmt.Errorf("looking for an account: %w", err)
		case n == 0:
			return fmt.Errorf("%w: the account has just been changed; sign in again", ErrDenied)
		}
		secret, t, err = issue(ctx, tx, "sign-in", name, role, time.UnixMilli(now).Add(signIn))
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return secret, t, nil
}

// failures counts failed sign-ins by name.
type failures struct {
	mu   sync.Mutex
	list map[string][]time.Time
}

const (
	maxFailures   = 10
	failureWindow = 5 * time.Minute
)

func (f *failures) recent(name string) []time.Time {
	var out []time.Time
	for _, t := range f.list[name] {
		if time.Since(t) < failureWindow {
			out = append(out, t)
		}
	}
	return out
}

func (f *failures) may(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.recent(name)) < maxFailures
}

func (f *failures) add(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.list == nil || len(f.list) > 10_000 {
		f.list = map[string][]time.Time{}
	}
	f.list[name] = append(f.recent(name), time.Now())
}

func (f *failures) clear(name string) {
	f.mu.Lock()
	delete(f.list, name)
	f.mu.Unlock()
}
