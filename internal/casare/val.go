package casare

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/expr"
)

// val is what a param of the new flow gets: a literal, an expression, a text
// with expressions in it, or a list or map of these.
type val struct {
	lit   any    // scalar, when nothing else is set
	code  string // expression
	parts []val  // of a mixed text: literal texts and expressions
	list  []val
	dict  map[string]val
	typ   string // what an expression gives: string int float bool list dict, "" if unknown
	isSet bool
	// secret is the name of a secret that the whole value is.
	secret string
}

func literal(v any) val {
	switch x := v.(type) {
	case []any:
		out := val{list: []val{}, isSet: true}
		for _, e := range x {
			out.list = append(out.list, literal(e))
		}
		return out
	case map[string]any:
		out := val{dict: map[string]val{}, isSet: true}
		for k, e := range x {
			out.dict[k] = literal(e)
		}
		return out
	}
	return val{lit: v, isSet: v != nil}
}

func code(text, typ string) val { return val{code: text, typ: typ, isSet: true} }

// isLit reports whether nothing has to be computed.
func (v val) isLit() bool {
	for _, e := range v.list {
		if !e.isLit() {
			return false
		}
	}
	for _, e := range v.dict {
		if !e.isLit() {
			return false
		}
	}
	return v.code == "" && v.parts == nil && v.secret == ""
}

// plain returns the value of a literal.
func (v val) plain() any {
	switch {
	case v.list != nil:
		out := make([]any, len(v.list))
		for i, e := range v.list {
			out[i] = e.plain()
		}
		return out
	case v.dict != nil:
		out := make(map[string]any, len(v.dict))
		for k, e := range v.dict {
			out[k] = e.plain()
		}
		return out
	}
	return v.lit
}

// kindOf returns the type as far as it is known.
func (v val) kindOf() string {
	switch {
	case v.code != "":
		return v.typ
	case v.parts != nil:
		return "string"
	case v.list != nil:
		return "list"
	case v.dict != nil:
		return "dict"
	}
	switch v.lit.(type) {
	case string:
		return "string"
	case int:
		return "int"
	case float64:
		return "float"
	case bool:
		return "bool"
	}
	return ""
}

// expr returns the value as the source of an expression.
func (v val) expr() string {
	switch {
	case v.code != "":
		return v.code
	case v.parts != nil:
		out := make([]string, len(v.parts))
		for i, p := range v.parts {
			if s := p.expr(); p.code != "" && p.typ != "string" {
				out[i] = "string(" + s + ")"
			} else {
				out[i] = s
			}
		}
		return strings.Join(out, " + ")
	case v.list != nil:
		out := make([]string, len(v.list))
		for i, e := range v.list {
			out[i] = e.expr()
		}
		return "[" + strings.Join(out, ", ") + "]"
	case v.dict != nil:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(v.dict)) {
			out = append(out, quote(k)+": "+v.dict[k].expr())
		}
		return "{" + strings.Join(out, ", ") + "}"
	}
	switch x := v.lit.(type) {
	case nil:
		return "nil"
	case string:
		return quote(x)
	case float64:
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return "nil"
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return fmt.Sprint(v.lit)
}

// operand returns the source of an expression that may stand beside any
// operator.
func (v val) operand() string {
	s := v.expr()
	if v.code == "" && v.parts == nil && !strings.HasPrefix(s, "-") || atom.MatchString(s) {
		return s
	}
	return "(" + s + ")"
}

var atom = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*((\??\.[A-Za-z_][A-Za-z0-9_]*)|(\[[0-9]+\]))*$|^[a-z_0-9]+\([^()]*\)$`)

func quote(s string) string {
	b := &strings.Builder{}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(strings.ToValidUTF8(s, "\uFFFD")) // text always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// escape writes literal text so that braces in it are no expression.
func escape(s string) string { return strings.ReplaceAll(s, "{{", `{{ "{{" }}`) }

// param returns the value as it is written into the flow file.
func (v val) param() any {
	switch {
	case v.secret != "":
		return map[string]any{"secret": v.secret}
	case v.code != "":
		return "{{ " + v.code + " }}"
	case v.parts != nil:
		b := &strings.Builder{}
		for i, p := range v.parts {
			if p.code != "" {
				b.WriteString("{{ " + p.code + " }}")
				continue
			}
			s, _ := p.lit.(string)
			s = escape(s)
			if cut := strings.TrimRight(s, "{"); i+1 < len(v.parts) && cut != s { // braces before an expression
				s = cut + "{{ " + quote(s[len(cut):]) + " }}"
			}
			b.WriteString(s)
		}
		return b.String()
	case v.list != nil:
		out := make([]any, len(v.list))
		for i, e := range v.list {
			out[i] = e.param()
		}
		return out
	case v.dict != nil:
		out := make(map[string]any, len(v.dict))
		for k, e := range v.dict {
			out[k] = e.param()
		}
		return out
	}
	switch x := v.lit.(type) {
	case string:
		return escape(x)
	case raw:
		return x.v
	}
	return v.lit
}

// as converts to a type of a property as CasareRPA does.
func (v val) as(typ string) val {
	have := v.kindOf()
	if have == typ || typ == "" || typ == "any" || !v.isSet || v.secret != "" || have == "int" && typ == "float" {
		return v
	}
	if v.isLit() && v.list == nil && v.dict == nil {
		if c, ok := convert(v.lit, typ); ok {
			return literal(c)
		}
		return v
	}
	if v.list != nil || v.dict != nil {
		return v
	}
	switch typ {
	case "int", "float", "string":
		return code(typ+"("+v.expr()+")", typ)
	case "bool":
		if have == "int" || have == "float" {
			return code("truthy("+v.expr()+")", typ)
		}
		return code("if_error(bool("+v.expr()+"), false)", typ)
	case "list", "dict":
		if have == "string" {
			return code("from_json("+v.expr()+")", typ)
		}
		return code("read_value("+v.expr()+")", typ)
	}
	return v
}

// convert turns a literal into a type; ok is false if it cannot be.
func convert(v any, typ string) (out any, ok bool) {
	s, isText := v.(string)
	switch typ {
	case "string":
		switch x := v.(type) {
		case bool, int, float64:
			return fmt.Sprint(x), true
		}
	case "int":
		if isText {
			if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && math.Abs(f) < 1<<53 {
				return int(f), true
			}
		}
		switch x := v.(type) {
		case float64:
			return int(x), true
		case bool:
			if x {
				return 1, true
			}
			return 0, true
		}
	case "float":
		if isText {
			if n, err := number(strings.TrimSpace(s)); err == nil {
				return n, true
			}
		}
	case "bool":
		if isText {
			switch strings.ToLower(strings.TrimSpace(s)) {
			case "true", "1", "yes", "on":
				return true, true
			}
			return false, true
		}
		if n, isInt := v.(int); isInt {
			return n != 0, true
		}
	case "list", "dict":
		if isText {
			t := strings.TrimSpace(s)
			if t == "" {
				return nil, true
			}
			if p, err := parse([]byte(t)); err == nil {
				return plain(p), true
			}
			if typ == "list" { // a,b,c
				var out []any
				for _, e := range strings.Split(t, ",") {
					out = append(out, strings.TrimSpace(e))
				}
				return out, true
			}
		}
	}
	return nil, false
}

// propType maps the types of properties and ports to those of val.
func propType(t string) string {
	switch strings.ToLower(t) {
	case "string", "text", "code", "choice", "file_path", "directory_path", "selector":
		return "string"
	case "integer":
		return "int"
	case "float", "number":
		return "float"
	case "boolean":
		return "bool"
	case "list", "multi_choice":
		return "list"
	case "dict":
		return "dict"
	}
	return ""
}

// fold computes an expression that reads nothing.
func fold(text string) (val, bool) {
	t, err := expr.Compile("{{ " + text + " }}")
	if err != nil || len(t.Refs()) > 0 {
		return val{}, false
	}
	v, err := t.Eval(map[string]any{})
	if err != nil {
		return val{}, false
	}
	return literal(v), true
}
