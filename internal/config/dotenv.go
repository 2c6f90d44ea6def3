package config

import (
	"strings"
	"unicode"
)

// line is a text with the number of the line it stands in, from 1.
type line struct {
	text string
	no   int
}

// parseDotenv reads NAME=value lines. It replaces nothing in values, so that a password with a $ is
// what it looks like; the error never repeats a line, since the lines are secrets. Values:
//
//	NAME=plain text # comment     trimmed; # begins a comment after a space
//	NAME='as it stands'           may go over lines
//	NAME="with \n \t \" \\"       may go over lines
//
// (godotenv expands $ in values, knows no line numbers, and quotes the file in its errors.)
func parseDotenv(file, text string) (map[string]line, []Problem) {
	vars := map[string]line{}
	var problems []Problem
	no := 1
	for text != "" {
		head, rest, _ := strings.Cut(text, "\n")
		first := no
		no++
		stmt := strings.TrimSpace(head)
		if stmt == "" || stmt[0] == '#' {
			text = rest
			continue
		}
		complain := func(message, remedy string) {
			problems = append(problems, Problem{Source: at(file, first), Message: message, Remedy: remedy})
		}
		if after, ok := strings.CutPrefix(stmt, "export"); ok && strings.TrimLeft(after, " \t") != after {
			stmt = strings.TrimSpace(after)
		}
		name, value, ok := strings.Cut(stmt, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
			complain("is not NAME=value", "Write NAME=value, or begin the line with # if it is a comment")
			text = rest
			continue
		}
		if value == "" || value[0] != '\'' && value[0] != '"' {
			vars[name] = line{plain(value), first}
			text = rest
			continue
		}
		// The quoted text may go on after this line: look for its end in all that is left.
		start := strings.Index(text, "=") + 1
		start += strings.IndexByte(text[start:], value[0])
		value, length, ok := quoted(text[start:])
		if !ok {
			complain("has a quoted value without a closing quote", "Add the closing quote")
			text = rest
			continue
		}
		tail, rest, _ := strings.Cut(text[start+length:], "\n")
		if tail = strings.TrimSpace(tail); tail != "" && tail[0] != '#' {
			complain("has text after the closing quote", `Put the whole value in quotes; write \" for a quote in it`)
		}
		vars[name] = line{value, first}
		no = first + 1 + strings.Count(text[:start+length], "\n")
		text = rest
	}
	return vars, problems
}

// plain ends an unquoted value at a # that follows a space.
func plain(value string) string {
	for i := 1; i < len(value); i++ {
		if value[i] == '#' && (value[i-1] == ' ' || value[i-1] == '\t') {
			return strings.TrimSpace(value[:i])
		}
	}
	return value
}

// quoted returns the text in the quotes that s begins with, and how long it is with them.
func quoted(s string) (text string, length int, ok bool) {
	var b strings.Builder
	mark := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == mark:
			return b.String(), i + 1, true
		case s[i] == '\\' && mark == '"' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			case '"', '\\', '$':
				b.WriteByte(s[i])
			default:
				b.WriteString(s[i-1 : i+1])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, false
}
