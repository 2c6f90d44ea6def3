package expr

import (
	"context"
	"reflect"
)

// Lazy is a value kept elsewhere, such as a large output in the artifact
// store. Load gives the value itself, which may hold further ones. EvalLazy
// calls it at most once per evaluation for values that compare equal.
type Lazy interface {
	Load(ctx context.Context) (any, error)
}

func notLoaded(what string) error {
	return fail("%s has not been loaded", what)
}

// adopt makes sure that v, just read from a container, is a plain value: it
// loads a Lazy and converts Go types that have an obvious plain form.
func (st *state) adopt(v any) (any, error) {
	switch v.(type) {
	case nil, bool, int, float64, string, []any, map[string]any:
		return v, nil
	}
	if l, ok := v.(Lazy); ok {
		return st.load(l)
	}
	return plain(v)
}

func (st *state) load(l Lazy) (any, error) {
	if st.ctx == nil {
		return nil, notLoaded("a value of this expression")
	}
	keyed := reflect.TypeOf(l).Comparable()
	if keyed {
		if v, ok := st.loaded[l]; ok {
			return v, nil
		}
	}
	v, err := l.Load(st.ctx)
	for depth := 0; err == nil; depth++ {
		next, ok := v.(Lazy)
		if !ok {
			break
		}
		if depth > 100 {
			return nil, fail("a stored value leads to another one without end")
		}
		v, err = next.Load(st.ctx)
	}
	if err != nil {
		return nil, &Error{Offset: -1, Msg: "a stored value could not be loaded: " + excerpt(err.Error(), 200), cause: err}
	}
	if v, err = plain(v); err != nil {
		return nil, err
	}
	if keyed {
		if st.loaded == nil {
			st.loaded = make(map[Lazy]any)
		}
		st.loaded[l] = v
	}
	return v, nil
}

// deep gives v with everything below it adopted. Containers are copied only
// where something changes.
func (st *state) deep(v any, depth int) (any, error) {
	v, err := st.adopt(v)
	if err != nil {
		return nil, err
	}
	switch c := v.(type) {
	case []any:
		if err := st.descend(len(c), depth); err != nil {
			return nil, err
		}
		return st.deepList(c, depth)
	case map[string]any:
		if err := st.descend(len(c), depth); err != nil {
			return nil, err
		}
		return st.deepMap(c, depth)
	}
	return v, nil
}

// descend bounds walks over nested values, which may share parts without end.
func (st *state) descend(n, depth int) error {
	if depth > maxValueDepth {
		return fail("the value is nested too deeply")
	}
	return st.spend(20 * (n + 1))
}

func (st *state) deepList(l []any, depth int) (any, error) {
	out, copied := l, false
	for i, e := range l {
		if isScalar(e) {
			continue
		}
		v, err := st.deep(e, depth+1)
		if err != nil {
			return nil, err
		}
		if same(v, e) {
			continue
		}
		if !copied {
			if out, err = st.list(len(l)); err != nil {
				return nil, err
			}
			copy(out, l)
			copied = true
		}
		out[i] = v
	}
	return out, nil
}

func (st *state) deepMap(m map[string]any, depth int) (any, error) {
	out, copied := m, false
	for k, e := range m {
		if isScalar(e) {
			continue
		}
		v, err := st.deep(e, depth+1)
		if err != nil {
			return nil, err
		}
		if same(v, e) {
			continue
		}
		if !copied {
			if err := st.grow(len(m) * entryBytes); err != nil {
				return nil, err
			}
			out = make(map[string]any, len(m))
			for k, e := range m {
				out[k] = e
			}
			copied = true
		}
		out[k] = v
	}
	return out, nil
}

func isScalar(v any) bool {
	switch v.(type) {
	case nil, bool, int, float64, string:
		return true
	}
	return false
}

// same reports whether a and b are the very same container.
func same(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
	}
	return false
}
