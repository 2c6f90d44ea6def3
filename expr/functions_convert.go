package expr

import (
	"errors"
	"math"
	"strings"
)

var convertFunctions = []Function{
	{Name: "int", Category: "convert", Signature: "int(value)", Doc: "Makes a whole number of a number, text or boolean; decimals are dropped.", Example: `int("42")`, Result: `42`, min: 1, max: 1, aliases: []string{"to_int"}, call: func(a *args) any {
		f := toNumber(a)
		if i, ok := f.(int); ok {
			return i
		}
		x, _ := toFloat(f)
		if math.Abs(x) >= 1<<63 {
			return a.failf("the number is too large for a whole number")
		}
		return int(x)
	}},
	{Name: "float", Category: "convert", Signature: "float(value)", Doc: "Makes a number of a number, text or boolean.", Example: `float("1.5")`, Result: `1.5`, min: 1, max: 1, aliases: []string{"number", "to_number", "to_float"}, call: toNumber},
	{Name: "string", Category: "convert", Signature: "string(value)", Doc: "Makes text of any value: nil is empty, lists and maps are compact JSON.", Example: `string([1, nil])`, Result: `"[1,null]"`, min: 1, max: 1, aliases: []string{"to_string", "str", "text"}, call: func(a *args) any {
		out, err := a.st.appendText(nil, a.v[0])
		if err != nil {
			return a.fail(err)
		}
		a.room(len(out))
		return string(out)
	}},
	{Name: "python_str", Category: "convert", Signature: "python_str(value)", Doc: "Makes text of any value as Python's str() does, for flows that come from there: True and False, lists and maps with single quotes; nil is empty.", Example: `python_str([true, nil, "a"])`, Result: `"[True, None, 'a']"`, min: 1, max: 1, call: pythonText},
	{Name: "bool", Category: "convert", Signature: "bool(value)", Doc: "Makes true or false of text such as yes, no, on, off, 1, 0, of numbers and of nil.", Example: `bool("Yes")`, Result: `true`, min: 1, max: 1, aliases: []string{"to_bool"}, call: toBool},
	{Name: "truthy", Category: "convert", Signature: "truthy(value)", Doc: "Tells whether value counts as true in most programming languages: everything but nil, false, 0, empty text, and lists and maps with nothing in them.", Example: `truthy([0])`, Result: `true`, min: 1, max: 1, shallow: true, call: func(a *args) any { return truthy(a.v[0]) }},
	{Name: "read_value", Category: "convert", Signature: "read_value(value)", Doc: "Reads text as what it looks like: a number, true, false, nil, or a list or map in JSON; other text and other values stay as they are.", Example: `[read_value("7"), read_value("true"), read_value("7a")]`, Result: `[7,true,"7a"]`, min: 1, max: 1, call: readValue},
	{Name: ifError, Category: "convert", Signature: "if_error(value, other)", Doc: "Gives other when value cannot be computed; other is computed only then.", Example: `if_error(int("n/a"), 0)`, Result: `0`, min: 2, max: 2},
	{Name: "parse_number", Category: "convert", Signature: "parse_number(text, decimal?, group?)", Doc: `Reads a number written with signs for decimals and groups, by default "." and ","; currency signs and spaces are skipped, brackets or a trailing minus make it negative.`, Example: `parse_number("1.234,50 €", ",", ".")`, Result: `1234.5`, min: 1, max: 3, call: parseNumber},
	{Name: "format_number", Category: "convert", Signature: "format_number(number, digits?, decimal?, group?)", Doc: `Writes a number with a fixed count of decimals and with signs, by default 2, "." and ",".`, Example: `format_number(1234.5, 2, ",", ".")`, Result: `"1.234,50"`, min: 1, max: 4, call: formatNumber},
	{Name: "is_number", Category: "convert", Signature: "is_number(value)", Doc: "Tells whether value is a number, or text that float() reads.", Example: `is_number("1e3")`, Result: `true`, min: 1, max: 1, call: func(a *args) any {
		switch v := a.v[0].(type) {
		case int, float64:
			return true
		case string:
			_, ok := readNumber(v)
			return ok
		}
		return false
	}},
	{Name: "type", Category: "convert", Signature: "type(value)", Doc: "Names the type: nil, bool, int, float, string, list or map.", Example: `type(1.5)`, Result: `"float"`, min: 1, max: 1, shallow: true, call: func(a *args) any { return kind(a.v[0]) }},
	{Name: "default", Category: "convert", Signature: "default(value, other)", Doc: "Gives other when value is nil or empty text.", Example: `default("", "none")`, Result: `"none"`, min: 2, max: 2, shallow: true, call: func(a *args) any {
		if a.v[0] == nil || a.v[0] == "" {
			return a.v[1]
		}
		return a.v[0]
	}},
	{Name: "coalesce", Category: "convert", Signature: "coalesce(value, ...)", Doc: "Gives the first value that is not nil.", Example: `coalesce(nil, 0, 1)`, Result: `0`, min: 1, max: -1, shallow: true, call: func(a *args) any {
		for _, v := range a.v {
			if v != nil {
				return v
			}
		}
		return nil
	}},
	{Name: "is_empty", Category: "convert", Signature: "is_empty(value)", Doc: "Tells whether value is nil, or text, a list or a map with nothing in it.", Example: `is_empty([])`, Result: `true`, min: 1, max: 1, shallow: true, call: func(a *args) any {
		switch v := a.v[0].(type) {
		case nil:
			return true
		case string:
			return v == ""
		case []any:
			return len(v) == 0
		case map[string]any:
			return len(v) == 0
		}
		return false
	}},
	{Name: "format", Category: "convert", Signature: "format(pattern, value, ...)", Doc: "Puts values in the places {}, {0} or {0:.2} of a pattern, the last with two decimals; {{ is a brace.", Example: `format("{} of {}: {2:.1}", 1, 2, 50)`, Result: `"1 of 2: 50.0"`, min: 1, max: -1, aliases: []string{"sprintf"}, call: format},
	{Name: "to_json", Category: "convert", Signature: "to_json(value, indent?)", Doc: "Writes a value as JSON with sorted keys, indented by a number of spaces if given.", Example: `to_json({b: [1], a: "x"})`, Result: `"{\"a\":\"x\",\"b\":[1]}"`, min: 1, max: 2, aliases: []string{"toJSON"}, call: func(a *args) any {
		indent := a.intOr(1, 0)
		if indent < 0 || indent > 8 {
			return a.failf("to_json indents by 0 to 8 spaces")
		}
		out, err := a.st.appendJSON(nil, a.v[0], strings.Repeat(" ", indent), 0)
		if err != nil {
			return a.fail(err)
		}
		a.room(len(out))
		return string(out)
	}},
	{Name: "from_json", Category: "convert", Signature: "from_json(text)", Doc: "Reads a JSON text.", Example: `from_json("[1, 2.5]")`, Result: `[1,2.5]`, min: 1, max: 1, aliases: []string{"fromJSON", "parse_json"}, call: func(a *args) any {
		s := a.text(0)
		if a.err != nil {
			return nil
		}
		v, err := a.st.parseJSON(s)
		if err != nil {
			return a.fail(err)
		}
		return v
	}},
}

// ifError is built into the evaluator, because its first argument may fail.
const ifError = "if_error"

func truthy(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case bool:
		return x
	case int:
		return x != 0
	case float64:
		return x != 0
	case string:
		return x != ""
	case []any:
		return len(x) > 0
	case map[string]any:
		return len(x) > 0
	}
	return true
}

func readValue(a *args) any {
	s, ok := a.v[0].(string)
	if !ok {
		return a.v[0]
	}
	t := strings.TrimSpace(s)
	switch t {
	case "true", "True":
		return true
	case "false", "False":
		return false
	case "null", "nil", "None":
		return nil
	}
	if n, ok := readNumber(t); ok {
		return n
	}
	if strings.HasPrefix(t, "[") || strings.HasPrefix(t, "{") {
		v, err := a.st.parseJSON(t)
		var e *Error
		if err == nil {
			return v
		} else if errors.As(err, &e) && e.final {
			return a.fail(err)
		}
	}
	return s
}

func readNumber(s string) (any, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 400 || strings.ContainsAny(s, "_xXpPiInN") {
		return nil, false // no hexadecimal, infinity or not-a-number
	}
	v, err := jsonNumber(s)
	return v, err == nil
}

func toNumber(a *args) any {
	switch v := a.v[0].(type) {
	case int, float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	case string:
		if n, ok := readNumber(v); ok {
			return n
		}
		return a.fail(fail("the text %q is not a number", excerpt(v, 40)).hint("use parse_number for numbers with separators or currency signs"))
	}
	a.wrong(0, "a number or text")
	return nil
}

func toBool(a *args) any {
	switch v := a.v[0].(type) {
	case nil:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	case string:
		if len(v) < 20 {
			switch strings.ToLower(strings.TrimSpace(v)) {
			case "true", "yes", "y", "on", "1", "t":
				return true
			case "false", "no", "n", "off", "0", "f", "":
				return false
			}
		}
		return a.failf("the text %q is neither true nor false", excerpt(v, 40))
	}
	a.wrong(0, "text, a number or a boolean")
	return nil
}
