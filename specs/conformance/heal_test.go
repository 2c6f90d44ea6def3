package conformance

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/testsite"
)

// healInfo is a heal as the program shows it.
type healInfo struct {
	ID                                          int64
	State, Flow, Node, Target, Outcome, Source  string
	P                                           float64
	Runs, Streak, Version                       int64
	Screenshot, Page, Result, Policy, Root, URL string
	Vetoes                                      []string
}

// notes is a practice site with a form for notes, and what was really saved.
type notes struct {
	*home
	site *testsite.Site
	url  string
	n    int
}

// noteHome makes a site as it was when the flow was written, and runs the flow once.
func noteHome(t *testing.T, h *home) *notes {
	t.Helper()
	t.Cleanup(h.browserGone) // it ends a moment after its robot was killed
	site, err := testsite.New(testsite.Config{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site.Handler())
	t.Cleanup(srv.Close)
	return &notes{home: h, site: site, url: srv.URL}
}

// flowText is the flow of the guide. Two of its targets are ids, which the next release of the page changes.
func (n *notes) flowText() string {
	n.Helper()
	guide, err := os.ReadFile("../../docs/guide/healing.md")
	if err != nil {
		n.Fatal(err)
	}
	_, text, _ := strings.Cut(string(guide), "```yaml\n")
	text, _, ok := strings.Cut(text, "```")
	if !ok {
		n.Fatal("the guide has no flow")
	}
	return text
}

// run runs the flow for another note.
func (n *notes) run(id string) result {
	n.Helper()
	return n.aether("run", "notes.flow.yaml", "-i", "site="+n.url, "-i", "key="+n.next(), "--id", id)
}

// goes is run for one that goes well.
func (n *notes) goes(id string) result {
	n.Helper()
	r := n.run(id)
	if r.code != 0 {
		n.Fatalf("run %s: exit code %d\n%s%s", id, r.code, r.out, r.err)
	}
	return r
}

func (n *notes) mutate(level int) {
	n.Helper()
	if err := n.site.Mutate(level, 7); err != nil {
		n.Fatal(err)
	}
}

// next is the key of another note.
func (n *notes) next() string {
	n.n++
	return fmt.Sprintf("note-%d", n.n)
}

// saved wants the notes that were saved, each once and with its own text, and nothing else.
func (n *notes) saved(want int) {
	n.Helper()
	var got []string
	for _, e := range n.site.Ledger().All("") {
		if e.Kind != "note.save" || e.Facts["text"] != "about "+e.Key {
			n.Errorf("the site was told %s %s %v", e.Kind, e.Key, e.Facts)
		}
		got = append(got, e.Key)
	}
	slices.Sort(got)
	if len(slices.Compact(slices.Clone(got))) != len(got) || len(got) != want {
		n.Errorf("saved %v, want %d different notes", got, want)
	}
}

// done waits until a run has ended well.
func (n *notes) done(run string) {
	n.Helper()
	eventually(n, "run "+run+" has ended", 2*time.Minute, func() bool {
		status := n.show(run).Status
		return status == "done" || status == "failed"
	})
	if got := n.want(0, "runs", "show", run).out; n.show(run).Status != "done" {
		n.Fatalf("the run failed:\n%s", got)
	}
}

func (n *notes) heals(args ...string) []healInfo {
	n.Helper()
	return decode[[]healInfo](n, n.want(0, append([]string{"heal", "list", "--json"}, args...)...).out)
}

// events returns the kinds of the events of elements in a run, with their paths.
func (n *notes) healEvents(run string) (out []string) {
	n.Helper()
	shown := decode[struct {
		Events []struct{ Kind, Path string }
	}](n, n.want(0, "runs", "show", run, "--json").out)
	for _, e := range shown.Events {
		if strings.HasPrefix(e.Kind, "element.") {
			out = append(out, e.Kind+" "+e.Path)
		}
	}
	return out
}

// A flow is written, the site has a new release, the run goes on, a person approves, and the flow needs no healing any
// more. Nothing wrong is ever saved.
func TestHealing(t *testing.T) {
	t.Parallel()
	needsBrowser(t)
	n := noteHome(t, newHome(t))
	n.env = append(n.env, "AETHER_TRACE_KEEP=always") // for heal check
	file := n.write("notes.flow.yaml", n.flowText())
	n.goes("first")
	n.saved(1)
	if got := n.heals("--state", "all"); len(got) != 0 {
		t.Fatalf("heals of a page that did not change: %+v", got)
	}
	n.mutate(3)
	r := n.goes("changed")
	n.saved(2)
	if got, want := n.healEvents("changed"), []string{"element.healed add", "element.healed save"}; !slices.Equal(got, want) || !strings.Contains(r.out, "healed   add") {
		t.Errorf("told %v, want %v\n%s", got, want, r.out)
	}
	list := n.heals()
	if len(list) != 2 {
		t.Fatalf("heals: %+v", list)
	}
	for _, h := range list {
		if h.State != "proposed" || h.Source != file || h.P < .8 || h.Runs != 1 || h.Streak != 1 || h.Screenshot == "" || h.Page == "" || h.Outcome != "healed" {
			t.Errorf("heal: %+v", h)
		}
		id := fmt.Sprint(h.ID)
		if out := n.want(0, "heal", "show", id).out; !strings.Contains(out, h.Target) || !strings.Contains(out, "BEFORE") {
			t.Errorf("show:\n%s", out)
		}
		if out := n.want(0, "heal", "replay", id).out; !strings.Contains(out, "COMPARED") {
			t.Errorf("replay:\n%s", out)
		}
		n.want(0, "heal", "approve", id)
		refused(t, n.aether("heal", "approve", id), "it is that already")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, stays := range []string{"# opens the window", "label=Text   # of the note"} {
		if !strings.Contains(string(text), stays) {
			t.Errorf("%q is gone:\n%s", stays, text)
		}
	}
	if strings.Contains(string(text), "modal-open") || strings.Contains(string(text), "#modal-form") {
		t.Errorf("an approved target is not in the file:\n%s", text)
	}
	n.goes("approved")
	n.saved(3)
	if got := n.healEvents("approved"); len(got) != 0 {
		t.Errorf("the run after the approval told %v", got)
	}
	// The repaired targets find one element on the pages of the runs since the release, whatever they find on older ones.
	r = n.aether("heal", "check", "notes.flow.yaml", "--json")
	if r.code > 1 || r.err != "" {
		t.Errorf("check: exit code %d\n%s", r.code, r.err)
	}
	checked := decode[struct {
		Runs    int
		Targets []struct {
			Node         string
			Pages, Right int
			None         []string
			Computed     bool
		}
	}](t, r.out)
	if checked.Runs != 3 || len(checked.Targets) != 5 {
		t.Errorf("checked: %+v", checked)
	}
	for _, c := range checked.Targets {
		switch c.Node {
		case "add", "save":
			if c.Pages != 3 || c.Right < 2 || slices.Contains(c.None, "changed") || slices.Contains(c.None, "approved") {
				t.Errorf("checked: %+v", c)
			}
		case "title", "body":
			if c.Pages != 3 || c.Right != 3 {
				t.Errorf("checked: %+v", c)
			}
		case "saved":
			if !c.Computed {
				t.Errorf("checked: %+v", c)
			}
		}
	}
	for _, h := range list {
		n.want(0, "heal", "rollback", fmt.Sprint(h.ID))
	}
	if text, err = os.ReadFile(file); err != nil || string(text) != n.flowText() {
		t.Errorf("rolled back: %v\n%s", err, text)
	}
	refused(t, n.aether("heal", "show", "4711"), "no such heal")
	refused(t, n.aether("heal", "show", "x"), "no number of a heal")
	refused(t, n.aether("heal", "list", "--state", "mended"), "no state of heals")
}

// TestHealingLevels takes one flow through all releases of the page, and one from the page as it was straight to its
// redesign. What is sure is healed, what is not parks the run with the evidence until a person has approved it, at one
// node after the other, and the runs after that need no healing. Nothing fails by itself, and nothing wrong is saved. It
// takes minutes, so only if AETHER_TEST_HEALING is set.
func TestHealingLevels(t *testing.T) {
	if os.Getenv("AETHER_TEST_HEALING") == "" {
		t.Skip("AETHER_TEST_HEALING is not set")
	}
	needsBrowser(t)
	n := noteHome(t, newHome(t))
	saved := 0
	// through runs a flow on a release of the page until it goes well, approving what is proposed, and returns how often
	// it parked.
	through := func(file string, level int) int {
		t.Helper()
		n.mutate(level)
		parked := 0
		for try := 0; ; try++ {
			run := fmt.Sprintf("%.5s-%d-%d", file, level, try)
			r := n.aether("run", file, "-i", "site="+n.url, "-i", "key="+n.next(), "--id", run)
			for ; n.show(run).Status == "attention" && parked < 8; parked++ {
				t.Logf("%s at level %d: %s", file, level, strings.TrimSpace(r.out))
				n.saved(saved) // nothing was saved on the way
				at := n.heals()
				if len(at) == 0 {
					t.Fatalf("%s at level %d: nothing is proposed\n%s%s", file, level, r.out, r.err)
				}
				n.approve()
				if at[0].Node == "add" {
					r = n.aether("runs", "resume", run, "--answer", "again")
				} else { // the window that was open is no part of what a page is built again from, so this run ends here
					r = n.want(1, "runs", "resume", run, "--answer", "fail")
				}
			}
			if n.show(run).Status == "done" {
				saved++
				n.saved(saved)
				t.Logf("%s at level %d parked %d times, then %v", file, level, parked, n.healEvents(run))
				n.approve()
				return parked
			}
			if try > parked {
				t.Fatalf("%s at level %d failed by itself\n%s%s", file, level, r.out, r.err)
			}
		}
	}
	text := strings.ReplaceAll(n.flowText(), "timeout: 60s", "timeout: 10s")
	n.write("notes.flow.yaml", text)
	for level := range testsite.MaxLevel + 1 {
		if parked := through("notes.flow.yaml", level); level < 4 && parked > 0 {
			t.Errorf("level %d parked %d times", level, parked)
		}
	}
	n.write("again.flow.yaml", strings.Replace(text, "name: notes", "name: again", 1))
	through("again.flow.yaml", 0)
	if got := through("again.flow.yaml", testsite.MaxLevel); got != 2 {
		t.Errorf("the redesign parked %d times, not at the button that opens the window and at the one that saves", got)
	}
}

// approve approves all that is proposed, which has the evidence.
func (n *notes) approve() {
	n.Helper()
	for _, h := range n.heals() {
		if h.Screenshot == "" || h.Page == "" {
			n.Errorf("heal without evidence: %+v", h)
		}
		n.want(0, "heal", "approve", fmt.Sprint(h.ID))
	}
}

// An element that may be another one parks the run with the evidence; when a person has approved it, the same run goes on
// with it, and the next one needs no healing. One that was rejected is not asked about again.
func TestHealingAsks(t *testing.T) {
	t.Parallel()
	needsBrowser(t)
	var text atomic.Value
	text.Store("Fetch the order")
	var sent atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/sent" {
			sent.Add(1)
		}
		fmt.Fprintf(w, `<!doctype html><title>Orders</title><h1>Order</h1><form action=/sent><label>Article <input name=a value=x></label><button>%s</button></form>`, text.Load())
	}))
	defer site.Close()
	h := newHome(t)
	t.Cleanup(h.browserGone)
	n := &notes{home: h}
	h.flow(`nodes:
  - {id: open, type: web.open, params: {url: "` + site.URL + `"}}
  - {id: send, type: web.click, on_interrupted: retry, params: {target: "text=Fetch the order", timeout: 15s}}
edges: [open -> send]
`)
	h.want(0, "run", "flow.yaml", "--id", "first")
	// asks runs the flow until it asks, and returns what is proposed.
	asks := func(run string) string {
		r := h.aether("run", "flow.yaml", "--id", run)
		list := n.heals()
		if h.show(run).Status != "attention" || !strings.Contains(r.out, "probably meant is <button") || !strings.Contains(r.out, "runs resume "+run) || len(list) != 1 || list[0].Outcome != "asked" || list[0].Screenshot == "" || list[0].Page == "" {
			t.Fatalf("%s: %+v\n%s%s", run, list, r.out, r.err)
		}
		return fmt.Sprint(list[0].ID)
	}
	// again lets the step look again. A machine that is busy may need more than one try to build the page again.
	again := func(run, want string) {
		r := h.aether("runs", "resume", run, "--answer", "again")
		for range 5 {
			if h.show(run).Status != "attention" || !strings.Contains(r.out, "--answer retry") {
				break
			}
			r = h.aether("runs", "resume", run, "--answer", "retry")
		}
		if got := h.show(run).Status; got != want {
			t.Fatalf("%s is %s, not %s\n%s%s", run, got, want, r.out, r.err)
		}
	}
	text.Store("Show it all")
	n.want(0, "heal", "reject", asks("rejected"))
	again("rejected", "failed")
	n.want(1, "run", "flow.yaml", "--id", "next") // and the next run does not ask
	text.Store("Get what was ordered")
	n.want(0, "heal", "approve", asks("agreed"))
	again("agreed", "done")
	h.want(0, "run", "flow.yaml", "--id", "last")
	if got := n.healEvents("last"); len(got) != 0 || sent.Load() != 3 {
		t.Errorf("the run after the approval told %v, sent %d times", got, sent.Load())
	}
	out := n.want(0, "heal", "list", "--state", "all", "--flow", h.show("last").Flow).out
	if !strings.Contains(out, "BY ITS FIRST QUERY") || !strings.Contains(out, "send  text=Fetch the order") {
		t.Errorf("list:\n%s", out)
	}
}

// A run is killed when the element that was found again has been pressed and its node has not ended: the next process
// finds it again, and it is one report and one event.
func TestHealingKilled(t *testing.T) {
	t.Parallel()
	needsBrowser(t)
	hold, held := make(chan struct{}), make(chan struct{}, 8)
	var id atomic.Value
	id.Store("send")
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/sent" && id.Load() != "send" {
			held <- struct{}{}
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
		fmt.Fprintf(w, `<!doctype html><title>Orders</title><h1>Order</h1><form action=/sent><label>Article <input name=a value=x></label><button id=%s>Fetch the order</button></form>`, id.Load())
	}))
	defer site.Close()
	h := newHome(t)
	n := &notes{home: h}
	h.flow(`nodes:
  - {id: open, type: web.open, params: {url: "` + site.URL + `"}}
  - {id: send, type: web.click, on_interrupted: retry, params: {target: css=#send, timeout: 60s}}
edges: [open -> send]
`)
	h.want(0, "run", "flow.yaml", "--id", "first")
	id.Store("x91")
	p := h.start("run", "flow.yaml", "--id", "one")
	select {
	case <-held:
	case <-time.After(2 * time.Minute):
		t.Fatalf("the button was not pressed:\n%s%s", p.out.String(), p.err.String())
	}
	p.kill()
	h.browserGone()
	if got := n.heals(); len(got) != 1 || got[0].Runs != 0 {
		t.Fatalf("heals after the kill: %+v", got)
	}
	close(hold)
	h.want(0, "run", "flow.yaml", "--id", "one")
	if got := n.heals(); len(got) != 1 || got[0].Runs != 1 || got[0].Streak != 1 {
		t.Errorf("heals at the end: %+v", got)
	}
	if got := n.healEvents("one"); !slices.Equal(got, []string{"element.healed send"}) {
		t.Errorf("told %v", got)
	}
}

// The new version of a flow that was pushed is its draft, on a database server too, and a robot without a database
// heals and reports as well.
func TestHealingRemote(t *testing.T) {
	needsBrowser(t)
	fleets(t, func(t *testing.T, h *home) {
		n := noteHome(t, h)
		n.want(0, "secret", "key", "new") // sessions of robots elsewhere are sealed
		n.write("notes.flow.yaml", n.flowText())
		n.want(0, "flow", "push", "notes.flow.yaml")
		s := n.serve("serve")
		s.token = strings.TrimSpace(n.want(0, "server", "token", "create", "me", "--role", "developer").out)
		d := n.desk(t, "desk", s.url)
		t.Cleanup(d.browserGone)
		d.up()
		start := func() string {
			out := s.call(201, "POST", "/api/v1/runs", map[string]any{"flow": "notes", "input": map[string]any{"site": n.url, "key": n.next()}})
			return fmt.Sprint(out["run"])
		}
		n.done(start())
		n.mutate(2)
		run := start()
		n.done(run)
		n.saved(2)
		eventually(t, "the reports", time.Minute, func() bool { return len(n.healEvents(run)) == 2 })
		list := n.heals("--flow", "notes")
		if len(list) != 2 || list[0].Source != "" || list[0].Screenshot == "" || list[0].Page == "" {
			t.Fatalf("heals: %+v", list)
		}
		token := n.write("token", s.token)
		for _, h := range list {
			eventually(t, "the count of the run", time.Minute, func() bool {
				got := decode[healInfo](t, n.want(0, "heal", "show", fmt.Sprint(h.ID), "--json").out)
				return got.Runs == 1 && got.Streak == 1
			})
			args := []string{"--server", s.url, "--token-file", filepath.Base(token)}
			n.want(0, append([]string{"heal", "replay", fmt.Sprint(h.ID)}, args...)...)
			n.want(0, append([]string{"heal", "approve", fmt.Sprint(h.ID), "--json"}, args...)...)
			refused(t, n.want(2, append([]string{"heal", "approve", fmt.Sprint(h.ID)}, args...)...), "it is that already")
		}
		run = start()
		n.done(run)
		n.saved(3)
		if got := n.healEvents(run); len(got) != 0 {
			t.Errorf("the run after the approval told %v", got)
		}
	})
}
