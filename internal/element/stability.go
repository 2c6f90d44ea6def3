package element

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// EventFound is the kind of the event with which an execution tells which queries found its elements: FoundList.
const EventFound = "elements"

// Found names a target of a node whose queries found its element.
type Found struct {
	Place
	Target string
}

// found is what an event tells of one target.
type found struct {
	Place
	Target string  `json:"target"`
	Ranks  []int64 `json:"ranks"`
}

// FoundList is what an event tells: of each target how often the first of its queries found the element, the second, and
// so on. Targets that are longer than an index can hold are data, and left out.
func FoundList(counts map[Found][]int64) []any {
	list := make([]any, 0, len(counts))
	keys := make([]Found, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b Found) int {
		return cmp.Or(strings.Compare(a.Flow, b.Flow), strings.Compare(a.Node, b.Node), strings.Compare(a.Target, b.Target))
	})
	for _, k := range keys {
		if len(k.Target) > maxFoundTarget {
			continue
		}
		ranks := make([]any, len(counts[k]))
		for i, n := range counts[k] {
			ranks[i] = n
		}
		list = append(list, map[string]any{"flow": k.Flow, "node": k.Node, "target": k.Target, "ranks": ranks})
	}
	return list
}

const maxFoundTarget = 2000

// Stability is how well the targets of a flow found their elements in its last runs.
type Stability struct {
	Flow    string   `json:"flow"`
	Runs    int      `json:"runs"` // that were looked at, the newest
	Targets []Steady `json:"targets"`
}

// Steady is how well one target found its element.
type Steady struct {
	Flow   string `json:"flow"` // that has the node: the flow, or one that it calls
	Node   string `json:"node"`
	Target string `json:"target"`
	// Ranks is how often the first of the target's queries found the element, the second, and so on.
	Ranks []int64 `json:"ranks"`
	// Found is the sum of Ranks, First the part of the first query in all searches for the element, from 0 to 1.
	Found int64   `json:"found"`
	First float64 `json:"first"`
	// Healed, Asked and Abstained are how the searches ended that its queries did not end; Mismatches how many of those
	// began because they found another element than before.
	Healed     int64 `json:"healed"`
	Asked      int64 `json:"asked"`
	Abstained  int64 `json:"abstained"`
	Mismatches int64 `json:"mismatches"`
}

// misses is how often its queries did not find the element.
func (s *Steady) misses() int64 { return s.Healed + s.Asked + s.Abstained }

// Stability looks at the last runs of a flow. The least steady target comes first.
func (s *Store) Stability(ctx context.Context, flow string, runs int) (*Stability, error) {
	out := &Stability{Flow: flow, Targets: []Steady{}}
	at := map[Found]*Steady{}
	of := func(k Found) *Steady {
		if at[k] == nil {
			at[k] = &Steady{Flow: k.Flow, Node: k.Node, Target: k.Target, Ranks: []int64{}}
		}
		return at[k]
	}
	const last = `(SELECT id FROM {s}run WHERE flow = $1 AND started > 0 ORDER BY created DESC, id DESC LIMIT $2)`
	err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM `+last+` r`, flow, runs).Scan(&out.Runs)
	if err == nil {
		err = s.each(ctx, `SELECT data FROM {s}event WHERE kind = '`+EventFound+`' AND run IN `+last, func(scan func(...any) error) error {
			var text string
			var told struct{ Targets []found }
			if err := scan(&text); err != nil || json.Unmarshal([]byte(text), &told) != nil {
				return err
			}
			for _, f := range told.Targets {
				t := of(Found{f.Place, f.Target})
				for i, n := range f.Ranks {
					if len(t.Ranks) <= i {
						t.Ranks = append(t.Ranks, 0)
					}
					t.Ranks[i] += n
					t.Found += n
				}
			}
			return nil
		}, flow, runs)
	}
	if err == nil {
		err = s.each(ctx, `SELECT h.flow, h.node, h.target, u.outcome, h.mismatch FROM {s}heal_use u JOIN {s}heal h ON h.id = u.heal WHERE u.run IN `+last, func(scan func(...any) error) error {
			var k Found
			var outcome string
			var mismatch int64
			if err := scan(&k.Flow, &k.Node, &k.Target, &outcome, &mismatch); err != nil {
				return err
			}
			t := of(k)
			switch outcome {
			case Healed:
				t.Healed++
			case Asked:
				t.Asked++
			case Abstained:
				t.Abstained++
			}
			t.Mismatches += mismatch
			return nil
		}, flow, runs)
	}
	if err != nil {
		return nil, fmt.Errorf("reading how steady the targets of %s are: %w", flow, err)
	}
	for _, t := range at {
		if all := t.Found + t.misses(); all > 0 && len(t.Ranks) > 0 {
			t.First = float64(t.Ranks[0]) / float64(all)
		}
		out.Targets = append(out.Targets, *t)
	}
	slices.SortFunc(out.Targets, func(a, b Steady) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(b.misses(), a.misses()), strings.Compare(a.Node, b.Node), strings.Compare(a.Target, b.Target), strings.Compare(a.Flow, b.Flow))
	})
	return out, nil
}

// each reads the rows of a query.
func (s *Store) each(ctx context.Context, query string, row func(scan func(...any) error) error, args ...any) error {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
