package conformance

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// orderForm is a site with a form for orders: the form, and what was sent from it. Its redesign has other words, names and classes for everything.
type orderForm struct {
	url   string
	fresh atomic.Bool // the redesign is out
	mu    sync.Mutex
	sent  []string // page and values, in the order of the form
}

func newOrderForm(t *testing.T) *orderForm {
	t.Helper()
	o := &orderForm{}
	old := []string{"article", "amount", "remark"}
	now := []string{"kq7", "xx2", "wv9"}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		names := old
		if o.fresh.Load() {
			names = now
		}
		if r.Method == http.MethodPost {
			values := []string{r.URL.Path}
			for _, n := range names {
				values = append(values, r.FormValue(n))
			}
			o.mu.Lock()
			o.sent = append(o.sent, strings.Join(values, " "))
			o.mu.Unlock()
			fmt.Fprint(w, `<!doctype html><title>Orders</title><h1>Thank you</h1>`)
			return
		}
		if o.fresh.Load() {
			fmt.Fprintf(w, `<!doctype html><title>Orders</title><main class=zq1><h1>Requests</h1><form method=post>
<div class=zq2><label for=kq7>What is needed</label><input id=kq7 name=kq7></div>
<div class=zq2><label for=xx2>How many of it</label><input id=xx2 name=xx2></div>
<div class=zq2><label for=wv9>More about that</label><textarea id=wv9 name=wv9></textarea></div>
<div class=zq3><button type=submit class=zq4>Pass it on</button></div></form></main>`)
			return
		}
		fmt.Fprintf(w, `<!doctype html><title>Orders</title><main><h1>Orders</h1><form method=post>
<p><label>Article <input name=article></label></p>
<p><label>Amount <input name=amount></label></p>
<p><label>Remark <textarea name=remark></textarea></label></p>
<p><button id=send>Send the order</button></p></form></main>`)
	}))
	t.Cleanup(srv.Close)
	o.url = srv.URL
	return o
}

// was wants what was sent since the last time.
func (o *orderForm) was(t *testing.T, want ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.Sort(o.sent)
	if !slices.Equal(o.sent, want) {
		t.Errorf("sent %q, want %q", o.sent, want)
	}
	o.sent = nil
}

// orderNodes fill the first fields of the form with values and send it, in a session; their ids end with a suffix.
func orderNodes(suffix, url string, values ...string) (nodes, edges string) {
	before := ""
	add := func(id, what string) {
		nodes += fmt.Sprintf("  - {id: %s%s, on_interrupted: retry, type: %s, session: s%s}}\n", id, suffix, what, suffix)
		if before != "" {
			edges += fmt.Sprintf(", %s%s -> %s%s", before, suffix, id, suffix)
		}
		before = id
	}
	add("open", "web.open, params: {url: "+url)
	for i, id := range []string{"article", "amount", "remark"}[:len(values)] {
		add(id, fmt.Sprintf("web.fill, params: {target: name=%s, timeout: 6s, value: %q", id, values[i]))
	}
	add("send", "web.click, params: {target: css=#send, timeout: 6s")
	return nodes, strings.TrimPrefix(edges, ", ")
}

// settle approves what is proposed, each with its evidence, and lets the nodes of a run look again; it returns their ids.
func (n *notes) settle(run string) (nodes []string) {
	n.Helper()
	list := n.heals()
	n.approve()
	for _, h := range list {
		if h.Outcome != "asked" {
			n.Errorf("heal %+v", h)
		}
		nodes = append(nodes, h.Node)
	}
	slices.Sort(nodes)
	// A machine that is busy may need more than one try: to look, and to build a page again.
	for range 5 {
		for _, w := range n.show(run).Waits {
			if say := map[any]string{"doubt": "again", "session": "retry"}[w["kind"]]; say != "" {
				n.aether("runs", "resume", run, "--at", fmt.Sprint(w["path"]), "--answer", say)
			}
		}
		if len(n.heals()) > 0 {
			break // something else is in doubt now
		}
	}
	return nodes
}

// A form is redesigned from end to end. A run parks at each of its elements in turn, and after each approval the same run
// goes on to the next; what was entered before stays. It ends with one order, and the next run asks nothing.
func TestHealingDoubts(t *testing.T) {
	t.Parallel()
	needsBrowser(t)
	o := newOrderForm(t)
	h := newHome(t)
	t.Cleanup(h.browserGone)
	n := &notes{home: h}
	nodes, edges := orderNodes("", o.url+"/a", "paper", "40")
	h.flow("nodes:\n" + nodes + "edges: [" + edges + "]\n")
	h.want(0, "run", "flow.yaml", "--id", "first")
	o.was(t, "/a paper 40 ")
	o.fresh.Store(true)
	r := h.aether("run", "flow.yaml", "--id", "one")
	var asked []string
	for i := 0; i < 8 && h.show("one").Status == "attention"; i++ {
		o.was(t) // nothing is sent on the way
		asked = append(asked, n.settle("one")...)
	}
	if got := h.show("one").Status; got != "done" || !slices.Equal(asked, []string{"article", "amount", "send"}) {
		t.Errorf("the run is %s and asked about %v\n%s%s\n%s", got, asked, r.out, r.err, n.want(0, "runs", "show", "one").out)
	}
	o.was(t, "/a paper 40 ")
	h.want(0, "run", "flow.yaml", "--id", "last")
	o.was(t, "/a paper 40 ")
	if got := n.healEvents("last"); len(got) != 0 {
		t.Errorf("the run after the approvals told %v", got)
	}
}

// Two browsers of one run are in doubt at the same time: the run parks once for both, and each goes on when its own
// element was approved.
func TestHealingDoubtsAtOnce(t *testing.T) {
	t.Parallel()
	needsBrowser(t)
	o := newOrderForm(t)
	h := newHome(t)
	t.Cleanup(h.browserGone)
	n := &notes{home: h}
	a, ab := orderNodes("A", o.url+"/a", "paper")
	b, bb := orderNodes("B", o.url+"/b", "ink")
	h.flow("nodes:\n  - {id: both, type: flow.parallel}\n" + a + b + "edges: [" + ab + ", " + bb + ", both.branch -> openA, both.branch -> openB]\n")
	h.want(0, "run", "flow.yaml", "--id", "first")
	o.was(t, "/a paper  ", "/b ink  ")
	o.fresh.Store(true)
	h.aether("run", "flow.yaml", "--id", "one")
	if got := h.show("one"); got.Status != "attention" || len(got.Waits) != 2 || len(n.heals()) != 2 {
		t.Fatalf("two are in doubt, and the run is %s with %v\n%v", got.Status, got.Waits, n.heals())
	}
	var asked []string
	for i := 0; i < 12 && h.show("one").Status == "attention"; i++ {
		asked = append(asked, n.settle("one")...)
	}
	slices.Sort(asked)
	want := []string{"articleA", "articleB", "sendA", "sendB"}
	if got := h.show("one").Status; got != "done" || !slices.Equal(asked, want) {
		t.Errorf("the run is %s and asked about %v\n%s", got, asked, n.want(0, "runs", "show", "one").out)
	}
	o.was(t, "/a paper  ", "/b ink  ")
	h.want(0, "run", "flow.yaml", "--id", "last")
	o.was(t, "/a paper  ", "/b ink  ")
}
