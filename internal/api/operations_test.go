package api_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/node"
)

// jobSeen is a job as programs see it.
type jobSeen struct {
	ID      int64
	Run     string
	Attempt int
}

// fail starts a run of greet and makes it a dead letter.
func (s *site) fail(who, reason string, status run.Status) (job int64, id string) {
	s.Helper()
	var out orch.Submitted
	s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": who}}, &out)
	got, err := s.queue.Claim(s.Context(), queue.Want{Robot: "r"})
	if err != nil || got[0] == nil {
		s.Fatalf("%v, %v", got, err)
	}
	r, err := s.runs.Claim(s.Context(), got[0].Run, "me")
	if err != nil {
		s.Fatal(err)
	}
	if r.Status = status; status == run.Failed {
		r.Failure = &node.Failure{Kind: "error", Message: reason}
	}
	if err := s.runs.End(s.Context(), r); err != nil {
		s.Fatal(err)
	}
	if err := s.queue.Fail(s.Context(), got[0], reason, true); err != nil {
		s.Fatal(err)
	}
	return got[0].ID, r.ID
}

func TestDeadLettersByReason(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		s.fail("Ada", "the bank was closed", run.Failed)
		s.fail("Bob", "the bank was closed", run.Failed)
		odd, _ := s.fail("Cy", "no such page", run.Failed)
		var groups struct{ Items []queue.DeadGroup }
		s.want(200, auth.Viewer, "GET", "/stats/dead", nil, &groups)
		if g := groups.Items; len(g) != 2 || g[0].Count != 2 || g[0].Flow != "greet" || g[0].Reason != "the bank was closed" || g[1].Count != 1 {
			s.Fatalf("groups: %+v", groups)
		}
		var jobs struct{ Items []jobSeen }
		s.want(200, auth.Viewer, "GET", "/jobs?stage=dead&flow=greet&reason=no+such+page", nil, &jobs)
		if len(jobs.Items) != 1 || jobs.Items[0].ID != odd {
			s.Errorf("jobs with the reason: %+v", jobs)
		}
		// Which ones must be said, in one way only.
		for _, body := range []map[string]any{{}, {"jobs": []int{}}, {"jobs": []int64{odd}, "all": true}, {"jobs": []int64{odd}, "flow": "greet"}} {
			s.want(422, auth.Operator, "POST", "/jobs/requeue", body, nil)
			s.want(422, auth.Operator, "POST", "/jobs/drop", body, nil)
		}
		s.want(403, auth.Viewer, "POST", "/jobs/requeue", map[string]any{"all": true}, nil)
		var again struct{ Items []orch.Requeued }
		s.want(200, auth.Operator, "POST", "/jobs/requeue", map[string]any{"flow": "greet", "reason": "the bank was closed", "priority": 9}, &again)
		if len(again.Items) != 2 {
			s.Errorf("requeued: %+v", again)
		}
		var count struct{ Count int }
		s.want(200, auth.Operator, "POST", "/jobs/drop", map[string]any{"flow": "other"}, &count)
		if count.Count != 0 {
			s.Errorf("dropped %d of another flow", count.Count)
		}
		s.want(200, auth.Operator, "POST", "/jobs/drop", map[string]any{"all": true}, &count)
		if count.Count != 1 {
			s.Errorf("dropped %d", count.Count)
		}
		var acts struct{ Items []auth.Act }
		s.want(200, auth.Admin, "GET", "/audit?action=requeue-jobs&who=operator", nil, &acts)
		if len(acts.Items) != 1 || !strings.Contains(acts.Items[0].Object, "the bank was closed") {
			s.Errorf("audit: %+v", acts)
		}
		s.want(200, auth.Admin, "GET", "/audit?action=requeue-jobs&to=2020-01-01T00:00:00Z", nil, &acts)
		if len(acts.Items) != 0 {
			s.Errorf("audit before there was any: %+v", acts)
		}
	})
}

func TestRequeueWithOtherInputs(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		first, of := s.fail("Ada", "no", run.Failed)
		second, _ := s.fail("Bob", "no", run.Failed)
		done, doneRun := s.fail("Cy", "its robot died", run.Done)
		requeue := func(status int, input map[string]any, jobs ...int64) (out struct{ Items []orch.Requeued }) {
			s.Helper()
			var into any
			if status == 200 {
				into = &out
			}
			s.want(status, auth.Operator, "POST", "/jobs/requeue", map[string]any{"jobs": jobs, "input": input}, into)
			return out
		}
		dead := func() int {
			var jobs struct{ Items []jobSeen }
			s.want(200, auth.Viewer, "GET", "/jobs?stage=dead", nil, &jobs)
			return len(jobs.Items)
		}
		// What does not fit one of them, or one that is done, changes none.
		requeue(422, map[string]any{"bogus": 1}, first, second)
		requeue(422, map[string]any{"who": 7}, first)
		requeue(409, map[string]any{"who": "Di"}, first, done)
		if n := dead(); n != 3 {
			s.Fatalf("%d dead letters are left", n)
		}
		out := requeue(200, map[string]any{"who": "canary-of-an-input"}, first, first, second)
		if len(out.Items) != 2 || out.Items[0].From != of {
			s.Fatalf("requeued: %+v", out)
		}
		for _, q := range out.Items {
			var r run.Run
			s.want(200, auth.Viewer, "GET", "/runs/"+q.Run, nil, &r)
			if !strings.Contains(string(r.Input), "canary-of-an-input") || r.RetryOf != q.From || r.Status != run.Queued {
				s.Errorf("the new run: %+v", r)
			}
		}
		var old run.Run
		s.want(200, auth.Viewer, "GET", "/runs/"+doneRun, nil, &old)
		if !strings.Contains(string(old.Input), "Cy") {
			s.Errorf("the run that is done: %s", old.Input)
		}
		_, acts, _ := s.ask(auth.Admin, "GET", "/api/v1/audit", nil)
		if !strings.Contains(string(acts), "other inputs: who") || strings.Contains(string(acts), "canary-of-an-input") {
			s.Errorf("audit: %s", acts)
		}
	})
}

// A job that died in the middle, or was never begun, gets a new run for other inputs: the old one ends.
func TestRequeueAnUnfinishedRun(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		var out orch.Submitted
		s.want(201, auth.Operator, "POST", "/runs", map[string]any{"flow": "greet", "input": map[string]any{"who": "Ada"}}, &out)
		got, err := s.queue.Claim(s.Context(), queue.Want{Robot: "r"})
		if err != nil {
			s.Fatal(err)
		}
		if err := s.queue.Fail(s.Context(), got[0], "no attempts left", true); err != nil {
			s.Fatal(err)
		}
		var again struct{ Items []orch.Requeued }
		s.want(200, auth.Operator, "POST", "/jobs/requeue", map[string]any{"jobs": []int64{out.Job}, "input": map[string]any{"who": "Bo"}}, &again)
		if len(again.Items) != 1 || again.Items[0].From != out.Run || again.Items[0].Run == out.Run {
			s.Fatalf("requeued: %+v", again)
		}
		var r run.Run
		s.want(200, auth.Viewer, "GET", "/runs/"+out.Run, nil, &r)
		if r.Status != run.Cancelled || !strings.Contains(string(r.Input), "Ada") {
			s.Errorf("the old run: %+v", r)
		}
		var job jobSeen
		s.want(200, auth.Viewer, "GET", fmt.Sprintf("/jobs/%d", out.Job), nil, &job)
		if job.Run != again.Items[0].Run || job.Attempt != 0 {
			s.Errorf("the job: %+v", job)
		}
	})
}

func TestQueueSamples(t *testing.T) {
	each(t, func(s *site) {
		s.push()
		s.srv.Watch = queue.NewWatch(s.queue, s.queue.Board().Counts)
		var st struct {
			Stages  []queue.Stage
			Samples []queue.Sample
		}
		s.want(200, auth.Viewer, "GET", "/stats/queue", nil, &st)
		if len(st.Samples) != 0 || len(st.Stages) != 4 || st.Stages[0].Stage != "waiting" {
			s.Errorf("at first: %+v", st)
		}
		for range 2 {
			s.fail("Ada", "no", run.Failed)
			if err := s.srv.Watch.Look(s.Context()); err != nil {
				s.Fatal(err)
			}
		}
		s.want(200, auth.Viewer, "GET", "/stats/queue", nil, &st)
		if st.Stages[3].Count != 2 || st.Stages[3].Oldest.IsZero() || len(st.Samples) != 2 || st.Samples[0].Dead != 1 || st.Samples[1].Dead != 2 {
			s.Errorf("after two: %+v", st)
		}
	})
}

func TestImport(t *testing.T) {
	each(t, func(s *site) {
		s.want(204, auth.Developer, "PUT", "/queues/bills", map[string]any{"unique_reference": true, "schema": map[string]any{"required": []string{"total"}, "properties": map[string]any{"total": map[string]any{"type": "number"}}}}, nil)
		const csv = "no;total;note\r\nA1;12.5;\"<b>;x\"\r\nA2;much;\r\nA1;3;\r\nA3;4;é\r\n"
		send := func(status int, role auth.Role, body map[string]any) (p item.Preview) {
			s.Helper()
			s.want(status, role, "POST", "/queues/bills/import", body, &p)
			return p
		}
		items := func() (list struct{ Items []node.Item }) {
			s.want(200, auth.Viewer, "GET", "/queues/bills/items", nil, &list)
			return list
		}
		s.want(403, auth.Viewer, "POST", "/queues/bills/import", map[string]any{"csv": csv}, nil)
		s.want(404, auth.Operator, "POST", "/queues/none/import", map[string]any{"csv": csv}, nil)
		s.want(422, auth.Operator, "POST", "/queues/bills/import", map[string]any{"csv": csv, "reference": "none"}, nil)
		s.want(422, auth.Operator, "POST", "/queues/bills/import", map[string]any{"csv": csv, "delimiter": "\""}, nil)
		p := send(200, auth.Operator, map[string]any{"csv": csv, "reference": "no", "dry_run": true})
		if p.Added != 2 || p.Failed != 2 || len(p.Sample) != 4 || p.Sample[0].Reference != "A1" || p.Sample[0].Content["note"] != "<b>;x" || p.Sample[0].Content["total"] != 12.5 {
			s.Errorf("preview: %+v", p)
		}
		if len(p.Errors) != 2 || p.Errors[0].Row != 2 || p.Errors[1].Row != 3 || !p.Errors[1].Duplicate {
			s.Errorf("errors of the preview: %+v", p.Errors)
		}
		if n := len(items().Items); n != 0 {
			s.Fatalf("the preview added %d", n)
		}
		if p = send(200, auth.Operator, map[string]any{"csv": csv, "reference": "no"}); p.Added != 0 || p.Failed != 2 {
			s.Errorf("all or none: %+v", p)
		}
		if p = send(200, auth.Operator, map[string]any{"csv": csv, "reference": "no", "rows": true}); p.Added != 2 || p.Failed != 2 {
			s.Errorf("row by row: %+v", p)
		}
		if list := items().Items; len(list) != 2 || list[1].Reference != "A3" {
			s.Errorf("items: %+v", list)
		}
		// What is there by now is a duplicate in a preview too.
		if p = send(200, auth.Operator, map[string]any{"csv": "no,total\nA3,1\n", "reference": "no", "dry_run": true}); p.Added != 0 || p.Failed != 1 || !p.Errors[0].Duplicate {
			s.Errorf("second preview: %+v", p)
		}
	})
}

func TestItemsAtOnce(t *testing.T) {
	each(t, func(s *site) {
		s.want(204, auth.Developer, "PUT", "/queues/bills", map[string]any{"lease": "2m", "abandon_after": 5}, nil)
		var queues struct{ Items []map[string]any }
		s.want(200, auth.Viewer, "GET", "/queues", nil, &queues)
		if q := queues.Items[0]; q["lease"] != "2m0s" || q["abandon_after"] != 5.0 {
			s.Errorf("queue: %+v", q)
		}
		digest, size, err := s.srv.Orch.Artifacts.Put(s.Context(), func(w io.Writer) error { _, err := io.WriteString(w, "<script>alert(1)</script>"); return err })
		if err != nil {
			s.Fatal(err)
		}
		q, err := s.items.Queue(s.Context(), "", "bills")
		if err != nil {
			s.Fatal(err)
		}
		if _, err := s.items.Add(s.Context(), q, item.Adding{}, func(yield func(node.ItemSpec, error) bool) {
			for i := range 3 {
				if !yield(node.ItemSpec{Reference: fmt.Sprint("r", i), Content: map[string]any{"text": "50% OFF"}, Files: map[string]node.ItemFile{`a"b.html`: {Digest: digest, Size: size}}}, nil) {
					return
				}
			}
		}); err != nil {
			s.Fatal(err)
		}
		code, b, h := s.ask(auth.Viewer, "GET", "/api/v1/items/1/files/"+digest, nil)
		if code != 200 || string(b) != "<script>alert(1)</script>" || h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
			s.Errorf("file: %d %s %v", code, b, h)
		}
		s.want(404, auth.Viewer, "GET", "/items/1/files/"+strings.Repeat("0", 64), nil, nil)
		s.want(404, auth.Viewer, "GET", "/items/99/files/"+digest, nil, nil)
		find := func(query string) (refs []string) {
			s.Helper()
			var list struct{ Items []node.Item }
			s.want(200, auth.Viewer, "GET", "/queues/bills/items?"+query, nil, &list)
			for _, i := range list.Items {
				refs = append(refs, i.Reference)
			}
			return refs
		}
		if got := find("order=newest&limit=2"); !slices.Equal(got, []string{"r2", "r1"}) {
			s.Errorf("newest: %v", got)
		}
		for query, n := range map[string]int{"search=R1": 1, "search=50%25+off": 3, "search=5__": 0, "search=%25": 3, "sla=late": 0, "kind=business": 0, "review=verified": 0} {
			if got := find(query); len(got) != n {
				s.Errorf("%s: %v", query, got)
			}
		}
		var done api.BulkDone
		s.want(200, auth.Operator, "POST", "/items/bulk", map[string]any{"action": "delete", "items": []int{1, 2, 77}}, &done)
		if done.Done != 2 || len(done.Refused) != 1 || done.Refused[0].Item != 77 {
			s.Errorf("deleted: %+v", done)
		}
		s.want(200, auth.Operator, "POST", "/items/bulk", map[string]any{"action": "retry", "items": []int{1}}, &done)
		if done.Done != 0 || len(done.Refused) != 1 || !strings.Contains(done.Refused[0].Error, "deleted") {
			s.Errorf("retried: %+v", done)
		}
		s.want(200, auth.Operator, "POST", "/items/bulk", map[string]any{"action": "review", "review": "verified", "items": []int{1}}, &done)
		if got := find("review=verified&status=deleted"); len(got) != 1 {
			s.Errorf("reviewed: %v", got)
		}
		var stats struct {
			Items []struct {
				Counts map[string]int
				Days   []item.Day
			}
		}
		s.want(200, auth.Viewer, "GET", "/stats/items?days=2", nil, &stats)
		if len(stats.Items) != 1 || stats.Items[0].Counts["new"] != 1 || len(stats.Items[0].Days) != 2 || stats.Items[0].Days[1].Added+stats.Items[0].Days[0].Added != 3 {
			s.Errorf("stats: %+v", stats)
		}
	})
}

func TestWhoMayAndWhatIs(t *testing.T) {
	each(t, func(s *site) {
		s.srv.Settings = []api.Setting{{Key: "database.url", Value: "postgres://aether:***@db", Source: "default", Secret: true}}
		s.srv.DataDir = s.dir
		var me struct {
			Role   auth.Role
			Rights []auth.Right
		}
		for _, role := range auth.Roles {
			s.want(200, role, "GET", "/me", nil, &me)
			for right := range auth.Rights {
				if slices.Contains(me.Rights, right) != role.May(right) {
					s.Errorf("%s is told that it may %s: %t", role, right, !role.May(right))
				}
			}
		}
		// A secret tells which flows name it, and never what it is.
		flow := func(name string) string {
			return "aether: 1\nname: pay\nnodes:\n- {id: ask, type: http.request, params: {url: 'https://a.example', auth: {kind: bearer, token: {secret: " + name + "}}}}\n"
		}
		s.want(204, auth.Admin, "PUT", "/secrets/BANK", map[string]any{"value": "canary-of-a-value"}, nil)
		s.want(204, auth.Admin, "PUT", "/secrets/OTHER", map[string]any{"value": "canary-of-a-value"}, nil)
		s.want(200, auth.Developer, "POST", "/flows", map[string]any{"files": map[string]string{"a": flow("BANK")}, "main": "a"}, nil)
		s.want(200, auth.Developer, "POST", "/flows/pay/promote", map[string]any{}, nil)
		s.want(200, auth.Developer, "POST", "/flows", map[string]any{"files": map[string]string{"a": flow("'store:OTHER'")}, "main": "a"}, nil)
		var secrets struct {
			Items []struct {
				secret.Entry
				UsedBy []orch.SecretUse `json:"used_by"`
			}
		}
		s.want(200, auth.Developer, "GET", "/secrets", nil, &secrets)
		if l := secrets.Items; len(l) != 2 || !slices.Equal(l[0].UsedBy, []orch.SecretUse{{Flow: "pay", Production: true}}) || !slices.Equal(l[1].UsedBy, []orch.SecretUse{{Flow: "pay", Draft: true}}) {
			s.Errorf("secrets: %+v", secrets)
		}
		if _, b, _ := s.ask(auth.Admin, "GET", "/api/v1/secrets", nil); strings.Contains(string(b), "canary-of-a-value") {
			s.Error("the list of secrets has a value")
		}
		var h api.Health
		s.want(403, auth.Viewer, "GET", "/health", nil, nil)
		s.want(200, auth.Operator, "GET", "/health", nil, &h)
		names := []string{}
		for _, p := range h.Parts {
			names = append(names, p.Name)
			if p.OK == (p.Name == "Robots") || p.OK == (p.Hint != "") {
				s.Errorf("part: %+v", p)
			}
		}
		if !slices.Equal(names, []string{"Server", "Database", "Secrets", "Disk", "Robots"}) || h.Database.Version == "" || h.Database.Migration < 14 || h.Database.Size == 0 || h.Disk == nil {
			s.Errorf("health: %+v", h)
		}
		s.want(403, auth.Developer, "GET", "/settings", nil, nil)
		if code, b, _ := s.ask(auth.Admin, "GET", "/api/v1/settings", nil); code != http.StatusOK || !strings.Contains(string(b), "aether:***@db") {
			s.Errorf("settings: %d %s", code, b)
		}
	})
}
