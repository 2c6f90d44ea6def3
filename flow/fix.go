package flow

import (
	"reflect"
	"strings"
)

// Fixer makes fixes of problems of one file. A fix changes what its remedy says
// and nothing else: the text is read again to see that, or it is a word put in
// the place of another.
type Fixer struct {
	src    []byte
	bom    int
	root   *item // nil if the file cannot be read
	lines  []int
	budget int // bytes that may still be read to see what a fix does
}

// maxReread bounds how much is read again for the fixes of one file.
const maxReread = 16 << 20

// NewFixer returns the Fixer of a flow file.
func NewFixer(src []byte) *Fixer {
	x := &Fixer{src: src, bom: len(src) - len(trimBOM(src)), budget: maxReread}
	x.lines = lineStarts(src[x.bom:])
	x.root, _ = parse(src)
	return x
}

// Fix returns what mends a problem, nil if that is not known or cannot be said
// as an edit.
func (x *Fixer) Fix(p Problem) *Fix {
	if p.Remedy == nil {
		if word, ok := meant(p.Hint); ok && p.Line > 0 {
			return x.word(p, word)
		}
		return nil
	}
	if x.root == nil {
		return nil
	}
	r := p.Remedy
	steps, at, ok := x.steps(r.Path)
	var out []byte
	switch {
	case r.Do == Add:
		out = x.add(r, steps, at, ok)
	case !ok || len(steps) == 0:
	case r.Do == Remove:
		out = x.remove(steps, at)
	case r.Do == Write:
		if x.budget -= 2 * len(x.src); x.budget >= 0 {
			out, _ = Edit(x.src, Change{Path: steps, Value: r.Value})
		}
	}
	if out == nil {
		return nil
	}
	return &Fix{Title: r.Title, Edits: []TextEdit{difference(x.src, out)}}
}

// meant returns the name in a hint of DidYouMean.
func meant(hint string) (string, bool) {
	word, ok := strings.CutPrefix(hint, "did you mean ")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(word, "?")
}

// word writes a name where one that is nearly right stands.
func (x *Fixer) word(p Problem, name string) *Fix {
	at := x.offset(Pos{p.Line, p.Col})
	if at < len(x.src) && (x.src[at] == '"' || x.src[at] == '\'') {
		at++
	} else if !plainSafe(name) && !strings.Contains(name, ".") {
		return nil
	}
	end := at
	for end < len(x.src) && isWord(x.src[end], strings.Contains(name, ".")) {
		end++
	}
	old := string(x.src[at:end])
	if old == name || Nearest(old, []string{name}) != name || strings.Trim(name, wordBytes+".") != "" {
		return nil
	}
	if x.budget -= len(x.src); x.root != nil && x.budget >= 0 {
		// The name may be there already, as that of another entry.
		out := append(append(append([]byte{}, x.src[:at]...), name...), x.src[end:]...)
		if _, bad := parse(out); bad != nil {
			return nil
		}
	}
	return &Fix{Title: "Write " + name, Edits: []TextEdit{{at, end, name}}}
}

const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func isWord(b byte, dots bool) bool {
	return strings.IndexByte(wordBytes, b) >= 0 || dots && b == '.'
}

func (x *Fixer) offset(p Pos) int { return x.bom + offsetOf(x.src[x.bom:], x.lines, p) }

// steps follows a path; the item is the last one that is there.
func (x *Fixer) steps(path string) (steps []any, at *item, ok bool) {
	at = x.root
	for path != "" {
		next, rest := at.child(path)
		if next == nil {
			return steps, at, false
		}
		head := strings.TrimSuffix(path[:len(path)-len(rest)], ".")
		if list, isList := at.val.([]*item); isList {
			for i, e := range list {
				if e == next {
					steps = append(steps, i)
					break
				}
			}
		} else {
			steps = append(steps, head)
		}
		at, path = next, rest
	}
	return steps, at, true
}

// try returns the text with a part of it replaced if it then means what is
// wanted.
func (x *Fixer) try(from, to int, text string, want ...any) []byte {
	if x.budget -= len(x.src); x.budget < 0 || from < 0 || to < from || to > len(x.src) {
		return nil
	}
	out := make([]byte, 0, len(x.src)+len(text))
	out = append(append(append(out, x.src[:from]...), text...), x.src[to:]...)
	got, bad := parse(out)
	if bad != nil {
		return nil
	}
	have := got.plain()
	for _, w := range want {
		if reflect.DeepEqual(have, w) {
			return out
		}
	}
	return nil
}

// difference returns the smallest edit that makes one text of another.
func difference(a, b []byte) TextEdit {
	from := 0
	for from < len(a) && from < len(b) && a[from] == b[from] {
		from++
	}
	end := 0
	for end < len(a)-from && end < len(b)-from && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	// Not in the middle of a character.
	for from > 0 && from < len(b) && b[from]&0xc0 == 0x80 || from > 0 && from < len(a) && a[from]&0xc0 == 0x80 {
		from--
	}
	for end > 0 && a[len(a)-end]&0xc0 == 0x80 {
		end--
	}
	return TextEdit{from, len(a) - end, string(b[from : len(b)-end])}
}
