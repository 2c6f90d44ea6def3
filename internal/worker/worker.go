// Package worker runs untrusted scripts. Main is the body of the hidden command
// `aether script-worker`: a process of its own that reads one job, runs it
// within its limits and writes one answer. Runner starts such processes and
// implements node.Worker.
//
// A script can compute and nothing else: neither language has files, network,
// environment, modules or other programs, and the process has an empty
// environment and (on Linux) may not open files for writing. Limits are layered,
// because each has gaps: the interpreter is interrupted; a watchdog inside the
// process looks at its memory and ends it; the kernel refuses memory beyond a
// margin (Linux, Windows); and the parent kills what does not end by itself.
// Whatever happens in the child, the parent holds no more than the answer,
// whose size is bounded.
//
// The languages are
//
//   - javascript: ECMAScript of goja. The result is what the script returns, or
//     the value of its last expression. Input is the global `input`; its keys
//     are globals too, where they hide nothing that exists.
//   - jq: the result is the list of all outputs. The value under "input" is what
//     the program starts from, every other key is a variable $key.
//   - jq_first: the same, but the result is the first output, or nil.
package worker

import (
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
)

// Languages that a job may be written in.
const (
	JavaScript = "javascript"
	JQ         = "jq"
	JQFirst    = "jq_first"
)

// header is the first line that the child reads: its limits, known before the
// job, which may be large.
type header struct {
	Memory    int64 `json:"memory"`     // bytes the script may use beyond what an idle worker does
	TimeoutMS int64 `json:"timeout_ms"` // wall time
	MaxResult int64 `json:"max_result"` // bytes of the encoded result
}

// maxHeader is more than a header can take.
const maxHeader = 1 << 10

func (h header) timeout() time.Duration { return time.Duration(h.TimeoutMS) * time.Millisecond }

// job follows the header.
type job struct {
	Language string `json:"language"`
	Code     string `json:"code"`
	Input    any    `json:"input"`
}

// answer is what the child writes: a value or a failure. Value is JSON text
// so that it is built once.
type answer struct {
	Logs    []string      `json:"logs,omitempty"`
	Failure *node.Failure `json:"failure,omitempty"`
	Value   any           `json:"value"`
}

// Exit codes of the child.
const (
	exitOK      = 0
	exitUsage   = 64 // the job could not be read
	exitMemory  = 86
	exitTimeout = 87
)

// Codes of the failures that a script can cause.
const (
	CodeMemory    = "memory"    // it used more memory than it may
	CodeRecursion = "recursion" // functions called each other too deeply
	CodeScript    = "script"    // it threw
	CodeSyntax    = "syntax"    // it cannot be read
	CodeResult    = "result"    // what it returned cannot be used, or is too large
	CodeCrash     = "crash"     // the process ended in another way
)

func fail(kind, code, message, hint string) *node.Failure {
	f := node.Fail(kind, message, hint)
	f.Code = code
	// A script that only computes fails in the same way again.
	f.Permanent = kind != node.KindTimeout
	return f
}

func failMemory(limit int64) *node.Failure {
	return fail(node.KindError, CodeMemory, fmt.Sprintf("The script used more memory than the %s it may use.", bytesText(limit)),
		"work on less data at a time, or raise the memory limit of the node")
}

func failTimeout(d time.Duration, at string) *node.Failure {
	return fail(node.KindTimeout, "", fmt.Sprintf("The script did not end within %s%s.", d, at),
		"look for a loop that does not end, or raise the timeout of the node")
}

func failRecursion(at string) *node.Failure {
	return fail(node.KindError, CodeRecursion, "The script called functions too deeply"+at+".",
		"look for a function that calls itself without an end, or use a loop")
}

// bytesText writes a number of bytes as a person would.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
