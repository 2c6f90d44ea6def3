package db

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
)

// statement is SQL with its parameters as a driver wants them.
type statement struct {
	sql  string
	args []any
}

// mostArgs is how many values one statement may have.
var mostArgs = map[string]int{"postgres": 65000, "mysql": 65000, "sqlite": 30000, "sqlserver": 2000, "oracle": 30000}

// translator rewrites the placeholders of one statement.
type translator struct {
	driver  string
	list    []any          // values for ? and $1
	named   map[string]any // values for :name
	more    func(name string) (v any, ok bool, err error)
	used    []bool         // which of list
	next    int            // which of list the next ? takes
	numbers map[string]int // arguments that stand in the statement already
	b       strings.Builder
	args    []any
}

// prepare translates the placeholders of a statement. Params is a list for ?
// and $1 placeholders, or a map for :name ones.
func prepare(driver, text string, params any) (statement, error) {
	return prepareWith(driver, text, params, func(string) (any, bool, error) { return nil, false, nil })
}

// prepareWith asks more for the values of names that params does not have.
func prepareWith(driver, text string, params any, more func(name string) (v any, ok bool, err error)) (statement, error) {
	t := translator{driver: driver, numbers: map[string]int{}, more: more}
	switch p := params.(type) {
	case nil:
	case []any:
		t.list = p
	case map[string]any:
		t.named = p
	default:
		return statement{}, node.Fail(node.KindInput, "params is neither a list nor a map", "give a list for ? placeholders and a map for :name ones")
	}
	t.used = make([]bool, len(t.list))
	for i := 0; i < len(text); {
		n, err := t.step(text, i)
		if err != nil {
			return statement{}, err
		}
		i += n
	}
	if i := slices.Index(t.used, false); i >= 0 {
		return statement{}, node.Fail(node.KindInput, fmt.Sprintf("params has %d values, and the statement uses number %d nowhere", len(t.list), i+1), "count the placeholders; those in quotes or comments do not count")
	}
	if most := mostArgs[driver]; len(t.args) > most {
		return statement{}, node.Fail(node.KindInput, fmt.Sprintf("the statement has %d values, and the database takes at most %d", len(t.args), most), "give shorter lists; db.insert_rows adds any number of rows")
	}
	if driver != "postgres" {
		t.args = plain(t.args)
	}
	return statement{t.b.String(), t.args}, nil
}

// step takes what stands at a position over and returns how long it was.
func (t *translator) step(text string, i int) (int, error) {
	if n := skip(t.driver, text[i:]); n > 0 {
		t.b.WriteString(text[i : i+n])
		return n, nil
	}
	rest := text[i:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "??"): // the operator ? of PostgreSQL
		t.b.WriteByte('?')
		return 2, nil
	case c == '?' && t.driver == "postgres" && (t.list == nil && t.named == nil || len(rest) > 1 && (rest[1] == '|' || rest[1] == '&')):
		t.b.WriteByte('?')
		return 1, nil
	case c == '?':
		v, err := t.at(t.next)
		if err != nil {
			return 0, err
		}
		t.next++
		return 1, t.put("", v, rest[1:])
	case t.numbered(rest) > 0:
		head := t.numbered(rest)
		n := head + digits(rest[head:])
		number, err := strconv.Atoi(rest[head:n])
		if err != nil || number < 1 || number > 65535 {
			return 0, node.Failf(node.KindInput, "%.20s is no placeholder", rest[:n])
		}
		v, err := t.at(number - 1)
		if err != nil {
			return 0, err
		}
		return n, t.put("#"+strconv.Itoa(number), v, rest[n:])
	case strings.HasPrefix(rest, "::"):
		t.b.WriteString("::")
		return 2, nil
	case c == ':' && len(rest) > 1 && isName(rest[1], true) && (i == 0 || !isName(text[i-1], false)):
		n := 2
		for n < len(rest) && isName(rest[n], false) {
			n++
		}
		v, err := t.name(rest[1:n])
		if err != nil {
			return 0, err
		}
		return n, t.put(rest[:n], v, rest[n:])
	}
	t.b.WriteByte(rest[0])
	return 1, nil
}

// numbered returns how long the sign before the number is if a placeholder
// with a number begins here: $1, of SQL Server @p1, of Oracle :1.
func (t *translator) numbered(s string) int {
	sign := map[string]string{"sqlserver": "@p", "oracle": ":"}[t.driver]
	if sign == "" {
		sign = "$"
	}
	if n := len(sign); strings.HasPrefix(s, sign) && digits(s[n:]) > 0 {
		return n
	}
	return 0
}

// at is a value of the list.
func (t *translator) at(i int) (any, error) {
	if t.named != nil {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("the statement has the placeholder number %d, and params is a map", i+1), "use :name for all values; write ?? for the operator ? of PostgreSQL")
	}
	if i >= len(t.list) {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("the statement has at least %d placeholders, and params has %d values", i+1, len(t.list)), "give one value for each")
	}
	t.used[i] = true
	return t.list[i], nil
}

// name is a value of the map.
func (t *translator) name(name string) (any, error) {
	if v, ok := t.named[name]; ok {
		return v, nil
	}
	v, ok, err := t.more(name)
	switch {
	case err != nil:
		return nil, err
	case ok && t.list != nil:
		return nil, node.Fail(node.KindInput, "the statement has the computed value :"+name+", and params is a list", "give params as a map")
	case ok:
		return v, nil
	case t.named == nil: // a slice such as a[1:n], or no placeholder at all
		return nil, node.Fail(node.KindInput, "the statement has the placeholder :"+name+", and params is no map", "give params as {"+name+": ...}")
	}
	return nil, node.Fail(node.KindInput, "params has no value for :"+name, "give nil for NULL")
}

// put writes a placeholder for a value: for a list inside of IN ( ) one for
// each of its values.
func (t *translator) put(key string, v any, rest string) error {
	list, isList := v.([]any)
	if !isList || !t.in(rest) {
		return t.one(key, v)
	}
	if len(list) == 0 {
		return node.Fail(node.KindInput, "a list for IN is empty, and no database takes IN ()", "test for it before, for instance with flow.if")
	}
	for i, e := range list {
		if i > 0 {
			t.b.WriteString(", ")
		}
		if key == "" {
			if err := t.one("", e); err != nil {
				return err
			}
		} else if err := t.one(key+"\x00"+strconv.Itoa(i), e); err != nil {
			return err
		}
	}
	return nil
}

// in reports whether the placeholder stands alone in the parentheses of IN.
func (t *translator) in(rest string) bool {
	before := strings.TrimRight(t.b.String(), " \t\r\n")
	if !strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n"), ")") || !strings.HasSuffix(before, "(") {
		return false
	}
	before = strings.ToLower(strings.TrimRight(before[:len(before)-1], " \t\r\n"))
	return strings.HasSuffix(before, "in") && (len(before) == 2 || !isName(before[len(before)-3], false))
}

// one writes one placeholder. A value that stands there already is used again
// where a database numbers its values.
func (t *translator) one(key string, v any) error {
	numbered := t.driver == "postgres" || t.driver == "sqlserver" || t.driver == "oracle"
	if n, again := t.numbers[key]; again && numbered && key != "" {
		t.b.WriteString(mark(t.driver, n))
		return nil
	}
	arg, err := argument(v)
	if err != nil {
		name := "parameter " + strconv.Itoa(len(t.args)+1)
		if strings.HasPrefix(key, ":") {
			name, _, _ = strings.Cut("parameter "+key, "\x00")
		}
		return node.Fail(node.KindInput, fmt.Sprintf("%s: %v", name, err), "give nil, true or false, a number, text, a list or a map")
	}
	t.args = append(t.args, arg)
	t.numbers[key] = len(t.args)
	t.b.WriteString(mark(t.driver, len(t.args)))
	return nil
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

// quoteName quotes the name of a table; a point separates schema and table.
func quoteName(driver, name string) (string, error) {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if !nameable(p) {
			return "", node.Fail(node.KindInput, fmt.Sprintf("%.60q is not the name of a table", name), "write it without quotes; schema.table is possible")
		}
		parts[i] = quoteIdentifier(driver, p)
	}
	return strings.Join(parts, "."), nil
}

// quoteColumn quotes the name of a column, in which a point is a letter.
func quoteColumn(driver, name string) (string, error) {
	if !nameable(name) {
		return "", node.Fail(node.KindInput, fmt.Sprintf("%.60q is not the name of a column", name), "give columns, or rename those of the rows with table.rename_columns")
	}
	return quoteIdentifier(driver, name), nil
}

func nameable(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
}

func quoteIdentifier(driver, s string) string {
	switch driver {
	case "mysql":
		return "`" + strings.ReplaceAll(s, "`", "``") + "`"
	case "sqlserver":
		return "[" + strings.ReplaceAll(s, "]", "]]") + "]"
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
