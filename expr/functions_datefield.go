package expr

import (
	"math"
	"strconv"
	"strings"
	"time"
)

var dateFieldFunctions = []Function{
	field("year", "the year", "2024", func(t time.Time) int { return t.Year() }),
	field("quarter", "the quarter, 1 to 4", "1", func(t time.Time) int { return (int(t.Month())-1)/3 + 1 }),
	field("month", "the month, 1 to 12", "3", func(t time.Time) int { return int(t.Month()) }),
	field("week", "the ISO week, 1 to 53", "9", func(t time.Time) int { _, w := t.ISOWeek(); return w }),
	field("day", "the day of the month", "1", func(t time.Time) int { return t.Day() }),
	field("day_of_year", "the day of the year", "61", func(t time.Time) int { return t.YearDay() }),
	field("weekday", "the day of the week, 1 for Monday to 7 for Sunday", "5", isoWeekday),
	field("hour", "the hour, 0 to 23", "14", func(t time.Time) int { return t.Hour() }),
	field("minute", "the minute", "30", func(t time.Time) int { return t.Minute() }),
	field("second", "the second", "15", func(t time.Time) int { return t.Second() }),
	field("days_in_month", "the number of days in the month", "31", func(t time.Time) int { return daysIn(t.Year(), t.Month()) }),
	{Name: "is_weekend", Category: "date", Signature: "is_weekend(date, zone?)", Doc: "Tells whether a date is a Saturday or Sunday.", Example: `is_weekend("2024-03-02")`, Result: `true`, min: 1, max: 2, call: func(a *args) any { return isoWeekday(a.date(0, a.zone(1)).t) > 5 }},
	{Name: "is_leap_year", Category: "date", Signature: "is_leap_year(date)", Doc: "Tells whether the year of a date, or a year as a number, has 366 days.", Example: `is_leap_year(2024)`, Result: `true`, min: 1, max: 1, call: func(a *args) any {
		y, ok := a.v[0].(int)
		if !ok {
			y = a.date(0, nil).t.Year()
		}
		return y%4 == 0 && (y%100 != 0 || y%400 == 0)
	}},
}

func field(name, what, want string, f func(time.Time) int) Function {
	return Function{
		Name: name, Category: "date", Signature: name + "(date, zone?)", Doc: "Gives " + what + ", on the clock of zone if one is given.",
		Example: name + `("2024-03-01T14:30:15Z")`, Result: want, min: 1, max: 2,
		call: func(a *args) any { return f(a.date(0, a.zone(1)).t) },
	}
}

// seconds reads a duration: a number of seconds, 1d2h3m4.5s, or ISO 8601
// without years and months, whose length is not fixed.
func (a *args) seconds(i int) float64 {
	if f, ok := toFloat(a.v[i]); ok {
		if math.Abs(f) > 9e9 {
			a.failf("the duration is too long")
			return 0
		}
		return f
	}
	s := a.text(i)
	total, ok := parseDuration(strings.TrimSpace(s))
	if !ok && a.err == nil {
		a.fail(fail("%q is not a duration", excerpt(s, 40)).hint("write for example 1h30m, 2d or PT1H30M"))
	}
	return total
}

func parseDuration(s string) (float64, bool) {
	sign := 1.0
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = -1, rest
	}
	iso := false
	if rest, ok := strings.CutPrefix(s, "P"); ok {
		iso, s = true, strings.Replace(rest, "T", "", 1)
		if head, _, _ := strings.Cut(rest, "T"); strings.ContainsAny(head, "YM") {
			return 0, false
		}
	}
	if s == "" || len(s) > 40 {
		return 0, false
	}
	total := 0.0
	for s != "" {
		n := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if n <= 0 {
			return 0, false
		}
		v, err := strconv.ParseFloat(s[:n], 64)
		if err != nil {
			return 0, false
		}
		s = s[n:]
		unit := s[:1]
		if strings.HasPrefix(s, "ms") {
			unit = "ms"
		}
		s = strings.TrimLeft(s[len(unit):], " ")
		if iso {
			unit = strings.ToLower(unit)
		}
		length := map[string]float64{"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
		if length == 0 {
			return 0, false
		}
		total += v * length
	}
	return sign * total, total <= 9e9
}

func formatDuration(a *args) any {
	f := a.seconds(0)
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	ms := int(math.Round(f * 1000))
	out := ""
	for _, u := range []struct {
		ms   int
		name string
	}{{86_400_000, "d"}, {3_600_000, "h"}, {60_000, "m"}} {
		if n := ms / u.ms; n > 0 {
			out += strconv.Itoa(n) + u.name
			ms %= u.ms
		}
	}
	if ms > 0 || out == "" {
		out += floatText(float64(ms)/1000) + "s"
	}
	return sign + out
}

// holidays reads a list of days in argument i.
func (a *args) holidays(i int) map[string]bool {
	if !a.has(i) {
		return nil
	}
	l := a.list(i)
	if !a.room(entryBytes * len(l)) {
		return nil
	}
	out := make(map[string]bool)
	for _, v := range l {
		a.spend(200)
		s, _ := v.(string)
		m, ok := parseISO(s, nil)
		if !ok || a.err != nil {
			a.failf("the list of holidays holds %s, which is not a date", article(v))
			return nil
		}
		out[m.t.Format("2006-01-02")] = true
	}
	return out
}

func isWorkday(t time.Time, holidays map[string]bool) bool {
	return isoWeekday(t) <= 5 && (len(holidays) == 0 || !holidays[t.Format("2006-01-02")])
}

func addWorkdays(a *args) any {
	m, n, off := a.date(0, nil), a.int(1), a.holidays(2)
	if abs(n) > 100_000 {
		return a.failf("add_workdays takes at most 100000 days")
	}
	a.spend(400 * abs(n))
	for left := abs(n); left > 0 && a.err == nil; {
		m.t = m.t.AddDate(0, 0, compare(n, 0))
		if y := m.t.Year(); y < 0 || y > 9999 {
			break
		}
		if isWorkday(m.t, off) {
			left--
		}
	}
	return a.written(m)
}

func workdaysBetween(a *args) any {
	from, to, off := a.date(0, nil).t, a.date(1, nil).t, a.holidays(2)
	sign := 1
	if to.Before(from) {
		from, to, sign = to, from, -1
	}
	from, _ = startOf(from, "day")
	to, _ = startOf(to, "day")
	n := 0
	for ; from.Before(to) && a.err == nil; from = from.AddDate(0, 0, 1) {
		a.spend(300)
		if isWorkday(from, off) {
			n++
		}
	}
	return sign * n
}
