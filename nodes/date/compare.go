package date

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.Register(node.Spec[compareIn, compareOut]{
		Type:   "date.compare",
		Title:  "Compare dates",
		Doc:    "Tells whether a date is before, after or the same as another. Points in time are compared as such, whatever their offsets; a day counts from its start in the time zone. With `unit` only the parts down to it are compared.",
		Effect: node.Pure,
		Examples: []node.Example[compareIn, compareOut]{{
			Title: "The same instant",
			In:    compareIn{A: "2026-03-01T12:00:00+01:00", B: "2026-03-01T11:00:00Z"},
			Out:   compareOut{Same: true},
		}, {
			Title: "The same month",
			In:    compareIn{A: "2026-03-01", B: "2026-03-31T10:00:00Z", Unit: "month"},
			Out:   compareOut{Same: true},
		}},
		Run: compare,
	})
	node.Register(node.Spec[betweenIn, betweenOut]{
		Type:   "date.is_between",
		Title:  "Is date between",
		Doc:    "Tells whether a date lies between two others, the ends included unless `exclusive` is on. With a `to` that is a day without time, that whole day is included.",
		Effect: node.Pure,
		Examples: []node.Example[betweenIn, betweenOut]{{
			Title: "On the last day",
			In:    betweenIn{Date: "2026-03-31T18:00:00Z", From: "2026-03-01", To: "2026-03-31"},
			Out:   betweenOut{Between: true},
		}},
		Run: between,
	})
	node.Register(node.Spec[listIn, pickOut]{
		Type:   "date.min",
		Title:  "Earliest date",
		Doc:    "Returns the earliest of several dates, as it was given. Of equal ones it is the first.",
		Effect: node.Pure,
		Examples: []node.Example[listIn, pickOut]{{
			Title: "Different offsets",
			In:    listIn{Dates: []string{"2026-03-01T12:00:00Z", "2026-03-01T12:30:00+01:00"}},
			Out:   pickOut{result: result{"2026-03-01T12:30:00+01:00"}, Index: 1},
		}},
		Run: func(_ context.Context, _ *node.Env, in listIn) (pickOut, error) { return in.pick(-1) },
	})
	node.Register(node.Spec[listIn, pickOut]{
		Type:   "date.max",
		Title:  "Latest date",
		Doc:    "Returns the latest of several dates, as it was given. Of equal ones it is the first.",
		Effect: node.Pure,
		Examples: []node.Example[listIn, pickOut]{{
			Title: "Days",
			In:    listIn{Dates: []string{"2026-03-01", "2027-01-01", "2026-12-31"}},
			Out:   pickOut{result: result{"2027-01-01"}, Index: 1},
		}},
		Run: func(_ context.Context, _ *node.Env, in listIn) (pickOut, error) { return in.pick(1) },
	})
}

type compareIn struct {
	A        string `json:"a" is:"required" doc:"First date, in ISO 8601."`
	B        string `json:"b" is:"required" doc:"Second date."`
	Unit     string `json:"unit" default:"exact" enum:"exact,second,minute,hour,day,week,month,quarter,year" doc:"How finely to compare."`
	Timezone string `json:"timezone" doc:"Time zone in which units begin, and of dates without offset; UTC when empty."`
}

type compareOut struct {
	Result int  `json:"result" doc:"-1 when a is before b, 0 when they are the same, 1 when a is after b."`
	Before bool `json:"before" doc:"Whether a is before b."`
	Same   bool `json:"same" doc:"Whether they are the same."`
	After  bool `json:"after" doc:"Whether a is after b."`
}

func compare(_ context.Context, _ *node.Env, in compareIn) (compareOut, error) {
	zone := in.Timezone
	if zone == "" && in.Unit != "exact" {
		zone = "UTC"
	}
	a, err := read("a", in.A, zone)
	if err != nil {
		return compareOut{}, err
	}
	b, err := read("b", in.B, zone)
	if err != nil {
		return compareOut{}, err
	}
	if in.Unit != "exact" {
		if a, err = a.StartOf(in.Unit, 1); err != nil {
			return compareOut{}, wrong(err)
		}
		if b, err = b.StartOf(in.Unit, 1); err != nil {
			return compareOut{}, wrong(err)
		}
	}
	c := a.T.Compare(b.T)
	return compareOut{Result: c, Before: c < 0, Same: c == 0, After: c > 0}, nil
}

type betweenIn struct {
	Date      string `json:"date" is:"required" doc:"Date to test, in ISO 8601."`
	From      string `json:"from" is:"required" doc:"Start."`
	To        string `json:"to" is:"required" doc:"End; it must not be before the start."`
	Exclusive bool   `json:"exclusive" doc:"Leave out the ends."`
	Timezone  string `json:"timezone" doc:"Time zone of days and of times without offset; UTC when empty."`
}

type betweenOut struct {
	Between bool `json:"between" doc:"Whether the date lies between the others."`
}

func between(_ context.Context, _ *node.Env, in betweenIn) (betweenOut, error) {
	var m [3]calendar.Moment
	for i, p := range []struct{ name, text string }{{"date", in.Date}, {"from", in.From}, {"to", in.To}} {
		var err error
		if m[i], err = read(p.name, p.text, in.Timezone); err != nil {
			return betweenOut{}, err
		}
	}
	t, from, to := m[0].T, m[1].T, m[2].T
	if to.Before(from) {
		return betweenOut{}, node.Fail(node.KindInput, fmt.Sprintf("to, %s, is before from, %s", m[2], m[1]), "swap them")
	}
	if m[2].DayOnly && !m[0].DayOnly {
		end, err := m[2].Add(calendar.Period{Days: 1})
		if err != nil {
			return betweenOut{}, wrong(err)
		}
		if in.Exclusive {
			return betweenOut{t.After(from) && t.Before(to)}, nil
		}
		return betweenOut{!t.Before(from) && t.Before(end.T)}, nil
	}
	if in.Exclusive {
		return betweenOut{t.After(from) && t.Before(to)}, nil
	}
	return betweenOut{!t.Before(from) && !t.After(to)}, nil
}

type listIn struct {
	Dates    []string `json:"dates" is:"required" doc:"Dates in ISO 8601."`
	Timezone string   `json:"timezone" doc:"Time zone of days and of times without offset; UTC when empty."`
}

type pickOut struct {
	result
	Index int `json:"index" doc:"Where it is in the list, counted from 0."`
}

func (in listIn) pick(sign int) (pickOut, error) {
	if len(in.Dates) == 0 {
		return pickOut{}, node.Fail(node.KindInput, "there are no dates to choose from", "give at least one")
	}
	var best calendar.Moment
	at := -1
	for i, s := range in.Dates {
		m, err := read(fmt.Sprintf("dates[%d]", i), s, in.Timezone)
		if err != nil {
			return pickOut{}, err
		}
		if at < 0 || m.T.Compare(best.T) == sign {
			best, at = m, i
		}
	}
	return pickOut{result: result{in.Dates[at]}, Index: at}, nil
}
