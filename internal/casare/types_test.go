package casare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/all"
)

// sample returns a config that gives every property and port of a type a value
// of its kind.
func sample(k *kind, action string) map[string]any {
	config, done := map[string]any{}, map[string]bool{}
	give := func(name, typ string, def any) {
		if done[name] || name == "action" || name == "proxy" || strings.HasPrefix(name, "retry_") {
			return
		}
		done[name] = true
		switch propType(typ) {
		case "int", "float":
			config[name] = 2
		case "bool":
			config[name] = true
		case "list":
			config[name] = []any{"a", "b"}
		case "dict":
			config[name] = map[string]any{"a": "b"}
		default:
			config[name] = "value"
		}
		if strings.EqualFold(typ, "choice") || def != nil && def != "" {
			delete(config, name) // the default is a good value
		}
	}
	for _, p := range k.Props {
		give(p.Name, p.Type, p.Default)
	}
	ports := k.In
	if a, ok := k.Actions[action]; ok {
		ports = append(slices.Clone(ports), a.In...)
	}
	for _, p := range ports {
		give(p[0], p[1], nil)
	}
	if action != "" {
		config["action"] = action
	}
	// Values that must have a form of their own.
	for name, v := range map[string]any{
		"field_mapping": map[string]any{"#a": "b", "xpath=//b": true},
		"region":        map[string]any{"x": 0, "y": 0, "width": 9, "height": 9}, "cc": "c@example.com", "bcc": "", "reply_to": "", "extraction": map[string]any{"total": 5}, "validation_rules": map[string]any{"total": map[string]any{"type": "float", "min": 1}}, "from_email": "a@example.com", "to_email": "b@example.com", "search_criteria": "ALL",
		"expression": "1 + 1", "condition": "1 > 0", "datetime": "2026-01-31T00:00:00", "datetime_1": "2026-01-31", "datetime_2": "2026-02-01", "datetime_string": "2026-01-31",
		"json_string": "{}", "fields": []any{map[string]any{"name": "a"}}, "steps": []any{map[string]any{"title": "t", "fields": []any{map[string]any{"name": "a"}}}}, "statements": []any{"select 1"}, "email_uid": "7",
		"data": []any{map[string]any{"a": 1}}, "list": []any{1, 2}, "emails": []any{map[string]any{"subject": "x"}}, "pages": []any{1}, "min_date": "", "max_date": "", "data_a": []any{map[string]any{"id": 1}}, "data_b": []any{}, "input_files": []any{"a.pdf"},
	} {
		if _, ok := config[name]; ok {
			config[name] = v
		}
	}
	return config
}

// Every row gives a node whose params are right, and whose outputs can all be
// read.
func TestEveryRowFits(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		typ, action, _ := strings.Cut(name, "/")
		k := catalog()[typ]
		if k == nil {
			t.Errorf("%s: there is no such type", name)
			continue
		}
		out := k.Out
		if a, ok := k.Actions[action]; ok {
			out = a.Out
		}
		nodes := map[string]any{
			"s": map[string]any{"node_type": "StartNode"}, "x": map[string]any{"node_type": typ, "config": sample(k, action)},
		}
		wires := []any{}
		link := func(a, b string) {
			wires = append(wires, map[string]any{"source_node": a, "source_port": "exec_out", "target_node": b, "target_port": "exec_in"})
		}
		last := "x"
		switch {
		case strings.HasPrefix(typ, "FTP") && typ != "FTPConnectNode":
			nodes["c"] = map[string]any{"node_type": "FTPConnectNode", "config": map[string]any{"host": "h", "username": "u", "password": "p"}}
			link("s", "c")
			link("c", "x")
		case k.Category == "database" && typ != "DatabaseConnectNode" && action == "":
			nodes["c"] = map[string]any{"node_type": "DatabaseConnectNode", "config": map[string]any{"db_type": "sqlite", "database": "x.db"}}
			link("s", "c")
			link("c", "x")
		case strings.HasPrefix(typ, "Excel") && typ != "ExcelOpenNode", strings.HasPrefix(typ, "Word") && typ != "WordOpenNode":
			nodes["c"] = map[string]any{"node_type": typ[:strings.IndexAny(typ[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")+1] + "OpenNode", "config": map[string]any{"file_path": "x"}}
			link("s", "c")
			link("c", "x")
		default:
			link("s", "x")
		}
		if strings.Contains(typ, "Sub") || typ == "ExecuteWorkflowNode" {
			continue // they need another file
		}
		if len(k.Actions) == 0 && action != "" { // the ports of all actions
			out = slices.DeleteFunc(slices.Clone(out), func(o port) bool { return tables[name].out[o[0]] == "" })
		}
		for i, o := range out {
			if o[0] == "password" {
				continue // a secret is no value
			}
			id := fmt.Sprintf("o%d", i)
			nodes[id] = map[string]any{"node_type": "SetVariableNode", "config": map[string]any{"variable_name": "v" + id, "value": "{{x." + o[0] + "}}"}}
			link(last, id)
			last = id
		}
		src, err := json.Marshal(map[string]any{"nodes": nodes, "connections": wires})
		if err != nil {
			t.Fatal(err)
		}
		f, report, err := Convert(src, Options{Nodes: node.Default})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, e := range report.Nodes {
			if e.NewTyp == "flow.missing" {
				t.Errorf("%s (%s): %s", name, e.ID, strings.Join(e.Notes, "; "))
			}
			for _, n := range e.Notes {
				if strings.Contains(n, "has no equivalent") || strings.Contains(n, "does not have") {
					t.Errorf("%s (%s): %s", name, e.ID, n)
				}
			}
		}
		text, err := f.YAML()
		if err != nil || strings.Contains(string(text), "$") && !strings.Contains(string(text), "$SCRIPT") && !strings.Contains(string(text), "+$") && !strings.Contains(string(text), "!@#$") && !strings.Contains(string(text), "*$") && !strings.Contains(string(text), "value\\\"") {
			t.Errorf("%s: a name was not filled in: %v\n%s", name, err, text)
		}
	}
}
