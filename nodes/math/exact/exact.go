// Package exact turns flow values into decimals and back, so that office
// arithmetic gives what a person gets on paper: 0.1 + 0.2 is 0.3.
package exact

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/value"
)

// Limits of a number, so that text such as 1e999999999 cannot take the memory.
const (
	maxText     = 2000
	maxExponent = 2000
)

// Of returns a number or numeric text as a decimal. A float64 counts as its
// shortest decimal, the one that people see: 0.1 is one tenth.
func Of(v any) (decimal.Decimal, error) {
	switch x := v.(type) {
	case int:
		return decimal.NewFromInt(int64(x)), nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return decimal.Zero, fmt.Errorf("%v is not a number to calculate with", x)
		}
		return decimal.NewFromString(strconv.FormatFloat(x, 'e', -1, 64))
	case string:
		return Parse(x)
	}
	return decimal.Zero, fmt.Errorf("a %s is not a number", value.Kind(v))
}

// Parse reads plain decimal text: an optional sign, digits with a point, an
// optional exponent.
func Parse(s string) (decimal.Decimal, error) {
	t := strings.TrimSpace(s)
	if t == "" {
		return decimal.Zero, fmt.Errorf("an empty text is not a number")
	}
	if len(t) > maxText || !plain(t) {
		return decimal.Zero, fmt.Errorf("%.60q is not a number", t)
	}
	d, err := decimal.NewFromString(t)
	if err != nil {
		return decimal.Zero, fmt.Errorf("%.60q is not a number", t)
	}
	if e := int(d.Exponent()); e > maxExponent || e < -maxExponent-maxText {
		return decimal.Zero, fmt.Errorf("%.60q is too large or too small a number", t)
	}
	return d, nil
}

// plain reports whether s is [+-]digits[.digits][e[+-]digits], with a digit
// before or after the point.
func plain(s string) bool {
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	mantissa, exponent, hasExp := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent, hasExp = s[:i], s[i+1:], true
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	if whole+frac == "" || !digits(whole+frac) {
		return false
	}
	if !hasExp {
		return true
	}
	exponent = strings.TrimPrefix(strings.TrimPrefix(exponent, "+"), "-")
	return exponent != "" && len(exponent) < 6 && digits(exponent)
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// Number returns d as a flow value: an int when it is whole and fits, else the
// nearest float64. A number beyond the range of float64 is an error.
func Number(d decimal.Decimal) (any, error) {
	if d.IsInteger() && d.Exponent() < 20 {
		if b := d.BigInt(); b.IsInt64() {
			return int(b.Int64()), nil
		}
	}
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return nil, fmt.Errorf("the result has %d digits before the point, more than a number can hold", d.NumDigits()+int(d.Exponent()))
	}
	return value.Number(f)
}

// Fits reports whether a decimal is within the limits for one more operation.
func Fits(d decimal.Decimal) bool {
	return d.Exponent() <= 2*maxExponent && d.Exponent() >= -4*maxExponent && d.Coefficient().BitLen() <= 40000
}

// Modes of rounding.
const (
	HalfUp   = "half_up"   // halves away from zero, as on an invoice
	HalfEven = "half_even" // halves to the even digit, as banks do
	HalfDown = "half_down" // halves towards zero
	Up       = "up"        // away from zero
	Down     = "down"      // towards zero: cut off
	Ceiling  = "ceiling"   // towards plus infinity
	Floor    = "floor"     // towards minus infinity
)

// Round rounds to digits after the point, before it when negative.
func Round(d decimal.Decimal, digits int, mode string) decimal.Decimal {
	n := int32(digits)
	switch mode {
	case HalfEven:
		return d.RoundBank(n)
	case HalfDown:
		low := Round(d, digits, Down)
		if d.Sub(low).Abs().Cmp(decimal.New(5, -n-1)) > 0 {
			return low.Add(decimal.New(int64(d.Sign()), -n))
		}
		return low
	case Up:
		low := Round(d, digits, Down)
		if low.Equal(d) {
			return low
		}
		return low.Add(decimal.New(int64(d.Sign()), -n))
	case Down:
		unit := decimal.New(1, -n)
		return d.Sub(remainder(d, unit))
	case Ceiling:
		if d.Sign() > 0 {
			return Round(d, digits, Up)
		}
		return Round(d, digits, Down)
	case Floor:
		if d.Sign() < 0 {
			return Round(d, digits, Up)
		}
		return Round(d, digits, Down)
	}
	return d.Round(n)
}

// remainder is what is left of d after dividing towards zero; unlike
// decimal.Mod it is exact at any distance between the exponents.
func remainder(d, unit decimal.Decimal) decimal.Decimal {
	a, b := decimal.RescalePair(d, unit)
	r := new(big.Int).Rem(a.Coefficient(), b.Coefficient())
	return decimal.NewFromBigInt(r, a.Exponent())
}

// Remainder returns d modulo m with the sign of d; m must not be zero.
func Remainder(d, m decimal.Decimal) decimal.Decimal { return remainder(d, m) }
