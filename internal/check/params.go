package check

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/value"
)

// node checks a node by itself: its type, its params and its policies.
func (c *checker) node(n *info) {
	at := place{node: n, path: n.path + ".params"}
	if n.def == nil {
		c.unknownType(n)
		for _, k := range slices.Sorted(maps.Keys(n.n.Params)) {
			c.templates(place{node: n, param: k, path: at.path + "." + k}, n.n.Params[k])
		}
		return
	}
	if n.is("flow.missing") {
		c.on(n, flow.Warning, MissingNode, "", "this node stands for one that could not be translated; the flow fails if it is reached", "replace it, or disable it")
	}
	before := len(c.bad)
	scratch := n.def.In.New().Elem()
	for _, f := range n.def.In.Fields {
		v, given := n.n.Params[f.Name]
		if f.Required && v == nil {
			c.missing(place{node: n, param: f.Name, path: at.path}, at.path, f)
		}
		if given {
			p := place{node: n, param: f.Name, path: at.path + "." + f.Name}
			p.bound = f.Kind != schema.Expression && holds(f, schema.Expression)
			c.value(p, slotOf(f, scratch), v)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(n.n.Params)) {
		if n.def.In.Field(k) == nil {
			c.unknownParam(n, at.path, k, n.def.In.Names())
		}
	}
	if !slices.ContainsFunc(c.bad[before:], func(p flow.Problem) bool { return p.Severity == flow.Error }) {
		c.together(n)
	}
	c.policies(n)
	switch {
	case n.is("flow.call"):
		c.call(n)
	case n.is("flow.return"):
		c.returns(n)
	}
}

func (c *checker) unknownType(n *info) {
	if c.types == nil {
		for _, d := range c.reg.All() {
			c.types = append(append(c.types, d.Type), d.Aliases...)
		}
	}
	hint := "`aether node list` shows all types"
	if near := c.near(n.n.Type, c.types, false); near != "" {
		hint = near
	}
	c.on(n, flow.Error, UnknownType, "type", "there is no node type "+excerpt(n.n.Type), hint)
}

func (c *checker) unknownParam(n *info, path, name string, names []string) {
	hint := c.near(name, names, false)
	switch {
	case len(names) == 0:
		hint = "it has no params"
	case hint == "":
		hint = "its params are " + strings.Join(names, ", ")
	}
	c.reportAt(place{node: n, param: excerpt(name)}, c.f.AtKey(path, name), flow.Error, UnknownParam, fmt.Sprintf("%s has no param %s", n.def.Type, excerpt(name)), hint)
	c.takeOut(path, name)
}

// missing tells of a field that is not given in the map at a path.
func (c *checker) missing(at place, within string, f *schema.Field) {
	doc, _, _ := strings.Cut(f.Doc, ". ")
	c.report(at, flow.Error, MissingParam, f.Name+" must be given", strings.TrimSuffix(doc, "."))
	c.bad.Mend(flow.Remedy{Title: "Add " + f.Name, Do: flow.Add, Path: within, Key: f.Name, Value: first(f)})
}

// takeOut says that an entry nobody knows may go, unless the hint names what
// was meant.
func (c *checker) takeOut(path, name string) {
	if !strings.HasPrefix(c.bad[len(c.bad)-1].Hint, "did you mean ") {
		c.mend("Take out "+excerpt(name), flow.Remove, path+"."+name, nil)
	}
}

// first returns what a param that is added begins with: its default, or the
// plainest value it can have.
func first(f *schema.Field) any {
	switch {
	case f.Default != nil:
		return f.Default
	case len(f.Enum) > 0 && f.Kind == schema.String:
		return f.Enum[0]
	}
	switch f.Kind {
	case schema.Int, schema.Number:
		if f.Min != nil {
			if n, err := value.Number(*f.Min); err == nil {
				return n
			}
		}
		return 0
	case schema.Bool:
		return false
	case schema.Duration:
		return "1s"
	case schema.List, schema.Rows:
		return []any{}
	case schema.Map:
		return map[string]any{}
	case schema.Object:
		m := map[string]any{}
		for _, sub := range f.Fields {
			if sub.Required {
				m[sub.Name] = first(sub)
			}
		}
		return m
	case schema.Secret:
		return map[string]any{"secret": "NAME"}
	}
	return ""
}

// holds reports whether the field or one inside it is of a kind.
func holds(f *schema.Field, k schema.Kind) bool {
	return f.Kind == k || f.Elem != nil && holds(f.Elem, k) || slices.ContainsFunc(f.Fields, func(s *schema.Field) bool { return holds(s, k) })
}

// slot is where a value is put for a try: a field of a scratch struct, or an
// element of a list or map in one.
type slot struct {
	f    *schema.Field
	t    reflect.Type
	name string // how errors of set begin
	set  func(v any) error
}

func slotOf(f *schema.Field, host reflect.Value) slot {
	return slot{f, f.In(host).Type(), f.Name, func(v any) error { return f.Set(host, v) }}
}

// plain returns the slot's type without pointers.
func (s slot) plain() reflect.Type {
	if s.t.Kind() == reflect.Pointer {
		return s.t.Elem()
	}
	return s.t
}

func (s slot) item() slot {
	return slot{s.f.Elem, s.plain().Elem(), s.name + "[0]", func(v any) error { return s.set([]any{v}) }}
}

func (s slot) entry(key string) slot {
	return slot{s.f.Elem, s.plain().Elem(), s.name + "." + key, func(v any) error { return s.set(map[string]any{key: v}) }}
}

// value checks v for a slot.
func (c *checker) value(at place, to slot, v any) {
	f := to.f
	if v == nil {
		return
	}
	if f.Raw {
		c.literal(at, to, v)
		return
	}
	if len(f.Locals) > 0 {
		at.locals = f.Locals
	}
	if f.Kind == schema.Expression {
		c.expression(at, v)
		return
	}
	switch x := v.(type) {
	case string:
		switch {
		case isTemplate(x):
			c.computed(at, f, x)
			return
		case f.Kind == schema.Secret:
			c.report(at, flow.Warning, SecretText, "a secret is written into the flow, where everybody who reads the file sees it", "store it as a secret and write {secret: NAME}")
			return
		}
	case map[string]any:
		switch {
		case f.Kind == schema.Secret:
			c.secret(at, x)
			return
		case f.Kind == schema.Object && to.plain().Kind() == reflect.Struct:
			c.object(at, f, reflect.New(to.plain()).Elem(), x)
			return
		case f.Kind == schema.Map && f.Elem != nil:
			for _, k := range slices.Sorted(maps.Keys(x)) {
				c.value(at.field(k), to.entry(k), x[k])
			}
			return
		case f.Kind == schema.Map, f.Kind == schema.Any:
			c.templates(at, x)
			return
		}
	case []any:
		switch {
		case f.Kind == schema.List && f.Elem != nil:
			for i, e := range x {
				c.element(at.item(i), to, e)
			}
			return
		case f.Kind == schema.List, f.Kind == schema.Rows, f.Kind == schema.Any:
			c.templates(at, x)
			return
		}
	}
	c.literal(at, to, v)
}

// computed checks a text with expressions that is given for the field.
func (c *checker) computed(at place, f *schema.Field, text string) {
	if at.bound {
		c.report(at, flow.Error, NoTemplate, "this is taken as it is written, so it cannot be an expression", "write a plain value; only the parts that the node evaluates itself may hold {{ }}")
		return
	}
	t := c.template(at, text)
	if t == nil {
		return
	}
	if have := c.kindOf(t); have != "" && cannotBe(have, f) {
		c.report(at, flow.Error, TypeMismatch, fmt.Sprintf("%s is %s, and %s takes %s", excerpt(text), kindWords(have), at.param, paramWords(f)), "")
	}
}

// element checks one element of a list.
func (c *checker) element(at place, list slot, v any) {
	if s, ok := v.(string); ok && len(list.f.Enum) > 0 && !isTemplate(s) && !slices.Contains(list.f.Enum, s) {
		c.report(at, flow.Error, WrongValue, fmt.Sprintf("%s must be one of %s, not %s", at.param, strings.Join(list.f.Enum, ", "), show(v)), c.near(s, list.f.Enum, false))
		return
	}
	c.value(at, list.item(), v)
}

// object checks a map with declared fields.
func (c *checker) object(at place, f *schema.Field, host reflect.Value, m map[string]any) {
	names := make([]string, len(f.Fields))
	known := make(map[string]bool, len(f.Fields))
	for i, sub := range f.Fields {
		names[i], known[sub.Name] = sub.Name, true
		v, given := m[sub.Name]
		if sub.Required && v == nil {
			c.missing(at.field(sub.Name), at.path, sub)
		}
		if given {
			p := at.field(sub.Name)
			p.locals = nil
			c.value(p, slotOf(sub, host), v)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !known[k] {
			hint := c.near(k, names, false)
			if hint == "" {
				hint = "it can have " + strings.Join(names, ", ")
			}
			p := at.field(excerpt(k))
			c.reportAt(p, c.f.AtKey(at.path, k), flow.Error, UnknownParam, fmt.Sprintf("%s has no field %s", at.param, excerpt(k)), hint)
			c.takeOut(at.path, k)
		}
	}
}

// literal tries to set the slot, which tells whether the value fits.
func (c *checker) literal(at place, to slot, v any) {
	err := to.set(v)
	if err == nil {
		return
	}
	rule, hint := WrongType, ""
	if choice := to.f.Check(v); choice != nil {
		rule = WrongValue
		if s, ok := v.(string); ok && len(to.f.Enum) > 0 {
			hint = c.near(s, to.f.Enum, false)
		}
	}
	if m, ok := v.(map[string]any); ok && len(m) == 1 && m["secret"] != nil {
		hint = "this param takes no secret"
	}
	msg := err.Error()
	if rest, ok := strings.CutPrefix(msg, to.name); ok {
		msg = at.param + rest
	}
	c.report(at, flow.Error, rule, msg, hint)
}

func (c *checker) secret(at place, m map[string]any) {
	name, ok := m["secret"].(string)
	switch {
	case !ok || name == "" || len(m) != 1:
		c.report(at, flow.Error, WrongType, "a secret is written {secret: NAME}", "")
	case isTemplate(name):
		c.report(at, flow.Error, NoTemplate, "the name of a secret is plain text", "write {secret: NAME}")
	}
}

// expression checks a param that the node evaluates itself.
func (c *checker) expression(at place, v any) {
	at.lazy = true
	s, ok := v.(string)
	switch {
	case !ok:
		if holdsTemplate(v) {
			c.report(at, flow.Error, NoTemplate, "expressions inside a list or map are not evaluated here", "write one expression for all of it: '{{ [..] }}' or '{{ {a: ..} }}'")
		}
	case isTemplate(s):
		c.template(at, s)
	case readsSomething(s, at.locals):
		c.report(at, flow.Warning, NotExpression, fmt.Sprintf("this is the text %q, not an expression", excerpt(s)), fmt.Sprintf("write '{{ %s }}'", excerpt(s)))
		c.mend("Make it an expression", flow.Write, at.path, "{{ "+s+" }}")
	}
}

// readsSomething reports whether the text would be an expression if there were
// braces around it: it names a path with a dot, or a local with an operator.
func readsSomething(s string, locals []string) bool {
	if len(s) > 1000 || !strings.ContainsAny(s, ".=<>([") {
		return false
	}
	t, err := expr.CompileWith("{{ "+s+" }}", locals...)
	if err != nil {
		return false
	}
	if len(t.Refs()) > 0 {
		return true
	}
	for _, l := range locals {
		if strings.HasPrefix(s, l) {
			return true
		}
	}
	return false
}
