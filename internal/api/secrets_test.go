package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/secret"
)

// everything returns the database as bytes.
func (s *site) everything() string {
	s.Helper()
	var b bytes.Buffer
	_, err := s.db.Dump(s.Context(), db.DumpOptions{Dir: s.TempDir(), Put: func(_ string, write func(io.Writer) error) error { return write(&b) }})
	if err != nil {
		s.Fatal(err)
	}
	return b.String()
}

func TestSecrets(t *testing.T) {
	each(t, func(s *site) {
		const canary = "canary-5f1d-of-the-bank"
		answers := &strings.Builder{}
		call := func(want int, role auth.Role, method, path string, body any) []byte {
			s.Helper()
			code, b, h := s.ask(role, method, "/api/v1"+path, body)
			if code != want {
				s.Fatalf("%s %s as %s: %d, want %d: %s", method, path, role, code, want, b)
			}
			fmt.Fprintln(answers, h, string(b))
			return b
		}
		list := func() (out []secret.Entry) {
			s.Helper()
			var p struct{ Items []secret.Entry }
			if err := json.Unmarshal(call(200, auth.Developer, "GET", "/secrets", nil), &p); err != nil {
				s.Fatal(err)
			}
			return p.Items
		}
		if got := list(); len(got) != 0 {
			s.Errorf("at first: %+v", got)
		}
		call(204, auth.Admin, "PUT", "/secrets/BANK", map[string]any{"value": canary, "description": "of the bank"})
		call(204, auth.Admin, "PUT", "/secrets/A.key", map[string]any{"value": canary + "\n\ttwo"})
		first := list()
		if len(first) != 2 || first[0].Name != "A.key" || first[1].Description != "of the bank" || first[1].Updated.IsZero() || first[1].Created.IsZero() {
			s.Fatalf("list: %+v", first)
		}
		if v, err := s.srv.Store.Get(s.Context(), "A.key"); err != nil || v.Reveal() != canary+"\n\ttwo" {
			s.Errorf("stored: %v", err)
		}
		// Another value keeps the description.
		call(204, auth.Admin, "PUT", "/secrets/BANK", map[string]any{"value": canary + "2"})
		if got := list(); got[1].Description != "of the bank" {
			s.Errorf("afterwards: %+v", got)
		}
		for path, body := range map[string]any{
			"/secrets/a%2Fb":    map[string]any{"value": canary},
			"/secrets/-x":       map[string]any{"value": canary},
			"/secrets/Key":      map[string]any{"value": canary},
			"/secrets/EMPTY":    map[string]any{"value": ""},
			"/secrets/NONE":     map[string]any{},
			"/secrets/DESCRIBE": map[string]any{"value": canary, "description": "it is " + canary},
			"/secrets/TYPE":     map[string]any{"value": []string{canary}},
			"/secrets/LONG":     map[string]any{"value": strings.Repeat("x", 257<<10)},
			"/secrets/" + canary + strings.Repeat("y", 128): map[string]any{"value": canary},
		} {
			call(422, auth.Admin, "PUT", path, body)
		}
		call(400, auth.Admin, "PUT", "/secrets/TEXT", `{"value": "`+canary)
		call(404, auth.Admin, "DELETE", "/secrets/NOT_THERE", nil)
		for _, role := range []auth.Role{auth.Viewer, auth.Operator, auth.Developer, auth.Worker} {
			call(403, role, "PUT", "/secrets/BANK", map[string]any{"value": canary})
			call(403, role, "DELETE", "/secrets/BANK", nil)
		}
		call(403, auth.Operator, "GET", "/secrets", nil)
		call(204, auth.Admin, "DELETE", "/secrets/A.key", nil)
		if got := list(); len(got) != 1 {
			s.Errorf("after the deletion: %+v", got)
		}
		acts := string(call(200, auth.Admin, "GET", "/audit", nil))
		for _, want := range []string{`"action":"set-secret","object":"BANK"`, `"action":"delete-secret","object":"A.key"`} {
			if !strings.Contains(acts, want) {
				s.Errorf("the audit log lacks %s: %s", want, acts)
			}
		}
		// A value is in no answer, no line of the log and nowhere in the database.
		for name, text := range map[string]string{"an answer": answers.String(), "the log": s.log.String(), "the database": s.everything()} {
			if strings.Contains(text, canary) {
				s.Errorf("the value is in %s", name)
			}
			if name == "the database" && !strings.Contains(text, "of the bank") {
				s.Error("the database was not read: it lacks the description")
			}
		}
	})
}

// A secret does not travel over a network in the clear.
func TestSecretsTravelSafely(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	put := func(from string) int {
		req := httptest.NewRequest("PUT", "/api/v1/secrets/BANK", strings.NewReader(`{"value": "abc"}`))
		req.RemoteAddr = from
		req.Header.Set("Authorization", "Bearer "+s.tokens[auth.Admin])
		w := httptest.NewRecorder()
		s.srv.Handler().ServeHTTP(w, req)
		return w.Code
	}
	if code := put("203.0.113.7:4242"); code != http.StatusForbidden {
		t.Errorf("over HTTP from elsewhere: %d", code)
	}
	if code := put("[::1]:4242"); code != http.StatusNoContent {
		t.Errorf("over HTTP on this machine: %d", code)
	}
	s.srv.Secure = true
	if code := put("203.0.113.7:4242"); code != http.StatusNoContent {
		t.Errorf("over HTTPS from elsewhere: %d", code)
	}
}

// A store whose key is not here says so, and where to look.
func TestSecretsLocked(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	s.srv.Store = secret.New(s.db, secret.Keys{File: s.dir + "/none.key", Lookup: func(string) (string, bool) { return "", false }})
	var p api.Problem
	s.want(409, auth.Admin, "PUT", "/secrets/BANK", map[string]any{"value": "abc"}, &p)
	if p.Kind != "conflict" || !strings.Contains(p.Message, "aether secret key new") {
		t.Errorf("problem: %+v", p)
	}
}

// The audit log says what was acted on, wherever the path's part is declared.
func TestAuditNamesTheObject(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	s.push()
	s.want(200, auth.Developer, "POST", "/flows/greet/promote", map[string]any{}, nil)
	var acts struct{ Items []auth.Act }
	s.want(200, auth.Admin, "GET", "/audit", nil, &acts)
	if len(acts.Items) == 0 || acts.Items[0].Action != "promote-flow" || acts.Items[0].Object != "greet" {
		t.Errorf("audit: %+v", acts.Items)
	}
}
