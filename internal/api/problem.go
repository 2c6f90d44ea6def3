package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/recording"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/screen"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/vault"
)

// Problem is the one shape of errors.
type Problem struct {
	Kind    string `json:"kind" doc:"What kind of error it is: input, denied, not_found, conflict, limit or error." example:"input"`
	Message string `json:"message" doc:"What is wrong, in a sentence."`
	Hint    string `json:"hint,omitempty" doc:"What to do."`
	// Details say where: a part of the request, or a line of a flow.
	Details []Detail `json:"details,omitempty" doc:"Everything that is wrong, with its place."`

	status int
}

// Detail is one thing that is wrong.
type Detail struct {
	Path    string `json:"path,omitempty" doc:"Where: a part of the request such as body.priority, or a place in a flow."`
	Message string `json:"message"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Message }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.status }

// hinted carries the hint of a problem through huma.
type hinted struct{ hint string }

func (h *hinted) Error() string { return h.hint }

func kindOf(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "denied"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return "not_found"
	case http.StatusConflict, http.StatusPreconditionFailed:
		return "conflict"
	case http.StatusTooManyRequests, http.StatusRequestEntityTooLarge, http.StatusRequestTimeout:
		return "limit"
	}
	if status >= http.StatusInternalServerError {
		return "error"
	}
	return "input"
}

// huma makes its errors, such as those of validation, by this function.
func init() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		if message == "cannot read request body" {
			status = http.StatusBadRequest // it is broken, or the client has gone
		}
		p := &Problem{Kind: kindOf(status), Message: message, status: status}
		for _, err := range errs {
			var h *hinted
			var d huma.ErrorDetailer
			switch {
			case errors.As(err, &h):
				p.Hint = h.hint
			case errors.As(err, &d):
				// The value is left out: it may be a password.
				p.Details = append(p.Details, Detail{Path: d.ErrorDetail().Location, Message: d.ErrorDetail().Message})
			case err != nil:
				p.Details = append(p.Details, Detail{Message: err.Error()})
			}
		}
		return p
	}
}

// problem turns what went wrong into an answer. What is nobody's mistake goes
// to the log; its words may hold what only the log should.
func (s *Server) problem(ctx context.Context, err error) error {
	var known *Problem
	var problems flow.Problems
	var refusal *question.Refusal
	message := err.Error()
	status := 0
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &problems):
		p := &Problem{Kind: "input", Message: "the flow is not valid", Hint: "mend what the details say", status: http.StatusUnprocessableEntity}
		for _, x := range problems {
			p.Details = append(p.Details, Detail{Message: x.String()})
		}
		return p
	case errors.Is(err, auth.ErrTooMany):
		status = http.StatusTooManyRequests
	case errors.Is(err, auth.ErrDenied):
		status = http.StatusUnauthorized
	case errors.Is(err, run.ErrNotFound), errors.Is(err, queue.ErrNotFound), errors.Is(err, auth.ErrNotFound), errors.Is(err, queue.ErrNoRobot), errors.Is(err, run.ErrNoFlow), errors.Is(err, artifact.ErrNotFound), errors.Is(err, vault.ErrNotFound), errors.Is(err, element.ErrNotFound), errors.Is(err, recording.ErrNone), errors.Is(err, screen.ErrClosed):
		status = http.StatusNotFound
	case errors.Is(err, orch.ErrTaken), errors.Is(err, run.ErrEnded), errors.Is(err, orch.ErrState), errors.Is(err, queue.ErrRobotLives), errors.Is(err, queue.ErrLeaseLost), errors.Is(err, run.ErrLeaseLost), errors.Is(err, queue.ErrNameTaken), errors.Is(err, element.ErrState), errors.Is(err, recording.ErrBusy), errors.Is(err, screen.ErrTurn), errors.Is(err, screen.ErrPage):
		status = http.StatusConflict
	case errors.Is(err, run.ErrChanged), errors.Is(err, item.ErrChanged), errors.Is(err, element.ErrChanged):
		status = http.StatusPreconditionFailed
	case errors.Is(err, orch.ErrInput), errors.Is(err, queue.ErrJob), errors.Is(err, run.ErrSeveral), errors.Is(err, auth.ErrInput), errors.Is(err, item.ErrInput), errors.Is(err, secret.ErrBad), errors.Is(err, element.ErrInput), errors.Is(err, recording.ErrInput), errors.Is(err, screen.ErrInput), errors.As(err, &refusal):
		status = http.StatusUnprocessableEntity
	case db.Unfit(err):
		return &Problem{Kind: "input", Message: "the request has text or numbers that the database cannot keep", Hint: "leave out zero bytes and bytes that are not UTF-8", status: http.StatusUnprocessableEntity}
	case errors.Is(err, context.Canceled):
		return &Problem{Kind: "error", Message: "the request was given up", status: 499}
	default:
		s.Log.ErrorContext(ctx, "a request failed", "err", err)
		return &Problem{Kind: "error", Message: "the server could not do it", Hint: "its log tells why; try again in a moment", status: http.StatusInternalServerError}
	}
	return &Problem{Kind: kindOf(status), Message: strings.TrimSpace(message), status: status}
}

// writeError answers outside of huma.
func writeError(w http.ResponseWriter, status int, message, hint string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(&Problem{Kind: kindOf(status), Message: message, Hint: hint})
}
