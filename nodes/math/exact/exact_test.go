package exact_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/nodes/math/exact"
	"github.com/aether-rpa/aether/value"
)

func TestOf(t *testing.T) {
	for in, want := range map[any]string{
		1: "1", 0.1: "0.1", 1e300: "1" + zeros(300), 5e-324: "", "1.50": "1.5", " -.5 ": "-0.5", "+3": "3", "1e3": "1000", math.MinInt64: "-9223372036854775808",
	} {
		d, err := exact.Of(in)
		if err != nil {
			t.Errorf("%v: %v", in, err)
		} else if want != "" && d.String() != want {
			t.Errorf("%v: got %s", in, d)
		}
	}
	for _, in := range []any{nil, true, []any{}, "", "x", "1,5", "0x10", "1e", "1e999999", "--1", ".", "1_000", "NaN", "Inf", math.NaN(), "1 2"} {
		if d, err := exact.Of(in); err == nil {
			t.Errorf("%v was read as %s", in, d)
		}
	}
}

func zeros(n int) string { return decimal.New(1, int32(n)).String()[1:] }

func TestNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, err := value.Number(rapid.Float64().Draw(t, "f"))
		if err != nil {
			t.Skip()
		}
		d, err := exact.Of(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := exact.Number(d)
		if err != nil || !value.Equal(got, f) {
			t.Fatalf("got %v %v, want %v", got, err, f)
		}
	})
	if _, err := exact.Number(decimal.New(1, 400)); err == nil {
		t.Error("1e400 became a number")
	}
}

func TestRound(t *testing.T) {
	modes := []string{exact.HalfUp, exact.HalfEven, exact.HalfDown, exact.Up, exact.Down, exact.Ceiling, exact.Floor}
	for in, want := range map[string][]string{
		"2.675":  {"2.68", "2.68", "2.67", "2.68", "2.67", "2.68", "2.67"},
		"2.665":  {"2.67", "2.66", "2.66", "2.67", "2.66", "2.67", "2.66"},
		"-2.665": {"-2.67", "-2.66", "-2.66", "-2.67", "-2.66", "-2.66", "-2.67"},
		"2.6651": {"2.67", "2.67", "2.67", "2.67", "2.66", "2.67", "2.66"},
		"0.001":  {"0", "0", "0", "0.01", "0", "0.01", "0"},
		"5":      {"5", "5", "5", "5", "5", "5", "5"},
	} {
		for i, m := range modes {
			if got := exact.Round(decimal.RequireFromString(in), 2, m).String(); got != want[i] {
				t.Errorf("%s %s: got %s, want %s", in, m, got, want[i])
			}
		}
	}
	if got := exact.Round(decimal.NewFromInt(1250), -2, exact.HalfEven).String(); got != "1200" {
		t.Errorf("got %s", got)
	}
}

// The rounded value is never further away than one unit, half of one for the
// half modes, whatever the size of the number.
func TestRoundDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := decimal.NewFromBigInt(big.NewInt(rapid.Int64().Draw(t, "c")), int32(rapid.IntRange(-30, 5).Draw(t, "e")))
		digits := rapid.IntRange(-3, 12).Draw(t, "digits")
		mode := rapid.SampledFrom([]string{exact.HalfUp, exact.HalfEven, exact.HalfDown, exact.Up, exact.Down, exact.Ceiling, exact.Floor}).Draw(t, "mode")
		r := exact.Round(d, digits, mode)
		unit := decimal.New(1, int32(-digits))
		if !exact.Remainder(r, unit).IsZero() {
			t.Fatalf("%s is no multiple of %s", r, unit)
		}
		limit := unit
		if strings.HasPrefix(mode, "half") {
			limit = unit.Div(decimal.NewFromInt(2))
		}
		if diff := d.Sub(r).Abs(); diff.GreaterThan(limit) || limit.Equal(unit) && diff.Equal(unit) {
			t.Fatalf("%s became %s", d, r)
		}
	})
}
