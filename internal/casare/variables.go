package casare

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var bareName = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*`)

// findVars finds the names that nodes set, and which loops need variables for
// their turn.
func (c *converter) findVars() {
	for i := range c.w.vars {
		v := &c.w.vars[i]
		c.declared[v.name] = v
		typ := propType(v.typ)
		if typ == "" {
			typ = literal(v.value).kindOf()
		}
		c.noteType(v.name, typ)
	}
	for _, s := range c.w.nodes {
		for _, name := range c.sets(s) {
			c.set[name] = true
		}
		if s.typ == "SetVariableNode" || s.typ == "IncrementVariableNode" {
			name, _ := s.config["variable_name"].(string)
			_, wired := c.dataIn[s.id]["variable_name"]
			c.computed = c.computed || wired || reference.MatchString(name)
		}
	}
}

// computedNames is the variable that holds those whose names are computed.
const computedNames = "named_variables"

var branchVariable = regexp.MustCompile(`^(branch_[0-9]+)_(.+)$`)

// findCopies finds the names that a join gives to what branches set, such as
// branch_1_total, if they are read.
func (c *converter) findCopies() {
	seen := map[string]bool{}
	for _, s := range c.w.nodes {
		c.eachName(s.config, func(name string) {
			m := branchVariable.FindStringSubmatch(name)
			if m == nil || seen[name] {
				return
			}
			seen[name] = true
			for fork, join := range c.pairs.joinOf {
				for x := range c.reach(c.targets(fork, m[1]), func(x *step) bool { return x == join }) {
					if !slices.Contains(c.sets(x), m[2]) {
						continue
					}
					if c.copies[x] == nil {
						c.copies[x] = map[string]string{}
					}
					c.copies[x][name] = m[2]
					c.set[name] = true
					c.noteType(name, "")
				}
			}
		})
	}
}

// noteType remembers the type of a variable; a second, other type makes it
// unknown.
func (c *converter) noteType(name, typ string) {
	if old, known := c.varTypes[name]; known && old != typ {
		typ = ""
	}
	c.varTypes[name] = typ
}

// sets returns the names of the variables a node sets, and notes their types.
func (c *converter) sets(s *step) []string {
	if s.disabled {
		return nil
	}
	str := func(key string) string {
		v, _ := s.config[key].(string)
		return v
	}
	switch s.typ {
	case "SetVariableNode":
		name := str("variable_name")
		typ := ""
		switch str("variable_type") {
		case "Boolean":
			typ = "bool"
		case "Int32":
			typ = "int"
		case "Float":
			typ = "float"
		case "Array", "List", "DataTable":
			typ = "list"
		case "Object", "Dict":
			typ = "dict"
		default:
			v := s.config["value"]
			if v == nil {
				v = s.config["default_value"]
			}
			if t, isText := v.(string); !isText || !reference.MatchString(t) {
				typ = literal(v).kindOf()
			}
			if t, isText := v.(string); isText {
				if m := reference.FindString(t); m != "" && m == strings.TrimSpace(t) {
					name, rest := cut(strings.Trim(m, "{}$% "))
					if from := c.w.byID[name]; from != nil && len(rest) == 1 {
						typ = outputShape(from, rest[0])
					}
				}
			}
			if w, wired := c.dataIn[s.id]["value"]; wired {
				typ = outputShape(c.w.byID[w.from], w.port)
			}
		}
		c.noteType(name, typ)
		return []string{name}
	case "IncrementVariableNode":
		return []string{str("variable_name")}
	case "MathOperationNode":
		if v := str("output_var"); v != "" {
			c.noteType(v, "float")
			return []string{v}
		}
	case "TransformNode":
		name := str("variable_name")
		if name == "" {
			name = "transformed"
		}
		c.noteType(name, "")
		return []string{name}
	}
	if _, kept := keptAs[s.typ]; kept {
		if v := c.keptName(s); v != "" {
			c.noteType(v, "")
			return []string{v}
		}
		return nil
	}
	if s.kind != nil && s.kind.Class != "portable" {
		for _, key := range []string{"variable_name", "output_variable"} {
			if v := str(key); v != "" {
				c.noteType(v, "")
				return []string{v}
			}
		}
	}
	return nil
}

// outputShape returns the type of an output where its text depends on it.
func outputShape(s *step, portName string) string {
	if s.kind == nil || s.disabled {
		return ""
	}
	switch t := propType(s.kind.outputType(portName)); t {
	case "bool", "list", "dict":
		return t
	}
	return ""
}

// varName returns the name of a variable in the flow.
func (c *converter) varName(name string) string {
	if n, ok := c.vars[name]; ok {
		return n
	}
	n := strings.Trim(notID.ReplaceAllString(name, "_"), "_")
	if strings.HasPrefix(name, "_") && n != "" {
		n = "_" + n
	}
	if n == "" || n[0] >= '0' && n[0] <= '9' {
		n = "v_" + n
	}
	n = n[:min(len(n), 60)]
	used := slices.Collect(maps.Values(c.vars))
	base := n
	for i := 2; slices.Contains(used, n); i++ {
		n = base + "_" + strconv.Itoa(i)
	}
	c.vars[name] = n
	return n
}

// varRef returns the expression that reads a variable.
func (c *converter) varRef(name string) val {
	n := c.varName(name)
	if !c.set[name] && c.declared[name] != nil {
		c.asInput[name] = true
		return code("inputs."+n, c.varTypes[name])
	}
	typ := c.varTypes[name]
	if typ == "string" { // later values may be of any type
		typ = ""
	}
	return code("vars."+n, typ)
}
