package expr

import (
	"strconv"
	"strings"
)

var mapFunctions = []Function{
	{Name: "keys", Category: "map", Signature: "keys(map)", Doc: "Lists the keys of a map in order.", Example: `keys({b: 1, a: 2})`, Result: `["a","b"]`, min: 1, max: 1, shallow: true, call: func(a *args) any {
		m := a.maps(0)
		if !a.room(3 * slotBytes * len(m)) {
			return nil
		}
		a.spend(200 * len(m))
		return plainList(sortedKeys(m))
	}},
	{Name: "values", Category: "map", Signature: "values(map)", Doc: "Lists the values of a map in the order of its keys.", Example: `values({b: 1, a: 2})`, Result: `[2,1]`, min: 1, max: 1, call: func(a *args) any {
		m := a.maps(0)
		out := a.fresh(len(m))
		for i, k := range sortedKeys(m) {
			if i < len(out) {
				out[i] = m[k]
			}
		}
		return out
	}},
	{Name: "entries", Category: "map", Signature: "entries(map)", Doc: "Lists the entries of a map as key and value, in the order of the keys.", Example: `entries({a: 1})`, Result: `[{"key":"a","value":1}]`, min: 1, max: 1, call: entries},
	{Name: "from_entries", Category: "map", Signature: "from_entries(list)", Doc: "Makes a map of entries, or of pairs of key and value.", Example: `from_entries([["a", 1], {key: "b", value: 2}])`, Result: `{"a":1,"b":2}`, min: 1, max: 1, aliases: []string{"fromPairs"}, call: fromEntries},
	{Name: "pairs", Category: "map", Signature: "pairs(map)", Doc: "Lists the entries of a map as lists of key and value.", Example: `pairs({a: 1})`, Result: `[["a",1]]`, min: 1, max: 1, aliases: []string{"toPairs"}, call: func(a *args) any {
		m := a.maps(0)
		out := a.fresh(4 * len(m))[:0]
		for _, k := range sortedKeys(m) {
			out = append(out, []any{k, m[k]})
		}
		return out
	}},
	{Name: "merge", Category: "map", Signature: "merge(map, map, ...)", Doc: "Puts maps together; later ones win.", Example: `merge({a: 1, b: 1}, {b: 2})`, Result: `{"a":1,"b":2}`, min: 1, max: -1, call: merge},
	{Name: "merge_deep", Category: "map", Signature: "merge_deep(map, map, ...)", Doc: "Puts maps together, and also maps within them; later ones win.", Example: `merge_deep({a: {x: 1}}, {a: {y: 2}})`, Result: `{"a":{"x":1,"y":2}}`, min: 1, max: -1, call: mergeDeep},
	{Name: "pick", Category: "map", Signature: "pick(map, key, ...)", Doc: "Keeps the given keys only; a list of keys will do too.", Example: `pick({a: 1, b: 2}, "a")`, Result: `{"a":1}`, min: 2, max: -1, call: func(a *args) any { return choose(a, true) }},
	{Name: "omit", Category: "map", Signature: "omit(map, key, ...)", Doc: "Drops the given keys; a list of keys will do too.", Example: `omit({a: 1, b: 2}, "a")`, Result: `{"b":2}`, min: 2, max: -1, call: func(a *args) any { return choose(a, false) }},
	{Name: "has_key", Category: "map", Signature: "has_key(map, key)", Doc: "Tells whether a map has a key, even one whose value is nil.", Example: `has_key({a: nil}, "a")`, Result: `true`, min: 2, max: 2, shallow: true, call: func(a *args) any {
		if a.v[0] == nil {
			return false
		}
		m, ok := a.v[0].(map[string]any)
		if !ok {
			a.wrong(0, "a map")
		}
		_, found := m[a.text(1)]
		return found
	}},
	{Name: "set", Category: "map", Signature: "set(map, key, value)", Doc: "Gives a map with one entry changed or added.", Example: `set({a: 1}, "b", 2)`, Result: `{"a":1,"b":2}`, min: 3, max: 3, call: func(a *args) any {
		m := a.maps(0)
		k := a.text(1)
		out := a.copied(m, 1)
		if out != nil {
			out[k] = a.v[2]
		}
		return out
	}},
	{Name: "rename_keys", Category: "map", Signature: "rename_keys(map, names)", Doc: "Renames keys by a map of old to new names.", Example: `rename_keys({a: 1, b: 2}, {a: "x"})`, Result: `{"b":2,"x":1}`, min: 2, max: 2, call: renameKeys},
	{Name: "get", Category: "map", Signature: "get(value, path, default?)", Doc: "Reads a path such as a.b[0] and gives default, or nil, where it ends early.", Example: `get({a: [{b: 1}]}, "a[0].b", 0)`, Result: `1`, min: 2, max: 3, shallow: true, call: get},
}

// copied gives a copy of m with room for extra entries, or nil and an error.
func (a *args) copied(m map[string]any, extra int) map[string]any {
	if !a.room(entryBytes * (len(m) + extra)) {
		return nil
	}
	a.st.built = true
	out := make(map[string]any, len(m)+extra)
	for k, v := range m {
		out[k] = v
	}
	return out
}

func entries(a *args) any {
	m := a.maps(0)
	if !a.room(8 * entryBytes * len(m)) {
		return nil
	}
	out := make([]any, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, map[string]any{"key": k, "value": m[k]})
	}
	return out
}

func fromEntries(a *args) any {
	l := a.list(0)
	out := a.copied(nil, len(l))
	for i, e := range l {
		var key, value any
		switch e := e.(type) {
		case []any:
			if len(e) == 2 {
				key, value = e[0], e[1]
			}
		case map[string]any:
			key, value = e["key"], e["value"]
		}
		k, ok := keyText(key)
		if !ok {
			return a.failf("from_entries needs a key and a value, but item %d has none", i)
		}
		if out != nil {
			out[k] = value
		}
	}
	return out
}

func merge(a *args) any {
	out := map[string]any{}
	a.st.built = true
	for i := range a.v {
		if a.v[i] == nil {
			continue // merging what may be missing is common
		}
		m := a.maps(i)
		if !a.room(entryBytes * len(m)) {
			return nil
		}
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func mergeDeep(a *args) any {
	out := a.copied(nil, 0)
	for i := range a.v {
		if a.v[i] == nil {
			continue
		}
		var err error
		if out, err = a.st.mergeDeep(out, a.maps(i), 0); err != nil {
			return a.fail(err)
		}
	}
	return out
}

func (st *state) mergeDeep(x, y map[string]any, depth int) (map[string]any, error) {
	if err := st.descend(len(x)+len(y), depth); err != nil {
		return nil, err
	}
	if err := st.grow(entryBytes * (len(x) + len(y))); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(x)+len(y))
	for k, v := range x {
		out[k] = v
	}
	for k, v := range y {
		a, ok1 := out[k].(map[string]any)
		b, ok2 := v.(map[string]any)
		if ok1 && ok2 {
			m, err := st.mergeDeep(a, b, depth+1)
			if err != nil {
				return nil, err
			}
			v = m
		}
		out[k] = v
	}
	return out, nil
}

func choose(a *args, want bool) any {
	m := a.maps(0)
	keys := a.v[1:]
	if l, ok := a.v[1].([]any); ok {
		keys = l
	}
	if !a.room(entryBytes * (len(keys) + len(m))) {
		return nil
	}
	named := make(map[string]bool, len(keys))
	for _, v := range keys {
		k, ok := keyText(v)
		if !ok {
			return a.failf("%s needs keys, not %s", a.node.f.Name, article(v))
		}
		named[k] = true
	}
	out := map[string]any{}
	for k, v := range m {
		if named[k] == want {
			out[k] = v
		}
	}
	return out
}

func renameKeys(a *args) any {
	m, names := a.maps(0), a.maps(1)
	out := a.copied(nil, len(m))
	if out == nil {
		return nil
	}
	// In the order of the keys, so that two names that meet always give the same.
	for _, k := range sortedKeys(m) {
		name := k
		if n, ok := names[k]; ok {
			if name, ok = keyText(n); !ok {
				return a.failf("rename_keys needs new names, not %s", article(n))
			}
		}
		out[name] = m[k]
	}
	return out
}

func get(a *args) any {
	steps := []string{}
	switch p := a.v[1].(type) {
	case int:
		steps = append(steps, strconv.Itoa(p))
	default:
		var err error
		if steps, err = pathSteps(a.text(1)); err != nil {
			return a.fail(err)
		}
	}
	v, err := a.st.follow(a.v[0], steps)
	if err != nil {
		return a.fail(err)
	}
	if v == nil && len(a.v) > 2 {
		return a.v[2]
	}
	return v
}

// pathSteps cuts a.b[0]["c d"] into a, b, 0 and c d.
func pathSteps(path string) ([]string, error) {
	if len(path) > 1000 {
		return nil, fail("a path has at most 1000 characters")
	}
	var steps []string
	for rest := path; rest != ""; {
		if rest[0] == '[' {
			inner, after, ok := strings.Cut(rest[1:], "]")
			if !ok {
				return nil, fail("the path %s has a [ without ]", excerpt(path, 40))
			}
			steps = append(steps, strings.Trim(inner, `"'`))
			rest = strings.TrimPrefix(after, ".")
			continue
		}
		n := strings.IndexAny(rest, ".[")
		if n < 0 {
			return append(steps, rest), nil
		}
		steps = append(steps, rest[:n])
		rest = strings.TrimPrefix(rest[n:], ".")
	}
	return steps, nil
}

// follow walks steps from v and gives nil where they lead nowhere.
func (st *state) follow(v any, steps []string) (any, error) {
	v, err := st.adopt(v)
	for _, s := range steps {
		if err != nil {
			return nil, err
		}
		switch c := v.(type) {
		case map[string]any:
			v, err = st.adopt(c[s])
		case []any:
			i, bad := strconv.Atoi(s)
			if i < 0 {
				i += len(c)
			}
			if bad != nil || i < 0 || i >= len(c) {
				return nil, nil
			}
			v, err = st.adopt(c[i])
		default:
			return nil, nil
		}
	}
	return v, err
}
