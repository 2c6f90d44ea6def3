package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/session"
)

// handOf is a person who has what is live as soon as all lines wait.
type handOf struct {
	w        *world
	quiet    func() // called once, when they may begin
	released []int  // what had acted each time a line was told to go on
	due      bool
	kept     int
}

func (h *handOf) Wanted() bool { return true }
func (h *handOf) Quiet() {
	if q := h.quiet; q != nil {
		h.quiet = nil
		go q()
	}
}
func (h *handOf) Busy(context.Context) {}
func (h *handOf) Release()             { h.released = append(h.released, len(h.w.effects())) }
func (h *handOf) Kept()                { h.kept++ }
func (h *handOf) Due(last bool) bool {
	due := h.due && last
	if due {
		h.due = false
	}
	return due
}

// TestHand: a run whose live things a person has does not park, gives them up when it is told to go on, and keeps what
// was left before it does.
func TestHand(t *testing.T) {
	plain := func(b []byte) ([]byte, error) { return b, nil }
	w := newWorld(t)
	w.sessions = session.New(session.Config{Providers: map[string]session.Provider{"web": &hall{}}, Seal: plain, Unseal: plain})
	d := debugging(t, w, straight, at("b")...)
	h := &handOf{w: w}
	d.o.Hand = h
	w.hook = func(e engine.Event) {
		switch {
		case e.Kind == engine.EventFinished && e.Node == "a":
			if _, err := w.sessions.Open(t.Context(), "web", "browser", true); err != nil {
				t.Error(err)
			}
		case e.Kind == engine.EventWaiting:
			h.due = true
			h.quiet = func() { d.tell(*e.Wait, "continue", nil) }
		}
	}
	if got := d.run(); got != "" || d.err != nil {
		t.Fatalf("paused at %q, err = %v", got, d.err)
	}
	entries, err := d.rt.Entries(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int {
		return slices.IndexFunc(entries, func(e durable.Entry) bool { return e.Name == name })
	}
	if kept := at("b!hand1"); kept < 0 || kept > at("b!paused1") || !strings.Contains(string(entries[max(0, kept)].Data), `"live"`) {
		t.Errorf("what was left is record %d, and the command %d", kept, at("b!paused1"))
	}
	if !slices.Equal(h.released, []int{1}) || h.kept != 1 {
		t.Errorf("it was released when %v nodes had acted, and kept %d times", h.released, h.kept)
	}
}
