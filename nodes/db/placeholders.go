package db

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
)

// statement is SQL with its parameters as a driver wants them.
type statement struct {
	sql  string
	args []any
}

// prepare translates the placeholders of a statement. Params is a list for ?
// and $1 placeholders, or a map for :name ones.
func prepare(driver, text string, params any) (statement, error) {
	var list []any
	var named map[string]any
	switch p := params.(type) {
	case nil:
	case []any:
		list = p
	case map[string]any:
		named = p
	default:
		return statement{}, node.Fail(node.KindInput, "params is neither a list nor a map", "give a list for ? placeholders and a map for :name ones")
	}
	out := statement{}
	b := &strings.Builder{}
	used := make([]bool, len(list))
	next := 0
	numbers := map[string]int{} // of named and numbered values, where a driver can use one twice
	put := func(key string, v any) error {
		arg, err := argument(v)
		if err != nil {
			return fmt.Errorf("the parameter %s: %w", key, err)
		}
		numbered := driver == "postgres" || driver == "sqlserver" || driver == "oracle"
		if n, again := numbers[key]; again && numbered && key != "" {
			b.WriteString(mark(driver, n))
			return nil
		}
		out.args = append(out.args, arg)
		numbers[key] = len(out.args)
		b.WriteString(mark(driver, len(out.args)))
		return nil
	}
	at := func(i int) (any, error) {
		if named != nil {
			return nil, node.Failf(node.KindInput, "the statement has the placeholder number %d, and params is a map", i+1)
		}
		if i >= len(list) {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("the statement has at least %d placeholders, and params has %d values", i+1, len(list)), "give one value for each")
		}
		used[i] = true
		return list[i], nil
	}
	for i := 0; i < len(text); {
		if n := skip(driver, text[i:]); n > 0 {
			b.WriteString(text[i : i+n])
			i += n
			continue
		}
		switch c := text[i]; {
		case c == '?':
			if strings.HasPrefix(text[i:], "??") { // the operator ? of PostgreSQL
				b.WriteByte('?')
				i += 2
				continue
			}
			if driver == "postgres" && list == nil && named == nil || driver == "postgres" && i+1 < len(text) && (text[i+1] == '|' || text[i+1] == '&') {
				b.WriteByte('?')
				i++
				continue
			}
			v, err := at(next)
			if err != nil {
				return statement{}, err
			}
			next++
			if err := put("", v); err != nil {
				return statement{}, err
			}
			i++
		case (c == '$' || c == '@' && i+1 < len(text) && text[i+1] == 'p') && digits(text[i+map[bool]int{true: 1, false: 2}[c == '$']:]) > 0:
			head := map[bool]int{true: 1, false: 2}[c == '$']
			n := digits(text[i+head:])
			number, err := strconv.Atoi(text[i+head : i+head+n])
			if err != nil || number < 1 || number > 65535 {
				return statement{}, node.Failf(node.KindInput, "%s is no placeholder", text[i:i+head+n])
			}
			v, err := at(number - 1)
			if err != nil {
				return statement{}, err
			}
			if err := put("#"+strconv.Itoa(number), v); err != nil {
				return statement{}, err
			}
			i += head + n
		case c == ':' && strings.HasPrefix(text[i:], "::"):
			b.WriteString("::")
			i += 2
		case c == ':' && i+1 < len(text) && isName(text[i+1], true) && (i == 0 || !isName(text[i-1], false)):
			n := 1
			for i+n < len(text) && isName(text[i+n], false) {
				n++
			}
			name := text[i+1 : i+n]
			v, ok := named[name]
			if !ok {
				if named == nil { // a slice such as a[1:n], or no placeholder at all
					return statement{}, node.Fail(node.KindInput, "the statement has the placeholder :"+name+", and params is no map", "give params as {"+name+": ...}")
				}
				return statement{}, node.Fail(node.KindInput, "params has no value for :"+name, "give nil for NULL")
			}
			if err := put(":"+name, v); err != nil {
				return statement{}, err
			}
			i += n
		default:
			b.WriteByte(c)
			i++
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		return statement{}, node.Fail(node.KindInput, fmt.Sprintf("params has %d values, and the statement uses number %d nowhere", len(list), i+1), "count the placeholders; those in quotes or comments do not count")
	}
	out.sql = b.String()
	return out, nil
}

func mark(driver string, n int) string {
	switch driver {
	case "postgres":
		return "$" + strconv.Itoa(n)
	case "sqlserver":
		return "@p" + strconv.Itoa(n)
	case "oracle":
		return ":" + strconv.Itoa(n)
	}
	return "?"
}

// skip returns how long the quoted text or comment is that begins here.
func skip(driver, s string) int {
	until := func(end string, from int) int {
		if i := strings.Index(s[from:], end); i >= 0 {
			return from + i + len(end)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(s, "--"):
		return until("\n", 2)
	case strings.HasPrefix(s, "/*"):
		if driver != "postgres" {
			return until("*/", 2)
		}
		depth, i := 0, 0 // PostgreSQL nests comments
		for i < len(s) {
			switch {
			case strings.HasPrefix(s[i:], "/*"):
				depth++
				i += 2
			case strings.HasPrefix(s[i:], "*/"):
				depth--
				i += 2
				if depth == 0 {
					return i
				}
			default:
				i++
			}
		}
		return len(s)
	case driver == "mysql" && s[0] == '#':
		return until("\n", 1)
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		for i := 1; i < len(s); i++ {
			if s[i] == '\\' && driver == "mysql" && s[0] != '`' {
				i++
			} else if s[i] == s[0] {
				if i+1 < len(s) && s[i+1] == s[0] {
					i++
					continue
				}
				return i + 1
			}
		}
		return len(s)
	case (s[0] == 'e' || s[0] == 'E') && driver == "postgres" && strings.HasPrefix(s[1:], "'"):
		for i := 2; i < len(s); i++ {
			if s[i] == '\\' {
				i++
			} else if s[i] == '\'' {
				return i + 1
			}
		}
		return len(s)
	case s[0] == '[' && driver == "sqlserver":
		return until("]", 1)
	case s[0] == '$' && driver == "postgres" && digits(s[1:]) == 0:
		n := 1
		for n < len(s) && isName(s[n], n == 1) {
			n++
		}
		if n < len(s) && s[n] == '$' {
			return until(s[:n+1], n+1)
		}
	case isName(s[0], true): // a word, so that the e of like'x' is no escape
		n := 1
		for n < len(s) && isName(s[n], false) {
			n++
		}
		if n == 1 && driver == "postgres" && (s[0] == 'e' || s[0] == 'E') {
			return 0
		}
		return n
	}
	return 0
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func isName(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9' || c >= 0x80
}

// quoteName quotes the name of a table or column; a point separates schema and
// table.
func quoteName(driver, name string) (string, error) {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if p == "" || len(p) > 128 || strings.ContainsAny(p, "\x00\n\r") {
			return "", node.Fail(node.KindInput, fmt.Sprintf("%.60q is not the name of a table or column", name), "write it without quotes; schema.table is possible")
		}
		switch driver {
		case "mysql":
			parts[i] = "`" + strings.ReplaceAll(p, "`", "``") + "`"
		case "sqlserver":
			parts[i] = "[" + strings.ReplaceAll(p, "]", "]]") + "]"
		default:
			parts[i] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
		}
	}
	return strings.Join(parts, "."), nil
}
