package random

import (
	"context"
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
)

func init() {
	node.Register(node.Spec[intIn, intOut]{
		Type: "random.int", Title: "Random whole number", Effect: node.Read,
		Doc: "Draws a whole number between two limits, both included, each equally likely; or several.",
		Examples: []node.Example[intIn, intOut]{
			{Title: "A die", In: intIn{Min: 1, Max: 6}, Check: func(out intOut) error { return within(out.Value, 1, 6) }},
			{Title: "Six different lottery numbers", In: intIn{Min: 1, Max: 49, Count: 6, Unique: true}, Check: func(out intOut) error {
				if len(out.Values) != 6 {
					return fmt.Errorf("got %d numbers", len(out.Values))
				}
				return within(out.Values[5], 1, 49)
			}},
		},
		Run: drawInt,
	})
	node.Register(node.Spec[numberIn, numberOut]{
		Type: "random.number", Title: "Random number", Effect: node.Read,
		Doc: "Draws a number from a minimum up to a maximum, rounded to some digits.",
		Examples: []node.Example[numberIn, numberOut]{
			{Title: "A price", In: numberIn{Min: 1, Max: 100}, Check: func(out numberOut) error {
				if out.Value < 1 || out.Value > 100 {
					return fmt.Errorf("got %v", out.Value)
				}
				return nil
			}},
		},
		Run: drawNumber,
	})
	node.Register(node.Spec[boolIn, boolOut]{
		Type: "random.bool", Title: "Random yes or no", Effect: node.Read,
		Doc: "Draws true or false with a given probability.",
		Examples: []node.Example[boolIn, boolOut]{
			{Title: "A coin", In: boolIn{}, Check: func(boolOut) error { return nil }},
			{Title: "Always", In: boolIn{Probability: 1}, Out: boolOut{Value: true}},
		},
		Run: func(_ context.Context, env *node.Env, in boolIn) (boolOut, error) {
			f, err := unit(env)
			return boolOut{Value: f < in.Probability}, err
		},
	})
}

func within(n, lo, hi int) error {
	if n < lo || n > hi {
		return fmt.Errorf("%d is not between %d and %d", n, lo, hi)
	}
	return nil
}

type intIn struct {
	Min    int  `json:"min" default:"0" doc:"Smallest number."`
	Max    int  `json:"max" default:"100" doc:"Largest number."`
	Count  int  `json:"count" default:"1" min:"1" max:"1000000" doc:"How many numbers to draw."`
	Unique bool `json:"unique" doc:"Draw different numbers."`
}

type intOut struct {
	Value  int   `json:"value" doc:"The number, or the first of several."`
	Values []int `json:"values" doc:"All numbers drawn."`
}

func drawInt(_ context.Context, env *node.Env, in intIn) (intOut, error) {
	if in.Min > in.Max {
		return intOut{}, node.Failf(node.KindInput, "min is %d, larger than max, which is %d", in.Min, in.Max)
	}
	// Wraps to 0 when the range is all of the integers.
	size := uint64(in.Max) - uint64(in.Min) + 1
	if in.Unique && size != 0 && size < uint64(in.Count) {
		return intOut{}, node.Failf(node.KindInput, "there are only %d numbers from %d to %d, not %d", size, in.Min, in.Max, in.Count)
	}
	out, moved := intOut{Values: make([]int, 0, in.Count)}, map[uint64]uint64{}
	for i := range uint64(max(in.Count, 1)) {
		left := size
		if in.Unique {
			left -= i
		}
		n, err := drawBelow(env, left)
		if err != nil {
			return intOut{}, err
		}
		if in.Unique {
			// A shuffle of the whole range, of which only touched places are kept.
			at := n
			if v, ok := moved[at]; ok {
				n = v
			}
			last := left - 1
			if v, ok := moved[last]; ok {
				moved[at] = v
			} else {
				moved[at] = last
			}
		}
		out.Values = append(out.Values, int(uint64(in.Min)+n))
	}
	out.Value = out.Values[0]
	return out, nil
}

// drawBelow is below, where 0 stands for 2^64.
func drawBelow(env *node.Env, n uint64) (uint64, error) {
	if n != 0 {
		return below(env, n)
	}
	hi, err := below(env, 1<<32)
	if err != nil {
		return 0, err
	}
	lo, err := below(env, 1<<32)
	return hi<<32 | lo, err
}

type numberIn struct {
	Min    float64 `json:"min" default:"0" doc:"Smallest number."`
	Max    float64 `json:"max" default:"1" doc:"Largest number."`
	Digits int     `json:"digits" default:"2" min:"0" max:"15" doc:"Digits after the point."`
}

type numberOut struct {
	Value float64 `json:"value" doc:"The number."`
}

func drawNumber(_ context.Context, env *node.Env, in numberIn) (numberOut, error) {
	if in.Min > in.Max || math.IsInf(in.Max-in.Min, 0) {
		return numberOut{}, node.Failf(node.KindInput, "there is no usable range from %v to %v", in.Min, in.Max)
	}
	lo, err := exact.Of(in.Min)
	if err != nil {
		return numberOut{}, err
	}
	hi, err := exact.Of(in.Max)
	if err != nil {
		return numberOut{}, err
	}
	// Drawing among the multiples of the last digit keeps all of them equally
	// likely; rounding a drawn fraction would halve the chance of the ends.
	first := exact.Round(lo, in.Digits, exact.Ceiling).Shift(int32(in.Digits))
	last := exact.Round(hi, in.Digits, exact.Floor).Shift(int32(in.Digits))
	steps := last.Sub(first)
	if steps.Sign() < 0 {
		return numberOut{}, node.Fail(node.KindInput, fmt.Sprintf("no number with %d digits lies between %v and %v", in.Digits, in.Min, in.Max), "raise digits or widen the range")
	}
	var d decimal.Decimal
	if b := steps.BigInt(); b.BitLen() < 63 {
		n, err := below(env, b.Uint64()+1)
		if err != nil {
			return numberOut{}, err
		}
		d = first.Add(decimal.NewFromInt(int64(n))).Shift(int32(-in.Digits))
	} else {
		f, err := unit(env)
		if err != nil {
			return numberOut{}, err
		}
		return numberOut{Value: min(in.Min+f*(in.Max-in.Min), in.Max)}, nil
	}
	return numberOut{Value: d.InexactFloat64()}, nil
}

type boolIn struct {
	Probability float64 `json:"probability" default:"0.5" min:"0" max:"1" doc:"Probability of true: 0 is never, 1 always."`
}

type boolOut struct {
	Value bool `json:"value" doc:"True or false."`
}
