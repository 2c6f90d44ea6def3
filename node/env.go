package node

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/workspace"
)

// Env is what a node may use of the world. Nodes reach files, the network,
// other programs and the clock through it and in no other way.
type Env struct {
	Log *slog.Logger
	Run RunInfo
	// Token is the same for every try of one node execution, also after a
	// crash, and differs between executions. Hand it to the outside world as an
	// idempotency key.
	Token     string
	Files     *workspace.Roots
	Artifacts artifact.Store
	// HTTP keeps to the egress policy: it refuses forbidden addresses when it
	// dials, after names are resolved and on every redirect.
	HTTP *http.Client
	// Dial opens a TCP connection to host:port for protocols other than HTTP,
	// under the same egress policy.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Worker runs untrusted code in a process of its own with bounded memory
	// and time.
	Worker Worker
	// Environ is the environment for programs that a node starts, without
	// Aether's own variables and secrets.
	Environ []string
	// TempDir is a folder of this run, removed when the run ends.
	TempDir func() (string, error)
	Now     func() time.Time
	Rand    io.Reader
	// Progress tells a watcher how far a long node is; total 0 means unknown.
	Progress func(message string, done, total int)
	// Mask takes known secrets out of a value that goes to the store as it is
	// made; nil leaves values alone.
	Mask func(v any) any
	// Message tells the person who watches the run something: flow.log uses it.
	Message func(level slog.Level, text string)
	// Items are the work items that this run may take and add; nil where there
	// are none, such as in a process without a database.
	Items Items
	// Sessions are the live things of the run, such as its browser; nil where there are none.
	Sessions *session.Table
	// Elements is what is known of the elements of pages; nil where nothing is.
	Elements Elements
	// Trace keeps what nodes see of pages; nil where none is kept.
	Trace Trace
	// Announced returns when all that has to be recorded before the node acts is kept, and whether it may act. Nodes that
	// declare LooksFirst call it before they change anything; for others that is so when they begin, and it is nil.
	Announced func() error
}

// RunInfo says which run and node execution this is.
type RunInfo struct {
	ID      string
	Flow    string
	Node    string
	Path    string // execution path, for instance each[2]/fetch
	Attempt int    // 1 for the first try of the node
	Started time.Time
}

// Rows collects a list that may become larger than memory; see
// value.BuildRows.
func (e *Env) Rows(ctx context.Context, fill func(yield func(any) bool) error) (value.Rows, error) {
	if e.Mask == nil {
		return value.BuildRows(ctx, e.Artifacts, fill)
	}
	return value.BuildRows(ctx, e.Artifacts, func(yield func(any) bool) error {
		return fill(func(v any) bool { return yield(e.Mask(v)) })
	})
}

// Worker runs a script in a child process.
type Worker interface {
	// Do runs one job and returns its canonical result. The child is gone when
	// Do returns.
	Do(ctx context.Context, job WorkerJob) (any, error)
}

// WorkerJob is a script with its input and limits.
type WorkerJob struct {
	Language string         // javascript or jq
	Code     string         // source text
	Input    map[string]any // values the script sees
	Memory   int64          // bytes the process may use; 0 takes the configured limit
	Timeout  time.Duration  // wall time; 0 takes the configured limit
}

// Lazy is a param that the node evaluates itself, once or many times: the
// condition of a loop, the expression of a filter. Declare the names it may
// use with the tag locals:"item,index".
type Lazy struct {
	Literal any    // the value, when it is no template
	Text    string // the template as written, "" for a literal
	eval    func(ctx context.Context, locals map[string]any) (any, error)
}

// Bind returns a Lazy that evaluates through eval. The engine calls it.
func (l Lazy) Bind(eval func(ctx context.Context, locals map[string]any) (any, error)) Lazy {
	l.eval = eval
	return l
}

// Given reports whether the param was given at all.
func (l Lazy) Given() bool { return l.Text != "" || l.Literal != nil }

// Eval evaluates the expression with the given locals in sight. It is safe for
// concurrent use.
func (l Lazy) Eval(ctx context.Context, locals map[string]any) (any, error) {
	if l.Text == "" {
		return l.Literal, nil
	}
	if l.eval == nil {
		return nil, Failf(KindPanic, "the expression %s was not bound", l.Text)
	}
	return l.eval(ctx, locals)
}

// True evaluates the expression as a condition; anything but true and false is
// an error.
func (l Lazy) True(ctx context.Context, locals map[string]any) (bool, error) {
	v, err := l.Eval(ctx, locals)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, Fail(KindInput, "the condition "+l.Text+" gave a "+value.Kind(v)+", not true or false", "compare with something, for instance {{ x != nil }}")
	}
	return b, nil
}
