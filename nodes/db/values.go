package db

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/value"
)

// jsonArg is a list or map given as a value: JSON, or for a list what the
// place in the statement wants.
type jsonArg struct {
	value any
	text  string
}

// argument turns a canonical value into what drivers take. A map of the form
// {base64: ...} is binary data; other lists and maps are JSON.
func argument(v any) (any, error) {
	switch x := v.(type) {
	case nil, bool, string, float64:
		return x, nil
	case int:
		return int64(x), nil
	case map[string]any:
		if text, ok := x["base64"].(string); ok && len(x) == 1 {
			return binary(text)
		}
		return jsonOf(x)
	case []any:
		return jsonOf(x)
	}
	return nil, fmt.Errorf("a %s cannot be given to a database", value.Kind(v))
}

func jsonOf(v any) (any, error) {
	b, err := value.JSON(v)
	if err != nil {
		return nil, err
	}
	return jsonArg{v, string(b)}, nil
}

func binary(text string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%.20q is no base64", text)
	}
	return b, nil
}

// plain makes arguments that database/sql takes.
func plain(args []any) []any {
	for i, a := range args {
		if j, ok := a.(jsonArg); ok {
			args[i] = j.text
		}
	}
	return args
}

// canonical turns what a driver of database/sql returned into a value.
// Decimals are numbers, or text if the flow wants them exact.
func canonical(v any, c column, exact bool) (any, error) {
	switch x := v.(type) {
	case nil, bool:
		return x, nil
	case int64:
		if c.driver == "sqlite" && (c.kind == "BOOLEAN" || c.kind == "BOOL") && (x == 0 || x == 1) {
			return x == 1, nil
		}
		return int(x), nil
	case uint64:
		if x > math.MaxInt64 {
			return strconv.FormatUint(x, 10), nil
		}
		return int(x), nil
	case int32:
		return int(x), nil
	case float64:
		return fromFloat(x)
	case float32:
		f, err := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
		if err != nil {
			return nil, err
		}
		return fromFloat(f)
	case time.Time:
		return fromTime(x, c), nil
	case []byte:
		return fromBytes(x, c, exact)
	case string:
		return fromText(x, c, exact)
	}
	return fmt.Sprint(v), nil
}

// fromFloat keeps what no number can hold as text: nan, +inf, -inf.
func fromFloat(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return value.Number(f)
}

// fromTime writes a time as ISO 8601, with a zone only where the column has
// one.
func fromTime(t time.Time, c column) string {
	const local = "2006-01-02T15:04:05.999999999"
	switch c.driver {
	case "sqlserver":
		switch c.kind {
		case "DATE":
			return t.Format(time.DateOnly)
		case "TIME":
			return t.Format("15:04:05.999999999")
		case "DATETIMEOFFSET":
			return t.Format(time.RFC3339Nano)
		}
		return t.Format(local)
	case "oracle": // whose DATE has a time of day
		if strings.Contains(c.kind, "TZ") {
			return t.Format(time.RFC3339Nano)
		}
		return t.Format(local)
	}
	if c.kind == "DATE" && t.Equal(t.Truncate(24*time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

func fromBytes(b []byte, c column, exact bool) (any, error) {
	switch c.kind {
	case "BLOB", "LONGBLOB", "MEDIUMBLOB", "TINYBLOB", "BINARY", "VARBINARY", "RAW", "LONGRAW", "OCIBLOBLOCATOR", "IMAGE", "GEOMETRY":
		return fromBinary(b), nil
	case "BIT": // of MySQL: up to 64 bits
		if len(b) <= 8 {
			var n uint64
			for _, x := range b {
				n = n<<8 | uint64(x)
			}
			return canonical(n, c, exact)
		}
	case "UNIQUEIDENTIFIER": // SQL Server keeps the first three parts turned around
		if len(b) == 16 {
			return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%x-%x", b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8:10], b[10:]), nil
		}
	}
	if c.driver == "sqlite" || !utf8.Valid(b) { // SQLite gives text as string
		return fromBinary(b), nil
	}
	return fromText(string(b), c, exact)
}

func fromBinary(b []byte) any { return base64.StdEncoding.EncodeToString(b) }

func fromText(s string, c column, exact bool) (any, error) {
	switch c.kind {
	case "NUMERIC", "DECIMAL", "NUMBER", "MONEY", "SMALLMONEY":
		if c.driver != "sqlite" { // whose columns may hold any text
			return fromDecimal(s, exact)
		}
	case "DATETIME", "TIMESTAMP":
		if c.driver == "mysql" {
			return strings.Replace(s, " ", "T", 1), nil
		}
	case "JSON", "JSONB":
		return fromJSON(s), nil
	}
	return strings.ToValidUTF8(s, "\uFFFD"), nil
}

// fromDecimal returns a decimal as a number if one can hold it exactly, and
// otherwise, or if exact asks for it, as the text it is.
func fromDecimal(s string, exact bool) (any, error) {
	if exact {
		return s, nil
	}
	whole, fraction, _ := strings.Cut(strings.TrimLeft(s, "-"), ".")
	fraction = strings.TrimRight(fraction, "0")
	if n, err := strconv.ParseInt(strings.SplitN(s, ".", 2)[0], 10, 64); err == nil && fraction == "" {
		return int(n), nil
	}
	if len(strings.TrimLeft(whole+fraction, "0")) > 15 { // float64 holds 15 digits
		return s, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return s, nil
	}
	return value.Number(f)
}

// fromJSON returns a JSON cell as a value, or as text if it is none that a
// flow can hold.
func fromJSON(s string) any {
	v, err := value.Parse([]byte(s))
	if err != nil {
		return s
	}
	return v
}
