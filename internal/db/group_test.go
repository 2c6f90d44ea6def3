package db_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/internal/db"
)

// Callers that wait for each other on SQLite are committed together: what one has
// written the next sees before anybody else does. One that fails, gives up or
// panics takes nothing of the others with it.
func TestGroup(t *testing.T) {
	ctx := t.Context()
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "a.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	add := func(tx *db.Tx, name string) error {
		_, err := tx.Exec(ctx, `INSERT INTO job_key (tenant, name, run, job, at) VALUES ('', $1, '', 0, 0)`, name)
		return err
	}
	const callers = 40
	bad := errors.New("bad")
	var wg sync.WaitGroup
	var once sync.Once // it may be done again
	hold := make(chan struct{})
	held := make(chan struct{})
	wg.Go(func() {
		if err := d.Tx(ctx, func(tx *db.Tx) error {
			once.Do(func() { close(held) })
			<-hold
			return add(tx, "first")
		}); err != nil {
			t.Error(err)
		}
	})
	<-held
	var mu sync.Mutex
	together := 0
	for i := range callers {
		wg.Go(func() {
			mine, cancel := context.WithCancel(ctx)
			defer cancel()
			defer func() {
				if r := recover(); r != nil && i%4 != 3 {
					panic(r)
				}
			}()
			err := d.Tx(mine, func(tx *db.Tx) error {
				if err := add(tx, fmt.Sprint(i)); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return bad
				case 2:
					cancel()
					_, err := tx.Exec(mine, `DELETE FROM job_key`)
					return err
				case 3:
					if i == callers-1 {
						panic("bad")
					}
				}
				var here, there int
				if err := tx.QueryRow(ctx, `SELECT count(*) FROM job_key`).Scan(&here); err != nil {
					return err
				}
				if err := d.QueryRow(ctx, `SELECT count(*) FROM job_key`).Scan(&there); err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				together = max(together, here-there)
				return nil
			})
			if want := map[int]error{1: bad, 2: context.Canceled}[i%4]; !errors.Is(err, want) {
				t.Errorf("%d: %v, want %v", i, err, want)
			}
		})
	}
	for db.Waiting(d) < callers {
		runtime.Gosched()
	}
	close(hold)
	wg.Wait()
	for i := range callers {
		var n int
		if err := d.QueryRow(ctx, `SELECT count(*) FROM job_key WHERE name = $1`, fmt.Sprint(i)).Scan(&n); err != nil {
			t.Fatal(err)
		}
		want := 0
		if i%4 == 0 || i%4 == 3 && i != callers-1 {
			want = 1
		}
		if n != want {
			t.Errorf("what %d wrote is there %d times, want %d", i, n, want)
		}
	}
	if together < 2 {
		t.Errorf("at most %d callers were in one transaction", together)
	}
	if err := d.Tx(ctx, func(tx *db.Tx) error { return add(tx, "last") }); err != nil {
		t.Errorf("after all: %v", err)
	}
}
