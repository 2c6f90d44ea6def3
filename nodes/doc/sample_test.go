package doc

import (
	"bytes"
	"os"
	"testing"

	"github.com/aether-rpa/aether/nodes/doc/docx"
)

// The template of the examples is what is written here. UPDATE=1 makes it anew.
func TestSample(t *testing.T) {
	fresh := sampleDocx(`<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Offer</w:t></w:r></w:p>` +
		`<w:p><w:r><w:t xml:space="preserve">Dear {{</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>na</w:t></w:r><w:r><w:t>me}},</w:t></w:r></w:p>` +
		`<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/></w:tblPr><w:tblGrid><w:gridCol w:w="4500"/><w:gridCol w:w="4500"/></w:tblGrid>` +
		`<w:tr><w:tc><w:p><w:r><w:t>Item</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Price</w:t></w:r></w:p></w:tc></w:tr>` +
		`<w:tr><w:tc><w:p><w:r><w:t>{{#items}}{{item}}</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>{{price}}{{/items}}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>` +
		`<w:p><w:r><w:t>Best regards</w:t></w:r></w:p>`)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("sample/letter.docx", []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if fresh != letterDocx {
		t.Error("sample/letter.docx is another: UPDATE=1 go test ./nodes/doc -run TestSample")
	}
}

// sampleDocx returns a document with the given body. It panics on XML that is
// wrong, which an example would be.
func sampleDocx(body string) string {
	b, err := docx.New(11906, 16838, 1417, "Calibri", 11)
	if err != nil {
		panic(err)
	}
	d, err := docx.Open(bytes.NewReader(b), int64(len(b)), docx.Limits{Part: 1 << 20, Total: 1 << 20})
	if err != nil {
		panic(err)
	}
	nodes, err := d.Body().Fragment(body)
	if err != nil {
		panic(err)
	}
	d.Body().Insert(0, nodes...)
	d.Touch(d.Main())
	var out bytes.Buffer
	if err := d.Write(&out); err != nil {
		panic(err)
	}
	return out.String()
}
