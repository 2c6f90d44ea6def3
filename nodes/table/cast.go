package table

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
	"github.com/aether-rpa/aether/table"
)

func init() {
	node.Register(node.Spec[castIn, castOut]{
		Type:   "table.cast",
		Title:  "Convert column types",
		Doc:    "Converts the cells of columns to declared types: text, int, number, bool, date (YYYY-MM-DD), datetime (RFC 3339) or any. Blank text becomes nil for every type but text. Numbers may have a currency sign, a minus behind, or brackets for negative. Dates with day and month in doubt such as 03/04/2026 need date_formats or date_order.",
		Effect: node.Pure,
		Examples: []node.Example[castIn, castOut]{{
			Title: "German notation",
			In: castIn{source: of(row{"price": "1.234,50 €", "day": "31.12.2025", "paid": "ja"}), Types: map[string]string{"price": "number", "day": "date", "paid": "bool"},
				Decimal: "comma", Thousands: ".", DateFormats: []string{"DD.MM.YYYY"}, True: []string{"ja"}, False: []string{"nein"}},
			Out: castOut{result: give(row{"price": 1234.5, "day": "2025-12-31", "paid": true})},
		}, {
			Title: "Collect what cannot be converted",
			In:    castIn{source: of(row{"n": "12"}, row{"n": "n/a"}), Types: map[string]string{"n": "int"}, OnError: "collect"},
			Out:   castOut{result: give(row{"n": 12}, row{"n": nil}), Issues: []castIssue{{Index: 1, Column: "n", Value: "n/a", Reason: `"n/a" is not a whole number`}}, IssueCount: 1},
		}},
		Check: func(in castIn) error {
			_, err := in.format()
			return err
		},
		Run: cast,
	})
}

type castIn struct {
	source
	Types       map[string]string `json:"types" is:"required" doc:"Types by column."`
	OnError     string            `json:"on_error" default:"fail" enum:"fail,null,keep,collect" doc:"What to do with a cell that cannot be converted: fail; set it to nil; keep it as it is; collect, set it to nil and list it in issues."`
	Decimal     string            `json:"decimal" default:"point" enum:"point,comma" doc:"Decimal separator of texts." group:"Notation"`
	Thousands   string            `json:"thousands" doc:"Separator between groups of three digits, for instance a point, an apostrophe or a blank; texts with one are refused when empty." group:"Notation"`
	True        []string          `json:"true_words" doc:"Words for true, in any case; true, yes, y, on and 1 when empty." group:"Notation"`
	False       []string          `json:"false_words" doc:"Words for false; false, no, n, off and 0 when empty." group:"Notation"`
	DateFormats []string          `json:"date_formats" doc:"Formats of dates, tried in order: tokens as in DD.MM.YYYY HH:mm, strptime, Go layouts, or iso, rfc2822, unix, unix_ms, excel. Formats that cannot be mistaken are recognised when empty." group:"Notation"`
	DateOrder   string            `json:"date_order" default:"refuse" enum:"refuse,day_first,month_first" doc:"How to read dates such as 03/04/2026 without a format." group:"Notation"`
	Timezone    string            `json:"timezone" default:"UTC" doc:"Time zone of dates and times that have no offset." group:"Notation"`
}

type castOut struct {
	result
	Issues     []castIssue `json:"issues" doc:"The first 1000 cells that could not be converted, when they are collected."`
	IssueCount int         `json:"issue_count" doc:"Number of all of them."`
}

type castIssue struct {
	Index  int    `json:"index" doc:"Index of the row, counted from 0."`
	Column string `json:"column" doc:"Name of the column."`
	Value  any    `json:"value" doc:"Cell as it was."`
	Reason string `json:"reason" doc:"Why it could not be converted."`
}

// maxIssues bounds the issues listed, so that a table of nothing but mistakes
// does not fill memory.
const maxIssues = 1000

func (in castIn) format() (*table.Format, error) {
	for _, c := range slices.Sorted(maps.Keys(in.Types)) {
		if !slices.Contains(table.Types, in.Types[c]) {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("the column %s has the type %s, which there is not", c, table.Quote(in.Types[c])), "the types are "+shortList(table.Types))
		}
	}
	decimal := "."
	if in.Decimal == "comma" {
		decimal = ","
	}
	if in.Thousands != "" && in.Thousands == decimal {
		return nil, node.Fail(node.KindInput, "decimal and thousands are the same separator", "set decimal to comma if numbers look like 1.234,50")
	}
	zone, err := calendar.Zone(in.Timezone)
	if err != nil {
		return nil, node.Failf(node.KindInput, "timezone: %v", err)
	}
	dates, err := calendar.NewReader(in.DateFormats, in.DateOrder, 68, zone)
	if err != nil {
		return nil, node.Failf(node.KindInput, "date_formats: %v", err)
	}
	return &table.Format{Decimal: decimal, Thousands: in.Thousands, True: lowered(in.True), False: lowered(in.False), ReadDate: dates.Text}, nil
}

func lowered(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = foldText(w)
	}
	return out
}

func cast(ctx context.Context, env *node.Env, in castIn) (castOut, error) {
	f, err := in.format()
	if err != nil {
		return castOut{}, err
	}
	names := slices.Sorted(maps.Keys(in.Types))
	if err := needColumns(ctx, in.Rows, names...); err != nil {
		return castOut{}, err
	}
	var out castOut
	out.result, err = transform(ctx, env, in.Rows, func(i int, r row) (row, error) {
		for _, c := range names {
			v, err := f.Convert(r[c], in.Types[c])
			if err == nil {
				r[c] = v
				continue
			}
			switch in.OnError {
			case "fail":
				return nil, node.Fail(node.KindInput, fmt.Sprintf("the row at index %d, column %s: %v", i, c, err), "set on_error to collect to list such cells instead")
			case "keep":
				continue
			case "collect":
				if out.IssueCount++; len(out.Issues) < maxIssues {
					out.Issues = append(out.Issues, castIssue{Index: i, Column: c, Value: r[c], Reason: err.Error()})
				}
			}
			r[c] = nil
		}
		return r, nil
	})
	return out, err
}
