package book

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// NoDate is what stands where a kind of date is expected for a number that
// is none.
const NoDate = -1

// FormatKind says what kind of date a number format shows, given by its number
// or, if it is not built in, its code; NoDate if it shows none.
func FormatKind(id int, code string) int {
	if code == "" {
		switch {
		case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
			return Day
		case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 55, id == 56, id == 45, id == 47:
			return Clock
		case id == 22:
			return Time
		case id == 46:
			return Duration
		}
		return NoDate
	}
	return codeKind(code)
}

// codeKind reads a format code such as dd.mm.yyyy. The first section decides.
func codeKind(code string) int {
	day, hour, month, length := false, false, false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			for i++; i < len(code) && code[i] != '"'; i++ {
			}
		case '\\', '_', '*':
			i++
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return NoDate
			}
			in := strings.ToLower(code[i+1 : i+end])
			if in != "" && strings.Trim(in, in[:1]) == "" && strings.Contains("hms", in[:1]) {
				length = true
			}
			i += end
		case ';':
			i = len(code)
		case 'y', 'Y', 'd', 'D', 'e', 'E', 'g', 'G', 'b', 'B':
			if (c == 'e' || c == 'E') && i+1 < len(code) && (code[i+1] == '+' || code[i+1] == '-') {
				return NoDate
			}
			// "General" has letters of dates in it.
			if (c == 'g' || c == 'G') && len(code) >= i+7 && strings.EqualFold(code[i:i+7], "general") {
				return NoDate
			}
			day = true
		case 'h', 'H', 's', 'S':
			hour = true
		case 'm', 'M':
			month = true
		case '0', '#', '?':
			// Tenths of a second are no reason to think of a number.
			if !hour && !length && !day {
				return NoDate
			}
		case 'a', 'A':
			if len(code) >= i+5 && strings.EqualFold(code[i:i+5], "am/pm") {
				hour = true
				i += 4
			} else if len(code) >= i+3 && strings.EqualFold(code[i:i+3], "a/p") {
				hour = true
				i += 2
			}
		}
	}
	switch {
	case length:
		return Duration
	case day && hour:
		return Time
	case hour:
		return Clock
	case day, month:
		return Day
	}
	return NoDate
}

var (
	epoch1900 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	epoch1904 = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
)

// DateOf makes a date of a number of days. Numbers that are no date of the
// calendar stay numbers.
func DateOf(n float64, kind int, from1904 bool) (Date, bool) {
	if math.IsNaN(n) || math.Abs(n) > 2_958_466 {
		return Date{}, false
	}
	ms := int64(math.Round(n * 86_400_000))
	length := time.Duration(ms) * time.Millisecond
	if kind == Duration || kind == Clock && ms >= 0 && n < 1 {
		return Date{Kind: kind, Length: length}, true
	}
	if n < 0 {
		return Date{}, false
	}
	day := ms / 86_400_000
	epoch := epoch1904
	if !from1904 {
		epoch = epoch1900
		// Excel believes in 29 February 1900, so the days before it are off by one,
		// and day 60 is none. Day 0 is a time of the day without a day.
		switch {
		case day == 60, day == 0 && kind == Day:
			return Date{}, false
		case day == 0:
			return Date{Kind: Clock, Length: length}, true
		case day < 60:
			day++
		}
	}
	wall := epoch.AddDate(0, 0, int(day)).Add(time.Duration(ms%86_400_000) * time.Millisecond)
	if wall.Year() > 9999 {
		return Date{}, false
	}
	if kind == Clock || kind == Day && ms%86_400_000 != 0 {
		kind = Time
	}
	// A format with a time on a whole day is still a point in time.
	return Date{Kind: kind, Wall: wall}, true
}

// Serial returns the number of days that stands for a time on the wall in the
// 1900 or the 1904 system; ok is false for days that the system lacks.
func Serial(wall time.Time, from1904 bool) (n float64, ok bool) {
	wall = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
	epoch := epoch1900
	if from1904 {
		epoch = epoch1904
	}
	if wall.Year() < 1900 || wall.Year() > 9999 || wall.Before(epoch) {
		return 0, false
	}
	n = float64(wall.Sub(epoch).Milliseconds()) / 86_400_000
	if !from1904 && n < 61 {
		n--
	}
	return n, true
}

// Number reads the text of a number. Whole numbers stay exact as long as they
// fit 64 bits, longer ones stay text.
func Number(s string) (any, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return int(n), true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, false
	}
	if len(s) > 18 && strings.Trim(s, "0123456789") == "" {
		return s, true
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int(f), true
	}
	return f, true
}
