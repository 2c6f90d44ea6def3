package math

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/nodes/math/exact"
)

// share splits a whole number of coins by weight: each part gets the whole
// coins of its due, the coins left go to the largest remainders. The parts add
// up to coins.
func share(coins decimal.Decimal, weights []decimal.Decimal) []decimal.Decimal {
	sum, left := total(weights), coins.Abs()
	parts := make([]decimal.Decimal, len(weights))
	rests := make([]decimal.Decimal, len(weights))
	order := make([]int, len(weights))
	for i, w := range weights {
		parts[i], rests[i] = coins.Abs().Mul(w).QuoRem(sum, 0)
		left, order[i] = left.Sub(parts[i]), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rests[b].Cmp(rests[a]) })
	one := decimal.NewFromInt(1)
	for _, i := range order[:int(left.IntPart())] {
		parts[i] = parts[i].Add(one)
	}
	if coins.Sign() < 0 {
		for i := range parts {
			parts[i] = parts[i].Neg()
		}
	}
	return parts
}

func sharesOut(parts []decimal.Decimal, digits int) (splitOut, error) {
	out := splitOut{Parts: make([]any, len(parts)), Texts: make([]string, len(parts))}
	for i, p := range parts {
		d := p.Shift(int32(-digits))
		n, err := exact.Number(d)
		if err != nil {
			return splitOut{}, err
		}
		out.Parts[i], out.Texts[i] = n, d.StringFixed(int32(digits))
	}
	return out, nil
}
