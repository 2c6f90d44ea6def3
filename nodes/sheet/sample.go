package sheet

import (
	"bytes"

	"github.com/xuri/excelize/v2"
)

// ordersXLSX is a small workbook for examples.
var ordersXLSX = sampleXLSX(func(f *excelize.File) error {
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		return err
	}
	for at, v := range map[string]any{
		"A1": "Order", "B1": "Customer", "C1": "Date", "D1": "Amount",
		"A2": "007", "B2": "Müller", "C2": 46053, "D2": 1.5,
		"A3": "008", "B3": "Meier", "C3": 46054, "D3": 2.25,
	} {
		if err := f.SetCellValue("Sheet1", at, v); err != nil {
			return err
		}
	}
	if err := f.SetCellStyle("Sheet1", "C2", "C3", day); err != nil {
		return err
	}
	return f.SetSheetName("Sheet1", "Orders")
})

// twoXLSX is a workbook with two sheets.
var twoXLSX = sampleXLSX(func(f *excelize.File) error {
	if err := f.SetSheetName("Sheet1", "Prices"); err != nil {
		return err
	}
	_, err := f.NewSheet("Rates")
	return err
})

// sampleXLSX returns a workbook. It panics on a defect of the example.
func sampleXLSX(fill func(*excelize.File) error) string {
	f := excelize.NewFile()
	if err := fill(f); err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		panic(err)
	}
	return b.String()
}
