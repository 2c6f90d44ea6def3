package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

const webFlow = `
aether: 1
name: web
nodes:
- {id: send, type: web.click, params: {page: "{{ 1 }}", target: css=#send}}
`

// healFlow pushes a flow with a page in it, and returns the report of one of its runs.
func (s *site) healFlow() *element.Report {
	s.Helper()
	s.want(200, auth.Developer, "POST", "/flows", map[string]any{"main": "web.yaml", "files": map[string]string{"web.yaml": strings.Replace(webFlow, `page: "{{ 1 }}", `, "", 1)}}, nil)
	return report(s.TB, "web", "r1")
}

func report(t testing.TB, flow, run string) *element.Report {
	t.Helper()
	found := selector.Print{V: 1, Tag: "button", Name: "Send now", ID: "go", Path: "/html[1]/body[1]/button[1]"}
	r, err := element.ReportOf(element.Place{Flow: flow, Node: "send"}, run, "send", node.Heal{Target: selector.Must("css=#send"), Outcome: element.Healed, Policy: node.HealPropose, P: .9,
		Before: selector.Print{V: 1, Tag: "button", Name: "Send"}, Found: &found, Repaired: selector.Must(`role=button[name="Send now"]`, "id=go")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Root = flow
	return r
}

// target returns what a version of the flow web presses.
func (s *site) target(version string) string {
	s.Helper()
	var out struct {
		Flow struct {
			Nodes []struct{ Params map[string]any }
		}
	}
	s.want(200, auth.Viewer, "GET", "/flows/web/versions/"+version, nil, &out)
	return fmt.Sprint(out.Flow.Nodes[0].Params["target"])
}

func TestHeals(t *testing.T) {
	each(t, func(s *site) {
		r := s.healFlow()
		store := element.New(s.db)
		id, _, err := store.Report(s.Context(), r)
		if err != nil {
			s.Fatal(err)
		}
		var list struct{ Items []*element.Heal }
		s.want(200, auth.Viewer, "GET", "/heals?state=proposed&flow=web", nil, &list)
		if len(list.Items) != 1 || list.Items[0].ID != id || list.Items[0].State != element.Proposed {
			s.Fatalf("heals: %+v", list.Items)
		}
		var info run.FlowInfo
		s.want(200, auth.Viewer, "GET", "/flows/web", nil, &info)
		before := info.Draft
		if err := store.Saw(s.Context(), element.Place{Flow: "web", Node: "next"}, "css=#next", selector.Print{V: 1, Tag: "button", Name: "Next"}); err != nil {
			s.Fatal(err)
		}
		var around element.Around
		s.want(200, auth.Viewer, "GET", fmt.Sprintf("/heals/%d/around", id), nil, &around)
		if len(around.Others) != 1 || around.Others[0].Node != "next" || around.Others[0].Print.Name != "Next" || len(around.Rejected) != 0 {
			s.Errorf("around: %+v", around)
		}
		s.want(404, auth.Viewer, "GET", "/heals/4711/around", nil, nil)
		var steady element.Stability
		s.want(200, auth.Viewer, "GET", "/stability?flow=web", nil, &steady)
		if steady.Flow != "web" || steady.Runs != 0 || len(steady.Targets) != 0 {
			s.Errorf("stability: %+v", steady)
		}
		s.want(422, auth.Viewer, "GET", "/stability", nil, nil)
		path := fmt.Sprintf("/heals/%d/", id)
		s.want(403, auth.Operator, "POST", path+"approve", map[string]any{}, nil)
		s.want(412, auth.Developer, "POST", path+"approve", map[string]any{}, nil, "If-Match", "77")
		s.want(409, auth.Developer, "POST", path+"rollback", map[string]any{}, nil)
		s.want(404, auth.Developer, "POST", "/heals/4711/approve", map[string]any{}, nil)
		var h element.Heal
		s.want(200, auth.Developer, "POST", path+"approve", map[string]any{"comment": "seen", "promote": true}, &h, "If-Match", fmt.Sprint(list.Items[0].Version))
		s.want(200, auth.Viewer, "GET", "/flows/web", nil, &info)
		if h.State != element.Approved || h.Comment != "seen" || h.By != string(auth.Developer) || h.Result == before || h.Result != info.Draft || info.Production != info.Draft {
			s.Errorf("approved: %+v, flow %+v", h, info)
		}
		if got := s.target("draft"); got != `[role=button[name="Send now"] id=go]` {
			s.Errorf("target: %s", got)
		}
		s.want(409, auth.Developer, "POST", path+"approve", map[string]any{}, nil)
		s.want(409, auth.Developer, "POST", path+"reject", map[string]any{}, nil)
		s.want(200, auth.Developer, "POST", path+"rollback", map[string]any{}, &h)
		s.want(200, auth.Viewer, "GET", "/flows/web", nil, &info)
		if h.State != element.RolledBack || info.Draft != before || s.target("draft") != "css=#send" {
			s.Errorf("rolled back: %+v, flow %+v, target %s", h, info, s.target("draft"))
		}
		s.want(200, auth.Developer, "POST", path+"reject", map[string]any{}, &h)
		s.want(200, auth.Viewer, "GET", path[:len(path)-1], nil, &h)
		if h.State != element.Rejected {
			s.Errorf("rejected: %+v", h)
		}
		// The flow names the element in another way by now, or was never pushed.
		r.Run, r.Found = "r2", &selector.Print{V: 1, Tag: "a", Name: "Imprint", Href: "/imprint"}
		id, _, err = store.Report(s.Context(), r)
		if err != nil {
			s.Fatal(err)
		}
		s.want(200, auth.Developer, "POST", "/flows", map[string]any{"main": "web.yaml", "files": map[string]string{"web.yaml": strings.Replace(strings.Replace(webFlow, `page: "{{ 1 }}", `, "", 1), "css=#send", "css=#other", 1)}}, nil)
		s.want(412, auth.Developer, "POST", fmt.Sprintf("/heals/%d/approve", id), map[string]any{}, nil)
		id, _, err = store.Report(s.Context(), report(s.TB, "none", "r3"))
		if err != nil {
			s.Fatal(err)
		}
		s.want(409, auth.Developer, "POST", fmt.Sprintf("/heals/%d/approve", id), map[string]any{}, nil)
	})
}

// A robot without a database reports elements of the run that it has, and of no other.
func TestRemoteElements(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		w := s.worker("m1")
		call := func(code int, what string, body, into any) {
			s.Helper()
			s.want(code, auth.Worker, "POST", w.path("elements/"+what), body, into, "Aether-Machine", "m1")
		}
		h := sha256.Sum256([]byte("hello"))
		digest := hex.EncodeToString(h[:])
		r := report(s.TB, "greet", "somebody else's")
		r.Page = digest
		call(422, "report", r, nil)
		s.want(204, auth.Worker, "PUT", w.path("artifacts/"+digest), "hello", nil, "Aether-Machine", "m1")
		var first, second api.Reported
		call(200, "report", r, &first)
		call(200, "report", r, &second)
		if !first.Fresh || second.Fresh || first.Heal != second.Heal {
			s.Errorf("reported: %+v, %+v", first, second)
		}
		got, err := element.New(s.db).Get(s.Context(), first.Heal)
		if err != nil || got.Run != w.job.Run || got.Root != "greet" || got.Digest == "" || got.Page != digest {
			s.Errorf("heal: %+v, %v", got, err)
		}
		call(204, "settle", map[string]any{"path": "send", "worked": true}, nil)
		var uses api.UseList
		call(200, "uses", nil, &uses)
		if len(uses.Uses) != 1 || uses.Uses[0].Open || uses.Uses[0].Target != "css=#send" {
			s.Errorf("uses: %+v", uses)
		}
		at := map[string]any{"flow": "greet", "node": "send"}
		call(204, "saw", map[string]any{"flow": "greet", "node": "send", "target": "css=#a", "print": selector.Print{V: 1, Tag: "a"}}, nil)
		var k element.Known
		call(200, "known", at, &k)
		if k.Prints["css=#a"].Tag != "a" {
			s.Errorf("known: %+v", k)
		}
		call(422, "known", map[string]any{"flow": "payroll", "node": "send"}, nil)
		r.Flow = "payroll"
		call(422, "report", r, nil)
		for _, what := range []string{"known", "saw", "report", "uses", "settle"} {
			s.want(403, auth.Admin, "POST", w.path("elements/"+what), at, nil, "Aether-Machine", "m1")
		}
	})
}
