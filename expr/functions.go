package expr

import (
	"fmt"
	"slices"
	"sync"
)

// Function is one function of the language. The table of these drives both the
// evaluator and docs/reference/expressions.md.
type Function struct {
	Name      string
	Category  string
	Signature string
	// Doc is one sentence.
	Doc string
	// Example is an expression that needs no root, and Result what it gives,
	// as compact JSON.
	Example, Result string

	min, max int // number of arguments; max -1 for any number
	call     func(a *args) any
	aliases  []string
	// shallow functions look at the outside of their arguments only, so that
	// nothing deeper needs to be loaded for them.
	shallow bool
	pattern int // place of the argument that is a regular expression
}

func (f *Function) wanted() string {
	things := func(n int) string {
		if n == 1 {
			return "1 argument"
		}
		return fmt.Sprintf("%d arguments", n)
	}
	switch {
	case f.max < 0:
		return "at least " + things(f.min)
	case f.min == f.max:
		return things(f.min)
	}
	return fmt.Sprintf("%d to %d arguments", f.min, f.max)
}

// functionIndex is built once from the tables of the functions_*.go files.
var functionIndex = sync.OnceValue(func() map[string]*Function {
	m := make(map[string]*Function)
	for _, t := range [][]Function{textFunctions, convertFunctions, mathFunctions, listFunctions, mapFunctions, dateFunctions, dateFieldFunctions, regexFunctions, encodingFunctions} {
		for i := range t {
			f := &t[i]
			for _, n := range append([]string{f.Name}, f.aliases...) {
				if m[n] != nil {
					panic("expr: function " + n + " is declared twice")
				}
				m[n] = f
			}
		}
	}
	for plain, masked := range wordOperators {
		m[masked] = m[plain]
	}
	return m
})

func functionNamed(name string) *Function { return functionIndex()[name] }

var functionNames = sync.OnceValue(func() []string {
	var names []string
	for n := range functionIndex() {
		if n[0] != '_' {
			names = append(names, n)
		}
	}
	for n := range predicates {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
})

// Functions lists the functions of the language, predicates first, in the
// order of the reference.
func Functions() []Function {
	out := slices.Clone(predicateDocs)
	for _, t := range [][]Function{textFunctions, convertFunctions, mathFunctions, listFunctions, mapFunctions, dateFunctions, dateFieldFunctions, regexFunctions, encodingFunctions} {
		out = append(out, t...)
	}
	return out
}

// args are the arguments of one call. The first argument that does not fit
// sets err, and the readers give zero values from then on, so that functions
// need to look at err only before work that zero values would make wrong.
type args struct {
	st   *state
	node *callNode
	v    []any
	err  error
}

func (a *args) fail(err error) any {
	if a.err == nil {
		a.err = err
	}
	return nil
}

func (a *args) failf(format string, v ...any) any { return a.fail(fail(format, v...)) }

// wrong says that argument i is not what the function needs.
func (a *args) wrong(i int, want string) {
	if a.err != nil {
		return
	}
	f := a.node.f
	e := fail("%s needs %s as argument %d, but %s", f.Name, want, i+1, is(a.node.args[i], a.v[i], "it"))
	if a.v[i] == nil {
		e.Hint = "give a value for that case, such as (" + label(a.node.args[i], "x") + ` ?? "")`
	} else {
		e.Hint = "write " + f.Signature
	}
	a.err = e
}

// has reports whether argument i was given and is not nil.
func (a *args) has(i int) bool { return i < len(a.v) && a.v[i] != nil }

func (a *args) text(i int) string {
	switch v := a.v[i].(type) {
	case string:
		if a.err == nil {
			a.err = a.st.spend(len(v))
		}
		return v
	case int, float64, bool:
		s, _ := keyText(v)
		return s
	}
	a.wrong(i, "text")
	return ""
}

func (a *args) textOr(i int, other string) string {
	if !a.has(i) {
		return other
	}
	return a.text(i)
}

func (a *args) int(i int) int {
	n, ok := whole(a.v[i])
	if !ok {
		a.wrong(i, "a whole number")
	}
	return n
}

func (a *args) intOr(i, other int) int {
	if !a.has(i) {
		return other
	}
	return a.int(i)
}

func (a *args) float(i int) float64 {
	f, ok := toFloat(a.v[i])
	if !ok {
		a.wrong(i, "a number")
	}
	return f
}

func (a *args) list(i int) []any {
	l, ok := a.v[i].([]any)
	if !ok {
		a.wrong(i, "a list")
		return nil
	}
	a.spend(5 * len(l))
	return l
}

func (a *args) maps(i int) map[string]any {
	m, ok := a.v[i].(map[string]any)
	if !ok {
		a.wrong(i, "a map")
		return nil
	}
	a.spend(20 * len(m))
	return m
}

func (a *args) spend(n int) {
	if a.err == nil {
		a.err = a.st.spend(n)
	}
}

// room counts n bytes about to be built and reports whether they may be.
func (a *args) room(n int) bool {
	if a.err == nil {
		a.err = a.st.grow(n)
	}
	return a.err == nil
}

// fresh makes a list of n items to fill, or nil and an error.
func (a *args) fresh(n int) []any {
	if !a.room(n * slotBytes) {
		return nil
	}
	return make([]any, n)
}

// finite gives f as a number of the value model.
func (a *args) finite(f float64) any {
	v, err := finite(f, -1)
	if err != nil {
		return a.fail(err)
	}
	return v
}
