package flow

import (
	"strings"
	"unicode/utf8"
)

// comment is one comment of a YAML file.
type comment struct {
	text  string // begins with #
	pos   Pos
	alone bool // nothing stands before it on its line
	gap   bool // an empty line follows
}

// lines returns the comment as it is printed between other lines.
func (c comment) lines() []string {
	if c.gap {
		return []string{c.text, ""}
	}
	return []string{c.text}
}

// scanComments finds the comments of a YAML file that is known to be valid: a
// # after white space that is in no quotes and in no block of text.
func scanComments(lines []string) []comment {
	var out []comment
	s := &scanner{}
	for i, line := range lines {
		if s.inBlock(line) {
			continue
		}
		at := s.line(line)
		if at < 0 {
			continue
		}
		head := line[:at]
		c := comment{text: strings.TrimRight(line[at:], " \t"), pos: Pos{i + 1, utf8.RuneCountInString(head) + 1}, alone: strings.TrimSpace(head) == ""}
		c.gap = c.alone && i+1 < len(lines) && strings.TrimSpace(lines[i+1]) == ""
		out = append(out, c)
	}
	return out
}

// scanner follows what is open from line to line.
type scanner struct {
	quote  byte // open quotes
	depth  int  // of open brackets
	block  bool // in a block of text
	outer  int  // indentation of what the block belongs to
	indent int  // of the block's text, -1 until it is known
}

// inBlock reports whether a line is part of a block of text.
func (s *scanner) inBlock(line string) bool {
	if !s.block {
		return false
	}
	text := strings.TrimLeft(line, " ")
	if strings.TrimSpace(text) == "" {
		return true
	}
	indent := len(line) - len(text)
	if s.indent < 0 && indent > s.outer {
		s.indent = indent
	}
	if s.indent >= 0 && indent >= s.indent {
		return true
	}
	s.block = false
	return false
}

// line reads a line that is in no block and returns where its comment begins,
// or -1.
func (s *scanner) line(line string) int {
	// outer is the indentation of the entry on this line: behind its dashes.
	outer := len(line) - len(strings.TrimLeft(line, " "))
	dashes := true
	token := s.quote == 0 // a value may begin here
	for i := 0; i < len(line); i++ {
		c := line[i]
		if s.quote != 0 {
			switch {
			case c == '\\' && s.quote == '"':
				i++
			case c == s.quote && c == '\'' && strings.HasPrefix(line[i+1:], "'"):
				i++
			case c == s.quote:
				s.quote = 0
			}
			token, dashes = false, false
			continue
		}
		spaceBefore := i == 0 || line[i-1] == ' ' || line[i-1] == '\t'
		spaceAfter := i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t'
		switch {
		case c == ' ' || c == '\t':
			continue
		case c == '#' && spaceBefore:
			return i
		case (c == '"' || c == '\'') && token:
			s.quote, token = c, false
		case (c == '[' || c == '{') && (token || s.depth > 0):
			s.depth++
			token = true
		case (c == ']' || c == '}') && s.depth > 0:
			s.depth--
			token = false
		case c == ',' && s.depth > 0:
			token = true
		case c == '-' && spaceAfter && dashes && s.depth == 0:
			token = true
			if rest := strings.TrimLeft(line[i+1:], " "); rest != "" && !isBlockHeader(rest) {
				outer = len(line) - len(rest)
			} else {
				outer = i
			}
			continue
		case (c == '?' || c == ':') && spaceAfter && dashes && s.depth == 0:
			token, outer = true, i
			continue
		case c == ':' && (spaceAfter || s.depth > 0):
			token = true
		case c == '?' && spaceAfter && token && s.depth > 0:
		case (c == '&' || c == '!') && token:
			for i+1 < len(line) && line[i+1] != ' ' && line[i+1] != '\t' {
				i++
			}
		case (c == '|' || c == '>') && token && s.depth == 0 && isBlockHeader(line[i:]):
			s.block, s.outer, s.indent = true, outer, -1
			for j := i + 1; j < len(line) && line[j] != ' '; j++ {
				if line[j] >= '1' && line[j] <= '9' {
					s.indent = outer + int(line[j]-'0')
				}
			}
			token = false
		default:
			token = false
		}
		dashes = false
	}
	return -1
}

// isBlockHeader reports whether rest is | or > with its signs, and nothing
// else but a comment.
func isBlockHeader(rest string) bool {
	if rest == "" || rest[0] != '|' && rest[0] != '>' {
		return false
	}
	rest = strings.TrimLeft(rest[1:], "+-0123456789")
	return rest == "" || strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "\t")
}
