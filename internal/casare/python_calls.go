package casare

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// pyTypes are the names of types by what type() calls them.
var pyTypes = map[string]string{"int": "int", "float": "float", "str": "string", "bool": "bool", "list": "list", "dict": "map", "tuple": "list", "set": "list"}

func (p *pyParser) name(name string, depth int) (term, error) {
	if t, ok := p.names[name]; ok && !p.is("(") {
		return t, nil
	}
	switch name {
	case "True", "true":
		return term{code: "true", typ: "bool", atom: true, safe: true}, nil
	case "False", "false":
		return term{code: "false", typ: "bool", atom: true, safe: true}, nil
	case "None", "null":
		return term{code: "nil", atom: true, safe: true}, nil
	case "not": // written !
		x, err := p.not(depth + 1)
		return term{code: "not " + x.truth().operand(), typ: "bool", safe: x.safe}, err
	case "lambda", "for", "yield", "await":
		return term{}, fmt.Errorf("%s is not supported", name)
	}
	if p.take("(") {
		args, named, err := p.args(depth)
		if err != nil {
			return term{}, err
		}
		return p.call(name, args, named)
	}
	v, ok := p.c.reference(name, p.at, true)
	if !ok {
		if t := pyTypes[name]; t != "" {
			return term{code: quote(t), typ: "type", atom: true, safe: true}, nil
		}
		return term{}, fmt.Errorf("%s is not known", name)
	}
	return term{code: v.code, typ: v.typ, atom: atom.MatchString(v.code), safe: true}, nil
}

// args reads the arguments of a call up to its bracket.
func (p *pyParser) args(depth int) (out []term, named map[string]term, err error) {
	if list, ok, err := p.comprehension(")", depth); ok || err != nil {
		return []term{list}, nil, err
	}
	for !p.take(")") {
		key := ""
		if t := p.peek(); t.kind == 'i' && p.toks[p.pos+1].kind == 'o' && p.toks[p.pos+1].text == "=" {
			key = t.text
			p.pos += 2
		}
		x, err := p.ternary(depth + 1)
		if err != nil {
			return nil, nil, err
		}
		if key != "" {
			if named == nil {
				named = map[string]term{}
			}
			named[key] = x
		} else {
			out = append(out, x)
		}
		if !p.take(",") {
			if err := p.want(")"); err != nil {
				return nil, nil, err
			}
			break
		}
	}
	return out, named, nil
}

// pyFunctions are functions of Python by what they become: %s stands for the
// arguments, %1 %2 for one of them.
var pyFunctions = map[string]struct{ to, typ string }{
	"len": {"len(%s)", "int"}, "int": {"int(%s)", "int"}, "float": {"float(%s)", "float"}, "bool": {"truthy(%s)", "bool"},
	"abs": {"abs(%s)", "float"}, "min": {"min(%s)", ""}, "max": {"max(%s)", ""}, "sum": {"sum(%1)", "float"},
	"sorted": {"sort(%s)", "list"}, "range": {"range(%s)", "list"}, "reversed": {"reverse(%s)", "list"},
	"any": {"any(%1, truthy(#))", "bool"}, "all": {"all(%1, truthy(#))", "bool"}, "pow": {"pow(%s)", "float"}, "dict": {"from_entries(%1)", "dict"},
	"floor": {"floor(%s)", "int"}, "ceil": {"ceil(%s)", "int"}, "sqrt": {"sqrt(%s)", "float"}, "zip": {"zip(%s)", "list"},
	"enumerate": {"map(%1, [#index, #])", "list"}, "divmod": {"[floor((%1) / (%2)), mod(%s)]", "list"},
	"upper": {"upper(%s)", "string"}, "lower": {"lower(%s)", "string"}, "strip": {"trim(%s)", "string"}, "trim": {"trim(%s)", "string"},
	"startswith": {"starts_with(%s)", "bool"}, "endswith": {"ends_with(%s)", "bool"}, "contains": {"contains(%s)", "bool"},
}

// pyMethods are methods of texts, lists and dictionaries; %0 is the receiver.
var pyMethods = map[string]struct{ to, typ string }{
	"lower/0": {"lower(%0)", "string"}, "upper/0": {"upper(%0)", "string"}, "title/0": {"title(lower(%0))", "string"}, "capitalize/0": {"capitalize(lower(%0))", "string"},
	"casefold/0": {"lower(%0)", "string"}, "strip/0": {"trim(%0)", "string"}, "lstrip/0": {"trim_start(%0)", "string"}, "rstrip/0": {"trim_end(%0)", "string"},
	"strip/1": {"trim(%0, %1)", "string"}, "lstrip/1": {"trim_start(%0, %1)", "string"}, "rstrip/1": {"trim_end(%0, %1)", "string"},
	"startswith/1": {"starts_with(%0, %1)", "bool"}, "endswith/1": {"ends_with(%0, %1)", "bool"}, "replace/2": {"replace(%0, %1, %2)", "string"}, "replace/3": {"replace(%0, %1, %2, %3)", "string"},
	"removeprefix/1": {"trim_prefix(%0, %1)", "string"}, "removesuffix/1": {"trim_suffix(%0, %1)", "string"},
	"split/0": {"words(%0)", "list"}, "split/1": {"split(%0, %1)", "list"}, "split/2": {"split(%0, %1, %2 + 1)", "list"}, "splitlines/0": {"lines(%0)", "list"}, "join/1": {"join(%1, %0)", "string"},
	"find/1": {"index_of(%0, %1)", "int"}, "rfind/1": {"last_index_of(%0, %1)", "int"}, "index/1": {"index_of(%0, %1)", "int"}, "count/1": {"(type(%0) == \"list\" ? count(%0, # == %1) : count_of(%0, %1))", "int"},
	"get/1": {"(%0?.[%1])", ""}, "get/2": {"(%0?.[%1] ?? %2)", ""}, "keys/0": {"keys(%0)", "list"}, "values/0": {"values(%0)", "list"}, "items/0": {"pairs(%0)", "list"}, "copy/0": {"%0", ""},
	"isdigit/0": {"matches(%0, \"^[0-9]+$\")", "bool"}, "isnumeric/0": {"matches(%0, \"^[0-9]+$\")", "bool"}, "isdecimal/0": {"matches(%0, \"^[0-9]+$\")", "bool"}, "isalpha/0": {"matches(%0, \"^\\\\p{L}+$\")", "bool"},
	"isalnum/0": {"matches(%0, \"^[\\\\p{L}0-9]+$\")", "bool"}, "isspace/0": {"matches(%0, \"^\\\\s+$\")", "bool"}, "isupper/0": {"(%0 == upper(%0) and %0 != lower(%0))", "bool"},
	"islower/0": {"(%0 == lower(%0) and %0 != upper(%0))", "bool"}, "zfill/1": {"pad_start(%0, %1, \"0\")", "string"},
	"rjust/1": {"pad_start(%0, %1)", "string"}, "ljust/1": {"pad_end(%0, %1)", "string"}, "rjust/2": {"pad_start(%0, %1, %2)", "string"}, "ljust/2": {"pad_end(%0, %1, %2)", "string"},
}

// call translates a call of a function.
func (p *pyParser) call(name string, args []term, named map[string]term) (term, error) {
	more := func(key string) (term, bool) {
		t, ok := named[key]
		delete(named, key)
		return t, ok
	}
	wrong := fmt.Errorf("the function %s with %d arguments is not supported", name, len(args))
	safe := len(args) > 0 && args[0].safe
	var out term
	switch name {
	case "str":
		if len(args) != 1 {
			return term{}, wrong
		}
		out = term{code: textOfTerm(args[0]), typ: "string", atom: true, safe: safe}
	case "type":
		if len(args) != 1 {
			return term{}, wrong
		}
		out = term{code: "type(" + args[0].code + ")", typ: "type", atom: true, safe: safe}
	case "isinstance":
		if len(args) != 2 {
			return term{}, wrong
		}
		op := " == "
		if args[1].typ == "list" {
			op = " in "
		}
		out = term{code: "(type(" + args[0].code + ")" + op + args[1].code + ")", typ: "bool", atom: true, safe: safe}
	case "round":
		switch {
		case len(args) == 1:
			out = term{code: "python_round(" + args[0].number().code + ")", typ: "int", atom: true}
		case len(args) == 2:
			out = term{code: "python_round(" + args[0].number().code + ", " + args[1].code + ")", typ: "float", atom: true}
		default:
			return term{}, wrong
		}
	case "list", "tuple", "set":
		switch len(args) {
		case 0:
			out = term{code: "[]", typ: "list", atom: true, safe: true}
		case 1:
			out = term{code: p.items(args[0]), typ: "list", atom: true}
			if name == "set" {
				out.code = "unique(" + out.code + ")"
			}
		default:
			return term{}, wrong
		}
	default:
		f, ok := pyFunctions[name]
		if !ok || len(args) == 0 {
			return term{}, wrong
		}
		switch name {
		case "range":
			if len(args) == 1 {
				args = []term{{code: "0"}, args[0]}
			}
		case "sorted":
			args[0] = term{code: p.items(args[0]), atom: true}
			if back, ok := more("reverse"); ok {
				args = append(args, term{code: back.operand() + " ? \"desc\" : \"asc\""})
			}
		}
		out = term{code: fill(f.to, term{}, args), typ: f.typ, atom: true}
		if start := args; name == "sum" && len(start) == 2 {
			out.code = "(" + out.code + " + " + start[1].operand() + ")"
		}
		if other, ok := more("default"); ok && (name == "min" || name == "max") {
			out.code = "(" + out.code + " ?? " + other.operand() + ")"
		}
	}
	for key := range named {
		return term{}, fmt.Errorf("the argument %s of %s is not supported", key, name)
	}
	return out, nil
}

// textOfTerm writes a value as text the way Python does.
func textOfTerm(t term) string {
	switch t.typ {
	case "bool", "list", "dict":
		return "python_str(" + t.code + ")"
	}
	return "string(" + t.code + ")"
}

func (p *pyParser) method(on term, name string, depth int) (term, error) {
	p.pos++ // the bracket
	args, named, err := p.args(depth)
	if err != nil {
		return term{}, err
	}
	if name == "format" && on.typ == "string" {
		return p.format(on, args, named)
	}
	if len(named) > 0 {
		return term{}, errors.New("named arguments of methods are not supported")
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
