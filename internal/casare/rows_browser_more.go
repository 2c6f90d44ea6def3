package casare

import (
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

func launchRow(c *converter, s *step, m *mapping) {
	emptyMeansNone("url", "user_agent", "locale")(c, s, m)
	for param, port := range map[string]string{"timezone": "timezone_id", "proxy": "proxy_server"} {
		if v := c.arg(s, m, port); v.isLit() && (v.plain() == nil || v.plain() == "") {
			delete(m.in, param)
		}
	}
	if c.arg(s, m, "headless").plain() == true {
		m.in["headless"] = true
	}
	if v := c.arg(s, m, "ignore_https_errors"); v.isLit() && v.plain() != true {
		delete(m.in, "ignore_certificates")
	}
	if b := textOf(s, "browser_type", "chromium"); b != "chromium" && b != "" {
		c.report.adapted(s, "it used %s; Aether works in Chromium, Chrome, Edge and Brave", b)
	}
	if p := textOf(s, "profile_mode", "none"); p != "none" || textOf(s, "user_data_dir", "") != "" {
		c.report.attention(s, "it used the profile of a person, with its logins", "join the person's own browser with web.attach, or sign in by nodes of the flow")
	}
	if textOf(s, "color_scheme", "light") == "dark" {
		m.post = append(m.post, extra{"colors", "web.emulate", params{"colors": "dark"}})
	}
}

func clickRow(c *converter, s *step, m *mapping) {
	if l, ok := c.arg(s, m, "modifiers").plain().([]any); ok && len(l) > 0 {
		m.in["modifiers"] = "$modifiers"
	}
	if x, y := c.arg(s, m, "position_x"), c.arg(s, m, "position_y"); x.isSet && y.isSet && x.plain() != nil && y.plain() != nil && x.plain() != "" {
		m.in["x"], m.in["y"] = "$position_x", "$position_y"
	}
	count, _ := c.arg(s, m, "click_count").plain().(int)
	switch button := textOf(s, "button", "left"); {
	case c.arg(s, m, "trial").plain() == true:
		m.to = "web.hover"
		m.in = params{"target": m.in["target"]}
		c.report.adapted(s, "it only tried whether the element can be pressed; the mouse is moved over it")
	case button == "middle" || count > 2 || count == 2 && button == "right":
		c.broken[s.id] = "it presses with the middle button, or more than twice in a row, which web.click does not do"
	case button == "right":
		m.to = "web.right_click"
	case count == 2:
		m.to = "web.double_click"
	}
	if c.arg(s, m, "force").plain() == true {
		c.report.adapted(s, "it pressed the element even if it could not be seen or was covered; web.click presses what a person could press")
	}
}

func typeRow(c *converter, s *step, m *mapping) {
	param := "value"
	keys := c.arg(s, m, "press_sequentially").plain() == true || c.arg(s, m, "clear_first").plain() == false
	delay, _ := c.arg(s, m, "delay").plain().(int)
	if keys || delay > 0 {
		param = "text"
		m.to = "web.type"
		m.in["clear"] = "$clear_first"
		if delay > 0 {
			m.in["pause"] = "=$delay / 1000"
		}
	}
	if c.arg(s, m, "text").secretIn() != "" {
		param = "secret"
	}
	m.in[param] = "$text"
	if c.arg(s, m, "press_enter_after").plain() == true {
		m.post = append(m.post, extra{"enter", "web.press", params{"key": "Enter", "target": m.in["target"]}})
	}
	if c.arg(s, m, "press_tab_after").plain() == true {
		m.post = append(m.post, extra{"tab", "web.press", params{"key": "Tab", "target": m.in["target"]}})
	}
}

func screenshotRow(c *converter, s *step, m *mapping) {
	if v := c.arg(s, m, "file_path"); v.isLit() && (v.plain() == nil || v.plain() == "") {
		m.in["to"] = "screenshot.png"
	}
	if c.arg(s, m, "full_page").plain() == true {
		delete(m.in, "target") // CasareRPA then took no notice of it
	}
	if textOf(s, "type", "png") == "jpeg" && c.arg(s, m, "quality").plain() != nil {
		m.in["quality"] = "$quality"
	}
}

// csvText writes lists of cells as CSV does.
const csvText = `join(map($.rows, join(map(#, let cell = string(# ?? ""); contains(cell, ",") or contains(cell, "\"") or contains(cell, "\n") ? "\"" + replace(cell, "\"", "\"\"") + "\"" : cell), ",")), "\n")`

func tableRow(c *converter, s *step, m *mapping) {
	m.in["as"] = "records"
	m.out["headers"] = "$.columns"
	rows := "$.rows"
	format := textOf(s, "output_format", "list_of_dicts")
	if format != "list_of_dicts" {
		m.in["as"] = "lists"
	}
	skip, most := c.arg(s, m, "skip_rows"), c.arg(s, m, "max_rows")
	if !skip.isLit() || skip.plain() != 0 && skip.plain() != nil {
		rows = "skip(" + rows + ", $skip_rows)"
	}
	if !most.isLit() || most.plain() != 0 && most.plain() != nil {
		rows = "take(" + rows + ", $max_rows)"
	}
	m.out["data"], m.out["row_count"] = rows, "len("+rows+")"
	if format == "csv_string" {
		lines := rows
		if c.arg(s, m, "include_headers").plain() != false {
			lines = "concat([$.columns], " + rows + ")"
		}
		m.out["data"] = strings.ReplaceAll(csvText, "$.rows", lines)
	}
}

func imagesRow(c *converter, s *step, m *mapping) {
	list := "$.images"
	var tests []string
	for port, field := range map[string]string{"min_width": "width", "min_height": "height"} {
		if v := c.arg(s, m, port); !v.isLit() || v.plain() != 0 && v.plain() != nil {
			tests = append(tests, "#."+field+" >= $"+port)
		}
	}
	if t := textOf(s, "file_types", ""); t != "" {
		tests = append(tests, `let ending = lower(last(split(before(#.url + "?", "?"), "."))); ending in map(split(lower($file_types), ","), trim_start(trim(#), "."))`)
	}
	slices.Sort(tests)
	for _, t := range tests {
		list = "filter(" + list + ", " + t + ")"
	}
	m.out["images"], m.out["count"] = "map("+list+", #.url)", "len("+list+")"
}

func downloadRow(c *converter, s *step, m *mapping) {
	if v := c.arg(s, m, "verify_ssl"); v.isLit() && v.plain() == false {
		m.in["tls"] = params{"insecure": true}
	}
	if c.arg(s, m, "use_browser").plain() == true {
		in := params{"url": "$url", "to": "$save_path"}
		if t := m.in["timeout"]; t != nil {
			in["complete"] = t
		}
		m.to, m.in = "web.download", in
		m.out = maps.Clone(m.out)
		m.out["path"], m.out["attachment_file"] = "$.file", "[$.file]"
	}
}

func evaluateRow(c *converter, s *step, m *mapping) {
	script := c.arg(s, m, "script")
	text, isText := script.plain().(string)
	if script.isLit() && isText {
		m.in["script"] = raw{text}
	} else {
		// A script is taken literally; one that is put together from values is run by another one.
		m.in["script"] = raw{`args => { const value = (0, eval)("(" + args.code + "\n)"); return typeof value === "function" ? value(args.arg) : value; }`}
		m.in["args"] = params{"code": "$script", "arg": "$arg"}
		c.report.adapted(s, "its script is put together from values of the flow; a page whose policy forbids eval refuses it")
	}
	if v := c.arg(s, m, "wait_for_selector"); v.isSet && v.plain() != "" {
		if t, ok := c.targetOf(s, m, "wait_for_selector"); ok {
			m.pre = append(m.pre, extra{"wait", "web.wait", params{"target": t}})
		}
	}
}

func alertRow(c *converter, s *step, m *mapping) {
	answer := params{"answer": "$action"}
	if c.arg(s, m, "action").plain() == "accept" && textOf(s, "prompt_text", "") != "" {
		answer["text"] = "$prompt_text"
	}
	t, ok := c.targetOf(s, m, "trigger_selector")
	if !ok {
		timeout := m.in["timeout"]
		m.in = answer
		if timeout != nil {
			m.in["timeout"] = timeout
		}
		c.report.adapted(s, "it waited for the next dialog; now it says how those are answered that come from then on")
		return
	}
	m.pre = append(m.pre, extra{"answer", "web.dialogs", answer}, extra{"press", "web.click", params{"target": t}})
	m.in["wait"] = true
}

// importedCookies makes cookies as the browser exports them ones of web.cookies_set.
const importedCookies = `map(type($cookies_json) == "string" ? from_json($cookies_json) : $cookies_json, ({"name": #.name, "value": string(#.value), "domain": get(#, "domain") ?? "", "path": get(#, "path") ?? "/", "url": get(#, "url") ?? "", "secure": get(#, "secure") ?? false, "http_only": get(#, "httpOnly") ?? get(#, "http_only") ?? false, "same_site": get(#, "sameSite") ?? get(#, "same_site") ?? "", "expires": (type(get(#, "expires")) == "string" ? #.expires : (get(#, "expires") ?? -1) > 0 ? string(from_unix(#.expires)) : "")}))`

// exportedCookies writes cookies as CasareRPA did.
const exportedCookies = `to_json(map($.cookies, ({"name": #.name, "value": #.value, "domain": #.domain, "path": #.path, "expires": (#.expires == nil ? -1 : unix(#.expires)), "httpOnly": #.http_only, "secure": #.secure, "sameSite": (#.same_site == "" ? "Lax" : #.same_site)})))`

func cookiesRow(c *converter, s *step, m *mapping) {
	m.alias = map[string]string{"cookies_json": "cookies_input"}
	m.out = maps.Clone(m.out)
	m.out["success"] = "true"
	m.out["cookies"], m.out["cookie"], m.out["count"] = `"[]"`, "{}", "$.count"
	given := func(in params, param, port string) {
		if v := c.arg(s, m, port); v.isSet && v.plain() != "" {
			in[param] = "$" + port
		}
	}
	delete(m.in, "timeout")
	switch textOf(s, "operation", "get") {
	case "set":
		k := params{"name": "$cookie_name", "value": "$cookie_value"}
		if c.arg(s, m, "cookie_value").secretIn() != "" {
			k = params{"name": "$cookie_name", "secret": "$cookie_value"}
		}
		given(k, "domain", "domain")
		given(k, "path", "path")
		if v := c.arg(s, m, "expires"); !v.isLit() || v.plain() != 0 && v.plain() != nil && v.plain() != -1 {
			k["expires"] = "=string(from_unix($expires))"
		}
		for param, port := range map[string]string{"secure": "secure", "http_only": "http_only"} {
			if c.arg(s, m, port).plain() == true {
				k[param] = true
			}
		}
		if same := textOf(s, "same_site", "None"); same != "None" || k["secure"] == true { // None is for secure cookies only
			k["same_site"] = same
		}
		m.to, m.in = "web.cookies_set", params{"cookies": []any{k}}
	case "delete":
		m.to = "web.cookies_clear"
		given(m.in, "name", "cookie_name")
		given(m.in, "domain", "domain")
	case "delete_all":
		m.to = "web.cookies_clear"
	case "import":
		m.to, m.in = "web.cookies_set", params{"cookies": "=" + importedCookies}
	default:
		given(m.in, "name", "cookie_name")
		given(m.in, "domain", "domain")
		m.out["cookies"], m.out["cookie"] = exportedCookies, "$.count > 0 ? $.cookies[0] : {}"
	}
}

func formFieldRow(c *converter, s *step, m *mapping) {
	v := c.arg(s, m, "selector")
	if text, ok := v.plain().(string); ok && v.isLit() && text != "" {
		if t, err := selectorOf(text); err == nil {
			written := strings.ReplaceAll(keyOf(first(t)), `"`, `\"`)
			entries := params{}
			for name, e := range m.in["entries"].(params) {
				entries[name] = strings.ReplaceAll(e.(string), "$selector", `"`+written+`"`)
			}
			m.in["entries"] = entries
		}
	}
}

// keyOf writes a target as the text that names a field of web.fill_form.
func keyOf(t selector.Target) string {
	if len(t.Queries) == 0 {
		return ""
	}
	return t.Queries[0].String()
}

func fillerRow(c *converter, s *step, m *mapping) {
	fields := c.arg(s, m, "field_mapping")
	list := c.arg(s, m, "fields_in")
	const ofList = `from_entries(map($fields_in, [#.selector, #.type in ["checkbox", "radio"] ? lower(string(#.value)) in ["true", "1", "yes", "on"] : #.value]))`
	switch {
	case fields.dict != nil:
		in := params{}
		for k, v := range fields.dict {
			key := k
			if t, err := selectorOf(k); err == nil {
				key = keyOf(first(t))
			}
			in[key] = v
		}
		m.in["fields"] = in
	case fields.isSet && !(fields.isLit() && (fields.plain() == nil || fields.plain() == "")):
		if fields.isLit() {
			c.broken[s.id] = "its field_mapping is no map of selectors and values"
			return
		}
		m.in["fields"] = "$field_mapping"
	case list.isSet:
		m.in["fields"] = "=" + ofList
	default:
		c.broken[s.id] = "it has neither field_mapping nor fields_in, so that it fills nothing"
		return
	}
	m.out = maps.Clone(m.out)
	m.out["fields_filled"], m.out["form_data"] = "$.filled", "$field_mapping"
	if !fields.isSet {
		m.out["form_data"] = ofList
	}
	if c.arg(s, m, "auto_submit").plain() == true {
		m.in["submit"] = firstSubmit
	}
}
