package casare

import (
	"regexp"
	"strings"
)

// References of CasareRPA: {{path}}, ${path} and %path%, where path is a name
// followed by .name and [digits]; names that begin with $ are the system's.
var reference = regexp.MustCompile(`\{\{\s*(\$?[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+|\[\d+\])*|\$secret:[^{}\s]+)\s*\}\}|\$\{([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+|\[\d+\])*)\}|%([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+|\[\d+\])*)%`)

// secretName is the prefix of a reference to a stored secret.
const secretName = "$secret:"

var step1 = regexp.MustCompile(`^\.?([\p{L}\p{N}_]+)|^\[(\d+)\]`)

// cut splits a path into its name and the rest: items.0 and [3] steps.
func cut(path string) (name string, rest []string) {
	for path != "" {
		m := step1.FindStringSubmatch(path)
		if m == nil {
			break
		}
		path = path[len(m[0]):]
		switch {
		case m[2] != "":
			rest = append(rest, "["+m[2]+"]")
		case name == "":
			name = m[1]
		default:
			rest = append(rest, m[1])
		}
	}
	return name, rest
}

// follow returns the expression for a path below another; like CasareRPA's it
// gives nothing where the path ends early.
func follow(base string, rest []string) string {
	if len(rest) == 0 {
		return base
	}
	path := strings.ReplaceAll(strings.Join(rest, "."), ".[", "[")
	return "get(" + base + ", " + quote(path) + ")"
}

var ident = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// text turns a text of a config into what the new flow gets. Names that are
// not known stay as they are, as in CasareRPA.
func (c *converter) text(s string, at *step) val {
	found := reference.FindAllStringSubmatchIndex(s, -1)
	if found == nil {
		return literal(s)
	}
	var parts []val
	lit := func(t string) {
		if t == "" {
			return
		}
		if n := len(parts); n > 0 && parts[n-1].code == "" {
			old, _ := parts[n-1].lit.(string)
			parts[n-1] = literal(old + t)
			return
		}
		parts = append(parts, literal(t))
	}
	end, single := 0, false
	for _, m := range found {
		lit(s[end:m[0]])
		end = m[1]
		whole := s[m[0]:m[1]]
		path, legacy := "", false
		for i := 2; i < len(m); i += 2 {
			if m[i] >= 0 {
				path, legacy = s[m[i]:m[i+1]], i > 2
			}
		}
		if name, ok := strings.CutPrefix(path, secretName); ok {
			if len(whole) == len(s) {
				return val{secret: c.secret(name, at), isSet: true}
			}
			c.unfit(at, name, "inside a longer text")
			lit(whole)
			continue
		}
		v, ok := c.reference(path, at, legacy)
		if !ok {
			lit(whole)
			continue
		}
		if single = len(whole) == len(s); !single && v.secret != "" {
			c.unfit(at, v.secret, "inside a longer text")
			lit(whole)
			continue
		}
		parts = append(parts, v)
	}
	lit(s[end:])
	if single {
		return parts[0]
	}
	if len(parts) == 1 && parts[0].code == "" {
		return parts[0]
	}
	if len(parts) == 0 {
		return literal("")
	}
	if !looksLikeJSON(s) {
		for i, p := range parts {
			switch {
			case p.typ == "bool", p.typ == "list", p.typ == "dict", p.typ == "" && p.code != "":
				parts[i] = code("python_str("+p.code+")", "string")
			}
		}
	}
	return val{parts: parts, isSet: true}
}

// looksLikeJSON reports whether values put into a text are to be JSON: Python's
// notation, in which CasareRPA put them there, gave text that nothing reads.
func looksLikeJSON(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasPrefix(s, "{\"") || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") || strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") && strings.Contains(s, "\"")
}

// value turns any value of a config into what the new flow gets.
func (c *converter) value(v any, at *step) val {
	switch x := v.(type) {
	case string:
		return c.text(x, at)
	case []any:
		out := val{list: make([]val, len(x)), isSet: true}
		for i, e := range x {
			out.list[i] = c.value(e, at)
		}
		return out
	case map[string]any:
		out := val{dict: make(map[string]val, len(x)), isSet: true}
		for k, e := range x {
			out.dict[k] = c.value(e, at)
		}
		return out
	}
	return literal(v)
}
