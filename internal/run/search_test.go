package run_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// A search answers after a bounded look at what failed, and goes on from there.
func TestSearch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		s := run.NewStore(d, nil)
		const n = 9000
		for from := 0; from < n; from += 500 {
			var rows []string
			var args []any
			for i := from; i < from+500; i++ {
				status, failure := "done", ""
				if i%2 == 0 {
					status, failure = "failed", fmt.Sprintf(`{"kind":"net","message":"Über %d \u003cb\u003e","node":"n"}`, i)
				}
				k := len(args)
				rows = append(rows, fmt.Sprintf(`($%d, 'f', 'd', $%d, $%d, $%d)`, k+1, k+2, k+3, k+4))
				args = append(args, fmt.Sprintf("r%05d", i), status, failure, 1000+i)
			}
			if _, err := d.Exec(t.Context(), `INSERT INTO {s}run (id, flow, digest, status, failure, created) VALUES `+strings.Join(rows, ","), args...); err != nil {
				t.Fatal(err)
			}
		}
		all := func(f run.Filter, text string) (ids []string, pages int) {
			for {
				pages++
				list, next, err := s.Search(t.Context(), f, text)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list {
					ids = append(ids, r.ID)
				}
				if next == nil {
					return ids, pages
				}
				f.Beyond = next
			}
		}
		for _, c := range []struct {
			f    run.Filter
			text string
			want string
		}{
			{run.Filter{Flow: "f", Limit: 10}, "über 12 ", "r00012"},
			{run.Filter{Limit: 10}, "8998 <B>", "r08998"},
			{run.Filter{Limit: 10}, "message", ""}, // a word of the record, not of what is said
			{run.Filter{Limit: 10, Status: run.Done}, "über", ""},
			{run.Filter{Flow: "g", Limit: 10}, "über", ""},
			{run.Filter{Limit: 10, Since: time.UnixMilli(1100), Before: time.UnixMilli(1105)}, "über", "r00104 r00102 r00100"},
		} {
			ids, _ := all(c.f, c.text)
			if got := strings.Join(ids, " "); got != c.want {
				t.Errorf("%+v %q: %s, want %s", c.f, c.text, got, c.want)
			}
		}
		if ids, pages := all(run.Filter{Limit: 400}, "über"); len(ids) != n/2 || pages < n/2/400 {
			t.Errorf("%d runs in %d pages, want %d", len(ids), pages, n/2)
		}
	})
}
