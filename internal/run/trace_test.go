package run_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestCleanTrace(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		caller:                              caller,
		" " + caller + "\n":                 caller,
		"cc" + caller[2:] + "-what-will-be": caller,
		"cc" + caller[2:]:                   caller,
		caller + "-more":                    "",
		"ff" + caller[2:]:                   "",
		caller[:54]:                         "",
		caller + "0":                        "",
		"cc" + caller[2:] + "more":          "",
		"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01": "",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": "",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01": "",
		"":         "",
		"x'; --":   "",
		"\x00\xff": "",
	} {
		if got := run.CleanTrace(in); got != want {
			t.Errorf("CleanTrace(%q) = %q, want %q", in, got, want)
		}
		if got := run.Caller(run.WithCaller(t.Context(), in)); got != want {
			t.Errorf("the caller of %q is %q", in, got)
		}
	}
	if run.Caller(context.Background()) != "" || run.Caller(run.WithCaller(run.WithCaller(t.Context(), caller), "")) != "" {
		t.Error("there is a caller though nobody calls")
	}
}

// The trace of a run is kept, and goes with it to where it is executed.
func TestTraceIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		s := open(t, target, owners{})
		r := &run.Run{ID: "r", Flow: "f", Digest: "d", Input: json.RawMessage(`{}`), Created: time.Now(), RetryOf: "q", Trace: caller, RetryTrace: "00-1" + caller[4:]}
		if _, err := s.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		got, err := s.Claim(t.Context(), "r", "me")
		if err != nil || got.Trace != r.Trace || got.RetryTrace != r.RetryTrace {
			t.Fatalf("claimed %+v %v", got, err)
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var sent run.Run
		if err := json.Unmarshal(b, &sent); err != nil {
			t.Fatal(err)
		}
		there := open(t, dbtest.SQLite(t), owners{})
		if err := there.Mirror(t.Context(), &sent); err != nil {
			t.Fatal(err)
		}
		if m, err := there.Get(t.Context(), "r"); err != nil || m.Trace != r.Trace || m.RetryTrace != r.RetryTrace {
			t.Errorf("on the robot it is %+v %v", m, err)
		}
	})
}
