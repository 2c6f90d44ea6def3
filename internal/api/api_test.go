package api_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/internal/telemetry"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/all"
)

// everyRole is the roles of people and programs, and that of robots.
var everyRole = append(slices.Clone(auth.Roles), auth.Worker)

// site is a server on a database of its own, with a token for each role.
type site struct {
	testing.TB
	url    string
	db     *db.DB
	queue  *queue.Queue
	items  *item.Store
	runs   *run.Store
	tokens map[auth.Role]string
	log    *bytes.Buffer
	srv    *api.Server
	dir    string // data folder
}

func open(t testing.TB, target dbtest.Target) *site {
	t.Helper()
	d := dbtest.Open(t, target)
	s := &site{TB: t, db: d, queue: queue.New(d), items: item.New(d), runs: run.NewStore(d, nil), tokens: map[auth.Role]string{}, log: &bytes.Buffer{}}
	s.dir = t.TempDir()
	o := &orch.Orch{Runs: s.runs, Queue: s.queue, Items: s.items, Elements: element.New(d), DB: d, Nodes: node.Default, Artifacts: disk.Open(filepath.Join(s.dir, "artifacts")), Durable: memrt.New(), Now: time.Now, Random: rand.Reader}
	a := auth.NewStore(d)
	for _, role := range everyRole {
		secret, _, err := a.CreateToken(t.Context(), string(role), role, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		s.tokens[role] = secret
	}
	keys := secret.Keys{File: filepath.Join(s.dir, "secret.key"), Own: true, Lookup: func(string) (string, bool) { return "", false }}
	store := secret.New(d, keys)
	s.srv = &api.Server{DB: d, Orch: o, Runs: s.runs, Queue: s.queue, Items: s.items, Auth: a, Secrets: store, Store: store, Version: "test", Log: slog.New(slog.NewTextHandler(s.log, nil))}
	scraper, err := telemetry.NewScraper(telemetry.Figures{Counts: s.queue.Board().Counts, Stats: s.queue.Stats})
	if err != nil {
		t.Fatal(err)
	}
	s.srv.Metrics = scraper.Answer
	h := httptest.NewServer(s.srv.Handler())
	t.Cleanup(h.Close)
	s.url = h.URL
	return s
}

func each(t *testing.T, fn func(s *site)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) { fn(open(t, target)) })
}

// ask sends a request; headers are pairs.
func (s *site) ask(role auth.Role, method, path string, body any, headers ...string) (int, []byte, http.Header) {
	s.Helper()
	var in io.Reader
	if text, ok := body.(string); ok {
		in = strings.NewReader(text)
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+path, in)
	if err != nil {
		s.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if role != "" {
		req.Header.Set("Authorization", "Bearer "+s.tokens[role])
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Content-Type") == "text/event-stream" && strings.HasPrefix(path, "/api/v1/events") {
		b := make([]byte, 1000) // it has no end
		n, _ := res.Body.Read(b)
		return res.StatusCode, b[:n], res.Header
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	return res.StatusCode, b, res.Header
}

// want sends a request and reads the answer, which must have a status.
func (s *site) want(status int, role auth.Role, method, path string, body, into any, headers ...string) http.Header {
	s.Helper()
	got, b, h := s.ask(role, method, "/api/v1"+path, body, headers...)
	if got != status {
		s.Fatalf("%s %s: %d, want %d: %s\n%s", method, path, got, status, b, s.log)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			s.Fatalf("%s %s: %v: %s", method, path, err, b)
		}
	}
	return h
}

const greet = `aether: 1
name: greet
inputs: {who: string}
nodes:
- {id: say, type: flow.log, params: {message: 'Hello {{ inputs.who }}'}}
`

func (s *site) push() (digest string) {
	s.Helper()
	var info run.FlowInfo
	s.want(200, auth.Developer, "POST", "/flows", map[string]any{"files": map[string]string{"greet.flow.yaml": greet}, "main": "greet.flow.yaml"}, &info)
	return info.Draft
}

// Every operation of the document, with every role: who has not the right gets
// 403, who has does not, and who is not signed in gets 401.
func TestRouteRoleMatrix(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	code, b, _ := s.ask("", "GET", "/api/v1/openapi.json", nil)
	if code != 200 {
		t.Fatalf("the document: %d", code)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string           `json:"operationId"`
			Right       auth.Right       `json:"x-aether-right"`
			Security    []map[string]any `json:"security"`
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%v: OpenAPI %s", err, doc.OpenAPI)
	}
	n := 0
	for path, methods := range doc.Paths {
		for method, o := range methods {
			n++
			if o.Right == api.Open {
				if !slices.Contains([]string{"login", "open-answer-link", "get-answer-link-picture", "answer-by-link"}, o.OperationID) {
					t.Errorf("%s is open to everybody", o.OperationID)
				}
				continue
			}
			if _, known := auth.Rights[o.Right]; !known || len(o.Security) == 0 {
				t.Errorf("%s: right %q, security %v", o.OperationID, o.Right, o.Security)
			}
			if o.OperationID == "logout" {
				continue // it would end the token
			}
			at := strings.NewReplacer("{id}", "1", "{name}", "nobody", "{version}", "draft", "{digest}", "none").Replace(path)
			if code, _, _ := s.ask("", strings.ToUpper(method), at, nil); code != http.StatusUnauthorized {
				t.Errorf("%s without a token: %d", o.OperationID, code)
			}
			for _, role := range everyRole {
				code, b, _ := s.ask(role, strings.ToUpper(method), at, nil)
				if denied := code == http.StatusForbidden; denied == role.May(o.Right) || code == http.StatusUnauthorized || code >= 500 {
					t.Errorf("%s as %s: %d %s", o.OperationID, role, code, b)
				}
			}
		}
	}
	if n < 25 {
		t.Errorf("the document has %d operations", n)
	}
}

func TestFlows(t *testing.T) {
	each(t, func(s *site) {
		first := s.push()
		var info run.FlowInfo
		h := s.want(200, auth.Viewer, "GET", "/flows/greet", nil, &info)
		if info.Draft != first || h.Get("ETag") != `"`+first+`"` {
			s.Errorf("get: %+v, ETag %s", info, h.Get("ETag"))
		}
		second := map[string]any{"files": map[string]string{"f.yaml": strings.Replace(greet, "Hello", "Bye", 1)}, "main": "f.yaml"}
		s.want(412, auth.Developer, "POST", "/flows", second, nil, "If-Match", `"other"`)
		s.want(412, auth.Developer, "POST", "/flows", second, nil, "If-None-Match", `*`)
		s.want(200, auth.Developer, "POST", "/flows", second, &info, "If-Match", h.Get("ETag"))
		if info.Draft == first {
			s.Error("the draft did not move")
		}
		s.want(200, auth.Developer, "POST", "/flows/greet/promote", map[string]any{"version": first[:10]}, &info)
		if info.Production != first {
			s.Errorf("production is %s", info.Production)
		}
		var versions struct{ Items []run.Version }
		s.want(200, auth.Viewer, "GET", "/flows/greet/versions", nil, &versions)
		if len(versions.Items) != 2 {
			s.Errorf("versions: %+v", versions)
		}
		var text struct{ Flow json.RawMessage }
		s.want(200, auth.Viewer, "GET", "/flows/greet/versions/production", nil, &text)
		if !strings.Contains(string(text.Flow), "Hello") {
			s.Errorf("production: %s", text.Flow)
		}
		s.want(404, auth.Viewer, "GET", "/flows/none", nil, nil)
		s.want(404, auth.Viewer, "GET", "/flows/greet/versions/ffff", nil, nil)

		// A flow that is wrong says all that is wrong; a bundle stays in itself.
		var p api.Problem
		s.want(422, auth.Developer, "POST", "/flows", map[string]any{"files": map[string]string{"a": "aether: 1\nname: x\nnodes:\n- {id: a, type: no.such}\n- {id: b, type: text.case}\n"}, "main": "a"}, &p)
		if p.Kind != "input" || len(p.Details) < 2 {
			s.Errorf("problem: %+v", p)
		}
		for _, name := range []string{"../x.yaml", "/etc/x.yaml", "a/../../x", ""} {
			s.want(422, auth.Developer, "POST", "/flows", map[string]any{"files": map[string]string{name: greet}, "main": name}, nil)
		}
		for _, ref := range []string{"/etc/passwd", "../../../../../../../etc/passwd"} {
			text := "aether: 1\nname: y\nnodes:\n- {id: a, type: flow.call, params: {flow: " + ref + "}}\n"
			_, b, _ := s.ask(auth.Developer, "POST", "/api/v1/flows", map[string]any{"files": map[string]string{"a": text}, "main": "a"})
			if strings.Contains(string(b), "root:") || !strings.Contains(string(b), "not in the bundle") {
				s.Errorf("%s: %s", ref, b)
			}
		}
	})
}

func TestRuns(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		start := func(status int, body map[string]any, headers ...string) (out orch.Submitted) {
			s.Helper()
			s.want(status, auth.Operator, "POST", "/runs", body, &out, headers...)
			return out
		}
		body := map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}}
		a := start(201, body, "Idempotency-Key", "k1")
		if again := start(201, body, "Idempotency-Key", "k1"); again.Run != a.Run || again.Fresh || !a.Fresh {
			s.Errorf("the same request again: %+v, first %+v", again, a)
		}
		for range 4 {
			start(201, body)
		}
		var r run.Run
		s.want(200, auth.Viewer, "GET", "/runs/"+a.Run, nil, &r)
		if r.Status != run.Queued || string(r.Input) == "" {
			s.Errorf("run: %+v", r)
		}
		// Pages hold every run once.
		seen := map[string]bool{}
		for cursor := ""; ; {
			var p struct {
				Items []run.Run
				Next  string
			}
			s.want(200, auth.Viewer, "GET", "/runs?limit=2&cursor="+cursor, nil, &p)
			for _, r := range p.Items {
				if seen[r.ID] {
					s.Errorf("%s is on two pages", r.ID)
				}
				seen[r.ID] = true
			}
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		if len(seen) != 5 {
			s.Errorf("%d runs on all pages", len(seen))
		}
		s.want(422, auth.Viewer, "GET", "/runs?cursor=nonsense", nil, nil)
		s.want(422, auth.Viewer, "GET", "/runs?limit=0", nil, nil)
		s.want(422, auth.Viewer, "GET", "/runs?bogus=1", nil, nil)
		s.want(404, auth.Operator, "POST", "/runs", map[string]any{"flow": "none"}, nil)
		s.want(422, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"bogus": 1}}, nil)
		s.want(422, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "x"}, "job": map[string]any{"needs": "a b"}}, nil)
		s.want(200, auth.Operator, "POST", "/runs/"+a.Run+"/cancel", nil, &r)
		if r.Status != run.Cancelled {
			s.Errorf("cancelled: %s", r.Status)
		}
		s.want(404, auth.Viewer, "GET", fmt.Sprintf("/jobs/%d", a.Job), nil, nil)
		s.want(409, auth.Operator, "POST", "/runs/"+a.Run+"/cancel", nil, nil)
		s.want(409, auth.Operator, "POST", "/runs/"+a.Run+"/answer", map[string]any{"answer": "yes"}, nil)
		// The stream of an ended run tells all and ends.
		if err := s.runs.AddEvents(s.Context(), []run.Event{{Run: a.Run, Seq: 1, Kind: "one"}, {Run: a.Run, Seq: 2, Kind: "two"}}); err != nil {
			s.Fatal(err)
		}
		_, b, h := s.ask(auth.Viewer, "GET", "/api/v1/runs/"+a.Run+"/events", nil, "Last-Event-ID", "1")
		if text := string(b); h.Get("Content-Type") != "text/event-stream" || strings.Contains(text, "event: one") || !strings.Contains(text, "id: 2\nevent: two\n") || !strings.Contains(text, "event: end\n") {
			s.Errorf("stream: %s %s", h.Get("Content-Type"), text)
		}
		code, b, _ := s.ask(auth.Viewer, "GET", "/api/v1/jobs?state=ready", nil)
		if code != 200 || strings.Count(string(b), `"run":`) != 4 {
			s.Errorf("jobs: %d %s", code, b)
		}
		var why struct{ Sentences []string }
		s.want(200, auth.Viewer, "GET", fmt.Sprintf("/jobs/%d/why", a.Job+1), nil, &why)
		if len(why.Sentences) < 2 || !strings.Contains(why.Sentences[1], "No robot") {
			s.Errorf("why: %v", why)
		}
	})
}

func TestAccess(t *testing.T) {
	each(t, func(s *site) {
		const password = "a long password"
		s.want(204, auth.Admin, "PUT", "/accounts/ada", map[string]any{"role": "operator", "password": password}, nil)
		s.want(422, auth.Admin, "PUT", "/accounts/bob", map[string]any{"role": "operator", "password": "short"}, nil)
		s.want(401, "", "POST", "/login", map[string]any{"name": "ada", "password": "wrong password"}, nil)
		var in struct{ Token string }
		h := s.want(200, "", "POST", "/login", map[string]any{"name": "ada", "password": password}, &in)
		cookie := h.Get("Set-Cookie")
		for _, part := range []string{"aether_session=", "HttpOnly", "SameSite=Strict"} {
			if !strings.Contains(cookie, part) {
				s.Errorf("the cookie %q lacks %s", cookie, part)
			}
		}
		c, _, _ := strings.Cut(cookie, ";")
		var me auth.Principal
		s.want(200, "", "GET", "/me", nil, &me, "Cookie", c)
		if me.Account != "ada" || me.Role != auth.Operator {
			s.Errorf("me: %+v", me)
		}
		// Another site cannot make a browser act.
		s.want(403, "", "POST", "/jobs/drop", map[string]any{"jobs": []int{1}}, nil, "Cookie", c, "Origin", "https://evil.example")
		s.want(403, "", "POST", "/jobs/drop", map[string]any{"jobs": []int{1}}, nil, "Cookie", c, "Sec-Fetch-Site", "cross-site")
		s.want(200, "", "POST", "/jobs/drop", map[string]any{"jobs": []int{1}}, nil, "Cookie", c, "Origin", s.url)
		s.want(204, "", "POST", "/logout", nil, nil, "Authorization", "Bearer "+in.Token)
		s.want(401, "", "GET", "/me", nil, nil, "Cookie", c)

		var made struct{ Secret, ID string }
		s.want(201, auth.Admin, "POST", "/tokens", map[string]any{"name": "ci", "role": "viewer"}, &made)
		s.want(200, "", "GET", "/runs", nil, nil, "Authorization", "Bearer "+made.Secret)
		s.want(204, auth.Admin, "DELETE", "/tokens/"+made.ID, nil, nil)
		s.want(401, "", "GET", "/runs", nil, nil, "Authorization", "Bearer "+made.Secret)
		_, b, _ := s.ask(auth.Admin, "GET", "/api/v1/tokens", nil)
		_, acts, _ := s.ask(auth.Admin, "GET", "/api/v1/audit", nil)
		for _, secret := range []string{password, made.Secret, in.Token, s.tokens[auth.Admin]} {
			if strings.Contains(string(b)+string(acts)+s.log.String(), secret) {
				s.Error("a secret is in a list, the audit log or the log")
			}
		}
		for _, act := range []string{"login", "set-account", "create-token", "revoke-token"} {
			if !strings.Contains(string(acts), act) {
				s.Errorf("the audit log lacks %s: %s", act, acts)
			}
		}
	})
}

func TestHealthAndBounds(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, _, _ := s.ask("", "GET", path, nil); code != 200 {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _, _ := s.ask("", "GET", "/metrics", nil); code != 401 {
		t.Errorf("metrics without a token: %d", code)
	}
	if code, b, _ := s.ask(auth.Viewer, "GET", "/metrics", nil); code != 200 || !strings.Contains(string(b), `aether_queue_jobs{state="ready"} 0`) {
		t.Errorf("metrics: %d %s", code, b)
	}
	code, b, h := s.ask("", "GET", "/nothing", nil)
	if code != 404 || !strings.Contains(string(b), `"kind":"not_found"`) || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("nothing: %d %s", code, b)
	}
	if code, b, _ := s.ask(auth.Operator, "POST", "/api/v1/jobs/drop", `{"jobs": [`+strings.Repeat("1,", 1<<20)+`1]}`); code != 413 || !strings.Contains(string(b), `"kind":"limit"`) {
		t.Errorf("a body of 2 MiB: %d %.200s", code, b)
	}
	for _, body := range []string{`{`, `[]`, `{"jobs": "x"}`, `{"jobs": [1], "bogus": 1}`, "\xff", `null`} {
		if code, b, _ := s.ask(auth.Operator, "POST", "/api/v1/jobs/drop", body); code < 400 || code >= 500 || !strings.Contains(string(b), `"message":`) {
			t.Errorf("%q: %d %s", body, code, b)
		}
	}
	if code, _, _ := s.ask(auth.Operator, "POST", "/api/v1/jobs/drop", `{"jobs":[1]}`, "Content-Type", "text/plain"); code < 400 || code >= 500 {
		t.Errorf("another content type: %d", code)
	}
}

func TestItems(t *testing.T) {
	each(t, func(s *site) {
		s.want(404, auth.Viewer, "GET", "/queues/bills/items", nil, nil)
		s.want(204, auth.Developer, "PUT", "/queues/bills", map[string]any{
			"unique_reference": true, "max_retries": 1, "sla": "24h", "schema": map[string]any{"type": "object", "required": []string{"total"}},
		}, nil)
		s.want(422, auth.Developer, "PUT", "/queues/bills", map[string]any{"sla": "soon"}, nil)
		var added node.ItemsAdded
		bill := func(ref string, total any) map[string]any {
			return map[string]any{"reference": ref, "content": map[string]any{"total": total}}
		}
		// All or none, then each that is right.
		wrong := map[string]any{"reference": "c", "content": map[string]any{}}
		s.want(200, auth.Operator, "POST", "/queues/bills/items", map[string]any{"items": []any{bill("a", 1), wrong}}, &added)
		if added.Added != 0 || len(added.Errors) != 1 || added.Errors[0].Row != 2 {
			s.Errorf("all or none: %+v", added)
		}
		s.want(200, auth.Operator, "POST", "/queues/bills/items", map[string]any{"items": []any{bill("a", 1), wrong, bill("b", 2.5), bill("a", 3)}, "rows": true}, &added)
		if added.Added != 2 || added.Failed != 2 {
			s.Errorf("rows: %+v", added)
		}
		var list struct {
			Items []node.Item
			Next  string
		}
		s.want(200, auth.Viewer, "GET", "/queues/bills/items?limit=1&status=new", nil, &list)
		if len(list.Items) != 1 || list.Next == "" || list.Items[0].Reference != "a" {
			s.Fatalf("list: %+v", list)
		}
		at := fmt.Sprintf("/items/%d", list.Items[0].ID)
		s.want(412, auth.Operator, "PATCH", at, map[string]any{"priority": 9}, nil, "If-Match", fmt.Sprint(list.Items[0].Version+5))
		s.want(204, auth.Operator, "PATCH", at, map[string]any{"priority": 9}, nil, "If-Match", fmt.Sprint(list.Items[0].Version))
		s.want(422, auth.Operator, "PATCH", at, map[string]any{"content": map[string]any{}}, nil)
		s.want(200, auth.Viewer, "GET", at, nil, &list)
		if len(list.Items) != 1 || list.Items[0].Priority != 9 {
			s.Errorf("get: %+v", list)
		}
		s.want(422, auth.Operator, "POST", at+"/review", map[string]any{"review": "verified"}, nil) // it has not ended
		s.want(204, auth.Operator, "DELETE", at, nil, nil)
		s.want(404, auth.Viewer, "GET", "/items/99999", nil, nil)
		code, b, _ := s.ask(auth.Viewer, "GET", "/api/v1/queues/bills/stats", nil)
		if code != 200 || !strings.Contains(string(b), `"new":1`) || !strings.Contains(string(b), `"deleted":1`) {
			s.Errorf("stats: %d %s", code, b)
		}
	})
}
