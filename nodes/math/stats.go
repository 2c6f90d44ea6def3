package math

import (
	"context"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
	"github.com/aether-rpa/aether/value"
)

func init() {
	register := func(typ, title, doc string, run func([]decimal.Decimal) decimal.Decimal, examples ...node.Example[manyIn, manyOut]) {
		node.Register(node.Spec[manyIn, manyOut]{
			Type: typ, Title: title, Effect: node.Pure, Examples: examples,
			Doc: doc + " Empty items (nil and empty text) are skipped; a list without numbers is an error.",
			Run: func(ctx context.Context, _ *node.Env, in manyIn) (manyOut, error) {
				all, err := in.numbers(ctx)
				if err != nil {
					return manyOut{}, err
				}
				res, err := resultOf(run(all))
				return manyOut{Result: res.Result, Text: res.Text, Count: len(all)}, err
			},
		})
	}
	list := func(v ...any) manyIn { return manyIn{Values: value.RowsOf(v)} }
	register("math.min", "Smallest", "Finds the smallest of several numbers.", func(l []decimal.Decimal) decimal.Decimal { return decimal.Min(l[0], l[1:]...) },
		node.Example[manyIn, manyOut]{Title: "Of three", In: list(3, 1.5, 2), Out: manyOut{Result: 1.5, Text: "1.5", Count: 3}})
	register("math.max", "Largest", "Finds the largest of several numbers.", func(l []decimal.Decimal) decimal.Decimal { return decimal.Max(l[0], l[1:]...) },
		node.Example[manyIn, manyOut]{Title: "With an empty cell", In: list(3, "", "10"), Out: manyOut{Result: 10, Text: "10", Count: 2}})
	register("math.average", "Average", "Computes the arithmetic mean of several numbers, to 20 digits.", mean,
		node.Example[manyIn, manyOut]{Title: "Of prices", In: list(0.1, 0.2), Out: manyOut{Result: 0.15, Text: "0.15", Count: 2}})
	register("math.median", "Median", "Finds the number in the middle of several, or the mean of the two in the middle.", func(l []decimal.Decimal) decimal.Decimal { return percentile(sorted(l), decimal.NewFromInt(50)) },
		node.Example[manyIn, manyOut]{Title: "An even count", In: list(4, 1, 3, 2), Out: manyOut{Result: 2.5, Text: "2.5", Count: 4}})

	node.Register(node.Spec[manyIn, manyOut]{
		Type: "math.sum", Title: "Sum", Effect: node.Pure,
		Doc: "Adds up several numbers exactly. Empty items (nil and empty text) are skipped; an empty list gives 0. Memory stays small however long the list is.",
		Examples: []node.Example[manyIn, manyOut]{
			{Title: "Cents", In: list(0.1, 0.2, "0.3"), Out: manyOut{Result: 0.6, Text: "0.6", Count: 3}},
			{Title: "Nothing", In: list(), Out: manyOut{Result: 0, Text: "0"}},
		},
		Run: sum,
	})
	node.Register(node.Spec[manyIn, modeOut]{
		Type: "math.mode", Title: "Most frequent number", Effect: node.Pure,
		Doc:      "Finds the number that occurs most often. Of several with the same count, the smallest is the result and all are listed.",
		Examples: []node.Example[manyIn, modeOut]{{Title: "Marks", In: list(2, 3, 2, 5, 3), Out: modeOut{Result: 2, All: []any{2, 3}, Times: 2}}},
		Run:      mode,
	})
	node.Register(node.Spec[deviationIn, deviationOut]{
		Type: "math.stddev", Title: "Standard deviation", Effect: node.Pure,
		Doc: "Computes standard deviation and variance of several numbers. A sample needs at least two numbers. The deviation has 15 digits.",
		Examples: []node.Example[deviationIn, deviationOut]{
			{Title: "Whole population", In: deviationIn{manyIn: list(2, 4, 4, 4, 5, 5, 7, 9), Of: "population"}, Out: deviationOut{Result: 2, Variance: 4, Average: 5, Count: 8}},
		},
		Run: deviation,
	})
	node.Register(node.Spec[percentileIn, manyOut]{
		Type: "math.percentile", Title: "Percentile", Effect: node.Pure,
		Doc: "Finds the number below which a given percentage of the numbers lies, interpolating like the PERCENTILE.INC of spreadsheets, or picking one of the numbers.",
		Examples: []node.Example[percentileIn, manyOut]{
			{Title: "90th", In: percentileIn{manyIn: list(1, 2, 3, 4, 5), Percent: 90}, Out: manyOut{Result: 4.6, Text: "4.6", Count: 5}},
			{Title: "One of the numbers", In: percentileIn{manyIn: list(1, 2, 3, 4, 5), Percent: 90, Method: "nearest"}, Out: manyOut{Result: 5, Text: "5", Count: 5}},
		},
		Run: runPercentile,
	})
}

type manyIn struct {
	Values value.Rows `json:"values" is:"required" doc:"List of numbers, or of numeric texts."`
}

type manyOut struct {
	Result any    `json:"result" doc:"The result as a number."`
	Text   string `json:"text" doc:"The result as exact decimal text."`
	Count  int    `json:"count" doc:"How many numbers were used."`
}

// each calls f for every number; empty items are skipped.
func (in manyIn) each(ctx context.Context, f func(decimal.Decimal)) error {
	i := 0
	for v, err := range in.Values.All(ctx) {
		if err != nil {
			return err
		}
		if v != nil && v != "" {
			d, err := operand(fmt.Sprintf("item %d of values", i), v)
			if err != nil {
				return err
			}
			f(d)
		}
		i++
	}
	return nil
}

// numbers returns all numbers, at least one.
func (in manyIn) numbers(ctx context.Context) ([]decimal.Decimal, error) {
	var all []decimal.Decimal
	if err := in.each(ctx, func(d decimal.Decimal) { all = append(all, d) }); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, node.Fail(node.KindInput, "the list holds no numbers", "test the length of the list before")
	}
	return all, nil
}

func sum(ctx context.Context, _ *node.Env, in manyIn) (manyOut, error) {
	total, n := decimal.Zero, 0
	if err := in.each(ctx, func(d decimal.Decimal) { total, n = total.Add(d), n+1 }); err != nil {
		return manyOut{}, err
	}
	res, err := resultOf(total)
	return manyOut{Result: res.Result, Text: res.Text, Count: n}, err
}

func mean(all []decimal.Decimal) decimal.Decimal {
	return total(all).DivRound(decimal.NewFromInt(int64(len(all))), 20)
}

func total(all []decimal.Decimal) decimal.Decimal {
	t := decimal.Zero
	for _, d := range all {
		t = t.Add(d)
	}
	return t
}

func sorted(all []decimal.Decimal) []decimal.Decimal {
	slices.SortFunc(all, decimal.Decimal.Cmp)
	return all
}

type modeOut struct {
	Result any   `json:"result" doc:"The smallest of the most frequent numbers."`
	All    []any `json:"all" doc:"All numbers that occur that often, in ascending order."`
	Times  int   `json:"times" doc:"How often each of them occurs."`
}

func mode(ctx context.Context, _ *node.Env, in manyIn) (modeOut, error) {
	all, err := in.numbers(ctx)
	if err != nil {
		return modeOut{}, err
	}
	all = sorted(all)
	out := modeOut{}
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].Equal(all[i]) {
			j++
		}
		n, err := exact.Number(all[i])
		if err != nil {
			return modeOut{}, err
		}
		if j-i > out.Times {
			out = modeOut{Result: n, All: []any{n}, Times: j - i}
		} else if j-i == out.Times {
			out.All = append(out.All, n)
		}
		i = j
	}
	return out, nil
}

type deviationIn struct {
	manyIn
	Of string `json:"of" default:"sample" enum:"sample,population" doc:"What the numbers are: a sample (divide by n-1), or the whole population (divide by n)."`
}

type deviationOut struct {
	Result   any `json:"result" doc:"The standard deviation."`
	Variance any `json:"variance" doc:"The variance."`
	Average  any `json:"average" doc:"The arithmetic mean."`
	Count    int `json:"count" doc:"How many numbers were used."`
}

func deviation(ctx context.Context, _ *node.Env, in deviationIn) (deviationOut, error) {
	all, err := in.numbers(ctx)
	if err != nil {
		return deviationOut{}, err
	}
	n := len(all)
	if in.Of != "population" {
		n--
	}
	if n == 0 {
		return deviationOut{}, node.Fail(node.KindInput, "one number has no sample deviation", "give at least two numbers, or choose population")
	}
	avg, squares := mean(all), decimal.Zero
	for _, d := range all {
		diff := d.Sub(avg)
		squares = squares.Add(diff.Mul(diff))
	}
	variance := squares.DivRound(decimal.NewFromInt(int64(n)), 20)
	out := deviationOut{Count: len(all)}
	if out.Variance, err = exact.Number(variance); err != nil {
		return out, err
	}
	if out.Average, err = exact.Number(avg); err != nil {
		return out, err
	}
	res, err := root(ctx, nil, rootIn{Value: variance.String(), Degree: 2})
	out.Result = res.Result
	return out, err
}

type percentileIn struct {
	manyIn
	Percent float64 `json:"percent" is:"required" min:"0" max:"100" doc:"Percentage, from 0 to 100."`
	Method  string  `json:"method" default:"linear" enum:"linear,nearest" doc:"linear interpolates between two numbers; nearest picks the number at the rank rounded up."`
}

func runPercentile(ctx context.Context, _ *node.Env, in percentileIn) (manyOut, error) {
	all, err := in.numbers(ctx)
	if err != nil {
		return manyOut{}, err
	}
	p, err := exact.Of(in.Percent)
	if err != nil {
		return manyOut{}, err
	}
	if p.Sign() < 0 || p.GreaterThan(decimal.NewFromInt(100)) {
		return manyOut{}, node.Failf(node.KindInput, "percent is %s, not between 0 and 100", p)
	}
	all = sorted(all)
	var d decimal.Decimal
	if in.Method == "nearest" {
		rank := p.Mul(decimal.NewFromInt(int64(len(all)))).Shift(-2).Ceil().IntPart()
		d = all[max(rank, 1)-1]
	} else {
		d = percentile(all, p)
	}
	res, err := resultOf(d)
	return manyOut{Result: res.Result, Text: res.Text, Count: len(all)}, err
}

// percentile interpolates in a sorted list.
func percentile(all []decimal.Decimal, p decimal.Decimal) decimal.Decimal {
	at := p.Mul(decimal.NewFromInt(int64(len(all) - 1))).Shift(-2)
	i := int(at.IntPart())
	if i >= len(all)-1 {
		return all[len(all)-1]
	}
	return all[i].Add(all[i+1].Sub(all[i]).Mul(at.Sub(decimal.NewFromInt(int64(i)))))
}
