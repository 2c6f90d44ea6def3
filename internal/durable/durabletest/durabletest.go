// Package durabletest is the contract that every durable.Runtime keeps.
package durabletest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/internal/durable"
)

var errCrash = errors.New("crash")

// Exercise runs the contract on runtimes that open gives.
func Exercise(t *testing.T, open func(t *testing.T) durable.Runtime) {
	t.Run("a run that was cut short goes on with its entries", func(t *testing.T) {
		rt := open(t)
		body := func(stop int) durable.Body {
			return func(ctx context.Context, log durable.Log) ([]byte, error) {
				for i := len(log.Past()); i < 5; i++ {
					if i == stop {
						return nil, errCrash
					}
					if err := log.Append(ctx, durable.Entry{Name: fmt.Sprintf("n%d", i), Data: []byte(fmt.Sprintf(`{"i":%d,"t":"ä\u0001"}`, i))}); err != nil {
						return nil, err
					}
				}
				return []byte(fmt.Sprint(len(log.Past()))), nil
			}
		}
		for _, stop := range []int{0, 2, 3} {
			if _, err := rt.Run(t.Context(), "a", body(stop)); !errors.Is(err, errCrash) {
				t.Fatalf("stop %d: err = %v, want the body's own error", stop, err)
			}
		}
		out, err := rt.Run(t.Context(), "a", body(-1))
		if err != nil || string(out) != "3" {
			t.Fatalf("out = %s, err = %v, want 3 past entries", out, err)
		}
		entries, err := rt.Entries(t.Context(), "a")
		if err != nil || len(entries) != 5 {
			t.Fatalf("entries = %v, err = %v", entries, err)
		}
		for i, e := range entries {
			if e.Name != fmt.Sprintf("n%d", i) || string(e.Data) != fmt.Sprintf(`{"i":%d,"t":"ä\u0001"}`, i) {
				t.Errorf("entry %d = %s %s", i, e.Name, e.Data)
			}
		}
	})
	t.Run("a run that has ended is not executed again", func(t *testing.T) {
		rt := open(t)
		n := 0
		for range 2 {
			out, err := rt.Run(t.Context(), "b", func(context.Context, durable.Log) ([]byte, error) {
				n++
				return []byte("done"), nil
			})
			if err != nil || string(out) != "done" {
				t.Fatalf("out = %s, err = %v", out, err)
			}
		}
		if n != 1 {
			t.Errorf("the body ran %d times", n)
		}
	})
	t.Run("entries that are appended together are there in their order", func(t *testing.T) {
		rt := open(t)
		three := func(ctx context.Context, log durable.Log) ([]byte, error) {
			n := len(log.Past())
			var list []durable.Entry
			for i := range 3 {
				list = append(list, durable.Entry{Name: fmt.Sprintf("n%d", n+i), Data: []byte(fmt.Sprint(n + i))})
			}
			err := errors.Join(log.Append(ctx), log.Append(ctx, list[0]), log.Append(ctx, list[1:]...))
			if err == nil {
				err = errCrash
			}
			return nil, err
		}
		for range 3 {
			if _, err := rt.Run(t.Context(), "e", three); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
		}
		entries, err := rt.Entries(t.Context(), "e")
		if err != nil || len(entries) != 9 {
			t.Fatalf("entries = %v, err = %v", entries, err)
		}
		for i, e := range entries {
			if e.Name != fmt.Sprintf("n%d", i) || string(e.Data) != fmt.Sprint(i) {
				t.Errorf("entry %d = %s %s", i, e.Name, e.Data)
			}
		}
	})
	t.Run("several goroutines append", func(t *testing.T) {
		rt := open(t)
		write := func(ctx context.Context, log durable.Log) ([]byte, error) {
			var wg sync.WaitGroup
			errs := make(chan error, 40)
			for i := range 40 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					errs <- log.Append(ctx, durable.Entry{Name: fmt.Sprintf("g%d", i), Data: []byte("x")})
				}()
			}
			wg.Wait()
			close(errs)
			for err := range errs {
				if err != nil {
					return nil, err
				}
			}
			return nil, errCrash
		}
		if _, err := rt.Run(t.Context(), "c", write); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		_, err := rt.Run(t.Context(), "c", func(_ context.Context, log durable.Log) ([]byte, error) {
			seen := map[string]bool{}
			for _, e := range log.Past() {
				seen[e.Name] = true
			}
			if len(seen) != 40 {
				return nil, fmt.Errorf("%d of 40 entries are there", len(seen))
			}
			return nil, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("some of many entries are read", func(t *testing.T) {
		rt := open(t)
		const n = 6000
		if _, err := rt.Run(t.Context(), "p", func(ctx context.Context, log durable.Log) ([]byte, error) {
			list := make([]durable.Entry, n)
			for i := range list {
				list[i] = durable.Entry{Name: fmt.Sprintf("each[%d]/get_%d", i, i%2), Data: fmt.Appendf(nil, `{"i":%d}`, i)}
			}
			return nil, log.Append(ctx, list...)
		}); err != nil {
			t.Fatal(err)
		}
		read := func(p durable.Part) []durable.Numbered {
			list, err := rt.Part(t.Context(), "p", p)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		count := 0
		for from, more := int64(0), true; more; {
			list := read(durable.Part{From: from, Limit: 700})
			for _, e := range list {
				if want := fmt.Sprintf(`{"i":%d}`, count); string(e.Data) != want {
					t.Fatalf("entry %d is %s %s, want %s", count, e.Name, e.Data, want)
				}
				count, from = count+1, e.Number+1
			}
			more = len(list) == 700
		}
		if count != n {
			t.Errorf("%d entries in pages, want %d", count, n)
		}
		if list := read(durable.Part{Prefix: "each[599", Names: true}); len(list) != 11 || list[0].Data != nil {
			t.Errorf("%d entries begin so, want 11: %v", len(list), list)
		}
		odd := func(name string) bool { return name[len(name)-1] == '1' }
		list := read(durable.Part{Holds: "get_", Only: odd, Limit: 3, From: read(durable.Part{Prefix: "each[5500]", Names: true})[0].Number})
		if len(list) != 3 || list[0].Name != "each[5501]/get_1" || string(list[2].Data) != `{"i":5505}` {
			t.Errorf("three odd ones from 5500 on: %v", list)
		}
		// What LIKE would take for a pattern is text.
		if list := read(durable.Part{Prefix: "each[_]"}); len(list) != 0 {
			t.Errorf("%d entries begin with a line, want none", len(list))
		}
		if list, err := rt.Part(t.Context(), "none", durable.Part{}); err != nil || len(list) != 0 {
			t.Errorf("a run that never was: %v, %v", list, err)
		}
	})
	t.Run("deleted runs are gone", func(t *testing.T) {
		rt := open(t)
		if _, err := rt.Run(t.Context(), "d", func(ctx context.Context, log durable.Log) ([]byte, error) {
			return nil, log.Append(ctx, durable.Entry{Name: "x", Data: []byte("y")})
		}); err != nil {
			t.Fatal(err)
		}
		if err := rt.Delete(t.Context(), "d"); err != nil {
			t.Fatal(err)
		}
		if e, err := rt.Entries(t.Context(), "d"); !errors.Is(err, durable.ErrNotFound) && (err != nil || len(e) > 0) {
			t.Errorf("entries = %v, err = %v", e, err)
		}
	})
}
