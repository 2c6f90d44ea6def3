package json

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[formatIn, formatOut]{
		Type: "json.format", Title: "Write JSON", Effect: node.Pure,
		Doc: "Writes a value as JSON text. Keys are always in alphabetical order, because maps have no order of their own, so equal values give equal text.",
		Examples: []node.Example[formatIn, formatOut]{
			{Title: "Compact", In: formatIn{Value: map[string]any{"b": 1, "a": []any{true, nil}}}, Out: formatOut{Text: `{"a":[true,null],"b":1}`}},
			{Title: "As Python does", In: formatIn{Value: map[string]any{"a, b": "c: d", "e": []any{1, 2}}, Spaced: true}, Out: formatOut{Text: `{"a, b": "c: d", "e": [1, 2]}`}},
			{Title: "For people", In: formatIn{Value: map[string]any{"a": 1}, Indent: 2}, Out: formatOut{Text: "{\n  \"a\": 1\n}"}},
		},
		Run: format,
	})
	node.Register(node.Spec[formatLinesIn, formatLinesOut]{
		Type: "json.format_lines", Title: "Write JSON lines", Effect: node.Pure,
		Doc: "Writes a list as text with one JSON value a line (NDJSON, JSON Lines). The text is held in memory, at most 256 MB.",
		Examples: []node.Example[formatLinesIn, formatLinesOut]{
			{Title: "Two records", In: formatLinesIn{List: value.RowsOf([]any{map[string]any{"a": 1}, 2})}, Out: formatLinesOut{Text: "{\"a\":1}\n2\n", Count: 2}},
		},
		Run: formatLines,
	})
}

type formatIn struct {
	Value  any  `json:"value" doc:"Value to write."`
	Indent int  `json:"indent" default:"0" min:"0" max:"10" doc:"Spaces for each level; 0 writes everything on one line."`
	Tabs   bool `json:"tabs" doc:"Indent with tabs rather than spaces."`
	Spaced bool `json:"spaced" is:"advanced" doc:"Write a space after each comma and colon on one line, as Python does."`
	ASCII  bool `json:"ascii" is:"advanced" doc:"Write characters beyond ASCII as \\u escapes."`
	HTML   bool `json:"html" is:"advanced" doc:"Escape <, > and & so that the text can stand inside of a web page."`
}

type formatOut struct {
	Text string `json:"text" doc:"JSON text, without a line end after it."`
}

func format(_ context.Context, _ *node.Env, in formatIn) (formatOut, error) {
	b, err := value.JSON(in.Value)
	if err != nil {
		return formatOut{}, node.Fail(node.KindInput, "the value cannot be written: "+err.Error(), "")
	}
	if in.HTML {
		var buf bytes.Buffer
		json.HTMLEscape(&buf, b)
		b = buf.Bytes()
	}
	if in.ASCII {
		b = asciiOnly(b)
	}
	if in.Indent > 0 || in.Tabs {
		var buf bytes.Buffer
		indent := strings.Repeat(" ", in.Indent)
		if in.Tabs {
			indent = "\t"
		}
		if err := json.Indent(&buf, b, "", indent); err != nil {
			return formatOut{}, err
		}
		b = buf.Bytes()
	} else if in.Spaced {
		b = spaced(b)
	}
	return formatOut{Text: string(b)}, nil
}

// spaced writes a space after the commas and colons that stand outside of
// strings.
func spaced(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	inside := false
	for i := 0; i < len(b); i++ {
		out = append(out, b[i])
		switch {
		case inside && b[i] == '\\':
			i++ // an escape has a character after it
			out = append(out, b[i])
		case b[i] == '"':
			inside = !inside
		case !inside && (b[i] == ',' || b[i] == ':'):
			out = append(out, ' ')
		}
	}
	return out
}

// asciiOnly escapes what is not ASCII; outside of strings JSON always is.
func asciiOnly(b []byte) []byte {
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case r < 0x80:
			out.WriteByte(byte(r))
		case r < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return []byte(out.String())
}

type formatLinesIn struct {
	List value.Rows `json:"list" is:"required" doc:"Values to write."`
}

type formatLinesOut struct {
	Text  string `json:"text" doc:"One JSON value a line, with a line end after each."`
	Count int    `json:"count" doc:"How many lines there are."`
}

const maxText = 256 << 20

func formatLines(ctx context.Context, _ *node.Env, in formatLinesIn) (formatLinesOut, error) {
	var b strings.Builder
	out := formatLinesOut{}
	for v, err := range in.List.All(ctx) {
		if err != nil {
			return out, err
		}
		line, err := value.JSON(v)
		if err != nil {
			return out, node.Failf(node.KindInput, "item %d cannot be written: %v", out.Count, err)
		}
		b.Write(line)
		b.WriteByte('\n')
		if out.Count++; b.Len() > maxText {
			return out, node.Fail(node.KindInput, fmt.Sprintf("the text is larger than %d MB after %d items", maxText>>20, out.Count), "write the list to a file instead")
		}
	}
	out.Text = b.String()
	return out, nil
}
