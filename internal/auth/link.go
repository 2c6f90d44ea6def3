package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// linkTime is how long a link that signs in is good for.
const linkTime = 10 * time.Minute

// What stands as account with tokens that belong to none; no account has such a name. Tokens of a link are good for
// nothing but to be exchanged, once, for those of who came by it.
const (
	ofLink  = "(link)"
	byLink  = "(by link)"
	linkFor = "sign-in link"
)

// Link makes a secret that signs in once, within ten minutes, with a role. It is put behind the # of a link to the
// server's pages, for somebody who can be reached on the server's machine already.
func (s *Store) Link(ctx context.Context, role Role) (secret string, until time.Time, err error) {
	if _, err := ParseRole(string(role)); err != nil {
		return "", until, fmt.Errorf("%w: %w", ErrInput, err)
	}
	var now int64
	if err := s.db.QueryRow(ctx, `SELECT {now}`).Scan(&now); err != nil {
		return "", until, fmt.Errorf("making a link: %w", err)
	}
	until = time.UnixMilli(now).Add(linkTime)
	if _, err := s.db.Exec(ctx, `DELETE FROM {s}token WHERE account = $1 AND expires <= $2`, ofLink, now); err != nil {
		return "", until, fmt.Errorf("removing old links: %w", err)
	}
	secret, _, err = issue(ctx, s.db, linkFor, ofLink, role, until)
	return secret, until, err
}

// Redeem exchanges the secret of a link for a token that lasts for twelve hours. Only the first who comes gets one;
// everybody else gets ErrDenied.
func (s *Store) Redeem(ctx context.Context, link string) (secret string, t *Token, err error) {
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var role Role
		var now int64
		err := tx.QueryRow(ctx, `DELETE FROM {s}token WHERE hash = $1 AND account = $2 AND expires > {now} RETURNING role, {now}`, digest(link), ofLink).Scan(&role, &now)
		if err == nil {
			secret, t, err = issue(ctx, tx, linkFor, byLink, role, time.UnixMilli(now).Add(signIn))
		}
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil, fmt.Errorf("%w: the link was used, or is older than ten minutes", ErrDenied)
	case err != nil:
		return "", nil, fmt.Errorf("redeeming a link: %w", err)
	}
	return secret, t, nil
}
