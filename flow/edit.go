package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/aether-rpa/aether/value"
)

// Change is one place of a flow file that Edit writes anew.
type Change struct {
	// Path leads to it from the root: keys of maps as string, places in lists as int.
	Path []any
	// Key is the new name of the key, where that changes and not the value; Value is the new value, canonical.
	Key   string
	Value any
}

// ErrNoEdit says that a place of a file cannot be written anew without touching others.
var ErrNoEdit = errors.New("the file cannot be changed in that place alone")

// maxEnds bounds how many ends of a value are tried: a value of so many lines is no target.
const maxEnds = 200

// Edit writes places of a flow file anew, YAML or JSON, and leaves every other byte as it is: comments, order and the
// way of writing. What the file means then is checked to be what it meant before, but for these places.
func Edit(src []byte, changes ...Change) ([]byte, error) {
	for _, c := range changes {
		root, bad := parse(src)
		if bad != nil {
			return nil, bad
		}
		want, err := replaced(root.plain(), c.Path, c)
		if err != nil {
			return nil, err
		}
		if src, err = edit(src, root, c, want); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// replaced returns a value with one place of it changed.
func replaced(v any, path []any, c Change) (any, error) {
	if len(path) == 0 {
		return c.Value, nil
	}
	switch at := path[0].(type) {
	case string:
		m, ok := v.(map[string]any)
		if _, there := m[at]; !ok || !there {
			return nil, fmt.Errorf("the flow has no %q there", at)
		}
		if len(path) == 1 && c.Key != "" {
			if _, taken := m[c.Key]; taken {
				return nil, fmt.Errorf("the flow has %q there already", c.Key)
			}
			m[c.Key] = m[at]
			delete(m, at)
			return m, nil
		}
		e, err := replaced(m[at], path[1:], c)
		m[at] = e
		return m, err
	case int:
		list, ok := v.([]any)
		if !ok || at < 0 || at >= len(list) {
			return nil, fmt.Errorf("the flow has no place %d there", at)
		}
		e, err := replaced(list[at], path[1:], c)
		list[at] = e
		return list, err
	}
	return nil, fmt.Errorf("%v is no step into a flow", path[0])
}

// edit makes one change.
func edit(src []byte, root *item, c Change, want any) ([]byte, error) {
	it, key := root, Pos{}
	for _, step := range c.Path {
		switch at := step.(type) {
		case string:
			key, it = it.keyPos(at), it.kids[at]
		case int:
			it = it.val.([]*item)[at]
		}
	}
	bom := len(src) - len(trimBOM(src))
	lines := lineStarts(src[bom:])
	offset := func(p Pos) int { return bom + offsetOf(src[bom:], lines, p) }
	begin := offset(it.pos)
	if c.Key != "" {
		begin = offset(key)
	}
	var ends []int
	if bytes.HasPrefix(bytes.TrimSpace(src[bom:]), []byte("{")) {
		// A decoder tells where a value of JSON ends, and a key too.
		var one json.RawMessage
		d := json.NewDecoder(bytes.NewReader(src[begin:]))
		if d.Decode(&one) == nil {
			ends = append(ends, begin+int(d.InputOffset()))
		}
	} else {
		ends = endsOf(src, begin)
	}
	var was byte
	if begin < len(src) {
		was = src[begin]
	}
	for _, text := range spellings(c, it, key, was) {
		from := begin
		if strings.HasPrefix(text, "\n") {
			from = len(bytes.TrimRight(src[:begin], " "))
		}
		if head := bytes.TrimRight(src[:begin], " \r\n\t"); c.Key == "" && it.pos.Line > key.Line && key.Line > 0 && !strings.Contains(text, "\n") && bytes.HasSuffix(head, []byte(":")) {
			from, text = len(head), " "+text // what fits goes behind its key
		}
		for _, end := range ends {
			out := make([]byte, 0, len(src)+len(text))
			out = append(append(append(out, src[:from]...), text...), src[end:]...)
			if got, bad := parse(out); bad == nil && reflect.DeepEqual(got.plain(), want) {
				return out, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: line %d", ErrNoEdit, it.pos.Line)
}

// offsetOf returns where a place is in a text.
func offsetOf(src []byte, lines []int, p Pos) int {
	if p.Line < 1 || p.Line > len(lines) {
		return 0
	}
	at := lines[p.Line-1]
	rest := string(src[at:])
	return at + len(rest) - len(skip(rest, p.Col-1))
}

// endsOf returns where a value that begins at a place of a YAML file may end: before what can follow a value on its own
// line, and at the end of each line after, the nearest first.
func endsOf(src []byte, begin int) []int {
	var ends []int
	first := true
	for at := begin; at < len(src) && len(ends) < maxEnds; at++ {
		switch src[at] {
		case '\n':
			end := at
			if end > begin && src[end-1] == '\r' {
				end--
			}
			ends = append(ends, len(bytes.TrimRight(src[:end], " \t")))
			first = false
		case ',', '}', ']', '#', ':':
			if first {
				ends = append(ends, len(bytes.TrimRight(src[:at], " \t")))
			}
		case '"', '\'':
			if first && at > begin {
				ends = append(ends, at+1)
			}
		}
	}
	return append(ends, len(src))
}

// spellings returns the ways to write a change, the one that reads best first. Was is the first byte of what stands
// there.
func spellings(c Change, it *item, key Pos, was byte) []string {
	v := c.Value
	if c.Key != "" {
		v = c.Key
	}
	var out []string
	block := false
	switch x := v.(type) {
	case string:
		// Without quotes, if what was there had none and it can be read so.
		if was != '"' && was != '\'' {
			out = append(out, x)
		}
	case map[string]any:
		block = true
	case []any:
		block = !short(x)
	}
	if text, err := ValueYAML(v); err == nil {
		lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
		switch {
		case len(lines) == 1:
			out = append(out, lines[0])
		case block && key.Line > 0:
			// A map or list on lines of its own stands two columns behind its key.
			indent := "\n" + strings.Repeat(" ", key.Col+1)
			if it.pos.Line > key.Line { // the old one stood there, too, and its first line is indented
				indent = "\n" + strings.Repeat(" ", it.pos.Col-1)
				out = append(out, strings.Join(lines, indent))
			} else {
				out = append(out, indent+strings.Join(lines, indent))
			}
		}
	}
	if b, err := value.JSON(v); err == nil {
		out = append(out, string(b))
	}
	return out
}
