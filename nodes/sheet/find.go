package sheet

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
)

func init() {
	node.Register(node.Spec[findIn, findOut]{
		Type:   "sheet.find",
		Title:  "Find cells",
		Doc:    "Finds the cells of a sheet, or of all sheets, whose value is or contains what is looked for. Values are compared as sheet.read gives them: dates as 2026-03-01, numbers with a point.",
		Effect: node.Read,
		Examples: []node.Example[findIn, findOut]{{
			Title: "Where a customer is",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    findIn{source: source{File: "orders.xlsx"}, Find: "meier"},
			Out:   findOut{Found: true, Count: 1, Cell: "B3", Row: 3, Column: 2, Matches: []match{{Sheet: "Orders", Cell: "B3", Row: 3, Column: 2, Value: "Meier"}}},
		}, {
			Title: "Amounts by a pattern",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    findIn{source: source{File: "orders.xlsx"}, Find: `^\d\.\d+$`, Match: "regex", At: "D:D", Limit: 1},
			Out:   findOut{Found: true, Count: 1, Cell: "D2", Row: 2, Column: 4, Matches: []match{{Sheet: "Orders", Cell: "D2", Row: 2, Column: 4, Value: 1.5}}},
		}},
		Check: func(in findIn) error {
			_, err := in.matcher()
			return err
		},
		Run: find,
	})
}

type findIn struct {
	source
	where
	Find      string `json:"find" is:"required" doc:"What to look for."`
	Match     string `json:"match" default:"whole" enum:"whole,contains,starts_with,regex" doc:"Whether the whole value must be equal, contain it, begin with it, or match it as a regular expression."`
	Case      bool   `json:"match_case" doc:"Tell capital and small letters apart."`
	At        string `json:"range" doc:"Range to look in; empty is all of the sheet."`
	AllSheets bool   `json:"all_sheets" doc:"Look in all sheets; sheet and range are then not used."`
	Limit     int    `json:"limit" default:"1000" min:"1" max:"10000" doc:"Most matches to return; the search ends there."`
	reading
}

type findOut struct {
	Found   bool    `json:"found" doc:"Whether there is a match."`
	Count   int     `json:"count" doc:"Number of matches returned."`
	Cell    string  `json:"cell" doc:"Name of the first cell that matches; empty if none does."`
	Row     int     `json:"row" doc:"Its row; 0 if none does."`
	Column  int     `json:"column" doc:"Its column as a number."`
	Matches []match `json:"matches" doc:"The matches, row by row."`
}

type match struct {
	Sheet  string `json:"sheet" doc:"Name of the sheet."`
	Cell   string `json:"cell" doc:"Name of the cell."`
	Row    int    `json:"row" doc:"Number of the row."`
	Column int    `json:"column" doc:"Number of the column."`
	Value  any    `json:"value" doc:"Value of the cell."`
}

func (in findIn) matcher() (func(string) bool, error) {
	want := in.Find
	fold := strings.ToLower
	if in.Case {
		fold = func(s string) string { return s }
	}
	switch in.Match {
	case "regex":
		if !in.Case {
			want = "(?i)" + want
		}
		re, err := regexp.Compile(want)
		if err != nil {
			return nil, input("correct the pattern; it is in the syntax of RE2", "find is no regular expression: %v", err)
		}
		return re.MatchString, nil
	case "contains":
		return func(s string) bool { return strings.Contains(fold(s), fold(want)) }, nil
	case "starts_with":
		return func(s string) bool { return strings.HasPrefix(fold(s), fold(want)) }, nil
	}
	return func(s string) bool { return fold(s) == fold(want) }, nil
}

func find(ctx context.Context, env *node.Env, in findIn) (findOut, error) {
	out := findOut{Matches: []match{}}
	matches, err := in.matcher()
	if err != nil {
		return out, err
	}
	c, err := in.converter()
	if err != nil {
		return out, err
	}
	err = in.with(ctx, env, func(ctx context.Context, w *workbook) error {
		at := book.Whole
		sheets := w.Sheets()
		if !in.AllSheets {
			one, r, err := w.place(in.Sheet, in.At)
			if err != nil {
				return err
			}
			sheets, at = []book.Sheet{one}, r
		}
		for _, s := range sheets {
			v := view{w: w, sheet: s, at: at}
			err := v.each(ctx, func(r *book.Row) error {
				for _, cell := range r.Cells {
					v, err := c.value(ctx, w, s.Name, r.Number, cell)
					if err != nil {
						return err
					}
					if v == nil || !matches(fmt.Sprint(v)) {
						continue
					}
					out.Matches = append(out.Matches, match{s.Name, book.CellName(r.Number, cell.Column), r.Number, cell.Column, v})
					if len(out.Matches) >= in.Limit {
						return book.ErrStop
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			if len(out.Matches) >= in.Limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return findOut{}, err
	}
	if out.Count = len(out.Matches); out.Count > 0 {
		m := out.Matches[0]
		out.Found, out.Cell, out.Row, out.Column = true, m.Cell, m.Row, m.Column
	}
	return out, nil
}
