package expr

import (
	"strings"
	"time"
)

// dateParts is what a pattern has found in a text.
type dateParts struct {
	year, month, day, yearDay  int
	hour, minute, second, nsec int
	pm                         int // 0 not given, 1 am, 2 pm
	offset                     *int
	unixMS                     *int
	hasTime                    bool
}

// parsePattern reads s by fields. Numbers may have fewer digits than the
// pattern, as people type them; everything else must be there as written.
func parsePattern(s string, fields []dateField, zone *time.Location) (moment, bool) {
	p := dateParts{month: 1, day: 1, year: -1}
	s = strings.TrimSpace(s)
	for i, f := range fields {
		var rest string
		var ok bool
		if f.code == 0 {
			rest, ok = strings.CutPrefix(s, f.lit)
		} else {
			tight := i+1 < len(fields) && fields[i+1].code != 0
			rest, ok = p.read(s, f.code, tight)
		}
		if !ok {
			return moment{}, false
		}
		s = rest
	}
	if s != "" {
		return moment{}, false
	}
	return p.moment(zone)
}

// read takes one field off s; tight fields are followed by another field at
// once and so have their full width.
func (p *dateParts) read(s string, code byte, tight bool) (string, bool) {
	num := func(to *int, width, low, high int) (string, bool) {
		n, used := 0, 0
		for used < width && used < len(s) && s[used] >= '0' && s[used] <= '9' {
			n = n*10 + int(s[used]-'0')
			used++
		}
		*to = n
		return s[used:], used > 0 && (!tight || used == width || strings.IndexByte("enkloi", code) >= 0) && n >= low && n <= high
	}
	p.hasTime = p.hasTime || strings.IndexByte("HkIlMoSifFpPsq", code) >= 0
	switch code {
	case 'Y':
		return num(&p.year, 4, 0, 9999)
	case 'y':
		rest, ok := num(&p.year, 2, 0, 99)
		if p.year < 69 {
			p.year += 100 // as POSIX has it: 69-99 are 1969-1999
		}
		p.year += 1900
		return rest, ok
	case 'B', 'b':
		return monthName(s, &p.month)
	case 'm', 'n':
		return num(&p.month, 2, 1, 12)
	case 'd', 'e':
		return num(&p.day, 2, 1, 31)
	case 'j':
		return num(&p.yearDay, 3, 1, 366)
	case 'A', 'a':
		return weekdayName(s)
	case 'H', 'k':
		return num(&p.hour, 2, 0, 23)
	case 'I', 'l':
		return num(&p.hour, 2, 1, 12)
	case 'M', 'o':
		return num(&p.minute, 2, 0, 59)
	case 'S', 'i':
		return num(&p.second, 2, 0, 59)
	case 'f', 'F':
		return p.fraction(s)
	case 'p', 'P':
		return p.half(s)
	case 'z', 'x':
		return p.zone(s)
	case 's', 'q':
		var n int
		rest, ok := num(&n, 14, 0, 253402300799999)
		if code == 's' {
			n *= 1000
		}
		p.unixMS = &n
		return rest, ok && n <= 253402300799999
	}
	return s, false // week and quarter numbers can be written, not read
}

func (p *dateParts) fraction(s string) (string, bool) {
	n, scale := 0, 1_000_000_000
	i := 0
	for i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9' {
		scale /= 10
		n += int(s[i]-'0') * scale
		i++
	}
	p.nsec = n
	return s[i:], i > 0
}

func (p *dateParts) half(s string) (string, bool) {
	if len(s) < 2 {
		return s, false
	}
	switch strings.ToLower(s[:2]) {
	case "am":
		p.pm = 1
	case "pm":
		p.pm = 2
	default:
		return s, false
	}
	return s[2:], true
}

func (p *dateParts) zone(s string) (string, bool) {
	if s != "" && (s[0] == 'Z' || s[0] == 'z') {
		zero := 0
		p.offset = &zero
		return s[1:], true
	}
	for _, l := range []string{"-07:00", "-0700", "-07"} {
		if len(s) >= len(l) {
			if t, err := time.Parse(l, s[:len(l)]); err == nil {
				_, off := t.Zone()
				p.offset = &off
				return s[len(l):], true
			}
		}
	}
	return s, false
}

func monthName(s string, month *int) (string, bool) {
	for m := time.January; m <= time.December; m++ {
		if rest, ok := cutName(s, m.String()); ok {
			*month = int(m)
			return rest, true
		}
	}
	return s, false
}

func weekdayName(s string) (string, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if rest, ok := cutName(s, d.String()); ok {
			return rest, true
		}
	}
	return s, false
}

// cutName takes a name or its first three letters off s.
func cutName(s, name string) (string, bool) {
	for _, n := range []string{name, name[:3]} {
		if len(s) >= len(n) && strings.EqualFold(s[:len(n)], n) {
			return s[len(n):], true
		}
	}
	return s, false
}

func (p *dateParts) moment(zone *time.Location) (moment, bool) {
	if p.unixMS != nil {
		return settle(time.UnixMilli(int64(*p.unixMS)).UTC(), formZoned, zone)
	}
	if p.year < 0 {
		p.year = 1970
	}
	if p.pm != 0 {
		p.hour = p.hour % 12
		if p.pm == 2 {
			p.hour += 12
		}
	}
	if p.yearDay > 0 {
		d := time.Date(p.year, 1, p.yearDay, 0, 0, 0, 0, time.UTC)
		if d.Year() != p.year {
			return moment{}, false
		}
		p.month, p.day = int(d.Month()), d.Day()
	}
	if p.day > daysIn(p.year, time.Month(p.month)) {
		return moment{}, false
	}
	loc, f := time.UTC, formLocal
	switch {
	case p.offset != nil:
		f = formZoned
		if *p.offset != 0 {
			loc = time.FixedZone("", *p.offset)
		}
	case !p.hasTime:
		f = formDay
	case zone != nil:
		loc = zone
	}
	t := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.nsec, loc)
	return settle(t, f, zone)
}
