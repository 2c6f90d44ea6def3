package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/question"
)

// linkPath is where requests with a link to a question go: all that one can be used for.
const linkPath = "/answer-link"

// Asking is a question that is open.
type Asking struct {
	*orch.Asking
	Refused string `json:"refused,omitempty" doc:"Why who asks may not give the first answer: others must."`
	Picture bool   `json:"picture,omitempty" doc:"Whether there is a picture of the run's page; known where one run is asked for."`
}

type askings struct {
	Body struct {
		Items []Asking `json:"items"`
		Total int      `json:"total" doc:"How many there are, if more than are listed."`
		Mine  int      `json:"mine" doc:"How many of all of them who asks may answer now."`
	}
}

type linkBody struct {
	For   string `json:"for" minLength:"1" maxLength:"200" doc:"Who gets the link: a name or a mail address. Answers by it are this person's."`
	At    string `json:"at,omitempty" maxLength:"1000" doc:"Node execution that asks, if the run asks several things."`
	Hours int    `json:"hours,omitempty" minimum:"1" maximum:"8760" doc:"How long it is good. Default: as long as the question waits, and 7 days if that is for ever."`
}

type linkIn struct {
	RunPath
	Body linkBody
}

// note tells for whom the link is, and nothing of it.
func (in *linkIn) note() (about, detail string) { return in.ID, clip("for " + in.Body.For) }

// linkToken is what a link holds. It is sent in the body, which no log has.
type linkToken struct {
	Token string `json:"token" minLength:"1" maxLength:"4096" doc:"What stands behind the # of the link."`
}

// Linked is a question as who has a link to it sees it.
type Linked struct {
	For     string          `json:"for" doc:"Who the link was made for."`
	Flow    string          `json:"flow"`
	Text    string          `json:"text"`
	Ask     json.RawMessage `json:"ask" doc:"The question with its fields, buttons and details."`
	Asked   time.Time       `json:"asked"`
	Until   time.Time       `json:"until,omitzero" doc:"When the question ends."`
	Late    string          `json:"late,omitempty" doc:"What happens then: fail, port, default or cancel."`
	Ends    time.Time       `json:"ends" doc:"When the link ends."`
	Given   []orch.Said     `json:"given" doc:"Answers of others so far, where several must agree."`
	Refused string          `json:"refused,omitempty" doc:"Why this person may not give the first answer."`
	Picture bool            `json:"picture" doc:"Whether there is a picture of the run's page."`
}

type linkAnswer struct {
	Token   string         `json:"token" minLength:"1" maxLength:"4096" doc:"What stands behind the # of the link."`
	Button  string         `json:"button" minLength:"1" maxLength:"200"`
	Values  map[string]any `json:"values,omitempty" doc:"By field."`
	Comment string         `json:"comment,omitempty" maxLength:"4000"`
}

// questions registers what runs ask people, and the way in for those who have only a link to one question.
func (s *Server) questions(a huma.API) {
	states := []int{http.StatusNotFound, http.StatusConflict}
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/questions", id: "list-questions", summary: "List what runs ask people, the oldest question first", tag: "runs", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			Run   string `query:"run" maxLength:"100" doc:"Only of this run, those too that are answered and that no robot has taken yet."`
			Limit int    `query:"limit" default:"200" minimum:"1" maximum:"1000" doc:"How many at most."`
		}) (*askings, error) {
			list, err := s.Orch.Askings(ctx, in.Run, in.Run != "")
			if err != nil {
				return nil, err
			}
			var out askings
			out.Body.Items, out.Body.Total = []Asking{}, len(list)
			for i, q := range list {
				refused := q.Refuses(who(ctx).Name)
				if refused == "" {
					out.Body.Mine++
				}
				if i >= in.Limit {
					continue
				}
				picture := false
				if in.Run != "" {
					_, _, err := s.Orch.AskingPicture(ctx, q)
					picture = err == nil
				}
				out.Body.Items = append(out.Body.Items, Asking{q, refused, picture})
			}
			return &out, nil
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/question/picture", id: "get-question-picture", summary: "Get the picture of the page of a run that asks: among the details of the question, as it is now, or the last that was kept", tag: "runs", errors: states},
		func(ctx context.Context, in *struct {
			RunPath
			At string `query:"at" maxLength:"1000" doc:"Node execution that asks, if the run asks several things."`
		}) (*huma.StreamResponse, error) {
			q, err := s.Orch.AskingAt(ctx, in.ID, in.At)
			if err != nil {
				return nil, err
			}
			return s.picture(ctx, q)
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/link", id: "make-answer-link", summary: "Make a link by which somebody without an account answers what a run asks, once", tag: "runs", status: http.StatusCreated, errors: states},
		func(ctx context.Context, in *linkIn) (*answer[*orch.MadeLink], error) {
			l, err := s.Orch.LinkTo(ctx, in.ID, in.Body.At, in.Body.For, who(ctx).Name, time.Duration(in.Body.Hours)*time.Hour)
			return &answer[*orch.MadeLink]{l}, err
		})
	s.byLink(a)
}

// byLink registers what a link to a question can be used for.
func (s *Server) byLink(a huma.API) {
	closed := []int{http.StatusNotFound, http.StatusConflict}
	handle(s, a, op{right: Open, method: http.MethodPost, path: linkPath, id: "open-answer-link", summary: "See the question that a link leads to", tag: "links", body: 8 << 10, errors: closed},
		func(ctx context.Context, in *struct{ Body linkToken }) (*answer[*Linked], error) {
			q, l, ends, err := s.Orch.ByLink(ctx, in.Body.Token)
			if err != nil {
				return nil, err
			}
			_, _, err = s.Orch.AskingPicture(ctx, q)
			return &answer[*Linked]{&Linked{For: l.For, Flow: q.Flow, Text: q.Text, Ask: q.Shown, Asked: q.Asked, Until: q.Until, Late: q.Late, Ends: ends, Given: q.Given, Refused: q.RefusesLink(l), Picture: err == nil}}, nil
		})
	handle(s, a, op{right: Open, method: http.MethodPost, path: linkPath + "/picture", id: "get-answer-link-picture", summary: "Get the picture that belongs to the question of a link", tag: "links", body: 8 << 10, errors: closed},
		func(ctx context.Context, in *struct{ Body linkToken }) (*huma.StreamResponse, error) {
			q, _, _, err := s.Orch.ByLink(ctx, in.Body.Token)
			if err != nil {
				return nil, err
			}
			return s.picture(ctx, q)
		})
	handle(s, a, op{right: Open, method: http.MethodPost, path: linkPath + "/answer", id: "answer-by-link", summary: "Answer the question of a link as the person it was made for, once", tag: "links", status: http.StatusNoContent, body: 1 << 20, errors: closed},
		func(ctx context.Context, in *struct{ Body linkAnswer }) (*struct{}, error) {
			values := map[string]any{}
			for k, v := range in.Body.Values {
				n, err := plainValue(v)
				if err != nil {
					return nil, fmt.Errorf("%w: the answer to %s: %w", orch.ErrInput, k, err)
				}
				values[k] = n
			}
			q, l, err := s.Orch.AnswerByLink(ctx, in.Body.Token, question.Answer{Button: in.Body.Button, Values: values, Comment: in.Body.Comment})
			if err != nil {
				return nil, err
			}
			detail := in.Body.Button + " at " + q.Path
			if l.Maker != "" {
				detail += ", link made by " + l.Maker
			}
			return nil, s.Auth.Note(ctx, l.For+" (by link)", "answer-by-link", q.Run, clip(detail))
		})
}

func (s *Server) picture(ctx context.Context, q *orch.Asking) (*huma.StreamResponse, error) {
	data, kind, err := s.Orch.AskingPicture(ctx, q)
	if err != nil {
		return nil, err
	}
	return sent(kind, "sandbox; default-src 'none'", data), nil
}
