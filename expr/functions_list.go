package expr

import (
	"slices"
	"strings"
)

var listFunctions = []Function{
	{Name: "len", Category: "list", Signature: "len(value)", Doc: "Counts the items of a list, the entries of a map or the characters of a text; nil counts 0.", Example: `len([1, 2])`, Result: `2`, min: 1, max: 1, shallow: true, aliases: []string{"length", "size"}, call: length},
	{Name: "first", Category: "list", Signature: "first(list)", Doc: "Gives the first item, or nil when there is none.", Example: `first([1, 2])`, Result: `1`, min: 1, max: 1, shallow: true, call: func(a *args) any { return end(a, 0) }},
	{Name: "last", Category: "list", Signature: "last(list)", Doc: "Gives the last item, or nil when there is none.", Example: `last([1, 2])`, Result: `2`, min: 1, max: 1, shallow: true, call: func(a *args) any { return end(a, -1) }},
	{Name: "take", Category: "list", Signature: "take(list, n)", Doc: "Gives the first n items.", Example: `take([1, 2, 3], 2)`, Result: `[1,2]`, min: 2, max: 2, shallow: true, call: func(a *args) any {
		l := a.outer(0)
		return l[:min(max(a.int(1), 0), len(l))]
	}},
	{Name: "drop", Category: "list", Signature: "drop(list, n)", Doc: "Gives all but the first n items.", Example: `drop([1, 2, 3], 2)`, Result: `[3]`, min: 2, max: 2, shallow: true, aliases: []string{"skip"}, call: func(a *args) any {
		l := a.outer(0)
		return l[min(max(a.int(1), 0), len(l)):]
	}},
	{Name: "reverse", Category: "list", Signature: "reverse(list)", Doc: "Turns a list, or the characters of a text, around.", Example: `reverse([1, 2, 3])`, Result: `[3,2,1]`, min: 1, max: 1, call: reverse},
	{Name: "contains", Category: "list", Signature: "contains(list, item)", Doc: "Tells whether a list has an item, a text a part, or a map a key.", Example: `contains([1, 2], 2)`, Result: `true`, min: 2, max: 2, aliases: []string{"includes", "has"}, call: func(a *args) any {
		b, err := holds(a.st, a.v[0], a.v[1])
		if err != nil {
			return a.fail(err)
		}
		return b
	}},
	{Name: "index_of", Category: "list", Signature: "index_of(list, item)", Doc: "Gives the place of an item in a list, or of a part in a text, counted from 0; -1 when it is not there.", Example: `index_of(["a", "b"], "b")`, Result: `1`, min: 2, max: 2, aliases: []string{"indexOf"}, call: indexOf(false)},
	{Name: "last_index_of", Category: "list", Signature: "last_index_of(list, item)", Doc: "Gives the last place of an item in a list, or of a part in a text; -1 when it is not there.", Example: `last_index_of("abab", "b")`, Result: `3`, min: 2, max: 2, aliases: []string{"lastIndexOf"}, call: indexOf(true)},
	{Name: "unique", Category: "list", Signature: "unique(list)", Doc: "Drops items that occurred before.", Example: `unique([1, 2, 1])`, Result: `[1,2]`, min: 1, max: 1, aliases: []string{"uniq", "distinct"}, call: func(a *args) any { l := a.list(0); return uniqueBy(a, l, l) }},
	{Name: "unique_by", Category: "list", Signature: "unique_by(list, key)", Doc: "Drops items whose value under key occurred before.", Example: `unique_by([{id: 1, a: 1}, {id: 1, a: 2}], "id")`, Result: `[{"a":1,"id":1}]`, min: 2, max: 2, call: func(a *args) any { l := a.list(0); return uniqueBy(a, l, a.keys(l)) }},
	{Name: "duplicates", Category: "list", Signature: "duplicates(list)", Doc: "Lists once each item that occurs more than once.", Example: `duplicates([1, 2, 1])`, Result: `[1]`, min: 1, max: 1, call: duplicates},
	{Name: "sort", Category: "list", Signature: `sort(list, "desc"?)`, Doc: "Sorts numbers and texts.", Example: `sort([3, 1, 2], "desc")`, Result: `[3,2,1]`, min: 1, max: 2, call: func(a *args) any { l := a.list(0); return a.sorted(l, l, 1) }},
	{Name: "sort_by", Category: "list", Signature: `sort_by(list, key, "desc"?)`, Doc: "Sorts maps by the value under key, which may be a path such as a.b.", Example: `sort_by([{n: 2}, {n: 1}], "n")`, Result: `[{"n":1},{"n":2}]`, min: 2, max: 3, call: func(a *args) any { l := a.list(0); return a.sorted(l, a.keys(l), 2) }},
	{Name: "group_by", Category: "list", Signature: "group_by(list, key)", Doc: "Puts items into lists by the value under key.", Example: `group_by([{k: "a", n: 1}, {k: "b", n: 2}], "k")`, Result: `{"a":[{"k":"a","n":1}],"b":[{"k":"b","n":2}]}`, min: 2, max: 2, call: groupBy},
	{Name: "key_by", Category: "list", Signature: "key_by(list, key)", Doc: "Makes a map of items by the value under key; the last of equal ones stays.", Example: `key_by([{k: "a", n: 1}], "k")`, Result: `{"a":{"k":"a","n":1}}`, min: 2, max: 2, aliases: []string{"index_by"}, call: keyBy},
	{Name: "pluck", Category: "list", Signature: "pluck(list, key)", Doc: "Lists the values under key.", Example: `pluck([{n: 2}, {n: 1}], "n")`, Result: `[2,1]`, min: 2, max: 2, call: func(a *args) any { return a.keys(a.list(0)) }},
	{Name: "chunk", Category: "list", Signature: "chunk(list, size)", Doc: "Cuts a list into lists of at most size items.", Example: `chunk([1, 2, 3], 2)`, Result: `[[1,2],[3]]`, min: 2, max: 2, call: chunk},
	{Name: "flatten", Category: "list", Signature: "flatten(list, depth?)", Doc: "Puts the items of inner lists in their place, at every depth unless one is given.", Example: `flatten([1, [2, [3]]])`, Result: `[1,2,3]`, min: 1, max: 2, call: flatten},
	{Name: "concat", Category: "list", Signature: "concat(list, list, ...)", Doc: "Puts lists one after the other.", Example: `concat([1], [2, 3])`, Result: `[1,2,3]`, min: 1, max: -1, call: concat},
	{Name: "append", Category: "list", Signature: "append(list, item, ...)", Doc: "Gives a list with items added at the end.", Example: `append([1], 2)`, Result: `[1,2]`, min: 2, max: -1, aliases: []string{"push"}, call: func(a *args) any {
		l := a.list(0)
		out := a.fresh(len(l) + len(a.v) - 1)
		a.st.built = true
		copy(out[copy(out, l):], a.v[1:])
		return out
	}},
	{Name: "compact", Category: "list", Signature: "compact(list)", Doc: "Drops nil and empty text.", Example: `compact([1, nil, ""])`, Result: `[1]`, min: 1, max: 1, call: func(a *args) any {
		return keep(a, a.list(0), func(v any) bool { return v != nil && v != "" })
	}},
	{Name: "zip", Category: "list", Signature: "zip(list, list, ...)", Doc: "Pairs the items of lists by place, up to the shortest.", Example: `zip([1, 2], ["a", "b"])`, Result: `[[1,"a"],[2,"b"]]`, min: 1, max: -1, call: zip},
	{Name: "range", Category: "list", Signature: "range(from, to, step?)", Doc: "Lists whole numbers from from up to but not including to.", Example: `range(0, 6, 2)`, Result: `[0,2,4]`, min: 1, max: 3, call: rangeList},
	{Name: "difference", Category: "list", Signature: "difference(list, other)", Doc: "Drops the items that are also in other.", Example: `difference([1, 2, 3], [2])`, Result: `[1,3]`, min: 2, max: 2, call: func(a *args) any { return overlap(a, false) }},
	{Name: "intersect", Category: "list", Signature: "intersect(list, other)", Doc: "Keeps the items that are also in other.", Example: `intersect([1, 2, 3], [3, 2])`, Result: `[2,3]`, min: 2, max: 2, call: func(a *args) any { return overlap(a, true) }},
	{Name: "union", Category: "list", Signature: "union(list, list, ...)", Doc: "Lists each item of any list once.", Example: `union([1, 2], [2, 3])`, Result: `[1,2,3]`, min: 1, max: -1, call: func(a *args) any {
		l, _ := concat(a).([]any)
		return uniqueBy(a, l, l)
	}},
	{Name: "join", Category: "list", Signature: "join(list, separator?)", Doc: "Writes the items of a list as one text.", Example: `join(["a", 1], ", ")`, Result: `"a, 1"`, min: 1, max: 2, call: join},
}

func length(a *args) any {
	switch v := a.v[0].(type) {
	case nil:
		return 0
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	case string:
		a.spend(len(v))
		n := 0
		for range v {
			n++
		}
		return n
	}
	a.wrong(0, "a list, map or text")
	return nil
}

// outer is list for functions that do not go through the items.
func (a *args) outer(i int) []any {
	l, ok := a.v[i].([]any)
	if !ok {
		a.wrong(i, "a list")
	}
	return l[:len(l):len(l)]
}

func end(a *args, i int) any {
	if a.v[0] == nil {
		return nil
	}
	if s, ok := a.v[0].(string); ok {
		if s == "" {
			return nil
		}
		v, err := character(a.st, s, i, a.node.args[0])
		if err != nil {
			return a.fail(err)
		}
		return v
	}
	l := a.outer(0)
	if len(l) == 0 {
		return nil
	}
	return l[(len(l)+i)%len(l)]
}

func reverse(a *args) any {
	if s, ok := a.v[0].(string); ok {
		if !a.room(5 * len(s)) {
			return nil
		}
		r := []rune(s)
		slices.Reverse(r)
		return string(r)
	}
	l := a.list(0)
	out := a.fresh(len(l))
	copy(out, l)
	slices.Reverse(out)
	return out
}

func indexOf(last bool) func(*args) any {
	return func(a *args) any {
		if s, ok := a.v[0].(string); ok {
			find := strings.Index
			if last {
				find = strings.LastIndex
			}
			a.spend(len(s))
			at := find(s, a.text(1))
			if at < 0 {
				return -1
			}
			return len([]rune(s[:at]))
		}
		l := a.list(0)
		if !last {
			i, err := position(a.st, l, a.v[1])
			if err != nil {
				return a.fail(err)
			}
			return i
		}
		for i := len(l) - 1; i >= 0; i-- {
			if eq, err := a.st.equalElems(l[i], a.v[1], 0); err != nil {
				return a.fail(err)
			} else if eq {
				return i
			}
		}
		return -1
	}
}

// identity gives a map key that is the same for equal values. Containers are
// written out, which is counted.
func (a *args) identity(v any) any {
	switch v := v.(type) {
	case []any, map[string]any:
		b, err := a.st.appendJSON(nil, v, "", 0)
		if err != nil {
			a.fail(err)
		}
		a.room(len(b))
		return struct{ json string }{string(b)}
	case float64:
		return number(v)
	case string:
		a.spend(len(v) / 8)
	}
	return v
}

func uniqueBy(a *args, l, keys []any) any {
	if a.err != nil || !a.room(entryBytes*len(l)) {
		return nil
	}
	seen := make(map[any]bool)
	out := []any{}
	for i, e := range l {
		k := a.identity(keys[i])
		if a.err != nil {
			return nil
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, e)
		}
	}
	return out
}

func duplicates(a *args) any {
	l := a.list(0)
	if !a.room(entryBytes * len(l)) {
		return nil
	}
	seen := make(map[any]int)
	out := []any{}
	for _, e := range l {
		k := a.identity(e)
		if a.err != nil {
			return nil
		}
		if seen[k]++; seen[k] == 2 {
			out = append(out, e)
		}
	}
	return out
}

func overlap(a *args, want bool) any {
	l, other := a.list(0), a.list(1)
	if !a.room(entryBytes * len(other)) {
		return nil
	}
	in := make(map[any]bool)
	for _, e := range other {
		if in[a.identity(e)] = true; a.err != nil {
			return nil
		}
	}
	return keep(a, l, func(v any) bool { return in[a.identity(v)] == want })
}

func keep(a *args, l []any, ok func(any) bool) any {
	if !a.room(slotBytes * len(l)) {
		return nil
	}
	out := []any{}
	for _, e := range l {
		if a.err != nil {
			return nil
		}
		if ok(e) {
			out = append(out, e)
		}
	}
	return out
}

// keys reads the path in argument 1 from every item.
func (a *args) keys(l []any) []any {
	path := a.text(1)
	steps, err := pathSteps(path)
	if err != nil {
		a.fail(err)
		return nil
	}
	out := a.fresh(len(l))
	a.spend(len(l) * 20 * (len(steps) + 1))
	a.st.built = true
	for k := range out {
		if a.err != nil {
			return nil
		}
		if out[k], err = a.st.follow(l[k], steps); err != nil {
			a.fail(err)
		}
	}
	return out
}
