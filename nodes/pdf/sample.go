package pdf

// helloPDF and pricesPDF are small documents for examples.
const helloPDF = "%PDF-1.4\n" +
	"1 0 obj\n" +
	"<</Type/Catalog/Pages 2 0 R>>\n" +
	"endobj\n" +
	"2 0 obj\n" +
	"<</Type/Pages/Kids[3 0 R]/Count 1>>\n" +
	"endobj\n" +
	"3 0 obj\n" +
	"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>\n" +
	"endobj\n" +
	"4 0 obj\n" +
	"<</Length 44>>\n" +
	"stream\n" +
	"BT /F1 18 Tf 20 100 Td (Hello, world!) Tj ET\n" +
	"endstream\n" +
	"endobj\n" +
	"5 0 obj\n" +
	"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>\n" +
	"endobj\n" +
	"xref\n" +
	"0 6\n" +
	"0000000000 65535 f \n" +
	"0000000009 00000 n \n" +
	"0000000054 00000 n \n" +
	"0000000105 00000 n \n" +
	"0000000217 00000 n \n" +
	"0000000309 00000 n \n" +
	"trailer\n" +
	"<</Size 6/Root 1 0 R>>\n" +
	"startxref\n" +
	"397\n" +
	"%%EOF\n"

const pricesPDF = "%PDF-1.4\n" +
	"1 0 obj\n" +
	"<</Type/Catalog/Pages 2 0 R>>\n" +
	"endobj\n" +
	"2 0 obj\n" +
	"<</Type/Pages/Kids[3 0 R]/Count 1>>\n" +
	"endobj\n" +
	"3 0 obj\n" +
	"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>\n" +
	"endobj\n" +
	"4 0 obj\n" +
	"<</Length 320>>\n" +
	"stream\n" +
	"BT /F1 12 Tf 20 110 Td (Item) Tj ET\n" +
	"BT /F1 12 Tf 120 110 Td (Qty) Tj ET\n" +
	"BT /F1 12 Tf 200 110 Td (Price) Tj ET\n" +
	"BT /F1 12 Tf 20 92 Td (Coffee) Tj ET\n" +
	"BT /F1 12 Tf 120 92 Td (2) Tj ET\n" +
	"BT /F1 12 Tf 200 92 Td (4.50) Tj ET\n" +
	"BT /F1 12 Tf 20 74 Td (Tea) Tj ET\n" +
	"BT /F1 12 Tf 120 74 Td (10) Tj ET\n" +
	"BT /F1 12 Tf 200 74 Td (12.00) Tj ET\n" +
	"endstream\n" +
	"endobj\n" +
	"5 0 obj\n" +
	"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>\n" +
	"endobj\n" +
	"xref\n" +
	"0 6\n" +
	"0000000000 65535 f \n" +
	"0000000009 00000 n \n" +
	"0000000054 00000 n \n" +
	"0000000105 00000 n \n" +
	"0000000217 00000 n \n" +
	"0000000586 00000 n \n" +
	"trailer\n" +
	"<</Size 6/Root 1 0 R>>\n" +
	"startxref\n" +
	"674\n" +
	"%%EOF\n"

// dotPNG is a picture of four dots.
const dotPNG = "\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x02\x00\x00\x00\x02\x08\x02\x00\x00\x00\xfd\xd4\x9a\x73\x00\x00\x00\x12\x49\x44\x41\x54\x78\x9c\x63\xf8\xcf\xc0\xc0\x00\xc2\x0c\xff\x81\x00\x00\x1f\xee\x05\xfb\x0b\xd9\x68\x8b\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82"

// formPDF is a form with a text field and a check box.
const formPDF = "%PDF-1.4\n" +
	"1 0 obj\n" +
	"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R 7 0 R]/DR<</Font<</Helv 5 0 R>>>>/DA(/Helv 12 Tf 0 g)>>>>\n" +
	"endobj\n" +
	"2 0 obj\n" +
	"<</Type/Pages/Kids[3 0 R]/Count 1>>\n" +
	"endobj\n" +
	"3 0 obj\n" +
	"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R/Annots[6 0 R 7 0 R]>>\n" +
	"endobj\n" +
	"4 0 obj\n" +
	"<</Length 57>>\n" +
	"stream\n" +
	"BT /F1 12 Tf 20 110 Td (Name) Tj 0 -40 Td (I agree) Tj ET\n" +
	"endstream\n" +
	"endobj\n" +
	"5 0 obj\n" +
	"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>\n" +
	"endobj\n" +
	"6 0 obj\n" +
	"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V()/DA(/Helv 12 Tf 0 g)/Rect[80 104 260 124]/P 3 0 R/F 4>>\n" +
	"endobj\n" +
	"7 0 obj\n" +
	"<</Type/Annot/Subtype/Widget/FT/Btn/T(agree)/V/Off/AS/Off/Rect[80 66 94 80]/P 3 0 R/F 4/AP<</N<</Yes 8 0 R/Off 9 0 R>>>>>>\n" +
	"endobj\n" +
	"8 0 obj\n" +
	"<</Type/XObject/Subtype/Form/BBox[0 0 14 14]/Length 28>>\n" +
	"stream\n" +
	"q 0 0 0 RG 2 2 m 12 12 l S Q\n" +
	"endstream\n" +
	"endobj\n" +
	"9 0 obj\n" +
	"<</Type/XObject/Subtype/Form/BBox[0 0 14 14]/Length 3>>\n" +
	"stream\n" +
	"q Q\n" +
	"endstream\n" +
	"endobj\n" +
	"xref\n" +
	"0 10\n" +
	"0000000000 65535 f \n" +
	"0000000009 00000 n \n" +
	"0000000134 00000 n \n" +
	"0000000185 00000 n \n" +
	"0000000317 00000 n \n" +
	"0000000422 00000 n \n" +
	"0000000510 00000 n \n" +
	"0000000627 00000 n \n" +
	"0000000765 00000 n \n" +
	"0000000883 00000 n \n" +
	"trailer\n" +
	"<</Size 10/Root 1 0 R>>\n" +
	"startxref\n" +
	"975\n" +
	"%%EOF\n"
