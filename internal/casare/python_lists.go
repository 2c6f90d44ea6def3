package casare

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// items returns what Python goes through when it iterates over a value: the
// keys of a dictionary, the characters of a text.
func (p *pyParser) items(t term) string {
	switch t.typ {
	case "list":
		return t.code
	case "dict":
		return "keys(" + t.code + ")"
	case "string":
		return "chars(" + t.code + ")"
	}
	v := p.fresh("all")
	return "(let " + v + " = " + t.code + "; type(" + v + ") == \"map\" ? keys(" + v + ") : type(" + v + ") == \"string\" ? chars(" + v + ") : " + v + ")"
}

// clause is one for of a comprehension, with its ifs.
type clause struct {
	over string // list expression
	bind string // let of the names, over #
	cond string // "" if all items are taken
}

// comprehension reads what stands before end if it has a for in it: a list, a
// generator, a dictionary or a set. ok is false if it has none, and nothing is
// read then. What it computes comes before its names in the text, so the fors
// are read first.
func (p *pyParser) comprehension(end string, depth int) (out term, ok bool, err error) {
	at := p.findFor(end)
	if at < 0 {
		return term{}, false, nil
	}
	if depth > maxPython {
		return term{}, true, errDepth
	}
	start, around := p.pos, p.names
	p.names = maps.Clone(p.names)
	defer func() { p.names = around }()
	p.pos = at
	var all []clause
	for p.take("for") {
		c, err := p.clause(depth + 1)
		if err != nil {
			return term{}, true, err
		}
		all = append(all, c)
	}
	if err := p.want(end); err != nil {
		return term{}, true, err
	}
	after := p.pos
	p.pos = start
	item, err := p.ternary(depth + 1)
	if err != nil {
		return term{}, true, err
	}
	typ := "list"
	if end == "}" && p.take(":") {
		value, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, true, err
		}
		typ, item.code = "dict", "["+item.code+", "+value.code+"]"
	}
	if p.pos != at {
		return term{}, true, errors.New("for stands where it cannot be read")
	}
	p.pos = after
	code := item.code
	for _, c := range slices.Backward(all) {
		over := c.over
		if c.cond != "" {
			over = "filter(" + over + ", " + c.bind + c.cond + ")"
		}
		code = "map(" + over + ", " + c.bind + code + ")"
	}
	for range all[1:] {
		code = "flatten(" + code + ", 1)"
	}
	switch {
	case typ == "dict":
		code = "from_entries(" + code + ")"
	case end == "}":
		code = "unique(" + code + ")"
	}
	return term{code: code, typ: typ, atom: true}, true, nil
}

// findFor returns the place of a for before the bracket that ends what is
// being read, or -1.
func (p *pyParser) findFor(end string) int {
	level := 0
	for i := p.pos; i < len(p.toks); i++ {
		t := p.toks[i]
		switch {
		case t.kind == 'i' && t.text == "for" && level == 0 && i > p.pos:
			return i
		case t.kind != 'o':
		case strings.Contains("([{", t.text):
			level++
		case strings.Contains(")]}", t.text):
			if level == 0 {
				return -1
			}
			level--
		case t.text == "," && level == 0 && end != ")": // [a, b for ...] is none
			return -1
		}
	}
	return -1
}

// clause reads names in list, with the ifs that follow, and binds the names.
func (p *pyParser) clause(depth int) (clause, error) {
	var names []string
	bracket := p.take("(")
	for {
		t := p.peek()
		if t.kind != 'i' {
			return clause{}, errors.New("a name must follow after for")
		}
		p.pos++
		names = append(names, t.text)
		if !p.take(",") {
			break
		}
	}
	if bracket {
		if err := p.want(")"); err != nil {
			return clause{}, err
		}
	}
	if err := p.want("in"); err != nil {
		return clause{}, err
	}
	list, err := p.or(depth)
	if err != nil {
		return clause{}, err
	}
	c := clause{over: p.items(list)}
	for i, n := range names {
		v := p.fresh(n)
		from := "#"
		if len(names) > 1 {
			from = "#[" + literal(i).expr() + "]"
		}
		c.bind += "let " + v + " = " + from + "; "
		p.names[n] = term{code: v, atom: true, safe: true}
	}
	var conds []string
	for p.take("if") {
		t, err := p.or(depth)
		if err != nil {
			return clause{}, err
		}
		t = t.truth()
		conds = append(conds, t.operand())
	}
	c.cond = strings.Join(conds, " and ")
	return c, nil
}
