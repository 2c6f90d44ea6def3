package casare

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// literal returns the value of a text in an expression.
func (p *pyParser) literal(t pyToken, depth int) (term, error) {
	if t.kind == 's' {
		return t.term, nil
	}
	return p.filled(t.text, depth, func(inner string) (term, error) {
		sub := &pyParser{c: p.c, at: p.at, names: p.names, count: p.count}
		var err error
		if sub.toks, err = sub.scan(inner); err != nil {
			return term{}, err
		}
		x, err := sub.ternary(depth + 1)
		if err == nil && sub.peek().kind != 0 {
			err = fmt.Errorf("it goes on with %s", sub.peek().text)
		}
		return x, err
	})
}

// format translates the method format of a text.
func (p *pyParser) format(on term, args []term, named map[string]term) (term, error) {
	lit, ok := fold(on.code)
	text, isText := lit.plain().(string)
	if !ok || !isText {
		return term{}, errors.New("format of a text that is computed is not supported")
	}
	next := 0
	return p.filled(text, 0, func(inner string) (term, error) {
		if inner == "" {
			inner = literal(next).expr()
			next++
		}
		if t, ok := named[inner]; ok {
			return t, nil
		}
		for i, a := range args {
			if literal(i).expr() == inner {
				return a, nil
			}
		}
		return term{}, fmt.Errorf("{%s} has no value", inner)
	})
}

var pyPercent = regexp.MustCompile(`%(%|-?[\d.]*[sdifr])`)

// percent translates text % values.
func (p *pyParser) percent(on, values term) (term, error) {
	lit, ok := fold(on.code)
	text, isText := lit.plain().(string)
	if !ok || !isText {
		return term{}, errors.New("% after a text that is computed is not supported")
	}
	n := 0
	text = pyPercent.ReplaceAllStringFunc(strings.NewReplacer("{", "{{", "}", "}}").Replace(text), func(m string) string {
		if m == "%%" {
			return "%"
		}
		n++
		spec := strings.NewReplacer("i", "d", "r", "s", "-", "<").Replace(m[1:])
		if spec == "s" || spec == "d" {
			return "{}"
		}
		return "{:" + spec + "}"
	})
	args := []term{values}
	if n > 1 {
		args = nil
		for i := range n {
			args = append(args, term{code: values.operand() + "[" + literal(i).expr() + "]", atom: true})
		}
	}
	return p.format(term{code: quote(text), typ: "string"}, args, nil)
}

// filled puts values into the places {} of a text.
func (p *pyParser) filled(text string, depth int, value func(inner string) (term, error)) (term, error) {
	if depth > maxPython {
		return term{}, errDepth
	}
	var parts []string
	lit, safe := "", true
	flush := func() {
		if lit != "" {
			parts = append(parts, quote(lit))
		}
		lit = ""
	}
	for text != "" {
		if m := reference.FindStringIndex(text); m != nil && m[0] == 0 {
			if v := p.c.text(text[:m[1]], p.at); v.code != "" {
				flush()
				parts = append(parts, textOfTerm(term{code: v.code, typ: v.typ}))
				text = text[m[1]:]
				continue
			}
		}
		switch {
		case strings.HasPrefix(text, "{{"), strings.HasPrefix(text, "}}"):
			lit += text[:1]
			text = text[2:]
		case text[0] == '{':
			end := strings.IndexByte(text, '}')
			if end < 0 {
				return term{}, errors.New("a { is not closed")
			}
			inner := text[1:end]
			text = text[end+1:]
			spec := ""
			if i := strings.LastIndexByte(inner, ':'); i >= 0 && !strings.ContainsAny(inner[i:], "]'\"") {
				inner, spec = inner[:i], inner[i+1:]
			}
			inner, _, _ = strings.Cut(inner, "!")
			x, err := value(strings.TrimSpace(inner))
			if err != nil {
				return term{}, err
			}
			f, err := formatTerm(x, spec)
			if err != nil {
				return term{}, err
			}
			flush()
			parts, safe = append(parts, f), safe && x.safe && spec == ""
		default:
			lit += text[:1]
			text = text[1:]
		}
	}
	flush()
	if len(parts) == 0 {
		parts = []string{`""`}
	}
	return term{code: strings.Join(parts, " + "), typ: "string", safe: safe, atom: len(parts) == 1}, nil
}

var pySpec = regexp.MustCompile(`^([<>^]?)(0?)(\d*)(,?)(?:\.(\d+))?([dfs%]?)$`)

// formatTerm writes a value by a format such as .2f or 05d.
func formatTerm(t term, spec string) (string, error) {
	m := pySpec.FindStringSubmatch(spec)
	if m == nil {
		return "", fmt.Errorf("the format %s is not supported", spec)
	}
	align, zero, width, comma, digits, kind := m[1], m[2], m[3], m[4], m[5], m[6]
	out := textOfTerm(t)
	if kind == "%" || kind == "f" {
		if digits == "" {
			digits = "6"
		}
	}
	number := t.number().code
	if kind == "%" {
		number = t.number().operand() + " * 100"
	}
	switch {
	case comma != "":
		if digits == "" {
			digits = "0"
		}
		out = "format_number(" + number + ", " + digits + ", \".\", \",\")"
	case digits != "" && kind != "s":
		out = "format(\"{:." + digits + "}\", " + number + ")"
	}
	if kind == "%" {
		out += ` + "%"`
	}
	if width == "" {
		return out, nil
	}
	switch {
	case align == "^":
		return "", errors.New("centred text is not supported")
	case align == "<", align == "" && zero == "" && t.typ == "string":
		return "pad_end(" + out + ", " + width + ")", nil
	case zero != "":
		return "pad_start(" + out + ", " + width + ", \"0\")", nil
	}
	return "pad_start(" + out + ", " + width + ")", nil
}
