package expr

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendText writes v the way mixed text and string() show it.
func (st *state) appendText(out []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return out, nil
	case string:
		return append(out, v...), nil
	}
	return st.appendJSON(out, v, "", 0)
}

// appendJSON writes v with sorted keys; indent is the unit of indentation, and
// empty for the compact form.
func (st *state) appendJSON(out []byte, v any, indent string, depth int) ([]byte, error) {
	v, err := st.adopt(v)
	if err != nil {
		return out, err
	}
	if len(out) > maxOutput {
		return out, st.checkOutput(string(out[:maxOutput+1]))
	}
	switch v := v.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	case int:
		return strconv.AppendInt(out, int64(v), 10), nil
	case float64:
		return append(out, floatText(v)...), nil
	case string:
		return appendQuoted(out, v), nil
	case []any:
		if err := st.descend(len(v), depth); err != nil {
			return out, err
		}
		out = append(out, '[')
		for i, e := range v {
			out = separate(out, i, indent, depth+1)
			if out, err = st.appendJSON(out, e, indent, depth+1); err != nil {
				return out, err
			}
		}
		return closeWith(out, len(v), ']', indent, depth), nil
	case map[string]any:
		if err := st.descend(4*len(v), depth); err != nil {
			return out, err
		}
		out = append(out, '{')
		for i, k := range sortedKeys(v) {
			out = separate(out, i, indent, depth+1)
			out = append(appendQuoted(out, k), ':')
			if indent != "" {
				out = append(out, ' ')
			}
			if out, err = st.appendJSON(out, v[k], indent, depth+1); err != nil {
				return out, err
			}
		}
		return closeWith(out, len(v), '}', indent, depth), nil
	}
	return out, nil
}

func separate(out []byte, i int, indent string, depth int) []byte {
	if i > 0 {
		out = append(out, ',')
	}
	return newline(out, indent, depth)
}

func closeWith(out []byte, n int, c byte, indent string, depth int) []byte {
	if n > 0 {
		out = newline(out, indent, depth)
	}
	return append(out, c)
}

func newline(out []byte, indent string, depth int) []byte {
	if indent == "" {
		return out
	}
	out = append(out, '\n')
	for range min(depth, 50) {
		out = append(out, indent...)
	}
	return out
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// appendQuoted writes a JSON string. Unlike encoding/json it leaves < > & as
// they are: the text goes to people and to programs, not into HTML.
func appendQuoted(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				out = append(out, '\\', c)
			case c == '\n':
				out = append(out, '\\', 'n')
			case c == '\r':
				out = append(out, '\\', 'r')
			case c == '\t':
				out = append(out, '\\', 't')
			case c < 0x20 || c == 0x7f:
				out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			default:
				out = append(out, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = append(out, `\ufffd`...)
		case r == 0x2028 || r == 0x2029:
			out = append(out, '\\', 'u', '2', '0', '2', hex[r&15])
		default:
			out = append(out, s[i:i+n]...)
		}
		i += n
	}
	return append(out, '"')
}

// parseJSON reads one JSON value.
func (st *state) parseJSON(s string) (any, error) {
	// A list of short numbers takes about eight times its text.
	if err := st.grow(512 + 8*len(s)); err != nil {
		return nil, err
	}
	if err := st.spend(50 * len(s)); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			return nil, fail("there is more text after the JSON value")
		}
		return fromJSON(v, 0)
	}
	return nil, fail("the text is not valid JSON: %s", jsonReason(err, s))
}

func jsonReason(err error, s string) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	if se, ok := err.(*json.SyntaxError); ok { //nolint:errorlint // the decoder does not wrap
		at := min(max(int(se.Offset)-1, 0), len(s))
		return "something is wrong at character " + strconv.Itoa(utf8.RuneCountInString(s[:at])+1)
	}
	return "it cannot be read"
}

// fromJSON turns the decoder's numbers into ints and floats, in place.
func fromJSON(v any, depth int) (any, error) {
	if depth > maxValueDepth {
		return nil, fail("the JSON is nested too deeply")
	}
	var err error
	switch v := v.(type) {
	case json.Number:
		return jsonNumber(string(v))
	case []any:
		for i := range v {
			if v[i], err = fromJSON(v[i], depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k, e := range v {
			if v[k], err = fromJSON(e, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
