package mail

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// fold breaks a header at spaces so that lines stay short, and ends it.
func fold(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		// A break is one space between two other letters: joining the lines
		// again then gives exactly what was there.
		at := -1
		for i := 1; i < len(s)-1; i++ {
			if s[i] != ' ' || s[i-1] == ' ' || s[i-1] == ':' || s[i+1] == ' ' || s[i+1] == '\t' || s[i-1] == '\t' {
				continue
			}
			if i > 76 && at > 0 {
				break
			}
			if at = i; i > 76 {
				break
			}
		}
		if at < 0 {
			break
		}
		b.WriteString(s[:at] + "\r\n")
		s = s[at:]
	}
	return b.String() + s + "\r\n"
}

// encodeText is text in a header: as it is if it is plain, else RFC 2047.
func encodeText(s string) string {
	if ascii(s) && !strings.Contains(s, "=?") && !strings.Contains(s, "\t") && strings.TrimSpace(s) == s && !longWord(s) {
		return s
	}
	return encodeWords(s)
}

func longWord(s string) bool {
	for w := range strings.SplitSeq(s, " ") {
		if len(w) > 500 {
			return true
		}
	}
	return strings.Contains(s, "  ") && len(s) > 60
}

func encodeWords(s string) string {
	var words []string
	var chunk []byte
	for _, r := range s {
		next := string(r)
		if len(chunk)+len(next) > 42 {
			words = append(words, word(chunk))
			chunk = nil
		}
		chunk = append(chunk, next...)
	}
	return strings.Join(append(words, word(chunk)), " ")
}

func word(b []byte) string { return "=?utf-8?B?" + base64.StdEncoding.EncodeToString(b) + "?=" }

func encodeAddresses(list []address) string {
	out := make([]string, len(list))
	for i, a := range list {
		switch {
		case a.Name == "":
			out[i] = a.Address
		case !ascii(a.Name), strings.Contains(a.Name, "=?"), len(a.Name) > 60, strings.TrimSpace(a.Name) != a.Name, strings.Contains(a.Name, "\t"), strings.Contains(a.Name, "  "):
			out[i] = encodeWords(a.Name) + " <" + a.Address + ">"
		default:
			out[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a.Name) + `" <` + a.Address + ">"
		}
	}
	return strings.Join(out, ", ")
}

// encodeParam is a name as a param: quoted, or in the form of RFC 2231 for
// letters outside of ASCII. Old programs look in Content-Type for RFC 2047.
func encodeParam(key, name string, old bool) string {
	switch {
	case ascii(name) && !strings.Contains(name, "=?") && len(name) < 200:
		return "; " + key + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	case old:
		return "; " + key + `="` + encodeWords(name) + `"`
	}
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return "; " + key + "*=utf-8''" + b.String()
}
