package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
)

// A robot takes a job, tells what it recorded, and is refused as soon as
// another has the job.
func TestRemoteRobot(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		var sub orch.Submitted
		s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}}, &sub)
		ask := func(status int, machine, method, path string, body, into any) {
			s.Helper()
			s.want(status, auth.Worker, method, "/robot"+path, body, into, "Aether-Machine", machine)
		}
		me := func(machine string, more map[string]any) map[string]any {
			out := map[string]any{"name": machine, "machine": machine}
			for k, v := range more {
				out[k] = v
			}
			return out
		}
		for _, m := range []string{"m1", "m2"} {
			ask(204, m, "POST", "/register", me(m, map[string]any{"slots": 1}), nil)
		}
		ask(409, "m1", "POST", "/register", map[string]any{"name": "m2", "machine": "m1", "slots": 1}, nil)
		var c api.Claimed
		ask(200, "m1", "POST", "/claim", me("m1", map[string]any{"wait_ms": 5000}), &c)
		if c.Job == nil || c.Job.Run != sub.Run {
			s.Fatalf("claimed %+v", c)
		}
		lease := func(what string) string {
			b, _ := json.Marshal(c.Job.Job)
			f, _ := json.Marshal(c.Job.Fence)
			sep := "?"
			if strings.Contains(what, "?") {
				sep = "&"
			}
			return "/jobs/" + string(b) + "/" + what + sep + "fence=" + string(f)
		}
		ask(409, "m2", "POST", lease("begin"), map[string]any{"have": false}, nil)
		var b orch.Begun
		ask(200, "m1", "POST", lease("begin"), map[string]any{"have": true}, &b)
		if b.Run == nil || b.Continues || b.Run.Digest == "" || b.Run.Started.IsZero() {
			s.Fatalf("begun %+v", b)
		}
		ask(200, "m1", "GET", lease("flows/"+b.Run.Digest), nil, nil)
		ask(404, "m1", "GET", lease("flows/"+strings.Repeat("0", 64)), nil, nil)
		ask(404, "m1", "POST", lease("secret"), map[string]any{"name": "x"}, nil)
		two := map[string]any{"records": []any{map[string]any{"name": "a", "data": map[string]any{"n": 1}}, map[string]any{"name": "b!intent", "data": map[string]any{}}}}
		ask(204, "m1", "POST", lease("records"), two, nil)
		ask(204, "m1", "POST", lease("records"), two, nil)
		ask(409, "m2", "POST", lease("records"), two, nil)
		var recs api.Records
		ask(200, "m1", "GET", lease("records?after=0"), nil, &recs)
		if len(recs.Records) != 2 || recs.Records[1].Name != "b!intent" {
			s.Errorf("records: %+v", recs)
		}
		ask(204, "m1", "POST", lease("events"), map[string]any{"events": []run.Event{{Seq: 7, Kind: "log"}}}, nil)
		h := sha256.Sum256([]byte("hello"))
		digest := hex.EncodeToString(h[:])
		ask(422, "m1", "PUT", lease("artifacts/"+digest), "hallo", nil)
		ask(404, "m1", "GET", lease("artifacts/"+digest), nil, nil)
		ask(204, "m1", "PUT", lease("artifacts/"+digest), "hello", nil)
		if code, body, _ := s.ask(auth.Worker, "GET", "/api/v1/robot"+lease("artifacts/"+digest), nil, "Aether-Machine", "m1"); code != 200 || string(body) != "hello" {
			s.Errorf("artifact: %d %s", code, body)
		}
		var beat api.Beaten
		alive := map[string]any{"job": c.Job.Job, "fence": c.Job.Fence, "nodes": 3, "recorded": 2, "since": 0}
		ask(200, "m1", "POST", "/beat", me("m1", map[string]any{"state": "online", "jobs": []any{alive}}), &beat)
		if len(beat.Jobs) != 1 || beat.Jobs[0].Lost {
			s.Errorf("beat: %+v", beat)
		}
		ask(200, "m2", "POST", "/beat", me("m2", map[string]any{"state": "online", "jobs": []any{alive}}), &beat)
		if len(beat.Jobs) != 1 || !beat.Jobs[0].Lost {
			s.Errorf("another's job: %+v", beat)
		}
		// The first is started again: what it had is free, its old lease good for
		// nothing.
		ask(204, "m1", "POST", "/register", me("m1", map[string]any{"slots": 1}), nil)
		if _, err := s.queue.Tick(s.Context()); err != nil {
			s.Fatal(err)
		}
		old := lease("records")
		ask(409, "m1", "POST", old, two, nil)
		// It rests for some seconds after a robot's death.
		if err := s.queue.Wake(s.Context(), sub.Run); err != nil {
			s.Fatal(err)
		}
		c = api.Claimed{}
		ask(200, "m1", "POST", "/claim", me("m1", map[string]any{"wait_ms": 5000}), &c)
		if c.Job == nil {
			s.Fatal("the job was not given again")
		}
		ask(409, "m1", "POST", old, two, nil)
		ask(200, "m1", "POST", lease("begin"), map[string]any{"have": true}, &b)
		if !b.Continues || b.Events != 7 {
			s.Errorf("begun again: %+v", b)
		}
		b.Run.Status, b.Run.Output = run.Done, json.RawMessage(`{"x":1}`)
		ask(200, "m1", "POST", lease("end"), map[string]any{"run": b.Run}, nil)
		ask(409, "m1", "POST", lease("end"), map[string]any{"run": b.Run}, nil)
		var r run.Run
		s.want(200, auth.Viewer, "GET", "/runs/"+sub.Run, nil, &r)
		if r.Status != run.Done || string(r.Output) != `{"x":1}` {
			s.Errorf("run: %+v", r)
		}
		if jobs, err := s.queue.Count(s.Context()); err != nil || len(jobs) != 0 {
			s.Errorf("jobs left: %v %v", jobs, err)
		}
	})
}
