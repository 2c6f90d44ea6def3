package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[appendIn, appendOut]{
		Type:   "csv.append",
		Title:  "Append to CSV file",
		Doc:    "Adds rows at the end of a CSV file. Cells go under the columns of the file's header; a column that the header lacks is an error. A file that is missing or empty is begun with a header. Rows are appended once: after a crash in the middle the flow is asked what to do.",
		Effect: node.Once,
		Examples: []node.Example[appendIn, appendOut]{{
			Title: "A line of a log",
			In:    appendIn{File: "log.csv", source: source{Rows: value.RowsOf([]any{map[string]any{"what": "done", "when": "2026-01-02"}})}},
			Files: map[string]string{"log.csv": "when,what\n2026-01-01,started"},
			Out:   appendOut{File: "log.csv", Count: 1, Columns: []string{"when", "what"}},
		}},
		Check: func(in appendIn) error { return in.layout.check(in.Encoding) },
		Run:   appendRows,
	})
}

type appendIn struct {
	File string `json:"file" is:"required" widget:"file" doc:"Path of the file."`
	source
	layout
	Encoding string `json:"encoding" default:"utf-8" doc:"Encoding of the file. UTF-16 cannot be appended to."`
}

type appendOut struct {
	File    string   `json:"file" doc:"Path of the file."`
	Count   int      `json:"count" doc:"Number of rows appended."`
	Columns []string `json:"columns" doc:"Columns in the order of the file."`
	Created bool     `json:"created" doc:"Whether the file was missing or empty."`
}

func appendRows(ctx context.Context, env *node.Env, in appendIn) (appendOut, error) {
	if strings.HasPrefix(strings.ToLower(in.Encoding), "utf-16") || strings.EqualFold(in.Encoding, "utf16") {
		return appendOut{}, node.Fail(node.KindInput, "UTF-16 files cannot be appended to", "read the file, add the rows and write it with csv.write")
	}
	out := appendOut{File: in.File}
	newline, err := in.look(ctx, env, &out)
	if err != nil {
		return out, err
	}
	e, err := encodingNamed(in.Encoding)
	if err != nil {
		return out, err
	}
	f, err := in.openEnd(env)
	if err != nil {
		return out, err
	}
	dst, finish := encoded(f, e)
	w, err := in.writer(dst)
	if err == nil {
		if newline {
			_, _ = w.w.WriteString(w.end)
		}
		out.Count, err = w.table(ctx, in.Rows, out.Columns, out.Created && in.Header)
	}
	if err == nil {
		err = finish()
	}
	return out, encodingFailure(errors.Join(err, f.Close()), in.Encoding)
}

func (in appendIn) openEnd(env *node.Env) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_APPEND | os.O_CREATE
	f, err := env.Files.OpenFile(in.File, flags, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		if i := strings.LastIndexAny(in.File, `/\`); i > 0 {
			if err := env.Files.MkdirAll(in.File[:i]); err != nil {
				return nil, err
			}
			return env.Files.OpenFile(in.File, flags, 0o644)
		}
	}
	return f, err
}

// look finds the columns of the file and whether its last line is open.
func (in appendIn) look(ctx context.Context, env *node.Env, out *appendOut) (newline bool, err error) {
	have, err := in.columns(ctx, in.Rows)
	if err != nil {
		return false, err
	}
	f, err := env.Files.Open(in.File)
	if errors.Is(err, fs.ErrNotExist) {
		out.Created, out.Columns = true, have
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	if size == 0 {
		out.Created, out.Columns = true, have
		return false, nil
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], size-1); err != nil {
		return false, err
	}
	newline = last[0] != '\n' && last[0] != '\r'
	if !in.Header {
		out.Columns = have
		return newline, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	if out.Columns, err = in.fileColumns(f); err != nil {
		return false, err
	}
	// With columns given, others are left out on purpose.
	for _, c := range have {
		if !slices.Contains(out.Columns, c) {
			return false, node.Fail(node.KindInput, fmt.Sprintf("the file %s has no column %s", in.File, table.Quote(c)), "its columns are "+strings.Join(out.Columns, ", "))
		}
	}
	return newline, nil
}

func (in appendIn) fileColumns(f io.Reader) ([]string, error) {
	text, _, err := decoded(f, in.Encoding)
	if err != nil {
		return nil, err
	}
	d, err := letter("delimiter", in.Delimiter)
	if err != nil {
		return nil, err
	}
	head, err := text.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	s := newScanner(text, dialect{delimiter: d, quote: '"'})
	if _, ok := separatorLine(string(head)); ok {
		if err := s.skipLines(1); err != nil {
			return nil, err
		}
	}
	rec, err := s.next()
	if err != nil {
		return nil, fmt.Errorf("reading the header of %s: %w", in.File, err)
	}
	names := make([]string, len(rec.cells))
	for i, c := range rec.cells {
		names[i] = strings.TrimSpace(c)
	}
	return distinct(names), nil
}
