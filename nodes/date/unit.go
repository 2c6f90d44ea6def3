package date

import (
	"context"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.Register(node.Spec[unitIn, result]{
		Type:   "date.start_of",
		Title:  "Start of period",
		Doc:    "Returns the first moment of the day, week, month, quarter or year that a date lies in; for a day without time the first day. Where midnight is skipped by the clocks the day starts later." + zoneRule,
		Effect: node.Pure,
		Examples: []node.Example[unitIn, result]{{
			Title: "Week from Sunday",
			In:    unitIn{zoned: zoned{Date: "2026-03-05"}, Unit: "week", FirstDay: "sunday"},
			Out:   result{"2026-03-01"},
		}, {
			Title: "Month in a zone",
			In:    unitIn{zoned: zoned{Date: "2026-04-15T10:00:00Z", Timezone: "Europe/Paris"}, Unit: "month"},
			Out:   result{"2026-04-01T00:00:00+02:00"},
		}},
		Run: func(_ context.Context, _ *node.Env, in unitIn) (result, error) {
			m, err := in.moment()
			if err != nil {
				return result{}, err
			}
			return give(m.StartOf(in.Unit, weekdays[in.FirstDay]))
		},
	})
	node.Register(node.Spec[unitIn, result]{
		Type:   "date.end_of",
		Title:  "End of period",
		Doc:    "Returns the last millisecond of the day, week, month, quarter or year that a date lies in; for a day without time the last day.",
		Effect: node.Pure,
		Examples: []node.Example[unitIn, result]{{
			Title: "Last day of February",
			In:    unitIn{zoned: zoned{Date: "2024-02-10"}, Unit: "month"},
			Out:   result{"2024-02-29"},
		}, {
			Title: "End of the day",
			In:    unitIn{zoned: zoned{Date: "2026-01-01T10:00:00Z"}, Unit: "day"},
			Out:   result{"2026-01-01T23:59:59.999Z"},
		}},
		Run: func(_ context.Context, _ *node.Env, in unitIn) (result, error) {
			m, err := in.moment()
			if err != nil {
				return result{}, err
			}
			return give(m.EndOf(in.Unit, weekdays[in.FirstDay]))
		},
	})
	node.Register(node.Spec[convertIn, convertOut]{
		Type:   "date.convert_timezone",
		Title:  "Convert time zone",
		Doc:    "Shows a point in time by the clocks of another time zone. A date without offset is read as local time in `from`; a day without time begins there at midnight." + zoneRule,
		Effect: node.Pure,
		Examples: []node.Example[convertIn, convertOut]{{
			Title: "Berlin to Kathmandu",
			In:    convertIn{Date: "2026-07-01T12:00:00", From: "Europe/Berlin", To: "Asia/Kathmandu"},
			Out:   convertOut{result: result{"2026-07-01T15:45:00+05:45"}, Offset: "+05:45", Abbreviation: "+0545"},
		}},
		Run: convert,
	})
	node.Register(node.Spec[roundIn, result]{
		Type:   "date.round",
		Title:  "Round date",
		Doc:    "Moves a time to a multiple of an interval such as 15m, counted from midnight by the clocks of the time zone. The interval must divide a day." + zoneRule,
		Effect: node.Pure,
		Examples: []node.Example[roundIn, result]{{
			Title: "Nearest quarter of an hour",
			In:    roundIn{zoned: zoned{Date: "2026-03-01T10:07:30Z"}, Interval: 15 * time.Minute},
			Out:   result{"2026-03-01T10:15:00Z"},
		}, {
			Title: "Truncate to the hour",
			In:    roundIn{zoned: zoned{Date: "2026-03-01T10:59:59+05:45"}, Interval: time.Hour, Mode: "down"},
			Out:   result{"2026-03-01T10:00:00+05:45"},
		}},
		Run: func(_ context.Context, _ *node.Env, in roundIn) (result, error) {
			m, err := in.moment()
			if err != nil {
				return result{}, err
			}
			return give(m.Round(in.Interval, in.Mode))
		},
	})
	node.Register(node.Spec[nextIn, result]{
		Type:   "date.next_weekday",
		Title:  "Next weekday",
		Doc:    "Returns the next date, or the previous one, that falls on a weekday, at the same time of day." + zoneRule,
		Effect: node.Pure,
		Examples: []node.Example[nextIn, result]{{
			Title: "Next Friday, seen from a Friday",
			In:    nextIn{zoned: zoned{Date: "2026-03-06"}, Weekday: "friday"},
			Out:   result{"2026-03-13"},
		}, {
			Title: "Third Monday back",
			In:    nextIn{zoned: zoned{Date: "2026-03-06"}, Weekday: "monday", Count: -3},
			Out:   result{"2026-02-16"},
		}},
		Run: nextWeekday,
	})
}

type unitIn struct {
	zoned
	Unit     string `json:"unit" is:"required" enum:"second,minute,hour,day,week,month,quarter,year" doc:"Length of the period."`
	FirstDay string `json:"first_day" default:"monday" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" doc:"Day on which weeks begin." when:"unit=week"`
}

type convertIn struct {
	Date string `json:"date" is:"required" doc:"Date and time in ISO 8601."`
	From string `json:"from" default:"UTC" doc:"Time zone of a date that has no offset."`
	To   string `json:"to" is:"required" doc:"Time zone to show it in."`
}

type convertOut struct {
	result
	Offset       string `json:"offset" doc:"Offset from UTC at that time."`
	Abbreviation string `json:"abbreviation" doc:"Abbreviation of the zone at that time, for instance CET."`
	DST          bool   `json:"dst" doc:"Whether summer time is in force."`
}

func convert(_ context.Context, _ *node.Env, in convertIn) (convertOut, error) {
	from, err := location(in.From)
	if err != nil {
		return convertOut{}, err
	}
	to, err := location(in.To)
	if err != nil {
		return convertOut{}, err
	}
	m, err := calendar.Read(in.Date, from)
	if err != nil {
		return convertOut{}, node.Failf(node.KindInput, "date cannot read %.40q: %v", in.Date, err)
	}
	t := m.T.In(to)
	m = calendar.Moment{T: t}
	return convertOut{result: result{m.String()}, Offset: t.Format("-07:00"), Abbreviation: t.Format("MST"), DST: t.IsDST()}, check(m)
}

type roundIn struct {
	zoned
	Interval time.Duration `json:"interval" is:"required" doc:"Interval that divides a day: 1s, 5m, 15m, 1h, 12h, 1d."`
	Mode     string        `json:"mode" default:"nearest" enum:"nearest,down,up" doc:"Direction; nearest takes halves up."`
}

type nextIn struct {
	zoned
	Weekday   string `json:"weekday" is:"required" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" doc:"Day to look for."`
	Count     int    `json:"count" default:"1" min:"-100000" max:"100000" doc:"Which one: 1 the next, 2 the one after, -1 the previous."`
	Inclusive bool   `json:"inclusive" doc:"Count the date itself when it falls on the weekday."`
}

func nextWeekday(_ context.Context, _ *node.Env, in nextIn) (result, error) {
	m, err := in.moment()
	if err != nil {
		return result{}, err
	}
	want, ok := weekdays[in.Weekday]
	if !ok || in.Count == 0 {
		return result{}, node.Fail(node.KindInput, fmt.Sprintf("there is no weekday number %d of %q", in.Count, in.Weekday), "set count to 1 for the next one, -1 for the previous")
	}
	ahead := (int(want-m.T.Weekday()) + 7) % 7
	n := in.Count
	days := 0
	switch {
	case ahead == 0 && in.Inclusive && n > 0:
		days = 7 * (n - 1)
	case ahead == 0 && in.Inclusive:
		days = 7 * (n + 1)
	case ahead == 0:
		days = 7 * n
	case n > 0:
		days = ahead + 7*(n-1)
	default:
		days = ahead + 7*n
	}
	return give(m.Add(calendar.Period{Days: days}))
}
