package db

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

// one writes a value into a column of a type and returns what comes back.
func one(t *testing.T, env *node.Env, c connection, typ string, v any) any {
	t.Helper()
	execute(t, env, c, "drop table if exists roundtrip", nil)
	execute(t, env, c, "create table roundtrip (v "+typ+")", nil)
	execute(t, env, c, "insert into roundtrip (v) values (?)", []any{v})
	rows, _ := ask(t, env, c, "select v from roundtrip", nil)
	return rows[0].(map[string]any)["v"]
}

func TestTypes(t *testing.T) {
	const big = math.MaxInt64
	cases := map[string][]struct {
		typ      string
		in, want any
	}{
		"postgres": {
			{"bigint", big, big}, {"bigint", -big - 1, -big - 1}, {"int", "5", 5}, {"smallint", -3, -3},
			{"numeric", "12345678901234567890.123", "12345678901234567890.123"}, {"numeric(10,2)", 2.5, 2.5}, {"numeric(10,2)", 2, 2}, {"numeric", "9007199254740993", 9007199254740993}, {"numeric", "NaN", "NaN"}, {"numeric", "0.1", 0.1},
			{"double precision", 0.1, 0.1}, {"double precision", "NaN", "nan"}, {"double precision", "-Infinity", "-inf"}, {"real", 0.1, 0.1}, {"double precision", 1e300, 1e300},
			{"boolean", true, true}, {"text", true, "true"}, {"text", 12, "12"}, {"varchar(5)", 1.5, "1.5"}, {"char(3)", "a", "a  "},
			{"timestamp", "2026-01-02T03:04:05.123456", "2026-01-02T03:04:05.123456"}, {"timestamp", "infinity", "infinity"}, {"timestamp", "2026-01-02 03:04:05 BC", "2026-01-02 03:04:05 BC"},
			{"date", "2026-01-02", "2026-01-02"}, {"date", "-infinity", "-infinity"}, {"time", "03:04:05", "03:04:05"}, {"interval", "1 day 2 hours", "1 day 02:00:00"},
			{"bytea", map[string]any{"base64": "AP8K"}, "AP8K"}, {"uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
			{"jsonb", map[string]any{"a": []any{1, "x", nil, map[string]any{"b": 1.5}}}, map[string]any{"a": []any{1, "x", nil, map[string]any{"b": 1.5}}}}, {"json", []any{1, 2}, []any{1, 2}}, {"jsonb", []any{}, []any{}}, {"text", []any{1, "a"}, `[1,"a"]`},
			{"jsonb", nil, nil}, {"jsonb", "3", 3},
			{"int[]", []any{1, nil, 3}, []any{1, nil, 3}}, {"int[]", []any{[]any{1, 2}, []any{3, 4}}, []any{[]any{1, 2}, []any{3, 4}}}, {"int[]", "[0:1]={7,8}", []any{7, 8}}, {"text[]", []any{`a"b\c`, "", "NULL", "null", "x,y", "{}", "ü\n"}, []any{`a"b\c`, "", "NULL", "null", "x,y", "{}", "ü\n"}},
			{"text[]", []any{}, []any{}}, {"jsonb[]", []any{map[string]any{"a": 1}}, []any{map[string]any{"a": 1}}}, {"bytea[]", []any{map[string]any{"base64": "AP8="}}, []any{"AP8="}}, {"boolean[]", []any{true, false}, []any{true, false}}, {"numeric[]", []any{"1.50"}, []any{1.5}}, {"timestamp[]", []any{"2026-01-02T00:00:00"}, []any{"2026-01-02T00:00:00"}},
			{"bit(4)", "0101", "0101"}, {"inet", "10.0.0.1/8", "10.0.0.1/8"}, {"int4range", "[1,5)", "[1,5)"}, {"money", nil, nil}, {"xml", "<a/>", "<a/>"}, {"point", "(1,2)", "(1,2)"},
		},
		"mysql": {
			{"bigint", big, big}, {"bigint", -big - 1, -big - 1}, {"bigint unsigned", "18446744073709551615", "18446744073709551615"}, {"bigint unsigned", big, big}, {"int unsigned", 4294967295, 4294967295}, {"tinyint(1)", true, 1},
			{"decimal(30,10)", "12345678901234567890.0123456789", "12345678901234567890.0123456789"}, {"decimal(10,2)", 2.5, 2.5}, {"decimal(10,2)", 2, 2}, {"double", 0.1, 0.1}, {"float", 0.5, 0.5},
			{"date", "2026-01-02", "2026-01-02"}, {"datetime(6)", "2026-01-02T03:04:05.123456", "2026-01-02T03:04:05.123456"}, {"datetime", "2026-01-02 03:04:05", "2026-01-02T03:04:05"}, {"timestamp null", "2026-01-02 03:04:05", "2026-01-02T03:04:05"}, {"time", "-12:30:00", "-12:30:00"}, {"year", 2026, 2026},
			{"bit(1)", 1, 1}, {"bit(64)", big, big}, {"blob", map[string]any{"base64": "AP8K"}, "AP8K"}, {"varbinary(9)", map[string]any{"base64": "YQ=="}, "YQ=="}, {"varchar(9)", "ü€😀", "ü€😀"}, {"json", map[string]any{"a": 1}, `{"a":1}`}, {"enum('a','b')", "b", "b"}, {"text", nil, nil}, {"uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
		},
		"sqlite": {
			{"integer", big, big}, {"integer", -big - 1, -big - 1}, {"real", 0.1, 0.1}, {"text", "12345678901234567890.123", "12345678901234567890.123"}, {"numeric", "abc", "abc"}, {"", "2026-01-02 03:04:05", "2026-01-02 03:04:05"},
			{"datetime", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"}, {"datetime", "2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05+02:00"}, {"datetime", "2026-01-02 03:04:05", "2026-01-02T03:04:05Z"}, {"date", "2026-01-02", "2026-01-02"}, {"date", "2026-01-02 10:00:00", "2026-01-02T10:00:00Z"}, {"date", "soon", "soon"},
			{"blob", map[string]any{"base64": "YWJj"}, "YWJj"}, {"", map[string]any{"base64": "AP8="}, "AP8="}, {"json", []any{1, "a"}, []any{1, "a"}}, {"boolean", true, true}, {"text", nil, nil}, {"text", "a\x00b", "a\x00b"},
		},
	}
	for kind, c := range servers(t) {
		env := nodetest.Env(t)
		for _, tt := range cases[kind] {
			if got := one(t, env, c, tt.typ, tt.in); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s %s: %v came back as %#v, not %#v", kind, tt.typ, tt.in, got, tt.want)
			}
		}
	}
}

func TestTimesHaveTheirZone(t *testing.T) {
	c, ok := servers(t)["postgres"]
	if !ok {
		t.Skip("it needs PostgreSQL")
	}
	env := nodetest.Env(t)
	got := one(t, env, c, "timestamptz", "2026-01-02T03:04:05.5+02:00").(string)
	at, err := time.Parse(time.RFC3339Nano, got)
	if err != nil || !at.Equal(time.Date(2026, 1, 2, 1, 4, 5, 5e8, time.UTC)) {
		t.Errorf("got %s, %v", got, err)
	}
	for in, want := range map[string]string{
		"2026-01-02 03:04:05+00": "2026-01-02T03:04:05Z", "2026-01-02 03:04:05.5-03": "2026-01-02T03:04:05.5-03:00", "2026-01-02 03:04:05+05:30": "2026-01-02T03:04:05+05:30",
		"1800-01-01 00:00:00+00:53:28": "1800-01-01T00:00:00+00:53:28", "infinity": "infinity", "0044-03-15 00:00:00+00 BC": "0044-03-15 00:00:00+00 BC", "10000-01-01 00:00:00": "10000-01-01T00:00:00",
	} {
		if got := isoTime(in); got != want {
			t.Errorf("%s became %s, not %s", in, got, want)
		}
	}
}

// TestZeroDates has dates that only MySQL knows.
func TestZeroDates(t *testing.T) {
	c, ok := servers(t)["mysql"]
	if !ok {
		t.Skip("it needs MariaDB")
	}
	rows, _ := ask(t, nodetest.Env(t), c, "select cast('0000-00-00' as date) as never, timestamp('2026-01-02', '03:04:05') as at, ? as big", []any{math.MaxInt64})
	if want := map[string]any{"never": "0000-00-00", "at": "2026-01-02T03:04:05", "big": math.MaxInt64}; !reflect.DeepEqual(rows[0], want) {
		t.Errorf("got %v", rows[0])
	}
	env := nodetest.Env(t)
	execute(t, env, c, "drop table if exists never", nil)
	execute(t, env, c, "create table never (d date, t datetime)", nil)
	if _, err := transaction(t.Context(), env, transactionIn{Connection: c, Isolation: "default", Timeout: time.Minute, Statements: []step{
		{SQL: "set sql_mode = ''"}, {SQL: "insert into never values ('0000-00-00', '0000-00-00 00:00:00'), ('2026-00-00', null)"},
	}}); err != nil {
		t.Fatal(err)
	}
	rows, _ = ask(t, env, c, "select * from never", nil)
	if want := []any{map[string]any{"d": "0000-00-00", "t": "0000-00-00T00:00:00"}, map[string]any{"d": "2026-00-00", "t": nil}}; !reflect.DeepEqual(rows, want) {
		t.Errorf("got %v", rows)
	}
	// The step that set sql_mode must not have left it to this one.
	if rows, _ = ask(t, env, c, "select @@session.sql_mode as mode", nil); rows[0].(map[string]any)["mode"] == "" {
		t.Error("a setting went over into another step")
	}
	execute(t, env, c, "drop table never", nil)
}

// TestBulkRoundTrip loads rows of all kinds and reads them again.
func TestBulkRoundTrip(t *testing.T) {
	for kind, c := range servers(t) {
		env := nodetest.Env(t)
		blob := map[string]string{"sqlite": "blob", "postgres": "bytea", "mysql": "blob"}[kind]
		list := map[string]string{"sqlite": "json", "postgres": "int[]", "mysql": "text"}[kind]
		execute(t, env, c, "drop table if exists bulk", nil)
		execute(t, env, c, "create table bulk (id integer primary key, text "+map[bool]string{true: "text", false: "text character set utf8mb4"}[kind != "mysql"]+", big bigint, raw "+blob+", list "+list+")", nil)
		row := 0
		rapid.Check(t, func(rt *rapid.T) {
			rows := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) map[string]any {
				row++
				s := rapid.String().Draw(rt, "text")
				if kind == "postgres" {
					s = strings.ReplaceAll(s, "\x00", "") // it has no such letter
				}
				return map[string]any{
					"id": row, "text": rapid.SampledFrom([]any{nil, s, s, `\N`, "\t\\\r\n", "", `\.`}).Draw(rt, "which"), "big": int(rapid.Int64().Draw(rt, "big")),
					"raw": fromBinary(rapid.SliceOf(rapid.Byte()).Draw(rt, "raw")), "list": []any{1, 2},
				}
			}), 1, 20).Draw(rt, "rows")
			in := make([]any, len(rows))
			for i, r := range rows {
				in[i] = r
			}
			out, err := insertRows(t.Context(), env, insertIn{Connection: c, Table: "bulk", Rows: value.RowsOf(in), Binary: []string{"raw"}, OnConflict: "fail", BatchSize: 7, Timeout: time.Minute})
			if err != nil || out.Count != len(rows) || out.Affected != len(rows) {
				rt.Fatalf("%s: %+v %v", kind, out, err)
			}
			got, _ := ask(t, env, c, "select * from bulk where id > ? order by id", []any{row - len(rows)})
			if kind == "mysql" {
				for _, r := range rows {
					r["list"] = "[1,2]"
				}
			}
			if !reflect.DeepEqual(got, in) {
				rt.Fatalf("%s: %#v came back as %#v", kind, in, got)
			}
		})
		_, err := insertRows(t.Context(), env, insertIn{Connection: c, Table: "bulk", Rows: value.RowsOf([]any{map[string]any{"id": -1, "text": "x"}, map[string]any{"id": "no number", "text": "y"}}), OnConflict: "fail", BatchSize: 100, Timeout: time.Minute})
		if kind != "sqlite" && (err == nil || !strings.Contains(err.Error(), "nothing was added")) {
			t.Errorf("%s: %v", kind, err)
		}
		_, err = insertRows(t.Context(), env, insertIn{Connection: c, Table: "bulk", Rows: value.RowsOf([]any{map[string]any{"id": -1}, map[string]any{"id": -2, "txet": "y"}}), OnConflict: "fail", BatchSize: 100, Timeout: time.Minute})
		if err == nil || !strings.Contains(err.Error(), `row 2 has the column "txet"`) {
			t.Errorf("%s: a row with another column: %v", kind, err)
		}
		if rows, _ := ask(t, env, c, "select id from bulk where id < 0", nil); len(rows) > 0 {
			t.Errorf("%s: a load that failed left %v", kind, rows)
		}
		execute(t, env, c, "drop table bulk", nil)
	}
}

// TestValuesOfOtherDrivers has what servers send that do not run here.
func TestValuesOfOtherDrivers(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.FixedZone("", 3600))
	for _, tt := range []struct {
		driver, kind string
		in, want     any
	}{
		{"sqlserver", "DATE", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "2026-01-02"},
		{"sqlserver", "TIME", time.Date(1, 1, 1, 3, 4, 5, 0, time.UTC), "03:04:05"},
		{"sqlserver", "DATETIME2", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "2026-01-02T03:04:05"},
		{"sqlserver", "DATETIMEOFFSET", at, "2026-01-02T03:04:05.006+01:00"},
		{"sqlserver", "DECIMAL", []byte("12345678901234567890.10"), "12345678901234567890.10"},
		{"sqlserver", "MONEY", []byte("12.5000"), 12.5},
		{"sqlserver", "BIT", true, true},
		{"sqlserver", "BIGINT", int64(math.MaxInt64), math.MaxInt64},
		{"sqlserver", "VARBINARY", []byte("abc"), "YWJj"},
		{"sqlserver", "UNIQUEIDENTIFIER", []byte{0x10, 0xb8, 0xa7, 0x6b, 0xad, 0x9d, 0xd1, 0x11, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
		{"oracle", "DATE", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "2026-01-02T03:04:05"},
		{"oracle", "TIMESTAMPTZ_DTY", at, "2026-01-02T03:04:05.006+01:00"},
		{"oracle", "TIMESTAMPDTY", at, "2026-01-02T03:04:05.006"},
		{"oracle", "NUMBER", "12345678901234567890123", "12345678901234567890123"},
		{"oracle", "NUMBER", "0.1", 0.1},
		{"oracle", "RAW", []byte{0, 255}, "AP8="},
		{"mysql", "BIT", []byte{1, 0}, 256},
		{"sqlite", "", math.Inf(1), "+inf"},
	} {
		got, err := canonical(tt.in, column{"c", tt.driver, tt.kind}, false)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s %s: %v gave %#v, %v", tt.driver, tt.kind, tt.in, got, err)
		}
	}
	if got, err := fromDecimal("1.50", true); err != nil || got != "1.50" {
		t.Errorf("an exact decimal: %v, %v", got, err)
	}
}

func TestColumnNames(t *testing.T) {
	for _, tt := range [][2][]string{
		{{"a", "a", "a_2", "", "a"}, {"a", "a_3", "a_2", "column_4", "a_4"}},
		{{"id", "id"}, {"id", "id_2"}},
		{{"", "column_1"}, {"column_1", "column_1_2"}},
	} {
		var got []string
		for _, c := range columnsOf(tt[0]) {
			got = append(got, c.name)
		}
		if !reflect.DeepEqual(got, tt[1]) {
			t.Errorf("%q became %q", tt[0], got)
		}
	}
}

func FuzzArray(f *testing.F) {
	f.Add(`{1,NULL,"a\"b",{2}}`)
	f.Add(`[0:1]={1,2}`)
	f.Add(strings.Repeat("{", 10000))
	f.Fuzz(func(t *testing.T, s string) {
		v, err := fromArray("TEXT", s, false)
		if err != nil {
			return
		}
		text, err := arrayText(v.([]any))
		if err != nil {
			t.Fatalf("%v cannot be written: %v", v, err)
		}
		again, err := fromArray("TEXT", text, false)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(v) {
			t.Fatalf("%q is %v, written as %s it is %v, %v", s, v, text, again, err)
		}
	})
}
