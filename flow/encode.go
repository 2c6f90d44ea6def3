package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/aether-rpa/aether/value"
)

// order lists the keys of each kind of map in the order they are printed.
// Other maps (params, vars, view) are sorted by key.
var order = map[string][]string{
	"flow":    {"aether", "name", "description", "inputs", "outputs", "vars", "triggers", "settings", "start", "nodes", "edges", "view"},
	"input":   {"type", "doc", "required", "secret", "default", "enum"},
	"output":  {"type", "doc", "value"},
	"node":    {"id", "type", "title", "disabled", "params", "timeout", "retry", "on_error", "on_interrupted"},
	"trigger": {"id", "type", "disabled", "params"},
	"retry":   {"max_attempts", "initial", "factor", "max", "on"},
	"target":  {"queries", "frame", "within", "print"},
}

// YAML prints the flow in canonical form: equal flows give equal bytes, and
// reading them back gives the same flow.
func (f *Flow) YAML() ([]byte, error) {
	root, err := yamlNode(f.tree(), "flow")
	if err != nil {
		return nil, err
	}
	return printYAML(root)
}

// YAML prints the node as it stands in the list of a flow file.
func (n Node) YAML() ([]byte, error) {
	root, err := yamlNode([]any{n.tree()}, "nodes")
	if err != nil {
		return nil, err
	}
	return printYAML(root)
}

// ValueYAML prints a canonical value as a flow file would hold it.
func ValueYAML(v any) ([]byte, error) {
	root, err := yamlNode(v, "")
	if err != nil {
		return nil, err
	}
	return printYAML(root)
}

func printYAML(root *yaml.Node) ([]byte, error) {
	var buf bytes.Buffer
	// Lines are not broken: a long text stays on one line, where a place inside
	// it can be told.
	enc, err := yaml.NewDumper(&buf, yaml.WithV3Defaults(), yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("printing the flow: %w", err)
	}
	if err := enc.Dump(root); err != nil {
		return nil, fmt.Errorf("printing the flow: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("printing the flow: %w", err)
	}
	return buf.Bytes(), nil
}

// JSON prints the flow as indented JSON in canonical form.
func (f *Flow) JSON() ([]byte, error) {
	var buf bytes.Buffer
	if err := writeJSON(&buf, f.tree(), "flow"); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, buf.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("printing the flow: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// Format prints a flow file in canonical form in the format it has, YAML or
// JSON. Comments of YAML files go with what they belong to.
func Format(src []byte) ([]byte, error) {
	f, err := Decode(src)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(f.src), []byte("{")) {
		return f.JSON()
	}
	plain, err := f.YAML()
	if err != nil {
		return nil, err
	}
	printed, bad := parse(plain)
	if bad != nil {
		return nil, fmt.Errorf("reading what was printed: %w", bad)
	}
	out := []byte(withComments(string(plain), printed, string(f.src), f.root))
	// A comment must never change what the flow means.
	if back, err := Decode(out); err != nil || !prints(back, plain) {
		return nil, errors.New("the comments of this file stand where they cannot be kept; move them to lines of their own")
	}
	return out, nil
}

func prints(f *Flow, want []byte) bool {
	got, err := f.YAML()
	return err == nil && bytes.Equal(got, want)
}

// part returns the name under which order lists the child at key.
func part(parent, key string) string {
	switch {
	case parent == "flow" && (key == "inputs" || key == "outputs" || key == "nodes" || key == "triggers"):
		return key
	case parent == "flow" && key == "settings":
		return "settings"
	case parent == "inputs":
		return "input"
	case parent == "outputs":
		return "output"
	case parent == "nodes":
		return "node"
	case parent == "triggers":
		return "trigger"
	case parent == "target" && (key == "queries" || key == "print"):
		return key
	case (parent == "node" || parent == "settings") && key == "retry":
		return "retry"
	}
	return ""
}

// isTarget reports whether a map is an element of a page with what it looked like: its ways to be found stand one on a
// line, and the rest, which nobody writes by hand, on one.
func isTarget(m map[string]any) bool {
	_, print := m["print"].(map[string]any)
	_, queries := m["queries"].([]any)
	return print && queries
}

func sortedKeys(m map[string]any, kind string) []string {
	if kind == "" && isTarget(m) {
		kind = "target"
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	rank := order[kind]
	slices.SortFunc(keys, func(a, b string) int {
		ia, ib := slices.Index(rank, a), slices.Index(rank, b)
		if ia >= 0 && ib >= 0 {
			return ia - ib
		}
		return strings.Compare(a, b)
	})
	return keys
}

func yamlNode(v any, kind string) (*yaml.Node, error) {
	switch x := v.(type) {
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if kind == "" && isTarget(x) {
			kind = "target"
		}
		if len(x) == 0 || kind == "print" {
			n.Style = yaml.FlowStyle
		}
		for _, k := range sortedKeys(x, kind) {
			c, err := yamlNode(x[k], part(kind, k))
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, textNode(k), c)
		}
		return n, nil
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		if len(x) == 0 || short(x) && kind != "queries" {
			n.Style = yaml.FlowStyle
		}
		for _, e := range x {
			c, err := yamlNode(e, part(kind, ""))
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		return n, nil
	case string:
		return textNode(x), nil
	}
	b, err := value.JSON(v)
	if err != nil {
		return nil, err
	}
	tag := map[string]string{"nil": "!!null", "bool": "!!bool", "int": "!!int", "number": "!!float"}[value.Kind(v)]
	text := string(b)
	if _, isFloat := v.(float64); isFloat && !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}, nil
}

// textNode chooses a style that reads back as the same text: a block for
// several lines, quotes where plain text would be taken for something else.
func textNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case strings.Contains(s, "\n") && blockSafe(s):
		n.Style = yaml.LiteralStyle
	case !plainSafe(s):
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// blockSafe reports whether a literal block keeps the text as it is.
func blockSafe(s string) bool {
	if strings.TrimSpace(s) == "" || strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") || strings.HasPrefix(s, "\t") {
		return false
	}
	for _, line := range strings.Split(s, "\n") {
		if strings.TrimRight(line, " \t") != line {
			return false
		}
	}
	for _, r := range s {
		if r != '\n' && !strconv.IsPrint(r) || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return false
		}
	}
	return true
}

// plainSafe reports whether text needs no quotes: it looks like a word or a
// sentence and like nothing else YAML knows.
func plainSafe(s string) bool {
	if s == "" || strings.TrimSpace(s) != s {
		return false
	}
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '/' && i > 0:
		case i > 0 && (r >= '0' && r <= '9' || strings.ContainsRune(" .-+()", r)):
		case i > 0 && r == '>' && s[i-1] == '-' && strings.Contains(s, " -> "):
		default:
			return false
		}
	}
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf":
		return false
	}
	return true
}

// short reports whether a list of scalars fits on one line.
func short(list []any) bool {
	size := 0
	for _, e := range list {
		switch x := e.(type) {
		case map[string]any, []any, *value.Ref:
			return false
		case string:
			if strings.Contains(x, "\n") || strings.Contains(x, " -> ") {
				return false
			}
			size += len(x)
		}
		size += 4
	}
	return size <= 70
}

func writeJSON(buf *bytes.Buffer, v any, kind string) error {
	switch x := v.(type) {
	case map[string]any:
		buf.WriteByte('{')
		for i, k := range sortedKeys(x, kind) {
			if i > 0 {
				buf.WriteByte(',')
			}
			kb, err := value.JSON(k)
			if err != nil {
				return err
			}
			buf.Write(kb)
			buf.WriteByte(':')
			if err := writeJSON(buf, x[k], part(kind, k)); err != nil {
				return err
			}
		}
		buf.WriteByte('}')
		return nil
	case []any:
		buf.WriteByte('[')
		for i, e := range x {
			if i > 0 {
				buf.WriteByte(',')
			}
			if err := writeJSON(buf, e, part(kind, "")); err != nil {
				return err
			}
		}
		buf.WriteByte(']')
		return nil
	}
	b, err := value.JSON(v)
	buf.Write(b)
	return err
}

// formatDuration writes 90s as 1m30s, 3600s as 1h and 48h as 48h.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
