package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
)

// watchEvery is how often a stream of frames says that somebody is there.
const watchEvery = run.WatchTime / 3

// Watching says whether somebody watches a run.
type Watching struct {
	Watched bool `json:"watched"`
}

// live registers the stream of what the browser of a run shows. The robot takes pictures only while somebody reads it.
func (s *Server) live(a huma.API) {
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/live", id: "stream-run-frames", summary: "Watch the browser of a run (server-sent events with JPEG pictures in base64); ends with the run", tag: "runs", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *RunPath) (*huma.StreamResponse, error) {
			r, err := s.Runs.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return s.streamed(func(out *sse) error { return s.watch(out, r.ID) }), nil
		})
}

// watch writes frames of a run until it has ended.
func (s *Server) watch(out *sse, id string) error {
	ctx := out.Context.Context()
	var said time.Time
	for seq := int64(0); ; {
		r, err := s.Runs.Get(ctx, id)
		if err != nil {
			return err
		}
		if r.Status.Final() {
			if err := out.send("", "end", r); err != nil {
				return err
			}
			return out.rc.Flush()
		}
		if time.Since(said) > watchEvery {
			if err := s.Runs.Watch(ctx, id); err != nil {
				return err
			}
			said = time.Now()
		}
		f, err := s.Runs.Shown(ctx, id, seq)
		if err != nil {
			return err
		}
		if f != nil {
			seq = f.Seq
			if err := out.send(strconv.FormatInt(seq, 10), "frame", f); err != nil {
				return err
			}
		}
		if err := out.rest(""); err != nil {
			return err
		}
	}
}

// remoteLive registers what robots without a database show to those who watch.
func (s *Server) remoteLive(a huma.API, r orch.Remote) {
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/frame", id: "robot-show", summary: "Show what the browser of a run shows to those who watch, and hear whether anybody does", often: true, body: 8 << 20},
		func(ctx context.Context, in *struct {
			LeasePath
			Body run.Frame
		}) (*answer[Watching], error) {
			watched, err := r.Show(ctx, caller(ctx, in.Machine), in.lease(), in.Body)
			return &answer[Watching]{Watching{watched}}, err
		})
}
