package expr

import (
	"math"
	"strings"
	"time"
)

var dateFunctions = []Function{
	{Name: "parse_date", Category: "date", Signature: "parse_date(text, pattern?, zone?)", Doc: "Reads a date by a pattern such as DD.MM.YYYY, %d.%m.%Y, or iso, and gives it as ISO 8601; zone says where the clock of text hangs.", Example: `parse_date("1.3.2024 14:30", "DD.MM.YYYY HH:mm", "Europe/Berlin")`, Result: `"2024-03-01T14:30:00+01:00"`, min: 1, max: 3, aliases: []string{"date", "to_date"}, call: parseDate},
	{Name: "format_date", Category: "date", Signature: "format_date(date, pattern, zone?)", Doc: "Writes a date by a pattern, in a zone if one is given.", Example: `format_date("2024-03-01T10:00:00Z", "DD.MM.YYYY HH:mm", "Europe/Berlin")`, Result: `"01.03.2024 11:00"`, min: 2, max: 3, call: func(a *args) any {
		fields, err := datePattern(a.text(1))
		if err != nil {
			return a.fail(err)
		}
		a.spend(2_000)
		m := a.date(0, a.zone(2))
		out := formatDate(m.t, fields)
		a.room(len(out))
		return out
	}},
	{Name: "is_date", Category: "date", Signature: "is_date(value, pattern?)", Doc: "Tells whether value is a date that parse_date reads.", Example: `is_date("2024-02-30")`, Result: `false`, min: 1, max: 2, call: func(a *args) any {
		if _, ok := a.v[0].(string); !ok {
			return false
		}
		parseDate(a)
		ok := a.err == nil
		a.err = nil
		return ok
	}},
	adder("years"), adder("months"), adder("weeks"), adder("days"), adder("hours"), adder("minutes"), adder("seconds"),
	{Name: "add_duration", Category: "date", Signature: "add_duration(date, duration, zone?)", Doc: "Adds a duration such as 1d12h, -90m or PT1H30M.", Example: `add_duration("2024-03-01T10:00:00Z", "1h30m")`, Result: `"2024-03-01T11:30:00Z"`, min: 2, max: 3, call: func(a *args) any {
		m := a.date(0, a.zone(2))
		if m.form == formDay {
			m.form = formLocal
		}
		m.t = m.t.Add(time.Duration(a.seconds(1) * float64(time.Second)))
		return a.written(m)
	}},
	{Name: "add_workdays", Category: "date", Signature: "add_workdays(date, days, holidays?)", Doc: "Goes a number of days from Monday to Friday ahead, or back, and skips the days in the list holidays.", Example: `add_workdays("2024-03-01", 1)`, Result: `"2024-03-04"`, min: 2, max: 3, aliases: []string{"add_business_days"}, call: addWorkdays},
	{Name: "workdays_between", Category: "date", Signature: "workdays_between(from, to, holidays?)", Doc: "Counts the days from Monday to Friday from from up to but not including to, without the days in the list holidays.", Example: `workdays_between("2024-03-01", "2024-03-08")`, Result: `5`, min: 2, max: 3, aliases: []string{"business_days_between"}, call: workdaysBetween},
	{Name: "date_diff", Category: "date", Signature: "date_diff(from, to, unit?, zone?)", Doc: "Counts the complete units from from to to, by default days; days and longer go by the calendar of zone.", Example: `date_diff("2024-01-31", "2024-03-01", "months")`, Result: `1`, min: 2, max: 4, call: dateDiff},
	{Name: "start_of", Category: "date", Signature: "start_of(date, unit, zone?)", Doc: "Gives the start of the year, quarter, month, week, day, hour, minute or second; weeks start on Monday.", Example: `start_of("2024-03-15", "month")`, Result: `"2024-03-01"`, min: 2, max: 3, call: func(a *args) any {
		m := a.date(0, a.zone(2))
		t, ok := startOf(m.t, a.unit(1))
		if !ok {
			return a.unknownUnit(1)
		}
		return a.written(moment{t, m.form})
	}},
	{Name: "end_of", Category: "date", Signature: "end_of(date, unit, zone?)", Doc: "Gives the last day, or the last millisecond, of a unit.", Example: `end_of("2024-02-15", "month")`, Result: `"2024-02-29"`, min: 2, max: 3, call: func(a *args) any {
		m := a.date(0, a.zone(2))
		unit := a.unit(1)
		t, ok := startOf(m.t, unit)
		if !ok {
			return a.unknownUnit(1)
		}
		t, _ = step(t, 1, unit)
		if m.form == formDay {
			return a.written(moment{t.Add(-time.Nanosecond), formDay})
		}
		return a.written(moment{t.Add(-time.Millisecond), m.form})
	}},
	{Name: "to_timezone", Category: "date", Signature: "to_timezone(date, zone)", Doc: "Shows the same instant on the clock of another zone; a date without offset is taken as UTC.", Example: `to_timezone("2024-07-01T12:00:00Z", "America/New_York")`, Result: `"2024-07-01T08:00:00-04:00"`, min: 2, max: 2, call: func(a *args) any {
		m := a.date(0, nil)
		zone := a.zone(1)
		if zone == nil {
			a.wrong(1, "a time zone")
			return nil
		}
		return a.written(moment{m.t.In(zone), formZoned})
	}},
	{Name: "unix", Category: "date", Signature: "unix(date, zone?)", Doc: "Gives the seconds since 1970.", Example: `unix("2024-03-01T00:00:00Z")`, Result: `1709251200`, min: 1, max: 2, call: func(a *args) any { return int(a.dayStart().Unix()) }},
	{Name: "unix_ms", Category: "date", Signature: "unix_ms(date, zone?)", Doc: "Gives the milliseconds since 1970.", Example: `unix_ms("2024-03-01T00:00:00.5Z")`, Result: `1709251200500`, min: 1, max: 2, call: func(a *args) any { return int(a.dayStart().UnixMilli()) }},
	{Name: "from_unix", Category: "date", Signature: "from_unix(seconds, zone?)", Doc: "Makes a date of the seconds since 1970.", Example: `from_unix(1709251200)`, Result: `"2024-03-01T00:00:00Z"`, min: 1, max: 2, call: fromUnix(1000)},
	{Name: "from_unix_ms", Category: "date", Signature: "from_unix_ms(milliseconds, zone?)", Doc: "Makes a date of the milliseconds since 1970.", Example: `from_unix_ms(1709251200500)`, Result: `"2024-03-01T00:00:00.5Z"`, min: 1, max: 2, call: fromUnix(1)},
	{Name: "date_range", Category: "date", Signature: "date_range(from, to, unit?, step?)", Doc: "Lists dates from from to to inclusive, by default every day.", Example: `date_range("2024-02-28", "2024-03-01")`, Result: `["2024-02-28","2024-02-29","2024-03-01"]`, min: 2, max: 4, call: dateRange},
	{Name: "duration", Category: "date", Signature: "duration(text)", Doc: "Gives the seconds of a duration such as 1h30m, 2d or PT1H30M.", Example: `duration("1h30m")`, Result: `5400`, min: 1, max: 1, aliases: []string{"parse_duration"}, call: func(a *args) any { return a.finite(a.seconds(0)) }},
	{Name: "format_duration", Category: "date", Signature: "format_duration(seconds)", Doc: "Writes seconds as days, hours, minutes and seconds.", Example: `format_duration(93784)`, Result: `"1d2h3m4s"`, min: 1, max: 1, call: formatDuration},
}

func adder(units string) Function {
	unit := strings.TrimSuffix(units, "s")
	want := map[string]string{"year": `"2025-02-28"`, "month": `"2024-03-29"`, "week": `"2024-03-07"`, "day": `"2024-03-01"`, "hour": `"2024-02-29T01:00:00"`, "minute": `"2024-02-29T00:01:00"`, "second": `"2024-02-29T00:00:01"`}
	// Within four digits of years, and within what a time.Duration can hold.
	most := map[string]int{"year": 1e4, "month": 12e4, "week": 6e5, "day": 4e6, "hour": 25e5, "minute": 15e7, "second": 9e9}[unit]
	return Function{
		Name: "add_" + units, Category: "date", Signature: "add_" + units + "(date, n, zone?)",
		Doc:     "Adds " + units + " to a date, or takes them off when n is negative, by the calendar of zone.",
		Example: "add_" + units + `("2024-02-29", 1)`, Result: want[unit], min: 2, max: 3,
		call: func(a *args) any {
			m := a.date(0, a.zone(2))
			n := a.int(1)
			if abs(n) > most {
				return a.failf("the number of %s is too large", units)
			}
			if m.form == formDay && (unit == "hour" || unit == "minute" || unit == "second") {
				m.form = formLocal
				if len(a.v) > 2 {
					m.form = formZoned
				}
			}
			m.t, _ = step(m.t, n, unit)
			return a.written(m)
		},
	}
}

func parseDate(a *args) any {
	zone := a.zone(2)
	if !a.has(1) {
		m := a.date(0, zone)
		return a.written(m)
	}
	s := a.text(0)
	fields, err := datePattern(a.text(1))
	if err != nil {
		return a.fail(err)
	}
	a.spend(2_000)
	if len(s) > 200 {
		return a.failf("the text is too long for a date")
	}
	m, ok := parsePattern(s, fields, zone)
	if !ok {
		return a.failf("the text %q does not fit the pattern %s", excerpt(s, 40), excerpt(a.text(1), 40))
	}
	return a.written(m)
}

// unit reads a unit in the singular or plural.
func (a *args) unit(i int) string {
	u := strings.ToLower(a.textOr(i, "day"))
	switch u {
	case "ms", "milliseconds":
		return "millisecond"
	}
	return strings.TrimSuffix(u, "s")
}

func (a *args) unknownUnit(i int) any {
	return a.fail(fail("%s is not a unit of time", excerpt(a.textOr(i, ""), 20)).hint("units are year, quarter, month, week, day, hour, minute and second"))
}

// dayStart reads argument 0 in the zone of argument 1; a plain day starts at
// midnight there.
func (a *args) dayStart() time.Time { return a.inZone(0, a.zone(1)).t }

// inZone is date, with plain days taken as midnight in zone.
func (a *args) inZone(i int, zone *time.Location) moment {
	m := a.date(i, zone)
	if m.form == formDay && zone != nil {
		y, mo, d := m.t.Date()
		m.t = time.Date(y, mo, d, 0, 0, 0, 0, zone)
	}
	return m
}

func fromUnix(scale float64) func(*args) any {
	return func(a *args) any {
		ms := a.float(0) * scale
		if math.Abs(ms) > 253402300799999 {
			return a.failf("the number is too large for a date")
		}
		t := time.UnixMilli(int64(math.Round(ms))).UTC()
		if z := a.zone(1); z != nil {
			t = t.In(z)
		}
		return a.written(moment{t, formZoned})
	}
}

// dateDiff counts by the calendar for days and longer: it finds the largest n
// for which n units after from is not past to.
func dateDiff(a *args) any {
	zone := a.zone(3)
	from, to, unit := a.inZone(0, zone).t, a.inZone(1, zone).t, a.unit(2)
	if a.err != nil {
		return nil
	}
	// Offsets may differ within one zone; compare on the clock of from.
	to = to.In(from.Location())
	gap := to.Sub(from)
	if seconds := to.Unix() - from.Unix(); abs(int(seconds)) > 9e9 {
		switch unit {
		case "hour", "minute", "second", "millisecond":
			return a.finite(math.Trunc(float64(seconds) / map[string]float64{"hour": 3600, "minute": 60, "second": 1, "millisecond": 0.001}[unit]))
		}
	}
	switch unit {
	case "millisecond":
		return int(gap.Milliseconds())
	case "second":
		return int(gap / time.Second)
	case "minute":
		return int(gap / time.Minute)
	case "hour":
		return int(gap / time.Hour)
	}
	sign := 1
	if to.Before(from) {
		sign = -1
	}
	days := float64(abs(int(to.Unix()-from.Unix()))) / 86400
	length := map[string]float64{"day": 1, "week": 7, "month": 30.436875, "quarter": 91.310625, "year": 365.2425}[unit]
	if length == 0 {
		return a.unknownUnit(2)
	}
	fits := func(n int) bool {
		t, _ := step(from, sign*n, unit)
		return sign > 0 && !t.After(to) || sign < 0 && !t.Before(to)
	}
	n := int(days / length)
	for n > 0 && !fits(n) {
		n--
	}
	for fits(n + 1) {
		n++
	}
	return sign * n
}

func dateRange(a *args) any {
	from, to, unit, by := a.date(0, nil), a.date(1, nil), a.unit(2), a.intOr(3, 1)
	if _, ok := step(from.t, 1, unit); !ok {
		return a.unknownUnit(2)
	}
	if by < 1 || by > 1e6 {
		return a.failf("date_range needs a step of 1 or more")
	}
	out := []any{}
	for n := 0; a.err == nil; n += by {
		// From the first one each time, or the 31st would drift to the 28th.
		t, _ := step(from.t, n, unit)
		if t.After(to.t) || len(out) >= 100_000 {
			break
		}
		a.spend(500)
		a.room(2*slotBytes + 32)
		out = append(out, a.written(moment{t, from.form}))
	}
	if len(out) >= 100_000 {
		return a.failf("date_range gives at most 100000 dates")
	}
	return out
}
