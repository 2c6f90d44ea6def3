package recording_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/recording"
	"github.com/aether-rpa/aether/internal/screen"
)

const shelf = `<!doctype html><title>Shelf</title><style>body { margin: 0 } table { position: absolute; top: 0; left: 0; border-spacing: 0 } td, th { height: 40px; width: 120px; padding: 0 }</style>
<table id=shelf onclick="document.title = 'pressed'"><thead><tr><th>Name</th><th>Price</th></tr></thead><tbody><tr><td>Lamp</td><td>8</td></tr><tr><td>Desk</td></tr><tr><td>Sofa</td><td>90</td></tr></tbody></table>`

func TestPicks(t *testing.T) {
	r, _, open := room(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, shelf)
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	p := &recording.Picks{Room: r}
	t.Cleanup(p.Close)
	if _, err := p.State("ada"); !errors.Is(err, recording.ErrNone) {
		t.Errorf("before it begins: %v", err)
	}
	if err := p.Start(t.Context(), "ada", "file:///etc/passwd"); !errors.Is(err, recording.ErrInput) {
		t.Errorf("a file: %v", err)
	}
	if err := p.Start(t.Context(), "ada", srv.URL); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context(), "ada", srv.URL); err != nil || open.Load() != 1 {
		t.Fatalf("anew: %v, with %d browsers", err, open.Load())
	}
	if _, err := p.Screen("linus"); !errors.Is(err, recording.ErrNone) {
		t.Errorf("the screen of another: %v", err)
	}
	state := func() *recording.Pick {
		t.Helper()
		st, err := p.State("ada")
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	do := screenOf(t, func() (*screen.Screen, error) { return p.Screen("ada") })
	if st := state(); st.Mode != "pick" || st.Element != nil || !st.Open {
		t.Errorf("it begins as %+v", st)
	}
	do(click(60)...) // Lamp
	eventually(t, "the element", func() bool { return state().Element != nil })
	e := state().Element
	if e.Name != "Lamp" || len(e.Candidates) < 2 || e.Candidates[0].Score < 0.5 || e.Candidates[0].Matches < 1 {
		t.Errorf("picked was %+v", e)
	}
	if target, ok := e.Params["target"].(map[string]any); !ok || target["print"] == nil || len(target["queries"].([]any)) != len(e.Candidates) {
		t.Errorf("the param is %+v", e.Params)
	}
	press := func(button string) {
		t.Helper()
		if err := p.Press(t.Context(), "ada", button); err != nil {
			t.Fatal(err)
		}
	}
	press("like")
	if m := state().Mode; m != "like" {
		t.Errorf("the mode is %q", m)
	}
	do(click(140)...) // Sofa
	eventually(t, "the list", func() bool { return state().Element.Like != nil })
	l := state().Element.Like
	if l.Rows != 3 || l.Count != 3 || len(l.Fields) != 2 || l.Fields[1].Name != "price" || l.Fields[1].Sample != "8" || !l.Fields[1].Optional || l.Table == nil || l.Extract["fields"] == nil {
		t.Errorf("the list is %+v", l)
	}
	press("again")
	if st := state(); st.Element != nil || st.Mode != "pick" {
		t.Errorf("anew it is %+v", st)
	}
	title := func() (is string) {
		scr, err := p.Screen("ada")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		_ = scr.Watch(ctx, func(_ string, data any) error {
			if s, ok := data.(screen.State); ok && s.Tabs[0].Title != "" {
				is = s.Tabs[0].Title
				return io.EOF
			}
			return nil
		})
		return is
	}
	if got := title(); got != "Shelf" {
		t.Errorf("picking has pressed: %s", got)
	}
	press("cancel")
	do(click(60)...)
	eventually(t, "the press", func() bool { return title() == "pressed" })
	p.Drop("ada")
	if _, err := p.Screen("ada"); !errors.Is(err, recording.ErrNone) || open.Load() != 0 {
		t.Errorf("after its end: %v, %d browsers", err, open.Load())
	}
}
