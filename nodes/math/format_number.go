package math

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
	"github.com/aether-rpa/aether/nodes/math/locale"
)

func init() {
	node.Register(node.Spec[formatIn, formatOut]{
		Type: "math.format_number", Title: "Write a number", Effect: node.Pure,
		Doc: "Writes a number the way a country writes it: separators, fixed decimals, a currency symbol or a percent sign. Many countries put a no-break space between groups or before the symbol; set spaces to plain where that disturbs.",
		Examples: []node.Example[formatIn, formatOut]{
			{Title: "German euros", In: formatIn{Value: 1234.5, Locale: "de-DE", Style: "currency", Symbol: "€", Spaces: "plain"}, Out: formatOut{Text: "1.234,50 €"}},
			{Title: "A share", In: formatIn{Value: 0.125, Style: "percent"}, Out: formatOut{Text: "12.5%"}},
		},
		Run: formatNumber,
	})
}

type formatIn struct {
	Value     any     `json:"value" is:"required" doc:"Number to write."`
	Locale    string  `json:"locale" default:"en-US" enum:"en-US,en-GB,en-IN,de-DE,de-AT,de-CH,fr-FR,fr-CH,es-ES,es-MX,it-IT,pt-BR,pt-PT,nl-NL,sv-SE,da-DK,nb-NO,fi-FI,pl-PL,cs-CZ,sk-SK,hu-HU,ro-RO,bg-BG,el-GR,tr-TR,ru-RU,uk-UA,ja-JP,zh-CN,ko-KR" doc:"Country whose way of writing is used."`
	Style     string  `json:"style" default:"decimal" enum:"decimal,currency,percent,compact,scientific" doc:"percent multiplies by 100; compact writes 1.2K, 3.4M; scientific writes 1.2E+3."`
	Symbol    string  `json:"symbol" doc:"Currency symbol or code, for instance € or EUR." when:"style=currency"`
	Decimals  *int    `json:"decimals" min:"0" max:"50" doc:"Digits after the point, always that many; without it as many as the number has, and 2 for currency."`
	Mode      string  `json:"mode" default:"half_up" enum:"half_up,half_even,half_down,up,down,ceiling,floor" is:"advanced" doc:"How the last digit is rounded; see math.round."`
	Grouping  bool    `json:"grouping" default:"true" doc:"Separate groups of digits."`
	Plus      bool    `json:"plus" is:"advanced" doc:"Write a plus sign before positive numbers."`
	Negative  string  `json:"negative" default:"minus" enum:"minus,parentheses" is:"advanced" doc:"How negative numbers are marked; accountants write (1.00)."`
	Spaces    string  `json:"spaces" default:"no_break" enum:"no_break,plain" is:"advanced" doc:"Kind of spaces that the locale puts in."`
	Separator *string `json:"separator" is:"advanced" doc:"Sign between groups, instead of that of the locale."`
	Point     *string `json:"point" is:"advanced" doc:"Decimal sign, instead of that of the locale."`
}

type formatOut struct {
	Text string `json:"text" doc:"The number as text."`
}

func formatNumber(_ context.Context, _ *node.Env, in formatIn) (formatOut, error) {
	d, err := operand("value", in.Value)
	if err != nil {
		return formatOut{}, err
	}
	l := locale.Get(in.Locale)
	suffix := ""
	switch in.Style {
	case "percent":
		d, suffix = d.Shift(2), l.Percent+"%"
	case "compact":
		d, suffix = compact(d, in.Decimals, in.Mode)
	case "scientific":
		d, suffix = scientific(d, in.Decimals, in.Mode)
	}
	digits := d.String()
	if in.Decimals != nil {
		digits = exact.Round(d, *in.Decimals, in.Mode).StringFixed(int32(*in.Decimals))
	} else if in.Style == "currency" {
		digits = exact.Round(d, 2, in.Mode).StringFixed(2)
	}
	return formatOut{Text: in.dress(l, digits, suffix)}, nil
}

// dress adds separators, sign and symbol to plain digits.
func (in formatIn) dress(l locale.Locale, digits, suffix string) string {
	point, group := l.Decimal, l.Group
	if in.Point != nil {
		point = *in.Point
	}
	if in.Separator != nil {
		group = *in.Separator
	}
	if !in.Grouping {
		group = ""
	}
	negative := strings.HasPrefix(digits, "-") && strings.Trim(digits, "-0.") != ""
	out := l.Format(strings.TrimPrefix(digits, "-"), point, group) + suffix
	if in.Style == "currency" && in.Symbol != "" {
		gap := l.Gap
		if gap == "" && len([]rune(in.Symbol)) > 1 && !strings.HasSuffix(in.Symbol, "$") {
			gap = "\u00a0" // codes such as USD are always set apart
		}
		if l.After {
			out += gap + in.Symbol
		} else {
			out = in.Symbol + gap + out
		}
	}
	switch {
	case negative && in.Negative == "parentheses":
		out = "(" + out + ")"
	case negative:
		out = "-" + out
	case in.Plus && strings.Trim(digits, "-0.") != "":
		out = "+" + out
	}
	if in.Spaces == "plain" {
		out = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(out)
	}
	return out
}

// compact scales to thousands and rounds to three figures or the decimals
// asked for; rounding up to 1000 goes to the next scale.
func compact(d decimal.Decimal, decimals *int, mode string) (decimal.Decimal, string) {
	for i, s := range []string{"", "K", "M", "B", "T"} {
		x := d.Shift(int32(-3 * i))
		n := max(0, 3-len(x.Abs().Truncate(0).String()))
		if decimals != nil {
			n = *decimals
		}
		x = exact.Round(x, n, mode)
		if x.Abs().LessThan(decimal.NewFromInt(1000)) || s == "T" {
			return x, s
		}
	}
	return d, ""
}

func scientific(d decimal.Decimal, decimals *int, mode string) (decimal.Decimal, string) {
	if d.IsZero() {
		return d, "E+0"
	}
	e := d.NumDigits() - 1 + int(d.Exponent())
	x := d.Shift(int32(-e))
	if decimals != nil {
		x = exact.Round(x, *decimals, mode)
		if x.Abs().GreaterThanOrEqual(decimal.NewFromInt(10)) {
			x, e = x.Shift(-1), e+1
		}
	}
	sign := "+"
	if e < 0 {
		sign, e = "-", -e
	}
	return x, "E" + sign + decimal.NewFromInt(int64(e)).String()
}
