package run_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

func TestLabels(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		s := run.NewStore(dbtest.Open(t, target), nil)
		ctx := run.Requested(t.Context(), run.Request{By: "kim", Labels: []string{"acme", "nov"}})
		at := time.UnixMilli(1_700_000_000_000)
		for i := range 10 {
			r := run.Run{ID: fmt.Sprintf("r%d", i), Flow: "f", Digest: "d", Input: []byte(`{}`), Created: at.Add(time.Duration(i) * time.Second)}
			if i%2 == 1 {
				r.Labels, r.StartedBy = []string{"acme"}, "ann"
			}
			if _, err := s.Create(ctx, &r); err != nil {
				t.Fatal(err)
			}
		}
		ids := func(f run.Filter) (out []string) {
			t.Helper()
			list, err := s.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list {
				out = append(out, r.ID)
			}
			return out
		}
		if got := ids(run.Filter{Labels: []string{"acme"}, Limit: 3}); !slices.Equal(got, []string{"r9", "r8", "r7"}) {
			t.Errorf("acme: %v", got)
		}
		if got := ids(run.Filter{Labels: []string{"acme"}, Limit: 3, Beyond: &run.Place{Created: at.Add(7 * time.Second), ID: "r7"}, Since: at.Add(5 * time.Second)}); !slices.Equal(got, []string{"r6", "r5"}) {
			t.Errorf("acme, the next page: %v", got)
		}
		if got := ids(run.Filter{Labels: []string{"acme", "nov"}, Flow: "f", Oldest: true}); !slices.Equal(got, []string{"r0", "r2", "r4", "r6", "r8"}) {
			t.Errorf("both: %v", got)
		}
		if got := ids(run.Filter{Labels: []string{"none"}}); len(got) != 0 {
			t.Errorf("none: %v", got)
		}
		if r, err := s.Get(t.Context(), "r0"); err != nil || r.StartedBy != "kim" || !slices.Equal(r.Labels, []string{"acme", "nov"}) {
			t.Errorf("%v %+v", err, r)
		}
		if _, err := s.Delete(t.Context(), "r9"); err != nil {
			t.Fatal(err)
		}
		if got := ids(run.Filter{Labels: []string{"acme"}, Limit: 1}); !slices.Equal(got, []string{"r8"}) {
			t.Errorf("after one was forgotten: %v", got)
		}
	})
	if got, err := run.CheckLabels([]string{"b", "a", "b", "Köln/2026-11", "1:x=2"}); err != nil || !slices.Equal(got, []string{"1:x=2", "Köln/2026-11", "a", "b"}) {
		t.Errorf("%v %v", err, got)
	}
	for _, bad := range []string{"", " ", "a b", "-x", "<b>", strings.Repeat("x", 61), "a,b"} {
		if _, err := run.CheckLabels([]string{bad}); err == nil {
			t.Errorf("%q is taken for a label", bad)
		}
	}
}
