package mail

import (
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// oneLine refuses line breaks: through them data could add headers.
func oneLine(what, s string) error {
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }); i >= 0 {
		return input("take line breaks and control characters out of the data", "%s holds a line break or control character; mail headers are one line", what)
	}
	if !utf8.ValidString(s) {
		return input("convert it to UTF-8", "%s is not valid UTF-8", what)
	}
	return nil
}

// recipients reads addresses of a param strictly.
func recipients(what string, list []string) ([]address, error) {
	var out []address
	for _, s := range list {
		if strings.TrimSpace(s) == "" {
			continue
		}
		if err := oneLine(what, s); err != nil {
			return nil, err
		}
		parsed, err := netmail.ParseAddressList(strings.TrimRight(strings.TrimSpace(s), ",; "))
		if err != nil {
			parsed, err = netmail.ParseAddressList(semicolons(s))
		}
		if err != nil {
			return nil, input("write ada@example.com or Ada <ada@example.com>; names with commas in quotes", "%s: %s is no mail address", what, short(s))
		}
		for _, p := range parsed {
			a, err := wireAddress(p.Address)
			if err != nil {
				return nil, input("check the address", "%s: %s is no mail address", what, short(p.Address))
			}
			if err := oneLine(what, p.Name); err != nil {
				return nil, err
			}
			out = append(out, address{p.Name, a})
		}
	}
	return out, nil
}

// semicolons turns a list as Outlook writes it into one with commas.
func semicolons(s string) string {
	quoted := false
	return strings.TrimRight(strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '"' {
			quoted = !quoted
		}
		if r == ';' && !quoted {
			return ','
		}
		return r
	}, s)), ", ")
}

// wireAddress is an address as SMTP wants it: the domain in ASCII, an odd
// local part in quotes.
func wireAddress(s string) (string, error) {
	i := strings.LastIndexByte(s, '@')
	if i <= 0 || i == len(s)-1 || strings.ContainsAny(s, "\r\n\x00") {
		return "", fmt.Errorf("no address")
	}
	local, domain := s[:i], s[i+1:]
	if !strings.HasPrefix(domain, "[") {
		d, err := idna.Lookup.ToASCII(domain)
		if err != nil && !ascii(domain) {
			return "", err
		}
		if err == nil {
			domain = d
		}
	}
	if strings.ContainsAny(domain, " \t<>()\"\\,;:@") && !strings.HasPrefix(domain, "[") {
		return "", fmt.Errorf("no domain")
	}
	if strings.ContainsAny(local, " \t()<>[]:;@\\,\"") || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		local = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
	}
	return local + "@" + domain, nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
