// Package book reads workbooks as streams of typed cells and writes simple
// ones: xlsx (Office Open XML), ods and fods (OpenDocument) and CSV texts.
//
// The readers hold one row at a time, so a sheet may be larger than memory.
// They are made for files of strangers: a file is never believed about its own
// size, what it unpacks to is bounded, document type definitions are refused,
// and cells that claim to be repeated a million times are counted before they
// are made. Only cells that hold something are given out: the used range that
// a file claims, and rows that are there for their formats alone, do not count.
package book

import (
	"errors"
	"fmt"
	"time"
)

// Limits of the xlsx format, which hold for every workbook here.
const (
	MaxRows    = 1 << 20
	MaxColumns = 1 << 14
)

// ErrStop ends the reading without an error when the function that Each calls
// returns it.
var ErrStop = errors.New("stop reading")

// BadError says that a file is not as its format asks.
type BadError struct {
	Reason string
}

// Error implements error.
func (e *BadError) Error() string { return e.Reason }

// LimitError says that a file is larger than it may be.
type LimitError struct {
	Reason string
}

// Error implements error.
func (e *LimitError) Error() string { return e.Reason }

func bad(format string, args ...any) error { return &BadError{fmt.Sprintf(format, args...)} }

func tooLarge(format string, args ...any) error { return &LimitError{fmt.Sprintf(format, args...)} }

// Limits bounds the work on one workbook.
type Limits struct {
	// Unpacked is the most bytes that a part of the file may unpack to.
	Unpacked int64
	// Repeated is the most cells that a sheet may hold by way of repetition.
	Repeated int
	// Temp returns a folder for a table of texts that is too large for memory.
	Temp func() (string, error)
}

// Sheet is one sheet of a workbook.
type Sheet struct {
	Name   string
	Hidden bool
	// Kind is worksheet, or chartsheet, dialogsheet or macrosheet, which have no
	// cells.
	Kind string
	part string // xlsx: the part of the file
	n    int    // ods: its number
}

// Name is a name that a workbook gives to a range.
type Name struct {
	Name  string
	Refer string // for instance Sheet1!$A$1:$B$2
	Sheet string // the only sheet that knows it; empty for all
}

// Table is a table (list object) of a sheet.
type Table struct {
	Name  string
	Sheet string
	Range Range
}

// Workbook is an open workbook. It is safe for use by one goroutine at a time.
type Workbook interface {
	// Sheets lists the sheets in their order.
	Sheets() []Sheet
	// Names lists the names of ranges.
	Names() []Name
	// Tables lists the tables of all sheets.
	Tables() ([]Table, error)
	// Each calls do with each row that holds something, from top to bottom. The
	// row is valid during the call only.
	Each(sheet Sheet, do func(*Row) error) error
	// Merges lists the merged ranges of a sheet.
	Merges(sheet Sheet) ([]Range, error)
	// Close removes temporary files. The file itself stays open.
	Close() error
}

// Row is a row of a sheet.
type Row struct {
	Number int // from 1
	Hidden bool
	Cells  []Cell // those that hold something, from left to right
}

// Cell is a cell that holds something.
type Cell struct {
	Column int // from 1
	// Value is nil (a formula without a result), bool, int, float64, string,
	// Date or Error.
	Value any
	// Formula reports whether the cell has a formula, Array whether that is an
	// array formula.
	Formula, Array bool
	// Dated is the kind of date that the format of the cell shows; NoDate if it
	// shows none.
	Dated int
}

// Error is an error value of a cell, such as #N/A.
type Error string

// Kinds of dates.
const (
	Day      = iota // a day of the calendar
	Time            // a day and a time
	Clock           // a time of the day
	Duration        // a length of time
)

// Date is a date or time of a cell. Workbooks know no time zones.
type Date struct {
	Kind   int
	Wall   time.Time     // Day, Time: as the clock on the wall has it, in UTC
	Length time.Duration // Clock, Duration
}

// String returns the date in ISO 8601, a time of the day as 15:04:05 and a
// length of time as hours, minutes and seconds, for instance 30:05:00.
func (d Date) String() string {
	switch d.Kind {
	case Day:
		return d.Wall.Format("2006-01-02")
	case Time:
		return d.Wall.Format("2006-01-02T15:04:05.999")
	}
	n, sign := d.Length, ""
	if n < 0 {
		n, sign = -n, "-"
	}
	ms := n.Milliseconds()
	s := fmt.Sprintf("%s%02d:%02d:%02d", sign, ms/3_600_000, ms/60_000%60, ms/1000%60)
	if ms %= 1000; ms > 0 {
		s += fmt.Sprintf(".%03d", ms)
	}
	return s
}
