package db

import (
	"errors"
	"fmt"
	"strings"
)

// mostNested is how deep an array of PostgreSQL may be; the server allows 6.
const mostNested = 16

// fromArray reads an array as PostgreSQL writes it, such as {1,NULL,"a b"}, or
// [0:1]={1,2} where it does not begin at 1.
func fromArray(elem, s string, exact bool) (any, error) {
	if strings.HasPrefix(s, "[") {
		if _, after, ok := strings.Cut(s, "="); ok {
			s = after
		}
	}
	p := arrayReader{s: s, elem: elem, exact: exact}
	v, err := p.list(0)
	if err == nil && p.s != "" {
		err = errors.New("something follows the array")
	}
	return v, err
}

type arrayReader struct {
	s     string
	elem  string
	exact bool
}

var errArray = errors.New("the array is cut short")

func (p *arrayReader) list(depth int) (any, error) {
	if depth > mostNested || !strings.HasPrefix(p.s, "{") {
		return nil, errors.New("this is no array")
	}
	p.s = p.s[1:]
	out := []any{}
	if strings.HasPrefix(p.s, "}") {
		p.s = p.s[1:]
		return out, nil
	}
	for {
		v, err := p.item(depth)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if p.s == "" {
			return nil, errArray
		}
		sign := p.s[0]
		p.s = p.s[1:]
		switch sign {
		case '}':
			return out, nil
		case ',', ';': // the latter parts boxes
		default:
			return nil, errArray
		}
	}
}

func (p *arrayReader) item(depth int) (any, error) {
	switch {
	case strings.HasPrefix(p.s, "{"):
		return p.list(depth + 1)
	case strings.HasPrefix(p.s, `"`):
		var b strings.Builder
		for i := 1; i < len(p.s); i++ {
			switch c := p.s[i]; c {
			case '"':
				p.s = p.s[i+1:]
				return fromPostgres(p.elem, b.String(), p.exact)
			case '\\':
				if i++; i < len(p.s) {
					b.WriteByte(p.s[i])
				}
			default:
				b.WriteByte(c)
			}
		}
		return nil, errArray
	}
	i := strings.IndexAny(p.s, ",;}")
	if i < 0 {
		return nil, errArray
	}
	text := p.s[:i]
	p.s = p.s[i:]
	if text == "NULL" {
		return nil, nil
	}
	return fromPostgres(p.elem, text, p.exact)
}

// arrayText writes a list as PostgreSQL reads it.
func arrayText(list []any) (string, error) {
	var b strings.Builder
	err := writeArray(&b, list, 0)
	return b.String(), err
}

func writeArray(b *strings.Builder, list []any, depth int) error {
	if depth > mostNested {
		return errors.New("the list is nested too deep for an array")
	}
	b.WriteByte('{')
	for i, v := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		if l, ok := v.([]any); ok {
			if err := writeArray(b, l, depth+1); err != nil {
				return err
			}
			continue
		}
		arg, err := argument(v)
		if err != nil {
			return fmt.Errorf("element %d: %w", i+1, err)
		}
		switch x := textArg(arg).(type) {
		case nil:
			b.WriteString("NULL")
		case string:
			writeElement(b, x)
		case jsonArg:
			writeElement(b, x.text)
		case []byte:
			writeElement(b, fmt.Sprintf(`\x%x`, x))
		}
	}
	b.WriteByte('}')
	return nil
}

func writeElement(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}
