package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/recording"
	"github.com/aether-rpa/aether/internal/screen"
)

// noBrowsers is what is missing where the server opens none.
const noBrowsers = "this server opens no browsers, since no robot works in it: record with aether record on a desktop, or start aether up there"

type recordingOut struct {
	Missing   string               `json:"missing,omitempty" doc:"Why nothing can be recorded here; absent if it can."`
	NoWindow  string               `json:"no_window,omitempty" doc:"Why it cannot be recorded in a window on the machine of the server; absent if it can."`
	Recording *recording.Recording `json:"recording,omitempty" doc:"What is being recorded, or was last."`
}

type recordedFlow struct {
	Text string `json:"text" doc:"The flow as YAML, to be pushed."`
}

// recording registers what records a flow, in a browser window on the machine of the server or in the pages.
func (s *Server) recording(a huma.API) {
	refused := []int{http.StatusNotFound, http.StatusConflict}
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodGet, path: "/recording", id: "get-recording", summary: "Tell what is being recorded, and whether anything can be recorded here", tag: "recording"},
		func(ctx context.Context, _ *struct{}) (*answer[recordingOut], error) {
			if s.Recordings == nil {
				return &answer[recordingOut]{recordingOut{Missing: noBrowsers}}, nil
			}
			out := recordingOut{Recording: s.Recordings.State(who(ctx).Name), NoWindow: s.Recordings.NoWindow}
			if err := s.Recordings.Missing(); err != nil {
				out.Missing = err.Error()
			}
			return &answer[recordingOut]{out}, nil
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/recording", id: "start-recording", summary: "Open a browser and record what is done in it: in a window on the machine of the server, or in the pages", tag: "recording", status: http.StatusCreated, errors: refused},
		func(ctx context.Context, in *struct {
			Body struct {
				URL    string `json:"url" minLength:"1" maxLength:"4000" doc:"Address of the page to begin with."`
				Window bool   `json:"window,omitempty" doc:"In a window on the machine of the server, where it has a display; else it is worked in by the pages."`
			}
		}) (*answer[*recording.Recording], error) {
			if s.Recordings == nil {
				return nil, &Problem{Kind: kindOf(http.StatusConflict), Message: noBrowsers, status: http.StatusConflict}
			}
			if err := s.Recordings.Start(ctx, who(ctx).Name, in.Body.URL, in.Body.Window); err != nil {
				return nil, err
			}
			return &answer[*recording.Recording]{s.Recordings.State(who(ctx).Name)}, nil
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/recording/stop", id: "stop-recording", summary: "End the recording and close its browser; what was recorded stays", tag: "recording", errors: refused},
		func(ctx context.Context, _ *struct{}) (*answer[*recording.Recording], error) {
			if s.Recordings == nil {
				return nil, recording.ErrNone
			}
			if err := s.Recordings.Stop(ctx, who(ctx).Name); err != nil {
				return nil, err
			}
			return &answer[*recording.Recording]{s.Recordings.State(who(ctx).Name)}, nil
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/recording/press", id: "press-recorder", summary: "Press a button of the recorder: pause, or choose something to be asserted with the next click", tag: "recording", errors: refused, often: true},
		func(ctx context.Context, in *struct {
			Body struct {
				Button string `json:"button" enum:"pause,visible,text,value,cancel"`
			}
		}) (*answer[*recording.Recording], error) {
			if s.Recordings == nil {
				return nil, recording.ErrNone
			}
			if err := s.Recordings.Press(ctx, who(ctx).Name, in.Body.Button); err != nil {
				return nil, err
			}
			return &answer[*recording.Recording]{s.Recordings.State(who(ctx).Name)}, nil
		})
	works(s, a, "/recording", "recording", "the recording", func(ctx context.Context) (*screen.Screen, error) {
		if s.Recordings == nil {
			return nil, recording.ErrNone
		}
		return s.Recordings.Screen(who(ctx).Name)
	})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodGet, path: "/recording/flow", id: "get-recorded-flow", summary: "Get the flow that was recorded so far", tag: "recording", errors: refused},
		func(ctx context.Context, in *struct {
			Name string `query:"name" default:"recorded" minLength:"1" maxLength:"200" doc:"Name of the flow."`
		}) (*answer[recordedFlow], error) {
			if s.Recordings == nil {
				return nil, recording.ErrNone
			}
			b, err := s.Recordings.Flow(who(ctx).Name, in.Name)
			return &answer[recordedFlow]{recordedFlow{string(b)}}, err
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodDelete, path: "/recording", id: "drop-recording", summary: "End the recording and forget what was recorded", tag: "recording", status: http.StatusNoContent, errors: refused},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			if s.Recordings == nil {
				return nil, recording.ErrNone
			}
			return nil, s.Recordings.Drop(ctx, who(ctx).Name)
		})
}
