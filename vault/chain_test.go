package vault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/vault"
)

// fixed is a provider with some secrets, or one that is away.
type fixed struct {
	has  map[string]string
	away error
}

func (f fixed) Get(_ context.Context, name string) (vault.Secret, error) {
	if f.away != nil {
		return vault.Secret{}, f.away
	}
	v, ok := f.has[name]
	if !ok {
		return vault.Secret{}, fmt.Errorf("%w: put %s there", vault.ErrNotFound, name)
	}
	return vault.New(v), nil
}

func TestChain(t *testing.T) {
	away := errors.New("it is away")
	first := fixed{has: map[string]string{"A": "a1", "ONE": "1"}}
	second := fixed{has: map[string]string{"A": "a2", "TWO": "2", "x/y#z": "3"}}
	c := vault.Chain{{Name: "env", Reader: first}, {Name: "store", Reader: second}, {Name: "vault", Reader: fixed{away: away}}}
	for _, tt := range []struct{ ref, want, err string }{
		{ref: "A", want: "a1"},
		{ref: "TWO", want: "2"},
		{ref: "store:A", want: "a2"},
		{ref: "store:x/y#z", want: "3"},
		{ref: "env:TWO", err: "secret not found: put TWO there"},
		{ref: "vault:A", err: "it is away"},
		{ref: "NONE", err: "it is not in env or store, and vault: it is away"},
		{ref: "other:A", err: `secret not found: there is no provider "other" here; there is env, store and vault`},
	} {
		got, err := c.Get(t.Context(), tt.ref)
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || err.Error() != tt.err) || got.Reveal() != tt.want {
			t.Errorf("%s: got %q, %v; want %q, %q", tt.ref, got.Reveal(), err, tt.want, tt.err)
		}
	}
	_, err := c[:2].Get(t.Context(), "NONE")
	if want := "secret not found in env or store: put NONE there, or put NONE there"; !errors.Is(err, vault.ErrNotFound) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	// One that is away ends the search: what comes later may be another secret.
	c[0], c[2] = c[2], c[0]
	if _, err := c.Get(t.Context(), "TWO"); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
}

// TestReserved: a flow cannot read the key of the store as if it were a secret.
func TestReserved(t *testing.T) {
	e := vault.Env{Lookup: func(string) (string, bool) { return "AGE-SECRET-KEY-1", true }}
	for _, name := range []string{"KEY", "KEY_FILE", "key", "Key_File"} {
		if v, err := e.Get(t.Context(), name); !errors.Is(err, vault.ErrNotFound) || !v.Empty() {
			t.Errorf("%s: %q, %v", name, v.Reveal(), err)
		}
	}
	if v, err := e.Get(t.Context(), "KEY2"); err != nil || v.Empty() {
		t.Errorf("KEY2: %v", err)
	}
	empty := vault.Env{Lookup: func(string) (string, bool) { return "", true }}
	if _, err := empty.Get(t.Context(), "X"); !errors.Is(err, vault.ErrNotFound) || !strings.Contains(err.Error(), "AETHER_SECRET_X") {
		t.Errorf("an empty variable: %v", err)
	}
}
