package db

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aether-rpa/aether/value"
)

// argument turns a canonical value into what drivers take: lists and maps as
// JSON.
func argument(v any) (any, error) {
	switch x := v.(type) {
	case nil, bool, string, float64:
		return x, nil
	case int:
		return int64(x), nil
	case []any, map[string]any:
		b, err := value.JSON(x)
		if err != nil {
			return nil, err
		}
		return string(b), nil
	}
	return nil, fmt.Errorf("a %s cannot be given to a database", value.Kind(v))
}

// column is what is known of a result column.
type column struct {
	name, kind string // kind is the database's name of the type, in upper case
}

// canonical turns what a driver returned into a value. Decimals are numbers, or
// text if the flow wants them exact.
func canonical(v any, c column, exact bool) (any, error) {
	switch x := v.(type) {
	case nil, bool:
		return x, nil
	case int64:
		if c.kind == "TINYINT(1)" {
			return x != 0, nil
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
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return strings.ToLower(strconv.FormatFloat(x, 'g', -1, 64)), nil
		}
		return value.Number(x)
	case float32:
		f, err := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
		if err != nil {
			return nil, err
		}
		return canonical(f, c, exact)
	case time.Time:
		if c.kind == "DATE" {
			return x.Format(time.DateOnly), nil
		}
		return x.Format(time.RFC3339Nano), nil
	case []byte:
		return fromBytes(x, c, exact)
	case string:
		return fromText(x, c, exact)
	}
	return fmt.Sprint(v), nil
}

func fromBytes(b []byte, c column, exact bool) (any, error) {
	switch c.kind {
	case "BYTEA", "BLOB", "LONGBLOB", "MEDIUMBLOB", "TINYBLOB", "BINARY", "VARBINARY", "RAW", "LONG RAW", "IMAGE":
		return base64.StdEncoding.EncodeToString(b), nil
	case "UNIQUEIDENTIFIER": // SQL Server keeps the first three parts turned around
		if len(b) == 16 {
			return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%x-%x", b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8:10], b[10:]), nil
		}
	}
	if utf8.Valid(b) {
		return fromText(string(b), c, exact)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

func fromText(s string, c column, exact bool) (any, error) {
	switch c.kind {
	case "NUMERIC", "DECIMAL", "NUMBER", "MONEY", "SMALLMONEY", "UNSIGNED BIGINT":
		if exact {
			return s, nil
		}
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return int(n), nil
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return value.Number(f)
		}
	case "JSON", "JSONB":
		var v any
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if d.Decode(&v) == nil {
			if n, err := value.Normalize(plainNumbers(v)); err == nil {
				return n, nil
			}
		}
	}
	return strings.ToValidUTF8(s, "\uFFFD"), nil
}

func plainNumbers(v any) any {
	switch x := v.(type) {
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return int(i)
		}
		f, err := x.Float64()
		if err != nil {
			return x.String()
		}
		return f
	case []any:
		for i := range x {
			x[i] = plainNumbers(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = plainNumbers(x[k])
		}
	}
	return v
}

// sqlState returns the code of a database error, if it has one.
func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	var numbered interface{ SQLErrorNumber() int32 }
	if errors.As(err, &numbered) {
		return strconv.Itoa(int(numbered.SQLErrorNumber()))
	}
	return ""
}
