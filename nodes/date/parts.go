package date

import (
	"context"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.Register(node.Spec[partsIn, partsOut]{
		Type:   "date.parts",
		Title:  "Parts of date",
		Doc:    "Takes a date apart: year to millisecond, weekday, ISO week, quarter, day of the year, length of the month, leap year, offset, summer time.",
		Effect: node.Pure,
		Examples: []node.Example[partsIn, partsOut]{{
			Title: "A Thursday in July",
			In:    partsIn{zoned: zoned{Date: "2026-07-02T08:05:06.007Z", Timezone: "Europe/Berlin"}},
			Out: partsOut{Year: 2026, Month: 7, Day: 2, Hour: 10, Minute: 5, Second: 6, Millisecond: 7, Weekday: 4, WeekdayName: "Thursday", MonthName: "July",
				ISOWeek: 27, ISOYear: 2026, Quarter: 3, DayOfYear: 183, DaysInMonth: 31, DST: true, Offset: "+02:00", OffsetSeconds: 7200, Unix: 1782979506},
		}, {
			Title: "A day that belongs to the week of another year",
			In:    partsIn{zoned: zoned{Date: "2027-01-01"}, Language: "de"},
			Out: partsOut{Year: 2027, Month: 1, Day: 1, Weekday: 5, WeekdayName: "Freitag", MonthName: "Januar", ISOWeek: 53, ISOYear: 2026,
				Quarter: 1, DayOfYear: 1, DaysInMonth: 31, Offset: "+00:00", Unix: 1798761600},
		}},
		Run: takeApart,
	})
	node.Register(node.Spec[createIn, result]{
		Type:   "date.create",
		Title:  "Create date",
		Doc:    "Makes a date of its parts: a day, or with an hour a point in time. Parts that do not exist, such as 30 February, are an error." + zoneRule,
		Effect: node.Pure,
		Examples: []node.Example[createIn, result]{{
			Title: "A day",
			In:    createIn{Year: 2024, Month: 2, Day: 29},
			Out:   result{"2024-02-29"},
		}, {
			Title: "A time that the clocks skip",
			In:    createIn{Year: 2026, Month: 3, Day: 29, Hour: ptr(2), Minute: 30, Timezone: "Europe/Berlin"},
			Out:   result{"2026-03-29T03:30:00+02:00"},
		}},
		Run: create,
	})
}

func ptr(n int) *int { return &n }

type partsIn struct {
	zoned
	Language string `json:"language" default:"en" enum:"en,de,fr,es" doc:"Language of the names."`
}

type partsOut struct {
	Year          int    `json:"year" doc:"Year."`
	Month         int    `json:"month" doc:"Month, 1 to 12."`
	Day           int    `json:"day" doc:"Day of the month."`
	Hour          int    `json:"hour" doc:"Hour, 0 to 23."`
	Minute        int    `json:"minute" doc:"Minute."`
	Second        int    `json:"second" doc:"Second."`
	Millisecond   int    `json:"millisecond" doc:"Millisecond."`
	Weekday       int    `json:"weekday" doc:"Day of the week, Monday 1 to Sunday 7."`
	WeekdayName   string `json:"weekday_name" doc:"Its name."`
	MonthName     string `json:"month_name" doc:"Name of the month."`
	ISOWeek       int    `json:"iso_week" doc:"Week by ISO 8601."`
	ISOYear       int    `json:"iso_year" doc:"Year that the week belongs to."`
	Quarter       int    `json:"quarter" doc:"Quarter, 1 to 4."`
	DayOfYear     int    `json:"day_of_year" doc:"Day of the year, from 1."`
	DaysInMonth   int    `json:"days_in_month" doc:"Length of the month."`
	Leap          bool   `json:"is_leap_year" doc:"Whether the year has 366 days."`
	DST           bool   `json:"dst" doc:"Whether summer time is in force; known only with a time zone."`
	Offset        string `json:"offset" doc:"Offset from UTC."`
	OffsetSeconds int    `json:"offset_seconds" doc:"The same in seconds."`
	Unix          int    `json:"unix" doc:"Whole seconds since 1970 began in UTC."`
}

func takeApart(_ context.Context, _ *node.Env, in partsIn) (partsOut, error) {
	m, err := in.moment()
	if err != nil {
		return partsOut{}, err
	}
	t := m.T
	out := partsOut{
		Year: t.Year(), Month: int(t.Month()), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(), Second: t.Second(), Millisecond: t.Nanosecond() / 1e6,
		Weekday: isoWeekday(t.Weekday()), Quarter: calendar.QuarterOf(t), DayOfYear: t.YearDay(), DaysInMonth: calendar.DaysIn(t.Year(), int(t.Month())),
		Leap: calendar.DaysIn(t.Year(), 2) == 29, DST: t.IsDST(), Offset: t.Format("-07:00"), Unix: int(t.Unix()),
	}
	out.ISOYear, out.ISOWeek = t.ISOWeek()
	_, out.OffsetSeconds = t.Zone()
	if m.DayOnly {
		out.Hour, out.Minute, out.Second = 0, 0, 0
	}
	if out.WeekdayName, err = write(m, "dddd", in.Language); err != nil {
		return out, err
	}
	out.MonthName, err = write(m, "MMMM", in.Language)
	return out, err
}

type createIn struct {
	Year        int    `json:"year" is:"required" min:"1" max:"9999" doc:"Year."`
	Month       int    `json:"month" default:"1" min:"1" max:"12" doc:"Month."`
	Day         int    `json:"day" default:"1" min:"1" max:"31" doc:"Day of the month."`
	Hour        *int   `json:"hour" min:"0" max:"23" doc:"Hour; a day without time is made when absent."`
	Minute      int    `json:"minute" min:"0" max:"59" doc:"Minute."`
	Second      int    `json:"second" min:"0" max:"59" doc:"Second."`
	Millisecond int    `json:"millisecond" min:"0" max:"999" doc:"Millisecond."`
	Timezone    string `json:"timezone" default:"UTC" doc:"Time zone of the time."`
}

func create(_ context.Context, _ *node.Env, in createIn) (result, error) {
	loc, err := location(in.Timezone)
	if err != nil {
		return result{}, err
	}
	if in.Year < 1 || in.Year > 9999 || in.Month < 1 || in.Month > 12 || in.Day < 1 || in.Day > calendar.DaysIn(in.Year, in.Month) {
		return result{}, node.Fail(node.KindInput, fmt.Sprintf("there is no day %d-%02d-%02d", in.Year, in.Month, in.Day), "")
	}
	if in.Hour == nil {
		return result{calendar.Day(in.Year, time.Month(in.Month), in.Day, loc).String()}, nil
	}
	w := time.Date(in.Year, time.Month(in.Month), in.Day, *in.Hour, in.Minute, in.Second, in.Millisecond*1e6, time.UTC)
	return result{calendar.Moment{T: calendar.Wall(w, loc)}.String()}, nil
}
