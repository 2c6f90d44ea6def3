package date

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	const how = " Years and months keep the day, or take the last of a shorter month. Weeks, days and business days are days of the calendar in the time zone, at the same time of day; hours and smaller units are elapsed time. They are applied in this order. Set `timezone` where summer time matters: an offset alone does not know of it." + zoneRule
	node.Register(node.Spec[addIn, result]{
		Type:   "date.add",
		Title:  "Add to date",
		Doc:    "Returns the date a length of time later." + how,
		Effect: node.Pure,
		Examples: []node.Example[addIn, result]{{
			Title: "A month after the last of January",
			In:    addIn{zoned: zoned{Date: "2024-01-31"}, Months: 1},
			Out:   result{"2024-02-29"},
		}, {
			Title: "A day is a day when the clocks change",
			In:    addIn{zoned: zoned{Date: "2026-03-28T12:00:00+01:00", Timezone: "Europe/Berlin"}, Days: 1},
			Out:   result{"2026-03-29T12:00:00+02:00"},
		}},
		Check: func(in addIn) error { _, _, err := in.period(); return err },
		Run:   func(_ context.Context, _ *node.Env, in addIn) (result, error) { return in.move(1) },
	})
	node.Register(node.Spec[addIn, result]{
		Type:   "date.subtract",
		Title:  "Subtract from date",
		Doc:    "Returns the date a length of time earlier." + how,
		Effect: node.Pure,
		Examples: []node.Example[addIn, result]{{
			Title: "Three business days before Monday",
			In:    addIn{zoned: zoned{Date: "2026-03-02"}, BusinessDays: 3},
			Out:   result{"2026-02-25"},
		}, {
			Title: "As an ISO 8601 duration",
			In:    addIn{zoned: zoned{Date: "2026-03-02T10:00:00Z"}, Duration: "P1DT2H30M"},
			Out:   result{"2026-03-01T07:30:00Z"},
		}},
		Check: func(in addIn) error { _, _, err := in.period(); return err },
		Run:   func(_ context.Context, _ *node.Env, in addIn) (result, error) { return in.move(-1) },
	})
	node.Register(node.Spec[diffIn, diffOut]{
		Type:   "date.difference",
		Title:  "Difference between dates",
		Doc:    "Returns the time from one date to another in a unit: whole units, and exactly with a fraction. Negative when the second is earlier. Years, months, weeks and days are those of the calendar in the time zone; hours and smaller units are elapsed time.",
		Effect: node.Pure,
		Examples: []node.Example[diffIn, diffOut]{{
			Title: "Months",
			In:    diffIn{From: "2026-01-31", To: "2026-03-30", Unit: "month"},
			Out:   diffOut{Value: 1, Exact: 1 + 30.0/31, Parts: parts{Months: 1, Days: 30}, ISO: "P1M30D", Seconds: 58 * 86400},
		}, {
			Title: "A day with 23 hours",
			In:    diffIn{From: "2026-03-28T12:00:00", To: "2026-03-29T12:00:00", Unit: "hour", Timezone: "Europe/Berlin"},
			Out:   diffOut{Value: 23, Exact: 23, Parts: parts{Days: 1}, ISO: "P1D", Seconds: 23 * 3600},
		}},
		Run: difference,
	})
	node.Register(node.Spec[ageIn, ageOut]{
		Type:   "date.age",
		Title:  "Age",
		Doc:    "Returns how old somebody born on a date is on a day. Who was born on 29 February is a year older on 28 February of other years. The day must be given so that the result stays the same; use date.today for it.",
		Effect: node.Pure,
		Examples: []node.Example[ageIn, ageOut]{{
			Title: "The day before the birthday",
			In:    ageIn{Born: "1990-06-15", On: "2026-06-14"},
			Out:   ageOut{Years: 35, Months: 11, Days: 30, Next: "2026-06-15", DaysToNext: 1},
		}},
		Run: age,
	})
}

type addIn struct {
	zoned
	Years        int     `json:"years" doc:"Years to move by."`
	Months       int     `json:"months" doc:"Months to move by."`
	Weeks        int     `json:"weeks" doc:"Weeks to move by."`
	Days         int     `json:"days" doc:"Days to move by."`
	BusinessDays int     `json:"business_days" doc:"Business days to move by; see weekend and holidays."`
	Hours        float64 `json:"hours" doc:"Hours to move by."`
	Minutes      float64 `json:"minutes" doc:"Minutes to move by."`
	Seconds      float64 `json:"seconds" doc:"Seconds to move by."`
	Duration     string  `json:"duration" doc:"Length of time as text, such as P1DT2H or 2h 5m, instead of the single units or beside them."`
	workdays
}

// period returns what to move by, business days apart.
func (in addIn) period() (calendar.Period, int, error) {
	var p calendar.Period
	if in.Duration != "" {
		var err error
		if p, err = calendar.ParsePeriod(in.Duration); err != nil {
			return p, 0, node.Failf(node.KindInput, "duration: %v", err)
		}
	}
	p.Years, p.Months, p.Weeks, p.Days = p.Years+in.Years, p.Months+in.Months, p.Weeks+in.Weeks, p.Days+in.Days
	s := in.Hours*3600 + in.Minutes*60 + in.Seconds + p.Time.Seconds()
	if math.IsNaN(s) || math.Abs(s) > 9e9 {
		return p, 0, node.Failf(node.KindInput, "hours, minutes and seconds are more than 285 years")
	}
	for _, part := range []float64{in.Hours * 3600, in.Minutes * 60, in.Seconds} {
		p.Time += time.Duration(math.Round(part * 1e9))
	}
	return p, in.BusinessDays, nil
}

func (in addIn) move(sign int) (result, error) {
	m, err := in.moment()
	if err != nil {
		return result{}, err
	}
	p, days, err := in.period()
	if err != nil {
		return result{}, err
	}
	if sign < 0 {
		p, days = p.Negate(), -days
	}
	elapsed := p.Time
	p.Time = 0
	if m, err = m.Add(p); err != nil {
		return result{}, wrong(err)
	}
	if days != 0 {
		b, err := in.business()
		if err != nil {
			return result{}, err
		}
		if m, err = b.Add(m, days); err != nil {
			return result{}, wrong(err)
		}
	}
	return give(m.Add(calendar.Period{Time: elapsed}))
}

type diffIn struct {
	From     string `json:"from" is:"required" doc:"Date to count from, in ISO 8601."`
	To       string `json:"to" is:"required" doc:"Date to count to."`
	Unit     string `json:"unit" default:"day" enum:"millisecond,second,minute,hour,day,week,month,quarter,year" doc:"Unit of the value."`
	Timezone string `json:"timezone" doc:"Time zone to count days and longer units in; the offset of from when empty."`
}

type diffOut struct {
	Value   int     `json:"value" doc:"Whole units between the dates."`
	Exact   float64 `json:"exact" doc:"Units with the fraction of the one begun."`
	Parts   parts   `json:"parts" doc:"The same time in years, months, days, hours, minutes and seconds."`
	ISO     string  `json:"iso" doc:"The same time as an ISO 8601 duration."`
	Seconds float64 `json:"seconds" doc:"Elapsed seconds."`
}

type parts struct {
	Years   int     `json:"years" doc:"Years."`
	Months  int     `json:"months" doc:"Months."`
	Weeks   int     `json:"weeks" doc:"Weeks; only where they were given as such."`
	Days    int     `json:"days" doc:"Days."`
	Hours   int     `json:"hours" doc:"Hours."`
	Minutes int     `json:"minutes" doc:"Minutes."`
	Seconds float64 `json:"seconds" doc:"Seconds."`
}

func partsOf(p calendar.Period) parts {
	t := p.Time
	return parts{Years: p.Years, Months: p.Months, Weeks: p.Weeks, Days: p.Days, Hours: int(t / time.Hour), Minutes: int(t % time.Hour / time.Minute), Seconds: (t % time.Minute).Seconds()}
}

func two(from, to, zone string) (a, b calendar.Moment, err error) {
	if a, err = read("from", from, zone); err != nil {
		return a, b, err
	}
	if b, err = read("to", to, zone); err != nil {
		return a, b, err
	}
	// Counted in one zone, so that days begin and end alike.
	if zone == "" && !b.DayOnly {
		b = b.In(a.T.Location())
	}
	return a, b, nil
}

func difference(_ context.Context, _ *node.Env, in diffIn) (diffOut, error) {
	a, b, err := two(in.From, in.To, in.Timezone)
	if err != nil {
		return diffOut{}, err
	}
	var out diffOut
	if out.Value, out.Exact, err = calendar.Between(a, b, in.Unit); err != nil {
		return out, wrong(err)
	}
	p, err := calendar.Split(a, b)
	if err != nil {
		return out, wrong(err)
	}
	out.Parts, out.ISO = partsOf(p), p.ISO()
	out.Seconds = float64(b.T.Unix()-a.T.Unix()) + float64(b.T.Nanosecond()-a.T.Nanosecond())/1e9
	return out, nil
}

type ageIn struct {
	Born string `json:"born" is:"required" doc:"Day of birth."`
	On   string `json:"on" is:"required" doc:"Day to count to."`
}

type ageOut struct {
	Years      int    `json:"years" doc:"Whole years."`
	Months     int    `json:"months" doc:"Whole months beyond the years."`
	Days       int    `json:"days" doc:"Days beyond the months."`
	Next       string `json:"next_birthday" doc:"Day of the next birthday after the day."`
	DaysToNext int    `json:"days_to_next" doc:"Days until then."`
}

func age(_ context.Context, _ *node.Env, in ageIn) (ageOut, error) {
	a, err := read("born", in.Born, "")
	if err != nil {
		return ageOut{}, err
	}
	b, err := read("on", in.On, "")
	if err != nil {
		return ageOut{}, err
	}
	a, b = utcDay(a), utcDay(b)
	if b.T.Before(a.T) {
		return ageOut{}, node.Fail(node.KindInput, fmt.Sprintf("born %s is after %s", a, b), "swap the two dates")
	}
	p, err := calendar.Split(a, b)
	if err != nil {
		return ageOut{}, wrong(err)
	}
	out := ageOut{Years: p.Years, Months: p.Months, Days: p.Days}
	next, err := a.Add(calendar.Period{Years: p.Years + 1})
	if err != nil {
		return out, wrong(err)
	}
	out.Next = next.String()
	out.DaysToNext, _, err = calendar.Between(b, next, calendar.DayUnit)
	return out, wrong(err)
}

// utcDay returns the day as a date without zone.
func utcDay(m calendar.Moment) calendar.Moment {
	y, mo, d := m.T.Date()
	return calendar.Day(y, mo, d, time.UTC)
}
