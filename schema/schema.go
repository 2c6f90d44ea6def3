// Package schema reads the Go struct that holds a node's params or outputs and
// derives everything others need from it: names, types, defaults, limits and
// docs for validation, forms, reference pages and JSON Schema. The struct is
// the only place where a param is declared.
package schema

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/value"
)

// Kind is the type of a field in the words users see.
type Kind string

// The kinds of fields.
const (
	String     Kind = "string"
	Int        Kind = "int"
	Number     Kind = "number"
	Bool       Kind = "bool"
	Duration   Kind = "duration" // "1m30s", or a number of seconds
	List       Kind = "list"
	Map        Kind = "map"
	Object     Kind = "object" // a map with declared fields
	Any        Kind = "any"
	Rows       Kind = "rows"       // a list that may be larger than memory
	Secret     Kind = "secret"     // {secret: NAME}
	Target     Kind = "target"     // an element of a page: "css=#total", or a list or map of such texts
	Expression Kind = "expression" // evaluated by the node, not before it
)

// Field describes one param or output.
type Field struct {
	Name     string   // as written in a flow file
	Doc      string   // one or more sentences
	Kind     Kind     // what it holds
	Elem     *Field   // element of a List or Map, nil when it may be anything
	Fields   []*Field // fields of an Object
	Default  any      // canonical value, nil for none
	Enum     []string // the only values allowed
	Min, Max *float64 // limits of numbers, of seconds for durations
	Required bool     // must be given
	Optional bool     // a pointer in Go: absent differs from zero
	Raw      bool     // text is taken literally, {{ }} included
	Advanced bool     // shown on demand
	Widget   string   // form control, when the kind does not say: code, file, folder, multiline
	Group    string   // heading in the form
	When     string   // shown only if another field has a value: "mode=custom"
	Locals   []string // names an Expression may use besides the usual roots: item, row, ...

	index []int
	typ   reflect.Type
}

// Schema describes a struct.
type Schema struct {
	Fields []*Field
	byName map[string]*Field
	typ    reflect.Type
	zero   reflect.Value // a struct with all defaults set
}

// Custom is implemented by field types that convert themselves, on a pointer
// receiver.
type Custom interface {
	SchemaKind() Kind
	FromValue(v any) error
	ToValue() any
}

var (
	customType   = reflect.TypeFor[Custom]()
	durationType = reflect.TypeFor[time.Duration]()
	rowsType     = reflect.TypeFor[value.Rows]()
	cache        sync.Map // reflect.Type -> *Schema
)

// Of returns the schema of a struct type. It returns an error for a field that
// has no doc, an unknown option, or a type that a flow cannot hold: a mistake
// of the program, to be found when it starts.
func Of(t reflect.Type) (*Schema, error) {
	if s, ok := cache.Load(t); ok {
		return s.(*Schema), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is not a struct", t)
	}
	s := &Schema{typ: t, byName: map[string]*Field{}}
	if err := s.add(t, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	s.zero = reflect.New(t).Elem()
	for _, f := range s.Fields {
		if f.Default == nil {
			continue
		}
		if err := f.Set(s.zero, f.Default); err != nil {
			return nil, fmt.Errorf("%s: the default of %w", t, err)
		}
	}
	cache.Store(t, s)
	return s, nil
}

func (s *Schema) add(t reflect.Type, at []int) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(slices.Clone(at), i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct && sf.Tag.Get("json") == "" {
			if err := s.add(sf.Type, index); err != nil {
				return err
			}
			continue
		}
		if !sf.IsExported() || sf.Tag.Get("json") == "-" {
			continue
		}
		f, err := fieldOf(sf, index)
		if err != nil {
			return fmt.Errorf("field %s: %w", sf.Name, err)
		}
		if s.byName[f.Name] != nil {
			return fmt.Errorf("two fields are named %q", f.Name)
		}
		s.Fields = append(s.Fields, f)
		s.byName[f.Name] = f
	}
	return nil
}

func fieldOf(sf reflect.StructField, index []int) (*Field, error) {
	name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
	if name == "" {
		return nil, errors.New("it needs a json tag")
	}
	f := &Field{Name: name, Doc: sf.Tag.Get("doc"), Widget: sf.Tag.Get("widget"), Group: sf.Tag.Get("group"), When: sf.Tag.Get("when"), index: index, typ: sf.Type}
	if f.Doc == "" {
		return nil, errors.New("it needs a doc tag")
	}
	if err := f.describe(sf.Type, 0); err != nil {
		return nil, err
	}
	if l := sf.Tag.Get("locals"); l != "" {
		f.Locals = strings.Split(l, ",")
	}
	if e := sf.Tag.Get("enum"); e != "" {
		f.Enum = strings.Split(e, ",")
	}
	for _, o := range strings.Split(sf.Tag.Get("is"), ",") {
		switch o {
		case "":
		case "required":
			f.Required = true
		case "raw":
			f.Raw = true
		case "advanced":
			f.Advanced = true
		default:
			return nil, fmt.Errorf("unknown option %q in its is tag", o)
		}
	}
	var err error
	if f.Min, err = limit(sf.Tag.Get("min")); err != nil {
		return nil, err
	}
	if f.Max, err = limit(sf.Tag.Get("max")); err != nil {
		return nil, err
	}
	if d, ok := sf.Tag.Lookup("default"); ok {
		if f.Default, err = f.parseDefault(d); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func limit(s string) (*float64, error) {
	if s == "" {
		return nil, nil
	}
	if d, err := time.ParseDuration(s); err == nil && s != "0" {
		n := d.Seconds()
		return &n, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	return &n, err
}

func (f *Field) parseDefault(s string) (any, error) {
	switch f.Kind {
	case String, Duration:
		return s, nil
	}
	v, err := value.Parse([]byte(s))
	if err != nil {
		return nil, fmt.Errorf("its default %q: %w", s, err)
	}
	return v, nil
}

// describe fills Kind, Elem and Fields from a Go type.
func (f *Field) describe(t reflect.Type, depth int) error {
	if depth > 8 {
		return errors.New("its type is nested too deeply")
	}
	if reflect.PointerTo(t).Implements(customType) {
		f.Kind = reflect.New(t).Interface().(Custom).SchemaKind()
		return nil
	}
	switch {
	case t == durationType:
		f.Kind = Duration
		return nil
	case t == rowsType:
		f.Kind = Rows
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		f.Kind = String
	case reflect.Int, reflect.Int64:
		f.Kind = Int
	case reflect.Float64:
		f.Kind = Number
	case reflect.Bool:
		f.Kind = Bool
	case reflect.Interface:
		f.Kind = Any
	case reflect.Pointer:
		f.Optional = true
		return f.describe(t.Elem(), depth+1)
	case reflect.Slice, reflect.Map:
		f.Kind = List
		if t.Kind() == reflect.Map {
			f.Kind = Map
		}
		if t.Elem().Kind() != reflect.Interface {
			f.Elem = &Field{Name: f.Name, Doc: f.Doc, typ: t.Elem()}
			return f.Elem.describe(t.Elem(), depth+1)
		}
	case reflect.Struct:
		f.Kind = Object
		s, err := Of(t)
		if err != nil {
			return err
		}
		f.Fields = s.Fields
	default:
		return fmt.Errorf("a flow cannot hold its type %s", t)
	}
	return nil
}

// Field returns the field of that name, or nil.
func (s *Schema) Field(name string) *Field { return s.byName[name] }

// Names returns the names of all fields in declaration order.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Name
	}
	return names
}

// New returns a pointer to a new struct with all defaults set.
func (s *Schema) New() reflect.Value {
	p := reflect.New(s.typ)
	p.Elem().Set(s.zero)
	return p
}

// Values returns the struct v (not a pointer) as a map by field name, in
// canonical form. Absent optional fields are left out.
func (s *Schema) Values(v reflect.Value) (map[string]any, error) {
	out := make(map[string]any, len(s.Fields))
	for _, f := range s.Fields {
		fv := v.FieldByIndex(f.index)
		if f.Optional && fv.IsNil() {
			continue
		}
		x, err := toValue(fv)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out[f.Name] = x
	}
	return out, nil
}

func toValue(v reflect.Value) (any, error) {
	if v.Kind() == reflect.Interface {
		return value.Normalize(v.Interface())
	}
	switch x := v.Interface().(type) {
	case string:
		return x, nil
	case int:
		return x, nil
	case bool:
		return x, nil
	case float64:
		return value.Number(x)
	case value.Rows:
		return x.Value(), nil
	case time.Duration:
		return x.String(), nil
	case []any:
		if x == nil {
			return []any{}, nil
		}
		return value.Normalize(x)
	case map[string]any:
		if x == nil {
			return nil, nil
		}
		return value.Normalize(x)
	}
	if reflect.PointerTo(v.Type()).Implements(customType) {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		return value.Normalize(p.Interface().(Custom).ToValue())
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return toValue(v.Elem())
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			x, err := toValue(v.Index(i))
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	case reflect.Map:
		out := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			x, err := toValue(it.Value())
			if err != nil {
				return nil, err
			}
			out[it.Key().String()] = x
		}
		return out, nil
	case reflect.Struct:
		s, err := Of(v.Type())
		if err != nil {
			return nil, err
		}
		return s.Values(v)
	}
	return value.Normalize(v.Interface())
}

// In returns the field's value inside the struct v.
func (f *Field) In(v reflect.Value) reflect.Value { return v.FieldByIndex(f.index) }
