package xmltree

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// ErrStop ends a stream early and is no failure.
var ErrStop = errors.New("stop")

// Stream reads a document of any size and hands on the elements that path
// names, each with all that is in it, one at a time. Elements inside of such
// elements are not looked at. Path nil hands on nothing: the document is only
// checked. Do may return ErrStop.
func Stream(ctx context.Context, r io.Reader, o Options, path *Path, do func(*Node) error) (*Doc, error) {
	g := &guard{r: r, left: MaxToken, ctx: ctx}
	b := bufio.NewReaderSize(g, 64<<10)
	// What stands before the declaration, and its version, are forgiven as in
	// Parse.
	if head, _ := b.Peek(3); string(head) == "\ufeff" {
		_, _ = b.Discard(3)
	}
	for {
		c, err := b.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return nil, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(c)) {
			_ = b.UnreadByte()
			break
		}
		g.left = MaxToken
	}
	head, _ := b.Peek(200)
	first := asVersion10(string(head))
	_, _ = b.Discard(len(head))
	p := newParser(ctx, bufio.NewReaderSize(io.MultiReader(strings.NewReader(first), b), 64<<10), o)
	p.guard = g
	w := &walker{path: path, do: do}
	for {
		more, err := p.step(w)
		if errors.Is(err, ErrStop) {
			break
		}
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	return &Doc{Top: p.top, Root: p.root, Prefixes: p.prefixes, Unbound: p.unbound}, nil
}

type walker struct {
	path *Path
	do   func(*Node) error
}

func (w *walker) starts(n *Node, open []frame) bool { return w.path.matches(n, open) }
func (w *walker) ends(n *Node) error                { return w.do(n) }

// Path is a chain of element names.
type Path struct {
	names    []string
	anchored bool
}

// ParsePath reads names with slashes between them: item, order/item, or, from
// the root, /orders/order. A * stands for any name; a name without prefix also
// stands for names with one.
func ParsePath(s string) (*Path, error) {
	p := &Path{}
	rest := strings.TrimSpace(s)
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		rest = after
	} else if after, ok := strings.CutPrefix(rest, "/"); ok {
		rest, p.anchored = after, true
	}
	p.names = strings.Split(rest, "/")
	for _, n := range p.names {
		if n != "*" && !IsName(n) {
			return nil, errors.New("the path is names of elements with slashes between them, such as order/item; predicates cannot be used in a stream")
		}
	}
	return p, nil
}

func (p *Path) matches(n *Node, open []frame) bool {
	if p == nil || len(open)+1 < len(p.names) || p.anchored && len(open)+1 != len(p.names) {
		return false
	}
	for i := range p.names {
		name := p.names[len(p.names)-1-i]
		e := n
		if i > 0 {
			e = open[len(open)-i].node
		}
		if name != "*" && name != e.Local && name != e.Name() {
			return false
		}
	}
	return true
}

// guard bounds what the scanner must hold for one token, and ends with ctx.
type guard struct {
	r    io.Reader
	left int
	ctx  context.Context
}

type guardError struct{}

func (*guardError) Error() string { return "too long" }

func (g *guard) Read(b []byte) (int, error) {
	if err := g.ctx.Err(); err != nil {
		return 0, err
	}
	if g.left <= 0 {
		return 0, &guardError{}
	}
	n, err := g.r.Read(b)
	g.left -= n
	return n, err
}
