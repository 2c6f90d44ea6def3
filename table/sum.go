package table

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/value"
)

// Sum adds numbers exactly, as decimals: ten times 0.1 is 1. The zero Sum is
// 0 and ready to use.
type Sum struct {
	// The sum is coef / 10^scale; small holds it while it fits.
	small int64
	coef  *big.Int
	scale int
}

// Add adds a number. A float counts as the shortest decimal that stands for it.
func (s *Sum) Add(v any) error {
	switch x := v.(type) {
	case int:
		s.add(int64(x), 0)
		return nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%v cannot be added", x)
		}
		return s.addText(strconv.FormatFloat(x, 'e', -1, 64))
	}
	return fmt.Errorf("a %s cannot be added", value.Kind(v))
}

// addText adds a number written as digits, a point and an exponent.
func (s *Sum) addText(t string) error {
	mantissa, exp, _ := strings.Cut(t, "e")
	e, err := strconv.Atoi(exp)
	if err != nil {
		return err
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil {
		return err
	}
	s.add(n, len(frac)-e)
	return nil
}

// add adds n / 10^scale.
func (s *Sum) add(n int64, scale int) {
	if s.coef == nil && s.scale == scale {
		if sum := s.small + n; (sum > s.small) == (n > 0) {
			s.small = sum
			return
		}
	}
	if s.coef == nil {
		s.coef = big.NewInt(s.small)
	}
	b := big.NewInt(n)
	switch {
	case scale < s.scale:
		b.Mul(b, pow10(s.scale-scale))
	case scale > s.scale:
		s.coef.Mul(s.coef, pow10(scale-s.scale))
		s.scale = scale
	}
	s.coef.Add(s.coef, b)
	if s.coef.IsInt64() {
		s.small, s.coef = s.coef.Int64(), nil
	}
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// rat returns the exact sum.
func (s *Sum) rat() *big.Rat {
	c := s.coef
	if c == nil {
		c = big.NewInt(s.small)
	}
	if s.scale <= 0 {
		return new(big.Rat).SetInt(new(big.Int).Mul(c, pow10(-s.scale)))
	}
	return new(big.Rat).SetFrac(c, pow10(s.scale))
}

// Value returns the sum as a canonical number: the float64 nearest to it when
// it is not whole. A sum that no number can hold is an error.
func (s *Sum) Value() (any, error) { return ratValue(s.rat()) }

// Mean returns the sum divided by n, rounded once.
func (s *Sum) Mean(n int) (any, error) {
	return ratValue(new(big.Rat).Quo(s.rat(), new(big.Rat).SetInt64(int64(n))))
}

func ratValue(r *big.Rat) (any, error) {
	if r.IsInt() && r.Num().IsInt64() {
		return int(r.Num().Int64()), nil
	}
	f, _ := r.Float64()
	if math.IsInf(f, 0) {
		return nil, fmt.Errorf("the sum is too large for a number")
	}
	return value.Number(f)
}
