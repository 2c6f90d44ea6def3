package sheet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

type params = map[string]any

func do(t testing.TB, env *node.Env, typ string, in params) params {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

// fails runs a node that must fail in a way, with some words in its message.
func fails(t testing.TB, env *node.Env, typ string, in params, kind, words string) {
	t.Helper()
	_, err := nodetest.Run(t, env, typ, in)
	if err == nil {
		t.Errorf("%s %v succeeded, want a failure with %q", typ, in, words)
		return
	}
	f := node.AsFailure(err)
	if f.Kind != kind || !strings.Contains(f.Error(), words) {
		t.Errorf("%s: got %s: %v, want %s with %q", typ, f.Kind, f, kind, words)
	}
}

func js(t testing.TB, v any) string {
	t.Helper()
	n, err := value.Normalize(v)
	if err != nil {
		t.Fatal(err)
	}
	b, err := value.JSON(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// testdata returns an environment with all files of testdata.
func testdata(t testing.TB) *node.Env {
	t.Helper()
	env := nodetest.Env(t)
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		put(t, env, filepath.Base(f), b)
	}
	return env
}

func put(t testing.TB, env *node.Env, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLedger(t *testing.T) {
	env := testdata(t)
	for _, file := range []string{"ledger.fods", "ledger.ods", "ledger.xlsx"} {
		t.Run(file, func(t *testing.T) {
			out := do(t, env, "sheet.read", params{"file": file, "fill_merged": true})
			sum, note := `123456789013580`, `"#N/A"`
			if file == "ledger.fods" {
				sum, note = `0`, `0` // nobody has computed it yet
			}
			first := `"1899-12-31"`
			if file == "ledger.xlsx" {
				first = `"1900-01-01"` // day 1, which LibreOffice takes for the day before
			}
			want := `[{"Amount":1234.5,"Clock":"08:30:00","Code":"0017","Day":"2026-02-28","Note":"two    spaces\nsecond line & more","Paid":true,"When":"2026-02-28T13:45:00Z"},` +
				`{"Amount":123456789012345,"Clock":null,"Code":"0018","Day":` + first + `,"Note":"Grüße 日本 =1+1","Paid":false,"When":null},` +
				`{"Amount":` + sum + `,"Clock":null,"Code":"Sum","Day":null,"Note":` + note + `,"Paid":null,"When":null},` +
				`{"Amount":null,"Clock":null,"Code":"merged","Day":"merged","Note":null,"Paid":null,"When":"x"},` +
				`{"Amount":null,"Clock":null,"Code":"merged","Day":"merged","Note":null,"Paid":null,"When":"y"}]`
			if got := js(t, out["rows"]); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if got := js(t, out["columns"]); got != `["Code","Day","When","Clock","Amount","Paid","Note"]` {
				t.Errorf("columns %s", got)
			}
			info := do(t, env, "sheet.info", params{"file": file})
			sheets := info["sheets"].([]any)
			one, two := sheets[0].(params), sheets[1].(params)
			if one["range"] != "A1:G11" || one["last_row"] != 11 || one["visible"] != true || js(t, one["merged"]) != `["A10:B11"]` {
				t.Errorf("the ledger is %s", js(t, one))
			}
			if two["visible"] != false || two["name"] != "Rates & more" {
				t.Errorf("the rates are %s", js(t, two))
			}
			if got := js(t, do(t, env, "sheet.read_range", params{"file": file, "range": "amounts"})["cells"]); got != `[[1234.5],[123456789012345]]` {
				t.Errorf("the named range holds %s", got)
			}
			if got := do(t, env, "sheet.read_cell", params{"file": file, "sheet": 2, "cell": "A1"})["value"]; got != 0.19 {
				t.Errorf("the rate is %v", got)
			}
			if got := js(t, do(t, env, "sheet.read", params{"file": file, "range": "A10:C20", "header": "none", "empty_rows": "keep"})["rows"]); got != `[{"column_1":"merged","column_3":"x"},{"column_1":null,"column_3":"y"}]` {
				t.Errorf("without header: %s", got)
			}
		})
	}
	fails(t, env, "sheet.read", params{"file": "ledger.xls"}, node.KindInput, "save it as .xlsx")
}

func TestOpenpyxl(t *testing.T) {
	env := testdata(t)
	out := do(t, env, "sheet.read", params{"file": "openpyxl.xlsx"})
	want := `[{"Id":"007","Name":"Ada","Name_2":"x","Result":"#N/A","When":"2026-03-01T10:30:00Z"},{"Id":"008","Name":"Grüße","Name_2":123456789012345,"Result":"#DIV/0!","When":"2026-03-02"}]`
	if got := js(t, out["rows"]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if out["error_count"] != 2 || out["range"] != "A1:F3" {
		t.Errorf("errors %v, range %v", out["error_count"], out["range"])
	}
	if got := js(t, do(t, env, "sheet.read", params{"file": "openpyxl.xlsx", "errors": "null", "range": "E:F", "timezone": "Europe/Berlin"})["rows"]); got != `[{"Result":null,"When":"2026-03-01T10:30:00+01:00"},{"Result":null,"When":"2026-03-02"}]` {
		t.Errorf("got %s", got)
	}
	fails(t, env, "sheet.read", params{"file": "openpyxl.xlsx", "errors": "fail"}, node.KindInput, "Data!F2 holds the error #N/A")
	for _, name := range []string{"People", "both"} {
		if got := do(t, env, "sheet.read_range", params{"file": "openpyxl.xlsx", "range": name}); got["rows"].(int) < 2 {
			t.Errorf("%s: %s", name, js(t, got))
		}
	}
	if got := js(t, do(t, env, "sheet.read_range", params{"file": "openpyxl.xlsx", "sheet": "secret", "fill_merged": true, "range": "B2:D5", "trim": false})["cells"]); got != `[[true,true,null],[true,true,null],[true,true,1],[null,null,null]]` {
		t.Errorf("filled: %s", got)
	}
	if got := js(t, do(t, env, "sheet.read", params{"file": "openpyxl-1904.xlsx"})["rows"]); got != `[{"d":"2026-03-01","l":"30:05:00","t":"23:59:30"}]` {
		t.Errorf("1904: %s", got)
	}
	if got := js(t, do(t, env, "sheet.read", params{"file": "openpyxl.xlsx", "values": "formulas", "range": "F:F"})["rows"]); got != `[{"Result":"#N/A"},{"Result":"=1/0"}]` {
		t.Errorf("formulas: %s", got)
	}
}

func TestXlsxWriter(t *testing.T) {
	env := testdata(t)
	in := params{"file": "xlsxwriter.xlsx"}
	want := `[{"n":2,"square":4,"text":"a"},{"n":3,"square":9,"text":"a"},{"n":4,"square":29,"text":"b"},{"column_4":true,"n":null,"square":null,"text":"yes"}]`
	if got := js(t, do(t, env, "sheet.read", in)["rows"]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	in["values"] = "computed"
	if got := js(t, do(t, env, "sheet.read", in)["rows"]); got != want {
		t.Errorf("computed %s, want %s", got, want)
	}
}
