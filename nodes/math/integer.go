package math

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[wholesIn, result]{
		Type: "math.gcd", Title: "Greatest common divisor", Effect: node.Pure,
		Doc:      "Finds the largest whole number that divides all of several whole numbers.",
		Examples: []node.Example[wholesIn, result]{{Title: "Of three", In: wholesIn{Values: []any{12, 18, 30}}, Out: result{Result: 6, Text: "6"}}},
		Run: func(_ context.Context, _ *node.Env, in wholesIn) (result, error) {
			return fold(in.Values, func(a, b *big.Int) *big.Int { return new(big.Int).GCD(nil, nil, a, b) })
		},
	})
	node.Register(node.Spec[wholesIn, result]{
		Type: "math.lcm", Title: "Least common multiple", Effect: node.Pure,
		Doc:      "Finds the smallest positive whole number that all of several whole numbers divide.",
		Examples: []node.Example[wholesIn, result]{{Title: "Of two", In: wholesIn{Values: []any{4, 6}}, Out: result{Result: 12, Text: "12"}}},
		Run: func(_ context.Context, _ *node.Env, in wholesIn) (result, error) {
			return fold(in.Values, func(a, b *big.Int) *big.Int {
				if a.Sign() == 0 || b.Sign() == 0 {
					return new(big.Int)
				}
				g := new(big.Int).GCD(nil, nil, a, b)
				return g.Mul(g.Div(a, g), b)
			})
		},
	})
	node.Register(node.Spec[factorialIn, result]{
		Type: "math.factorial", Title: "Factorial", Effect: node.Pure,
		Doc:      "Multiplies all whole numbers from 1 to n. The text is exact; from 21 on the number is not.",
		Examples: []node.Example[factorialIn, result]{{Title: "Of five", In: factorialIn{N: 5}, Out: result{Result: 120, Text: "120"}}},
		Run: func(_ context.Context, _ *node.Env, in factorialIn) (result, error) {
			if in.N < 0 || in.N > 170 {
				return result{}, node.Failf(node.KindInput, "n is %d, not between 0 and 170", in.N)
			}
			return resultOf(decimal.NewFromBigInt(new(big.Int).MulRange(1, int64(in.N)), 0))
		},
	})
	node.Register(node.Spec[baseIn, baseOut]{
		Type: "math.convert_base", Title: "Convert number base", Effect: node.Pure,
		Doc: "Writes a whole number in another base, from 2 to 36. Prefixes 0x, 0o and 0b of the given base are understood.",
		Examples: []node.Example[baseIn, baseOut]{
			{Title: "Decimal to hexadecimal", In: baseIn{Value: "255", To: 16}, Out: baseOut{Text: "ff", Number: 255}},
			{Title: "Binary to decimal", In: baseIn{Value: "0b1010", From: 2, To: 10}, Out: baseOut{Text: "10", Number: 10}},
		},
		Run: convertBase,
	})
}

type wholesIn struct {
	Values []any `json:"values" is:"required" doc:"Whole numbers, at least one."`
}

func fold(values []any, f func(a, b *big.Int) *big.Int) (result, error) {
	if len(values) == 0 {
		return result{}, node.Failf(node.KindInput, "the list holds no numbers")
	}
	var out *big.Int
	for i, v := range values {
		d, err := operand(fmt.Sprintf("item %d of values", i), v)
		if err != nil {
			return result{}, err
		}
		if !d.IsInteger() {
			return result{}, node.Failf(node.KindInput, "item %d of values is %s, not a whole number", i, d)
		}
		b := new(big.Int).Abs(d.BigInt())
		if out != nil {
			b = f(out, b)
		}
		if out = b; out.BitLen() > 40000 {
			return result{}, node.Failf(node.KindInput, "the result has too many digits")
		}
	}
	return resultOf(decimal.NewFromBigInt(out, 0))
}

type factorialIn struct {
	N int `json:"n" is:"required" min:"0" max:"170" doc:"Whole number."`
}

type baseIn struct {
	Value string `json:"value" is:"required" doc:"Number as written in the base from."`
	From  int    `json:"from" default:"10" min:"2" max:"36" doc:"Base of the value."`
	To    int    `json:"to" default:"16" min:"2" max:"36" doc:"Base of the result."`
	Upper bool   `json:"upper" doc:"Write letters in upper case."`
	Width int    `json:"width" default:"0" min:"0" max:"1000" doc:"Fill with zeros on the left to this many digits."`
}

type baseOut struct {
	Text   string `json:"text" doc:"The number in the base asked for."`
	Number any    `json:"number" doc:"The number itself."`
}

func convertBase(_ context.Context, _ *node.Env, in baseIn) (baseOut, error) {
	s := strings.ToLower(strings.TrimSpace(in.Value))
	sign := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", rest
	}
	if prefix := map[int]string{2: "0b", 8: "0o", 16: "0x"}[in.From]; prefix != "" {
		s = strings.TrimPrefix(s, prefix)
	}
	n := new(big.Int)
	if _, ok := n.SetString(s, in.From); !ok || len(s) > 1000 || strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
		return baseOut{}, node.Failf(node.KindInput, "%.60q is not a whole number in base %d", in.Value, in.From)
	}
	out := n.Text(in.To)
	if len(out) < in.Width {
		out = strings.Repeat("0", in.Width-len(out)) + out
	}
	if in.Upper {
		out = strings.ToUpper(out)
	}
	if sign != "" && n.Sign() != 0 {
		out, n = sign+out, n.Neg(n)
	}
	res, err := resultOf(decimal.NewFromBigInt(n, 0))
	return baseOut{Text: out, Number: res.Result}, err
}
