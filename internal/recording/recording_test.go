package recording_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/recording"
	"github.com/aether-rpa/aether/internal/screen"
)

const page = `<!doctype html><title>Order</title><style>body { margin: 0 } input, button { position: absolute; left: 20px; height: 30px }</style>
<form onsubmit="event.preventDefault()">
<input aria-label="Quantity" style="top: 20px">
<input aria-label="Password" type="password" style="top: 80px">
<button style="top: 140px">Send</button></form><script>fetch("/came")</script>`

// window is a browser whose person the test is.
type window struct {
	browser.Browser
	context atomic.Pointer[browser.Context]
}

func (w *window) Open(ctx context.Context, o browser.Options) (browser.Context, error) {
	c, err := w.Browser.Open(ctx, o)
	if err == nil {
		w.context.Store(&c)
	}
	return c, err
}

func (w *window) tab() browser.Tab { return (*w.context.Load()).Tabs()[0] }

func (w *window) click(t *testing.T, y float64) {
	t.Helper()
	at := browser.Mouse{X: 40, Y: y, Button: "left", Clicks: 1}
	move, down, up := at, at, at
	move.Type, move.Button, down.Type, up.Type = "move", "", "down", "up"
	if err := w.tab().Mouse(t.Context(), move, down, up); err != nil {
		t.Fatal(err)
	}
}

func (w *window) enter(t *testing.T, y float64, text string) {
	t.Helper()
	w.click(t, y)
	for _, r := range text {
		if err := w.tab().Keys(t.Context(), browser.Key{Name: string(r)}); err != nil {
			t.Fatal(err)
		}
	}
}

// room is a room whose browser has no window, and what it opened last.
func room(t *testing.T) (*recording.Room, *atomic.Pointer[window], *atomic.Int64) {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	var last atomic.Pointer[window]
	var open atomic.Int64
	r := &recording.Room{Missing: func() error { return nil }, Now: time.Now, Open: func(ctx context.Context, _ bool) (*recording.Opened, error) {
		b, err := cdp.Driver{}.Launch(ctx, browser.Launch{Profile: t.TempDir(), Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
		if err != nil {
			return nil, err
		}
		open.Add(1)
		w := &window{Browser: b}
		last.Store(w)
		return &recording.Opened{Browser: w, End: func() { _ = b.Close(); open.Add(-1) }}, nil
	}}
	t.Cleanup(r.Close)
	return r, &last, &open
}

// site is a page, and how often it has come to a browser.
func site(t *testing.T) (url string, came *atomic.Int64) {
	t.Helper()
	came = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/came" { // asked for by the page that has come
			came.Add(1)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	return srv.URL, came
}

func TestRecording(t *testing.T) {
	r, last, open := room(t)
	url, _ := site(t)
	if r.State("ada") != nil {
		t.Fatal("something is recorded before it is asked for")
	}
	if err := r.Start(t.Context(), "ada", strings.TrimPrefix(url, "http://"), true); err != nil {
		t.Fatal(err)
	}
	w := last.Load()
	w.enter(t, 35, "12")
	w.enter(t, 95, "hunter2")
	w.click(t, 155)
	eventually(t, "the press is a step", func() bool { return len(r.State("ada").Steps) == 4 })
	if err := r.Start(t.Context(), "linus", url, true); !errors.Is(err, recording.ErrBusy) {
		t.Errorf("a second recording: %v", err)
	}
	if s := r.State("linus"); s == nil || !s.Open || s.By != "ada" || len(s.Steps) > 0 {
		t.Errorf("what another sees: %+v", s)
	}
	for what, err := range map[string]error{"stop": r.Stop(t.Context(), "linus"), "drop": r.Drop(t.Context(), "linus")} {
		if !errors.Is(err, recording.ErrBusy) {
			t.Errorf("another's %s: %v", what, err)
		}
	}
	if _, err := r.Flow("linus", "x"); !errors.Is(err, recording.ErrBusy) {
		t.Errorf("another's flow: %v", err)
	}
	if err := r.Stop(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	if n := open.Load(); n != 0 {
		t.Errorf("%d browsers stay open", n)
	}
	s := r.State("ada")
	if s.Open || len(s.Steps) != 4 {
		t.Fatalf("after the end: %+v", s)
	}
	if st := s.Steps[1]; st.Value != "12" || len(st.Candidates) == 0 || st.Candidates[0].Score <= 0 || st.Candidates[0].Reason == "" {
		t.Errorf("the quantity: %+v", st)
	}
	if st := s.Steps[2]; !st.Secret || st.Value != "" {
		t.Errorf("the password: %+v", st)
	}
	text, err := r.Flow("ada", "order")
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Decode(text)
	if err != nil || f.Name != "order" || len(f.Nodes) != 4 || strings.Contains(string(text), "hunter2") {
		t.Errorf("the flow: %v\n%s", err, text)
	}
	// What has ended makes room, and is forgotten when that is asked for.
	if err := r.Start(t.Context(), "linus", url, true); err != nil {
		t.Fatal(err)
	}
	if err := r.Drop(t.Context(), "linus"); err != nil {
		t.Fatal(err)
	}
	if r.State("linus") != nil || open.Load() != 0 {
		t.Error("something stays of what was dropped")
	}
	if err := r.Stop(t.Context(), "linus"); !errors.Is(err, recording.ErrNone) {
		t.Errorf("stopping nothing: %v", err)
	}
}

func TestRecordingEndsWithItsBrowser(t *testing.T) {
	r, last, open := room(t)
	url, _ := site(t)
	if err := r.Start(t.Context(), "ada", url, true); err != nil {
		t.Fatal(err)
	}
	if err := last.Load().Browser.Close(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.State("ada").Open {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("it goes on without a browser")
		}
	}
	if open.Load() != 0 {
		t.Error("what was opened is not taken away")
	}
	url, _ = site(t)
	if err := r.Start(t.Context(), "ada", url, true); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if open.Load() != 0 {
		t.Error("closing the room leaves a browser")
	}
}

func TestRecordingIsRefused(t *testing.T) {
	r := &recording.Room{Missing: func() error { return nil }, Now: time.Now, Open: func(context.Context, bool) (*recording.Opened, error) {
		return nil, errors.New("no window")
	}}
	for _, url := range []string{"", "file:///etc/passwd", "javascript:alert(1)", "about:blank", "chrome://version", "ht tp://x", "data:text/html,x"} {
		if err := r.Start(t.Context(), "ada", url, true); !errors.Is(err, recording.ErrInput) {
			t.Errorf("%q: %v", url, err)
		}
	}
	if err := r.Start(t.Context(), "ada", "shop.example.com", true); err == nil || r.State("ada") != nil {
		t.Errorf("a browser that cannot be opened: %v", err)
	}
	r.Missing = func() error { return errors.New("no browser was found") }
	if err := r.Start(t.Context(), "ada", "shop.example.com", true); err == nil || err.Error() != "no browser was found" {
		t.Errorf("without a browser: %v", err)
	}
}

// screenOf is the browser of a recording in the page, and a way to work in it.
func screenOf(t *testing.T, find func() (*screen.Screen, error)) func(...screen.Gesture) {
	t.Helper()
	scr, err := find()
	if err != nil {
		t.Fatal(err)
	}
	seq := int64(0)
	return func(all ...screen.Gesture) {
		t.Helper()
		seq++
		if err := scr.Do(t.Context(), screen.Worked{Client: "the test", Seq: seq, Gestures: all}); err != nil {
			t.Fatal(err)
		}
	}
}

func click(y float64) []screen.Gesture {
	at := screen.Gesture{X: 40, Y: y, Button: "left", Clicks: 1}
	down, up := at, at
	down.Kind, up.Kind = "down", "up"
	return []screen.Gesture{{Kind: "move", X: 40, Y: y}, down, up}
}

func typed(text string) (all []screen.Gesture) {
	for _, r := range text {
		all = append(all, screen.Gesture{Kind: "keydown", Key: string(r)}, screen.Gesture{Kind: "keyup", Key: string(r)})
	}
	return all
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.After(60 * time.Second)
	for !is() {
		select {
		case <-limit:
			t.Fatal("it did not come to pass: " + what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestInThePage(t *testing.T) {
	r, _, open := room(t)
	r.NoWindow = "this server has no display"
	url, came := site(t)
	if err := r.Start(t.Context(), "ada", url, true); !errors.Is(err, recording.ErrInput) || err.Error() != r.NoWindow {
		t.Errorf("a window without a display: %v", err)
	}
	if err := r.Start(t.Context(), "ada", url, false); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Screen("linus"); !errors.Is(err, recording.ErrBusy) {
		t.Errorf("the screen of another: %v", err)
	}
	do := screenOf(t, func() (*screen.Screen, error) { return r.Screen("ada") })
	do(click(35)...)
	do(typed("12")...)
	do(click(95)...)
	do(typed("hunter2")...)
	if err := r.Press(t.Context(), "ada", "visible"); err != nil {
		t.Fatal(err)
	}
	do(click(155)...) // chooses the button
	eventually(t, "the assertion", func() bool { return strings.Contains(titles(r.State("ada")), "Assert Send is visible") })
	do(click(155)...) // presses it
	eventually(t, "the press", func() bool { return strings.HasSuffix(titles(r.State("ada")), "Click Send") })
	if err := r.Press(t.Context(), "ada", "pause"); err != nil {
		t.Fatal(err)
	}
	do(click(35)...)
	do(typed("9")...)
	do(screen.Gesture{Kind: "reload"})
	eventually(t, "the page has come again", func() bool { return came.Load() == 2 })
	if st := r.State("ada"); !st.Page || !st.Open || !st.Paused {
		t.Errorf("the state is %+v", st)
	}
	if err := r.Press(t.Context(), "ada", "pause"); err != nil {
		t.Fatal(err)
	}
	do(screen.Gesture{Kind: "reload"}) // at once after what was done in the page, and a step all the same
	eventually(t, "the reload", func() bool { return strings.HasSuffix(titles(r.State("ada")), "Reload") })
	if err := r.Press(t.Context(), "ada", "explode"); !errors.Is(err, recording.ErrInput) {
		t.Errorf("a button that is not there: %v", err)
	}
	if err := r.Stop(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Screen("ada"); !errors.Is(err, recording.ErrNone) || open.Load() != 0 {
		t.Errorf("after its end: %v, %d browsers", err, open.Load())
	}
	want := "Open Order; Fill Quantity; Fill Password; Assert Send is visible; Click Send; Reload"
	if got := titles(r.State("ada")); got != want {
		t.Errorf("recorded was\n%s, want\n%s", got, want)
	}
	text, err := r.Flow("ada", "order")
	if err != nil || strings.Contains(string(text), "hunter") {
		t.Errorf("the flow (%v):\n%s", err, text)
	}
}

func titles(s *recording.Recording) string {
	var all []string
	for _, x := range s.Steps {
		all = append(all, x.Title)
	}
	return strings.Join(all, "; ")
}

// TestLeft leaves a recording alone: it ends by itself, and what was recorded stays.
func TestLeft(t *testing.T) {
	r, _, open := room(t)
	r.Idle = time.Millisecond
	url, _ := site(t)
	if err := r.Start(t.Context(), "ada", url, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its end", func() bool { return !r.State("ada").Open })
	if st := r.State("ada"); !st.Left || len(st.Steps) != 1 || open.Load() != 0 {
		t.Errorf("the state is %+v, with %d browsers", st, open.Load())
	}
}
