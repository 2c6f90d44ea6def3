// Package xpathrun evaluates XPath 1.0 expressions within bounds: an
// evaluation ends when its context does, takes a limited number of steps
// whatever the expression and the document, and turns what the library panics
// on into errors. It serves any tree that has a navigator: XML and HTML.
package xpathrun

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/antchfx/xpath"

	"github.com/aether-rpa/aether/value"
)

const (
	maxText = 10_000
	// maxSteps is how often an evaluation may move from one node to another:
	// a few seconds of work.
	maxSteps = 400_000_000
	// maxPrefixes bounds the retries that find out which prefixes are used.
	maxPrefixes = 50
)

// Expr is a compiled expression. Evaluations do not change it.
type Expr struct{ x *xpath.Expr }

// Names says how the prefixes of an expression are read.
type Names struct {
	// Spaces gives the namespace of each prefix; nil compares prefixes as
	// they are written.
	Spaces map[string]string
	// Ignore reads every prefix as no namespace, for navigators that show
	// none.
	Ignore bool
}

var unknownPrefix = regexp.MustCompile(`^prefix (.+) not defined\.$`)

// Compile reads an expression. Besides XPath it understands {namespace}name
// and {*}name, the notation of ElementTree.
func Compile(text string, names Names) (*Expr, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("the XPath expression is empty")
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("the XPath expression has more than %d characters", maxText)
	}
	spaces := map[string]string{}
	for p, s := range names.Spaces {
		spaces[p] = s
	}
	text, err := clark(text, spaces)
	if err != nil {
		return nil, err
	}
	if names.Ignore {
		for p := range spaces {
			spaces[p] = ""
		}
	}
	if names.Spaces == nil && len(spaces) == 0 && !names.Ignore {
		spaces = nil
	}
	for range maxPrefixes {
		x, err := xpath.CompileWithNS(text, spaces)
		if err == nil {
			return &Expr{x}, nil
		}
		m := unknownPrefix.FindStringSubmatch(err.Error())
		switch {
		case m == nil:
			return nil, fmt.Errorf("the XPath expression %.100q is wrong: %s", text, strings.TrimSuffix(err.Error(), "."))
		case !names.Ignore:
			return nil, fmt.Errorf("the prefix %.60q of the XPath expression stands for no namespace", m[1])
		}
		spaces[m[1]] = ""
	}
	return nil, errors.New("the XPath expression has too many prefixes")
}

var afterBrace = regexp.MustCompile(`^[\pL_][\pL\pN._-]*`)

// clark replaces {namespace}name by a prefix of its own, outside of quotes.
func clark(text string, spaces map[string]string) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	var out strings.Builder
	made := map[string]string{}
	for i := 0; i < len(text); {
		c := text[i]
		switch c {
		case '"', '\'':
			end := strings.IndexByte(text[i+1:], c)
			if end < 0 {
				return "", errors.New("a quote in the XPath expression is not closed")
			}
			out.WriteString(text[i : i+end+2])
			i += end + 2
			continue
		case '{':
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return "", errors.New("a { in the XPath expression is not closed")
			}
			uri := text[i+1 : i+end]
			i += end + 1
			switch {
			case uri == "*":
				name := afterBrace.FindString(text[i:])
				if name == "" {
					return "", errors.New("the XPath expression has no name after {*}")
				}
				i += len(name)
				fmt.Fprintf(&out, "*[local-name()='%s']", name)
			case uri != "":
				if made[uri] == "" {
					made[uri] = fmt.Sprintf("clark%d", len(made)+1)
					spaces[made[uri]] = uri
				}
				out.WriteString(made[uri] + ":")
			}
			continue
		}
		out.WriteByte(c)
		i++
	}
	return out.String(), nil
}

// Result is what an expression gives: nodes, or one number, text or boolean.
type Result struct {
	Scalar bool
	Value  any // canonical, when Scalar; nil for a number that is none
	Nodes  []xpath.NodeNavigator
}

// Run evaluates the expression from the given place. More than limit nodes are
// left out; 0 means no limit.
func (e *Expr) Run(ctx context.Context, from xpath.NodeNavigator, limit int) (res Result, err error) {
	b := &budget{ctx: ctx, left: maxSteps}
	defer func() {
		if r := recover(); r != nil {
			res, err = Result{}, reason(r)
		}
	}()
	b.check()
	switch v := e.x.Evaluate(&nav{from.Copy(), b}).(type) {
	case *xpath.NodeIterator:
		for v.MoveNext() {
			b.step()
			res.Nodes = append(res.Nodes, v.Current().Copy().(*nav).NodeNavigator)
			if limit > 0 && len(res.Nodes) >= limit {
				break
			}
		}
		return res, nil
	case float64:
		res.Scalar = true
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			res.Value, err = value.Number(v)
		}
		return res, err
	case string, bool:
		return Result{Scalar: true, Value: v}, nil
	case nil:
		return Result{}, nil
	default:
		return Result{}, fmt.Errorf("the XPath expression gives a %T, which is no value", v)
	}
}

// reason returns the error that a panic of the library, or ours, stands for.
func reason(r any) error {
	switch x := r.(type) {
	case stopped:
		return x.err
	case error:
		return fmt.Errorf("the XPath expression cannot be evaluated: %w", x)
	}
	return fmt.Errorf("the XPath expression cannot be evaluated: %v", r)
}

// stopped is what an evaluation panics with to leave the library.
type stopped struct{ err error }

type budget struct {
	ctx  context.Context
	left int
	tick int
}

func (b *budget) step() { b.spend(1) }

func (b *budget) spend(n int) {
	if b.left -= n; b.left < 0 {
		panic(stopped{errors.New("the XPath expression takes too long on this document: make it more exact, or split the document")})
	}
	if b.tick += n; b.tick >= 1<<14 {
		b.check()
	}
}

func (b *budget) check() {
	b.tick = 0
	if err := b.ctx.Err(); err != nil {
		panic(stopped{err})
	}
}

// nav counts the steps of another navigator.
type nav struct {
	xpath.NodeNavigator
	b *budget
}

func (n *nav) Copy() xpath.NodeNavigator { return &nav{n.NodeNavigator.Copy(), n.b} }

func (n *nav) Value() string {
	v := n.NodeNavigator.Value()
	n.b.spend(1 + len(v)/16)
	return v
}

// NamespaceURL is looked for by the library where an expression has prefixes.
func (n *nav) NamespaceURL() string {
	if s, ok := n.NodeNavigator.(interface{ NamespaceURL() string }); ok {
		return s.NamespaceURL()
	}
	return ""
}

func (n *nav) MoveTo(o xpath.NodeNavigator) bool {
	n.b.step()
	if x, ok := o.(*nav); ok {
		o = x.NodeNavigator
	}
	return n.NodeNavigator.MoveTo(o)
}

func (n *nav) MoveToParent() bool        { n.b.step(); return n.NodeNavigator.MoveToParent() }
func (n *nav) MoveToNextAttribute() bool { n.b.step(); return n.NodeNavigator.MoveToNextAttribute() }
func (n *nav) MoveToChild() bool         { n.b.step(); return n.NodeNavigator.MoveToChild() }
func (n *nav) MoveToFirst() bool         { n.b.step(); return n.NodeNavigator.MoveToFirst() }
func (n *nav) MoveToNext() bool          { n.b.step(); return n.NodeNavigator.MoveToNext() }
func (n *nav) MoveToPrevious() bool      { n.b.step(); return n.NodeNavigator.MoveToPrevious() }
