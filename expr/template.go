package expr

import (
	"context"
	"strings"
)

// Template is a compiled param text. It is immutable and safe for concurrent use.
type Template struct {
	text   string
	parts  []part
	nodes  []node // one for each part; nil for literals
	single bool
	path   *pathNode // set when the template is one bare member chain
	refs   []Ref
	vars   int // slots for let
	scopes int // slots for predicates
}

// Position is a place in a param's text: a byte offset, and a line and column
// that count from 1.
type Position struct{ Offset, Line, Col int }

// IsTemplate reports whether text has anything to evaluate.
func IsTemplate(text string) bool { return strings.Contains(text, "{{") }

// Compile parses a param's text; equal texts share one Template. Its errors
// are *Error.
//
// A text that is exactly one {{ }} keeps the type of its expression. Any other
// text, even one with a single space around the braces, becomes a string: nil
// gives nothing, numbers and booleans are written plainly, lists and maps as
// compact JSON with sorted keys.
func Compile(text string) (*Template, error) { return CompileWith(text) }

// CompileWith is Compile for a text that may also start from the given names,
// such as item and index: the caller puts their values into the root.
func CompileWith(text string, locals ...string) (*Template, error) {
	key := text
	if len(locals) > 0 {
		key = strings.Join(locals, ",") + "\x00" + text
	}
	if t := compiled.get(key); t != nil {
		return t, nil
	}
	t, err := compile(text, locals)
	if err != nil {
		return nil, err
	}
	compiled.put(key, t)
	return t, nil
}

func compile(text string, locals []string) (t *Template, err error) {
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, internalError(text, r)
		}
	}()
	t = &Template{text: text}
	if !IsTemplate(text) {
		t.parts, t.nodes = []part{{lit: text}}, []node{nil}
		return t, nil
	}
	if len(text) > maxText {
		return nil, atByte(text, strings.Index(text, "{{"), "the text is too long", "read long texts from a file, and keep the expressions short")
	}
	if t.parts, err = split(text); err != nil {
		return nil, err
	}
	t.single = len(t.parts) == 1
	t.nodes = make([]node, len(t.parts))
	count := 0
	where := Position{0, 1, 1}
	for i, p := range t.parts {
		if !p.expr {
			continue
		}
		where = advance(where, text, p.off)
		tree, err := parse(p.src)
		if err != nil {
			return nil, place(err, text, p)
		}
		b := builder{count: &count, locals: locals}
		n, err := b.build(tree, 0)
		if err != nil {
			return nil, place(err, text, p)
		}
		t.nodes[i] = n
		t.vars = max(t.vars, b.maxVars)
		t.scopes = max(t.scopes, b.maxScopes)
		t.refs = append(t.refs, findRefs(tree, text, p, where, t.single)...)
	}
	if t.single {
		t.path, _ = t.nodes[0].(*pathNode)
	}
	return t, nil
}

// internalError covers faults of the parser or of this package. What was
// recovered may show Go internals, so it is not repeated.
func internalError(text string, _ any) *Error {
	return atByte(text, max(0, strings.Index(text, "{{")), "the expression could not be handled", "simplify it, and please report this text as a bug")
}

// Text is the text the template was compiled from.
func (t *Template) Text() string { return t.text }

// Single reports whether the text is exactly one {{ }}, so that the result
// keeps its type.
func (t *Template) Single() bool { return t.single }

// Path gives the member chain when the template is nothing else, such as
// nodes, read, rows for {{ nodes.read.rows }}. The caller must not change it.
func (t *Template) Path() ([]string, bool) {
	if t.path == nil {
		return nil, false
	}
	return t.path.keys, true
}

// Eval computes the template against root. A value that is still a Lazy is an
// error; use EvalLazy where there may be some. Eval never changes root, and a
// bare path gives back the very value it finds there.
func (t *Template) Eval(root map[string]any) (any, error) {
	if t.path != nil {
		v, err := t.path.find(root)
		if err != nil {
			return nil, place(err, t.text, t.parts[0])
		}
		return v, nil
	}
	return t.run(newState(root))
}

// EvalLazy is Eval with every Lazy the expression comes across loaded, each at
// most once; the result holds no Lazy anywhere. Root is not changed.
func (t *Template) EvalLazy(ctx context.Context, root map[string]any) (any, error) {
	st := newState(root)
	st.ctx = ctx
	return t.run(st)
}

func (t *Template) run(st *state) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, internalError(t.text, r)
		}
		// After a panic the state may be inconsistent, but release clears it.
		st.release()
	}()
	st.size(t.vars, t.scopes)
	if t.single {
		v, err = t.result(st, t.nodes[0])
		if err != nil {
			return nil, place(err, t.text, t.parts[0])
		}
		return v, nil
	}
	if len(t.parts) == 1 {
		return t.parts[0].lit, nil
	}
	var out []byte
	for i := range t.parts {
		if t.nodes[i] == nil {
			out = append(out, t.parts[i].lit...)
			continue
		}
		n := len(out)
		v, err := t.nodes[i].eval(st)
		if err == nil {
			out, err = st.appendText(out, v)
		}
		if err == nil && len(out) > maxOutput {
			err = st.checkOutput(string(out))
		}
		if err == nil {
			err = st.grow(len(out) - n)
		}
		if err != nil {
			return nil, place(at(err, 0), t.text, t.parts[i])
		}
	}
	return string(out), nil
}

func (t *Template) result(st *state, n node) (any, error) {
	v, err := n.eval(st)
	if err != nil {
		return nil, err
	}
	if st.ctx != nil {
		if v, err = st.deep(v, 0); err != nil {
			return nil, err
		}
	}
	switch v := v.(type) {
	case float64:
		return number(v), nil
	case []any, map[string]any:
		if st.built {
			if err := st.checkOutput(v); err != nil {
				return nil, err
			}
		}
	case string:
		if len(v) > maxOutput {
			return nil, st.checkOutput(v)
		}
	}
	return v, nil
}
