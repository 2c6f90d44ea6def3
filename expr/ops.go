package expr

import (
	"errors"
	"math"

	"github.com/expr-lang/expr/ast"
)

type unaryNode struct {
	op  string
	x   node
	pos int
}

func (n *unaryNode) eval(st *state) (any, error) {
	v, err := n.x.eval(st)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "!", "not":
		if b, ok := v.(bool); ok {
			return !b, nil
		}
		return nil, at(wantBool(n.x, v), n.pos)
	case "-":
		switch v := v.(type) {
		case int:
			if v == math.MinInt {
				return -float64(v), nil
			}
			return -v, nil
		case float64:
			return -v, nil
		}
	case "+":
		if _, ok := toFloat(v); ok {
			return v, nil
		}
	}
	return nil, at(fail("%s needs a number, but %s", n.op, is(n.x, v, "the value")), n.pos)
}

// binary picks the node for an operator.
func (b *builder) binary(n *ast.BinaryNode, depth int) (node, error) {
	pos := n.Location().From
	all, err := b.all(depth, n.Left, n.Right)
	if err != nil {
		return nil, err
	}
	base := pair{x: all[0], y: all[1], pos: pos, op: n.Operator}
	switch n.Operator {
	case "and", "&&":
		return &logicNode{pair: base, stop: false}, nil
	case "or", "||":
		return &logicNode{pair: base, stop: true}, nil
	case "??":
		return &coalesceNode{base}, nil
	case "==":
		return &equalNode{base, true}, nil
	case "!=":
		return &equalNode{base, false}, nil
	case "<", "<=", ">", ">=":
		return &compareNode{base, comparisons[n.Operator]}, nil
	case "+":
		return &addNode{pair: base}, nil
	case "-", "*", "/", "%", "**", "^":
		return &arithNode{base, arithmetic[n.Operator]}, nil
	case "..":
		return &rangeNode{base}, nil
	case "in", "contains", "startsWith", "endsWith":
		return &textNode{base}, nil
	case "matches":
		m := &matchNode{pair: base}
		if c, ok := base.y.(constNode); ok {
			if s, ok := c.v.(string); ok {
				if m.re, err = compilePattern(s); err != nil {
					return nil, at(err, pos)
				}
			}
		}
		return m, nil
	}
	return nil, at(fail("the operator %s is not supported", excerpt(n.Operator, 10)), pos)
}

// pair is what all binary operators share.
type pair struct {
	x, y node
	op   string
	pos  int
}

func (n *pair) both(st *state) (a, b any, err error) {
	if a, err = n.x.eval(st); err != nil {
		return nil, nil, err
	}
	b, err = n.y.eval(st)
	return a, b, err
}

// mismatch names the operand that does not fit, nil ones first.
func (n *pair) mismatch(a, b any, want string, fits func(any) bool) error {
	culprit, v, side := n.x, a, "the left side"
	if a != nil && fits(a) || (b == nil && a != nil) {
		culprit, v, side = n.y, b, "the right side"
	}
	e := fail("%s needs %s, but %s", n.op, want, is(culprit, v, side))
	if v == nil {
		e.Hint = "give a value for that case, such as (" + label(culprit, "x") + " ?? 0)"
	}
	return at(e, n.pos)
}

type logicNode struct {
	pair
	stop bool
}

func (n *logicNode) eval(st *state) (any, error) {
	a, err := n.x.eval(st)
	if err != nil {
		return nil, err
	}
	x, ok := a.(bool)
	if !ok {
		return nil, at(wantBool(n.x, a), n.pos)
	}
	if x == n.stop {
		return x, nil
	}
	b, err := n.y.eval(st)
	if err != nil {
		return nil, err
	}
	if _, ok := b.(bool); !ok {
		return nil, at(wantBool(n.y, b), n.pos)
	}
	return b, nil
}

type coalesceNode struct{ pair }

func (n *coalesceNode) eval(st *state) (any, error) {
	v, err := n.x.eval(st)
	if err != nil || v != nil {
		return v, err
	}
	return n.y.eval(st)
}

// ifErrorNode is if_error(x, y).
type ifErrorNode struct{ pair }

func (n *ifErrorNode) eval(st *state) (any, error) {
	v, err := n.x.eval(st)
	var e *Error
	if err == nil || !errors.As(err, &e) || e.final || e.cause != nil {
		return v, err
	}
	return n.y.eval(st)
}

type equalNode struct {
	pair
	want bool
}

func (n *equalNode) eval(st *state) (any, error) {
	a, b, err := n.both(st)
	if err != nil {
		return nil, err
	}
	eq, err := st.equal(a, b, 0)
	return eq == n.want, at(err, n.pos)
}

// comparisons say which outcomes of compare make each operator true.
var comparisons = map[string][3]bool{"<": {true, false, false}, "<=": {true, true, false}, ">": {false, false, true}, ">=": {false, true, true}}

type compareNode struct {
	pair
	outcome [3]bool
}

func (n *compareNode) eval(st *state) (any, error) {
	a, b, err := n.both(st)
	if err != nil {
		return nil, err
	}
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			return n.outcome[compare(x, y)+1], nil
		}
	}
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			return n.outcome[compare(x, y)+1], at(st.spend(min(len(x), len(y))/8), n.pos)
		}
	}
	x, ok1 := toFloat(a)
	y, ok2 := toFloat(b)
	if !ok1 || !ok2 {
		return nil, n.mismatch(a, b, "two numbers or two texts", func(v any) bool { return rank(v) == 2 || rank(v) == 3 && rank(b) != 2 })
	}
	return n.outcome[compare(x, y)+1], nil
}

// addNode is + on numbers, and on text with a text, number or boolean.
type addNode struct{ pair }

func (n *addNode) eval(st *state) (any, error) {
	a, b, err := n.both(st)
	if err != nil {
		return nil, err
	}
	return n.add(st, a, b)
}

func (n *addNode) add(st *state, a, b any) (any, error) {
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			if s := x + y; (s > x) == (y > 0) {
				return s, nil
			}
			return finite(float64(x)+float64(y), n.pos)
		}
	}
	x, ok1 := toFloat(a)
	y, ok2 := toFloat(b)
	if ok1 && ok2 {
		return finite(x+y, n.pos)
	}
	_, left := a.(string)
	_, right := b.(string)
	if left || right {
		s, ok1 := keyText(a)
		t, ok2 := keyText(b)
		if ok1 && ok2 {
			err := st.grow(len(s) + len(t))
			if err == nil {
				err = st.spend((len(s) + len(t)) / 8)
			}
			if err != nil {
				return nil, at(err, n.pos)
			}
			return s + t, nil
		}
		return nil, n.mismatch(a, b, "texts or numbers on both sides", func(v any) bool { _, ok := keyText(v); return ok })
	}
	err := n.mismatch(a, b, "numbers or texts", func(v any) bool { return rank(v) == 2 || rank(v) == 3 })
	if e, ok := err.(*Error); ok && rank(a) == 4 { //nolint:errorlint // just made above
		e.Hint = "write concat(a, b) to join lists"
	}
	return nil, err
}

func finite(f float64, pos int) (any, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, at(fail("the result is not a finite number"), pos)
	}
	return number(f), nil
}
