package table

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
)

func init() {
	node.Register(node.Spec[columnsIn, columnsOut]{
		Type:   "table.columns",
		Title:  "Describe columns",
		Doc:    "Lists the columns of a table with the type that all their cells have. Texts count as texts but for ISO dates; to turn texts into numbers use table.cast. The columns come sorted by name, for rows have no order of columns.",
		Effect: node.Pure,
		Examples: []node.Example[columnsIn, columnsOut]{{
			Title: "Types",
			In:    columnsIn{source: of(row{"id": 1, "name": "Ada"}, row{"id": 2.5, "name": nil}, row{"id": 3, "born": "1815-12-10"})},
			Out: columnsOut{Columns: []column{{Name: "born", Type: "date", Nulls: 2}, {Name: "id", Type: "number"}, {Name: "name", Type: "text", Nulls: 2}},
				Names: []string{"born", "id", "name"}, Rows: 3},
		}},
		Run: columns,
	})
	node.Register(node.Spec[selectIn, selectOut]{
		Type:   "table.select_columns",
		Title:  "Select columns",
		Doc:    "Keeps some columns of a table and drops all others. The output `columns` has them in the order given, for nodes that write files. A row that lacks a column gets nil.",
		Effect: node.Pure,
		Examples: []node.Example[selectIn, selectOut]{{
			Title: "Two of three",
			In:    selectIn{source: of(row{"a": 1, "b": 2, "c": 3}), Columns: []string{"c", "a"}},
			Out:   selectOut{result: give(row{"a": 1, "c": 3}), Columns: []string{"c", "a"}},
		}},
		Run: selectColumns,
	})
	node.Register(node.Spec[dropIn, result]{
		Type:   "table.drop_columns",
		Title:  "Drop columns",
		Doc:    "Removes columns from a table. A column that no row has is an error unless `ignore_missing` is on.",
		Effect: node.Pure,
		Examples: []node.Example[dropIn, result]{{
			Title: "Remove a password",
			In:    dropIn{source: of(row{"user": "ada", "password": "x"}), Columns: []string{"password"}},
			Out:   give(row{"user": "ada"}),
		}},
		Run: dropColumns,
	})
	node.Register(node.Spec[renameIn, result]{
		Type:   "table.rename_columns",
		Title:  "Rename columns",
		Doc:    "Gives columns other names: one by one, and all of them by a rule. Names may be swapped. Two columns that would get the same name are an error.",
		Effect: node.Pure,
		Examples: []node.Example[renameIn, result]{{
			Title: "One column",
			In:    renameIn{source: of(row{"Kundennr": 7, "Ort": "Ulm"}), Names: map[string]string{"Kundennr": "customer"}, Style: "keep"},
			Out:   give(row{"customer": 7, "Ort": "Ulm"}),
		}, {
			Title: "All in snake case",
			In:    renameIn{source: of(row{"First Name": "Ada", "zip-Code ": 1}), Style: "snake_case"},
			Out:   give(row{"first_name": "Ada", "zip_code": 1}),
		}},
		Run: renameColumns,
	})
}

type columnsIn struct{ source }

type columnsOut struct {
	Columns []column `json:"columns" doc:"Columns, sorted by name."`
	Names   []string `json:"names" doc:"Their names."`
	Rows    int      `json:"rows" doc:"Number of rows."`
}

type column struct {
	Name  string `json:"name" doc:"Name of the column."`
	Type  string `json:"type" doc:"Type that all cells have: text, int, number, bool, date, datetime, list, map, any when all are nil, or mixed."`
	Nulls int    `json:"nulls" doc:"Number of rows without a value."`
}

func columns(ctx context.Context, _ *node.Env, in columnsIn) (columnsOut, error) {
	kinds := map[string]*table.Kinds{}
	var seen table.Columns
	n := 0
	err := each(ctx, in.Rows, func(_ int, r row) error {
		n++
		seen.Add(r)
		for c, v := range r {
			if kinds[c] == nil {
				kinds[c] = &table.Kinds{}
			}
			kinds[c].Add(v)
		}
		return nil
	})
	out := columnsOut{Names: seen.Names(), Rows: n}
	for _, c := range out.Names {
		k := kinds[c]
		out.Columns = append(out.Columns, column{Name: c, Type: k.Type(), Nulls: k.Nulls + n - k.Count})
	}
	return out, err
}

type selectIn struct {
	source
	Columns       []string `json:"columns" is:"required" doc:"Columns to keep, in order."`
	IgnoreMissing bool     `json:"ignore_missing" doc:"Accept columns that no row has; they are nil."`
}

type selectOut struct {
	result
	Columns []string `json:"columns" doc:"Columns in the order given."`
}

func selectColumns(ctx context.Context, env *node.Env, in selectIn) (selectOut, error) {
	if err := unique(in.Columns); err != nil {
		return selectOut{}, err
	}
	if !in.IgnoreMissing {
		if err := needColumns(ctx, in.Rows, in.Columns...); err != nil {
			return selectOut{}, err
		}
	}
	out, err := transform(ctx, env, in.Rows, func(_ int, r row) (row, error) {
		kept := make(row, len(in.Columns))
		for _, c := range in.Columns {
			kept[c] = r[c]
		}
		return kept, nil
	})
	return selectOut{result: out, Columns: in.Columns}, err
}

type dropIn struct {
	source
	Columns       []string `json:"columns" is:"required" doc:"Columns to remove."`
	IgnoreMissing bool     `json:"ignore_missing" doc:"Accept columns that no row has."`
}

func dropColumns(ctx context.Context, env *node.Env, in dropIn) (result, error) {
	if !in.IgnoreMissing {
		if err := needColumns(ctx, in.Rows, in.Columns...); err != nil {
			return result{}, err
		}
	}
	return transform(ctx, env, in.Rows, func(_ int, r row) (row, error) {
		for _, c := range in.Columns {
			delete(r, c)
		}
		return r, nil
	})
}

type renameIn struct {
	source
	Names         map[string]string `json:"names" doc:"New names by old names."`
	Style         string            `json:"style" default:"keep" enum:"keep,snake_case,lower,upper,trim" doc:"Rule for all columns that names does not mention."`
	IgnoreMissing bool              `json:"ignore_missing" doc:"Accept names of columns that no row has."`
}

func renameColumns(ctx context.Context, env *node.Env, in renameIn) (result, error) {
	var old []string
	for c := range in.Names {
		old = append(old, c)
	}
	slices.Sort(old)
	if !in.IgnoreMissing {
		if err := needColumns(ctx, in.Rows, old...); err != nil {
			return result{}, err
		}
	}
	style := styles[in.Style]
	return transform(ctx, env, in.Rows, func(i int, r row) (row, error) {
		out := make(row, len(r))
		for c, v := range r {
			to, ok := in.Names[c]
			if !ok && style != nil {
				to = style(c)
			} else if !ok {
				to = c
			}
			out[to] = v
		}
		if len(out) < len(r) {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("the row at index %d would have two columns of the same name", i), "the names it has are "+shortList(sorted(r)))
		}
		return out, nil
	})
}

func sorted(r row) []string {
	var c table.Columns
	c.Add(r)
	return c.Names()
}

var styles = map[string]func(string) string{
	"lower": strings.ToLower, "upper": strings.ToUpper, "trim": strings.TrimSpace, "snake_case": snake,
}

// snake writes a name in small letters with single underscores.
func snake(s string) string {
	var b strings.Builder
	prev := '_'
	for _, r := range strings.TrimSpace(s) {
		switch {
		case isUpper(r):
			if prev != '_' && !isUpper(prev) {
				b.WriteByte('_')
			}
			b.WriteString(strings.ToLower(string(r)))
		case isWord(r):
			b.WriteRune(r)
		default:
			if prev != '_' {
				b.WriteByte('_')
			}
			r = '_'
		}
		prev = r
	}
	return strings.TrimSuffix(b.String(), "_")
}
