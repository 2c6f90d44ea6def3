package reference

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/value"
)

// row is a field with its place: a field of an object in a list is
// columns[].name.
type row struct {
	name string
	f    *schema.Field
}

// rows lists fields, each followed by those inside it.
func rows(fields []*schema.Field) []row {
	var out []row
	var add func(prefix string, fields []*schema.Field, depth int)
	add = func(prefix string, fields []*schema.Field, depth int) {
		for _, f := range fields {
			out = append(out, row{prefix + f.Name, f})
			inner, name := f, prefix+f.Name
			for inner.Elem != nil {
				name += map[schema.Kind]string{schema.Map: ".*"}[inner.Kind]
				if inner.Kind == schema.List {
					name += "[]"
				}
				inner = inner.Elem
			}
			if depth < 4 {
				add(name+".", inner.Fields, depth+1)
			}
		}
	}
	add("", fields, 0)
	return out
}

// typeName says what a field takes.
func typeName(f *schema.Field) string {
	switch {
	case f.Kind == schema.String && len(f.Enum) > 0:
		return "choice"
	case f.Kind == schema.Object:
		return "map"
	case f.Kind == schema.Rows:
		return "list"
	case f.Elem != nil && f.Elem.Kind == schema.Object:
		return string(f.Kind) + " of maps"
	case f.Elem != nil && f.Elem.Kind != schema.Any:
		return string(f.Kind) + " of " + typeName(f.Elem)
	}
	return string(f.Kind)
}

// describe is the doc of a param with what its tags say.
func describe(f *schema.Field, quote func(string) string) string {
	parts := []string{f.Doc}
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if len(f.Enum) > 0 {
		quoted := make([]string, len(f.Enum))
		for i, e := range f.Enum {
			quoted[i] = quote(e)
		}
		add("One of %s.", strings.Join(quoted, ", "))
	}
	unit := ""
	if f.Kind == schema.Duration {
		unit = " seconds"
	}
	switch {
	case f.Min != nil && f.Max != nil:
		add("From %s to %s%s.", number(*f.Min), number(*f.Max), unit)
	case f.Min != nil && (*f.Min != 0 || f.Kind != schema.Duration):
		add("At least %s%s.", number(*f.Min), unit)
	case f.Max != nil:
		add("At most %s%s.", number(*f.Max), unit)
	}
	if len(f.Locals) > 0 && holdsExpression(f) {
		quoted := make([]string, len(f.Locals))
		for i, l := range f.Locals {
			quoted[i] = quote(l)
		}
		add("The expression also sees %s.", strings.Join(quoted, ", "))
	}
	if f.Raw {
		add("Taken as it is written: %s has no meaning here.", quote("{{ }}"))
	}
	if name, want, ok := strings.Cut(f.When, "="); ok {
		add("Only if %s is %s.", quote(name), quote(want))
	} else if f.When != "" {
		add("Only with %s.", quote(f.When))
	}
	return strings.Join(parts, " ")
}

func holdsExpression(f *schema.Field) bool {
	return f.Kind == schema.Expression || f.Elem != nil && holdsExpression(f.Elem) || slices.ContainsFunc(f.Fields, holdsExpression)
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// defaultText prints a default; "" if there is none worth telling.
func defaultText(f *schema.Field) string {
	if s, ok := f.Default.(string); ok {
		if s == "" {
			return ""
		}
		if f.Kind == schema.Duration {
			return duration(s)
		}
		return s
	}
	if f.Default == nil {
		return ""
	}
	b, err := value.JSON(f.Default)
	if err != nil {
		return ""
	}
	return string(b)
}

// duration writes 1m0s as 1m and 1h0m0s as 1h.
func duration(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
