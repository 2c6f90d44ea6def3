package node

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Family describes a group of node types, those whose type begins with its
// name and a dot.
type Family struct {
	Name  string // the part before the dot
	Title string // a heading
	Doc   string // one sentence
}

// Registry holds node types by name. The default one is filled when the program
// starts and only read afterwards.
type Registry struct {
	defs     map[string]*Def
	aliases  map[string]string
	families map[string]Family
}

// Default is the registry that Register fills.
var Default = NewRegistry()

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	return &Registry{defs: map[string]*Def{}, aliases: map[string]string{}, families: map[string]Family{}}
}

// RegisterFamily describes a family in the default registry.
func RegisterFamily(f Family) {
	if f.Name == "" || f.Title == "" || f.Doc == "" {
		panic(fmt.Sprintf("node family %q needs a name, a title and a doc", f.Name))
	}
	if _, dup := Default.families[f.Name]; dup {
		panic(fmt.Sprintf("node family %q is registered twice", f.Name))
	}
	Default.families[f.Name] = f
}

var typeRE = regexp.MustCompile(`^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$`)

func (r *Registry) add(d *Def, err error) {
	if err == nil {
		err = d.validate()
	}
	if err == nil && r.defs[d.Type] != nil {
		err = fmt.Errorf("the type is registered twice")
	}
	if err != nil {
		panic(fmt.Sprintf("node type %q: %v", d.Type, err))
	}
	r.defs[d.Type] = d
	for _, a := range d.Aliases {
		if r.aliases[a] != "" || r.defs[a] != nil {
			panic(fmt.Sprintf("node type %q: its alias %q is taken", d.Type, a))
		}
		r.aliases[a] = d.Type
	}
}

func (d *Def) validate() error {
	switch {
	case !typeRE.MatchString(d.Type):
		return fmt.Errorf("a type is family.verb_object in lower case")
	case d.Title == "":
		return fmt.Errorf("it needs a title")
	case !strings.HasSuffix(strings.TrimSpace(d.Doc), "."):
		return fmt.Errorf("its doc must be sentences that end with a full stop")
	}
	return nil
}

// Get returns the type of that name or alias, or nil.
func (r *Registry) Get(name string) *Def {
	if d := r.defs[name]; d != nil {
		return d
	}
	return r.defs[r.aliases[name]]
}

// All returns every type, sorted by name.
func (r *Registry) All() []*Def {
	all := slices.Collect(maps.Values(r.defs))
	slices.SortFunc(all, func(a, b *Def) int { return strings.Compare(a.Type, b.Type) })
	return all
}

// Families returns the families that have at least one type, sorted by name.
func (r *Registry) Families() []Family {
	seen := map[string]bool{}
	var out []Family
	for _, d := range r.All() {
		name := d.Family()
		if seen[name] {
			continue
		}
		seen[name] = true
		f, ok := r.families[name]
		if !ok {
			f = Family{Name: name, Title: name}
		}
		out = append(out, f)
	}
	return out
}

// With returns a registry that also has the given types, for tests and
// sandboxes.
func (r *Registry) With(defs ...*Def) *Registry {
	c := &Registry{defs: maps.Clone(r.defs), aliases: maps.Clone(r.aliases), families: maps.Clone(r.families)}
	for _, d := range defs {
		c.defs[d.Type] = d
	}
	return c
}

// Without returns a registry that lacks the types for which drop is true.
func (r *Registry) Without(drop func(*Def) bool) *Registry {
	c := &Registry{defs: map[string]*Def{}, aliases: r.aliases, families: r.families}
	for n, d := range r.defs {
		if !drop(d) {
			c.defs[n] = d
		}
	}
	return c
}

// DefOf returns the erased form of a Spec without registering it, for tests.
func DefOf[In, Out any](s Spec[In, Out]) (*Def, error) {
	d, err := s.def()
	if err == nil {
		err = d.validate()
	}
	return d, err
}

func familyOf(name string) string {
	f, _, _ := strings.Cut(name, ".")
	return f
}
