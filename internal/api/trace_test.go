package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
)

const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// The trace of who asks for a run becomes the run's; what is none is passed over.
func TestTraceOfCaller(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		for sent, want := range map[string]string{
			"": "", caller: caller, "00-" + strings.Repeat("0", 32) + caller[35:]: "", "nonsense; DROP TABLE run": "", strings.Repeat(caller, 500): "",
		} {
			var made orch.Submitted
			s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}}, &made, "traceparent", sent)
			var got run.Run
			s.want(200, auth.Viewer, "GET", "/runs/"+made.Run, nil, &got)
			if got.Trace != want {
				s.Errorf("a run that was asked for with traceparent %.60q belongs to %q", sent, got.Trace)
			}
			// A retry is of a trace of its own, and knows the other.
			if _, err := s.runs.Cancel(s.Context(), made.Run); err != nil {
				s.Fatal(err)
			}
			var again orch.Submitted
			var next run.Run
			s.want(201, auth.Operator, "POST", "/runs/"+made.Run+"/retry", map[string]any{"from": "start"}, &again)
			s.want(200, auth.Viewer, "GET", "/runs/"+again.Run, nil, &next)
			if next.Trace != "" || next.RetryTrace != want {
				s.Errorf("its retry belongs to %q and retries %q", next.Trace, next.RetryTrace)
			}
		}
	})
}

// What cannot be read is an error that tells nothing of the database, and nobody
// sees metrics without a token.
func TestMetricsFail(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	s.srv.Metrics = func(http.ResponseWriter, *http.Request) error { return errors.New("postgres://top-secret") }
	code, b, _ := s.ask(auth.Viewer, "GET", "/metrics", nil)
	if code != 500 || strings.Contains(string(b), "top-secret") || !strings.Contains(string(b), "could not be read") {
		t.Errorf("answered %d %s", code, b)
	}
	s.srv.Metrics = nil
	if code, b, _ := s.ask(auth.Viewer, "GET", "/metrics", nil); code != 404 {
		t.Errorf("answered %d %s", code, b)
	}
	for _, role := range everyRole {
		want := http.StatusNotFound
		if !role.May(auth.ReadMetrics) {
			want = http.StatusUnauthorized
		}
		if code, b, _ := s.ask(role, "GET", "/metrics", nil); code != want {
			t.Errorf("%s: answered %d, want %d: %s", role, code, want, b)
		}
	}
}
