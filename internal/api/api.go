// Package api is the HTTP door to an orchestrator: flows, runs, jobs, robots
// and access, as REST under /api/v1 with an OpenAPI 3.1 document that is made
// from the Go types. One file holds one resource.
//
// Every operation names the right it needs (package auth); one that names none
// does not register. Handlers decode, call orch, encode: no rule of the product
// lives here.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/lookback"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/recording"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/ui"
	"github.com/aether-rpa/aether/vault"
)

// Server answers HTTP requests. Its fields are set before Handler is called.
type Server struct {
	DB      *db.DB
	Orch    *orch.Orch
	Runs    *run.Store
	Queue   *queue.Queue
	Items   *item.Store
	Auth    *auth.Store
	Log     *slog.Logger
	Version string
	// Metrics writes those of the fleet for Prometheus, or nothing and an error; nil
	// for none.
	Metrics func(http.ResponseWriter, *http.Request) error
	// Trace begins the span of a request: its context, the span as a W3C traceparent,
	// and what is called with the status of the answer. Nil for no spans.
	Trace func(ctx context.Context, method, route, caller string) (context.Context, string, func(status int))
	// Secrets are what robots without a database may read; nil for none.
	Secrets vault.Reader
	// Store is the store of secrets, which people look after.
	Store *secret.Store
	// Watch remembers what the queue was like in the last hour; nil for none.
	Watch *queue.Watch
	// Settings are those in effect, with what is secret masked.
	Settings []Setting
	// DataDir is the folder whose disk people want to know about; empty for none.
	DataDir string
	// Demo is what is offered to who has just begun; nil for nothing.
	Demo *orch.Demo
	// Recordings is where flows are recorded, in browsers of this machine; nil where it opens none.
	Recordings *recording.Room
	// Picks is where elements of pages are picked; nil where no browsers are opened.
	Picks *recording.Picks
	// Past looks for elements on the pages that past runs kept.
	Past func(ctx context.Context, flow, node string, t selector.Target) (*lookback.Past, error)
	// Public says that other machines reach the server.
	Public bool
	// Secure says that people reach the server by HTTPS: cookies then never
	// travel without it.
	Secure bool

	limits limits
	links  limits        // of requests with a link to a question
	grace  time.Duration // bodyGrace if 0
	doc    *huma.OpenAPI
}

// Prefix is where the operations are.
const Prefix = "/api/v1"

// rightKey is where the document of an operation says which right it needs.
const rightKey = "x-aether-right"

// Open is the right of operations that anybody may use, such as signing in.
const Open auth.Right = "open"

// Handler returns the handler of all requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.register(mux)
	s.health(mux)
	mux.Handle("/", ui.Handler(otherwise(mux), cookieName))
	return s.guard(mux)
}

// Document returns the OpenAPI document as JSON.
func (s *Server) Document() ([]byte, error) {
	if s.doc == nil {
		s.register(http.NewServeMux())
	}
	return s.doc.MarshalJSON()
}

func (s *Server) register(mux *http.ServeMux) {
	c := huma.DefaultConfig("Aether", s.Version)
	c.Info.Description = "Flows, runs, jobs and robots of an orchestrator. Sign in with POST " + Prefix + "/login, or send a token as Authorization: Bearer."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = Prefix+"/openapi", "", ""
	c.CreateHooks = nil // no $schema in answers
	c.RejectUnknownQueryParameters = true
	c.Formats = formats()
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":  {Type: "http", Scheme: "bearer", Description: "A token made with `aether server token create`, or by signing in."},
		"cookie": {Type: "apiKey", In: "cookie", Name: cookieName},
	}
	// They are numbers in Go and text everywhere else.
	c.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[queue.State](), reflect.TypeFor[string]())
	c.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[item.Span](), reflect.TypeFor[string]())
	a := humago.New(mux, c)
	s.flows(a)
	s.nodes(a)
	s.checks(a)
	s.tries(a)
	s.runs(a)
	s.debugs(a)
	s.hands(a)
	s.questions(a)
	s.events(a)
	s.live(a)
	s.look(a)
	s.jobs(a)
	s.items(a)
	s.heals(a)
	s.demo(a)
	s.recording(a)
	s.picks(a)
	s.robots(a)
	s.secrets(a)
	s.access(a)
	s.stats(a)
	s.system(a)
	s.remote(a)
	s.doc = a.OpenAPI()
}

// op describes an operation.
type op struct {
	right   auth.Right
	method  string
	path    string // below Prefix
	id      string
	summary string
	tag     string
	status  int
	body    int64 // most bytes of the request's body; 1 MiB if 0
	errors  []int
	often   bool // so much a part of normal work that the audit log need not have it
}

type principalKey struct{}

// who returns who asks.
func who(ctx context.Context) *auth.Principal {
	p, _ := ctx.Value(principalKey{}).(*auth.Principal)
	return p
}

type stillKey struct{}

// mayStill returns a function that says whether who asked may still do so: an
// answer may take longer than that.
func mayStill(ctx context.Context) func(context.Context) bool {
	f, _ := ctx.Value(stillKey{}).(func(context.Context) bool)
	if f == nil {
		return func(context.Context) bool { return false }
	}
	return f
}

// handle registers an operation: the check of its right, its line in the audit
// log if it changes something, and its handler.
func handle[I, O any](s *Server, a huma.API, o op, fn func(context.Context, *I) (*O, error)) {
	if _, known := auth.Rights[o.right]; !known && o.right != Open {
		panic(fmt.Sprintf("the operation %s names no right", o.id))
	}
	d := huma.Operation{
		OperationID: o.id, Method: o.method, Path: Prefix + o.path, Summary: o.summary, Tags: []string{o.tag}, DefaultStatus: o.status, MaxBodyBytes: o.body,
		Errors:     append([]int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError}, o.errors...),
		Extensions: map[string]any{rightKey: string(o.right)},
		// The end of huma's time for the body would end the whole request, and an
		// answer may take longer; see paced.
		BodyReadTimeout: -1,
		Middlewares:     huma.Middlewares{s.traced(o)},
	}
	if o.right != Open {
		d.Errors = append(d.Errors, http.StatusUnauthorized, http.StatusForbidden)
		d.Security = []map[string][]string{{"token": {}}, {"cookie": {}}}
		d.Middlewares = append(d.Middlewares, s.authorize(a, o))
	}
	huma.Register(a, d, func(ctx context.Context, in *I) (*O, error) {
		if err := checkText(in, o.right); err != nil {
			return nil, err
		}
		if p := who(ctx); p != nil {
			ctx = run.Requested(ctx, run.Request{By: p.Name})
		}
		out, err := fn(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		if p := who(ctx); o.method != http.MethodGet && p != nil && !o.often {
			about, detail := object(in), ""
			if n, ok := any(in).(noted); ok {
				about, detail = n.note()
			}
			if err := s.Auth.Note(ctx, p.Name, o.id, about, detail); err != nil {
				s.Log.Error("writing the audit log", "err", err)
			}
		}
		return out, nil
	})
}

// noted is a request that says itself what the audit log has of it; no secret and no value of others may be in that.
type noted interface{ note() (about, detail string) }

// object names what a request is about, by its path parameters.
func object(in any) string {
	v := reflect.Indirect(reflect.ValueOf(in))
	var out []string
	for _, f := range reflect.VisibleFields(v.Type()) {
		if f.Tag.Get("path") != "" {
			out = append(out, fmt.Sprint(v.FieldByIndex(f.Index).Interface()))
		}
	}
	return strings.Join(out, "/")
}

// cookieName holds the token of people who signed in with a browser.
const cookieName = "aether_session"

// authorize lets only those pass who have the operation's right.
func (s *Server) authorize(a huma.API, o op) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		secret, ok := strings.CutPrefix(ctx.Header("Authorization"), "Bearer ")
		if !ok {
			if c, err := huma.ReadCookie(ctx, cookieName); err == nil {
				secret = c.Value
				// A browser sends the cookie whoever made it ask.
				if o.method != http.MethodGet && !sameOrigin(ctx) {
					s.refuse(a, ctx, http.StatusForbidden, "the request comes from another site", "send it from the pages of this server, or with a token")
					return
				}
			}
		}
		if secret == "" {
			s.refuse(a, ctx, http.StatusUnauthorized, "nobody is signed in", "send a token as Authorization: Bearer, or sign in with POST "+Prefix+"/login")
			return
		}
		p, err := s.Auth.Authenticate(ctx.Context(), secret)
		switch {
		case errors.Is(err, auth.ErrDenied):
			s.refuse(a, ctx, http.StatusUnauthorized, err.Error(), "make a new token with `aether server token create`, or sign in again")
			return
		case err != nil:
			s.Log.Error("checking a token", "err", err)
			s.refuse(a, ctx, http.StatusServiceUnavailable, "the token could not be checked", "try again in a moment")
			return
		case !p.Role.May(o.right):
			s.refuse(a, ctx, http.StatusForbidden, fmt.Sprintf("%s is %s, and %s needs %s", p.Name, p.Role, o.right, auth.Rights[o.right]), "ask an admin for a token or an account with that role")
			return
		}
		ctx = huma.WithValue(ctx, principalKey{}, p)
		next(huma.WithValue(ctx, stillKey{}, func(ctx context.Context) bool {
			p, err := s.Auth.Authenticate(ctx, secret)
			return err == nil && p.Role.May(o.right)
		}))
	}
}

func (s *Server) refuse(a huma.API, ctx huma.Context, status int, message, hint string) {
	if status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", "Bearer")
	}
	_ = huma.WriteErr(a, ctx, status, message, &hinted{hint})
}

// sameOrigin reports whether a browser sent a request from a page of this
// server; programs send no Origin.
func sameOrigin(ctx huma.Context) bool {
	switch ctx.Header("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	origin := ctx.Header("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == ctx.Host()
}

// guard is what holds for every request: bounds, headers, and no panic.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // this is how net/http compares it
					panic(v)
				}
				s.Log.Error("a request failed", "path", r.URL.Path, "panic", fmt.Sprint(v))
				writeError(w, http.StatusInternalServerError, "the server failed to answer", "its log tells why")
			}
		}()
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		if !s.limits.may(host, time.Now()) {
			h.Set("Retry-After", "1")
			writeError(w, http.StatusTooManyRequests, "too many requests from "+host, "wait a second and send fewer")
			return
		}
		if strings.HasPrefix(r.URL.Path, Prefix+linkPath) && !s.links.within(host, time.Now(), linkRate, linkBurst) {
			h.Set("Retry-After", "5")
			writeError(w, http.StatusTooManyRequests, "too many requests with links from "+host, "wait a few seconds")
			return
		}
		if !clean(r) {
			nothing(w, r)
			return
		}
		s.paced(w, r)
		next.ServeHTTP(w, r)
	})
}
