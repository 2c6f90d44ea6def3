package math

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
)

func init() {
	node.Register(node.Spec[roundIn, result]{
		Type: "math.round", Title: "Round",
		Doc:    "Rounds a number as it is written: 2.675 gives 2.68. The output text keeps the digits asked for, as in 2.70.",
		Effect: node.Pure,
		Examples: []node.Example[roundIn, result]{
			{Title: "To cents", In: roundIn{Value: 2.675, Digits: 2}, Out: result{Result: 2.68, Text: "2.68"}},
			{Title: "Like a bank", In: roundIn{Value: 2.5, Mode: "half_even"}, Out: result{Result: 2, Text: "2"}},
			{Title: "To hundreds", In: roundIn{Value: 1250, Digits: -2}, Out: result{Result: 1300, Text: "1300"}},
		},
		Run: round,
	})
	node.Register(node.Spec[absIn, result]{
		Type: "math.abs", Title: "Absolute value", Doc: "Removes the sign of a number.", Effect: node.Pure,
		Examples: []node.Example[absIn, result]{{Title: "A debt", In: absIn{Value: -12.5}, Out: result{Result: 12.5, Text: "12.5"}}},
		Run: func(_ context.Context, _ *node.Env, in absIn) (result, error) {
			d, err := operand("value", in.Value)
			if err != nil {
				return result{}, err
			}
			return resultOf(d.Abs())
		},
	})
	node.Register(node.Spec[clampIn, clampOut]{
		Type: "math.clamp", Title: "Keep within limits",
		Doc:    "Moves a number to the nearer limit when it is outside of two limits. Either limit may be left out.",
		Effect: node.Pure,
		Examples: []node.Example[clampIn, clampOut]{
			{Title: "Too large", In: clampIn{Value: 120, Min: 0, Max: 100}, Out: clampOut{Result: 100, Text: "100", Changed: true}},
			{Title: "Only a minimum", In: clampIn{Value: 5, Min: 1}, Out: clampOut{Result: 5, Text: "5"}},
		},
		Run: clamp,
	})
	node.Register(node.Spec[compareIn, compareOut]{
		Type: "math.compare", Title: "Compare numbers",
		Doc:    "Compares two numbers, which count as equal when they differ by no more than a tolerance.",
		Effect: node.Pure,
		Examples: []node.Example[compareIn, compareOut]{
			{Title: "A cent of difference", In: compareIn{A: 10, B: 10.01, Tolerance: 0.01}, Out: compareOut{Equal: true, Difference: -0.01}},
			{Title: "Larger", In: compareIn{A: 3, B: 2}, Out: compareOut{Greater: true, Order: 1, Difference: 1}},
		},
		Run: compare,
	})
}

type roundIn struct {
	Value  any    `json:"value" is:"required" doc:"Number to round."`
	Digits int    `json:"digits" default:"0" min:"-100" max:"100" doc:"Digits after the point; negative rounds before it: -3 gives thousands."`
	Mode   string `json:"mode" default:"half_up" enum:"half_up,half_even,half_down,up,down,ceiling,floor" doc:"Direction: half_up takes halves away from zero, half_even to the even digit, half_down towards zero; up is always away from zero, down always towards it; ceiling is upwards and floor downwards on the number line."`
}

func round(_ context.Context, _ *node.Env, in roundIn) (result, error) {
	d, err := operand("value", in.Value)
	if err != nil {
		return result{}, err
	}
	d = exact.Round(d, in.Digits, in.Mode)
	out, err := resultOf(d)
	if in.Digits > 0 {
		out.Text = d.StringFixed(int32(in.Digits))
	}
	return out, err
}

type absIn struct {
	Value any `json:"value" is:"required" doc:"Number."`
}

type clampIn struct {
	Value any `json:"value" is:"required" doc:"Number to keep within the limits."`
	Min   any `json:"min" doc:"Smallest result; empty for none."`
	Max   any `json:"max" doc:"Largest result; empty for none."`
}

type clampOut struct {
	Result  any    `json:"result" doc:"The number within the limits."`
	Text    string `json:"text" doc:"The result as exact decimal text."`
	Changed bool   `json:"changed" doc:"True when the number was outside."`
}

func clamp(_ context.Context, _ *node.Env, in clampIn) (clampOut, error) {
	d, err := operand("value", in.Value)
	if err != nil {
		return clampOut{}, err
	}
	was := d
	if in.Min != nil && in.Max != nil {
		lo, errLo := operand("min", in.Min)
		hi, errHi := operand("max", in.Max)
		if errLo == nil && errHi == nil && lo.GreaterThan(hi) {
			return clampOut{}, node.Failf(node.KindInput, "min is %s, larger than max, which is %s", lo, hi)
		}
	}
	if in.Min != nil {
		lo, err := operand("min", in.Min)
		if err != nil {
			return clampOut{}, err
		}
		if d.LessThan(lo) {
			d = lo
		}
	}
	if in.Max != nil {
		hi, err := operand("max", in.Max)
		if err != nil {
			return clampOut{}, err
		}
		if d.GreaterThan(hi) {
			d = hi
		}
	}
	res, err := resultOf(d)
	return clampOut{Result: res.Result, Text: res.Text, Changed: !was.Equal(d)}, err
}

type compareIn struct {
	A         any `json:"a" is:"required" doc:"First number."`
	B         any `json:"b" is:"required" doc:"Second number."`
	Tolerance any `json:"tolerance" default:"0" doc:"Largest difference that still counts as equal."`
}

type compareOut struct {
	Equal      bool `json:"equal" doc:"The numbers are equal within the tolerance."`
	Greater    bool `json:"greater" doc:"The first is larger by more than the tolerance."`
	Less       bool `json:"less" doc:"The first is smaller by more than the tolerance."`
	Order      int  `json:"order" doc:"-1, 0 or 1: the first is smaller, equal or larger."`
	Difference any  `json:"difference" doc:"The first number minus the second."`
}

func compare(_ context.Context, _ *node.Env, in compareIn) (compareOut, error) {
	a, b, err := operands(in.A, in.B)
	if err != nil {
		return compareOut{}, err
	}
	tol, err := operand("tolerance", in.Tolerance)
	if in.Tolerance == nil {
		tol, err = operand("tolerance", 0)
	}
	if err != nil {
		return compareOut{}, err
	}
	diff := a.Sub(b)
	out := compareOut{Order: diff.Sign()}
	if diff.Abs().LessThanOrEqual(tol.Abs()) {
		out.Order = 0
	}
	out.Equal, out.Greater, out.Less = out.Order == 0, out.Order > 0, out.Order < 0
	res, err := resultOf(diff)
	out.Difference = res.Result
	return out, err
}
