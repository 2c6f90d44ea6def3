package sheet

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
)

func init() {
	orders := map[string]string{"orders.xlsx": ordersXLSX}
	node.Register(node.Spec[layoutIn, formatOut]{
		Type:   "sheet.layout",
		Title:  "Lay out sheet",
		Doc:    "Sets the layout of a sheet: frozen rows and columns, filter, widths of columns, heights of rows, what is hidden, zoom and colour of the tab. What is not given stays as it is.",
		Effect: node.Idempotent,
		Examples: []node.Example[layoutIn, formatOut]{{
			Title: "Frozen header with a filter",
			Files: orders,
			In:    layoutIn{changing: changing{File: "orders.xlsx"}, Freeze: "A2", Filter: "A1:D3", Widths: map[string]float64{"A": 8, "B:C": 20}, AutoFit: "D"},
			Out:   formatOut{File: "orders.xlsx", Sheet: "Orders"},
		}},
		Check: func(in layoutIn) error { return in.check() },
		Run:   layout,
	})
	node.Register(node.Spec[mergeIn, formatOut]{
		Type:   "sheet.merge_cells",
		Title:  "Merge cells",
		Doc:    "Merges the cells of a range into one, which keeps the value of the top left cell, or takes merged cells apart.",
		Effect: node.Idempotent,
		Examples: []node.Example[mergeIn, formatOut]{{
			Title: "A title over four columns",
			Files: orders,
			In:    mergeIn{changing: changing{File: "orders.xlsx"}, At: "A5:D5"},
			Out:   formatOut{File: "orders.xlsx", Sheet: "Orders", Range: "A5:D5"},
		}},
		Run: mergeCells,
	})
	node.Register(node.Spec[tableNodeIn, formatOut]{
		Type:   "sheet.add_table",
		Title:  "Make Excel table",
		Doc:    "Makes an Excel table (list object) of a range with a header: banded rows, filter, and a name that formulas and sheet.read can use. A table of that name is replaced.",
		Effect: node.Idempotent,
		Examples: []node.Example[tableNodeIn, formatOut]{{
			Title: "All orders",
			Files: orders,
			In:    tableNodeIn{changing: changing{File: "orders.xlsx"}, Name: "Orders2026"},
			Out:   formatOut{File: "orders.xlsx", Sheet: "Orders", Range: "A1:D3"},
		}},
		Run: addTable,
	})
}

type layoutIn struct {
	changing
	where
	Freeze  string             `json:"freeze" doc:"First cell that scrolls: A2 keeps row 1 in sight, B2 also column A; none lifts it."`
	Filter  string             `json:"filter" doc:"Range with a header to put a filter on, or used for all that is used."`
	Widths  map[string]float64 `json:"column_widths" doc:"Widths of columns in characters, by their letters: A: 12, C:F: 20."`
	AutoFit string             `json:"auto_width" doc:"Columns to make as wide as their content, for instance A:F; used for all that are used."`
	Heights map[string]float64 `json:"row_heights" doc:"Heights of rows in points, by their numbers: 1: 30, 2:10: 18."`
	Hide    []string           `json:"hide" doc:"Columns and rows to hide, for instance C:D or 5:9."`
	Show    []string           `json:"show" doc:"Columns and rows to show again."`
	Zoom    int                `json:"zoom" min:"0" max:"400" doc:"Zoom in percent, from 10; 0 leaves it."`
	Tab     string             `json:"tab_color" doc:"Colour of the tab as RRGGBB."`
	Active  bool               `json:"activate" doc:"Show this sheet when the workbook is opened."`
}

func (in layoutIn) check() error {
	if in.Tab != "" && !colorRE.MatchString(in.Tab) {
		return input("give six hex digits, for instance C00000", "tab_color is %s, which is no colour", short(in.Tab))
	}
	if in.Zoom > 0 && in.Zoom < 10 {
		return input("give 10 to 400", "zoom is %d", in.Zoom)
	}
	return nil
}

// part reads columns (A, C:F) or rows (1, 2:10).
func part(s string) (r book.Range, columns bool, err error) {
	r, err = book.ParseRange(s)
	columns = r.Row1 == 1 && r.Row2 == book.MaxRows
	if err != nil || columns == (r.Column1 == 1 && r.Column2 == book.MaxColumns) {
		return r, columns, input("write for instance A, C:F, 1 or 2:10", "%s is neither columns nor rows", short(s))
	}
	return r, columns, nil
}

func layout(ctx context.Context, env *node.Env, in layoutIn) (formatOut, error) {
	out := formatOut{File: in.path()}
	err := in.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		sheet, err := ed.sheet(in.Sheet)
		if err != nil {
			return err
		}
		out.Sheet = sheet.Name
		for _, do := range []func(context.Context, *editor, book.Sheet) error{in.panes, in.sizes, in.visible, in.looks} {
			if err := do(ctx, ed, sheet); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return formatOut{}, err
	}
	return out, nil
}

func (in layoutIn) panes(ctx context.Context, ed *editor, sheet book.Sheet) error {
	switch in.Freeze {
	case "":
	case "none":
		if err := ed.f.SetPanes(sheet.Name, &excelize.Panes{}); err != nil {
			return err
		}
	default:
		row, column, err := book.ParseCell(in.Freeze)
		if err != nil || row == 1 && column == 1 {
			return input("write for instance A2, or none", "freeze is %s", short(in.Freeze))
		}
		p := excelize.Panes{Freeze: true, XSplit: column - 1, YSplit: row - 1, TopLeftCell: book.CellName(row, column), ActivePane: "bottomRight"}
		if column == 1 {
			p.ActivePane = "bottomLeft"
		} else if row == 1 {
			p.ActivePane = "topRight"
		}
		if err := ed.f.SetPanes(sheet.Name, &p); err != nil {
			return err
		}
	}
	if in.Filter == "" {
		return nil
	}
	at, err := ed.used(ctx, sheet, in.Filter)
	if err != nil {
		return err
	}
	return ed.f.AutoFilter(sheet.Name, at.String(), nil)
}

// used returns the range given, or all that is used.
func (ed *editor) used(ctx context.Context, sheet book.Sheet, at string) (book.Range, error) {
	r := book.Whole
	if at != "used" && at != "" {
		var err error
		if _, r, err = ed.place(sheet.Name, at); err != nil {
			return r, err
		}
	}
	return ed.bounded(ctx, sheet, r)
}

func (in layoutIn) sizes(ctx context.Context, ed *editor, sheet book.Sheet) error {
	if in.AutoFit != "" {
		r := book.Whole
		if in.AutoFit != "used" {
			var columns bool
			var err error
			if r, columns, err = part(in.AutoFit); err != nil || !columns {
				return input("write for instance A:F, or used", "auto_width is %s", short(in.AutoFit))
			}
		}
		if err := ed.fit(ctx, sheet, r); err != nil {
			return err
		}
	}
	for _, k := range slices.Sorted(maps.Keys(in.Widths)) {
		r, columns, err := part(k)
		if err != nil || !columns {
			return input("write for instance A or C:F", "column_widths has %s, which is no columns", short(k))
		}
		if w := in.Widths[k]; w < 0 || w > 255 {
			return input("give 0 to 255 characters", "the width of %s is %v", short(k), w)
		}
		if err := ed.f.SetColWidth(sheet.Name, book.ColumnName(r.Column1), book.ColumnName(r.Column2), in.Widths[k]); err != nil {
			return err
		}
	}
	for _, k := range slices.Sorted(maps.Keys(in.Heights)) {
		r, columns, err := part(k)
		if err != nil || columns || r.Row2-r.Row1 >= 100_000 {
			return input("write for instance 1 or 2:10", "row_heights has %s, which is no rows, or too many", short(k))
		}
		if h := in.Heights[k]; h < 0 || h > 409 {
			return input("give 0 to 409 points", "the height of %s is %v", short(k), h)
		}
		for row := r.Row1; row <= r.Row2; row++ {
			if err := ed.f.SetRowHeight(sheet.Name, row, in.Heights[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fit makes columns as wide as their content.
func (ed *editor) fit(ctx context.Context, sheet book.Sheet, at book.Range) error {
	widths := map[int]float64{}
	v := view{w: ed.workbook, sheet: sheet, at: at}
	err := v.each(ctx, func(r *book.Row) error {
		for _, c := range r.Cells {
			text := c.Value
			if d, ok := text.(book.Date); ok {
				text = d.String()
			}
			widths[c.Column] = max(widths[c.Column], width(text))
		}
		return nil
	})
	for c, w := range widths {
		if err == nil {
			err = ed.f.SetColWidth(sheet.Name, book.ColumnName(c), book.ColumnName(c), w)
		}
	}
	return err
}

func (in layoutIn) visible(_ context.Context, ed *editor, sheet book.Sheet) error {
	for i, list := range [][]string{in.Hide, in.Show} {
		for _, s := range list {
			r, columns, err := part(s)
			if err != nil {
				return err
			}
			if columns {
				if err := ed.f.SetColVisible(sheet.Name, book.ColumnName(r.Column1)+":"+book.ColumnName(r.Column2), i == 1); err != nil {
					return err
				}
				continue
			}
			if r.Row2-r.Row1 >= 100_000 {
				return input("hide fewer rows at a time", "%s is more than 100,000 rows", short(s))
			}
			for row := r.Row1; row <= r.Row2; row++ {
				if err := ed.f.SetRowVisible(sheet.Name, row, i == 1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (in layoutIn) looks(_ context.Context, ed *editor, sheet book.Sheet) error {
	if in.Zoom > 0 {
		zoom := float64(in.Zoom)
		if err := ed.f.SetSheetView(sheet.Name, 0, &excelize.ViewOptions{ZoomScale: &zoom}); err != nil {
			return err
		}
	}
	if in.Tab != "" {
		if err := ed.f.SetSheetProps(sheet.Name, &excelize.SheetPropsOptions{TabColorRGB: &in.Tab}); err != nil {
			return err
		}
	}
	if in.Active {
		i, err := ed.f.GetSheetIndex(sheet.Name)
		if err != nil {
			return err
		}
		ed.f.SetActiveSheet(i)
	}
	return nil
}

type mergeIn struct {
	changing
	where
	At    string `json:"range" is:"required" doc:"Range to merge, for instance A1:D1."`
	Apart bool   `json:"unmerge" doc:"Take the merged cells in the range apart instead."`
}

func mergeCells(ctx context.Context, env *node.Env, in mergeIn) (formatOut, error) {
	out := formatOut{File: in.path()}
	err := in.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		sheet, at, err := ed.place(in.Sheet, in.At)
		if err == nil {
			at, err = ed.bounded(ctx, sheet, at)
		}
		if err != nil {
			return err
		}
		out.Sheet, out.Range = sheet.Name, at.String()
		a, b := book.CellName(at.Row1, at.Column1), book.CellName(at.Row2, at.Column2)
		if in.Apart {
			return ed.f.UnmergeCell(sheet.Name, a, b)
		}
		if a == b {
			return input("give at least two cells", "the range %s is one cell", at)
		}
		return ed.f.MergeCell(sheet.Name, a, b)
	})
	if err != nil {
		return formatOut{}, err
	}
	return out, nil
}

type tableNodeIn struct {
	changing
	where
	At    string `json:"range" doc:"Range of the table, its header included; empty is all that is used."`
	Name  string `json:"name" is:"required" doc:"Name of the table: letters, digits and _, beginning with a letter."`
	Style string `json:"style" default:"medium2" doc:"Look of the table: light1 to light21, medium1 to medium28, dark1 to dark11, or none."`
}

func addTable(ctx context.Context, env *node.Env, in tableNodeIn) (formatOut, error) {
	style, err := tableStyle(in.Style)
	if err != nil {
		return formatOut{}, err
	}
	out := formatOut{File: in.path()}
	err = in.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		sheet, err := ed.sheet(in.Sheet)
		if err != nil {
			return err
		}
		at, err := ed.used(ctx, sheet, in.At)
		if err != nil {
			return err
		}
		if at.Row2 == at.Row1 {
			return input("give a range with a header and at least one row", "the range %s has one row", at)
		}
		out.Sheet, out.Range = sheet.Name, at.String()
		tables, err := ed.Tables()
		if err != nil {
			return err
		}
		for _, t := range tables {
			if t.Name == in.Name {
				if err := ed.f.DeleteTable(t.Name); err != nil {
					return err
				}
			}
		}
		on := true
		return ed.f.AddTable(sheet.Name, &excelize.Table{Range: at.String(), Name: in.Name, StyleName: style, ShowRowStripes: &on})
	})
	if err != nil {
		return formatOut{}, err
	}
	return out, nil
}

func tableStyle(s string) (string, error) {
	if s == "none" {
		return "", nil
	}
	for name, most := range map[string]int{"light": 21, "medium": 28, "dark": 11} {
		if len(s) <= len(name) || s[:len(name)] != name {
			continue
		}
		if n, err := strconv.Atoi(s[len(name):]); err == nil && n >= 1 && n <= most {
			return "TableStyle" + string(name[0]-'a'+'A') + name[1:] + strconv.Itoa(n), nil
		}
	}
	return "", input("write for instance medium2, light9, dark1 or none", "there is no table style %s", short(s))
}
