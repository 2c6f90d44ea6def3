package httpnode

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[waitIn, waitOut]{
		Type:   "http.wait_until",
		Title:  "Wait for web service",
		Doc:    "Asks an address again and again until a condition holds: until a job is done, a service is up. Any status is handed to the condition; a service that cannot be reached counts as not yet. If Aether restarts, the wait begins anew; for waits of hours put a request and a durable pause into a loop.",
		Effect: node.Read,
		Examples: []node.Example[waitIn, waitOut]{{
			Title: "Wait until a job is done",
			In:    waitIn{URL: "http://api.example.com/jobs/7", Until: node.Expr(`{{ status == 200 && body.state == "done" }}`), Interval: time.Millisecond},
			Serve: jobDoneAfter(3),
			Check: func(o waitOut) error {
				if !o.Reached || o.Polls != 3 || o.Status != 200 {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}, {
			Title: "Go on when the time is up",
			In:    waitIn{URL: "http://api.example.com/jobs/7", Until: node.Expr(`{{ body.state == "done" }}`), Interval: time.Millisecond, MaxWait: 200 * time.Millisecond, OnTimeout: "continue"},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `{"state": "running"}`)
			}),
			Check: func(o waitOut) error {
				if o.Reached || o.Polls < 1 {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Check: func(in waitIn) error { return in.Auth.check() },
		Run:   waitUntil,
	})
}

// jobDoneAfter answers done at every n-th request.
func jobDoneAfter(n int32) http.Handler {
	var polls atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		state := "running"
		if polls.Add(1)%n == 0 {
			state = "done"
		}
		fmt.Fprintf(w, `{"state": %q}`, state)
	})
}

type waitIn struct {
	URL       string        `json:"url" is:"required" doc:"Address to ask, by GET."`
	Until     node.Lazy     `json:"until" is:"required" locals:"status,body,headers" doc:"Condition to wait for; it sees status, body (JSON as a value, else text) and headers (names in lower case)."`
	Interval  time.Duration `json:"interval" default:"5s" min:"1ms" doc:"Pause between two requests. A Retry-After of the service is obeyed if it is longer."`
	MaxWait   time.Duration `json:"max_wait" default:"5m" doc:"How long to wait in all; 0 means until the step's own limit."`
	OnTimeout string        `json:"on_timeout" default:"fail" enum:"fail,continue" doc:"What to do when the time is up."`
	options
}

type waitOut struct {
	Reached bool              `json:"reached" doc:"False if the time was up first."`
	Status  int               `json:"status" doc:"Status of the last answer; 0 if there was none."`
	Body    any               `json:"body" doc:"The last answer."`
	Headers map[string]string `json:"headers" doc:"Headers of the last answer."`
	Polls   int               `json:"polls" doc:"How many requests were sent."`
}

func waitUntil(ctx context.Context, env *node.Env, in waitIn) (waitOut, error) {
	c, err := newCall(ctx, env, in.options, http.MethodGet, in.URL)
	if err != nil {
		return waitOut{}, err
	}
	defer c.done()
	if len(in.Expect) == 0 {
		c.expect = statuses{{0, 999}}
	}
	none := 0
	c.opt.Retries = &none // asking again is what this node does anyway
	whole := ctx
	if in.MaxWait > 0 {
		var cancel context.CancelFunc
		whole, cancel = context.WithTimeout(ctx, in.MaxWait)
		defer cancel()
	}
	var out waitOut
	var last error
	for {
		pause := max(in.Interval, time.Millisecond)
		res, err := c.do(whole)
		var f *node.Failure
		switch {
		case ctx.Err() != nil:
			return waitOut{}, ctx.Err()
		case whole.Err() != nil:
			return in.timeUp(c, out, last)
		case err == nil:
			if out, err = in.look(ctx, res, out.Polls+1); err != nil || out.Reached {
				return out, err
			}
			last = nil
			if d, ok := retryAfter(res.Header.Get("Retry-After"), env.Now()); ok {
				pause = max(pause, d)
			}
		case errors.As(err, &f) && (f.Kind == node.KindNetwork && !f.Permanent || f.Kind == node.KindTimeout):
			out.Polls++
			last = err
		default:
			return waitOut{}, err
		}
		env.Progress("waiting for the service", out.Polls, 0)
		if wait(whole, pause) != nil {
			if ctx.Err() != nil {
				return waitOut{}, ctx.Err()
			}
			return in.timeUp(c, out, last)
		}
	}
}

// look judges one answer.
func (in waitIn) look(ctx context.Context, res *response, polls int) (waitOut, error) {
	out := waitOut{Status: res.status, Headers: res.headers(), Polls: polls}
	var err error
	if out.Body, err = res.parse("auto"); err != nil {
		return out, err
	}
	headers := make(map[string]any, len(out.Headers))
	for k, v := range out.Headers {
		headers[k] = v
	}
	out.Reached, err = in.Until.True(ctx, map[string]any{"status": out.Status, "body": out.Body, "headers": headers})
	return out, err
}

func (in waitIn) timeUp(c *call, out waitOut, last error) (waitOut, error) {
	if in.OnTimeout == "continue" {
		return out, nil
	}
	msg := fmt.Sprintf("%s: the condition did not hold within %s (%d requests, last status %d)", c.what, in.MaxWait, out.Polls, out.Status)
	if last != nil {
		msg = fmt.Sprintf("%s: the service could not be reached within %s: %v", c.what, in.MaxWait, last)
	}
	return waitOut{}, node.Fail(node.KindTimeout, msg, "raise max_wait, or set on_timeout to continue")
}
