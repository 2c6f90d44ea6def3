package date

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
)

func init() {
	node.Register(node.Spec[nowIn, nowOut]{
		Type:   "date.now",
		Title:  "Current date and time",
		Doc:    "Returns the current date and time. The result is recorded, so that a resumed run sees the same.",
		Effect: node.Read,
		Examples: []node.Example[nowIn, nowOut]{{
			Title: "In Tokyo, for a file name",
			In:    nowIn{Timezone: "Asia/Tokyo", Format: "YYYYMMDD-HHmmss"},
			Check: func(out nowOut) error {
				if len(out.Text) != 15 || out.Unix < 1_700_000_000 {
					return fmt.Errorf("got %+v", out)
				}
				return nil
			},
		}},
		Run: func(_ context.Context, env *node.Env, in nowIn) (nowOut, error) { return now(env, in, false) },
	})
	node.Register(node.Spec[nowIn, nowOut]{
		Type:   "date.today",
		Title:  "Current day",
		Doc:    "Returns the current day, YYYY-MM-DD, in a time zone. The result is recorded, so that a resumed run sees the same.",
		Effect: node.Read,
		Examples: []node.Example[nowIn, nowOut]{{
			Title: "In UTC",
			In:    nowIn{Timezone: "UTC"},
			Check: func(out nowOut) error {
				if len(out.Date) != 10 || out.Text != out.Date {
					return fmt.Errorf("got %+v", out)
				}
				return nil
			},
		}},
		Run: func(_ context.Context, env *node.Env, in nowIn) (nowOut, error) { return now(env, in, true) },
	})
}

type nowIn struct {
	Timezone string `json:"timezone" doc:"IANA name such as Europe/Berlin, or an offset; the zone of the machine when empty."`
	Format   string `json:"format" doc:"Format of text, as in date.format; ISO 8601 when empty."`
	Language string `json:"language" default:"en" enum:"en,de,fr,es" doc:"Language of month and day names in text."`
}

type nowOut struct {
	result
	Text string  `json:"text" doc:"The date in the format asked for."`
	Unix float64 `json:"unix" doc:"Seconds since 1970 began in UTC, to the millisecond; for a day those of its start."`
}

func now(env *node.Env, in nowIn, day bool) (nowOut, error) {
	t := env.Now()
	if in.Timezone != "" {
		loc, err := location(in.Timezone)
		if err != nil {
			return nowOut{}, err
		}
		t = t.In(loc)
	}
	m := calendar.Moment{T: t.Round(0)}
	if day {
		m = calendar.Day(t.Year(), t.Month(), t.Day(), t.Location())
	}
	out := nowOut{result: result{m.String()}, Text: m.String(), Unix: float64(m.T.UnixMilli()) / 1000}
	if in.Format == "" {
		return out, nil
	}
	var err error
	out.Text, err = write(m, in.Format, in.Language)
	return out, err
}
