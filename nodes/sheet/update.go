package sheet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[updateIn, updateOut]{
		Type:  "sheet.update_rows",
		Title: "Update rows",
		Doc: "Changes the rows of a sheet that have the same key as the rows given, such as an order number: only the columns given are written. " +
			"Rows whose key the sheet does not have are added, skipped or an error. Doing it again gives the same sheet.",
		Effect: node.Idempotent,
		Examples: []node.Example[updateIn, updateOut]{{
			Title: "A new amount, and a new order",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In: updateIn{changing: changing{File: "orders.xlsx"}, Key: []string{"Order"}, Missing: "append",
				Rows: value.RowsOf([]any{map[string]any{"Order": "008", "Amount": 3}, map[string]any{"Order": "010", "Customer": "Ada"}})},
			Out: updateOut{File: "orders.xlsx", Sheet: "Orders", Updated: 1, Added: 1, MissingKeys: []any{}},
		}},
		Check: func(in updateIn) error {
			if len(in.Key) == 0 {
				return input("give the columns that tell rows apart", "key is empty")
			}
			return nil
		},
		Run: update,
	})
}

type updateIn struct {
	changing
	where
	Rows       value.Rows `json:"rows" is:"required" doc:"Rows to write: a list of maps with the key and the columns to change."`
	Key        []string   `json:"key" is:"required" doc:"Columns that tell rows apart. Every row in the sheet with the same values in them is changed."`
	Missing    string     `json:"missing" default:"fail" enum:"fail,append,skip" doc:"What to do with rows whose key the sheet does not have: fail, append them, or skip them and list their keys."`
	HeaderRow  int        `json:"header_row" min:"0" max:"1048576" doc:"Number of the row with the column names; 0 is the first row that holds something."`
	NewColumns string     `json:"new_columns" default:"fail" enum:"fail,add,ignore" doc:"What to do with columns that the header lacks: fail, add them at its right end, or leave them out."`
	writing
}

type updateOut struct {
	File        string `json:"file" doc:"Path of the file written."`
	Sheet       string `json:"sheet" doc:"Name of the sheet."`
	Updated     int    `json:"updated" doc:"Number of rows of the sheet that were changed."`
	Added       int    `json:"added" doc:"Number of rows appended."`
	MissingKeys []any  `json:"missing_keys" doc:"Keys that were skipped, at most 1000: the value, or a list of values for a key of several columns."`
}

func update(ctx context.Context, env *node.Env, in updateIn) (updateOut, error) {
	e, err := in.encoder()
	if err != nil {
		return updateOut{}, err
	}
	columns, err := columnsOf(ctx, in.Rows, nil)
	if err != nil {
		return updateOut{}, err
	}
	for _, k := range in.Key {
		if !slices.Contains(columns, k) && len(columns) > 0 {
			return updateOut{}, input("give the key in each row", "the rows have no column %s, which is part of the key", short(k))
		}
	}
	out := updateOut{File: in.path(), MissingKeys: []any{}}
	err = in.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		sheet, err := ed.sheet(in.Sheet)
		if err != nil {
			return err
		}
		out.Sheet = sheet.Name
		t, err := ed.table(ctx, sheet, in.HeaderRow)
		if err != nil {
			return err
		}
		at, err := t.keys(ctx, sheet, in.Key, in.Timezone)
		if err != nil {
			return err
		}
		if err := t.extend(columns, in.NewColumns); err != nil {
			return err
		}
		bottom, n := t.last, 0
		for v, err := range in.Rows.All(ctx) {
			if err != nil {
				return err
			}
			r, err := asRow(v, n)
			if err != nil {
				return err
			}
			if err := in.one(ctx, e, t, at, r, &bottom, &out); err != nil {
				return fmt.Errorf("the row at index %d: %w", n, err)
			}
			n++
		}
		if bottom > t.last {
			return t.growTables(t.last, bottom)
		}
		return nil
	})
	if err != nil {
		return updateOut{}, err
	}
	return out, nil
}

// one writes one row.
func (in updateIn) one(ctx context.Context, e *encoder, t *sheetTable, at map[string][]int, r map[string]any, bottom *int, out *updateOut) error {
	key := make([]any, len(in.Key))
	for i, k := range in.Key {
		v, err := value.LoadAll(ctx, r[k])
		if err != nil {
			return err
		}
		if v == nil || v == "" {
			return input("give a key, or leave the row out", "its key %s is empty", short(k))
		}
		key[i] = v
	}
	text := keyText(key)
	rows := at[text]
	if len(rows) == 0 {
		switch in.Missing {
		case "append":
			if *bottom++; *bottom > book.MaxRows {
				return input("split the data over several sheets", "the sheet is full")
			}
			at[text] = []int{*bottom}
			out.Added++
			return t.write(ctx, e, *bottom, r, true)
		case "skip":
			if len(out.MissingKeys) < maxListed {
				if len(key) == 1 {
					out.MissingKeys = append(out.MissingKeys, key[0])
				} else {
					out.MissingKeys = append(out.MissingKeys, key)
				}
			}
			return nil
		}
		return node.Fail(node.KindNotFound, fmt.Sprintf("the sheet %s has no row with the key %s", short(t.sheet), short(fmt.Sprint(key...))), "set missing to append or skip")
	}
	for _, row := range rows {
		out.Updated++
		for i, name := range t.names {
			v, given := r[name]
			if name == "" || !given {
				continue
			}
			c, err := e.cell(ctx, v)
			if err == nil {
				err = t.ed.set(t.sheet, row, i+1, c)
			}
			if err != nil {
				return fmt.Errorf("column %s: %w", short(name), err)
			}
		}
	}
	return ctx.Err()
}

// keyText is the same for equal keys. A number and a text of the same digits
// are equal: which of them a sheet holds is often an accident.
func keyText(key []any) string {
	texts := make([]any, len(key))
	for i, k := range key {
		texts[i] = strings.TrimSpace(fmt.Sprint(k))
	}
	return table.Key(texts...)
}

// keys returns the rows of the sheet by key.
func (t *sheetTable) keys(ctx context.Context, sheet book.Sheet, key []string, zone string) (map[string][]int, error) {
	columns := make([]int, len(key))
	for i, k := range key {
		if columns[i] = slices.Index(t.names, k) + 1; columns[i] == 0 {
			return nil, input("its columns are "+strings.Join(t.listed(), ", "), "the sheet %s has no column %s, which is part of the key", short(t.sheet), short(k))
		}
	}
	c, err := reading{Values: "typed", Errors: "keep", Timezone: zone}.converter()
	if err != nil {
		return nil, err
	}
	out := map[string][]int{}
	v := view{w: t.ed.workbook, sheet: sheet, at: book.Range{Row1: t.head + 1, Column1: 1, Row2: book.MaxRows, Column2: book.MaxColumns}}
	err = v.each(ctx, func(r *book.Row) error {
		values := make([]any, len(columns))
		for i, column := range columns {
			for _, cell := range r.Cells {
				if cell.Column == column {
					if values[i], err = c.value(ctx, t.ed.workbook, t.sheet, r.Number, cell); err != nil {
						return err
					}
				}
			}
			if values[i] == nil {
				return nil
			}
		}
		k := keyText(values)
		out[k] = append(out[k], r.Number)
		return nil
	})
	return out, err
}
