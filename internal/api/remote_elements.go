package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/selector"
)

// maxReport is how large what a robot tells of an element may be.
const maxReport = 2 << 20

// Reported is the number of the heal that a report belongs to.
type Reported struct {
	Heal  int64 `json:"heal"`
	Fresh bool  `json:"fresh,omitempty" doc:"The node execution had not reported it before."`
}

// UseList is what a run has reported.
type UseList struct {
	Uses []element.Use `json:"uses"`
}

// remoteElements registers what the runs of robots know and tell of the elements of pages.
func (s *Server) remoteElements(a huma.API, r orch.Remote) {
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/elements/known", id: "robot-known-elements", summary: "Tell what is known of the elements of a node of the run of a job", often: true},
		func(ctx context.Context, in *struct {
			LeasePath
			Body element.Place
		}) (*answer[*element.Known], error) {
			e, err := r.ElementsOf(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			k, err := e.Known(ctx, in.Body)
			return &answer[*element.Known]{k}, err
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/elements/saw", id: "robot-saw-element", summary: "Remember what an element looks like that was found for certain", status: http.StatusNoContent, often: true},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				element.Place
				Target string         `json:"target" minLength:"1" maxLength:"65536"`
				Print  selector.Print `json:"print"`
			}
		}) (*struct{}, error) {
			e, err := r.ElementsOf(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			return nil, e.Saw(ctx, in.Body.Place, in.Body.Target, in.Body.Print)
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/elements/report", id: "robot-report-element", summary: "Report an element that its target did not find; the same report counts once", often: true, body: maxReport},
		func(ctx context.Context, in *struct {
			LeasePath
			Body element.Report
		}) (*answer[Reported], error) {
			e, err := r.ElementsOf(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			id, fresh, err := e.Report(ctx, &in.Body)
			return &answer[Reported]{Reported{id, fresh}}, err
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/elements/uses", id: "robot-element-uses", summary: "List what the run of a job has reported", often: true},
		func(ctx context.Context, in *LeasePath) (*answer[UseList], error) {
			e, err := r.ElementsOf(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			list, err := e.Uses(ctx)
			if list == nil {
				list = []element.Use{}
			}
			return &answer[UseList]{UseList{list}}, err
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/elements/settle", id: "robot-settle-element", summary: "Say how a node ended that reported an element", status: http.StatusNoContent, often: true},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				Path   string `json:"path" minLength:"1" maxLength:"2000"`
				Worked bool   `json:"worked,omitempty"`
			}
		}) (*struct{}, error) {
			e, err := r.ElementsOf(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return nil, err
			}
			return nil, e.Settle(ctx, in.Body.Path, in.Body.Worked)
		})
}
