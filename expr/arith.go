package expr

import "math"

// arith computes on ints where the result is exact, else on floats.
type arith struct {
	ints   func(a, b int) (int, bool)
	floats func(a, b float64) float64
}

var arithmetic = map[string]arith{
	"-": {func(a, b int) (int, bool) { d := a - b; return d, (d < a) == (b > 0) }, func(a, b float64) float64 { return a - b }},
	"*": {multiply, func(a, b float64) float64 { return a * b }},
	"/": {func(a, b int) (int, bool) {
		if b == -1 || a%b != 0 {
			return 0, false
		}
		return a / b, true
	}, func(a, b float64) float64 { return a / b }},
	"%":  {func(a, b int) (int, bool) { return a % b, true }, math.Mod},
	"**": {power, math.Pow},
	"^":  {power, math.Pow},
}

func multiply(a, b int) (int, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	p := a * b
	return p, p/b == a && (a != -1 || b != math.MinInt) && (b != -1 || a != math.MinInt)
}

func power(a, b int) (int, bool) {
	if b < 0 || b > 64 {
		return 0, false
	}
	p := 1
	for range b {
		var ok bool
		if p, ok = multiply(p, a); !ok {
			return 0, false
		}
	}
	return p, true
}

type arithNode struct {
	pair
	arith
}

func (n *arithNode) eval(st *state) (any, error) {
	a, b, err := n.both(st)
	if err != nil {
		return nil, err
	}
	x, ok1 := toFloat(a)
	y, ok2 := toFloat(b)
	if !ok1 || !ok2 {
		return nil, n.mismatch(a, b, "two numbers", func(v any) bool { return rank(v) == 2 })
	}
	if y == 0 && (n.op == "/" || n.op == "%") {
		return nil, at(fail("division by zero").hint("check the divisor first, such as x == 0 ? 0 : a / x"), n.pos)
	}
	if i, ok := a.(int); ok {
		if j, ok := b.(int); ok {
			if r, ok := n.ints(i, j); ok {
				return r, nil
			}
		}
	}
	return finite(n.floats(x, y), n.pos)
}
