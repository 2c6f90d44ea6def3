package conformance

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/db/dbtest"
)

func needsBrowser(t *testing.T) {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
}

// browserGone waits until no browser works in the data folder any more: it ends a moment after its robot was killed.
func (h *home) browserGone() {
	h.Helper()
	eventually(h, "the browser to end", time.Minute, func() bool {
		out, err := exec.Command("pgrep", "-f", "user-data-dir="+h.data).Output()
		return err != nil && len(out) == 0
	})
}

// TestDemo holds the first thing that people see: it works from the program alone, and proves what it says.
func TestDemo(t *testing.T) {
	needsBrowser(t)
	h := newHome(t)
	r := h.aether("demo", "--headless", "--no-wait")
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if n := strings.Count(r.out, "10 forms received, 0 twice, 70 of 70 fields right"); n != 2 {
		t.Errorf("it was right %d times of 2:\n%s", n, r.out)
	}
	if got := files(t, h.dir); len(got) != 0 {
		t.Errorf("it left behind %v", got)
	}
}

// TestWebSecrets kills a robot between login and work: neither the password nor the cookie of the session can be read
// where its records lie, and the run goes on without logging in again.
func TestWebSecrets(t *testing.T) {
	needsBrowser(t)
	const password, cookie = "correct-horse-battery", "cookie-0123456789abcdef"
	var mu sync.Mutex
	logins := 0
	hold := make(chan struct{})
	held := make(chan struct{}, 8)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		c, err := r.Cookie("sid")
		switch in := err == nil && c.Value == cookie; {
		case r.Method == http.MethodPost && r.FormValue("password") == password:
			mu.Lock()
			logins++
			mu.Unlock()
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: cookie, Path: "/"})
			http.Redirect(w, r, "/desk", http.StatusSeeOther)
		case !in:
			fmt.Fprint(w, `<!doctype html><h1>Login</h1><form method=post action=/login><label>Password <input type=password name=password></label><button>Log in</button></form>`)
		case r.URL.Path == "/wait":
			held <- struct{}{}
			select {
			case <-hold:
			case <-r.Context().Done():
			}
			fmt.Fprintf(w, `<!doctype html><h1>Done</h1><p>Still %s</p>`, password)
		default:
			// What a page should never do: the password stands in texts, fields, addresses and the console.
			fmt.Fprintf(w, `<!doctype html><title>%[1]s</title><h1>Desk</h1><p title=%[1]s>Your password is %[1]s</p><input value=%[1]s><a href="/?password=%[1]s&q=%[1]s">again</a><script>console.log('it is %[1]s'); fetch('/seen?q=%[1]s')</script>`, password)
		}
	}))
	defer site.Close()
	h := newHome(t)
	h.env = append(h.env, "AETHER_SECRET_PASSWORD="+password)
	h.flow(`nodes:
  - {id: open, type: web.open, params: {url: "` + site.URL + `"}}
  - {id: fill, type: web.fill, params: {target: label=Password, secret: {secret: PASSWORD}}}
  - {id: login, type: web.click, params: {target: text=Log in}}
  - {id: wait, type: web.goto, params: {url: "` + site.URL + `/wait"}}
  - {id: read, type: web.get_text, params: {target: h1}}
edges: [open -> fill, fill -> login, login -> wait, wait -> read]
outputs: {said: {type: string, value: "{{ nodes.read.text }}"}}
`)
	p := h.start("run", "flow.yaml", "--id", "one", "--trace")
	<-held
	p.kill()
	h.browserGone()
	h.hidden(password)
	h.hidden(cookie)
	close(hold)
	r := h.aether("run", "flow.yaml", "--id", "one", "--json", "--trace")
	if r.code != 0 || !strings.Contains(r.out, `"said":"Done"`) {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	h.hidden(password, r)
	h.hidden(cookie, r)
	h.hiddenInTrace("one", password, cookie)
	if logins != 1 {
		t.Errorf("it logged in %d times", logins)
	}
}

// hiddenInTrace reads all that a run's document has of its trace, packed or not, and looks for secrets in it.
func (h *home) hiddenInTrace(id string, secrets ...string) {
	h.Helper()
	steps, _, html := h.reported(id)
	if steps["login"].Web == nil || steps["login"].Web.After == nil || len(steps["login"].Web.Console) == 0 {
		h.Errorf("there is no trace: %+v", steps["login"])
	}
	all := []result{{out: html}}
	for _, m := range regexp.MustCompile(`<script type="text/plain" id="b-[0-9a-f]{64}"( data-gzip)?>([^<]*)</script>`).FindAllStringSubmatch(html, -1) {
		b, err := base64.StdEncoding.DecodeString(m[2])
		if err != nil {
			h.Fatal(err)
		}
		if m[1] != "" {
			z, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				h.Fatal(err)
			}
			if b, err = io.ReadAll(z); err != nil {
				h.Fatal(err)
			}
		}
		all = append(all, result{out: string(b)})
	}
	if len(all) < 5 {
		h.Errorf("the document has %d parts", len(all))
	}
	for _, s := range secrets {
		h.hidden(s, all...)
	}
}

// TestBrowserPolicy holds browsers to where flows may go: what a page asks for too.
func TestBrowserPolicy(t *testing.T) {
	needsBrowser(t)
	var mu sync.Mutex
	hits := map[string]int{}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hits[r.Host+r.URL.Path]++
		mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><h1>Here</h1><img src="http://localhost:%s/stolen.png">`, strings.Split(r.Host, ":")[1])
	}))
	defer site.Close()
	flow := `nodes:
  - {id: open, type: web.goto, params: {url: "%s", until: idle}}
`
	h := newHome(t)
	h.flow(fmt.Sprintf(flow, "http://169.254.169.254/latest/meta-data/"))
	if r := h.aether("run", "flow.yaml"); r.code != 1 {
		t.Errorf("cloud metadata: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	h = newHome(t)
	h.env = append(h.env, "AETHER_HTTP_DENY=localhost")
	h.flow(fmt.Sprintf(flow, site.URL))
	if r := h.aether("run", "flow.yaml"); r.code != 0 {
		t.Errorf("what is allowed: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	for at, n := range hits {
		if strings.HasPrefix(at, "localhost") {
			t.Errorf("the page reached %s %d times, where flows may not go", at, n)
		}
	}
	h.flow(fmt.Sprintf(flow, strings.Replace(site.URL, "127.0.0.1", "localhost", 1)))
	if r := h.aether("run", "flow.yaml"); r.code != 1 || !strings.Contains(r.out+r.err, "403") {
		t.Errorf("what is not allowed: exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

// TestRemoteSessionWithoutKey runs a flow with a browser on a robot elsewhere while the installation has no key that
// sessions could be sealed with (SQLite makes its own): the run goes on without keeping its session, as on robots with a
// database, and the robot says what to do.
func TestRemoteSessionWithoutKey(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	target := dbtest.Postgres(t)
	h := newHome(t)
	h.env = append(h.env, "AETHER_DATABASE_URL="+target.URL)
	h.write("page.flow.yaml", "aether: 1\nname: page\nnodes:\n- {id: open, type: web.open, params: {url: 'about:blank'}}\n")
	h.want(0, "flow", "push", "page.flow.yaml")
	s := h.serve("serve")
	d := h.desk(t, "desk", s.url)
	t.Cleanup(d.browserGone) // it ends a moment after the robot was killed
	p := d.up()
	run := fmt.Sprint(s.call(201, "POST", "/api/v1/runs", map[string]any{"flow": "page"})["run"])
	eventually(t, "the end of the run", 2*time.Minute, func() bool {
		return s.call(200, "GET", "/api/v1/runs/"+run, nil)["status"] == "done"
	})
	eventually(t, "the robot to say what is missing", time.Minute, func() bool {
		return strings.Contains(p.err.String()+p.out.String(), "aether secret key new")
	})
}
