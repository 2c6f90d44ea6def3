package auth

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// A new password signs out everybody, also who was just signing in with the old one.
func TestSignInWhilePasswordChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		ctx, s := t.Context(), NewStore(d)
		if err := s.SetAccount(ctx, "ada", AccountChange{Role: Operator, Password: "the old password"}); err != nil {
			t.Fatal(err)
		}
		enc, err := encode("the new password")
		if err != nil {
			t.Fatal(err)
		}
		for range cap(hashing) {
			hashing <- struct{}{} // who checks a password waits
		}
		done := make(chan error, 1)
		go func() {
			_, _, err := s.Login(context.WithoutCancel(ctx), "ada", "the old password")
			done <- err
		}()
		checking(t)
		err = d.Tx(ctx, func(tx *db.Tx) error {
			return setAccount(ctx, tx, "ada", enc, AccountChange{Role: Operator})
		})
		for range cap(hashing) {
			<-hashing
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, ErrDenied) {
			t.Errorf("signed in with the old password: %v", err)
		}
		if list, err := s.Tokens(ctx, "ada"); err != nil || len(list) > 0 {
			t.Errorf("%d sessions, %v", len(list), err)
		}
		if _, _, err := s.Login(ctx, "ada", "the new password"); err != nil {
			t.Error(err)
		}
	})
}

// checking waits until a sign-in has read the account and checks the password.
func checking(t *testing.T) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for end := time.Now().Add(time.Minute); ; runtime.Gosched() {
		if strings.Contains(string(buf[:runtime.Stack(buf, true)]), "internal/auth.hash(") {
			return
		}
		if time.Now().After(end) {
			t.Fatal("nobody signs in")
		}
	}
}
