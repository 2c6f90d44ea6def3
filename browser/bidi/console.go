package bidi

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

type logEvent struct {
	Type, Level, Text string
	Timestamp         float64
	Source            struct{ Context string }
	Args              []json.RawMessage
	StackTrace        *struct {
		CallFrames []struct {
			URL        string
			LineNumber int
		}
	}
}

// shownAs is a value of the page as a console shows it.
func shownAs(raw json.RawMessage) string {
	var v struct {
		Type  string
		Value json.RawMessage
	}
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	switch v.Type {
	case "string":
		var s string
		if json.Unmarshal(v.Value, &s) == nil {
			return s
		}
	case "object", "map":
		var pairs [][2]json.RawMessage
		if json.Unmarshal(v.Value, &pairs) != nil {
			return v.Type
		}
		parts := make([]string, len(pairs))
		for i, p := range pairs {
			key, err := strconv.Unquote(string(p[0]))
			if err != nil {
				key = shownAs(p[0])
			}
			parts[i] = key + ": " + shownAs(p[1])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case "array", "set":
		var list []json.RawMessage
		if json.Unmarshal(v.Value, &list) != nil {
			return v.Type
		}
		parts := make([]string, len(list))
		for i, e := range list {
			parts[i] = shownAs(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case "number", "boolean", "bigint", "date":
		return strings.Trim(string(v.Value), `"`)
	}
	return v.Type
}

// logged notes what a script has written, or the error that it ended with.
func (t *tab) logged(e logEvent) {
	level := e.Level
	if level == "warn" {
		level = "warning"
	}
	m := browser.Message{Level: level, Text: e.Text, At: time.UnixMilli(int64(e.Timestamp)), Uncaught: e.Type == "javascript"}
	if e.Type == "console" && len(e.Args) > 0 {
		parts := make([]string, len(e.Args))
		for i, a := range e.Args {
			parts[i] = shownAs(a)
		}
		m.Text = strings.Join(parts, " ")
	}
	if s := e.StackTrace; s != nil && len(s.CallFrames) > 0 {
		m.URL, m.Line = s.CallFrames[0].URL, s.CallFrames[0].LineNumber+1
	}
	t.Says(m)
}
