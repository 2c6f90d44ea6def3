package expr

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// dateField is one piece of a date pattern: a code, or literal text when code
// is 0. The codes are those of tokens below.
type dateField struct {
	code byte
	lit  string
}

// dateTokens are the letters of patterns, longest first. They take in the
// habits of .NET, Java, Luxon and Moment as far as these do not contradict.
var dateTokens = []struct {
	token string
	code  byte
}{
	{"YYYY", 'Y'}, {"yyyy", 'Y'}, {"YY", 'y'}, {"yy", 'y'},
	{"MMMM", 'B'}, {"MMM", 'b'}, {"MM", 'm'}, {"M", 'n'},
	{"DDDD", 'j'}, {"DD", 'd'}, {"D", 'e'}, {"dddd", 'A'}, {"ddd", 'a'}, {"dd", 'd'}, {"d", 'e'},
	{"EEEE", 'A'}, {"EEE", 'a'}, {"E", 'u'},
	{"HH", 'H'}, {"H", 'k'}, {"hh", 'I'}, {"h", 'l'}, {"mm", 'M'}, {"m", 'o'}, {"ss", 'S'}, {"s", 'i'},
	{"SSS", 'f'}, {"fff", 'f'}, {"A", 'p'}, {"a", 'P'}, {"tt", 'p'},
	{"zzz", 'z'}, {"ZZ", 'x'}, {"Z", 'z'}, {"X", 's'}, {"x", 'q'},
	{"WW", 'V'}, {"Q", 'Q'},
}

// strftime maps the letters after % to codes.
var strftime = map[byte]string{
	'Y': "Y", 'y': "y", 'm': "m", 'd': "d", 'e': "e", 'H': "H", 'I': "I", 'M': "M", 'S': "S", 'p': "p", 'B': "B", 'b': "b", 'h': "b",
	'A': "A", 'a': "a", 'j': "j", 'u': "u", 'V': "V", 'z': "x", 's': "s", 'L': "f", 'f': "F", 'F': "Y-m-d", 'T': "H:M:S", 'R': "H:M", 'D': "m/d/y",
}

var namedPatterns = map[string]string{
	"iso": "YYYY-MM-DD[T]HH:mm:ssZ", "date": "YYYY-MM-DD", "time": "HH:mm:ss", "datetime": "YYYY-MM-DD HH:mm:ss",
	"rfc1123": "ddd, DD MMM YYYY HH:mm:ss ZZ", "rfc822": "DD MMM YY HH:mm ZZ", "german": "DD.MM.YYYY", "us": "MM/DD/YYYY", "compact": "YYYYMMDD",
}

// datePattern reads a pattern in any of its styles: a name, strftime with %,
// Go's reference date, or letters such as YYYY-MM-DD.
func datePattern(p string) ([]dateField, error) {
	if len(p) > 200 {
		return nil, fail("a date pattern has at most 200 characters")
	}
	if n, ok := namedPatterns[strings.ToLower(p)]; ok {
		p = n
	}
	switch {
	case strings.Contains(p, "%"):
		return percentFields(p)
	case strings.Contains(p, "2006"):
		p = strings.NewReplacer("2006", "YYYY", "January", "MMMM", "Jan", "MMM", "01", "MM", "02", "DD", "15", "HH", "03", "hh", "04", "mm", "05", "ss", ".000", ".SSS", "PM", "A", "Monday", "dddd", "Mon", "ddd", "Z07:00", "Z", "-07:00", "Z", "-0700", "ZZ").Replace(p)
	}
	return letterFields(p)
}

func percentFields(p string) ([]dateField, error) {
	var out []dateField
	for i := 0; i < len(p); i++ {
		if p[i] != '%' {
			out = append(out, dateField{lit: p[i : i+1]})
			continue
		}
		i++
		if i < len(p) && p[i] == '-' {
			i++ // %-d: reading and writing without zeros
			if i < len(p) {
				if c, ok := map[byte]byte{'d': 'e', 'm': 'n', 'H': 'k', 'I': 'l', 'M': 'o', 'S': 'i'}[p[i]]; ok {
					out = append(out, dateField{code: c})
					continue
				}
			}
		}
		if i < len(p) && p[i] == '%' {
			out = append(out, dateField{lit: "%"})
			continue
		}
		if i >= len(p) || strftime[p[i]] == "" {
			return nil, fail("the date pattern %s has an unknown %% code", excerpt(p, 40)).hint("write for example %%Y-%%m-%%d %%H:%%M:%%S")
		}
		for _, c := range []byte(strftime[p[i]]) {
			if unicode.IsLetter(rune(c)) {
				out = append(out, dateField{code: c})
			} else {
				out = append(out, dateField{lit: string(c)})
			}
		}
	}
	return out, nil
}

func letterFields(p string) ([]dateField, error) {
	var out []dateField
scan:
	for i := 0; i < len(p); {
		if close := map[byte]string{'\'': "'", '[': "]"}[p[i]]; close != "" {
			n := strings.Index(p[i+1:], close)
			if n < 0 {
				return nil, fail("the date pattern %s has a %c that is not closed", excerpt(p, 40), p[i])
			}
			out = append(out, dateField{lit: p[i+1 : i+1+n]})
			i += n + 2
			continue
		}
		for _, t := range dateTokens {
			if strings.HasPrefix(p[i:], t.token) {
				out = append(out, dateField{code: t.code})
				i += len(t.token)
				continue scan
			}
		}
		if c := p[i]; c != 'T' && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			return nil, fail("the date pattern %s has an unknown letter %c", excerpt(p, 40), c).hint("put literal text in [ ], such as [Week]")
		}
		out = append(out, dateField{lit: p[i : i+1]})
		i++
	}
	return out, nil
}

func formatDate(t time.Time, fields []dateField) string {
	var b strings.Builder
	for _, f := range fields {
		if f.code == 0 {
			b.WriteString(f.lit)
			continue
		}
		b.WriteString(formatField(t, f.code))
	}
	return b.String()
}

func formatField(t time.Time, code byte) string {
	two := func(n int) string { return fmt.Sprintf("%02d", n) }
	hour12 := (t.Hour()+11)%12 + 1
	switch code {
	case 'Y':
		return fmt.Sprintf("%04d", t.Year())
	case 'y':
		return two(t.Year() % 100)
	case 'B':
		return t.Month().String()
	case 'b':
		return t.Month().String()[:3]
	case 'm':
		return two(int(t.Month()))
	case 'n':
		return strconv.Itoa(int(t.Month()))
	case 'd':
		return two(t.Day())
	case 'e':
		return strconv.Itoa(t.Day())
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case 'A':
		return t.Weekday().String()
	case 'a':
		return t.Weekday().String()[:3]
	case 'u':
		return strconv.Itoa(isoWeekday(t))
	case 'H':
		return two(t.Hour())
	case 'k':
		return strconv.Itoa(t.Hour())
	case 'I':
		return two(hour12)
	case 'l':
		return strconv.Itoa(hour12)
	case 'M':
		return two(t.Minute())
	case 'o':
		return strconv.Itoa(t.Minute())
	case 'S':
		return two(t.Second())
	case 'i':
		return strconv.Itoa(t.Second())
	case 'f':
		return fmt.Sprintf("%03d", t.Nanosecond()/1e6)
	case 'F':
		return fmt.Sprintf("%06d", t.Nanosecond()/1e3)
	case 'p':
		return t.Format("PM")
	case 'P':
		return t.Format("pm")
	case 'z':
		return t.Format("-07:00")
	case 'x':
		return t.Format("-0700")
	case 's':
		return strconv.FormatInt(t.Unix(), 10)
	case 'q':
		return strconv.FormatInt(t.UnixMilli(), 10)
	case 'V':
		_, w := t.ISOWeek()
		return two(w)
	case 'Q':
		return strconv.Itoa((int(t.Month())-1)/3 + 1)
	}
	return ""
}
