package calendar

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// periodUnits are the words for units of a length of time.
var periodUnits = map[string]string{
	"y": Year, "yr": Year, "yrs": Year, "year": Year, "years": Year, "mo": Month, "mos": Month, "month": Month, "months": Month,
	"w": Week, "wk": Week, "wks": Week, "week": Week, "weeks": Week, "d": DayUnit, "day": DayUnit, "days": DayUnit,
	"h": Hour, "hr": Hour, "hrs": Hour, "hour": Hour, "hours": Hour, "m": Minute, "min": Minute, "mins": Minute, "minute": Minute, "minutes": Minute,
	"s": Second, "sec": Second, "secs": Second, "second": Second, "seconds": Second, "ms": Millisecond, "millisecond": Millisecond, "milliseconds": Millisecond,
}

// ParsePeriod reads a length of time: ISO 8601 (P1DT2H, -PT0.5S, P2W), words
// (2h 5m, 1 day 3 hours, 1.5h), a clock (1:30:00, 0:05) or a number of seconds.
func ParsePeriod(s string) (Period, error) {
	t := strings.TrimSpace(s)
	if t == "" || len(t) > 200 {
		return Period{}, fmt.Errorf("%q is not a length of time", s)
	}
	negative := false
	if t[0] == '-' || t[0] == '+' {
		negative, t = t[0] == '-', strings.TrimSpace(t[1:])
	}
	var p Period
	var err error
	switch {
	case t == "":
		err = errors.New("it has no digits")
	case t[0] == 'P' || t[0] == 'p':
		p, err = isoPeriod(strings.ToUpper(t[1:]))
	case strings.Contains(t, ":"):
		p, err = clockPeriod(t)
	default:
		p, err = wordPeriod(strings.ToLower(t))
	}
	if err != nil {
		return Period{}, fmt.Errorf("%q is not a length of time: %w", s, err)
	}
	if negative {
		p = p.Negate()
	}
	return p, nil
}

// put adds an amount of a unit. Fractions are allowed for weeks and smaller
// units, a day then being 24 hours.
func (p *Period) put(n float64, unit string) error {
	if n > 1e12 {
		return errors.New("it is too long")
	}
	whole := n == math.Trunc(n)
	if d, ok := elapsed[unit]; ok || !whole {
		switch unit {
		case DayUnit:
			d = 24 * time.Hour
		case Week:
			d = 7 * 24 * time.Hour
		}
		if d == 0 {
			return fmt.Errorf("a fraction of a %s is not a fixed length", unit)
		}
		sum := math.Round(n*float64(d)) + float64(p.Time)
		if sum >= math.MaxInt64 {
			return errors.New("it is too long")
		}
		p.Time += time.Duration(math.Round(n * float64(d)))
		return nil
	}
	if n > maxAmount {
		return errors.New("it is too long")
	}
	switch unit {
	case Year:
		p.Years += int(n)
	case Month:
		p.Months += int(n)
	case Week:
		p.Weeks += int(n)
	case DayUnit:
		p.Days += int(n)
	}
	return nil
}

func isoPeriod(s string) (Period, error) {
	var p Period
	date, clock, timed := strings.Cut(s, "T")
	if date == "" && clock == "" || timed && clock == "" {
		return p, errors.New("nothing follows P")
	}
	for i, half := range []struct{ text, order string }{{date, "YMWD"}, {clock, "HMS"}} {
		units := [2]map[byte]string{{'Y': Year, 'M': Month, 'W': Week, 'D': DayUnit}, {'H': Hour, 'M': Minute, 'S': Second}}[i]
		for half.text != "" {
			n, rest, err := readAmount(half.text)
			if err != nil || rest == "" {
				return p, errors.New("ISO 8601 durations look like P1DT2H30M")
			}
			at := strings.IndexByte(half.order, rest[0])
			if at < 0 {
				return p, errors.New("ISO 8601 durations look like P1DT2H30M")
			}
			if err := p.put(n, units[rest[0]]); err != nil {
				return p, err
			}
			half.text, half.order = rest[1:], half.order[at+1:]
		}
	}
	return p, nil
}

func readAmount(s string) (float64, string, error) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' || s[i] == ',') {
		i++
	}
	n, err := strconv.ParseFloat(strings.Replace(s[:i], ",", ".", 1), 64)
	return n, s[i:], err
}

func clockPeriod(s string) (Period, error) {
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return Period{}, errors.New("clocks look like 1:30:00")
	}
	var p Period
	for i, unit := range []string{Hour, Minute, Second}[:len(parts)] {
		n, rest, err := readAmount(parts[i])
		if err != nil || rest != "" || i > 0 && n >= 60 || i < len(parts)-1 && n != math.Trunc(n) {
			return p, errors.New("clocks look like 1:30:00")
		}
		if err := p.put(n, unit); err != nil {
			return p, err
		}
	}
	return p, nil
}

func wordPeriod(s string) (Period, error) {
	var p Period
	if n, rest, err := readAmount(s); err == nil && rest == "" {
		return p, p.put(n, Second)
	}
	for s != "" {
		n, rest, err := readAmount(s)
		if err != nil {
			return p, errors.New("write it like 2h 5m, 1 day or P1DT2H")
		}
		rest = strings.TrimLeft(rest, " ")
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
		if end < 0 {
			end = len(rest)
		}
		unit, ok := periodUnits[rest[:end]]
		if !ok {
			return p, fmt.Errorf("%q is no unit of time", rest[:end])
		}
		if err := p.put(n, unit); err != nil {
			return p, err
		}
		s = strings.TrimLeft(rest[end:], " ,")
		s = strings.TrimPrefix(s, "and ")
	}
	return p, nil
}

// ISO returns the period in ISO 8601. Parts of different signs, which ISO
// cannot say, keep their own.
func (p Period) ISO() string {
	if p.IsZero() {
		return "PT0S"
	}
	if p.Years <= 0 && p.Months <= 0 && p.Weeks <= 0 && p.Days <= 0 && p.Time <= 0 {
		return "-" + p.Negate().ISO()
	}
	var b strings.Builder
	b.WriteByte('P')
	for _, u := range []struct {
		n int
		c byte
	}{{p.Years, 'Y'}, {p.Months, 'M'}, {p.Weeks, 'W'}, {p.Days, 'D'}} {
		if u.n != 0 {
			fmt.Fprintf(&b, "%d%c", u.n, u.c)
		}
	}
	if p.Time == 0 {
		return b.String()
	}
	b.WriteByte('T')
	d := p.Time
	if h := d / time.Hour; h != 0 {
		fmt.Fprintf(&b, "%dH", h)
	}
	if m := d % time.Hour / time.Minute; m != 0 {
		fmt.Fprintf(&b, "%dM", m)
	}
	if s := d % time.Minute; s != 0 {
		b.WriteString(strconv.FormatFloat(s.Seconds(), 'f', -1, 64) + "S")
	}
	return b.String()
}
