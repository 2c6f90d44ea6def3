// Package expr compiles the {{ }} text of node parameters once and evaluates
// it many times against a tree of plain values.
//
// The language is that of expr-lang: its parser gives the syntax tree. The
// evaluator is ours, because expr-lang's virtual machine has no bound on
// memory or time, reaches Go methods through reflection, and costs several
// times more per evaluation.
//
// Rules:
//
//   - A value is nil, bool, int, float64, string, []any or map[string]any,
//     and nothing else is ever reachable: no methods, no host objects. An
//     integral float64 below 2^53 is an int.
//   - An evaluation depends on its text and root only: no clock, randomness,
//     environment or I/O. The engine computes expressions again on replay.
//   - Values handed in are never changed; results may share parts with them.
//   - Every evaluation runs under the counters of limits.go, so that text from
//     an untrusted author costs bounded time and memory.
//   - All failures are *Error. No panic leaves the package.
//
// Templates are safe for concurrent use.
package expr
