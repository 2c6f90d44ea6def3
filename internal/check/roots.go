package check

// Root is a name that expressions can start from.
type Root struct {
	Name, Doc string
	// Fields are all the fields there are; nil if they depend on the flow.
	Fields []RootField
}

// RootField is a field of a Root.
type RootField struct {
	Name string
	Type string // a type of package flow, "" for any
	Doc  string
}

// Roots lists the names that expressions can start from, for the reference.
// The engine sets them.
var Roots = []Root{
	{Name: "inputs", Doc: "What the run was given, by the names under inputs; defaults are filled in."},
	{Name: "vars", Doc: "Variables of the run, as var.* nodes have set them last; nil for one that is not set."},
	{Name: "nodes", Doc: "Outputs of the nodes that have run, by id: nodes.read.rows is the output rows of the node read, from the last time it ran. After a failure that did not stop the flow, error holds it."},
	{Name: "loop", Doc: "The turn of the innermost loop around.", Fields: []RootField{
		{"item", "", "Item of this turn; flow.repeat counts from 1. Not in flow.while."},
		{"index", "int", "Number of the turn, from 0."},
		{"count", "int", "How many turns there are; -1 if that is not known. Not in flow.while."},
	}},
	{Name: "loops", Doc: "The turn of any loop around, by the id of the loop: loops.each.item."},
	{Name: "error", Doc: "The failure that is being dealt with, in a chain of catch or after a wire from the port error.", Fields: []RootField{
		{"kind", "string", "What sort of failure: input, not_found, timeout, denied, network, http, business, assert, interrupted, cancelled, panic, error."},
		{"message", "string", "What went wrong and why."},
		{"hint", "string", "What to do about it."},
		{"code", "string", "Code given by flow.fail or by a protocol, such as an HTTP status."},
		{"node", "string", "Id of the node that failed."},
		{"path", "string", "Where it ran: loops, turns and the node."},
		{"details", "", "Data that goes with the failure."},
		{"business", "bool", "Whether the flow itself said so with flow.fail."},
	}},
	{Name: "run", Doc: "Facts of the run.", Fields: []RootField{
		{"id", "string", "Id of the run."},
		{"started_at", "string", "When it was started, ISO 8601 in UTC."},
		{"flow", "string", "Name of the flow that was started."},
	}},
	{Name: "flow", Doc: "Facts of the flow.", Fields: []RootField{
		{"name", "string", "Name of this flow."},
		{"digest", "string", "What identifies this version of it."},
	}},
}

func root(name string) *Root {
	for i := range Roots {
		if Roots[i].Name == name {
			return &Roots[i]
		}
	}
	return nil
}
