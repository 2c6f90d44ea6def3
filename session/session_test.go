package session_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aether-rpa/aether/session"
)

// thing is a live thing that remembers a word.
type thing struct {
	word   string
	dead   bool
	closed int
}

func (l *thing) State(context.Context) ([]byte, error) { return []byte(l.word), nil }
func (l *thing) Dead() bool                            { return l.dead }
func (l *thing) Close() error                          { l.closed++; return nil }

// provider opens things: want is the word.
type provider struct{}

func (provider) Open(_ context.Context, _ func() (string, error), want any, past []byte) (session.Live, error) {
	if past != nil {
		return &thing{word: string(past) + " again"}, nil
	}
	word, _ := want.(string)
	if word == "" {
		return nil, errors.New("no word")
	}
	return &thing{word: word}, nil
}

// turn writes bytes the other way round, to see that states are sealed.
func turn(b []byte) ([]byte, error) {
	out := make([]byte, len(b))
	for i, c := range b {
		out[len(b)-1-i] = c
	}
	return out, nil
}

func table() *session.Table {
	return session.New(session.Config{Providers: map[string]session.Provider{"thing": provider{}}, Seal: turn, Unseal: turn})
}

func get(t *testing.T, tab *session.Table) *thing {
	t.Helper()
	l, err := session.Get[*thing](t.Context(), tab, "thing", "a")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func changed(t *testing.T, tab *session.Table) map[string][]byte {
	t.Helper()
	states, err := tab.Changed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return states
}

func open(t *testing.T, tab *session.Table, word string) {
	t.Helper()
	if _, err := tab.Open(t.Context(), "thing", "a", word); err != nil {
		t.Fatal(err)
	}
}

func none(t *testing.T, tab *session.Table) {
	t.Helper()
	if _, err := session.Get[*thing](t.Context(), tab, "thing", "a"); !errors.Is(err, session.ErrNone) {
		t.Errorf("something is open: %v", err)
	}
}

func TestRecordedAndBuiltAgain(t *testing.T) {
	first := table()
	none(t, first)
	open(t, first, "one")
	states := changed(t, first)
	if string(states["thing/a"]) != "eno" {
		t.Fatalf("recorded is %q", states)
	}
	if again := changed(t, first); again != nil {
		t.Errorf("what was not used is recorded again: %q", again)
	}
	get(t, first)
	if again := changed(t, first); again != nil {
		t.Errorf("what has not changed is recorded again: %q", again)
	}
	second := table()
	second.Recall(states, 2)
	second.Recall(map[string][]byte{"thing/a": []byte("dlo")}, 1) // a branch that ended before
	if l := get(t, second); l.word != "one again" {
		t.Errorf("built again is %q", l.word)
	}
	l := get(t, first)
	if err := first.Close(); err != nil || l.closed != 1 {
		t.Errorf("closed %d times: %v", l.closed, err)
	}
}

func TestClosedStaysClosed(t *testing.T) {
	tab := table()
	open(t, tab, "one")
	states := changed(t, tab)
	if err := tab.End("thing", "a"); err != nil {
		t.Fatal(err)
	}
	none(t, tab)
	end := changed(t, tab)
	if s, ok := end["thing/a"]; !ok || len(s) != 0 {
		t.Errorf("its end is recorded as %q", end)
	}
	next := table()
	next.Recall(states, 1)
	next.Recall(end, 2)
	none(t, next)
}

// What dies by itself goes on from its last record, and never from what was open under its name before.
func TestDied(t *testing.T) {
	tab := table()
	tab.Recall(map[string][]byte{"thing/a": []byte("dlo")}, 1)
	open(t, tab, "new")
	get(t, tab).dead = true
	none(t, tab)

	tab = table()
	open(t, tab, "new")
	changed(t, tab)
	get(t, tab).dead = true
	if l := get(t, tab); l.word != "new again" || l.dead {
		t.Errorf("built again is %+v", l)
	}
}

func TestWithoutAKeyNothingIsRecorded(t *testing.T) {
	tab := session.New(session.Config{Providers: map[string]session.Provider{"thing": provider{}}})
	open(t, tab, "one")
	if states := changed(t, tab); states != nil {
		t.Errorf("recorded is %q", states)
	}
	tab.Recall(map[string][]byte{"thing/b": []byte("x")}, 1)
	if _, err := session.Get[*thing](t.Context(), tab, "thing", "b"); !errors.Is(err, session.ErrNone) {
		t.Error(err)
	}
	if _, err := tab.Open(t.Context(), "window", "a", "x"); err == nil {
		t.Error("what nobody provides was opened")
	}
	if _, err := tab.Open(t.Context(), "thing", "c", ""); err == nil {
		t.Error("what failed to open is open")
	}
}
