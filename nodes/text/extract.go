package text

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
)

func init() {
	node.Register(node.Spec[extractIn, extractOut]{
		Type: "text.extract", Title: "Extract from text", Effect: node.Pure,
		Doc: "Picks things out of text: the first group of a pattern, e-mail addresses, web addresses, numbers, dates, phone numbers, IBANs or hashtags. It finds what looks like one; it does not prove that it exists. Numbers are read with a decimal point; see text.parse_number for others.",
		Examples: []node.Example[extractIn, extractOut]{
			{Title: "An invoice number", In: extractIn{Text: "Invoice no. R-4711 of today", What: "pattern", Pattern: `no\. (\S+)`}, Out: extractOut{First: "R-4711", Found: true, All: []any{"R-4711"}, Count: 1}},
			{Title: "Addresses", In: extractIn{Text: "Write to a@b.org, or (A@B.org).", What: "emails", Unique: true}, Out: extractOut{First: "a@b.org", Found: true, All: []any{"a@b.org"}, Count: 1}},
			{Title: "Numbers", In: extractIn{Text: "2 for 3.50, -1", What: "numbers"}, Out: extractOut{First: 2, Found: true, All: []any{2, 3.5, -1}, Count: 3}},
		},
		Run: extract,
	})
	node.Register(node.Spec[betweenIn, extractOut]{
		Type: "text.extract_between", Title: "Extract between two texts", Effect: node.Pure,
		Doc: "Picks the text between two others, such as between brackets.",
		Examples: []node.Example[betweenIn, extractOut]{
			{Title: "Between brackets", In: betweenIn{Text: "a (b) c (d)", Start: "(", End: ")"}, Out: extractOut{First: "b", Found: true, All: []any{"b", "d"}, Count: 2}},
			{Title: "Up to the end", In: betweenIn{Text: "Total: 7", Start: "Total:", Trim: true}, Out: extractOut{First: "7", Found: true, All: []any{"7"}, Count: 1}},
		},
		Run: between,
	})
}

type extractIn struct {
	Text    string `json:"text" is:"required" doc:"Text to search." widget:"multiline"`
	What    string `json:"what" default:"pattern" enum:"pattern,emails,urls,numbers,dates,phones,ibans,hashtags" doc:"What to pick. Dates are given as YYYY-MM-DD; phones are digit groups with at least 7 digits."`
	Pattern string `json:"pattern" doc:"Pattern; its first group is picked, or all of the match when it has none." when:"what=pattern"`
	Order   string `json:"order" default:"dmy" enum:"dmy,mdy" is:"advanced" doc:"How dates such as 01/02/2026 are read: day or month first." when:"what=dates"`
	Unique  bool   `json:"unique" doc:"Leave out what was found before, in whatever case."`
	flags
}

type extractOut struct {
	First any   `json:"first" doc:"The first one, or nil."`
	Found bool  `json:"found" doc:"True when there is at least one."`
	All   []any `json:"all" doc:"All of them, in order."`
	Count int   `json:"count" doc:"How many there are."`
}

func extracted(all []any) extractOut {
	out := extractOut{All: all, Count: len(all), Found: len(all) > 0}
	if out.Found {
		out.First = all[0]
	}
	return out
}

var (
	emailRE   = regexp.MustCompile(`(?i)[a-z0-9._%+'-]*[a-z0-9_%+-]@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}`)
	urlRE     = regexp.MustCompile(`(?i)\b(?:https?|ftp)://[^\s<>"'` + "`" + `{}|\\^]+`)
	numberRE  = regexp.MustCompile(`[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3}\b)?`)
	dateRE    = regexp.MustCompile(`\b(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[./-](\d{1,2})[./-](\d{4}))(?:\b|T)`)
	phoneRE   = regexp.MustCompile(`(?:\+|\b)\(?\d[\d\s()./-]{5,}\d\b`)
	ibanRE    = regexp.MustCompile(`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b`)
	hashtagRE = regexp.MustCompile(`#[\p{L}\p{N}_]+`)
)

func extract(_ context.Context, _ *node.Env, in extractIn) (extractOut, error) {
	all := []any{}
	switch in.What {
	case "emails":
		all = texts(emailRE, in.Text, strings.Clone)
	case "urls":
		all = texts(urlRE, in.Text, trimURL)
	case "numbers":
		all = numbers(in.Text)
	case "dates":
		all = dates(in.Text, in.Order)
	case "phones":
		all = texts(phoneRE, in.Text, phone)
	case "ibans":
		all = texts(ibanRE, in.Text, iban)
	case "hashtags":
		all = texts(hashtagRE, in.Text, strings.Clone)
	default:
		re, err := in.compile(in.Pattern)
		if err != nil {
			return extractOut{}, err
		}
		if in.Pattern == "" {
			return extractOut{}, node.Failf(node.KindInput, "the pattern is empty")
		}
		group := min(1, re.NumSubexp())
		for _, m := range re.FindAllStringSubmatchIndex(in.Text, -1) {
			if m[2*group] >= 0 {
				all = append(all, in.Text[m[2*group]:m[2*group+1]])
			}
		}
	}
	if in.Unique {
		seen := map[string]bool{}
		all = slices.DeleteFunc(all, func(v any) bool {
			k := strings.ToLower(written(v))
			was := seen[k]
			seen[k] = true
			return was
		})
	}
	return extracted(all), nil
}

// texts finds all matches; accept may change one, or refuse it with "".
func texts(re *regexp.Regexp, s string, accept func(string) string) []any {
	out := []any{}
	for _, m := range re.FindAllString(s, -1) {
		if m = accept(m); m != "" {
			out = append(out, m)
		}
	}
	return out
}

// numbers reads numbers. After a letter or digit, a sign is a hyphen and a
// point ends an abbreviation: 2026-01-31 holds no negative numbers, No.5 no
// fraction.
func numbers(s string) []any {
	out := []any{}
	for _, at := range numberRE.FindAllStringIndex(s, -1) {
		m := s[at[0]:at[1]]
		if before, _ := utf8.DecodeLastRuneInString(s[:at[0]]); at[0] > 0 && isWord(before) {
			m = strings.TrimLeft(m, "+-.")
		}
		if d, err := exact.Parse(strings.ReplaceAll(m, ",", "")); err == nil {
			if n, err := exact.Number(d); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// trimURL takes off punctuation of the sentence around, and a closing bracket
// that was not opened inside.
func trimURL(s string) string {
	for s != "" {
		last := s[len(s)-1]
		closing := last == ')' && strings.Count(s, "(") < strings.Count(s, ")") || last == ']' && strings.Count(s, "[") < strings.Count(s, "]")
		if !closing && strings.IndexByte(".,;:!?*", last) < 0 {
			break
		}
		s = s[:len(s)-1]
	}
	if u, err := url.Parse(s); err != nil || u.Host == "" {
		return ""
	}
	return s
}

func phone(s string) string {
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	if digits < 7 || digits > 15 || dateRE.MatchString(s) || strings.ContainsAny(s, "\n\r") {
		return ""
	}
	return s
}

// iban checks the two check digits, ISO 7064 mod 97.
func iban(s string) string {
	compact := strings.ReplaceAll(s, " ", "")
	rest := 0
	for _, c := range []byte(compact[4:] + compact[:4]) {
		switch {
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	if rest != 1 || len(compact) > 34 {
		return ""
	}
	return compact
}

func dates(s, order string) []any {
	out := []any{}
	for _, m := range dateRE.FindAllStringSubmatch(s, -1) {
		y, mo, d := m[1], m[2], m[3]
		if y == "" {
			if y, mo, d = m[6], m[5], m[4]; order == "mdy" {
				mo, d = d, mo
			}
		}
		if t, err := time.Parse("2006-1-2", y+"-"+mo+"-"+d); err == nil {
			out = append(out, t.Format(time.DateOnly))
		}
	}
	return out
}

type betweenIn struct {
	Text       string `json:"text" is:"required" doc:"Text to search." widget:"multiline"`
	Start      string `json:"start" doc:"Text before; empty for the start of the text."`
	End        string `json:"end" doc:"Text after; empty for the end of the text."`
	IgnoreCase bool   `json:"ignore_case" doc:"Treat upper and lower case as equal."`
	Trim       bool   `json:"trim" doc:"Remove white space around what was found."`
}

func between(_ context.Context, _ *node.Env, in betweenIn) (extractOut, error) {
	f := flags{IgnoreCase: in.IgnoreCase}
	start, err := f.finder(in.Start, "plain")
	if err != nil {
		return extractOut{}, err
	}
	end, err := f.finder(in.End, "plain")
	if err != nil {
		return extractOut{}, err
	}
	all, rest := []any{}, in.Text
	for {
		if in.Start != "" {
			at := start.FindStringIndex(rest)
			if at == nil {
				break
			}
			rest = rest[at[1]:]
		}
		stop, after := len(rest), len(rest)
		if in.End != "" {
			at := end.FindStringIndex(rest)
			if at == nil {
				break
			}
			stop, after = at[0], at[1]
		}
		s := rest[:stop]
		if in.Trim {
			s = strings.TrimSpace(s)
		}
		all, rest = append(all, s), rest[after:]
		if in.Start == "" || in.End == "" {
			break
		}
	}
	return extracted(all), nil
}
