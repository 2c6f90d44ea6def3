package flow

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/value"
)

// add puts a key with its value first into the map at a path. The map is made
// if there is none and the one around it is there.
func (x *Fixer) add(r *Remedy, steps []any, at *item, there bool) []byte {
	key, val := r.Key, r.Value
	if !there {
		name := strings.TrimPrefix(strings.TrimPrefix(r.Path, x.head(steps)), ".")
		if strings.ContainsAny(name, ".[") {
			return nil
		}
		key, val = name, map[string]any{r.Key: r.Value}
	}
	empty := at.val == nil && !at.isMap()
	if !at.isMap() && !empty || at.isMap() && at.kids[key] != nil {
		return nil
	}
	want, err := replaced(x.root.plain(), steps, Change{Value: with(at, key, val)})
	if err != nil {
		return nil
	}
	line := inline(key) + ": " + inline(val)
	begin := x.offset(at.pos)
	if empty {
		return x.addToNothing(steps, line, want)
	}
	if begin < len(x.src) && x.src[begin] == '{' {
		if x.src[0] == '{' || x.bom > 0 && x.src[x.bom] == '{' {
			k, _ := value.JSON(key)
			v, _ := value.JSON(val)
			line = string(k) + ": " + string(v)
		}
		if len(at.keys) > 0 {
			line += ", "
		}
		if len(at.keys) > 0 && at.kpos[0].Line > at.pos.Line {
			// One entry a line: as the first one stands.
			first := x.offset(at.kpos[0])
			return x.try(first, first, strings.TrimSuffix(line, " ")+"\n"+strings.Repeat(" ", at.kpos[0].Col-1), want)
		}
		return x.try(begin+1, begin+1, line, want)
	}
	if len(at.keys) == 0 {
		return nil
	}
	after := 0 // a map that is made stands behind the id and the type of its node
	if !there {
		for i, k := range at.keys {
			if k == "id" || k == "type" || k == "title" || k == "name" {
				after = max(after, i+1)
			}
		}
	}
	indent := strings.Repeat(" ", at.kpos[0].Col-1)
	if !there {
		if m, ok := val.(map[string]any); ok {
			line = inline(key) + ":\n" + indent + "  " + inline(r.Key) + ": " + inline(m[r.Key])
		}
	}
	if after < len(at.keys) {
		first := x.offset(at.kpos[after])
		return x.try(first, first, line+"\n"+indent, want)
	}
	last := at.kids[at.keys[after-1]]
	end := x.lineEnd(x.offset(last.pos))
	return x.try(end, end, "\n"+indent+line, want)
}

// addToNothing writes a map behind a key that has no value.
func (x *Fixer) addToNothing(steps []any, line string, want any) []byte {
	if len(steps) == 0 {
		return nil
	}
	key, ok := steps[len(steps)-1].(string)
	if !ok {
		return nil
	}
	up := x.follow(steps[:len(steps)-1])
	pos := up.keyPos(key)
	colon := x.offset(pos) + len(key)
	if colon >= len(x.src) || x.src[colon] != ':' {
		return nil
	}
	end := x.lineEnd(colon)
	return x.try(end, end, "\n"+strings.Repeat(" ", pos.Col+1)+line, want)
}

func (x *Fixer) follow(steps []any) *item {
	it := x.root
	for _, s := range steps {
		switch at := s.(type) {
		case string:
			it = it.kids[at]
		case int:
			it = it.val.([]*item)[at]
		}
	}
	return it
}

// head returns the path that steps have gone.
func (x *Fixer) head(steps []any) string {
	var b strings.Builder
	for _, s := range steps {
		switch at := s.(type) {
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(at)
		case int:
			n, _ := value.JSON(at)
			b.WriteString("[" + string(n) + "]")
		}
	}
	return b.String()
}

func with(at *item, key string, val any) map[string]any {
	m, _ := at.plain().(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	m[key] = val
	return m
}

// remove takes an entry out: its lines, or what it is between commas.
func (x *Fixer) remove(steps []any, at *item) []byte {
	up := x.follow(steps[:len(steps)-1])
	begin, next := at.pos, -1
	want := x.without(steps, up)
	switch last := steps[len(steps)-1].(type) {
	case string:
		begin = up.keyPos(last)
		if i := slices.Index(up.keys, last); i+1 < len(up.keys) {
			next = x.offset(up.kpos[i+1])
		}
	case int:
		if list := up.val.([]*item); last+1 < len(list) {
			next = x.offset(list[last+1].pos)
		}
	}
	from := x.offset(begin)
	line := x.lineStart(from)
	if before := strings.TrimLeft(string(x.src[line:from]), " "); before == "" || before == "- " {
		if _, list := steps[len(steps)-1].(int); list == (before == "- ") {
			if out := x.try(line, x.blockEnd(line), "", want...); out != nil {
				return out
			}
		}
	}
	if next > from { // up to what follows, which then stands here
		if out := x.try(from, next, "", want...); out != nil {
			return out
		}
	}
	// The last one in brackets: with the comma before it.
	before := len(bytes.TrimRight(x.src[:from], " \t\r\n"))
	if before > 0 && x.src[before-1] == ',' {
		before--
	} else {
		before = from
	}
	ends := endsOf(x.src, from)
	if v := x.jsonEnd(x.offset(at.pos)); v > 0 {
		ends = []int{v}
	}
	for _, end := range ends[:min(len(ends), 20)] {
		if out := x.try(before, end, "", want...); out != nil {
			return out
		}
	}
	return nil
}

// without returns what the file means without an entry. What holds nothing any
// more may be nothing.
func (x *Fixer) without(steps []any, up *item) []any {
	var rest any
	switch last := steps[len(steps)-1].(type) {
	case string:
		m := maps.Clone(up.plain().(map[string]any))
		delete(m, last)
		rest = m
		if len(m) > 0 {
			break
		}
		return x.variants(steps, m, nil)
	case int:
		list := slices.Delete(slices.Clone(up.plain().([]any)), last, last+1)
		rest = list
		if len(list) == 0 {
			return x.variants(steps, list, nil)
		}
	}
	return x.variants(steps, rest)
}

func (x *Fixer) variants(steps []any, values ...any) []any {
	var out []any
	for _, v := range values {
		if w, err := replaced(x.root.plain(), steps[:len(steps)-1], Change{Value: v}); err == nil {
			out = append(out, w)
		}
	}
	return out
}

func (x *Fixer) jsonEnd(begin int) int {
	if trimmed := bytes.TrimSpace(x.src[x.bom:]); len(trimmed) == 0 || trimmed[0] != '{' {
		return 0
	}
	var one json.RawMessage
	d := json.NewDecoder(bytes.NewReader(x.src[begin:]))
	if d.Decode(&one) != nil {
		return 0
	}
	return begin + int(d.InputOffset())
}

func (x *Fixer) lineStart(at int) int {
	return max(x.bom, bytes.LastIndexByte(x.src[:at], '\n')+1)
}

// lineEnd returns where the line of a place ends, without its line break.
func (x *Fixer) lineEnd(at int) int {
	if i := bytes.IndexByte(x.src[at:], '\n'); i >= 0 {
		at += i
		if at > 0 && x.src[at-1] == '\r' {
			at--
		}
		return at
	}
	return len(x.src)
}

// blockEnd returns where the lines end that belong to the entry that begins on
// a line: those that stand further right.
func (x *Fixer) blockEnd(line int) int {
	indent := func(l []byte) int { return len(l) - len(bytes.TrimLeft(l, " ")) }
	first := true
	own, end := 0, line
	for at := line; at < len(x.src); {
		to := len(x.src)
		if i := bytes.IndexByte(x.src[at:], '\n'); i >= 0 {
			to = at + i + 1
		}
		l := x.src[at:to]
		switch {
		case first:
			own, first, end = indent(l), false, to
		case len(bytes.TrimSpace(l)) == 0:
		case indent(l) > own:
			end = to
		case indent(l) == own && bytes.HasPrefix(bytes.TrimLeft(l, " "), []byte("- ")) && !bytes.HasPrefix(bytes.TrimLeft(x.src[line:], " "), []byte("- ")):
			end = to // a list may stand below its key
		default:
			return end
		}
		at = to
	}
	return end
}

// inline writes a value on one line, as people write it.
func inline(v any) string {
	switch y := v.(type) {
	case map[string]any:
		parts := make([]string, 0, len(y))
		for _, k := range slices.Sorted(maps.Keys(y)) {
			parts = append(parts, inline(k)+": "+inline(y[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case string:
		if plainSafe(y) {
			return y
		}
		if y == "" {
			return "''"
		}
	}
	b, err := value.JSON(v)
	if err != nil {
		return "null"
	}
	return string(b)
}
