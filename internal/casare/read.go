package casare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// workflow is a file of CasareRPA, whatever its shape was.
type workflow struct {
	name, description string
	id                string
	nodes             []*step
	byID              map[string]*step
	wires             []wire
	vars              []variable
	settings          map[string]any
	frames            []any
	inputs, outputs   []*object // of a subflow file: ports that lead inside
	notes             []string  // what was odd about the file
	callees           map[string]*callee
	values            *object // values of variables that a scenario gives
}

// step is one node.
type step struct {
	id, typ, name string
	index         int
	config        map[string]any
	x, y          float64
	placed        bool
	disabled      bool
	raw           map[string]any
	// keyOrder holds the keys of the first record of lists in the config, in the
	// order of the file, which maps forget.
	keyOrder map[string][]any
	kind     *kind // nil for an unknown type
	// synthetic ones stand for the ports of a subflow file and are in no report.
	synthetic bool
}

type wire struct {
	from, port, to, into string
	exec                 bool
}

type variable struct {
	name, typ, doc string
	value          any
	sensitive      bool
}

// ErrNot says that a file is no workflow of CasareRPA.
var ErrNot = errors.New("it is not a CasareRPA workflow")

// Is reports whether a file looks like a workflow of CasareRPA, plain or
// packed. It looks at the beginning only.
func Is(src []byte) bool {
	src, err := unpack(src)
	if err != nil || len(src) > maxSize {
		return false
	}
	head := strings.TrimLeft(string(src[:min(len(src), 64)]), " \t\r\n")
	if !strings.HasPrefix(head, "{") {
		return false
	}
	d := json.NewDecoder(strings.NewReader(string(src)))
	if _, err := d.Token(); err != nil {
		return false
	}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return false
		}
		switch k {
		case "aether":
			return false
		case "nodes", "base_workflow", "workflow_json", "workflow":
			return true
		}
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return false
		}
	}
	return false
}

// read reads a workflow in any of the shapes that CasareRPA, its recorders,
// its templates and its orchestrator write.
func read(src []byte) (*workflow, error) {
	src, err := unpack(src)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(src)) == 0 {
		return nil, errors.New("the file is empty")
	}
	v, err := parse(src)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("it is not JSON: it ends in the middle, so the file was cut off; take a whole copy of it")
	}
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	top, ok := v.(*object)
	if !ok {
		return nil, ErrNot
	}
	w := &workflow{byID: map[string]*step{}}
	root, err := w.find(top, 0)
	if err != nil {
		return nil, err
	}
	if err := w.readNodes(root); err != nil {
		return nil, err
	}
	if len(w.nodes) == 0 {
		return nil, errors.New("the workflow has no nodes")
	}
	w.readWires(root)
	w.readVars(root.get("variables"))
	w.readVars(root.get("default_variables"))
	for _, k := range sortedKeys(w.values) {
		w.setVar(variable{name: k, value: plain(w.values.at[k])})
	}
	if s := root.object("settings"); s != nil {
		w.settings, _ = plain(s).(map[string]any)
	}
	for _, f := range root.list("frames") {
		w.frames = append(w.frames, plain(f))
	}
	for _, p := range []struct {
		key string
		to  *[]*object
	}{{"inputs", &w.inputs}, {"outputs", &w.outputs}} {
		for _, e := range root.list(p.key) {
			if o, ok := e.(*object); ok && o.text("name") != "" {
				*p.to = append(*p.to, o)
			}
		}
	}
	w.readPorts(root.list("parameters"))
	return w, nil
}

// readPorts brings the inputs and the promoted parameters of a subflow to the
// ports inside that they feed.
func (w *workflow) readPorts(parameters []any) {
	feed := func(o *object, port string) {
		to := w.byID[o.text("internal_node_id")]
		if to == nil || port == "" {
			return
		}
		name := o.text("name")
		id := "input " + name
		s := w.byID[id]
		if s == nil {
			s = &step{id: id, typ: "SubflowInputNode", kind: catalog()["SubflowInputNode"], index: len(w.nodes), config: map[string]any{"port_name": name}, synthetic: true}
			w.nodes = append(w.nodes, s)
			w.byID[id] = s
		}
		if !slices.ContainsFunc(w.wires, func(c wire) bool { return c.to == to.id && c.into == port }) {
			w.wires = append(w.wires, wire{from: id, port: "value", to: to.id, into: port})
		}
	}
	for _, o := range w.inputs {
		feed(o, o.text("internal_port_name"))
	}
	for _, e := range parameters {
		o, ok := e.(*object)
		if !ok || o.text("name") == "" {
			continue
		}
		to, prop := w.byID[o.text("internal_node_id")], o.text("internal_property_name")
		if to == nil || prop == "" {
			continue
		}
		if d := plain(o.get("default_value")); d != nil {
			to.config[prop] = d
		}
		if p, known := to.kindProp(prop); known && strings.EqualFold(p.Type, "choice") {
			w.notes = append(w.notes, fmt.Sprintf("the parameter %s chooses what %s does, which is fixed here as %v", o.text("name"), to.id, to.config[prop]))
			continue
		}
		if o.get("default_value") == nil && to.config[prop] != nil {
			o.at["default_value"] = to.config[prop]
		}
		w.inputs = append(w.inputs, o)
		feed(o, prop)
	}
}

func (s *step) kindProp(name string) (prop, bool) {
	if s.kind == nil {
		return prop{}, false
	}
	return s.kind.prop(name)
}

// find returns the object that holds the nodes, and takes names, variables and
// values of what is around it.
func (w *workflow) find(o *object, depth int) (*object, error) {
	if depth > 3 {
		return nil, ErrNot
	}
	meta := o.object("metadata")
	for _, from := range []*object{o, meta} {
		if n := from.text("name", "workflow_name"); w.name == "" {
			w.name = n
		}
		if d := from.text("description"); w.description == "" {
			w.description = d
		}
		if id := from.text("id", "workflow_id"); w.id == "" {
			w.id = id
		}
	}
	switch {
	case o.get("nodes") != nil:
		return o, nil
	case o.object("base_workflow") != nil:
		w.readVars(o.get("default_variables"))
		return w.find(o.object("base_workflow"), depth+1)
	case o.object("workflow") != nil:
		root, err := w.find(o.object("workflow"), depth+1)
		w.readVars(root.get("variables"))
		w.values = o.object("variable_values")
		return root, err
	}
	switch inner := o.get("workflow_json").(type) {
	case *object:
		return w.find(inner, depth+1)
	case string:
		v, err := parse([]byte(inner))
		if err != nil {
			return nil, fmt.Errorf("workflow_json is not JSON: %w", err)
		}
		if in, ok := v.(*object); ok {
			return w.find(in, depth+1)
		}
	}
	return nil, ErrNot
}

func sortedKeys(o *object) []string {
	if o == nil {
		return nil
	}
	return o.keys
}

func (w *workflow) readNodes(root *object) error {
	add := func(key string, v any) {
		o, ok := v.(*object)
		if !ok {
			w.notes = append(w.notes, fmt.Sprintf("the node %s is no object and was left out", key))
			return
		}
		w.addStep(key, o)
	}
	switch nodes := root.get("nodes").(type) {
	case *object:
		for _, k := range nodes.keys {
			add(k, nodes.at[k])
		}
	case []any:
		for i, v := range nodes {
			add(fmt.Sprintf("node_%d", i+1), v)
		}
	default:
		return fmt.Errorf("nodes is neither an object nor a list")
	}
	return nil
}

func (w *workflow) addStep(key string, o *object) {
	custom := o.object("custom")
	s := &step{id: key, index: len(w.nodes), config: map[string]any{}}
	if id := o.text("node_id", "id"); id != "" {
		s.id = id
	} else if id := custom.text("node_id"); id != "" {
		s.id = id
	}
	if w.byID[s.id] != nil {
		w.notes = append(w.notes, fmt.Sprintf("the id %s is used twice; the second node was named %s_again", s.id, s.id))
		for w.byID[s.id] != nil {
			s.id += "_again"
		}
	}
	s.typ = o.text("node_type", "type", "type_")
	s.name = o.text("name", "display_name", "title")
	for _, part := range []string{"inputs", "custom", "properties", "config"} {
		c := o.object(part)
		if c == nil {
			continue
		}
		for _, k := range c.keys {
			if k == "node_id" && part == "custom" {
				continue
			}
			s.config[k] = plain(c.at[k])
			if list, ok := c.at[k].([]any); ok && len(list) > 0 {
				if first, ok := list[0].(*object); ok {
					if s.keyOrder == nil {
						s.keyOrder = map[string][]any{}
					}
					for _, name := range first.keys {
						s.keyOrder[k] = append(s.keyOrder[k], name)
					}
				}
			}
		}
	}
	if label, ok := s.config["label"].(string); ok && s.name == "" {
		s.name = label
	}
	s.x, s.y, s.placed = position(o)
	disabled, _ := s.config["_disabled"].(bool)
	if d, ok := o.get("disabled").(bool); ok {
		disabled = disabled || d
	}
	s.disabled = disabled
	s.raw, _ = plain(o).(map[string]any)
	s.typ, s.kind = resolveType(s.typ, s.config)
	w.nodes = append(w.nodes, s)
	w.byID[s.id] = s
	if key != s.id && w.byID[key] == nil {
		w.byID[key] = s // wires may use either
	}
}

func position(o *object) (x, y float64, ok bool) {
	num := func(v any) (float64, bool) {
		switch n := v.(type) {
		case int:
			return float64(n), true
		case float64:
			return n, true
		}
		return 0, false
	}
	var okX, okY bool
	switch p := o.get("position", "pos").(type) {
	case []any:
		if len(p) >= 2 {
			x, okX = num(p[0])
			y, okY = num(p[1])
		}
	case *object:
		x, okX = num(p.get("x"))
		y, okY = num(p.get("y"))
	default:
		x, okX = num(o.get("x"))
		y, okY = num(o.get("y"))
	}
	return x, y, okX && okY
}

func (w *workflow) readWires(root *object) {
	type end struct{ node, port string }
	pair := func(v any) end {
		switch p := v.(type) {
		case []any:
			if len(p) >= 2 {
				n, _ := p[0].(string)
				q, _ := p[1].(string)
				return end{n, q}
			}
		case *object:
			return end{p.text("node_id", "node", "id"), p.text("port", "port_name")}
		}
		return end{}
	}
	for i, v := range root.list("connections", "edges") {
		o, ok := v.(*object)
		if !ok {
			w.notes = append(w.notes, fmt.Sprintf("connection %d is no object and was left out", i+1))
			continue
		}
		from := end{o.text("source_node", "from_node", "source", "source_node_id"), o.text("source_port", "from_port")}
		to := end{o.text("target_node", "to_node", "target", "target_node_id"), o.text("target_port", "to_port")}
		if from.node == "" {
			from = pair(o.get("out", "source", "from"))
		}
		if to.node == "" {
			to = pair(o.get("in", "target", "to"))
		}
		a, b := w.byID[from.node], w.byID[to.node]
		switch {
		case a == nil || b == nil:
			missing := from.node
			if a != nil {
				missing = to.node
			}
			w.notes = append(w.notes, fmt.Sprintf("connection %d names the node %q, which is not there; it was left out", i+1, missing))
			continue
		case a == b:
			w.notes = append(w.notes, fmt.Sprintf("connection %d leads from %s to itself; it was left out", i+1, a.id))
			continue
		}
		c := wire{from: a.id, port: from.port, to: b.id, into: to.port}
		c.exec = isExec(a, b, &c)
		if slices.Contains(w.wires, c) {
			continue
		}
		w.wires = append(w.wires, c)
	}
	w.bridge()
}

// execPorts are names of ports that control leaves from.
var execPorts = map[string]bool{
	"body": true, "completed": true, "true": true, "false": true, "default": true, "try_body": true, "catch_body": true, "finally_body": true,
	"retry_body": true, "success": true, "failed": true, "valid": true, "invalid": true, "error": true, "fallback": true, "on_error": true, "finally": true,
	"protected_body": true, "match_found": true, "no_match": true,
}

// isExec tells whether a wire hands control on, and gives the short port names
// of templates their full ones.
func isExec(a, b *step, c *wire) bool {
	into := strings.ToLower(c.into)
	dataIn := b.kind != nil && b.kind.hasInput(c.into)
	_, configured := b.config[c.into]
	toExec := strings.Contains(into, "exec") || into == "" || (into == "in" && !dataIn && !configured && b.typ != "RerouteNode")
	if a.kind != nil && a.kind.hasOutput(c.port) && !strings.Contains(into, "exec") && into != "" {
		return false
	}
	exec := toExec && (strings.Contains(c.port, "exec") || c.port == "" || !dataIn)
	if !exec {
		port := strings.ToLower(c.port)
		fromExec := strings.Contains(port, "exec") || execPorts[port] || strings.HasPrefix(port, "case_") || strings.HasPrefix(port, "branch_")
		exec = fromExec && !dataIn && !configured
	}
	if !exec {
		return false
	}
	switch {
	case c.port == "out" || c.port == "" || c.port == "exec":
		c.port = "exec_out"
	case c.port == "loop":
		c.port = "body"
	case c.port == "done" && a.kind != nil && slices.Contains(a.kind.Exec, "completed"):
		c.port = "completed"
	}
	c.into = "exec_in"
	return true
}

// bridge takes reroute dots out of the wires.
func (w *workflow) bridge() {
	dots := map[string][]wire{} // wires into a dot
	for _, c := range w.wires {
		if w.byID[c.to].typ == "RerouteNode" {
			dots[c.to] = append(dots[c.to], c)
		}
	}
	if len(dots) == 0 {
		return
	}
	var sources func(id string, seen int) []wire
	sources = func(id string, seen int) []wire {
		var out []wire
		if seen > len(dots) {
			return nil
		}
		for _, c := range dots[id] {
			if w.byID[c.from].typ == "RerouteNode" {
				out = append(out, sources(c.from, seen+1)...)
			} else {
				out = append(out, c)
			}
		}
		return out
	}
	var out []wire
	for _, c := range w.wires {
		a, b := w.byID[c.from], w.byID[c.to]
		switch {
		case b.typ == "RerouteNode":
		case a.typ == "RerouteNode":
			for _, s := range sources(c.from, 0) {
				n := wire{from: s.from, port: s.port, to: c.to, into: c.into}
				if n.exec = isExec(w.byID[s.from], b, &n); n.from != n.to && !slices.Contains(out, n) {
					out = append(out, n)
				}
			}
		default:
			out = append(out, c)
		}
	}
	w.wires = out
}

func (w *workflow) readVars(v any) {
	switch vars := v.(type) {
	case *object:
		for _, name := range vars.keys {
			w.addVar(name, vars.at[name])
		}
	case []any:
		for _, e := range vars {
			if o, ok := e.(*object); ok {
				w.addVar(o.text("name"), o)
			}
		}
	}
}

func (w *workflow) addVar(name string, v any) {
	o, ok := v.(*object)
	described := ok
	if ok {
		_, a := o.at["default_value"]
		_, b := o.at["value"]
		_, c := o.at["type"]
		_, d := o.at["data_type"]
		described = a || b || (c || d) && o.text("name") != ""
	}
	nv := variable{name: name}
	if described {
		nv.typ, nv.doc = o.text("type", "data_type"), o.text("description")
		nv.value = plain(o.get("default_value", "value"))
		nv.sensitive, _ = o.get("sensitive").(bool)
	} else {
		nv.value = plain(v)
	}
	if name != "" {
		w.setVar(nv)
	}
}

// setVar adds a variable, or a value to one that is known.
func (w *workflow) setVar(v variable) {
	for i := range w.vars {
		if w.vars[i].name == v.name {
			if v.value != nil {
				w.vars[i].value = v.value
			}
			return
		}
	}
	w.vars = append(w.vars, v)
}
