package pdf

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
)

// document writes objects as a PDF file with a correct table.
func document(objects ...string) []byte {
	b := []byte("%PDF-1.5\n")
	at := make([]int, len(objects))
	for i, o := range objects {
		at[i] = len(b)
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := len(b)
	b = fmt.Appendf(b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range at {
		b = fmt.Appendf(b, "%010d 00000 n \n", o)
	}
	return fmt.Appendf(b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
}

func deflated(n int, with byte) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	chunk := bytes.Repeat([]byte{with}, 1<<16)
	for range n >> 16 {
		_, _ = w.Write(chunk)
	}
	_ = w.Close()
	return b.String()
}

func onePage(contents string) []byte {
	return document("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>",
		contents, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
}

// readers are the nodes that look at a file, changers those that write another.
var (
	readers  = []string{"pdf.info", "pdf.read_text", "pdf.read_tables", "pdf.read_words", "pdf.read_form", "pdf.read_bookmarks"}
	changers = []struct {
		typ string
		in  params
	}{
		{"pdf.optimize", params{"to": "o.pdf"}}, {"pdf.split", params{"folder": "s"}}, {"pdf.extract_pages", params{"pages": "1", "to": "o.pdf"}},
		{"pdf.rotate", params{"to": "o.pdf"}}, {"pdf.watermark", params{"text": "x", "to": "o.pdf"}}, {"pdf.number_pages", params{"to": "o.pdf"}},
		{"pdf.encrypt", params{"user_password": "x", "to": "o.pdf"}}, {"pdf.decrypt", params{"to": "o.pdf"}}, {"pdf.flatten", params{"to": "o.pdf"}},
		{"pdf.to_images", params{"folder": "s", "dpi": 36}}, {"pdf.extract_images", params{"folder": "s"}}, {"pdf.extract_attachments", params{"folder": "s"}},
		{"pdf.fill_form", params{"values": params{"name": "x"}, "to": "o.pdf"}}, {"pdf.delete_pages", params{"pages": "1", "to": "o.pdf"}},
	}
)

// survives runs every node on the file. Each may succeed or fail as it likes,
// but not with a defect, and it has to end.
func survives(t *testing.T, env *node.Env, name string) {
	t.Helper()
	check := func(typ string, in params) {
		all := params{"file": name, "timeout": "200ms", "max_size": 2 << 20}
		for k, v := range in {
			all[k] = v
		}
		if typ == "pdf.to_images" {
			all["max_pixels"] = 4_000_000
		}
		_, err := nodetest.Run(t, env, typ, all)
		if err != nil {
			f := node.AsFailure(err)
			if f.Kind == node.KindPanic || f.Message == "" || len(f.Message) > 1000 {
				t.Errorf("%s on %s: got %s: %v", typ, name, f.Kind, f)
			}
		}
	}
	for _, typ := range readers {
		check(typ, nil)
	}
	for _, c := range changers {
		check(c.typ, c.in)
	}
}

func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for many files that never end")
	}
	kids := strings.Repeat("3 0 R ", 1_000)
	loop := document("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>", "<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>")
	bomb := deflated(16<<20, ' ')
	chain := deflated(1<<20, 'x')
	for range 3 {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		_, _ = w.Write([]byte(chain))
		_ = w.Close()
		chain = b.String()
	}
	huge := "<</Type/XObject/Subtype/Image/Width 100000/Height 100000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode/Length 10>>\nstream\nxxxxxxxxxx\nendstream"
	files := map[string][]byte{
		"empty.pdf":      {},
		"text.pdf":       []byte("this is no PDF"),
		"header.pdf":     []byte("%PDF-1.7\n"),
		"cut.pdf":        []byte(helloPDF)[:len(helloPDF)/2],
		"noxref.pdf":     bytes.Replace([]byte(helloPDF), []byte("xref"), []byte("xxxx"), 2),
		"badxref.pdf":    bytes.Replace([]byte(helloPDF), []byte("startxref\n"), []byte("startxref\n99999"), 1),
		"loop.pdf":       loop,
		"many.pdf":       document("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids["+kids+"]/Count 1000>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 10 10]>>"),
		"count.pdf":      document("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 2000000000>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 10 10]>>"),
		"size.pdf":       bytes.Replace([]byte(helloPDF), []byte("/Size 6"), []byte("/Size 2000000000"), 1),
		"box.pdf":        bytes.Replace([]byte(helloPDF), []byte("[0 0 300 144]"), []byte("[0 0 9e9 9e9]"), 1),
		"bomb.pdf":       onePage(fmt.Sprintf("<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream", len(bomb), bomb)),
		"chain.pdf":      onePage(fmt.Sprintf("<</Length %d/Filter[/FlateDecode/FlateDecode/FlateDecode/FlateDecode]>>\nstream\n%s\nendstream", len(chain), chain)),
		"operators.pdf":  onePage("<</Length 100000>>\nstream\n" + strings.Repeat("q ", 50_000) + "\nendstream"),
		"brackets.pdf":   []byte("%PDF-1.4\n1 0 obj\n" + strings.Repeat("[", 50_000) + "\nendobj\ntrailer<</Root 1 0 R>>"),
		"imagebomb.pdf":  document("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>", "<</Length 4>>\nstream\n/I Do\nendstream", huge),
		"selfobject.pdf": document("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>", "<</Length 5>>\nstream\n/I Do\nendstream", "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</I 5 0 R>>>>/Length 11>>\nstream\n/I Do /I Do\nendstream"),
	}
	// The engine starts outside of the short time that a file gets.
	warm := folder(t, map[string]string{"hello.pdf": helloPDF})
	do(t, warm, "pdf.read_text", params{"file": "hello.pdf"})
	for name, b := range files {
		t.Run(name, func(t *testing.T) {
			env := nodetest.Env(t)
			write(t, env, name, b)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			survives(t, env, name)
			runtime.ReadMemStats(&after)
			if grown := int64(after.Sys) - int64(before.Sys); grown > 3<<30 {
				t.Errorf("memory grew by %d MiB", grown>>20)
			}
		})
	}
}

// TestMutated runs readers and one writer on damaged copies of good files.
func TestMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var seeds [][]byte
	for _, s := range []string{helloPDF, pricesPDF, formPDF} {
		seeds = append(seeds, []byte(s))
	}
	for _, n := range []string{"ruled.pdf", "invoice.pdf"} {
		b, err := os.ReadFile(filepath.Join("testdata", n))
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	env := nodetest.Env(t)
	bad := 0
	for i := range 60 {
		write(t, env, "m.pdf", mutate(r, seeds[i%len(seeds)]))
		for _, typ := range []string{"pdf.info", "pdf.read_tables", "pdf.read_form"} {
			if _, err := nodetest.Run(t, env, typ, params{"file": "m.pdf", "timeout": "10s"}); err != nil {
				bad++
				if f := node.AsFailure(err); f.Kind != node.KindInput && f.Kind != node.KindDenied && f.Kind != node.KindTimeout {
					t.Errorf("%s, copy %d: got %s: %v", typ, i, f.Kind, f)
				}
			}
		}
		if _, err := nodetest.Run(t, env, "pdf.optimize", params{"file": "m.pdf", "to": "o.pdf", "timeout": "10s"}); err == nil {
			if _, err := nodetest.Run(t, env, "pdf.info", params{"file": "o.pdf"}); err != nil {
				t.Errorf("copy %d was written but cannot be read: %v", i, err)
			}
		}
	}
	if bad == 0 {
		t.Error("no copy was refused: the damage is too mild to test anything")
	}
}

func mutate(r *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	for range 1 + r.IntN(8) {
		at := r.IntN(len(b))
		switch r.IntN(5) {
		case 0:
			b[at] = byte(r.Uint32())
		case 1:
			b = b[:max(at, 20)]
		case 2:
			b = slices.Delete(b, at, min(at+r.IntN(40), len(b)))
		case 3:
			b = slices.Insert(b, at, []byte("<<["[:1+r.IntN(3)])...)
		case 4:
			if i := bytes.IndexAny(b[at:], "123456789"); i >= 0 {
				b[at+i] = byte('0' + r.IntN(10))
			}
		}
		if len(b) == 0 {
			b = []byte("%PDF-")
		}
	}
	return b
}

func TestTimeAndCancel(t *testing.T) {
	env := folder(t, map[string]string{"hello.pdf": helloPDF})
	fails(t, env, "pdf.read_text", params{"file": "hello.pdf", "timeout": "0.001", "pages": strings.Repeat("1,", 90_000)}, node.KindTimeout, "longer than")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := source{File: "hello.pdf", limits: limits{Timeout: time.Minute, MaxSize: 1 << 20}}
	err := s.read(ctx, env, func(context.Context, *pdfium.Doc) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	err = guarded(t.Context(), func(*gate) error { panic("boom") })
	if f := node.AsFailure(s.tell(t.Context(), err)); f.Kind != node.KindInput || !strings.Contains(f.Message, "boom") {
		t.Errorf("got %v, want a failure", f)
	}
	short, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	release := make(chan struct{})
	err = guarded(short, func(g *gate) error {
		<-release
		_, err := (&gatedWriter{g: g, w: &bytes.Buffer{}}).Write([]byte("x"))
		if err == nil {
			t.Error("an operation that was given up could still write")
		}
		return err
	})
	close(release)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestPageList(t *testing.T) {
	tests := []struct {
		specs []string
		count int
		want  string
		bad   string
	}{
		{nil, 3, "[1 2 3]", ""},
		{[]string{""}, 3, "[1 2 3]", ""},
		{nil, 0, "[]", ""},
		{[]string{"2-"}, 4, "[2 3 4]", ""},
		{[]string{"-2"}, 4, "[1 2]", ""},
		{[]string{"last-1-last"}, 4, "[3 4]", ""},
		{[]string{"3-1"}, 4, "[3 2 1]", ""},
		{[]string{"odd;!3"}, 5, "[1 5]", ""},
		{[]string{"!1"}, 3, "[2 3]", ""},
		{[]string{"LAST, Even"}, 4, "[4 2 4]", ""},
		{[]string{"0"}, 4, "", "no page 0"},
		{[]string{"5-"}, 4, "", "no page 5"},
		{[]string{"1"}, 0, "", "no page 1"},
		{[]string{"-"}, 4, "", "not a page"},
		{[]string{"--1"}, 4, "", "not a page"},
		{[]string{"1.5"}, 4, "", "not a page"},
		{[]string{"99999999999999999999"}, 4, "", "not a page"},
		{[]string{strings.Repeat("1-1000,", 200)}, 1000, "", "more than"},
	}
	for _, tt := range tests {
		got, err := pageList(tt.specs, tt.count)
		if tt.bad != "" {
			if err == nil || !strings.Contains(err.Error(), tt.bad) {
				t.Errorf("%q of %d: got %v, %v, want an error with %q", tt.specs, tt.count, got, err, tt.bad)
			}
			continue
		}
		if err != nil || fmt.Sprint(got) != tt.want {
			t.Errorf("%q of %d: got %v, %v, want %s", tt.specs, tt.count, got, err, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 50).Draw(t, "count")
		want := rapid.SliceOfN(rapid.IntRange(1, count), 1, 20).Draw(t, "pages")
		got, err := pageList([]string{strings.Join(selection(want), ",")}, count)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
	})
}

func TestIsoDate(t *testing.T) {
	for in, want := range map[string]string{
		"D:20260131120000+01'00'": "2026-01-31T12:00:00+01:00", "D:20260131120000Z": "2026-01-31T12:00:00Z", "D:20260131": "2026-01-31T00:00:00Z",
		"D:2026": "2026-01-01T00:00:00Z", "D:20260131120000-05'30": "2026-01-31T12:00:00-05:30", "D:20260131120000Z00'00'": "2026-01-31T12:00:00Z",
		"20260131120000+0100": "2026-01-31T12:00:00+01:00", "": "", "yesterday": "", "D:20261331": "", "D:2026-01-31": "", "2026-01-31T12:00:00Z": "2026-01-31T12:00:00Z",
	} {
		if got := isoDate(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(helloPDF))
	f.Add([]byte(formPDF))
	env := nodetest.Env(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		write(t, env, "f.pdf", b)
		for _, typ := range []string{"pdf.read_form", "pdf.read_bookmarks"} { // those of pdfcpu: PDFium is too slow to fuzz
			_, err := nodetest.Run(t, env, typ, params{"file": "f.pdf", "timeout": "10s"})
			if err != nil && node.AsFailure(err).Kind == node.KindPanic {
				t.Error(err)
			}
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n\n- b\n  - c\n\n| a | b |\n|---|:-:|\n| 1 |\n> q\n```\nx\n```\n**b** *i* `c` [l](u) \\* 1. 2")
	f.Fuzz(func(t *testing.T, s string) {
		for _, b := range parseMarkdown(s) {
			for _, row := range b.cells {
				if len(row) != len(b.cells[0]) {
					t.Errorf("a table has rows of %d and %d cells", len(b.cells[0]), len(row))
				}
			}
		}
	})
}
