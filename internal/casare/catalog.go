package casare

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed catalog.json
var catalogJSON []byte

// kind is a node type of CasareRPA: facts about its properties and ports.
type kind struct {
	Type     string            `json:"type"`
	Class    string            `json:"class"`
	Category string            `json:"category"`
	Alias    string            `json:"alias"`    // the type it is a second name of
	Abstract bool              `json:"abstract"` // registered by mistake, never used
	Props    []prop            `json:"props"`
	In       []port            `json:"in"`
	Out      []port            `json:"out"`
	Exec     []string          `json:"exec"`    // ports that control leaves from
	Action   string            `json:"action"`  // default action of a super node
	Actions  map[string]action `json:"actions"` // ports by action
}

type prop struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default any    `json:"default"`
}

// port is a name and a type.
type port [2]string

type action struct {
	In  []port `json:"in"`
	Out []port `json:"out"`
}

// catalog holds all registered types by name.
var catalog = sync.OnceValue(func() map[string]*kind {
	var list []*kind
	if err := json.Unmarshal(catalogJSON, &list); err != nil {
		panic(fmt.Sprintf("casare: the catalogue is broken: %v", err))
	}
	m := make(map[string]*kind, len(list))
	for _, k := range list {
		m[k.Type] = k
	}
	for _, k := range list {
		if to := m[k.Alias]; to != nil && len(k.Props)+len(k.In)+len(k.Out) == 0 {
			k.Props, k.In, k.Out, k.Exec = to.Props, to.In, to.Out, to.Exec
		}
	}
	return m
})

// byLower finds types whatever their case.
var byLower = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for t := range catalog() {
		m[strings.ToLower(t)] = t
	}
	return m
})

func (k *kind) prop(name string) (prop, bool) {
	i := slices.IndexFunc(k.Props, func(p prop) bool { return p.Name == name })
	if i < 0 {
		return prop{}, false
	}
	return k.Props[i], true
}

func (k *kind) hasInput(name string) bool {
	if k.inputType(name) != "" {
		return true
	}
	_, ok := k.prop(name)
	return ok
}

func (k *kind) inputType(name string) string {
	return find(k.In, k.Actions, name, func(a action) []port { return a.In })
}

// hasOutput reports whether the type has a data output of that name.
func (k *kind) hasOutput(name string) bool { return k.outputType(name) != "" }

func (k *kind) outputType(name string) string {
	return find(k.Out, k.Actions, name, func(a action) []port { return a.Out })
}

func find(ports []port, actions map[string]action, name string, of func(action) []port) string {
	for _, p := range ports {
		if p[0] == name {
			return p[1]
		}
	}
	for _, a := range actions {
		for _, p := range of(a) {
			if p[0] == name {
				return p[1]
			}
		}
	}
	return ""
}

// misspelt are names that samples and recorders use for types that are
// registered otherwise.
var misspelt = map[string]string{
	"HTTPSuperNode": "HttpSuperNode", "ParseJSONNode": "JsonParseNode", "EvaluateExpressionNode": "EvalExpressionNode", "NavigateNode": "GoToURLNode",
	"SelectOptionNode": "SelectDropdownNode", "OnErrorHandlerNode": "OnErrorNode", "HTTPRequestNode": "HttpRequestNode", "ImageConverterNode": "ImageConvertNode",
}

// desktopTwins are browser types whose names desktop nodes were saved under.
var desktopTwins = map[string]string{"ClickElementNode": "DesktopClickElementNode", "TypeTextNode": "DesktopTypeTextNode", "WaitForElementNode": "DesktopWaitForElementNode"}

// resolveType finds the registered type of a name as it stands in a file.
func resolveType(name string, config map[string]any) (string, *kind) {
	all := catalog()
	if i := strings.LastIndexByte(name, '.'); i >= 0 { // casare_rpa.basic.VisualStartNode
		name = strings.TrimPrefix(name[i+1:], "Visual")
	}
	for _, try := range []string{name, misspelt[name], name + "Node", strings.TrimPrefix(name, "Visual"), byLower()[strings.ToLower(name)], byLower()[strings.ToLower(name)+"node"]} {
		k := all[try]
		if try == "" || k == nil {
			continue
		}
		if to := all[k.Alias]; to != nil {
			k = to
		}
		if twin := desktopTwins[k.Type]; twin != "" {
			_, byMap := config["selector"].(map[string]any)
			_, window := config["window"]
			_, title := config["window_title"]
			if byMap || window || title {
				k = all[twin]
			}
		}
		return k.Type, k
	}
	return name, nil
}
