package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
)

// A paused run shows its variables; operators let it go on, developers change it,
// and the audit log says who did, without the values.
func TestDebugRun(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		start := func(status int, node, when string) (out orch.Submitted) {
			s.Helper()
			s.want(status, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}, "breakpoints": []any{map[string]any{"node": node, "when": when}}}, &out)
			return out
		}
		start(422, "sya", "")
		start(422, "say", "1 +")
		id := start(201, "say", "true").Run
		s.want(409, auth.Operator, "POST", "/runs/"+id+"/debug", map[string]any{"command": "over"}, nil)
		s.want(200, auth.Operator, "POST", "/runs/"+id+"/pause", nil, nil)

		// A robot has come to the breakpoint.
		r, err := s.runs.Claim(s.Context(), id, "test")
		if err != nil {
			s.Fatal(err)
		}
		w := engine.Wait{Kind: engine.WaitPaused, Path: "say", Topic: engine.DebugTopic + ":say", Paused: &engine.Paused{Why: "breakpoint", Node: "say", Type: "flow.log", Flow: "greet", Vars: map[string]engine.Shown{"n": {Value: json.RawMessage(`"shown to few"`)}}}}
		r.Status = run.Waiting
		if r.Waits, err = json.Marshal([]engine.Wait{w}); err != nil {
			s.Fatal(err)
		}
		if err := s.runs.End(s.Context(), r); err != nil {
			s.Fatal(err)
		}
		var d orch.Debugging
		s.want(200, auth.Viewer, "GET", "/runs/"+id+"/debug", nil, &d)
		if len(d.Paused) != 1 || d.Paused[0].Path != "say" || string(d.Paused[0].Vars["n"].Value) != `"shown to few"` || len(d.Breaks) != 1 || d.Breaks[0].When != "true" {
			s.Errorf("it shows %+v", d)
		}
		if _, body, _ := s.ask(auth.Viewer, "GET", "/api/v1/runs", nil); !strings.Contains(string(body), `"paused":true`) || strings.Contains(string(body), "shown to few") {
			s.Errorf("the list shows %s", body)
		}
		set := map[string]any{"command": "over", "set": map[string]any{"n": "mine"}}
		s.want(403, auth.Operator, "POST", "/runs/"+id+"/debug", set, nil)
		s.want(422, auth.Developer, "POST", "/runs/"+id+"/debug", map[string]any{"set": map[string]any{"m": 1}}, nil)
		s.want(422, auth.Developer, "POST", "/runs/"+id+"/debug", map[string]any{"command": "jump"}, nil)
		s.want(409, auth.Operator, "POST", "/runs/"+id+"/pause", nil, nil)
		s.want(422, auth.Operator, "POST", "/runs/"+id+"/messages", map[string]any{"topic": w.Topic, "data": set}, nil)
		if list, err := s.runs.Messages(s.Context(), id, w.Topic); err != nil || len(list) != 0 {
			s.Fatalf("the run was told %v, %v", list, err)
		}
		s.want(200, auth.Operator, "POST", "/runs/"+id+"/debug", map[string]any{"breakpoints": []any{}}, nil)
		s.want(200, auth.Developer, "POST", "/runs/"+id+"/debug", set, nil)
		list, err := s.runs.Messages(s.Context(), id, w.Topic)
		if err != nil || len(list) != 1 || string(list[0].Data) != `{"by":"developer","command":"over","set":{"n":"mine"}}` {
			s.Errorf("the run was told %s, %v", list, err)
		}
		_, acts, _ := s.ask(auth.Admin, "GET", "/api/v1/audit", nil)
		for _, act := range []string{`"over set n"`, `"0 breakpoints"`, `pause-run`, `debug-run`} {
			if !strings.Contains(string(acts), act) {
				s.Errorf("the audit log lacks %s: %s", act, acts)
			}
		}
		if strings.Contains(string(acts), "mine") {
			s.Error("a value is in the audit log")
		}
	})
}
