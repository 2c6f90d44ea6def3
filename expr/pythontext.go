package expr

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pythonText is string() in the notation of Python, in which imported flows
// wrote values into texts.
func pythonText(a *args) any {
	switch v := a.v[0].(type) {
	case nil:
		return ""
	case string:
		return v
	}
	out, err := a.st.appendPython(nil, a.v[0], 0)
	if err != nil {
		return a.fail(err)
	}
	a.room(len(out))
	return string(out)
}

func (st *state) appendPython(out []byte, v any, depth int) ([]byte, error) {
	v, err := st.adopt(v)
	if err != nil {
		return out, err
	}
	if len(out) > maxOutput {
		return out, st.checkOutput(string(out[:maxOutput+1]))
	}
	switch v := v.(type) {
	case bool:
		if v {
			return append(out, "True"...), nil
		}
		return append(out, "False"...), nil
	case int:
		return strconv.AppendInt(out, int64(v), 10), nil
	case float64:
		return append(out, floatText(v)...), nil
	case string:
		return appendPythonQuoted(out, v), nil
	case []any:
		if err := st.descend(len(v), depth); err != nil {
			return out, err
		}
		out = append(out, '[')
		for i, e := range v {
			if i > 0 {
				out = append(out, ", "...)
			}
			if out, err = st.appendPython(out, e, depth+1); err != nil {
				return out, err
			}
		}
		return append(out, ']'), nil
	case map[string]any:
		if err := st.descend(4*len(v), depth); err != nil {
			return out, err
		}
		out = append(out, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				out = append(out, ", "...)
			}
			out = append(appendPythonQuoted(out, k), ": "...)
			if out, err = st.appendPython(out, v[k], depth+1); err != nil {
				return out, err
			}
		}
		return append(out, '}'), nil
	}
	return append(out, "None"...), nil
}

// appendPythonQuoted writes a text in single quotes, or in double ones if that
// saves escapes.
func appendPythonQuoted(out []byte, s string) []byte {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	out = append(out, q)
	for _, r := range s {
		switch {
		case r == rune(q), r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r == '\r':
			out = append(out, `\r`...)
		case unicode.IsControl(r) && r < 256:
			out = append(out, '\\', 'x', hexDigit(r>>4), hexDigit(r&15))
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, q)
}

func hexDigit(r rune) byte { return "0123456789abcdef"[r] }
