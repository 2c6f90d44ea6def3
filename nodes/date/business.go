package date

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.Register(node.Spec[businessIn, businessOut]{
		Type:   "date.business_days",
		Title:  "Business days between",
		Doc:    "Counts the business days between two dates, leaving out weekends and holidays. The first day counts and the last does not, unless `include_end` is on. Negative when the second date is earlier.",
		Effect: node.Pure,
		Examples: []node.Example[businessIn, businessOut]{{
			Title: "Easter in Germany",
			In:    businessIn{From: "2026-04-01", To: "2026-04-08", workdays: workdays{Holidays: []string{"2026-04-03", "2026-04-06"}}},
			Out:   businessOut{Days: 3},
		}, {
			Title: "A weekend of Friday and Saturday",
			In:    businessIn{From: "2026-03-05", To: "2026-03-08", IncludeEnd: true, workdays: workdays{Weekend: []string{"friday", "saturday"}}},
			Out:   businessOut{Days: 2},
		}},
		Run: businessDays,
	})
	node.Register(node.Spec[openIn, openOut]{
		Type:   "date.is_business_day",
		Title:  "Is business day",
		Doc:    "Tells whether a date is a business day, and which one is next after it and previous before it.",
		Effect: node.Pure,
		Examples: []node.Example[openIn, openOut]{{
			Title: "A Saturday",
			In:    openIn{zoned: zoned{Date: "2026-03-07"}},
			Out:   openOut{Next: "2026-03-09", Previous: "2026-03-06"},
		}},
		Run: isOpen,
	})
}

// workdays are the params that say what a business day is.
type workdays struct {
	Weekend  []string `json:"weekend" default:"[\"saturday\",\"sunday\"]" doc:"Days of the week that are no business days, in English." group:"Business days"`
	Holidays []string `json:"holidays" doc:"Days, YYYY-MM-DD, that are no business days." group:"Business days"`
}

func (w workdays) business() (*calendar.Business, error) {
	b := &calendar.Business{Holidays: map[string]bool{}}
	for _, d := range w.Weekend {
		n, ok := weekdays[d]
		if !ok {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("weekend has %.40q, which is no day of the week", d), "write monday, tuesday and so on")
		}
		b.Weekend[n] = true
	}
	for i, h := range w.Holidays {
		m, err := read(fmt.Sprintf("holidays[%d]", i), h, "")
		if err != nil {
			return nil, err
		}
		m.DayOnly = true
		b.Holidays[m.String()] = true
	}
	return b, nil
}

type businessIn struct {
	From       string `json:"from" is:"required" doc:"First day."`
	To         string `json:"to" is:"required" doc:"Last day."`
	IncludeEnd bool   `json:"include_end" doc:"Count the last day too."`
	workdays
}

type businessOut struct {
	Days int `json:"days" doc:"Number of business days."`
}

func businessDays(_ context.Context, _ *node.Env, in businessIn) (businessOut, error) {
	b, err := in.business()
	if err != nil {
		return businessOut{}, err
	}
	from, to, err := two(in.From, in.To, "")
	if err != nil {
		return businessOut{}, err
	}
	from, to = utcDay(from), utcDay(to)
	if in.IncludeEnd {
		if to.T.Before(from.T) {
			from, err = from.Add(calendar.Period{Days: 1})
		} else {
			to, err = to.Add(calendar.Period{Days: 1})
		}
		if err != nil {
			return businessOut{}, wrong(err)
		}
	}
	n, err := b.Count(from, to)
	return businessOut{Days: n}, wrong(err)
}

type openIn struct {
	zoned
	workdays
}

type openOut struct {
	Business bool   `json:"is_business_day" doc:"Whether it is a business day."`
	Next     string `json:"next" doc:"Next business day after it."`
	Previous string `json:"previous" doc:"Previous business day before it."`
}

func isOpen(_ context.Context, _ *node.Env, in openIn) (openOut, error) {
	b, err := in.business()
	if err != nil {
		return openOut{}, err
	}
	m, err := in.moment()
	if err != nil {
		return openOut{}, err
	}
	day := utcDay(m)
	next, err := b.Add(day, 1)
	if err != nil {
		return openOut{}, wrong(err)
	}
	previous, err := b.Add(day, -1)
	return openOut{Business: b.Open(day.T), Next: next.String(), Previous: previous.String()}, wrong(err)
}
