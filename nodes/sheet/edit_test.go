package sheet

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

// orders returns an environment with the sample workbook.
func orders(t testing.TB) *node.Env {
	t.Helper()
	env := nodetest.Env(t)
	put(t, env, "o.xlsx", []byte(ordersXLSX))
	return env
}

func rowsOf(t testing.TB, env *node.Env, file string, in params) string {
	t.Helper()
	all := params{"file": file}
	for k, v := range in {
		all[k] = v
	}
	return js(t, do(t, env, "sheet.read", all)["rows"])
}

func grid(t testing.TB, env *node.Env, file, at string) string {
	t.Helper()
	return js(t, do(t, env, "sheet.read_range", params{"file": file, "range": at})["cells"])
}

func TestWriteCells(t *testing.T) {
	env := orders(t)
	do(t, env, "sheet.write_cells", params{"file": "o.xlsx", "cells": params{"A2": "00042", "B2": "=1+1", "C2": "2027-12-24", "D2": 123456789012345678, "E2": true, "F2": nil, "G2": []any{1, "a"}, "H2": "2026-01-02T03:04:05Z", "B3": nil, "I2": "-5", "J2": "a\x01b\nc\r"},
		"formula_cells": params{"D4": "SUM(D3:D3)*2", "E4": "=B2&\"!\""}})
	want := `[["Order","Customer","Date","Amount",null,null,null,null,null,null],["00042","=1+1","2027-12-24","123456789012345678",true,null,"[1,\"a\"]","2026-01-02T03:04:05Z","-5","ab\nc\n"],["008",null,"2026-02-01",2.25,null,null,null,null,null,null],[null,null,null,4.5,"=1+1!",null,null,null,null,null]]`
	if got := grid(t, env, "o.xlsx", ""); got != want && got != strings.Replace(want, `c\n"`, `c\r"`, 1) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	c := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "D4"})
	if c["formula"] != true || c["type"] != "number" {
		t.Errorf("D4 is %s", js(t, c))
	}
	if c := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "D4", "values": "formulas"}); c["value"] != "=SUM(D3:D3)*2" {
		t.Errorf("D4 is %s", js(t, c))
	}
	for typ, in := range map[string]params{
		"sheet.write_cell":  {"cell": "A1:B2", "value": 1},
		"sheet.write_cells": {"cells": params{"A1": 1, "$a$1": 2}},
		"sheet.read_cell":   {"cell": "A1:XFE1"},
		"sheet.read_range":  {"range": "A0:B2"},
		"sheet.write_range": {"start": "XFD1", "cells": []any{[]any{1, 2}}},
		"sheet.read":        {"range": "A1:B1048577"},
	} {
		in["file"] = "o.xlsx"
		fails(t, env, typ, in, node.KindInput, "")
	}
	fails(t, env, "sheet.write_cell", params{"file": "o.xlsx", "cell": "A1", "value": strings.Repeat("x", 40000)}, node.KindInput, "32767")
	fails(t, env, "sheet.write_cell", params{"file": "o.xlsx", "cell": "nowhere", "value": 1}, node.KindNotFound, "nowhere")
	fails(t, env, "sheet.write_cell", params{"file": "o.xlsx", "sheet": "None", "cell": "A1", "value": 1}, node.KindNotFound, "its sheets are Orders")
	fails(t, env, "sheet.write_cell", params{"file": "none.xlsx", "cell": "A1", "value": 1}, node.KindNotFound, "none.xlsx does not exist")
}

// TestStaleResults changes what a formula depends on: its stored result must
// not be read any more.
func TestStaleResults(t *testing.T) {
	env := testdata(t)
	do(t, env, "sheet.write_cell", params{"file": "ledger.xlsx", "cell": "E2", "value": 1, "to": "new.xlsx"})
	if got := do(t, env, "sheet.read_cell", params{"file": "new.xlsx", "cell": "E4"})["value"]; got != 123456789012346 {
		t.Errorf("the sum is %v", got)
	}
	if got := do(t, env, "sheet.read_cell", params{"file": "ledger.xlsx", "cell": "E4"})["value"]; got != 123456789013580 {
		t.Errorf("the old sum is %v", got)
	}
	do(t, env, "sheet.format", params{"file": "ledger.xlsx", "range": "A1", "bold": "yes"})
	if got := do(t, env, "sheet.read_cell", params{"file": "ledger.xlsx", "cell": "E4"})["value"]; got != 123456789013580 {
		t.Errorf("formatting lost the result: %v", got)
	}
}

func TestAppendAndUpdate(t *testing.T) {
	env := orders(t)
	do(t, env, "sheet.add_table", params{"file": "o.xlsx", "name": "T"})
	row := []any{params{"Order": "009", "Date": "2026-03-01", "Amount": 7}}
	do(t, env, "sheet.append", params{"file": "o.xlsx", "rows": row})
	fails(t, env, "sheet.append", params{"file": "o.xlsx", "rows": []any{params{"Nope": 1}}}, node.KindInput, "has no column")
	do(t, env, "sheet.append", params{"file": "o.xlsx", "rows": []any{params{"Order": "010", "Extra": 1}}, "new_columns": "add"})
	want := `[{"Amount":1.5,"Customer":"Müller","Date":"2026-01-31","Extra":null,"Order":"007"},{"Amount":2.25,"Customer":"Meier","Date":"2026-02-01","Extra":null,"Order":"008"},` +
		`{"Amount":7,"Customer":null,"Date":"2026-03-01","Extra":null,"Order":"009"},{"Amount":null,"Customer":null,"Date":null,"Extra":1,"Order":"010"}]`
	if got := rowsOf(t, env, "o.xlsx", nil); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := js(t, do(t, env, "sheet.info", params{"file": "o.xlsx"})["tables"]); got != `[{"name":"T","range":"A1:E5","sheet":"Orders"}]` {
		t.Errorf("the table is %s", got)
	}
	// The new date has the format of the one above.
	if got := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "C4", "values": "shown"})["value"]; got != "03-01-26" {
		t.Errorf("the date shows as %v", got)
	}
	up := params{"file": "o.xlsx", "key": "Order", "rows": []any{params{"Order": "007", "Amount": nil}, params{"Order": "x", "Amount": 1}}}
	fails(t, env, "sheet.update_rows", up, node.KindNotFound, `no row with the key "x"`)
	up["missing"] = "skip"
	if out := do(t, env, "sheet.update_rows", up); js(t, out["missing_keys"]) != `["x"]` || out["updated"] != 1 {
		t.Errorf("updated %s", js(t, out))
	}
	up["missing"] = "append"
	do(t, env, "sheet.update_rows", up)
	if out := do(t, env, "sheet.update_rows", up); out["added"] != 0 || out["updated"] != 2 {
		t.Errorf("the second time: %s", js(t, out))
	}
	// A missing file is begun.
	do(t, env, "sheet.append", params{"file": "new/log.xlsx", "rows": row})
	do(t, env, "sheet.append", params{"file": "new/log.xlsx", "rows": row})
	if got := rowsOf(t, env, "new/log.xlsx", nil); got != `[{"Amount":7,"Date":"2026-03-01","Order":"009"},{"Amount":7,"Date":"2026-03-01","Order":"009"}]` {
		t.Errorf("the log is %s", got)
	}
	fails(t, env, "sheet.append", params{"file": "new/log.xlsx", "rows": []any{1}}, node.KindInput, "not a map")
}

// TestAppendBelowPhantoms appends to a sheet whose used range is all there is.
func TestAppendBelowPhantoms(t *testing.T) {
	env := testdata(t)
	out := do(t, env, "sheet.append", params{"file": "openpyxl.xlsx", "rows": []any{params{"Id": "009"}}})
	if out["range"] != "A4:F4" {
		t.Errorf("appended at %v", out["range"])
	}
}

func TestLinesAndSheets(t *testing.T) {
	env := orders(t)
	do(t, env, "sheet.write_cell", params{"file": "o.xlsx", "cell": "D4", "formula": "SUM(D2:D3)"})
	do(t, env, "sheet.insert_rows", params{"file": "o.xlsx", "row": 2, "count": 2})
	do(t, env, "sheet.insert_columns", params{"file": "o.xlsx", "column": "A"})
	if got := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "E6", "values": "formulas"})["value"]; got != "=SUM(E4:E5)" {
		t.Errorf("the formula is %v", got)
	}
	if got := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "E6"})["value"]; got != 3.75 {
		t.Errorf("the sum is %v", got)
	}
	do(t, env, "sheet.delete_rows", params{"file": "o.xlsx", "row": 2, "count": 3})
	do(t, env, "sheet.delete_columns", params{"file": "o.xlsx", "column": "a", "count": 2})
	if got := grid(t, env, "o.xlsx", ""); got != `[["Customer","Date","Amount"],["Meier","2026-02-01",2.25],[null,null,2.25]]` {
		t.Errorf("got %s", got)
	}
	fails(t, env, "sheet.delete_columns", params{"file": "o.xlsx", "column": "XFD", "count": 2}, node.KindInput, "ends at column XFD")
	for _, name := range []string{"", "a/b", "[x]", "'x", strings.Repeat("x", 32), "History", "a\x00b"} {
		fails(t, env, "sheet.add_sheet", params{"file": "o.xlsx", "name": name}, node.KindInput, "")
		fails(t, env, "sheet.rename_sheet", params{"file": "o.xlsx", "name": name}, node.KindInput, "")
	}
	do(t, env, "sheet.add_sheet", params{"file": "o.xlsx", "name": "B"})
	do(t, env, "sheet.copy_sheet", params{"file": "o.xlsx", "sheet": "Orders", "name": "C"})
	do(t, env, "sheet.write_cell", params{"file": "o.xlsx", "sheet": "B", "cell": "A1", "formula": "Orders!C2"})
	do(t, env, "sheet.rename_sheet", params{"file": "o.xlsx", "sheet": "orders", "name": "New name"})
	if got := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "B!A1"})["value"]; got != 2.25 {
		t.Errorf("the reference leads to %v", got)
	}
	fails(t, env, "sheet.rename_sheet", params{"file": "o.xlsx", "sheet": "C", "name": "b"}, node.KindInput, "already")
	do(t, env, "sheet.hide_sheet", params{"file": "o.xlsx", "sheet": "New name", "very_hidden": true})
	do(t, env, "sheet.hide_sheet", params{"file": "o.xlsx", "sheet": "B"})
	fails(t, env, "sheet.hide_sheet", params{"file": "o.xlsx", "sheet": "C"}, node.KindInput, "only one shown")
	fails(t, env, "sheet.delete_sheet", params{"file": "o.xlsx", "sheet": "C"}, node.KindInput, "only one shown")
	if out := do(t, env, "sheet.delete_sheet", params{"file": "o.xlsx", "sheet": "B"}); js(t, out["sheets"]) != `["New name","C"]` {
		t.Errorf("sheets %s", js(t, out))
	}
	fails(t, env, "sheet.delete_sheet", params{"file": "o.xlsx", "sheet": "B"}, node.KindNotFound, "no sheet")
}

func TestRenameInFormula(t *testing.T) {
	tests := []struct{ in, want string }{
		{"Old!A1+'Old'!B2", "'New one'!A1+'New one'!B2"},
		{`"Old!A1"&old!A1`, `"Old!A1"&'New one'!A1`},
		{"MyOld!A1+Old1!A1+[1]Old!A1+Old", "MyOld!A1+Old1!A1+[1]Old!A1+Old"},
		{"'It''s Old'!A1", "'It''s Old'!A1"},
		{"'Old", "'Old"},
	}
	for _, tt := range tests {
		if got := renameInFormula(tt.in, "Old", "New one"); got != tt.want {
			t.Errorf("%s became %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestFormatsSurvive(t *testing.T) {
	env := orders(t)
	do(t, env, "sheet.format", params{"file": "o.xlsx", "range": "D2:D3", "number_format": `#,##0.00 "€"`, "bold": "yes", "fill": "FFFF00", "border": "thin", "align": "right"})
	do(t, env, "sheet.format", params{"file": "o.xlsx", "range": "D2", "italic": "yes", "color": "#c00000"})
	do(t, env, "sheet.write_cell", params{"file": "o.xlsx", "cell": "D2", "value": 1234.5})
	if got := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "D2", "values": "shown"})["value"]; got != "1,234.50 €" {
		t.Errorf("it shows as %v", got)
	}
	do(t, env, "sheet.layout", params{"file": "o.xlsx", "freeze": "B2", "filter": "used", "hide": []any{"B", "3"}, "zoom": 120, "tab_color": "00FF00", "row_heights": params{"1": 30}, "auto_width": "used"})
	if got := rowsOf(t, env, "o.xlsx", params{"skip_hidden": true}); strings.Contains(got, "Meier") {
		t.Errorf("hidden rows were read: %s", got)
	}
	f, err := excelize.OpenFile(filepath.Join(env.Files.Dirs()[0], "o.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	id, _ := f.GetCellStyle("Orders", "D2")
	s, err := f.GetStyle(id)
	if err != nil || !s.Font.Bold || !s.Font.Italic || s.Font.Color != "C00000" || s.Fill.Color[0] != "FFFF00" || len(s.Border) != 4 || s.Alignment.Horizontal != "right" {
		t.Errorf("the style is %+v %+v, %v", s, s.Font, err)
	}
	p, _ := f.GetPanes("Orders")
	if p.XSplit != 1 || p.YSplit != 1 || !p.Freeze {
		t.Errorf("panes %+v", p)
	}
	if v, _ := f.GetColVisible("Orders", "B"); v {
		t.Error("column B is shown")
	}
	do(t, env, "sheet.merge_cells", params{"file": "o.xlsx", "range": "F1:G2"})
	do(t, env, "sheet.merge_cells", params{"file": "o.xlsx", "range": "F1:G2", "unmerge": true})
	do(t, env, "sheet.clear_range", params{"file": "o.xlsx", "range": "D:D", "formats": true})
	if got := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "D2"})["value"]; got != nil {
		t.Errorf("D2 is %v", got)
	}
	for _, in := range []params{{"range": "A1", "color": "red"}, {"range": "A1:XFC1000"}, {"range": "A1", "number_format": `"open`}} {
		in["file"] = "o.xlsx"
		fails(t, env, "sheet.format", in, node.KindInput, "")
	}
}

func TestReplaceSheet(t *testing.T) {
	env := orders(t)
	do(t, env, "sheet.add_sheet", params{"file": "o.xlsx", "name": "Calc"})
	do(t, env, "sheet.write_cell", params{"file": "o.xlsx", "sheet": "Calc", "cell": "A1", "formula": "SUM(Orders!A2:A9)"})
	do(t, env, "sheet.write", params{"file": "o.xlsx", "sheet": "Orders", "rows": []any{params{"n": 5}, params{"n": 6}}})
	if got := rowsOf(t, env, "o.xlsx", nil); got != `[{"n":5},{"n":6}]` {
		t.Errorf("got %s", got)
	}
	if got := do(t, env, "sheet.read_cell", params{"file": "o.xlsx", "cell": "Calc!A1"})["value"]; got != 11 {
		t.Errorf("the sum is %v", got)
	}
	fails(t, env, "sheet.write", params{"file": "o.xlsx", "rows": []any{}, "existing": "fail"}, node.KindInput, "there already")
	do(t, env, "sheet.write", params{"file": "o.xlsx", "rows": []any{params{"n": 1}}, "existing": "file", "sheet": "Only"})
	if got := js(t, do(t, env, "sheet.info", params{"file": "o.xlsx"})["names"]); got != `["Only"]` {
		t.Errorf("sheets %s", got)
	}
	for _, name := range []string{"x.xls", "x.docx", "x", "x.xlsm"} {
		fails(t, env, "sheet.write", params{"file": name, "rows": []any{}}, node.KindInput, "")
	}
}

func TestPassword(t *testing.T) {
	env := orders(t)
	const secret = "s3cret-Pässwörd"
	do(t, env, "sheet.set_password", params{"file": "o.xlsx", "new_password": secret, "to": "locked.xlsx"})
	fails(t, env, "sheet.read", params{"file": "locked.xlsx"}, node.KindDenied, "needs a password")
	_, err := nodetest.Run(t, env, "sheet.read", params{"file": "locked.xlsx", "password": "wrong-one"})
	if err == nil || node.AsFailure(err).Kind != node.KindDenied || strings.Contains(err.Error(), "wrong-one") {
		t.Errorf("a wrong password gives %v", err)
	}
	do(t, env, "sheet.write_cell", params{"file": "locked.xlsx", "password": secret, "cell": "D2", "value": 5})
	if got := do(t, env, "sheet.read_cell", params{"file": "locked.xlsx", "password": secret, "cell": "D2"})["value"]; got != 5 {
		t.Errorf("D2 is %v", got)
	}
	fails(t, env, "sheet.read", params{"file": "locked.xlsx"}, node.KindDenied, "needs a password")
	do(t, env, "sheet.set_password", params{"file": "locked.xlsx", "password": secret})
	do(t, env, "sheet.read", params{"file": "locked.xlsx"})
	// A password that is not needed does no harm and encrypts nothing.
	do(t, env, "sheet.write_cell", params{"file": "o.xlsx", "password": "unused", "cell": "D2", "value": 5})
	do(t, env, "sheet.read", params{"file": "o.xlsx"})
	do(t, env, "sheet.write", params{"file": "n.xlsx", "password": secret, "rows": []any{params{"a": 1}}})
	fails(t, env, "sheet.read", params{"file": "n.xlsx"}, node.KindDenied, "needs a password")
	if got := rowsOf(t, env, "n.xlsx", params{"password": vault.New(secret).Reveal()}); got != `[{"a":1}]` {
		t.Errorf("got %s", got)
	}
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "n.xlsx"))
	if err != nil || bytes.Contains(b, []byte("worksheet")) {
		t.Errorf("the encrypted file is readable, %v", err)
	}
	fails(t, env, "sheet.write", params{"file": "n.ods", "password": secret, "rows": []any{}}, node.KindInput, "only .xlsx")
}

func TestMacrosStay(t *testing.T) {
	env := orders(t)
	f, err := excelize.OpenReader(strings.NewReader(ordersXLSX))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.AddVBAProject([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 macros")); err != nil {
		t.Fatal(err)
	}
	if err := f.SaveAs(filepath.Join(env.Files.Dirs()[0], "m.xlsm")); err != nil {
		t.Fatal(err)
	}
	do(t, env, "sheet.write_cell", params{"file": "m.xlsm", "cell": "A1", "value": "x"})
	if out := do(t, env, "sheet.info", params{"file": "m.xlsm"}); out["macros"] != true {
		t.Error("the macros are gone")
	}
	z, err := zip.OpenReader(filepath.Join(env.Files.Dirs()[0], "m.xlsm"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	types, err := z.Open("[Content_Types].xml")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	_, _ = b.ReadFrom(types)
	if !strings.Contains(b.String(), "macroEnabled") {
		t.Errorf("the file says it has no macros: %s", b.String())
	}
	fails(t, env, "sheet.write_cell", params{"file": "m.xlsm", "to": "m.xlsx", "cell": "A1", "value": "x"}, node.KindInput, "name it .xlsm")
}

// TestRoundTrip writes what it likes in each format and reads it back.
func TestRoundTrip(t *testing.T) {
	env := nodetest.Env(t)
	text := rapid.OneOf(rapid.StringOf(rapid.RuneFrom([]rune("aZ0 1=+-@,;\"'<&>\n_x日é"))), rapid.SampledFrom([]string{"007", "=1+1", "+49 170", "TRUE", "1e5", "#N/A", "_x0041_", " x ", "a\tb", "12345678901234567890", "2026-01-02", "2026-01-02T03:04:05Z"}))
	cell := rapid.OneOf(rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.IntRange(-999_999_999_999_999, 999_999_999_999_999), func(n int) any { return n }),
		rapid.Map(rapid.IntRange(-1e9, 1e9), func(n int) any { return float64(n) / 1000 }), rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Just(any(nil)))
	rapid.Check(t, func(rt *rapid.T) {
		var rows []any
		for range rapid.IntRange(1, 5).Draw(rt, "rows") {
			r := params{"id": 1} // no row may be empty
			for _, c := range []string{"a", "b"} {
				v := cell.Draw(rt, "cell")
				if v == "" {
					v = nil
				}
				r[c] = v
			}
			rows = append(rows, r)
		}
		for _, file := range []string{rapid.SampledFrom([]string{"r.xlsx", "r.ods"}).Draw(rt, "file")} {
			do(t, env, "sheet.write", params{"file": file, "rows": rows, "existing": "file"})
			want, err := value.Normalize(rows)
			if err != nil {
				rt.Fatal(err)
			}
			got := do(t, env, "sheet.read", params{"file": file})["rows"]
			if !value.Equal(got, want) {
				rt.Fatalf("%s: got %s, want %s", file, js(t, got), js(t, want))
			}
		}
	})
}
