package node

import (
	"context"
	"reflect"

	"github.com/aether-rpa/aether/schema"
)

var lazyType = reflect.TypeFor[Lazy]()

// Binder returns the evaluator of one expression; locals are the names the
// param declares.
type Binder func(text string, locals []string) (func(ctx context.Context, locals map[string]any) (any, error), error)

// BindLazy gives every expression inside in, a pointer to the In struct, its
// evaluator.
func (d *Def) BindLazy(in any, bind Binder) error {
	if !hasLazy(d.In.Fields) {
		return nil
	}
	return bindStruct(reflect.ValueOf(in).Elem(), bind)
}

// HasLazy reports whether any param is an expression that the node evaluates
// itself.
func (d *Def) HasLazy() bool { return hasLazy(d.In.Fields) }

func hasLazy(fields []*schema.Field) bool {
	for _, f := range fields {
		if f.Kind == schema.Expression || hasLazy(f.Fields) || f.Elem != nil && hasLazy([]*schema.Field{f.Elem}) {
			return true
		}
	}
	return false
}

func bindStruct(v reflect.Value, bind Binder) error {
	s, err := schema.Of(v.Type())
	if err != nil {
		return err
	}
	for _, f := range s.Fields {
		if err := bindValue(f.In(v), f, bind); err != nil {
			return err
		}
	}
	return nil
}

func bindValue(v reflect.Value, f *schema.Field, bind Binder) error {
	if v.Type() == lazyType {
		l := v.Interface().(Lazy)
		if l.Text == "" {
			return nil
		}
		eval, err := bind(l.Text, f.Locals)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(l.Bind(eval)))
		return nil
	}
	switch {
	case f.Kind == schema.Object && v.Kind() == reflect.Struct:
		return bindStruct(v, bind)
	case v.Kind() == reflect.Slice && f.Elem != nil && hasLazy([]*schema.Field{f.Elem}):
		elem := *f.Elem
		elem.Locals = f.Locals
		for i := range v.Len() {
			if err := bindValue(v.Index(i), &elem, bind); err != nil {
				return err
			}
		}
	case v.Kind() == reflect.Map && f.Elem != nil && hasLazy([]*schema.Field{f.Elem}):
		elem := *f.Elem
		elem.Locals = f.Locals
		out := reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			slot := reflect.New(v.Type().Elem()).Elem()
			slot.Set(it.Value())
			if err := bindValue(slot, &elem, bind); err != nil {
				return err
			}
			out.SetMapIndex(it.Key(), slot)
		}
		v.Set(out)
	}
	return nil
}
