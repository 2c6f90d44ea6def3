package run_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// One person has the browser of a run; what they do comes to the robot in order, once, and nothing stays of it.
func TestHand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		s, ctx := run.NewStore(d, nil), t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		says := func(said run.HandSaid, want string) {
			t.Helper()
			h, err := s.Hand(ctx, "r", said)
			must(err)
			got := "nobody"
			if h != nil {
				got = fmt.Sprintf("%s %t %q", h.By, h.Ready, h.Back)
				for _, in := range h.Input {
					got += fmt.Sprintf(" %d:%s", in.Seq, in.Data)
				}
			}
			if got != want {
				t.Errorf("after %+v: %s, want %s", said, got, want)
			}
		}
		send := func(id, data string, want bool) {
			t.Helper()
			if sent, err := s.SendHand(ctx, "r", id, []byte(data)); err != nil || sent != want {
				t.Errorf("%s sends %s: %t (%v)", id, data, sent, err)
			}
		}
		away := func() {
			t.Helper()
			_, err := d.Exec(ctx, `UPDATE {s}hand SET seen = seen - $1`, 2*run.HandAway.Milliseconds())
			must(err)
		}
		says(run.HandSaid{}, "nobody")
		must(s.TakeHand(ctx, "r", "one", "ada"))
		if err := s.TakeHand(ctx, "r", "two", "bob"); !errors.Is(err, run.ErrHand) {
			t.Errorf("bob takes it: %v", err)
		}
		send("one", "early", false)
		says(run.HandSaid{ID: "one", Ready: true, State: []byte(`{"url":"x"}`)}, `ada true ""`)
		must(s.TakeHand(ctx, "r", "three", "ada")) // from another window
		send("one", "a", true)
		send("two", "b", false)
		send("one", "c", true)
		says(run.HandSaid{}, `ada true "" 1:a 2:c`)
		says(run.HandSaid{ID: "one", Ready: true, Done: 1, Gestures: 4}, `ada true "" 2:c`)
		if h, err := s.HandOf(ctx, "r"); err != nil || h.Gestures != 4 || string(h.State) != `{"url":"x"}` || h.Input != nil {
			t.Errorf("it is shown as %+v (%v)", h, err)
		}
		if _, taken, err := s.Watched(ctx, "r"); err != nil || !taken {
			t.Errorf("it is not taken (%v)", err)
		}
		away()
		must(s.TakeHand(ctx, "r", "two", "bob"))
		says(run.HandSaid{ID: "one", Over: true}, `bob false ""`) // what is said of ada's is for nobody
		send("one", "d", false)
		must(s.BackHand(ctx, "r", "eve", true))
		says(run.HandSaid{}, `bob false "eve"`)
		says(run.HandSaid{ID: "two", Over: true}, "nobody")
		var n int
		must(d.QueryRow(ctx, `SELECT (SELECT count(*) FROM {s}hand) + (SELECT count(*) FROM {s}hand_input)`).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows stay", n)
		}
	})
}
