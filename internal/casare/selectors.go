package casare

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

var (
	engineBegins = regexp.MustCompile(`^(css|xpath|text|id|aria|role|data-testid|data-test-id|data-test|placeholder|alt|title|label)\s*=\s*`)
	webctrl      = regexp.MustCompile(`(?i)<\s*(webctrl|ctrl|html|wnd|nav)\b([^>]*)>`)
	xmlAttribute = regexp.MustCompile(`([A-Za-z]+)\s*=\s*(?:'([^']*)'|"([^"]*)")`)
	starred      = regexp.MustCompile(`^([A-Za-z][\w-]*)?([#.])?([\w-]*)\*([\w-]*)$`)
	starredValue = regexp.MustCompile(`\[([\w-]+)=["']?(\*?)([^"'\]*]*)(\*?)["']?\]`)
	hasText      = regexp.MustCompile(`^([A-Za-z][\w-]*|\*)?:(has-text|text|text-is)\((?:"([^"]*)"|'([^']*)')\)$`)
	playNth      = regexp.MustCompile(`^nth=(-?\d+)$`)
	plainID      = regexp.MustCompile(`^#[A-Za-z][\w-]*$`)
)

// targetOf returns the target of a selector that a node has.
func (c *converter) targetOf(s *step, m *mapping, port string) (any, bool) {
	v := c.arg(s, m, port)
	switch text, isText := v.plain().(string); {
	case !v.isSet:
		return nil, false
	case !v.isLit():
		return "=$" + port, true // it is made when the node runs, as a text of the same form
	case !isText || strings.TrimSpace(text) == "":
		return nil, false
	default:
		t, err := selectorOf(text)
		if err != nil {
			c.report.attention(s, "its selector "+strconv.Quote(text)+" cannot be read: "+err.Error(), "write the target anew")
			return literal(text), true
		}
		if strict := c.arg(s, m, "strict"); strict.plain() != true {
			t = first(t)
		}
		return literal(t.ToValue()), true
	}
}

// first makes a target take the first match, as CasareRPA did, where its form says nothing about how many there are.
func first(t selector.Target) selector.Target {
	for i, q := range t.Queries {
		if q.Nth == 0 && (q.By == selector.ByXPath || q.By == selector.ByCSS && !plainID.MatchString(q.Value) || q.By == selector.ByText) {
			t.Queries[i].Nth = 1
		}
	}
	return t
}

// selectorOf reads a selector as CasareRPA's browser nodes take it: of Playwright, with stars, in XML or as itext.
func selectorOf(text string) (selector.Target, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "<") {
		return selector.Of(xmlSelector(text))
	}
	parts := strings.Split(text, " >> ")
	var t selector.Target
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if m := playNth.FindStringSubmatch(p); m != nil && len(t.Queries) == 1 {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return t, err
			}
			if n >= 0 {
				n++ // Playwright counts from 0
			}
			t.Queries[0].Nth = n
			continue
		}
		if p == "visible=true" {
			continue
		}
		q, err := selector.Parse(partOf(p))
		if err != nil {
			return t, err
		}
		if i > 0 {
			t.Within = append(t.Within, t.Queries...)
		}
		t.Queries = []selector.Query{q}
	}
	if len(t.Queries) == 0 {
		return selector.Of(text)
	}
	return t, nil
}

// partOf turns one part of a selector into one of Aether.
func partOf(s string) string {
	if rest, ok := strings.CutPrefix(s, "itext="); ok {
		tag, words, tagged := strings.Cut(rest, ":")
		if !tagged || strings.ContainsAny(tag, " /") {
			return "text=" + rest
		}
		return textPath(tag, words, false)
	}
	if m := engineBegins.FindStringSubmatch(s); m != nil {
		rest := s[len(m[0]):]
		switch m[1] {
		case "aria":
			return "label=" + rest
		case "data-testid", "data-test-id", "data-test":
			return "testid=" + strings.Trim(rest, `"'`)
		case "css":
			return styled(rest)
		case "xpath":
			if strings.HasPrefix(rest, "/*") {
				rest = "/" + rest
			}
			return "xpath=" + rest
		case "text":
			return "text=" + strings.Trim(rest, `"'`)
		}
		return s
	}
	switch {
	case strings.HasPrefix(s, "/*"):
		return "xpath=/" + s
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "("), strings.HasPrefix(s, "./"):
		return "xpath=" + s
	case strings.HasPrefix(s, `"`) && strings.HasSuffix(s, `"`) && len(s) > 2:
		return "text=" + strings.Trim(s, `"`)
	}
	return styled(s)
}

// styled is a CSS selector as one of Aether, an XPath where CSS has no words for it.
func styled(s string) string {
	out := cssOf(s)
	if strings.HasPrefix(out, "xpath=") {
		return out
	}
	return "css=" + out
}

// cssOf leaves out of a CSS selector what only Playwright knows.
func cssOf(s string) string {
	s = strings.ReplaceAll(s, ":visible", "")
	if m := hasText.FindStringSubmatch(s); m != nil {
		tag := m[1]
		if tag == "" {
			tag = "*"
		}
		return strings.TrimPrefix(textPath(tag, m[3]+m[4], m[2] == "text-is"), "css=")
	}
	if m := starred.FindStringSubmatch(s); m != nil && (m[2] != "" || m[3] != "" || m[4] != "") && s != "*" {
		attribute := map[string]string{"#": "id", ".": "class", "": "id"}[m[2]]
		out := m[1]
		if m[2] == "" {
			out, m[3] = "", m[1]+m[3]
		}
		switch {
		case m[2] == "." && m[3] != "" && m[4] == "":
			return out + `[class*="` + m[3] + `"]`
		case m[3] != "" && m[4] != "":
			return out + `[` + attribute + `^="` + m[3] + `"][` + attribute + `$="` + m[4] + `"]`
		case m[3] != "":
			return out + `[` + attribute + `^="` + m[3] + `"]`
		}
		return out + `[` + attribute + `$="` + m[4] + `"]`
	}
	return starredValue.ReplaceAllStringFunc(s, func(a string) string {
		m := starredValue.FindStringSubmatch(a)
		op := map[[2]bool]string{{true, true}: "*=", {true, false}: "$=", {false, true}: "^="}[[2]bool{m[2] != "", m[4] != ""}]
		if op == "" {
			return a
		}
		return "[" + m[1] + op + strconv.Quote(m[3]) + "]"
	})
}

const (
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower = "abcdefghijklmnopqrstuvwxyz"
)

// textPath finds an element of a tag by the text in it.
func textPath(tag, words string, exactly bool) string {
	if exactly {
		return "xpath=//" + tag + "[normalize-space(.)=" + xpathText(words) + "]"
	}
	return "xpath=//" + tag + "[contains(translate(normalize-space(.),'" + upper + "','" + lower + "')," + xpathText(strings.ToLower(words)) + ")]"
}

// xpathText quotes a text for an XPath.
func xpathText(s string) string {
	if !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	if !strings.Contains(s, `"`) {
		return `"` + s + `"`
	}
	return "concat('" + strings.ReplaceAll(s, "'", `',"'",'`) + "')"
}

// xmlSelector turns a selector like <webctrl tag='INPUT' id='a*'/><nav up='1'/> into an XPath.
func xmlSelector(s string) string {
	path := ""
	for _, m := range webctrl.FindAllStringSubmatch(s, -1) {
		given := map[string]string{}
		for _, a := range xmlAttribute.FindAllStringSubmatch(m[2], -1) {
			given[strings.ToLower(a[1])] = a[2] + a[3]
		}
		switch strings.ToLower(m[1]) {
		case "html", "wnd":
			continue // the window, which is the page
		case "nav":
			if n, err := strconv.Atoi(given["up"]); err == nil {
				path += strings.Repeat("/..", max(0, min(n, 50)))
			}
			continue
		}
		tag := strings.ToLower(given["tag"])
		if tag == "" {
			tag = "*"
		}
		tests := ""
		for _, a := range []string{"id", "class", "name", "type", "placeholder", "value", "href"} {
			if v, ok := given[a]; ok {
				tests += "[" + starTest("@"+a, v) + "]"
			}
		}
		for _, a := range []string{"aaname", "innertext"} {
			if v, ok := given[a]; ok {
				test := starTest("normalize-space(.)", v)
				if a == "aaname" {
					test += " or " + starTest("@aria-label", v) + " or " + starTest("@title", v) + " or " + starTest("@value", v)
				}
				tests += "[" + test + "]"
			}
		}
		path += "//" + tag + tests
		if n, err := strconv.Atoi(given["idx"]); err == nil && n > 0 {
			path = "(" + path + ")[" + strconv.Itoa(n) + "]"
		}
	}
	if path == "" {
		return s
	}
	return "xpath=" + path
}

// starTest compares in XPath with a text in which stars stand for any characters.
func starTest(what, text string) string {
	parts := strings.Split(text, "*")
	if len(parts) == 1 {
		return what + "=" + xpathText(text)
	}
	var tests []string
	for i, p := range parts {
		switch {
		case p == "":
		case i == 0:
			tests = append(tests, "starts-with("+what+","+xpathText(p)+")")
		case i == len(parts)-1: // XPath 1.0 has no ends-with
			tests = append(tests, "substring("+what+",string-length("+what+")-"+strconv.Itoa(len([]rune(p))-1)+")="+xpathText(p))
		default:
			tests = append(tests, "contains("+what+","+xpathText(p)+")")
		}
	}
	if len(tests) == 0 {
		return what
	}
	return strings.Join(tests, " and ")
}

// anchor says so when a node finds its element by another one beside it.
func (c *converter) anchor(s *step) {
	text, _ := s.config["anchor_config"].(string)
	var a struct {
		Enabled  bool   `json:"enabled"`
		Selector string `json:"selector"`
	}
	if text != "" && json.Unmarshal([]byte(text), &a) == nil && a.Enabled {
		c.report.attention(s, "it finds its element beside "+strconv.Quote(a.Selector), "name the element by its label, or give the target within")
	}
}
