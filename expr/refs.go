package expr

import (
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// Ref is a path that an expression reads.
type Ref struct {
	// Path is the longest chain known before evaluation; a constant index into
	// a list is written as its digits.
	Path []string
	// Pos is where the chain ends in the text.
	Pos Position
	// Dynamic says that what is read below Path is known only when evaluating:
	// the value is indexed with something computed, gone through, or handed on
	// as a whole.
	Dynamic bool
}

// Refs lists the paths the template reads, in the order of the text and each
// as often as it stands there. The caller must not change it.
func (t *Template) Refs() []Ref { return t.refs }

// refFinder walks a syntax tree. A let that names a path is followed.
type refFinder struct {
	text string
	p    part
	base Position // where p.src starts
	last Position // of the ref before
	seen int      // runes from base to last
	refs []Ref
	lets []letRef
}

type letRef struct {
	name string
	path []string // nil when the value is something else
}

func findRefs(tree ast.Node, text string, p part, from Position, single bool) []Ref {
	f := refFinder{text: text, p: p, base: from, last: from}
	// In mixed text the value is written out, so everything below it is read.
	f.walk(tree, !single || chainOf(tree) == nil)
	return f.refs
}

func chainOf(n ast.Node) ast.Node {
	switch n.(type) {
	case *ast.IdentifierNode, *ast.MemberNode:
		return n
	}
	return nil
}

// walk records what n reads; whole says that its value is used as a whole.
func (f *refFinder) walk(n ast.Node, whole bool) {
	if n == nil {
		return
	}
	if path, ok := f.path(n); ok {
		f.add(path, n, whole)
		return
	}
	switch n := n.(type) {
	case *ast.UnaryNode:
		f.walk(n.Node, false)
	case *ast.BinaryNode:
		f.binary(n, whole)
	case *ast.ChainNode:
		f.walk(n.Node, whole)
	case *ast.MemberNode:
		f.walk(n.Node, true)
		f.walk(n.Property, false)
	case *ast.SliceNode:
		f.walk(n.Node, true)
		f.walk(n.From, false)
		f.walk(n.To, false)
	case *ast.CallNode:
		f.walkAll(n.Arguments, true)
	case *ast.BuiltinNode:
		f.walkAll(n.Arguments, true)
	case *ast.PredicateNode:
		f.walk(n.Node, true)
	case *ast.ConditionalNode:
		f.walk(n.Cond, false)
		f.walk(n.Exp1, whole)
		f.walk(n.Exp2, whole)
	case *ast.VariableDeclaratorNode:
		path, ok := f.path(n.Value)
		if !ok {
			f.walk(n.Value, true)
			path = nil
		}
		f.lets = append(f.lets, letRef{n.Name, path})
		f.walk(n.Expr, whole)
		f.lets = f.lets[:len(f.lets)-1]
	case *ast.SequenceNode:
		f.walkAll(n.Nodes, whole)
	case *ast.ArrayNode:
		f.walkAll(n.Nodes, true)
	case *ast.MapNode:
		f.walkAll(n.Pairs, true)
	case *ast.PairNode:
		f.walk(n.Key, false)
		f.walk(n.Value, true)
	}
}

func (f *refFinder) walkAll(ns []ast.Node, whole bool) {
	for _, n := range ns {
		f.walk(n, whole)
	}
}

func (f *refFinder) binary(n *ast.BinaryNode, whole bool) {
	switch n.Operator {
	case "??":
		f.walk(n.Left, whole)
		f.walk(n.Right, whole)
	case "==", "!=":
		// Comparing with a literal reads nothing below.
		f.walk(n.Left, !isLiteral(n.Right))
		f.walk(n.Right, !isLiteral(n.Left))
	case "in", "contains":
		f.walk(n.Left, true)
		f.walk(n.Right, true)
	default:
		f.walk(n.Left, false)
		f.walk(n.Right, false)
	}
}

func isLiteral(n ast.Node) bool {
	switch n.(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode:
		return true
	}
	return false
}

// path gives the chain of constants that n is, if it is nothing else.
func (f *refFinder) path(n ast.Node) ([]string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		for i := len(f.lets) - 1; i >= 0; i-- {
			if f.lets[i].name == n.Value {
				return f.lets[i].path, f.lets[i].path != nil
			}
		}
		return []string{n.Value}, isRoot(n.Value)
	case *ast.ChainNode:
		return f.path(n.Node)
	case *ast.MemberNode:
		path, ok := f.path(n.Node)
		if !ok {
			return nil, false
		}
		key := ""
		switch p := n.Property.(type) {
		case *ast.StringNode:
			key = p.Value
		case *ast.IntegerNode:
			key = strconv.Itoa(p.Value)
		case *ast.UnaryNode:
			i, ok := p.Node.(*ast.IntegerNode)
			if !ok || p.Operator != "-" {
				return nil, false
			}
			key = strconv.Itoa(-i.Value)
		default:
			return nil, false
		}
		return append(path[:len(path):len(path)], key), true
	}
	return nil, false
}

func (f *refFinder) add(path []string, n ast.Node, whole bool) {
	f.refs = append(f.refs, Ref{Path: path, Pos: f.position(n.Location().From), Dynamic: whole})
}

// position goes on from the last one where it can: counting from the start of
// the text for each of thousands of refs would be slow.
func (f *refFinder) position(runes int) Position {
	if runes < f.seen {
		f.seen, f.last = 0, f.base
	}
	at := f.last.Offset + byteOffset(f.text[f.last.Offset:], runes-f.seen)
	f.last = advance(f.last, f.text, at)
	f.seen = runes
	return f.last
}

// advance gives the position of offset off, counted on from p.
func advance(p Position, text string, off int) Position {
	line, col := lineCol(text[p.Offset:], off-p.Offset)
	if line == 1 {
		col += p.Col - 1
	}
	return Position{off, p.Line + line - 1, col}
}
