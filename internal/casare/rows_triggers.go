package casare

import (
	"fmt"
	"strings"
)

// triggerTypes are the triggers of a flow by the types of CasareRPA.
var triggerTypes = map[string]string{
	"ScheduleTriggerNode": "trigger.schedule", "WebhookTriggerNode": "trigger.webhook", "FileWatchTriggerNode": "trigger.file", "EmailTriggerNode": "trigger.mail",
	"AppEventTriggerNode": "trigger.desktop_event", "ErrorTriggerNode": "trigger.error", "WorkflowCallTriggerNode": "trigger.call", "FormTriggerNode": "trigger.form",
	"ChatTriggerNode": "trigger.chat", "RSSFeedTriggerNode": "trigger.feed", "SSETriggerNode": "trigger.sse", "TelegramTriggerNode": "trigger.telegram",
	"WhatsAppTriggerNode": "trigger.whatsapp", "GmailTriggerNode": "trigger.gmail", "DriveTriggerNode": "trigger.drive", "SheetsTriggerNode": "trigger.sheets",
}

// triggerParams turns the config of a trigger into params. CasareRPA's nodes
// and its triggers spell many keys differently, so that values never arrived;
// here they keep the names of the nodes, and a schedule becomes a cron line.
func triggerParams(typ string, config map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range config {
		if !strings.HasPrefix(k, "_") && v != nil && v != "" && k != "label" && k != "name" {
			out[k] = v
		}
	}
	if typ != "ScheduleTriggerNode" {
		return out
	}
	num := func(key string, otherwise int) int {
		if n, ok := literal(config[key]).as("int").plain().(int); ok {
			return n
		}
		return otherwise
	}
	text := func(key, otherwise string) string {
		if s, ok := config[key].(string); ok && s != "" {
			return s
		}
		return otherwise
	}
	hour, minute := num("time_hour", 9), num("time_minute", 0)
	line := map[string]any{}
	switch text("frequency", "daily") {
	case "cron":
		line["cron"] = text("cron_expression", "0 9 * * *")
	case "hourly":
		line["cron"] = fmt.Sprintf("%d * * * *", minute)
	case "weekly":
		line["cron"] = fmt.Sprintf("%d %d * * %s", minute, hour, text("day_of_week", "mon"))
	case "monthly":
		line["cron"] = fmt.Sprintf("%d %d %d * *", minute, hour, num("day_of_month", 1))
	case "interval":
		line["every"] = fmt.Sprintf("%ds", num("interval_seconds", 60))
	case "once":
		line["at"] = text("start_time", text("run_at", ""))
	default:
		line["cron"] = fmt.Sprintf("%d %d * * *", minute, hour)
	}
	line["timezone"] = text("timezone", "UTC")
	if n := num("max_runs", 0); n > 0 {
		line["max_runs"] = n
	}
	return line
}
