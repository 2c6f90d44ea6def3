package challenge

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/xuri/excelize/v2"
)

// records is how many rows the sheet claims to have.
const records = 1000

// WorkbookHeader returns the first row of the workbook. One heading ends with a space: who looks for "Last Name"
// must not stumble over it.
func WorkbookHeader() []string {
	return []string{"First Name", "Last Name ", "Company Name", "Role in Company", "Address", "Email", "Phone Number"}
}

// Workbook returns the challenge's workbook. It holds the traps that people meet in workbooks of other people: a
// heading with a space at its end, phone numbers that are numbers, and a thousand rows (A1:H1000 with formatted
// cells) of which ten hold data.
func Workbook() ([]byte, error) {
	data, err := workbook()
	if err != nil {
		return nil, fmt.Errorf("making the challenge's workbook: %w", err)
	}
	return bytes.Clone(data), nil
}

// workbook is made once: it is the same each time, and takes a while.
var workbook = sync.OnceValues(makeWorkbook)

func makeWorkbook() ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }() // it is in memory only
	const sheet = "Sheet1"
	for i, title := range WorkbookHeader() {
		if err := put(f, sheet, i+1, 1, title); err != nil {
			return nil, err
		}
	}
	for row, p := range people {
		for col, value := range p {
			var cell any = value
			if Field(col) == Phone {
				cell = p.phone()
			}
			if err := put(f, sheet, col+1, row+2, cell); err != nil {
				return nil, err
			}
		}
	}
	plain, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Family: "Calibri", Size: 11}, Alignment: &excelize.Alignment{Vertical: "bottom"}})
	if err != nil {
		return nil, err
	}
	// A format on every cell makes a record of every row, as a workbook has that somebody formatted by columns.
	if err := f.SetCellStyle(sheet, "A1", fmt.Sprintf("H%d", records), plain); err != nil {
		return nil, err
	}
	for row := 1; row <= records; row++ {
		if err := f.SetRowHeight(sheet, row, 15); err != nil {
			return nil, err
		}
	}
	if err := f.SetColWidth(sheet, "A", "H", 22); err != nil {
		return nil, err
	}
	if err := f.SetSheetDimension(sheet, fmt.Sprintf("A1:H%d", records)); err != nil {
		return nil, err
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func put(f *excelize.File, sheet string, col, row int, value any) error {
	cell, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		return err
	}
	return f.SetCellValue(sheet, cell, value)
}
