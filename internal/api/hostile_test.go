package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/vault"
)

// schemaDoc is as much of a JSON schema as it takes to make a value.
type schemaDoc struct {
	Ref        string               `json:"$ref"`
	Type       any                  `json:"type"`
	Format     string               `json:"format"`
	Enum       []any                `json:"enum"`
	Minimum    *float64             `json:"minimum"`
	MinLength  int                  `json:"minLength"`
	Properties map[string]schemaDoc `json:"properties"`
	Items      *schemaDoc           `json:"items"`
	Additional any                  `json:"additionalProperties"`
}

// operation is an operation of the document.
type operation struct {
	ID     string     `json:"operationId"`
	Right  auth.Right `json:"x-aether-right"`
	Params []struct {
		Name, In string
		Schema   schemaDoc
	} `json:"parameters"`
	Body *struct {
		Content map[string]struct{ Schema schemaDoc }
	} `json:"requestBody"`
	method, path string
}

// prober sends requests straight to the handler, each from another address, so
// that none is refused for there being too many.
type prober struct {
	*site
	handler http.Handler
	ops     []operation
	schemas map[string]schemaDoc
	from    int
	good    map[string]string // values of parameters that lead to something
	machine string
	lease   orch.Lease
	outside string // content of a file that no answer may hold
	before  []string
}

func probe(s *site) *prober {
	s.Helper()
	p := &prober{site: s, handler: s.srv.Handler(), machine: "machine-1", outside: "canary-of-a-file-outside"}
	if err := os.WriteFile(filepath.Join(s.dir, "canary.txt"), []byte(p.outside), 0o600); err != nil {
		s.Fatal(err)
	}
	_, b, _ := s.ask("", "GET", "/api/v1/openapi.json", nil)
	var doc struct {
		Paths      map[string]map[string]operation
		Components struct{ Schemas map[string]schemaDoc }
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		s.Fatal(err)
	}
	p.schemas = doc.Components.Schemas
	for path, methods := range doc.Paths {
		for method, o := range methods {
			if o.method, o.path = strings.ToUpper(method), path; o.ID != "logout" { // it would end the token
				p.ops = append(p.ops, o)
			}
		}
	}
	slices.SortFunc(p.ops, func(a, b operation) int { return strings.Compare(a.ID, b.ID) })
	if len(p.ops) < 50 {
		s.Fatalf("the document has %d operations", len(p.ops))
	}
	digest := s.push()
	s.want(204, auth.Developer, "PUT", "/queues/bills", map[string]any{}, nil)
	s.want(200, auth.Operator, "POST", "/queues/bills/items", map[string]any{"items": []any{map[string]any{"reference": "a"}}}, nil)
	s.want(204, auth.Admin, "PUT", "/accounts/ada", map[string]any{"role": "viewer", "password": "a long password"}, nil)
	if _, err := s.srv.Store.Set(s.Context(), "BANK", vault.New("canary-of-a-secret"), nil); err != nil {
		s.Fatal(err)
	}
	var out orch.Submitted
	s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}, "job": map[string]any{"needs": "nothing_has_it"}}, &out)
	p.good = map[string]string{
		"/flows": "greet", "/queues": "bills", "/accounts": "ada", "/robots": "r1", "/secrets": "BANK", "/items": "1", "/tokens": "none",
		"/runs": out.Run, "/jobs": strconv.FormatInt(out.Job, 10), "version": "draft", "digest": digest,
	}
	s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "Bob"}}, &out)
	s.want(200, auth.Operator, "POST", "/runs/"+out.Run+"/cancel", nil, nil)
	p.good["ended"] = out.Run
	p.take()
	p.before = p.files()
	return p
}

// take makes the robot have a job whose run it has begun.
func (p *prober) take() {
	p.Helper()
	ctx := p.Context()
	if _, err := p.queue.Held(ctx, p.lease.Job, p.lease.Fence); err == nil {
		return
	}
	who, err := p.srv.Auth.Authenticate(ctx, p.tokens[auth.Worker])
	if err != nil {
		p.Fatal(err)
	}
	r, c := orch.Remote{Orch: p.srv.Orch}, orch.Caller{Token: who.Token, Machine: p.machine}
	b, err := p.srv.Orch.Published(ctx, "greet", "")
	if err != nil {
		p.Fatal(err)
	}
	if _, err := p.srv.Orch.Submit(ctx, b, "", map[string]any{"who": "Ada"}, queue.Job{Priority: 20}); err != nil {
		p.Fatal(err)
	}
	name := "robot-" + strconv.Itoa(p.from)
	if err := r.Register(ctx, c, queue.Robot{Name: name, Slots: 1}); err != nil {
		p.Fatal(err)
	}
	g, err := r.Claim(ctx, c, name, nil, time.Minute)
	if err != nil || g == nil {
		p.Fatalf("claim: %v %v", g, err)
	}
	p.lease = g.Lease
	if _, err := r.Begin(ctx, c, p.lease, false); err != nil {
		p.Fatal(err)
	}
}

// files lists the data folder, without what is kept by content.
func (p *prober) files() (out []string) {
	p.Helper()
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if rel, _ := filepath.Rel(p.dir, path); !d.IsDir() && !strings.HasPrefix(rel, "artifacts") {
			out = append(out, rel)
		}
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
	return out
}

// sink takes an answer. A stream ends with its first part.
type sink struct {
	h     http.Header
	code  int
	b     bytes.Buffer
	leave context.CancelFunc
}

func (w *sink) Header() http.Header { return w.h }
func (w *sink) WriteHeader(c int) {
	if w.code == 0 {
		w.code = c
	}
}

func (w *sink) Write(b []byte) (int, error) {
	w.WriteHeader(200)
	return w.b.Write(b)
}
func (w *sink) Flush() { w.leave() }

// shot is a request that may be anything.
type shot struct {
	method, target string
	headers        map[string]string
	body           string
	role           auth.Role
}

// fire sends a request and judges the answer. It returns the status, 0 for a
// request that no client could send.
func (p *prober) fire(x shot) int {
	p.Helper()
	ctx, leave := context.WithCancel(p.Context())
	defer leave()
	// Nobody waits longer; it takes nothing from the judgement.
	defer time.AfterFunc(2*time.Second, leave).Stop()
	req, err := http.NewRequestWithContext(ctx, x.method, "http://test"+x.target, strings.NewReader(x.body))
	if err != nil {
		return 0
	}
	if x.body == "" {
		req.Body = http.NoBody
	}
	if p.from++; x.role != "" {
		req.Header.Set("Authorization", "Bearer "+p.tokens[x.role])
	}
	req.RemoteAddr = fmt.Sprintf("127.%d.%d.%d:4242", p.from>>16&255, p.from>>8&255, p.from&255)
	for k, v := range x.headers {
		req.Header.Set(k, v)
	}
	w := &sink{h: http.Header{}, leave: leave}
	p.handler.ServeHTTP(w, req)
	if w.code == 0 {
		w.code = 200
	}
	p.judge(x, w)
	return w.code
}

func (p *prober) judge(x shot, w *sink) {
	p.Helper()
	text := w.b.String()
	wrong := func(what string) {
		p.Helper()
		log := p.log.String()
		p.Errorf("%s: %s %.300q %.300q %.500q as %s: %d %v %.500q\n%s", what, x.method, x.target, x.headers, x.body, x.role, w.code, w.h, text, log[max(0, len(log)-1500):])
	}
	kind := w.h.Get("Content-Type")
	switch {
	case w.code == http.StatusTooManyRequests && strings.Contains(text, "too many requests from"):
		wrong("it was not looked at")
	case w.code >= 500:
		wrong("the server failed")
	case w.code >= 300 && w.code < 400:
		// A path with empty parts or dots is led to the one that it means, here.
		if to := w.h.Get("Location"); w.code != http.StatusTemporaryRedirect || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`) {
			wrong("it sends the client elsewhere")
		}
	case w.code >= 400:
		var e api.Problem
		dec := json.NewDecoder(strings.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&e); err != nil || e.Kind == "" || e.Message == "" || kind != "application/json" {
			wrong("an error of another shape")
		}
	case w.code == http.StatusNoContent || x.method == http.MethodHead:
		if text != "" && w.code == http.StatusNoContent {
			wrong("an answer without content has some")
		}
	case kind == "application/json" || kind == "application/openapi+json":
		if !json.Valid([]byte(text)) {
			wrong("an answer that is no JSON")
		}
	case kind == "" && text == "ok\n": // a server adds the type
	case strings.HasPrefix(kind, "text/html") && strings.HasPrefix(w.h.Get("Content-Security-Policy"), "sandbox"): // it is of no origin
	case kind != "text/event-stream" && kind != "application/octet-stream" && kind != "application/openapi+yaml" && !strings.HasPrefix(kind, "text/plain"):
		wrong("an answer of another type")
	}
	if w.h.Get("X-Content-Type-Options") != "nosniff" {
		wrong("a browser may guess the type")
	}
	for _, c := range []string{p.outside, "root:x:0:", "canary-of-a-secret"} {
		if strings.Contains(text, c) {
			wrong("it shows what it must not")
		}
	}
}

// over judges what is left behind.
func (p *prober) over() {
	p.Helper()
	if now := p.files(); !slices.Equal(now, p.before) {
		p.Errorf("files were made or went: %v, before %v", now, p.before)
	}
	if log := p.log.String(); strings.Contains(log, "panic=") || strings.Contains(log, "canary-of-a-secret") {
		p.Errorf("the log has a panic or a secret: %.3000s", log)
	}
	for _, path := range []string{"/flows", "/runs", "/jobs", "/queues", "/robots", "/secrets", "/accounts", "/audit"} {
		p.want(200, auth.Admin, "GET", path, nil, nil)
	}
}

// raw is a piece of JSON, or of what pretends to be JSON.
type raw string

func text(s string) raw {
	b, _ := json.Marshal(s)
	return raw(b)
}

func render(v any) string {
	switch x := v.(type) {
	case raw:
		return string(x)
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			parts = append(parts, string(text(k))+":"+render(x[k]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, e := range x {
			parts = append(parts, render(e))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return "null"
}

// sample makes a value that a schema allows, with all there may be in it.
func (p *prober) sample(s schemaDoc, depth int) any {
	for s.Ref != "" {
		s = p.schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	kind, _ := s.Type.(string)
	if list, ok := s.Type.([]any); ok && len(list) > 0 {
		kind, _ = list[0].(string)
	}
	switch {
	case len(s.Enum) > 0:
		b, _ := json.Marshal(s.Enum[0])
		return raw(b)
	case kind == "object":
		out := map[string]any{}
		for name, prop := range s.Properties {
			if depth < 5 && name != "$schema" {
				out[name] = p.sample(prop, depth+1)
			}
		}
		if len(s.Properties) == 0 && s.Additional != false {
			out["x"] = text("y")
		}
		return out
	case kind == "array" && s.Items != nil:
		return []any{p.sample(*s.Items, depth+1)}
	case kind == "integer", kind == "number":
		if s.Minimum != nil {
			return raw(strconv.FormatFloat(*s.Minimum, 'f', -1, 64))
		}
		return raw("1")
	case kind == "boolean":
		return raw("false")
	case s.Format == "date-time":
		return raw(`"2026-01-02T03:04:05Z"`)
	case kind == "string":
		return text(strings.Repeat("a", max(1, s.MinLength)))
	}
	return map[string]any{"x": raw("1")}
}

// aim makes a request for an operation that leads as far as it can.
func (p *prober) aim(o operation) (x shot, path, query map[string]string, body any) {
	p.Helper()
	if x = (shot{method: o.method, role: auth.Admin, headers: map[string]string{}}); o.Right == auth.Work {
		x.role = auth.Worker
		p.take()
	}
	path, query = map[string]string{}, map[string]string{}
	rest := strings.TrimPrefix(o.path, api.Prefix)
	for _, a := range o.Params {
		switch {
		case a.In == "path" && p.good[a.Name] != "":
			path[a.Name] = p.good[a.Name]
		case a.In == "path" && strings.HasPrefix(rest, "/robot/jobs"):
			path[a.Name] = strconv.FormatInt(p.lease.Job, 10)
		case a.In == "path":
			path[a.Name] = p.good["/"+strings.Split(rest, "/")[1]]
			if o.ID == "retry-run" {
				path[a.Name] = p.good["ended"]
			}
		case a.In == "query" && a.Name == "fence":
			query[a.Name] = strconv.FormatInt(p.lease.Fence, 10)
		case a.In == "header" && a.Name == "Aether-Machine":
			x.headers[a.Name] = p.machine
		}
	}
	if o.Body != nil {
		x.headers["Content-Type"] = "application/json"
		body = p.sample(o.Body.Content["application/json"].Schema, 0)
		if m, ok := body.(map[string]any); ok && m["machine"] != nil {
			m["machine"] = text(p.machine)
		}
	}
	return x, path, query, body
}

// hostile calls fn on a new site, and what is left is judged.
func hostile(t *testing.T, fn func(p *prober)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		if testing.Short() && strings.HasSuffix(t.Name(), "/postgres") {
			t.Skip("requests are taken apart before a database sees them: one is enough for the race detector")
		}
		p := probe(open(t, target))
		fn(p)
		p.over()
	})
}
