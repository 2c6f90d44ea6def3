package hashicorp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/vault"
	"github.com/aether-rpa/aether/vault/hashicorp"
)

// server answers as the API of Vault is documented.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	kv2, kv1 map[string]map[string]any // by path
	tokens   map[string]bool           // valid ones
	role     [2]string
	next     int // number of the next token of the role
	lease    int
	state    int // what sys/health says
	fail     []int
	calls    []string
	renewed  chan struct{}
}

func newServer(t *testing.T) *server {
	s := &server{tokens: map[string]bool{"root-token": true}, kv2: map[string]map[string]any{}, kv1: map[string]map[string]any{}, state: 200, lease: 3600, renewed: make(chan struct{}, 10)}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	answer := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	no := func(status int, errs ...string) {
		answer(status, map[string]any{"errors": append([]string{}, errs...)})
	}
	if r.Header.Get("X-Vault-Request") != "true" {
		no(400, "missing header")
		return
	}
	if len(s.fail) > 0 {
		status := s.fail[0]
		s.fail = s.fail[1:]
		if status == 307 {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			w.WriteHeader(status)
			return
		}
		no(status, "internal error")
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	if path == "sys/health" {
		answer(s.state, map[string]any{"sealed": s.state == 503})
		return
	}
	if s.state == 503 {
		no(503, "Vault is sealed")
		return
	}
	if path == "auth/approle/login" {
		var in struct {
			Role   string `json:"role_id"`
			Secret string `json:"secret_id"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || [2]string{in.Role, in.Secret} != s.role {
			no(400, "invalid role or secret ID")
			return
		}
		s.next++
		token := fmt.Sprint("role-token-", s.next)
		s.tokens[token] = true
		answer(200, map[string]any{"auth": map[string]any{"client_token": token, "lease_duration": s.lease, "renewable": true}})
		return
	}
	if !s.tokens[r.Header.Get("X-Vault-Token")] {
		no(403, "permission denied")
		return
	}
	switch {
	case path == "auth/token/lookup-self":
		answer(200, map[string]any{"data": map[string]any{"ttl": s.lease, "renewable": s.lease > 0, "id": "root-token"}})
	case path == "auth/token/renew-self" && r.Method == http.MethodPost:
		answer(200, map[string]any{"auth": map[string]any{"client_token": "root-token", "lease_duration": s.lease, "renewable": true}})
		s.renewed <- struct{}{}
	case strings.HasPrefix(path, "secret/data/denied"):
		no(403, "1 error occurred:\n\t* permission denied\n\n")
	case strings.HasPrefix(path, "secret/data/"):
		if f, ok := s.kv2[strings.TrimPrefix(path, "secret/data/")]; ok {
			answer(200, map[string]any{"data": map[string]any{"data": f, "metadata": map[string]any{"version": 3}}})
			return
		}
		no(404)
	case strings.HasPrefix(path, "secret/"):
		answer(404, map[string]any{"errors": []string{}, "warnings": []string{"Invalid path for a versioned K/V secrets engine."}})
	case strings.HasPrefix(path, "kv/"):
		if f, ok := s.kv1[strings.TrimPrefix(path, "kv/")]; ok {
			answer(200, map[string]any{"data": f})
			return
		}
		no(404)
	default:
		no(404, "no handler for route \""+path+"\". route entry not found.")
	}
}

// did counts the calls of a path.
func (s *server) did(call string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c == call {
			n++
		}
	}
	return n
}

func (s *server) change(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (s *server) client(change func(*hashicorp.Config)) (*hashicorp.Client, *clock) {
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	hc := s.Client()
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg := hashicorp.Config{Address: s.URL + "/", Mount: "secret", Version: 2, Token: vault.New("root-token"), HTTP: hc, Now: c.now}
	if change != nil {
		change(&cfg)
	}
	return hashicorp.New(cfg), c
}

func TestGet(t *testing.T) {
	s := newServer(t)
	s.kv2["db/prod"] = map[string]any{"value": "v", "password": "p", "pin": 1234567890123456789, "none": nil, "empty": "", "map": map[string]any{"a": 1}}
	s.kv2["aether/BANK"] = map[string]any{"value": "b"}
	s.kv1["BANK"] = map[string]any{"value": "one"}
	v2, _ := s.client(nil)
	folder, _ := s.client(func(c *hashicorp.Config) { c.Path = "/aether/" })
	v1, _ := s.client(func(c *hashicorp.Config) { c.Mount, c.Version = "kv", 1 })
	wrong1, _ := s.client(func(c *hashicorp.Config) { c.Version = 1 })
	wrong2, _ := s.client(func(c *hashicorp.Config) { c.Mount = "kv" })
	nowhere, _ := s.client(func(c *hashicorp.Config) { c.Mount = "nowhere" })
	stranger, _ := s.client(func(c *hashicorp.Config) { c.Token = vault.New("stolen-token") })
	nobody, _ := s.client(func(c *hashicorp.Config) { c.Token = vault.Secret{} })
	for _, tt := range []struct {
		c         *hashicorp.Client
		ref       string
		want, err string
		missing   bool
	}{
		{c: v2, ref: "db/prod", want: "v"},
		{c: v2, ref: "/db/prod#password", want: "p"},
		{c: v2, ref: "db/prod#pin", want: "1234567890123456789"},
		{c: v2, ref: "db/prod#map", want: `{"a":1}`},
		{c: folder, ref: "BANK", want: "b"},
		{c: v1, ref: "BANK", want: "one"},
		{c: v2, ref: "db/prod#nope", err: `no field "nope"`, missing: true},
		{c: v2, ref: "db/prod#none", err: `no field "none"`, missing: true},
		{c: v2, ref: "db/prod#empty", err: "it is empty"},
		{c: v2, ref: "nope", err: "put it into Vault as secret/nope", missing: true},
		{c: folder, ref: "../db/prod", err: "PATH#FIELD", missing: true},
		{c: folder, ref: "x//y", err: "PATH#FIELD", missing: true},
		{c: v2, ref: "", err: "PATH#FIELD", missing: true},
		{c: v1, ref: "nope", err: "kv/nope", missing: true},
		{c: v2, ref: "denied/x", err: "policies do not have `read` on secret/data/denied/x"},
		{c: wrong1, ref: "db/prod", err: "check vault.mount and vault.version"},
		{c: wrong2, ref: "BANK", err: "put it into Vault as kv/BANK", missing: true}, // an engine of version 1 has no data/BANK
		{c: nowhere, ref: "x", err: "no handler for route"},
		{c: stranger, ref: "db/prod", err: "does not let this token read"},
		{c: nobody, ref: "db/prod", err: "VAULT_TOKEN"},
	} {
		got, err := tt.c.Get(t.Context(), tt.ref)
		if got.Reveal() != tt.want || (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || errors.Is(err, vault.ErrNotFound) != tt.missing || strings.Contains(err.Error(), "-token")) {
			t.Errorf("%s: got %q, %v; want %q, %q", tt.ref, got.Reveal(), err, tt.want, tt.err)
		}
	}
}

// TestCache asks for what was just read no second time.
func TestCache(t *testing.T) {
	s := newServer(t)
	s.kv2["x"] = map[string]any{"value": "1", "b": "2"}
	c, clock := s.client(nil)
	get := func(ref, want string) {
		t.Helper()
		if v, err := c.Get(t.Context(), ref); err != nil || v.Reveal() != want {
			t.Errorf("%s: %q, %v", ref, v.Reveal(), err)
		}
	}
	get("x", "1")
	s.change(func() { s.kv2["x"] = map[string]any{"value": "new"} })
	get("x", "1")
	get("x#b", "2")
	if n := s.did("GET /v1/secret/data/x"); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	clock.add(time.Minute)
	get("x", "new")
}

// TestAway: what may pass is tried again, and then a network error, which nodes
// are retried for.
func TestAway(t *testing.T) {
	s := newServer(t)
	s.kv2["x"] = map[string]any{"value": "1"}
	c, _ := s.client(nil)
	s.change(func() { s.fail = []int{500, 429} })
	if v, err := c.Get(t.Context(), "x"); err != nil || v.Reveal() != "1" {
		t.Errorf("after two failures: %q, %v", v.Reveal(), err)
	}
	c, _ = s.client(nil)
	s.change(func() { s.state = 503 })
	_, err := c.Get(t.Context(), "x")
	var away net.Error
	if !errors.As(err, &away) || !strings.Contains(err.Error(), "Vault is sealed") || errors.Is(err, vault.ErrNotFound) {
		t.Errorf("sealed: %v", err)
	}
	if _, err := c.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "unseal") {
		t.Errorf("Check: %v", err)
	}
	s.change(func() { s.state, s.fail = 200, []int{307} })
	if _, err := c.Get(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "vault.address") {
		t.Errorf("a redirect: %v", err)
	}
	s.Close()
	if _, err := c.Get(t.Context(), "x"); !errors.As(err, &away) {
		t.Errorf("nobody there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCheck(t *testing.T) {
	s := newServer(t)
	c, _ := s.client(nil)
	if text, err := c.Check(t.Context()); err != nil || !strings.Contains(text, "1h0m0s") {
		t.Errorf("Check = %q, %v", text, err)
	}
	s.change(func() { s.lease = 0 })
	if text, err := c.Check(t.Context()); err != nil || !strings.HasSuffix(text, "accepts the token") {
		t.Errorf("Check = %q, %v", text, err)
	}
	s.change(func() { s.state = 501 })
	if _, err := c.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "not initialised") {
		t.Errorf("Check: %v", err)
	}
	s.change(func() { s.state, s.tokens = 200, map[string]bool{} })
	if _, err := c.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "does not accept the token") {
		t.Errorf("Check: %v", err)
	}
}

// TestAppRole logs in when it must: first, when the lease is nearly over, and
// when the token was revoked.
func TestAppRole(t *testing.T) {
	s := newServer(t)
	s.role = [2]string{"robot", "role-secret"}
	s.kv2["x"] = map[string]any{"value": "1"}
	c, clock := s.client(func(c *hashicorp.Config) {
		c.Token, c.RoleID, c.SecretID = vault.Secret{}, "robot", vault.New("role-secret")
	})
	logins := func(want int) {
		t.Helper()
		if v, err := c.Get(t.Context(), "x"); err != nil || v.Reveal() != "1" {
			t.Fatalf("%q, %v", v.Reveal(), err)
		}
		if n := s.did("POST /v1/auth/approle/login"); n != want {
			t.Errorf("%d logins, want %d", n, want)
		}
	}
	logins(1)
	clock.add(30 * time.Minute)
	logins(1)
	clock.add(15 * time.Minute)
	logins(2)
	clock.add(time.Minute)
	s.change(func() { s.tokens = map[string]bool{} })
	logins(3)
	clock.add(time.Minute)
	s.change(func() { s.tokens, s.role = map[string]bool{}, [2]string{"robot", "changed"} })
	_, err := c.Get(t.Context(), "x")
	if err == nil || !strings.Contains(err.Error(), "VAULT_SECRET_ID") || strings.Contains(err.Error(), "role-secret") {
		t.Errorf("a changed secret id: %v", err)
	}
	c.Keep(t.Context(), slog.Default()) // has nothing to do
}

// TestKeep renews a token from its first use on, until it is told to stop.
func TestKeep(t *testing.T) {
	s := newServer(t)
	s.kv2["x"] = map[string]any{"value": "1"}
	s.lease = 1
	c, _ := s.client(nil)
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	var wg sync.WaitGroup
	wg.Go(func() { c.Keep(ctx, slog.New(slog.NewTextHandler(&log, nil))) })
	if n := s.did("GET /v1/auth/token/lookup-self"); n != 0 {
		t.Error("a token that is not used was looked up")
	}
	if _, err := c.Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		<-s.renewed
	}
	cancel()
	wg.Wait()
	if log.Len() > 0 {
		t.Errorf("it logged %s", &log)
	}
	// One that never ends needs nothing.
	s.change(func() { s.lease = 0 })
	c, _ = s.client(nil)
	if _, err := c.Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	c.Keep(t.Context(), slog.Default())
}
