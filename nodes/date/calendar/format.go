package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Format writes the moment with the names of a language: en, de, fr or es.
func (l *Layout) Format(m Moment, language string) (string, error) {
	w, err := wordsOf(language)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range l.parts {
		b.WriteString(p.format(m.T, w))
	}
	return b.String(), nil
}

func pad(n, width int) string { return fmt.Sprintf("%0*d", width, n) }

func (p part) format(t time.Time, w words) string {
	switch p.code {
	case year:
		if p.n == 2 {
			return pad(t.Year()%100, 2)
		}
		return pad(t.Year(), 4)
	case month:
		switch p.n {
		case 4:
			return w.months[t.Month()-1]
		case 3:
			return w.shortMonths[t.Month()-1]
		}
		return pad(int(t.Month()), p.n)
	case day:
		return pad(t.Day(), p.n)
	case ordinal:
		if p.text == "M" {
			return nth(int(t.Month()))
		}
		return nth(t.Day())
	case weekday:
		switch p.n {
		case 4:
			return w.days[t.Weekday()]
		case 3:
			return w.shortDays[t.Weekday()]
		}
		return strconv.Itoa(isoWeekday(t))
	case hour24:
		return pad(t.Hour(), p.n)
	case hour12:
		return pad((t.Hour()+11)%12+1, p.n)
	case minute:
		return pad(t.Minute(), p.n)
	case second:
		return pad(t.Second(), p.n)
	case fraction:
		return pad(t.Nanosecond(), 9)[:p.n]
	case half:
		s := "AM"
		if t.Hour() >= 12 {
			s = "PM"
		}
		if p.n == 1 {
			return strings.ToLower(s)
		}
		return s
	case offset:
		return t.Format([]string{"", "Z07:00", "-0700", "-07:00"}[p.n])
	case zoneName:
		return t.Format("MST")
	case unixSec:
		return strconv.FormatInt(t.Unix(), 10)
	case unixMilli:
		return strconv.FormatInt(t.UnixMilli(), 10)
	case quarter:
		return strconv.Itoa(QuarterOf(t))
	case dayOfYear:
		return pad(t.YearDay(), p.n)
	case isoWeek:
		_, n := t.ISOWeek()
		return pad(n, p.n)
	case isoYear:
		n, _ := t.ISOWeek()
		return pad(n, 4)
	}
	return p.text
}

func nth(n int) string {
	suffix := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// isoWeekday counts Monday as 1 and Sunday as 7.
func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

// QuarterOf returns the quarter of the year, 1 to 4.
func QuarterOf(t time.Time) int { return (int(t.Month())-1)/3 + 1 }
