package random

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aether-rpa/aether/node"
)

func init() {
	three := []any{"a", "b", "c"}
	node.Register(node.Spec[choiceIn, choiceOut]{
		Type: "random.choice", Title: "Random item", Effect: node.Read,
		Doc: "Draws one item of a list, each equally likely, or by weight.",
		Examples: []node.Example[choiceIn, choiceOut]{
			{Title: "One of three", In: choiceIn{List: three}, Check: func(out choiceOut) error {
				if out.Item != three[out.Index] {
					return fmt.Errorf("item %v is not at %d", out.Item, out.Index)
				}
				return nil
			}},
			{Title: "By weight", In: choiceIn{List: []any{"never", "always"}, Weights: []float64{0, 1}}, Out: choiceOut{Item: "always", Index: 1}},
		},
		Run: func(_ context.Context, env *node.Env, in choiceIn) (choiceOut, error) {
			p, err := newPicker(in.List, in.Weights)
			if err != nil {
				return choiceOut{}, err
			}
			i, err := p.draw(env)
			if err != nil {
				return choiceOut{}, err
			}
			return choiceOut{Item: in.List[i], Index: i}, nil
		},
	})
	node.Register(node.Spec[choicesIn, choicesOut]{
		Type: "random.choices", Title: "Random items, with repeats", Effect: node.Read,
		Doc:      "Draws several items of a list; the same item may be drawn again. Draw different items with random.sample.",
		Examples: []node.Example[choicesIn, choicesOut]{{Title: "Ten coin tosses", In: choicesIn{choiceIn: choiceIn{List: []any{"heads", "tails"}}, Count: 10}, Check: func(out choicesOut) error { return counted(out.Items, 10) }}},
		Run: func(ctx context.Context, env *node.Env, in choicesIn) (choicesOut, error) {
			p, err := newPicker(in.List, in.Weights)
			if err != nil {
				return choicesOut{}, err
			}
			out := choicesOut{Items: make([]any, max(in.Count, 0))}
			for n := range out.Items {
				i, err := p.draw(env)
				if err != nil {
					return choicesOut{}, err
				}
				if out.Items[n] = in.List[i]; n%1024 == 0 && ctx.Err() != nil {
					return choicesOut{}, ctx.Err()
				}
			}
			return out, nil
		},
	})
	node.Register(node.Spec[sampleIn, choicesOut]{
		Type: "random.sample", Title: "Random sample", Effect: node.Read,
		Doc:      "Draws several different items of a list, in random order, for instance invoices to audit.",
		Examples: []node.Example[sampleIn, choicesOut]{{Title: "Two of three", In: sampleIn{List: three, Count: 2}, Check: func(out choicesOut) error { return counted(out.Items, 2) }}},
		Run: func(_ context.Context, env *node.Env, in sampleIn) (choicesOut, error) {
			if in.Count > len(in.List) && !in.UpTo {
				return choicesOut{}, node.Fail(node.KindInput, fmt.Sprintf("the list has %d items, not %d", len(in.List), in.Count), "lower count, or set up_to")
			}
			n := min(max(in.Count, 0), len(in.List))
			items := slices.Clone(in.List)
			err := shuffle(env, items, n)
			return choicesOut{Items: items[:n]}, err
		},
	})
	node.Register(node.Spec[shuffleIn, choicesOut]{
		Type: "random.shuffle", Title: "Shuffle list", Effect: node.Read,
		Doc:      "Returns the items of a list in random order.",
		Examples: []node.Example[shuffleIn, choicesOut]{{Title: "Three items", In: shuffleIn{List: three}, Check: func(out choicesOut) error { return counted(out.Items, 3) }}},
		Run: func(_ context.Context, env *node.Env, in shuffleIn) (choicesOut, error) {
			items := slices.Clone(in.List)
			return choicesOut{Items: items}, shuffle(env, items, len(items))
		},
	})
}

func counted(items []any, n int) error {
	if len(items) != n {
		return fmt.Errorf("got %d items, want %d", len(items), n)
	}
	return nil
}

type choiceIn struct {
	List    []any     `json:"list" is:"required" doc:"List to draw from."`
	Weights []float64 `json:"weights" doc:"How likely each item is, compared with the others; empty when all are the same."`
}

type choiceOut struct {
	Item  any `json:"item" doc:"The item drawn."`
	Index int `json:"index" doc:"Its position in the list."`
}

type choicesIn struct {
	choiceIn
	Count int `json:"count" is:"required" min:"1" max:"1000000" doc:"How many items to draw."`
}

type choicesOut struct {
	Items []any `json:"items" doc:"The items drawn."`
}

type sampleIn struct {
	List  []any `json:"list" is:"required" doc:"List to draw from."`
	Count int   `json:"count" is:"required" min:"0" doc:"How many items to draw."`
	UpTo  bool  `json:"up_to" doc:"Take all items when the list has fewer, rather than fail."`
}

type shuffleIn struct {
	List []any `json:"list" is:"required" doc:"List to shuffle."`
}

// picker draws positions, by weight when sums is set.
type picker struct {
	n    int
	sums []float64 // running totals of the weights
}

func newPicker(list []any, weights []float64) (picker, error) {
	p := picker{n: len(list)}
	if p.n == 0 {
		return p, node.Fail(node.KindInput, "the list is empty, so nothing can be drawn", "test its length before")
	}
	if len(weights) == 0 {
		return p, nil
	}
	if len(weights) != p.n {
		return p, node.Failf(node.KindInput, "there are %d weights for %d items", len(weights), p.n)
	}
	total := 0.0
	for i, w := range weights {
		if w < 0 {
			return p, node.Failf(node.KindInput, "weight %d is negative", i)
		}
		total += w
		p.sums = append(p.sums, total)
	}
	if total <= 0 || math.IsInf(total, 0) {
		return p, node.Failf(node.KindInput, "the weights add up to %v", total)
	}
	return p, nil
}

func (p picker) draw(env *node.Env) (int, error) {
	if p.sums == nil {
		return index(env, p.n)
	}
	f, err := unit(env)
	if err != nil {
		return 0, err
	}
	f *= p.sums[p.n-1]
	for i, sum := range p.sums {
		if f < sum {
			return i, nil
		}
	}
	return 0, errors.New("the weights are too uneven to draw from")
}
