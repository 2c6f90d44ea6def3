package calendar

import (
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// Orders of day and month in dates that are digits only, such as 03/04/2026.
const (
	Refuse     = "refuse"
	DayFirst   = "day_first"
	MonthFirst = "month_first"
)

// Reader reads dates that people wrote.
type Reader struct {
	// Layouts are tried in order; when there are none the text is recognised.
	Layouts []*Layout
	// Names of formats tried beside layouts, in the order of Formats: iso,
	// rfc2822, unix, unix_ms, excel.
	formats []string
	Order   string // how to read 03/04/2026 when there is no layout; "" is Refuse
	Pivot   int    // two-digit years up to it are 20xx, above it 19xx
	Zone    *time.Location
}

// NewReader returns a reader of the formats, each a layout or one of iso,
// rfc2822, unix, unix_ms and excel.
func NewReader(formats []string, order string, pivot int, zone *time.Location) (*Reader, error) {
	r := &Reader{Order: order, Pivot: pivot, Zone: zone}
	for _, f := range formats {
		switch f {
		case "iso", "rfc2822", "unix", "unix_ms", "excel":
			r.Layouts = append(r.Layouts, nil)
		default:
			l, err := ParseLayout(f)
			if err != nil {
				return nil, err
			}
			r.Layouts = append(r.Layouts, l)
		}
		r.formats = append(r.formats, f)
	}
	return r, nil
}

// Read reads a text and says which format it had.
func (r *Reader) Read(s string) (m Moment, format string, err error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return m, "", errors.New("the text is empty")
	}
	if len(s) > 200 {
		return m, "", errors.New("the text is too long for a date")
	}
	if len(r.formats) == 0 {
		return r.recognise(s)
	}
	for i, f := range r.formats {
		var e error
		if l := r.Layouts[i]; l != nil {
			m, e = r.layout(l, s)
		} else {
			m, e = r.named(f, s)
		}
		if e == nil {
			e = m.Check()
		}
		if e == nil {
			return m, f, nil
		}
		if err == nil {
			err = e
		}
	}
	if len(r.formats) > 1 {
		err = fmt.Errorf("it fits none of the formats %s", strings.Join(r.formats, ", "))
	}
	return Moment{}, "", err
}

func (r *Reader) layout(l *Layout, s string) (Moment, error) {
	f, err := l.read(s, r.Pivot)
	if err != nil {
		return Moment{}, err
	}
	return f.moment(r.Zone)
}

func (r *Reader) named(name, s string) (Moment, error) {
	switch name {
	case "iso":
		return Read(s, r.Zone)
	case "rfc2822":
		t, err := mail.ParseDate(s)
		if err != nil {
			return Moment{}, errors.New("it is not an RFC 2822 date such as Mon, 02 Jan 2006 15:04:05 +0100")
		}
		return Moment{T: t}, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return Moment{}, fmt.Errorf("it is not a number, as %s needs", name)
	}
	switch name {
	case "excel":
		return FromExcel(n, false, r.Zone)
	case "unix_ms":
		return FromUnix(n/1000, r.Zone)
	}
	return FromUnix(n, r.Zone)
}

// recognise tries what a text can only mean one way.
func (r *Reader) recognise(s string) (Moment, string, error) {
	if f, err := readISO(s); err == nil {
		m, err := f.moment(r.Zone)
		return m, "iso", err
	}
	if m, err := r.named("rfc2822", s); err == nil {
		return m, "rfc2822", nil
	}
	digits := strings.TrimPrefix(s, "-")
	if _, rest, ok := readDigits(digits, 9, 13); ok && rest == "" {
		name := "unix"
		if len(digits) >= 12 {
			name = "unix_ms"
		}
		m, err := r.named(name, s)
		return m, name, err
	}
	for _, l := range spoken {
		if m, err := r.layout(l, s); err == nil {
			return m, l.text, nil
		}
	}
	numeric := false
	for _, l := range byDay {
		m, err := r.layout(l, s)
		_, err2 := r.layout(byMonth[l], s)
		if numeric = err == nil || err2 == nil; !numeric {
			continue
		}
		switch r.Order {
		case DayFirst:
			if err == nil {
				return m, l.text, m.Check()
			}
		case MonthFirst:
			l = byMonth[l]
			if m, err = r.layout(l, s); err == nil {
				return m, l.text, m.Check()
			}
		default:
			return Moment{}, "", errors.New("it may be day first or month first")
		}
		return Moment{}, "", err
	}
	return Moment{}, "", errors.New("it is in no known format")
}

// spoken are dates with a named month, or with the year first.
// byDay pairs day-first layouts with month-first ones through byMonth.
var (
	spoken  = layouts("D MMMM YYYY", "D. MMMM YYYY", "D-MMMM-YYYY", "Do MMMM YYYY", "MMMM D, YYYY", "MMMM D YYYY", "MMMM Do, YYYY", "dddd, D MMMM YYYY", "dddd D MMMM YYYY", "dddd, D. MMMM YYYY", "dddd, MMMM D, YYYY", "D [de] MMMM [de] YYYY", "YYYY/MM/DD", "YYYY/M/D", "YYYY.MM.DD", "D MMMM YY", "D-MMMM-YY")
	byDay   = layouts("D/M/YYYY", "D.M.YYYY", "D-M-YYYY", "D/M/YY", "D.M.YY", "D-M-YY")
	byMonth = func() map[*Layout]*Layout {
		m := map[*Layout]*Layout{}
		for i, l := range layouts("M/D/YYYY", "M.D.YYYY", "M-D-YYYY", "M/D/YY", "M.D.YY", "M-D-YY") {
			m[byDay[i]] = l
		}
		return m
	}()
	clocks = []string{"", " HH:mm", " HH:mm:ss", " h:mm A", " h:mm:ss A", ", HH:mm", ", HH:mm:ss", ", h:mm A", ", h:mm:ss A"}
)

// layouts compiles each date alone and with the usual times of day.
func layouts(dates ...string) []*Layout {
	var out []*Layout
	for _, d := range dates {
		for _, c := range clocks {
			l, err := ParseLayout(d + c)
			if err != nil {
				panic(err)
			}
			out = append(out, l)
		}
	}
	return out
}

// read takes a text apart. Digits may be fewer than the layout says where the
// next part is not a digit; spaces match any number of spaces.
func (l *Layout) read(s string, pivot int) (*fields, error) {
	f := &fields{}
	all := s
	for i, p := range l.parts {
		adjacent := i+1 < len(l.parts) && isNumeric(l.parts[i+1])
		rest, ok := p.read(s, f, pivot, adjacent)
		if !ok {
			return nil, fmt.Errorf("it does not fit %s from %q on", l.text, all[len(all)-len(s):])
		}
		s = rest
	}
	if s != "" {
		return nil, fmt.Errorf("%q is left over behind %s", s, l.text)
	}
	return f, nil
}

func isNumeric(p part) bool {
	switch p.code {
	case literal, half, offset, zoneName:
		return false
	case month, weekday:
		return p.n < 3
	}
	return true
}

func (p part) read(s string, f *fields, pivot int, adjacent bool) (rest string, ok bool) {
	two := func(n *int) (string, bool) {
		low := 1
		if adjacent {
			low = 2
		}
		*n, rest, ok = readDigits(s, low, 2)
		return rest, ok
	}
	switch p.code {
	case literal:
		return readLiteral(s, p.text)
	case year:
		f.hasYear = true
		if p.n == 2 {
			f.year, rest, ok = readDigits(s, 2, 2)
			if f.year > pivot {
				f.year += 1900
			} else {
				f.year += 2000
			}
			return rest, ok
		}
		f.year, rest, ok = readDigits(s, 4, 4)
		return rest, ok
	case month:
		f.hasMonth = true
		if p.n >= 3 {
			f.month, rest, ok = readName(s, monthNames)
			return rest, ok
		}
		return two(&f.month)
	case day:
		f.hasDay = true
		return two(&f.day)
	case ordinal:
		n := &f.day
		f.hasDay = true
		if p.text == "M" {
			n, f.hasMonth = &f.month, true
		}
		if *n, rest, ok = readDigits(s, 1, 2); ok && len(rest) >= 2 {
			switch strings.ToLower(rest[:2]) {
			case "st", "nd", "rd", "th":
				return rest[2:], true
			}
		}
		return rest, false
	case weekday:
		// The name of the day is not compared: the date decides.
		if p.n >= 3 {
			_, rest, ok = readName(s, dayNames)
			return rest, ok
		}
		f.wday, rest, ok = readDigits(s, 1, 1)
		return rest, ok && f.wday >= 1 && f.wday <= 7
	case hour24:
		f.hasTime = true
		return two(&f.hour)
	case hour12:
		f.hasTime = true
		return two(&f.hour)
	case minute:
		f.hasTime = true
		return two(&f.min)
	case second:
		f.hasTime = true
		return two(&f.sec)
	}
	return p.readRare(s, f)
}

func (p part) readRare(s string, f *fields) (rest string, ok bool) {
	switch p.code {
	case fraction:
		n, rest, ok := readFraction("." + s)
		f.nano = n
		return rest, ok
	case half:
		if len(s) < 2 {
			return s, false
		}
		f.hasHalf = true
		l := strings.ToLower(strings.ReplaceAll(s[:min(len(s), 4)], ".", ""))
		f.pm = strings.HasPrefix(l, "pm")
		if !f.pm && !strings.HasPrefix(l, "am") {
			return s, false
		}
		if s[1] == '.' {
			return s[min(len(s), 4):], true
		}
		return s[2:], true
	case offset:
		f.offset, rest, ok = readOffset(s)
		f.hasOffset = ok
		return rest, ok
	case zoneName:
		end := 0
		for end < len(s) && (isLetter(rune(s[end])) || s[end] == '/' || s[end] == '_' || end > 0 && (s[end] == '-' || s[end] == '+' || s[end] >= '0' && s[end] <= '9')) {
			end++
		}
		// EST and the like would be read as zones without summer time.
		if end == 0 {
			return s, false
		}
		loc, err := Zone(s[:end])
		f.zone = loc
		return s[end:], err == nil
	case unixSec, unixMilli:
		negative := strings.HasPrefix(s, "-")
		n, rest, ok := readDigits(strings.TrimPrefix(s, "-"), 1, 15)
		if negative {
			n = -n
		}
		t := time.Unix(int64(n), 0)
		if p.code == unixMilli {
			t = time.UnixMilli(int64(n))
		}
		f.instant = &t
		return rest, ok
	case quarter:
		n, rest, ok := readDigits(s, 1, 1)
		f.month, f.hasMonth = n*3-2, true
		return rest, ok && n >= 1 && n <= 4
	case dayOfYear:
		f.yearDay, rest, ok = readDigits(s, 1, 3)
		return rest, ok && f.yearDay > 0
	case isoWeek:
		f.week, rest, ok = readDigits(s, 1, 2)
		return rest, ok && f.week > 0
	case isoYear:
		f.isoYear, rest, ok = readDigits(s, 4, 4)
		return rest, ok
	}
	return s, false
}

// readLiteral matches text; a space in it matches one or more blanks.
func readLiteral(s, text string) (string, bool) {
	for _, r := range text {
		if r == ' ' {
			t := strings.TrimLeft(s, " \t\u00a0\u202f")
			if len(t) == len(s) {
				return s, false
			}
			s = t
			continue
		}
		n := len(string(r))
		if len(s) < n || !strings.EqualFold(s[:n], string(r)) {
			return s, false
		}
		s = s[n:]
	}
	return s, true
}

// Text reads a text and writes it in ISO 8601: as a day, or as a point in time
// when withTime is set.
func (r *Reader) Text(s string, withTime bool) (string, error) {
	m, _, err := r.Read(s)
	if err != nil {
		return "", fmt.Errorf("%.40q cannot be read as a date: %w", s, err)
	}
	m.DayOnly = !withTime
	return m.String(), nil
}
