package casare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
)

func TestSelectors(t *testing.T) {
	for text, want := range map[string]string{
		"#total":                          "css=#total",
		"//td[2]":                         "xpath=//td[2]",
		"/html/body":                      "xpath=/html/body",
		"/*[@id='a']":                     "xpath=//*[@id='a']",
		"(//a)[3]":                        "xpath=(//a)[3]",
		"xpath=//a":                       "xpath=//a",
		"css=div.a":                       "css=div.a",
		`text="Sign in"`:                  "text=Sign in",
		"text=Sign in":                    "text=Sign in",
		"id=go":                           "id=go",
		"data-testid=go":                  "testid=go",
		"itext=Save":                      "text=Save",
		"aria=Search":                     "label=Search",
		"#row_*":                          `css=[id^="row_"]`,
		"#*_end":                          `css=[id$="_end"]`,
		".btn*":                           `css=[class*="btn"]`,
		"input#a*b":                       `css=input[id^="a"][id$="b"]`,
		"a[href=/item*]":                  `css=a[href^="/item"]`,
		"a[href='*.pdf']":                 `css=a[href$=".pdf"]`,
		"a[href=*pdf*]":                   `css=a[href*="pdf"]`,
		"ul > li":                         "css=ul > li",
		"*":                               "css=*",
		"li.a >> nth=0":                   "css=li.a >> nth=1",
		"li >> nth=-1":                    "css=li >> nth=-1",
		"form >> text=Go":                 "text=Go within css=form",
		"button:visible":                  "css=button",
		`<webctrl tag='INPUT' name='q'/>`: "xpath=//input[@name='q']",
		`<html title='x'/><webctrl id='a*' tag='TD'/><nav up='2'/><webctrl tag='A' idx='2'/>`: "xpath=(//td[starts-with(@id,'a')]/../..//a)[2]",
		`role=button[name="Save"]`: `role=button[name="Save"]`,
	} {
		got, err := selectorOf(text)
		if err != nil || got.String() != want {
			t.Errorf("%s is %s, want %s (%v)", text, got, want, err)
		}
	}
	if got := xpathText(`a'b"c`); got != `concat('a',"'",'b"c')` {
		t.Errorf("quotes make %s", got)
	}
	for text, want := range map[string]string{"li": "css=li >> nth=1", "#a": "css=#a", "id=a": "id=a", "li >> nth=3": "css=li >> nth=4"} {
		if got, err := selectorOf(text); err != nil || first(got).String() != want {
			t.Errorf("the first of %s is %s (%v)", text, first(got), err)
		}
	}
	if got, err := selectorOf(`button:has-text("Save it")`); err != nil || got.Queries[0].By != "xpath" {
		t.Errorf("has-text is %s (%v)", got, err)
	}
}

// What Aether has no node for stays as it is, and says why.
func TestNoNode(t *testing.T) {
	for typ, why := range noNode {
		k := catalog()[typ]
		if k == nil || tables[typ] != nil {
			t.Errorf("%s is no such type", typ)
			continue
		}
		src := `{"nodes": {"s": {"node_type": "StartNode"}, "x": {"node_type": "` + typ + `", "config": {"kept": 7}}}, "connections": [{"source_node": "s", "source_port": "exec_out", "target_node": "x", "target_port": "exec_in"}]}`
		f, report, err := Convert([]byte(src), Options{Nodes: node.Default})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(f.Nodes, func(n flow.Node) bool { return n.Type == "flow.missing" })
		if i < 0 || f.Nodes[i].Params["reason"] != why || report.Count(Attention) == 0 {
			t.Errorf("%s becomes %+v", typ, f.Nodes)
		}
	}
}

// A script that is put together from values still gets them, and a result is kept where the file says.
func TestBrowserRows(t *testing.T) {
	src := `{"nodes": {
		"s": {"node_type": "StartNode"},
		"a": {"node_type": "TypeTextNode", "config": {"selector": ".user", "text": "Ada", "press_enter_after": true, "timeout": 5000}},
		"b": {"node_type": "ExtractTextNode", "config": {"selector": "h1"}},
		"c": {"node_type": "BrowserEvaluateNode", "config": {"script": "'{{extracted_text}}'.length"}},
		"d": {"node_type": "ClickElementNode", "config": {"selector": "#m", "button": "middle"}}
	}, "connections": [
		{"source_node": "s", "source_port": "exec_out", "target_node": "a", "target_port": "exec_in"}, {"source_node": "a", "source_port": "exec_out", "target_node": "b", "target_port": "exec_in"},
		{"source_node": "b", "source_port": "exec_out", "target_node": "c", "target_port": "exec_in"}, {"source_node": "c", "source_port": "exec_out", "target_node": "d", "target_port": "exec_in"}]}`
	f, _, err := Convert([]byte(src), Options{Nodes: node.Default})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]flow.Node{}
	for _, n := range f.Nodes {
		got[n.ID] = n
	}
	if n := got["a"]; n.Type != "web.fill" || n.Params["target"] != "css=.user >> nth=1" || n.Params["value"] != "Ada" || fmt.Sprint(n.Params["timeout"]) != "5" {
		t.Errorf("typing becomes %+v", n)
	}
	if n := got["a_enter"]; n.Type != "web.press" || n.Params["key"] != "Enter" || n.Params["target"] != "css=.user >> nth=1" {
		t.Errorf("Enter becomes %+v", n)
	}
	if n := got["b_keep"]; n.Type != "var.set" || n.Params["name"] != "extracted_text" {
		t.Errorf("what is read is kept by %+v", n)
	}
	args, _ := got["c"].Params["args"].(map[string]any)
	if code := fmt.Sprint(args["code"]); got["c"].Type != "web.evaluate" || !strings.Contains(code, "vars.extracted_text") {
		t.Errorf("a script with values becomes %+v", got["c"])
	}
	if got["d"].Type != "flow.missing" {
		t.Errorf("the middle button becomes %+v", got["d"])
	}
}
