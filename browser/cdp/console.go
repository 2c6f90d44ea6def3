package cdp

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

type stack struct {
	CallFrames []struct {
		URL        string
		LineNumber int
	}
}

type consoleEvent struct {
	Type       string
	Args       []consoleArg
	Timestamp  float64
	StackTrace stack
}

type consoleArg struct {
	Type, Description, UnserializableValue string
	Value                                  json.RawMessage
	Preview                                *struct {
		Description string
		Properties  []struct{ Name, Value string }
	}
}

func (a consoleArg) text() string {
	switch {
	case a.UnserializableValue != "":
		return a.UnserializableValue
	case a.Type == "string":
		var s string
		if json.Unmarshal(a.Value, &s) == nil {
			return s
		}
	case a.Preview != nil && len(a.Preview.Properties) > 0:
		parts := make([]string, len(a.Preview.Properties))
		for i, p := range a.Preview.Properties {
			parts[i] = p.Name + ": " + p.Value
		}
		return strings.TrimPrefix(a.Preview.Description, "Object") + "{" + strings.Join(parts, ", ") + "}"
	case a.Description != "":
		return a.Description
	}
	if len(a.Value) > 0 {
		return string(a.Value)
	}
	return a.Type
}

// consoleLevels are the levels by the names of the functions that write.
var consoleLevels = map[string]string{"error": "error", "assert": "error", "warning": "warning", "debug": "debug", "trace": "debug"}

func (t *tab) wrote(e consoleEvent) {
	parts := make([]string, len(e.Args))
	for i, a := range e.Args {
		parts[i] = a.text()
	}
	level := consoleLevels[e.Type]
	if level == "" {
		level = "info"
	}
	m := browser.Message{Level: level, Text: strings.Join(parts, " "), At: time.UnixMilli(int64(e.Timestamp))}
	if len(e.StackTrace.CallFrames) > 0 {
		m.URL, m.Line = e.StackTrace.CallFrames[0].URL, e.StackTrace.CallFrames[0].LineNumber+1
	}
	t.Says(m)
}

type thrownEvent struct {
	Timestamp        float64
	ExceptionDetails struct {
		Text, URL  string
		LineNumber int
		Exception  *struct {
			Description string
			Value       json.RawMessage
		}
	}
}

func (t *tab) thrown(e thrownEvent) {
	d := e.ExceptionDetails
	m := browser.Message{Level: "error", Text: d.Text, URL: d.URL, Line: d.LineNumber + 1, At: time.UnixMilli(int64(e.Timestamp)), Uncaught: true}
	if x := d.Exception; x != nil {
		switch s, err := strconv.Unquote(string(x.Value)); {
		case x.Description != "":
			m.Text, _, _ = strings.Cut(x.Description, "\n")
		case err == nil:
			m.Text = s
		case len(x.Value) > 0:
			m.Text = string(x.Value)
		}
	}
	t.Says(m)
}
