package expr

import (
	"strconv"
	"strings"
)

func parseNumber(a *args) any {
	if _, ok := toFloat(a.v[0]); ok {
		return a.v[0]
	}
	s, decimal, group := a.text(0), a.textOr(1, "."), ""
	if a.err != nil {
		return nil
	}
	if group = ","; decimal == "," {
		group = "."
	}
	group = a.textOr(2, group)
	if len(s) > 400 {
		return a.failf("the text is too long for a number")
	}
	bad := func() any { return a.failf("the text %q is not a number", excerpt(s, 40)) }
	t := strings.TrimSpace(s)
	negative := strings.HasPrefix(t, "(") && strings.HasSuffix(t, ")")
	t = strings.Trim(t, "()")
	if group != "" {
		t = strings.ReplaceAll(t, group, "")
	}
	var b strings.Builder
	digits, letters := false, false
	for i := 0; i < len(t); {
		switch {
		case decimal != "" && strings.HasPrefix(t[i:], decimal):
			b.WriteByte('.')
			i += len(decimal)
			continue
		case t[i] >= '0' && t[i] <= '9':
			if digits && letters {
				return bad() // 12 abc 34 is two numbers
			}
			b.WriteByte(t[i])
			digits = true
		case t[i] == '-':
			negative = !negative
		case t[i] == '\'' || t[i] == ' ' || t[i] == '+':
		case digits && t[i] != 0xc2 && t[i] != 0xa0 && t[i] != 0xe2 && t[i] != 0x80 && t[i] != 0xaf:
			letters = true // anything but a no-break space ends the number
		}
		i++
	}
	n := strings.Trim(b.String(), " ")
	if !digits || strings.Count(n, ".") > 1 {
		return bad()
	}
	f, err := strconv.ParseFloat(n, 64)
	if err != nil {
		return bad()
	}
	if i, err := strconv.Atoi(n); err == nil {
		if negative {
			return -i
		}
		return i
	}
	if negative {
		f = -f
	}
	return a.finite(f)
}

func formatNumber(a *args) any {
	digits, decimal, group := a.intOr(1, 2), a.textOr(2, "."), ","
	if decimal == "," {
		group = "."
	}
	if 3 < len(a.v) {
		group = a.textOr(3, "")
	}
	if digits < 0 || digits > 20 || len(decimal) > 8 || len(group) > 8 {
		return a.failf("format_number takes 0 to 20 decimals and short signs")
	}
	s := fixed(a.v[0], a.float(0), digits)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	wholePart, frac, _ := strings.Cut(s, ".")
	var b strings.Builder
	for i, c := range wholePart {
		if i > 0 && (len(wholePart)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(c)
	}
	if frac != "" {
		b.WriteString(decimal)
		b.WriteString(frac)
	}
	return sign + b.String()
}

// fixed writes a number with a count of decimals, rounding as round() does.
func fixed(v any, f float64, digits int) string {
	if i, ok := v.(int); ok {
		s := strconv.Itoa(i)
		if digits > 0 {
			s += "." + strings.Repeat("0", digits)
		}
		return s
	}
	if digits <= 15 {
		f = roundTo(f, digits)
	}
	s := strconv.FormatFloat(f, 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

func format(a *args) any {
	p := a.text(0)
	var out []byte
	next := 0
	for i := 0; i < len(p); i++ {
		switch {
		case strings.HasPrefix(p[i:], "{{"), strings.HasPrefix(p[i:], "}}"):
			out = append(out, p[i])
			i++
		case p[i] == '{':
			n := strings.IndexByte(p[i:], '}')
			if n < 0 {
				return a.failf("the pattern has a { without }")
			}
			which, spec, _ := strings.Cut(p[i+1:i+n], ":")
			before := len(out)
			out = formatPlace(a, out, which, spec, &next)
			if a.err != nil || !a.room(len(out)-before) {
				return nil
			}
			i += n
		default:
			out = append(out, p[i])
		}
	}
	a.room(len(p))
	return string(out)
}

func formatPlace(a *args, out []byte, which, spec string, next *int) []byte {
	i := *next
	*next++
	if which != "" {
		n, err := strconv.Atoi(which)
		if err != nil {
			a.fail(fail("the place {%s} is not known", excerpt(which, 20)).hint("write {}, {0} or {0:.2}"))
			return out
		}
		i = n
	}
	if i < 0 || i+1 >= len(a.v) {
		a.failf("the pattern has a place for value %d, but there are %d", i, len(a.v)-1)
		return out
	}
	if spec != "" {
		digits, err := strconv.Atoi(strings.TrimPrefix(spec, "."))
		if err != nil || digits < 0 || digits > 20 || spec[0] != '.' {
			a.fail(fail("the format :%s is not known", excerpt(spec, 20)).hint("write for example {0:.2} for two decimals"))
			return out
		}
		return append(out, fixed(a.v[i+1], a.float(i+1), digits)...)
	}
	out, err := a.st.appendText(out, a.v[i+1])
	if err != nil {
		a.fail(err)
	}
	return out
}
