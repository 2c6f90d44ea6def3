package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/node"
)

// worker is a robot that has begun a run.
type worker struct {
	*site
	machine string
	job     *orch.Given
}

// worker registers a robot and gives it a run.
func (s *site) worker(machine string) *worker {
	s.Helper()
	w := &worker{s, machine, nil}
	s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": machine}}, nil)
	me := map[string]any{"name": machine, "machine": machine, "slots": 1}
	s.want(204, auth.Worker, "POST", "/robot/register", me, nil)
	var c api.Claimed
	s.want(200, auth.Worker, "POST", "/robot/claim", map[string]any{"name": machine, "machine": machine, "wait_ms": 5000}, &c)
	if c.Job == nil {
		s.Fatal("no job was given")
	}
	w.job = c.Job
	s.want(200, auth.Worker, "POST", w.path("begin"), map[string]any{"have": false}, nil, "Aether-Machine", machine)
	return w
}

func (w *worker) path(what string) string {
	return fmt.Sprintf("/robot/jobs/%d/%s?fence=%d", w.job.Job, what, w.job.Fence)
}

// does calls for items under the lease of the robot.
func (w *worker) does(what string, body any) api.ItemWork {
	w.Helper()
	var out api.ItemWork
	w.want(200, auth.Worker, "POST", w.path("items/"+what), body, &out, "Aether-Machine", w.machine)
	return out
}

// A robot reaches the items of its runs, and no other run's.
func TestRemoteItems(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		items := s.items
		if err := items.AddQueue(s.Context(), &item.Queue{Name: "q"}, false); err != nil {
			s.Fatal(err)
		}
		one, two := s.worker("m1"), s.worker("m2")
		h := sha256.Sum256([]byte("hello"))
		digest := hex.EncodeToString(h[:])
		row := map[string]any{"reference": "a", "content": map[string]any{"n": 1}, "files": map[string]any{"f": map[string]any{"digest": digest, "size": 5}}}
		add := map[string]any{"queue": "q", "token": "add", "items": []any{row}}
		if got := one.does("add", add); got.Failure == nil || got.Failure.Kind != node.KindInput {
			s.Errorf("a file that the run does not have: %+v", got)
		}
		s.want(204, auth.Worker, "PUT", one.path("artifacts/"+digest), "hello", nil, "Aether-Machine", "m1")
		first := one.does("add", add)
		if first.Added == nil || first.Added.Added != 1 {
			s.Fatalf("added: %+v", first)
		}
		if again := one.does("add", add); again.Added == nil || again.Added.First != first.Added.First {
			s.Errorf("added again: %+v", again)
		}
		bad := map[string]any{"queue": "q", "token": "rows", "rows": true, "items": []any{map[string]any{"bad": "no number"}, map[string]any{"reference": "b", "content": map[string]any{}}}}
		if got := one.does("add", bad); got.Added == nil || got.Added.Added != 1 || got.Added.Failed != 1 || got.Added.Errors[0].Row != 1 {
			s.Errorf("row by row: %+v", got.Added)
		}
		next := map[string]any{"queue": "q", "token": "t", "wait_ms": 0}
		got := two.does("next", next)
		if len(got.Items) != 1 || got.Items[0].Reference != "a" {
			s.Fatalf("taken: %+v", got)
		}
		mine := got.Items[0]
		if again := two.does("next", next); len(again.Items) != 1 || again.Items[0].ID != mine.ID || again.Items[0].Fence != mine.Fence {
			s.Errorf("taken again: %+v", again)
		}
		// Its file may be read by the run that has it.
		if code, body, _ := s.ask(auth.Worker, "GET", "/api/v1"+two.path("artifacts/"+digest), nil, "Aether-Machine", "m2"); code != 200 || string(body) != "hello" {
			s.Errorf("the item's file: %d %s", code, body)
		}
		// Another run's item, and another robot's lease.
		hold := map[string]any{"id": mine.ID, "fence": mine.Fence}
		end := map[string]any{"hold": hold, "end": map[string]any{"status": "successful", "output": map[string]any{"x": 1.0}}}
		for what, body := range map[string]any{"keep": map[string]any{"hold": hold, "progress": "stolen"}, "end": end} {
			if got := one.does(what, body); got.Failure == nil || got.Failure.Code != node.CodeItemLost {
				s.Errorf("%s of another run's item: %+v", what, got)
			}
		}
		for what, body := range map[string]any{"add": add, "next": next, "keep": map[string]any{"hold": hold}, "end": end, "list": map[string]any{}} {
			s.want(409, auth.Worker, "POST", two.path("items/"+what), body, nil, "Aether-Machine", "m1")
			s.want(403, auth.Admin, "POST", two.path("items/"+what), body, nil, "Aether-Machine", "m2")
		}
		if got := two.does("keep", map[string]any{"hold": hold, "progress": "half"}); got.Failure != nil {
			s.Errorf("kept: %+v", got.Failure)
		}
		for range 2 {
			if got := two.does("end", end); got.Failure != nil || got.Ended.Status != node.ItemSuccessful {
				s.Errorf("ended: %+v", got)
			}
		}
		list := one.does("list", map[string]any{"queue": "q", "status": []string{"successful"}}).Items
		if len(list) != 1 || list[0].Progress != "half" || list[0].Run != two.job.Run {
			s.Errorf("listed: %+v", list)
		}
		if got := one.does("next", map[string]any{"queue": "none", "token": "t2", "wait_ms": 0}); got.Failure == nil || got.Failure.Kind != node.KindNotFound {
			s.Errorf("no such queue: %+v", got)
		}
	})
}
