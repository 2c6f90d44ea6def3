package date

import (
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

type params = map[string]any

func TestNodes(t *testing.T) {
	tests := []struct {
		typ  string
		in   params
		out  string
		want any
	}{
		{"date.add", params{"date": "2026-03-06", "business_days": 1}, "date", "2026-03-09"},
		{"date.add", params{"date": "2026-03-06T23:30:00Z", "business_days": 1, "timezone": "Asia/Tokyo"}, "date", "2026-03-09T08:30:00+09:00"},
		{"date.add", params{"date": "2026-03-06", "business_days": 1, "holidays": []any{"2026-03-09"}}, "date", "2026-03-10"},
		{"date.add", params{"date": "2026-03-06T10:00:00Z", "hours": 1.5}, "date", "2026-03-06T11:30:00Z"},
		{"date.subtract", params{"date": "2026-03-31", "months": 1}, "date", "2026-02-28"},
		{"date.difference", params{"from": "2026-03-02", "to": "2026-03-01"}, "value", -1},
		{"date.difference", params{"from": "0001-01-01", "to": "9999-12-31", "unit": "second"}, "value", 315537811200},
		{"date.difference", params{"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T00:00:00.0005Z", "unit": "millisecond"}, "exact", 0.5},
		{"date.age", params{"born": "2000-02-29", "on": "2026-02-28"}, "years", 26},
		{"date.compare", params{"a": "2026-03-01", "b": "2026-03-02"}, "result", -1},
		{"date.is_between", params{"date": "2026-03-01", "from": "2026-03-01", "to": "2026-03-02", "exclusive": true}, "between", false},
		{"date.next_weekday", params{"date": "2026-03-06", "weekday": "friday", "inclusive": true}, "date", "2026-03-06"},
		{"date.next_weekday", params{"date": "2026-03-06", "weekday": "friday", "count": -1}, "date", "2026-02-27"},
		{"date.round", params{"date": "2026-10-25T02:50:00+01:00", "timezone": "Europe/Berlin", "interval": "15m", "mode": "down"}, "date", "2026-10-25T02:45:00+01:00"},
		{"date.round", params{"date": "2026-03-29T01:55:00+01:00", "timezone": "Europe/Berlin", "interval": "1h", "mode": "up"}, "date", "2026-03-29T03:00:00+02:00"},
		{"date.format", params{"date": "2026-03-01", "format": "%d.%m.%Y"}, "text", "01.03.2026"},
		{"date.format", params{"date": "2026-03-01", "format": "02.01.2006"}, "text", "01.03.2026"},
		{"date.format", params{"date": "2026-03-01T15:00:00Z", "format": "h A, Do MMM [week] W", "language": "en"}, "text", "3 PM, 1st Mar week 9"},
		{"date.format", params{"date": "2026-03-01", "format": "excel"}, "text", "46082"},
		{"date.format_duration", params{"duration": 3725.5, "style": "clock"}, "text", "01:02:05.5"},
		{"date.format_duration", params{"duration": -90, "style": "long"}, "text", "-1 minute 30 seconds"},
		{"date.format_duration", params{"duration": 0}, "text", "0s"},
		{"date.range", params{"from": "2026-03-28T02:30:00", "to": "2026-03-31", "timezone": "Europe/Berlin"}, "dates", []any{"2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"date.range", params{"from": "2026-03-01", "to": "2026-02-01"}, "dates", []any{}},
		{"date.range", params{"from": "2026-03-01", "to": "2027-03-01", "limit": 2}, "more", true},
		{"date.recurrence", params{"start": "2024-02-29", "rule": "FREQ=YEARLY", "limit": 2}, "dates", []any{"2024-02-29", "2028-02-29"}},
		{"date.recurrence", params{"start": "2026-01-01T09:00:00Z", "rule": "RRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20260109T000000Z"}, "dates", []any{"2026-01-01T09:00:00Z", "2026-01-06T09:00:00Z", "2026-01-08T09:00:00Z"}},
		{"date.recurrence", params{"start": "2026-01-01", "rule": "FREQ=DAILY", "from": "2026-01-05", "to": "2026-01-06"}, "dates", []any{"2026-01-05", "2026-01-06"}},
		{"date.recurrence", params{"start": "2026-01-01", "rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "dates", []any{}},
		{"date.recurrence", params{"start": "2026-01-01T04:00:00Z", "rule": "FREQ=HOURLY;BYHOUR=5", "limit": 1}, "dates", []any{"2026-01-01T05:00:00Z"}},
		{"date.recurrence", params{"start": "2026-01-05T04:00:00Z", "rule": "FREQ=HOURLY;INTERVAL=168;BYDAY=TU", "limit": 1}, "dates", []any{}},
		{"date.business_days", params{"from": "2026-03-09", "to": "2026-03-02"}, "days", -5},
		{"date.create", params{"year": 2011, "month": 12, "day": 30, "timezone": "Pacific/Apia"}, "date", "2011-12-30"},
		{"date.to_unix", params{"date": "1969-12-31T23:59:59Z"}, "seconds", -1},
		{"date.parts", params{"date": "2024-12-30", "timezone": "Pacific/Apia"}, "iso_year", 2025},
	}
	for _, tt := range tests {
		began := time.Now()
		out, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in)
		if err != nil {
			t.Errorf("%s %v: %v", tt.typ, tt.in, err)
			continue
		}
		if !value.Equal(out[tt.out], tt.want) {
			t.Errorf("%s %v: %s is %v, want %v", tt.typ, tt.in, tt.out, out[tt.out], tt.want)
		}
		if d := time.Since(began); d > 3*time.Second {
			t.Errorf("%s %v took %s", tt.typ, tt.in, d)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		typ string
		in  params
	}{
		{"date.add", params{"date": "yesterday"}},
		{"date.add", params{"date": ""}},
		{"date.add", params{"date": "2026-03-01", "timezone": "Mars"}},
		{"date.add", params{"date": "2026-03-01", "timezone": "Local"}},
		{"date.add", params{"date": "9999-12-31", "days": 1}},
		{"date.add", params{"date": "2026-03-01", "hours": 1e300}},
		{"date.add", params{"date": "2026-03-01", "duration": "soon"}},
		{"date.add", params{"date": "2026-03-01", "business_days": 1, "weekend": []any{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}}},
		{"date.add", params{"date": "2026-03-01", "business_days": 1, "weekend": []any{"Samstag"}}},
		{"date.parse", params{"text": "03/04/2026"}},
		{"date.parse", params{"text": "x", "formats": []any{"YYYY-RR"}}},
		{"date.format", params{"date": "2026-03-01", "format": "nonsense"}},
		{"date.create", params{"year": 2026, "month": 2, "day": 29}},
		{"date.is_between", params{"date": "2026-03-01", "from": "2026-03-02", "to": "2026-03-01"}},
		{"date.min", params{"dates": []any{}}},
		{"date.age", params{"born": "2026-03-02", "on": "2026-03-01"}},
		{"date.range", params{"from": "2026-03-01", "to": "2026-03-02", "step": 0}},
		{"date.recurrence", params{"start": "2026-03-01", "rule": "FREQ=SECONDLY;BYMONTH=2"}},
		{"date.recurrence", params{"start": "2026-03-01", "rule": "every day"}},
		{"date.recurrence", params{"start": "2026-01-01T04:00:00Z", "rule": "FREQ=HOURLY;INTERVAL=24;BYHOUR=5"}},
		{"date.recurrence", params{"start": "2026-03-01", "rule": "FREQ=DAILY;INTERVAL=-1"}},
		{"date.round", params{"date": "2026-03-01", "interval": "7m"}},
		{"date.from_unix", params{"value": 1e18}},
		{"date.from_excel", params{"serial": -1}},
		{"date.format_duration", params{"duration": []any{}}},
		{"date.next_weekday", params{"date": "2026-03-01", "weekday": "friday", "count": 0}},
	}
	for _, tt := range tests {
		_, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in)
		if err == nil {
			t.Errorf("%s %v gave no error", tt.typ, tt.in)
			continue
		}
		if f := node.AsFailure(err); f.Kind != node.KindInput || strings.Contains(f.Message, "\n") {
			t.Errorf("%s %v: kind %s, %s", tt.typ, tt.in, f.Kind, f.Message)
		}
	}
}

func TestNowUsesTheClockOfEnv(t *testing.T) {
	env := nodetest.Env(t)
	env.Now = func() time.Time { return time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC) }
	out, err := nodetest.Run(t, env, "date.today", params{"timezone": "Asia/Kathmandu", "format": "D. MMMM", "language": "de"})
	if err != nil || out["date"] != "2026-03-02" || out["text"] != "2. März" {
		t.Errorf("got %v, %v", out, err)
	}
	out, err = nodetest.Run(t, env, "date.now", params{"timezone": "+05:45"})
	if err != nil || out["date"] != "2026-03-02T05:15:00+05:45" {
		t.Errorf("got %v, %v", out, err)
	}
}
