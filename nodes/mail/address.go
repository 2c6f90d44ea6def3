package mail

import (
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
)

// address is a person in a message.
type address struct {
	Name    string `json:"name" doc:"Name shown; empty if there is none."`
	Address string `json:"address" doc:"E-mail address."`
}

// String returns Name <address> for people to read.
func (a address) String() string {
	if a.Name == "" {
		return a.Address
	}
	return a.Name + " <" + a.Address + ">"
}

// parseAddresses reads the addresses of a message that came from outside.
// Quotes, comments and groups are understood; what is broken gives what can be
// made out.
func parseAddresses(s string) []address {
	out := []address{}
	var phrase, angle, comment strings.Builder
	depth, inAngle, sawAngle, sawAt, open := 0, false, false, false, false
	finish := func() {
		name := cleanText(decodeWords(strings.TrimSpace(phrase.String())))
		addr := strings.Map(dropSpace, plain8bit(angle.String()))
		if !sawAngle {
			addr = strings.Map(dropSpace, plain8bit(strings.TrimSpace(phrase.String())))
			name = cleanText(decodeWords(strings.TrimSpace(comment.String())))
			if !strings.Contains(addr, "@") {
				name, addr = cleanText(decodeWords(strings.TrimSpace(phrase.String()))), ""
			}
		}
		if name != "" || addr != "" {
			out = append(out, address{Name: name, Address: addr})
		}
		phrase.Reset()
		angle.Reset()
		comment.Reset()
		inAngle, sawAngle, sawAt, depth = false, false, false, 0
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if depth > 0 { // inside of a comment
			switch {
			case c == '\\' && i+1 < len(s):
				i++
				comment.WriteByte(s[i])
				continue
			case c == '(':
				depth++
			case c == ')':
				depth--
				if depth == 0 {
					continue
				}
			}
			comment.WriteByte(c)
			continue
		}
		switch {
		case c == '(' && !inAngle:
			depth = 1
		case c == '"' && !inAngle:
			if open {
				continue
			}
			end := quotedEnd(s, i)
			if open = end == len(s); open {
				continue // a quote that is never closed is none, nor is one after it
			}
			phrase.WriteString(unquote(s[i+1 : end]))
			i = end
		case c == '<':
			inAngle, sawAngle = true, true
		case c == '>' && inAngle:
			inAngle = false
		case c == ',' && !inAngle, c == ';' && !inAngle:
			finish()
		case c == ':' && !inAngle && !sawAngle && !sawAt:
			phrase.Reset() // the name of a group
		case inAngle:
			angle.WriteByte(c)
		default:
			sawAt = sawAt || c == '@'
			phrase.WriteByte(c)
		}
	}
	finish()
	return out
}

func dropSpace(r rune) rune {
	if r <= ' ' || r == 0x7f {
		return -1
	}
	return r
}

// quotedEnd returns the index of the quote that closes the one at i, or the
// length of s.
func quotedEnd(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		if s[j] == '\\' {
			j++
		} else if s[j] == '"' {
			return j
		}
	}
	return len(s)
}

func unquote(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// cleanText takes control characters out of a text of one line.
func cleanText(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return ' '
		case r < ' ' || r == 0x7f:
			return -1
		}
		return r
	}, s))
}

var (
	zoneComment = regexp.MustCompile(`\s*\([^)]*\)?\s*$`)
	layouts     = []string{
		"Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST",
		"Mon, 2 Jan 2006 15:04 -0700", "Mon, 2 Jan 06 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05",
		"Mon, 02-Jan-2006 15:04:05 MST", "Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 15:04:05 -0700 2006",
		"Mon, Jan 2, 2006 15:04:05 -0700", "Monday, 2 January 2006 15:04:05 -0700", time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05",
	}
)

// parseDate reads the date of a message in the forms that programs write; the
// result is RFC 3339, or "" if nothing can be made of it.
func parseDate(s string) string {
	s = strings.Join(strings.Fields(zoneComment.ReplaceAllString(s, "")), " ")
	if s == "" {
		return ""
	}
	if t, err := netmail.ParseDate(s); err == nil {
		return isoTime(t)
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return isoTime(t)
		}
	}
	return ""
}

func isoTime(t time.Time) string {
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339)
}
