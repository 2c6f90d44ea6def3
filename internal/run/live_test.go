package run_test

import (
	"testing"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// A robot shows frames to who watches, and nothing stays of them when nobody does.
func TestLive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		s, ctx := run.NewStore(d, nil), t.Context()
		watched := func(want bool) {
			t.Helper()
			if got, _, err := s.Watched(ctx, "r"); err != nil || got != want {
				t.Errorf("watched is %t (%v), want %t", got, err, want)
			}
		}
		show := func(jpeg string, want bool) {
			t.Helper()
			if got, err := s.Show(ctx, "r", run.Frame{URL: "https://a.example/", Width: 800, Height: 600, JPEG: jpeg}); err != nil || got != want {
				t.Errorf("showing %q: %t (%v), want %t", jpeg, got, err, want)
			}
		}
		shown := func(than int64, want string) (seq int64) {
			t.Helper()
			f, err := s.Shown(ctx, "r", than)
			if err != nil {
				t.Fatal(err)
			}
			if f == nil {
				f = &run.Frame{Seq: than}
			}
			if f.JPEG != want {
				t.Errorf("the frame after %d is %q, want %q", than, f.JPEG, want)
			}
			return f.Seq
		}
		watched(false)
		show("/9j/0", false)
		shown(0, "")
		if err := s.Watch(ctx, "r"); err != nil {
			t.Fatal(err)
		}
		watched(true)
		shown(0, "")
		show("/9j/1", true)
		seq := shown(0, "/9j/1")
		shown(seq, "")
		show("/9j/2", true)
		shown(seq, "/9j/2")
		show("", true)
		shown(seq, "")
		show("/9j/3", true)
		if _, err := d.Exec(ctx, `UPDATE {s}live SET until = 1`); err != nil {
			t.Fatal(err)
		}
		watched(false)
		show("/9j/4", false)
		var n int
		if err := d.QueryRow(ctx, `SELECT count(*) FROM {s}live`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d frames stay (%v)", n, err)
		}
		// What a robot that died showed last goes when somebody watches anything.
		if err := s.Watch(ctx, "r"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Exec(ctx, `UPDATE {s}live SET until = 1`); err != nil {
			t.Fatal(err)
		}
		if err := s.Watch(ctx, "other"); err != nil {
			t.Fatal(err)
		}
		if err := d.QueryRow(ctx, `SELECT count(*) FROM {s}live WHERE run = 'r'`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d old frames stay (%v)", n, err)
		}
	})
}
