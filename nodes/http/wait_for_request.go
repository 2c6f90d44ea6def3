package httpnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[waitRequestIn, waitRequestOut]{
		Type:   "http.wait_for_request",
		Title:  "Wait for HTTP request",
		Effect: node.Read,
		Doc: "Opens a port on this computer and waits for one HTTP request, such as the redirect at the end of an OAuth 2.0 sign-in. " +
			"Only programs on this computer can reach it unless `host` says otherwise. Requests for another path get the status 404 and are not counted.",
		Examples: []node.Example[waitRequestIn, waitRequestOut]{{
			Title: "The answer of a sign-in", In: waitRequestIn{Host: "127.0.0.1", Port: 8080, Path: "/callback", Timeout: 2 * time.Minute, Answer: "You may close this page."},
			DocOnly: "it waits for somebody to call",
		}},
		Run: waitForRequest,
	})
}

type waitRequestIn struct {
	Port    int           `json:"port" default:"8080" min:"0" max:"65535" doc:"Port to listen on; 0 takes a free one, which is told in the log."`
	Host    string        `json:"host" default:"127.0.0.1" doc:"Address to listen on; 127.0.0.1 is this computer only."`
	Path    string        `json:"path" default:"/callback" doc:"Path that counts."`
	Timeout time.Duration `json:"timeout" default:"2m" min:"0.001" doc:"How long to wait at most; then the node fails."`
	Answer  string        `json:"answer" default:"Done. You may close this page." doc:"Text that whoever called gets to see."`
}

type waitRequestOut struct {
	Method  string         `json:"method" doc:"Method of the request."`
	Path    string         `json:"path" doc:"Path of the request."`
	Query   map[string]any `json:"query" doc:"Values of the query and of a form in the body: text for one value of a name, a list for several."`
	Headers map[string]any `json:"headers" doc:"Headers by their names in lower case."`
	Body    string         `json:"body" doc:"Body of the request as text, 1 MiB at most."`
}

func waitForRequest(ctx context.Context, env *node.Env, in waitRequestIn) (out waitRequestOut, err error) {
	addr := net.JoinHostPort(in.Host, strconv.Itoa(in.Port))
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return out, node.Fail(node.KindNetwork, fmt.Sprintf("the port %s cannot be opened: %v", addr, err), "end the program that uses it, or take another port")
	}
	if in.Port == 0 && env.Log != nil {
		env.Log.Info("waiting for a request", "address", l.Addr().String())
	}
	if env.Progress != nil {
		env.Progress("waiting for a request at http://"+l.Addr().String()+in.Path, 0, 0)
	}
	got := make(chan waitRequestOut, 1)
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, MaxHeaderBytes: 64 << 10, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != in.Path {
			http.NotFound(w, r)
			return
		}
		o := waitRequestOut{Method: r.Method, Path: r.URL.Path, Query: map[string]any{}, Headers: map[string]any{}}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
			return
		}
		o.Body = string(body)
		o.Query = formText(r.URL.Query())
		if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
			if form, err := url.ParseQuery(o.Body); err == nil {
				maps.Copy(o.Query, formText(form))
			}
		}
		for k, v := range r.Header {
			o.Headers[strings.ToLower(k)] = v[0]
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, in.Answer)
		select {
		case got <- o:
		default: // only the first counts
		}
	})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() {
		// The one who called shall get the answer before the port is closed.
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if s.Shutdown(end) != nil {
			_ = s.Close()
		}
	}()
	timer := time.NewTimer(in.Timeout)
	defer timer.Stop()
	select {
	case out = <-got:
		return out, nil
	case err := <-served:
		if !errors.Is(err, http.ErrServerClosed) {
			return out, node.Failf(node.KindNetwork, "listening on %s ended: %v", addr, err)
		}
		return out, ctx.Err()
	case <-timer.C:
		return out, node.Fail(node.KindTimeout, fmt.Sprintf("nobody called %s%s within %s", addr, in.Path, in.Timeout), "look whether the address was given to the service as it is")
	case <-ctx.Done():
		return out, ctx.Err()
	}
}
