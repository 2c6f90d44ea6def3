package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/demo"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/selector"
)

type demoState struct {
	Fresh, Ready, May bool
	Missing           string
	Site              demo.SiteState
	Runs              []*run.Run
}

// demos gives a server a demo, whose robot never comes.
func demos(s *site) *orch.Demo {
	d := &orch.Demo{Orch: s.srv.Orch, Site: &demo.Site{}, Needs: "own.nobody", Missing: func() error { return nil }}
	s.srv.Demo = d
	s.Cleanup(d.Site.Close)
	return d
}

// rows counts what the database holds of the demo.
func rows(s *site) string {
	s.Helper()
	var out []string
	for _, q := range []string{`flow`, `flow_version`, `run`, `job`, `element`, `heal`, `heal_use`, `artifact`, `event`} {
		var n int
		if err := s.db.QueryRow(s.Context(), `SELECT count(*) FROM {s}`+q).Scan(&n); err != nil {
			s.Fatal(err)
		}
		if n > 0 {
			out = append(out, fmt.Sprintf("%s %d", q, n))
		}
	}
	return strings.Join(out, ", ")
}

func TestDemo(t *testing.T) {
	each(t, func(s *site) {
		var st demoState
		s.want(200, auth.Developer, "GET", "/demo", nil, &st)
		if st.Missing == "" || st.May {
			s.Errorf("a server without a robot offers it: %+v", st)
		}
		s.want(409, auth.Developer, "POST", "/demo/runs", map[string]any{}, nil)
		s.want(409, auth.Developer, "DELETE", "/demo", nil, nil)

		d := demos(s)
		s.want(200, auth.Viewer, "GET", "/demo", nil, &st)
		if st.May {
			s.Errorf("a viewer may run it: %+v", st)
		}
		st = demoState{}
		s.want(200, auth.Developer, "GET", "/demo", nil, &st)
		if !st.Fresh || st.Ready || !st.May || st.Missing != "" || st.Site.URL != "" || st.Runs == nil {
			s.Errorf("an empty installation: %+v", st)
		}
		s.want(204, auth.Developer, "DELETE", "/demo", nil, nil)

		var first, second orch.Submitted
		s.want(201, auth.Developer, "POST", "/demo/runs", map[string]any{}, &first)
		s.want(200, auth.Developer, "GET", "/demo", nil, &st)
		if st.Fresh || !st.Ready || st.Site.Level != 0 || len(st.Runs) != 1 || st.Runs[0].ID != first.Run {
			s.Errorf("after the first run: %+v", st)
		}
		var r run.Run
		s.want(200, auth.Developer, "GET", "/runs/"+first.Run, nil, &r)
		if !strings.Contains(string(r.Input), st.Site.URL) || st.Site.URL == "" {
			s.Errorf("the site is at %q, the run is given %s", st.Site.URL, r.Input)
		}
		s.want(201, auth.Developer, "POST", "/demo/runs", map[string]any{"release": true}, &second)
		s.want(200, auth.Developer, "GET", "/demo", nil, &st)
		if st.Site.Level == 0 || st.Site.Release != 1 || len(st.Runs) != 2 {
			s.Errorf("after the release: %+v", st)
		}
		// What a robot would have learned.
		picture, _, err := s.srv.Orch.Artifacts.Put(t.Context(), func(w io.Writer) error {
			_, err := io.WriteString(w, "a picture")
			return err
		})
		if err != nil {
			s.Fatal(err)
		}
		at := element.Place{Flow: demo.Name, Node: "save"}
		rep := &element.Report{Place: at, Root: demo.Name, Target: "css=button", Run: second.Run, Path: "save", Outcome: element.Healed, Policy: "propose", Old: "css=button", Repaired: "text=Save", Found: &selector.Print{Name: "Save"}, Screenshot: picture}
		if _, _, err := s.srv.Orch.Elements.Report(t.Context(), rep); err != nil {
			s.Fatal(err)
		}
		if err := s.srv.Orch.Elements.Saw(t.Context(), at, "css=button", selector.Print{Name: "Save"}); err != nil {
			s.Fatal(err)
		}
		s.want(204, auth.Developer, "DELETE", "/demo", nil, nil)
		if left := rows(s); left != "" {
			s.Errorf("the database still has %s", left)
		}
		if _, err := s.srv.Orch.Artifacts.Open(t.Context(), picture); !errors.Is(err, artifact.ErrNotFound) {
			s.Errorf("the picture is still there: %v", err)
		}
		if d.Site.State().URL != "" {
			s.Error("the practice site stays open")
		}
		s.want(200, auth.Developer, "GET", "/demo", nil, &st)
		if !st.Fresh {
			s.Errorf("after its removal: %+v", st)
		}
	})
}

func TestDemoIsRefused(t *testing.T) {
	each(t, func(s *site) {
		d := demos(s)
		d.Missing = func() error { return errors.New("no browser was found: install one") }
		var st demoState
		s.want(200, auth.Admin, "GET", "/demo", nil, &st)
		var p api.Problem
		s.want(409, auth.Admin, "POST", "/demo/runs", map[string]any{}, &p)
		if st.Missing != "no browser was found: install one" || p.Message != st.Missing {
			s.Errorf("without a browser: %+v, %+v", st, p)
		}
		d.Missing = func() error { return nil }
		d.Reach = func(_ context.Context, addr string) error {
			return errors.New("connecting to " + addr + " is not allowed")
		}
		s.want(409, auth.Admin, "POST", "/demo/runs", map[string]any{}, &p)
		if !strings.Contains(p.Message, "http.allow") || d.Site.State().URL != "" || rows(s) != "" {
			s.Errorf("without a way to it: %+v, %+v, %s", p, d.Site.State(), rows(s))
		}
		d.Reach = nil

		s.srv.Public = true
		s.want(200, auth.Developer, "GET", "/demo", nil, &st)
		s.want(403, auth.Developer, "POST", "/demo/runs", map[string]any{}, nil)
		s.want(403, auth.Developer, "DELETE", "/demo", nil, nil)
		if st.May {
			s.Error("on a public server a developer may")
		}
		s.want(201, auth.Admin, "POST", "/demo/runs", map[string]any{}, nil)
		s.want(204, auth.Admin, "DELETE", "/demo", nil, nil)

		// Another flow that has the name is nobody's demo.
		other := "aether: 1\nname: demo\nnodes:\n- {id: a, type: flow.log, params: {message: mine}}\n"
		s.want(200, auth.Developer, "POST", "/flows", map[string]any{"files": map[string]string{"a": other}, "main": "a"}, nil)
		s.want(409, auth.Admin, "POST", "/demo/runs", map[string]any{}, &p)
		if !strings.Contains(p.Message, "another one") {
			s.Errorf("problem: %+v", p)
		}
		s.want(409, auth.Admin, "DELETE", "/demo", nil, nil)
		s.want(200, auth.Viewer, "GET", "/flows/demo", nil, nil)
	})
}
