package sheet

import (
	"context"
	"regexp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
)

func init() {
	orders := map[string]string{"orders.xlsx": ordersXLSX}
	const moves = " Formulas, merged cells and tables below move along."
	node.Register(node.Spec[rowsIn, linesOut]{
		Type: "sheet.insert_rows", Title: "Insert rows",
		Doc:    "Inserts empty rows above a row of a sheet." + moves,
		Effect: node.Once, EffectOf: func(in rowsIn) node.Effect { return in.effect() },
		Examples: []node.Example[rowsIn, linesOut]{{
			Title: "Two rows under the header",
			Files: orders,
			In:    rowsIn{changing: changing{File: "orders.xlsx"}, Row: 2, Count: 2},
			Out:   linesOut{File: "orders.xlsx", Sheet: "Orders", Count: 2},
		}},
		Run: func(ctx context.Context, env *node.Env, in rowsIn) (linesOut, error) {
			return in.lines(ctx, env, in.where, in.Count, func(ed *editor, sheet string) error {
				if in.Row+in.Count-1 > book.MaxRows {
					return input("insert fewer rows", "a sheet ends at row %d", book.MaxRows)
				}
				return ed.f.InsertRows(sheet, in.Row, in.Count)
			})
		},
	})
	node.Register(node.Spec[rowsIn, linesOut]{
		Type: "sheet.delete_rows", Title: "Delete rows",
		Doc:    "Deletes rows of a sheet; those below move up." + moves,
		Effect: node.Once, EffectOf: func(in rowsIn) node.Effect { return in.effect() },
		Examples: []node.Example[rowsIn, linesOut]{{
			Title: "The first order",
			Files: orders,
			In:    rowsIn{changing: changing{File: "orders.xlsx", To: "fewer.xlsx"}, Row: 2, Count: 1},
			Out:   linesOut{File: "fewer.xlsx", Sheet: "Orders", Count: 1},
		}},
		Run: func(ctx context.Context, env *node.Env, in rowsIn) (linesOut, error) {
			return in.lines(ctx, env, in.where, in.Count, func(ed *editor, sheet string) error {
				for i := range in.Count {
					if i%64 == 0 && ctx.Err() != nil {
						return ctx.Err()
					}
					if err := ed.f.RemoveRow(sheet, in.Row); err != nil {
						return err
					}
				}
				return nil
			})
		},
	})
	node.Register(node.Spec[columnsIn, linesOut]{
		Type: "sheet.insert_columns", Title: "Insert columns",
		Doc:    "Inserts empty columns to the left of a column of a sheet." + moves,
		Effect: node.Once, EffectOf: func(in columnsIn) node.Effect { return in.effect() },
		Examples: []node.Example[columnsIn, linesOut]{{
			Title: "Before the date",
			Files: orders,
			In:    columnsIn{changing: changing{File: "orders.xlsx"}, Column: "C", Count: 1},
			Out:   linesOut{File: "orders.xlsx", Sheet: "Orders", Count: 1},
		}},
		Check: func(in columnsIn) error { return in.check() },
		Run: func(ctx context.Context, env *node.Env, in columnsIn) (linesOut, error) {
			return in.lines(ctx, env, in.where, in.Count, func(ed *editor, sheet string) error {
				return ed.f.InsertCols(sheet, in.Column, in.Count)
			})
		},
	})
	node.Register(node.Spec[columnsIn, linesOut]{
		Type: "sheet.delete_columns", Title: "Delete columns",
		Doc:    "Deletes columns of a sheet; those to the right move to the left." + moves,
		Effect: node.Once, EffectOf: func(in columnsIn) node.Effect { return in.effect() },
		Examples: []node.Example[columnsIn, linesOut]{{
			Title: "The customer",
			Files: orders,
			In:    columnsIn{changing: changing{File: "orders.xlsx", To: "anonymous.xlsx"}, Column: "B", Count: 1},
			Out:   linesOut{File: "anonymous.xlsx", Sheet: "Orders", Count: 1},
		}},
		Check: func(in columnsIn) error { return in.check() },
		Run: func(ctx context.Context, env *node.Env, in columnsIn) (linesOut, error) {
			return in.lines(ctx, env, in.where, in.Count, func(ed *editor, sheet string) error {
				for range in.Count {
					if err := ed.f.RemoveCol(sheet, in.Column); err != nil {
						return err
					}
				}
				return ctx.Err()
			})
		},
	})
}

type rowsIn struct {
	changing
	where
	Row   int `json:"row" is:"required" min:"1" max:"1048576" doc:"Number of the first row."`
	Count int `json:"count" default:"1" min:"1" max:"100000" doc:"How many rows."`
}

type columnsIn struct {
	changing
	where
	Column string `json:"column" is:"required" doc:"Letters of the first column, for instance C."`
	Count  int    `json:"count" default:"1" min:"1" max:"1000" doc:"How many columns."`
}

type linesOut struct {
	File  string `json:"file" doc:"Path of the file written."`
	Sheet string `json:"sheet" doc:"Name of the sheet."`
	Count int    `json:"count" doc:"How many rows or columns were inserted or deleted."`
}

var columnRE = regexp.MustCompile(`^[A-Za-z]{1,3}$`)

func (in columnsIn) check() error {
	if !columnRE.MatchString(in.Column) {
		return input("give its letters, for instance C", "column is %s", short(in.Column))
	}
	r, err := book.ParseRange(in.Column)
	if err != nil {
		return input("give a column from A to XFD", "column: %v", err)
	}
	if r.Column1+in.Count-1 > book.MaxColumns {
		return input("lower count", "a sheet ends at column %s", book.ColumnName(book.MaxColumns))
	}
	return nil
}

// lines changes the rows or columns of a sheet.
func (c changing) lines(ctx context.Context, env *node.Env, at where, count int, do func(ed *editor, sheet string) error) (linesOut, error) {
	out := linesOut{File: c.path(), Count: count}
	err := c.edit(ctx, env, func(_ context.Context, ed *editor) error {
		sheet, err := ed.sheet(at.Sheet)
		if err != nil {
			return err
		}
		out.Sheet = sheet.Name
		ed.stale = ed.weight.Formulas > 0
		return do(ed, sheet.Name)
	})
	if err != nil {
		return linesOut{}, err
	}
	return out, nil
}
