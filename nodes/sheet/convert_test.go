package sheet

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func content(t *testing.T, env *node.Env, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestConvertGuardsFormulas(t *testing.T) {
	env := nodetest.Env(t)
	rows := []any{params{"a": "=cmd|' /C calc'!A0", "b": "+1+2", "c": -5, "d": "+49 170 1234567", "e": "@x", "f": "\tx", "g": "-1,5"}}
	do(t, env, "sheet.write", params{"file": "x.xlsx", "rows": rows})
	do(t, env, "sheet.convert", params{"file": "x.xlsx", "to": "x.csv"})
	if got, want := content(t, env, "x.csv"), "a,b,c,d,e,f,g\r\n'=cmd|' /C calc'!A0,'+1+2,-5,+49 170 1234567,'@x,'\tx,\"-1,5\"\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	do(t, env, "sheet.convert", params{"file": "x.xlsx", "to": "x.tsv", "guard_formulas": false})
	if got, want := content(t, env, "x.tsv"), "a\tb\tc\td\te\tf\tg\r\n=cmd|' /C calc'!A0\t+1+2\t-5\t+49 170 1234567\t@x\t\"\tx\"\t-1,5\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	do(t, env, "sheet.write", params{"file": "w.csv", "rows": []any{params{"a": "=1+1"}}})
	if got := content(t, env, "w.csv"); got != "a\r\n'=1+1\r\n" {
		t.Errorf("written: %q", got)
	}
}

// TestConvertAround goes through all formats and comes back with the same.
func TestConvertAround(t *testing.T) {
	env := testdata(t)
	at := "ledger.ods"
	for _, next := range []string{"1.xlsx", "2.ods", "3.xlsx"} {
		out := do(t, env, "sheet.convert", params{"file": at, "to": next})
		if js(t, out["sheets"]) != `["Ledger","Rates & more"]` {
			t.Errorf("%s has the sheets %s", next, js(t, out))
		}
		if got, want := grid(t, env, next, ""), grid(t, env, "ledger.ods", ""); got != want {
			t.Errorf("%s holds\n%s\nwant\n%s", next, got, want)
		}
		sheets := do(t, env, "sheet.info", params{"file": next})["sheets"].([]any)
		if sheets[1].(params)["visible"] != false {
			t.Errorf("%s shows the hidden sheet", next)
		}
		at = next
	}
	put(t, env, "z.csv", []byte("zip;n\n01234;1\n99999;2.5\n"))
	do(t, env, "sheet.convert", params{"file": "z.csv", "to": "z.xlsx"})
	if got := rowsOf(t, env, "z.xlsx", nil); got != `[{"n":1,"zip":"01234"},{"n":2.5,"zip":"99999"}]` {
		t.Errorf("the CSV file became %s", got)
	}
	for _, to := range []string{"x.xls", "x.pdf", "x"} {
		fails(t, env, "sheet.convert", params{"file": "z.csv", "to": to}, node.KindInput, "")
	}
}

func TestAFailureKeepsTheFile(t *testing.T) {
	env := orders(t)
	long := string(bytes.Repeat([]byte("x"), 40_000))
	for typ, in := range map[string]params{
		"sheet.write":       {"rows": []any{params{"a": "fine"}, params{"a": long}}},
		"sheet.write_range": {"cells": []any{[]any{"fine"}, []any{long}}},
		"sheet.append":      {"rows": []any{params{"Order": "1"}, params{"Order": long}}},
	} {
		in["file"] = "o.xlsx"
		fails(t, env, typ, in, node.KindInput, "32767")
		if content(t, env, "o.xlsx") != ordersXLSX {
			t.Fatalf("%s changed the file although it failed", typ)
		}
	}
	fails(t, env, "sheet.write", params{"file": "new.xlsx", "rows": []any{params{"a": long}}}, node.KindInput, "32767")
	if _, err := env.Files.Stat("new.xlsx"); err == nil {
		t.Error("a failed write left a file")
	}
	put(t, env, "long.csv", bytes.Repeat([]byte("1\n"), 500_000))
	fails(t, env, "sheet.read", params{"file": "long.csv", "timeout": "1ms"}, node.KindTimeout, "took longer")
}
