package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
)

// Limits of what robots send in one request.
const (
	maxRecords  = 64 << 20
	maxArtifact = 4 << 30
	maxClaim    = 25 * time.Second
)

// RobotBody says which robot calls.
type RobotBody struct {
	Name    string `json:"name" minLength:"1" maxLength:"100"`
	Machine string `json:"machine" minLength:"1" maxLength:"100" doc:"Id of the robot's data folder."`
}

// LeasePath names a job and the lease under which a robot has it.
type LeasePath struct {
	ID    int64 `path:"id" minimum:"1" doc:"Number of the job."`
	Fence int64 `query:"fence" required:"true" doc:"Of the lease under which the robot has the job."`
	// Machine of the robot.
	Machine string `header:"Aether-Machine" required:"true" maxLength:"100" doc:"Id of the robot's data folder."`
}

func (p LeasePath) lease() orch.Lease { return orch.Lease{Job: p.ID, Fence: p.Fence} }

func caller(ctx context.Context, machine string) orch.Caller {
	return orch.Caller{Token: who(ctx).Token, Machine: machine}
}

// Record is what a robot recorded.
type Record struct {
	Name string          `json:"name" minLength:"1" maxLength:"2000"`
	Data json.RawMessage `json:"data"`
}

// Records is a part of what was recorded for a run.
type Records struct {
	Records []Record `json:"records"`
	Last    int64    `json:"last,omitempty" doc:"Number of the last one; ask for those after it."`
}

// work registers an operation of robots without a database.
func work[I, O any](s *Server, a huma.API, o op, fn func(context.Context, *I) (*O, error)) {
	o.right, o.tag = auth.Work, "robot"
	o.errors = append(o.errors, http.StatusConflict)
	handle(s, a, o, fn)
}

// remote registers what robots call that reach the orchestrator over HTTPS.
func (s *Server) remote(a huma.API) {
	r := orch.Remote{Orch: s.Orch}
	work(s, a, op{method: http.MethodPost, path: "/robot/register", id: "robot-register", summary: "Say what robot this is; what it had before is free", status: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			Body struct {
				RobotBody
				Labels []string          `json:"labels,omitempty" maxItems:"100"`
				Facts  map[string]string `json:"facts,omitempty"`
				Slots  int               `json:"slots" minimum:"1" maximum:"1000"`
			}
		}) (*struct{}, error) {
			b := in.Body
			return nil, r.Register(ctx, caller(ctx, b.Machine), queue.Robot{Name: b.Name, Labels: b.Labels, Facts: b.Facts, Slots: b.Slots})
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/beat", id: "robot-beat", summary: "Say that the robot lives, and renew the leases of what it has", often: true, body: maxRecords},
		func(ctx context.Context, in *struct {
			Body struct {
				RobotBody
				State queue.RobotState `json:"state" enum:"online,paused,draining,offline"`
				Jobs  []orch.Alive     `json:"jobs,omitempty" maxItems:"1000"`
			}
		}) (*answer[Beaten], error) {
			paused, heard, err := r.Beat(ctx, caller(ctx, in.Body.Machine), in.Body.Name, in.Body.State, in.Body.Jobs)
			return &answer[Beaten]{Beaten{paused, heard}}, err
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/claim", id: "robot-claim", summary: "Wait for a job that the robot can do, up to 25 seconds", often: true},
		func(ctx context.Context, in *struct {
			Body struct {
				RobotBody
				Labels []string `json:"labels,omitempty" maxItems:"100"`
				Wait   int      `json:"wait_ms" minimum:"0" maximum:"25000"`
			}
		}) (*answer[Claimed], error) {
			got, err := r.Claim(ctx, caller(ctx, in.Body.Machine), in.Body.Name, in.Body.Labels, min(maxClaim, time.Duration(in.Body.Wait)*time.Millisecond))
			return &answer[Claimed]{Claimed{got}}, err
		})
	s.remoteRun(a, r)
	s.remoteRecords(a, r)
	s.remoteFiles(a, r)
	s.remoteItems(a, r)
	s.remoteLive(a, r)
	s.remoteHand(a, r)
	s.remoteElements(a, r)
}

// Beaten is what a robot hears when it says that it lives.
type Beaten struct {
	Paused bool         `json:"paused"`
	Jobs   []orch.Heard `json:"jobs,omitempty"`
}

// Claimed is the job that a robot was given, if there was one.
type Claimed struct {
	Job *orch.Given `json:"job,omitempty"`
}

// Text is one text.
type Text struct {
	Text string `json:"text"`
}

func (s *Server) remoteRun(a huma.API, r orch.Remote) {
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/begin", id: "robot-begin", summary: "Take the run of a job", often: true, errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				Have bool `json:"have" doc:"The robot still has what it recorded of the run before."`
			}
		}) (*answer[*orch.Begun], error) {
			b, err := r.Begin(ctx, caller(ctx, in.Machine), in.lease(), in.Body.Have)
			return &answer[*orch.Begun]{b}, err
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/end", id: "robot-end", summary: "Say how the execution of a run ended, and give the job back", often: true, body: maxRecords},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				Run   *run.Run `json:"run,omitempty"`
				Error string   `json:"error,omitempty"`
			}
		}) (*answer[Text], error) {
			how, err := r.End(ctx, caller(ctx, in.Machine), orch.Ended{Lease: in.lease(), Run: in.Body.Run, Error: in.Body.Error})
			return &answer[Text]{Text{how}}, err
		})
	work(s, a, op{method: http.MethodGet, path: "/robot/jobs/{id}/flows/{digest}", id: "robot-flow", summary: "Get a flow version that the run of a job executes", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			LeasePath
			Digest string `path:"digest" maxLength:"64"`
		}) (*answer[Text], error) {
			ok, err := r.MayFlow(ctx, caller(ctx, in.Machine), in.lease(), in.Digest)
			if err != nil || !ok {
				return nil, errors.Join(err, refuse(!ok && err == nil, "the run does not execute this flow version"))
			}
			body, err := s.Runs.Flow(ctx, in.Digest)
			return &answer[Text]{Text{body}}, err
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/secret", id: "robot-secret", summary: "Read a secret that the run of a job names", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			LeasePath
			Link
			Body struct {
				Name string `json:"name" minLength:"1" maxLength:"500"`
			}
		}) (*answer[Text], error) {
			if err := s.needSafeLink(in.Link); err != nil {
				return nil, err
			}
			ok, err := r.MayRead(ctx, caller(ctx, in.Machine), in.lease(), in.Body.Name)
			if err != nil || !ok || s.Secrets == nil {
				return nil, errors.Join(err, refuse(err == nil, "the run names no secret "+in.Body.Name))
			}
			v, err := s.Secrets.Get(ctx, in.Body.Name)
			return &answer[Text]{Text{v.Reveal()}}, err
		})
}

func refuse(really bool, message string) error {
	if !really {
		return nil
	}
	return &Problem{Kind: "not_found", Message: message, status: http.StatusNotFound}
}

// Link knows whether a request came from this machine.
type Link struct{ loopback bool }

// Resolve implements huma.Resolver.
func (l *Link) Resolve(ctx huma.Context) []error {
	host, _, err := net.SplitHostPort(ctx.RemoteAddr())
	ip := net.ParseIP(host)
	l.loopback = err == nil && ip != nil && ip.IsLoopback()
	return nil
}

func (s *Server) remoteRecords(a huma.API, r orch.Remote) {
	work(s, a, op{method: http.MethodGet, path: "/robot/jobs/{id}/records", id: "robot-get-records", summary: "List what was recorded for the run of a job", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			LeasePath
			After int64 `query:"after"`
		}) (*answer[Records], error) {
			rn, err := r.Run(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			list, last, err := s.Runs.Records(ctx, rn.ID, in.After, 200)
			out := Records{Records: []Record{}, Last: last}
			for _, e := range list {
				out.Records = append(out.Records, Record{e.Name, e.Data})
			}
			return &answer[Records]{out}, err
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/records", id: "robot-add-records", summary: "Keep what the robot recorded, in order; doing it again is doing it once", status: http.StatusNoContent, often: true, body: maxRecords},
		func(ctx context.Context, in *struct {
			LeasePath
			Body Records
		}) (*struct{}, error) {
			list := make([]durable.Entry, len(in.Body.Records))
			for i, e := range in.Body.Records {
				list[i] = durable.Entry{Name: e.Name, Data: e.Data}
			}
			return nil, r.AddRecords(ctx, caller(ctx, in.Machine), in.lease(), list)
		})
	work(s, a, op{method: http.MethodGet, path: "/robot/jobs/{id}/events", id: "robot-get-events", summary: "List the journal of the run of a job", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			LeasePath
			After int64 `query:"after"`
		}) (*page[run.Event], error) {
			rn, err := r.Run(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			list, err := s.Runs.Events(ctx, rn.ID, in.After, 1000)
			return paged(list, len(list), func(run.Event) any { return nil }), err
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/events", id: "robot-add-events", summary: "Add to the journal of the run of a job", status: http.StatusNoContent, often: true, body: maxRecords},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				Events []run.Event `json:"events"`
			}
		}) (*struct{}, error) {
			return nil, r.AddEvents(ctx, caller(ctx, in.Machine), in.lease(), in.Body.Events)
		})
}

// Upload is the body of a request that is too large for memory.
type Upload struct{ body io.Reader }

// Resolve implements huma.Resolver.
func (u *Upload) Resolve(ctx huma.Context) []error {
	u.body = ctx.BodyReader()
	return nil
}

func (s *Server) remoteFiles(a huma.API, r orch.Remote) {
	work(s, a, op{method: http.MethodPut, path: "/robot/jobs/{id}/artifacts/{digest}", id: "robot-put-artifact", summary: "Keep a file of the run of a job", status: http.StatusNoContent, often: true},
		func(ctx context.Context, in *struct {
			LeasePath
			Upload
			Digest string `path:"digest" maxLength:"64"`
		}) (*struct{}, error) {
			rn, err := r.Run(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			if _, _, err := s.Orch.Artifacts.Put(ctx, func(w io.Writer) error { return copyChecked(w, in.body, in.Digest) }); err != nil {
				return nil, err
			}
			return nil, s.Runs.Keep(ctx, rn.ID, in.Digest)
		})
	work(s, a, op{method: http.MethodGet, path: "/robot/jobs/{id}/artifacts/{digest}", id: "robot-get-artifact", summary: "Get a file of the run of a job", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			LeasePath
			Digest string `path:"digest" maxLength:"64"`
		}) (*huma.StreamResponse, error) {
			rn, err := r.Run(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			uses, err := s.Runs.Uses(ctx, rn.ID, in.Digest)
			if err != nil || !uses && (rn.Seed == nil || rn.Seed.Artifact != in.Digest) {
				return nil, errors.Join(err, refuse(err == nil, "the run uses no such file"))
			}
			f, err := s.Orch.Artifacts.Open(ctx, in.Digest)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				defer f.Close()
				hc.SetHeader("Content-Type", "application/octet-stream")
				if _, err := io.Copy(hc.BodyWriter(), f); err != nil {
					s.Log.Debug("sending an artifact", "run", rn.ID, "err", err)
				}
			}}, nil
		})
}

// copyChecked copies content that must have a digest.
func copyChecked(w io.Writer, from io.Reader, digest string) error {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(from, maxArtifact+1))
	switch {
	case err != nil:
		return fmt.Errorf("receiving an artifact: %w", err)
	case n > maxArtifact:
		return &Problem{Kind: "limit", Message: fmt.Sprintf("an artifact has at most %d bytes", int64(maxArtifact)), status: http.StatusRequestEntityTooLarge}
	case hex.EncodeToString(h.Sum(nil)) != digest:
		return &Problem{Kind: "input", Message: "the content does not have this digest", status: http.StatusUnprocessableEntity}
	}
	return nil
}
