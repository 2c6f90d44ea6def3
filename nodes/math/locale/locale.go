// Package locale knows how numbers are written in different countries: which
// sign separates decimals and groups, and where a currency symbol stands. It
// is a fixed table, so that a flow gives the same text on every machine.
package locale

import (
	"slices"
	"strings"
)

const (
	nbsp   = "\u00a0" // no-break space
	narrow = "\u202f" // narrow no-break space
)

// Locale is a way of writing numbers.
type Locale struct {
	Decimal string // between whole and fraction
	Group   string // between groups of digits
	Second  int    // size of the groups after the first three digits; 0 means 3
	After   bool   // the currency symbol stands after the number
	Gap     string // between number and currency symbol
	Percent string // between number and percent sign
}

// Names are the locales known, for the enum of params. Keep in step with
// table.
const Names = "en-US,en-GB,en-IN,de-DE,de-AT,de-CH,fr-FR,fr-CH,es-ES,es-MX,it-IT,pt-BR,pt-PT,nl-NL,sv-SE,da-DK,nb-NO,fi-FI,pl-PL,cs-CZ,sk-SK,hu-HU,ro-RO,bg-BG,el-GR,tr-TR,ru-RU,uk-UA,ja-JP,zh-CN,ko-KR"

var (
	english = Locale{Decimal: ".", Group: ","}
	comma   = Locale{Decimal: ",", Group: ".", After: true, Gap: nbsp}
	spaced  = Locale{Decimal: ",", Group: nbsp, After: true, Gap: nbsp, Percent: nbsp}
)

func (l Locale) percent(gap string) Locale { l.Percent = gap; return l }

var table = map[string]Locale{
	"en-US": english, "en-GB": english, "ja-JP": english, "zh-CN": english, "ko-KR": english, "es-MX": english,
	"en-IN": {Decimal: ".", Group: ",", Second: 2},
	"de-DE": comma.percent(nbsp), "es-ES": comma.percent(nbsp), "it-IT": comma, "da-DK": comma.percent(nbsp), "ro-RO": comma.percent(nbsp), "el-GR": comma,
	"pt-PT": {Decimal: ",", Group: nbsp, After: true, Gap: nbsp},
	"de-AT": {Decimal: ",", Group: nbsp, Gap: nbsp, Percent: nbsp},
	"de-CH": {Decimal: ".", Group: "’", Gap: nbsp},
	"fr-FR": {Decimal: ",", Group: narrow, After: true, Gap: nbsp, Percent: narrow},
	"fr-CH": {Decimal: ",", Group: narrow, After: true, Gap: nbsp},
	"pt-BR": {Decimal: ",", Group: ".", Gap: nbsp},
	"nl-NL": {Decimal: ",", Group: ".", Gap: nbsp},
	"tr-TR": {Decimal: ",", Group: "."},
	"sv-SE": spaced, "nb-NO": spaced, "fi-FI": spaced, "cs-CZ": spaced, "sk-SK": spaced, "ru-RU": spaced, "bg-BG": spaced.percent(""), "uk-UA": spaced.percent(""), "pl-PL": spaced.percent(""), "hu-HU": spaced.percent(""),
}

// Get returns a locale by name; an unknown name gives that of en-US.
func Get(name string) Locale {
	if l, ok := table[name]; ok {
		return l
	}
	return english
}

// GroupDigits puts the separator between the groups of a run of digits.
func (l Locale) GroupDigits(digits, sep string) string {
	if len(digits) <= 3 || sep == "" {
		return digits
	}
	second := l.Second
	if second == 0 {
		second = 3
	}
	end := len(digits) - 3
	parts := []string{digits[end:]}
	for end > 0 {
		start := max(0, end-second)
		parts = append(parts, digits[start:end])
		end = start
	}
	slices.Reverse(parts)
	return strings.Join(parts, sep)
}

// Format writes a plain number such as -1234.50 with the given separators.
func (l Locale) Format(plain, point, group string) string {
	sign := ""
	if strings.HasPrefix(plain, "-") {
		sign, plain = "-", plain[1:]
	}
	whole, frac, _ := strings.Cut(plain, ".")
	out := sign + l.GroupDigits(whole, group)
	if frac != "" {
		out += point + frac
	}
	return out
}
