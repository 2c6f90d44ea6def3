package casare

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
)

// params are the params of a new node. A text with $name in it is an
// expression over the properties and ports of the old node; $. stands for the
// outputs of the new node, $!x. for those of the extra node x, and = makes any text an expression. Other values are
// taken as they are.
type params map[string]any

// outs say how the outputs of the old node are computed: by port, expressions
// as in params.
type outs map[string]string

// mapping says what one type of CasareRPA becomes. Adding a type is adding a
// row to one of the tables in rows_*.go.
type mapping struct {
	from string // type in CasareRPA, or "Type/Action" of a super node
	to   string // type in Aether; "" if the node needs no equivalent
	in   params
	out  outs
	// alias lists other names under which files give a property or port.
	alias map[string]string
	// def are values of ports that have no declared default.
	def params
	// types are the types of properties and ports where the declared ones say
	// too little.
	types map[string]string
	// ports are names of exec ports in CasareRPA by what they become; exec_out
	// is next. "if.then" is the port then of the extra node with the id if.
	ports map[string]string
	// pre and post are nodes before and after the main one.
	pre, post []extra
	// note makes the node adapted and says how.
	note string
	// prepare may change a copy of the row for one node.
	prepare func(c *converter, s *step, m *mapping)
}

// extra is a further node of a mapping; its id is that of the main node, _ and
// this id.
type extra struct {
	id, to string
	in     params
}

// tables are all rows by type.
var tables = map[string]*mapping{}

func register(rows ...mapping) {
	for i := range rows {
		r := &rows[i]
		if tables[r.from] != nil {
			panic("casare: " + r.from + " is mapped twice")
		}
		tables[r.from] = r
	}
}

// rowOf returns the row of a node: for a super node that of its action.
func rowOf(s *step) *mapping {
	if s.kind != nil && len(s.kind.Actions) > 0 || s.kind != nil && s.kind.Action != "" {
		action, _ := s.config["action"].(string)
		if action == "" {
			action = s.kind.Action
		}
		if m := tables[s.typ+"/"+action]; m != nil {
			return m
		}
		for _, a := range slices.Sorted(maps.Keys(tables)) {
			if strings.EqualFold(a, s.typ+"/"+action) {
				return tables[a]
			}
		}
	}
	return tables[s.typ]
}

var dollar = regexp.MustCompile(`\$\$|\$\.|\$![a-z]+\.|\$([A-Za-z_][A-Za-z0-9_]*)`)

// arg returns the value of a property or port of a node: what a wire brings,
// what the config says, or the default.
func (c *converter) arg(s *step, m *mapping, name string) val {
	names := append([]string{name}, strings.Fields(m.alias[name])...)
	typ := m.types[name]
	var declared any
	if s.kind != nil {
		if p, ok := s.kind.prop(name); ok {
			declared = p.Default
			if typ == "" {
				typ = propType(p.Type)
			}
		} else if typ == "" {
			typ = propType(s.kind.inputType(name))
		}
	}
	if d, ok := m.def[name]; ok {
		declared = d
	}
	given := val{}
	for _, n := range names {
		v, ok := s.config[n]
		if !ok || v == nil {
			continue
		}
		given = c.value(v, s)
		if text, isText := v.(string); isText && text == "" && typ != "" && typ != "string" {
			given = val{}
			continue
		}
		break
	}
	for _, n := range names {
		if w, ok := c.dataIn[s.id][n]; ok {
			v := c.output(c.w.byID[w.from], w.port, s).as(typ)
			if given.isSet && !(given.isLit() && (given.plain() == nil || given.plain() == "" || fmt.Sprint(given.plain()) == fmt.Sprint(declared))) && v.code != "" {
				v = code(v.operand()+" ?? "+given.as(typ).operand(), v.typ)
			}
			return v
		}
	}
	if given.isSet {
		return given.as(typ)
	}
	if declared == nil {
		return val{}
	}
	d, err := canonical(declared)
	if err != nil {
		return val{}
	}
	return literal(d).as(typ)
}

// fill computes a value of params for a node. ok is false if nothing was given.
func (c *converter) fill(v any, s *step, m *mapping, self string) (out val, ok bool) {
	switch x := v.(type) {
	case val:
		return x, x.isSet
	case raw:
		return val{lit: x, isSet: true}, true
	case string:
		return c.fillText(x, s, m, self)
	case params:
		return c.fillMap(x, s, m, self)
	case map[string]any:
		return c.fillMap(x, s, m, self)
	case []any:
		out = val{list: []val{}, isSet: true}
		for _, e := range x {
			if f, ok := c.fill(e, s, m, self); ok {
				out.list = append(out.list, f)
			}
		}
		return out, true
	}
	return literal(v), v != nil
}

func (c *converter) fillMap(x map[string]any, s *step, m *mapping, self string) (val, bool) {
	out := val{dict: map[string]val{}, isSet: true}
	for k, e := range x {
		if f, ok := c.fill(e, s, m, self); ok {
			out.dict[k] = f
		}
	}
	return out, len(out.dict) > 0 || len(x) == 0
}

func (c *converter) fillText(text string, s *step, m *mapping, self string) (val, bool) {
	text, forced := strings.CutPrefix(text, "=")
	found := dollar.FindAllStringSubmatchIndex(text, -1)
	if found == nil {
		if forced {
			return code(text, ""), true
		}
		return literal(text), true
	}
	if f := found[0]; len(found) == 1 && f[2] >= 0 && f[0] == 0 && f[1] == len(text) {
		a := c.arg(s, m, text[1:])
		return a, a.isSet
	}
	b := &strings.Builder{}
	end, lit, reads := 0, true, false
	for _, f := range found {
		b.WriteString(text[end:f[0]])
		end = f[1]
		switch {
		case text[f[0]:f[1]] == "$$":
			b.WriteString("$")
		case f[2] < 0 && f[1]-f[0] > 2: // $!extra.
			b.WriteString("nodes." + self + "_" + text[f[0]+2:f[1]])
			lit = false
		case f[2] < 0:
			b.WriteString("nodes." + self + ".")
			lit = false
		default:
			a := c.arg(s, m, text[f[2]:f[3]])
			if name := a.secretIn(); name != "" {
				c.unfit(s, name, "in "+text[f[2]:f[3]])
			}
			b.WriteString(a.operand())
			lit, reads = lit && a.isLit(), true
		}
	}
	b.WriteString(text[end:])
	if lit && reads {
		if v, ok := fold(b.String()); ok {
			return v, v.isSet
		}
	}
	return code(b.String(), ""), true
}

// fit brings a value to what a param takes.
func fit(v val, f *schema.Field) val {
	if f == nil {
		return v
	}
	switch f.Kind {
	case schema.String:
		if v.isLit() && v.list == nil && v.dict == nil {
			return v.as("string")
		}
		if v.list != nil || v.dict != nil {
			return code("string("+v.expr()+")", "string")
		}
	case schema.Int:
		if v.isLit() {
			return v.as("int")
		}
	case schema.Bool:
		return v.as("bool")
	}
	return v
}

// field returns the declaration of a param.
func field(d *node.Def, name string) *schema.Field {
	if d == nil {
		return nil
	}
	return d.In.Field(name)
}
