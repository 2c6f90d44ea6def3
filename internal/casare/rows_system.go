package casare

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

func init() {
	register(
		mapping{from: "RunCommandNode", to: "sys.run", out: outs{"stdout": "$.stdout", "stderr": "$.stderr", "return_code": "$.exit_code", "success": "$.exit_code == 0"}, prepare: runCommand},
		mapping{from: "RunBatchScriptNode", to: "script.shell", out: outs{"stdout": "$.stdout", "stderr": "$.stderr", "return_code": "$.exit_code", "success": "$.exit_code == 0"}, prepare: shellScript},
		mapping{from: "RunPythonScriptNode", to: "script.python", out: outs{"result": "$.result", "output": "$.stdout"}, prepare: pythonScript},
		mapping{from: "RunPythonFileNode", to: "sys.run", out: outs{"stdout": "$.stdout", "stderr": "$.stderr", "return_code": "$.exit_code", "success": "$.exit_code == 0"}, prepare: pythonFile},
		mapping{from: "RunJavaScriptNode", to: "script.javascript", out: outs{"result": `$.result ?? join($.logs, "\n")`}, prepare: javaScript},
		compute("EvalExpressionNode", params{"result": "=nil"}).with(func(m *mapping) { m.prepare = evalRow }),
		mapping{from: "ProcessListNode", to: "sys.list_processes", in: params{"name": `$filter_name == "" ? nil : "*" + $filter_name + "*"`, "details": "$include_details"}, out: outs{"processes": "$.processes", "count": "$.count"}},
		mapping{from: "ProcessKillNode", to: "sys.kill_process", in: params{"force": "$force", "grace": "$timeout"}, out: outs{"killed_count": "$.count", "success": "$.count > 0"}, prepare: killRow}.aka("pid_or_name", "process_name pid name"),
		mapping{from: "EnvironmentVariableNode", to: "sys.get_env", in: params{"name": "$var_name"}, out: outs{"result_value": "$.value", "exists": "$.found"}, prepare: environmentRow}.aka("var_name", "name variable_name"),
		mapping{from: "SystemInfoNode", to: "sys.info", in: params{"cpu_percent": true}, out: outs{
			"os_name": "$.os", "cpu_percent": "$.cpu.percent", "ram_percent": "$.memory.percent", "disk_percent": "$!disk.percent",
		}, post: []extra{{"disk", "sys.disk_usage", nil}}, prepare: systemInfo},

		mapping{from: "SubflowNode", to: "flow.call", prepare: callRow, out: outs{}},
		mapping{from: "CallSubworkflowNode", to: "flow.call", prepare: callRow, out: outs{"job_id": "run.id", "success": "true", "execution_time_ms": "0"}},
		mapping{from: "ExecuteWorkflowNode", to: "flow.call", prepare: callRow, out: outs{}},

		mapping{from: "OAuth2AuthorizeNode", to: "http.build_url", prepare: authorizeRow}.typed("extra_params", "dict"),
		mapping{from: "OAuth2TokenExchangeNode", to: "http.request", prepare: tokenRow, out: outs{}},
		mapping{from: "OAuth2TokenValidateNode", to: "http.request", in: params{
			"url": "$introspection_url", "method": "POST", "body_kind": "form", "body": params{"token": "$token"}, "auth": params{"kind": "basic", "user": "$client_id", "password": "$client_secret"}, "parse": "json",
		}, out: outs{"active": "get($.body, \"active\") == true", "client_id": `get($.body, "client_id")`, "username": `get($.body, "username")`, "scope": `get($.body, "scope")`, "expires_at": `get($.body, "exp")`, "token_type": `get($.body, "token_type")`, "full_response": "$.body"}}, //nolint:gosec // names of fields, no credentials
		mapping{from: "OAuth2CallbackServerNode", to: "http.wait_for_request", in: params{"port": "$port", "path": "$path", "timeout": "$timeout"}, out: outs{ //nolint:gosec // names of fields, no credentials
			"code": `get($.query, "code") ?? ""`, "state": `get($.query, "state") ?? ""`, "access_token": `get($.query, "access_token") ?? ""`, "error": `get($.query, "error") ?? ""`, "error_description": `get($.query, "error_description") ?? ""`,
		}, prepare: callbackRow},
	)
}

// number of seconds of a timeout that a program may take.
const programTimeout = "$timeout"

func emptyWorkDir(c *converter, s *step, m *mapping, port string) {
	if d := c.arg(s, m, port); d.isSet && d.plain() != "" {
		m.in["cwd"] = "$" + port
	}
}

func runCommand(c *converter, s *step, m *mapping) {
	m.in = params{"timeout": programTimeout, "exit_codes": []any{}}
	emptyWorkDir(c, s, m, "working_dir")
	c.setEnviron(m)
	cmd, args := c.arg(s, m, "command"), c.arg(s, m, "args")
	if c.arg(s, m, "shell").plain() == true {
		m.to = "script.shell"
		m.in["shell"] = "sh"
		m.in["strict"] = false
		c.shellCode(m, val{parts: []val{cmd, literal(" "), args}, isSet: true})
		return
	}
	list := val{list: []val{}, isSet: true}
	if cmd.isLit() {
		t, _ := cmd.plain().(string)
		words := shellWords(t)
		if len(words) == 0 {
			return
		}
		m.in["program"] = literal(words[0])
		for _, w := range words[1:] {
			list.list = append(list.list, literal(w))
		}
	} else {
		m.in["program"] = "$command"
	}
	switch {
	case args.list != nil:
		list.list = append(list.list, args.list...)
	case args.isLit():
		if t, ok := args.plain().(string); ok {
			for _, w := range shellWords(t) {
				list.list = append(list.list, literal(w))
			}
		}
	case args.parts != nil && c.wordsOf(args) != nil:
		list.list = append(list.list, c.wordsOf(args)...)
	case len(list.list) > 0:
		list = code("concat("+list.expr()+", words("+args.expr()+"))", "list")
	default:
		list = code("type("+args.operand()+") == \"list\" ? "+args.operand()+" : words("+args.expr()+")", "list")
	}
	m.in["args"] = list
}

// wordsOf cuts a text with expressions in it at its blanks, so that a value
// with blanks stays one argument. It returns nil if a quote goes over a value.
func (c *converter) wordsOf(v val) []val {
	var out []val
	var now []val
	end := func() {
		if len(now) == 1 {
			out = append(out, now[0])
		} else if len(now) > 1 {
			out = append(out, val{parts: now, isSet: true})
		}
		now = nil
	}
	for _, p := range v.parts {
		t, isText := p.lit.(string)
		if p.code != "" || !isText {
			now = append(now, p)
			continue
		}
		if strings.ContainsAny(t, `'"\`) {
			return nil
		}
		if t != "" && unicode.IsSpace(rune(t[0])) {
			end()
		}
		for i, w := range strings.Fields(t) {
			if i > 0 {
				end()
			}
			now = append(now, literal(w))
		}
		if t != "" && unicode.IsSpace(rune(t[len(t)-1])) {
			end()
		}
	}
	end()
	return out
}

// shellWords cuts a command line as a POSIX shell does.
func shellWords(s string) []string {
	var out []string
	b := &strings.Builder{}
	inWord, quote := false, rune(0)
	rs := []rune(s)
	for i := 0; i < len(rs); i++ {
		r := rs[i]
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			} else if r == '\\' && quote == '"' && i+1 < len(rs) && (rs[i+1] == '"' || rs[i+1] == '\\') {
				i++
				b.WriteRune(rs[i])
			} else {
				b.WriteRune(r)
			}
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == '\\' && i+1 < len(rs):
			i++
			b.WriteRune(rs[i])
			inWord = true
		case unicode.IsSpace(r):
			if inWord {
				out = append(out, b.String())
				b.Reset()
				inWord = false
			}
		default:
			b.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		out = append(out, b.String())
	}
	return out
}

// shellCode gives a script to a shell. Values in it are put in as text before
// the shell reads it, as CasareRPA does.
func (c *converter) shellCode(m *mapping, v val) {
	if v.isLit() || v.parts != nil && allLit(v.parts) {
		text, _ := fold(v.expr())
		if v.parts == nil {
			text = v
		}
		m.in["code"] = raw{text.plain()}
		return
	}
	m.in["code"] = raw{`eval "$SCRIPT"`}
	script := `{"SCRIPT": ` + v.expr() + `}`
	if old, ok := m.in["env"].(val); ok {
		script = "merge(" + old.expr() + ", " + script + ")"
	}
	m.in["env"] = code(script, "dict")
}

func allLit(parts []val) bool {
	for _, p := range parts {
		if !p.isLit() {
			return false
		}
	}
	return true
}

func shellScript(c *converter, s *step, m *mapping) {
	m.in = params{"shell": "sh", "timeout": programTimeout, "exit_codes": []any{}, "strict": false}
	emptyWorkDir(c, s, m, "working_dir")
	c.setEnviron(m)
	c.shellCode(m, c.arg(s, m, "script"))
}

// pythonScript runs inline Python. What stands between {{ }} in it was put into
// the code as text; the code then is handed over and run by exec.
func pythonScript(c *converter, s *step, m *mapping) {
	m.alias = map[string]string{"code": "script"}
	m.types = map[string]string{"variables": "dict"}
	m.in = params{"timeout": programTimeout}
	c.setEnviron(m)
	src := c.arg(s, m, "code")
	vars := c.arg(s, m, "variables")
	text, isText := src.plain().(string)
	if src.isLit() && isText {
		prelude := ""
		if vars.isSet {
			m.in["input"] = "$variables"
			prelude = "variables = input or {}\nglobals().update(variables)\n"
		}
		m.in["code"] = raw{prelude + text}
		return
	}
	m.in["code"] = raw{"scope = dict(input[\"variables\"] or {})\nscope[\"variables\"] = input[\"variables\"] or {}\nexec(input[\"code\"], scope)\nresult = scope.get(\"result\")\n"}
	in := params{"code": src, "variables": code("nil", "")}
	if vars.isSet {
		in["variables"] = vars
	}
	m.in["input"] = in
}

func pythonFile(c *converter, s *step, m *mapping) {
	m.alias = map[string]string{"file_path": "script_path path"}
	m.in = params{"program": "python3", "timeout": programTimeout, "exit_codes": []any{}}
	if p, ok := s.config["python_path"].(string); ok && p != "" {
		m.in["program"] = "$python_path"
	}
	emptyWorkDir(c, s, m, "working_dir")
	c.setEnviron(m)
	list := val{list: []val{c.arg(s, m, "file_path")}, isSet: true}
	switch args := c.arg(s, m, "args"); {
	case args.list != nil:
		list.list = append(list.list, args.list...)
	case args.isLit():
		if t, ok := args.plain().(string); ok {
			for _, w := range shellWords(t) {
				list.list = append(list.list, literal(w))
			}
		}
	default:
		list = code("concat("+list.expr()+", type("+args.operand()+") == \"list\" ? "+args.operand()+" : words("+args.expr()+"))", "list")
	}
	m.in["args"] = list
}

func javaScript(c *converter, s *step, m *mapping) {
	m.alias = map[string]string{"code": "script"}
	m.in = params{"timeout": programTimeout}
	m.note = "it runs in Aether's own JavaScript, which has no modules of Node.js, files or network"
	src := c.arg(s, m, "code")
	in := params{"input_data": code("nil", "")}
	if d := c.arg(s, m, "input_data"); d.isSet {
		in["input_data"] = d
	}
	in["inputData"] = in["input_data"]
	in["input"] = in["input_data"]
	if text, ok := src.plain().(string); ok && src.isLit() {
		m.in["code"] = raw{text}
		delete(in, "input")
		m.in["input"] = in
		return
	}
	delete(in, "input")
	in["source"] = src
	m.in["code"] = raw{"const run = /\\breturn\\b/.test(source) ? () => new Function('input_data', 'inputData', source)(input_data, inputData) : () => eval(source);\nreturn run();"}
	m.in["input"] = in
}

// raw is a text of a param that is taken as it is written, braces and all.
type raw struct{ v any }

func evalRow(c *converter, s *step, m *mapping) {
	m.out["type"] = `{"int": "int", "float": "float", "string": "str", "bool": "bool", "list": "list", "map": "dict", "nil": "NoneType"}[type($.map.result)]`
	text := textOf(s, "expression", "")
	// The dictionary variables gives further names.
	if d := c.arg(s, m, "variables"); d.isSet {
		c.localNames = func(name string) (val, bool) {
			if v, ok := d.dict[name]; ok {
				return code(v.operand(), v.kindOf()), true
			}
			return code("get("+d.expr()+", "+quote(name)+")", ""), d.dict == nil && !c.set[name] && c.declared[name] == nil
		}
		defer func() { c.localNames = nil }()
	}
	t, err := c.python(text, s)
	if err != nil {
		c.report.attention(s, "its expression "+quote(excerpt(text))+" cannot be translated: "+err.Error(), "write it anew in the language of Aether; its result is nil")
		return
	}
	v := code(t.code, t.typ)
	if f, ok := fold(t.code); ok {
		v = f
	}
	m.in = params{"entries": params{"result": v}}
}

func killRow(c *converter, s *step, m *mapping) {
	v := c.arg(s, m, "pid_or_name")
	if n, ok := v.as("int").plain().(int); ok && v.isLit() && n > 0 {
		m.in["pid"] = n
		return
	}
	if v.isLit() {
		m.in["name"], m.in["all"] = "$pid_or_name", true
		return
	}
	m.in["all"] = true
	m.in["pid"] = code("if_error(int("+v.expr()+"), nil)", "int")
	m.in["name"] = code("if_error(int("+v.expr()+"), nil) == nil ? string("+v.expr()+") : nil", "string")
}

// environ is the variable of the flow that keeps an environment variable which
// the workflow sets.
func environ(name string) string {
	return "env_" + strings.Trim(notID.ReplaceAllString(name, "_"), "_")
}

// setsEnviron lists the environment variables that nodes of the workflow set.
func (c *converter) setsEnviron() []string {
	var out []string
	for _, s := range c.w.nodes {
		if s.typ == "EnvironmentVariableNode" && !s.disabled && textOf(s, "action", "get") == "set" {
			if name, ok := c.arg(s, tables[s.typ], "var_name").plain().(string); ok && name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// setEnviron hands environment variables that the workflow sets to a program.
func (c *converter) setEnviron(m *mapping) {
	var pairs []string
	for _, name := range c.setsEnviron() {
		pairs = append(pairs, "["+quote(name)+", vars."+environ(name)+"]")
	}
	if pairs != nil {
		m.in["env"] = code("from_entries(filter(["+strings.Join(pairs, ", ")+"], #[1] != nil))", "dict")
	}
}

// environmentRow keeps what a workflow sets in a variable of the flow, which
// later nodes of it see, and the programs that it starts.
func environmentRow(c *converter, s *step, m *mapping) {
	name, ok := c.arg(s, m, "var_name").plain().(string)
	if textOf(s, "action", "get") != "set" {
		if ok && slices.Contains(c.setsEnviron(), name) {
			m.out = outs{"result_value": "vars." + environ(name) + " ?? $.value", "exists": "vars." + environ(name) + " != nil or $.found"}
		}
		return
	}
	m.out = outs{"result_value": "$value", "exists": "true"}
	if !ok || name == "" {
		m.to, m.in = "flow.comment", params{"text": "Set an environment variable."}
		c.report.attention(s, "the name of the environment variable it sets is computed", "hand the variable to the program that needs it by its param env")
		return
	}
	m.to, m.in = "var.set", params{"name": environ(name), "value": "=string($value)"}
	m.note = "nodes of the flow and the programs they start see it; other programs do not"
	if scope := textOf(s, "scope", "process"); scope != "process" {
		c.report.attention(s, "it sets an environment variable of the "+scope+" for good, which a flow of Aether does not do", "set it in the settings of the computer")
	}
}

// systemInfo gives the facts that were asked for.
func systemInfo(c *converter, s *step, m *mapping) {
	facts := map[string]string{
		"os": `{"name": $.os, "platform": $.platform, "hostname": $.hostname, "architecture": $.architecture}`, "cpu": "$.cpu", "ram": "$.memory",
		"disk": `{"total": $!disk.total, "used": $!disk.used, "free": $!disk.free, "percent": $!disk.percent}`, "network": `{"hostname": $.hostname, "interfaces": $!net.networks}`,
	}
	what := strings.ToLower(textOf(s, "info_type", "all"))
	m.post = append(m.post, extra{"net", "sys.list_networks", nil})
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(facts)) {
		if what == "all" || what == k {
			parts = append(parts, quote(k)+": "+facts[k])
		}
	}
	m.out["info"] = "{" + strings.Join(parts, ", ") + "}"
}

func authorizeRow(c *converter, s *step, m *mapping) {
	m.pre = []extra{{"state", "random.bytes", params{"count": 24, "encoding": "base64url"}}, {"verifier", "random.string", params{"length": 64, "alphabet": "alphanumeric"}}}
	state := "$!state.text"
	if v := c.arg(s, m, "state"); v.isSet && v.plain() != "" {
		state = "$state"
	}
	query := params{"client_id": "$client_id", "redirect_uri": "$redirect_uri", "response_type": "$response_type", "scope": "$scope", "state": "=" + state}
	challenge := ""
	if c.arg(s, m, "pkce_enabled").plain() != false {
		challenge = "$!pkce.text"
		m.pre = append(m.pre, extra{"pkce", "hash.text", params{"text": "=$!verifier.text", "algorithm": "sha256", "as": "base64url"}})
		query["code_challenge"], query["code_challenge_method"] = `=trim_end($!pkce.text, "=")`, "S256"
	}
	m.in = params{"base": "$auth_url", "query": query}
	m.out = outs{"auth_url": "$.url", "state": state, "code_verifier": "$!verifier.text", "code_challenge": `trim_end(` + challenge + `, "=")`}
	if c.arg(s, m, "pkce_enabled").plain() == false {
		m.out["code_challenge"], m.out["code_verifier"] = `""`, `""`
	}
	if e := c.arg(s, m, "extra_params"); e.dict != nil {
		for k, v := range e.dict {
			query[k] = v
		}
	}
}

func tokenRow(c *converter, s *step, m *mapping) {
	grant := textOf(s, "grant_type", "authorization_code")
	body := params{"grant_type": grant, "client_id": "$client_id", "client_secret": "$client_secret", "scope": "$scope"}
	switch grant {
	case "authorization_code":
		body["code"], body["redirect_uri"], body["code_verifier"] = "$code", "$redirect_uri", "$code_verifier"
	case "refresh_token":
		body["refresh_token"] = "$refresh_token"
	case "password":
		body["username"], body["password"] = "$username", "$password"
	}
	for k, v := range body {
		if t, ok := v.(string); ok && strings.HasPrefix(t, "$") {
			if a := c.arg(s, m, t[1:]); !a.isSet || a.plain() == "" {
				delete(body, k)
			}
		}
	}
	m.in = params{"url": "$token_url", "method": "POST", "body_kind": "form", "body": body, "parse": "json"}
	if v := c.arg(s, m, "client_secret"); v.secret != "" { // the body takes no secrets
		delete(body, "client_secret")
		m.in["auth"] = params{"kind": "basic", "user": "$client_id", "password": v}
		c.report.adapted(s, "it sends the client secret as basic authentication and not in the body")
	}
	for _, k := range []string{"access_token", "refresh_token", "token_type", "expires_in", "scope", "id_token"} {
		m.out[k] = `get($.body, "` + k + `")`
	}
	m.out["full_response"] = "$.body"
	if t, ok := s.config["client_secret"].(string); ok && t != "" && !reference.MatchString(t) {
		c.report.attention(s, "the client secret stands in the file in plain text", "use the param auth of the http nodes, kind oauth2, with a secret")
	}
}

func callbackRow(c *converter, s *step, m *mapping) {
	if v := c.arg(s, m, "expected_state"); v.isSet && v.plain() != "" {
		m.post = []extra{{"state", "flow.assert", params{"condition": `=(get($.query, "state") ?? "") == $expected_state`, "message": "The state of the answer is not the one that was sent"}}}
	}
}
