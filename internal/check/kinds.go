package check

import (
	"strings"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/value"
)

func isTemplate(s string) bool { return expr.IsTemplate(s) }

// holdsTemplate reports whether there is an expression anywhere in v.
func holdsTemplate(v any) bool {
	switch x := v.(type) {
	case string:
		return isTemplate(x)
	case []any:
		for _, e := range x {
			if holdsTemplate(e) {
				return true
			}
		}
	case map[string]any:
		for _, e := range x {
			if holdsTemplate(e) {
				return true
			}
		}
	}
	return false
}

func equal(a, b any) bool { return value.Equal(a, b) }

// show prints a value in a sentence.
func show(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	b, err := value.JSON(v)
	if err != nil {
		return "a " + value.Kind(v)
	}
	return excerpt(string(b))
}

func showAll(list []any) string {
	all := make([]string, 0, len(list))
	for _, v := range list {
		if len(all) == 12 {
			all = append(all, "…")
			break
		}
		all = append(all, show(v))
	}
	return strings.Join(all, ", ")
}

// simple reduces kinds to the types of values; "" is for those that are only
// known when the flow runs.
func simple(k schema.Kind) string {
	switch k {
	case schema.String, schema.Duration, schema.Secret:
		return "string"
	case schema.Int:
		return "int"
	case schema.Number:
		return "number"
	case schema.Bool:
		return "bool"
	case schema.List, schema.Rows:
		return "list"
	case schema.Map, schema.Object:
		return "map"
	}
	return ""
}

var words = map[string]string{"string": "text", "int": "a whole number", "number": "a number", "bool": "true or false", "list": "a list", "map": "a map"}

func kindWords(typ string) string { return words[typ] }

func typeWords(typ string) string { return words[typ] }

// wrongType reports whether a value of one type can never be given for a
// declared type of a flow's input or output.
func wrongType(have, want string) bool {
	if have == "" || want == "" || want == "any" || have == want {
		return false
	}
	number := (have == "int" || have == "number") && (want == "int" || want == "number")
	return !number // a number may happen to be whole
}

// cannotBe reports whether a value of one type can never be converted to the
// param's type.
func cannotBe(have string, f *schema.Field) bool {
	structured := have == "list" || have == "map"
	switch f.Kind {
	case schema.String, schema.Secret:
		return structured
	case schema.Int, schema.Number, schema.Duration:
		return structured || have == "bool"
	case schema.Bool:
		return structured
	case schema.Rows:
		return have != "list"
	case schema.List:
		if f.Elem != nil && f.Elem.Kind == schema.String {
			return have == "map" // text is taken for a list of one
		}
		return have != "list"
	case schema.Map, schema.Object:
		return have != "map"
	}
	return false
}

// paramWords says in a sentence what a param takes.
func paramWords(f *schema.Field) string {
	if f.Kind == schema.Duration {
		return "a duration"
	}
	return words[simple(f.Kind)]
}

// kindOf returns the type that a template certainly gives if it gives anything,
// "" if that cannot be told.
func (c *checker) kindOf(t *expr.Template) string {
	if !t.Single() {
		return "string"
	}
	path, ok := t.Path()
	if !ok || len(path) < 2 {
		return ""
	}
	switch path[0] {
	case "inputs":
		if in := c.inputs[path[1]]; in != nil && len(path) == 2 && in.Type != "any" {
			return in.Type
		}
	case "nodes":
		n := c.byID[path[1]]
		if n == nil || n.def == nil {
			return ""
		}
		if len(path) == 2 {
			return "map"
		}
		if called := c.callee(n); called != nil && len(path) == 3 {
			return called.outputs[path[2]]
		}
		if k, fault := outputKind(n.def.Out.Fields, path[2:]); fault < 0 {
			return simple(k)
		}
	case "run", "flow", "loop":
		if r := root(path[0]); len(path) == 2 && r != nil {
			for _, f := range r.Fields {
				if f.Name == path[1] {
					return f.Type
				}
			}
		}
	case "loops":
		if len(path) == 3 && path[2] == "index" {
			return "int"
		}
	}
	return ""
}

// outputKind follows a path through declared fields. fault is the place in the
// path of a field that is not there, or -1.
func outputKind(fields []*schema.Field, path []string) (k schema.Kind, fault int) {
	k = schema.Object
	var elem *schema.Field
	for i, name := range path {
		switch k {
		case schema.Object:
			var f *schema.Field
			for _, x := range fields {
				if x.Name == name {
					f = x
				}
			}
			if f == nil {
				return "", i
			}
			k, fields, elem = f.Kind, f.Fields, f.Elem
		case schema.List, schema.Map:
			if k == schema.List && !isIndex(name) {
				return k, i
			}
			if elem == nil {
				return schema.Any, -1
			}
			k, fields, elem = elem.Kind, elem.Fields, elem.Elem
		case schema.Rows:
			if !isIndex(name) {
				return k, i
			}
			return schema.Any, -1
		case schema.Int, schema.Number, schema.Bool:
			return k, i
		case schema.String, schema.Duration:
			if !isIndex(name) {
				return k, i
			}
		default:
			return schema.Any, -1
		}
	}
	return k, -1
}

func isIndex(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// promised returns the declared type of an output for kindOf.
func promised(o flow.Output) string {
	if o.Type == "any" {
		return ""
	}
	return o.Type
}

// quiet is kindOf for a text that was checked already.
func (c *checker) quiet(text string) string {
	t, err := expr.Compile(text)
	if err != nil {
		return ""
	}
	return c.kindOf(t)
}
