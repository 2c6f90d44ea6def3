package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
)

// Plan is a flow made ready to run: types looked up, expressions compiled,
// wires resolved. It is immutable and may be shared by runs.
type Plan struct {
	Flow    *flow.Flow
	Digest  string
	start   *step
	steps   map[string]*step
	outputs []planOutput
	vars    map[string]any
	// referenced holds the ids of nodes whose outputs some expression reads; nil
	// means that any may be.
	referenced map[string]bool
}

type planOutput struct {
	name string
	typ  string
	make maker
}

// maker produces a value: a literal or what an expression gives.
type maker struct {
	literal any
	tpl     *expr.Template
	path    []string // set when the template is a bare path: large values pass through
	list    []maker
	keys    []string // with list: a map
	isMap   bool
	isList  bool
}

// step is a node of the plan.
type step struct {
	id      string
	index   int // in file order
	def     *node.Def
	node    *flow.Node
	wires   map[string][]*step
	next    *step
	onError *step
	proto   reflect.Value // In struct with defaults and literals
	params  []param
	lazy    bool
	retry   *flow.Retry
	keep    bool // its outputs are read by an expression
	defHash string
}

type param struct {
	field *schema.Field
	make  maker
}

// Compile makes a plan. The flow must have passed check: what is wrong with it
// is reported here without position, one thing at a time.
func Compile(f *flow.Flow, reg *node.Registry) (*Plan, error) {
	p := &Plan{Flow: f, Digest: f.Digest(), steps: make(map[string]*step, len(f.Nodes)), vars: map[string]any{}, referenced: map[string]bool{}}
	for i := range f.Nodes {
		n := &f.Nodes[i]
		s, err := p.compileNode(n, reg)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", n.ID, err)
		}
		s.index = i
		p.steps[n.ID] = s
	}
	for _, e := range f.Edges {
		from, to := p.steps[e.From], p.steps[e.To]
		if from == nil || to == nil {
			return nil, fmt.Errorf("the edge %s names a node that is not there", e)
		}
		from.wires[e.Port] = append(from.wires[e.Port], to)
	}
	for _, s := range p.steps {
		s.next, s.onError = s.wire("next"), s.wire("error")
		s.keep = p.referenced == nil || p.referenced[s.id]
	}
	if p.start = p.steps[f.StartNode()]; p.start == nil {
		return nil, fmt.Errorf("the start node %q is not there", f.StartNode())
	}
	for _, o := range f.Outputs {
		m, err := p.maker(o.Value)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", o.Name, err)
		}
		p.outputs = append(p.outputs, planOutput{o.Name, o.Type, m})
	}
	for _, s := range p.steps {
		s.keep = p.referenced == nil || p.referenced[s.id]
	}
	for _, v := range f.Vars {
		p.vars[v.Name] = v.Value
	}
	return p, nil
}

func (s *step) wire(port string) *step {
	if w := s.wires[port]; len(w) > 0 {
		return w[0]
	}
	return nil
}

func (p *Plan) compileNode(n *flow.Node, reg *node.Registry) (*step, error) {
	def := reg.Get(n.Type)
	if def == nil {
		return nil, fmt.Errorf("unknown type %s", n.Type)
	}
	s := &step{id: n.ID, def: def, node: n, wires: map[string][]*step{}, proto: def.In.New().Elem(), retry: n.Retry, lazy: def.HasLazy(), defHash: n.Definition()}
	if s.retry == nil && !def.IsControl() {
		s.retry = p.Flow.Settings.Retry
	}
	for _, f := range def.In.Fields {
		raw, given := n.Params[f.Name]
		if !given {
			continue
		}
		if f.Kind == schema.Expression || f.Raw {
			if err := p.noteRefs(raw, locals(f)); err != nil && !f.Raw {
				return nil, fmt.Errorf("param %s: %w", f.Name, err)
			}
			if err := f.Set(s.proto, raw); err != nil {
				return nil, err
			}
			continue
		}
		if hasExpression(f) {
			// An object with expressions inside is bound as it is written; only
			// its lazy parts may hold templates.
			if err := p.noteRefs(raw, locals(f)); err != nil {
				return nil, fmt.Errorf("param %s: %w", f.Name, err)
			}
			if err := f.Set(s.proto, raw); err != nil {
				return nil, err
			}
			continue
		}
		m, err := p.maker(raw)
		if err != nil {
			return nil, fmt.Errorf("param %s: %w", f.Name, err)
		}
		if m.constant() && !hasSecret(f) {
			if err := f.Set(s.proto, m.literal); err != nil {
				return nil, err
			}
			continue
		}
		s.params = append(s.params, param{f, m})
	}
	return s, nil
}

// locals returns the names that expressions anywhere in the param may use.
func locals(f *schema.Field) []string {
	out := slices.Clone(f.Locals)
	for _, c := range f.Fields {
		out = append(out, locals(c)...)
	}
	if f.Elem != nil {
		out = append(out, locals(f.Elem)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func hasExpression(f *schema.Field) bool {
	return f.Kind == schema.Expression || slices.ContainsFunc(f.Fields, hasExpression) || f.Elem != nil && hasExpression(f.Elem)
}

func hasSecret(f *schema.Field) bool {
	return f.Kind == schema.Secret || slices.ContainsFunc(f.Fields, hasSecret) || f.Elem != nil && hasSecret(f.Elem)
}

// maker compiles the templates inside a value.
func (p *Plan) maker(v any) (maker, error) {
	switch x := v.(type) {
	case string:
		if !expr.IsTemplate(x) {
			return maker{literal: v}, nil
		}
		t, err := expr.Compile(x)
		if err != nil {
			return maker{}, err
		}
		p.note(t)
		m := maker{tpl: t}
		if path, ok := t.Path(); ok && len(path) > 1 {
			m.path = path
		}
		return m, nil
	case []any:
		m := maker{isList: true, literal: v}
		for _, e := range x {
			c, err := p.maker(e)
			if err != nil {
				return maker{}, err
			}
			m.list = append(m.list, c)
		}
		return m, nil
	case map[string]any:
		m := maker{isMap: true, literal: v}
		for k := range x {
			m.keys = append(m.keys, k)
		}
		slices.Sort(m.keys)
		for _, k := range m.keys {
			c, err := p.maker(x[k])
			if err != nil {
				return maker{}, fmt.Errorf("%s: %w", k, err)
			}
			m.list = append(m.list, c)
		}
		return m, nil
	}
	return maker{literal: v}, nil
}

func (m maker) constant() bool {
	if m.tpl != nil {
		return false
	}
	for _, c := range m.list {
		if !c.constant() {
			return false
		}
	}
	return true
}

// note remembers which nodes' outputs a template reads.
func (p *Plan) note(t *expr.Template) {
	for _, r := range t.Refs() {
		if len(r.Path) == 0 || r.Path[0] != "nodes" || p.referenced == nil {
			continue
		}
		if len(r.Path) == 1 {
			p.referenced = nil
			continue
		}
		p.referenced[r.Path[1]] = true
	}
}

func (p *Plan) noteRefs(v any, locals []string) error {
	switch x := v.(type) {
	case string:
		if !expr.IsTemplate(x) {
			return nil
		}
		t, err := expr.CompileWith(x, locals...)
		if err != nil {
			return err
		}
		p.note(t)
	case []any:
		for _, e := range x {
			if err := p.noteRefs(e, locals); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, e := range x {
			if err := p.noteRefs(e, locals); err != nil {
				return err
			}
		}
	}
	return nil
}

// interruptPolicy says what happens to the node when a crash came between
// its acting and its record.
func (s *step) interruptPolicy(effect node.Effect, fallback string) string {
	switch {
	case s.node.OnInterrupted != "":
		return s.node.OnInterrupted
	case effect == node.Once && fallback != "":
		return fallback
	case effect == node.Once:
		return "ask"
	}
	return "retry"
}

// Defaults of a retry policy that leaves them out.
const (
	defaultInitial = time.Second
	defaultFactor  = 2.0
	defaultMax     = 5 * time.Minute
)

// pause returns how long to wait after the try of that number (1 is the first)
// has failed.
func pause(r *flow.Retry, try int) time.Duration {
	d, factor, most := r.Initial, r.Factor, r.Max
	if d == 0 {
		d = defaultInitial
	}
	if factor == 0 {
		factor = defaultFactor
	}
	if most == 0 {
		most = max(defaultMax, d)
	}
	for range try - 1 {
		if d = time.Duration(float64(d) * factor); d > most || d <= 0 {
			return most
		}
	}
	return min(d, most)
}

// retriable reports whether a failure may pass by itself.
func retriable(f *node.Failure, on []string) bool {
	if len(on) > 0 {
		return slices.Contains(on, f.Kind)
	}
	if f.Permanent {
		return false
	}
	switch f.Kind {
	case node.KindTimeout, node.KindNetwork, node.KindHTTP, node.KindError, node.KindNotFound:
		return true
	}
	return false
}

// lookup walks a bare path through the roots without loading large values.
func lookup(root map[string]any, path []string) (any, bool) {
	var v any = root
	for _, k := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[k]; !ok {
			return nil, false
		}
	}
	return v, true
}

// joinPath is how iterations and nodes are written in one path.
func joinPath(prefix, id string) string {
	if prefix == "" {
		return id
	}
	return prefix + "/" + id
}

// lastID returns the node id at the end of a record name: each[2]/fetch#2!intent
// gives fetch.
func lastID(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if i := strings.IndexAny(name, "#![@"); i >= 0 {
		name = name[:i]
	}
	return name
}
