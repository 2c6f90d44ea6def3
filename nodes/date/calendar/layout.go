package calendar

import (
	"fmt"
	"strings"
)

// part is one element of a layout: a code, or literal text.
type part struct {
	code byte
	n    int // width: digits, or length of the name
	text string
}

// Codes of parts.
const (
	literal   = 'l'
	year      = 'Y' // n 4 or 2
	month     = 'M' // n 1, 2; 3 and 4 are names
	day       = 'D' // n 1, 2
	ordinal   = 'o' // 1st
	weekday   = 'd' // n 3, 4: names; 1: number, Monday 1
	hour24    = 'H'
	hour12    = 'h'
	minute    = 'm'
	second    = 's'
	fraction  = 'S' // n digits
	half      = 'a' // n 1: am, 2: AM
	offset    = 'z' // n 1: +01:00 or Z, 2: +0100, 3: +01:00 always
	zoneName  = 'n' // CET
	unixSec   = 'X'
	unixMilli = 'x'
	quarter   = 'Q'
	dayOfYear = 'j'
	isoWeek   = 'W'
	isoYear   = 'G'
)

// Layout is a compiled date format. It is immutable.
type Layout struct {
	text  string
	parts []part
}

// ParseLayout compiles a format: tokens (YYYY-MM-DD HH:mm; also yyyy-MM-dd),
// strptime (%Y-%m-%d) or Go (2006-01-02). Which of them is seen from the text:
// a % makes it strptime, the numbers of Go's reference time make it Go.
func ParseLayout(s string) (*Layout, error) {
	l := &Layout{text: s}
	var err error
	switch {
	case s == "":
		return nil, fmt.Errorf("the date format is empty")
	case strings.Contains(s, "%"):
		err = l.strptime(s)
	case isGoLayout(s):
		l.table(s, goParts)
	default:
		err = l.tokens(s)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range l.parts {
		if p.code != literal {
			return l, nil
		}
	}
	return nil, fmt.Errorf("the date format %q has no part of a date in it; write it like YYYY-MM-DD HH:mm", s)
}

func (l *Layout) add(p part) {
	if n := len(l.parts); p.code == literal && n > 0 && l.parts[n-1].code == literal {
		l.parts[n-1].text += p.text
		return
	}
	l.parts = append(l.parts, p)
}

func isGoLayout(s string) bool {
	for _, mark := range []string{"2006", "15:04", "03:04", "3:04", "Jan", "01/02", "02/01", "02.01", "Monday"} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	return false
}

// entry is a token and what it stands for; longer tokens come first.
type entry struct {
	token string
	part  part
}

var momentParts = []entry{
	{"YYYY", part{code: year, n: 4}}, {"YY", part{code: year, n: 2}}, {"GGGG", part{code: isoYear, n: 4}},
	{"MMMM", part{code: month, n: 4}}, {"MMM", part{code: month, n: 3}}, {"MM", part{code: month, n: 2}}, {"Mo", part{code: ordinal, text: "M"}}, {"M", part{code: month, n: 1}},
	{"DDDD", part{code: dayOfYear, n: 3}}, {"DDD", part{code: dayOfYear, n: 1}}, {"DD", part{code: day, n: 2}}, {"Do", part{code: ordinal, text: "D"}}, {"D", part{code: day, n: 1}},
	{"dddd", part{code: weekday, n: 4}}, {"ddd", part{code: weekday, n: 3}}, {"dd", part{code: weekday, n: 3}}, {"d", part{code: weekday, n: 1}}, {"E", part{code: weekday, n: 1}},
	{"HH", part{code: hour24, n: 2}}, {"H", part{code: hour24, n: 1}}, {"hh", part{code: hour12, n: 2}}, {"h", part{code: hour12, n: 1}},
	{"mm", part{code: minute, n: 2}}, {"m", part{code: minute, n: 1}}, {"ss", part{code: second, n: 2}}, {"s", part{code: second, n: 1}},
	{"A", part{code: half, n: 2}}, {"a", part{code: half, n: 1}}, {"ZZ", part{code: offset, n: 2}}, {"Z", part{code: offset, n: 3}}, {"z", part{code: zoneName}},
	{"X", part{code: unixSec}}, {"x", part{code: unixMilli}}, {"Q", part{code: quarter}}, {"WW", part{code: isoWeek, n: 2}}, {"W", part{code: isoWeek, n: 1}},
}

// smallParts replace the tokens for formats with a small yyyy, as Java, .NET
// and Luxon write them.
var smallParts = append([]entry{
	{"yyyy", part{code: year, n: 4}}, {"yy", part{code: year, n: 2}}, {"kkkk", part{code: isoYear, n: 4}},
	{"dddd", part{code: weekday, n: 4}}, {"ddd", part{code: weekday, n: 3}}, {"dd", part{code: day, n: 2}}, {"d", part{code: day, n: 1}},
	{"EEEE", part{code: weekday, n: 4}}, {"EEE", part{code: weekday, n: 3}}, {"tt", part{code: half, n: 2}},
	{"XXX", part{code: offset, n: 1}}, {"zzz", part{code: offset, n: 3}},
}, momentParts...)

func (l *Layout) tokens(s string) error {
	table := momentParts
	if strings.Contains(s, "yy") && !strings.Contains(s, "YY") {
		table = smallParts
	}
	for s != "" {
		switch {
		case s[0] == '[' || s[0] == '\'':
			quote := byte('\'')
			if s[0] == '[' {
				quote = ']'
			}
			i := strings.IndexByte(s[1:], quote)
			if i < 0 {
				return fmt.Errorf("the date format %q opens a literal text with %c and does not close it", l.text, s[0])
			}
			l.add(part{code: literal, text: s[1 : i+1]})
			s = s[i+2:]
			continue
		case s[0] == 'S' || s[0] == 'f':
			n := len(s) - len(strings.TrimLeft(s, s[:1]))
			if n > 9 {
				return fmt.Errorf("the date format %q asks for more than 9 digits of a second", l.text)
			}
			l.add(part{code: fraction, n: n})
			s = s[n:]
			continue
		}
		e, ok := match(s, table)
		switch {
		case ok:
			l.add(e.part)
		case s[0] != 'T' && isLetter(rune(s[0])):
			return fmt.Errorf("the date format %q has the letter %c, which stands for nothing; put literal text in [ ]", l.text, s[0])
		default:
			e.token = s[:1]
			l.add(part{code: literal, text: s[:1]})
		}
		s = s[len(e.token):]
	}
	return nil
}

func match(s string, table []entry) (entry, bool) {
	for _, e := range table {
		if strings.HasPrefix(s, e.token) {
			return e, true
		}
	}
	return entry{}, false
}

var goParts = []entry{
	{"January", part{code: month, n: 4}}, {"Jan", part{code: month, n: 3}}, {"Monday", part{code: weekday, n: 4}}, {"Mon", part{code: weekday, n: 3}},
	{"2006", part{code: year, n: 4}}, {"Z07:00", part{code: offset, n: 1}}, {"-07:00", part{code: offset, n: 3}}, {"-0700", part{code: offset, n: 2}}, {"Z0700", part{code: offset, n: 1}}, {"MST", part{code: zoneName}},
	{"002", part{code: dayOfYear, n: 3}}, {"01", part{code: month, n: 2}}, {"02", part{code: day, n: 2}}, {"_2", part{code: day, n: 1}}, {"03", part{code: hour12, n: 2}}, {"04", part{code: minute, n: 2}}, {"05", part{code: second, n: 2}}, {"06", part{code: year, n: 2}},
	{"15", part{code: hour24, n: 2}}, {"PM", part{code: half, n: 2}}, {"pm", part{code: half, n: 1}},
	{"1", part{code: month, n: 1}}, {"2", part{code: day, n: 1}}, {"3", part{code: hour12, n: 1}}, {"4", part{code: minute, n: 1}}, {"5", part{code: second, n: 1}},
}

func (l *Layout) table(s string, table []entry) {
	for s != "" {
		// Fractions are .000 or .999 behind the seconds.
		if s[0] == '.' || s[0] == ',' {
			n := len(s[1:]) - len(strings.TrimLeft(s[1:], "0"))
			if n == 0 {
				n = len(s[1:]) - len(strings.TrimLeft(s[1:], "9"))
			}
			if n > 0 && n <= 9 && len(l.parts) > 0 && l.parts[len(l.parts)-1].code == second {
				l.add(part{code: literal, text: s[:1]})
				l.add(part{code: fraction, n: n})
				s = s[n+1:]
				continue
			}
		}
		e, ok := match(s, table)
		if ok {
			l.add(e.part)
		} else {
			e.token = s[:1]
			l.add(part{code: literal, text: s[:1]})
		}
		s = s[len(e.token):]
	}
}

var strptimeParts = map[byte]part{
	'Y': {code: year, n: 4}, 'y': {code: year, n: 2}, 'm': {code: month, n: 2}, 'B': {code: month, n: 4}, 'b': {code: month, n: 3}, 'h': {code: month, n: 3},
	'd': {code: day, n: 2}, 'e': {code: day, n: 1}, 'A': {code: weekday, n: 4}, 'a': {code: weekday, n: 3}, 'u': {code: weekday, n: 1},
	'H': {code: hour24, n: 2}, 'I': {code: hour12, n: 2}, 'M': {code: minute, n: 2}, 'S': {code: second, n: 2}, 'f': {code: fraction, n: 6}, 'L': {code: fraction, n: 3},
	'p': {code: half, n: 2}, 'z': {code: offset, n: 2}, 'Z': {code: zoneName}, 's': {code: unixSec}, 'j': {code: dayOfYear, n: 3}, 'V': {code: isoWeek, n: 2}, 'G': {code: isoYear, n: 4},
	'%': {code: literal, text: "%"}, 'n': {code: literal, text: "\n"}, 't': {code: literal, text: "\t"},
}

// strptimeGroups are codes that stand for others.
var strptimeGroups = map[byte]string{'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'R': "%H:%M", 'D': "%m/%d/%y", 'r': "%I:%M:%S %p"}

func (l *Layout) strptime(s string) error {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			l.add(part{code: literal, text: s[i : i+1]})
			continue
		}
		unpadded := i+1 < len(s) && s[i+1] == '-'
		if unpadded {
			i++
		}
		if i++; i == len(s) {
			return fmt.Errorf("the date format %q ends with a single %%", l.text)
		}
		if g, ok := strptimeGroups[s[i]]; ok {
			if err := l.strptime(g); err != nil {
				return err
			}
			continue
		}
		p, ok := strptimeParts[s[i]]
		if !ok {
			return fmt.Errorf("the date format %q has %%%c, which stands for nothing", l.text, s[i])
		}
		if unpadded && p.n == 2 {
			p.n = 1
		}
		l.add(p)
	}
	return nil
}
