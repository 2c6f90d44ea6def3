package casare

import (
	"maps"
	"strings"
)

// firstSubmit finds the button that sends a form.
const firstSubmit = "css=button[type=submit], input[type=submit], form button:not([type]) >> nth=1"

// loadStates are the steps of loading by the names of Playwright.
const loadStates = `{"domcontentloaded": "dom", "networkidle": "idle", "commit": "commit"}[$wait_until] ?? "load"`

// captchaScript tells whether a page shows a captcha, and which.
const captchaScript = `(wanted) => {
  const frames = [...document.querySelectorAll('iframe')].map(f => f.src), has = s => document.querySelector(s);
  const key = (has('[data-sitekey]') || {dataset: {}}).dataset.sitekey || (frames.map(f => /[?&](?:k|sitekey)=([^&]+)/.exec(f)).find(Boolean) || [])[1] || '';
  const kind = frames.some(f => f.includes('hcaptcha.com')) || has('.h-captcha') ? 'hcaptcha' : frames.some(f => f.includes('recaptcha')) || has('.g-recaptcha') ? 'recaptcha_v2' : has('script[src*="recaptcha/api.js?render="]') ? 'recaptcha_v3' : has('img[src*=captcha i], img[alt*=captcha i]') ? 'image_captcha' : '';
  return {detected: kind !== '' || !!(wanted && has(wanted)), kind, key, url: location.href};
}`

// browserRow makes the row of a node that works in a browser: it has the timeout in seconds, tells the name of the
// session for the ports page and browser, and has its selectors as targets.
func browserRow(m mapping) mapping {
	m.out = maps.Clone(m.out)
	if m.out == nil {
		m.out = outs{}
	}
	if m.in == nil {
		m.in = params{}
	}
	for _, port := range []string{"page", "browser", "window"} {
		if m.out[port] == "" {
			m.out[port] = `"browser"`
		}
	}
	inner := m.prepare
	m.prepare = func(c *converter, s *step, m *mapping) {
		if t := c.arg(s, m, "timeout"); t.isSet && !(t.isLit() && t.plain() == 30000) && m.to != "web.close" {
			m.in["timeout"] = "=$timeout / 1000"
		}
		c.anchor(s)
		if inner != nil {
			inner(c, s, m)
		}
		c.keepIn(s, m)
	}
	return m
}

// aimed makes a row whose param target is a selector of CasareRPA.
func aimed(port string, m mapping) mapping {
	inner := m.prepare
	m.prepare = func(c *converter, s *step, m *mapping) {
		if t, ok := c.targetOf(s, m, port); ok {
			m.in["target"] = t
		}
		if inner != nil {
			inner(c, s, m)
		}
	}
	return browserRow(m)
}

// keptAs names the output that a node keeps in a variable, by type.
var keptAs = map[string][2]string{ // the property and the output
	"ExtractTextNode": {"variable_name", "text"}, "GetAttributeNode": {"variable_name", "value"}, "TableScraperNode": {"output_variable", "data"},
	"BrowserEvaluateNode": {"store_variable", "result"}, "DetectFormsNode": {"output_variable", "forms"},
}

// keptName is the variable in which a node keeps its result: one that its file names, or the default if something
// reads it.
func (c *converter) keptName(s *step) string {
	k, ok := keptAs[s.typ]
	if !ok || s.kind == nil {
		return ""
	}
	if v, given := s.config[k[0]].(string); given {
		if reference.MatchString(v) {
			return ""
		}
		return strings.TrimSpace(v)
	}
	p, _ := s.kind.prop(k[0])
	name, _ := p.Default.(string)
	read := false
	for _, o := range c.w.nodes {
		c.eachName(o.config, func(n string) { read = read || n == name })
	}
	if !read {
		return ""
	}
	return name
}

func (c *converter) keepIn(s *step, m *mapping) {
	if name := c.keptName(s); name != "" && m.out[keptAs[s.typ][1]] != "" {
		m.post = append(m.post, extra{"keep", "var.set", params{"name": c.varName(name), "value": "=" + m.out[keptAs[s.typ][1]]}})
	}
}

func init() {
	until := params{"until": loadStates, "any_status": true}
	goes := func(from, to string) mapping { return browserRow(mapping{from: from, to: to, in: maps.Clone(until)}) }
	register(
		browserRow(mapping{from: "LaunchBrowserNode", to: "web.open", in: params{
			"url": "$url", "width": "$viewport_width", "height": "$viewport_height", "user_agent": "$user_agent", "locale": "$locale", "timezone": "$timezone_id", "proxy": "$proxy_server", "ignore_certificates": "$ignore_https_errors", "any_status": true,
		}, prepare: launchRow}),
		browserRow(mapping{from: "CloseBrowserNode", to: "web.close"}),
		browserRow(mapping{from: "NewTabNode", to: "web.new_tab", in: params{"url": "$url", "until": loadStates, "any_status": true}, prepare: emptyMeansNone("url")}),
		browserRow(mapping{from: "GoToURLNode", to: "web.goto", in: params{"url": "$url", "until": loadStates, "any_status": true}}),
		goes("GoBackNode", "web.back"), goes("GoForwardNode", "web.forward"), goes("RefreshPageNode", "web.reload"),
		aimed("selector", mapping{from: "ClickElementNode", to: "web.click", prepare: clickRow}),
		aimed("selector", mapping{from: "TypeTextNode", to: "web.fill", prepare: typeRow}),
		aimed("selector", mapping{from: "SelectDropdownNode", to: "web.select", in: params{"options": []any{"=string($value)"}, "by": "$select_by"}}),
		browserRow(mapping{from: "PressKeyNode", to: "web.press", in: params{"key": "$key"}}),
		aimed("selector", mapping{from: "ExtractTextNode", to: "web.get_text", out: outs{"text": "$.text"}}),
		aimed("selector", mapping{from: "GetAttributeNode", to: "web.get_attribute", in: params{"name": "$attribute"}, out: outs{"value": "$.value"}}),
		aimed("selector", mapping{from: "ScreenshotNode", to: "web.screenshot", in: params{"to": "$file_path", "full": "$full_page"}, out: outs{"file_path": "$.file", "attachment_file": "[$.file]"}, prepare: screenshotRow}).aka("file_path", "path"),
		aimed("table_selector", mapping{from: "TableScraperNode", to: "web.get_table", prepare: tableRow}),
		aimed("selector", mapping{from: "WaitForElementNode", to: "web.wait", in: params{"state": `$state == "visible" ? "shown" : $state`}, out: outs{"found": "true"}}),
		browserRow(mapping{from: "WaitForNavigationNode", to: "web.wait", in: params{"load": loadStates}}),
		browserRow(mapping{from: "GetAllImagesNode", to: "web.get_images", note: "it lists the pictures of img elements, not those that styles set behind others", prepare: imagesRow}),
		browserRow(mapping{from: "DownloadFileNode", to: "http.download", in: params{"url": "$url", "to": "$save_path", "if_exists": replaceOrFail}, out: outs{"path": "$.path", "attachment_file": "[$.path]", "size": "$.size", "success": "true"}, prepare: downloadRow}).aka("save_path", "filename file_path path"),
		browserRow(mapping{from: "BrowserEvaluateNode", to: "web.evaluate", in: params{"args": "$arg"}, out: outs{"result": "$.result", "success": "true", "error": `""`}, prepare: evaluateRow}).aka("script", "expression"),
		browserRow(mapping{from: "BrowserAlertHandleNode", to: "web.dialogs", out: outs{"message": "$.message", "dialog_type": "$.kind", "action_taken": "$action", "success": "true"}, prepare: alertRow}),
		browserRow(mapping{from: "CookieManagementNode", to: "web.cookies_get", prepare: cookiesRow}),
		browserRow(mapping{from: "DetectCaptchaNode", to: "web.evaluate", in: params{"script": raw{captchaScript}, "args": "$challenge_selector", "effect": "read"},
			out: outs{"captcha_detected": "$.result.detected", "captcha_type": "$.result.kind", "sitekey": "$.result.key", "page_url": "$.result.url"}}),
		compute("FormFieldNode", params{
			"field": `{"selector": $selector, "value": $value, "type": $field_type}`, "fields_out": `concat($fields_in ?? [], [{"selector": $selector, "value": $value, "type": $field_type}])`,
		}).typed("fields_in", "list").with(func(m *mapping) { m.out["page"] = `"browser"`; m.prepare = formFieldRow }),
		browserRow(mapping{from: "FormFillerNode", to: "web.fill_form", prepare: fillerRow}).typed("field_mapping", "dict", "fields_in", "list"),
		browserRow(mapping{from: "DetectFormsNode", to: "web.list_forms", in: params{"hidden": "$include_hidden"}, out: outs{"forms": "$.forms", "form_count": "$.count", "field_count": "$.fields", "fields": "flatten(map($.forms, #.fields), 1)"}, prepare: func(c *converter, s *step, m *mapping) {
			if v := c.arg(s, m, "container"); v.isLit() && v.plain() != "body" && v.plain() != "" {
				m.in["target"], _ = c.targetOf(s, m, "container")
			}
		}}),
	)
}
