package list

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	price := func(p any) map[string]any { return map[string]any{"price": p} }
	node.Register(node.Spec[numbersIn, numberOut]{
		Type: "list.sum", Title: "Sum", Effect: node.Pure,
		Doc: "Adds up the items, or a field of them, exactly: 0.1 and 0.2 give 0.3. Empty values are skipped.",
		Examples: []node.Example[numbersIn, numberOut]{
			{Title: "Numbers", In: numbersIn{List: rows(0.1, 0.2)}, Out: numberOut{Result: 0.3, Text: "0.3", Count: 2}},
			{Title: "A field", In: numbersIn{List: rows(price(5), price("2.50"), price(nil)), selector: selector{Field: "price"}}, Out: numberOut{Result: 7.5, Text: "7.5", Count: 2}},
		},
		Run: func(ctx context.Context, _ *node.Env, in numbersIn) (numberOut, error) {
			sum, n, err := in.sum(ctx)
			if err != nil {
				return numberOut{}, err
			}
			return numberOf(sum, n)
		},
	})
	node.Register(node.Spec[numbersIn, numberOut]{
		Type: "list.average", Title: "Average", Effect: node.Pure,
		Doc:      "Computes the mean of the items, or of a field of them. Empty values are skipped; without any number it is an error.",
		Examples: []node.Example[numbersIn, numberOut]{{Title: "Numbers", In: numbersIn{List: rows(1, 2, 6)}, Out: numberOut{Result: 3, Text: "3", Count: 3}}},
		Run: func(ctx context.Context, _ *node.Env, in numbersIn) (numberOut, error) {
			sum, n, err := in.sum(ctx)
			if err == nil && n == 0 {
				err = errNoNumbers
			}
			if err != nil {
				return numberOut{}, err
			}
			return numberOf(sum.DivRound(decimal.NewFromInt(int64(n)), 20), n)
		},
	})
	node.Register(node.Spec[numbersIn, numberOut]{
		Type: "list.median", Title: "Median", Effect: node.Pure,
		Doc:      "Finds the middle of the items, or of a field of them. All numbers are held in memory; empty values are skipped.",
		Examples: []node.Example[numbersIn, numberOut]{{Title: "Numbers", In: numbersIn{List: rows(9, 1, 4, 2)}, Out: numberOut{Result: 3, Text: "3", Count: 4}}},
		Run:      median,
	})
	node.Register(node.Spec[extremeIn, extremeOut]{
		Type: "list.min", Title: "Smallest item", Effect: node.Pure,
		Doc: "Finds the smallest item, or the item with the smallest field. Numbers, text and ISO dates can be compared; nil is skipped. An empty list gives nil.",
		Examples: []node.Example[extremeIn, extremeOut]{
			{Title: "Cheapest", In: extremeIn{List: rows(price(5), price(2)), selector: selector{Field: "price"}}, Out: extremeOut{Item: price(2), Value: 2, Index: 1}},
			{Title: "Nothing", In: extremeIn{List: rows()}, Out: extremeOut{Index: -1}},
		},
		Run: func(ctx context.Context, _ *node.Env, in extremeIn) (extremeOut, error) { return in.find(ctx, -1) },
	})
	node.Register(node.Spec[extremeIn, extremeOut]{
		Type: "list.max", Title: "Largest item", Effect: node.Pure,
		Doc:      "Finds the largest item, or the item with the largest field. Numbers, text and ISO dates can be compared; nil is skipped. An empty list gives nil.",
		Examples: []node.Example[extremeIn, extremeOut]{{Title: "Latest date", In: extremeIn{List: rows("2026-01-31", "2026-02-01")}, Out: extremeOut{Item: "2026-02-01", Value: "2026-02-01", Index: 1}}},
		Run:      func(ctx context.Context, _ *node.Env, in extremeIn) (extremeOut, error) { return in.find(ctx, 1) },
	})
	node.Register(node.Spec[lengthIn, lengthOut]{
		Type: "list.length", Title: "Length of list", Effect: node.Pure,
		Doc:      "Tells how many items a list has.",
		Examples: []node.Example[lengthIn, lengthOut]{{Title: "Two items", In: lengthIn{List: rows(1, nil)}, Out: lengthOut{Length: 2}}, {Title: "Empty", In: lengthIn{List: rows()}, Out: lengthOut{Empty: true}}},
		Run: func(ctx context.Context, _ *node.Env, in lengthIn) (lengthOut, error) {
			n, err := length(ctx, in.List)
			return lengthOut{Length: n, Empty: n == 0}, err
		},
	})
}

var errNoNumbers = node.Fail(node.KindInput, "the list holds no numbers", "test its length before")

type numbersIn struct {
	List value.Rows `json:"list" is:"required" doc:"List of numbers, or of maps with a field of numbers."`
	selector
}

type numberOut struct {
	Result any    `json:"result" doc:"The result as a number."`
	Text   string `json:"text" doc:"The result as exact decimal text."`
	Count  int    `json:"count" doc:"How many numbers were used."`
}

func numberOf(d decimal.Decimal, n int) (numberOut, error) {
	v, err := exact.Number(d)
	if err != nil {
		return numberOut{}, node.Fail(node.KindInput, err.Error(), "")
	}
	return numberOut{Result: v, Text: d.String(), Count: n}, nil
}

func (in numbersIn) each(ctx context.Context, f func(decimal.Decimal)) error {
	pick, err := in.of()
	if err != nil {
		return err
	}
	i := 0
	for item, err := range in.List.All(ctx) {
		if err != nil {
			return err
		}
		v, err := pick(ctx, item, i)
		if err != nil {
			return err
		}
		if v != nil && v != "" {
			d, err := exact.Of(v)
			if err != nil {
				return atItem(i, err)
			}
			f(d)
		}
		i++
	}
	return nil
}

func (in numbersIn) sum(ctx context.Context) (sum decimal.Decimal, n int, err error) {
	err = in.each(ctx, func(d decimal.Decimal) { sum, n = sum.Add(d), n+1 })
	return sum, n, err
}

func median(ctx context.Context, _ *node.Env, in numbersIn) (numberOut, error) {
	var all []decimal.Decimal
	if err := in.each(ctx, func(d decimal.Decimal) { all = append(all, d) }); err != nil {
		return numberOut{}, err
	}
	n := len(all)
	if n == 0 {
		return numberOut{}, errNoNumbers
	}
	slices.SortFunc(all, decimal.Decimal.Cmp)
	mid := all[n/2]
	if n%2 == 0 {
		mid = mid.Add(all[n/2-1]).Mul(decimal.New(5, -1))
	}
	return numberOf(mid, n)
}

type extremeIn struct {
	List value.Rows `json:"list" is:"required" doc:"List to look through."`
	selector
}

type extremeOut struct {
	Item  any `json:"item" doc:"The item, or nil."`
	Value any `json:"value" doc:"What was compared: the item or its field."`
	Index int `json:"index" doc:"Position of the item, or -1. Of equal items it is the first."`
}

func (in extremeIn) find(ctx context.Context, sign int) (extremeOut, error) {
	pick, err := in.of()
	out, i := extremeOut{Index: -1}, 0
	if err != nil {
		return out, err
	}
	for item, err := range in.List.All(ctx) {
		if err != nil {
			return out, err
		}
		v, err := pick(ctx, item, i)
		if err != nil {
			return out, err
		}
		if v != nil && (out.Index < 0 || table.Compare(v, out.Value)*sign > 0) {
			out = extremeOut{Item: item, Value: v, Index: i}
		}
		i++
	}
	return out, nil
}

type lengthIn struct {
	List value.Rows `json:"list" is:"required" doc:"List to measure."`
}

type lengthOut struct {
	Length int  `json:"length" doc:"How many items there are."`
	Empty  bool `json:"empty" doc:"True when there are none."`
}
