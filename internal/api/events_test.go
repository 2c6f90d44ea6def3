package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/run"
)

// listener reads a stream of events.
type listener struct {
	*site
	in    *bufio.Scanner
	leave context.CancelFunc
	id    string // of the last event
}

func (s *site) listen(role auth.Role, query, last string) *listener {
	s.Helper()
	ctx, leave := context.WithTimeout(s.Context(), 2*time.Minute)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/events"+query, nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.tokens[role])
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "text/event-stream" {
		s.Fatalf("the stream: %d %s", res.StatusCode, got)
	}
	s.Cleanup(func() { leave(); _ = res.Body.Close() })
	l := &listener{site: s, in: bufio.NewScanner(res.Body), leave: leave}
	if _, ok := l.block(); !ok { // where it begins
		s.Fatal("the stream ended at once")
	}
	return l
}

// block reads lines up to an empty one.
func (l *listener) block() (lines map[string]string, ok bool) {
	lines = map[string]string{}
	for l.in.Scan() {
		name, text, _ := strings.Cut(l.in.Text(), ": ")
		if l.in.Text() == "" {
			return lines, true
		}
		if lines[name] = text; name == "id" {
			l.id = text
		}
	}
	return nil, false
}

// hears reads events and tells what they are.
func (l *listener) hears(want ...string) {
	l.Helper()
	var got []string
	for len(got) < len(want) {
		b, ok := l.block()
		if !ok {
			l.Fatalf("the stream ended after %v, want %v", got, want)
		}
		if b["data"] == "" {
			continue
		}
		var e struct {
			Run, Flow, Kind string
			Seq             int64
		}
		if err := json.Unmarshal([]byte(b["data"]), &e); err != nil || e.Kind != b["event"] {
			l.Errorf("event %q: %v", b, err)
		}
		got = append(got, fmt.Sprintf("%s/%s/%d/%s", e.Flow, e.Run, e.Seq, e.Kind))
	}
	if !slices.Equal(got, want) {
		l.Errorf("heard %v, want %v", got, want)
	}
}

func TestStreamOfAllRuns(t *testing.T) {
	each(t, func(s *site) {
		for _, id := range []string{"a", "b"} {
			if _, err := s.runs.Create(s.Context(), &run.Run{ID: id, Flow: "of-" + id, Input: []byte(`{}`), Created: time.Now()}); err != nil {
				s.Fatal(err)
			}
		}
		write := func(id string, seq int64, kinds ...string) {
			s.Helper()
			var list []run.Event
			for i, k := range kinds {
				list = append(list, run.Event{Run: id, Seq: seq + int64(i), Kind: k, At: time.Now(), Data: []byte(`{"text": "a\nb"}`)})
			}
			if err := s.runs.AddEvents(s.Context(), list); err != nil {
				s.Fatal(err)
			}
		}
		write("a", 1, "run_started")
		all := s.listen(auth.Viewer, "", "")
		start := all.id
		some := s.listen(auth.Viewer, "?flow=of-b&kind=log,run_finished", "")
		write("a", 2, "log", "node_failed")
		write("b", 1, "run_started", "log")
		all.hears("of-a/a/2/log", "of-a/a/3/node_failed", "of-b/b/1/run_started")
		some.hears("of-b/b/2/log")

		// It was cut off in the middle of what was written together.
		all.leave()
		write("a", 4, "run_finished")
		write("b", 3, "run_finished")
		s.listen(auth.Viewer, "", all.id).hears("of-b/b/2/log", "of-a/a/4/run_finished", "of-b/b/3/run_finished")
		some.hears("of-b/b/3/run_finished")
		s.listen(auth.Viewer, "", start).hears("of-a/a/2/log", "of-a/a/3/node_failed")
		s.listen(auth.Viewer, "?kind=run_started", "0").hears("of-a/a/1/run_started", "of-b/b/1/run_started")

		// A place that nobody was given is told of; the stream goes on.
		lost := s.listen(auth.Viewer, "", "4711.1")
		if b, ok := lost.block(); !ok || b["id"] == "4711.1" {
			s.Errorf("after a place that is not there: %v %v", b, ok)
		}
		write("b", 4, "more\nevent: forged\ndata: {}\n")
		if b, ok := lost.block(); !ok || b["event"] != "more event: forged data: {} " || b["data"] == "{}" {
			s.Errorf("a kind with lines: %q %v", b, ok)
		}
		for _, last := range []string{"x", "-1", "1", "1.1.1", "99999999999999999999.1"} {
			s.want(422, auth.Viewer, "GET", "/events", nil, nil, "Last-Event-ID", last)
			if last != "1" {
				s.want(422, auth.Viewer, "GET", "/runs/a/events", nil, nil, "Last-Event-ID", last)
			}
		}
	})
}

// A token that is revoked ends the streams that were opened with it.
func TestStreamEndsWithItsToken(t *testing.T) {
	each(t, func(s *site) {
		var made struct{ Secret, ID string }
		s.want(201, auth.Admin, "POST", "/tokens", map[string]any{"name": "screen", "role": "viewer"}, &made)
		s.tokens["screen"] = made.Secret
		l := s.listen("screen", "", "")
		s.want(204, auth.Admin, "DELETE", "/tokens/"+made.ID, nil, nil)
		for ok := true; ok; {
			_, ok = l.block()
		}
		if err := l.in.Err(); err != nil {
			s.Errorf("the stream was not ended by the server: %v", err)
		}
	})
}
