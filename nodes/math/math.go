// Package math holds the nodes that calculate. Numbers are taken as the
// decimals people see, so that 0.1 + 0.2 is 0.3; results come as a number and
// as exact text.
package math

import (
	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/math/exact"
)

func init() {
	node.RegisterFamily(node.Family{Name: "math", Title: "Math", Doc: "Calculate exactly, round, convert units and write numbers."})
}

// result is the output of nodes that give one number.
type result struct {
	Result any    `json:"result" doc:"The result as a number."`
	Text   string `json:"text" doc:"The result as exact decimal text, also where it has more digits than a number can hold."`
}

func resultOf(d decimal.Decimal) (result, error) {
	n, err := exact.Number(d)
	if err != nil {
		return result{}, node.Fail(node.KindInput, err.Error(), "use smaller numbers")
	}
	return result{Result: n, Text: d.String()}, nil
}

// operand reads a param as a decimal.
func operand(name string, v any) (decimal.Decimal, error) {
	d, err := exact.Of(v)
	if err != nil {
		return d, node.Fail(node.KindInput, name+" cannot be used: "+err.Error(), "give a number, or text such as 12.50; text.parse_number reads numbers written like 1.234,56")
	}
	return d, nil
}

// operands reads two params.
func operands(a, b any) (x, y decimal.Decimal, err error) {
	if x, err = operand("a", a); err != nil {
		return x, y, err
	}
	y, err = operand("b", b)
	return x, y, err
}

// wide refuses an intermediate result that has grown out of bounds.
func wide(d decimal.Decimal) error {
	if exact.Fits(d) {
		return nil
	}
	return node.Fail(node.KindInput, "the result has too many digits", "use smaller numbers or fewer digits")
}
