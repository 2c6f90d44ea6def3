package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	_ "image/jpeg"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/selector"
)

// remembered is a node.Elements in memory.
type remembered struct {
	policy string

	mu       sync.Mutex
	known    map[string]selector.Print
	asked    int
	saws     int
	rejected []selector.Print
	agreed   []selector.Print
	resolved map[string][]int
	adviser  node.Adviser
	heals    []node.Heal
}

func (r *remembered) Policy() string { return r.policy }

func (r *remembered) Known(_ context.Context, target string) (selector.Print, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	p, ok := r.known[target]
	return p, ok, nil
}

func (r *remembered) Saw(_ context.Context, target string, p selector.Print) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[string]selector.Print{}
	}
	r.saws++
	r.known[target] = p
	return nil
}

func (r *remembered) Resolved(target string, query int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.resolved == nil {
		r.resolved = map[string][]int{}
	}
	r.resolved[target] = append(r.resolved[target], query)
}

func (r *remembered) Adviser() node.Adviser { return r.adviser }

func (r *remembered) Judged(context.Context, string) (node.Judged, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return node.Judged{Agreed: r.agreed, Rejected: r.rejected}, nil
}

func (r *remembered) Healed(_ context.Context, h node.Heal) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heals = append(r.heals, h)
	return nil
}

// before and after are a page and its next release: ids, classes and order are others.
const (
	before = `<nav><a href=/home>Home</a> <a href=/help>Help</a></nav><h1>Customers</h1>
<form id=f-1 onsubmit="event.preventDefault(); out.textContent = 'saved ' + document.querySelector('.first').value"><label class=l>First name <input id=first class=first name=first></label>
<label>Last name <input id=last name=last></label><button id=go class=primary>Save customer</button> <button id=no type=button onclick="out.textContent='cancelled'">Cancel</button></form>
<p id=out></p><table><tr><th>Name<th>Town<th></tr><tr><td>Ada<td>London<td><button id=d1 onclick="out.textContent='opened Ada'">Open</button></tr><tr><td>Grace<td>New York<td><button id=d2 onclick="out.textContent='opened Grace'">Open</button></tr></table>`
	after = `<div><nav><a href=/news>News</a> <a href=/help>Help</a> <a href=/home>Home</a></nav></div><main><h1>Customers</h1>
<form id=q9x onsubmit="event.preventDefault(); out.textContent = 'saved ' + document.querySelector('.first').value"><div><label>Last name <input id=k3 name=p7></label></div>
<div><label>First name <input id=k2 class=first name=p6></label></div><div><button id=k5 type=button onclick="out.textContent='cancelled'">Cancel</button><button id=k4 class=c8s>Save customer</button></div></form>
<p id=out></p><table><tr><th>Name<th>Town<th></tr><tr><td>Ada<td>London<td><button id=x1 onclick="out.textContent='opened Ada'">Open</button></tr><tr><td>Grace<td>New York<td><button id=x2 onclick="out.textContent='opened Grace'">Open</button></tr></table></main>`
)

// learned runs nodes on the page as it was, so that their elements are known, and opens the page as it is now.
func learned(t *testing.T, policy string, was, now string, nodes ...map[string]any) (*node.Env, *remembered) {
	t.Helper()
	e := env(t)
	r := &remembered{policy: policy}
	e.Elements = r
	url := serve(t, map[string]string{"/was": was, "/now": now})
	run(t, e, "web.goto", map[string]any{"url": url + "/was"})
	for _, n := range nodes {
		p := map[string]any{}
		for k, v := range n {
			if k != "node" {
				p[k] = v
			}
		}
		typ, _ := n["node"].(string)
		run(t, e, typ, p)
	}
	run(t, e, "web.goto", map[string]any{"url": url + "/now"})
	return e, r
}

func TestHealingGoesOn(t *testing.T) {
	e, r := learned(t, node.HealPropose, before, after,
		map[string]any{"node": "web.fill", "target": "#first", "value": "Augusta"},
		map[string]any{"node": "web.click", "target": "#go"}, map[string]any{"node": "web.click", "target": "#d1"})
	if r.saws != 3 {
		t.Errorf("%d elements were remembered", r.saws)
	}
	out := run(t, e, "web.fill", map[string]any{"target": "#first", "value": "Linus", "timeout": "20s"})
	if out["healed"] != true || out["query"] == "" {
		t.Errorf("filling a field that was renamed: %v", out)
	}
	if out := run(t, e, "web.click", map[string]any{"target": "#go", "timeout": "20s"}); out["healed"] != true || inPage(t, e, "out.textContent") != "saved Linus" {
		t.Errorf("pressing a button that was renamed: %v, and the page says %s", out, inPage(t, e, "out.textContent"))
	}
	if out := run(t, e, "web.click", map[string]any{"target": "#d1", "timeout": "20s"}); out["healed"] != true || inPage(t, e, "out.textContent") != "opened Ada" {
		t.Errorf("pressing a button of a row: %v, and the page says %s", out, inPage(t, e, "out.textContent"))
	}
	if len(r.heals) != 3 {
		t.Fatalf("%d heals were reported", len(r.heals))
	}
	for _, h := range r.heals {
		if h.Outcome != "healed" || h.P < 0.8 || h.Found == nil || h.Before.Tag == "" || len(h.Repaired.Queries) == 0 || h.Repaired.Print == nil || h.Evidence == nil || h.URL == "" || h.Millis <= 0 || h.Action == "" || h.Mismatch {
			t.Errorf("a report: %+v", h)
		}
		var p heal.Page
		if err := json.Unmarshal(artifact(t, e, h.Page), &p); err != nil || len(p.Elements) < 20 {
			t.Errorf("the page of the report has %d elements, %v", len(p.Elements), err)
		}
		img, _, err := image.Decode(bytes.NewReader(artifact(t, e, h.Screenshot)))
		if err != nil {
			t.Fatal(err)
		}
		if !green(img) {
			t.Error("the picture does not mark what was found")
		}
	}
}

// green says whether a picture marks something as found.
func green(img image.Image) bool {
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); g > 0x7000 && g < 0xb000 && r < 0x4000 && b < 0x6000 {
				return true
			}
		}
	}
	return false
}

func artifact(t *testing.T, e *node.Env, digest string) []byte {
	t.Helper()
	if digest == "" {
		t.Fatal("nothing was kept")
	}
	f, err := e.Artifacts.Open(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFormsAreHealed has a form whose fields are renamed, and one where a selector finds another field now.
func TestFormsAreHealed(t *testing.T) {
	fields := map[string]any{"#first": "Ada", "css=form label:nth-of-type(2) input": "Lovelace"}
	e, r := learned(t, node.HealRun, before, before, map[string]any{"node": "web.fill_form", "fields": fields})
	if r.saws != 2 {
		t.Errorf("%d elements were remembered", r.saws)
	}
	run(t, e, "web.fill_form", map[string]any{"fields": fields})
	if len(r.heals) != 0 {
		t.Errorf("nothing has changed, and %+v was reported", r.heals)
	}
	now := strings.Replace(after, `<div><label>Last name <input id=k3 name=p7></label></div>`, `<label>Last name <input id=k3 name=p7></label><label>Middle name <input id=k6 name=p8></label>`, 1)
	e, r = learned(t, node.HealRun, before, now, map[string]any{"node": "web.fill_form", "fields": fields})
	out := run(t, e, "web.fill_form", map[string]any{"fields": fields, "timeout": "20s"})
	if got := inPage(t, e, "[k2.value, k3.value, k6.value]"); got != "[Ada Lovelace ]" {
		t.Errorf("the form holds %s, %v", got, out)
	}
	if len(r.heals) != 2 || r.heals[0].Mismatch == r.heals[1].Mismatch {
		t.Errorf("reports: %+v", r.heals)
	}
}

// TestHealingKeepsToTheRow has the rows of a table in another order: a button of another row is never the one.
func TestHealingKeepsToTheRow(t *testing.T) {
	ada, rest, _ := strings.Cut(after, "<tr><td>Grace")
	head, ada, _ := strings.Cut(ada, "<tr><td>Ada")
	grace, end, _ := strings.Cut(rest, "</table>")
	e, _ := learned(t, node.HealRun, before, head+"<tr><td>Grace"+grace+"<tr><td>Ada"+ada+"</table>"+end, map[string]any{"node": "web.click", "target": "#d1"})
	_, err := nodetest.Run(t, e, "web.click", map[string]any{"target": "#d1", "timeout": "4s"})
	if got := inPage(t, e, "out.textContent"); got != "opened Ada" && (err == nil || got != "") {
		t.Errorf("the page says %q, %v", got, err)
	}
}

// TestHealingOnlyTells sees that without leave nothing is done, and the failure says what was probably meant.
func TestHealingOnlyTells(t *testing.T) {
	for _, policy := range []string{node.HealOff, node.HealRecommend} {
		e, r := learned(t, node.HealPropose, before, after, map[string]any{"node": "web.click", "target": "#go"})
		f := fails(t, e, "web.click", map[string]any{"target": "#go", "timeout": "2s", "heal": policy})
		if f.Kind != node.KindElement || inPage(t, e, "out.textContent") != "" {
			t.Errorf("%s: %+v, and the page says %s", policy, f, inPage(t, e, "out.textContent"))
		}
		d, _ := f.Details.(map[string]any)
		switch {
		case policy == node.HealOff && (len(r.heals) != 0 || d["meant"] != nil):
			t.Errorf("healing is off, and %d reports were made", len(r.heals))
		case policy == node.HealRecommend && (len(r.heals) != 1 || r.heals[0].Outcome != "asked" || r.heals[0].Policy != policy || !strings.Contains(f.Message, "Save customer")):
			t.Errorf("%s: reports %+v, failure %s", policy, r.heals, f.Message)
		}
	}
}

// TestMismatchIsNoHit has selectors that find another element than before, without a word.
func TestMismatchIsNoHit(t *testing.T) {
	e, r := learned(t, node.HealRun, before, after,
		map[string]any{"node": "web.click", "target": "xpath=//form//button[1]"}, map[string]any{"node": "web.hover", "target": "css=nav > a:first-child"})
	if got := inPage(t, e, "out.textContent"); got != "" {
		t.Fatal(got)
	}
	out := run(t, e, "web.click", map[string]any{"target": "xpath=//form//button[1]", "timeout": "20s"})
	if got := inPage(t, e, "out.textContent"); got != "saved " || out["healed"] != true {
		t.Errorf("the first button is another one now: %v, and the page says %q", out, got)
	}
	if out := run(t, e, "web.hover", map[string]any{"target": "css=nav > a:first-child", "timeout": "20s"}); out["healed"] != true || !strings.Contains(out["element"].(string), "Home") {
		t.Errorf("the first link is another one now: %v", out)
	}
	for _, h := range r.heals {
		if !h.Mismatch {
			t.Errorf("a report that does not say it: %+v", h)
		}
	}
}

// TestHealingAbstains has pages that no longer hold what is meant.
func TestHealingAbstains(t *testing.T) {
	gone := strings.Replace(before, `<button id=go class=primary>Save customer</button>`, "", 1)
	beside := strings.Replace(before, `<button id=go class=primary>Save customer</button>`, `<button id=go2 class=primary>Delete customer</button>`, 1)
	for _, now := range []string{gone, beside} {
		e, r := learned(t, node.HealRun, before, now, map[string]any{"node": "web.click", "target": "#go"})
		fails(t, e, "web.click", map[string]any{"target": "#go", "timeout": "2s"})
		if got := inPage(t, e, "out.textContent"); got != "" {
			t.Errorf("something was pressed: %s", got)
		}
		if len(r.heals) != 1 || r.heals[0].Outcome == "healed" {
			t.Errorf("reports: %+v", r.heals)
		}
	}
}

func TestSecretFieldsAreNotHealed(t *testing.T) {
	e, r := learned(t, node.HealRun, `<form><label>Password <input id=pw type=password></label><button>Sign in</button></form>`, `<form><label>Password <input id=k1 type=password></label><button>Sign in</button></form>`,
		map[string]any{"node": "web.fill", "target": "#pw", "secret": "swordfish-12"})
	f := fails(t, e, "web.fill", map[string]any{"target": "#pw", "secret": "swordfish-12", "timeout": "2s"})
	if inPage(t, e, "document.querySelector('input').value") != "" || len(r.heals) != 1 || r.heals[0].Outcome != "asked" || !strings.Contains(f.Message, "person") {
		t.Errorf("a password was given to a field that a program chose: %+v, %s", r.heals, f.Message)
	}
	if b, _ := json.Marshal([]any{r.known, r.heals}); bytes.Contains(b, []byte("swordfish")) {
		t.Error("a secret is remembered")
	}
}

// TestHealingCostsOnce sees that an element is asked for and remembered once in a run, not in each turn of a loop.
func TestHealingCostsOnce(t *testing.T) {
	e, r := learned(t, node.HealPropose, before, before)
	for range 5 {
		run(t, e, "web.click", map[string]any{"target": "#d1"})
	}
	if r.saws != 1 || r.asked != 1 {
		t.Errorf("remembered %d times, asked for %d times", r.saws, r.asked)
	}
	for i := range 60 { // targets that are data
		run(t, e, "web.get_text", map[string]any{"target": []any{"#d1", "css=.none" + strings.Repeat("x", i+1)}})
	}
	if r.saws > 51 || len(r.heals) != 0 {
		t.Errorf("remembered %d times, reported %+v", r.saws, r.heals)
	}
}

// adviser is a node.Adviser that answers as it is told to.
type adviser struct {
	mu     sync.Mutex
	says   func(ctx context.Context, q node.Doubt) (node.Advice, error)
	doubts []node.Doubt
}

func (a *adviser) Advise(ctx context.Context, q node.Doubt) (node.Advice, error) {
	a.mu.Lock()
	a.doubts = append(a.doubts, q)
	a.mu.Unlock()
	return a.says(ctx, q)
}

// An adviser is asked once where an element is in doubt and does no harm. What it chooses is used; whatever else it says
// leaves the step as it is without one.
func TestHealingAdvised(t *testing.T) {
	const was, now = `<h1>Notes</h1><p>Ada <a id=more href="javascript:void 0" onclick="out.textContent='more'">Show the details</a></p><p id=out></p><button id=go onclick="out.textContent='gone'">Start it</button>`,
		`<h1>Notes</h1><p>Ada <a id=x href="javascript:void 0" onclick="out.textContent='more'">Read on</a></p><p id=out></p><button id=y onclick="out.textContent='gone'">Begin anew</button>`
	chosen := func(n int) func(context.Context, node.Doubt) (node.Advice, error) {
		return func(context.Context, node.Doubt) (node.Advice, error) {
			return node.Advice{Choice: n, Reason: "because", Model: "small"}, nil
		}
	}
	e, r := learned(t, node.HealPropose, was, now, map[string]any{"node": "web.click", "target": "#more"}, map[string]any{"node": "web.click", "target": "#go"})
	for _, c := range []struct {
		name   string
		says   func(context.Context, node.Doubt) (node.Advice, error)
		params map[string]any
		healed bool
		asked  int
		tells  string
	}{
		{"none", chosen(-1), nil, false, 1, `"choice":0`},
		{"out of range", chosen(7), nil, false, 1, `"choice":8`},
		{"no answer", func(ctx context.Context, _ node.Doubt) (node.Advice, error) {
			<-ctx.Done() // as long as it may
			return node.Advice{Choice: -1}, ctx.Err()
		}, nil, false, 1, `"error":"context deadline exceeded"`},
		{"sensitive", chosen(0), map[string]any{"sensitive": true}, false, 0, ""},
		{"right", chosen(0), nil, true, 1, `"model":"small"`},
	} {
		a := &adviser{says: c.says}
		r.adviser, r.heals = a, nil
		params := map[string]any{"target": "#more", "timeout": "8s"}
		for k, v := range c.params {
			params[k] = v
		}
		out, err := nodetest.Run(t, e, "web.click", params)
		if healed := err == nil && out["healed"] == true; healed != c.healed || len(a.doubts) != c.asked {
			t.Errorf("%s: %v, %v, asked %d times", c.name, out, err, len(a.doubts))
		}
		if len(r.heals) != 1 {
			t.Fatalf("%s: %d reports", c.name, len(r.heals))
		}
		evidence, _ := json.Marshal(r.heals[0].Evidence)
		if advice := strings.Contains(string(evidence), `"advice"`); advice != (c.asked > 0) || !strings.Contains(string(evidence), c.tells) {
			t.Errorf("%s: the evidence is %s", c.name, evidence)
		}
		if c.asked > 0 {
			if d := a.doubts[0]; d.Action != "click" || d.Before.Name != "Show the details" || len(d.Candidates) == 0 || len(d.Candidates) > 5 || d.Candidates[0].Name != "Read on" {
				t.Errorf("%s: it was asked %+v", c.name, d)
			}
		}
	}
	if got := inPage(t, e, "out.textContent"); got != "more" {
		t.Errorf("the page says %s", got)
	}
}
