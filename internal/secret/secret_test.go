package secret_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/vault"
)

// machine is one machine with a data folder and an environment.
type machine struct {
	*testing.T
	d   *db.DB
	dir string
	own bool
	mu  *sync.Mutex
	env map[string]string
}

func (m machine) keys() secret.Keys {
	return secret.Keys{File: filepath.Join(m.dir, "secret.key"), Own: m.own, Lookup: func(name string) (string, bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		v, ok := m.env[name]
		return v, ok
	}}
}

// store is the store as a new process on the machine has it.
func (m machine) store() *secret.Store { return secret.New(m.d, m.keys()) }

// give puts keys into the environment of the machine.
func (m machine) give(keys ...secret.Made) {
	var all []string
	for _, k := range keys {
		lines := strings.Split(strings.TrimSpace(k.Text), "\n")
		all = append(all, lines[len(lines)-1])
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.env[secret.KeyVariable] = strings.Join(all, ",")
}

func (m machine) set(name, value string) {
	m.Helper()
	if _, err := m.store().Set(m.Context(), name, vault.New(value), nil); err != nil {
		m.Fatal(err)
	}
}

func (m machine) want(name, value string) {
	m.Helper()
	if got, err := m.store().Get(m.Context(), name); err != nil || got.Reveal() != value {
		m.Errorf("Get(%s) = %q, %v; want %q", name, got.Reveal(), err, value)
	}
}

func newMachine(t *testing.T, d *db.DB, own bool) machine {
	t.Helper()
	return machine{t, d, t.TempDir(), own, &sync.Mutex{}, map[string]string{}}
}

func newKey(t testing.TB) secret.Made {
	t.Helper()
	m, err := secret.NewKey(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// each runs a test on a machine of its own with SQLite, and on one that shares
// PostgreSQL with others and has a key in its environment.
func each(t *testing.T, fn func(m machine)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		m := newMachine(t, dbtest.Open(t, target), target.Name == "sqlite")
		if !m.own {
			m.give(newKey(t))
		}
		fn(m)
	})
}

// Whatever is stored comes back, and nothing of it is to be seen in the tables.
func TestRoundTrip(t *testing.T) {
	each(t, func(m machine) {
		s := m.store()
		stored := map[string]string{}
		rapid.Check(m.T, func(t *rapid.T) {
			name := rapid.StringMatching(`[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`).Filter(func(s string) bool { return !vault.Reserved(s) }).Draw(t, "name")
			value := string(rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(t, "value"))
			created, err := s.Set(m.Context(), name, vault.New(value), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, had := stored[name]; created == had {
				t.Fatalf("Set says created = %v, want %v", created, !had)
			}
			stored[name] = value
			for _, reader := range []*secret.Store{s, m.store()} {
				if got, err := reader.Get(m.Context(), name); err != nil || got.Reveal() != value {
					t.Fatalf("Get = %q, %v", got.Reveal(), err)
				}
			}
			var row string
			if err := m.d.QueryRow(m.Context(), `SELECT value FROM {s}secret WHERE name = $1`, name).Scan(&row); err != nil {
				t.Fatal(err)
			}
			raw, err := base64.StdEncoding.DecodeString(row)
			if err != nil || len(value) > 8 && strings.Contains(string(raw)+row, value) {
				t.Fatalf("the row holds the value, or is no base64 (%v)", err)
			}
		})
		list, err := s.List(m.Context())
		if err != nil || len(list) != len(stored) || !slices.IsSortedFunc(list, func(a, b secret.Entry) int { return strings.Compare(a.Name, b.Name) }) {
			m.Errorf("List has %d, want %d: %v", len(list), len(stored), err)
		}
	})
}

func TestRefused(t *testing.T) {
	each(t, func(m machine) {
		long := strings.Repeat("x", 300<<10)
		text := func(s string) *string { return &s }
		for _, tt := range []struct {
			name, value string
			description *string
			want        string
		}{
			{"", "v", nil, "empty"},
			{"a=hunter2", "v", nil, "letters, digits"},
			{"-x", "v", nil, "letters, digits"},
			{"a b", "v", nil, "letters, digits"},
			{"a:b", "v", nil, "letters, digits"},
			{"ä", "v", nil, "letters, digits"},
			{strings.Repeat("n", 129), "v", nil, "128"},
			{"KEY", "v", nil, "AETHER_SECRET_KEY"},
			{"key_file", "v", nil, "AETHER_SECRET_KEY_FILE"},
			{"X", "", nil, "empty"},
			{"X", long, nil, "bytes"},
			{"X", "v", text(long), "description"},
			{"X", "hunter2", text("it is hunter2"), "description holds the value"},
		} {
			_, err := m.store().Set(m.Context(), tt.name, vault.New(tt.value), tt.description)
			if !errors.Is(err, secret.ErrBad) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				m.Errorf("Set(%.20q): %v, want %q", tt.name, err, tt.want)
			}
		}
		if list, err := m.store().List(m.Context()); err != nil || len(list) != 0 {
			m.Errorf("List = %v, %v", list, err)
		}
		if _, err := os.Stat(m.keys().File); err == nil {
			m.Error("a key was made although nothing was stored")
		}
		for _, name := range []string{"X", "a:b", "päth/to#it", ""} {
			if _, err := m.store().Get(m.Context(), name); !errors.Is(err, vault.ErrNotFound) {
				m.Errorf("Get(%q): %v", name, err)
			}
		}
	})
}

func TestListAndDelete(t *testing.T) {
	each(t, func(m machine) {
		what := "the bank"
		if _, err := m.store().Set(m.Context(), "B", vault.New("1"), &what); err != nil {
			m.Fatal(err)
		}
		m.set("A", "2")
		m.set("B", "3") // keeps the description
		m.want("B", "3")
		list, err := m.store().List(m.Context())
		if err != nil || len(list) != 2 || list[0].Name != "A" || list[1].Description != what {
			m.Fatalf("List = %+v, %v", list, err)
		}
		if !list[0].Read.IsZero() || list[1].Read.IsZero() || list[1].Updated.Before(list[1].Created) || list[1].Created.IsZero() {
			m.Errorf("times: %+v", list)
		}
		if err := m.store().Delete(m.Context(), "A", "nope"); !errors.Is(err, secret.ErrBad) || !strings.Contains(err.Error(), "nope") {
			m.Errorf("Delete: %v", err)
		}
		m.want("A", "2")
		if err := m.store().Delete(m.Context(), "A", "B"); err != nil {
			m.Error(err)
		}
		if list, err := m.store().List(m.Context()); err != nil || len(list) != 0 {
			m.Errorf("List = %v, %v", list, err)
		}
	})
}

// Who can write to the table cannot give a flow another secret under a name
// that it trusts, nor make a value.
func TestSwapped(t *testing.T) {
	each(t, func(m machine) {
		m.set("BANK", "the bank's")
		m.set("SHOP", "the shop's")
		if _, err := m.d.Exec(m.Context(), `UPDATE {s}secret SET value = (SELECT value FROM {s}secret WHERE name = 'BANK') WHERE name = 'SHOP'`); err != nil {
			m.Fatal(err)
		}
		v, err := m.store().Get(m.Context(), "SHOP")
		if err == nil || !v.Empty() || !strings.Contains(err.Error(), "damaged") {
			m.Errorf("Get = %q, %v", v.Reveal(), err)
		}
		for _, broken := range []string{"", "!", "AAAA", base64.StdEncoding.EncodeToString([]byte("age-encryption.org/v1\n"))} {
			if _, err := m.d.Exec(m.Context(), `UPDATE {s}secret SET value = $1 WHERE name = 'SHOP'`, broken); err != nil {
				m.Fatal(err)
			}
			if _, err := m.store().Get(m.Context(), "SHOP"); err == nil || !strings.Contains(err.Error(), "damaged") {
				m.Errorf("%q: %v", broken, err)
			}
		}
		m.want("BANK", "the bank's")
		if _, err := m.store().Rotate(m.Context()); err == nil || m.own && !strings.Contains(err.Error(), "SHOP is damaged") {
			m.Errorf("Rotate: %v", err)
		}
		m.want("BANK", "the bank's")
	})
}

// A machine without the key, or with another, is told so; what it stores does
// not get in between.
func TestLocked(t *testing.T) {
	each(t, func(m machine) {
		m.set("A", "1")
		for _, own := range []bool{true, false} {
			for _, wrong := range []bool{true, false} {
				other := newMachine(m.T, m.d, own)
				word := "no key"
				if wrong {
					other.give(newKey(m.T))
					word = "the key that the others have"
				} else if own {
					word = "put the key file back"
				}
				_, check := other.store().Check(m.Context())
				_, get := other.store().Get(m.Context(), "A")
				_, set := other.store().Set(m.Context(), "A", vault.New("2"), nil)
				_, rotate := other.store().Rotate(m.Context())
				for what, err := range map[string]error{"Check": check, "Get": get, "Set": set, "Rotate": rotate} {
					if !errors.Is(err, secret.ErrLocked) || !strings.Contains(err.Error(), word) {
						m.Errorf("own %v, wrong %v: %s: %v, want %q", own, wrong, what, err, word)
					}
				}
				if _, err := other.store().Get(m.Context(), "B"); !errors.Is(err, vault.ErrNotFound) {
					m.Errorf("what is not there: %v", err)
				}
				if _, err := os.Stat(other.keys().File); err == nil {
					m.Error("a second key was made")
				}
			}
		}
		m.want("A", "1")
		broken := newMachine(m.T, m.d, true)
		if err := os.WriteFile(broken.keys().File, []byte("# key\nAGE-SECRET-KEY-1BROKEN\n"), 0o600); err != nil {
			m.Fatal(err)
		}
		if _, err := broken.store().Check(m.Context()); !errors.Is(err, secret.ErrLocked) || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "BROKEN") {
			m.Errorf("a broken key file: %v", err)
		}
		// With the key lost, the way out is to begin anew.
		lost := newMachine(m.T, m.d, true)
		if n, err := lost.store().Clear(m.Context()); err != nil || n != 1 {
			m.Errorf("Clear = %d, %v", n, err)
		}
		lost.set("A", "3")
		lost.want("A", "3")
	})
}

// A shared store makes no key by itself, not even the first.
func TestSharedNeedsKey(t *testing.T) {
	each(t, func(m machine) {
		other := newMachine(m.T, m.d, false)
		if _, err := other.store().Set(m.Context(), "A", vault.New("1"), nil); !errors.Is(err, secret.ErrLocked) || !strings.Contains(err.Error(), "aether secret key new") {
			m.Fatalf("Set: %v", err)
		}
		made, err := other.store().AddKey(m.Context(), time.Now())
		if err != nil {
			m.Fatal(err)
		}
		other.set("A", "1")
		// The file is the key: a copy of it opens the store elsewhere.
		third := newMachine(m.T, m.d, false)
		third.env[secret.KeyFileVariable] = other.keys().File
		third.want("A", "1")
		st, err := third.store().Check(m.Context())
		if err != nil || st.Fingerprint != made.Fingerprint || st.Secrets != 1 || len(st.Keys) != 1 || !st.Keys[0].Current || st.Keys[0].Public != made.Public {
			m.Errorf("Check = %+v, %v", st, err)
		}
		if _, err := third.store().AddKey(m.Context(), time.Now()); !errors.Is(err, secret.ErrBad) {
			m.Errorf("AddKey where keys come from elsewhere: %v", err)
		}
	})
}

// Processes that begin at once agree on one key.
func TestFirstKey(t *testing.T) {
	each(t, func(m machine) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { m.set(fmt.Sprint("S", i), "x") })
		}
		wg.Wait()
		for i := range 8 {
			m.want(fmt.Sprint("S", i), "x")
		}
		if st, err := m.store().Check(m.Context()); err != nil || len(st.Keys) != 1 {
			m.Errorf("Check = %+v, %v", st, err)
		}
	})
}

// A public key beside the key opens everything as well: for the day when the
// key is lost.
func TestRecovery(t *testing.T) {
	each(t, func(m machine) {
		spare, err := age.GenerateX25519Identity()
		if err != nil {
			m.Fatal(err)
		}
		key := newKey(m.T)
		path := filepath.Join(m.dir, "keys")
		if err := os.WriteFile(path, []byte(key.Text+spare.Recipient().String()+"\n"), 0o600); err != nil {
			m.Fatal(err)
		}
		delete(m.env, secret.KeyVariable)
		m.env[secret.KeyFileVariable] = path
		m.set("A", "precious")
		m.want("A", "precious")
		var row string
		if err := m.d.QueryRow(m.Context(), `SELECT value FROM {s}secret`).Scan(&row); err != nil {
			m.Fatal(err)
		}
		r, err := age.Decrypt(base64.NewDecoder(base64.StdEncoding, strings.NewReader(row)), spare)
		if err != nil {
			m.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != "A\nprecious" {
			m.Errorf("the spare key reads %q, %v", text, err)
		}
	})
}

func TestCancelled(t *testing.T) {
	each(t, func(m machine) {
		m.set("A", "1")
		ctx, cancel := context.WithCancel(m.Context())
		cancel()
		if _, err := m.store().Get(ctx, "A"); !errors.Is(err, context.Canceled) {
			m.Errorf("Get: %v", err)
		}
	})
}
