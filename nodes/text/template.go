package text

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
	"github.com/aether-rpa/aether/nodes/math/exact"
	"github.com/aether-rpa/aether/nodes/math/locale"
)

func init() {
	node.Register(node.Spec[formatIn, formatOut]{
		Type: "text.format", Title: "Fill in template", Effect: node.Pure,
		Doc: "Fills in a template: {name} is replaced by the value of that name, {customer.city} by a nested one. After a colon comes a format: {total:,.2} with groups and two decimals, {no:05} with leading zeros, {name:>10} or {name:<10} aligned. Write \\{ for a brace. Values are never read as templates themselves.",
		Examples: []node.Example[formatIn, formatOut]{
			{Title: "A letter", In: formatIn{Template: "Dear {name}, you owe us {total:,.2} EUR.", Values: map[string]any{"name": "Ann", "total": 1234.5}}, Out: formatOut{Text: "Dear Ann, you owe us 1,234.50 EUR.", Missing: []string{}}},
			{Title: "A file name, and a gap", In: formatIn{Template: "{no:05}_{x}.pdf", Values: map[string]any{"no": 42}, WhenMissing: "keep"}, Out: formatOut{Text: "00042_{x}.pdf", Missing: []string{"x"}}},
		},
		Run: format,
	})
}

type formatIn struct {
	Template    string         `json:"template" is:"required" doc:"Text with names in braces." widget:"multiline"`
	Values      map[string]any `json:"values" is:"required" doc:"Values by name."`
	WhenMissing string         `json:"when_missing" default:"fail" enum:"fail,empty,keep" doc:"What to do with a name that has no value: fail, write nothing, or leave the braces as they are."`
	Locale      string         `json:"locale" default:"en-US" enum:"en-US,en-GB,en-IN,de-DE,de-AT,de-CH,fr-FR,fr-CH,es-ES,es-MX,it-IT,pt-BR,pt-PT,nl-NL,sv-SE,da-DK,nb-NO,fi-FI,pl-PL,cs-CZ,sk-SK,hu-HU,ro-RO,bg-BG,el-GR,tr-TR,ru-RU,uk-UA,ja-JP,zh-CN,ko-KR" doc:"Country whose separators formatted numbers get."`
}

type formatOut struct {
	Text    string   `json:"text" doc:"The text filled in."`
	Missing []string `json:"missing" doc:"Names that had no value."`
}

func format(_ context.Context, _ *node.Env, in formatIn) (formatOut, error) {
	var b strings.Builder
	out := formatOut{Missing: []string{}}
	for s := in.Template; s != ""; {
		i := strings.IndexAny(s, `{\`)
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		if s[0] == '\\' {
			if len(s) > 1 && (s[1] == '{' || s[1] == '}' || s[1] == '\\') {
				b.WriteByte(s[1])
				s = s[2:]
			} else {
				b.WriteByte('\\')
				s = s[1:]
			}
			continue
		}
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return formatOut{}, node.Fail(node.KindInput, fmt.Sprintf("a brace is not closed at %.40q", s), `write \{ for a brace that is meant literally`)
		}
		part, err := in.fill(s[1:end], &out)
		if err != nil {
			return formatOut{}, err
		}
		b.WriteString(part)
		if s = s[end+1:]; b.Len() > maxOutput {
			return formatOut{}, tooLarge()
		}
	}
	out.Text = b.String()
	return out, nil
}

// fill returns what stands in place of {field}.
func (in formatIn) fill(field string, out *formatOut) (string, error) {
	name, spec, _ := strings.Cut(field, ":")
	name = strings.TrimSpace(name)
	steps, err := dotted.Parse(name)
	if err != nil || len(steps) == 0 {
		return "", node.Fail(node.KindInput, fmt.Sprintf("{%.60s} does not name a value", field), `write {name}, or \{ for a brace that is meant literally`)
	}
	v, ok := in.Values[name]
	if !ok {
		v, ok = dotted.Get(in.Values, steps)
	}
	if !ok {
		out.Missing = append(out.Missing, name)
		switch in.WhenMissing {
		case "keep":
			return "{" + field + "}", nil
		case "empty":
			return "", nil
		}
		return "", node.Fail(node.KindInput, fmt.Sprintf("the template asks for %.60q, and there is no such value", name), "add it to values, or set when_missing")
	}
	s, err := formatted(v, spec, locale.Get(in.Locale))
	if err != nil {
		return "", node.Fail(node.KindInput, fmt.Sprintf("{%.60s}: %v", field, err), "a format is [align][0][width][,][.decimals], for instance ,.2 or 05 or >10")
	}
	return s, nil
}

var specRE = regexp.MustCompile(`^([<>^]?)(0?)(\d{0,4})(,?)(?:\.(\d{1,2}))?$`)

// formatted writes a value by a format such as >10, 05 or ,.2.
func formatted(v any, spec string, l locale.Locale) (string, error) {
	if spec == "" {
		return written(v), nil
	}
	m := specRE.FindStringSubmatch(spec)
	if m == nil {
		return "", fmt.Errorf("%q is not a format", spec)
	}
	align, zeros, group := m[1], m[2] != "", m[4] != ""
	width, _ := strconv.Atoi(m[3])
	s := written(v)
	if group || m[5] != "" {
		d, err := exact.Of(v)
		if err != nil {
			return "", err
		}
		if s = d.String(); m[5] != "" {
			n, _ := strconv.Atoi(m[5])
			s = d.StringFixed(int32(n))
		}
		sep := ""
		if group {
			sep = l.Group
		}
		s = l.Format(s, l.Decimal, sep)
	}
	if zeros {
		sign := ""
		if strings.HasPrefix(s, "-") {
			sign, s = "-", s[1:]
		}
		s, err := pad(padIn{Text: s, Length: width - len(sign), With: "0", Side: "start"})
		return sign + s, err
	}
	if align == "" && isNumber(v) {
		align = ">"
	}
	return pad(padIn{Text: s, Length: width, With: " ", Side: map[string]string{">": "start", "^": "both"}[align]})
}

func isNumber(v any) bool {
	switch v.(type) {
	case int, float64:
		return true
	}
	return false
}
