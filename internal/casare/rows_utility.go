package casare

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var braces = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

func init() {
	register(
		// Variables.
		mapping{from: "SetVariableNode", to: "var.set", prepare: setVariable},
		compute("GetVariableNode", params{"value": "=nil"}).with(func(m *mapping) { m.prepare = getVariable }),
		mapping{from: "IncrementVariableNode", to: "var.increment", prepare: incrementVariable},

		// Numbers.
		compute("MathOperationNode", params{"result": "=nil"}).typed("a", "float", "b", "float").with(func(m *mapping) { m.prepare = mathRow }),
		compute("ComparisonNode", params{"result": "=false"}).with(func(m *mapping) { m.prepare = comparisonRow }),

		// Chance.
		mapping{from: "RandomNumberNode", to: "random.number", in: params{"min": "$min_value", "max": "$max_value", "digits": 15}, out: outs{"result": "$.value"}, prepare: func(c *converter, s *step, m *mapping) {
			if c.arg(s, m, "integer_only").plain() == true {
				m.to, m.in = "random.int", params{"min": "int($min_value)", "max": "int($max_value)"}
			}
		}}.aka("min_value", "min", "max_value", "max").defaults(params{"min_value": 0, "max_value": 100}).typed("min_value", "float", "max_value", "float"),
		mapping{from: "RandomChoiceNode", to: "random.choice", in: params{"list": "$items"}, out: outs{"result": "$.item", "index": "$.index"}, prepare: func(c *converter, s *step, m *mapping) {
			if n := c.arg(s, m, "count"); !n.isLit() || n.plain() != 1 {
				m.to, m.in, m.out = "random.sample", params{"list": "$items", "count": "$count", "up_to": true}, outs{"result": "$.items", "index": "-1"}
				if c.arg(s, m, "allow_duplicates").plain() == true {
					m.to, m.in = "random.choices", params{"list": "$items", "count": "$count"}
				}
			}
		}}.aka("items", "list"),
		mapping{from: "RandomStringNode", to: "random.string", in: params{"length": "$length", "characters": "=" + stringAlphabet}, out: outs{"result": "$.text"}}.defaults(params{"length": 8}).typed("length", "int"),
		mapping{from: "RandomUUIDNode", to: "random.uuid", in: params{"version": "4"}, out: outs{"result": `{"standard": $.uuid, "hex": replace($.uuid, "-", ""), "urn": "urn:uuid:" + $.uuid}[$format]`}},
		mapping{from: "ShuffleListNode", to: "random.shuffle", in: params{"list": "$items"}, out: outs{"result": "$.items"}}.aka("items", "list input_list"),
		mapping{from: "UUIDGeneratorNode", to: "random.uuid", in: params{"version": "4"}, out: outs{"uuid": "$.uuid", "uuids": "[$.uuid]"}, prepare: manyUUIDs},

		// Dates.
		mapping{from: "GetCurrentDateTimeNode", to: "date.now", in: params{"timezone": "$timezone", "format": "$format"}, out: outs{
			"datetime": `$format == "" ? $.date : $.text`, "timestamp": "$.unix", "year": "year($.date)", "month": "month($.date)", "day": "day($.date)", "hour": "hour($.date)", "minute": "minute($.date)", "second": "second($.date)", "day_of_week": `format_date($.date, "%A")`,
		}}.with(func(m *mapping) { m.prepare = emptyMeansNone("timezone", "format") }),
		mapping{from: "GetTimestampNode", to: "date.now", out: outs{"timestamp": "$milliseconds ? unix_ms($.date) : $.unix"}},
		mapping{from: "FormatDateTimeNode", to: "date.format", in: params{"date": `$input_format == "" or $input_format == nil ? string($datetime) : parse_date(string($datetime), $input_format)`, "format": "$format"}, out: outs{"result": "$.text"}, prepare: unixDates("datetime", "date")}.typed("datetime", "").aka("datetime", "date datetime_string", "format", "output_format"),
		mapping{from: "ParseDateTimeNode", to: "date.parts", in: params{"date": `=$format == "" or $format == nil ? parse_date($datetime_string) : parse_date($datetime_string, $format)`}, out: outs{
			"timestamp": "$.unix", "year": "$.year", "month": "$.month", "day": "$.day", "hour": "$.hour", "minute": "$.minute", "second": "$.second",
			"iso_format": `$format == "" or $format == nil ? parse_date($datetime_string) : parse_date($datetime_string, $format)`,
		}}.aka("datetime_string", "datetime date text"),
		mapping{from: "DateTimeAddNode", to: "date.add", in: params{"date": "$datetime", "years": "$years", "months": "$months", "weeks": "$weeks", "days": "$days", "hours": "$hours", "minutes": "$minutes", "seconds": "$seconds"}, out: outs{
			"result": "$.date", "timestamp": "unix($.date)",
		}, prepare: func(c *converter, s *step, m *mapping) {
			if v := c.arg(s, m, "datetime"); !v.isSet || v.isLit() && v.plain() == "" { // from now on
				m.pre, m.in["date"] = []extra{{"now", "date.now", nil}}, "=$!now.date"
			}
		}}.typed("datetime", "string", "years", "int", "months", "int", "weeks", "int", "days", "int", "hours", "float", "minutes", "float", "seconds", "float").aka("datetime", "date"),
		compute("DateTimeDiffNode", params{"total_seconds": `abs(unix($datetime_1) - unix($datetime_2))`}).with(func(m *mapping) {
			for port, text := range map[string]string{"total_minutes": "$.map.total_seconds / 60", "total_hours": "$.map.total_seconds / 3600", "total_days": "$.map.total_seconds / 86400", "days": "floor($.map.total_seconds / 86400)", "hours": "floor(mod($.map.total_seconds, 86400) / 3600)", "minutes": "floor(mod($.map.total_seconds, 3600) / 60)", "seconds": "floor(mod($.map.total_seconds, 60))"} {
				m.out[port] = text
			}
		}).aka("datetime_1", "date1 start datetime1", "datetime_2", "date2 end datetime2").with(func(m *mapping) { m.note = "the distance is never negative" }),
		mapping{from: "DateTimeCompareNode", to: "date.compare", in: params{"a": "$datetime_1", "b": "$datetime_2"}, out: outs{"is_before": "$.before", "is_after": "$.after", "is_equal": "$.same", "comparison": "$.result"}}.aka("datetime_1", "date1 datetime1", "datetime_2", "date2 datetime2"),

		// What is said, and rules.
		mapping{from: "LogNode", to: "flow.log", in: params{"message": "$message", "level": `=` + logLevels}, prepare: logRow},
		mapping{from: "LogErrorNode", to: "flow.log", in: params{"level": "=" + logLevels}, out: outs{"log_entry": `{"error_message": $error_message, "error_type": $error_type, "context": $context, "level": $level}`}, prepare: func(c *converter, s *step, m *mapping) {
			m.in["message"] = `=($error_type == nil or $error_type == "" ? "" : string($error_type) + ": ") + string($error_message)`
		}},
		mapping{from: "AssertNode", to: "flow.assert", in: params{"message": "$message"}, out: outs{"passed": "true"}, prepare: func(c *converter, s *step, m *mapping) {
			_, wired := c.dataIn[s.id]["condition"]
			if v := s.config["condition"]; wired || v != nil && v != "" || s.config["expression"] != nil {
				m.in["condition"] = c.cond(s, "expression")
				return
			}
			m.in["condition"] = true // the default
		}},
		mapping{from: "AssertSystemNode", to: "map.create", prepare: assertSystem},
		compute("ValidateNode", params{"is_valid": "=true"}).with(func(m *mapping) {
			m.prepare = validateRow
			m.types = map[string]string{"value": "", "validation_param": ""}
			m.out = outs{"is_valid": "$.map.is_valid", "error_message": `$.map.is_valid ? "" : $error_message`}
			m.post = []extra{{"if", "flow.if", params{"condition": "=$.map.is_valid"}}}
			m.ports = map[string]string{"valid": "if.then", "invalid": "if.else", "exec_out": "if.then", "success": "if.then", "error": "if.else"}
		}),
		compute("TransformNode", params{"result": "=nil"}).with(func(m *mapping) { m.prepare = transformRow }),
		compute("Base64Node", params{"output": `$action == "decode" ? base64_decode($input_text) : base64_encode($input_text)`}).aka("input_text", "text data"),
		mapping{from: "CommentNode", to: "flow.comment", in: params{"text": "$comment"}},
		mapping{from: "WaitNode", to: "flow.wait", in: params{"for": "$duration"}}.aka("duration", "seconds"),
	)
}

const logLevels = `{"debug": "debug", "info": "info", "warning": "warn", "error": "error", "critical": "error"}[lower($level)] ?? "info"`

const stringAlphabet = `$custom_chars != "" ? $custom_chars : ($include_uppercase ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ" : "") + ($include_lowercase ? "abcdefghijklmnopqrstuvwxyz" : "") + ($include_digits ? "0123456789" : "") + ($include_special ? "!@#$$%^&*()_+-=[]{}|;:,.<>?" : "")`

// emptyMeansNone leaves params out whose text is empty.
func emptyMeansNone(names ...string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		for _, n := range names {
			if v := c.arg(s, m, n); v.isLit() && (v.plain() == nil || v.plain() == "") {
				delete(m.in, n)
			}
		}
	}
}

// unixDates lets a date be given as seconds since 1970.
func unixDates(port, param string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		switch v := c.arg(s, m, port); v.kindOf() {
		case "int", "float":
			m.in[param] = "from_unix($" + port + ")"
		case "":
			if v.code != "" {
				m.in[param] = "type($" + port + `) in ["int", "float"] ? from_unix($` + port + ") : " + strings.TrimPrefix(m.in[param].(string), "=")
			}
		}
	}
}

func manyUUIDs(c *converter, s *step, m *mapping) {
	if textOf(s, "uuid_version", "4") == "1" {
		m.in["version"] = "7"
		c.report.adapted(s, "it draws version 7, which begins with the time as version 1 has it, but does not tell the computer")
	}
	n := c.arg(s, m, "count")
	if n.isLit() && n.plain() == 1 {
		return
	}
	// There is no node that draws several: one is taken apart into as many as
	// wanted by its hash, which is as unique as it is.
	m.out = outs{"uuid": "$.uuid", "uuids": `map(1..$count, # == 1 ? $.uuid : let h = sha256($.uuid + string(#)); substring(h, 0, 8) + "-" + substring(h, 8, 4) + "-4" + substring(h, 13, 3) + "-a" + substring(h, 17, 3) + "-" + substring(h, 20, 12))`}
}

// variableName returns the name of the variable that a node sets or reads; ok
// is false if it is computed.
func (c *converter) variableName(s *step) (name string, ok bool) {
	v := c.arg(s, &mapping{}, "variable_name")
	name, isText := v.plain().(string)
	return name, v.isLit() && isText && name != ""
}

func setVariable(c *converter, s *step, m *mapping) {
	m.alias = map[string]string{"value": "default_value"}
	v := c.arg(s, m, "value")
	if !v.isSet {
		if d, ok := s.config["default_value"]; ok && d != nil {
			v = c.value(d, s)
		}
	}
	name, fixed := c.variableName(s)
	typ := textOf(s, "variable_type", "String")
	v = castVariable(v, typ)
	m.out = outs{}
	if !fixed {
		m.to, m.in = "var.put", params{"name": computedNames, "key": c.arg(s, m, "variable_name").as("string"), "value": v}
		m.out["value"] = "get(vars." + computedNames + ", string($variable_name))"
		m.note = "the name of the variable it sets is computed: it is kept in the map " + computedNames
		return
	}
	m.in = params{"name": c.varName(name), "value": v}
	if !v.isSet {
		m.in["value"] = code("nil", "")
	}
	m.out["value"] = "vars." + c.varName(name)
}

// castVariable converts to the declared type of a variable.
func castVariable(v val, typ string) val {
	switch typ {
	case "Boolean":
		return v.as("bool")
	case "Int32":
		if v.isLit() {
			return v.as("int")
		}
		return code("if_error(int("+v.expr()+"), "+v.operand()+")", "int")
	case "Float":
		if v.isLit() {
			return v.as("float")
		}
		return code("if_error(float("+v.expr()+"), "+v.operand()+")", "float")
	case "Object", "Dict":
		if v.isLit() {
			if c, ok := convert(v.plain(), "dict"); ok {
				return literal(c)
			}
			if v.kindOf() != "dict" && v.isSet {
				return literal(map[string]any{"value": v.plain()})
			}
			return v
		}
		if v.kindOf() == "dict" {
			return v
		}
		return code(`(let read = read_value(`+v.expr()+`); type(read) == "map" or type(read) == "list" ? read : {"value": read})`, "")
	case "Array", "List", "DataTable":
		if v.isLit() {
			if v.list != nil {
				return v
			}
			if t, ok := v.plain().(string); ok {
				if c, ok := convert(t, "list"); ok && c != nil {
					if _, isList := c.([]any); isList {
						return literal(c)
					}
					return literal([]any{c})
				}
				return literal([]any{})
			}
			if v.isSet {
				return literal([]any{v.plain()})
			}
			return v
		}
		if v.kindOf() == "list" {
			return v
		}
		return code(`(let read = read_value(`+v.expr()+`); type(read) == "string" ? map(split(read, ","), trim(#)) : type(read) == "list" ? read : [read])`, "list")
	}
	return v
}

func getVariable(c *converter, s *step, m *mapping) {
	name, fixed := c.variableName(s)
	var v val
	switch {
	case !fixed:
		all := val{dict: map[string]val{}, isSet: true}
		for _, known := range append(slices.Sorted(maps.Keys(c.set)), slices.Sorted(maps.Keys(c.declared))...) {
			if known != "" && !strings.HasPrefix(known, "_") && !reference.MatchString(known) {
				all.dict[known] = c.varRef(known)
			}
		}
		v = code("get("+all.expr()+", string("+c.arg(s, m, "variable_name").expr()+"))", "")
		if c.computed {
			v = code("get(vars."+computedNames+", string("+c.arg(s, m, "variable_name").expr()+")) ?? "+v.code, "")
		}
	default:
		ref, ok := c.reference(name, s, true)
		if !ok {
			c.maybe[name] = true
			ref = code("inputs."+c.varName(name), "")
		}
		v = ref
	}
	if d := c.arg(s, m, "default_value"); d.isSet && d.plain() != "" {
		v = code(v.operand()+" ?? "+d.operand(), "")
	}
	m.in = params{"entries": params{"value": v}}
}

func incrementVariable(c *converter, s *step, m *mapping) {
	m.alias = map[string]string{"increment": "amount step by"}
	name, fixed := c.variableName(s)
	if !fixed {
		key := c.arg(s, m, "variable_name").as("string")
		m.to, m.in = "var.put", params{"name": computedNames, "key": key, "value": code("float(get(vars."+computedNames+", "+key.expr()+") ?? 0) + "+c.arg(s, m, "increment").operand(), "float")}
		m.out = outs{"value": "get(vars." + computedNames + ", string($variable_name))"}
		m.note = "the name of the variable it increments is computed: it is kept in the map " + computedNames
		return
	}
	v := c.varName(name)
	by := c.arg(s, m, "increment")
	// A variable that holds a number as text counts, as in CasareRPA.
	m.to = "var.set"
	m.in = params{"name": v, "value": code("float(vars."+v+" ?? 0) + "+by.operand(), "float")}
	if c.varTypes[name] == "int" || c.varTypes[name] == "float" {
		m.to, m.in = "var.increment", params{"name": v, "by": by}
	}
	m.out = outs{"value": "vars." + v}
}

func mathRow(c *converter, s *step, m *mapping) {
	op := textOf(s, "operation", "add")
	to := map[string]string{
		"add": "$a + $b", "subtract": "$a - $b", "multiply": "$a * $b", "divide": "$a / $b", "floor_divide": "floor($a / $b)", "power": "$a ** $b", "modulo": "mod($a, $b)",
		"min": "min($a, $b)", "max": "max($a, $b)", "abs": "abs($a)", "sqrt": "sqrt($a)", "floor": "floor($a)", "ceil": "ceil($a)", "round": "python_round($a, int($b))",
		"log": "log($a)", "log10": "log($a, 10)", "exp": "exp($a)", "negate": "-$a",
	}[op]
	if b := c.arg(s, m, "b"); op == "log" && b.isSet && !(b.isLit() && (b.plain() == 0 || b.plain() == 1)) {
		to = "log($a, $b)"
	}
	switch {
	case op == "sin" || op == "cos" || op == "tan":
		m.to, m.in, m.out = "math.trig", params{"function": op, "value": "$a", "unit": "radians"}, outs{"result": "$.result"}
	case to == "":
		c.report.attention(s, "it has no operation "+op, "its result is nil")
		return
	default:
		if d := c.arg(s, m, "round_digits"); d.isSet {
			to = "python_round(" + to + ", $round_digits)"
		}
		m.in = params{"entries": params{"result": "=" + to}}
	}
	if v := textOf(s, "output_var", ""); v != "" {
		from := "=$.map.result"
		if m.to == "math.trig" {
			from = "=$.result"
		}
		m.post = []extra{{"keep", "var.set", params{"name": c.varName(v), "value": from}}}
	}
}

func comparisonRow(c *converter, s *step, m *mapping) {
	op := textOf(s, "operator", "==")
	for _, o := range []string{"==", "!=", ">=", "<=", ">", "<"} {
		if op == o || strings.HasSuffix(op, "("+o+")") {
			op = o
			break
		}
	}
	a, b := c.arg(s, m, "a"), c.arg(s, m, "b")
	num := func(v val) bool { return v.kindOf() == "int" || v.kindOf() == "float" }
	toNumber := func(v val) val {
		if v.isLit() {
			if t, ok := v.plain().(string); ok {
				if n, err := number(strings.TrimSpace(t)); err == nil {
					return literal(n)
				}
			}
			return v
		}
		if num(v) {
			return v
		}
		return code("read_value("+v.expr()+")", "")
	}
	switch op {
	case "==", "!=":
		if num(a) || num(b) {
			a, b = toNumber(a), toNumber(b)
		}
		// A number or a truth value in a config may stand there as text.
		for _, p := range [][2]val{{a, b}, {b, a}} {
			text, isText := p[1].plain().(string)
			if p[0].isLit() || p[0].kindOf() == "string" || !p[1].isLit() || !isText {
				continue
			}
			read, ok := fold("read_value(" + quote(text) + ")")
			if ok && read.kindOf() != "string" && read.isSet {
				x := p[0].operand()
				text := "(" + x + " == " + quote(text) + " or " + x + " == " + read.operand() + ")"
				if op == "!=" {
					text = "not " + text
				}
				m.in = params{"entries": params{"result": code(text, "bool")}}
				return
			}
		}
		m.in = params{"entries": params{"result": code(a.operand()+" "+op+" "+b.operand(), "bool")}}
	case ">", "<", ">=", "<=":
		a, b = toNumber(a), toNumber(b)
		m.in = params{"entries": params{"result": code(a.operand()+" "+op+" "+b.operand(), "bool")}}
	default:
		c.report.attention(s, "it has no operator "+op, "its result is false")
	}
	if v, ok := m.in["entries"].(params)["result"].(val); ok && a.isLit() && b.isLit() {
		if f, ok := fold(v.code); ok {
			m.in = params{"entries": params{"result": f}}
		}
	}
}

// logRow puts {name} of variables into the message, as Python's format does,
// and adds the data.
func logRow(c *converter, s *step, m *mapping) {
	m.types = map[string]string{"message": "any"}
	msg, _ := s.config["message"].(string)
	if _, wired := c.dataIn[s.id]["message"]; !wired && strings.Contains(msg, "{") {
		full, end := "", 0
		for _, at := range braces.FindAllStringSubmatchIndex(msg, -1) {
			full += msg[end:at[0]]
			end = at[1]
			before := at[0] > 0 && (msg[at[0]-1] == '{' || msg[at[0]-1] == '$') // {{name}} and ${name} are read anyway
			if _, known := c.reference(msg[at[2]:at[3]], s, true); known && !before {
				full += "{" + msg[at[0]:at[1]] + "}"
			} else {
				full += msg[at[0]:at[1]]
			}
		}
		full += msg[end:]
		m.in["message"] = c.text(full, s)
	}
	v, ok := m.in["message"].(val)
	if !ok {
		v = c.arg(s, m, "message")
	}
	if v.code != "" && v.typ != "string" && v.typ != "int" && v.typ != "float" {
		m.in["message"] = code("python_str("+v.code+")", "string")
	}
	data := c.arg(s, m, "data")
	if !data.isSet {
		if v := c.arg(s, m, "message"); !v.isSet || v.isLit() && v.plain() == "" {
			m.in["message"] = ""
		}
		if v, ok := m.in["message"].(string); ok && v == "" {
			m.in["message"] = literal(" ")
		}
		return
	}
	message := c.arg(s, m, "message")
	if v, ok := m.in["message"].(val); ok {
		message = v
	}
	if !message.isSet || message.isLit() && message.plain() == "" {
		m.in["message"] = code("python_str("+data.expr()+")", "string")
		return
	}
	parts := val{isSet: true}
	switch {
	case message.parts != nil:
		parts.parts = append(parts.parts, message.parts...)
	default:
		parts.parts = append(parts.parts, message)
	}
	parts.parts = append(parts.parts, literal(": "))
	switch kind := data.kindOf(); {
	case data.isLit(), kind == "bool", kind == "list", kind == "dict":
		parts.parts = append(parts.parts, code("python_str("+data.expr()+")", "string"))
	default:
		parts.parts = append(parts.parts, code(data.expr(), kind))
	}
	m.in["message"] = parts
}

func assertSystem(c *converter, s *step, m *mapping) {
	m.alias = map[string]string{"assert_message": "message"}
	var cond val
	if v := c.arg(s, m, "value"); v.isSet {
		c.localValue = &v
	}
	cond = c.cond(s)
	c.localValue = nil
	if text, ok := s.config["condition"].(string); ok {
		if _, wired := c.dataIn[s.id]["condition"]; !wired {
			// The condition speaks of the value by the name value.
			if v := c.arg(s, m, "value"); v.isSet {
				c.localValue = &v
				cond = c.condition(text, s)
				c.localValue = nil
			}
		}
	}
	m.in = params{"entries": params{"passed": cond, "message": "$assert_message"}}
	m.out = outs{"passed": "$.map.passed", "message": `$.map.passed ? "" : $.map.message`}
	if c.arg(s, m, "fail_on_false").plain() != false {
		m.post = []extra{{"check", "flow.assert", params{"condition": "=$.map.passed", "message": "$assert_message"}}}
	}
}

func validateRow(c *converter, s *step, m *mapping) {
	// A chain that goes on at exec_out goes on whatever the value is, unless
	// another one takes over when it is not valid.
	ways := c.exec[s.id]
	if len(ways["valid"])+len(ways["invalid"])+len(ways["success"])+len(ways["error"]) == 0 {
		m.post, m.ports = nil, nil
	} else if len(ways["valid"]) > 0 && len(ways["invalid"]) == 0 {
		m.ports = maps.Clone(m.ports)
		m.ports["exec_out"] = "if.else"
	}
	p := "$validation_param"
	to := map[string]string{
		"not_empty": "not is_empty($value)", "is_string": `type($value) == "string"`, "is_number": "is_number($value)", "is_integer": `type($value) == "int" or if_error(matches(string($value), "^[+-]?[0-9]+$"), false)`,
		"is_boolean": `type($value) == "bool"`, "is_list": `type($value) == "list"`, "is_dict": `type($value) == "map"`, "matches_regex": "if_error(matches(string($value), string(" + p + ")), false)",
		"min_length": "len($value) >= int(" + p + ")", "max_length": "len($value) <= int(" + p + ")", "min_value": "if_error(float($value) >= float(" + p + "), false)", "max_value": "if_error(float($value) <= float(" + p + "), false)",
		"in_list":  "contains(map(type(" + p + `) == "string" ? split(` + p + `, ",") : ` + p + ", trim(string(#))), string($value))",
		"is_email": `if_error(matches(string($value), "^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$$"), false)`, "is_url": `if_error(matches(string($value), "^https?://[^\\s/$$.?#].[^\\s]*$$"), false)`,
	}[textOf(s, "validation_type", "not_empty")]
	switch {
	case textOf(s, "validation_type", "") == "custom":
		text, _ := s.config["validation_param"].(string)
		v := c.arg(s, m, "value")
		c.localValue = &v
		m.in = params{"entries": params{"is_valid": c.condition(text, s)}}
		c.localValue = nil
		return
	case to == "":
		c.report.attention(s, "it has no validation "+textOf(s, "validation_type", ""), "everything counts as valid")
		return
	}
	to = strings.ReplaceAll(to, `[0-9]+$"`, `[0-9]+$$"`)
	m.in = params{"entries": params{"is_valid": "=" + to}}
}

func transformRow(c *converter, s *step, m *mapping) {
	m.types = map[string]string{"value": "", "param": "", "transform_param": ""}
	m.alias = map[string]string{"param": "transform_param"}
	to := map[string]string{
		"to_string": "python_str($value)", "to_integer": "int(float($value))", "to_float": "float($value)", "to_boolean": `type($value) == "string" ? if_error(bool($value), false) : truthy($value)`,
		"to_list": `type($value) == "list" ? $value : type($value) == "map" ? values($value) : type($value) == "string" ? chars($value) : [$value]`,
		"to_json": "to_json($value)", "from_json": "from_json($value)", "uppercase": "upper(string($value))", "lowercase": "lower(string($value))", "trim": "trim(string($value))",
		"split": `split(string($value), string($param ?? ","))`, "join": `join($value, string($param ?? ""))`, "regex_extract": `regex_find(string($value), string($param))`,
		"get_key": "get($value, string($param))", "get_index": "$value[int($param ?? 0)]", "map_values": `map($value, get(#, string($param)))`, "filter_values": `filter($value, truthy(#))`,
	}[textOf(s, "transform_type", "to_string")]
	if textOf(s, "transform_type", "") == "replace" {
		to = "replace(string($value), before(string($param), \"|\"), after(string($param), \"|\"))"
		if p, ok := s.config["transform_param"].(string); ok && !strings.Contains(p, "|") && strings.Contains(p, ",") {
			to = strings.ReplaceAll(to, `"|"`, `","`)
		}
	}
	if to == "" {
		c.report.attention(s, "it has no transformation "+strconv.Quote(textOf(s, "transform_type", "")), "its result is nil")
		return
	}
	m.in = params{"entries": params{"result": "=" + to}}
	name := textOf(s, "variable_name", "transformed")
	m.post = []extra{{"keep", "var.set", params{"name": c.varName(name), "value": "=$.map.result"}}}
}
