package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
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

// A run that the database cannot take is no fault of who asks for it.
func TestDatabaseFailsToAddARun(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	s.push()
	body := map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}, "job": map[string]any{"priority": 21}}
	code, b, _ := s.ask(auth.Operator, "POST", "/api/v1/runs", body)
	if code != 422 || strings.Contains(string(b), "inputs do not fit") {
		t.Errorf("a job of priority 21 is answered with %d %s", code, b)
	}
	if _, err := s.db.Exec(t.Context(), `DROP TABLE {s}job`); err != nil {
		t.Fatal(err)
	}
	body["job"] = map[string]any{"priority": 20}
	if code, b, _ := s.ask(auth.Operator, "POST", "/api/v1/runs", body); code != 500 || strings.Contains(string(b), "table") {
		t.Errorf("a queue that is broken is answered with %d %s", code, b)
	}
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

// Each request is a span that is named by its route, with nothing that somebody
// wrote; the run that it adds is below it if it has a caller.
func TestSpansOfRequests(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	const own = "00-0af7651916cd43dd8448eb211c80319c-00000000000000aa-01"
	type span struct {
		method, route, caller string
		status                int
	}
	var mu sync.Mutex
	var all []span
	spans := func() []span {
		mu.Lock()
		defer mu.Unlock()
		defer func() { all = nil }()
		return all
	}
	s.srv.Trace = func(ctx context.Context, method, route, caller string) (context.Context, string, func(int)) {
		return ctx, own, func(status int) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, span{method, route, caller, status})
		}
	}
	s.push()
	spans()
	for sent, want := range map[string]string{"": "", caller: own, "nonsense": ""} {
		var made orch.Submitted
		var got run.Run
		s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}}, &made, "traceparent", sent)
		s.want(200, auth.Viewer, "GET", "/runs/"+made.Run, nil, &got)
		if got.Trace != want {
			t.Errorf("a run that was asked for with traceparent %q belongs to %q, want %q", sent, got.Trace, want)
		}
		of := ""
		if sent == caller {
			of = caller
		}
		if got := spans(); len(got) != 2 || got[0] != (span{"POST", "/api/v1/runs", of, 201}) || got[1] != (span{"GET", "/api/v1/runs/{id}", "", 200}) {
			t.Errorf("spans: %v", got)
		}
	}
	s.want(403, auth.Viewer, "POST", "/runs", map[string]any{"flow": "greet"}, nil)
	s.want(422, auth.Viewer, "GET", "/runs/nobody?x=secret", nil, nil)
	if got := spans(); len(got) != 2 || got[0].status != 403 || got[1].status != 422 || strings.Contains(fmt.Sprint(got), "nobody") || strings.Contains(fmt.Sprint(got), "secret") {
		t.Errorf("spans: %v", got)
	}
}
