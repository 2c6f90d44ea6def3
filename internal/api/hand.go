package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/screen"
)

// handPoll is how often a stream looks what the browser of a run shows to who has taken it over.
const handPoll = 60 * time.Millisecond

// TakenOver says who has taken over the browser of a run.
type TakenOver struct {
	Hand *orch.Driving `json:"hand,omitempty" doc:"Left out if nobody has."`
}

type backIn struct {
	RunPath
	Body struct {
		Stay bool `json:"stay,omitempty" doc:"A run that is paused stays so."`
	}
	detail string
}

// note implements noted.
func (in *backIn) note() (about, detail string) { return in.ID, clip(in.detail) }

// hands registers what lets a person drive the browser of a run.
func (s *Server) hands(a huma.API) {
	states := []int{http.StatusNotFound, http.StatusConflict}
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/hand", id: "get-run-hand", summary: "Tell who has taken over the browser of a run", tag: "runs", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *RunPath) (*answer[TakenOver], error) {
			h, err := s.Orch.HandOf(ctx, in.ID)
			return &answer[TakenOver]{TakenOver{h}}, err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/hand", id: "take-over-run", summary: "Take over the browser of a run: it pauses before its next node, and its browser does what you do", tag: "runs", errors: states},
		func(ctx context.Context, in *RunPath) (*answer[TakenOver], error) {
			h, err := s.Orch.TakeOver(ctx, in.ID, who(ctx).Name)
			return &answer[TakenOver]{TakenOver{h}}, err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/hand/back", id: "hand-back-run", summary: "Hand the browser of a run back to its flow, which goes on if it was paused", tag: "runs", errors: states},
		func(ctx context.Context, in *backIn) (*answer[TakenOver], error) {
			h, err := s.Orch.HandBack(ctx, in.ID, who(ctx).Name, in.Body.Stay)
			if err == nil && h != nil {
				in.detail = fmt.Sprintf("%s had it for %s, %d gestures", h.By, s.Orch.Now().Sub(h.Since).Round(time.Second), h.Gestures)
			}
			return &answer[TakenOver]{TakenOver{h}}, err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/hand/input", id: "work-in-run", summary: "Do something in the browser of a run that you have taken over, with mouse and keyboard", tag: "runs", status: http.StatusNoContent, errors: states, often: true},
		func(ctx context.Context, in *struct {
			RunPath
			Body screen.Worked
		}) (*struct{}, error) {
			return nil, s.Orch.WorkInRun(ctx, in.ID, who(ctx).Name, in.Body)
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodGet, path: "/runs/{id}/hand/screen", id: "watch-run-hand", summary: "Watch the browser of a run that you have taken over (server-sent events: frame with a JPEG picture in base64, state with tabs and messages; ends when it is handed back)", tag: "runs", errors: states},
		func(ctx context.Context, in *RunPath) (*huma.StreamResponse, error) {
			r, err := s.Runs.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			by := who(ctx).Name
			return s.streamed(func(out *sse) error { return s.watchHand(out, r.ID, by) }), nil
		})
}

// watchHand writes how the browser of a run looks to who has taken it over, for as long as they have.
func (s *Server) watchHand(out *sse, id, by string) error {
	ctx := out.Context.Context()
	t := time.NewTicker(handPoll)
	defer t.Stop()
	var said time.Time
	var told string
	for seq := int64(0); ; {
		h, err := s.Runs.HandOf(ctx, id)
		if err != nil {
			return err
		}
		if h == nil || h.By != by {
			how := "end"
			if h != nil {
				how = "elsewhere"
			}
			if err := out.send("", how, struct{}{}); err != nil {
				return err
			}
			return out.rc.Flush()
		}
		if time.Since(said) > watchEvery {
			if err := s.Runs.Watch(ctx, id); err != nil {
				return err
			}
			if err := s.Runs.SeeHand(ctx, id, h.ID); err != nil {
				return err
			}
			said = time.Now()
		}
		if text := string(h.State); text != "" && text != told {
			if err := out.send("", "state", json.RawMessage(text)); err != nil {
				return err
			}
			told = text
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
		if err := out.pause(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// remoteHand registers how robots without a database let people work in the browsers of runs.
func (s *Server) remoteHand(a huma.API, r orch.Remote) {
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/hand", id: "robot-hand", summary: "Tell how it stands with the browser of a run that a person has taken over, and hear what they did", often: true},
		func(ctx context.Context, in *struct {
			LeasePath
			Body run.HandSaid
		}) (*answer[remoteHand], error) {
			h, err := r.Hand(ctx, caller(ctx, in.Machine), in.lease(), in.Body)
			return &answer[remoteHand]{remoteHand{h}}, err
		})
}

type remoteHand struct {
	Hand *run.Hand `json:"hand,omitempty"`
}
