package csv

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

// options are the params that reading a file and reading a text share.
type options struct {
	Header     string            `json:"header" default:"first_row" enum:"first_row,none" doc:"Where column names come from: the first row, or none, which names them column_1, column_2 and so on. Names given in columns replace either."`
	Columns    []string          `json:"columns" doc:"Column names in order, instead of those in the text."`
	Delimiter  string            `json:"delimiter" default:"auto" doc:"Character between cells, or auto, comma, semicolon, tab, pipe, space. Auto tells comma, semicolon, tab and pipe apart."`
	Quote      string            `json:"quote" default:"\"" doc:"Character around cells that hold the delimiter; empty for none." is:"advanced"`
	Escape     string            `json:"escape" doc:"Character before a quote inside of a quoted cell, often \\; a quote is doubled when empty." is:"advanced,raw"`
	Comment    string            `json:"comment" doc:"Character at the start of lines to skip, often #." is:"advanced"`
	SkipRows   int               `json:"skip_rows" min:"0" doc:"Number of lines to skip before the header."`
	Limit      int               `json:"limit" min:"0" doc:"Most rows to read; 0 reads all."`
	Trim       bool              `json:"trim" default:"true" doc:"Remove blanks around cells that are not quoted."`
	KeepBlank  bool              `json:"keep_empty_lines" doc:"Make a row of lines that are empty; they are skipped otherwise."`
	Ragged     string            `json:"ragged" default:"collect" enum:"collect,pad,error" doc:"What to do with rows that have fewer or more cells than columns. Missing cells become nil and further cells get columns of their own; collect also lists such rows in issues; error fails."`
	Infer      bool              `json:"infer_types" default:"true" doc:"Find the type of each column that types does not name: int, number, bool or text. Codes such as 007 or +49 stay text. Off, all cells are text." group:"Types"`
	Types      map[string]string `json:"types" doc:"Types of columns by name: text, int, number, bool, date, datetime or any." group:"Types"`
	BadCell    string            `json:"bad_cell" default:"keep" enum:"keep,null,error" doc:"What to do with a cell that does not fit its column's declared type: keep it as text, make it nil, or fail. The first two list it in issues." group:"Types"`
	Nulls      []string          `json:"null_values" doc:"Texts that stand for nil when they are not quoted, for instance NULL or n/a. An empty cell is nil in columns that are not text; write an empty text here to make it nil in all." group:"Types"`
	Decimal    string            `json:"decimal" default:"point" enum:"point,comma" doc:"Decimal separator of numbers." group:"Types"`
	Thousands  string            `json:"thousands" doc:"Separator between groups of three digits; numbers with one are text when empty." group:"Types"`
	DateFormat []string          `json:"date_formats" doc:"Formats of date and datetime columns, tried in order, for instance DD.MM.YYYY; ISO 8601 when empty." group:"Types"`
	Timezone   string            `json:"timezone" default:"UTC" doc:"Time zone of datetime columns without offset." group:"Types"`
}

// parsed is what reading gives.
type parsed struct {
	Rows       value.Rows        `json:"rows" doc:"Table: one map for each row."`
	Columns    []string          `json:"columns" doc:"Column names in the order of the text."`
	Types      map[string]string `json:"types" doc:"Types by column."`
	Count      int               `json:"count" doc:"Number of rows."`
	Issues     []issue           `json:"issues" doc:"The first 1000 things that were not as they should be."`
	IssueCount int               `json:"issue_count" doc:"Number of all of them."`
	Delimiter  string            `json:"delimiter" doc:"Delimiter given or found."`
}

type issue struct {
	Line   int    `json:"line" doc:"Line where the row begins, counted from 1."`
	Row    int    `json:"row" doc:"Index of the row in rows, counted from 0; -1 for the header."`
	Column string `json:"column" doc:"Column, when the issue is about one cell."`
	Reason string `json:"reason" doc:"What is wrong."`
}

// maxIssues bounds the issues listed.
const maxIssues = 1000

// rules are options made ready.
type rules struct {
	options
	dialect
	auto   bool // the delimiter is to be found
	format *table.Format
	nulls  map[string]bool
}

func (o options) compile() (*rules, error) {
	r := &rules{options: o, nulls: map[string]bool{}}
	var err error
	if r.auto = o.Delimiter == "auto" || o.Delimiter == ""; !r.auto {
		if r.delimiter, err = letter("delimiter", o.Delimiter); err != nil {
			return nil, err
		}
	}
	if r.quote, err = letter("quote", o.Quote); err != nil {
		return nil, err
	}
	if r.escape, err = letter("escape", o.Escape); err != nil {
		return nil, err
	}
	if r.comment, err = letter("comment", o.Comment); err != nil {
		return nil, err
	}
	if !r.auto && (r.delimiter == r.quote || r.delimiter == r.escape || r.delimiter == r.comment) {
		return nil, node.Fail(node.KindInput, "the delimiter is also the quote, escape or comment character", "choose different ones")
	}
	for _, n := range o.Nulls {
		r.nulls[n] = true
	}
	for _, c := range slices.Sorted(maps.Keys(o.Types)) {
		if !slices.Contains(table.Types, o.Types[c]) {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("the column %s has the type %s, which there is not", c, short(o.Types[c])), "the types are "+strings.Join(table.Types, ", "))
		}
	}
	for i, c := range o.Columns {
		if slices.Contains(o.Columns[:i], c) {
			return nil, node.Failf(node.KindInput, "the column %s is named twice", short(c))
		}
	}
	r.format, err = o.cells()
	return r, err
}

func (o options) cells() (*table.Format, error) {
	f := &table.Format{Thousands: o.Thousands}
	if o.Decimal == "comma" {
		f.Decimal = ","
	}
	if o.Thousands != "" && (o.Thousands == f.Decimal || o.Thousands == "." && f.Decimal == "") {
		return nil, node.Fail(node.KindInput, "decimal and thousands are the same separator", "set decimal to comma if numbers look like 1.234,50")
	}
	zone, err := calendar.Zone(o.Timezone)
	if err != nil {
		return nil, node.Failf(node.KindInput, "timezone: %v", err)
	}
	formats := o.DateFormat
	if len(formats) == 0 {
		formats = []string{"iso"}
	}
	dates, err := calendar.NewReader(formats, calendar.Refuse, 68, zone)
	if err != nil {
		return nil, node.Failf(node.KindInput, "date_formats: %v", err)
	}
	f.ReadDate = dates.Text
	return f, nil
}

// header makes the names of columns: given, from the first row, or numbered.
func (r *rules) header(first *record) []string {
	var names []string
	switch {
	case len(r.Columns) > 0:
		return slices.Clone(r.Columns)
	case first == nil:
	case r.Header == "none":
		names = make([]string, len(first.cells))
	default:
		for _, c := range first.cells {
			names = append(names, strings.TrimSpace(c))
		}
	}
	return distinct(names)
}

// distinct names empty columns by their number and numbers those that occur
// again: name, name_2, name_3.
func distinct(names []string) []string {
	taken := map[string]bool{}
	for _, n := range names {
		taken[n] = true
	}
	used := map[string]bool{}
	out := make([]string, len(names))
	for i, n := range names {
		base := n
		if n == "" {
			base = fmt.Sprintf("column_%d", i+1)
			n = base
		}
		for k := 2; used[n] || n != names[i] && taken[n]; k++ {
			n = fmt.Sprintf("%s_%d", base, k)
		}
		used[n] = true
		out[i] = n
	}
	return out
}
