// Package sheet holds the nodes that read, write and change spreadsheets:
// Excel workbooks (.xlsx, .xlsm), OpenDocument spreadsheets (.ods) and CSV.
//
// Reading goes through package book, which holds one row at a time. Changes go
// through excelize, which holds the whole workbook, and are therefore bounded
// by max_size and max_cells. No workbook stays open between nodes: each node
// opens the file, does its work and replaces the file in one step, so several
// changes belong in one node (sheet.write_cells takes many cells at once).
package sheet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/vault"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.RegisterFamily(node.Family{Name: "sheet", Title: "Spreadsheets", Doc: "Read, write, change and convert Excel workbooks (.xlsx), OpenDocument spreadsheets (.ods) and CSV files."})
}

// source is the file that a node reads.
type source struct {
	File     string       `json:"file" is:"required" widget:"file" doc:"Spreadsheet to read: .xlsx, .xlsm, .ods, .fods or .csv. The content decides what it is, not the name."`
	Password vault.Secret `json:"password" doc:"Password to open the workbook, if it is encrypted (.xlsx only)."`
	limits
}

type limits struct {
	Timeout time.Duration `json:"timeout" default:"15m" min:"0.001" group:"Limits" is:"advanced" doc:"How long the work on the file may take."`
	MaxSize int           `json:"max_size" default:"4294967296" min:"1" group:"Limits" is:"advanced" doc:"Most bytes that a part of the file may have once unpacked. The default is 4 GiB; rows are read one at a time, so this is not memory."`
}

// where chooses a sheet.
type where struct {
	Sheet string `json:"sheet" doc:"Name of the sheet, or its number counted from 1. Empty is the first sheet that is not hidden."`
}

func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// maxRepeated bounds the cells that an ods file makes by repetition.
const maxRepeated = 20_000_000

// maxEncrypted bounds files that are decrypted, which is done in memory.
const maxEncrypted = 256 << 20

// workbook is an open file.
type workbook struct {
	book.Workbook
	env       *node.Env
	source    source
	kind      string
	encrypted bool
	data      io.ReaderAt
	size      int64
	file      *os.File
	oracle    *oracle
}

// with opens the file and calls use with it. The work goes on in a goroutine of
// its own, so that a file which makes a library loop or panic fails the node
// and nothing else.
func (s source) with(ctx context.Context, env *node.Env, use func(ctx context.Context, w *workbook) error) error {
	inner, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	err := guarded(inner, func() error {
		w, err := s.open(inner, env, 1)
		if err != nil {
			return err
		}
		defer w.close()
		return use(inner, w)
	})
	return s.tell(ctx, err)
}

// open opens the file; head is the number of rows of a CSV file that are
// titles.
func (s source) open(ctx context.Context, env *node.Env, head int) (*workbook, error) {
	f, err := env.Files.Open(s.File)
	if err != nil {
		return nil, err
	}
	w := &workbook{env: env, source: s, file: f, data: f}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = input("give the path of a spreadsheet", "%s is a folder", s.File)
	case info.Size() == 0 && !strings.HasSuffix(strings.ToLower(s.File), ".csv"):
		err = input("check where the file comes from", "%s is empty", s.File)
	default:
		w.size = info.Size()
		err = w.recognise(ctx, head)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *workbook) close() {
	if w.Workbook != nil {
		_ = w.Workbook.Close()
	}
	if w.oracle != nil {
		_ = w.oracle.f.Close()
	}
	_ = w.file.Close()
}

func (w *workbook) limits() book.Limits {
	// A repeated cell is work as a written one is, so max_size bounds both.
	return book.Limits{Unpacked: int64(w.source.MaxSize), Repeated: min(maxRepeated, w.source.MaxSize/16), Temp: w.env.TempDir}
}

// recognise opens the file as what it is.
func (w *workbook) recognise(ctx context.Context, head int) error {
	var err error
	if w.kind, err = book.Sniff(w.data, w.size); err != nil {
		return err
	}
	if w.kind == book.KindEncrypted {
		if err := w.decrypt(ctx); err != nil {
			return err
		}
	}
	name := w.source.File
	switch w.kind {
	case book.KindXLSX:
		var x *book.XLSX
		if x, err = book.OpenXLSX(w.data, w.size, w.limits()); err == nil {
			w.Workbook = x
		}
	case book.KindODS, book.KindFODS:
		var o *book.ODS
		if o, err = book.OpenODS(w.data, w.size, w.kind == book.KindFODS, w.limits()); err == nil {
			w.Workbook = o
		}
	case book.KindCSV:
		if low := strings.ToLower(name); strings.HasSuffix(low, ".xlsx") || strings.HasSuffix(low, ".xlsm") || strings.HasSuffix(low, ".ods") {
			// A broken download more often than a CSV file of that name, but it reads.
			w.env.Log.Warn("file holds text although its name says workbook", "file", name)
		}
		w.Workbook = book.OpenCSV(w.data, w.size, head)
	case book.KindXLS:
		err = input("open it in Excel or LibreOffice and save it as .xlsx, or convert it with soffice --convert-to xlsx", "%s is in the old binary format (.xls of Excel 97-2003), which is not supported", name)
	case book.KindXLSB:
		err = input("open it in Excel and save it as .xlsx", "%s is a binary workbook (.xlsb), which is not supported", name)
	case book.KindHTML:
		err = input("read it with the html nodes, or open it in Excel and save it as .xlsx", "%s is a web page, whatever its name says", name)
	case book.KindXML:
		err = input("open it in Excel or LibreOffice and save it as .xlsx", "%s is XML of another kind, perhaps Excel 2003 XML", name)
	default:
		err = input("check the file; it should be .xlsx, .ods or .csv", "%s is no spreadsheet but %s", name, map[string]string{book.KindPDF: "a PDF file", book.KindZip: "an archive of another kind", book.KindBinary: "binary data"}[w.kind])
	}
	return err
}

// panicError is what a library died of.
type panicError struct{ what any }

func (p *panicError) Error() string { return fmt.Sprintf("its content broke the reader: %v", p.what) }

// guarded runs op, turns a panic into an error, and stops waiting when ctx ends.
// What op writes to may be read only if there is no error.
func guarded(ctx context.Context, op func() error) error {
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			if p := recover(); p != nil {
				err = &panicError{p}
			}
			done <- err
		}()
		err = op()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tell says what is wrong in words a person understands.
func (s source) tell(ctx context.Context, err error) error {
	var f *node.Failure
	var outside *workspace.OutsideError
	var broken *book.BadError
	var large *book.LimitError
	var pe *fs.PathError
	var dead *panicError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &f), errors.As(err, &outside):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return node.Fail(node.KindTimeout, fmt.Sprintf("the work on %s took longer than %s", s.File, s.Timeout), "raise timeout, or read a smaller range")
	case errors.Is(err, book.ErrEncryptedODS):
		return node.Fail(node.KindDenied, s.File+" is an encrypted OpenDocument file, which is not supported", "open it in LibreOffice and save it without a password")
	case errors.As(err, &large):
		return input("raise max_size or max_cells if the file can be trusted", "%s is too large: %v", s.File, large)
	case errors.As(err, &broken):
		return input("open the file in Excel or LibreOffice and save it again, or ask for a new copy", "%s cannot be read: %v", s.File, broken)
	case errors.As(err, &dead):
		return input("open the file in Excel or LibreOffice and save it again", "%s cannot be processed: %s", s.File, firstLine(dead.Error()))
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, s.File+" does not exist", "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, err.Error(), "check the rights of the file and of its folder")
	case errors.As(err, &pe):
		return node.Fail(node.KindError, err.Error(), "")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return input("open the file in Excel or LibreOffice and save it again", "%s cannot be processed: a part of it is missing or ends too early", s.File)
	}
	return input("open the file in Excel or LibreOffice and save it again, or check the params", "%s cannot be processed: %s", s.File, firstLine(err.Error()))
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// short quotes a text for an error, cut to a length that reads.
func short(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return `"` + s + `"`
}
