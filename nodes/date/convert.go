package date

import (
	"context"
	"math"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.Register(node.Spec[zonedIn, toUnixOut]{
		Type:   "date.to_unix",
		Title:  "Convert to Unix time",
		Doc:    "Returns the seconds and milliseconds since 1970 began in UTC.",
		Effect: node.Pure,
		Examples: []node.Example[zonedIn, toUnixOut]{{
			Title: "With milliseconds",
			In:    zonedIn{zoned{Date: "2026-03-01T00:00:00.5Z"}},
			Out:   toUnixOut{Seconds: 1772323200.5, Milliseconds: 1772323200500},
		}},
		Run: func(_ context.Context, _ *node.Env, in zonedIn) (toUnixOut, error) {
			m, err := in.moment()
			return toUnixOut{Seconds: float64(m.T.UnixMilli()) / 1000, Milliseconds: int(m.T.UnixMilli())}, err
		},
	})
	node.Register(node.Spec[fromUnixIn, result]{
		Type:   "date.from_unix",
		Title:  "Convert from Unix time",
		Doc:    "Makes a date of the seconds or milliseconds since 1970 began in UTC.",
		Effect: node.Pure,
		Examples: []node.Example[fromUnixIn, result]{{
			Title: "Milliseconds, seen in Tokyo",
			In:    fromUnixIn{Value: 1772323200500, Unit: "milliseconds", Timezone: "Asia/Tokyo"},
			Out:   result{"2026-03-01T09:00:00.5+09:00"},
		}, {
			Title: "Before 1970",
			In:    fromUnixIn{Value: -1},
			Out:   result{"1969-12-31T23:59:59Z"},
		}},
		Run: func(_ context.Context, _ *node.Env, in fromUnixIn) (result, error) {
			loc, err := location(in.Timezone)
			if err != nil {
				return result{}, err
			}
			s := in.Value
			if in.Unit == "milliseconds" {
				s /= 1000
			}
			return give(calendar.FromUnix(s, loc))
		},
	})
	node.Register(node.Spec[toExcelIn, toExcelOut]{
		Type:   "date.to_excel",
		Title:  "Convert to Excel date",
		Doc:    "Returns the serial number by which Excel stores a date: days, with the time of day as a fraction. Excel knows no time zones; the number stands for the local time.",
		Effect: node.Pure,
		Examples: []node.Example[toExcelIn, toExcelOut]{{
			Title: "Noon",
			In:    toExcelIn{zoned: zoned{Date: "2026-03-01T12:00:00Z"}},
			Out:   toExcelOut{Serial: 46082.5},
		}},
		Run: func(_ context.Context, _ *node.Env, in toExcelIn) (toExcelOut, error) {
			m, err := in.moment()
			if err != nil {
				return toExcelOut{}, err
			}
			n, err := calendar.ToExcel(m, in.From1904)
			return toExcelOut{Serial: n}, wrong(err)
		},
	})
	node.Register(node.Spec[fromExcelIn, result]{
		Type:   "date.from_excel",
		Title:  "Convert from Excel date",
		Doc:    "Makes a date of an Excel serial number: a day when it is whole, else a time in the time zone, to the millisecond. 60 is refused: it stands for 29 February 1900, which was not.",
		Effect: node.Pure,
		Examples: []node.Example[fromExcelIn, result]{{
			Title: "A day",
			In:    fromExcelIn{Serial: 46082},
			Out:   result{"2026-03-01"},
		}, {
			Title: "A quarter past six in a file of an old Mac",
			In:    fromExcelIn{Serial: 44620 + 6.25/24, From1904: true, Timezone: "Europe/Berlin"},
			Out:   result{"2026-03-01T06:15:00+01:00"},
		}},
		Run: func(_ context.Context, _ *node.Env, in fromExcelIn) (result, error) {
			loc, err := location(in.Timezone)
			if err != nil {
				return result{}, err
			}
			if math.IsNaN(in.Serial) {
				return result{}, node.Failf(node.KindInput, "serial is not a number")
			}
			return give(calendar.FromExcel(in.Serial, in.From1904, loc))
		},
	})
}

type zonedIn struct{ zoned }

type toUnixOut struct {
	Seconds      float64 `json:"seconds" doc:"Seconds, to the millisecond."`
	Milliseconds int     `json:"milliseconds" doc:"Milliseconds, rounded down."`
}

type fromUnixIn struct {
	Value    float64 `json:"value" is:"required" doc:"Number to convert."`
	Unit     string  `json:"unit" default:"seconds" enum:"seconds,milliseconds" doc:"What the number counts."`
	Timezone string  `json:"timezone" default:"UTC" doc:"Time zone to show the date in."`
}

type toExcelIn struct {
	zoned
	From1904 bool `json:"from_1904" doc:"Count from 1904, as old files of Excel for Mac do."`
}

type toExcelOut struct {
	Serial float64 `json:"serial" doc:"Serial number."`
}

type fromExcelIn struct {
	Serial   float64 `json:"serial" is:"required" doc:"Serial number."`
	From1904 bool    `json:"from_1904" doc:"Count from 1904, as old files of Excel for Mac do."`
	Timezone string  `json:"timezone" default:"UTC" doc:"Time zone of the time."`
}
