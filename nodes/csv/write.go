package csv

import (
	"context"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	people := value.RowsOf([]any{map[string]any{"name": "Ada", "note": "=1+1"}, map[string]any{"name": "Müller; Sohn", "note": nil}})
	node.Register(node.Spec[writeIn, writeOut]{
		Type:   "csv.write",
		Title:  "Write CSV file",
		Doc:    "Writes a table to a CSV file, in one step: a reader sees the old file or the new one. The file may be larger than memory. Without `columns` the columns come sorted by name, for rows have no order of columns.",
		Effect: node.Idempotent,
		Examples: []node.Example[writeIn, writeOut]{{
			Title: "For German Excel",
			In:    writeIn{File: "out/people.csv", source: source{Rows: people}, BOM: true, layout: layout{Delimiter: "semicolon", Columns: []string{"name", "note"}}},
			Out:   writeOut{File: "out/people.csv", Count: 2, Columns: []string{"name", "note"}, Size: 43},
		}},
		Check: func(in writeIn) error { return in.check(in.Encoding) },
		Run:   write,
	})
	node.Register(node.Spec[formatIn, formatOut]{
		Type:   "csv.format",
		Title:  "Format CSV text",
		Doc:    "Writes a table as a text in CSV form. The text must fit in memory.",
		Effect: node.Pure,
		Examples: []node.Example[formatIn, formatOut]{{
			Title: "A guarded formula",
			In:    formatIn{source: source{Rows: people}, layout: layout{Newline: "lf"}},
			Out:   formatOut{Text: "name,note\nAda,'=1+1\nMüller; Sohn,\n", Count: 2, Columns: []string{"name", "note"}},
		}, {
			Title: "Every text quoted",
			In:    formatIn{source: source{Rows: value.RowsOf([]any{map[string]any{"a": "x", "b": 1.5}})}, layout: layout{Quoting: "text", Decimal: "comma", Delimiter: ";"}},
			Out:   formatOut{Text: "\"a\";\"b\"\r\n\"x\";1,5\r\n", Count: 1, Columns: []string{"a", "b"}},
		}},
		Check: func(in formatIn) error { return in.check("utf-8") },
		Run:   format,
	})
}

type source struct {
	Rows value.Rows `json:"rows" is:"required" doc:"Table to write: a list of maps."`
}

type writeIn struct {
	File string `json:"file" is:"required" widget:"file" doc:"Path of the file. Missing folders are made; a file that is there is replaced."`
	source
	layout
	Encoding string `json:"encoding" default:"utf-8" doc:"Encoding: utf-8, utf-16, windows-1252 or another name of the WHATWG list. A letter that it lacks is an error."`
	BOM      bool   `json:"bom" doc:"Begin a UTF-8 file with a byte order mark, by which Excel recognises it."`
}

type writeOut struct {
	File    string   `json:"file" doc:"Path of the file."`
	Count   int      `json:"count" doc:"Number of rows written."`
	Columns []string `json:"columns" doc:"Columns in the order written."`
	Size    int      `json:"size" doc:"Size of the file in bytes."`
}

func (l layout) check(encoding string) error {
	if _, err := l.writer(io.Discard); err != nil {
		return err
	}
	_, err := encodingNamed(encoding)
	return err
}

func write(ctx context.Context, env *node.Env, in writeIn) (writeOut, error) {
	columns, err := in.columns(ctx, in.Rows)
	if err != nil {
		return writeOut{}, err
	}
	e, err := encodingNamed(in.Encoding)
	if err != nil {
		return writeOut{}, err
	}
	out := writeOut{File: in.File, Columns: columns}
	err = env.Files.WriteAtomic(in.File, 0o644, func(f io.Writer) error {
		counter := &counting{w: f}
		if e == nil && in.BOM {
			if _, err := counter.Write(bomUTF8); err != nil {
				return err
			}
		}
		dst, finish := encoded(counter, e)
		w, err := in.writer(dst)
		if err != nil {
			return err
		}
		if out.Count, err = w.table(ctx, in.Rows, columns, in.Header); err != nil {
			return encodingFailure(err, in.Encoding)
		}
		err = finish()
		out.Size = counter.n
		return encodingFailure(err, in.Encoding)
	})
	return out, err
}

// encoded returns a writer that takes UTF-8, and what ends it.
func encoded(w io.Writer, e encoding.Encoding) (io.Writer, func() error) {
	if e == nil {
		return w, func() error { return nil }
	}
	t := transform.NewWriter(w, e.NewEncoder())
	return t, t.Close
}

// encodingFailure explains the error of an encoder that lacks a letter.
func encodingFailure(err error, name string) error {
	if err == nil || !strings.Contains(err.Error(), "encoding:") {
		return err
	}
	return node.Fail(node.KindInput, "a cell holds a letter that "+name+" does not have", "write the file in utf-8")
}

// counting counts the bytes written.
type counting struct {
	w io.Writer
	n int
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += n
	return n, err
}

type formatIn struct {
	source
	layout
}

type formatOut struct {
	Text    string   `json:"text" doc:"The table in CSV form."`
	Count   int      `json:"count" doc:"Number of rows."`
	Columns []string `json:"columns" doc:"Columns in the order written."`
}

func format(ctx context.Context, _ *node.Env, in formatIn) (formatOut, error) {
	columns, err := in.columns(ctx, in.Rows)
	if err != nil {
		return formatOut{}, err
	}
	var b strings.Builder
	w, err := in.writer(&b)
	if err != nil {
		return formatOut{}, err
	}
	n, err := w.table(ctx, in.Rows, columns, in.Header)
	return formatOut{Text: b.String(), Count: n, Columns: columns}, err
}
