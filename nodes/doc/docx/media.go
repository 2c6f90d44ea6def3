package docx

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"  // pictures may be GIF
	_ "image/jpeg" // or JPEG
	_ "image/png"  // or PNG
	"path"
	"strings"
)

// EMU is how many units of drawings make a pixel at 96 dots to the inch.
const EMU = 9525

// Picture adds a picture to a part and returns the element (w:drawing) that
// shows it, for the inside of a run. Width and height are in pixels; of those
// that are 0, one follows from the other, or both from the picture, which is
// then at most maxWidth wide.
func (f *File) Picture(part string, data []byte, name, alt string, width, height, maxWidth float64) (string, error) {
	c, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return "", fmt.Errorf("%s is not a PNG, JPEG or GIF picture", name)
	}
	ratio := float64(c.Height) / float64(c.Width)
	switch {
	case width == 0 && height == 0:
		width = min(float64(c.Width), maxWidth)
		height = width * ratio
	case width == 0:
		width = height / ratio
	case height == 0:
		height = width * ratio
	}
	if width > 20_000 || height > 20_000 || width*height <= 0 {
		return "", fmt.Errorf("%s cannot be shown %.0f by %.0f pixels large", name, width, height)
	}
	media := ""
	dir := path.Join(path.Dir(f.main), "media")
	n := 1
	for ; media == "" || f.Has(media); n++ {
		media = fmt.Sprintf("%s/aether%d.%s", dir, n, kind)
	}
	f.Set(media, data)
	if err := f.Declare("", kind, "image/"+kind); err != nil {
		return "", err
	}
	id, err := f.Link(part, "image", media)
	if err != nil {
		return "", err
	}
	size := fmt.Sprintf(`cx="%d" cy="%d"`, int(width*EMU), int(height*EMU))
	label := Escape(strings.Join(strings.Fields(path.Base(strings.ReplaceAll(name, `\`, "/"))), " "))
	// Ids of drawings only have to differ; those of Word are small.
	docID := 900_000 + n
	return fmt.Sprintf(`<w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" distT="0" distB="0" distL="0" distR="0"><wp:extent %[1]s/><wp:docPr id="%[2]d" name="%[3]s" descr="%[4]s"/><wp:cNvGraphicFramePr/>`+
		`<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="%[2]d" name="%[3]s"/><pic:cNvPicPr/></pic:nvPicPr>`+
		`<pic:blipFill><a:blip xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:embed="%[5]s"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext %[1]s/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>`,
		size, docID, label, Escape(alt), id), nil
}

const numberingXML = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
	`<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"></w:numbering>`

// List adds a list with dots or numbers and returns its number for w:numId.
func (f *File) List(numbers bool) (int, error) {
	parts, err := f.Related("numbering")
	if err != nil {
		return 0, err
	}
	part := path.Join(path.Dir(f.main), "numbering.xml")
	if len(parts) > 0 {
		part = parts[0]
	} else {
		f.Set(part, []byte(numberingXML))
		if _, err := f.Link(f.main, "numbering", part); err != nil {
			return 0, err
		}
		if err := f.Declare(part, "", "application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"); err != nil {
			return 0, err
		}
	}
	t, err := f.Tree(part)
	if err != nil {
		return 0, err
	}
	root := t.Element()
	abstract, num := 0, 0
	firstNum := len(root.Kids)
	for i, k := range root.Kids {
		switch k.Name {
		case "w:abstractNum":
			abstract = max(abstract, atoi(k.Attr("w:abstractNumId")))
		case "w:num":
			num = max(num, atoi(k.Attr("w:numId")))
			firstNum = min(firstNum, i)
		case "w:numIdMacAtCleanup":
			firstNum = min(firstNum, i)
		}
	}
	abstract, num = abstract+1, num+1
	var levels strings.Builder
	for l := range 9 {
		format, text, font := "bullet", []string{"•", "◦", "▪"}[l%3], ""
		if numbers {
			format, text = []string{"decimal", "lowerLetter", "lowerRoman"}[l%3], fmt.Sprintf("%%%d.", l+1)
		}
		fmt.Fprintf(&levels, `<w:lvl w:ilvl="%d"><w:start w:val="1"/><w:numFmt w:val="%s"/><w:lvlText w:val="%s"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="%d" w:hanging="360"/></w:pPr>%s</w:lvl>`, l, format, text, 720+l*360, font)
	}
	nodes, err := root.Fragment(fmt.Sprintf(`<w:abstractNum w:abstractNumId="%d"><w:multiLevelType w:val="hybridMultilevel"/>%s</w:abstractNum>`, abstract, levels.String()))
	if err != nil {
		return 0, err
	}
	root.Insert(firstNum, nodes...) // all of these stand before the first w:num
	nodes, err = root.Fragment(fmt.Sprintf(`<w:num w:numId="%d"><w:abstractNumId w:val="%d"/></w:num>`, num, abstract))
	if err != nil {
		return 0, err
	}
	at := len(root.Kids)
	if last := root.Kid("w:numIdMacAtCleanup"); last != nil {
		at = last.Index()
	}
	root.Insert(at, nodes...)
	f.Touch(part)
	return num, nil
}

func atoi(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<28 {
			return n
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// New returns the bytes of an empty document with the usual styles. Page sizes
// and margins are in twentieths of a point.
func New(width, height, margin int, font string, size float64) ([]byte, error) {
	var styles strings.Builder
	half := int(size * 2)
	fmt.Fprintf(&styles, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`+"\n"+`<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="%[1]s" w:hAnsi="%[1]s" w:eastAsia="%[1]s" w:cs="%[1]s"/><w:sz w:val="%[2]d"/><w:szCs w:val="%[2]d"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="264" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>`, Escape(font), half)
	styles.WriteString(`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style><w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>`)
	fmt.Fprintf(&styles, `<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/><w:pPr><w:spacing w:after="240"/></w:pPr><w:rPr><w:b/><w:sz w:val="%d"/></w:rPr></w:style>`, half*5/2)
	for l, part := range []int{16, 13, 12, 11, 10, 10} {
		fmt.Fprintf(&styles, `<w:style w:type="paragraph" w:styleId="Heading%[1]d"><w:name w:val="heading %[1]d"/><w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="240" w:after="80"/><w:outlineLvl w:val="%[2]d"/></w:pPr><w:rPr><w:b/><w:sz w:val="%[3]d"/></w:rPr></w:style>`, l+1, l, half*part/10)
	}
	styles.WriteString(`</w:styles>`)
	header := `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	orient := ""
	if width > height {
		orient = ` w:orient="landscape"`
	}
	return zipped([][2]string{
		{"[Content_Types].xml", header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`},
		{"_rels/.rels", header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relSpace + `officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
		{"word/document.xml", header + fmt.Sprintf(`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body><w:sectPr><w:pgSz w:w="%[1]d" w:h="%[2]d"%[4]s/><w:pgMar w:top="%[3]d" w:right="%[3]d" w:bottom="%[3]d" w:left="%[3]d" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr></w:body></w:document>`, width, height, margin, orient)},
		{"word/_rels/document.xml.rels", header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relSpace + `styles" Target="styles.xml"/></Relationships>`},
		{"word/styles.xml", styles.String()},
		{"docProps/core.xml", header + CoreXML},
	})
}

// CoreXML are empty properties.
const CoreXML = `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"></cp:coreProperties>`
