package challenge_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/internal/testsite/challenge"
)

func TestWorkbookTraps(t *testing.T) {
	v := visit(t, "")
	code, text := v.get("assets/downloadFiles/challenge.xlsx")
	if code != 200 {
		t.Fatalf("the download answers %d", code)
	}
	if len(v.ledger.All("challenge.download")) != 1 {
		t.Error("the download is not in the ledger")
	}
	zr, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := zr.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	sheet := string(raw)
	if !strings.Contains(sheet, `<dimension ref="A1:H1000">`) {
		t.Error("the dimension is not A1:H1000")
	}
	if n := strings.Count(sheet, "<row "); n != 1000 {
		t.Errorf("%d row records, want 1000", n)
	}
	if n := strings.Count(sheet, `<v>40716543298</v>`); n != 1 {
		t.Errorf("the first phone number is %d times a plain number, want once", n)
	}

	book, err := excelize.OpenReader(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for cell, want := range map[string]string{"A1": "First Name", "B1": "Last Name ", "G1": "Phone Number", "A2": "Marta", "A11": "Dmitri", "A12": ""} {
		if got, err := book.GetCellValue("Sheet1", cell); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", cell, got, err, want)
		}
	}
	for row, p := range challenge.People() {
		for col := range p {
			cell, _ := excelize.CoordinatesToCellName(col+1, row+2)
			got, err := book.GetCellValue("Sheet1", cell, excelize.Options{RawCellValue: true})
			if err != nil || got != p[col] {
				t.Errorf("%s is %q (%v), want %q", cell, got, err, p[col])
			}
			kind, err := book.GetCellType("Sheet1", cell)
			number := kind == excelize.CellTypeNumber || kind == excelize.CellTypeUnset
			if err != nil || number != (challenge.Field(col) == challenge.Phone) {
				t.Errorf("%s is of type %d (%v)", cell, kind, err)
			}
		}
	}
}
