package sheet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// survives runs readers on a file; none may end with a defect.
func survives(t *testing.T, env *node.Env, file string) {
	t.Helper()
	for typ, in := range map[string]params{"sheet.read": {"fill_merged": true}, "sheet.read_range": {"range": "B2:D9", "trim": false}, "sheet.info": {}, "sheet.convert": {"to": "o.ods"}} {
		in["file"], in["max_size"], in["timeout"] = file, 1<<20, "20s"
		_, err := nodetest.Run(t, env, typ, in)
		if err == nil {
			continue
		}
		f := node.AsFailure(err)
		if f.Kind != node.KindInput && f.Kind != node.KindDenied && f.Kind != node.KindNotFound || strings.Contains(f.Message, "runtime error") && !strings.Contains(f.Message, "formula") {
			t.Errorf("%s: got %s: %v", typ, f.Kind, f)
		}
	}
}

// fuzzEnv is an environment whose folder for temporary files is made before the
// first input.
func fuzzEnv(f *testing.F) *node.Env {
	env := nodetest.Env(f)
	dir := f.TempDir()
	env.TempDir = func() (string, error) { return dir, nil }
	return env
}

func FuzzFile(f *testing.F) {
	for _, n := range []string{"ledger.xlsx", "ledger.ods", "ledger.fods", "xlsxwriter.xlsx", "openpyxl-1904.xlsx"} {
		b, err := os.ReadFile(filepath.Join("testdata", n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("a;b\n1;\"2\"\n"))
	env := fuzzEnv(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		put(t, env, "f.xlsx", b)
		survives(t, env, "f.xlsx")
	})
}

func FuzzSheetXML(f *testing.F) {
	f.Add(sheetXML(`<row r="1" hidden="1"><c r="A1" t="s"><v>0</v></c><c s="1"><v>1.5</v></c><c t="b"><v>1</v></c></row><row r="9"><c r="C9" t="inlineStr"><is><r><t xml:space="preserve"> a_x000D_</t></r></is></c></row>`), `<sst><si><t>a &amp; b</t></si></sst>`, "d.m.yyyy")
	f.Add(strings.Replace(sheetXML(`<row><c t="e"><v>#N/A</v></c><c t="d"><v>2026-01-02</v></c><c><f>A1</f><v>2</v></c></row>`), "</worksheet>", `<mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>`, 1), "<sst/>", `[h]:mm"x"`)
	env := fuzzEnv(f)
	f.Fuzz(func(t *testing.T, sheet, texts, format string) {
		var b strings.Builder
		for _, r := range format {
			if r >= ' ' {
				b.WriteRune(r)
			}
		}
		code := strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(b.String())
		put(t, env, "f.xlsx", xlsxOf(t, sheet, "xl/sharedStrings.xml", texts, "xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="`+code+`"/></numFmts><cellXfs><xf/><xf numFmtId="200"/></cellXfs></styleSheet>`))
		survives(t, env, "f.xlsx")
	})
}

func FuzzODS(f *testing.F) {
	f.Add(`<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="3"/><table:table-cell table:number-columns-spanned="2" office:value-type="string"><text:p>a<text:s text:c="3"/>b</text:p></table:table-cell><table:covered-table-cell/></table:table-row>`)
	f.Add(`<table:table-row><table:table-cell office:value-type="time" office:time-value="PT25H01M00.5S"/><table:table-cell office:value-type="date" office:date-value="2026-01-02T03:04:05"/><table:table-cell office:value-type="boolean" office:boolean-value="true"/></table:table-row>`)
	env := fuzzEnv(f)
	f.Fuzz(func(t *testing.T, rows string) {
		put(t, env, "f.ods", odsOf(t, rows))
		survives(t, env, "f.ods")
	})
}
