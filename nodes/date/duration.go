package date

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[parsePeriodIn, periodOut]{
		Type:   "date.parse_duration",
		Title:  "Parse duration",
		Doc:    "Reads a length of time: ISO 8601 (P1DT2H), words (2h 5m, 1 day 3 hours), a clock (1:30:00) or a number of seconds. Seconds count a day as 24 hours; years and months have no fixed length, so that `seconds` then is nil.",
		Effect: node.Pure,
		Examples: []node.Example[parsePeriodIn, periodOut]{{
			Title: "Words",
			In:    parsePeriodIn{Text: "2h 5m"},
			Out:   periodOut{Seconds: 7500, ISO: "PT2H5M", Parts: parts{Hours: 2, Minutes: 5}},
		}, {
			Title: "A month has no fixed length",
			In:    parsePeriodIn{Text: "P1M3D"},
			Out:   periodOut{ISO: "P1M3D", Parts: parts{Months: 1, Days: 3}},
		}},
		Run: func(_ context.Context, _ *node.Env, in parsePeriodIn) (periodOut, error) {
			p, err := calendar.ParsePeriod(in.Text)
			if err != nil {
				return periodOut{}, node.Fail(node.KindInput, err.Error(), "write it like 2h 5m, 1:30:00 or P1DT2H")
			}
			out := periodOut{ISO: p.ISO(), Parts: partsOf(p)}
			out.Parts.Weeks = p.Weeks
			if p.Years == 0 && p.Months == 0 {
				out.Seconds = float64(p.Weeks*7+p.Days)*86400 + p.Time.Seconds()
			}
			return out, nil
		},
	})
	node.Register(node.Spec[formatPeriodIn, formatOut]{
		Type:   "date.format_duration",
		Title:  "Format duration",
		Doc:    "Writes a length of time, given in seconds or as text, for people (2h 5m, 2 hours 5 minutes), as a clock (02:05:00) or in ISO 8601. Seconds are spread over days, hours, minutes and seconds; a day counts as 24 hours.",
		Effect: node.Pure,
		Examples: []node.Example[formatPeriodIn, formatOut]{{
			Title: "Short",
			In:    formatPeriodIn{Duration: 93784},
			Out:   formatOut{Text: "1d 2h 3m 4s"},
		}, {
			Title: "Two units in words",
			In:    formatPeriodIn{Duration: "P1DT2H3M", Style: "long", Units: 2},
			Out:   formatOut{Text: "1 day 2 hours"},
		}},
		Run: formatPeriod,
	})
}

type parsePeriodIn struct {
	Text string `json:"text" is:"required" doc:"Text to read."`
}

type periodOut struct {
	Seconds any    `json:"seconds" doc:"Length in seconds, or nil when years or months are in it."`
	ISO     string `json:"iso" doc:"The same in ISO 8601."`
	Parts   parts  `json:"parts" doc:"The same in parts."`
}

type formatPeriodIn struct {
	Duration any    `json:"duration" is:"required" doc:"Length of time: seconds, or a text that date.parse_duration reads."`
	Style    string `json:"style" default:"short" enum:"short,long,clock,iso" doc:"How to write it."`
	Units    int    `json:"units" min:"0" max:"7" doc:"Most units to write in short and long, the largest first; what is left is cut. 0 writes all."`
}

func formatPeriod(_ context.Context, _ *node.Env, in formatPeriodIn) (formatOut, error) {
	var p calendar.Period
	switch x := in.Duration.(type) {
	case string:
		var err error
		if p, err = calendar.ParsePeriod(x); err != nil {
			return formatOut{}, node.Fail(node.KindInput, err.Error(), "write it like 2h 5m, 1:30:00 or P1DT2H")
		}
	case int, float64:
		s, _ := x.(float64)
		if n, ok := x.(int); ok {
			s = float64(n)
		}
		if math.Abs(s) > 9e9 {
			return formatOut{}, node.Failf(node.KindInput, "duration is longer than 285 years")
		}
		p.Time = time.Duration(math.Round(s * 1e9))
	default:
		return formatOut{}, node.Failf(node.KindInput, "duration is a %s, not a number of seconds or a text", value.Kind(x))
	}
	return formatOut{Text: periodText(p, in.Style, in.Units)}, nil
}

func periodText(p calendar.Period, style string, units int) string {
	sign := ""
	if p.Years < 0 || p.Months < 0 || p.Weeks < 0 || p.Days < 0 || p.Time < 0 {
		sign, p = "-", p.Negate()
	}
	if style == "clock" {
		p.Time += time.Duration(p.Weeks*7+p.Days) * 24 * time.Hour
		p.Weeks, p.Days = 0, 0
		h, m, s := int(p.Time/time.Hour), int(p.Time%time.Hour/time.Minute), p.Time%time.Minute
		sec := fmt.Sprintf("%02d", s/time.Second)
		if f := s % time.Second; f != 0 {
			sec += strings.TrimRight(fmt.Sprintf(".%09d", f), "0")
		}
		text := fmt.Sprintf("%s%02d:%02d:%s", sign, h, m, sec)
		if rest := (calendar.Period{Years: p.Years, Months: p.Months}); !rest.IsZero() {
			text = sign + periodText(rest, "short", 0) + " " + strings.TrimPrefix(text, sign)
		}
		return text
	}
	days := int(p.Time / (24 * time.Hour))
	p.Days, p.Time = p.Days+days, p.Time-time.Duration(days)*24*time.Hour
	if style == "iso" {
		return sign + p.ISO()
	}
	var out []string
	for _, u := range []struct {
		n           float64
		short, long string
	}{
		{float64(p.Years), "y", "year"}, {float64(p.Months), "mo", "month"}, {float64(p.Weeks), "w", "week"}, {float64(p.Days), "d", "day"},
		{float64(p.Time / time.Hour), "h", "hour"}, {float64(p.Time % time.Hour / time.Minute), "m", "minute"}, {(p.Time % time.Minute).Seconds(), "s", "second"},
	} {
		if u.n == 0 {
			continue
		}
		if units > 0 && len(out) == units {
			break
		}
		n := strconv.FormatFloat(u.n, 'f', -1, 64)
		switch {
		case style == "short":
			out = append(out, n+u.short)
		case u.n == 1:
			out = append(out, n+" "+u.long)
		default:
			out = append(out, n+" "+u.long+"s")
		}
	}
	if out == nil {
		if style == "long" {
			return "0 seconds"
		}
		return "0s"
	}
	return sign + strings.Join(out, " ")
}
