package conformance

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// itemInfo is an item in `item list --json` and in the file of --items-out.
type itemInfo struct {
	ID                int64
	Reference, Status string
	Kind, Reason      string
	Content           map[string]any
	Output            any
	Retry             int64
	RetryNo           int `json:"retry_no"`
	Taken, Died       int
	Run, Review       string
	Version           int64
}

func (h *home) items(args ...string) []itemInfo {
	h.Helper()
	return decode[[]itemInfo](h, h.want(0, append([]string{"item", "list", "--json"}, args...)...).out)
}

// told writes items as reference:status, in order.
func told(items []itemInfo) string {
	var out []string
	for _, i := range items {
		out = append(out, i.Reference+":"+i.Status)
	}
	return strings.Join(out, " ")
}

// expire lets the leases of all items run out.
func (h *home) expire(t *testing.T) {
	t.Helper()
	target := "sqlite:" + filepath.Join(h.data, "aether.db")
	for _, e := range h.env {
		if url, ok := strings.CutPrefix(e, "AETHER_DATABASE_URL="); ok {
			target = url
		}
	}
	d, err := db.Open(t.Context(), target, db.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Exec(t.Context(), `UPDATE {s}item SET lease_until = 1 WHERE state = 1`); err != nil {
		t.Fatal(err)
	}
}

// works is a flow that posts the reference of each item of a queue.
func works(l *ledger, params string) string {
	return fmt.Sprintf(`outputs: {n: '{{ nodes.each.count }}', ok: '{{ nodes.each.successful }}', bad: '{{ nodes.each.failed }}', again: '{{ nodes.each.retried }}', lost: '{{ nodes.each.lost }}'}
nodes:
- {id: each, type: flow.for_each_item, params: {queue: items, output: '{{ {sent: nodes.post.body} }}'%s}}
- {id: bad, type: flow.if, params: {condition: '{{ loop.item.content.bad ?? false }}'}}
- {id: no, type: flow.fail, params: {message: 'no VAT id'}}
- {id: post, type: http.request, params: {method: POST, url: '%s/{{ loop.item.reference }}'}, on_interrupted: retry}
edges: [each.body -> bad, bad.then -> no, bad.else -> post]
`, params, l.URL)
}

const fourItems = `[{"reference":"A","content":{}},{"reference":"B","content":{"bad":true}},{"reference":"C","content":{}},{"reference":"D","content":{}}]`

// TestRunItems runs a flow on items from a file, kills it, and goes on.
func TestRunItems(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow(works(l, ""))
	h.write("items.json", fourItems)
	h.write("other.jsonl", `{"reference":"X","content":{}}`)
	l.holding("C")
	p := h.start("run", "flow.yaml", "--items", "items.json")
	arrives(l, "C", 1)
	p.kill()
	l.release()
	// Other items are another run.
	if r := h.want(0, "run", "flow.yaml", "--items", "other.jsonl"); !strings.Contains(r.out, "Items: 1 successful.") {
		t.Errorf("other items:\n%s", r.out)
	}
	r := h.want(0, "run", "flow.yaml", "--items", "items.json", "--items-out", "out.json")
	if !strings.Contains(r.err, "was interrupted; going on with it") || !strings.Contains(r.out, "Items: 3 successful, 1 failed.") || !strings.Contains(r.out, "2 B: failed (business), no VAT id") {
		t.Errorf("%s%s", r.err, r.out)
	}
	l.want(t, "A C X C D")
	b, err := os.ReadFile(filepath.Join(h.dir, "out.json"))
	if err != nil {
		t.Fatal(err)
	}
	out := decode[[]itemInfo](t, string(b))
	if told(out) != "A:successful B:failed C:successful D:successful" || fmt.Sprint(out[0].Output) != "map[sent:noted A]" || out[2].Taken != 1 {
		t.Errorf("out: %+v", out)
	}
	// They are the run's own.
	if list := h.items(); len(list) != 0 {
		t.Errorf("others see %+v", list)
	}
	refused(t, h.want(2, "run", "flow.yaml", "--id", r.out[strings.Index(r.out, "run ")+4:][:20], "--items", "other.jsonl"), "begun with other items")
	refused(t, h.want(2, "run", "flow.yaml", "--items", "nothing.json"), "opening the items")
	refused(t, h.want(2, "run", "flow.yaml", "--items", "flow.yaml"), ".json, .jsonl or .csv")
	refused(t, h.want(2, "run", "flow.yaml", "--items-out", "x.json"), "--items")
	h.write("bad.json", `[{"a":1}, 7]`)
	if r := h.want(2, "run", "flow.yaml", "--items", "bad.json"); !strings.Contains(r.err, "row 2: it is int, not an object") {
		t.Errorf("bad items:\n%s", r.err)
	}
	h.intact()
}

// A performer is killed and another takes over: each item is worked on, none is
// stuck, and what the first one has done is not done again.
func TestItemsTakeOver(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(works(l, ", wait: 1s"))
		h.want(0, "item", "queue", "add", "items")
		h.write("items.json", fourItems)
		h.want(0, "item", "add", "items", "items.json")
		l.holding("C")
		p := h.start("run", "flow.yaml")
		arrives(l, "C", 1)
		p.kill()
		l.release()
		if got := told(h.items("items")); got != "A:successful B:failed C:in_progress D:new" {
			t.Fatalf("after the kill: %s", got)
		}
		h.want(0, "run", "flow.yaml", "--new")
		if got := told(h.items("items")); got != "A:successful B:failed C:in_progress D:successful" {
			t.Fatalf("while the lease lasts: %s", got)
		}
		h.expire(t)
		r := h.want(0, "run", "flow.yaml", "--new")
		if got := h.items("items"); told(got) != "A:successful B:failed C:successful D:successful" || got[2].Died != 1 || got[2].Taken != 2 {
			t.Fatalf("after the lease: %+v\n%s", got, r.out)
		}
		// The first comes back: its item is another's.
		ended := h.want(0, "runs", "resume", h.runs("--status", "interrupted")[0].ID)
		if !strings.Contains(ended.out, "lost: 1") || !strings.Contains(ended.out, "ok: 1") {
			t.Errorf("the first run:\n%s", ended.out)
		}
		l.want(t, "A C D C")
	})
}

// Two performers share a queue: each item is worked on once.
func TestItemsShared(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(works(l, ""))
		h.want(0, "item", "queue", "add", "items")
		h.want(0, "run", "flow.yaml") // makes the tables
		var rows strings.Builder
		rows.WriteString("ref\n")
		var want []string
		for n := range 40 {
			fmt.Fprintf(&rows, "i%d\n", n)
			want = append(want, fmt.Sprint("i", n))
		}
		h.write("rows.csv", rows.String())
		h.want(0, "item", "add", "items", "--csv", "rows.csv", "--reference", "ref")
		a, b := h.start("run", "flow.yaml", "--new"), h.start("run", "flow.yaml", "--new")
		for _, p := range []*proc{a, b} {
			if r := p.wait(60 * time.Second); r.code != 0 {
				t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
			}
		}
		got := l.noted()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
	})
}

// An application that is down stops the loop; the queue tries items again; a
// retried run goes on.
func TestItemFailures(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.want(0, "item", "queue", "add", "items", "--max-retries", "1")
	h.write("items.json", fourItems)
	h.want(0, "item", "add", "items", "items.json")
	h.flow(works(l, ", max_consecutive_failures: 2"))
	for _, name := range []string{"A", "C", "D"} {
		l.failing(name, 1)
	}
	// A fails, B is a business failure and so none of the application, C and D fail.
	r := h.want(1, "run", "flow.yaml", "--id", "r")
	if !strings.Contains(r.out, "2 items in a row failed; the last one, 4") {
		t.Errorf("%s%s", r.out, r.err)
	}
	if got := told(h.items("items")); got != "A:retried B:failed C:retried D:retried A:new C:new D:new" {
		t.Fatal(got)
	}
	if r := h.want(0, "runs", "retry", "r"); !strings.Contains(r.out, "ok: 3") || !strings.Contains(r.out, "again: 3") {
		t.Errorf("the retry:\n%s", r.out)
	}
	if got := told(h.items("items", "--status", "successful")); got != "A:successful C:successful D:successful" {
		t.Error(got)
	}
	l.want(t, "A C D A C D")
	// Stop at the first, and go on by hand.
	h.flow(works(l, ", on_item_failure: stop"))
	h.want(0, "item", "edit", "2", "--content", "{}")
	h.want(0, "item", "retry", "2")
	l.failing("B", 2)
	h.want(1, "run", "flow.yaml")
	h.want(0, "item", "retry", "--all", "items")
	if got := h.items("items", "--reference", "B"); told(got) != "B:retried B:retried B:new" && told(got) != "B:retried B:retried B:retried B:new" {
		t.Errorf("%+v", got)
	}
}

// What a run has and does not end goes back; what it has while it waits for a
// person stays.
func TestItemsGoBack(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		h.want(0, "item", "queue", "add", "items", "--abandon-after", "2")
		h.want(0, "item", "add", "items", "--reference", "A")
		h.flow("nodes:\n- {id: take, type: item.next, params: {queue: items}}\n- {id: no, type: flow.fail, params: {message: no}}\nedges: [take -> no]\n")
		h.want(1, "run", "flow.yaml")
		if got := h.items(); told(got) != "A:new" || got[0].Died != 1 {
			t.Fatalf("%+v", got)
		}
		h.flow("nodes:\n- {id: take, type: item.next, params: {queue: items}}\n- {id: ask, type: flow.wait_for_approval, params: {question: 'Pay {{ nodes.take.item.reference }}?'}}\n- {id: end, type: item.done, params: {item: '{{ nodes.take.item }}', output: {paid: true}}}\nedges: [take -> ask, ask.approve -> end]\n")
		h.want(3, "run", "flow.yaml", "--id", "r")
		if got := h.items(); told(got) != "A:in_progress" {
			t.Fatalf("%+v", got)
		}
		h.want(0, "runs", "cancel", "r")
		if got := h.items(); told(got) != "A:new" || got[0].Died != 1 {
			t.Fatalf("%+v", got)
		}
		h.want(3, "run", "flow.yaml", "--id", "s")
		h.want(0, "runs", "resume", "s", "--answer", "approve")
		if got := h.items(); told(got) != "A:successful" || got[0].Taken != 3 {
			t.Fatalf("%+v", got)
		}
		h.want(0, "item", "add", "items", "--reference", "B")
		h.flow("nodes:\n- {id: take, type: item.next, params: {queue: items}}\n")
		h.want(0, "run", "flow.yaml")
		h.want(0, "run", "flow.yaml", "--new")
		if got := h.items("--reference", "B"); told(got) != "B:abandoned" {
			t.Fatalf("%+v", got)
		}
	})
}

// A run renews the leases of its items for as long as it lives.
func TestItemHeartbeat(t *testing.T) {
	slow(t)
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow(works(l, ""))
	h.want(0, "item", "queue", "add", "items", "--lease", "30s")
	h.want(0, "item", "add", "items", "--reference", "A")
	l.holding("A")
	p := h.start("run", "flow.yaml")
	arrives(l, "A", 1)
	lease := func() (until int64) {
		d, err := sql.Open("sqlite", "file:"+filepath.Join(h.data, "aether.db")+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.QueryRowContext(t.Context(), `SELECT lease_until FROM item`).Scan(&until); err != nil {
			t.Fatal(err)
		}
		return until
	}
	first := lease()
	eventually(t, "the lease is renewed", 25*time.Second, func() bool { return lease() > first })
	// Asked to stop, it keeps the item, and goes on with it.
	p.signal(syscall.SIGTERM)
	if r := p.wait(20 * time.Second); r.code != 130 {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	l.release()
	h.want(0, "run", "flow.yaml")
	if got := h.items(); told(got) != "A:successful" || got[0].Taken != 1 {
		t.Errorf("%+v", got)
	}
}

// TestItemCommands goes through the commands, right and wrong.
func TestItemCommands(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("schema.json", `{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}`)
	h.want(0, "item", "queue", "add", "q", "--schema", "schema.json", "--unique-reference", "--description", "numbers", "--json")
	refused(t, h.want(2, "item", "queue", "add", "q"), "already", "--replace")
	refused(t, h.want(2, "item", "queue", "add", "q", "--replace"), "cannot be changed")
	h.want(0, "item", "queue", "add", "q", "--replace", "--unique-reference", "--max-retries", "3", "--schema", "schema.json")
	refused(t, h.want(2, "item", "queue", "add", "p", "--lease", "1s"), "30s to 24h")
	refused(t, h.want(2, "item", "queue", "add", "p", "--schema", "none.json"), "none.json")
	refused(t, h.want(2, "item", "queue", "show", "none"), "none", "item queue list")
	if got := decode[map[string]any](t, h.want(0, "item", "queue", "show", "q", "--json").out); got["max_retries"] != 3.0 || got["lease"] != "1m0s" {
		t.Errorf("%v", got)
	}
	h.write("a.pdf", "%PDF")
	h.want(0, "item", "add", "q", "--content", `{"n":1}`, "--reference", "one", "--attach", "scan=a.pdf", "--due", "1h", "--risk", "1s", "--priority", "9")
	refused(t, h.want(2, "item", "add", "q", "--content", `{"n":"x"}`), "does not fit the schema", "n: got string, want integer")
	refused(t, h.want(2, "item", "add", "q", "--content", `{"n":`), "no JSON")
	refused(t, h.want(2, "item", "add", "q", "--content", `[1]`), "JSON object")
	refused(t, h.want(2, "item", "add", "q", "--due", "soon"), "--due")
	refused(t, h.want(2, "item", "add"), "name of a queue")
	h.write("many.jsonl", "{\"n\":2}\n{\"n\":\"x\"}\n{\"content\":{\"n\":3},\"reference\":\"one\"}\n")
	r := h.want(2, "item", "add", "q", "many.jsonl")
	if !strings.Contains(r.err, "2 items are wrong, and so none was added") || !strings.Contains(r.err, "row 3 (one): there is an item") {
		t.Error(r.err)
	}
	report := decode[struct {
		Added, Failed int
		Errors        []struct {
			Row       int
			Duplicate bool
		}
	}](t, h.want(1, "item", "add", "q", "many.jsonl", "--partly", "--json").out)
	if report.Added != 1 || report.Failed != 2 || report.Errors[1].Row != 3 || !report.Errors[1].Duplicate {
		t.Errorf("%+v", report)
	}
	list := h.items("q")
	if told(list) != "one:new :new" {
		t.Fatalf("%+v", list)
	}
	one := fmt.Sprint(list[0].ID)
	if r := h.want(0, "item", "show", one); !strings.Contains(r.out, "scan, 4 bytes") || !strings.Contains(r.out, `content    {"n":1}`) {
		t.Error(r.out)
	}
	refused(t, h.want(2, "item", "edit", one), "nothing to change")
	h.want(0, "item", "edit", one, "--content", `{"n":7}`, "--version", "1", "--due", "")
	refused(t, h.want(2, "item", "edit", one, "--priority", "1", "--version", "1"), "somebody else changed")
	refused(t, h.want(2, "item", "retry", one), "only items that are failed or abandoned")
	refused(t, h.want(2, "item", "retry"), "--all QUEUE")
	refused(t, h.want(2, "item", "review", one, "--status", "verified"), "is new")
	refused(t, h.want(2, "item", "show", "x"), "no number")
	refused(t, h.want(2, "item", "show", "999"), "no work item 999")
	refused(t, h.want(2, "item", "list", "--status", "lost"), "no item status")
	h.want(0, "item", "delete", one)
	h.want(0, "item", "review", one, "--status", "verified", "--comment", "a test")
	if got := h.items("q", "--status", "deleted"); len(got) != 1 || got[0].Review != "verified" {
		t.Errorf("%+v", got)
	}
	if got := decode[map[string]any](t, h.want(0, "item", "stats", "q", "--json").out); got["counts"].(map[string]any)["new"] != 1.0 {
		t.Errorf("%v", got)
	}
	refused(t, h.want(2, "item", "queue", "delete", "q"), "--force")
	h.want(0, "item", "queue", "delete", "q", "--force")
	if got := h.want(0, "item", "queue", "list"); !strings.Contains(got.out, "There are no queues") {
		t.Error(got.out)
	}
	if left := files(t, filepath.Join(h.data, "artifacts")); len(left) != 0 {
		t.Errorf("artifacts are left: %v", left)
	}
}
