package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// served is a program that serves the API.
type served struct {
	*proc
	url, token string
}

var (
	servingRE = regexp.MustCompile(`"url":"([^"]+)"`)
	tokenRE   = regexp.MustCompile(`"token":"(aeth_[A-Za-z0-9_-]+)"`)
)

// serve starts `aether serve` or `aether up` on a free port.
func (h *home) serve(args ...string) *served {
	h.Helper()
	p := h.start(append(args, "--addr", "127.0.0.1:0", "--json")...)
	p.sees(`"event":"serving"`)
	if args[0] == "up" {
		p.sees(`"event":"online"`)
	}
	s := &served{proc: p, url: servingRE.FindStringSubmatch(p.out.String())[1]}
	if m := tokenRE.FindStringSubmatch(p.out.String()); m != nil { // only the first start prints one
		s.token = m[1]
	}
	return s
}

// call sends a request and reads the JSON answer.
func (s *served) call(want int, method, path string, body any) map[string]any {
	s.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, in)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		s.t.Fatalf("%s %s: %d, want %d: %s %v", method, path, res.StatusCode, want, b, err)
	}
	out := map[string]any{}
	if len(b) > 0 && strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(b, &out); err != nil {
			s.t.Fatal(err)
		}
	}
	return out
}

// The whole way: a laptop's `aether up` is killed in the middle of a run that
// came over HTTP, started again, and the run ends with nothing done twice.
func TestUp(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(steps(l, 4))
		h.want(0, "flow", "push", "flow.yaml")
		s := h.serve("up")
		if s.token == "" {
			t.Fatalf("no first token:\n%s", s.out)
		}
		l.holding("s3")
		run := s.call(201, "POST", "/api/v1/runs", map[string]any{"flow": "test"})["run"].(string)
		arrives(l, "s3", 1)
		s.kill()
		l.release()
		again := h.serve("up")
		if again.token != "" {
			t.Error("a second first token was printed")
		}
		again.token = s.token
		eventually(t, "the run asks", 60*time.Second, func() bool {
			return again.call(200, "GET", "/api/v1/runs/"+run, nil)["status"] == "attention"
		})
		again.call(200, "POST", "/api/v1/runs/"+run+"/answer", map[string]any{"answer": "skip"})
		eventually(t, "the run is done", 60*time.Second, func() bool {
			return again.call(200, "GET", "/api/v1/runs/"+run, nil)["status"] == "done"
		})
		l.want(t, order(4))
		again.signal(os.Interrupt)
		if r := again.wait(30 * time.Second); r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.err)
		}
		if text := s.err.String() + again.err.String() + again.out.String(); strings.Contains(text, s.token) {
			t.Error("the token was printed again")
		}
	})
}

// Several orchestrators share one database, robots are processes of their own,
// and tokens and accounts are managed from the command line.
func TestServe(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		h.flow("inputs: {who: string}\nnodes:\n- {id: say, type: flow.log, params: {message: 'Hello {{ inputs.who }}'}}\n")
		h.want(0, "flow", "push", "flow.yaml")
		token := strings.TrimSpace(h.want(0, "server", "token", "create", "ci", "--role", "operator").out)
		one, two := h.serve("serve"), h.serve("serve")
		one.token, two.token = token, token
		run := one.call(201, "POST", "/api/v1/runs", map[string]any{"flow": "test", "input": map[string]any{"who": "Ada"}})["run"].(string)
		h.robot("r")
		eventually(t, "the run is done", 30*time.Second, func() bool {
			return two.call(200, "GET", "/api/v1/runs/"+run, nil)["status"] == "done"
		})
		one.call(403, "GET", "/api/v1/tokens", nil)
		tokens := decode[[]struct{ ID, Name string }](t, h.want(0, "server", "token", "list", "--json").out)
		for _, x := range tokens {
			if x.Name == "ci" {
				h.want(0, "server", "token", "revoke", x.ID)
			}
		}
		two.call(401, "GET", "/api/v1/runs", nil)
		refused(t, h.want(2, "server", "token", "create", "x", "--role", "root"), "viewer, operator, developer or admin")
		refused(t, h.want(2, "server", "token", "revoke", "nope"), "nope")
		refused(t, h.want(2, "serve", "--addr", "0.0.0.0:0"), "--tls-cert", "--insecure-public")
		refused(t, h.want(2, "serve", "--addr", "nonsense"), "HOST:PORT")

		h.write("flow.yaml", strings.Replace("aether: 1\nname: test\ninputs: {who: string}\nnodes:\n- {id: say, type: flow.log, params: {message: 'Hello {{ inputs.who }}'}}\n", "Hello", "Bye", 1))
		h.want(0, "flow", "promote", "test")
		h.want(0, "flow", "push", "flow.yaml")
		if out := h.want(0, "flow", "diff", "test").out; !strings.Contains(out, "-      message: \"Hello") && !strings.Contains(out, "Bye") {
			t.Errorf("diff says:\n%s", out)
		}
		refused(t, h.want(2, "flow", "promote", "none"), "none")
		refused(t, h.want(2, "flow", "show", "test", "--text", "zzz"), "zzz")
	})
}

// Every list of the API answers, and a secret that comes over HTTP is in the
// store and nowhere else.
func TestServeHasAllParts(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		const value = "canary-over-http"
		h.want(0, "secret", "key", "new")
		token := strings.TrimSpace(h.want(0, "server", "token", "create", "all", "--role", "admin").out)
		s := h.serve("serve")
		s.token = token
		for _, list := range []string{"flows", "runs", "jobs", "queues", "robots", "secrets", "tokens", "accounts", "audit"} {
			s.call(200, "GET", "/api/v1/"+list, nil)
		}
		s.call(204, "PUT", "/api/v1/secrets/CANARY", map[string]any{"value": value})
		if out := h.want(0, "secret", "list").out; !strings.Contains(out, "CANARY") {
			t.Errorf("secret list: %s", out)
		}
		s.call(204, "DELETE", "/api/v1/secrets/CANARY", nil)
		s.signal(os.Interrupt)
		s.wait(30 * time.Second)
		if text := s.err.String() + s.out.String(); strings.Contains(text, value) {
			t.Error("the value was printed")
		}
	})
}
