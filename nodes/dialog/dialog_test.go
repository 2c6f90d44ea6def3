package dialog

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "dialog") }

type params = map[string]any

// route gives what a dialog asks.
func route(t *testing.T, typ string, p params) (node.Await, error) {
	t.Helper()
	d := node.Default.Get(typ)
	in := d.In.New()
	for k, v := range p {
		f := d.In.Field(k)
		if f == nil {
			t.Fatalf("%s has no param %s", typ, k)
		}
		if err := f.Set(in.Elem(), v); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Check; err != nil {
		if err := d.Check(in.Interface()); err != nil {
			return node.Await{}, err
		}
	}
	m, err := d.Route(t.Context(), in.Interface())
	if err != nil {
		return node.Await{}, err
	}
	w := m.(node.Await)
	if err := w.Ask.Check(); err != nil {
		return w, err
	}
	return w, nil
}

// TestAnswers gives each dialog an answer as on the command line and looks at
// what it puts out.
func TestAnswers(t *testing.T) {
	rows := []any{params{"n": "Anna", "a": 1}, params{"n": "Zoë", "a": 2}}
	for _, tt := range []struct {
		typ    string
		in     params
		answer string
		want   params
	}{
		{"dialog.message", params{"message": "m"}, "ok", params{"button": "ok", "confirmed": true, "cancelled": false}},
		{"dialog.message", params{"message": "m", "buttons": []any{"yes", "no", "cancel"}}, "no", params{"button": "no", "confirmed": false}},
		{"dialog.message", params{"message": "m", "buttons": []any{"ok", "cancel"}}, "cancel", params{"confirmed": false, "cancelled": true}},
		{"dialog.confirm", params{}, "yes", params{"confirmed": true}},
		{"dialog.confirm", params{"allow_cancel": true}, "cancel", params{"confirmed": false, "cancelled": true}},
		{"dialog.preview", params{"file": "a.pdf", "page": 2}, "ok", params{"confirmed": true}},
		{"dialog.input", params{}, "Zoë", params{"value": "Zoë", "length": 3}},
		{"dialog.input", params{"type": "integer", "min": 1}, "12", params{"value": 12, "length": 2}},
		{"dialog.input", params{}, "cancel", params{"value": nil, "length": 0, "cancelled": true}},
		{"dialog.choose", params{"choices": []any{"a", params{"value": 7, "label": "B"}}}, "b", params{"value": 7, "index": 1, "values": []any{7}, "labels": []any{"B"}}},
		{"dialog.choose", params{"choices": []any{"a", "b", "c"}, "multiple": true}, "c,a", params{"value": []any{"c", "a"}, "index": 2, "indexes": []any{2, 0}}},
		{"dialog.choose", params{"choices": []any{"a"}, "required": false}, `{"value": null}`, params{"value": nil, "index": -1, "values": []any{}}},
		{"dialog.form", params{"fields": []any{params{"name": "a"}, params{"name": "n", "type": "integer", "default": 2}}}, `{"a":"x"}`, params{"values": params{"a": "x", "n": 2}, "confirmed": true}},
		{"dialog.form", params{"fields": []any{params{"name": "a"}}}, "cancel", params{"values": params{"a": nil}, "confirmed": false, "cancelled": true}},
		{"dialog.form", params{"pages": []any{params{"fields": []any{params{"name": "a"}}}, params{"title": "2", "fields": []any{params{"name": "b", "type": "bool"}}}}}, `{"a":"x","b":true}`, params{"values": params{"a": "x", "b": true}}},
		{"dialog.file", params{"extensions": []any{"csv"}}, "in/a.csv", params{"path": "in/a.csv", "paths": []any{"in/a.csv"}, "selected": true}},
		{"dialog.file", params{"multiple": true}, "a,b", params{"path": "a", "paths": []any{"a", "b"}}},
		{"dialog.file", params{}, "cancel", params{"path": nil, "paths": []any{}, "selected": false}},
		{"dialog.folder", params{}, "out", params{"path": "out", "selected": true}},
		{"dialog.date", params{}, "24.12.2026", params{"value": "2026-12-24", "text": "2026-12-24", "timestamp": 1798070400}},
		{"dialog.date", params{"mode": "datetime", "zone": "Europe/Berlin", "format": "DD.MM.YYYY HH:mm"}, "2026-07-01 12:00", params{"value": "2026-07-01T12:00:00+02:00", "text": "01.07.2026 12:00"}},
		{"dialog.date", params{"mode": "time"}, "7:05", params{"value": "07:05:00", "timestamp": nil}},
		{"dialog.date", params{}, "cancel", params{"value": nil, "text": "", "selected": false}},
		{"dialog.color", params{}, "#FA0", params{"color": "#ffaa00", "rgb": params{"r": 255, "g": 170, "b": 0, "a": 255}}},
		{"dialog.color", params{"alpha": true}, "#01020304", params{"rgb": params{"r": 1, "g": 2, "b": 3, "a": 4}}},
		{"dialog.table", params{"rows": rows}, "ok", params{"row": nil, "index": -1, "confirmed": true}},
		{"dialog.table", params{"rows": rows, "pick": "one", "columns": []any{"n"}}, "Zoë", params{"row": rows[1], "index": 1, "rows": []any{rows[1]}}},
		{"dialog.table", params{"rows": rows, "pick": "many"}, "[1,0]", params{"indexes": []any{1, 0}, "row": rows[1]}},
		{"dialog.credential", params{"name": "bank"}, "cancel", params{"username": "", "confirmed": false, "cancelled": true}},
	} {
		t.Run(tt.typ+" "+tt.answer, func(t *testing.T) {
			w, err := route(t, tt.typ, tt.in)
			if err != nil {
				t.Fatal(err)
			}
			a, err := w.Ask.Parse(tt.answer)
			if err == nil {
				a, err = w.Ask.Accept(a)
			}
			if err != nil {
				t.Fatal(err)
			}
			out := w.Outputs(question.Reply{Answer: a, Cancelled: w.Ask.Closes(a), At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
			got, err := value.Normalize(out)
			if err != nil {
				t.Fatal(err)
			}
			for k, want := range tt.want {
				if n, err := value.Normalize(want); err != nil || !value.Equal(got.(params)[k], n) {
					t.Errorf("%s is %#v, want %#v", k, got.(params)[k], want)
				}
			}
			for k := range out {
				if node.Default.Get(tt.typ).Out.Field(k) == nil {
					t.Errorf("the output %s is not declared", k)
				}
			}
			for _, k := range node.Default.Get(tt.typ).Out.Names() {
				if _, ok := out[k]; !ok {
					t.Errorf("the output %s is missing", k)
				}
			}
		})
	}
}

// TestDefaults says what unattended runs take; "" if they wait.
func TestDefaults(t *testing.T) {
	for _, tt := range []struct {
		typ  string
		in   params
		want string
	}{
		{"dialog.message", params{"message": "m"}, "ok"},
		{"dialog.message", params{"message": "m", "buttons": []any{"yes", "no"}, "default_button": "no"}, "no"},
		{"dialog.message", params{"message": "m", "when_unattended": "ask"}, ""},
		{"dialog.confirm", params{}, ""},
		{"dialog.confirm", params{"default": false}, "no"},
		{"dialog.confirm", params{"when_unattended": "cancel"}, "cancel"},
		{"dialog.input", params{}, ""},
		{"dialog.input", params{"default": ""}, "ok"},
		{"dialog.input", params{"default": "", "required": true}, ""},
		{"dialog.choose", params{"choices": []any{"a"}}, ""},
		{"dialog.choose", params{"choices": []any{"a"}, "default": "a"}, "ok"},
		{"dialog.form", params{"fields": []any{params{"name": "a"}}}, ""},
		{"dialog.form", params{"fields": []any{params{"name": "a", "required": true}, params{"name": "b", "default": "x"}}}, ""},
		{"dialog.form", params{"fields": []any{params{"name": "a"}, params{"name": "b", "default": "x"}}}, "ok"},
		{"dialog.file", params{"default": "a.csv"}, "ok"},
		{"dialog.date", params{"default": "2026-01-01"}, "ok"},
		{"dialog.table", params{"rows": []any{params{"a": 1}}}, "ok"},
		{"dialog.table", params{"rows": []any{params{"a": 1}}, "pick": "one"}, ""},
		{"dialog.table", params{"rows": []any{params{"a": 1}}, "pick": "one", "default": 0}, "ok"},
		{"dialog.credential", params{"name": "bank"}, ""},
		{"dialog.preview", params{"file": "f"}, "ok"},
	} {
		w, err := route(t, tt.typ, tt.in)
		if err != nil {
			t.Errorf("%s %v: %v", tt.typ, tt.in, err)
			continue
		}
		a, ok := w.Ask.WhenUnattended(func(string) bool { return false })
		if a.Button != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %v: got %q, %v, want %q", tt.typ, tt.in, a.Button, ok, tt.want)
		}
	}
	w, err := route(t, "dialog.credential", params{"name": "bank", "username": "ann"})
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := w.Ask.WhenUnattended(func(s string) bool { return s == "bank" }); !ok || a.Values["username"] != "ann" {
		t.Errorf("with a secret that is set: %+v, %v", a, ok)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		typ  string
		in   params
		want string
	}{
		{"dialog.choose", params{"choices": []any{}}, "nothing to choose"},
		{"dialog.choose", params{"choices": []any{"a"}, "default": "b"}, "does not fit"},
		{"dialog.table", params{"rows": []any{}, "pick": "one"}, "nothing to pick"},
		{"dialog.form", params{}, "no fields"},
		{"dialog.form", params{"fields": []any{params{"name": "a"}, params{"name": "a"}}}, "are named a"},
		{"dialog.form", params{"fields": []any{params{"name": "a", "type": "choice"}}}, "no choices"},
		{"dialog.message", params{"message": "m", "default_button": "x"}, "none of the buttons"},
		{"dialog.input", params{"pattern": "("}, "pattern"},
		{"dialog.date", params{"zone": "Mars/Base"}, "time zone"},
		{"dialog.credential", params{"name": "a b"}, "no name of a secret"},
	} {
		if _, err := route(t, tt.typ, tt.in); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %v: err = %v, want %q", tt.typ, tt.in, err, tt.want)
		}
	}
}

func TestTableShowsTheFirst(t *testing.T) {
	w, err := route(t, "dialog.table", params{"rows": []any{params{"a": 1}, 2, params{"b": 3}}, "max_rows": 2})
	if err != nil {
		t.Fatal(err)
	}
	d := w.Ask.Details
	if len(d.Rows) != 2 || d.Total != 3 || !slices.Equal(d.Columns, []string{"a", "value"}) {
		t.Errorf("details = %+v", d)
	}
}

func TestPorts(t *testing.T) {
	d := node.Default.Get("dialog.message")
	var names []string
	for _, p := range d.AllPorts(params{"buttons": []any{"retry", "cancel"}}) {
		names = append(names, p.Name)
	}
	if want := []string{"next", "cancelled", "timeout", "error", "retry"}; !slices.Equal(names, want) {
		t.Errorf("ports are %v, want %v", names, want)
	}
}

func TestNotify(t *testing.T) {
	env := nodetest.Env(t)
	var told []string
	env.Message = func(l slog.Level, s string) { told = append(told, l.String()+" "+s) }
	out, err := nodetest.Run(t, env, "dialog.notify", params{"title": "T", "message": "m", "level": "error"})
	if err != nil || out["desktop"] != false || !slices.Equal(told, []string{"ERROR T: m"}) {
		t.Errorf("out = %v, err = %v, told = %v", out, err, told)
	}
	for system, want := range map[string]string{"linux": "notify-send", "darwin": "osascript", "windows": "powershell.exe"} {
		cmd, _ := desktop(system, []string{"DISPLAY=:0"}, notifyIn{Message: "it's'; Remove-Item x; '", Priority: "high", Show: time.Second})
		if cmd.Path != want {
			t.Errorf("%s: %s", system, cmd.Path)
		}
	}
	if _, ok := desktop("linux", []string{"PATH=/usr/bin"}, notifyIn{}); ok {
		t.Error("a machine without a display has a desktop")
	}
}

func TestProgress(t *testing.T) {
	env := nodetest.Env(t)
	var got []any
	env.Progress = func(s string, done, total int) { got = append(got, s, done, total) }
	for _, p := range []params{{"message": "m", "value": 5, "total": 20}, {"action": "close"}} {
		if _, err := nodetest.Run(t, env, "dialog.progress", p); err != nil {
			t.Fatal(err)
		}
	}
	if want := []any{"m 25%", 5, 20, "", 0, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
