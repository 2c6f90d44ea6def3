package secret_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/vault"
)

// rows are the tables of the store, as a backup has them.
func (m machine) rows() (keys, secrets [][]any) {
	m.Helper()
	read := func(query string, n int) (out [][]any) {
		rows, err := m.d.Query(m.Context(), query)
		if err != nil {
			m.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			row, to := make([]any, n), make([]any, n)
			for i := range row {
				to[i] = &row[i]
			}
			if err := rows.Scan(to...); err != nil {
				m.Fatal(err)
			}
			out = append(out, row)
		}
		return out
	}
	return read(`SELECT fingerprint, canary, created, retired FROM {s}secret_key`, 4), read(`SELECT name, value, created, updated FROM {s}secret`, 4)
}

func (m machine) restore(keys, secrets [][]any) {
	m.Helper()
	err := m.d.Tx(m.Context(), func(tx *db.Tx) error {
		for _, q := range []string{`DELETE FROM {s}secret_key`, `DELETE FROM {s}secret`} {
			if _, err := tx.Exec(m.Context(), q); err != nil {
				return err
			}
		}
		for _, r := range keys {
			if _, err := tx.Exec(m.Context(), `INSERT INTO {s}secret_key (fingerprint, canary, created, retired) VALUES ($1, $2, $3, $4)`, r...); err != nil {
				return err
			}
		}
		for _, r := range secrets {
			if _, err := tx.Exec(m.Context(), `INSERT INTO {s}secret (name, value, created, updated) VALUES ($1, $2, $3, $4)`, r...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		m.Fatal(err)
	}
}

func (m machine) rotate() secret.Rotated {
	m.Helper()
	done, err := m.store().Rotate(m.Context())
	if err != nil {
		m.Fatal(err)
	}
	return done
}

// On a machine of its own the store makes the new key, keeps the old one apart,
// and opens a backup from before.
func TestRotateOwn(t *testing.T) {
	m := newMachine(t, dbtest.Open(t, dbtest.SQLite(t)), true)
	if _, err := m.store().Rotate(t.Context()); !errors.Is(err, secret.ErrBad) {
		t.Errorf("rotating nothing: %v", err)
	}
	m.set("A", "1")
	m.set("B", "2")
	before := m.store() // a process that goes on
	if v, err := before.Get(t.Context(), "A"); err != nil || v.Reveal() != "1" {
		t.Fatal(err)
	}
	keys, secrets := m.rows()
	first := m.rotate()
	if first.Secrets != 2 || first.From == first.To {
		t.Errorf("Rotate = %+v", first)
	}
	if v, err := before.Get(t.Context(), "A"); err != nil || v.Reveal() != "1" {
		t.Errorf("a process that began before: %q, %v", v.Reveal(), err)
	}
	if second := m.rotate(); second.From != first.To {
		t.Errorf("Rotate = %+v", second)
	}
	m.want("B", "2")
	text, err := os.ReadFile(m.keys().File)
	if err != nil || strings.Count(string(text), "AGE-SECRET-KEY-1") != 1 {
		t.Errorf("the key file has %d keys, %v", strings.Count(string(text), "AGE-SECRET-KEY-1"), err)
	}
	for _, f := range []string{m.keys().File, m.keys().File + ".old"} {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	m.restore(keys, secrets)
	m.want("A", "1")
	m.set("C", "3")
	m.rotate()
	for name, value := range map[string]string{"A": "1", "B": "2", "C": "3"} {
		m.want(name, value)
	}
	// Without the old keys the store lives on.
	if err := os.Remove(m.keys().File + ".old"); err != nil {
		t.Fatal(err)
	}
	m.want("A", "1")
}

// A shared store changes to a key that all have, and never back.
func TestRotateShared(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		old, next := newKey(t), newKey(t)
		a, b, late := newMachine(t, d, false), newMachine(t, d, false), newMachine(t, d, false)
		for _, m := range []machine{a, b, late} {
			m.give(old)
		}
		a.set("A", "1")
		if _, err := a.store().Rotate(t.Context()); !errors.Is(err, secret.ErrBad) || !strings.Contains(err.Error(), "aether secret key new") {
			t.Errorf("rotating without a new key: %v", err)
		}
		a.give(next, old)
		b.give(old, next)
		b.set("B", "2") // still with the old key, which all have
		late.want("B", "2")
		if done := a.rotate(); done.To != next.Fingerprint || done.From != old.Fingerprint || done.Secrets != 2 || done.OldFile != "" {
			t.Errorf("Rotate = %+v", done)
		}
		b.want("A", "1")
		b.set("C", "3")
		a.want("C", "3")
		if _, err := late.store().Get(t.Context(), "A"); !errors.Is(err, secret.ErrLocked) || !strings.Contains(err.Error(), next.Fingerprint) {
			t.Errorf("a machine without the new key: %v", err)
		}
		if _, err := b.store().Rotate(t.Context()); !errors.Is(err, secret.ErrBad) {
			t.Errorf("rotating back: %v", err)
		}
		late.give(next)
		late.want("A", "1")
	})
}

// While keys change, everybody reads and writes.
func TestRotateUnderLoad(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		const rotations, workers = 6, 4
		m := newMachine(t, d, target.Name == "sqlite")
		var ring []secret.Made
		for range rotations + 1 {
			ring = append(ring, newKey(t))
		}
		if !m.own {
			m.give(ring...)
		}
		m.set("SAME", "constant")
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for w := range workers {
			s := m.store() // each a process of its own
			wg.Go(func() {
				name := fmt.Sprint("W", w)
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					if v, err := s.Get(t.Context(), "SAME"); err != nil || v.Reveal() != "constant" {
						t.Errorf("Get: %q, %v", v.Reveal(), err)
						return
					}
					value := fmt.Sprint("turn ", i)
					if _, err := s.Set(t.Context(), name, vault.New(value), nil); err != nil {
						t.Errorf("Set: %v", err)
						return
					}
					if v, err := s.Get(t.Context(), name); err != nil || v.Reveal() != value {
						t.Errorf("Get: %q, %v; want %q", v.Reveal(), err, value)
						return
					}
				}
			})
		}
		for range rotations {
			m.rotate()
		}
		close(stop)
		wg.Wait()
		m.want("SAME", "constant")
	})
}

// Steps of a rotation, in order; those after the commit are only taken on a
// machine of its own.
var steps = []string{"locked", "key on disk", "encrypted anew", "committed", "retired"}

const victimEnv = "AETHER_SECRET_TEST_VICTIM" // step|url|dir|own|keys

// TestVictim is the process that TestKill kills.
func TestVictim(t *testing.T) {
	said := strings.Split(os.Getenv(victimEnv), "|")
	if len(said) != 5 {
		t.Skip("for TestKill")
	}
	d, err := db.Open(t.Context(), said[1], db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := machine{t, d, said[2], said[3] == "true", &sync.Mutex{}, map[string]string{secret.KeyVariable: said[4]}}
	s := m.store()
	s.AtEachStep(func(step string) {
		if step == said[0] {
			fmt.Println("reached " + step)
			select {} // until it is killed
		}
	})
	_, err = s.Rotate(t.Context())
	t.Fatal("it was not stopped:", err)
}

// A rotation that is killed at any step leaves a store that opens, and the next
// one does what was left.
func TestKill(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		for _, step := range steps {
			t.Run(step, func(t *testing.T) {
				own := target.Name == "sqlite"
				if step == "retired" && !own {
					t.Skip("nothing is retired")
				}
				d := dbtest.Open(t, target)
				if _, err := secret.New(d, secret.Keys{}).Clear(t.Context()); err != nil {
					t.Fatal(err)
				}
				m := newMachine(t, d, own)
				if !own {
					m.give(newKey(t), newKey(t))
				}
				for i := range 20 {
					m.set(fmt.Sprint("S", i), fmt.Sprint("value ", i))
				}
				before, err := m.store().Check(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				victim := exec.Command(os.Args[0], "-test.run=^TestVictim$")
				victim.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%s|%s|%v|%s", victimEnv, step, target.URL, m.dir, own, m.env[secret.KeyVariable]))
				out, err := victim.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := victim.Start(); err != nil {
					t.Fatal(err)
				}
				reached := false
				for sc := bufio.NewScanner(out); sc.Scan(); {
					if strings.Contains(sc.Text(), "reached "+step) {
						reached = true
						break
					}
					t.Log(sc.Text())
				}
				_ = victim.Process.Kill()
				_ = victim.Wait()
				if !reached {
					t.Fatal("the victim did not get that far")
				}
				all := func() {
					t.Helper()
					for i := range 20 {
						m.want(fmt.Sprint("S", i), fmt.Sprint("value ", i))
					}
				}
				all()
				after, err := m.store().Check(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if done := step == "committed" || step == "retired"; (after.Fingerprint != before.Fingerprint) != done {
					t.Errorf("the key was %s and is %s", before.Fingerprint, after.Fingerprint)
				}
				m.set("NEW", "x")
				m.want("NEW", "x")
				if !own && after.Fingerprint != before.Fingerprint {
					return // it has used its new key
				}
				done := m.rotate()
				if done.Secrets != 21 || done.From != after.Fingerprint {
					t.Errorf("the next rotation: %+v", done)
				}
				all()
				if own {
					text, err := os.ReadFile(m.keys().File)
					if n := strings.Count(string(text), "AGE-SECRET-KEY-1"); err != nil || n != 1 {
						t.Errorf("the key file has %d keys, %v", n, err)
					}
				}
			})
		}
	})
}

// TestOldKeysStay: every key that was ever current is kept.
func TestOldKeysStay(t *testing.T) {
	m := newMachine(t, dbtest.Open(t, dbtest.SQLite(t)), true)
	m.set("A", "1")
	seen := map[string]bool{}
	for range 4 {
		done := m.rotate()
		seen[done.From], seen[done.To] = true, true
	}
	if _, err := m.store().AddKey(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	st, err := m.store().Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range st.Keys {
		delete(seen, k.Fingerprint)
	}
	if len(seen) > 0 || len(st.Keys) != 6 {
		t.Errorf("lost %v of %d keys", seen, len(st.Keys))
	}
	m.want("A", "1")
}
