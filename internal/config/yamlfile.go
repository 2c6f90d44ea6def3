package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// yamlValue is a scalar, or a list of scalars, of a YAML file.
type yamlValue struct {
	text  string
	items []string
	list  bool
	empty bool // written without a value, which is the same as not written
	line  int
}

// yamlFile is a parsed file, flattened: keys of nested mappings are joined by dots.
type yamlFile struct {
	name     string // for sources
	dir      string
	values   map[string]yamlValue
	sections map[string]int // mappings and the line of their key
	order    []string       // keys of values and sections, as written
	lines    map[string]int // the line of each key
}

// parseYAML reads the text of one file. Its problems never repeat the text: it may hold a secret
// that was written in a wrong place.
func parseYAML(name, dir, text string) (f *yamlFile, problems []Problem) {
	f = &yamlFile{name: name, dir: dir, values: map[string]yamlValue{}, sections: map[string]int{}, lines: map[string]int{}}
	if no := tabIndent(text); no > 0 {
		return f, []Problem{{Source: at(name, no), Message: "is indented with a tab, which YAML does not allow", Remedy: "Use spaces"}}
	}
	defer func() {
		if recover() != nil { // the YAML library is large and the file may be anything
			problems = append(problems, Problem{Source: name, Message: "is not YAML that can be read", Remedy: "Compare it with the file that `aether config init` writes"})
		}
	}()
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return f, []Problem{syntaxProblem(name, err)}
	}
	seen := false
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if seen {
			problems = append(problems, f.problem(doc.Body, "begins a second document", "Keep one document in the file"))
			break
		}
		seen = true
		problems = append(problems, f.walk("", doc.Body)...)
	}
	return f, problems
}

// walk adds the value at a key, or the values in a mapping.
func (f *yamlFile) walk(key string, n ast.Node) []Problem {
	if a, ok := n.(*ast.AnchorNode); ok {
		n = a.Value
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		if key != "" {
			f.sections[key] = f.lines[key]
		}
		var problems []Problem
		for _, v := range n.Values {
			problems = append(problems, f.pair(key, v)...)
		}
		return problems
	case *ast.MappingValueNode:
		if key != "" {
			f.sections[key] = f.lines[key]
		}
		return f.pair(key, n)
	case *ast.NullNode:
		if key != "" {
			f.values[key] = yamlValue{empty: true, line: f.lines[key]}
		}
		return nil
	}
	if key == "" {
		return []Problem{f.problem(n, "is not a list of `key: value` lines", "Compare it with the file that `aether config init` writes")}
	}
	value := yamlValue{line: lineOf(n)}
	if seq, ok := n.(*ast.SequenceNode); ok {
		value.list, value.line = true, f.lines[key]
		for _, item := range seq.Values {
			text, ok := scalar(item)
			if !ok {
				return []Problem{f.problem(item, "has a list entry that is not plain text", "Write one text for each entry")}
			}
			value.items = append(value.items, text)
		}
	} else {
		text, ok := scalar(n)
		if !ok {
			return []Problem{f.problem(n, "has a value of a kind that is not read here", "Write a text, number, true or false, or a list of them")}
		}
		value.text, value.empty = text, text == ""
	}
	f.values[key] = value
	return nil
}

func (f *yamlFile) pair(prefix string, v *ast.MappingValueNode) []Problem {
	name, ok := scalar(v.Key)
	if !ok {
		return []Problem{f.problem(v.Key, "has a key that is not plain text", "Write `key: value`")}
	}
	key := name
	if prefix != "" {
		key = prefix + "." + name
	}
	if first, twice := f.lines[key]; twice {
		return []Problem{f.problem(v.Key, fmt.Sprintf("sets a key that line %d has set", first), "Remove one of the two")}
	}
	f.lines[key] = lineOf(v.Key)
	f.order = append(f.order, key)
	return f.walk(key, v.Value)
}

func (f *yamlFile) problem(n ast.Node, message, remedy string) Problem {
	return Problem{Source: at(f.name, lineOf(n)), Message: message, Remedy: remedy}
}

// scalar returns the text of a scalar as it was written, so that 0644 and 1e3 stay what they are.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n"), true
	case *ast.NullNode:
		return "", true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func lineOf(n ast.Node) int {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 1
}

func at(name string, line int) string { return fmt.Sprintf("%s line %d", name, line) }

// tabIndent returns the first line whose indent has a tab, or 0.
func tabIndent(text string) int {
	for i, l := range strings.Split(text, "\n") {
		rest := strings.TrimLeft(l, " \t")
		if rest != "" && rest[0] != '#' && strings.Contains(l[:len(l)-len(rest)], "\t") {
			return i + 1
		}
	}
	return 0
}

// syntaxProblem keeps the library's message, and drops the excerpt of the file that comes with it.
func syntaxProblem(name string, err error) Problem {
	p := Problem{Source: name, Message: "is not YAML that can be read", Remedy: "Check indents, colons and quotes near that line"}
	var ye yaml.Error
	if !errors.As(err, &ye) || ye.GetToken() == nil || ye.GetToken().Position == nil {
		return p
	}
	tk := ye.GetToken()
	p.Source = at(name, tk.Position.Line)
	// The messages are fixed texts; should one quote the file, it has a quote mark or the token.
	message := ye.GetMessage()
	known := !strings.ContainsAny(message, "\"`") && (len(tk.Value) < 3 || !strings.Contains(message, tk.Value))
	if strings.HasPrefix(message, "mapping key") {
		p.Message, p.Remedy = "sets a key that an earlier line has set", "Remove one of the two"
	} else if known && message != "" {
		p.Message = "is not YAML that can be read (" + message + ")"
	}
	return p
}
