package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
)

// cursor is the result of a query, read row by row.
type cursor struct {
	cols []column
	// next returns the cells of the next row as canonical values, io.EOF after
	// the last. The slice is used again for the row after it.
	next func() ([]any, error)
	done bool // next came to the end
}

// column is what is known of a result column.
type column struct {
	name   string
	driver string
	kind   string // the database's name of the type, in upper case
}

func (s *session) cursorOf(rows *sql.Rows) (*cursor, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	cur := &cursor{cols: columnsOf(names)}
	for i := range cur.cols {
		cur.cols[i].driver, cur.cols[i].kind = s.c.Driver, strings.ToUpper(types[i].DatabaseTypeName())
	}
	cells, into := make([]any, len(names)), make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	n := 0
	cur.next = func() ([]any, error) {
		if !rows.Next() {
			if err := rows.Err(); err != nil {
				return nil, err
			}
			cur.done = true
			return nil, io.EOF
		}
		n++
		clear(cells)
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, c := range cur.cols {
			v, err := canonical(cells[i], c, s.exact)
			if err != nil {
				return nil, node.Failf(node.KindInput, "row %d, column %s: %v", n, c.name, err)
			}
			cells[i] = v
		}
		return cells, nil
	}
	return cur, nil
}

// columnsOf gives columns their names: those without one get one, and equal
// ones a number.
func columnsOf(names []string) []column {
	taken := map[string]bool{} // names that columns have by right
	for _, n := range names {
		taken[n] = true
	}
	used := map[string]bool{}
	out := make([]column, len(names))
	for i, base := range names {
		if base == "" {
			base = fmt.Sprintf("column_%d", i+1)
		}
		n := base
		for k := 2; used[n]; k++ {
			if n = fmt.Sprintf("%s_%d", base, k); taken[n] {
				n = base
			}
		}
		used[n] = true
		out[i] = column{name: n}
	}
	return out
}

func (cur *cursor) names() []string {
	out := make([]string, len(cur.cols))
	for i, c := range cur.cols {
		out[i] = c.name
	}
	return out
}

// each calls yield with every row as a map until it returns false.
func (cur *cursor) each(ctx context.Context, yield func(map[string]any) bool) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		cells, err := cur.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		row := make(map[string]any, len(cells))
		for i, c := range cur.cols {
			row[c.name] = cells[i]
		}
		if !yield(row) {
			return nil
		}
	}
}

// mostLooked is how many rows a step holds in memory that returns them as a
// plain list.
const mostLooked = 10000

// collect returns the rows of a statement, for results that are small.
func (s *session) collect(ctx context.Context, st statement) (out []map[string]any, err error) {
	err = s.query(ctx, st, func(cur *cursor) error {
		more := false
		err := cur.each(ctx, func(r map[string]any) bool {
			if more = len(out) == mostLooked; more {
				return false
			}
			out = append(out, r)
			return true
		})
		if err == nil && more {
			return node.Fail(node.KindInput, fmt.Sprintf("the statement returns more than %d rows", mostLooked), "read tables of any size with db.query")
		}
		return err
	})
	return out, err
}

// list turns maps into a canonical list.
func list(rows []map[string]any) []any {
	out := make([]any, len(rows))
	for i, r := range rows {
		out[i] = r
	}
	return out
}
