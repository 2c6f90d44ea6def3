package db

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aether-rpa/aether/node"
)

// copy streams the rows to PostgreSQL by COPY. The server says in which line
// it found something wrong.
func (l *loader) copy(ctx context.Context) error {
	next, stop := iter.Pull2(l.each(ctx))
	defer stop()
	first, err, ok := next()
	if err != nil || !ok {
		return err
	}
	table, columns, err := l.names()
	if err != nil {
		return err
	}
	list := strings.Join(columns, ", ")
	err = l.s.raw(func(conn *pgx.Conn) error {
		d, err := conn.Prepare(ctx, "", "select "+list+" from "+table+" where false")
		if err != nil {
			return err
		}
		arrays := make([]bool, len(d.Fields))
		for i, f := range d.Fields {
			if arrays[i], err = isArray(ctx, conn, f.DataTypeOID); err != nil {
				return err
			}
		}
		r, w := io.Pipe()
		done := make(chan error, 1)
		go func() {
			err := l.write(w, arrays, first, next)
			_ = w.CloseWithError(err)
			done <- err
		}()
		tag, err := conn.PgConn().CopyFrom(ctx, r, "COPY "+table+" ("+list+") FROM STDIN")
		_ = r.CloseWithError(io.ErrClosedPipe) // the writer may wait for nobody
		wrong := <-done
		if wrong != nil && !answered(err) {
			return wrong
		}
		l.out.Affected = int(tag.RowsAffected())
		return err
	})
	if err == nil {
		return nil
	}
	doing := "the rows were not taken"
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if m := copyLine.FindStringSubmatch(pg.Where); m != nil {
			doing = "row " + m[1]
		}
	}
	f := *node.AsFailure(l.s.c.fail(cause(ctx, err), doing))
	f.Message += "; nothing was added"
	return &f
}

// copyLine is where the server says which row was wrong.
var copyLine = regexp.MustCompile(`, line (\d+)`)

// write writes rows in the text form of COPY.
func (l *loader) write(w io.Writer, arrays []bool, row []any, next func() ([]any, error, bool)) error {
	b := bufio.NewWriterSize(w, 64<<10)
	for n := 1; ; n++ {
		for i, a := range row {
			if i > 0 {
				_ = b.WriteByte('\t') // a failure shows at the end of the row
			}
			if err := writeCell(b, a, arrays[i]); err != nil {
				return node.Fail(node.KindInput, fmt.Sprintf("row %d, column %s: %v", n, l.out.Columns[i], err), "look at the value")
			}
		}
		if err := b.WriteByte('\n'); err != nil {
			return err
		}
		l.progress()
		var err error
		var ok bool
		if row, err, ok = next(); err != nil {
			return err
		}
		if !ok {
			return b.Flush()
		}
	}
}

var copyEscapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// writeCell writes one value; that writing failed shows at the end of the row.
func writeCell(b *bufio.Writer, a any, array bool) error {
	switch x := textArg(a).(type) {
	case nil:
		_, _ = b.WriteString(`\N`)
	case string:
		_, _ = copyEscapes.WriteString(b, x)
	case []byte:
		fmt.Fprintf(b, `\\x%x`, x)
	case jsonArg:
		text := x.text
		if list, ok := x.value.([]any); ok && array {
			var err error
			if text, err = arrayText(list); err != nil {
				return err
			}
		}
		_, _ = copyEscapes.WriteString(b, text)
	}
	return nil
}
