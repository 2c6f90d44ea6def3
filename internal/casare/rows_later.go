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

// webNames are types whose name says something else than what they do.
var webNames = map[string]string{
	"LaunchBrowserNode": "web.open", "CloseBrowserNode": "web.close", "GoToURLNode": "web.goto", "GoBackNode": "web.back", "GoForwardNode": "web.forward", "RefreshPageNode": "web.reload", "NewTabNode": "web.new_tab",
	"ClickElementNode": "web.click", "TypeTextNode": "web.type", "PressKeyNode": "web.press", "SelectDropdownNode": "web.select", "ImageClickNode": "web.click_image",
	"ExtractTextNode": "web.get_text", "GetAttributeNode": "web.get_attribute", "GetAllImagesNode": "web.get_images", "TableScraperNode": "web.get_table", "DownloadFileNode": "web.download", "ScreenshotNode": "web.screenshot",
	"WaitForElementNode": "web.wait", "WaitForNavigationNode": "web.wait", "FormFieldNode": "web.fill", "FormFillerNode": "web.fill_form", "DetectFormsNode": "web.list_forms",
	"BrowserEvaluateNode": "web.evaluate", "BrowserRunScriptNode": "web.evaluate", "BrowserAlertHandleNode": "web.handle_dialog", "CookieManagementNode": "web.cookies",
}

var capital = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])`)

// becomes names the type that a type of CasareRPA turns into once Aether has
// it; "" for types that are of no use.
func becomes(k *kind) string {
	if k.Abstract || k.Class == "portable" || k.Class == "ui-dialog" || k.Class == "trigger" {
		return ""
	}
	if to := webNames[k.Type]; to != "" {
		return to
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
