package worker

import (
	"strings"
	"unicode/utf8"
)

// Limits of what a script may print.
const (
	maxLogLines = 1000
	maxLogBytes = 64 << 10
)

// console collects what a script prints, up to its limits.
type console struct {
	lines []string
	size  int
	full  bool
}

func (c *console) print(s string) {
	switch {
	case c.full:
		return
	case len(c.lines) >= maxLogLines || c.size >= maxLogBytes:
		c.full = true
		c.lines = append(c.lines, "… the rest was dropped")
		return
	}
	if room := maxLogBytes - c.size; len(s) > room {
		for room > 0 && !utf8.RuneStart(s[room]) {
			room--
		}
		s = s[:room] + "…"
	}
	c.size += len(s)
	// The text may be a part of a huge one.
	c.lines = append(c.lines, strings.Clone(s))
}
