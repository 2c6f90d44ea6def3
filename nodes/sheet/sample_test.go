package sheet

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// freshOrders is a small workbook.
func freshOrders(t *testing.T) string {
	return sampleXLSX(t, func(f *excelize.File) error {
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
}

// freshTwo is a workbook with two sheets.
func freshTwo(t *testing.T) string {
	return sampleXLSX(t, func(f *excelize.File) error {
		if err := f.SetSheetName("Sheet1", "Prices"); err != nil {
			return err
		}
		_, err := f.NewSheet("Rates")
		return err
	})
}

// sampleXLSX returns a workbook.
func sampleXLSX(t *testing.T, fill func(*excelize.File) error) string {
	t.Helper()
	f := excelize.NewFile()
	var b bytes.Buffer
	err := fill(f)
	if err == nil {
		err = f.Write(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The workbooks of the examples hold what is written here. UPDATE=1 makes them anew.
func TestSamples(t *testing.T) {
	for name, s := range map[string]struct{ kept, fresh string }{"orders.xlsx": {ordersXLSX, freshOrders(t)}, "two.xlsx": {twoXLSX, freshTwo(t)}} {
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile("sample/"+name, []byte(s.fresh), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var all []map[string][][]string
		for _, text := range []string{s.kept, s.fresh} {
			f, err := excelize.OpenReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			sheets := map[string][][]string{}
			for _, n := range f.GetSheetList() {
				if sheets[n], err = f.GetRows(n); err != nil {
					t.Fatal(err)
				}
			}
			all = append(all, sheets)
		}
		if !reflect.DeepEqual(all[0], all[1]) {
			t.Errorf("sample/%s holds %v, want %v: UPDATE=1 go test ./nodes/sheet -run TestSamples", name, all[0], all[1])
		}
	}
}
