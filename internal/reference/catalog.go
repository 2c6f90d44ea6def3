package reference

import (
	"strings"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
)

// Catalog is what an editor needs to know of the node types and the expression
// language to complete, explain and show forms.
type Catalog struct {
	Families  []CatalogFamily   `json:"families" nullable:"false" doc:"Groups of node types, by name."`
	Nodes     []CatalogNode     `json:"nodes" nullable:"false" doc:"Node types, by name."`
	Roots     []CatalogRoot     `json:"roots" nullable:"false" doc:"Names that expressions can start from."`
	Functions []CatalogFunction `json:"functions" nullable:"false" doc:"Functions of expressions."`
	Keys      CatalogKeys       `json:"keys" doc:"Keys of a flow file beside params, and their choices."`
}

// CatalogFamily is a group of node types.
type CatalogFamily struct {
	Name  string `json:"name" doc:"The part of a type before the dot."`
	Title string `json:"title"`
	Doc   string `json:"doc"`
}

// CatalogNode is a node type.
type CatalogNode struct {
	Type     string           `json:"type"`
	Family   string           `json:"family"`
	Title    string           `json:"title"`
	Doc      string           `json:"doc"`
	Effect   string           `json:"effect" enum:"pure,read,idempotent,once,steers" doc:"What it does to the world; steers for nodes that decide which way to go."`
	Varies   bool             `json:"varies,omitempty" doc:"Whether some params make it do less to the world than effect says."`
	Aliases  []string         `json:"aliases,omitempty" doc:"Older names of the type."`
	Ports    []CatalogPort    `json:"ports" nullable:"false" doc:"Where wires leave."`
	Computed bool             `json:"computed,omitempty" doc:"Whether there are more ports, which depend on the params."`
	Needs    []string         `json:"needs,omitempty" doc:"What must be there where it runs: browser, display."`
	Input    []CatalogField   `json:"input" nullable:"false" doc:"Its params."`
	Output   []CatalogField   `json:"output" nullable:"false" doc:"What it gives to expressions behind it."`
	Examples []CatalogExample `json:"examples,omitempty"`
}

// CatalogPort is a port of a node type.
type CatalogPort struct {
	Name  string `json:"name"`
	Doc   string `json:"doc,omitempty"`
	Scope bool   `json:"scope,omitempty" doc:"Whether the chain on it belongs to the node, as the body of a loop does."`
	Many  bool   `json:"many,omitempty" doc:"Whether it takes several wires."`
}

// CatalogField is a param or an output.
type CatalogField struct {
	Name     string         `json:"name,omitempty"`
	Doc      string         `json:"doc,omitempty"`
	Kind     string         `json:"kind" doc:"string, int, number, bool, duration, list, map, object, any, rows, secret, target or expression."`
	Elem     *CatalogField  `json:"elem,omitempty" doc:"Of what a list or map is."`
	Fields   []CatalogField `json:"fields,omitempty" doc:"Of an object."`
	Default  any            `json:"default,omitempty"`
	Enum     []string       `json:"enum,omitempty" doc:"The only values allowed."`
	Min      *float64       `json:"min,omitempty" doc:"Least number, in seconds for durations."`
	Max      *float64       `json:"max,omitempty"`
	Required bool           `json:"required,omitempty"`
	Raw      bool           `json:"raw,omitempty" doc:"Taken as it is written: it holds no expressions."`
	Advanced bool           `json:"advanced,omitempty" doc:"Shown on demand."`
	Widget   string         `json:"widget,omitempty" doc:"Form control where the kind does not say: code, file, folder, multiline."`
	Group    string         `json:"group,omitempty" doc:"Heading in a form."`
	When     string         `json:"when,omitempty" doc:"Shown only if another param has a value, as in mode=custom."`
	Locals   []string       `json:"locals,omitempty" doc:"Names its expression may use besides the roots."`
}

// CatalogExample is an example of a node.
type CatalogExample struct {
	Title  string `json:"title"`
	Text   string `json:"text" doc:"The node as YAML."`
	Result string `json:"result,omitempty" doc:"What it gives, as YAML."`
}

// CatalogRoot is a name that expressions can start from.
type CatalogRoot struct {
	Name   string         `json:"name"`
	Doc    string         `json:"doc"`
	Fields []CatalogField `json:"fields,omitempty"`
}

// CatalogFunction is a function of expressions.
type CatalogFunction struct {
	Name      string `json:"name"`
	Signature string `json:"signature"`
	Doc       string `json:"doc"`
	Example   string `json:"example,omitempty"`
	Result    string `json:"result,omitempty"`
}

// CatalogKeys are the words of a flow file that are no node's.
type CatalogKeys struct {
	Types       []string `json:"types" nullable:"false" doc:"Of inputs and outputs."`
	OnError     []string `json:"on_error" nullable:"false"`
	Interrupted []string `json:"on_interrupted" nullable:"false"`
	Heal        []string `json:"heal" nullable:"false"`
	Trace       []string `json:"trace" nullable:"false"`
	Failures    []string `json:"failures" nullable:"false" doc:"Kinds of failures that retry.on may name."`
	Reserved    []string `json:"reserved" nullable:"false" doc:"Words that are no id of a node."`
}

// needs says what a family cannot do without.
var needs = map[string][]string{"web": {"browser"}, "dialog": {"person"}}

// NewCatalog returns the catalog of the types in a registry.
func NewCatalog(reg *node.Registry) (*Catalog, error) {
	c := &Catalog{
		Families: []CatalogFamily{}, Nodes: []CatalogNode{}, Roots: []CatalogRoot{}, Functions: []CatalogFunction{},
		Keys: CatalogKeys{Types: flow.Types, OnError: flow.ErrorPolicies, Interrupted: flow.InterruptPolicies, Heal: flow.HealPolicies, Trace: flow.TracePolicies, Failures: flow.FailureKinds, Reserved: flow.Reserved},
	}
	for _, f := range reg.Families() {
		c.Families = append(c.Families, CatalogFamily(f))
	}
	for _, d := range reg.All() {
		n := CatalogNode{Type: d.Type, Family: d.Family(), Title: d.Title, Doc: strings.TrimSpace(d.Doc), Effect: d.Effect.String(), Varies: d.EffectOf != nil, Aliases: d.Aliases, Computed: d.PortsOf != nil, Needs: needs[d.Family()], Ports: []CatalogPort{}, Input: catalogFields(d.In.Fields), Output: catalogFields(d.Out.Fields)}
		if d.IsControl() {
			n.Effect = "steers"
		}
		for _, p := range d.Ports {
			n.Ports = append(n.Ports, CatalogPort(p))
		}
		if d.YAML != "" {
			n.Examples = append(n.Examples, CatalogExample{Title: d.Title, Text: d.YAML})
		}
		for _, e := range d.Examples {
			in, out, err := exampleYAML(d, e)
			if err != nil {
				return nil, err
			}
			n.Examples = append(n.Examples, CatalogExample{Title: e.Title, Text: in, Result: out})
		}
		c.Nodes = append(c.Nodes, n)
	}
	for _, r := range check.Roots {
		root := CatalogRoot{Name: r.Name, Doc: r.Doc}
		for _, f := range r.Fields {
			root.Fields = append(root.Fields, CatalogField{Name: f.Name, Kind: kindOr(f.Type), Doc: f.Doc})
		}
		c.Roots = append(c.Roots, root)
	}
	for _, f := range expr.Functions() {
		c.Functions = append(c.Functions, CatalogFunction{Name: f.Name, Signature: f.Signature, Doc: f.Doc, Example: f.Example, Result: f.Result})
	}
	return c, nil
}

func kindOr(typ string) string {
	if typ == "" {
		return string(schema.Any)
	}
	return typ
}

func catalogFields(fields []*schema.Field) []CatalogField {
	out := make([]CatalogField, 0, len(fields))
	for _, f := range fields {
		out = append(out, catalogField(f))
	}
	return out
}

func catalogField(f *schema.Field) CatalogField {
	x := CatalogField{
		Name: f.Name, Doc: f.Doc, Kind: string(f.Kind), Default: f.Default, Enum: f.Enum, Min: f.Min, Max: f.Max, Required: f.Required,
		Raw: f.Raw, Advanced: f.Advanced, Widget: f.Widget, Group: f.Group, When: f.When, Locals: f.Locals,
	}
	if f.Elem != nil {
		e := catalogField(f.Elem)
		x.Elem = &e
	}
	if len(f.Fields) > 0 {
		x.Fields = catalogFields(f.Fields)
	}
	return x
}
