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
	var from, to string
	if !p.is(":") {
		x, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, err
		}
		from = x.code
	}
	if !p.take(":") {
		if err := p.want("]"); err != nil {
			return term{}, err
		}
		return term{code: t.operand() + "[" + from + "]", atom: true}, nil
	}
	if !p.is("]") {
		x, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, err
		}
		to = x.code
	}
	if err := p.want("]"); err != nil {
		return term{}, err
	}
	return term{code: t.operand() + "[" + from + ":" + to + "]", typ: t.typ, atom: true}, nil
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
	case 's':
		for p.peek().kind == 's' { // texts beside each other are one
			next := p.peek()
			p.pos++
			t.term = term{code: t.term.operand() + " + " + next.term.operand(), typ: "string", safe: true}
		}
		return t.term, nil
	case 'i':
		return p.name(t.text, depth)
	}
	switch t.text {
	case "(":
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
	if p.is("for") {
		return term{}, errors.New("comprehensions are not supported")
	}
	if err := p.want(end); err != nil {
		return term{}, err
	}
	return term{code: "[" + strings.Join(items, ", ") + "]", typ: "list", atom: true, safe: safe}, nil
}

func (p *pyParser) dict(depth int) (term, error) {
	var items []string
	safe := true
	for !p.take("}") {
		k, err := p.ternary(depth + 1)
		if err != nil {
			return term{}, err
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

func (p *pyParser) name(name string, depth int) (term, error) {
	switch name {
	case "True", "true":
		return term{code: "true", typ: "bool", atom: true, safe: true}, nil
	case "False", "false":
		return term{code: "false", typ: "bool", atom: true, safe: true}, nil
	case "None", "null":
		return term{code: "nil", atom: true, safe: true}, nil
	case "lambda", "for", "yield", "await":
		return term{}, fmt.Errorf("%s is not supported", name)
	}
	if p.take("(") {
		args, err := p.args(depth)
		if err != nil {
			return term{}, err
		}
		return call(name, args)
	}
	v, ok := p.c.reference(name, p.at, true)
	if !ok {
		return term{}, fmt.Errorf("%s is not known", name)
	}
	return term{code: v.code, typ: v.typ, atom: atom.MatchString(v.code), safe: true}, nil
}

func (p *pyParser) args(depth int) ([]term, error) {
	var out []term
	for !p.take(")") {
		x, err := p.ternary(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.is("=") {
			return nil, errors.New("named arguments are not supported")
		}
		out = append(out, x)
		if !p.take(",") {
			if err := p.want(")"); err != nil {
				return nil, err
			}
			break
		}
	}
	return out, nil
}

// pyFunctions are functions of Python by what they become: %s stands for the
// arguments, %1 %2 for one of them.
var pyFunctions = map[string]struct{ to, typ string }{
	"len": {"len(%s)", "int"}, "int": {"int(%s)", "int"}, "float": {"float(%s)", "float"}, "str": {"string(%s)", "string"}, "bool": {"truthy(%s)", "bool"},
	"abs": {"abs(%s)", "float"}, "round": {"round(%s)", "float"}, "min": {"min(%s)", ""}, "max": {"max(%s)", ""}, "sum": {"sum(%s)", "float"},
	"sorted": {"sort(%s)", "list"}, "range": {"range(%s)", "list"}, "list": {"(%1)", "list"}, "reversed": {"reverse(%s)", "list"}, "set": {"unique(%s)", "list"},
	"any": {"any(%1, truthy(#))", "bool"}, "all": {"all(%1, truthy(#))", "bool"}, "pow": {"pow(%s)", "float"}, "tuple": {"(%1)", "list"}, "dict": {"(%1)", "dict"},
	"floor": {"floor(%s)", "int"}, "ceil": {"ceil(%s)", "int"}, "sqrt": {"sqrt(%s)", "float"},
	"upper": {"upper(%s)", "string"}, "lower": {"lower(%s)", "string"}, "strip": {"trim(%s)", "string"},
}

// pyMethods are methods of texts, lists and dictionaries; %0 is the receiver.
var pyMethods = map[string]struct{ to, typ string }{
	"lower/0": {"lower(%0)", "string"}, "upper/0": {"upper(%0)", "string"}, "title/0": {"title(%0)", "string"}, "capitalize/0": {"capitalize(lower(%0))", "string"},
	"strip/0": {"trim(%0)", "string"}, "lstrip/0": {"trim_start(%0)", "string"}, "rstrip/0": {"trim_end(%0)", "string"},
	"strip/1": {"trim(%0, %1)", "string"}, "lstrip/1": {"trim_start(%0, %1)", "string"}, "rstrip/1": {"trim_end(%0, %1)", "string"},
	"startswith/1": {"starts_with(%0, %1)", "bool"}, "endswith/1": {"ends_with(%0, %1)", "bool"}, "replace/2": {"replace(%0, %1, %2)", "string"},
	"split/0": {"words(%0)", "list"}, "split/1": {"split(%0, %1)", "list"}, "splitlines/0": {"lines(%0)", "list"}, "join/1": {"join(%1, %0)", "string"},
	"find/1": {"index_of(%0, %1)", "int"}, "index/1": {"index_of(%0, %1)", "int"}, "count/1": {"(type(%0) == \"list\" ? count(%0, # == %1) : count_of(%0, %1))", "int"},
	"get/1": {"(%0?.[%1])", ""}, "get/2": {"(%0?.[%1] ?? %2)", ""}, "keys/0": {"keys(%0)", "list"}, "values/0": {"values(%0)", "list"}, "items/0": {"pairs(%0)", "list"},
	"isdigit/0": {"matches(%0, \"^[0-9]+$\")", "bool"}, "isnumeric/0": {"matches(%0, \"^[0-9]+$\")", "bool"}, "isalpha/0": {"matches(%0, \"^\\\\p{L}+$\")", "bool"},
	"isalnum/0": {"matches(%0, \"^[\\\\p{L}0-9]+$\")", "bool"}, "isspace/0": {"matches(%0, \"^\\\\s+$\")", "bool"}, "isupper/0": {"(%0 == upper(%0) and %0 != lower(%0))", "bool"},
	"islower/0": {"(%0 == lower(%0) and %0 != upper(%0))", "bool"}, "zfill/1": {"pad_start(%0, %1, \"0\")", "string"},
}

func call(name string, args []term) (term, error) {
	f, ok := pyFunctions[name]
	if !ok || len(args) == 0 {
		return term{}, fmt.Errorf("the function %s with %d arguments is not supported", name, len(args))
	}
	if name == "range" && len(args) == 1 {
		args = []term{{code: "0"}, args[0]}
	}
	return term{code: fill(f.to, term{}, args), typ: f.typ, atom: true}, nil
}

func (p *pyParser) method(on term, name string, depth int) (term, error) {
	p.pos++ // the bracket
	args, err := p.args(depth)
	if err != nil {
		return term{}, err
	}
	f, ok := pyMethods[name+"/"+strconv.Itoa(len(args))]
	if !ok {
		return term{}, fmt.Errorf("the method %s with %d arguments is not supported", name, len(args))
	}
	return term{code: fill(f.to, on, args), typ: f.typ, atom: true}, nil
}

func fill(pattern string, on term, args []term) string {
	all := make([]string, len(args))
	pairs := []string{"%0", on.operand()}
	for i, a := range args {
		all[i] = a.code
		pairs = append(pairs, "%"+strconv.Itoa(i+1), a.code)
	}
	return strings.NewReplacer(append(pairs, "%s", strings.Join(all, ", "))...).Replace(pattern)
}

func excerpt(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "?")); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}
