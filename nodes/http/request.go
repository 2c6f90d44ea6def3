package httpnode

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[requestIn, requestOut]{
		Type:     "http.request",
		Title:    "Send HTTP request",
		Doc:      "Sends an HTTP request and returns the answer. A status outside expect fails the step, with the status as the error's code and the answer in its details. GET, HEAD and OPTIONS may be repeated freely and PUT and DELETE give the same result when repeated; a POST or PATCH is never repeated silently unless idempotency is set. The answer is held in memory; use `http.download` for files. Cookies and answers become part of the run's record.",
		Effect:   node.Once,
		EffectOf: func(in requestIn) node.Effect { return effectOf(in.Method, in.Idempotency) },
		Examples: []node.Example[requestIn, requestOut]{{
			Title: "Get a list",
			In:    requestIn{URL: "http://api.example.com/orders", options: options{Query: map[string]any{"state": "open", "limit": 2}, Auth: auth{Kind: "bearer", Token: vault.New("token")}}},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"path": %q, "auth": %t}`, r.URL.RequestURI(), r.Header.Get("Authorization") == "Bearer token")
			}),
			Check: answer(200, map[string]any{"path": "/orders?limit=2&state=open", "auth": true}),
		}, {
			Title: "Create an order safely: the service sees the same key if the step is repeated",
			In:    requestIn{Method: "POST", URL: "http://api.example.com/orders", bodyParams: bodyParams{Body: map[string]any{"item": "tea"}}, Idempotency: true},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, r.Header.Get("Idempotency-Key"))
			}),
			Check: answer(201, "test-token"),
		}},
		Check: func(in requestIn) error { return in.check() },
		Run:   request,
	})
}

func answer(status int, body any) func(requestOut) error {
	return func(o requestOut) error {
		if o.Status != status || !value.Equal(o.Body, body) {
			return fmt.Errorf("got %d %v", o.Status, o.Body)
		}
		return nil
	}
}

func effectOf(method string, idempotency bool) node.Effect {
	switch {
	case isSafe(method):
		return node.Read
	case method == http.MethodPut, method == http.MethodDelete, idempotency:
		return node.Idempotent
	}
	return node.Once
}

type requestIn struct {
	URL    string `json:"url" is:"required" doc:"Address, with https:// or http://."`
	Method string `json:"method" default:"GET" enum:"GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS" doc:"What to do."`
	bodyParams
	options
	Idempotency bool   `json:"idempotency" doc:"Send an Idempotency-Key that stays the same when the step is repeated. Set it only if the service honours the key: the step may then be repeated."`
	Parse       string `json:"parse" default:"auto" enum:"auto,json,text,base64,none" group:"Answer" doc:"How to read the answer: auto goes by its content type (JSON, text, else base64)."`
	MaxSize     int    `json:"max_size" default:"67108864" min:"1" group:"Answer" is:"advanced" doc:"Largest answer in bytes, after unpacking."`
}

func (in requestIn) check() error {
	if _, err := parseStatuses(in.Expect); err != nil {
		return err
	}
	if err := in.Auth.check(); err != nil {
		return err
	}
	return in.bodyParams.check()
}

type requestOut struct {
	Status    int               `json:"status" doc:"Status, such as 200."`
	OK        bool              `json:"ok" doc:"Whether the status is 2xx."`
	Body      any               `json:"body" doc:"The answer."`
	Headers   map[string]string `json:"headers" doc:"Headers of the answer, names in lower case; several of a name are joined by commas."`
	URL       string            `json:"url" doc:"Address that answered, after redirects."`
	Cookies   []any             `json:"cookies" doc:"All cookies after the answer, to be given to the next request."`
	Size      int               `json:"size" doc:"Size of the answer in bytes."`
	Tries     int               `json:"tries" doc:"How many tries it took."`
	ElapsedMS int               `json:"elapsed_ms" doc:"How long the last try took, in milliseconds."`
}

func request(ctx context.Context, env *node.Env, in requestIn) (requestOut, error) {
	if err := in.check(); err != nil {
		return requestOut{}, err
	}
	c, err := newCall(ctx, env, in.options, in.Method, in.URL)
	if err != nil {
		return requestOut{}, err
	}
	defer c.done()
	c.token = in.Idempotency
	c.repeat = effectOf(in.Method, in.Idempotency) != node.Once
	c.maxBody = int64(in.MaxSize)
	if c.body, err = in.payload(ctx, env); err != nil {
		return requestOut{}, err
	}
	res, err := c.do(ctx)
	if err != nil {
		return requestOut{}, err
	}
	return c.output(res, in.Parse)
}

// output is what a node shows of an answer.
func (c *call) output(res *response, parse string) (requestOut, error) {
	body, err := res.parse(parse)
	if err != nil {
		return requestOut{}, c.tell(err)
	}
	return requestOut{
		Status: res.status, OK: res.status/100 == 2, Body: body, Headers: res.headers(), URL: c.mask(public(res.Request)),
		Cookies: c.cookies.value(), Size: len(res.body), Tries: res.tries, ElapsedMS: int(res.took.Milliseconds()),
	}, nil
}

// public is the address of a request without user and password.
func public(req *http.Request) string {
	u := *req.URL
	u.User = nil
	return strings.TrimSuffix(u.String(), "?")
}
