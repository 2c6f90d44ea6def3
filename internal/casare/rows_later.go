package casare

import (
	"regexp"
	"strings"
)

// families are the node families that types of CasareRPA belong to which
// Aether does not have yet, by category or by the beginning of the name. The
// issue that brings a family adds rows for its types.
var families = []struct{ category, prefix, family string }{
	{"browser", "", "web"},
	{"google", "Gmail", "gmail"}, {"google", "Sheets", "gsheets"}, {"google", "Drive", "gdrive"}, {"google", "Docs", "gdocs"}, {"google", "Calendar", "gcalendar"},
	{"messaging", "Telegram", "telegram"}, {"messaging", "WhatsApp", "whatsapp"},
	{"llm", "", "ai"}, {"document", "", "ai"}, {"error_handling", "", "ai"},
	{"desktop", "Outlook", "outlook"}, {"desktop", "", "desktop"}, {"system", "", "desktop"},
}

// noNode are types of which Aether has no node, and why.
var noNode = map[string]string{
	"ImageClickNode":           "nothing is clicked by its picture in a browser: a page has elements that are named, which web.click presses",
	"BrowserRunScriptNode":     "it runs Python against the browser of CasareRPA; write what it does as nodes, or as JavaScript in web.evaluate",
	"SolveCaptchaNode":         "Aether solves no captchas; ask a person with dialog.message, who solves it in the window, or have the site let the robot in",
	"SolveCaptchaAINode":       "Aether solves no captchas; ask a person with dialog.message, who solves it in the window, or have the site let the robot in",
	"SmartSelectorNode":        "targets are not made by a language model while a flow runs; name the element in the target, by its label or its text",
	"SmartSelectorOptionsNode": "targets are not made by a language model while a flow runs; name the element in the target, by its label or its text",
	"RefineSelectorNode":       "targets are not made by a language model while a flow runs; give a target several ways to find its element",
}

var capital = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])`)

// becomes names the type that a type of CasareRPA turns into once Aether has
// it; "" for types that are of no use.
func becomes(k *kind) string {
	if k.Abstract || k.Class == "portable" || k.Class == "ui-dialog" || k.Class == "trigger" {
		return ""
	}
	name := strings.TrimSuffix(k.Type, "Node")
	for _, f := range families {
		if f.category != k.Category || !strings.HasPrefix(name, f.prefix) {
			continue
		}
		rest := strings.TrimPrefix(name, f.prefix)
		for _, p := range []string{"Browser", "Desktop", "LLM", "AI"} {
			if strings.EqualFold(p, f.family) || p == "LLM" && f.family == "ai" {
				rest = strings.TrimPrefix(rest, p)
			}
		}
		rest = capital.ReplaceAllString(rest, "${1}${3}_${2}${4}")
		return f.family + "." + strings.ToLower(rest)
	}
	return ""
}
