package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/workspace"
)

// Kinds of failures. Flows can tell them apart (error.kind) and retry by them.
const (
	KindInput       = "input"       // a param or the data given is wrong
	KindNotFound    = "not_found"   // a file, page, record is not there
	KindTimeout     = "timeout"     // it took too long
	KindDenied      = "denied"      // not allowed: rights, egress policy, folders
	KindNetwork     = "network"     // the other side could not be reached
	KindHTTP        = "http"        // the other side answered with an error
	KindBusiness    = "business"    // the flow itself says so: flow.fail
	KindAssert      = "assert"      // flow.assert did not hold
	KindInterrupted = "interrupted" // a crash cut a once node short
	KindElement     = "element"     // an element of a page could not be used as asked
	KindSession     = "session"     // the browser's session is gone and could not be built again
	KindCancelled   = "cancelled"   // somebody cancelled the run, or a sibling failed
	KindPanic       = "panic"       // a defect in Aether
	KindError       = "error"       // anything else
)

// Failure is an error as data: it is recorded, compared after a crash, shown to
// a person, and seen by expressions as `error`.
type Failure struct {
	Node    string `json:"node,omitempty"`    // id of the node that failed
	Path    string `json:"path,omitempty"`    // its execution: scope and iterations, as in each[2]/fetch
	Kind    string `json:"kind"`              // one of the kinds above
	Code    string `json:"code,omitempty"`    // given by the flow (flow.fail) or the protocol (an HTTP status)
	Message string `json:"message"`           // what went wrong and why, one sentence
	Hint    string `json:"hint,omitempty"`    // what to do about it
	Details any    `json:"details,omitempty"` // data for the flow, for instance an HTTP response
	// Permanent failures are not retried: trying again cannot help.
	Permanent bool `json:"permanent,omitempty"`
}

// Error implements error: where, what, and what to do.
func (f *Failure) Error() string {
	s := f.Message
	if at := f.Where(); at != "" {
		s = at + ": " + s
	}
	if f.Hint != "" {
		s += " (" + f.Hint + ")"
	}
	return s
}

// Where returns the path of the execution, or the node's id.
func (f *Failure) Where() string {
	if f.Path != "" {
		return f.Path
	}
	return f.Node
}

// Value returns the failure as a canonical map, as expressions see it.
func (f *Failure) Value() map[string]any {
	return map[string]any{
		"node": f.Node, "path": f.Path, "kind": f.Kind, "code": f.Code,
		"message": f.Message, "hint": f.Hint, "details": f.Details,
		"business": f.Kind == KindBusiness,
	}
}

// Fail returns a failure of a kind; hint may be empty.
func Fail(kind, message, hint string) *Failure {
	return &Failure{Kind: kind, Message: message, Hint: hint, Permanent: kind == KindInput || kind == KindDenied || kind == KindBusiness}
}

// Failf returns a failure without a hint, formatted.
func Failf(kind, format string, args ...any) *Failure {
	return Fail(kind, fmt.Sprintf(format, args...), "")
}

// AsFailure turns any error into a failure: a *Failure is kept, known errors
// of the standard library get their kind.
func AsFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		c := *f
		// What wraps the failure says more of where; the hint stays in its field.
		if msg, inner := err.Error(), f.Error(); msg != inner {
			c.Message = strings.Replace(msg, inner, f.Message, 1)
		}
		return &c
	}
	var outside *workspace.OutsideError
	var bad *expr.Error
	var netErr net.Error
	msg := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		return Fail(KindCancelled, msg, "")
	case errors.Is(err, context.DeadlineExceeded):
		return Fail(KindTimeout, msg, "")
	case errors.As(err, &bad):
		return Fail(KindInput, msg, "")
	case errors.As(err, &outside):
		return Fail(KindDenied, msg, "add the folder to files.roots in aether.yaml if the flow may use it")
	case errors.Is(err, fs.ErrNotExist):
		return Fail(KindNotFound, msg, "")
	case errors.Is(err, fs.ErrPermission):
		return Fail(KindDenied, msg, "")
	case errors.As(err, &netErr) && netErr.Timeout():
		return Fail(KindTimeout, msg, "")
	case errors.As(err, &netErr):
		return Fail(KindNetwork, msg, "")
	}
	return Fail(KindError, msg, "")
}
