package expr

import (
	"context"
	"errors"
	"sync"
)

// The limits of one text and one evaluation. They are counters, never clocks:
// an evaluation that passes once passes on every replay. The parser of
// expr-lang itself stops at 10,000 syntax nodes.
const (
	maxText       = 1 << 20   // bytes of a param's text that has {{ }}
	maxSource     = 32 << 10  // bytes of one expression
	maxParts      = 10_000    // pieces of one text
	maxTokens     = 20_000    // tokens of one expression
	maxNesting    = 200       // brackets, prefix operators
	maxDepth      = 1_000     // depth of the syntax tree
	maxIterations = 1_000_000 // turns of all predicates together
	maxMemory     = 128 << 20 // bytes built during one evaluation
	maxOutput     = 64 << 20  // bytes of the result, shared parts counted each time
	maxWork       = 1 << 30   // about a nanosecond each
	maxRange      = 1_000_000 // items of a range
	maxValueDepth = 1_000     // nesting of values in deep operations
	slotBytes     = 16
	entryBytes    = 64
)

// state is what one evaluation needs besides its template. It is pooled, and
// reset drops every value so that a pooled state keeps nothing alive.
type state struct {
	root   map[string]any
	vars   []any
	scopes []scope
	args   []any
	call   args

	iterations int
	memory     int
	work       int
	// built is set once a list or map was made that may hold one value many
	// times: only then can a small result stand for a huge one.
	built bool

	ctx    context.Context // nil outside EvalLazy
	loaded map[Lazy]any
}

// scope is one predicate under way: # is item, #index is index, #acc is acc.
type scope struct {
	item, acc any
	index     int
}

var states = sync.Pool{New: func() any { return new(state) }}

func newState(root map[string]any) *state {
	st := states.Get().(*state)
	st.root = root
	return st
}

func (st *state) release() {
	if cap(st.args) > 256 {
		st.args = nil
	}
	clear(st.args[:cap(st.args)])
	clear(st.vars)
	clear(st.scopes)
	st.args = st.args[:0]
	st.root, st.ctx, st.loaded = nil, nil, nil
	st.call = args{}
	st.iterations, st.memory, st.work, st.built = 0, 0, 0, false
	states.Put(st)
}

// size makes room for the slots a template needs.
func (st *state) size(vars, scopes int) {
	if cap(st.vars) < vars {
		st.vars = make([]any, vars)
	}
	st.vars = st.vars[:vars]
	if cap(st.scopes) < scopes {
		st.scopes = make([]scope, scopes)
	}
	st.scopes = st.scopes[:scopes]
}

// tick counts one turn of a predicate.
func (st *state) tick() error {
	st.iterations++
	if st.iterations > maxIterations {
		return fail("the expression goes through more than %d items", maxIterations).
			hint("use a loop node, or filter the list in a step before").end()
	}
	if st.ctx != nil && st.iterations%1024 == 0 {
		if err := context.Cause(st.ctx); err != nil {
			return &Error{Offset: -1, Msg: "the evaluation was stopped", cause: err}
		}
	}
	return nil
}

// grow counts n bytes about to be built; callers ask before they build.
func (st *state) grow(n int) error {
	if n < 0 || n > maxMemory-st.memory {
		return fail("the expression builds more than %d MiB of data", maxMemory>>20).
			hint("work on smaller pieces, or use a node that writes to a file").end()
	}
	st.memory += n
	return st.spend(n / 8)
}

// spend counts n units of work.
func (st *state) spend(n int) error {
	if n < 0 || n > maxWork-st.work {
		return fail("the expression takes too long").
			hint("work on smaller pieces, or use a loop or script node").end()
	}
	st.work += n
	return nil
}

// list makes a list of n items to be filled in.
func (st *state) list(n int) ([]any, error) {
	if err := st.grow(n * slotBytes); err != nil {
		return nil, err
	}
	return make([]any, n), nil
}

// checkOutput refuses a result that would be too large once written out. A
// list such as reduce(1..40, [#acc, #acc], 1) is small in memory, as its parts
// are shared, and without end when walked.
func (st *state) checkOutput(v any) error {
	left := maxOutput
	if !measure(v, &left, 0) {
		return fail("the result is larger than %d MiB, or nested too deeply", maxOutput>>20).
			hint("pick the parts you need")
	}
	return nil
}

func measure(v any, left *int, depth int) bool {
	*left -= slotBytes
	switch v := v.(type) {
	case string:
		*left -= len(v)
	case []any:
		if depth > maxValueDepth {
			return false
		}
		for _, e := range v {
			if !measure(e, left, depth+1) {
				return false
			}
		}
	case map[string]any:
		if depth > maxValueDepth {
			return false
		}
		for k, e := range v {
			*left -= len(k)
			if !measure(e, left, depth+1) {
				return false
			}
		}
	}
	return *left >= 0
}

// errChain travels from a ?. that met nil to the end of its chain.
var errChain = errors.New("end of chain")
