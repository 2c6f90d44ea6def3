package pdf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// raw writes objects with the rest of the file as given.
func raw(rest string, objects ...string) []byte {
	var b strings.Builder
	b.WriteString("%PDF-1.7\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	return []byte(b.String() + rest)
}

// withTrailer is a small document whose trailer holds more, such as encryption.
func withTrailer(more string, objects ...string) []byte {
	all := append([]string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]>>",
	}, objects...)
	return []byte(strings.Replace(string(document(all...)), "/Root 1 0 R", "/Root 1 0 R"+more, 1))
}

func stream(dict, content string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(content), content)
}

// malformed is a corpus of files that break the rules in ways seen in the wild
// and in reports of security holes.
func malformed() map[string][]byte {
	page := "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"
	font := "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
	with := func(content string, more ...string) []byte {
		return document(append([]string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, content, font}, more...)...)
	}
	catalog := func(more string, objects ...string) []byte {
		return document(append([]string{"<</Type/Catalog/Pages 2 0 R" + more + ">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream("", ""), font}, objects...)...)
	}
	deep := []string{"<</Type/Catalog/Pages 2 0 R>>"}
	const levels = 3000
	for i := range levels {
		deep = append(deep, fmt.Sprintf("<</Type/Pages/Kids[%d 0 R]/Count 1/Parent %d 0 R>>", i+3, i+1))
	}
	deep = append(deep, fmt.Sprintf("<</Type/Page/Parent %d 0 R/MediaBox[0 0 10 10]>>", levels+1))
	twice := []string{"<</Type/Catalog/Pages 2 0 R>>"} // two kids that are the same, on 40 levels
	for i := range 40 {
		twice = append(twice, fmt.Sprintf("<</Type/Pages/Kids[%[1]d 0 R %[1]d 0 R]/Count 2>>", i+3))
	}
	twice = append(twice, "<</Type/Page/MediaBox[0 0 10 10]>>")
	root := "<</Type/Catalog/Pages 2 0 R>>"
	functions := []string{root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</ColorSpace<</C[/Separation/X/DeviceRGB 4 0 R]>>>>>>"}
	for i := range levels {
		functions = append(functions, fmt.Sprintf("<</FunctionType 3/Functions[%d 0 R]/Bounds[]/Encode[0 1]/Domain[0 1]>>", i+5))
	}
	functions = append(functions, "<</FunctionType 2/N 1/Domain[0 1]>>")
	files := map[string][]byte{
		"xref points to itself":         raw("xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 2/Root 1 0 R/Prev 48>>\nstartxref\n48\n%%EOF\n", root),
		"xref of two that loop":         raw("xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 2/Root 1 0 R/Prev 120>>\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 2/Root 1 0 R/Prev 56>>\nstartxref\n56\n%%EOF\n", root),
		"xref of very many":             raw("xref\n0 2000000000\n0000000000 65535 f \ntrailer\n<</Size 2000000000/Root 1 0 R>>\nstartxref\n56\n%%EOF\n", root),
		"xref negative":                 raw("xref\n-5 -2\ntrailer\n<</Size -1/Root 1 0 R>>\nstartxref\n-56\n%%EOF\n", root),
		"xref stream, wide":             raw("startxref\n56\n%%EOF\n", root, stream("/Type/XRef/Size 2000000000/W[8 8 8]/Index[0 2000000000]/Root 1 0 R", "x")),
		"xref stream, W of zero":        raw("startxref\n56\n%%EOF\n", root, stream("/Type/XRef/Size 99999999/W[0 0 0]/Root 1 0 R", "x")),
		"startxref beyond the end":      raw("startxref\n999999999999\n%%EOF\n", root),
		"huge object number":            []byte("%PDF-1.4\n2147483647 0 obj\n<<>>\nendobj\n99999999999999999999 0 obj\n<<>>\nendobj\ntrailer<</Root 2147483647 0 R>>\nstartxref\n9\n%%EOF"),
		"object stream in itself":       raw("startxref\n0\n%%EOF\n", root, "<</Type/Pages/Kids[]/Count 0>>", stream("/Type/ObjStm/N 1/First 4/Extends 3 0 R", "3 0 <</Type/ObjStm>>")),
		"object stream of very many":    raw("startxref\n0\n%%EOF\n", root, stream("/Type/ObjStm/N 2000000000/First 2000000000", "3 0 <<>>")),
		"page tree deep":                document(deep...),
		"page tree that doubles":        document(twice...),
		"page tree is its own kid":      document(root, "<</Type/Pages/Kids[2 0 R]/Count 1>>"),
		"page is its own parent":        document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 3 0 R>>"),
		"kids are the catalog":          document(root, "<</Type/Pages/Kids[1 0 R]/Count 1>>"),
		"kids is a number":              document(root, "<</Type/Pages/Kids 7/Count 1>>"),
		"count is negative":             document(root, "<</Type/Pages/Kids[3 0 R]/Count -5>>", page, stream("", ""), font),
		"catalog is missing":            raw("trailer\n<</Size 1>>\nstartxref\n0\n%%EOF\n", "<<>>"),
		"catalog is itself":             document("1 0 R"),
		"functions deep":                document(functions...),
		"brackets":                      []byte("%PDF-1.4\n1 0 obj\n" + strings.Repeat("[", 4<<20) + "\nendobj\ntrailer<</Root 1 0 R>>"),
		"brackets, closed":              document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream("", ""), font, strings.Repeat("[", 1<<20)+strings.Repeat("]", 1<<20)),
		"lengths of each other":         document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, "<</Length 6 0 R/DecodeParms 6 0 R/Filter/FlateDecode>>\nstream\nx\nendstream", font, "<</Length 4 0 R/DecodeParms 4 0 R/Filter/FlateDecode>>\nstream\nx\nendstream"),
		"action loop":                   catalog("/OpenAction 6 0 R", "<</S/JavaScript/JS(x)/Next 7 0 R>>", "<</S/JavaScript/JS(x)/Next 6 0 R>>"),
		"length of itself":              with("<</Length 4 0 R>>\nstream\nx\nendstream"),
		"length is huge":                with("<</Length 99999999999>>\nstream\nx\nendstream"),
		"length is negative":            with("<</Length -10>>\nstream\nx\nendstream"),
		"no endstream":                  with("<</Length 5>>\nstream\nxxxxxxxxxxxxxxxxxxxxx"),
		"filters without end":           with(stream("/Filter["+strings.Repeat("/ASCIIHexDecode", 2000)+"]", strings.Repeat("30", 2000)+">")),
		"filter unknown":                with(stream("/Filter/Nonsense", "x")),
		"flate broken":                  with(stream("/Filter/FlateDecode", "x\x9cgarbage that is not deflate")),
		"lzw broken":                    with(stream("/Filter/LZWDecode", "\xff\xff\xff\xff")),
		"run length bomb":               with(stream("/Filter[/RunLengthDecode/RunLengthDecode]", strings.Repeat("\x81\x81", 200_000)+"\x80")),
		"predictor of huge columns":     with(stream("/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 2000000000/Colors 2000000000/BitsPerComponent 16>>", deflated(1<<16, 'x'))),
		"outlines loop":                 catalog("/Outlines 6 0 R", "<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>", "<</Title(a)/Parent 6 0 R/Next 7 0 R/First 7 0 R/Dest[3 0 R/Fit]>>"),
		"names loop":                    catalog("/Names<</EmbeddedFiles 6 0 R>>", "<</Kids[6 0 R 6 0 R]>>"),
		"fields loop":                   catalog("/AcroForm<</Fields[6 0 R]>>", "<</T(a)/FT/Tx/Kids[6 0 R 6 0 R]>>"),
		"form is a number":              catalog("/AcroForm 7"),
		"font is itself":                document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream("", "BT /F1 9 Tf (x) Tj ET"), "<</Type/Font/Subtype/Type0/DescendantFonts[5 0 R]/ToUnicode 5 0 R>>"),
		"cmap of very many":             document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream("", "BT /F1 9 Tf (x) Tj ET"), "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>", stream("", "1 begincodespacerange <00000000><ffffffff> endcodespacerange 1 beginbfrange <00000000> <ffffffff> <0000> endbfrange")),
		"content nested":                with(stream("", strings.Repeat("[", 100_000)+strings.Repeat("<<", 100_000))),
		"content of numbers":            with(stream("", "BT /F1 1e38 Tf 1e38 -1e38 Td 9999999999999999999999999 0 0 1e-38 1e38 1e38 cm (x) Tj ET")),
		"names with control characters": document("<</Type/Catalog/Pages 2 0 R/#00#00(x)>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"),
		"box of nonsense":               document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[nan 1 (x) << >>]>>"),
		"box upside down":               document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[300 144 0 0]/Rotate 45>>"),
		"box of nothing":                document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 0 0]>>"),
		"encrypted by nobody knows":     withTrailer("/Encrypt 4 0 R/ID[(a)(b)]", "<</Filter/Unknown/V 1/R 2/O(x)/U(y)/P -1>>"),
		"encrypted, short keys":         withTrailer("/Encrypt 4 0 R/ID[(a)(b)]", "<</Filter/Standard/V 5/R 6/Length 256/O(x)/U(y)/OE(z)/UE(z)/Perms(p)/P -1>>"),
		"encrypted without ID":          withTrailer("/Encrypt 4 0 R", "<</Filter/Standard/V 1/R 2/O("+strings.Repeat("x", 32)+")/U("+strings.Repeat("y", 32)+")/P -1>>"),
		"encrypted, revision 99":        withTrailer("/Encrypt 4 0 R/ID[(a)(b)]", "<</Filter/Standard/V 99/R 99/Length -8/O()/U()/P 5>>"),
		"encrypted, crypt filter loop":  withTrailer("/Encrypt 4 0 R/ID[(a)(b)]", "<</Filter/Standard/V 4/R 4/Length 128/CF 4 0 R/StmF/StdCF/StrF/Nowhere/O("+strings.Repeat("x", 32)+")/U("+strings.Repeat("y", 32)+")/P -1>>"),
		"encrypted by itself":           withTrailer("/Encrypt 1 0 R/ID[(a)(b)]"),
		"image of no data":              document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>", stream("", "/I Do"), stream("/Type/XObject/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 16/ColorSpace/DeviceCMYK/Filter/JPXDecode", "garbage")),
		"image of fax":                  document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>", stream("", "/I Do"), stream("/Type/XObject/Subtype/Image/Width 65000/Height 65000/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 65000/Rows 65000>>", "\x00\x10\x01\x00\x10\x01")),
		"function loop":                 document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<</ColorSpace<</C[/Separation/X/DeviceRGB 5 0 R]>>>>/Contents 4 0 R>>", stream("", "/C cs 1 sc 0 0 9 9 re f"), "<</FunctionType 3/Functions[5 0 R 5 0 R]/Bounds[0.5]/Encode[0 1 0 1]/Domain[0 1]>>"),
		"pattern loop":                  document(root, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<</Pattern<</P 5 0 R>>>>/Contents 4 0 R>>", stream("", "/Pattern cs /P scn 0 0 99 99 re f"), stream("/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep 0.0001/YStep 0.0001/Resources<</Pattern<</P 5 0 R>>>>", "/Pattern cs /P scn 0 0 1 1 re f")),
	}
	good := map[string]string{"hello": helloPDF, "form": formPDF}
	for name, s := range good {
		for _, part := range []int{1, 3, 5, 7, 9} {
			files[fmt.Sprintf("%s cut after %d tenths", name, part)] = []byte(s[:len(s)*part/10])
		}
		files[name+" without its start"] = []byte(s[20:])
		files[name+" twice"] = []byte(s + s)
		files[name+" with carriage returns"] = []byte(strings.ReplaceAll(s, "\n", "\r\n"))
	}
	return files
}

// refused are the files of the corpus that could end the program, and what is
// said of them.
var refused = map[string]string{
	"function loop": "built in a circle", "pattern loop": "built in a circle", "names loop": "built in a circle", "page tree is its own kid": "built in a circle",
	"outlines loop": "built in a circle", "fields loop": "built in a circle", "action loop": "built in a circle", "font is itself": "built in a circle",
	"lengths of each other": "without end", "page tree deep": "levels deep", "functions deep": "levels deep",
	"xref negative": "before its start", "brackets": "", "catalog is itself": "", "encrypted by nobody knows": "", "encrypted, revision 99": "",
}

func TestMalformed(t *testing.T) {
	warm := folder(t, map[string]string{"hello.pdf": helloPDF})
	do(t, warm, "pdf.read_text", params{"file": "hello.pdf"})
	files := malformed()
	for name := range refused {
		if files[name] == nil {
			t.Errorf("the corpus has no %q", name)
		}
	}
	for name, b := range files {
		t.Run(name, func(t *testing.T) {
			env := nodetest.Env(t)
			write(t, env, "f.pdf", b)
			type call struct {
				typ string
				in  params
			}
			calls := []call{{"pdf.info", params{}}, {"pdf.read_text", params{}}, {"pdf.optimize", params{"to": "o.pdf"}}}
			switch {
			case strings.Contains(name, "form") || strings.Contains(name, "fields"):
				calls = append(calls, call{"pdf.fill_form", params{"to": "o.pdf", "values": params{"a": "b"}, "unknown": "ignore"}})
			case strings.Contains(name, "image") || strings.Contains(name, "loop") || strings.Contains(name, "box"):
				calls = append(calls, call{"pdf.to_images", params{"folder": "s", "dpi": 36}})
			}
			for _, c := range calls {
				want, known := refused[name]
				c.in["file"], c.in["timeout"], c.in["max_size"] = "f.pdf", "300ms", 8<<20
				if known && c.typ == "pdf.optimize" {
					c.in["timeout"] = "5m"
				}
				_, err := nodetest.Run(t, env, c.typ, c.in)
				if known && c.typ == "pdf.optimize" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("%s: got %v, want a failure with %q", c.typ, err, want)
				}
				if err == nil {
					continue
				}
				f := node.AsFailure(err)
				if f.Kind != node.KindInput && f.Kind != node.KindDenied && f.Kind != node.KindTimeout || f.Message == "" || len(f.Message) > 500 || strings.Contains(f.Message, env.Files.Dirs()[0]) {
					t.Errorf("%s: got %s: %v", c.typ, f.Kind, f)
				}
			}
		})
	}
}

// TestGoodGraphs has circles and long lists of which good documents are full.
func TestGoodGraphs(t *testing.T) {
	page := "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Contents 4 0 R/Resources 5 0 R/Annots[8 0 R]>>"
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R/Outlines 9 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream("", "/X Do"),
		"<</XObject<</X 6 0 R>>/Font<</F 7 0 R>>>>",
		stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources 5 0 R", "q Q"), // has the resources that have it
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/P 3 0 R/A<</S/GoTo/D[3 0 R/Fit]>>>>",
	}
	const marks = 3000
	objects = append(objects, fmt.Sprintf("<</Type/Outlines/First 10 0 R/Last %d 0 R/Count %d>>", marks+9, marks))
	for i := range marks {
		o := fmt.Sprintf("<</Title(mark)/Parent 9 0 R/Dest[3 0 R/Fit]/Prev %d 0 R/Next %d 0 R>>", i+9, i+11)
		switch i {
		case 0:
			o = strings.Replace(o, "/Prev 9 0 R", "", 1)
		case marks - 1:
			o = strings.Replace(o, fmt.Sprintf("/Next %d 0 R", marks+10), "", 1)
		}
		objects = append(objects, o)
	}
	env := nodetest.Env(t)
	write(t, env, "f.pdf", document(objects...))
	do(t, env, "pdf.optimize", params{"file": "f.pdf", "to": "o.pdf"})
	if got := do(t, env, "pdf.read_bookmarks", params{"file": "f.pdf"})["count"]; got != marks {
		t.Errorf("got %v bookmarks, want %d", got, marks)
	}
}
