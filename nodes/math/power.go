package math

import (
	"context"
	"math"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
)

func init() {
	node.Register(node.Spec[powerIn, result]{
		Type: "math.power", Title: "Power",
		Doc:    "Raises a number to a power. Whole exponents of 0 to 1000 are exact; others give 15 digits.",
		Effect: node.Pure,
		Examples: []node.Example[powerIn, result]{
			{Title: "Compound interest", In: powerIn{Base: 1.05, Exponent: 2}, Out: result{Result: 1.1025, Text: "1.1025"}},
			{Title: "A negative exponent", In: powerIn{Base: 2, Exponent: -2}, Out: result{Result: 0.25, Text: "0.25"}},
		},
		Run: power,
	})
	node.Register(node.Spec[rootIn, result]{
		Type: "math.root", Title: "Root",
		Doc:    "Takes the square root of a number, or a root of another degree. An even root of a negative number is an error.",
		Effect: node.Pure,
		Examples: []node.Example[rootIn, result]{
			{Title: "Square root", In: rootIn{Value: 9}, Out: result{Result: 3, Text: "3"}},
			{Title: "Cube root of a negative number", In: rootIn{Value: -27, Degree: 3}, Out: result{Result: -3, Text: "-3"}},
		},
		Run: root,
	})
	node.Register(node.Spec[logIn, result]{
		Type: "math.log", Title: "Logarithm",
		Doc:    "Takes the logarithm of a positive number. The result has 15 digits.",
		Effect: node.Pure,
		Examples: []node.Example[logIn, result]{
			{Title: "Base 10", In: logIn{Value: 1000, Base: "10"}, Out: result{Result: 3, Text: "3"}},
			{Title: "Natural", In: logIn{Value: 1}, Out: result{Result: 0, Text: "0"}},
		},
		Run: logarithm,
	})
	node.Register(node.Spec[trigIn, result]{
		Type: "math.trig", Title: "Trigonometry",
		Doc:    "Computes a trigonometric function or its inverse. The result has 15 digits.",
		Effect: node.Pure,
		Examples: []node.Example[trigIn, result]{
			{Title: "Sine of 30 degrees", In: trigIn{Function: "sin", Value: 30}, Out: result{Result: 0.5, Text: "0.5"}},
			{Title: "An angle", In: trigIn{Function: "atan", Value: 1}, Out: result{Result: 45, Text: "45"}},
		},
		Run: trig,
	})
}

// approximate returns a float at 15 digits: the last bits of transcendental
// functions differ between processors, and a pure node must not.
func approximate(f float64) (result, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return result{}, node.Fail(node.KindInput, "the result is not a finite number", "check that the numbers are in the range of the function")
	}
	d, err := exact.Of(strconv.FormatFloat(f, 'e', 14, 64))
	if err != nil {
		return result{}, err
	}
	return resultOf(d)
}

// float reads a param as a float64.
func float(name string, v any) (float64, error) {
	d, err := operand(name, v)
	if err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return 0, node.Failf(node.KindInput, "%s is too large a number", name)
	}
	return f, nil
}

type powerIn struct {
	Base     any `json:"base" is:"required" doc:"Number to raise."`
	Exponent any `json:"exponent" is:"required" doc:"Power to raise it to."`
}

func power(_ context.Context, _ *node.Env, in powerIn) (result, error) {
	base, err := operand("base", in.Base)
	if err != nil {
		return result{}, err
	}
	exp, err := operand("exponent", in.Exponent)
	if err != nil {
		return result{}, err
	}
	if base.IsZero() && exp.Sign() < 0 {
		return result{}, node.Fail(node.KindInput, "zero cannot be raised to a negative power", "test for zero before")
	}
	if exp.IsInteger() && exp.Sign() >= 0 && exp.Cmp(decimal.NewFromInt(1000)) <= 0 {
		return wholePower(base, int(exp.IntPart()))
	}
	b, err := float("base", in.Base)
	if err != nil {
		return result{}, err
	}
	e, err := float("exponent", in.Exponent)
	if err != nil {
		return result{}, err
	}
	return approximate(math.Pow(b, e))
}

func wholePower(base decimal.Decimal, n int) (result, error) {
	out := decimal.NewFromInt(1)
	for n > 0 {
		if n&1 == 1 {
			out = out.Mul(base)
		}
		if n >>= 1; n > 0 {
			base = base.Mul(base)
		}
		if !exact.Fits(out) || !exact.Fits(base) {
			return result{}, wide(decimal.New(1, math.MaxInt16))
		}
	}
	return resultOf(out)
}

type rootIn struct {
	Value  any `json:"value" is:"required" doc:"Number to take the root of."`
	Degree int `json:"degree" default:"2" min:"1" max:"1000" doc:"2 for the square root, 3 for the cube root."`
}

func root(_ context.Context, _ *node.Env, in rootIn) (result, error) {
	f, err := float("value", in.Value)
	if err != nil {
		return result{}, err
	}
	sign := 1.0
	if f < 0 {
		if in.Degree%2 == 0 {
			return result{}, node.Failf(node.KindInput, "%v is negative and has no root of degree %d", f, in.Degree)
		}
		sign, f = -1, -f
	}
	switch in.Degree {
	case 2:
		return approximate(math.Sqrt(f))
	case 3:
		return approximate(sign * math.Cbrt(f))
	}
	return approximate(sign * math.Pow(f, 1/float64(in.Degree)))
}

type logIn struct {
	Value any    `json:"value" is:"required" doc:"Positive number."`
	Base  string `json:"base" default:"e" doc:"Base: e, 2, 10 or another positive number."`
}

func logarithm(_ context.Context, _ *node.Env, in logIn) (result, error) {
	f, err := float("value", in.Value)
	if err != nil {
		return result{}, err
	}
	if f <= 0 {
		return result{}, node.Failf(node.KindInput, "%v has no logarithm; only positive numbers do", f)
	}
	switch in.Base {
	case "e", "":
		return approximate(math.Log(f))
	case "2":
		return approximate(math.Log2(f))
	case "10":
		return approximate(math.Log10(f))
	}
	b, err := float("base", in.Base)
	if err != nil {
		return result{}, err
	}
	if b <= 0 || b == 1 {
		return result{}, node.Failf(node.KindInput, "%v cannot be the base of a logarithm", b)
	}
	return approximate(math.Log(f) / math.Log(b))
}

type trigIn struct {
	Function string `json:"function" is:"required" enum:"sin,cos,tan,asin,acos,atan" doc:"Function to compute."`
	Value    any    `json:"value" is:"required" doc:"Angle, or for the inverse functions the ratio."`
	Unit     string `json:"unit" default:"degrees" enum:"degrees,radians" doc:"Unit of angles."`
}

func trig(_ context.Context, _ *node.Env, in trigIn) (result, error) {
	f, err := float("value", in.Value)
	if err != nil {
		return result{}, err
	}
	unit := 1.0
	if in.Unit != "radians" {
		unit = math.Pi / 180
		// Whole turns go before the conversion, where they are exact.
		if in.Function[0] != 'a' {
			f = math.Mod(f, 360)
		}
	}
	// Residue of pi's rounding, such as sin(180 degrees) = 1.2e-16, becomes 0.
	settle := func(v float64) (result, error) {
		if math.Abs(v) < 1e-15 && in.Unit != "radians" {
			v = 0
		}
		return approximate(v)
	}
	switch in.Function {
	case "sin":
		return settle(math.Sin(f * unit))
	case "cos":
		return settle(math.Cos(f * unit))
	case "tan":
		if in.Unit != "radians" && math.Abs(math.Mod(f, 180)) == 90 {
			return result{}, node.Failf(node.KindInput, "the tangent of %v degrees does not exist", f)
		}
		return settle(math.Tan(f * unit))
	case "asin":
		return approximate(math.Asin(f) / unit)
	case "acos":
		return approximate(math.Acos(f) / unit)
	}
	return approximate(math.Atan(f) / unit)
}
