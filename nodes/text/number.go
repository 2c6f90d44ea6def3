package text

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
)

func init() {
	node.Register(node.Spec[parseNumberIn, parseNumberOut]{
		Type: "text.parse_number", Title: "Read number", Effect: node.Pure,
		Doc: "Reads a number as people write it: 1.234,56 or 1,234.56, with a currency symbol, a percent sign, brackets or a minus at the end. With separators set to auto, a text such as 1,234 that could be either is an error: say which sign is the decimal one.",
		Examples: []node.Example[parseNumberIn, parseNumberOut]{
			{Title: "German", In: parseNumberIn{Text: "1.234,56 €"}, Out: parseNumberOut{Number: 1234.56, Text: "1234.56"}},
			{Title: "Accounting", In: parseNumberIn{Text: "(1,000.50)"}, Out: parseNumberOut{Number: -1000.5, Text: "-1000.5"}},
			{Title: "Not a number", In: parseNumberIn{Text: "n/a", Default: 5}, Out: parseNumberOut{Number: 5, Text: "5"}},
		},
		Run: parseNumber,
	})
}

type parseNumberIn struct {
	Text    string `json:"text" is:"required" doc:"Text that holds one number."`
	Decimal string `json:"decimal" default:"auto" enum:"auto,point,comma" doc:"Sign before the decimals. auto finds out where that is certain."`
	Percent bool   `json:"percent" default:"true" doc:"Divide by 100 when a percent sign follows: 19% is 0.19."`
	Default any    `json:"default" doc:"Result when the text is no number, or empty; without it that is an error."`
}

type parseNumberOut struct {
	Number any    `json:"number" doc:"The number."`
	Text   string `json:"text" doc:"The number as plain decimal text."`
}

func parseNumber(_ context.Context, _ *node.Env, in parseNumberIn) (parseNumberOut, error) {
	plain, err := plainNumber(in.Text, in.Decimal)
	var n any
	if err == nil {
		d, perr := exact.Parse(plain)
		if perr == nil && in.Percent && strings.Contains(in.Text, "%") {
			d = d.Shift(-2)
		}
		if n, err = exact.Number(d); perr == nil && err == nil {
			return parseNumberOut{Number: n, Text: d.String()}, nil
		}
		if perr != nil {
			err = perr
		}
	}
	if in.Default != nil {
		return parseNumberOut{Number: in.Default, Text: written(in.Default)}, nil
	}
	return parseNumberOut{}, node.Fail(node.KindInput, err.Error(), "set decimal to point or comma, or give a default for texts that are no numbers")
}

var (
	// aroundRE takes off what may stand around a number: signs, brackets,
	// currency symbols and codes, a percent sign.
	aroundRE = regexp.MustCompile(`^(\(?)\s*([-+−]?)\s*(?:\p{Sc}|[A-Za-z]{1,3}\p{Sc}?|[A-Z]{3})?\s*([-+−]?)\s*([0-9.,'’\s\x{a0}\x{202f}_]*[0-9][0-9.,'’\s\x{a0}\x{202f}_]*(?:[eE][-+]?[0-9]+)?)\s*([-−]?)\s*(?:\p{Sc}|[A-Z]{3}|[A-Za-z]{1,3}\.?|%)?\s*(\)?)$`)
	groupRE  = regexp.MustCompile(`^[0-9]{1,3}([.,'’_ ])[0-9]{2,3}(?:[.,'’_ ][0-9]{2,3})*$`)
)

// plainNumber rewrites a number for exact.Parse.
func plainNumber(text, decimal string) (string, error) {
	bad := fmt.Errorf("%.60q is not a number", text)
	m := aroundRE.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || (m[1] == "") != (m[6] == "") {
		return "", bad
	}
	signs := 0
	for _, s := range []string{m[2], m[3], m[5]} {
		if s != "" {
			signs++
		}
	}
	negative := m[1] != "" || strings.ContainsAny(m[2]+m[3]+m[5], "-−")
	if signs > 1 || signs == 1 && m[1] != "" {
		return "", bad
	}
	body := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.TrimSpace(m[4]))
	exponent := ""
	if i := strings.IndexAny(body, "eE"); i >= 0 {
		body, exponent = body[:i], body[i:]
	}
	body, err := withPoint(body, decimal)
	if err != nil {
		return "", fmt.Errorf("%.60q %w", text, err)
	}
	if negative {
		body = "-" + body
	}
	return body + exponent, nil
}

// withPoint drops group separators and makes the decimal sign a point.
func withPoint(s, decimal string) (string, error) {
	sign := ""
	switch decimal {
	case "point":
		sign = "."
	case "comma":
		sign = ","
	default:
		point, comma := strings.LastIndex(s, "."), strings.LastIndex(s, ",")
		switch {
		case point < 0 && comma < 0:
		case point >= 0 && comma >= 0:
			if sign = "."; comma > point {
				sign = ","
			}
		default:
			mark := "."
			if comma >= 0 {
				mark = ","
			}
			before, after, _ := strings.Cut(s, mark)
			switch {
			case strings.Count(s, mark) > 1:
				// Several of one sign: groups.
			case len(after) == 3 && len(before) >= 1 && len(before) <= 3 && strings.Trim(before, "0123456789") == "" && strings.TrimLeft(before, "0") != "" && mark == ",":
				return "", fmt.Errorf("could mean two numbers, as the comma may separate thousands or decimals")
			default:
				sign = mark
			}
		}
	}
	whole, frac := s, ""
	if sign != "" {
		if strings.Count(s, sign) > 1 {
			return "", fmt.Errorf("has more than one decimal sign")
		}
		whole, frac, _ = strings.Cut(s, sign)
	}
	if strings.Trim(frac, "0123456789") != "" {
		return "", fmt.Errorf("has separators after the decimal sign")
	}
	if strings.Trim(whole, "0123456789") != "" {
		groups := groupRE.FindStringSubmatch(whole)
		if groups == nil || groups[1] == sign || strings.Trim(strings.ReplaceAll(whole, groups[1], ""), "0123456789") != "" || len(whole)-strings.LastIndex(whole, groups[1])-len(groups[1]) != 3 {
			return "", fmt.Errorf("has separators at odd places")
		}
		whole = strings.ReplaceAll(whole, groups[1], "")
	}
	if frac != "" {
		return whole + "." + frac, nil
	}
	return whole, nil
}
