package sheet

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// soffice converts files of the environment with LibreOffice into its folder
// office. To start it takes seconds, so it gets all files at once.
func soffice(t *testing.T, env *node.Env, to string, files ...string) {
	t.Helper()
	dir := env.Files.Dirs()[0]
	args := []string{"-env:UserInstallation=file://" + filepath.ToSlash(filepath.Join(dir, "profile")), "--headless", "--convert-to", to, "--outdir", filepath.Join(dir, "office")}
	for _, f := range files {
		args = append(args, filepath.Join(dir, f))
	}
	out, err := exec.CommandContext(t.Context(), "soffice", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("soffice: %v\n%s", err, out)
	}
	ext, _, _ := strings.Cut(to, ":")
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(dir, made(f, ext))); err != nil {
			t.Fatalf("soffice made nothing of %s: %s", f, out)
		}
	}
}

// made is where soffice leaves a file.
func made(file, ext string) string {
	return filepath.Join("office", strings.TrimSuffix(file, filepath.Ext(file))+"."+ext)
}

// TestLibreOffice has LibreOffice open what these nodes write.
func TestLibreOffice(t *testing.T) {
	if _, err := exec.LookPath("soffice"); err != nil || testing.Short() {
		t.Skip("LibreOffice is not installed")
	}
	env := nodetest.Env(t)
	rows := []any{
		params{"code": "007", "name": "Grüße; \"日本\"", "n": -12.5, "day": "2026-03-01", "at": "2026-03-01T10:30:00Z", "ok": true, "f": "=1+1"},
		params{"code": "+49 170", "name": "a\nb  c", "n": 1234567890123, "day": nil, "at": nil, "ok": false, "f": "_x0041_"},
	}
	columns := []any{"code", "name", "n", "day", "at", "ok", "f"}
	const csv = "code,name,n,day,at,ok,f\n" +
		"007,\"Grüße; \"\"日本\"\"\",-12.5,2026-03-01,2026-03-01 10:30:00,TRUE,=1+1\n" +
		"+49 170,\"a\nb  c\",1234567890123,,,FALSE,_x0041_\n"
	for _, file := range []string{"a.xlsx", "b.ods", "c.xlsx"} {
		do(t, env, "sheet.write", params{"file": file, "rows": rows, "columns": columns, "filter": true, "sheet": "Data"})
	}
	do(t, env, "sheet.add_table", params{"file": "c.xlsx", "name": "T"})
	do(t, env, "sheet.append", params{"file": "c.xlsx", "rows": []any{params{"code": "x", "n": 1.25}}})
	do(t, env, "sheet.add_sheet", params{"file": "c.xlsx", "name": "Sum", "before": "Data"})
	do(t, env, "sheet.write_cells", params{"file": "c.xlsx", "sheet": "Sum", "cells": params{"A1": "total"}, "formula_cells": params{"B1": "SUM(Data!C2:C4)"}})
	do(t, env, "sheet.rename_sheet", params{"file": "c.xlsx", "sheet": "Data", "name": "All data"})
	do(t, env, "sheet.insert_rows", params{"file": "c.xlsx", "sheet": "Sum", "row": 1})
	do(t, env, "sheet.format", params{"file": "c.xlsx", "sheet": "Sum", "range": "B2", "number_format": "0.00"})

	// Text in UTF-8, cells as they are shown.
	soffice(t, env, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "a.xlsx", "b.ods", "c.xlsx")
	for file, want := range map[string]string{"a.xlsx": csv, "b.ods": csv, "c.xlsx": ",\ntotal,1234567890111.75\n"} {
		b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], made(file, "csv")))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(b); got != want {
			t.Errorf("LibreOffice reads %s as\n%s\nwant\n%s", file, got, want)
		}
	}

	// What LibreOffice writes of it is the same again.
	soffice(t, env, "ods", "a.xlsx", "c.xlsx")
	soffice(t, env, "xlsx", "b.ods")
	if got, want := rowsOf(t, env, made("b.ods", "xlsx"), nil), js(t, rows); got != want {
		t.Errorf("LibreOffice made %s of the .ods file, want %s", got, want)
	}
	// It takes true and false for numbers unless a format says otherwise.
	want := strings.NewReplacer(`"ok":true`, `"ok":1`, `"ok":false`, `"ok":0`).Replace(js(t, rows))
	if got := rowsOf(t, env, made("a.xlsx", "ods"), nil); got != want {
		t.Errorf("LibreOffice made %s of the .xlsx file, want %s", got, want)
	}
	if got := do(t, env, "sheet.read", params{"file": made("c.xlsx", "ods"), "sheet": "All data"}); got["count"] != 3 {
		t.Errorf("the data is %s", js(t, got))
	}
	do(t, env, "sheet.convert", params{"file": "c.xlsx", "to": "d.ods"})
	if got := do(t, env, "sheet.read_cell", params{"file": "d.ods", "sheet": "Sum", "cell": "B2"})["value"]; got != 1234567890111.75 {
		t.Errorf("the converted sum is %v", got)
	}
}
