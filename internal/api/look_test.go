package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/node"
)

// looked adds a run with records, a journal, and what was kept of a page.
func (s *site) looked(id string, status run.Status, created time.Time, outputs ...string) {
	s.Helper()
	ctx := s.Context()
	if _, err := s.runs.Create(ctx, &run.Run{ID: id, Flow: "greet", Digest: "d", Input: []byte(`{}`), Created: created}); err != nil {
		s.Fatal(err)
	}
	if err := s.runs.SaveFlow(ctx, "d", "greet", `{"aether":1,"name":"greet","nodes":[{"id":"get","type":"web.click"}]}`); err != nil {
		s.Fatal(err)
	}
	if _, err := s.db.Exec(ctx, `UPDATE {s}run SET status = $1, failure = $2 WHERE id = $3`, string(status), map[run.Status]string{run.Failed: `{"kind":"net","message":"the shop is closed","node":"get","path":"each[1]/get"}`}[status], id); err != nil {
		s.Fatal(err)
	}
	var entries []durable.Entry
	var events []run.Event
	for i, out := range outputs {
		path := fmt.Sprintf("each[%d]/get", i)
		entries = append(entries, durable.Entry{Name: path, Data: fmt.Appendf(nil, `{"out":%s,"s":1,"e":2}`, out)})
		events = append(events, run.Event{Run: id, Seq: int64(i + 1), Kind: "node_finished", Path: path, At: created, Data: json.RawMessage(`{"node":"get"}`)})
	}
	put := func(text string) string {
		digest, _, err := s.srv.Orch.Artifacts.Put(ctx, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
		if err != nil {
			s.Fatal(err)
		}
		return digest
	}
	step, err := json.Marshal(trace.Step{URL: "https://shop.example", Before: &trace.Page{HTML: put(`<!doctype html><html><head></head><body><script>alert(1)</script>Shop</body></html>`), Width: 800, Height: 600}, Shot: &trace.Shot{JPEG: put("\xff\xd8picture"), Width: 800, Height: 600}, Console: []node.TraceMessage{{Level: "error", Text: "no"}}})
	if err != nil {
		s.Fatal(err)
	}
	for try, node := range []string{put(`{"url":"https://first.example"}`), put(string(step))} {
		e, err := json.Marshal(trace.Entry{Node: "get", Try: try + 1, Step: node})
		if err != nil {
			s.Fatal(err)
		}
		events = append(events, run.Event{Run: id, Seq: int64(100 + try), Kind: trace.Kind, Path: "each[0]/get", At: created, Data: e})
	}
	if err := s.runs.AddEvents(ctx, events); err != nil {
		s.Fatal(err)
	}
	if _, err := s.srv.Orch.Durable.Run(ctx, id, func(ctx context.Context, l durable.Log) ([]byte, error) { return nil, l.Append(ctx, entries...) }); err != nil {
		s.Fatal(err)
	}
}

func TestLookAtRuns(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now()
		s.looked("good", run.Done, now.Add(-time.Hour), `1`, `2`)
		s.looked("bad", run.Failed, now, `1`, `3`, `4`)

		var c orch.Comparison
		s.want(200, auth.Viewer, "GET", "/runs/bad/compare", nil, &c)
		if c.With != "good" || c.First == nil || c.First.Path != "each[1]/get" || string(c.First.Here.Output) != "3" || string(c.First.There.Output) != "2" {
			s.Errorf("compared: %+v", c)
		}
		s.want(404, auth.Viewer, "GET", "/runs/bad/compare?with=none", nil, nil)

		var grid struct{ Items []orch.GridRun }
		s.want(200, auth.Viewer, "GET", "/flows/greet/grid", nil, &grid)
		if len(grid.Items) != 2 || grid.Items[0].ID != "bad" || grid.Items[0].Cells["get"] != (orch.GridCell{State: "failed", Count: 3, Failed: 1}) {
			s.Errorf("grid: %+v", grid.Items)
		}

		var paths []string
		for next := ""; ; {
			var page struct {
				Items []orch.Step
				Next  string
			}
			s.want(200, auth.Viewer, "GET", "/runs/bad/steps?node=get&limit=2&brief=true&cursor="+next, nil, &page)
			for _, step := range page.Items {
				paths = append(paths, step.Path)
				if step.Output != nil {
					s.Errorf("a brief step has an output: %s", step.Output)
				}
			}
			if next = page.Next; next == "" {
				break
			}
		}
		if got := strings.Join(paths, " "); got != "each[0]/get each[1]/get each[2]/get" {
			s.Errorf("steps: %s", got)
		}

		var found struct{ Items []run.Run }
		s.want(200, auth.Viewer, "GET", "/runs?error=SHOP+is&since="+now.Add(-time.Minute).UTC().Format(time.RFC3339), nil, &found)
		if len(found.Items) != 1 || found.Items[0].ID != "bad" {
			s.Errorf("found: %+v", found.Items)
		}
	})
}

// A page that was kept is shown in a frame of the server's own pages, and can do nothing there.
func TestKeptPages(t *testing.T) {
	each(t, func(s *site) {
		s.looked("r", run.Done, time.Now(), `1`)
		var list struct{ Items []orch.TraceEntry }
		s.want(200, auth.Viewer, "GET", "/runs/r/traces", nil, &list)
		if len(list.Items) != 2 || list.Items[1].Path != "each[0]/get" || list.Items[1].Try != 2 {
			s.Errorf("traces: %+v", list.Items)
		}
		var step trace.Step
		s.want(200, auth.Viewer, "GET", "/runs/r/trace?path=each%5B0%5D/get", nil, &step)
		if step.URL != "https://shop.example" || step.Shot == nil || step.Console[0].Text != "no" {
			s.Errorf("the last try: %+v", step)
		}
		s.want(200, auth.Viewer, "GET", "/runs/r/trace?path=each%5B0%5D/get&try=1", nil, &step)
		if step.URL != "https://first.example" {
			s.Errorf("the first try: %+v", step)
		}
		for what, want := range map[string]struct{ kind, part string }{"before": {"text/html; charset=utf-8", "Shop"}, "picture": {"image/jpeg", "picture"}} {
			code, b, h := s.ask(auth.Viewer, "GET", "/api/v1/runs/r/trace/"+what+"?path=each%5B0%5D/get", nil)
			if code != 200 || h.Get("Content-Type") != want.kind || !strings.Contains(string(b), want.part) {
				s.Errorf("%s: %d %v %s", what, code, h, b)
			}
			if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox; default-src 'none'") || strings.Contains(csp, "script-src") || h.Get("X-Content-Type-Options") != "nosniff" {
				s.Errorf("%s may do more than be looked at: %v", what, h)
			}
		}
		s.want(404, auth.Viewer, "GET", "/runs/r/trace/after?path=each%5B0%5D/get", nil, nil)
		s.want(404, auth.Viewer, "GET", "/runs/r/trace?path=none", nil, nil)
		s.want(422, auth.Viewer, "GET", "/runs/r/trace", nil, nil)
		s.want(403, auth.Worker, "GET", "/runs/r/trace?path=each%5B0%5D/get", nil, nil)
		code, b, h := s.ask(auth.Viewer, "GET", "/api/v1/runs/r/report", nil)
		if code != http.StatusOK || h.Get("Content-Disposition") != "attachment; filename=run-r.html" || !strings.HasSuffix(strings.TrimSpace(string(b)), "</html>") {
			s.Errorf("report: %d %v", code, h)
		}
	})
}
