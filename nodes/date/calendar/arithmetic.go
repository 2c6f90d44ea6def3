package calendar

import (
	"fmt"
	"math"
	"time"
)

// Period is a length of time in the units it was given: calendar units keep
// their meaning across changes of the clocks, Time is elapsed time.
type Period struct {
	Years, Months, Weeks, Days int
	Time                       time.Duration
}

// Negate returns the period backwards.
func (p Period) Negate() Period {
	return Period{-p.Years, -p.Months, -p.Weeks, -p.Days, -p.Time}
}

// IsZero reports whether the period is of no length.
func (p Period) IsZero() bool { return p == Period{} }

// maxAmount bounds amounts, so that sums of them stay far from overflow.
const maxAmount = 4_000_000

// Add returns the moment a period later: first years and months, where a day
// that the month lacks becomes its last; then weeks and days on the calendar
// of the zone, at the same time of day; then elapsed time. A day stays a day
// unless elapsed time is added.
func (m Moment) Add(p Period) (Moment, error) {
	for _, n := range []int{p.Years, p.Months, p.Weeks, p.Days} {
		if n > maxAmount || n < -maxAmount {
			return Moment{}, fmt.Errorf("%d is more than can be added to a date", n)
		}
	}
	loc := m.T.Location()
	if p.Years != 0 || p.Months != 0 || p.Weeks != 0 || p.Days != 0 {
		w := addMonths(asUTC(m.T), p.Years*12+p.Months).AddDate(0, 0, p.Weeks*7+p.Days)
		if err := (Moment{T: w}).Check(); err != nil {
			return Moment{}, err
		}
		if m.DayOnly {
			m = Day(w.Year(), w.Month(), w.Day(), loc)
		} else {
			m.T = Wall(w, loc)
		}
	}
	if p.Time != 0 {
		m = Moment{T: m.T.Add(p.Time)}
	}
	return m, m.Check()
}

// addMonths moves by months and clamps the day to the length of the month.
func addMonths(t time.Time, n int) time.Time {
	if n == 0 {
		return t
	}
	y, mo, d := t.Date()
	first := time.Date(y, mo+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	d = min(d, DaysIn(first.Year(), int(first.Month())))
	h, mi, s := t.Clock()
	return time.Date(first.Year(), first.Month(), d, h, mi, s, t.Nanosecond(), time.UTC)
}

// Units of time in the words users write.
const (
	Millisecond = "millisecond"
	Second      = "second"
	Minute      = "minute"
	Hour        = "hour"
	DayUnit     = "day"
	Week        = "week"
	Month       = "month"
	Quarter     = "quarter"
	Year        = "year"
)

// elapsed is the length of units that are elapsed time.
var elapsed = map[string]time.Duration{Millisecond: time.Millisecond, Second: time.Second, Minute: time.Minute, Hour: time.Hour}

// PeriodOf returns n of a unit.
func PeriodOf(n int, unit string) (Period, error) {
	if d, ok := elapsed[unit]; ok {
		if n != 0 && (math.Abs(float64(n)) > math.MaxInt64/float64(d)) {
			return Period{}, fmt.Errorf("%d %ss are more than can be added to a date", n, unit)
		}
		return Period{Time: time.Duration(n) * d}, nil
	}
	if n > maxAmount || n < -maxAmount {
		return Period{}, fmt.Errorf("%d %ss are more than can be added to a date", n, unit)
	}
	switch unit {
	case DayUnit:
		return Period{Days: n}, nil
	case Week:
		return Period{Weeks: n}, nil
	case Month:
		return Period{Months: n}, nil
	case Quarter:
		return Period{Months: 3 * n}, nil
	case Year:
		return Period{Years: n}, nil
	}
	return Period{}, fmt.Errorf("there is no unit %q", unit)
}

// approximate lengths guess how many calendar units lie between two instants;
// Between corrects the guess.
var approximate = map[string]float64{DayUnit: 1, Week: 7, Month: 30.436875, Quarter: 91.310625, Year: 365.2425}

// Between returns the number of whole units from a to b, negative when b is
// earlier, and the exact number with the fraction of the unit begun. Calendar
// units count in the zone of a.
func Between(a, b Moment, unit string) (whole int, exact float64, err error) {
	if b.T.Before(a.T) {
		// Counted from the earlier moment, so that both directions agree.
		whole, exact, err = Between(b.In(a.T.Location()), a, unit)
		return -whole, -exact, err
	}
	if d, ok := elapsed[unit]; ok {
		// A Duration holds 292 years only.
		seconds := b.T.Unix() - a.T.Unix()
		nanos := int64(b.T.Nanosecond() - a.T.Nanosecond())
		if d >= time.Second {
			per := int64(d / time.Second)
			if nanos < 0 {
				seconds, nanos = seconds-1, nanos+1e9
			}
			return int(seconds / per), (float64(seconds) + float64(nanos)/1e9) / float64(per), nil
		}
		ms := seconds*1000 + int64(math.Floor(float64(nanos)/1e6))
		return int(ms), float64(seconds)*1000 + float64(nanos)/1e6, nil
	}
	days := b.T.Sub(a.T).Hours() / 24
	if b.T.Unix()-a.T.Unix() > 290*365*86400 {
		days = float64(b.T.Unix()-a.T.Unix()) / 86400
	}
	length, ok := approximate[unit]
	if !ok {
		return 0, 0, fmt.Errorf("there is no unit %q", unit)
	}
	at := func(n int) (time.Time, error) {
		p, err := PeriodOf(n, unit)
		if err != nil {
			return time.Time{}, err
		}
		m, err := a.Add(p)
		return m.T, err
	}
	n := max(int(days/length)-1, 0)
	var start, next time.Time
	if start, err = at(n); err != nil {
		return 0, 0, err
	}
	for n > 0 && start.After(b.T) {
		n--
		if start, err = at(n); err != nil {
			return 0, 0, err
		}
	}
	for {
		if next, err = at(n + 1); err != nil {
			// The next one is beyond the year 9999.
			return n, float64(n), nil
		}
		if next.After(b.T) {
			break
		}
		n, start = n+1, next
	}
	return n, float64(n) + float64(b.T.Sub(start))/float64(next.Sub(start)), nil
}

// Split returns the period from a to b in years, months, days and elapsed
// time; it is negative when b is earlier.
func Split(a, b Moment) (Period, error) {
	if b.T.Before(a.T) {
		p, err := Split(b.In(a.T.Location()), a)
		return p.Negate(), err
	}
	var p Period
	var err error
	if p.Months, _, err = Between(a, b, Month); err != nil {
		return p, err
	}
	p.Years, p.Months = p.Months/12, p.Months%12
	at, err := a.Add(p)
	if err != nil {
		return p, err
	}
	if p.Days, _, err = Between(at, b, DayUnit); err != nil {
		return p, err
	}
	if at, err = a.Add(p); err != nil {
		return p, err
	}
	p.Time = b.T.Sub(at.T)
	return p, nil
}

// StartOf returns the first moment of the unit that m lies in. Weeks begin on
// the day first.
func (m Moment) StartOf(unit string, first time.Weekday) (Moment, error) {
	y, mo, d := m.T.Date()
	loc := m.T.Location()
	switch unit {
	case Second, Minute, Hour:
		w := asUTC(m.T)
		return Moment{T: WallNear(w.Truncate(elapsed[unit]), m.T, loc)}, nil
	case DayUnit:
	case Week:
		w := time.Date(y, mo, d, 0, 0, 0, 0, time.UTC)
		y, mo, d = w.AddDate(0, 0, -(int(w.Weekday()-first)+7)%7).Date()
	case Month:
		d = 1
	case Quarter:
		mo, d = (mo-1)/3*3+1, 1
	case Year:
		mo, d = 1, 1
	default:
		return Moment{}, fmt.Errorf("there is no unit %q", unit)
	}
	s := Day(y, mo, d, loc)
	s.DayOnly = m.DayOnly
	return s, s.Check()
}

// EndOf returns the last moment of the unit: the last day for a day, else the
// last millisecond.
func (m Moment) EndOf(unit string, first time.Weekday) (Moment, error) {
	s, err := m.StartOf(unit, first)
	if err != nil {
		return s, err
	}
	if d, ok := elapsed[unit]; ok {
		return Moment{T: s.T.Add(d - time.Millisecond)}, nil
	}
	p, err := PeriodOf(1, unit)
	if err != nil {
		return s, err
	}
	// The next unit begins on a day; reckoned as one it is not moved by clocks.
	y, mo, d := s.T.Date()
	w := addMonths(time.Date(y, mo, d, 0, 0, 0, 0, time.UTC), p.Years*12+p.Months).AddDate(0, 0, p.Weeks*7+p.Days)
	if m.DayOnly {
		w = w.AddDate(0, 0, -1)
		return Day(w.Year(), w.Month(), w.Day(), m.T.Location()), nil
	}
	e := Moment{T: Wall(w, m.T.Location()).Add(-time.Millisecond)}
	return e, e.Check()
}

// Round moves m to a multiple of the interval, counted from midnight by the
// clocks of the zone. Mode is down, up or nearest; halves go up.
func (m Moment) Round(interval time.Duration, mode string) (Moment, error) {
	if interval <= 0 || interval > 24*time.Hour || 24*time.Hour%interval != 0 {
		return Moment{}, fmt.Errorf("the interval %s does not divide a day", interval)
	}
	w := asUTC(m.T)
	low := w.Truncate(interval)
	rest := w.Sub(low)
	if rest != 0 && (mode == "up" || mode == "nearest" && rest >= interval-rest) {
		low = low.Add(interval)
	}
	r := Moment{T: WallNear(low, m.T, m.T.Location())}
	return r, r.Check()
}
