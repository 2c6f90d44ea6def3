package casare

import (
	"regexp"
	"strings"
)

const (
	folded     = "($case_sensitive ? string($text) : lower(string($text)))"
	foldedFind = "($case_sensitive ? string($search) : lower(string($search)))"
)

func init() {
	text := func(m mapping) mapping { return m.aka("text", "input_text input string value") }
	split := text(mapping{from: "TextSplitNode", to: "text.split", in: params{
		"text": "$text", "by": `$separator == "" ? "whitespace" : "text"`, "separator": "$separator", "limit": "$max_split >= 0 ? $max_split + 1 : 0",
	}, out: outs{"result": "$.parts", "count": "$.count"}}).defaults(params{"separator": ""}).aka("separator", "delimiter").with(func(m *mapping) {
		m.prepare = func(c *converter, s *step, m *mapping) {
			if v := c.arg(s, m, "separator"); v.isLit() && v.plain() == "" {
				delete(m.in, "separator") // white space
			}
		}
	})
	replace := text(mapping{from: "TextReplaceNode", to: "text.replace", in: params{
		"text": "$text", "find": "$old_value", "with": "$new_value", "mode": `$use_regex ? "regex" : "plain"`, "limit": "$count > 0 ? $count : 0",
		"ignore_case": "$ignore_case", "multiline": "$multiline", "dot_all": "$dotall",
	}, out: outs{"result": "$.text", "replacements": "$.count"}}).defaults(params{"new_value": ""}).aka("old_value", "old find search pattern", "new_value", "new replace replacement").with(func(m *mapping) { m.prepare = pythonGroups("with") })
	trim := text(mapping{from: "TextTrimNode", to: "text.trim", in: params{
		"text": "$text", "side": `{"both": "both", "left": "start", "right": "end"}[$mode]`, "characters": "$characters",
	}, out: outs{"result": "$.text"}})
	cases := text(compute("TextCaseNode", params{"result": "=nil"})).with(func(m *mapping) { m.prepare = caseRow("case") })
	pad := text(mapping{from: "TextPadNode", to: "text.pad", in: params{
		"text": "$text", "length": "$length", "with": "$fill_char", "side": `{"left": "start", "right": "end", "center": "both"}[$mode]`,
	}, out: outs{"result": "$.text"}}).aka("length", "width", "fill_char", "pad_char", "mode", "side").typed("length", "int")
	reverse := text(mapping{from: "TextReverseNode", to: "text.reverse", in: params{"text": "$text"}, out: outs{"result": "$.text"}})
	lines := text(compute("TextLinesNode", params{"lines": "=[]"})).typed("lines", "list").with(func(m *mapping) { m.prepare = linesRow("mode") })
	substring := text(compute("TextSubstringNode", params{"result": "string($text)[$start:$end ?? len(string($text))]"})).typed("start", "int", "end", "int", "text", "string").defaults(params{"start": 0}).with(func(m *mapping) {
		m.out["length"] = "len($.map.result)"
	})
	contains := text(compute("TextContainsNode", params{
		"contains": "contains(" + folded + ", " + foldedFind + ")", "position": "index_of(" + folded + ", " + foldedFind + ")", "count": "count_of(" + folded + ", " + foldedFind + ")",
	})).aka("search", "substring search_text find")
	starts := text(mapping{from: "TextStartsWithNode", to: "text.starts_with", in: params{"text": "$text", "part": "$prefix", "ignore_case": "not $case_sensitive"}, out: outs{"result": "$.result"}})
	ends := text(mapping{from: "TextEndsWithNode", to: "text.ends_with", in: params{"text": "$text", "part": "$suffix", "ignore_case": "not $case_sensitive"}, out: outs{"result": "$.result"}})
	extract := text(mapping{from: "TextExtractNode", to: "text.find_all", in: params{
		"text": "$text", "find": "$pattern", "mode": "regex", "ignore_case": "$ignore_case", "multiline": "$multiline", "dot_all": "$dotall",
	}, out: outs{
		"match": `$all_matches ? $.texts : (len($.matches) > 0 ? get($.matches, "[0].match") : "")`, "groups": `$all_matches ? map($.matches, .groups) : (get($.matches, "[0].groups") ?? [])`, "found": "$.count > 0",
	}})
	count := text(compute("TextCountNode", params{"count": "=0"})).with(func(m *mapping) { m.prepare = countRow("mode") })
	join := mapping{from: "TextJoinNode", to: "list.join", in: params{"list": "$items", "separator": "$separator"}, out: outs{"result": "$.text"}}.aka("items", "list", "separator", "delimiter")
	register(
		split, replace, trim, cases, pad, reverse, lines, substring, contains, starts, ends, extract, count, join,

		split.as("TextSuperNode/Split"), replace.as("TextSuperNode/Replace").aka("count", "replace_count").with(func(m *mapping) {
			m.in = params{"text": "$text", "find": "$old_value", "with": "$new_value", "mode": `$use_regex ? "regex" : "plain"`, "limit": "$replace_count > 0 ? $replace_count : 0", "ignore_case": "$ignore_case", "multiline": "$multiline", "dot_all": "$dotall"}
		}),
		trim.as("TextSuperNode/Trim").with(func(m *mapping) {
			m.in = params{"text": "$text", "side": `{"both": "both", "left": "start", "right": "end"}[$trim_mode]`, "characters": "$trim_characters"}
		}),
		cases.as("TextSuperNode/Case").with(func(m *mapping) { m.prepare = caseRow("case_transform") }),
		pad.as("TextSuperNode/Pad").with(func(m *mapping) {
			m.in = params{"text": "$text", "length": "$length", "with": "$fill_char", "side": `{"left": "start", "right": "end", "center": "both"}[$pad_mode]`}
		}),
		reverse.as("TextSuperNode/Reverse"), lines.as("TextSuperNode/Lines").with(func(m *mapping) { m.prepare = linesRow("lines_mode") }),
		substring.as("TextSuperNode/Substring"), contains.as("TextSuperNode/Contains"), starts.as("TextSuperNode/Starts With"), ends.as("TextSuperNode/Ends With"),
		extract.as("TextSuperNode/Extract (Regex)"), count.as("TextSuperNode/Count").with(func(m *mapping) { m.prepare = countRow("count_mode") }), join.as("TextSuperNode/Join"),

		compute("ConcatenateNode", params{"result": "string($string_1) + $separator + string($string_2)"}).aka("string_1", "string1 text1 a", "string_2", "string2 text2 b").typed("string_1", "string", "string_2", "string"),
		mapping{from: "FormatStringNode", to: "text.format", in: params{"template": "$template", "values": "$variables", "when_missing": "keep"}, out: outs{"result": "$.text"}, prepare: formatRow}.aka("template", "format_string format"),
		mapping{from: "RegexMatchNode", to: "text.find_all", in: params{
			"text": "$text", "find": "$pattern", "mode": "regex", "ignore_case": "$ignore_case", "multiline": "$multiline", "dot_all": "$dotall",
		}, out: outs{
			"match_found": "$.count > 0", "first_match": `get($.matches, "[0].match") ?? ""`, "all_matches": "$.texts", "groups": `get($.matches, "[0].groups") ?? []`, "match_count": "$.count",
		}},
		mapping{from: "RegexReplaceNode", to: "text.replace", in: params{
			"text": "$text", "find": "$pattern", "with": "$replacement", "mode": "regex", "limit": "$max_count", "ignore_case": "$ignore_case", "multiline": "$multiline", "dot_all": "$dotall",
		}, out: outs{"result": "$.text", "count": "$.count"}, prepare: pythonGroups("with")}.defaults(params{"replacement": ""}),
	)
}

// pythonGroups writes \1 and \g<name> in a replacement as ${1} and ${name}.
func pythonGroups(param string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		port := strings.TrimPrefix(m.in[param].(string), "$")
		regex := c.arg(s, m, "use_regex")
		if s.typ != "RegexReplaceNode" && (!regex.isLit() || regex.plain() != true) {
			return
		}
		if v := c.arg(s, m, port); v.isLit() {
			if t, ok := v.plain().(string); ok {
				m.in[param] = val{lit: goGroups(t), isSet: true}
			}
		}
	}
}

func goGroups(t string) string {
	b := &strings.Builder{}
	for i := 0; i < len(t); i++ {
		switch {
		case t[i] == '$':
			b.WriteString("$$")
		case t[i] == '\\' && i+1 < len(t) && t[i+1] >= '0' && t[i+1] <= '9':
			i++
			b.WriteString("${" + t[i:i+1] + "}")
		case strings.HasPrefix(t[i:], `\g<`) && strings.Contains(t[i:], ">"):
			end := i + strings.IndexByte(t[i:], '>')
			b.WriteString("${" + t[i+3:end] + "}")
			i = end
		case t[i] == '\\' && i+1 < len(t):
			i++
			switch t[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(t[i])
			}
		default:
			b.WriteByte(t[i])
		}
	}
	return b.String()
}

var formatLetter = regexp.MustCompile(`(\{[^{}:]*:[^{}]*?)[dfs]\}`)

func caseRow(prop string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		to := textOf(s, prop, "lower")
		if to == "capitalize" {
			m.in = params{"entries": params{"result": "capitalize(lower(string($text)))"}}
			return
		}
		if to == "swapcase" {
			to = "swap"
		}
		m.to, m.in, m.out = "text.case", params{"text": "$text", "to": to}, outs{"result": "$.text"}
	}
}

func linesRow(prop string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		sep := map[string]string{"newline": `"\n"`, "crlf": `"\r\n"`, "comma": `","`}[textOf(s, "line_separator", "newline")]
		if sep == "" {
			sep = `"\n"`
		}
		drop := c.arg(s, m, "remove_empty").plain() == true
		if textOf(s, prop, "split") == "join" {
			list := "$lines"
			if drop {
				list = `filter($lines, trim(string(#)) != "")`
			}
			m.in = params{"entries": params{"text": "join(" + list + ", " + sep + ")"}}
			m.out = outs{"text": "$.map.text", "lines": "$lines", "count": "len($lines)"}
			return
		}
		list := "split(string($text), " + sep + ")"
		if sep == `"\n"` {
			list = "lines(string($text))"
		}
		if drop {
			list = "filter(" + list + `, trim(#) != "")`
		}
		m.in = params{"entries": params{"lines": "=" + list}}
		m.out = outs{"lines": "$.map.lines", "count": "len($.map.lines)", "text": "$text"}
	}
}

func countRow(prop string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		to := map[string]string{"words": "len(words(string($text)))", "lines": "len(lines(string($text)))"}[textOf(s, prop, "characters")]
		if to == "" {
			to = "len(string($text))"
			if c.arg(s, m, "exclude_whitespace").plain() == true {
				to = `len(regex_replace(string($text), "\\s", ""))`
			}
		}
		m.in = params{"entries": params{"count": to}}
		if find, ok := s.config["search"].(string); ok && find != "" {
			m.in = params{"entries": params{"count": "count_of(string($text), $search)"}}
		}
	}
}

// formatRow fills {name} from the variables of the flow when the node is given
// none.
func formatRow(c *converter, s *step, m *mapping) {
	// Formats such as .2f and 05d have no letter here.
	if t := c.arg(s, m, "template"); t.isLit() {
		if text, ok := t.plain().(string); ok {
			m.in["template"] = val{lit: formatLetter.ReplaceAllString(strings.ReplaceAll(text, `\`, `\\`), "$1}"), isSet: true}
		}
	}
	if v := c.arg(s, m, "variables"); v.isSet && !(v.dict != nil && len(v.dict) == 0) {
		if v.dict != nil {
			values := params{}
			template, _ := s.config["template"].(string)
			for k, e := range v.dict {
				within := strings.Contains(template, "{"+k+".") || strings.Contains(template, "{"+k+"[")
				if t := e.kindOf(); !within && (t == "list" || t == "dict" || t == "bool" && e.code != "") {
					e = code("python_str("+e.expr()+")", "string")
				}
				values[k] = e
			}
			m.in["values"] = values
		}
		return
	}
	template, _ := s.config["template"].(string)
	values := params{}
	for _, f := range braces.FindAllStringSubmatch(template, -1) {
		name := f[1]
		if v, ok := c.reference(name, s, true); ok {
			values[name] = v
		}
	}
	m.in["values"] = values
}
