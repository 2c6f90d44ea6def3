package healtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// Kept counts what became of selectors after a page had changed, with healing on.
type Kept struct {
	// Right is how many still find their element, Lost how many of these healing took for wrong.
	Right, Lost int
	// Astray is how many find another element without a word, Caught how many of these healing found out.
	Astray, Caught int
	Faults         []string
}

// Add adds another count.
func (k *Kept) Add(o Kept) {
	k.Right += o.Right
	k.Lost += o.Lost
	k.Astray += o.Astray
	k.Caught += o.Caught
	k.Faults = append(k.Faults, o.Faults...)
}

// waits is how long a selector is given on the page that has changed.
const waits = 4 * time.Second

// Keep opens a page, makes selectors of its elements, at most limit of them, changes it by a family, and resolves each
// selector as a flow does that knows what the element looked like: one that is right must stay as it is, one that is
// wrong must not be used.
func Keep(ctx context.Context, p *browser.Page, url string, f Family, seed, limit int) (Kept, error) {
	if _, err := p.Goto(ctx, url, browser.Loaded); err != nil {
		return Kept{}, err
	}
	if err := Stamp(ctx, p); err != nil {
		return Kept{}, err
	}
	before, err := Look(ctx, p)
	if err != nil {
		return Kept{}, err
	}
	type way struct {
		name  string
		query selector.Query
		print selector.Print
	}
	var ways []way
	for n, i := range before.Truth {
		if !before.Elements[i].Shown {
			continue
		}
		frame, handle, err := p.Handle(ctx, before.Prints, i)
		if err != nil {
			return Kept{}, err
		}
		found, err := p.Candidates(ctx, frame, handle)
		if err != nil {
			return Kept{}, err
		}
		for _, c := range found {
			if c.Nth != 0 {
				continue // means a place, whatever stands there
			}
			ways = append(ways, way{n, c.Query, before.Elements[i].Print})
		}
	}
	slices.SortFunc(ways, func(a, b way) int { return order(seed, a.name+a.query.String()) - order(seed, b.name+b.query.String()) })
	if err := Mutate(ctx, p, f, seed); err != nil {
		return Kept{}, err
	}
	main := p.Frames()[0].ID
	var k Kept
	for _, w := range ways[:min(limit, len(ways))] {
		t := selector.Target{Queries: []selector.Query{w.query}}
		var name string
		js := fmt.Sprintf("(() => { const e = __aether.finds(%s); return e ? e.getAttribute('data-truth') || '-' : ''; })()", asJSON(t))
		if err := p.Eval(ctx, main, js, &name); err != nil {
			return k, err
		}
		if name == "" {
			continue
		}
		healed := false
		h := &browser.Healing{
			Act: true, Memory: &browser.Memory{}, Scope: "keep",
			Known:  func(context.Context, string) *selector.Print { return &w.print },
			Judged: func(context.Context, string) (agreed, rejected []selector.Print) { return nil, nil },
			Report: func(_ context.Context, r browser.Healed) error {
				healed = healed || r.Outcome == browser.OutcomeHealed
				return nil
			},
		}
		// Where the element is seen from afar: nothing is done to the page.
		soon, cancel := context.WithTimeout(browser.WithHealing(ctx, h), waits)
		d, _, err := p.ScrollTo(soon, t)
		cancel()
		switch {
		case name == w.name:
			k.Right++
			if err != nil || healed || d.Healed {
				k.Lost++
				k.Faults = append(k.Faults, fmt.Sprintf("%s %s: %s was right, and was not taken (healed %t, %v)", f.Name, url, w.query, healed, err))
			}
		default:
			k.Astray++
			if err != nil || healed {
				k.Caught++
			} else {
				k.Faults = append(k.Faults, fmt.Sprintf("%s %s: %s finds %s instead of %s, and was taken", f.Name, url, w.query, d.Element, short(&w.print)))
			}
		}
	}
	return k, nil
}

// order is a number by which things are put in an order that looks like chance and is always the same.
func order(seed int, s string) int {
	h := uint32(seed)*2654435761 + 97
	for _, c := range []byte(s) {
		h = (h ^ uint32(c)) * 16777619
	}
	return int(h >> 1)
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(b)
}
