package telemetry_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/tally"
	"github.com/aether-rpa/aether/internal/telemetry"
	"github.com/aether-rpa/aether/internal/telemetry/oteltest"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

// process is a process of a fleet, with its own handle to the queue.
type process struct {
	*queue.Queue
	scraper *telemetry.Scraper
}

func newProcess(t *testing.T, d *db.DB) *process {
	t.Helper()
	q := queue.New(d)
	s, err := telemetry.NewScraper(telemetry.Figures{Counts: q.Board().Counts, Stats: q.Stats})
	if err != nil {
		t.Fatal(err)
	}
	return &process{q, s}
}

// scrape asks as Prometheus does and parses the answer as it does.
func (p *process) scrape(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	w := httptest.NewRecorder()
	if err := p.scraper.Answer(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)); err != nil {
		t.Fatal(err)
	}
	if ct := w.Header().Get("Content-Type"); w.Code != 200 || !strings.HasPrefix(ct, "text/plain; version=0.0.4") {
		t.Fatalf("answered %d, %s", w.Code, ct)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	got, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatalf("Prometheus could not read it: %v", err)
	}
	return got
}

// values returns all samples, written name{label="value"}; of histograms the
// count and sum.
func values(got map[string]*dto.MetricFamily) map[string]float64 {
	out := map[string]float64{}
	for name, f := range got {
		for _, m := range f.Metric {
			labels := ""
			for _, l := range m.Label {
				labels = fmt.Sprintf("{%s=%q}", l.GetName(), l.GetValue())
			}
			switch f.GetType() {
			case dto.MetricType_GAUGE:
				out[name+labels] = m.Gauge.GetValue()
			case dto.MetricType_COUNTER:
				out[name+labels] = m.Counter.GetValue()
			case dto.MetricType_HISTOGRAM:
				out[name+"_count"+labels] = float64(m.Histogram.GetSampleCount())
				out[name+"_sum"+labels] = m.Histogram.GetSampleSum()
			}
		}
	}
	return out
}

// moved returns what differs between two scrapes, but for what only time moves.
func moved(before, after map[string]float64) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(after)) {
		if d := after[k] - before[k]; d != 0 && k != "aether_queue_oldest_ready_seconds" {
			out = append(out, fmt.Sprintf("%s %+.4g", k, d))
		}
	}
	return strings.Join(out, "; ")
}

// Every metric moves when that happens which it tells of, and no other does.
func TestEveryMetricMoves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d, ctx := dbtest.Open(t, target), t.Context()
		o := newProcess(t, d)
		sql := func(query string, args ...any) {
			t.Helper()
			if _, err := d.Exec(ctx, query, args...); err != nil {
				t.Fatal(err)
			}
		}
		add := func(j queue.Job) {
			t.Helper()
			if err := d.Tx(ctx, func(tx *db.Tx) error { _, err := o.Add(ctx, tx, &j); return err }); err != nil {
				t.Fatal(err)
			}
		}
		claim := func(robot string) *queue.Job {
			t.Helper()
			got, err := o.Claim(ctx, queue.Want{Robot: robot})
			if err != nil || got[0] == nil {
				t.Fatalf("claiming: %v %v", got, err)
			}
			return got[0]
		}
		expire := func() {
			t.Helper()
			sql(`UPDATE {s}job SET lease_until = 1 WHERE state = 1`)
			if _, err := o.Tick(ctx); err != nil {
				t.Fatal(err)
			}
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		end := func(s run.Status, took time.Duration) {
			from := time.Now()
			robot.TellEnd(o.Tally, &run.Run{Status: s, Started: from, Ended: from.Add(took)})
		}
		elements := element.New(d)
		elements.Tally = o.Tally
		search := func(run, outcome string, mismatch bool) int64 {
			found := selector.Print{V: 1, Tag: "button", Name: "Send now", Path: "/html[1]/body[1]/button[1]"}
			r := element.Report{Place: element.Place{Flow: "orders", Node: "send"}, Run: run, Path: "send", Target: "css=#send", Old: "css=#send", Repaired: "id=x", Outcome: outcome, Policy: node.HealPropose, P: .9, Mismatch: mismatch, Found: &found}
			id, _, err := elements.Report(ctx, &r)
			must(err)
			_, _, err = elements.Report(ctx, &r) // as after a crash: it counts once
			must(err)
			return id
		}
		decide := func(id int64, to element.State) {
			_, err := elements.Decide(ctx, to, element.Decision{ID: id})
			must(err)
		}
		var heal int64
		told := map[string]bool{}
		last := values(o.scrape(t))
		for _, step := range []struct {
			what, want string
			do         func()
		}{
			{"a job is added", `aether_queue_jobs{state="ready"} +1`, func() { add(queue.Job{Run: "a", Retry: queue.Retry{Attempts: 2}}) }},
			{"a robot comes", `aether_robot_slots +2; aether_robots{state="online"} +1`, func() {
				must(o.Register(ctx, queue.Robot{Name: "r", Owner: "o", Slots: 2}, func(string) bool { return false }))
			}},
			{"it has the job after 90 s", `aether_queue_claim_latency_seconds_count +1; aether_queue_claim_latency_seconds_sum +90; aether_queue_jobs{state="leased"} +1; aether_queue_jobs{state="ready"} -1`, func() {
				j := claim("r")
				j.After = j.Claimed.Add(-90 * time.Second)
				o.TellClaimed(j)
			}},
			{"it says so", `aether_robot_busy +1; aether_robot_utilization_ratio +0.5`, func() {
				_, err := o.Beat(ctx, "r", "o", queue.Online, 1)
				must(err)
			}},
			{"its lease runs out", `aether_queue_jobs{state="later"} +1; aether_queue_jobs{state="leased"} -1; aether_queue_lease_expiries_total +1; aether_queue_retries_total{reason="expired"} +1`, expire},
			{"it was the last attempt", `aether_queue_dead_letters_total{reason="expired"} +1; aether_queue_jobs{state="dead"} +1; aether_queue_jobs{state="later"} -1; aether_queue_lease_expiries_total +1`, func() {
				sql(`UPDATE {s}job SET state = 0`)
				claim("r")
				expire()
			}},
			{"a robot fails", `aether_queue_jobs{state="later"} +1; aether_queue_retries_total{reason="failed"} +1`, func() {
				add(queue.Job{Run: "b"})
				must(o.Fail(ctx, claim("r"), "no disk", false))
			}},
			{"a flow fails", `aether_queue_dead_letters_total{reason="failed"} +1; aether_queue_jobs{state="dead"} +1`, func() {
				add(queue.Job{Run: "c"})
				must(o.Fail(ctx, claim("r"), "no money", true))
			}},
			{"a deadline passes", `aether_queue_dead_letters_total{reason="late"} +1; aether_queue_jobs{state="dead"} +1`, func() {
				add(queue.Job{Run: "d", Deadline: time.Now().Add(time.Hour)})
				sql(`UPDATE {s}job SET deadline = 1 WHERE run = 'd'`)
				_, err := o.Tick(ctx)
				must(err)
			}},
			{"a job kills robots", `aether_queue_dead_letters_total{reason="poison"} +1; aether_queue_jobs{state="poison"} +1; aether_queue_lease_expiries_total +1`, func() {
				add(queue.Job{Run: "p"})
				sql(`UPDATE {s}job SET killed = 'x y', state = 0 WHERE run = 'p'`)
				claim("z")
				expire()
			}},
			{"a slot is full", `aether_queue_jobs{state="held"} +1; aether_queue_jobs{state="ready"} +1`, func() {
				add(queue.Job{Run: "s", Slot: queue.Slot{Key: "s"}})
				add(queue.Job{Run: "t", Slot: queue.Slot{Key: "s"}})
			}},
			{"runs end", `aether_run_duration_seconds_count{status="cancelled"} +1; aether_run_duration_seconds_count{status="done"} +1; aether_run_duration_seconds_count{status="failed"} +1; aether_run_duration_seconds_sum{status="cancelled"} +3; aether_run_duration_seconds_sum{status="done"} +1; aether_run_duration_seconds_sum{status="failed"} +2`, func() {
				end(run.Done, time.Second)
				end(run.Failed, 2*time.Second)
				end(run.Cancelled, 3*time.Second)
				end(run.Waiting, 4*time.Second)
			}},
			{"the robot is paused", `aether_robot_busy -1; aether_robot_slots -2; aether_robot_utilization_ratio -0.5; aether_robots{state="online"} -1; aether_robots{state="paused"} +1`, func() {
				_, err := o.Beat(ctx, "r", "o", queue.Paused, 1)
				must(err)
			}},
			{"it drains", `aether_robots{state="draining"} +1; aether_robots{state="paused"} -1`, func() {
				_, err := o.Beat(ctx, "r", "o", queue.Draining, 1)
				must(err)
			}},
			{"it is silent", `aether_robots{state="draining"} -1; aether_robots{state="lost"} +1`, func() { sql(`UPDATE {s}robot SET seen = 1`) }},
			{"an element is found again", `aether_heals_total{outcome="healed"} +1`, func() { heal = search("a", element.Healed, false) }},
			{"a person is asked about one that the target mistook", `aether_heal_mismatches_total +1; aether_heals_total{outcome="asked"} +1`, func() { search("b", element.Asked, true) }},
			{"nothing is found", `aether_heals_total{outcome="abstained"} +1`, func() { search("c", element.Abstained, false) }},
			{"a heal is approved", `aether_heal_decisions_total{decision="approved"} +1`, func() { decide(heal, element.Approved) }},
			{"it is rolled back", `aether_heal_decisions_total{decision="rolled_back"} +1`, func() { decide(heal, element.RolledBack) }},
			{"it is rejected", `aether_heal_decisions_total{decision="rejected"} +1`, func() { decide(heal, element.Rejected) }},
			{"it is gone", `aether_robots{state="lost"} -1; aether_robots{state="offline"} +1`, func() {
				_, err := o.Beat(ctx, "r", "o", queue.Offline, 0)
				must(err)
			}},
		} {
			step.do()
			now := values(o.scrape(t))
			if got := moved(last, now); got != step.want {
				t.Errorf("when %s:\n got %s\nwant %s", step.what, got, step.want)
			}
			for k := range now {
				told[k] = told[k] || now[k] != last[k]
			}
			last = now
		}
		sql(`UPDATE {s}job SET ready_at = ready_at - 100000 WHERE state = 0`)
		if v := values(o.scrape(t))["aether_queue_oldest_ready_seconds"]; v < 100 {
			t.Errorf("the oldest waits for %v s", v)
		}
		told["aether_queue_oldest_ready_seconds"] = true
		for k, ok := range told {
			if !ok {
				t.Errorf("%s has never moved", k)
			}
		}
	})
}

// What several orchestrators are asked for can be added up.
func TestScrapesAddUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		one, two, robot := newProcess(t, d), newProcess(t, dbtest.Open(t, target)), newProcess(t, dbtest.Open(t, target))
		one.TellClaimed(&queue.Job{})
		two.TellClaimed(&queue.Job{})
		const name = "aether_queue_claim_latency_seconds_count"
		sum := func() float64 { return values(one.scrape(t))[name] + values(two.scrape(t))[name] }
		for i := range 5 {
			robot.TellClaimed(&queue.Job{})
			if err := robot.HandTally(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := sum(); got != float64(3+i) {
				t.Errorf("both together count %v claims, want %d", got, 3+i)
			}
			one, two = two, one // the other is asked first
		}
	})
}

// The table of the guide is what is printed.
func TestGuideListsTheMetrics(t *testing.T) {
	page, err := os.ReadFile("../../docs/guide/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(aether_[a-z_]+)` \\| (\\w+) \\| ([^|]*)\\| [^|]+ \\|$").FindAllStringSubmatch(string(page), -1) {
		documented[m[1]] = strings.TrimSpace(m[2] + " " + m[3])
	}
	printed := map[string]string{}
	for name, f := range newProcess(t, dbtest.Open(t, dbtest.SQLite(t))).scrape(t) {
		label, all := "", []string{}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				label = l.GetName()
				all = append(all, l.GetValue())
			}
		}
		if label != "" {
			label = "`" + label + "`: "
		}
		printed[name] = strings.TrimSpace(strings.ToLower(f.GetType().String()) + " " + label + strings.Join(all, ", "))
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
	}
	for name, p := range printed {
		if sorted(documented[name]) != sorted(p) {
			t.Errorf("the guide says of %s %q, and it is %q", name, documented[name], p)
		}
	}
	for name := range documented {
		if printed[name] == "" {
			t.Errorf("the guide has %s, which is not printed", name)
		}
	}
}

// sorted brings the values of a label into order.
func sorted(text string) string {
	head, list, ok := strings.Cut(text, ": ")
	if !ok {
		return text
	}
	all := strings.Split(list, ", ")
	slices.Sort(all)
	return head + ": " + strings.Join(all, ", ")
}

// A database that is away makes no answer that is half of one.
func TestScrapeFails(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	p := newProcess(t, d)
	d.Close()
	w := httptest.NewRecorder()
	if err := p.scraper.Answer(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)); err == nil || w.Body.Len() > 0 {
		t.Errorf("answered %v with %q", err, w.Body)
	}
}

// The same figures go out over OTLP: what this process counted, and if it speaks
// for the fleet, how that is.
func TestFiguresOverOTLP(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	q := queue.New(d)
	for _, speaks := range []bool{false, true} {
		c := oteltest.New(t)
		tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": c.URL + "/v1/metrics"})
		f := &telemetry.Figures{Counts: func(context.Context) (*tally.Counts, error) { return q.Tally.Counts(), nil }}
		if speaks {
			f.Stats = q.Stats
		}
		tel.Watch(f)
		q.TellClaimed(&queue.Job{})
		stop(t, tel)
		want := map[bool]string{false: "1 0", true: "2 0"}[speaks]
		if got := c.Points("aether.queue.claim.latency"); got[""] != want {
			t.Errorf("claims: %v, want %s", got, want)
		}
		if got := c.Points("aether.heals"); len(got) != 3 || got["outcome=asked"] != "0" {
			t.Errorf("heals: %v", got)
		}
		if got := c.Points("aether.queue.dead_letters"); len(got) != 4 || got["reason=poison"] != "0" {
			t.Errorf("dead letters: %v", got)
		}
		if got := c.Points("aether.queue.jobs"); (len(got) == 6) != speaks || len(got) > 0 != speaks {
			t.Errorf("jobs: %v", got)
		}
		if got := c.Points("aether.robot.utilization"); (got[""] == "0") != speaks {
			t.Errorf("utilization: %v", got)
		}
		if got := c.Points("aether.run.duration"); len(got) > 0 {
			t.Errorf("durations of runs are sent by who executes them: %v", got)
		}
	}
}
