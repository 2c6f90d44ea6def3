package api_test

import (
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
)

const triedText = "aether: 1\nname: tried\nvars: {n: 3}\nnodes:\n- {id: say, type: flow.log, params: {message: '{{ vars.n + 1 }} <script>alert(1)</script>'}}\n"

// What is tried is a run that is not among the flow's own.
func TestTryOverHTTP(t *testing.T) {
	each(t, func(s *site) {
		body := map[string]any{"files": map[string]string{"tried.flow.yaml": triedText}, "main": "tried.flow.yaml", "mode": "to", "node": "say"}
		var made orch.Submitted
		s.want(201, auth.Developer, "POST", "/flows/tried/try", body, &made)
		var got run.Run
		s.want(200, auth.Viewer, "GET", "/runs/"+made.Run, nil, &got)
		if got.Development == nil || got.Development.Mode != "to" || got.Development.By != "developer" || got.Status != run.Queued {
			s.Errorf("the run is %+v", got)
		}
		for query, want := range map[string]int{"": 0, "?development=all": 1, "?development=only": 1, "?flow=tried&development=without": 0} {
			var list struct{ Items []run.Run }
			s.want(200, auth.Viewer, "GET", "/runs"+query, nil, &list)
			if len(list.Items) != want {
				s.Errorf("%d runs are listed with %q, want %d", len(list.Items), query, want)
			}
		}
		// Its page can show the text, which is no version of a flow.
		var text struct{ Flow struct{ Name string } }
		s.want(200, auth.Viewer, "GET", "/flows/tried/versions/"+got.Digest, nil, &text)
		if text.Flow.Name != "tried" {
			s.Errorf("its version is of %q", text.Flow.Name)
		}
		s.want(422, auth.Developer, "POST", "/flows/other/try", body, nil)
		s.want(403, auth.Operator, "POST", "/flows/tried/try", body, nil)
		for name, wrong := range map[string]any{"mode": "all", "node": "none", "run": "none", "pins": map[string]any{"say": map[string]any{"x": 1}}} {
			bad := map[string]any{}
			for k, v := range body {
				bad[k] = v
			}
			bad[name] = wrong
			if code, b, _ := s.ask(auth.Developer, "POST", "/api/v1/flows/tried/try", bad); code != 422 && code != 404 {
				s.Errorf("with %s %v it answers %d %s", name, wrong, code, b)
			}
		}
	})
}

func TestEvaluateOverHTTP(t *testing.T) {
	each(t, func(s *site) {
		var got orch.Evaluated
		s.want(200, auth.Developer, "POST", "/expressions/evaluate", map[string]any{"text": triedText, "node": "say", "expressions": []string{"{{ vars.n * 2 }}", "{{ nodes.x.y }}", "{{"}}, &got)
		if p := got.Params["message"]; p == nil || p.Value == nil || p.Value.Value != "4 <script>alert(1)</script>" {
			s.Errorf("the param is %+v", p)
		}
		if len(got.Expressions) != 3 || got.Expressions[0].Value.Value != float64(6) || !strings.Contains(got.Expressions[1].Problem, "no node x") || got.Expressions[2].Problem == "" {
			s.Errorf("the expressions are %+v", got.Expressions)
		}
		s.want(422, auth.Developer, "POST", "/expressions/evaluate", map[string]any{"text": "nodes: [", "node": "say"}, nil)
		s.want(422, auth.Developer, "POST", "/expressions/evaluate", map[string]any{"text": triedText, "node": "none"}, nil)
		s.want(404, auth.Developer, "POST", "/expressions/evaluate", map[string]any{"text": triedText, "node": "say", "run": "none"}, nil)
		s.want(403, auth.Operator, "POST", "/expressions/evaluate", map[string]any{"text": triedText, "node": "say"}, nil)
	})
}
