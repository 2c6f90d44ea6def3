package casare

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// compute is the row of a type that only computes: its outputs are expressions,
// kept by a map.create.
func compute(from string, entries params) mapping {
	m := mapping{from: from, to: "map.create", in: params{"entries": entries}, out: outs{}}
	for name := range entries {
		m.out[name] = "$.map." + name
	}
	return m
}

func (m mapping) with(change func(m *mapping)) mapping {
	change(&m)
	return m
}

func (m mapping) aka(pairs ...string) mapping {
	m.alias = maps.Clone(m.alias)
	if m.alias == nil {
		m.alias = map[string]string{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		m.alias[pairs[i]] = pairs[i+1]
	}
	return m
}

func (m mapping) defaults(d params) mapping { m.def = d; return m }

func (m mapping) typed(pairs ...string) mapping {
	m.types = map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m.types[pairs[i]] = pairs[i+1]
	}
	return m
}

// as gives a row under the name of a super node's action.
func (m mapping) as(from string) mapping { m.from = from; return m }

func init() {
	register(
		// Lists.
		compute("CreateListNode", params{"list": "=$items"}).with(func(m *mapping) {
			m.prepare = func(c *converter, s *step, m *mapping) {
				m.in = params{"entries": params{"list": c.numbered(s, "item_", "item")}}
			}
		}),
		mapping{from: "ListGetItemNode", to: "list.get", in: params{"list": "$list", "index": "$index"}, out: outs{"item": "$.item"}}.aka("list", "items input_list").typed("index", "int", "list", "list"),
		mapping{from: "ListLengthNode", to: "list.length", in: params{"list": "=$list ?? []"}, out: outs{"length": "$.length"}}.aka("list", "items input_list").typed("list", "list"),
		mapping{from: "ListAppendNode", to: "list.append", in: params{"list": "=$list ?? []", "item": "$item"}, out: outs{"result": "$.list"}}.aka("list", "items input_list", "item", "value").typed("list", "list"),
		compute("ListContainsNode", params{"contains": "contains($list, $item)", "index": "index_of($list, $item)"}).aka("list", "items input_list", "item", "value search").typed("list", "list"),
		compute("ListSliceNode", params{"result": "$list[$start:$end ?? len($list)]"}).aka("list", "items input_list").typed("list", "list", "start", "int", "end", "int").defaults(params{"start": 0}),
		mapping{from: "ListJoinNode", to: "list.join", in: params{"list": "$list", "separator": "$separator"}, out: outs{"result": "$.text"}}.aka("list", "items input_list", "separator", "delimiter").typed("list", "list"),
		compute("ListSortNode", params{"result": "=[]"}).with(func(m *mapping) { m.prepare = sortRow("result", "key_path", "reverse") }).aka("list", "items input_list", "reverse", "descending").typed("list", "list"),
		mapping{from: "ListReverseNode", to: "list.reverse", in: params{"list": "$list"}, out: outs{"result": "$.list"}}.aka("list", "items input_list").typed("list", "list"),
		mapping{from: "ListUniqueNode", to: "list.unique", in: params{"list": "$list"}, out: outs{"result": "$.list"}}.aka("list", "items input_list").typed("list", "list"),
		mapping{from: "ListFilterNode", to: "list.partition", in: params{"list": "$list"}, out: outs{"result": "$.matching", "removed": "$.others"}, prepare: filterRow}.aka("list", "items input_list", "value", "filter_value compare_value").typed("list", "list", "value", ""),
		compute("ListMapNode", params{"result": "=[]"}).with(func(m *mapping) { m.prepare = mapRow }).aka("list", "items input_list", "transform", "operation").typed("list", "list"),
		compute("ListReduceNode", params{"result": "=nil"}).with(func(m *mapping) { m.prepare = reduceRow }).aka("list", "items input_list").typed("list", "list"),
		compute("ListFlattenNode", params{"result": "flatten($list, $depth)"}).aka("list", "items input_list").typed("list", "list"),

		// Dictionaries.
		compute("DictGetNode", params{"value": "has_key($dict ?? {}, $key) ? ($dict)[$key] : $default", "found": "has_key($dict ?? {}, $key)"}).aka("default", "default_value").typed("dict", "dict", "key", "string"),
		compute("DictSetNode", params{"result": "set($dict ?? {}, $key, $value)"}).typed("dict", "dict", "key", "string"),
		compute("DictRemoveNode", params{"result": "omit($dict ?? {}, $key)", "removed_value": "($dict ?? {})[$key]"}).typed("dict", "dict", "key", "string"),
		mapping{from: "DictMergeNode", to: "map.merge", in: params{"maps": []any{"=$dict_1 ?? {}", "=$dict_2 ?? {}"}}, out: outs{"result": "$.map"}}.aka("dict_1", "dict1", "dict_2", "dict2").typed("dict_1", "dict", "dict_2", "dict"),
		mapping{from: "DictKeysNode", to: "map.keys", in: params{"map": "=$dict ?? {}"}, out: outs{"keys": "$.keys", "count": "$.count"}}.typed("dict", "dict"),
		mapping{from: "DictValuesNode", to: "map.values", in: params{"map": "=$dict ?? {}"}, out: outs{"values": "$.values", "count": "len($.values)"}}.typed("dict", "dict"),
		compute("DictHasKeyNode", params{"has_key": "has_key($dict ?? {}, $key)"}).typed("dict", "dict", "key", "string"),
		compute("CreateDictNode", params{"dict": "={}"}).with(func(m *mapping) {
			m.prepare = func(c *converter, s *step, m *mapping) { c.keyValues(s, m, "dict") }
		}),
		mapping{from: "DictToJsonNode", to: "json.format", in: params{"value": "$dict", "indent": "=$indent ?? 0", "spaced": true, "ascii": "$ensure_ascii"}, out: outs{"json_string": "$.text"}}.typed("dict", "", "indent", "int"),
		mapping{from: "DictItemsNode", to: "map.entries", in: params{"map": "=$dict ?? {}"}, out: outs{"items": "$.entries", "count": "len($.entries)"}}.typed("dict", "dict"),
		mapping{from: "JsonParseNode", to: "json.parse", in: params{"text": "$json_string", "mode": "lenient"}, out: outs{"data": "$.value"}}.aka("json_string", "json text input"),
		compute("GetPropertyNode", params{"value": "get($object, $property_path)"}).aka("object", "dict data", "property_path", "path key property").typed("object", ""),

		// Super nodes.
		compute("ListSuperNode/Create List", params{"list": "=[]", "length": "=0"}).with(func(m *mapping) {
			m.prepare = func(c *converter, s *step, m *mapping) {
				m.in = params{"entries": params{"list": c.numbered(s, "item", "item_")}}
				m.out["length"] = "len($.map.list)"
			}
		}),
		compute("ListSuperNode/Get Item", params{"item": `get($list, "[" + string($index < 0 ? len($list) + $index : $index) + "]") ?? ($default_value == "" ? nil : $default_value)`, "found": "$index < len($list) and $index >= -len($list)"}).typed("list", "list", "index", "int"),
		compute("ListSuperNode/Length", params{"length": "len($list)", "is_empty": "len($list) == 0"}).typed("list", "list"),
		compute("ListSuperNode/Contains", params{"contains": "contains($list, $item)", "index": "index_of($list, $item)", "count": "count($list, # == $item)"}).typed("list", "list", "item", ""),
		compute("ListSuperNode/Append", params{"list": `$position == "start" ? concat($extend ? $item : [$item], $list ?? []) : $position == "index" ? concat(take($list ?? [], $insert_index), $extend ? $item : [$item], drop($list ?? [], $insert_index)) : concat($list ?? [], $extend ? $item : [$item])`}).typed("list", "list", "item", "").with(func(m *mapping) { m.out["length"] = "len($.map.list)" }),
		compute("ListSuperNode/Slice", params{"slice": "=[]"}).typed("list", "list", "start", "int", "end", "int").defaults(params{"start": 0}).with(func(m *mapping) {
			m.in = params{"entries": params{"slice": "$step == 1 ? $list[$start:$end ?? len($list)] : $step < 0 ? filter(reverse($list[$start:$end ?? len($list)]), mod(#index, -$step) == 0) : filter($list[$start:$end ?? len($list)], mod(#index, $step) == 0)"}}
			m.out["length"] = "len($.map.slice)"
		}),
		compute("ListSuperNode/Sort", params{"sorted": "=[]"}).with(func(m *mapping) { m.prepare = sortRow("sorted", "sort_key", "descending") }).typed("list", "list").with(func(m *mapping) { m.out["length"] = "len($.map.sorted)" }),
		compute("ListSuperNode/Reverse", params{"reversed": "reverse($list)", "length": "len($list)"}).typed("list", "list"),
		compute("ListSuperNode/Unique", params{"unique": "unique($list)", "duplicates_removed": "len($list) - len(unique($list))"}).typed("list", "list").with(func(m *mapping) { m.out["length"] = "len($.map.unique)" }),
		mapping{from: "ListSuperNode/Filter", to: "list.partition", in: params{"list": "$list"}, out: outs{"filtered": "$.matching", "rejected": "$.others", "length": "len($.matching)"}, prepare: superExpr("where", true)}.typed("list", "list"),
		mapping{from: "ListSuperNode/Map", to: "list.map", in: params{"list": "$list"}, out: outs{"mapped": "$.list", "length": "len($.list)"}, prepare: superExpr("to", false)}.typed("list", "list"),
		compute("ListSuperNode/Reduce", params{"result": "=nil"}).typed("list", "list", "initial", "").with(func(m *mapping) {
			m.prepare = func(c *converter, s *step, m *mapping) {
				op := map[string]string{"sum": "sum($list, float(#)) + ($initial ?? 0)", "product": "reduce($list, #acc * float(#), $initial ?? 1)", "min": "min($list)", "max": "max($list)", "concat": `join($list, "")`}
				text := op[textOf(s, "reduce_operation", "sum")]
				if text == "" {
					text = c.customReduction(s)
				}
				m.in = params{"entries": params{"result": text}}
			}
		}),
		compute("ListSuperNode/Flatten", params{"flattened": "$depth < 0 ? flatten($list) : flatten($list, $depth)"}).typed("list", "list").with(func(m *mapping) { m.out["length"] = "len($.map.flattened)" }),
		compute("ListSuperNode/Join", params{"result": "join($list, $separator)"}).typed("list", "list"),

		compute("DictSuperNode/Create Dict", params{"dict": "={}"}).with(func(m *mapping) {
			m.prepare = func(c *converter, s *step, m *mapping) { c.keyValues(s, m, "dict"); m.out["count"] = "len($.map.dict)" }
		}),
		compute("DictSuperNode/Get Value", params{"value": `has_key($dict ?? {}, $key) ? ($dict)[$key] : ($default_value == "" ? nil : $default_value)`, "found": "has_key($dict ?? {}, $key)"}).typed("dict", "dict", "key", "string"),
		compute("DictSuperNode/Get Property", params{"value": `get($dict, replace($path, $separator, ".")) ?? ($default_value == "" ? nil : $default_value)`, "found": `get($dict, replace($path, $separator, ".")) != nil`}).aka("path", "key property_path").typed("dict", "dict", "path", "string"),
		compute("DictSuperNode/Has Key", params{"has_key": "has_key($dict ?? {}, $key)"}).typed("dict", "dict", "key", "string"),
		compute("DictSuperNode/Get Keys", params{"keys": "keys($dict ?? {})", "count": "len($dict)"}).typed("dict", "dict"),
		compute("DictSuperNode/Get Values", params{"values": "values($dict ?? {})", "count": "len($dict)"}).typed("dict", "dict"),
		compute("DictSuperNode/Get Items", params{"items": "entries($dict ?? {})", "count": "len($dict)"}).typed("dict", "dict"),
		compute("DictSuperNode/Set Value", params{"dict": "set($dict ?? {}, $key, $value)", "previous": "($dict ?? {})[$key]", "was_update": "has_key($dict ?? {}, $key)"}).typed("dict", "dict", "key", "string", "value", "").with(func(m *mapping) { m.prepare = setPath }),
		compute("DictSuperNode/Remove Key", params{"dict": "omit($dict ?? {}, $key)", "removed_value": "($dict ?? {})[$key]", "was_removed": "has_key($dict ?? {}, $key)"}).typed("dict", "dict", "key", "string"),
		mapping{from: "DictSuperNode/Merge", to: "map.merge", in: params{"maps": []any{"=$dict1 ?? {}", "=$dict2 ?? {}"}, "deep": "$deep_merge", "conflict": `$overwrite ? "last" : "first"`}, out: outs{"merged": "$.map", "count": "len($.map)"}}.aka("dict1", "dict_1 dict", "dict2", "dict_2").typed("dict1", "dict", "dict2", "dict"),
		mapping{from: "DictSuperNode/Parse JSON", to: "json.parse", in: params{"text": "$json_string", "mode": "lenient"}, out: outs{"data": "$.value"}}.aka("json_string", "json text data"),
		mapping{from: "DictSuperNode/To JSON", to: "json.format", in: params{"value": "$data", "indent": "$indent", "spaced": true, "ascii": "$ensure_ascii"}, out: outs{"json_string": "$.text"}}.aka("data", "dict").typed("data", ""),
	)
}

// textOf returns a text of the config.
func textOf(s *step, key, otherwise string) string {
	if t, ok := s.config[key].(string); ok && t != "" {
		return t
	}
	return otherwise
}

// numbered returns the values of item_1, item_2 and so on as a list.
func (c *converter) numbered(s *step, prefixes ...string) any {
	var out []any
	for i := 1; i <= 50; i++ {
		n := literal(i).expr()
		name := ""
		for _, p := range prefixes {
			if _, ok := s.config[p+n]; ok {
				name = p + n
			}
			if _, ok := c.dataIn[s.id][p+n]; ok {
				name = p + n
			}
		}
		if name == "" {
			continue
		}
		out = append(out, "$"+name)
	}
	if list, ok := s.config["items"]; ok && out == nil && list != nil {
		return "$items"
	}
	if out == nil {
		return []any{}
	}
	return out
}

// keyValues makes a dictionary of key_1, value_1 and so on.
func (c *converter) keyValues(s *step, m *mapping, port string) {
	entries := ""
	fixed := params{}
	plainKeys := true
	for i := 1; i <= 50; i++ {
		n := literal(i).expr()
		for _, p := range []string{"_", ""} {
			k, v := "key"+p+n, "value"+p+n
			if a := c.arg(s, m, k); a.isSet {
				if a.isLit() {
					name, _ := a.as("string").plain().(string)
					if name == "" {
						continue
					}
					plainKeys = plainKeys && ident.MatchString(name)
					fixed[name] = "$" + v
					entries += quote(name) + ": $" + v + ", "
				} else {
					plainKeys = false
					entries += "(string($" + k + ")): $" + v + ", "
				}
			}
		}
	}
	if plainKeys {
		m.in = params{"entries": params{port: fixed}}
	} else {
		m.in = params{"entries": params{port: "={" + strings.TrimSuffix(entries, ", ") + "}"}}
	}
}

// setPath sets a value below other dictionaries, which are made where they are
// not there, if the key is a path.
func setPath(c *converter, s *step, m *mapping) {
	sep := textOf(s, "separator", ".")
	key, _ := c.arg(s, m, "key").plain().(string)
	steps := strings.Split(key, sep)
	if len(steps) < 2 || slices.Contains(steps, "") || c.arg(s, m, "create_path").plain() == false {
		return
	}
	value, path := "$value", ""
	for i := len(steps) - 1; i > 0; i-- {
		at := "get($dict, " + quote(strings.Join(steps[:i], ".")) + ")"
		value = "set(" + at + " ?? {}, " + quote(steps[i]) + ", " + value + ")"
	}
	path = quote(strings.Join(steps, "."))
	m.in = params{"entries": params{"dict": "set($dict ?? {}, " + quote(steps[0]) + ", " + value + ")", "previous": "get($dict, " + path + ")", "was_update": "get($dict, " + path + ") != nil"}}
}

// sortRow sorts a list, by a path in its items if one is given.
func sortRow(port, path, back string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		by, order := "sort($list", ""
		if v := c.arg(s, m, path); !v.isLit() {
			by = "$" + path + ` == "" ? sort($list) : sort_by($list, $` + path
		} else if v.isSet && v.plain() != "" {
			by = "sort_by($list, $" + path
		}
		switch v := c.arg(s, m, back); {
		case !v.isLit():
			order = ", $" + back + ` ? "desc" : "asc"`
		case v.plain() == true:
			order = `, "desc"`
		}
		m.in = params{"entries": params{port: "=" + by + order + ")"}}
	}
}

// filterRow turns the conditions of ListFilterNode into an expression over item.
func filterRow(c *converter, s *step, m *mapping) {
	x := "item"
	if path := textOf(s, "key_path", ""); path != "" {
		x = "get(item, " + quote(path) + ")"
	}
	where := map[string]string{
		"equals": x + " == $value", "not_equals": x + " != $value", "contains": "contains(" + x + ", $value)", "starts_with": "starts_with(string(" + x + "), string($value))",
		"ends_with": "ends_with(string(" + x + "), string($value))", "greater_than": "float(" + x + ") > float($value)", "less_than": "float(" + x + ") < float($value)",
		"is_not_none": x + " != nil", "is_none": x + " == nil", "is_truthy": "truthy(" + x + ")", "is_falsy": "not truthy(" + x + ")",
	}[textOf(s, "condition", "is_not_none")]
	if where == "" {
		where = x + " != nil"
		c.report.attention(s, "it has no condition "+textOf(s, "condition", ""), "it keeps the items that are not nil")
	}
	switch {
	case strings.Contains(where, ">") || strings.Contains(where, "<"), strings.HasPrefix(where, "contains"):
		where = "if_error(" + where + ", false)"
	case strings.Contains(where, "== $value"), strings.Contains(where, "!= $value"):
		// A number in a config may be text, and the other way round.
		if v := c.arg(s, m, "value"); v.isLit() && v.kindOf() == "string" {
			where = strings.ReplaceAll(strings.ReplaceAll(where, x, "string("+x+")"), "$value", "string($value)")
		}
	}
	m.in["where"] = "=" + where
}

func mapRow(c *converter, s *step, m *mapping) {
	x := "#"
	if path := textOf(s, "key_path", ""); path != "" {
		x = "get(#, " + quote(path) + ")"
	}
	to := map[string]string{"get_property": x, "to_string": "python_str(" + x + ")", "to_int": "int(" + x + ")", "to_float": "float(" + x + ")", "to_upper": "upper(string(" + x + "))", "to_lower": "lower(string(" + x + "))", "trim": "trim(string(" + x + "))", "length": "len(" + x + ")"}[textOf(s, "transform", textOf(s, "operation", "to_string"))]
	if to == "" {
		to = x
		c.report.attention(s, "it has no transformation "+textOf(s, "transform", ""), "the items stay as they are")
	}
	m.in = params{"entries": params{"result": "map($list, " + to + ")"}}
}

func reduceRow(c *converter, s *step, m *mapping) {
	list := "$list"
	if path := textOf(s, "key_path", ""); path != "" {
		list = "map($list, get(#, " + quote(path) + "))"
	}
	to := map[string]string{
		"sum": "sum(" + list + ", float(#)) + ($initial ?? 0)", "product": "reduce(" + list + ", #acc * float(#), $initial ?? 1)", "min": "min(" + list + ")", "max": "max(" + list + ")",
		"avg": "avg(map(" + list + ", float(#)))", "count": "len($list)", "first": "first(" + list + ")", "last": "last(" + list + ")", "join": "join(" + list + `, string($initial ?? ""))`,
	}[textOf(s, "operation", "sum")]
	if to == "" {
		to = "sum(" + list + ")"
		c.report.attention(s, "it has no operation "+textOf(s, "operation", ""), "it adds the items up")
	}
	m.in = params{"entries": params{"result": to}}
}

// customReduction turns the Python expression of a reduction, in which acc is
// what came out so far and x or item the item, into one over #acc and #.
func (c *converter) customReduction(s *step) string {
	text := lambda.ReplaceAllString(textOf(s, "expression", ""), "")
	p := &pyParser{c: c, at: s, names: map[string]term{}, count: new(int)}
	for _, n := range []string{"acc", "accumulator", "result", "total", "a"} {
		p.names[n] = term{code: "so_far", atom: true, safe: true}
	}
	for _, n := range []string{"x", "item", "value", "b"} {
		p.names[n] = term{code: "each", atom: true, safe: true}
	}
	t, err := p.parse(text)
	if err != nil {
		c.report.attention(s, "its expression "+quote(excerpt(text))+" cannot be translated: "+err.Error(), "it adds the items up")
		return "sum($list)"
	}
	return "reduce($list, let so_far = #acc; let each = #; " + strings.ReplaceAll(t.code, "$", "$$") + ", $initial)"
}

var lambda = regexp.MustCompile(`^\s*lambda\s+\w+(\s*,\s*\w+)?\s*:`)

// superExpr turns the Python expression of a list action, in which x or item
// is the item, into one over item.
func superExpr(param string, condition bool) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		text := textOf(s, "expression", "")
		if text == "" {
			m.in[param] = "=item"
			if condition {
				m.in[param] = "=truthy(item)"
			}
			return
		}
		text = strings.TrimSpace(lambda.ReplaceAllString(text, ""))
		c.itemNames = []string{"x", "item", "value"}
		t, err := c.python(text, s)
		c.itemNames = nil
		if err != nil {
			c.report.attention(s, "its expression "+quote(excerpt(text))+" cannot be translated: "+err.Error(), "write it anew in the language of Aether")
			m.in[param] = "=item"
			if condition {
				m.in[param] = "=false"
			}
			return
		}
		if condition {
			t = t.truth()
		}
		m.in[param] = "=" + strings.ReplaceAll(t.code, "$", "$$")
	}
}
