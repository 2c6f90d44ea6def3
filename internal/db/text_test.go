package db_test

import (
	"testing"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
)

func TestText(t *testing.T) {
	dbtest.EachEmpty(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		for in, want := range map[string]string{"": "", "a\x00b\x00": "a\uFFFDb\uFFFD", "\xff\xfea": "\uFFFDa", "é\u202e": "é\u202e"} {
			var got string
			if err := d.QueryRow(t.Context(), `SELECT CAST($1 AS TEXT)`, db.Text(in)).Scan(&got); err != nil || got != want {
				t.Errorf("%q: %q, want %q: %v", in, got, want, err)
			}
		}
		if d.Pool == nil {
			return
		}
		for _, in := range []string{"a\x00b", "\xff"} {
			if _, err := d.Exec(t.Context(), `SELECT CAST($1 AS TEXT)`, in); !db.Unfit(err) {
				t.Errorf("%q: %v", in, err)
			}
		}
		if _, err := d.Exec(t.Context(), `SELECT 1/0`); err == nil || db.Unfit(err) {
			t.Errorf("a division by zero: %v", err)
		}
	})
}
