package table

import (
	"context"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[fillIn, fillOut]{
		Type:   "table.fill_nulls",
		Title:  "Fill empty cells",
		Doc:    "Gives cells that are nil a value: a fixed one, or that of the nearest row above (down) or below (up), as merged cells of a spreadsheet need. Filling up holds the rows between two values in memory.",
		Effect: node.Pure,
		Examples: []node.Example[fillIn, fillOut]{{
			Title: "Repeat the region",
			In:    fillIn{source: of(row{"region": "N", "n": 1}, row{"region": nil, "n": 2}, row{"region": "S", "n": 3}), Columns: []string{"region"}, Method: "down"},
			Out:   fillOut{result: give(row{"region": "N", "n": 1}, row{"region": "N", "n": 2}, row{"region": "S", "n": 3}), Filled: 1},
		}, {
			Title: "Zero for every gap",
			In:    fillIn{source: of(row{"a": nil, "b": ""}), Value: 0, Blank: true},
			Out:   fillOut{result: give(row{"a": 0, "b": 0}), Filled: 2},
		}},
		Run: fillNulls,
	})
	node.Register(node.Spec[mergeIn, result]{
		Type:   "table.merge_columns",
		Title:  "Merge columns",
		Doc:    "Joins the cells of several columns into one text.",
		Effect: node.Pure,
		Examples: []node.Example[mergeIn, result]{{
			Title: "Full name",
			In:    mergeIn{source: of(row{"first": "Ada", "middle": nil, "last": "Lovelace"}), Columns: []string{"first", "middle", "last"}, Into: "name"},
			Out:   give(row{"name": "Ada Lovelace"}),
		}},
		Run: mergeColumns,
	})
}

type fillIn struct {
	source
	Columns []string `json:"columns" doc:"Columns to fill; every column that a row has when empty."`
	Method  string   `json:"method" default:"value" enum:"value,down,up" doc:"Where the value comes from."`
	Value   any      `json:"value" doc:"Value for method value, and for down and up where there is none to take."`
	Blank   bool     `json:"blank" doc:"Treat text without letters as nil too."`
}

type fillOut struct {
	result
	Filled int `json:"filled" doc:"Number of cells filled."`
}

func (in fillIn) empty(v any) bool {
	s, ok := v.(string)
	return v == nil || ok && in.Blank && strings.TrimSpace(s) == ""
}

func fillNulls(ctx context.Context, env *node.Env, in fillIn) (fillOut, error) {
	names := in.Columns
	if len(names) == 0 {
		var err error
		if names, err = allColumns(ctx, in.Rows); err != nil {
			return fillOut{}, err
		}
	} else if err := needColumns(ctx, in.Rows, names...); err != nil {
		return fillOut{}, err
	}
	filled := 0
	set := func(r row, c string, v any) {
		if v != nil {
			filled++
		}
		r[c] = value.Clone(v)
	}
	out, err := collect(ctx, env, func(put func(any) error) error {
		if in.Method == "up" {
			return in.fillUp(ctx, names, set, put)
		}
		last := row{}
		return each(ctx, in.Rows, func(_ int, r row) error {
			for _, c := range names {
				v, ok := r[c]
				if !ok && len(in.Columns) == 0 {
					continue
				}
				if !in.empty(v) {
					last[c] = v
					continue
				}
				from, ok := last[c]
				if in.Method == "value" || !ok {
					from = in.Value
				}
				set(r, c, from)
			}
			return put(r)
		})
	})
	return fillOut{result: out, Filled: filled}, err
}

// fillUp holds rows until each of their empty cells has met a value.
func (in fillIn) fillUp(ctx context.Context, names []string, set func(row, string, any), put func(any) error) error {
	var held []row
	gaps := map[string][]row{}
	open := 0
	flush := func() error {
		for _, r := range held {
			if err := put(r); err != nil {
				return err
			}
		}
		held = nil
		return nil
	}
	err := each(ctx, in.Rows, func(_ int, r row) error {
		held = append(held, r)
		for _, c := range names {
			v, ok := r[c]
			if !ok && len(in.Columns) == 0 {
				continue
			}
			if in.empty(v) {
				gaps[c] = append(gaps[c], r)
				open++
				continue
			}
			for _, g := range gaps[c] {
				set(g, c, v)
			}
			open -= len(gaps[c])
			delete(gaps, c)
		}
		if open > 0 {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	for _, c := range names {
		for _, g := range gaps[c] {
			set(g, c, in.Value)
		}
	}
	return flush()
}

type mergeIn struct {
	source
	Columns   []string `json:"columns" is:"required" doc:"Columns to join, in order."`
	Into      string   `json:"into" is:"required" doc:"Column that takes the text; it may be one of the columns."`
	Separator string   `json:"separator" default:" " doc:"Text between the parts."`
	KeepEmpty bool     `json:"keep_empty" doc:"Join empty cells too, so that the number of separators is always the same."`
	Keep      bool     `json:"keep" doc:"Keep the columns joined."`
}

func mergeColumns(ctx context.Context, env *node.Env, in mergeIn) (result, error) {
	if err := needColumns(ctx, in.Rows, in.Columns...); err != nil {
		return result{}, err
	}
	return transform(ctx, env, in.Rows, func(_ int, r row) (row, error) {
		var parts []string
		for _, c := range in.Columns {
			if t := cellText(r[c]); t != "" || in.KeepEmpty {
				parts = append(parts, t)
			}
			if !in.Keep {
				delete(r, c)
			}
		}
		r[in.Into] = strings.Join(parts, in.Separator)
		return r, nil
	})
}
