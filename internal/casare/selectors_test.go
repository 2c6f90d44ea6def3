package casare

import "testing"

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
