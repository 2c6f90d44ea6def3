package book

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ODSWriter writes an ods file as a stream: sheets one after the other, rows
// from top to bottom.
type ODSWriter struct {
	z     *zip.Writer
	w     *bufio.Writer
	open  bool // a sheet is open
	rows  int
	names map[string]bool
}

const odsSpaces = `xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" ` +
	`xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" ` +
	`xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" ` +
	`xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" office:version="1.3"`

const odsMime = "application/vnd.oasis.opendocument.spreadsheet"

const odsStyles = `<office:automatic-styles>` +
	`<style:style style:name="shown" style:family="table"><style:table-properties table:display="true"/></style:style>` +
	`<style:style style:name="hidden" style:family="table"><style:table-properties table:display="false"/></style:style>` +
	`<style:style style:name="head" style:family="table-cell"><style:text-properties fo:font-weight="bold"/></style:style>` +
	`<number:date-style style:name="N1"><number:year number:style="long"/><number:text>-</number:text><number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style>` +
	`<number:date-style style:name="N2"><number:year number:style="long"/><number:text>-</number:text><number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/><number:text> </number:text><number:hours number:style="long"/><number:text>:</number:text><number:minutes number:style="long"/><number:text>:</number:text><number:seconds number:style="long"/></number:date-style>` +
	`<number:time-style style:name="N3" number:truncate-on-overflow="false"><number:hours number:style="long"/><number:text>:</number:text><number:minutes number:style="long"/><number:text>:</number:text><number:seconds number:style="long"/></number:time-style>` +
	`<number:boolean-style style:name="N4"><number:boolean/></number:boolean-style>` +
	`<style:style style:name="bool" style:family="table-cell" style:data-style-name="N4"/>` +
	`<style:style style:name="day" style:family="table-cell" style:data-style-name="N1"/>` +
	`<style:style style:name="time" style:family="table-cell" style:data-style-name="N2"/>` +
	`<style:style style:name="clock" style:family="table-cell" style:data-style-name="N3"/>` +
	`</office:automatic-styles>`

// NewODSWriter begins a file.
func NewODSWriter(w io.Writer) (*ODSWriter, error) {
	o := &ODSWriter{z: zip.NewWriter(w), names: map[string]bool{}}
	// The type comes first and as it is, so that programs find it in the file.
	m, err := o.z.CreateHeader(&zip.FileHeader{Name: "mimetype", Method: zip.Store})
	if err == nil {
		_, err = io.WriteString(m, odsMime)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range [][2]string{
		{"META-INF/manifest.xml", xml.Header + `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">` +
			`<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="` + odsMime + `"/>` +
			`<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>` +
			`<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/></manifest:manifest>`},
		{"styles.xml", xml.Header + `<office:document-styles ` + odsSpaces + `/>`},
	} {
		f, err := o.z.Create(p[0])
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(f, p[1]); err != nil {
			return nil, err
		}
	}
	c, err := o.z.Create("content.xml")
	if err != nil {
		return nil, err
	}
	o.w = bufio.NewWriterSize(c, 64<<10)
	o.put(xml.Header, `<office:document-content `, odsSpaces, `>`, odsStyles, `<office:body><office:spreadsheet>`)
	return o, nil
}

// put writes; a bufio.Writer keeps its first error for Close.
func (o *ODSWriter) put(parts ...string) {
	for _, p := range parts {
		_, _ = o.w.WriteString(p)
	}
}

// Sheet begins a sheet.
func (o *ODSWriter) Sheet(name string, hidden bool) error {
	if o.names[name] {
		return fmt.Errorf("there are two sheets %q", name)
	}
	o.names[name] = true
	o.end()
	style := "shown"
	if hidden {
		style = "hidden"
	}
	o.put(`<table:table table:name="`, escape(name), `" table:style-name="`, style, `">`)
	o.open, o.rows = true, 0
	return nil
}

func (o *ODSWriter) end() {
	if !o.open {
		return
	}
	if o.rows == 0 {
		o.put(`<table:table-row><table:table-cell/></table:table-row>`)
	}
	o.put(`</table:table>`)
	o.open = false
}

// Row writes a row of values as cells have them; nil is an empty cell. A head
// row is bold. Rows between the last one and this are empty.
func (o *ODSWriter) Row(number int, cells []any, head bool) error {
	if number <= o.rows {
		return fmt.Errorf("row %d comes after row %d", number, o.rows)
	}
	if gap := number - o.rows - 1; gap > 0 {
		o.put(`<table:table-row table:number-rows-repeated="`, strconv.Itoa(gap), `"><table:table-cell/></table:table-row>`)
	}
	o.rows = number
	o.put(`<table:table-row>`)
	empty, any := 0, false
	for _, v := range cells {
		if v == nil || v == "" {
			empty++
			continue
		}
		if empty > 0 {
			o.put(`<table:table-cell table:number-columns-repeated="`, strconv.Itoa(empty), `"/>`)
			empty = 0
		}
		any = true
		o.cell(v, head)
	}
	if !any {
		o.put(`<table:table-cell/>`)
	}
	o.put(`</table:table-row>`)
	_, err := o.w.Write(nil)
	return err
}

func (o *ODSWriter) cell(v any, head bool) {
	style := ""
	if head {
		style = ` table:style-name="head"`
	} else if _, ok := v.(bool); ok {
		// Else LibreOffice shows 1 and 0.
		style = ` table:style-name="bool"`
	}
	o.put(`<table:table-cell`, style)
	switch x := v.(type) {
	case bool:
		o.put(` office:value-type="boolean" office:boolean-value="`, strconv.FormatBool(x), `"/>`)
	case int:
		o.put(` office:value-type="float" office:value="`, strconv.Itoa(x), `"/>`)
	case float64:
		o.put(` office:value-type="float" office:value="`, strconv.FormatFloat(x, 'g', -1, 64), `"/>`)
	case Date:
		o.date(x, head)
	case Error:
		o.put(` office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>`, escape(string(x)), `</text:p></table:table-cell>`)
	default:
		o.put(` office:value-type="string">`)
		for _, line := range strings.Split(fmt.Sprint(v), "\n") {
			o.put(`<text:p>`, odsText(line), `</text:p>`)
		}
		o.put(`</table:table-cell>`)
	}
}

func (o *ODSWriter) date(d Date, head bool) {
	style := map[int]string{Day: "day", Time: "time"}[d.Kind]
	if style == "" {
		style = "clock"
	}
	if !head {
		o.put(` table:style-name="`, style, `"`)
	}
	switch d.Kind {
	case Day, Time:
		o.put(` office:value-type="date" office:date-value="`, d.String(), `"/>`)
	default:
		n, sign := d.Length, ""
		if n < 0 {
			n, sign = -n, "-"
		}
		o.put(fmt.Sprintf(` office:value-type="time" office:time-value="%sPT%02dH%02dM%sS"/>`, sign, n/time.Hour, n/time.Minute%60, strconv.FormatFloat((n%time.Minute).Seconds(), 'f', -1, 64)))
	}
}

// odsText writes a line so that its spaces count.
func odsText(s string) string {
	s = escape(s)
	if !strings.Contains(s, "  ") && !strings.ContainsAny(s, "\t") && !strings.HasPrefix(s, " ") && !strings.HasSuffix(s, " ") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\t':
			b.WriteString("<text:tab/>")
		case ' ':
			n := 1
			for i+n < len(s) && s[i+n] == ' ' {
				n++
			}
			fmt.Fprintf(&b, `<text:s text:c="%d"/>`, n)
			i += n - 1
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;")

// escape makes a text fit for XML; characters that XML cannot hold go.
func escape(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c >= 0x80 {
			clean = false
			break
		}
	}
	if !clean {
		s = Printable(s)
	}
	return escaper.Replace(s)
}

// Printable returns a text without what XML cannot hold: control characters
// and bytes that are no UTF-8.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

// Close ends the file.
func (o *ODSWriter) Close() error {
	o.end()
	o.put(`</office:spreadsheet></office:body></office:document-content>`)
	if err := o.w.Flush(); err != nil {
		return err
	}
	return o.z.Close()
}
