package math_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	_ "github.com/aether-rpa/aether/nodes/math"
	"github.com/aether-rpa/aether/nodes/math/locale"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "math") }

type params = map[string]any

func TestTable(t *testing.T) {
	for _, tt := range []struct {
		typ  string
		in   params
		out  string
		want any // nil: an error
	}{
		{"math.add", params{"a": 9007199254740993, "b": 1}, "result", 9007199254740994},
		{"math.add", params{"a": "9223372036854775807", "b": 1}, "text", "9223372036854775808"},
		{"math.add", params{"a": "x", "b": 1}, "", nil},
		{"math.add", params{"a": nil, "b": 1}, "", nil},
		{"math.add", params{"a": "1e1999", "b": "1e-1999"}, "", nil},
		{"math.subtract", params{"a": 0.3, "b": 0.1}, "result", 0.2},
		{"math.multiply", params{"a": 1e200, "b": 1e200}, "", nil},
		{"math.divide", params{"a": 1, "b": 0}, "", nil},
		{"math.divide", params{"a": 1, "b": "0.00"}, "", nil},
		{"math.divide", params{"a": 2, "b": 3, "digits": 2}, "text", "0.67"},
		{"math.divide", params{"a": -2, "b": 3, "digits": 0, "mode": "floor"}, "result", -1},
		{"math.divide", params{"a": 1, "b": 3, "digits": 0, "mode": "up"}, "result", 1},
		{"math.divide", params{"a": "2.5000000001", "b": 1, "digits": 0, "mode": "half_even"}, "result", 3},
		{"math.divide", params{"a": 7, "b": -2}, "remainder", 1},
		{"math.divide", params{"a": 5, "b": 2, "digits": 200}, "", nil},
		{"math.modulo", params{"a": 5.5, "b": 2}, "result", 1.5},
		{"math.modulo", params{"a": -7, "b": 3}, "result", -1},
		{"math.modulo", params{"a": 7, "b": -3, "sign": "divisor"}, "result", -2},
		{"math.modulo", params{"a": 1, "b": 0}, "", nil},
		{"math.power", params{"base": 2, "exponent": 100}, "text", "1267650600228229401496703205376"},
		{"math.power", params{"base": 2, "exponent": 0.5}, "result", 1.4142135623731},
		{"math.power", params{"base": -8, "exponent": 0.5}, "", nil},
		{"math.power", params{"base": 0, "exponent": -1}, "", nil},
		{"math.power", params{"base": 0, "exponent": 0}, "result", 1},
		{"math.power", params{"base": "1e999", "exponent": 1000}, "", nil},
		{"math.power", params{"base": 10, "exponent": 1000}, "", nil},
		{"math.root", params{"value": -4}, "", nil},
		{"math.root", params{"value": 2}, "result", 1.4142135623731},
		{"math.log", params{"value": 0}, "", nil},
		{"math.log", params{"value": 81, "base": "3"}, "result", 4},
		{"math.log", params{"value": 81, "base": "1"}, "", nil},
		{"math.trig", params{"function": "sin", "value": 180}, "result", 0},
		{"math.trig", params{"function": "cos", "value": 3600000060}, "result", 0.5},
		{"math.trig", params{"function": "tan", "value": 270}, "", nil},
		{"math.trig", params{"function": "asin", "value": 2}, "", nil},
		{"math.trig", params{"function": "acos", "value": -1, "unit": "radians"}, "result", 3.14159265358979},
		{"math.round", params{"value": 1.005, "digits": 2}, "text", "1.01"},
		{"math.round", params{"value": -2.5}, "result", -3},
		{"math.round", params{"value": 2.7, "digits": 2}, "text", "2.70"},
		{"math.round", params{"value": 2.5, "mode": "sideways"}, "", nil},
		{"math.clamp", params{"value": 5, "min": 9, "max": 1}, "", nil},
		{"math.clamp", params{"value": -5, "min": -1.5}, "result", -1.5},
		{"math.compare", params{"a": 0.3, "b": "0.30"}, "equal", true},
		{"math.sum", params{"values": []any{"1", 2, nil, ""}}, "count", 2},
		{"math.sum", params{"values": []any{"1", true}}, "", nil},
		{"math.average", params{"values": []any{}}, "", nil},
		{"math.average", params{"values": []any{1, 1, 2}}, "text", "1.33333333333333333333"},
		{"math.median", params{"values": []any{5}}, "result", 5},
		{"math.mode", params{"values": []any{1, 1.0, 2}}, "times", 2},
		{"math.stddev", params{"values": []any{1}}, "", nil},
		{"math.stddev", params{"values": []any{1, 2}}, "variance", 0.5},
		{"math.percentile", params{"values": []any{1, 2}, "percent": 0}, "result", 1},
		{"math.percentile", params{"values": []any{1, 2}, "percent": 0, "method": "nearest"}, "result", 1},
		{"math.percentile", params{"values": []any{1, 2}, "percent": 100}, "result", 2},
		{"math.percent", params{"do": "ratio", "value": 1, "other": 0}, "", nil},
		{"math.percent", params{"do": "add", "value": 100}, "", nil},
		{"math.percent", params{"do": "add", "value": 100, "percent": 19}, "result", 119},
		{"math.percent", params{"do": "take_off", "value": 80, "percent": "2.5"}, "result", 78},
		{"math.gcd", params{"values": []any{-12, 18}}, "result", 6},
		{"math.gcd", params{"values": []any{1.5}}, "", nil},
		{"math.gcd", params{"values": []any{}}, "", nil},
		{"math.lcm", params{"values": []any{0, 3}}, "result", 0},
		{"math.factorial", params{"n": 25}, "text", "15511210043330985984000000"},
		{"math.factorial", params{"n": 171}, "", nil},
		{"math.convert_base", params{"value": "-0xFF", "from": 16, "to": 10}, "text", "-255"},
		{"math.convert_base", params{"value": "12", "from": 2, "to": 10}, "", nil},
		{"math.convert_base", params{"value": "--1", "from": 10, "to": 2}, "", nil},
		{"math.convert_base", params{"value": "5", "to": 2, "width": 8}, "text", "00000101"},
		{"math.convert_unit", params{"value": 37, "from": "C", "to": "F"}, "text", "98.6"},
		{"math.convert_unit", params{"value": 1, "from": "GiB", "to": "mb"}, "result", 1073.741824},
		{"math.convert_unit", params{"value": 1, "from": "Hours", "to": "minutes"}, "result", 60},
		{"math.convert_unit", params{"value": 36, "from": "km/h", "to": "m/s"}, "result", 10},
		{"math.convert_unit", params{"value": 1, "from": "mW", "to": "W"}, "", nil},
		{"math.convert_unit", params{"value": 1, "from": "kg", "to": "m"}, "", nil},
		{"math.convert_unit", params{"value": 1, "from": "square metres", "to": "ft2"}, "result", 10.763910416709722},
		{"math.format_number", params{"value": 1234.5}, "text", "1,234.5"},
		{"math.format_number", params{"value": -1234.5, "style": "currency", "symbol": "$"}, "text", "-$1,234.50"},
		{"math.format_number", params{"value": -0.001, "decimals": 2}, "text", "0.00"},
		{"math.format_number", params{"value": 5, "style": "currency", "symbol": "USD", "spaces": "plain"}, "text", "USD 5.00"},
		{"math.format_number", params{"value": -7, "negative": "parentheses"}, "text", "(7)"},
		{"math.format_number", params{"value": 1234567, "style": "compact"}, "text", "1.23M"},
		{"math.format_number", params{"value": 999999, "style": "compact"}, "text", "1M"},
		{"math.format_number", params{"value": 0.00123, "style": "scientific"}, "text", "1.23E-3"},
		{"math.format_number", params{"value": 9.99, "style": "scientific", "decimals": 1}, "text", "1.0E+1"},
		{"math.format_number", params{"value": 1e6, "locale": "en-IN"}, "text", "10,00,000"},
		{"math.format_number", params{"value": 1e6, "grouping": false, "decimals": 2, "point": ","}, "text", "1000000,00"},
		{"math.split_money", params{"amount": 10.005, "parts": 2}, "", nil},
		{"math.split_money", params{"amount": 10}, "", nil},
		{"math.split_money", params{"amount": 10, "weights": []any{0, 0}}, "", nil},
		{"math.split_money", params{"amount": 10, "weights": []any{1, -1}}, "", nil},
		{"math.split_money", params{"amount": -0.05, "parts": 2}, "texts", []any{"-0.03", "-0.02"}},
	} {
		out, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in)
		if tt.want == nil {
			if err == nil {
				t.Errorf("%s %v: no error but %v", tt.typ, tt.in, out)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %v: %v", tt.typ, tt.in, err)
		} else if !value.Equal(out[tt.out], tt.want) {
			t.Errorf("%s %v: got %v, want %v", tt.typ, tt.in, out[tt.out], tt.want)
		}
	}
}

func TestSplitMoneyLosesNothing(t *testing.T) {
	env := nodetest.Env(t)
	rapid.Check(t, func(rt *rapid.T) {
		cents := rapid.IntRange(-1e9, 1e9).Draw(rt, "cents")
		weights := rapid.SliceOfN(rapid.IntRange(0, 1000), 1, 20).Draw(rt, "weights")
		list, all := make([]any, len(weights)), 0
		for i, w := range weights {
			list[i], all = w, all+w
		}
		if all == 0 {
			rt.Skip()
		}
		amount := decimal.New(int64(cents), -2)
		out, err := nodetest.Run(t, env, "math.split_money", params{"amount": amount.String(), "weights": list})
		if err != nil {
			rt.Fatal(err)
		}
		sum := decimal.Zero
		for i, s := range out["texts"].([]any) {
			part := decimal.RequireFromString(s.(string))
			sum = sum.Add(part)
			due := amount.Mul(decimal.NewFromInt(int64(weights[i]))).Div(decimal.NewFromInt(int64(all)))
			if part.Sub(due).Abs().GreaterThan(decimal.New(1, -2)) {
				rt.Fatalf("part %d is %s, its due %s", i, part, due)
			}
		}
		if !sum.Equal(amount) {
			rt.Fatalf("the parts add up to %s, not %s", sum, amount)
		}
	})
}

func TestConvertUnitRoundTrip(t *testing.T) {
	env := nodetest.Env(t)
	for _, pair := range [][2]string{{"km", "mi"}, {"C", "F"}, {"GiB", "bit"}, {"gal", "l"}, {"acre", "m2"}, {"kWh", "kcal"}, {"deg", "gon"}} {
		there, err := nodetest.Run(t, env, "math.convert_unit", params{"value": "12.34", "from": pair[0], "to": pair[1]})
		if err != nil {
			t.Fatal(err)
		}
		back, err := nodetest.Run(t, env, "math.convert_unit", params{"value": there["text"], "from": pair[1], "to": pair[0]})
		if err != nil || !value.Equal(back["result"], 12.34) {
			t.Errorf("%v: got %v %v", pair, back, err)
		}
	}
}

func TestLocalesOfParam(t *testing.T) {
	got := strings.Join(node.Default.Get("math.format_number").In.Field("locale").Enum, ",")
	if !reflect.DeepEqual(got, locale.Names) {
		t.Errorf("the param offers %s, the table has %s", got, locale.Names)
	}
}
