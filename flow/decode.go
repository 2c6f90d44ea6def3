package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/value"
)

// Types are the types of inputs and outputs.
var Types = []string{"string", "int", "number", "bool", "list", "map", "any"}

// ErrorPolicies, InterruptPolicies, HealPolicies and TracePolicies are the values
// of on_error, on_interrupted, settings.heal and settings.trace; those of heal
// equal those of package node, those of trace those of package internal/trace.
var (
	ErrorPolicies     = []string{"fail", "continue"}
	InterruptPolicies = []string{"retry", "ask", "fail"}
	HealPolicies      = []string{"off", "recommend", "run", "propose"}
	TracePolicies     = []string{"always", "failure", "never"}
)

// FailureKinds are the words that retry.on may hold; they equal the kinds of
// package node.
var FailureKinds = []string{"input", "not_found", "timeout", "denied", "network", "http", "business", "assert", "interrupted", "element", "session", "cancelled", "panic", "error"}

var idRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// Reserved are names that expressions use for other things.
var Reserved = []string{"vars", "nodes", "inputs", "loop", "loops", "run", "flow", "error", "true", "false", "nil", "and", "or", "not", "in", "let", "if", "else"}

// Decode reads a flow from YAML or JSON. All problems that can be told without
// knowing the node types are reported together, as Problems; the flow then is
// nil.
func Decode(src []byte) (*Flow, error) {
	root, bad := parse(src)
	if bad != nil {
		return nil, bad
	}
	d := &decoder{flow: &Flow{root: root, src: trimBOM(src)}}
	d.flow.lines = lineStarts(d.flow.src)
	d.file(root)
	if len(d.bad) > 0 {
		d.bad.Sort()
		return nil, d.bad
	}
	return d.flow, nil
}

type decoder struct {
	flow *Flow
	bad  Problems
	node string // id of the node being read
}

func (d *decoder) fail(at Pos, rule, msg, hint string) {
	d.bad = append(d.bad, Problem{Severity: Error, Rule: rule, Line: at.Line, Col: at.Col, Node: d.node, Message: msg, Hint: hint})
}

// object checks that it is a map with known keys only and calls each for them.
func (d *decoder) object(it *item, what, path string, each map[string]func(it *item, path string)) bool {
	if !it.isMap() {
		d.fail(it.pos, "shape", what+" must be a map, not "+describe(it), "")
		return false
	}
	known := make([]string, 0, len(each))
	for k := range each {
		known = append(known, k)
	}
	slices.Sort(known)
	for i, k := range it.keys {
		fn := each[k]
		if fn == nil {
			d.fail(it.kpos[i], "unknown-key", fmt.Sprintf("%s has no %s", what, quote(k)), DidYouMean(k, known))
			if Nearest(k, known) == "" {
				d.bad.Mend(Remedy{Title: "Take out " + k, Do: Remove, Path: strings.TrimPrefix(path+"."+k, ".")})
			}
			continue
		}
		p := k
		if path != "" {
			p = path + "." + k
		}
		fn(it.kids[k], p)
	}
	return true
}

func (d *decoder) file(root *item) {
	f := d.flow
	if root.isMap() {
		switch v := root.kids["aether"]; {
		case v == nil:
			d.fail(root.pos, "version", "the file does not begin with `aether: 1`", "if this is a flow, add the line; other formats must be imported first")
			d.bad.Mend(Remedy{Title: "Add aether: 1", Do: Add, Key: "aether", Value: Version})
			return
		case v.val != Version:
			d.fail(v.pos, "version", fmt.Sprintf("this flow has format %v, and this program reads format %d", v.val, Version), "update Aether")
			return
		}
	}
	d.object(root, "a flow", "", map[string]func(*item, string){
		"aether":      func(*item, string) {},
		"name":        d.text(&f.Name),
		"description": d.text(&f.Description),
		"start":       d.text(&f.Start),
		"inputs":      d.inputs,
		"outputs":     d.outputs,
		"vars":        d.vars,
		"settings":    d.settings,
		"nodes":       d.nodes,
		"edges":       d.edges,
		"triggers":    d.triggers,
		"view": func(it *item, _ string) {
			m, ok := it.plain().(map[string]any)
			if !ok {
				d.fail(it.pos, "shape", "view must be a map, not "+describe(it), "")
			}
			f.View = m
		},
	})
	if root.isMap() && f.Name == "" && root.kids["name"] == nil {
		d.fail(root.pos, "missing-key", "the flow has no name", "add a line such as `name: invoice intake`")
		d.bad.Mend(Remedy{Title: "Add a name", Do: Add, Key: "name", Value: "my flow"})
	}
	if root.isMap() && root.kids["nodes"] == nil {
		d.fail(root.pos, "missing-key", "the flow has no nodes", "")
	}
}

func (d *decoder) text(dst *string) func(*item, string) {
	return func(it *item, path string) {
		s, ok := it.val.(string)
		if !ok && it.val != nil && !it.isMap() {
			if _, list := it.val.([]*item); !list {
				s, ok = fmt.Sprint(it.val), true
			}
		}
		if !ok {
			d.fail(it.pos, "shape", last(path)+" must be text, not "+describe(it), "")
		}
		*dst = s
	}
}

func (d *decoder) flag(dst *bool) func(*item, string) {
	return func(it *item, path string) {
		b, ok := it.val.(bool)
		if !ok {
			d.fail(it.pos, "shape", last(path)+" must be true or false, not "+describe(it), "")
		}
		*dst = b
	}
}

func (d *decoder) choice(dst *string, options []string) func(*item, string) {
	return func(it *item, path string) {
		s, _ := it.val.(string)
		if !slices.Contains(options, s) {
			d.fail(it.pos, "choice", fmt.Sprintf("%s must be one of %s, not %s", last(path), strings.Join(options, ", "), describe(it)), DidYouMean(s, options))
			return
		}
		*dst = s
	}
}

func (d *decoder) duration(dst *time.Duration) func(*item, string) {
	return func(it *item, path string) {
		var err error
		switch x := it.val.(type) {
		case string:
			*dst, err = schema.ParseDuration(x)
		case int:
			*dst = time.Duration(x) * time.Second
		case float64:
			*dst = time.Duration(x * float64(time.Second))
		default:
			err = fmt.Errorf("%s must be a duration such as 30s or 5m, not %s", last(path), describe(it))
		}
		if err == nil && *dst < 0 {
			err = fmt.Errorf("%s must not be negative", last(path))
		}
		if err != nil {
			d.fail(it.pos, "duration", err.Error(), "")
		}
	}
}

func (d *decoder) named(it *item, what, path string, each func(name string, it *item, path string)) {
	if it.val == nil && !it.isMap() {
		return
	}
	if !it.isMap() {
		d.fail(it.pos, "shape", what+" must be a map of names, not "+describe(it), "")
		return
	}
	for i, k := range it.keys {
		p := path + "." + k
		if !idRE.MatchString(k) {
			d.fail(it.kpos[i], "name", fmt.Sprintf("%s cannot be a name in %s", quote(k), what), "use letters, digits and _, and begin with a letter")
			continue
		}
		each(k, it.kids[k], p)
	}
}

func (d *decoder) inputs(it *item, path string) {
	d.named(it, "inputs", path, func(name string, it *item, path string) {
		in := Input{Name: name, Type: "any"}
		if s, ok := it.val.(string); ok && slices.Contains(Types, s) {
			in.Type = s
			d.flow.Inputs = append(d.flow.Inputs, in)
			return
		}
		d.object(it, "the input "+name, path, map[string]func(*item, string){
			"type": d.choice(&in.Type, Types), "doc": d.text(&in.Doc), "required": d.flag(&in.Required), "secret": d.flag(&in.Secret),
			"default": func(it *item, _ string) { in.Default = it.plain() },
			"enum": func(it *item, _ string) {
				list, ok := it.plain().([]any)
				if !ok {
					d.fail(it.pos, "shape", "enum must be a list, not "+describe(it), "")
				}
				in.Enum = list
			},
		})
		if in.Default != nil && !IsType(in.Default, in.Type) {
			d.fail(d.flow.At(path+".default"), "type", fmt.Sprintf("the default of the input %s is a %s, not a %s", name, value.Kind(in.Default), in.Type), "")
		}
		d.flow.Inputs = append(d.flow.Inputs, in)
	})
}

func (d *decoder) outputs(it *item, path string) {
	d.named(it, "outputs", path, func(name string, it *item, path string) {
		out := Output{Name: name}
		if !it.isMap() || it.kids["value"] == nil {
			out.Value = it.plain()
			d.flow.Outputs = append(d.flow.Outputs, out)
			return
		}
		d.object(it, "the output "+name, path, map[string]func(*item, string){
			"type": d.choice(&out.Type, Types), "doc": d.text(&out.Doc),
			"value": func(it *item, _ string) { out.Value = it.plain() },
		})
		d.flow.Outputs = append(d.flow.Outputs, out)
	})
}

func (d *decoder) vars(it *item, path string) {
	d.named(it, "vars", path, func(name string, it *item, _ string) {
		d.flow.Vars = append(d.flow.Vars, Var{Name: name, Value: it.plain()})
	})
}

func (d *decoder) triggers(it *item, path string) {
	list, ok := it.val.([]*item)
	if !ok && (it.isMap() || it.val != nil) {
		d.fail(it.pos, "shape", "triggers must be a list, not "+describe(it), "")
		return
	}
	seen := map[string]bool{}
	for i, e := range list {
		var t Trigger
		d.object(e, "a trigger", fmt.Sprintf("%s[%d]", path, i), map[string]func(*item, string){
			"id": d.text(&t.ID), "type": d.text(&t.Type), "disabled": d.flag(&t.Disabled),
			"params": func(it *item, _ string) {
				m, ok := it.plain().(map[string]any)
				if !ok {
					d.fail(it.pos, "shape", "params must be a map, not "+describe(it), "")
				}
				t.Params = m
			},
		})
		switch {
		case !e.isMap():
			continue
		case !idRE.MatchString(t.ID):
			d.fail(e.pos, "name", "a trigger needs an id of letters, digits and _ that begins with a letter", "")
		case seen[t.ID]:
			d.fail(e.pos, "name", "two triggers have the id "+t.ID, "")
		case t.Type == "":
			d.fail(e.pos, "missing-key", "the trigger "+t.ID+" has no type", "")
		}
		seen[t.ID] = true
		d.flow.Triggers = append(d.flow.Triggers, t)
	}
}

func (d *decoder) settings(it *item, path string) {
	s := &d.flow.Settings
	d.object(it, "settings", path, map[string]func(*item, string){
		"timeout": d.duration(&s.Timeout), "retry": d.retry(&s.Retry), "on_interrupted": d.choice(&s.OnInterrupted, InterruptPolicies),
		"heal": d.choice(&s.Heal, HealPolicies), "trace": d.choice(&s.Trace, TracePolicies),
		"retention": func(it *item, path string) {
			s.Retention = new(time.Duration)
			d.duration(s.Retention)(it, path)
		},
	})
}

func (d *decoder) retry(dst **Retry) func(*item, string) {
	return func(it *item, path string) {
		r := &Retry{}
		d.object(it, "retry", path, map[string]func(*item, string){
			"max_attempts": func(it *item, _ string) {
				n, ok := it.val.(int)
				if !ok || n < 1 || n > 1000 {
					d.fail(it.pos, "shape", "max_attempts must be a whole number from 1 to 1000, not "+describe(it), "")
				}
				r.MaxAttempts = n
			},
			"initial": d.duration(&r.Initial), "max": d.duration(&r.Max),
			"factor": func(it *item, _ string) {
				switch x := it.val.(type) {
				case int:
					r.Factor = float64(x)
				case float64:
					r.Factor = x
				}
				if r.Factor < 1 || r.Factor > 100 {
					d.fail(it.pos, "shape", "factor must be a number from 1 to 100, not "+describe(it), "")
				}
			},
			"on": func(it *item, path string) {
				list, ok := it.val.([]*item)
				if !ok {
					d.fail(it.pos, "shape", "on must be a list of kinds of failures, not "+describe(it), "")
				}
				for _, e := range list {
					var k string
					d.choice(&k, FailureKinds)(e, path)
					r.On = append(r.On, k)
				}
			},
		})
		if it.isMap() && it.kids["max_attempts"] == nil {
			d.fail(it.pos, "missing-key", "retry needs max_attempts", "")
			d.bad.Mend(Remedy{Title: "Add max_attempts: 3", Do: Add, Path: path, Key: "max_attempts", Value: 3})
		}
		*dst = r
	}
}

// IsType reports whether a value may be given for a declared type; nil fits
// every type, and a whole number fits number.
func IsType(v any, typ string) bool {
	switch v.(type) {
	case nil:
		return true
	case int:
		return typ == "int" || typ == "number" || typ == "any" || typ == ""
	case *value.Ref:
		return typ != "int" && typ != "number" && typ != "bool"
	}
	return typ == "any" || typ == "" || value.Kind(v) == typ
}

func describe(it *item) string {
	if it.isMap() {
		return "a map"
	}
	switch x := it.val.(type) {
	case []*item:
		return "a list"
	case nil:
		return "nothing"
	case string:
		return quote(x)
	default:
		return fmt.Sprint(x)
	}
}

// quote quotes what a user wrote, cut where it is long.
func quote(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return strconv.Quote(s)
}

func last(path string) string {
	return path[strings.LastIndexByte(path, '.')+1:]
}
