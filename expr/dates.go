package expr

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // robots on Windows have no zone database
)

// moment is a date as the language writes it: ISO 8601 text. It keeps the form
// it came in, so that a plain day stays a plain day.
type moment struct {
	t    time.Time
	form form
}

type form int

const (
	formDay   form = iota // 2024-03-01
	formLocal             // 2024-03-01T10:00:00, taken as UTC
	formZoned             // 2024-03-01T10:00:00+01:00
)

func (m moment) String() string {
	switch m.form {
	case formDay:
		return m.t.Format("2006-01-02")
	case formLocal:
		return m.t.Format("2006-01-02T15:04:05.999999999")
	}
	return m.t.Format("2006-01-02T15:04:05.999999999Z07:00")
}

var isoLayouts = []struct {
	layout string
	form   form
}{
	{"2006-01-02", formDay},
	{"2006-01-02T15:04:05Z07:00", formZoned},
	{"2006-01-02T15:04:05", formLocal},
	{"2006-01-02T15:04Z07:00", formZoned},
	{"2006-01-02T15:04", formLocal},
	{"2006-01-02T15:04:05-0700", formZoned},
	{"20060102T150405Z07:00", formZoned},
	{"20060102T150405", formLocal},
	{"20060102", formDay},
}

// parseISO reads ISO 8601; a space may stand for the T.
func parseISO(s string, zone *time.Location) (moment, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 8 || len(s) > 40 {
		return moment{}, false
	}
	if len(s) > 10 && (s[10] == ' ' || s[10] == 't') {
		s = s[:10] + "T" + s[11:]
	}
	for _, l := range isoLayouts {
		loc := zone
		if loc == nil || l.form == formDay {
			loc = time.UTC
		}
		if t, err := time.ParseInLocation(l.layout, s, loc); err == nil {
			return settle(t, l.form, zone)
		}
	}
	return moment{}, false
}

// settle moves t to zone, if there is one, and refuses years that ISO text of
// four digits cannot show.
func settle(t time.Time, f form, zone *time.Location) (moment, bool) {
	if zone != nil && f != formDay {
		t, f = t.In(zone), formZoned
	}
	return moment{t, f}, t.Year() >= 0 && t.Year() <= 9999
}

var zones sync.Map // name to *time.Location; holds valid names only

// zone gives an IANA zone, UTC, or an offset such as +02:00. The robot's own
// zone cannot be had: it would make results depend on the machine.
func (a *args) zone(i int) *time.Location {
	if !a.has(i) || a.err != nil {
		return nil
	}
	name := a.text(i)
	// The same for known and unknown names: limits must not depend on what
	// was looked up before. An unknown one ends the evaluation anyway.
	a.spend(300)
	if l, ok := zones.Load(name); ok {
		return l.(*time.Location)
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, off := t.Zone()
		return time.FixedZone("", off)
	}
	if len(name) < 64 && name != "" && !strings.EqualFold(name, "local") {
		if l, err := time.LoadLocation(name); err == nil {
			zones.Store(name, l)
			return l
		}
	}
	a.fail(fail("%s is not a known time zone", excerpt(name, 40)).hint("write an IANA name such as Europe/Berlin, UTC, or an offset such as +02:00"))
	return nil
}

// date reads argument i, in zone when there is one.
func (a *args) date(i int, zone *time.Location) moment {
	a.spend(200)
	s, ok := a.v[i].(string)
	if !ok {
		a.wrong(i, "a date as text")
		return moment{}
	}
	m, ok := parseISO(s, zone)
	if !ok {
		a.fail(fail("%q is not a date", excerpt(s, 40)).hint("dates look like 2024-03-01 or 2024-03-01T10:00:00Z; read others with parse_date(text, pattern)"))
	}
	return m
}

// written gives m as text, or an error for years out of range.
func (a *args) written(m moment) any {
	if y := m.t.Year(); y < 0 || y > 9999 {
		return a.failf("the year of the result is not within 0 and 9999")
	}
	return m.String()
}

// addMonths keeps the day of the month, or takes the last one there is.
func addMonths(t time.Time, n int) time.Time {
	y, m, d := t.Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := daysIn(first.Year(), first.Month())
	h, mi, s := t.Clock()
	return time.Date(first.Year(), first.Month(), min(d, last), h, mi, s, t.Nanosecond(), t.Location())
}

func daysIn(y int, m time.Month) int { return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// startOf cuts t down to its unit. Weeks start on Monday.
func startOf(t time.Time, unit string) (time.Time, bool) {
	y, m, d := t.Date()
	_, mi, s := t.Clock()
	loc := t.Location()
	switch unit {
	case "year":
		return time.Date(y, 1, 1, 0, 0, 0, 0, loc), true
	case "quarter":
		return time.Date(y, (m-1)/3*3+1, 1, 0, 0, 0, 0, loc), true
	case "month":
		return time.Date(y, m, 1, 0, 0, 0, 0, loc), true
	case "week":
		return time.Date(y, m, d-isoWeekday(t)+1, 0, 0, 0, 0, loc), true
	case "day":
		return time.Date(y, m, d, 0, 0, 0, 0, loc), true
	case "hour":
		// By the clock would be ambiguous when clocks go back.
		return t.Add(-time.Duration(mi)*time.Minute - time.Duration(s)*time.Second - time.Duration(t.Nanosecond())), true
	case "minute":
		return t.Add(-time.Duration(s)*time.Second - time.Duration(t.Nanosecond())), true
	case "second":
		return t.Add(-time.Duration(t.Nanosecond())), true
	}
	return t, false
}

// step adds n units; days and longer go by the calendar, so that the time of
// day stays when clocks change.
func step(t time.Time, n int, unit string) (time.Time, bool) {
	switch unit {
	case "year":
		return addMonths(t, 12*n), true
	case "quarter":
		return addMonths(t, 3*n), true
	case "month":
		return addMonths(t, n), true
	case "week":
		return t.AddDate(0, 0, 7*n), true
	case "day":
		return t.AddDate(0, 0, n), true
	case "hour":
		return t.Add(time.Duration(n) * time.Hour), true
	case "minute":
		return t.Add(time.Duration(n) * time.Minute), true
	case "second":
		return t.Add(time.Duration(n) * time.Second), true
	case "millisecond":
		return t.Add(time.Duration(n) * time.Millisecond), true
	}
	return t, false
}

func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }
