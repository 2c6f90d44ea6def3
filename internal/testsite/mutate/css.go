package mutate

import "strings"

// change is what is done to a page.
type change struct {
	scramble
	level int
}

// css renames ids and classes in the selectors of a style sheet.
func (c change) css(sheet string) string {
	var b strings.Builder
	for sheet != "" {
		end := boundary(sheet)
		text := sheet[:end]
		if end < len(sheet) && sheet[end] == '{' && !strings.HasPrefix(strings.TrimSpace(text), "@") {
			text = c.selector(text)
		}
		b.WriteString(text)
		if end == len(sheet) {
			break
		}
		b.WriteByte(sheet[end])
		sheet = sheet[end+1:]
	}
	return b.String()
}

// boundary returns where the next ; { or } is that stands outside strings, comments and brackets.
func boundary(s string) int {
	depth := 0
	for i := 0; i < len(s); {
		switch ch := s[i]; {
		case ch == '"' || ch == '\'' || strings.HasPrefix(s[i:], "/*"):
			i += quoted(s[i:])
			continue
		case ch == '\\':
			i++
		case ch == '(' || ch == '[':
			depth++
		case ch == ')' || ch == ']':
			depth = max(0, depth-1)
		case ch == '{' || ch == '}':
			return i
		case ch == ';' && depth == 0:
			return i
		}
		i++
	}
	return len(s)
}

// quoted returns how long the string or comment is that s begins with.
func quoted(s string) int {
	if s[0] == '/' {
		if end := strings.Index(s[2:], "*/"); end >= 0 {
			return end + 4
		}
		return len(s)
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}

// selector renames #id, .class and the values of [id=…], [name=…], [for=…] and [class~=…] in a selector.
func (c change) selector(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		switch ch := s[i]; {
		case ch == '"' || ch == '\'' || strings.HasPrefix(s[i:], "/*"):
			n := quoted(s[i:])
			b.WriteString(s[i : i+n])
			i += n
		case ch == '[':
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				end = len(s) - i - 1
			}
			b.WriteString(c.attribute(s[i : i+end+1]))
			i += end + 1
		case (ch == '#' || ch == '.') && i+1 < len(s) && nameStart(s[i+1]):
			end := i + 1
			for end < len(s) && (nameStart(s[end]) || s[end] >= '0' && s[end] <= '9') {
				end++
			}
			name := s[i+1 : end]
			if ch == '#' {
				name = c.name(name)
			} else if c.level >= 2 {
				name = c.class(name)
			}
			b.WriteByte(ch)
			b.WriteString(name)
			i = end
		default:
			b.WriteByte(ch)
			i++
		}
	}
	return b.String()
}

func nameStart(ch byte) bool {
	return ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch == '_' || ch == '-' || ch >= 0x80
}

// attribute renames the value in a selector like [name="x"].
func (c change) attribute(s string) string {
	key, value, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"), "=")
	if !ok {
		return s
	}
	word := strings.TrimSpace(value)
	bare := strings.Trim(word, `"'`)
	switch strings.ToLower(strings.TrimSpace(key)) {
	case "id", "name", "for", "form", "list":
		bare = c.name(bare)
	case "class", "class~":
		if c.level >= 2 {
			bare = c.classes(bare)
		}
	default:
		return s
	}
	return "[" + key + `="` + bare + `"]`
}
