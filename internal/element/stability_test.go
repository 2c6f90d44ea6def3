package element_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

// ran adds a run of the flow orders that told which queries found its elements.
func (b book) ran(id string, created int, counts map[element.Found][]int64) {
	b.t.Helper()
	data, err := json.Marshal(map[string]any{"targets": element.FoundList(counts)})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, q := range []string{
		fmt.Sprintf(`INSERT INTO {s}run (id, flow, digest, status, created, started) VALUES ('%s', 'orders', 'd', 'done', %d, 1)`, id, created),
		fmt.Sprintf(`INSERT INTO {s}event (run, seq, kind, at, data) VALUES ('%s', 1, 'node_finished', 1, '{}'), ('%s', 2, '%s', 1, '%s')`, id, id, element.EventFound, data),
	} {
		if _, err := b.d.Exec(b.t.Context(), q); err != nil {
			b.t.Fatal(err)
		}
	}
}

// How steady targets are counts the newest runs alone, and the least steady comes first.
func TestStability(t *testing.T) {
	each(t, func(b book) {
		send, title := element.Found{Place: at, Target: "css=#send"}, element.Found{Place: element.Place{Flow: "part", Node: "title"}, Target: "label=Title or css=#t"}
		b.ran("r0", 1, map[element.Found][]int64{send: {100}})
		b.ran("r1", 2, map[element.Found][]int64{send: {3}, title: {0, 2}})
		b.ran("r2", 3, map[element.Found][]int64{title: {5}})
		b.report(healed(b.t, "r2", "send", button("Send now", 2), func(h *node.Heal) { h.Mismatch = true }))
		b.report(healed(b.t, "r2", "send#2", link("x"), func(h *node.Heal) {
			h.Outcome, h.Found, h.Repaired = element.Abstained, nil, selector.Target{}
		}))
		got, err := b.Stability(b.t.Context(), "orders", 2)
		if err != nil {
			b.t.Fatal(err)
		}
		want := &element.Stability{Flow: "orders", Runs: 2, Targets: []element.Steady{
			{Flow: "orders", Node: "send", Target: "css=#send", Ranks: []int64{3}, Found: 3, First: .6, Healed: 1, Abstained: 1, Mismatches: 2},
			{Flow: "part", Node: "title", Target: "label=Title or css=#t", Ranks: []int64{5, 2}, Found: 7, First: 5.0 / 7},
		}}
		if !reflect.DeepEqual(got, want) {
			b.t.Errorf("got %+v\nwant %+v", got, want)
		}
		if got, err = b.Stability(b.t.Context(), "others", 2); err != nil || got.Runs != 0 || len(got.Targets) != 0 {
			b.t.Errorf("of a flow that never ran: %+v, %v", got, err)
		}
	})
}

// What is around a heal are the flow's other targets, not its own under its old and new name, and what people said of it.
func TestAround(t *testing.T) {
	each(t, func(b book) {
		ctx := b.t.Context()
		other := element.Place{Flow: "orders", Node: "cancel"}
		for target, p := range map[string]selector.Print{"css=#send": button("Send", 1), "id=b2x": button("Send now", 2), "css=#also": button("Also", 3)} {
			if err := b.Saw(ctx, at, target, p); err != nil {
				b.t.Fatal(err)
			}
		}
		if err := b.Saw(ctx, other, "css=#send", button("Cancel", 4)); err != nil {
			b.t.Fatal(err)
		}
		if err := b.Saw(ctx, element.Place{Flow: "others", Node: "x"}, "css=#x", button("X", 5)); err != nil {
			b.t.Fatal(err)
		}
		wrong, _ := b.report(healed(b.t, "r1", "send", link("imprint"), nil))
		if _, err := b.Decide(ctx, element.Rejected, element.Decision{ID: wrong}); err != nil {
			b.t.Fatal(err)
		}
		id, _ := b.report(healed(b.t, "r2", "send", button("Send now", 2), nil))
		h, err := b.Get(ctx, id)
		if err != nil {
			b.t.Fatal(err)
		}
		got, err := b.Around(ctx, h)
		if err != nil {
			b.t.Fatal(err)
		}
		names := map[string]bool{}
		for _, o := range got.Others {
			names[o.Node+" "+o.Print.Name] = true
		}
		if !reflect.DeepEqual(names, map[string]bool{"send Also": true, "cancel Cancel": true}) || len(got.Rejected) != 1 || got.Rejected[0].Tag != "a" || len(got.Agreed) != 0 {
			b.t.Errorf("around: %v, rejected %+v, agreed %+v", names, got.Rejected, got.Agreed)
		}
		if _, err := b.Decide(ctx, element.Approved, element.Decision{ID: id}); err != nil {
			b.t.Fatal(err)
		}
		if got, err = b.Around(ctx, h); err != nil || len(got.Agreed) != 1 || got.Agreed[0].Name != "Send now" {
			b.t.Errorf("agreed: %+v, %v", got, err)
		}
	})
}
