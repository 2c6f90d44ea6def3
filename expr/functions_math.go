package expr

import (
	"math"
	"slices"
	"strconv"
)

var mathFunctions = []Function{
	{Name: "abs", Category: "math", Signature: "abs(number)", Doc: "Gives the number without its sign.", Example: `abs(-3)`, Result: `3`, min: 1, max: 1, call: absolute},
	{Name: "ceil", Category: "math", Signature: "ceil(number)", Doc: "Rounds up to a whole number.", Example: `ceil(1.2)`, Result: `2`, min: 1, max: 1, call: rounding(math.Ceil)},
	{Name: "floor", Category: "math", Signature: "floor(number)", Doc: "Rounds down to a whole number.", Example: `floor(-1.2)`, Result: `-2`, min: 1, max: 1, call: rounding(math.Floor)},
	{Name: "trunc", Category: "math", Signature: "trunc(number)", Doc: "Drops the decimals.", Example: `trunc(-1.7)`, Result: `-1`, min: 1, max: 1, call: rounding(math.Trunc)},
	{Name: "round", Category: "math", Signature: "round(number, digits?)", Doc: "Rounds to a number of decimals, halves away from zero as in accounting.", Example: `round(2.345, 2)`, Result: `2.35`, min: 1, max: 2, call: round},
	{Name: "python_round", Category: "math", Signature: "python_round(number, digits?)", Doc: "Rounds as Python's round() does, for flows that come from there: by the exact value of the number, halves to the even digit.", Example: `[python_round(4.25, 1), python_round(2.675, 2), python_round(2.5)]`, Result: `[4.2,2.67,2]`, min: 1, max: 2, call: pythonRound},
	{Name: "sqrt", Category: "math", Signature: "sqrt(number)", Doc: "Gives the square root.", Example: `sqrt(9)`, Result: `3`, min: 1, max: 1, call: mapNumber(math.Sqrt)},
	{Name: "pow", Category: "math", Signature: "pow(base, exponent)", Doc: "Raises base to exponent.", Example: `pow(2, 10)`, Result: `1024`, min: 2, max: 2, call: func(a *args) any {
		x, okx := a.v[0].(int)
		y, oky := a.v[1].(int)
		if okx && oky {
			if p, ok := power(x, y); ok {
				return p
			}
		}
		return a.finite(math.Pow(a.float(0), a.float(1)))
	}},
	{Name: "exp", Category: "math", Signature: "exp(number)", Doc: "Raises e to number.", Example: `exp(0)`, Result: `1`, min: 1, max: 1, call: mapNumber(math.Exp)},
	{Name: "log", Category: "math", Signature: "log(number, base?)", Doc: "Gives the logarithm, natural unless a base is given.", Example: `log(8, 2)`, Result: `3`, min: 1, max: 2, call: func(a *args) any {
		x := a.float(0)
		if !a.has(1) {
			return a.finite(math.Log(x))
		}
		switch b := a.float(1); b {
		case 2:
			return a.finite(math.Log2(x))
		case 10:
			return a.finite(math.Log10(x))
		default:
			return a.finite(math.Log(x) / math.Log(b))
		}
	}},
	{Name: "sign", Category: "math", Signature: "sign(number)", Doc: "Gives -1, 0 or 1.", Example: `sign(-5)`, Result: `-1`, min: 1, max: 1, call: func(a *args) any { return compare(a.float(0), 0) }},
	{Name: "div", Category: "math", Signature: "div(a, b)", Doc: "Divides whole numbers and drops the remainder.", Example: `div(7, 2)`, Result: `3`, min: 2, max: 2, call: func(a *args) any {
		x, y := a.int(0), a.int(1)
		if y == 0 {
			return a.failf("division by zero")
		}
		if y == -1 {
			return a.finite(-float64(x))
		}
		return x / y
	}},
	{Name: "mod", Category: "math", Signature: "mod(a, b)", Doc: "Gives the remainder, with the sign of b.", Example: `mod(-1, 7)`, Result: `6`, min: 2, max: 2, call: func(a *args) any {
		x, y := a.float(0), a.float(1)
		if y == 0 {
			return a.failf("division by zero")
		}
		r := math.Mod(x, y)
		if r != 0 && (r < 0) != (y < 0) {
			r += y
		}
		return a.finite(r)
	}},
	{Name: "clamp", Category: "math", Signature: "clamp(number, low, high)", Doc: "Keeps number between low and high.", Example: `clamp(12, 0, 10)`, Result: `10`, min: 3, max: 3, call: func(a *args) any { return a.finite(min(max(a.float(0), a.float(1)), a.float(2))) }},
	{Name: "min", Category: "math", Signature: "min(list) or min(a, b, ...)", Doc: "Gives the smallest of numbers or texts, or nil when there are none.", Example: `min([3, 1, 2])`, Result: `1`, min: 1, max: -1, call: extreme(-1)},
	{Name: "max", Category: "math", Signature: "max(list) or max(a, b, ...)", Doc: "Gives the largest of numbers or texts, or nil when there are none.", Example: `max(3, 1, 2)`, Result: `3`, min: 1, max: -1, call: extreme(1)},
	{Name: "avg", Category: "math", Signature: "avg(list)", Doc: "Gives the mean of a list of numbers, or nil when it is empty.", Example: `avg([1, 2, 4, 5])`, Result: `3`, min: 1, max: 1, aliases: []string{"mean", "average"}, call: func(a *args) any {
		l := a.numbers(0)
		if len(l) == 0 {
			return nil
		}
		s := 0.0
		for _, f := range l {
			s += f
		}
		return a.finite(s / float64(len(l)))
	}},
	{Name: "median", Category: "math", Signature: "median(list)", Doc: "Gives the middle of a list of numbers, or nil when it is empty.", Example: `median([5, 1, 3])`, Result: `3`, min: 1, max: 1, call: func(a *args) any {
		l := a.numbers(0)
		if len(l) == 0 {
			return nil
		}
		a.spend(200 * len(l))
		slices.Sort(l)
		m := l[len(l)/2]
		if len(l)%2 == 0 {
			m = (l[len(l)/2-1] + m) / 2
		}
		return a.finite(m)
	}},
}

func mapNumber(f func(float64) float64) func(*args) any {
	return func(a *args) any {
		return a.finite(f(a.float(0)))
	}
}

// rounding leaves ints alone, which a float64 may not hold exactly.
func rounding(f func(float64) float64) func(*args) any {
	return func(a *args) any {
		if i, ok := a.v[0].(int); ok {
			return i
		}
		return a.finite(f(a.float(0)))
	}
}

func absolute(a *args) any {
	if i, ok := a.v[0].(int); ok && i != math.MinInt {
		return abs(i)
	}
	return a.finite(math.Abs(a.float(0)))
}

// round treats 2.345 as the half people mean, so that it rounds to 2.35 even
// though the nearest float64 is a little below.
func round(a *args) any {
	f, digits := a.float(0), a.intOr(1, 0)
	if _, ok := a.v[0].(int); ok && digits >= 0 {
		return a.v[0]
	}
	if digits < -15 || digits > 15 {
		return a.failf("round takes -15 to 15 digits, not %d", digits)
	}
	return a.finite(roundTo(f, digits))
}

func pythonRound(a *args) any {
	f, digits := a.float(0), a.intOr(1, 0)
	if _, ok := a.v[0].(int); ok && digits >= 0 {
		return a.v[0]
	}
	if digits < -15 || digits > 15 {
		return a.failf("python_round takes -15 to 15 digits, not %d", digits)
	}
	if digits <= 0 {
		scale := math.Pow10(-digits)
		return a.finite(math.RoundToEven(f/scale) * scale)
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), 64)
	if err != nil {
		return a.fail(err)
	}
	return a.finite(r)
}

func roundTo(f float64, digits int) float64 {
	scale := math.Pow10(digits)
	scaled := f * scale
	if math.Abs(scaled) >= exact || math.IsInf(scaled, 0) {
		return f
	}
	r := math.Round(scaled)
	// A half that binary rounding put a little low lies within a few units in
	// the last place.
	if gap := math.Abs(scaled) - math.Abs(r); gap > 0 && 0.5-gap < 4*ulp(scaled) {
		r += math.Copysign(1, f)
	}
	return r / scale
}

func ulp(f float64) float64 { return math.Nextafter(math.Abs(f), math.Inf(1)) - math.Abs(f) }

func (a *args) numbers(i int) []float64 {
	l := a.list(i)
	if !a.room(8 * len(l)) {
		return nil
	}
	out := make([]float64, len(l))
	for k, e := range l {
		f, ok := toFloat(e)
		if !ok {
			a.failf("%s needs a list of numbers, but item %d is %s", a.node.f.Name, k, article(e))
			return nil
		}
		out[k] = f
	}
	return out
}

func extreme(sign int) func(*args) any {
	return func(a *args) any {
		l := a.v
		if len(l) == 1 {
			if inner, ok := l[0].([]any); ok {
				l = inner
			}
		}
		a.spend(10 * len(l))
		var best any
		for i, e := range l {
			if r := rank(e); r != 2 && r != 3 {
				return a.failf("%s needs numbers or texts, but item %d is %s", a.node.f.Name, i, article(e))
			}
			if s, ok := e.(string); ok {
				a.spend(len(s) / 8)
			}
			if best != nil && rank(best) != rank(e) {
				return a.failf("%s cannot compare numbers with texts", a.node.f.Name)
			}
			if best == nil || a.st.order(e, best)*sign > 0 {
				best = e
			}
		}
		return best
	}
}
