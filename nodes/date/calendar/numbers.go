package calendar

import (
	"errors"
	"fmt"
	"math"
	"time"
)

var errRange = errors.New("the number is outside the years 1 to 9999")

// FromUnix returns the instant that many seconds after 1970 began in UTC,
// rounded to the microsecond: a float64 holds no more.
func FromUnix(seconds float64, loc *time.Location) (Moment, error) {
	if math.IsNaN(seconds) || math.Abs(seconds) > 3e11 {
		return Moment{}, errRange
	}
	whole := math.Floor(seconds)
	micros := math.Round((seconds - whole) * 1e6)
	m := Moment{T: time.Unix(int64(whole), int64(micros)*1000).In(loc)}
	if m.Check() != nil {
		return Moment{}, errRange
	}
	return m, nil
}

// Excel counts days from two epochs; the one of 1900 has a 29 February 1900
// that never was, so that days before 1 March 1900 are one off.
var (
	epoch1900 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	epoch1904 = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
)

// FromExcel returns the local time of an Excel serial number: a day when it is
// whole, else a time to the millisecond, which is what Excel keeps.
func FromExcel(n float64, from1904 bool, loc *time.Location) (Moment, error) {
	if math.IsNaN(n) || n < 0 || n >= 2958466 {
		return Moment{}, fmt.Errorf("%v is no Excel date: they go from 0 to 2958465", n)
	}
	epoch := epoch1900
	if from1904 {
		epoch = epoch1904
	} else if n < 60 {
		epoch = epoch.AddDate(0, 0, 1)
	} else if n < 61 {
		return Moment{}, errors.New("60 stands for 29 February 1900, a day that was not")
	}
	days := math.Floor(n)
	ms := math.Round((n - days) * 86_400_000)
	w := epoch.AddDate(0, 0, int(days))
	if ms == 0 {
		return Day(w.Year(), w.Month(), w.Day(), loc), nil
	}
	return Moment{T: Wall(w.Add(time.Duration(ms)*time.Millisecond), loc)}, nil
}

// ToExcel returns the serial number of the moment's local time.
func ToExcel(m Moment, from1904 bool) (float64, error) {
	w := asUTC(m.T)
	if m.DayOnly {
		w = w.Truncate(24 * time.Hour)
	}
	epoch := epoch1900
	if from1904 {
		epoch = epoch1904
	}
	days := float64(w.Unix()-epoch.Unix()) / 86400
	if whole := math.Floor(days); true {
		ms := float64(w.Hour()*3_600_000+w.Minute()*60_000+w.Second()*1000) + float64(w.Nanosecond())/1e6
		days = whole + ms/86_400_000
	}
	if !from1904 && days < 61 {
		days--
	}
	if days < 0 {
		return 0, fmt.Errorf("%s is before the first day that Excel knows", m)
	}
	return days, nil
}

// Weekend says which weekdays are no business days.
type Weekend [7]bool

// Business tells business days from others.
type Business struct {
	Weekend  Weekend
	Holidays map[string]bool // YYYY-MM-DD
}

// Open reports whether the day of t is a business day.
func (b *Business) Open(t time.Time) bool {
	return !b.Weekend[t.Weekday()] && !b.Holidays[t.Format(time.DateOnly)]
}

// maxDays bounds the search for business days.
const maxDays = 800_000

// Add returns the moment n business days later, at the same local time. Zero
// moves a moment on a closed day to none: it stays.
func (b *Business) Add(m Moment, n int) (Moment, error) {
	if b.Weekend == (Weekend{true, true, true, true, true, true, true}) {
		return m, errors.New("every day of the week is weekend")
	}
	w, step := asUTC(m.T), 1
	if n < 0 {
		step, n = -1, -n
	}
	for tries := 0; n > 0; tries++ {
		if tries > maxDays {
			return m, errors.New("there are not that many business days")
		}
		if w = w.AddDate(0, 0, step); b.Open(w) {
			n--
		}
	}
	if err := (Moment{T: w}).Check(); err != nil {
		return m, err
	}
	if w.Equal(asUTC(m.T)) {
		return m, nil
	}
	if m.DayOnly {
		return Day(w.Year(), w.Month(), w.Day(), m.T.Location()), nil
	}
	return Moment{T: Wall(w, m.T.Location())}, nil
}

// Count returns the business days from a, including it, to b, not including
// it; negative when b is earlier.
func (b *Business) Count(from, to Moment) (int, error) {
	d, e := dayOf(from.T), dayOf(to.T)
	if e.Before(d) {
		n, err := b.Count(to, from)
		return -n, err
	}
	n := 0
	for i := 0; d.Before(e); i++ {
		if i > 4*maxDays {
			return 0, errors.New("the dates are too far apart")
		}
		if b.Open(d) {
			n++
		}
		d = d.AddDate(0, 0, 1)
	}
	return n, nil
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
