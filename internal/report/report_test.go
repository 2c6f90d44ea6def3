package report_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/report"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

// hostile is put wherever a run may have taken something from outside.
const hostile = `</script><script>top.pwned=1</script>"'><img src=x onerror="top.pwned=2"><svg onload=top.pwned=3>{{.}}<!--` + "`${pwned=4}`\u2028"

// A picture of 2×2 pixels.
const jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF"

type made struct {
	*testing.T
	src *report.Source
	seq int64
}

func source(t *testing.T) *made {
	t.Helper()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return &made{T: t, src: &report.Source{
		Run:     &run.Run{ID: "run-1", Flow: "Book " + hostile, Status: run.Failed, Created: at, Started: at, Ended: at.Add(9 * time.Second), Input: json.RawMessage(`{}`), Failure: &node.Failure{Node: "send", Path: "send", Kind: "element", Message: "no button " + hostile, Hint: "look " + hostile}},
		Flow:    json.RawMessage(`{"aether": 1, "name": "x", "inputs": {"pin": {"type": "string", "secret": true}, "who": "string"}, "nodes": [{"id": "send", "type": "web.click", "title": "Send it", "params": {"target": "text=Send"}}]}`),
		Records: map[string]json.RawMessage{}, Artifacts: memory{}, Made: at.Add(time.Minute),
	}}
}

// memory implements artifact.Store.
type memory map[string][]byte

// Put implements artifact.Store.
func (m memory) Put(_ context.Context, write func(io.Writer) error) (string, int64, error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return "", 0, err
	}
	sum := sha256.Sum256(b.Bytes())
	digest := hex.EncodeToString(sum[:])
	m[digest] = b.Bytes()
	return digest, int64(b.Len()), nil
}

// Open implements artifact.Store.
func (m memory) Open(_ context.Context, digest string) (io.ReadCloser, error) {
	b, ok := m[digest]
	if !ok {
		return nil, artifact.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// Delete implements artifact.Store.
func (m memory) Delete(_ context.Context, digest string) error {
	delete(m, digest)
	return nil
}

func (m *made) put(text string) string {
	m.Helper()
	digest, _, err := m.src.Artifacts.Put(m.Context(), func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		m.Fatal(err)
	}
	return digest
}

func (m *made) event(kind, path string, data map[string]any) {
	m.Helper()
	b, err := json.Marshal(data)
	if err != nil {
		m.Fatal(err)
	}
	m.seq++
	m.src.Events = append(m.src.Events, run.Event{Run: "run-1", Seq: m.seq, Kind: kind, Path: path, At: m.src.Run.Created.Add(time.Duration(m.seq) * time.Second), Data: b})
}

// traced adds a step with a page.
func (m *made) traced(path, html string, s trace.Step) {
	m.Helper()
	s.After = &trace.Page{HTML: m.put(html), URL: "https://a.example/" + hostile, Title: hostile, Width: 800, Height: 600, Length: 1600, Y: 100}
	b, err := json.Marshal(s)
	if err != nil {
		m.Fatal(err)
	}
	m.src.Traces = append(m.src.Traces, trace.Entry{Run: "run-1", Path: path, Node: path, Step: m.put(string(b))})
}

func (m *made) write() string {
	m.Helper()
	var b bytes.Buffer
	if err := m.src.Write(m.Context(), &b); err != nil {
		m.Fatal(err)
	}
	file := filepath.Join(m.TempDir(), "run.html")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		m.Fatal(err)
	}
	return file
}

// One browser serves the tests of this package.
var (
	shared    browser.Browser
	errShared error
	launch    sync.Once
	profile   string
)

func open(t *testing.T, o browser.Options) *browser.Page {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	launch.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		shared, errShared = cdp.Driver{}.Launch(ctx, browser.Launch{Profile: profile, Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
	})
	if errShared != nil {
		t.Fatal(errShared)
	}
	c, err := shared.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	tab, err := c.NewTab(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return browser.NewPage(tab)
}

func TestMain(m *testing.M) { os.Exit(withProfile(m)) }

func withProfile(m *testing.M) int {
	var err error
	if profile, err = os.MkdirTemp("", "aether-profile-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(profile) }()
	code := m.Run()
	if shared != nil {
		_ = shared.Close()
	}
	return code
}

func visit(t *testing.T, p *browser.Page, file string) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	if _, err := p.Goto(ctx, "file://"+file, browser.Loaded); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func eval[T any](ctx context.Context, t *testing.T, p *browser.Page, function string) (v T) {
	t.Helper()
	raw, err := p.Evaluate(ctx, selector.Target{}, function, nil)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatalf("%s: %v", function, err)
	}
	return v
}

// TestHostile looks at the document of a run in which all that came from outside tries to run a script or to load
// something: nothing does, and all of it can be read as it was.
func TestHostile(t *testing.T) {
	m := source(t)
	m.src.Run.Input = json.RawMessage(`{"pin": "1234-secret", "who": "` + strings.Trim(string(must(json.Marshal(hostile))), `"`) + `"}`)
	m.event("node_started", "note", map[string]any{"node": "note", "type": hostile})
	m.event("node_finished", "note", map[string]any{"node": "note", "type": hostile, "ms": 20})
	m.src.Records["note"] = must(json.Marshal(map[string]any{"out": map[string]any{hostile: hostile}}))
	m.event("log", "say", map[string]any{"node": "say", "type": "flow.log", "text": hostile})
	m.event("node_started", "send", map[string]any{"node": "send", "type": "web.click"})
	m.event("node_failed", "send", map[string]any{"node": "send", "type": "web.click", "ms": 1500, "failure": m.src.Run.Failure})
	var hits atomic.Int64
	away := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(away.Close)
	shot := m.put(jpeg)
	css := `h1 { color: rgb(9, 8, 7) } </style><script>top.pwned=5</script> body { background: url(` + away.URL + `/css) }`
	sum := sha256.Sum256([]byte(css))
	sheet := hex.EncodeToString(sum[:])
	m.put(css)
	m.traced("send", `<!doctype html><html><head><link rel="stylesheet" media="all" href="artifact:`+sheet+`"><script>top.pwned=6</script><meta http-equiv="refresh" content="0;url=`+away.URL+`/refresh"></head>
		<body onload="top.pwned=7"><h1 onclick="top.pwned=8">Heading</h1><img src="`+away.URL+`/img" onerror="top.pwned=9"><iframe srcdoc="&lt;p id=inner&gt;In a frame&lt;/p&gt;&lt;script&gt;top.pwned=10&lt;/script&gt;"></iframe><iframe src="javascript:top.pwned=11"></iframe>
		<a href="`+away.URL+`/link" target="_top">Away</a><form action="`+away.URL+`/form"><button>Post</button></form>`+hostile, trace.Step{
		URL: hostile, Title: hostile, Started: m.src.Run.Created, WaitedMS: 500, TookMS: 1500, Failed: true, Files: map[string]string{sheet: "text/css"},
		Shot:    &trace.Shot{JPEG: shot, Width: 800, Height: 600, Box: &node.TraceBox{X: 80, Y: 60, Width: 160, Height: 30}},
		Console: []node.TraceMessage{{Level: "error", Text: "console " + hostile, URL: hostile, Line: 3, Uncaught: true}},
		Network: []node.TraceRequest{{Method: "GET", URL: "https://net.example/" + hostile, Status: 404, Type: hostile, Bytes: 2048, Millis: 12.5, Error: hostile}},
	})
	file := m.write()
	if b := must(os.ReadFile(file)); bytes.Contains(b, []byte("1234-secret")) || bytes.Contains(b, []byte("<img src=x")) || bytes.Contains(b, []byte("pwned=1</script>")) {
		t.Error("the document holds a secret, or a text that is not escaped")
	}
	p := open(t, browser.Options{Width: 1200, Height: 900})
	ctx := visit(t, p, file)
	clean := func(when string) {
		t.Helper()
		if n := eval[any](ctx, t, p, "() => window.pwned ?? null"); n != nil {
			t.Errorf("%s: a script of the run was executed: %v", when, n)
		}
		for _, r := range p.Requests(0) {
			if !strings.HasPrefix(r.URL, "file://"+file) && !strings.HasPrefix(r.URL, "data:") && r.Error == "" {
				t.Errorf("%s: it loads %+v", when, r)
			}
		}
		if n := hits.Load(); n > 0 {
			t.Errorf("%s: %d requests went out", when, n)
		}
		if len(p.Dialogs()) > 0 || !strings.HasPrefix(p.Frames()[0].URL, "file://"+file) {
			t.Errorf("%s: %v, at %s", when, p.Dialogs(), p.Frames()[0].URL)
		}
	}
	clean("as it opens")
	// It opens at the step that failed.
	if got := must(p.Text(ctx, selector.Must("css=#detail h2"))); got != "Send it" {
		t.Errorf("it shows %q first", got)
	}
	if got := must(p.Text(ctx, selector.Must("css=header .failure"))); !strings.Contains(got, "no button </script><script>top.pwned=1</script>") || !strings.Contains(got, "look </script>") {
		t.Errorf("the failure is %q", got)
	}
	box := eval[[]string](ctx, t, p, "() => [...document.querySelectorAll('.box')].map(b => [b.style.left, b.style.top, b.style.width, b.style.height].join(' '))")
	if len(box) != 1 || box[0] != "10% 10% 20% 5%" {
		t.Errorf("the place of the element is %q", box)
	}
	for _, v := range []struct{ tab, within, holds string }{
		{"text=Console (1)", "css=td:nth-child(3)", "console </script>"}, {"text=Network (1)", "css=td:nth-child(2)", "https://net.example/</script>"}, {"text=Data", "css=#detail pre", `"target": "text=Send"`},
	} {
		if _, err := p.Click(ctx, selector.Must(v.tab), browser.Click{}); err != nil {
			t.Fatal(err)
		}
		if got := must(p.Text(ctx, selector.Must(v.within))); !strings.Contains(got, v.holds) {
			t.Errorf("%s shows %q", v.tab, got)
		}
		clean(v.tab)
	}
	if _, err := p.Click(ctx, selector.Must(`role=tab[name="Page"]`), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{"css=h1:text": "", "text=In a frame": "In a frame", "text=Heading": "Heading"} {
		if want == "" {
			continue
		}
		if got := must(p.Text(ctx, selector.Must(target))); got != want {
			t.Errorf("the page shows %q for %s", got, target)
		}
	}
	color, _, err := p.Read(ctx, selector.Must("text=Heading"), "style", "color")
	if err != nil || string(color) != `"rgb(9, 8, 7)"` {
		t.Errorf("the style of the page does not hold: %s, %v", color, err)
	}
	clean("the page")
	for _, target := range []string{"text=Away", "text=Post", "text=Heading"} {
		if _, err := p.Click(ctx, selector.Must(target), browser.Click{}); err != nil {
			t.Fatal(err)
		}
		clean("after a press on " + target)
	}
	// All by keys: the first step, and what it gave. A press in a page gave the keys to it.
	if _, err := p.Click(ctx, selector.Must("css=header h1"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"Home", "ArrowRight"} {
		if _, err := p.Press(ctx, selector.Target{}, browser.Key{Name: key}); err != nil {
			t.Fatal(err)
		}
	}
	if got := must(p.Text(ctx, selector.Must("css=#detail pre"))); !strings.Contains(got, "</script><script>top.pwned=1") {
		t.Errorf("the first step gave %q", got)
	}
	clean("the end")
}

// TestLarge opens a run of a thousand steps: one page is shown at a time, and keys go from step to step.
func TestLarge(t *testing.T) {
	m := source(t)
	m.src.Run.Status, m.src.Run.Failure = run.Done, nil
	filler := strings.Repeat("<p>Some text of a page.</p>", 2000)
	for i := range 1000 {
		path := fmt.Sprintf("each[%d]/go", i)
		m.event("node_started", path, map[string]any{"node": "go", "type": "web.goto"})
		m.event("node_finished", path, map[string]any{"node": "go", "type": "web.goto", "ms": 10})
		m.traced(path, fmt.Sprintf("<!doctype html><html><head></head><body><h1>Page %d</h1>%s</body></html>", i, filler), trace.Step{Started: m.src.Run.Created, TookMS: 10})
	}
	file := m.write()
	if info := must(os.Stat(file)); info.Size() > 20<<20 {
		t.Errorf("it has %d bytes", info.Size())
	}
	p := open(t, browser.Options{Width: 420, Height: 800, Colors: "dark"})
	ctx := visit(t, p, file)
	for _, v := range []struct{ key, text string }{{"End", "Page 999"}, {"ArrowUp", "Page 998"}, {"Home", "Page 0"}, {"ArrowDown", "Page 1"}} {
		if _, err := p.Press(ctx, selector.Target{}, browser.Key{Name: v.key}); err != nil {
			t.Fatal(err)
		}
		if got := must(p.Text(ctx, selector.Target{Queries: selector.Must("css=h1").Queries, Frame: selector.Must("css=iframe").Queries})); got != v.text {
			t.Errorf("%s leads to %q, want %q", v.key, got, v.text)
		}
	}
	if n := eval[int](ctx, t, p, "() => document.querySelectorAll('iframe').length"); n != 1 {
		t.Errorf("%d pages are shown at once", n)
	}
	if wide := eval[int](ctx, t, p, "() => document.documentElement.scrollWidth - innerWidth"); wide > 0 {
		t.Errorf("it is %d pixels wider than a narrow window", wide)
	}
	if bg := eval[string](ctx, t, p, "() => getComputedStyle(document.body).backgroundColor"); bg != "rgb(17, 19, 22)" {
		t.Errorf("in the dark it is %s", bg)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
