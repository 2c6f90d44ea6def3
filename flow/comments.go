package flow

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A comment belongs to an entry: a key with its value, or an element of a
// list. It stands above it, behind it, or below all of it. When the file is
// printed in canonical form, which may put entries in another order, the
// comments go with them.

// entry is a key with its value or an element of a list, where it begins.
type entry struct {
	path string
	pos  Pos
	col  int  // where its key or its dash stands
	up   int  // index of the entry around it, -1 for none
	flow bool // inside [ ] or { }
}

// entries lists all of them in the order of the file.
func entries(root *item, lines []string) []entry {
	var out []entry
	var walk func(it *item, path string, up int, inFlow bool)
	add := func(it *item, path string, e entry) {
		if e.up >= 0 && before(e.pos, out[e.up].pos) {
			return // what an alias stands for was written elsewhere
		}
		e.path = path
		out = append(out, e)
		walk(it, path, len(out)-1, e.flow)
	}
	walk = func(it *item, path string, up int, inFlow bool) {
		inFlow = inFlow || opens(lines, it.pos)
		for i, k := range it.keys {
			add(it.kids[k], path+"."+strconv.Quote(k), entry{pos: it.kpos[i], col: it.kpos[i].Col, up: up, flow: inFlow})
		}
		if list, ok := it.val.([]*item); ok {
			for i, e := range list {
				add(e, path+"["+strconv.Itoa(i)+"]", entry{pos: e.pos, col: dash(lines, e.pos), up: up, flow: inFlow})
			}
		}
	}
	walk(root, "", -1, false)
	return out
}

func before(a, b Pos) bool { return a.Line < b.Line || a.Line == b.Line && a.Col < b.Col }

// opens reports whether a list or map in brackets begins at p.
func opens(lines []string, p Pos) bool {
	if p.Line < 1 || p.Line > len(lines) {
		return false
	}
	rest := skip(lines[p.Line-1], p.Col-1)
	return strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, "{")
}

// dash returns the column of the dash before an element of a list.
func dash(lines []string, p Pos) int {
	if p.Line >= 1 && p.Line <= len(lines) {
		line := lines[p.Line-1]
		head := strings.TrimRight(line[:len(line)-len(skip(line, p.Col-1))], " \t")
		if strings.HasSuffix(head, "-") {
			return utf8.RuneCountInString(head)
		}
	}
	return max(1, p.Col-2)
}

// skip returns what follows the first n characters of s.
func skip(s string, n int) string {
	for ; n > 0 && s != ""; n-- {
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
	return s
}

// withComments puts the comments of src into text, the canonical form of the
// same flow.
func withComments(text string, printed *item, src string, root *item) string {
	lines := splitLines(src)
	found := scanComments(lines)
	if len(found) == 0 {
		return text
	}
	l := &layout{lines: splitLines(strings.TrimSuffix(text, "\n")), at: map[string]int{}, above: map[int][]string{}, behind: map[int][]string{}, below: map[int][]string{}}
	l.entries = entries(printed, l.lines)
	l.last = make([]int, len(l.entries))
	for i, e := range l.entries {
		l.at[e.path], l.last[i] = i, e.pos.Line
	}
	for i := len(l.entries) - 1; i >= 0; i-- {
		end := len(l.lines)
		if i+1 < len(l.entries) {
			end = l.entries[i+1].pos.Line - 1
		}
		l.last[i] = max(l.last[i], end)
		if up := l.entries[i].up; up >= 0 {
			l.last[up] = max(l.last[up], l.last[i])
		}
	}
	from := entries(root, lines)
	top := 0 // what stands above an empty line at the beginning is about the file
	for i, c := range found {
		if len(from) > 0 && before(c.pos, from[0].pos) && c.gap {
			top = i + 1
		}
	}
	for _, c := range found[:top] {
		l.top = append(l.top, c.lines()...)
	}
	for _, c := range found[top:] {
		l.place(c, from)
	}
	return l.String()
}

// layout is the printed text with the comments that go between its lines.
type layout struct {
	lines                []string
	entries              []entry
	last                 []int          // last line of each entry, with all that is in it
	at                   map[string]int // entry by path
	above, behind, below map[int][]string
	top, end             []string
}

// place finds the entry a comment belongs to, and its line in the print.
func (l *layout) place(c comment, from []entry) {
	next, _ := slices.BinarySearchFunc(from, c.pos, func(e entry, p Pos) int {
		if before(e.pos, p) {
			return -1
		}
		return 1
	})
	prev := next - 1
	anchor, below := next, false
	switch {
	case !c.alone && prev >= 0:
		// Behind the last entry on the line; entries in brackets count only if
		// the brackets began before.
		for anchor = prev; from[anchor].flow && from[anchor].up >= 0 && from[from[anchor].up].pos.Line == from[prev].pos.Line; {
			anchor = from[anchor].up
		}
		if j, same := l.printed(from, anchor); same {
			line := l.entries[j].pos.Line
			l.behind[line] = append(l.behind[line], c.text)
			return
		}
	case prev < 0:
	case next >= len(from) && c.pos.Col == 1:
		l.end = append(l.end, c.lines()...)
		return
	case next >= len(from) || c.pos.Col > from[next].col && from[next].up != prev && !from[next].flow:
		// Below the innermost entry that is not further right than the comment.
		below = true
		for anchor = prev; from[anchor].up >= 0 && (from[anchor].col > c.pos.Col || from[anchor].flow); {
			anchor = from[anchor].up
		}
	}
	if anchor < len(from) {
		if j, same := l.printed(from, anchor); j >= 0 {
			l.put(j, below && same, c.lines())
			return
		}
	}
	for ; next < len(from); next++ { // its entry says nothing and is not printed
		if j, same := l.printed(from, next); same {
			l.put(j, false, c.lines())
			return
		}
	}
	l.end = append(l.end, c.lines()...)
}

// printed returns the entry in the print for the entry i of the file, or for
// the closest one around it that is printed; -1 if there is none.
func (l *layout) printed(from []entry, i int) (j int, same bool) {
	for k := i; k >= 0; k = from[k].up {
		if j, ok := l.at[from[k].path]; ok {
			return j, k == i
		}
	}
	return -1, false
}

// put adds comment lines above or below an entry.
func (l *layout) put(j int, below bool, lines []string) {
	e := l.entries[j]
	where, line, pad := l.above, e.pos.Line, indentOf(l.lines[e.pos.Line-1])
	if below && !e.flow {
		where, line, pad = l.below, l.last[j], strings.Repeat(" ", e.col-1)
	}
	for _, c := range lines {
		if c != "" {
			c = pad + c
		}
		where[line] = append(where[line], c)
	}
}

func indentOf(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " "))] }

// String returns the print with its comments.
func (l *layout) String() string {
	out := l.top
	for i, text := range l.lines {
		out = append(out, l.above[i+1]...)
		switch behind := l.behind[i+1]; len(behind) {
		case 0:
		case 1:
			text += " " + behind[0]
		default:
			for _, c := range behind {
				out = append(out, indentOf(text)+c)
			}
		}
		out = append(append(out, text), l.below[i+1]...)
	}
	out = append(out, l.end...)
	for out[len(out)-1] == "" && len(l.end)+len(l.below[len(l.lines)]) > 0 {
		out = out[:len(out)-1]
	}
	return strings.Join(out, "\n") + "\n"
}

// splitLines splits text at all line breaks that YAML knows.
func splitLines(s string) []string {
	var out []string
	begin := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch r {
		case '\r':
			if strings.HasPrefix(s[i:], "\r\n") {
				n = 2
			}
		case '\n', 0x85, 0x2028, 0x2029:
		default:
			i += n
			continue
		}
		out = append(out, s[begin:i])
		i += n
		begin = i
	}
	return append(out, s[begin:])
}
