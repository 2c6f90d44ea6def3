package sheet

import (
	"context"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	orders := map[string]string{"orders.xlsx": ordersXLSX}
	node.Register(node.Spec[addIn, sheetsOut]{
		Type: "sheet.add_sheet", Title: "Add sheet",
		Doc:    "Adds an empty sheet to a workbook.",
		Effect: node.Once, EffectOf: func(in addIn) node.Effect { return unless(in.Existing == "fail") },
		Examples: []node.Example[addIn, sheetsOut]{{
			Title: "At the front",
			Files: orders,
			In:    addIn{changing: changing{File: "orders.xlsx"}, Name: "Summary", Before: "Orders"},
			Out:   sheetsOut{File: "orders.xlsx", Sheet: "Summary", Sheets: []string{"Summary", "Orders"}},
		}},
		Check: func(in addIn) error { return checkName(in.Name) },
		Run:   addSheet,
	})
	node.Register(node.Spec[renameIn, sheetsOut]{
		Type: "sheet.rename_sheet", Title: "Rename sheet",
		Doc:    "Gives a sheet of a workbook another name. Formulas, charts and names that refer to it follow.",
		Effect: node.Once, EffectOf: func(in renameIn) node.Effect { return in.effect() },
		Examples: []node.Example[renameIn, sheetsOut]{{
			Title: "By its name",
			Files: orders,
			In:    renameIn{changing: changing{File: "orders.xlsx"}, where: where{Sheet: "Orders"}, Name: "Orders 2026"},
			Out:   sheetsOut{File: "orders.xlsx", Sheet: "Orders 2026", Sheets: []string{"Orders 2026"}},
		}},
		Check: func(in renameIn) error { return checkName(in.Name) },
		Run: func(ctx context.Context, env *node.Env, in renameIn) (sheetsOut, error) {
			return in.sheets(ctx, env, func(ed *editor) (string, error) {
				s, err := ed.sheet(in.Sheet)
				if err != nil {
					return "", err
				}
				if !strings.EqualFold(s.Name, in.Name) && ed.sheetTaken(in.Name) {
					return "", input("choose another name", "there is a sheet %s already", short(in.Name))
				}
				renameInParts(ed.f, s.Name, in.Name)
				return in.Name, ed.f.SetSheetName(s.Name, in.Name)
			})
		},
	})
	node.Register(node.Spec[deleteIn, sheetsOut]{
		Type: "sheet.delete_sheet", Title: "Delete sheet",
		Doc:    "Deletes a sheet of a workbook, by its name. The last sheet that is shown cannot be deleted.",
		Effect: node.Once, EffectOf: func(in deleteIn) node.Effect {
			if in.MissingOK {
				return node.Idempotent
			}
			return in.effect()
		},
		Examples: []node.Example[deleteIn, sheetsOut]{{
			Title: "One that may not be there",
			Files: orders,
			In:    deleteIn{changing: changing{File: "orders.xlsx"}, Name: "Old", MissingOK: true},
			Out:   sheetsOut{File: "orders.xlsx", Sheets: []string{"Orders"}},
		}},
		Run: deleteSheet,
	})
	node.Register(node.Spec[copyIn, sheetsOut]{
		Type: "sheet.copy_sheet", Title: "Copy sheet",
		Doc:    "Copies a sheet within a workbook, with its values, formulas and formats. Pictures, charts and tables are not copied.",
		Effect: node.Once, EffectOf: func(in copyIn) node.Effect { return in.changing.effect() },
		Examples: []node.Example[copyIn, sheetsOut]{{
			Title: "A sheet for a new month",
			Files: orders,
			In:    copyIn{renameIn: renameIn{changing: changing{File: "orders.xlsx"}, where: where{Sheet: "Orders"}, Name: "February"}},
			Out:   sheetsOut{File: "orders.xlsx", Sheet: "February", Sheets: []string{"Orders", "February"}},
		}},
		Check: func(in copyIn) error { return checkName(in.Name) },
		Run:   copySheet,
	})
	node.Register(node.Spec[hideIn, sheetsOut]{
		Type: "sheet.hide_sheet", Title: "Hide or show sheet",
		Doc:    "Hides a sheet of a workbook, or shows it again. One sheet must stay shown.",
		Effect: node.Idempotent,
		Examples: []node.Example[hideIn, sheetsOut]{{
			Title: "Hide the rates",
			Files: map[string]string{"two.xlsx": twoXLSX},
			In:    hideIn{changing: changing{File: "two.xlsx"}, where: where{Sheet: "Rates"}},
			Out:   sheetsOut{File: "two.xlsx", Sheet: "Rates", Sheets: []string{"Prices", "Rates"}},
		}},
		Run: hideSheet,
	})
}

type addIn struct {
	changing
	Name     string `json:"name" is:"required" doc:"Name of the new sheet: at most 31 characters, without : \\ / ? * [ ]."`
	Before   string `json:"before" doc:"Name or number of the sheet to put it before; empty puts it at the end."`
	Existing string `json:"existing" default:"keep" enum:"keep,fail" doc:"What to do if there is a sheet of that name: keep it as it is, or fail."`
	Activate bool   `json:"activate" doc:"Show this sheet when the workbook is opened."`
}

type renameIn struct {
	changing
	where
	Name string `json:"name" is:"required" doc:"New name: at most 31 characters, without : \\ / ? * [ ]."`
}

type deleteIn struct {
	changing
	Name      string `json:"sheet" is:"required" doc:"Name of the sheet, or its number counted from 1."`
	MissingOK bool   `json:"missing_ok" doc:"Do nothing if there is no such sheet, instead of failing."`
}

type copyIn struct{ renameIn }

type hideIn struct {
	changing
	where
	Hidden     bool `json:"hidden" default:"true" doc:"Hide the sheet; off shows it."`
	VeryHidden bool `json:"very_hidden" doc:"Hide it so that Excel's menu does not list it." when:"hidden=true"`
}

type sheetsOut struct {
	File   string   `json:"file" doc:"Path of the file written."`
	Sheet  string   `json:"sheet" doc:"Name of the sheet that was added or changed; empty if none was."`
	Sheets []string `json:"sheets" doc:"Names of all sheets in their order."`
}

// sheets changes the list of sheets; do returns the name of the sheet changed.
func (c changing) sheets(ctx context.Context, env *node.Env, do func(ed *editor) (string, error)) (sheetsOut, error) {
	out := sheetsOut{File: c.path()}
	err := c.edit(ctx, env, func(_ context.Context, ed *editor) error {
		var err error
		out.Sheet, err = do(ed)
		out.Sheets = ed.f.GetSheetList()
		return err
	})
	if err != nil {
		return sheetsOut{}, err
	}
	return out, nil
}

func addSheet(ctx context.Context, env *node.Env, in addIn) (sheetsOut, error) {
	return in.sheets(ctx, env, func(ed *editor) (string, error) {
		if ed.sheetTaken(in.Name) {
			if in.Existing == "fail" {
				return "", input("choose another name, or set existing to keep", "there is a sheet %s already", short(in.Name))
			}
		} else if _, err := ed.f.NewSheet(in.Name); err != nil {
			return "", err
		} else if in.Before != "" {
			s, err := ed.sheet(in.Before)
			if err != nil {
				return "", err
			}
			if err := ed.f.MoveSheet(in.Name, s.Name); err != nil {
				return "", err
			}
		}
		if in.Activate {
			i, err := ed.f.GetSheetIndex(in.Name)
			if err != nil {
				return "", err
			}
			ed.f.SetActiveSheet(i)
		}
		return in.Name, nil
	})
}

func deleteSheet(ctx context.Context, env *node.Env, in deleteIn) (sheetsOut, error) {
	return in.sheets(ctx, env, func(ed *editor) (string, error) {
		s, err := ed.sheet(in.Name)
		if err != nil {
			if in.MissingOK && node.AsFailure(err).Kind == node.KindNotFound {
				return "", nil
			}
			return "", err
		}
		if err := ed.othersShown(s.Name, "deleted"); err != nil {
			return "", err
		}
		ed.stale = ed.weight.Formulas > 0
		return s.Name, ed.f.DeleteSheet(s.Name)
	})
}

// othersShown refuses to take the last sheet that is shown.
func (ed *editor) othersShown(name, what string) error {
	for _, s := range ed.Sheets() {
		if s.Name != name && !s.Hidden {
			return nil
		}
	}
	return input("add or show another sheet first", "the sheet %s is the only one shown, so it cannot be %s", short(name), what)
}

func copySheet(ctx context.Context, env *node.Env, in copyIn) (sheetsOut, error) {
	return in.sheets(ctx, env, func(ed *editor) (string, error) {
		s, err := ed.sheet(in.Sheet)
		if err != nil {
			return "", err
		}
		if ed.sheetTaken(in.Name) {
			return "", input("choose another name", "there is a sheet %s already", short(in.Name))
		}
		from, err := ed.f.GetSheetIndex(s.Name)
		if err != nil {
			return "", err
		}
		to, err := ed.f.NewSheet(in.Name)
		if err != nil {
			return "", err
		}
		return in.Name, ed.f.CopySheet(from, to)
	})
}

func hideSheet(ctx context.Context, env *node.Env, in hideIn) (sheetsOut, error) {
	return in.sheets(ctx, env, func(ed *editor) (string, error) {
		s, err := ed.sheet(in.Sheet)
		if err != nil {
			return "", err
		}
		if in.Hidden {
			if err := ed.othersShown(s.Name, "hidden"); err != nil {
				return "", err
			}
			// Excel opens the active sheet, which must be one that is shown.
			if ed.f.GetSheetName(ed.f.GetActiveSheetIndex()) == s.Name {
				for _, o := range ed.Sheets() {
					if o.Name != s.Name && !o.Hidden {
						i, err := ed.f.GetSheetIndex(o.Name)
						if err != nil {
							return "", err
						}
						ed.f.SetActiveSheet(i)
						break
					}
				}
			}
		}
		return s.Name, ed.f.SetSheetVisible(s.Name, !in.Hidden, in.VeryHidden)
	})
}
