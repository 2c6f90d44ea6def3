// Package calendar computes with dates as people mean them: a day is a day of
// the calendar in a time zone, an hour is sixty minutes of elapsed time.
//
// A Moment is a point in time seen in a zone, or a day without a time. Local
// times that a change of the clocks makes special follow one rule everywhere:
// a time that is skipped (a gap) moves forward by the length of the gap, a time
// that occurs twice (an overlap) is the first of the two.
//
// Everything here depends on its arguments only. The time zone rules are in
// the program, so that they are there on every machine.
package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // rules for machines that have none
)

// Moment is a point in time in a zone or, with DayOnly, a day.
type Moment struct {
	// T holds the zone in its location. For a day it is the first instant of
	// the day in the zone it was read with.
	T       time.Time
	DayOnly bool
}

// String returns YYYY-MM-DD for a day and RFC 3339 otherwise.
func (m Moment) String() string {
	if m.DayOnly {
		return m.T.Format(time.DateOnly)
	}
	t := m.T
	// Before about 1900 offsets had seconds, which RFC 3339 cannot say: written
	// as they are they would name another instant.
	if _, off := t.Zone(); off%60 != 0 {
		t = t.In(time.FixedZone("", off/60*60))
	}
	return t.Format(time.RFC3339Nano)
}

// Check returns an error for a moment outside the years 1 to 9999, which ISO
// 8601 cannot write.
func (m Moment) Check() error {
	if y := m.T.Year(); y < 1 || y > 9999 {
		return fmt.Errorf("the result is in the year %d, outside 1 to 9999", y)
	}
	return nil
}

// In returns the moment seen in another zone. A day stays the same day.
func (m Moment) In(loc *time.Location) Moment {
	if m.DayOnly {
		y, mo, d := m.T.Date()
		return Day(y, mo, d, loc)
	}
	return Moment{T: m.T.In(loc)}
}

// Day returns a day; its instant is the first of the day in the zone.
func Day(y int, m time.Month, d int, loc *time.Location) Moment {
	return Moment{T: dayStart(y, m, d, loc), DayOnly: true}
}

// dayStart keeps the date even where a zone has skipped that whole day, as
// Samoa did with 30 December 2011: a date as such is not subject to the clocks.
func dayStart(y int, m time.Month, d int, loc *time.Location) time.Time {
	t := Wall(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), loc)
	want := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if ty, tm, td := t.Date(); ty != want.Year() || tm != want.Month() || td != want.Day() {
		return want
	}
	return t
}

// Zone returns the time zone of an IANA name such as Europe/Berlin, of UTC or
// Z, or of an offset such as +05:45. The empty name is UTC. Local is refused:
// it would differ between machines.
func Zone(name string) (*time.Location, error) {
	name = strings.TrimSpace(name)
	switch strings.ToUpper(name) {
	case "", "UTC", "Z", "GMT":
		return time.UTC, nil
	case "LOCAL":
		return nil, fmt.Errorf("the time zone must be named: local differs between machines")
	}
	if name[0] == '+' || name[0] == '-' {
		off, rest, ok := readOffset(name)
		if !ok || rest != "" {
			return nil, fmt.Errorf("%q is not an offset like +02:00", name)
		}
		return fixed(off), nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("there is no time zone %q", name)
	}
	return loc, nil
}

func fixed(seconds int) *time.Location {
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone("", seconds)
}

// Wall returns the instant at which the clocks of a zone show the given time;
// the location of wall is ignored. See the package comment for gaps and
// overlaps.
func Wall(wall time.Time, loc *time.Location) time.Time {
	before, after, ok := around(wall, loc)
	if !ok || !after.Before(before) {
		return before
	}
	return after
}

// WallNear is Wall, but for a time that occurs twice it takes the one whose
// offset from UTC is that of near.
func WallNear(wall, near time.Time, loc *time.Location) time.Time {
	_, off := near.In(loc).Zone()
	t := asUTC(wall).Add(-time.Duration(off) * time.Second).In(loc)
	if _, got := t.Zone(); got == off {
		return t
	}
	return Wall(wall, loc)
}

// around returns the instants by the offset before and after a possible change
// of the clocks; ok is false when only the first counts.
func around(wall time.Time, loc *time.Location) (before, after time.Time, ok bool) {
	u := asUTC(wall)
	_, o1 := u.Add(-24 * time.Hour).In(loc).Zone()
	_, o2 := u.Add(24 * time.Hour).In(loc).Zone()
	before = u.Add(-time.Duration(o1) * time.Second).In(loc)
	if o1 == o2 {
		return before, before, false
	}
	after = u.Add(-time.Duration(o2) * time.Second).In(loc)
	_, g1 := before.Zone()
	_, g2 := after.Zone()
	switch {
	case g1 == o1 && g2 == o2:
		return before, after, true
	case g2 == o2:
		return after, after, false
	}
	// Valid by the old offset, or in the gap: both take the old one.
	return before, before, false
}

// asUTC returns the reading of the clock as if it were UTC.
func asUTC(t time.Time) time.Time {
	y, mo, d := t.Date()
	h, mi, s := t.Clock()
	return time.Date(y, mo, d, h, mi, s, t.Nanosecond(), time.UTC)
}

// readOffset reads Z, +hh, +hhmm or +hh:mm at the start of s.
func readOffset(s string) (seconds int, rest string, ok bool) {
	if s == "" {
		return 0, s, false
	}
	if s[0] == 'Z' || s[0] == 'z' {
		return 0, s[1:], true
	}
	sign := 1
	switch {
	case s[0] == '+':
		s = s[1:]
	case s[0] == '-':
		sign, s = -1, s[1:]
	case strings.HasPrefix(s, "−"):
		sign, s = -1, s[len("−"):]
	default:
		return 0, s, false
	}
	h, s, ok := readDigits(s, 2, 2)
	if !ok || h > 23 {
		return 0, s, false
	}
	m := 0
	t := strings.TrimPrefix(s, ":")
	if n, r, ok := readDigits(t, 2, 2); ok && n < 60 {
		m, s = n, r
	}
	return sign * (h*3600 + m*60), s, true
}

// readDigits reads between low and high digits.
func readDigits(s string, low, high int) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < high && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i < low {
		return 0, s, false
	}
	n, err := strconv.Atoi(s[:i])
	return n, s[i:], err == nil
}
