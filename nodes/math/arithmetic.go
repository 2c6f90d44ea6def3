package math

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
)

func init() {
	register := func(typ, title, doc string, run func(a, b decimal.Decimal) decimal.Decimal, examples ...node.Example[pairIn, result]) {
		node.Register(node.Spec[pairIn, result]{
			Type: typ, Title: title, Doc: doc, Effect: node.Pure, Examples: examples,
			Run: func(_ context.Context, _ *node.Env, in pairIn) (result, error) {
				a, b, err := operands(in.A, in.B)
				if err != nil {
					return result{}, err
				}
				d := run(a, b)
				if err := wide(d); err != nil {
					return result{}, err
				}
				return resultOf(d)
			},
		})
	}
	register("math.add", "Add", "Adds two numbers exactly. 0.1 and 0.2 give 0.3. Add a whole list with math.sum.", decimal.Decimal.Add,
		node.Example[pairIn, result]{Title: "Cents", In: pairIn{A: 0.1, B: 0.2}, Out: result{Result: 0.3, Text: "0.3"}},
		node.Example[pairIn, result]{Title: "Numbers from a form", In: pairIn{A: "12.50", B: " 7.5"}, Out: result{Result: 20, Text: "20"}})
	register("math.subtract", "Subtract", "Subtracts b from a exactly.", decimal.Decimal.Sub,
		node.Example[pairIn, result]{Title: "A difference", In: pairIn{A: 1, B: 0.9}, Out: result{Result: 0.1, Text: "0.1"}})
	register("math.multiply", "Multiply", "Multiplies two numbers exactly.", decimal.Decimal.Mul,
		node.Example[pairIn, result]{Title: "Price and quantity", In: pairIn{A: 1.1, B: 3}, Out: result{Result: 3.3, Text: "3.3"}})

	node.Register(node.Spec[divideIn, divideOut]{
		Type: "math.divide", Title: "Divide",
		Doc:    "Divides a by b. A quotient that does not end is rounded to the digits asked for. Dividing by zero is an error.",
		Effect: node.Pure,
		Examples: []node.Example[divideIn, divideOut]{
			{Title: "Exact", In: divideIn{A: 1, B: 8}, Out: divideOut{Result: 0.125, Text: "0.125", Quotient: 0, Remainder: 1}},
			{Title: "Two digits", In: divideIn{A: 10, B: 3, Digits: 2}, Out: divideOut{Result: 3.33, Text: "3.33", Quotient: 3, Remainder: 1}},
		},
		Run: divide,
	})
	node.Register(node.Spec[moduloIn, result]{
		Type: "math.modulo", Title: "Remainder",
		Doc:    "Gives what is left over when a is divided by b. With negative numbers the two usual rules differ: see sign.",
		Effect: node.Pure,
		Examples: []node.Example[moduloIn, result]{
			{Title: "Every third row", In: moduloIn{A: 7, B: 3}, Out: result{Result: 1, Text: "1"}},
			{Title: "A negative number", In: moduloIn{A: -7, B: 3, Sign: "divisor"}, Out: result{Result: 2, Text: "2"}},
		},
		Run: modulo,
	})
}

type pairIn struct {
	A any `json:"a" is:"required" doc:"First number, or numeric text."`
	B any `json:"b" is:"required" doc:"Second number, or numeric text."`
}

type divideIn struct {
	A      any    `json:"a" is:"required" doc:"Number to divide."`
	B      any    `json:"b" is:"required" doc:"Number to divide by."`
	Digits int    `json:"digits" default:"20" min:"0" max:"100" doc:"Digits after the point."`
	Mode   string `json:"mode" default:"half_up" enum:"half_up,half_even,half_down,up,down,ceiling,floor" is:"advanced" doc:"How the last digit is rounded; see math.round."`
}

type divideOut struct {
	Result    any    `json:"result" doc:"The quotient as a number."`
	Text      string `json:"text" doc:"The quotient as exact decimal text."`
	Quotient  any    `json:"quotient" doc:"The whole part of the quotient."`
	Remainder any    `json:"remainder" doc:"What is left after the whole part, with the sign of a."`
}

func divide(_ context.Context, _ *node.Env, in divideIn) (divideOut, error) {
	a, b, err := nonZero(in.A, in.B)
	if err != nil {
		return divideOut{}, err
	}
	whole, rest := a.QuoRem(b, 0)
	// One digit more decides halves; a rest beyond it is kept as a last 1.
	q, r := a.QuoRem(b, int32(in.Digits+1))
	if !r.IsZero() {
		q = q.Add(decimal.New(int64(a.Sign()*b.Sign()), int32(-in.Digits-2)))
	}
	q = exact.Round(q, in.Digits, in.Mode)
	if err := wide(q); err != nil {
		return divideOut{}, err
	}
	res, err := resultOf(q)
	if err != nil {
		return divideOut{}, err
	}
	out := divideOut{Result: res.Result, Text: res.Text}
	if out.Quotient, err = exact.Number(whole); err != nil {
		return divideOut{}, err
	}
	out.Remainder, err = exact.Number(rest)
	return out, err
}

type moduloIn struct {
	A    any    `json:"a" is:"required" doc:"Number to divide."`
	B    any    `json:"b" is:"required" doc:"Number to divide by."`
	Sign string `json:"sign" default:"dividend" enum:"dividend,divisor" doc:"Whose sign the remainder takes: dividend gives -7 mod 3 = -1, as programs do, divisor gives 2, as spreadsheets do."`
}

func modulo(_ context.Context, _ *node.Env, in moduloIn) (result, error) {
	a, b, err := nonZero(in.A, in.B)
	if err != nil {
		return result{}, err
	}
	r := exact.Remainder(a, b)
	if in.Sign == "divisor" && r.Sign() != 0 && r.Sign() != b.Sign() {
		r = r.Add(b)
	}
	return resultOf(r)
}

func nonZero(a, b any) (x, y decimal.Decimal, err error) {
	x, y, err = operands(a, b)
	if err == nil && y.IsZero() {
		err = node.Fail(node.KindInput, "b is zero, and nothing can be divided by zero", "test for zero before, for instance with flow.if")
	}
	return x, y, err
}
