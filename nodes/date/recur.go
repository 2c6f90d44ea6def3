package date

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.Register(node.Spec[rangeIn, datesOut]{
		Type:   "date.range",
		Title:  "List dates",
		Doc:    "Lists the dates from one to another in steps of a unit, both ends included. Steps are counted from the first date: a range from 31 January in months has the last day of each month." + zoneRule,
		Effect: node.Pure,
		Examples: []node.Example[rangeIn, datesOut]{{
			Title: "Month ends",
			In:    rangeIn{From: "2026-01-31", To: "2026-04-30", Unit: "month"},
			Out:   datesOut{Dates: []string{"2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"}, Count: 4},
		}, {
			Title: "Business days backwards",
			In:    rangeIn{From: "2026-03-09", To: "2026-03-05", Step: -1, BusinessOnly: true},
			Out:   datesOut{Dates: []string{"2026-03-09", "2026-03-06", "2026-03-05"}, Count: 3},
		}},
		Run: dateRange,
	})
	node.Register(node.Spec[recurIn, datesOut]{
		Type:   "date.recurrence",
		Title:  "List recurring dates",
		Doc:    "Lists the dates of a recurrence rule of RFC 5545 (iCalendar), such as FREQ=MONTHLY;BYDAY=-1FR. The rule is followed by the clocks of the time zone, so that 9 o'clock stays 9 o'clock when the clocks change. A rule without end is cut at `limit`; rules by minute and second may have no other parts than INTERVAL, COUNT, UNTIL." + zoneRule,
		Effect: node.Pure,
		Examples: []node.Example[recurIn, datesOut]{{
			Title: "Last Friday of three months",
			In:    recurIn{Start: "2026-01-01", Rule: "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3"},
			Out:   datesOut{Dates: []string{"2026-01-30", "2026-02-27", "2026-03-27"}, Count: 3},
		}, {
			Title: "Every day at nine, without one, when the clocks change",
			In:    recurIn{Start: "2026-03-28T09:00:00", Timezone: "Europe/Berlin", Rule: "FREQ=DAILY", Limit: 2, Except: []string{"2026-03-29"}},
			Out:   datesOut{Dates: []string{"2026-03-28T09:00:00+01:00", "2026-03-30T09:00:00+02:00"}, Count: 2, More: true},
		}},
		Check: func(in recurIn) error { _, err := in.options(); return err },
		Run:   recur,
	})
}

type datesOut struct {
	Dates []string `json:"dates" doc:"Dates in order."`
	Count int      `json:"count" doc:"Number of dates."`
	More  bool     `json:"more" doc:"Whether the limit cut some off."`
}

type rangeIn struct {
	From         string `json:"from" is:"required" doc:"First date."`
	To           string `json:"to" is:"required" doc:"Last date."`
	Unit         string `json:"unit" default:"day" enum:"minute,hour,day,week,month,quarter,year" doc:"Unit of the step."`
	Step         int    `json:"step" default:"1" doc:"Units from one date to the next; negative goes back."`
	Limit        int    `json:"limit" default:"1000" min:"1" max:"100000" doc:"Most dates to list."`
	BusinessOnly bool   `json:"business_days_only" doc:"Leave out weekends and holidays."`
	Timezone     string `json:"timezone" doc:"Time zone to compute in; the offset of from when empty."`
	workdays
}

func dateRange(ctx context.Context, _ *node.Env, in rangeIn) (datesOut, error) {
	a, b, err := two(in.From, in.To, in.Timezone)
	if err != nil {
		return datesOut{}, err
	}
	if in.Step == 0 {
		return datesOut{}, node.Fail(node.KindInput, "the step is 0", "set step to 1, or to -1 to go back")
	}
	business, err := in.business()
	if err != nil {
		return datesOut{}, err
	}
	out := datesOut{Dates: []string{}}
	for i := 0; ; i++ {
		if i%1000 == 0 && ctx.Err() != nil {
			return out, ctx.Err()
		}
		p, err := calendar.PeriodOf(i*in.Step, in.Unit)
		if err != nil {
			return out, wrong(err)
		}
		m, err := a.Add(p)
		if err != nil || in.Step > 0 && m.T.After(b.T) || in.Step < 0 && m.T.Before(b.T) {
			return out, nil
		}
		if in.BusinessOnly && !business.Open(m.T) {
			continue
		}
		if out.Count == in.Limit {
			out.More = true
			return out, nil
		}
		out.Dates = append(out.Dates, m.String())
		out.Count++
	}
}

type recurIn struct {
	Start    string   `json:"start" is:"required" doc:"First date, which also gives the time of day."`
	Rule     string   `json:"rule" is:"required" doc:"Rule such as FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE, with or without RRULE: before it."`
	From     string   `json:"from" doc:"List only dates from this one on."`
	To       string   `json:"to" doc:"List only dates up to this one."`
	Except   []string `json:"except" doc:"Dates to leave out; a day leaves out all of that day."`
	Limit    int      `json:"limit" default:"100" min:"1" max:"10000" doc:"Most dates to list."`
	Timezone string   `json:"timezone" doc:"Time zone whose clocks the rule follows; the offset of start when empty."`
}

// options reads the rule. The library walks day by day or hour by hour until
// the year 9999 for rules that never hold, so that those which would take
// minutes are refused.
func (in recurIn) options() (*rrule.ROption, error) {
	text := strings.TrimSpace(in.Rule)
	if len(text) > 6 && strings.EqualFold(text[:6], "RRULE:") {
		text = text[6:]
	}
	bad := func(why string) error {
		return node.Fail(node.KindInput, fmt.Sprintf("the rule %.100q cannot be read: %s", in.Rule, why), "write it like FREQ=MONTHLY;BYDAY=-1FR;COUNT=12")
	}
	if len(text) > 500 || strings.ContainsAny(text, "\r\n") {
		return nil, bad("it is longer than one line")
	}
	if strings.Contains(strings.ToUpper(text), "DTSTART") {
		return nil, bad("the first date is given in start, not in the rule")
	}
	o, err := rrule.StrToROption(strings.ToUpper(text))
	if err != nil {
		return nil, bad(err.Error())
	}
	by := len(o.Bysetpos) + len(o.Bymonth) + len(o.Bymonthday) + len(o.Byyearday) + len(o.Byweekno) + len(o.Byweekday) + len(o.Byhour) + len(o.Byminute) + len(o.Bysecond) + len(o.Byeaster)
	if (o.Freq == rrule.MINUTELY || o.Freq == rrule.SECONDLY) && by > 0 {
		return nil, bad("rules by minute or second may have no BY parts")
	}
	if o.Freq == rrule.HOURLY && len(o.Bymonth)+len(o.Bymonthday)+len(o.Byyearday)+len(o.Byweekno)+len(o.Bysetpos)+len(o.Byeaster) > 0 {
		return nil, bad("rules by hour may have no BY parts but BYDAY, BYHOUR, BYMINUTE and BYSECOND")
	}
	if o.Freq == rrule.HOURLY && o.Interval > 1 && len(o.Byhour) > 0 {
		// The library looks for such an hour without end when the steps miss it.
		return nil, bad("rules by hour may have BYHOUR with INTERVAL=1 only")
	}
	if o.Interval < 0 || o.Interval > 100_000 || o.Count < 0 {
		return nil, bad("its interval or count is out of range")
	}
	return o, nil
}

func recur(ctx context.Context, _ *node.Env, in recurIn) (datesOut, error) {
	o, err := in.options()
	if err != nil {
		return datesOut{}, err
	}
	start, err := read("start", in.Start, in.Timezone)
	if err != nil {
		return datesOut{}, err
	}
	window, err := in.window(start.T.Location())
	if err != nil {
		return datesOut{}, err
	}
	loc := start.T.Location()
	// The rule runs on the readings of the clock, as if they were UTC.
	o.Dtstart = reading(start.T)
	if start.DayOnly {
		o.Dtstart = o.Dtstart.Truncate(24 * time.Hour)
	}
	if !o.Until.IsZero() && strings.Contains(strings.ToUpper(in.Rule), "Z") && !start.DayOnly {
		o.Until = reading(o.Until.In(loc))
	}
	rule, err := rrule.NewRRule(*o)
	if err != nil {
		return datesOut{}, node.Failf(node.KindInput, "the rule %.100q cannot be followed: %v", in.Rule, err)
	}
	out := datesOut{Dates: []string{}}
	next := rule.Iterator()
	var before time.Time
	for i := 0; i < maxTurns; i++ {
		if i%1000 == 0 && ctx.Err() != nil {
			return out, ctx.Err()
		}
		w, ok := next()
		if !ok {
			return out, nil
		}
		m := calendar.Moment{T: calendar.Wall(w, loc)}
		if start.DayOnly {
			m = calendar.Day(w.Year(), w.Month(), w.Day(), loc)
		}
		if !window.to.IsZero() && !m.T.Before(window.to) {
			return out, nil
		}
		// Two readings may be one instant where the clocks skip an hour.
		if m.T.Before(window.from) || m.T.Equal(before) || window.excepted(m) || m.Check() != nil {
			continue
		}
		if out.Count == in.Limit {
			out.More = true
			return out, nil
		}
		before = m.T
		out.Dates = append(out.Dates, m.String())
		out.Count++
	}
	return out, node.Fail(node.KindInput, fmt.Sprintf("the rule has more than %d dates before from", maxTurns), "choose a start nearer to from")
}

// maxTurns bounds the dates looked at.
const maxTurns = 2_000_000

func reading(t time.Time) time.Time {
	y, mo, d := t.Date()
	h, mi, s := t.Clock()
	return time.Date(y, mo, d, h, mi, s, 0, time.UTC)
}

// window says which dates of a rule to list.
type window struct {
	from, to time.Time // to is not included; zero for none
	except   []calendar.Moment
}

func (in recurIn) window(loc *time.Location) (window, error) {
	var w window
	local := func(param, text string) (calendar.Moment, error) {
		m, err := read(param, text, in.Timezone)
		return m.In(loc), err
	}
	if in.From != "" {
		m, err := local("from", in.From)
		if err != nil {
			return w, err
		}
		w.from = m.T
	}
	if in.To != "" {
		m, err := local("to", in.To)
		if err != nil {
			return w, err
		}
		w.to = m.T.Add(time.Nanosecond)
		if m.DayOnly {
			if m, err = m.Add(calendar.Period{Days: 1}); err != nil {
				return w, wrong(err)
			}
			w.to = m.T
		}
	}
	for i, e := range in.Except {
		m, err := local(fmt.Sprintf("except[%d]", i), e)
		if err != nil {
			return w, err
		}
		w.except = append(w.except, m)
	}
	return w, nil
}

func (w window) excepted(m calendar.Moment) bool {
	return slices.ContainsFunc(w.except, func(e calendar.Moment) bool {
		if e.DayOnly {
			return e.T.Format(time.DateOnly) == m.T.Format(time.DateOnly)
		}
		return e.T.Equal(m.T)
	})
}
