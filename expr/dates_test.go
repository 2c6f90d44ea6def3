package expr_test

import (
	"strings"
	"testing"
)

func TestDates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		src  string
		want any // an error's text when it starts with !
	}{
		// Across the change to summer time the clock stays for days, not for hours.
		{`add_days("2024-03-30T12:00:00+01:00", 1, "Europe/Berlin")`, "2024-03-31T12:00:00+02:00"},
		{`add_hours("2024-03-30T12:00:00+01:00", 24, "Europe/Berlin")`, "2024-03-31T13:00:00+02:00"},
		{`date_diff("2024-03-30T12:00:00", "2024-03-31T12:00:00", "days", "Europe/Berlin")`, 1},
		{`date_diff("2024-03-30T12:00:00", "2024-03-31T12:00:00", "hours", "Europe/Berlin")`, 23},
		{`date_diff("2024-10-27", "2024-10-28", "hours", "Europe/Berlin")`, 25},
		{`start_of("2024-10-27T02:30:00+01:00", "hour", "Europe/Berlin")`, "2024-10-27T02:00:00+01:00"},
		{`start_of("2024-03-31T23:00:00+02:00", "day", "Europe/Berlin")`, "2024-03-31T00:00:00+01:00"},
		{`end_of("2024-03-31T12:00:00", "day", "Europe/Berlin")`, "2024-03-31T23:59:59.999+02:00"},
		{`to_timezone("2024-01-01T00:00:00Z", "Asia/Kolkata")`, "2024-01-01T05:30:00+05:30"},
		{`to_timezone("2024-01-01", "+02:00")`, "2024-01-01T02:00:00+02:00"},
		{`unix("2024-01-01", "Europe/Berlin")`, 1704063600},
		{`add_months("2024-01-31", 1)`, "2024-02-29"}, {`add_months("2024-03-31", -1)`, "2024-02-29"}, {`add_months("2024-01-31", 13)`, "2025-02-28"}, {`add_years("2024-02-29", -1)`, "2023-02-28"},
		{`add_days("2024-01-01", -1)`, "2023-12-31"}, {`add_hours("2024-01-01", 25)`, "2024-01-02T01:00:00"}, {`add_minutes("2024-01-01T00:00:00Z", -1)`, "2023-12-31T23:59:00Z"},
		{`date_diff("2024-03-01", "2024-01-31", "months")`, -1}, {`date_diff("2024-02-29", "2025-02-28", "years")`, 1}, {`date_diff("2000-01-01", "2024-01-01", "year")`, 24}, {`date_diff("2024-01-01", "2024-12-31", "weeks")`, 52}, {`date_diff("0001-01-01", "9999-12-31")`, 3652058}, {`date_diff("0001-01-01", "9999-12-31", "hours")`, 87649392},
		{`start_of("2024-01-03", "week")`, "2024-01-01"}, {`start_of("2024-01-07", "week")`, "2024-01-01"}, {`start_of("2024-05-07", "quarter")`, "2024-04-01"}, {`end_of("2024-05-07", "quarter")`, "2024-06-30"}, {`end_of("2024-05-07", "year")`, "2024-12-31"},
		{`weekday("2024-03-03")`, 7}, {`week("2021-01-03")`, 53}, {`is_weekend("2024-03-03")`, true}, {`hour("2024-03-01T23:30:00Z", "Europe/Berlin")`, 0},
		{`parse_date("03/01/2024", "MM/DD/YYYY")`, "2024-03-01"}, {`parse_date("03/01/2024", "MM/dd/yyyy")`, "2024-03-01"}, {`parse_date("01.03.24", "%d.%m.%y")`, "2024-03-01"}, {`parse_date("20240301T1430", "YYYYMMDDTHHmm")`, "2024-03-01T14:30:00"},
		{`parse_date("1 March 2024", "D MMMM YYYY")`, "2024-03-01"}, {`parse_date("Fri, 01 Mar 2024 10:00:00 +0000", "rfc1123")`, "2024-03-01T10:00:00Z"}, {`parse_date("2:05 PM, 1/3/2024", "h:mm A, D/M/YYYY")`, "2024-03-01T14:05:00"}, {`parse_date("12:00 am", "hh:mm a")`, "1970-01-01T00:00:00"},
		{`parse_date("2024-03-01 10:20", "2006-01-02 15:04")`, "2024-03-01T10:20:00"}, {`parse_date("1709287200", "X")`, "2024-03-01T10:00:00Z"}, {`parse_date("2024-03-01T10:00", nil, "America/New_York")`, "2024-03-01T10:00:00-05:00"}, {`parse_date("2024-061", "YYYY-DDDD")`, "2024-03-01"},
		{`parse_date("2024-03-01T10:00:00.123Z")`, "2024-03-01T10:00:00.123Z"}, {`parse_date(" 2024-03-01 10:00:00 ")`, "2024-03-01T10:00:00"},
		{`format_date("2024-03-01", "dddd, D. MMMM YYYY [at] HH'h'")`, "Friday, 1. March 2024 at 00h"}, {`format_date("2024-03-01T13:04:05.678Z", "%F %T.%L %p %I %j %%")`, "2024-03-01 13:04:05.678 PM 01 061 %"}, {`format_date("2024-03-01T13:04:05Z", "iso", "Europe/Berlin")`, "2024-03-01T14:04:05+01:00"}, {`format_date("2024-03-01", "EEE dd.MM.yy WW Q")`, "Fri 01.03.24 09 1"}, {`format_date("2024-03-01", "%-d.%-m.")`, "1.3."},
		{`add_workdays("2024-12-24", 1, ["2024-12-25", "2024-12-26"])`, "2024-12-27"}, {`add_workdays("2024-03-04", -1)`, "2024-03-01"}, {`workdays_between("2024-03-08", "2024-03-01")`, -5},
		{`duration("PT1H30M")`, 5400}, {`duration("-1.5h")`, -5400}, {`duration("250ms")`, 0.25}, {`duration("1w")`, 604800}, {`format_duration(0)`, "0s"}, {`format_duration(-61.5)`, "-1m1.5s"}, {`add_duration("2024-03-01", "1d12h")`, "2024-03-02T12:00:00"},
		{`date("2024-03-01")`, "2024-03-01"},
		{`parse_date("2024-02-30")`, "!is not a date"}, {`parse_date("31.02.2024", "DD.MM.YYYY")`, "!does not fit"}, {`parse_date("x", "foo")`, "!unknown letter"}, {`to_timezone("2024-01-01", "Local")`, "!time zone"}, {`to_timezone("2024-01-01", "Mars/Base")`, "!time zone"},
		{`add_years("2024-01-01", 9000)`, "!year"}, {`add_seconds("2024-01-01T00:00:00Z", 99999999999)`, "!too large"}, {`add_days("2024-01-01", 99999999999)`, "!too large"}, {`start_of("2024-01-01", "fortnight")`, "!unit"}, {`duration("1 year")`, "!duration"}, {`duration("P1Y")`, "!duration"},
	}
	for _, tt := range tests {
		got, err := eval("{{ " + tt.src + " }}")
		if want, ok := tt.want.(string); ok && strings.HasPrefix(want, "!") {
			if err == nil || !strings.Contains(err.Error(), want[1:]) {
				t.Errorf("%s: got %v, %v, want an error with %s", tt.src, got, err, want[1:])
			}
			continue
		}
		if err != nil || got != tt.want {
			t.Errorf("%s = %v, %v, want %v", tt.src, got, err, tt.want)
		}
	}
}
