// Package auth says who asks and what they may do: accounts with passwords,
// tokens for programs, roles, and a log of what was done. What a role may do
// stands in one table, Rights; what is not in it nobody may.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Role is what somebody is; a higher one may all that a lower one may.
type Role string

// The roles, lowest first.
const (
	Viewer    Role = "viewer"    // looks
	Operator  Role = "operator"  // starts, stops and answers runs, looks after jobs, work items and robots
	Developer Role = "developer" // publishes flows, decides about healed targets, makes queues of work items, sees which secrets there are
	Admin     Role = "admin"     // accounts, tokens, secrets, settings
)

// Worker is the role of robots that reach the orchestrator over HTTPS. It stands
// beside the others: it may do the work of a robot and nothing else, and no
// other role may do that.
const Worker Role = "robot"

// Roles lists the roles of people and programs, lowest first.
var Roles = []Role{Viewer, Operator, Developer, Admin}

// Right is something that may be allowed.
type Right string

// The rights.
const (
	ReadFlows    Right = "flows.read"
	WriteFlows   Right = "flows.write"
	PromoteFlows Right = "flows.promote"
	ReadRuns     Right = "runs.read"
	WriteRuns    Right = "runs.write"
	DebugRuns    Right = "runs.debug"
	ReadQueue    Right = "queue.read"
	WriteQueue   Right = "queue.write"
	ReadRobots   Right = "robots.read"
	WriteRobots  Right = "robots.write"
	ReadItems    Right = "items.read"
	WriteItems   Right = "items.write"
	WriteQueues  Right = "queues.write"
	ReadHeals    Right = "heals.read"
	WriteHeals   Right = "heals.write"
	ReadSecrets  Right = "secrets.read"
	WriteSecrets Right = "secrets.write"
	ReadSelf     Right = "self.read"
	WriteSelf    Right = "self.write"
	ReadAccess   Right = "access.read"
	WriteAccess  Right = "access.write"
	ReadAudit    Right = "audit.read"
	ReadMetrics  Right = "metrics.read"
	ReadHealth   Right = "health.read"
	ReadSettings Right = "settings.read"
	Work         Right = "robot.work"
)

// Rights says from which role on a right is given.
var Rights = map[Right]Role{
	ReadFlows: Viewer, ReadRuns: Viewer, ReadQueue: Viewer, ReadItems: Viewer, ReadHeals: Viewer, ReadRobots: Viewer, ReadSelf: Viewer, WriteSelf: Viewer, ReadMetrics: Viewer,
	WriteRuns: Operator, WriteQueue: Operator, WriteItems: Operator, WriteRobots: Operator, ReadHealth: Operator,
	WriteFlows: Developer, DebugRuns: Developer, WriteHeals: Developer, WriteQueues: Developer, PromoteFlows: Developer, ReadSecrets: Developer,
	ReadAccess: Admin, WriteAccess: Admin, ReadAudit: Admin, WriteSecrets: Admin, ReadSettings: Admin,
	Work: Worker,
}

// ParseRole reads the name of a role.
func ParseRole(name string) (Role, error) {
	if r := Role(name); slices.Contains(Roles, r) {
		return r, nil
	}
	return "", fmt.Errorf("there is no role %q: use viewer, operator, developer or admin", name)
}

// ParseTokenRole reads the name of a role that a token may have: robot too.
func ParseTokenRole(name string) (Role, error) {
	if Role(name) == Worker {
		return Worker, nil
	}
	if r, err := ParseRole(name); err == nil {
		return r, nil
	}
	return "", fmt.Errorf("there is no role %q: use viewer, operator, developer or admin, or robot for a robot", name)
}

// May reports whether a role has a right.
func (r Role) May(right Right) bool {
	from, known := Rights[right]
	if r == Worker || from == Worker {
		return known && r == from
	}
	return known && slices.Contains(Roles, r) && slices.Index(Roles, r) >= slices.Index(Roles, from)
}

// Given lists the rights of a role by name.
func (r Role) Given() []Right {
	out := []Right{}
	for right := range Rights {
		if r.May(right) {
			out = append(out, right)
		}
	}
	slices.Sort(out)
	return out
}

// Principal is who asks.
type Principal struct {
	Name  string `json:"name"` // of the account, or of the token
	Role  Role   `json:"role"`
	Token string `json:"token"` // id of the token
	// Account is set for people, who signed in with a password.
	Account string `json:"account,omitempty"`
	// SignedIn says that the token was made by signing in, and not for a program.
	SignedIn bool `json:"signed_in,omitempty"`
}

// Token lets a program, or somebody who signed in, ask.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Account string    `json:"account,omitempty"` // who signed in
	Role    Role      `json:"role"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Used    time.Time `json:"used,omitzero"` // last, to the minute
}

// Errors that callers test for.
var (
	ErrDenied   = errors.New("access denied")
	ErrInput    = errors.New("wrong input")
	ErrNotFound = errors.New("not found")
)

// prefix begins every token, so that scanners find those that leaked.
const prefix = "aeth_"

// Store keeps accounts and tokens in the database. It is safe for concurrent
// use.
type Store struct {
	db       *db.DB
	failures failures
}

// NewStore returns the store in a database.
func NewStore(d *db.DB) *Store { return &Store{db: d} }

func random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("making a secret: %w", err)
	}
	return b, nil
}

// digest is what is kept of a token. Tokens are 256 random bits, so a plain
// hash cannot be turned back, and it can be looked up.
func digest(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// CreateToken makes a token and returns its secret, which is shown once and
// kept nowhere. A zero time does not expire.
func (s *Store) CreateToken(ctx context.Context, name string, role Role, expires time.Time) (secret string, t *Token, err error) {
	if name = strings.TrimSpace(name); name == "" || len(name) > 100 {
		return "", nil, fmt.Errorf("%w: a token needs a name of up to 100 characters, which says what it is for", ErrInput)
	}
	return issue(ctx, s.db, name, "", role, expires)
}

// querier is a database or a transaction in it.
type querier interface {
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

func issue(ctx context.Context, q querier, name, account string, role Role, expires time.Time) (string, *Token, error) {
	if _, err := ParseTokenRole(string(role)); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	b, err := random(32)
	if err != nil {
		return "", nil, err
	}
	idBytes, err := random(6)
	if err != nil {
		return "", nil, err
	}
	t := &Token{ID: hex.EncodeToString(idBytes), Name: name, Account: account, Role: role, Expires: expires}
	secret := prefix + base64.RawURLEncoding.EncodeToString(b)
	var created int64
	until := int64(0)
	if !expires.IsZero() {
		until = expires.UnixMilli()
	}
	if err := q.QueryRow(ctx, `INSERT INTO {s}token (id, hash, name, account, role, created, expires) VALUES ($1, $2, $3, $4, $5, {now}, $6) RETURNING created`,
		t.ID, digest(secret), name, account, role, until).Scan(&created); err != nil {
		return "", nil, fmt.Errorf("adding a token: %w", err)
	}
	t.Created = time.UnixMilli(created)
	return secret, t, nil
}

// First makes the token with which everything begins: if there is no account
// and no token yet, it returns the secret of a new one with role admin.
func (s *Store) First(ctx context.Context) (secret string, made bool, err error) {
	var n int
	if err := s.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM {s}token) + (SELECT count(*) FROM {s}account)`).Scan(&n); err != nil || n > 0 {
		return "", false, err
	}
	secret, _, err = issue(ctx, s.db, "first token", "", Admin, time.Time{})
	return secret, err == nil, err
}

// Authenticate says whose token a secret is. It gives ErrDenied for one that is
// unknown, revoked or expired, or whose account is disabled; a change is in
// force at once.
func (s *Store) Authenticate(ctx context.Context, secret string) (*Principal, error) {
	if !strings.HasPrefix(secret, prefix) {
		return nil, fmt.Errorf("%w: the token is not one of Aether's", ErrDenied)
	}
	var p Principal
	var expires, used, now int64
	var role string
	var disabled int
	err := s.db.QueryRow(ctx, `SELECT t.id, t.name, t.account, COALESCE(a.role, t.role), COALESCE(a.disabled, 0), t.expires, t.used, {now}
		FROM {s}token t LEFT JOIN {s}account a ON a.name = t.account WHERE t.hash = $1`, digest(secret)).Scan(&p.Token, &p.Name, &p.Account, &role, &disabled, &expires, &used, &now)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("%w: the token is unknown, or was revoked", ErrDenied)
	case err != nil:
		return nil, fmt.Errorf("looking for a token: %w", err)
	case p.Account == ofLink:
		return nil, fmt.Errorf("%w: the secret of a link only signs in", ErrDenied)
	case expires > 0 && expires <= now:
		return nil, fmt.Errorf("%w: the token has expired", ErrDenied)
	case disabled != 0:
		return nil, fmt.Errorf("%w: the account %s is disabled", ErrDenied, p.Account)
	}
	p.Role = Role(role)
	switch p.Account {
	case "":
	case byLink:
		p.Account, p.SignedIn = "", true
	default:
		p.Name, p.SignedIn = p.Account, true
	}
	if now-used > time.Minute.Milliseconds() {
		if _, err := s.db.Exec(ctx, `UPDATE {s}token SET used = $1 WHERE id = $2`, now, p.Token); err != nil {
			return nil, fmt.Errorf("noting the use of a token: %w", err)
		}
	}
	return &p, nil
}

// Tokens lists tokens, newest first; the secrets are not kept. Sign-ins of
// people are left out unless account names one.
func (s *Store) Tokens(ctx context.Context, account string) ([]*Token, error) {
	rows, err := s.db.Query(ctx, `SELECT id, name, account, role, created, expires, used FROM {s}token WHERE account = $1 AND (expires = 0 OR expires > {now}) ORDER BY created DESC, id`, account)
	if err != nil {
		return nil, fmt.Errorf("listing tokens: %w", err)
	}
	defer rows.Close()
	var out []*Token
	for rows.Next() {
		var t Token
		var created, expires, used int64
		if err := rows.Scan(&t.ID, &t.Name, &t.Account, &t.Role, &created, &expires, &used); err != nil {
			return nil, fmt.Errorf("listing tokens: %w", err)
		}
		t.Created, t.Expires, t.Used = db.Time(created), db.Time(expires), db.Time(used)
		out = append(out, &t)
	}
	return out, rows.Err()
}

// Revoke ends a token at once.
func (s *Store) Revoke(ctx context.Context, id string) error {
	n, err := s.db.Exec(ctx, `DELETE FROM {s}token WHERE id = $1`, id)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: there is no token with the id %q", ErrNotFound, id)
	}
	return err
}
