package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/run"
)

// How often a stream looks for what is new, says that it is there (proxies close
// what is silent), and looks whether the client may still see it.
const (
	streamPoll  = 250 * time.Millisecond
	streamHeart = 15 * time.Second
	streamCheck = 5 * time.Second
)

// streamStall is how long a client may take no more of a stream.
const streamStall = time.Minute

func badMark() error {
	return &Problem{Kind: "input", Message: "Last-Event-ID is no id of an event of this stream", Hint: "leave it out to begin with what comes", status: http.StatusUnprocessableEntity}
}

// events registers the streams of events, as server-sent events: a client that
// was cut off goes on with Last-Event-ID.
func (s *Server) events(a huma.API) {
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/events", id: "stream-run-events", summary: "Follow what happens in a run (server-sent events); ends with the run", tag: "runs", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			RunPath
			Last string `header:"Last-Event-ID" maxLength:"20" doc:"Number of the last event that was received."`
		}) (*huma.StreamResponse, error) {
			r, err := s.Runs.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			after := uint64(0)
			if in.Last != "" {
				if after, err = strconv.ParseUint(in.Last, 10, 63); err != nil {
					return nil, badMark()
				}
			}
			return s.streamed(func(out *sse) error { return s.follow(out, r.ID, int64(after)) }), nil
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/events", id: "stream-events", summary: "Follow what happens in all runs (server-sent events)", tag: "runs"},
		func(ctx context.Context, in *struct {
			Last string   `header:"Last-Event-ID" maxLength:"40" doc:"Id of the last event that was received; 0 for all that is kept. Left out: what is written from now on."`
			Flow string   `query:"flow" doc:"Only of runs of the flow with this name."`
			Kind []string `query:"kind" maxItems:"20" doc:"Only of these kinds, such as run_started,run_finished,node_failed."`
		}) (*huma.StreamResponse, error) {
			var from *run.Mark
			if in.Last != "" {
				m, err := run.ParseMark(in.Last)
				if err != nil {
					return nil, badMark()
				}
				from = &m
			}
			feed, lost, err := s.Runs.Feed(ctx, from, run.FeedFilter{Flow: in.Flow, Kinds: in.Kind})
			if err != nil {
				return nil, err
			}
			return s.streamed(func(out *sse) error { return s.followAll(out, feed, lost) }), nil
		})
}

// sse writes server-sent events.
type sse struct {
	huma.Context
	rc     *http.ResponseController
	wrote  time.Time
	looked time.Time
	may    func(context.Context) bool
	t      *time.Ticker
}

// streamed answers with a stream that fn writes.
func (s *Server) streamed(fn func(*sse) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/event-stream")
		w, ok := hc.BodyWriter().(http.ResponseWriter)
		if !ok || hc.Method() == http.MethodHead {
			return
		}
		now := time.Now()
		out := &sse{Context: hc, rc: http.NewResponseController(w), wrote: now, looked: now, may: mayStill(hc.Context()), t: time.NewTicker(streamPoll)}
		defer func() {
			out.t.Stop()
			_ = out.rc.SetWriteDeadline(time.Time{}) // another request may come on the connection
		}()
		// The answer has begun: an error can only end it.
		if err := fn(out); err != nil && hc.Context().Err() == nil {
			s.Log.Debug("a stream of events ended", "err", err)
		}
	}}
}

// send writes an event; an empty id or data is left out.
func (o *sse) send(id, kind string, data any) error {
	var b strings.Builder
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	if kind != "" {
		// A robot says what the kind is: it must not begin a line of its own.
		fmt.Fprintf(&b, "event: %s\n", strings.NewReplacer("\r", " ", "\n", " ").Replace(kind))
	}
	if data != nil {
		text, err := json.Marshal(data)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "data: %s\n", text)
	}
	return o.write(b.String() + "\n")
}

func (o *sse) write(text string) error {
	o.wrote = time.Now()
	_ = o.rc.SetWriteDeadline(o.wrote.Add(streamStall)) // not all connections have one
	_, err := o.BodyWriter().Write([]byte(text))
	return err
}

// rest sends what was written and waits until it is time to look again. The
// place, if there is one, goes with the sign of life.
func (o *sse) rest(place string) error {
	if time.Since(o.wrote) > streamHeart {
		text := ": still here\n\n"
		if place != "" {
			text = "id: " + place + "\n" + text
		}
		if err := o.write(text); err != nil {
			return err
		}
	}
	if err := o.rc.Flush(); err != nil {
		return err
	}
	select {
	case <-o.Context.Context().Done():
		return o.Context.Context().Err()
	case <-o.t.C:
	}
	if time.Since(o.looked) > streamCheck {
		if o.looked = time.Now(); !o.may(o.Context.Context()) {
			return auth.ErrDenied
		}
	}
	return nil
}

// follow writes the events of a run until it has ended.
func (s *Server) follow(out *sse, id string, after int64) error {
	ctx := out.Context.Context()
	for {
		// The state first: what happened before the end is then in the journal.
		r, err := s.Runs.Get(ctx, id)
		if err != nil {
			return err
		}
		for full := true; full; {
			list, err := s.Runs.Events(ctx, id, after, 500)
			if err != nil {
				return err
			}
			for _, e := range list {
				if err := out.send(strconv.FormatInt(e.Seq, 10), e.Kind, e); err != nil {
					return err
				}
				after = e.Seq
			}
			full = len(list) == 500
		}
		if r.Status.Final() {
			if err := out.send("", "end", r); err != nil {
				return err
			}
			return out.rc.Flush()
		}
		if err := out.rest(""); err != nil {
			return err
		}
	}
}

// FlowEvent is an event of a run with the name of its flow.
type FlowEvent struct {
	run.Event
	Flow string `json:"flow,omitempty"`
}

// followAll writes the events of all runs.
func (s *Server) followAll(out *sse, feed *run.Feed, lost bool) error {
	if lost {
		if err := out.send("", "lost", map[string]string{"message": "it is not known any more what came directly after this Last-Event-ID; the stream goes on with what is known, and the lists of runs tell the rest"}); err != nil {
			return err
		}
	}
	// Without data it is no event: it only says from where to go on.
	if err := out.send(feed.Mark().String(), "", nil); err != nil {
		return err
	}
	for {
		for more := true; more; {
			var list []run.Marked
			var err error
			if list, more, err = feed.Next(out.Context.Context()); err != nil {
				return err
			}
			for _, e := range list {
				if err := out.send(e.Mark.String(), e.Kind, FlowEvent{e.Event, e.Flow}); err != nil {
					return err
				}
			}
		}
		if err := out.rest(feed.Mark().String()); err != nil {
			return err
		}
	}
}
