package auth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
)

func each(t *testing.T, fn func(t *testing.T, d *db.DB, s *auth.Store)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		fn(t, d, auth.NewStore(d))
	})
}

// dump returns all that the tables hold, to look for secrets.
func dump(t *testing.T, d *db.DB) string {
	t.Helper()
	var out strings.Builder
	for _, q := range []string{`SELECT id || ' ' || hash || ' ' || name || ' ' || account FROM {s}token`, `SELECT name || ' ' || password FROM {s}account`} {
		rows, err := d.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			out.WriteString(s + "\n")
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestTokens(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *auth.Store) {
		ctx := t.Context()
		first, made, err := s.First(ctx)
		if err != nil || !made {
			t.Fatal(err)
		}
		if _, again, err := s.First(ctx); again || err != nil {
			t.Errorf("a second first token: %v %v", again, err)
		}
		if p, err := s.Authenticate(ctx, first); err != nil || p.Role != auth.Admin {
			t.Errorf("first: %+v %v", p, err)
		}
		secret, tok, err := s.CreateToken(ctx, "ci", auth.Operator, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if text := dump(t, d); strings.Contains(text, secret) || strings.Contains(text, first) {
			t.Error("a token's secret is in the database")
		}
		for _, bad := range []string{"", "x", secret + "x", secret[:len(secret)-1], strings.ToUpper(secret), "aeth_"} {
			if p, err := s.Authenticate(ctx, bad); !errors.Is(err, auth.ErrDenied) || p != nil {
				t.Errorf("%q: %+v %v", bad, p, err)
			}
		}
		if list, err := s.Tokens(ctx, ""); err != nil || len(list) != 2 || !slices.ContainsFunc(list, func(t *auth.Token) bool { return t.Name == "ci" && t.Role == auth.Operator }) {
			t.Errorf("tokens: %+v %v", list, err)
		}
		if err := s.Revoke(ctx, tok.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, secret); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("revoked: %v", err)
		}
		if err := s.Revoke(ctx, tok.ID); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("revoked twice: %v", err)
		}
		old, _, err := s.CreateToken(ctx, "old", auth.Viewer, time.Now().Add(-time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, old); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("expired: %v", err)
		}
		if _, _, err := s.CreateToken(ctx, " ", auth.Viewer, time.Time{}); !errors.Is(err, auth.ErrInput) {
			t.Errorf("no name: %v", err)
		}
		if _, _, err := s.CreateToken(ctx, "x", "root", time.Time{}); !errors.Is(err, auth.ErrInput) {
			t.Errorf("no role: %v", err)
		}
	})
}

func TestAccounts(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *auth.Store) {
		ctx := t.Context()
		const password = "correct horse battery"
		if err := s.SetAccount(ctx, "ada", auth.AccountChange{Role: auth.Developer, Password: password}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(dump(t, d), password) {
			t.Error("a password is in the database")
		}
		secret, tok, err := s.Login(ctx, "ada", password)
		if err != nil || time.Until(tok.Expires) > 13*time.Hour {
			t.Fatalf("login: %+v %v", tok, err)
		}
		if p, err := s.Authenticate(ctx, secret); err != nil || p.Name != "ada" || p.Role != auth.Developer {
			t.Errorf("signed in: %+v %v", p, err)
		}
		// Another role is in force at once, and so is a new password.
		if err := s.SetAccount(ctx, "ada", auth.AccountChange{Role: auth.Viewer}); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Authenticate(ctx, secret); err != nil || p.Role != auth.Viewer {
			t.Errorf("another role: %+v %v", p, err)
		}
		if err := s.SetAccount(ctx, "ada", auth.AccountChange{Role: auth.Viewer, Password: "another password"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, secret); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("still signed in: %v", err)
		}
		if _, _, err := s.Login(ctx, "ada", password); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("the old password: %v", err)
		}
		closed := true
		if err := s.SetAccount(ctx, "ada", auth.AccountChange{Role: auth.Viewer, Disabled: &closed}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Login(ctx, "ada", "another password"); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("disabled: %v", err)
		}
		var last error
		for range 12 {
			_, _, last = s.Login(ctx, "nobody", "guess guess guess")
		}
		if !errors.Is(last, auth.ErrTooMany) {
			t.Errorf("guessing goes on: %v", last)
		}
		for name, password := range map[string]string{"a b": "long enough 1", "": "long enough 1", "bob": "short", "x/y": "long enough 1"} {
			if err := s.SetAccount(ctx, name, auth.AccountChange{Role: auth.Viewer, Password: password}); !errors.Is(err, auth.ErrInput) {
				t.Errorf("%q %q: %v", name, password, err)
			}
		}
	})
}

// A change of an account that cannot be made whole is not made at all.
func TestAccountChangesAsAWhole(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *auth.Store) {
		ctx := t.Context()
		const password = "correct horse battery"
		if err := s.SetAccount(ctx, "ada", auth.AccountChange{Role: auth.Developer, Password: password}); err != nil {
			t.Fatal(err)
		}
		secret, _, err := s.Login(ctx, "ada", password)
		if err != nil {
			t.Fatal(err)
		}
		// The last step of the change, signing the owner out, does not work.
		breaks := []string{`CREATE TRIGGER stay BEFORE DELETE ON {s}token BEGIN SELECT RAISE(ABORT, 'no'); END`}
		if d.Pool != nil {
			breaks = []string{`CREATE FUNCTION {s}no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`,
				`CREATE TRIGGER stay BEFORE DELETE ON {s}token FOR EACH ROW EXECUTE FUNCTION {s}no()`}
		}
		for _, q := range breaks {
			if _, err := d.Exec(ctx, q); err != nil {
				t.Fatal(err)
			}
		}
		closed := true
		if err := s.SetAccount(ctx, "ada", auth.AccountChange{Role: auth.Viewer, Password: "another password", Disabled: &closed}); err == nil || errors.Is(err, auth.ErrInput) {
			t.Fatalf("the change: %v", err)
		}
		list, err := s.Accounts(ctx)
		if err != nil || len(list) != 1 || list[0].Role != auth.Developer || list[0].Disabled {
			t.Errorf("afterwards: %+v %v", list[0], err)
		}
		if _, err := s.Authenticate(ctx, secret); err != nil {
			t.Errorf("the sign-in: %v", err)
		}
		if _, _, err := s.Login(ctx, "ada", password); err != nil {
			t.Errorf("the password: %v", err)
		}
	})
}

func TestRolesGrow(t *testing.T) {
	for right, from := range auth.Rights {
		had := false
		for _, r := range auth.Roles {
			may := r.May(right)
			if had && !may || r == from && !may {
				t.Errorf("%s may not %s", r, right)
			}
			had = may
		}
	}
	if auth.Admin.May("anything.else") || auth.Role("root").May(auth.ReadRuns) || auth.Role("").May(auth.ReadSelf) {
		t.Error("what is not in the table is allowed")
	}
}

func TestLinkSignsInOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		ctx := t.Context()
		s := auth.NewStore(dbtest.Open(t, target))
		link, until, err := s.Link(ctx, auth.Operator)
		if err != nil || until.IsZero() {
			t.Fatalf("until %s, %v", until, err)
		}
		if _, err := s.Authenticate(ctx, link); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("the secret of a link is a token: %v", err)
		}
		type got struct {
			secret string
			err    error
		}
		all := make(chan got, 8)
		for range cap(all) {
			go func() {
				secret, _, err := s.Redeem(ctx, link)
				all <- got{secret, err}
			}()
		}
		var session string
		for range cap(all) {
			g := <-all
			switch {
			case g.err == nil && session == "":
				session = g.secret
			case !errors.Is(g.err, auth.ErrDenied):
				t.Errorf("a link signed in a second time: %v", g.err)
			}
		}
		p, err := s.Authenticate(ctx, session)
		if err != nil || p.Role != auth.Operator || !p.SignedIn || p.Account != "" {
			t.Fatalf("%+v, %v", p, err)
		}
		if list, err := s.Tokens(ctx, ""); err != nil || len(list) != 0 {
			t.Errorf("sign-ins are listed among the tokens of programs: %v, %v", list, err)
		}
		if _, _, err := s.Link(ctx, "owner"); !errors.Is(err, auth.ErrInput) {
			t.Errorf("an unknown role: %v", err)
		}
	})
}
