package expr

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// node is a compiled piece of an expression. It holds no state of an
// evaluation, so that one tree serves all goroutines.
type node interface {
	eval(st *state) (any, error)
}

// roots are the names an expression can start from. There is no env: results
// must not depend on the machine.
var roots = []string{"vars", "nodes", "inputs", "loop", "loops", "run", "flow", "error"}

func isRoot(name string) bool {
	for _, r := range roots {
		if r == name {
			return true
		}
	}
	return false
}

// builder turns a syntax tree into nodes and gives every let and every
// predicate a slot, which works because expressions cannot recurse.
type builder struct {
	// count is of visits, not of tree nodes: in a < b < c the parser shares b,
	// and nesting that would double the work at every level.
	count     *int
	locals    []string // roots that only this text has
	lets      []string
	scopes    int
	maxVars   int
	maxScopes int
}

func (b *builder) build(n ast.Node, depth int) (node, error) {
	if n == nil {
		return nil, fail("the expression cannot be read")
	}
	pos := n.Location().From
	if *b.count++; depth > maxDepth || *b.count > maxParts {
		return nil, tooComplex(pos)
	}
	depth++
	switch n := n.(type) {
	case *ast.NilNode:
		return constNode{nil}, nil
	case *ast.IntegerNode:
		return constNode{n.Value}, nil
	case *ast.FloatNode:
		return constNode{number(n.Value)}, nil
	case *ast.BoolNode:
		return constNode{n.Value}, nil
	case *ast.StringNode:
		return constNode{n.Value}, nil
	case *ast.IdentifierNode:
		return b.name(n)
	case *ast.UnaryNode:
		x, err := b.build(n.Node, depth)
		return &unaryNode{op: n.Operator, x: x, pos: pos}, err
	case *ast.BinaryNode:
		return b.binary(n, depth)
	case *ast.ChainNode:
		x, err := b.build(n.Node, depth)
		return chainNode{x}, err
	case *ast.MemberNode:
		return b.member(n, depth)
	case *ast.SliceNode:
		all, err := b.all(depth, n.Node, n.From, n.To)
		if err != nil {
			return nil, err
		}
		x, inChain := openChain(all[0])
		slice := &sliceNode{x: x, from: all[1], to: all[2], pos: pos}
		if inChain {
			return chainNode{slice}, nil
		}
		return slice, nil
	case *ast.CallNode:
		return b.callNode(n, depth)
	case *ast.BuiltinNode:
		if _, ok := predicates[n.Name]; ok {
			return b.predicate(n, depth)
		}
		return b.function(n.Name, n.Arguments, pos, depth)
	case *ast.PredicateNode:
		return b.build(n.Node, depth)
	case *ast.PointerNode:
		return b.pointer(n)
	case *ast.ConditionalNode:
		all, err := b.all(depth, n.Cond, n.Exp1, n.Exp2)
		if err != nil {
			return nil, err
		}
		return &condNode{cond: all[0], yes: all[1], no: all[2], pos: pos}, nil
	case *ast.VariableDeclaratorNode:
		return b.let(n, depth)
	case *ast.SequenceNode:
		all, err := b.all(depth, n.Nodes...)
		return seqNode{all}, err
	case *ast.ArrayNode:
		all, err := b.all(depth, n.Nodes...)
		return &listNode{all, pos}, err
	case *ast.MapNode:
		return b.mapLiteral(n, depth)
	case *ast.BytesNode:
		e := fail("byte literals are not supported").hint("write a plain string")
		return nil, at(e, pos)
	}
	return nil, at(fail("this form is not supported"), pos)
}

// all builds several nodes; a nil one stays nil, as the bounds of a slice do.
func (b *builder) all(depth int, ns ...ast.Node) ([]node, error) {
	out := make([]node, len(ns))
	for i, n := range ns {
		if n == nil {
			continue
		}
		x, err := b.build(n, depth)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func (b *builder) name(n *ast.IdentifierNode) (node, error) {
	for i := len(b.lets) - 1; i >= 0; i-- {
		if b.lets[i] == n.Value {
			return &varNode{slot: i, name: n.Value}, nil
		}
	}
	switch {
	case isRoot(n.Value) || slices.Contains(b.locals, n.Value):
		return &pathNode{keys: []string{n.Value}, at: []int{n.Location().From}}, nil
	case n.Value == "null":
		return constNode{nil}, nil
	}
	return nil, at(unknownName(n.Value, b.lets), n.Location().From)
}

// member folds chains of constant names that start at a root into one path.
func (b *builder) member(n *ast.MemberNode, depth int) (node, error) {
	pos := n.Location().From
	x, err := b.build(n.Node, depth)
	if err != nil {
		return nil, err
	}
	x, inChain := openChain(x)
	var out node
	if key, ok := n.Property.(*ast.StringNode); ok {
		if p, ok := x.(*pathNode); ok && !n.Optional && !inChain {
			return p.extend(key.Value, pos), nil
		}
		out = &memberNode{x: x, key: key.Value, optional: n.Optional, pos: pos}
	} else {
		i, err := b.build(n.Property, depth)
		if err != nil {
			return nil, err
		}
		out = &indexNode{x: x, i: i, optional: n.Optional, pos: pos}
	}
	if inChain {
		return chainNode{out}, nil
	}
	return out, nil
}

// openChain takes x out of its chain, so that the caller can add to it. The
// parser ends a?.b before [0]; people expect all of a?.b[0].c to be nil when
// a is.
func openChain(x node) (node, bool) {
	if c, ok := x.(chainNode); ok {
		return c.x, true
	}
	return x, false
}

func (b *builder) pointer(n *ast.PointerNode) (node, error) {
	slot := b.scopes - 1
	if slot < 0 {
		return nil, at(fail("# works only inside filter, map and the like"), n.Location().From)
	}
	switch n.Name {
	case "":
		return itemNode(slot), nil
	case "index":
		return loopIndexNode(slot), nil
	case "acc":
		return accNode(slot), nil
	}
	e := fail("#%s is not known", excerpt(n.Name, 30)).hint("write # for the item, #index for its place from 0, #acc inside reduce")
	return nil, at(e, n.Location().From)
}

func (b *builder) let(n *ast.VariableDeclaratorNode, depth int) (node, error) {
	pos := n.Location().From
	if isRoot(n.Name) || functionNamed(n.Name) != nil {
		return nil, at(fail("%s is already the name of something else", excerpt(n.Name, 30)).hint("choose another name after let"), pos)
	}
	v, err := b.build(n.Value, depth)
	if err != nil {
		return nil, err
	}
	slot := len(b.lets)
	b.lets = append(b.lets, n.Name)
	b.maxVars = max(b.maxVars, len(b.lets))
	x, err := b.build(n.Expr, depth)
	b.lets = b.lets[:slot]
	return &letNode{slot: slot, value: v, x: x}, err
}

func (b *builder) mapLiteral(n *ast.MapNode, depth int) (node, error) {
	m := &mapNode{pos: n.Location().From}
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			return nil, at(fail("this map cannot be read"), m.pos)
		}
		kv, err := b.all(depth, pair.Key, pair.Value)
		if err != nil {
			return nil, err
		}
		m.keys, m.values = append(m.keys, kv[0]), append(m.values, kv[1])
	}
	return m, nil
}

func (b *builder) predicate(n *ast.BuiltinNode, depth int) (node, error) {
	p := &iterNode{name: n.Name, loop: predicates[n.Name], pos: n.Location().From, scope: b.scopes}
	var err error
	if p.src, err = b.build(n.Arguments[0], depth); err != nil {
		return nil, err
	}
	if len(n.Arguments) > 2 {
		if p.extra, err = b.build(n.Arguments[2], depth); err != nil {
			return nil, err
		}
	}
	if len(n.Arguments) > 1 {
		b.scopes++
		b.maxScopes = max(b.maxScopes, b.scopes)
		p.body, err = b.build(n.Arguments[1], depth)
		b.scopes--
		if err != nil {
			return nil, err
		}
		p.appends = appendsToAcc(p.body, itemSlot(p.scope))
	} else {
		b.maxScopes = max(b.maxScopes, b.scopes+1)
	}
	return p, nil
}

func (b *builder) callNode(n *ast.CallNode, depth int) (node, error) {
	pos := n.Location().From
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		return b.function(callee.Value, n.Arguments, pos, depth)
	case *ast.MemberNode:
		e := fail("values have no methods")
		if key, ok := callee.Property.(*ast.StringNode); ok {
			e = fail("values have no methods, so .%s() cannot be called", excerpt(unmask(key.Value), 30))
			if f := functionNamed(key.Value); f != nil {
				e.Hint = "write " + f.Name + "(value, ...) or value | " + f.Name + "(...)"
			}
		}
		return nil, at(e, pos)
	}
	return nil, at(fail("only functions can be called"), pos)
}
