package casare

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// postfix reads an atom with its fields, indexes and calls.
func (p *pyParser) postfix(depth int) (term, error) {
	t, err := p.atom(depth)
	for err == nil {
		switch {
		case p.take("."):
			name := p.peek()
			if name.kind != 'i' {
				return term{}, errors.New("a name must follow after the point")
			}
			p.pos++
			if p.is("(") {
				t, err = p.method(t, name.text, depth)
				continue
			}
			t = term{code: "get(" + t.code + ", " + quote(name.text) + ")", atom: true, safe: t.safe}
		case p.take("["):
			t, err = p.index(t, depth)
		default:
			return t, nil
		}
	}
	return t, err
}

func (p *pyParser) index(t term, depth int) (term, error) {
	var part [3]string
	colons := 0
	for ; ; colons++ {
		if !p.is(":", "]") {
			x, err := p.ternary(depth + 1)
			if err != nil {
				return term{}, err
			}
			part[colons] = x.code
		}
		if colons == 2 || !p.take(":") {
			break
		}
	}
	if err := p.want("]"); err != nil {
		return term{}, err
	}
	if colons == 0 {
		if part[0] == "" {
			return term{}, errors.New("an index is missing")
		}
		return term{code: t.operand() + "[" + part[0] + "]", atom: true}, nil
	}
	out := term{code: t.code, typ: t.typ, atom: t.atom}
	if part[0] != "" || part[1] != "" || part[2] == "" {
		out = term{code: t.operand() + "[" + part[0] + ":" + part[1] + "]", typ: t.typ, atom: true}
	}
	step := part[2]
	if rest, back := strings.CutPrefix(step, "-"); back {
		if part[0]+part[1] != "" {
			return term{}, errors.New("a slice that goes backwards from a place is not supported")
		}
		out, step = term{code: "reverse(" + out.code + ")", typ: t.typ, atom: true}, rest
	}
	if step == "" || step == "1" {
		return out, nil
	}
	if n, err := strconv.Atoi(step); err != nil || n < 1 {
		return term{}, errors.New("the step of a slice must be a whole number that is not 0")
	}
	v := p.fresh("part")
	each := func(list string) string { return "filter(" + list + ", mod(#index, " + step + ") == 0)" }
	return term{code: "(let " + v + " = " + out.code + "; type(" + v + ") == \"string\" ? join(" + each("chars("+v+")") + ", \"\") : " + each(v) + ")", typ: t.typ, atom: true}, nil
}

func (p *pyParser) atom(depth int) (term, error) {
	t := p.peek()
	p.pos++
	switch t.kind {
	case 0:
		p.pos--
		return term{}, errors.New("it ends too early")
	case 'n':
		typ := "int"
		if strings.ContainsAny(t.text, ".eE") {
			typ = "float"
		}
		v, err := number(t.text)
		if err != nil {
			return term{}, err
		}
		return term{code: literal(v).expr(), typ: typ, atom: true, safe: true}, nil
	case 'r':
		return t.term, nil
	case 's', 'f':
		out, err := p.literal(t, depth)
		for err == nil && (p.peek().kind == 's' || p.peek().kind == 'f') { // texts beside each other are one
			var next term
			next, err = p.literal(p.peek(), depth)
			p.pos++
			out = term{code: out.operand() + " + " + next.operand(), typ: "string", safe: out.safe && next.safe}
		}
		return out, err
	case 'i':
		return p.name(t.text, depth)
	}
	switch t.text {
	case "(":
		if list, ok, err := p.comprehension(")", depth); ok || err != nil {
			return list, err
		}
		first, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, err
		}
		if p.is(",") {
			return p.rest(first, ")", depth)
		}
		if err := p.want(")"); err != nil {
			return term{}, err
		}
		return term{code: "(" + first.code + ")", typ: first.typ, atom: true, safe: first.safe, ref: first.ref}, nil
	case "[":
		if p.take("]") {
			return term{code: "[]", typ: "list", atom: true, safe: true}, nil
		}
		if list, ok, err := p.comprehension("]", depth); ok || err != nil {
			return list, err
		}
		first, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, err
		}
		return p.rest(first, "]", depth)
	case "{":
		return p.dict(depth)
	}
	return term{}, fmt.Errorf("%s means nothing there", t.text)
}

// rest reads the other items of a list or tuple.
func (p *pyParser) rest(first term, end string, depth int) (term, error) {
	items, safe := []string{first.code}, first.safe
	for p.take(",") && !p.is(end) {
		x, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, err
		}
		items, safe = append(items, x.code), safe && x.safe
	}
	if err := p.want(end); err != nil {
		return term{}, err
	}
	return term{code: "[" + strings.Join(items, ", ") + "]", typ: "list", atom: true, safe: safe}, nil
}

func (p *pyParser) dict(depth int) (term, error) {
	if all, ok, err := p.comprehension("}", depth); ok || err != nil {
		return all, err
	}
	var items []string
	safe := true
	for !p.take("}") {
		k, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, err
		}
		if items == nil && p.is(",", "}") { // a set
			list, err := p.rest(k, "}", depth)
			return term{code: "unique(" + list.code + ")", typ: "list", atom: true, safe: list.safe}, err
		}
		if err := p.want(":"); err != nil {
			return term{}, err
		}
		v, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, err
		}
		key := k.code
		if !strings.HasPrefix(key, `"`) {
			key = "(string(" + key + "))"
		}
		items, safe = append(items, key+": "+v.code), safe && k.safe && v.safe
		if !p.take(",") {
			if err := p.want("}"); err != nil {
				return term{}, err
			}
			break
		}
	}
	return term{code: "{" + strings.Join(items, ", ") + "}", typ: "dict", atom: true, safe: safe}, nil
}

func excerpt(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "?")); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}
