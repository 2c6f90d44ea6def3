package conformance

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// shopSite is a site with a form; the page /wait comes when hold is closed, and held is told of each call of it.
func shopSite(t *testing.T) (url string, held chan struct{}, hold chan struct{}) {
	t.Helper()
	held, hold = make(chan struct{}, 8), make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, `<!doctype html><title>Shop</title><h1>Shop</h1><label>Name <input id=name></label><label>Code <input id=code></label><button onclick="console.warn('pressed'); fetch('/priced?token=abcdef')">Price</button>`)
		case "/slow":
			fmt.Fprint(w, `<!doctype html><title>Slow</title><h1>Slow</h1><script>fetch('/wait').then(() => { document.querySelector('h1').textContent = 'Here at last'; })</script>`)
		case "/wait":
			held <- struct{}{}
			select {
			case <-hold:
			case <-r.Context().Done():
			}
			fmt.Fprint(w, `<!doctype html><title>Done</title><h1>Done</h1>`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(site.Close)
	return site.URL, held, hold
}

const shopNodes = `nodes:
  - {id: open, type: web.goto, params: {url: "URL/"}}
  - {id: name, type: web.fill, params: {target: label=Name, value: Ada}}
  - {id: code, type: web.fill, params: {target: label=Code, secret: {secret: CODE}}}
  - {id: price, type: web.click, params: {target: text=Price}}
  - {id: wait, type: web.goto, params: {url: "URL/wait"}}
  - {id: read, type: web.get_text, params: {target: h1}}
edges: [open -> name, name -> code, code -> price, price -> wait, wait -> read]
`

type reportedStep struct {
	Path, State string
	Web         *struct {
		Before, After, Shot *struct {
			HTML, JPEG string
			Box        *struct{ Width float64 }
		}
		Console []struct{ Text string }
		Network []struct {
			URL    string
			Status int
		}
	}
}

var reportDataRE = regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`)

// reported writes a run as HTML and returns the steps in it.
func (h *home) reported(id string) (steps map[string]reportedStep, order []string, html string) {
	h.Helper()
	h.want(0, "runs", "export", id, "--html", "-o", id+".html")
	b, err := os.ReadFile(filepath.Join(h.dir, id+".html"))
	if err != nil {
		h.Fatal(err)
	}
	m := reportDataRE.FindSubmatch(b)
	if m == nil {
		h.Fatalf("the document has no steps:\n%.2000s", b)
	}
	steps = map[string]reportedStep{}
	for _, s := range decode[[]reportedStep](h, string(m[1])) {
		steps[s.Path] = s
		order = append(order, s.Path)
	}
	return steps, order, string(b)
}

// TestTrace kills a robot that keeps the trace of each step: what was kept stays, nothing is kept twice, and the run's
// document shows all of it. Then it holds the policies.
func TestTrace(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	const code = "code-4711-secret"
	url, held, hold := shopSite(t)
	h := newHome(t)
	h.env = append(h.env, "AETHER_SECRET_CODE="+code)
	h.flow(strings.ReplaceAll(shopNodes, "URL", url))
	p := h.start("run", "flow.yaml", "--id", "one", "--trace")
	<-held
	p.kill()
	h.browserGone()
	close(hold)
	h.want(0, "run", "flow.yaml", "--id", "one", "--trace")
	steps, order, html := h.reported("one")
	if want := []string{"open", "name", "code", "price", "wait", "read"}; !slices.Equal(order, want) {
		t.Errorf("the steps are %v, want %v", order, want)
	}
	for path, s := range steps {
		w := s.Web
		acts := path == "name" || path == "code" || path == "price"
		if s.State != "done" || w == nil || w.After == nil || w.Shot == nil || (w.Before != nil) != acts || acts && (w.Shot.Box == nil || w.Shot.Box.Width == 0) {
			t.Errorf("%s: %+v %+v", path, s, w)
			continue
		}
		for _, part := range []string{w.After.HTML, w.Shot.JPEG} {
			if !strings.Contains(html, `id="b-`+part+`"`) {
				t.Errorf("%s: a part of its trace is not in the document", path)
			}
		}
	}
	if w := steps["price"].Web; w != nil && (len(w.Console) != 1 || w.Console[0].Text != "pressed" || len(w.Network) == 0 || w.Network[0].URL != url+"/priced?token=***") {
		t.Errorf("what the page wrote and loaded: %+v", w)
	}
	h.hidden(code, result{out: html})

	fails := strings.ReplaceAll(shopNodes, "URL", url) + "settings: {trace: %s}\n"
	fails = strings.Replace(fails, "target: h1", "target: h7, timeout: 100ms", 1)
	h.flow(strings.Replace(fails, "settings: {trace: %s}\n", "", 1))
	h.want(1, "run", "flow.yaml", "--id", "fails")
	steps, _, _ = h.reported("fails")
	for path, s := range steps {
		if full := s.Web != nil && s.Web.After != nil; s.Web == nil || full != (path == "read") {
			t.Errorf("of a run that failed, by default: %s: %+v %+v", path, s, s.Web)
		}
	}
	for policy, want := range map[string]bool{"never": false, "always": true} {
		h.flow(fmt.Sprintf(fails, policy))
		h.want(1, "run", "flow.yaml", "--id", policy)
		if steps, _, _ = h.reported(policy); (steps["open"].Web != nil) != want {
			t.Errorf("with the policy %s: %+v", policy, steps["open"])
		}
	}
	h.flow(strings.ReplaceAll(shopNodes, "URL", url))
	h.want(0, "run", "flow.yaml", "--id", "fine", "--new")
	if steps, _, _ = h.reported("fine"); steps["open"].Web != nil {
		t.Errorf("of a run that did not fail, by default: %+v", steps["open"])
	}
	h.want(2, "run", "flow.yaml", "--trace=sometimes")
	h.want(2, "runs", "export", "nothing", "--html", "-o", "x.html")

	h.env = append(h.env, "AETHER_RETENTION_RUNS=1ms", "AETHER_RETENTION_FAILED=1ms")
	h.want(0, "runs", "prune")
	for _, f := range files(t, h.data) {
		if strings.HasPrefix(filepath.ToSlash(f), "artifacts/") {
			t.Errorf("of runs that were forgotten there is still %s", f)
		}
	}
}

// TestTraceGuide runs the flow of the guide, which asks for its trace itself.
func TestTraceGuide(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	page, err := os.ReadFile("../../docs/guide/traces.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	url, _, _ := shopSite(t)
	h := newHome(t)
	h.write("first-look.flow.yaml", text)
	if r := h.want(0, "run", "first-look.flow.yaml", "-i", "site="+url, "--id", "look"); !strings.Contains(r.out, "Shop") {
		t.Errorf("it read %s", r.out)
	}
	steps, order, _ := h.reported("look")
	if len(order) != 2 || steps["open"].Web == nil || steps["open"].Web.After == nil || steps["read"].Web == nil || steps["read"].Web.Shot == nil || steps["read"].Web.Shot.Box == nil {
		t.Errorf("its trace: %v %+v", order, steps)
	}
}

// TestTraceRemote watches a run on a robot without a database, and on one of the server's own, and has its trace
// there.
func TestTraceRemote(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	for name, remote := range map[string]bool{"up": false, "remote": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, held, hold := shopSite(t)
			h := newHome(t)
			t.Cleanup(h.browserGone) // it ends a moment after the robot was killed
			h.env = append(h.env, "AETHER_SECRET_CODE=code-4711-secret")
			h.flow(strings.ReplaceAll(`settings: {trace: always}
nodes:
  - {id: open, type: web.goto, params: {url: "URL/"}}
  - {id: code, type: web.fill, params: {target: label=Code, secret: {secret: CODE}}}
  - {id: slow, type: web.goto, params: {url: "URL/slow"}}
  - {id: wait, type: web.wait, params: {text: Here at last, timeout: 2m}}
edges: [open -> code, code -> slow, slow -> wait]
`, "URL", url))
			var s *served
			if remote {
				s = h.serve("serve")
				d := h.desk(t, "one", s.url)
				t.Cleanup(d.browserGone)
				d.env = append(d.env, "AETHER_SECRET_CODE=code-4711-secret")
				d.up()
			} else {
				s = h.serve("up")
			}
			s.token = strings.TrimSpace(h.want(0, "server", "token", "create", "watcher", "--role", "viewer").out)
			id, _ := h.add()
			<-held
			frame := s.watch(id)
			if !strings.HasPrefix(frame.URL, url) || frame.Width == 0 {
				t.Errorf("the frame is of %s, %d wide", frame.URL, frame.Width)
			}
			// Nobody watches any more: nothing stays of what was shown.
			eventually(t, "the last frame to go", time.Minute, func() bool { return h.frames() == 0 })
			close(hold)
			h.settled(id, "done")
			steps, order, html := h.reported(id)
			if len(order) != 4 || steps["code"].Web == nil || steps["code"].Web.Before == nil || !strings.Contains(html, `id="b-`+steps["code"].Web.Before.HTML+`"`) {
				t.Errorf("the trace: %v %+v", order, steps["code"])
			}
		})
	}
}

// frames is how many frames are kept in the database.
func (h *home) frames() (n int) {
	h.Helper()
	d, err := sql.Open("sqlite", "file:"+filepath.Join(h.data, "aether.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		h.Fatal(err)
	}
	defer d.Close()
	if err := d.QueryRow(`SELECT count(*) FROM live`).Scan(&n); err != nil {
		h.Fatal(err)
	}
	return n
}

type liveFrame struct {
	URL   string
	Width int
	JPEG  string
}

// watch watches a run until it has seen a picture.
func (s *served) watch(id string) liveFrame {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/api/v1/runs/"+id+"/live", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	client := &http.Client{Timeout: 90 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 16<<20)
	kind := ""
	for lines.Scan() {
		if k, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			kind = k
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || kind != "frame" {
			continue
		}
		var f liveFrame
		if err := json.Unmarshal([]byte(data), &f); err != nil {
			s.t.Fatal(err)
		}
		b, err := base64.StdEncoding.DecodeString(f.JPEG)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(b)); err != nil {
			s.t.Fatalf("the frame is no picture: %v", err)
		}
		return f
	}
	s.t.Fatalf("the stream ended without a picture: %d, %v", res.StatusCode, lines.Err())
	return liveFrame{}
}
