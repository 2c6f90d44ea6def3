package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"

	"github.com/aether-rpa/aether/node"
)

// maxOutputs bounds a jq program that gives outputs without an end.
const maxOutputs = 1_000_000

func runJQ(ctx context.Context, h header, j job) answer {
	input, _ := j.Input.(map[string]any)
	query, err := gojq.Parse(j.Code)
	if err != nil {
		return answer{Failure: jqSyntax(j.Code, err)}
	}
	var names []string
	var vars []any
	for _, k := range slices.Sorted(maps.Keys(input)) {
		if k != "input" {
			names, vars = append(names, "$"+k), append(vars, input[k])
		}
	}
	code, err := gojq.Compile(query, gojq.WithVariables(names))
	if err != nil {
		return answer{Failure: fail(node.KindInput, CodeSyntax, "The jq program cannot be compiled: "+err.Error()+".", "check the names of functions and variables; modules, input and the environment are not available")}
	}
	var outputs []any
	for it := code.RunWithContext(ctx, input["input"], vars...); ; {
		v, ok := it.Next()
		if !ok {
			break
		}
		if err, isErr := v.(error); isErr {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.ExitCode() == 0 {
				break
			}
			return answer{Failure: jqFailure(h, err)}
		}
		if v, err = fromJQ(v); err != nil {
			return answer{Failure: fail(node.KindInput, CodeResult, "An output of the jq program cannot be used: "+err.Error()+".", "")}
		}
		if j.Language == JQFirst {
			return answer{Value: v}
		}
		if outputs = append(outputs, v); len(outputs) > maxOutputs {
			return answer{Failure: fail(node.KindInput, CodeResult, fmt.Sprintf("The jq program gave more than %d outputs.", maxOutputs), "limit them with limit(n; …), or collect them into a list")}
		}
	}
	if j.Language == JQFirst {
		return answer{}
	}
	if outputs == nil {
		outputs = []any{}
	}
	return answer{Value: outputs}
}

func jqSyntax(code string, err error) *node.Failure {
	msg := err.Error()
	var p *gojq.ParseError
	if errors.As(err, &p) {
		before := code[:min(max(p.Offset-len(p.Token), 0), len(code))]
		line := 1 + strings.Count(before, "\n")
		column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
		msg = fmt.Sprintf("line %d, column %d: %s", line, column, msg)
	}
	return fail(node.KindInput, CodeSyntax, "The jq program cannot be read: "+msg+".", "")
}

func jqFailure(h header, err error) *node.Failure {
	if errors.Is(err, context.DeadlineExceeded) {
		return failTimeout(h.timeout(), "")
	}
	f := fail(node.KindError, CodeScript, "The jq program failed: "+shorten(err.Error())+".", "")
	var v gojq.ValueError
	if errors.As(err, &v) {
		if d, convErr := fromJQ(v.Value()); convErr == nil && d != nil {
			f.Details = map[string]any{"value": d}
		}
	}
	return f
}

// fromJQ converts an output as jq prints it: NaN is null, infinities are the
// largest numbers.
func fromJQ(v any) (any, error) {
	switch x := v.(type) {
	case nil, bool, int, string:
		return v, nil
	case float64:
		switch {
		case math.IsNaN(x):
			return nil, nil
		case math.IsInf(x, 0):
			return math.Copysign(math.MaxFloat64, x), nil
		}
		return x, nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(x).Float64()
		return fromJQ(f)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			var err error
			if out[i], err = fromJQ(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			var err error
			if out[k], err = fromJQ(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("it is a %T", v)
}

// shorten keeps an error that quotes data readable.
func shorten(s string) string {
	const most = 500
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
