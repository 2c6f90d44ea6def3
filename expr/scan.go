package expr

import "strings"

// part is a piece of a param's text: literal text, or the source of one
// expression and the byte offset at which it starts.
type part struct {
	lit  string
	src  string
	off  int
	expr bool
}

const unclosedHint = `close the expression with }}, or write {{ "{{" }} for literal braces`

// split cuts text at its {{ }}.
func split(text string) ([]part, error) {
	var parts []part
	pos := 0
	for {
		open := strings.Index(text[pos:], "{{")
		if open < 0 {
			break
		}
		open += pos
		if open > pos {
			parts = append(parts, part{lit: text[pos:open]})
		}
		end, err := scanExpression(text, open)
		if err != nil {
			return nil, err
		}
		src := text[open+2 : end]
		if strings.TrimSpace(src) == "" {
			return nil, atByte(text, open, "the expression is empty", "write something between the braces, such as {{ vars.name }}")
		}
		if len(src) > maxSource {
			return nil, atByte(text, open, "the expression is too long", "compute part of it in a step before, and read the result here")
		}
		if len(parts) >= maxParts {
			return nil, atByte(text, open, "the text holds too many expressions", "build the text in a loop or with a template node")
		}
		parts = append(parts, part{src: src, off: open + 2, expr: true})
		pos = end + 2
	}
	if pos < len(text) {
		parts = append(parts, part{lit: text[pos:]})
	}
	return parts, nil
}

// scanExpression gives the offset of the }} that closes the {{ at open. It
// knows quotes, comments and nested braces, as all of these may hold }}.
func scanExpression(text string, open int) (int, error) {
	depth := 0
	for i := open + 2; i < len(text); i++ {
		switch c := text[i]; c {
		case '\'', '"':
			end := quoted(text, i)
			if end < 0 {
				return 0, atByte(text, i, "the quote opened here is not closed", "close it with "+string(c)+" on the same line; a quote inside is written \\"+string(c))
			}
			i = end
		case '`':
			end := strings.IndexByte(text[i+1:], '`')
			if end < 0 {
				return 0, atByte(text, i, "the backquote opened here is not closed", "close it with `")
			}
			i += end + 1 // a doubled backquote simply starts the next literal
		case '/':
			i = comment(text, i)
		case '{':
			depth++
		case '}':
			if depth > 0 {
				depth--
				continue
			}
			if i+1 < len(text) && text[i+1] == '}' {
				return i, nil
			}
			return 0, atByte(text, i, "this } has no matching {", unclosedHint)
		}
	}
	return 0, atByte(text, open, "{{ has no matching }}", unclosedHint)
}

// quoted gives the offset of the quote that closes the one at i, or -1.
func quoted(text string, i int) int {
	q := text[i]
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case '\n':
			return -1
		case q:
			return j
		}
	}
	return -1
}

// comment gives the last byte of a comment that starts at i, or i. A line
// comment also ends before }}, so that it cannot swallow the closing braces.
func comment(text string, i int) int {
	if i+1 >= len(text) {
		return i
	}
	switch text[i+1] {
	case '/':
		rest := text[i:]
		end := len(rest)
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			end = n
		}
		if n := strings.Index(rest[:end], "}}"); n >= 0 {
			end = n
		}
		return i + end - 1
	case '*':
		if n := strings.Index(text[i+2:], "*/"); n >= 0 {
			return i + 2 + n + 1
		}
	}
	return i
}
