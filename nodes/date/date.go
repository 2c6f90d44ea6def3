// Package date holds the nodes that work on dates and times. Points in time
// travel as RFC 3339 text with an offset, days as YYYY-MM-DD; package calendar
// has the rules.
package date

import (
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.RegisterFamily(node.Family{Name: "date", Title: "Dates and times", Doc: "Read, write, compare and compute dates, times, time zones, recurrences and lengths of time."})
}

// zoneRule is told in the docs of nodes that compute local times.
const zoneRule = " A local time that a change of the clocks skips moves forward by the length of the gap; one that occurs twice is the first of the two."

// zoned is a date with the zone to see it in.
type zoned struct {
	Date     string `json:"date" is:"required" doc:"Date, or date and time, in ISO 8601."`
	Timezone string `json:"timezone" doc:"Time zone to compute in, an IANA name such as Europe/Berlin or an offset. Empty keeps the offset of the date, which knows nothing of summer time; a date without offset then is UTC."`
}

func (z zoned) moment() (calendar.Moment, error) { return read("date", z.Date, z.Timezone) }

// read reads a param; a time zone given decides what the moment is seen in.
func read(param, text, zone string) (calendar.Moment, error) {
	loc, err := location(zone)
	if err != nil {
		return calendar.Moment{}, err
	}
	if text == "" {
		return calendar.Moment{}, node.Fail(node.KindInput, param+" is empty", "give a date in ISO 8601, for instance 2026-03-01")
	}
	m, err := calendar.Read(text, loc)
	if err != nil {
		return m, node.Fail(node.KindInput, fmt.Sprintf("%s cannot read %.40q: %v", param, text, err), "read other formats with date.parse first")
	}
	if zone != "" {
		m = m.In(loc)
	}
	return m, check(m)
}

func location(name string) (*time.Location, error) {
	loc, err := calendar.Zone(name)
	if err != nil {
		return nil, node.Fail(node.KindInput, "timezone: "+err.Error(), "use an IANA name such as Europe/Berlin, America/New_York or UTC")
	}
	return loc, nil
}

func check(m calendar.Moment) error { return wrong(m.Check()) }

// wrong makes an input failure of an error of package calendar.
func wrong(err error) error {
	if err == nil {
		return nil
	}
	return node.Failf(node.KindInput, "%v", err)
}

// result is what most nodes give.
type result struct {
	Date string `json:"date" doc:"Resulting date: YYYY-MM-DD for a day, RFC 3339 for a point in time."`
}

func give(m calendar.Moment, err error) (result, error) {
	if err != nil {
		return result{}, wrong(err)
	}
	return result{Date: m.String()}, nil
}

var weekdays = map[string]time.Weekday{"sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6}

// isoWeekday counts Monday as 1 and Sunday as 7.
func isoWeekday(d time.Weekday) int { return (int(d)+6)%7 + 1 }
