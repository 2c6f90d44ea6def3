package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// fields are the parts of a date that a text gave.
type fields struct {
	year, month, day     int
	hasYear, hasMonth    bool
	hasDay               bool
	hour, min, sec, nano int
	hasTime              bool
	pm, hasHalf          bool
	offset               int
	hasOffset            bool
	zone                 *time.Location
	instant              *time.Time
	isoYear, week, wday  int
	yearDay              int
	endOfDay             bool // 24:00
}

// moment puts the parts together; loc is the zone of texts that name none.
func (f *fields) moment(loc *time.Location) (Moment, error) {
	if f.instant != nil {
		return Moment{T: f.instant.In(loc)}, nil
	}
	if f.zone != nil {
		loc = f.zone
	}
	if err := f.date(); err != nil {
		return Moment{}, err
	}
	if !f.hasTime {
		if f.hasOffset {
			loc = fixed(f.offset)
		}
		return Day(f.year, time.Month(f.month), f.day, loc), nil
	}
	if f.hasHalf {
		if f.hour < 1 || f.hour > 12 {
			return Moment{}, fmt.Errorf("the hour %d does not go with AM or PM", f.hour)
		}
		f.hour %= 12
		if f.pm {
			f.hour += 12
		}
	}
	if f.hour == 24 && f.min == 0 && f.sec == 0 && f.nano == 0 {
		f.hour, f.endOfDay = 0, true
	}
	if f.hour > 23 || f.min > 59 || f.sec > 60 {
		return Moment{}, fmt.Errorf("%02d:%02d:%02d is not a time of day", f.hour, f.min, f.sec)
	}
	// A leap second is the last one before it: clocks of computers have none.
	f.sec = min(f.sec, 59)
	w := time.Date(f.year, time.Month(f.month), f.day, f.hour, f.min, f.sec, f.nano, time.UTC)
	if f.endOfDay {
		w = w.AddDate(0, 0, 1)
	}
	if f.hasOffset {
		return Moment{T: w.Add(-time.Duration(f.offset) * time.Second).In(fixed(f.offset))}, nil
	}
	return Moment{T: Wall(w, loc)}, nil
}

// date fills year, month and day from what was given.
func (f *fields) date() error {
	switch {
	case f.isoYear != 0 || f.week != 0:
		if f.isoYear == 0 {
			f.isoYear = f.year
		}
		if f.wday == 0 {
			f.wday = 1
		}
		t := isoWeekStart(f.isoYear, f.week).AddDate(0, 0, f.wday-1)
		if y, w := t.ISOWeek(); y != f.isoYear || w != f.week {
			return fmt.Errorf("the year %d has no week %d", f.isoYear, f.week)
		}
		f.year, f.month, f.day = t.Year(), int(t.Month()), t.Day()
		return nil
	case f.yearDay != 0:
		t := time.Date(f.year, 1, f.yearDay, 0, 0, 0, 0, time.UTC)
		if !f.hasYear || t.Year() != f.year {
			return fmt.Errorf("the year %d has no day %d", f.year, f.yearDay)
		}
		f.month, f.day = int(t.Month()), t.Day()
		return nil
	case !f.hasYear:
		return errors.New("there is no year in it")
	}
	if !f.hasMonth {
		f.month = 1
	}
	if !f.hasDay {
		f.day = 1
	}
	if f.year < 1 || f.year > 9999 {
		return fmt.Errorf("the year %d is outside 1 to 9999", f.year)
	}
	if f.month < 1 || f.month > 12 {
		return fmt.Errorf("there is no month %d", f.month)
	}
	if f.day < 1 || f.day > DaysIn(f.year, f.month) {
		return fmt.Errorf("%s %d has no day %d", time.Month(f.month), f.year, f.day)
	}
	return nil
}

// DaysIn returns the length of a month.
func DaysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func isoWeekStart(year, week int) time.Time {
	t := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	monday := t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	return monday.AddDate(0, 0, (week-1)*7)
}

// Read reads an ISO 8601 text: 2026-03-01, 2026-03-01T10:00:00.5+01:00,
// 2026-03-01 10:00, 20260301T1000Z, 2026-W09-7, 2026-060. A time without an
// offset is local time in loc.
func Read(s string, loc *time.Location) (Moment, error) {
	f, err := readISO(strings.TrimSpace(s))
	if err != nil {
		return Moment{}, err
	}
	return f.moment(loc)
}

var errISO = errors.New("it is not an ISO 8601 date such as 2026-03-01 or 2026-03-01T10:00:00+01:00")

func readISO(s string) (*fields, error) {
	f := &fields{}
	date, clock := s, ""
	if i := strings.IndexAny(s, "Tt "); i >= 0 {
		date, clock = s[:i], s[i+1:]
		if clock == "" {
			return nil, errISO
		}
	}
	if !f.readDate(date) {
		return nil, errISO
	}
	if clock != "" && !f.readClock(clock) {
		return nil, errISO
	}
	return f, nil
}

func (f *fields) readDate(s string) bool {
	y, rest, ok := readDigits(s, 4, 4)
	if !ok {
		return false
	}
	f.year, f.hasYear = y, true
	dashed := strings.HasPrefix(rest, "-")
	rest = strings.TrimPrefix(rest, "-")
	if strings.HasPrefix(rest, "W") {
		f.isoYear = y
		if f.week, rest, ok = readDigits(rest[1:], 2, 2); !ok || f.week == 0 {
			return false
		}
		rest = strings.TrimPrefix(rest, "-")
		if rest == "" {
			return true
		}
		f.wday, rest, ok = readDigits(rest, 1, 1)
		return ok && rest == "" && f.wday >= 1 && f.wday <= 7
	}
	if len(rest) == 3 {
		f.yearDay, rest, ok = readDigits(rest, 3, 3)
		return ok && rest == "" && f.yearDay > 0
	}
	if f.month, rest, ok = readDigits(rest, 2, 2); !ok {
		return false
	}
	f.hasMonth = true
	if rest == "" {
		return dashed // 202603 would be as good a number
	}
	if strings.HasPrefix(rest, "-") != dashed {
		return false
	}
	f.day, rest, ok = readDigits(strings.TrimPrefix(rest, "-"), 2, 2)
	f.hasDay = true
	return ok && rest == ""
}

func (f *fields) readClock(s string) bool {
	var ok bool
	if f.hour, s, ok = readDigits(s, 2, 2); !ok {
		return false
	}
	f.hasTime = true
	colon := strings.HasPrefix(s, ":")
	if colon {
		s = s[1:]
	}
	var rest string
	if f.min, rest, ok = readDigits(s, 2, 2); ok {
		s = rest
		if strings.HasPrefix(s, ":") == colon {
			if f.sec, rest, ok = readDigits(strings.TrimPrefix(s, ":"), 2, 2); ok {
				s = rest
				if f.nano, s, ok = readFraction(s); !ok {
					return false
				}
			} else if colon {
				return false
			}
		}
	} else if colon {
		return false
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return true
	}
	// RFC 9557 puts the zone in brackets behind the offset.
	if i := strings.IndexByte(s, '['); i >= 0 && strings.HasSuffix(s, "]") {
		loc, err := Zone(s[i+1 : len(s)-1])
		if err != nil {
			return false
		}
		f.zone, s = loc, s[:i]
		if s == "" {
			return true
		}
	}
	f.offset, s, ok = readOffset(s)
	f.hasOffset = ok
	return ok && s == ""
}

// readFraction reads .123 or ,123 into nanoseconds; further digits are cut.
func readFraction(s string) (nano int, rest string, ok bool) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return 0, s, true
	}
	i := 1
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 1 {
		return 0, s, false
	}
	d := (s[1:i] + "000000000")[:9]
	nano, err := strconv.Atoi(d)
	return nano, s[i:], err == nil
}
