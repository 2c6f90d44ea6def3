package conformance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// gate is a page that lets go on who has ticked a box, and takes a word and a code.
const gate = `<!doctype html><title>Gate</title><style>body{margin:0} input{position:absolute;left:20px;width:200px;height:30px;margin:0}</style>
<h1 style="position:absolute;top:200px">Are you a person?</h1>
<input id=human type=checkbox style="top:20px;width:30px"><input id=word aria-label=Word style="top:60px"><input id=code type=password aria-label=Code style="top:100px">`

// handed is a run whose browser people take over.
type handed struct {
	*home
	s   *served
	run string
	seq int
}

func (h *home) gates(t *testing.T) *handed {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, gate)
	}))
	t.Cleanup(site.Close)
	h.want(0, "secret", "key", "new")
	h.flow(`
outputs: {word: "{{ nodes.word.value }}", human: "{{ nodes.human.value }}"}
nodes:
- {id: open, type: web.open, params: {url: '` + site.URL + `', width: 800, height: 500}}
- {id: human, type: web.get_property, params: {target: "#human", name: checked}}
- {id: word, type: web.get_value, params: {target: "#word"}}
edges: [open -> human, human -> word]
`)
	p := &handed{home: h, s: h.serve("serve")}
	p.s.token = strings.TrimSpace(h.want(0, "server", "token", "create", "me", "--role", "operator").out)
	p.run, _ = h.add("--break", "human")
	return p
}

func (p *handed) path(what string) string { return "/api/v1/runs/" + p.run + "/hand" + what }

// hand tells who has the browser, nil if nobody does.
func (p *handed) hand() map[string]any {
	p.Helper()
	m, _ := p.s.call(200, "GET", p.path(""), nil)["hand"].(map[string]any)
	return m
}

func (p *handed) driven() {
	p.Helper()
	var is map[string]any
	defer func() {
		if p.Failed() {
			p.Log(is)
		}
	}()
	eventually(p, "the browser to be in a person's hand", time.Minute, func() bool { is = p.hand(); return is != nil && is["ready"] == true })
}

func (p *handed) given() {
	p.Helper()
	eventually(p, "the browser to be handed back", time.Minute, func() bool { return p.hand() == nil })
}

// do does something in the browser, and waits until it is done.
func (p *handed) do(gestures ...map[string]any) {
	p.Helper()
	before := p.hand()["gestures"]
	p.seq++
	p.s.call(204, "POST", p.path("/input"), map[string]any{"client": "the test of hands", "seq": p.seq, "gestures": gestures})
	eventually(p, "what was done to be counted", time.Minute, func() bool { return p.hand()["gestures"] != before })
}

func click(x, y int) []map[string]any {
	return []map[string]any{{"kind": "move", "x": x, "y": y}, {"kind": "down", "x": x, "y": y, "button": "left", "clicks": 1}, {"kind": "up", "x": x, "y": y, "button": "left", "clicks": 1}}
}

// TestHandSurvives kills the robot after a person has handed the browser back, and another while one has it: what the
// person left is there again, and what was typed stands nowhere.
func TestHandSurvives(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	h := newHome(t)
	p := h.gates(t)
	t.Cleanup(h.browserGone)
	first := h.robot("first")
	h.pausedAt(p.run, "human")
	p.s.call(200, "POST", p.path(""), nil)
	p.driven()
	p.do(append(click(35, 35), click(60, 75)...)...)
	p.do(map[string]any{"kind": "text", "text": "typed by hand"})
	p.do(append(click(60, 115), map[string]any{"kind": "text", "text": "code-948213"})...)
	p.s.call(200, "POST", p.path("/back"), map[string]any{"stay": true})
	p.given()
	first.kill()
	second := h.robot("second")
	p.s.call(200, "POST", p.path(""), nil)
	p.driven()
	second.kill()
	third := h.robot("third")
	p.driven()
	p.s.call(200, "POST", p.path("/back"), map[string]any{})
	eventually(t, "the end of the run", 2*time.Minute, func() bool {
		return p.s.call(200, "GET", "/api/v1/runs/"+p.run, nil)["status"] == "done"
	})
	if out := p.s.call(200, "GET", "/api/v1/runs/"+p.run, nil)["output"]; fmt.Sprint(out) != "map[human:true word:typed by hand]" {
		t.Errorf("the flow found %v", out)
	}
	p.s.call(409, "POST", p.path(""), nil)
	refused(t, h.want(2, "runs", "hand", p.run, "--back"), "has ended")
	third.kill()
	p.s.kill()
	h.browserGone()
	h.hidden("code-948213")
}

// TestHandRemote lets a person drive the browser of a robot that has no database; another person is refused meanwhile.
func TestHandRemote(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	target := dbtest.Postgres(t)
	h := newHome(t)
	h.env = append(h.env, "AETHER_DATABASE_URL="+target.URL)
	p := h.gates(t)
	d := h.desk(t, "desk", p.s.url)
	t.Cleanup(d.browserGone)
	d.up()
	h.pausedAt(p.run, "human")
	p.s.call(200, "POST", p.path(""), nil)
	p.driven()
	other := *p.s
	other.token = strings.TrimSpace(h.want(0, "server", "token", "create", "other", "--role", "operator").out)
	other.call(409, "POST", p.path(""), nil)
	other.call(409, "POST", p.path("/input"), map[string]any{"client": "the test of hands", "seq": 1, "gestures": click(35, 35)})
	p.do(append(click(35, 35), click(60, 75)...)...)
	p.do(map[string]any{"kind": "text", "text": "from afar"})
	if out := h.want(0, "runs", "hand", p.run).out; !strings.HasPrefix(out, "me has taken over its browser since ") {
		t.Errorf("the terminal says %s", out)
	}
	h.want(0, "runs", "hand", p.run, "--back")
	h.settled(p.run, "done")
	if out := p.s.call(200, "GET", "/api/v1/runs/"+p.run, nil)["output"]; fmt.Sprint(out) != "map[human:true word:from afar]" {
		t.Errorf("the flow found %v", out)
	}
}
