package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// zipOf makes an archive.
func zipOf(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(parts[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	hostileTypes = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`
	hostileRoot  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	hostileBook  = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`
	hostileRels  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>`
)

// xlsxOf makes a workbook of the XML of one sheet and other parts.
func xlsxOf(t testing.TB, sheet string, more ...string) []byte {
	t.Helper()
	parts := []string{"[Content_Types].xml", hostileTypes, "_rels/.rels", hostileRoot, "xl/workbook.xml", hostileBook, "xl/_rels/workbook.xml.rels", hostileRels, "xl/worksheets/sheet1.xml", sheet}
	return zipOf(t, append(parts, more...)...)
}

func sheetXML(data string) string {
	return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + data + `</sheetData></worksheet>`
}

// odsOf makes an ods file of the rows of one table.
func odsOf(t testing.TB, rows string) []byte {
	t.Helper()
	return zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", odsXML(rows))
}

func odsXML(rows string) string {
	return `<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet><table:table table:name="S">` + rows + `</table:table></office:spreadsheet></office:body></office:document-content>`
}

func lying(b []byte) []byte {
	b = slices.Clone(b)
	// The sizes of every part in the directory at the end.
	for i := 0; i+46 < len(b); i++ {
		if bytes.Equal(b[i:i+4], []byte("PK\x01\x02")) {
			binary.LittleEndian.PutUint32(b[i+24:], 10)
		}
	}
	return b
}

func TestHostileFiles(t *testing.T) {
	const doctype = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>`
	const external = `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`
	good := []byte(ordersXLSX)
	bomb := sheetXML(strings.Repeat(" ", 20<<20))
	cell := `<table:table-cell office:value-type="float" office:value="1"`
	tests := []struct {
		name, want string
		b          []byte
	}{
		{"empty", "is empty", nil},
		{"cut", "damaged or was cut", good[:len(good)/2]},
		{"zip of nothing", "archive of another kind", zipOf(t)},
		{"zip", "archive of another kind", zipOf(t, "a.txt", "hello")},
		{"pdf", "a PDF file", []byte("%PDF-1.7\n")},
		{"html", "web page", []byte("<html><table><tr><td>1</td></tr></table>")},
		{"xml", "Excel 2003 XML", []byte(`<?xml version="1.0"?><Workbook/>`)},
		{"binary", "binary data", []byte("\x00\x01\x02\x03")},
		{"old xls", ".xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more")},
		{"xlsb", ".xlsb", zipOf(t, "[Content_Types].xml", "<Types/>", "xl/workbook.bin", "x")},
		{"encrypted", "needs a password", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")},
		{"word", "no workbook", zipOf(t, "[Content_Types].xml", "<Types/>", "word/document.xml", "<x/>")},
		{"no sheet part", "lacks the part", zipOf(t, "[Content_Types].xml", hostileTypes, "xl/workbook.xml", hostileBook, "xl/_rels/workbook.xml.rels", hostileRels)},
		{"no sheets", "no sheets", zipOf(t, "[Content_Types].xml", hostileTypes, "xl/workbook.xml", "<workbook/>")},
		{"part twice", "twice", xlsxOf(t, sheetXML(""), "XL/Workbook.xml", "<x/>")},
		{"bomb", "too large", xlsxOf(t, bomb)},
		{"lying bomb", "damaged", lying(xlsxOf(t, bomb))},
		{"bomb of texts", "too large", xlsxOf(t, sheetXML(`<row><c t="s"><v>0</v></c></row>`), "xl/sharedStrings.xml", "<sst><si><t>"+strings.Repeat("x", 20<<20)+"</t></si></sst>")},
		{"entities", "document type", xlsxOf(t, doctype+sheetXML(`<row><c t="str"><v>&b;</v></c></row>`))},
		{"external entity", "document type", xlsxOf(t, external+sheetXML(`<row><c t="str"><v>&e;</v></c></row>`))},
		{"entities in texts", "document type", xlsxOf(t, sheetXML(`<row><c t="s"><v>0</v></c></row>`), "xl/sharedStrings.xml", doctype+"<sst><si><t>&b;</t></si></sst>")},
		{"unknown entity", "stands for nothing", xlsxOf(t, sheetXML(`<row><c t="str"><v>&nbsp;</v></c></row>`))},
		{"deep", "nested deeper", xlsxOf(t, sheetXML("<row>"+strings.Repeat("<c>", 5000)))},
		{"many attributes", "attributes", xlsxOf(t, sheetXML("<row "+strings.Repeat(`a="" `, 5000)+"/>"))},
		{"not closed", "ends in the middle", xlsxOf(t, `<worksheet><sheetData><row r="1">`)},
		{"crossed", "do not match", xlsxOf(t, sheetXML(`<row><c><v></c></v></row>`))},
		{"long piece", "more than 4 MiB", xlsxOf(t, sheetXML(`<row><c t="str"><v>`+strings.Repeat("x", 5<<20)+`</v></c></row>`))},
		{"row 0", "row with the number", xlsxOf(t, sheetXML(`<row r="0"><c><v>1</v></c></row>`))},
		{"row too far", "row with the number", xlsxOf(t, sheetXML(`<row r="1048577"><c><v>1</v></c></row>`))},
		{"row of a giant", "row with the number", xlsxOf(t, sheetXML(`<row r="99999999999999999999"><c><v>1</v></c></row>`))},
		{"rows backwards", "comes after", xlsxOf(t, sheetXML(`<row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row>`))},
		{"column too far", "cell with the name", xlsxOf(t, sheetXML(`<row r="1"><c r="XFE1"><v>1</v></c></row>`))},
		{"cell in another row", "cell with the name", xlsxOf(t, sheetXML(`<row r="1"><c r="A2"><v>1</v></c></row>`))},
		{"cell name", "cell with the name", xlsxOf(t, sheetXML(`<row r="1"><c r="-1"><v>1</v></c></row>`))},
		{"16385 cells", "more than 16384 cells", xlsxOf(t, sheetXML(`<row>`+strings.Repeat(`<c><v>1</v></c>`, 16385)+`</row>`))},
		{"same cell for ever", "many times over", xlsxOf(t, sheetXML(`<row>`+strings.Repeat(`<c r="A1"><v>1</v></c>`, 40000)+`</row>`))},
		{"text out of range", "refers to text", xlsxOf(t, sheetXML(`<row><c t="s"><v>7</v></c></row>`))},
		{"negative text", "refers to the text", xlsxOf(t, sheetXML(`<row><c t="s"><v>-1</v></c></row>`))},
		{"ods bomb by rows", "repeats cells", odsOf(t, `<table:table-row table:number-rows-repeated="1048576">`+cell+` table:number-columns-repeated="16384"/></table:table-row>`)},
		{"ods too many rows", "more than 1048576 rows", odsOf(t, `<table:table-row table:number-rows-repeated="1048577">`+cell+`/></table:table-row>`)},
		{"ods too many columns", "more than 16384 cells", odsOf(t, `<table:table-row>`+cell+` table:number-columns-repeated="16385"/></table:table-row>`)},
		{"ods count", "has the count", odsOf(t, `<table:table-row table:number-rows-repeated="99999999999999999999">`+cell+`/></table:table-row>`)},
		{"ods negative count", "has the count", odsOf(t, `<table:table-row table:number-rows-repeated="-5">`+cell+`/></table:table-row>`)},
		{"ods entities", "document type", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", doctype+odsXML(""))},
		{"ods encrypted", "encrypted", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "META-INF/manifest.xml", `<m><e><encryption-data/></e></m>`, "content.xml", "x")},
		{"ods text", "no sheets", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "<document-content/>")},
		{"ods cut", "ends in the middle", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", odsXML("")[:200])},
		{"csv with an open quote", "quote may be open", []byte("a,b\n\"" + strings.Repeat("x,\n", 2<<20))},
		{"csv with many columns", "more than 16384 cells", []byte(strings.Repeat(",x", 20000))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := nodetest.Env(t)
			put(t, env, "h.xlsx", tt.b)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			for _, typ := range []string{"sheet.read", "sheet.read_range", "sheet.info"} {
				_, err := nodetest.Run(t, env, typ, params{"file": "h.xlsx", "max_size": 16 << 20})
				told(t, typ, err, tt.want)
			}
			_, err := nodetest.Run(t, env, "sheet.convert", params{"file": "h.xlsx", "to": "o.csv", "max_size": 16 << 20})
			told(t, "sheet.convert", err, tt.want)
			// What changes a workbook may find something else wrong with it first.
			_, err = nodetest.Run(t, env, "sheet.write_cell", params{"file": "h.xlsx", "to": "o.xlsx", "cell": "A1", "value": 1, "max_size": 16 << 20, "timeout": "20s"})
			if err != nil {
				told(t, "sheet.write_cell", err, "")
			}
			runtime.ReadMemStats(&after)
			if grown := int64(after.Sys) - int64(before.Sys); grown > 512<<20 {
				t.Errorf("memory grew by %d MiB", grown>>20)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
			if _, err := env.Files.Stat("o.csv"); err == nil {
				t.Error("a failed node left a file")
			}
		})
	}
}

// told checks that a failure is one that a person understands.
func told(t *testing.T, typ string, err error, words string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s succeeded, want a failure with %q", typ, words)
		return
	}
	f := node.AsFailure(err)
	if f.Kind != node.KindInput && f.Kind != node.KindDenied && f.Kind != node.KindNotFound || !strings.Contains(f.Error(), words) || len(f.Message) > 600 || f.Hint == "" {
		t.Errorf("%s: got %s: %v, want %q", typ, f.Kind, f, words)
	}
}

// TestExpensiveWorkbooks are small files that would take gigabytes once they
// are opened to be changed or computed.
func TestExpensiveWorkbooks(t *testing.T) {
	var far, chain strings.Builder
	for i := 1; i <= 2000; i++ {
		fmt.Fprintf(&far, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, i*500, i*500)
	}
	for i := 1; i <= 30_000; i++ {
		fmt.Fprintf(&chain, `<row r="%d"><c r="A%d"><f>A%d+1</f></c></row>`, i, i, i+1)
	}
	var merges strings.Builder
	for i := 1; i <= 40_000; i++ {
		fmt.Fprintf(&merges, `<mergeCell ref="A%d:B%d"/>`, i, i)
	}
	tests := []struct {
		name, want string
		b          []byte
		typ        string
		in         params
	}{
		{"far cells", "more than", xlsxOf(t, sheetXML(far.String())), "sheet.write_cell", params{"cell": "A1", "value": 1}},
		{"many parts", "more than", xlsxOf(t, sheetXML(`<row>`+strings.Repeat(`<c/>`, 16000)+`</row>`), "xl/styles.xml", "<styleSheet>"+strings.Repeat("<x/>", 200_000)+"</styleSheet>"), "sheet.write_cell", params{"cell": "A1", "value": 1, "max_cells": 100_000}},
		{"many merges", "merged ranges", xlsxOf(t, strings.Replace(sheetXML(""), "</worksheet>", "<mergeCells>"+merges.String()+"</mergeCells></worksheet>", 1)), "sheet.write_cell", params{"cell": "A1", "value": 1}},
		{"one giant merge", "more cells than can be filled", xlsxOf(t, strings.Replace(sheetXML(`<row r="1"><c><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`), "</worksheet>", `<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>`, 1)), "sheet.read", params{"fill_merged": true, "header": "none"}},
		{"a long chain", "more than the 20000", xlsxOf(t, sheetXML(chain.String())), "sheet.read", nil},
		{"a giant range", "too many to compute", xlsxOf(t, sheetXML(`<row><c r="A1"><f>SUM(B1:XFC1048575)</f></c></row>`)), "sheet.read_cell", params{"cell": "A1"}},
		{"giant columns", "too many to compute", xlsxOf(t, sheetXML(`<row><c r="A1"><f>SUM(B:XFC)</f></c></row>`)), "sheet.read_cell", params{"cell": "A1"}},
		{"a long formula", "formula of more than", xlsxOf(t, sheetXML(`<row><c r="A1"><f>1`+strings.Repeat("+1", 40_000)+`</f></c></row>`)), "sheet.read_cell", params{"cell": "A1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := nodetest.Env(t)
			put(t, env, "h.xlsx", tt.b)
			in := params{"file": "h.xlsx"}
			for k, v := range tt.in {
				in[k] = v
			}
			_, err := nodetest.Run(t, env, tt.typ, in)
			told(t, tt.typ, err, tt.want)
		})
	}
}

// TestOddFormulas must be computed, or be nil, or fail clearly.
func TestOddFormulas(t *testing.T) {
	env := nodetest.Env(t)
	var chain strings.Builder
	for i := 1; i <= 4_000; i++ {
		fmt.Fprintf(&chain, `<row r="%d"><c r="A%d"><f>A%d+1</f></c></row>`, i, i, i+1)
	}
	put(t, env, "chain.xlsx", xlsxOf(t, sheetXML(chain.String())))
	if got := do(t, env, "sheet.read_cell", params{"file": "chain.xlsx", "cell": "A1"})["value"]; got != 4_000 {
		t.Errorf("the chain gives %v", got)
	}
	for _, f := range []string{"A1", "A1+B1", `REPT("x",1E9)`, `REPT("x",-1)`, `REPT("x",3)`, "NOSUCH(1)", strings.Repeat("(", 3000) + "1" + strings.Repeat(")", 3000), "1/0", "((", "SUM(", `"`, "#REF!", "SUM(Sheet9!A1)", "INDIRECT(\"A1\")", "OFFSET(A1,1E9,0)", "1E400", "-", "{1,2}", "SUM({1,2;3})", "LAMBDA(x,x)(1)", "FACT(1E6)", "A1:A3 B1:B3", "$#!%"} {
		var text bytes.Buffer
		_ = xmlText(&text, f)
		put(t, env, "f.xlsx", xlsxOf(t, sheetXML(`<row><c r="A1"><f>`+text.String()+`</f></c></row>`)))
		_, err := nodetest.Run(t, env, "sheet.read_cell", params{"file": "f.xlsx", "cell": "A1", "timeout": "10s"})
		if err != nil {
			told(t, f, err, "")
		}
	}
}

func xmlText(b *bytes.Buffer, s string) error {
	_, err := b.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s))
	return err
}

// TestOddWorkbooks are unusual but right.
func TestOddWorkbooks(t *testing.T) {
	utf16 := func(s string) string {
		b := []byte{0xFF, 0xFE}
		for _, r := range s {
			b = append(b, byte(r), byte(r>>8))
		}
		return string(b)
	}
	const styles = `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="[$-407]d. mmmm yyyy;@"/><numFmt numFmtId="201" formatCode="[Red]General"/><numFmt numFmtId="202" formatCode="0.00&quot; days&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="200"/><xf numFmtId="201"/><xf numFmtId="202"/><xf numFmtId="20"/><xf numFmtId="46"/></cellXfs></styleSheet>`
	rels := strings.Replace(hostileRels, "</Relationships>", `<Relationship Id="r3" Type="x/styles" Target="/xl/styles.xml"/></Relationships>`, 1)
	odd := func(sheet string, more ...string) []byte {
		parts := []string{"xl/workbook.xml", hostileBook, "xl/_rels/workbook.xml.rels", rels, "xl/worksheets/sheet1.xml", sheet, "xl/styles.xml", styles}
		return zipOf(t, append(parts, more...)...)
	}
	tests := []struct {
		name, want string
		b          []byte
	}{
		{"no names of cells", `[[1,null,"a"],[null,null,true]]`, odd(sheetXML(`<row><c><v>1</v></c><c/><c t="str"><v>a</v></c></row><row><c r="C2" t="b"><v>1</v></c></row>`))},
		{"prefix", `[[1]]`, odd(`<x:worksheet xmlns:x="s"><x:sheetData><x:row x:r="1"><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>`)},
		{"utf-16", `[["ü"]]`, odd(utf16(`<?xml version="1.0" encoding="UTF-16"?>` + sheetXML(`<row><c t="inlineStr"><is><t>ü</t></is></c></row>`)))},
		{"latin", `[["ü"]]`, odd("<?xml version='1.0' encoding='ISO-8859-1'?>" + sheetXML("<row><c t=\"str\"><v>\xfc</v></c></row>"))},
		{"cdata and comments", `[["<a>"]]`, odd(`<!-- x --><?pi?>` + sheetXML(`<row><c t="str"><v><![CDATA[<a>]]><!-- <v> --></v></c></row>`))},
		{"out of order", `[["b","a"]]`, odd(sheetXML(`<row r="1"><c r="B1" t="str"><v>a</v></c><c r="A1" t="str"><v>x</v></c><c r="A1" t="str"><v>b</v></c></row>`))},
		{"dates", `[["2026-03-01",45000,1.5,"12:00:00","36:00:00"]]`, odd(sheetXML(`<row><c s="1"><v>46082</v></c><c s="2"><v>45000</v></c><c s="3"><v>1.5</v></c><c s="4"><v>0.5</v></c><c s="5"><v>1.5</v></c></row>`))},
		{"odd dates", `[[60,-1,99999999,"1900-01-01","2026-03-01T06:00:00Z"]]`, odd(sheetXML(`<row><c s="1"><v>60</v></c><c s="1"><v>-1</v></c><c s="1"><v>99999999</v></c><c s="1"><v>1</v></c><c s="1"><v>46082.25</v></c></row>`))},
		{"strict dates", `[["2026-03-01","2026-03-01T10:00:00Z"]]`, odd(sheetXML(`<row><c t="d"><v>2026-03-01</v></c><c t="d"><v>2026-03-01T10:00:00</v></c></row>`))},
		{"numbers", `[[1234567890123456789,"123456789012345678901234567890",0.1,1e+300,"1e999","NaN",100]]`, odd(sheetXML(`<row><c><v>1234567890123456789</v></c><c><v>123456789012345678901234567890</v></c><c><v>0.1</v></c><c><v>1E+300</v></c><c><v>1e999</v></c><c><v>NaN</v></c><c><v>1E2</v></c></row>`))},
		{"rich and phonetic", `[["Ada_ü\n"]]`, odd(sheetXML(`<row><c t="s"><v>0</v></c></row>`), "xl/sharedStrings.xml", `<sst><si><r><t>A</t></r><r><rPr><b/></rPr><t>da</t></r><rPh sb="0"><t>no</t></rPh><r><t>_x005F_ü_x000A_</t></r></si></sst>`)},
		{"phantoms", `[[1]]`, odd(`<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="1"/></row><row r="1048576"><c r="A1048576" s="1"/><c r="B1048576" t="str"><v></v></c></row></sheetData></worksheet>`)},
		{"style out of range", `[[1]]`, odd(sheetXML(`<row><c s="999999"><v>1</v></c><c s="-1"/></row>`))},
		{"ods", `[["a b\tc\nd",null,1],["=x",null,null]]`, odsOf(t, `<table:table-row><table:table-cell office:value-type="string"><text:p>a<text:s/>b<text:tab/>c</text:p><office:annotation><text:p>note</text:p></office:annotation><text:p>d</text:p></table:table-cell><table:covered-table-cell/><table:table-cell office:value-type="currency" office:value="1"/></table:table-row><table:table-row-group><table:table-row><table:table-cell office:value-type="string" office:string-value="=x"/><table:table-cell table:number-columns-repeated="16383"/></table:table-row></table:table-row-group><table:table-row table:number-rows-repeated="99999999"><table:table-cell table:number-columns-repeated="99999999"/></table:table-row>`)},
		{"ods empty paragraph", `[[1],[null],[1]]`, odsOf(t, `<table:table-row>`+`<table:table-cell office:value-type="float" office:value="1"/></table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p/></table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="float" office:value="1.0"/></table:table-row>`)},
		{"csv in latin 1", `[["ü;x",2]]`, []byte("\"\xfc;x\";2\n")},
		{"csv in utf-16", `[["ü","b"]]`, []byte(utf16("ü\tb\r\n"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := nodetest.Env(t)
			put(t, env, "h.xlsx", tt.b)
			in := "sheet.read_range"
			out := do(t, env, in, params{"file": "h.xlsx"})
			got := js(t, out["cells"])
			if strings.HasPrefix(tt.name, "csv in latin") {
				got = strings.Replace(got, `"2"`, `2`, 1)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestMutated damages good files: every node must end with a result or a
// failure that a person understands.
func TestMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	env := nodetest.Env(t)
	var seeds [][]byte
	for _, n := range []string{"ledger.xlsx", "ledger.ods", "ledger.fods", "xlsxwriter.xlsx", "openpyxl-1904.xlsx"} {
		b, err := os.ReadFile(filepath.Join("testdata", n))
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	ok, failed := 0, 0
	for i := range 200 {
		b := damage(t, r, seeds[i%len(seeds)])
		put(t, env, "m.xlsx", b)
		for typ, in := range map[string]params{
			"sheet.read": {"fill_merged": true}, "sheet.info": {}, "sheet.find": {"find": "x", "all_sheets": true},
			"sheet.write_cells": {"to": "o.xlsx", "cells": params{"A1": "x", "C9": 1}}, "sheet.insert_rows": {"row": 2, "to": "o.xlsx"}, "sheet.rename_sheet": {"name": "New", "to": "o.xlsx"},
		} {
			in["file"], in["timeout"] = "m.xlsx", "20s"
			_, err := nodetest.Run(t, env, typ, in)
			if err == nil {
				ok++
				continue
			}
			failed++
			f := node.AsFailure(err)
			if f.Kind != node.KindInput && f.Kind != node.KindDenied && f.Kind != node.KindNotFound || f.Message == "" {
				t.Errorf("%s, copy %d: got %s: %v", typ, i, f.Kind, f)
			}
			if strings.Contains(f.Message, "broke the reader") && (typ == "sheet.read" || typ == "sheet.info") && !strings.Contains(f.Message, "formula") {
				t.Errorf("%s, copy %d: %v", typ, i, f)
			}
		}
	}
	if ok == 0 || failed == 0 {
		t.Errorf("%d runs succeeded, %d failed: the damage tests nothing", ok, failed)
	}
}

// damage changes bytes of a file, or of the XML inside an archive.
func damage(t *testing.T, r *rand.Rand, b []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || r.IntN(5) == 0 {
		return mutate(r, b)
	}
	var parts []string
	hit := r.IntN(len(z.File))
	for i, f := range z.File {
		var p bytes.Buffer
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = p.ReadFrom(rc)
		rc.Close()
		content := p.Bytes()
		if i == hit || strings.Contains(f.Name, "sheet1") || f.Name == "content.xml" {
			content = mutate(r, content)
		}
		parts = append(parts, f.Name, string(content))
	}
	return zipOf(t, parts...)
}

func mutate(r *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		switch r.IntN(5) {
		case 0:
			b[at] = byte(r.Uint32())
		case 1:
			b = slices.Delete(b, at, min(at+r.IntN(30), len(b)))
		case 2:
			b = slices.Insert(b, at, []byte(`<>/"&9:=`[r.IntN(8):])...)
		case 3:
			// Numbers become large.
			if i := bytes.IndexAny(b[at:], "123456789"); i >= 0 {
				b = slices.Insert(b, at+i, '9', '9', '9')
			}
		case 4:
			end := min(at+r.IntN(200), len(b))
			b = slices.Insert(b, at, slices.Clone(b[at:end])...)
		}
	}
	return b
}
