// Package node is what a node's author sees: the declaration of a node type
// (Spec for nodes that act, Control for nodes that steer), the environment it
// runs in, and failures as data. From one declaration come validation, JSON
// Schema, command-line help, reference pages and forms.
package node

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/aether-rpa/aether/schema"
)

// Effect says what a node does to the world, and so what the engine must record
// to survive a crash.
type Effect int

const (
	// Pure nodes compute. They are never recorded: after a crash they are
	// computed again, so the same input must always give the same output.
	Pure Effect = iota
	// Read nodes look at the world. Their result is recorded, so that a
	// resumed run sees the same one; a read cut short by a crash is repeated.
	Read
	// Idempotent nodes change the world in a way that may be repeated with the
	// same token: writing a whole file, an HTTP PUT.
	Idempotent
	// Once nodes change the world in a way that must not be repeated silently:
	// sending, paying, appending. Their intent is recorded before they act.
	Once
)

// String returns pure, read, idempotent or once.
func (e Effect) String() string {
	return [...]string{"pure", "read", "idempotent", "once"}[e]
}

// Spec declares a node that acts. In and Out are structs; their tags declare
// the params and outputs (see package schema).
type Spec[In, Out any] struct {
	Type  string // family.verb_object, for instance list.append
	Title string // a few words in sentence case
	// Doc begins with a verb; its first sentence stands alone. Pitfalls come
	// after it.
	Doc    string
	Effect Effect
	// EffectOf decides by the params where the type alone cannot: an HTTP GET
	// reads, a POST acts once. Effect then is the strongest it may return.
	EffectOf func(In) Effect
	// LooksFirst says that the node first only looks, and calls Env.Announced before it changes anything: what is recorded
	// before it acts is then written while it looks.
	LooksFirst bool
	// Example flows of one node; each runs as a test.
	Examples []Example[In, Out]
	// Aliases are old names of the type that flows may still use.
	Aliases []string
	// Check tests what tags cannot say: rules between params. It sees defaults
	// and literals only, and must not look at the world.
	Check func(In) error
	// Run does the work. It honours ctx, returns a *Failure (see Fail) where
	// the user should know more than the text of an error, and may be called
	// by several goroutines at a time.
	Run func(ctx context.Context, env *Env, in In) (Out, error)
}

// Example shows one use of a node. It is documentation and a test: Run with In
// must give Out.
type Example[In, Out any] struct {
	Title string
	In    In
	Out   Out
	// Files are made in the working folder before the run: path to content.
	Files map[string]string
	// Serve answers every HTTP request of the node, whatever the host.
	Serve http.Handler
	// Check replaces the comparison with Out where the exact value cannot be
	// known: random numbers, times, process ids.
	Check func(Out) error
	// DocOnly says why the example cannot run as a test.
	DocOnly string
}

// Control declares a node that steers: it looks at its params and answers with
// a Move for the engine to carry out. It must be a pure function.
type Control[In, Out any] struct {
	Type, Title, Doc string
	// Ports names the ports a wire can leave from. Empty means next only.
	Ports []Port
	// PortsOf adds ports that depend on the params as written, for instance
	// one for each case of a switch.
	PortsOf func(params map[string]any) []Port
	// CanFail adds the port error; nodes that own a chain always have it.
	CanFail bool
	// Asks says that the node asks a person; see AnswerLink.
	Asks    bool
	Check   func(In) error
	Aliases []string
	// Route decides. Out only declares what the node shows to expressions.
	Route func(ctx context.Context, in In) (Move, error)
	// YAML shows the node in a flow, for the reference page.
	YAML string
}

// Port is a place where wires leave a node.
type Port struct {
	Name string
	Doc  string
	// Scope is true when the chain on the port belongs to the node: it runs to
	// its end and control returns to the node (the body of a loop).
	Scope bool
	// Many allows several wires, each a branch of its own.
	Many bool
}

// Def is a declared node type with its Go types erased, as the engine and the
// tools use it.
type Def struct {
	Type, Title, Doc string
	Effect           Effect
	EffectOf         func(in any) Effect // in is the In struct; nil when Effect says all
	LooksFirst       bool
	Ports            []Port
	PortsOf          func(params map[string]any) []Port
	In, Out          *schema.Schema
	Examples         []ExampleDef
	Aliases          []string
	Check            func(in any) error // in is the In struct
	YAML             string
	Asks             bool // a person

	// Run is set for nodes that act: in is a pointer to the In struct, the
	// result is the Out struct.
	Run func(ctx context.Context, env *Env, in any) (any, error)
	// Route is set for nodes that steer.
	Route func(ctx context.Context, in any) (Move, error)
}

// ExampleDef is an Example with its types erased.
type ExampleDef struct {
	Title   string
	In, Out any // structs
	Files   map[string]string
	Serve   http.Handler
	Check   func(out any) error
	DocOnly string
}

// IsControl reports whether the node steers rather than acts.
func (d *Def) IsControl() bool { return d.Route != nil }

// Family returns the part of the type before the dot.
func (d *Def) Family() string { return familyOf(d.Type) }

// AllPorts returns the ports of the node given its params as written. Nodes
// that act have next and error.
func (d *Def) AllPorts(params map[string]any) []Port {
	ports := d.Ports
	if d.PortsOf != nil {
		ports = append(append([]Port(nil), ports...), d.PortsOf(params)...)
	}
	return ports
}

// nextPort and errorPort are the ports of every node that acts.
var (
	nextPort  = Port{Name: "next", Doc: "Followed when the node has finished."}
	errorPort = Port{Name: "error", Doc: "Followed when the node has failed, instead of failing the run; `error` then tells why."}
)

// Register adds a node type to the default registry. It panics on a
// declaration that is wrong, so that the program does not start with it.
func Register[In, Out any](s Spec[In, Out]) { Default.add(s.def()) }

// RegisterControl adds a control node type to the default registry; see
// Register.
func RegisterControl[In, Out any](c Control[In, Out]) { Default.add(c.def()) }

func (s Spec[In, Out]) def() (*Def, error) {
	d := &Def{Type: s.Type, Title: s.Title, Doc: s.Doc, Effect: s.Effect, LooksFirst: s.LooksFirst, Aliases: s.Aliases, Ports: []Port{nextPort, errorPort}}
	if s.Run == nil {
		return d, fmt.Errorf("it has no Run")
	}
	d.Run = func(ctx context.Context, env *Env, in any) (any, error) { return s.Run(ctx, env, *in.(*In)) }
	if s.EffectOf != nil {
		d.EffectOf = func(in any) Effect { return s.EffectOf(*in.(*In)) }
	}
	if s.Check != nil {
		d.Check = func(in any) error { return s.Check(*in.(*In)) }
	}
	for _, e := range s.Examples {
		x := ExampleDef{Title: e.Title, In: e.In, Out: e.Out, Files: e.Files, Serve: e.Serve, DocOnly: e.DocOnly}
		if e.Check != nil {
			x.Check = func(out any) error { return e.Check(out.(Out)) }
		}
		d.Examples = append(d.Examples, x)
	}
	return d, d.schemas(reflect.TypeFor[In](), reflect.TypeFor[Out]())
}

func (c Control[In, Out]) def() (*Def, error) {
	d := &Def{Type: c.Type, Title: c.Title, Doc: c.Doc, Aliases: c.Aliases, Ports: c.Ports, PortsOf: c.PortsOf, YAML: c.YAML, Asks: c.Asks}
	if c.Route == nil {
		return d, fmt.Errorf("it has no Route")
	}
	if len(d.Ports) == 0 {
		d.Ports = []Port{nextPort}
	}
	if c.CanFail || slices.ContainsFunc(d.Ports, func(p Port) bool { return p.Scope }) {
		d.Ports = append(slices.Clone(d.Ports), errorPort)
	}
	d.Route = func(ctx context.Context, in any) (Move, error) { return c.Route(ctx, *in.(*In)) }
	if c.Check != nil {
		d.Check = func(in any) error { return c.Check(*in.(*In)) }
	}
	return d, d.schemas(reflect.TypeFor[In](), reflect.TypeFor[Out]())
}

func (d *Def) schemas(in, out reflect.Type) (err error) {
	if d.In, err = schema.Of(in); err != nil {
		return err
	}
	d.Out, err = schema.Of(out)
	return err
}
