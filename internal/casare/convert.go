// Package casare reads the workflow files of CasareRPA and turns them into
// flows.
//
// One table (the rows_*.go files) says what each node type becomes; the graph
// of exec connections, which CasareRPA walks breadth first with marks, becomes
// chains and scopes (graph*.go); texts and conditions become expressions
// (text.go, python.go). What cannot be translated becomes flow.missing, with
// all its data, and the Report says so.
package casare

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Options say how a workflow is converted.
type Options struct {
	// Nodes are the node types there are; nil takes the default registry.
	Nodes *node.Registry
	// Name is used when the file gives none.
	Name string
	// Rename gives the file that a called workflow is in after the import; nil
	// leaves references as they are.
	Rename func(ref string) string
	// Find gives the file of a subflow that is named by its id only; "" if there
	// is none. It may be nil.
	Find func(id string) string
	// Open reads a workflow that this one calls, by its path from here; nil
	// leaves it to the checks of the flow what it takes and gives.
	Open func(ref string) ([]byte, error)
}

// Convert turns a workflow into a flow, whole, and says what became of each
// node. The flow passes all checks of package check; an error means that the
// file is no workflow at all.
func Convert(src []byte, o Options) (*flow.Flow, *Report, error) {
	w, err := read(src)
	if err != nil {
		return nil, nil, err
	}
	if o.Nodes == nil {
		o.Nodes = node.Default
	}
	if w.name == "" {
		w.name = o.Name
	}
	if w.name == "" {
		w.name = "imported workflow"
	}
	// A node that does not fit in the end, for instance because a value it needs
	// is not there, is replaced by flow.missing, and all is built again.
	broken, absent := map[string]string{}, map[*step]bool{}
	for try := 0; ; try++ {
		c := newConverter(w, o, broken)
		c.absent = absent
		c.build()
		if c.findAbsent() || c.again {
			continue
		}
		more := false
		var left flow.Problems
		for _, p := range check.Flow(&c.flow, o.Nodes, check.Options{}) {
			if p.Severity != flow.Error {
				continue
			}
			s := c.stepOf[p.Node]
			if s == nil || broken[s.id] != "" {
				left = append(left, p)
				continue
			}
			broken[s.id] = p.Message
			if p.Param != "" && !strings.Contains(p.Message, p.Param) {
				broken[s.id] = p.Param + ": " + p.Message
			}
			more = true
		}
		if more && try <= len(w.nodes) {
			continue
		}
		if len(left) > 0 {
			return nil, nil, fmt.Errorf("the flow that came out is not valid, which is a defect of the importer: %w", left)
		}
		// What is handed out was read from the text that a file would have.
		text, err := c.flow.YAML()
		if err != nil {
			return nil, nil, fmt.Errorf("writing the flow: %w", err)
		}
		f, err := flow.Decode(text)
		if err != nil {
			return nil, nil, fmt.Errorf("the flow that came out is not well formed, which is a defect of the importer: %w", err)
		}
		return f, c.report, nil
	}
}

// findAbsent notes nodes whose outputs are read and that did not become nodes of
// the flow, such as an EndNode; what is read of them is nil. It reports whether
// there are new ones.
func (c *converter) findAbsent() bool {
	found := false
	for s := range c.readFrom {
		if !c.absent[s] && !c.emitted[c.ids[s]] {
			c.absent[s], found = true, true
		}
	}
	return found
}

type converter struct {
	w      *workflow
	o      Options
	flow   flow.Flow
	report *Report
	broken map[string]string // steps that become flow.missing, and why

	dataIn   map[string]map[string]wire     // by node and port
	exec     map[string]map[string][]string // targets by node and port, in the order of the file
	execIn   map[string]int
	before   map[string][]string // nodes that lead to a node
	sessions map[*step]*step     // whose connection a node uses

	ids     map[*step]string // ids in the flow
	taken   map[string]bool
	latest  map[*step]string // the id under which outputs are read now, after a chain was doubled
	stepOf  map[string]*step
	emitted map[string]bool

	vars     map[string]string // names of variables in the flow
	varTypes map[string]string
	set      map[string]bool // variables that some node sets
	declared map[string]*variable
	asInput  map[string]bool
	maybe    map[string]bool // names that are read and never set
	inputs   map[string]bool
	pairs    pairs
	regions  map[*step]map[*step]bool    // bodies of loops
	turnVars map[string]bool             // variables that only hold the turn of a loop
	escapes  map[*step][]wayOut          // breaks of outer loops that lead out of a loop
	copies   map[*step]map[string]string // variables under the names that a join gives them, by node that sets them
	computed bool                        // a node sets a variable whose name is computed
	asVars   map[*step]bool              // loops whose turn is kept in variables
	reading  map[string]bool             // outputs being computed
	made     map[*step]bool
	late     map[*step]bool // loose nodes that are computed right before their first reader
	readsOf  map[*step][]*step
	readFrom map[*step]bool // nodes whose outputs are read
	absent   map[*step]bool // those of them that are no nodes of the flow
	again    bool           // a node turned out to be broken while it was made
	around   *scope         // where the node that is being made stands
	depth    int
	markers  int
	// itemNames stand for the item in the expression of a list action.
	itemNames []string
	// localValue is what the name value stands for in a rule.
	localValue *val
	// localNames are further names of an expression; nil if there are none.
	localNames func(name string) (val, bool)
}

func newConverter(w *workflow, o Options, broken map[string]string) *converter {
	c := &converter{
		w: w, o: o, broken: broken, report: newReport(w),
		dataIn: map[string]map[string]wire{}, exec: map[string]map[string][]string{}, execIn: map[string]int{}, before: map[string][]string{}, sessions: map[*step]*step{},
		ids: map[*step]string{}, taken: map[string]bool{}, latest: map[*step]string{}, stepOf: map[string]*step{}, emitted: map[string]bool{},
		vars: map[string]string{}, varTypes: map[string]string{}, set: map[string]bool{}, declared: map[string]*variable{}, asInput: map[string]bool{}, maybe: map[string]bool{}, inputs: map[string]bool{},
		escapes: map[*step][]wayOut{}, copies: map[*step]map[string]string{}, regions: map[*step]map[*step]bool{}, asVars: map[*step]bool{}, turnVars: map[string]bool{}, reading: map[string]bool{}, made: map[*step]bool{}, late: map[*step]bool{}, readsOf: map[*step][]*step{}, readFrom: map[*step]bool{},
	}
	c.flow.Name, c.flow.Description = w.name, w.description
	for _, x := range w.wires {
		if !x.exec {
			if c.dataIn[x.to] == nil {
				c.dataIn[x.to] = map[string]wire{}
			}
			c.dataIn[x.to][x.into] = x
			continue
		}
		if c.exec[x.from] == nil {
			c.exec[x.from] = map[string][]string{}
		}
		c.exec[x.from][x.port] = append(c.exec[x.from][x.port], x.to)
		c.execIn[x.to]++
		c.before[x.to] = append(c.before[x.to], x.from)
	}
	for _, s := range w.nodes {
		c.ids[s] = c.newID(s.id, s)
	}
	return c
}

func (c *converter) build() {
	c.findVars()
	c.findPairs()
	c.findCopies()
	c.findRegions()
	c.walk()
	c.declare()
	c.layout()
}

var notID = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// newID makes an id of the flow that no other node has.
func (c *converter) newID(want string, s *step) string {
	id := strings.Trim(notID.ReplaceAllString(want, "_"), "_")
	if id == "" || id[0] >= '0' && id[0] <= '9' {
		id = "n_" + id
	}
	id = id[:min(len(id), 54)]
	if slices.Contains(flow.Reserved, id) {
		id += "_"
	}
	base := id
	for n := 2; c.taken[id]; n++ {
		id = base + "_" + strconv.Itoa(n)
	}
	c.taken[id] = true
	c.stepOf[id] = s
	return id
}

// add puts a node into the flow.
func (c *converter) add(s *step, n flow.Node) {
	c.stepOf[n.ID] = s
	c.emitted[n.ID] = true
	c.flow.Nodes = append(c.flow.Nodes, n)
	if s != nil {
		c.report.became(s, n.ID, n.Type)
	}
}

func (c *converter) wire(from, port, to string) {
	if to == "" {
		return
	}
	c.flow.Edges = append(c.flow.Edges, flow.Edge{From: from, Port: port, To: to})
}

// reference resolves a path that stands in a text or condition of a node. ok is
// false if CasareRPA left it as it stands; quiet ones (${x}, %x%, names in
// conditions) are not taken for inputs then.
func (c *converter) reference(path string, at *step, quiet bool) (v val, ok bool) {
	if strings.HasPrefix(path, "$") {
		return c.system(path, at)
	}
	name, rest := cut(path)
	if c.localNames != nil {
		if v, ok := c.localNames(name); ok {
			return code(follow(v.code, rest), ifWhole(v.typ, rest)), true
		}
	}
	if c.localValue != nil && name == "value" {
		return code(follow(c.localValue.expr(), rest), ifWhole(c.localValue.kindOf(), rest)), true
	}
	if slices.Contains(c.itemNames, name) {
		return code(follow("item", rest), ""), true
	}
	if v, ok := c.loopName(name); ok {
		return code(follow(v.code, rest), ifWhole(v.typ, rest)), true
	}
	// A variable may have the name of a node; what is read tells them apart.
	if s := c.w.byID[name]; s != nil && len(rest) > 0 && !strings.HasPrefix(rest[0], "[") && (s.kind != nil && s.kind.hasOutput(rest[0]) || !c.set[name] && c.declared[name] == nil) {
		v := c.output(s, rest[0], at)
		if v.secret != "" {
			return v, true
		}
		return code(follow(v.expr(), rest[1:]), ifWhole(v.typ, rest[1:])), true
	}
	if c.set[name] || c.declared[name] != nil {
		v := c.varRef(name)
		return code(follow(v.code, rest), ifWhole(v.typ, rest)), true
	}
	if s := c.w.byID[name]; s != nil && s.kind != nil && len(rest) == 0 { // all outputs of a node
		d := val{dict: map[string]val{}, isSet: true}
		for _, p := range s.kind.Out {
			d.dict[p[0]] = c.output(s, p[0], at)
		}
		return code(d.expr(), "dict"), true
	}
	if c.computed { // its name may have been
		v := code(follow("vars."+computedNames, append([]string{name}, rest...)), "")
		if !quiet {
			v.code += " ?? (" + quote("{") + " + " + quote("{"+path+"}}") + ")"
		}
		return v, true
	}
	if quiet {
		return val{}, false
	}
	// Nobody sets it: it is given from outside, or the text stays.
	c.maybe[name] = true
	n := c.varName(name)
	return code(follow("inputs."+n, rest)+" ?? ("+quote("{")+" + "+quote("{"+path+"}}")+")", ""), true
}

func ifWhole(typ string, rest []string) string {
	if len(rest) > 0 {
		return ""
	}
	return typ
}

// system resolves the names of the system.
func (c *converter) system(path string, at *step) (val, bool) {
	formats := map[string]string{"$currentDate": "YYYY-MM-DD", "$currentTime": "HH:mm:ss", "$currentDateTime": "YYYY-MM-DDTHH:mm:ss"}
	if f, ok := formats[path]; ok {
		c.report.adapted(at, "%s is the time at which the run was started", path)
		return code("format_date(run.started_at, "+quote(f)+")", "string"), true
	}
	if path == "$timestamp" {
		c.report.adapted(at, "$timestamp is the time at which the run was started")
		return code("unix(run.started_at)", "int"), true
	}
	return val{}, false
}

// secret returns the name under which a stored credential is read.
func (c *converter) secret(name string, at *step) string {
	n := strings.Trim(notID.ReplaceAllString(name, "_"), "_")
	c.report.adapted(at, "the secret %s must be there when the flow runs, for instance as AETHER_SECRET_%s", n, n)
	return n
}

// output returns the expression for an output of a node, as another node sees
// it.
func (c *converter) output(s *step, portName string, at *step) val {
	key := s.id + "\x00" + portName
	if c.reading[key] {
		return code("nil", "")
	}
	c.reading[key] = true
	defer delete(c.reading, key)
	typ := ""
	if s.kind != nil {
		typ = propType(s.kind.outputType(portName))
	}
	if strings.HasSuffix(s.typ, "TriggerNode") {
		c.inputs["trigger"] = true
		return code("get(inputs.trigger, "+quote(portName)+")", "")
	}
	if v, ok := c.controlOutput(s, portName, at); ok {
		return v
	}
	if id, ok := c.typedSecret(s, portName); ok {
		c.readFrom[s] = true
		return val{secret: id, isSet: true}
	}
	if s.disabled {
		m := rowOf(s)
		if m == nil {
			m = &mapping{}
		}
		for _, in := range []string{portName, strings.TrimSuffix(portName, "_out") + "_in"} {
			if s.kind != nil && s.kind.hasInput(in) {
				if v := c.arg(s, m, in); v.isSet {
					return code(v.expr(), v.kindOf())
				}
			}
		}
		return code("nil", "")
	}
	if c.absent[s] {
		return code("nil", "")
	}
	c.readFrom[s] = true
	id := c.latest[s]
	if id == "" {
		id = c.ids[s]
	}
	m := c.rowFor(s)
	if m == nil && c.isControl(s) && c.broken[s.id] == "" {
		c.report.attention(at, fmt.Sprintf("it reads the output %s of %s, which %s does not have", portName, s.id, s.typ), "the value is nil")
		return code("nil", "")
	}
	if m == nil || c.broken[s.id] != "" {
		return code("nodes."+id+"."+safeName(portName), "")
	}
	if main := mainOutput(s, m, portName); main != "" {
		c.report.adapted(at, "%s has no output %s; it reads %s, which was meant", s.id, portName, main)
		portName = main
		typ = propType(s.kind.outputType(main))
	}
	if text, ok := m.out[portName]; ok {
		v, _ := c.fillText("="+text, s, m, id)
		if v.code == "" {
			return code(v.expr(), v.kindOf())
		}
		v.typ = typ
		return v
	}
	fails := len(c.exec[s.id]["error"])+len(c.exec[s.id]["exec_error"]) > 0 // and goes on from there
	switch portName {
	case "success":
		if fails {
			return code("nodes."+id+".error == nil", "bool")
		}
		return code("true", "bool")
	case "error", "error_message":
		if fails {
			return code("get(nodes."+id+`.error, "message") ?? ""`, "string")
		}
		return code(`""`, "string")
	}
	if m.to == "flow.call" && (s.kind == nil || !s.kind.hasOutput(portName)) { // outputs are named like those of the flow
		return code("nodes."+id+"."+safeName(portName), "")
	}
	if s.kind == nil || !s.kind.hasOutput(portName) {
		c.report.attention(at, fmt.Sprintf("it reads the output %s of %s, which %s does not have", portName, s.id, s.typ), "the value is nil")
	} else {
		c.report.attention(at, fmt.Sprintf("it reads the output %s of %s, which has no equivalent", portName, s.id), "the value is nil")
	}
	return code("nil", "")
}

// mainOutput returns the output that is meant by the result, output or value of
// a node that has no output of this name: the first that does not only tell how
// it went.
func mainOutput(s *step, m *mapping, name string) string {
	if s.kind == nil || m.out[name] != "" || m.to == "flow.call" || name != "result" && name != "output" && name != "value" {
		return ""
	}
	ports := s.kind.Out
	if action, _ := s.config["action"].(string); len(s.kind.Actions[action].Out) > 0 {
		ports = s.kind.Actions[action].Out
	}
	if slices.ContainsFunc(ports, func(p port) bool { return p[0] == name }) {
		return ""
	}
	for _, p := range ports {
		if n := p[0]; n != "success" && n != "error" && m.out[n] != "" {
			return n
		}
	}
	return ""
}

func safeName(s string) string {
	n := notID.ReplaceAllString(s, "_")
	if !ident.MatchString(n) {
		n = "_" + n
	}
	return n
}

// rowFor returns the row of a node with what prepare changed.
func (c *converter) rowFor(s *step) *mapping {
	m := rowOf(s)
	if m == nil || m.prepare == nil {
		return m
	}
	cp := *m
	cp.in, cp.out, cp.def, cp.alias = maps.Clone(m.in), maps.Clone(m.out), maps.Clone(m.def), maps.Clone(m.alias)
	for _, p := range []*params{&cp.in, &cp.def} {
		if *p == nil {
			*p = params{}
		}
	}
	if cp.out == nil {
		cp.out = outs{}
	}
	cp.post, cp.pre = slices.Clone(m.post), slices.Clone(m.pre)
	m.prepare(c, s, &cp)
	return &cp
}

// declare writes the inputs, variables and outputs of the flow.
func (c *converter) declare() {
	var initial []string
	types := map[string]string{"string": "string", "int": "int", "float": "number", "bool": "bool", "list": "list", "dict": "map"}
	for _, v := range c.w.vars {
		name := c.varName(v.name)
		def, err := canonical(v.value)
		if err != nil {
			def = nil
		}
		in := flow.Input{Name: name, Type: "any", Doc: v.doc}
		if t := types[propType(v.typ)]; t != "" && def != nil {
			if conv := literal(def).as(propType(v.typ)); conv.kindOf() == propType(v.typ) || conv.kindOf() == "int" && t == "number" {
				in.Type, def = t, conv.plain()
			}
		}
		in.Default = def
		if v.sensitive {
			c.report.attention(nil, fmt.Sprintf("the variable %s is marked as sensitive; make it a secret input", v.name), "")
		}
		c.flow.Inputs = append(c.flow.Inputs, in)
		if c.set[v.name] {
			initial = append(initial, v.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.maybe)) {
		if c.declared[name] == nil && !c.set[name] {
			c.flow.Inputs = append(c.flow.Inputs, flow.Input{Name: c.varName(name), Type: "any", Doc: "Read by the workflow and set nowhere in it."})
		}
	}
	if len(initial) > 0 {
		values := map[string]any{}
		for _, name := range initial {
			values[c.varName(name)] = "{{ inputs." + c.varName(name) + " }}"
		}
		id := c.newID("first_values", nil)
		c.flow.Nodes = slices.Insert(c.flow.Nodes, 0, flow.Node{ID: id, Type: "var.set", Title: "First values of the variables", Params: map[string]any{"values": values}})
		if c.flow.Start != "" {
			c.flow.Edges = slices.Insert(c.flow.Edges, 0, flow.Edge{From: id, Port: "next", To: c.flow.Start})
		}
		c.flow.Start = id
	}
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.set)) {
		if name == "" || seen[name] || c.turnVars[name] || strings.HasPrefix(name, "_") || reference.MatchString(name) {
			continue
		}
		seen[name] = true
		c.flow.Outputs = append(c.flow.Outputs, flow.Output{Name: c.varName(name), Value: "{{ vars." + c.varName(name) + " }}"})
	}
	c.declareResults()
	if c.computed {
		c.flow.Outputs = append(c.flow.Outputs, flow.Output{Name: computedNames, Value: "{{ vars." + computedNames + " }}"})
	}
	c.declareSubflow()
	// Last, since outputs may read it too.
	if c.inputs["trigger"] && !slices.ContainsFunc(c.flow.Inputs, func(i flow.Input) bool { return i.Name == "trigger" }) {
		c.flow.Inputs = append(c.flow.Inputs, flow.Input{Name: "trigger", Type: "map", Doc: "What the trigger of the flow gives.", Default: map[string]any{}})
	}
}

// canonical returns a value of a config in canonical form.
func canonical(v any) (any, error) {
	n, err := value.Normalize(v)
	if err != nil {
		return nil, fmt.Errorf("the value cannot be kept: %w", err)
	}
	return n, nil
}
