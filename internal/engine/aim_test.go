package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/value"
)

// aimed has a loop, a variable, a node that only computes, branches and a
// failure that is dealt with.
const aimed = head + "vars: {sum: 0}\noutputs: {sum: '{{ vars.sum }}'}\nnodes:\n" +
	"- {id: list, type: test.act, params: {value: [1, 2, 3], effect: read}}\n" +
	"- {id: each, type: flow.for_each, params: {items: '{{ nodes.list.value }}'}}\n" +
	"- {id: ten, type: test.act, params: {value: '{{ loop.item * 10 }}', effect: pure}}\n" +
	"- {id: send, type: test.act, params: {value: '{{ nodes.ten.value + 1 }}'}}\n" +
	"- {id: add, type: var.set, params: {values: {sum: '{{ vars.sum + nodes.send.value }}'}}}\n" +
	"- {id: par, type: flow.parallel}\n" +
	"- {id: left, type: test.act, params: {value: '{{ vars.sum }}', effect: read}}\n" +
	"- {id: right, type: test.act, params: {value: '{{ vars.sum * 2 }}', effect: read}}\n" +
	"- {id: last, type: test.act, params: {value: '{{ nodes.left.value + nodes.right.value }}'}}\n" +
	"edges: [list -> each, each.body -> ten, ten -> send, send -> add, each.done -> par, par.branch -> left, par.branch -> right, par.done -> last]\n"

// recorded walks the flow to its end and returns what was recorded.
func recorded(t *testing.T, src string) []durable.Entry {
	t.Helper()
	rt := memrt.New()
	if _, err := newWorld(t).start(t, rt, src, engine.Options{}); err != nil {
		t.Fatal(err)
	}
	entries, err := rt.Entries(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func pin(t *testing.T, id, out string) durable.Entry {
	t.Helper()
	b, err := json.Marshal(engine.Record{Out: json.RawMessage(out), Pinned: true})
	if err != nil {
		t.Fatal(err)
	}
	return durable.Entry{Name: engine.PinName(id), Data: b}
}

// A run that is about a node does nothing that stands behind it, and does the
// same if it is killed after any of its records.
func TestAim(t *testing.T) {
	all := recorded(t, aimed)
	without := func(ids ...string) []durable.Entry {
		return slices.DeleteFunc(slices.Clone(all), func(e durable.Entry) bool {
			return slices.ContainsFunc(ids, func(id string) bool { return strings.Contains("/"+e.Name, "/"+id) })
		})
	}
	for _, tt := range []struct {
		name string
		o    engine.Options
		done string // effects in any order
		last string // value recorded by the node, by path
	}{
		{"to the first", engine.Options{Until: &engine.Aim{Node: "list"}}, "list", "list [1,2,3]"},
		{"to a node in a loop", engine.Options{Until: &engine.Aim{Node: "send"}}, "each[0]/send list", "each[0]/send 11"},
		{"to a turn of a loop", engine.Options{Until: &engine.Aim{Node: "send", At: "each[1]/send"}}, "each[0]/send each[1]/send list", "each[1]/send 21"},
		{"to a loop", engine.Options{Until: &engine.Aim{Node: "each"}}, "each[0]/send each[1]/send each[2]/send list", "each[2]/send 31"},
		{"to what only computes", engine.Options{Until: &engine.Aim{Node: "ten"}}, "list", ""},
		{"to a node on recorded data", engine.Options{Until: &engine.Aim{Node: "last"}, Seed: without("last"), CheckSeed: true}, "last", "last 189"},
		{"alone", engine.Options{Until: &engine.Aim{Node: "last"}, Alone: true, Seed: without("last")}, "last", "last 189"},
		{"alone in a turn", engine.Options{Until: &engine.Aim{Node: "send", At: "each[2]/send"}, Alone: true, Seed: without("each[2]/send")}, "each[2]/send", "each[2]/send 31"},
		{"alone over a gap", engine.Options{Until: &engine.Aim{Node: "right"}, Alone: true, Seed: without("right", "left")}, "right", "right 126"},
		{"a loop alone", engine.Options{Until: &engine.Aim{Node: "each"}, Alone: true, Seed: without("each", "each[0]", "each[1]", "each[2]")}, "each[0]/send each[1]/send each[2]/send", "each[2]/send 31"},
		{"pinned", engine.Options{Seed: []durable.Entry{pin(t, "list", `{"value":[5]}`), pin(t, "left", `{"value":1}`)}}, "each[0]/send last right", "last 103"},
		{"pinned in a loop", engine.Options{Seed: []durable.Entry{pin(t, "send", `{"value":7}`)}}, "last left list right", "last 63"},
		{"pinned on the way", engine.Options{Until: &engine.Aim{Node: "each"}, Seed: []durable.Entry{pin(t, "list", `{"value":[]}`)}}, "", "list [] pinned"},
		{"alone on what is pinned", engine.Options{Until: &engine.Aim{Node: "left"}, Alone: true, Seed: []durable.Entry{pin(t, "list", `{"value":[1]}`), pin(t, "send", `{"value":7}`)}}, "left", "left 7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for crash := 0; ; crash++ {
				w, rt := newWorld(t), &crashing{Runtime: memrt.New()}
				rt.left.Store(1 << 30)
				if crash > 0 {
					rt.left.Store(int64(crash))
				}
				// Nodes are repeated if a crash cuts them short.
				src := strings.ReplaceAll(aimed, "name: test\n", "name: test\nsettings: {on_interrupted: retry}\n")
				_, err := w.start(t, rt, src, tt.o)
				if crash > 0 && err == nil {
					return // no crash came any more
				}
				if crash > 0 {
					rt.left.Store(1 << 30)
					_, err = w.start(t, rt, src, tt.o)
				}
				if err != nil {
					t.Fatalf("crash %d: %v", crash, err)
				}
				done := slices.Compact(slices.Sorted(slices.Values(w.effects())))
				if got := strings.Join(done, " "); got != tt.done {
					t.Errorf("crash %d: it did %q, want %q", crash, got, tt.done)
				}
				entries, err := rt.Entries(t.Context(), "r")
				if err != nil {
					t.Fatal(err)
				}
				if got := valueOf(t, entries, strings.Split(tt.last+" ", " ")[0]); got != tt.last {
					t.Errorf("crash %d: recorded is %q, want %q", crash, got, tt.last)
				}
			}
		})
	}
}

func valueOf(t *testing.T, entries []durable.Entry, path string) string {
	t.Helper()
	for _, e := range entries {
		if e.Name != path || path == "" {
			continue
		}
		var r engine.Record
		var out struct{ Value json.RawMessage }
		if err := json.Unmarshal(e.Data, &r); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(r.Out, &out); err != nil {
			t.Fatal(err)
		}
		s := path + " " + string(out.Value)
		if r.Pinned {
			s += " pinned"
		}
		return s
	}
	return ""
}

// What expressions see at a node is what a replay would see there.
func TestLook(t *testing.T) {
	all := recorded(t, aimed)
	behind := func(name string) []durable.Entry {
		i := slices.IndexFunc(all, func(e durable.Entry) bool { return e.Name == name })
		return all[:i]
	}
	for _, tt := range []struct {
		name    string
		entries []durable.Entry
		aim     engine.Aim
		want    string // vars.sum, loop.item, nodes
	}{
		{"nothing recorded", nil, engine.Aim{Node: "send"}, "0 <nil> [] false"},
		{"the first turn", all, engine.Aim{Node: "send"}, "0 1 [each list ten] true"},
		{"the last turn", all, engine.Aim{Node: "send", At: "each[2]/send"}, "32 3 [add each list send ten] true"},
		{"after the loop", all, engine.Aim{Node: "right"}, "63 <nil> [add each list send ten] true"},
		{"the end", all, engine.Aim{Node: "last"}, "63 <nil> [add each left list par right send ten] true"},
		{"a run that got half way", behind("each[1]/send"), engine.Aim{Node: "send", At: "each[1]/send"}, "11 2 [add each list send ten] true"},
		{"what it never came to", behind("each[1]/send"), engine.Aim{Node: "nowhere"}, "11 <nil> [add each list par ten] false"},
		{"pinned", []durable.Entry{pin(t, "list", `{"value":[4]}`)}, engine.Aim{Node: "send"}, "0 4 [each list ten] true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			f, err := flow.Decode([]byte(aimed))
			if err != nil {
				t.Fatal(err)
			}
			plan, err := engine.CompileLoose(f, w.registry(t))
			if err != nil {
				t.Fatal(err)
			}
			s, err := engine.Look(t.Context(), plan, tt.entries, w, engine.Options{RunID: "r", Now: time.Now, Input: map[string]any{}}, tt.aim)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			nodes := s.Root["nodes"].(map[string]any)
			for id := range nodes {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			var item any
			if loop, ok := s.Root["loop"].(map[string]any); ok {
				item = loop["item"]
			}
			if got := fmt.Sprint(s.Root["vars"].(map[string]any)["sum"], " ", item, " ", ids, " ", s.Reached); got != tt.want {
				t.Errorf("it sees %s, want %s", got, tt.want)
			}
			if len(w.effects()) > 0 || len(w.events) > 0 {
				t.Errorf("it acted: %v, and told %v", w.effects(), w.events)
			}
			if _, err := value.Encode(nil, any(nodes)); err != nil {
				t.Error(err)
			}
		})
	}
}
