package expr

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

const (
	clockHint  = "expressions are computed again on replay; use run.started_at, or a date.now node whose output you read here"
	randomHint = "expressions are computed again on replay; use a random node and read its output here"
	envHint    = "expressions cannot read the environment; pass the value in as an input or a variable"
)

// impure are names people expect and that cannot be, with what to do instead.
var impure = map[string]string{
	"now": clockHint, "today": clockHint, "time": clockHint, "timestamp": clockHint, "utcnow": clockHint, "$now": clockHint, "$today": clockHint,
	"random": randomHint, "rand": randomHint, "random_int": randomHint, "randomInt": randomHint, "uuid": randomHint, "guid": randomHint, "uuid4": randomHint, "shuffle": randomHint, "sample": randomHint, "nanoid": randomHint,
	"env": envHint, "getenv": envHint, "$env": envHint, "process": envHint, "secrets": "secrets are handed to nodes as credentials, never to expressions",
}

// strangers are names from other tools.
var strangers = map[string]string{
	"$json": "write nodes.<name>.<field> for a step's output, or loop.item", "$node": "write nodes.<name>.<field>", "$input": "write inputs.<name>",
	"$vars": "write vars.<name>", "$item": "write loop.item", "item": "write loop.item, or # inside filter and map", "this": "write vars.<name>, or # inside filter and map",
	"undefined": "write nil", "None": "write nil", "null": "write nil", "True": "write true", "False": "write false", "$execution": "write run.<fact>", "$workflow": "write flow.<fact>",
	"steps": "write nodes.<name>", "workflow": "write flow", "input": "write inputs.<name>", "params": "write inputs.<name>", "err": "write error",
}

func unknownName(name string, lets []string) *Error {
	e := fail("%s is not known", excerpt(name, 40))
	if h := impure[name]; h != "" {
		e.Msg = excerpt(name, 40) + " is not available in expressions"
		return e.hint("%s", h)
	}
	if h := strangers[name]; h != "" {
		return e.hint("%s", h)
	}
	if functionNamed(name) != nil || isPredicate(name) {
		e.Msg = name + " is a function"
		return e.hint("write %s(...)", name)
	}
	if n := nearest(name, append(roots[:len(roots):len(roots)], lets...)); n != "" {
		return e.hint("did you mean %s?", n)
	}
	return e.hint("an expression starts from %s; put text in quotes", strings.Join(roots, ", "))
}

func unknownFunction(name string) *Error {
	name = unmask(name)
	e := fail("there is no function %s", excerpt(name, 40))
	if h := impure[name]; h != "" {
		e.Msg = excerpt(name, 40) + "() is not available in expressions"
		return e.hint("%s", h)
	}
	if n := nearest(name, functionNames()); n != "" {
		return e.hint("did you mean %s?", n)
	}
	return e.hint("the functions are listed in the expressions reference")
}

func isPredicate(name string) bool {
	_, ok := predicates[name]
	return ok
}

// function checks a call and builds it.
func (b *builder) function(name string, argv []ast.Node, pos, depth int) (node, error) {
	f := functionNamed(name)
	if f == nil {
		return nil, at(unknownFunction(name), pos)
	}
	if len(argv) < f.min || (f.max >= 0 && len(argv) > f.max) {
		return nil, at(fail("%s needs %s, not %d", f.Name, f.wanted(), len(argv)).hint("write %s", f.Signature), pos)
	}
	all, err := b.all(depth, argv...)
	if err != nil {
		return nil, err
	}
	if f.Name == ifError {
		return &ifErrorNode{pair{x: all[0], y: all[1], pos: pos}}, nil
	}
	n := &callNode{f: f, args: all, pos: pos}
	if f.pattern > 0 && f.pattern < len(all) {
		if c, ok := all[f.pattern].(constNode); ok {
			if s, ok := c.v.(string); ok {
				if n.re, err = compilePattern(s); err != nil {
					return nil, at(err, pos)
				}
			}
		}
	}
	return n, nil
}
