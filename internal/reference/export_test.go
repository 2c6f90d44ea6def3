package reference

// ExampleNode is exampleNode for tests.
var ExampleNode = exampleNode

// Operators returns the examples of operators with their results.
func Operators() [][2]string {
	var out [][2]string
	for _, o := range operators {
		out = append(out, [2]string{o.example, o.result})
	}
	return out
}
