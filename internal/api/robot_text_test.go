package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/queue"
)

// Whatever a program said that a run reports of, its end is written and its job
// given back.
func TestRobotTellsAnyFailure(t *testing.T) {
	hostile(t, func(p *prober) {
		at := fmt.Sprintf("/robot/jobs/%d/end?fence=%d", p.lease.Job, p.lease.Fence)
		machine := []string{"Aether-Machine", p.machine}
		j, err := p.queue.Get(p.Context(), p.lease.Job)
		if err != nil {
			p.Fatal(err)
		}
		p.want(http.StatusUnprocessableEntity, auth.Worker, "POST", at, map[string]any{"run": map[string]any{
			"id": j.Run, "flow": "greet", "digest": "", "status": "lost", "input": nil, "nodes": 0, "recorded": 0, "resumes": 0, "created": "2026-01-01T00:00:00Z"}}, nil, machine...)
		p.want(200, auth.Worker, "POST", at, map[string]any{"error": "it said \x00 and stopped"}, nil, machine...)
		j, err = p.queue.Get(p.Context(), p.lease.Job)
		if err != nil || j.State == queue.Leased || !strings.Contains(j.Reason, "it said \uFFFD and stopped") {
			p.Errorf("the job: %+v %v", j, err)
		}
	})
}
