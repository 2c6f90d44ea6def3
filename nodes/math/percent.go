package math

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[percentIn, result]{
		Type: "math.percent", Title: "Percent",
		Doc:    "Calculates with percentages: a share of a number, a ratio, a change, or a number with a percentage added, taken off or taken out.",
		Effect: node.Pure,
		Examples: []node.Example[percentIn, result]{
			{Title: "19 % of 50", In: percentIn{Do: "of", Percent: 19, Value: 50}, Out: result{Result: 9.5, Text: "9.5"}},
			{Title: "Net price from a gross price", In: percentIn{Do: "take_out", Percent: 19, Value: 119}, Out: result{Result: 100, Text: "100"}},
			{Title: "Growth", In: percentIn{Do: "change", Value: 80, Other: 100}, Out: result{Result: 25, Text: "25"}},
		},
		Run: percent,
	})
	node.Register(node.Spec[splitIn, splitOut]{
		Type: "math.split_money", Title: "Split money",
		Doc:    "Splits an amount into parts that add up to it exactly, without losing or inventing a cent. Give a number of equal parts, or weights. Cents that remain go to the parts that lost most by rounding, the first ones when equal.",
		Effect: node.Pure,
		Examples: []node.Example[splitIn, splitOut]{
			{Title: "Three equal parts", In: splitIn{Amount: 100, Parts: 3}, Out: splitOut{Parts: []any{33.34, 33.33, 33.33}, Texts: []string{"33.34", "33.33", "33.33"}}},
			{Title: "By weight", In: splitIn{Amount: "0.05", Weights: []any{1, 1, 8}}, Out: splitOut{Parts: []any{0.01, 0, 0.04}, Texts: []string{"0.01", "0.00", "0.04"}}},
		},
		Run: splitMoney,
	})
}

type percentIn struct {
	Do      string `json:"do" default:"of" enum:"of,ratio,change,add,take_off,take_out" doc:"of: percent of value. ratio: what percentage value is of other. change: by what percentage other differs from value. add: value plus percent. take_off: value minus percent. take_out: the number that with percent added gives value, as net from gross."`
	Value   any    `json:"value" is:"required" doc:"Number to start from."`
	Percent any    `json:"percent" doc:"Percentage: 19 means 19 %."`
	Other   any    `json:"other" doc:"The second number, for ratio and change."`
}

func percent(_ context.Context, _ *node.Env, in percentIn) (result, error) {
	v, err := operand("value", in.Value)
	if err != nil {
		return result{}, err
	}
	name, second := "percent", in.Percent
	if in.Do == "ratio" || in.Do == "change" {
		name, second = "other", in.Other
	}
	if second == nil {
		return result{}, node.Failf(node.KindInput, "%s is missing, and %s needs it", name, in.Do)
	}
	p, err := operand(name, second)
	if err != nil {
		return result{}, err
	}
	var by decimal.Decimal
	switch in.Do {
	case "add":
		return resultOf(v.Add(v.Mul(p).Shift(-2)))
	case "take_off":
		return resultOf(v.Sub(v.Mul(p).Shift(-2)))
	case "take_out":
		v, by = v.Shift(2), p.Add(decimal.NewFromInt(100))
	case "ratio":
		v, by = v.Shift(2), p
	case "change":
		v, by = p.Sub(v).Shift(2), v
	default:
		return resultOf(v.Mul(p).Shift(-2))
	}
	if by.IsZero() {
		return result{}, node.Fail(node.KindInput, "there is no percentage of zero", "test for zero before")
	}
	return resultOf(v.DivRound(by, 20))
}

type splitIn struct {
	Amount  any   `json:"amount" is:"required" doc:"Amount to split."`
	Parts   int   `json:"parts" default:"0" min:"0" max:"100000" doc:"Number of equal parts; 0 when weights are given."`
	Weights []any `json:"weights" doc:"Weight of each part, none negative, for instance [50, 30, 20]."`
	Digits  int   `json:"digits" default:"2" min:"0" max:"20" doc:"Digits after the point of the smallest coin: 2 for cents, 0 for yen."`
}

type splitOut struct {
	Parts []any    `json:"parts" doc:"The parts as numbers."`
	Texts []string `json:"texts" doc:"The parts as text with all digits."`
}

func splitMoney(_ context.Context, _ *node.Env, in splitIn) (splitOut, error) {
	amount, err := operand("amount", in.Amount)
	if err != nil {
		return splitOut{}, err
	}
	coins := amount.Shift(int32(in.Digits))
	if !coins.IsInteger() {
		return splitOut{}, node.Fail(node.KindInput, "the amount "+amount.String()+" is not a whole number of the smallest coin", "round it first with math.round, or raise digits")
	}
	weights, err := in.weights()
	if err != nil {
		return splitOut{}, err
	}
	return sharesOut(share(coins, weights), in.Digits)
}

func (in splitIn) weights() ([]decimal.Decimal, error) {
	if len(in.Weights) == 0 {
		if in.Parts < 1 {
			return nil, node.Fail(node.KindInput, "neither parts nor weights say how to split", "set parts to at least 1, or give weights")
		}
		out := make([]decimal.Decimal, in.Parts)
		for i := range out {
			out[i] = decimal.NewFromInt(1)
		}
		return out, nil
	}
	if in.Parts != 0 && in.Parts != len(in.Weights) {
		return nil, node.Failf(node.KindInput, "there are %d weights for %d parts", len(in.Weights), in.Parts)
	}
	out, positive := make([]decimal.Decimal, len(in.Weights)), false
	for i, w := range in.Weights {
		d, err := operand("a weight", w)
		if err != nil {
			return nil, err
		}
		if d.Sign() < 0 {
			return nil, node.Failf(node.KindInput, "weight %d is negative", i)
		}
		out[i], positive = d, positive || d.Sign() > 0
	}
	if !positive {
		return nil, node.Failf(node.KindInput, "all weights are zero")
	}
	return out, nil
}
