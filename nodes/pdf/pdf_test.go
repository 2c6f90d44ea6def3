package pdf

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "pdf") }

type params = map[string]any

// folder returns an environment whose folder holds the given files.
func folder(t testing.TB, files map[string]string) *node.Env {
	t.Helper()
	env := nodetest.Env(t)
	for name, content := range files {
		write(t, env, name, []byte(content))
	}
	return env
}

func write(t testing.TB, env *node.Env, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func fixture(t testing.TB, names ...string) *node.Env {
	t.Helper()
	env := nodetest.Env(t)
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join("testdata", n))
		if err != nil {
			t.Fatal(err)
		}
		write(t, env, n, b)
	}
	return env
}

func do(t testing.TB, env *node.Env, typ string, in params) params {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

func fails(t testing.TB, env *node.Env, typ string, in params, kind, part string) {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err == nil {
		t.Fatalf("%s: got %v, want a failure with %q", typ, out, part)
	}
	if f := node.AsFailure(err); f.Kind != kind || !strings.Contains(err.Error(), part) {
		t.Fatalf("%s: got %s: %v, want %s with %q", typ, f.Kind, err, kind, part)
	}
}

// book is a document of n pages that say their number; odd pages are wider.
func book(t testing.TB, env *node.Env, name string, n int) {
	t.Helper()
	blocks := []any{}
	for p := 1; p <= n; p++ {
		if p > 1 {
			blocks = append(blocks, params{"kind": "page_break"})
		}
		blocks = append(blocks, params{"text": fmt.Sprintf("This is page %d", p)})
	}
	do(t, env, "pdf.make", params{"to": name, "blocks": blocks, "title": "Ein Büchlein", "author": "Żółw"})
}

// verify has qpdf judge a file, where it is installed.
func verify(t testing.TB, env *node.Env, name string, args ...string) {
	t.Helper()
	qpdf, err := exec.LookPath("qpdf")
	if err != nil {
		t.Log("not verified: qpdf is not installed")
		return
	}
	out, err := exec.CommandContext(t.Context(), qpdf, append(args, "--check", filepath.Join(env.Files.Dirs()[0], name))...).CombinedOutput()
	if err != nil {
		t.Errorf("qpdf --check %s: %v\n%s", name, err, out)
	}
}

func pagesText(t testing.TB, env *node.Env, name string) []string {
	t.Helper()
	var out []string
	for _, p := range do(t, env, "pdf.read_text", params{"file": name})["pages"].([]any) {
		out = append(out, strings.TrimSpace(strings.TrimPrefix(p.(string), "This is page ")))
	}
	return out
}

func TestArrange(t *testing.T) {
	env := nodetest.Env(t)
	book(t, env, "b.pdf", 7)
	write(t, env, "hello.pdf", []byte(helloPDF))
	verify(t, env, "b.pdf")
	tests := []struct {
		typ  string
		in   params
		want string
	}{
		{"pdf.extract_pages", params{"file": "b.pdf", "pages": "3,1,1,last", "to": "o.pdf"}, "3 1 1 7"},
		{"pdf.extract_pages", params{"file": "b.pdf", "pages": []any{2, "5-4"}, "to": "o.pdf"}, "2 5 4"},
		{"pdf.extract_pages", params{"file": "b.pdf", "pages": "even", "to": "o.pdf"}, "2 4 6"},
		{"pdf.extract_pages", params{"file": "b.pdf", "pages": "all !2 !5-", "to": "o.pdf"}, "1 3 4"},
		{"pdf.delete_pages", params{"file": "b.pdf", "pages": "1, last", "to": "o.pdf"}, "2 3 4 5 6"},
		{"pdf.rotate", params{"file": "b.pdf", "angle": "90", "pages": "2", "to": "o.pdf"}, "1 2 3 4 5 6 7"},
		{"pdf.optimize", params{"file": "b.pdf", "to": "o.pdf"}, "1 2 3 4 5 6 7"},
		{"pdf.merge", params{"files": []any{"b.pdf"}, "parts": []any{params{"file": "b.pdf", "pages": []any{"2-3"}}}, "to": "o.pdf"}, "1 2 3 4 5 6 7 2 3"},
		{"pdf.merge", params{"files": []any{"hello.pdf", "b.pdf"}, "to": "o.pdf", "divider": true}, "Hello, world!  1 2 3 4 5 6 7"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.typ, tt.in["pages"]), func(t *testing.T) {
			out := do(t, env, tt.typ, tt.in)
			verify(t, env, "o.pdf")
			got := pagesText(t, env, "o.pdf")
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if out["page_count"] != len(got) {
				t.Errorf("page_count is %v, want %d", out["page_count"], len(got))
			}
			if st, _ := env.Files.Stat("o.pdf"); int(st.Size()) != out["size"] {
				t.Errorf("size is %v, want %d", out["size"], st.Size())
			}
		})
	}
	do(t, env, "pdf.rotate", params{"file": "b.pdf", "pages": "2"})
	if got := do(t, env, "pdf.info", params{"file": "b.pdf"})["pages"].([]any)[1].(params); got["rotation"] != 90 || got["width"] != 841.89 && got["width"] != 842 {
		t.Errorf("got %v, want a turned page", got)
	}
	fails(t, env, "pdf.extract_pages", params{"file": "b.pdf", "pages": "8", "to": "x.pdf"}, node.KindInput, "there is no page 8")
	fails(t, env, "pdf.extract_pages", params{"file": "b.pdf", "pages": "a-b", "to": "x.pdf"}, node.KindInput, "not a page")
	fails(t, env, "pdf.delete_pages", params{"file": "b.pdf", "pages": "all", "to": "x.pdf"}, node.KindInput, "no page is left")
	fails(t, env, "pdf.merge", params{"to": "x.pdf"}, node.KindInput, "nothing to merge")
	fails(t, env, "pdf.merge", params{"files": []any{"b.pdf", "none.pdf"}, "to": "x.pdf"}, node.KindNotFound, "none.pdf does not exist")
	if _, err := env.Files.Stat("x.pdf"); err == nil {
		t.Error("a failed node left a file")
	}
}

func TestSplit(t *testing.T) {
	env := nodetest.Env(t)
	book(t, env, "b.pdf", 5)
	tests := []struct {
		name string
		in   params
		want []string
		text []string
	}{
		{"pages", params{}, []string{"o/b_1.pdf", "o/b_2.pdf", "o/b_3.pdf", "o/b_4.pdf", "o/b_5.pdf"}, []string{"1", "2", "3", "4", "5"}},
		{"pattern", params{"name": "page_{n}.pdf", "every": 3}, []string{"o/page_1.pdf", "o/page_2.pdf"}, []string{"1 2 3", "4 5"}},
		{"ranges", params{"by": "ranges", "ranges": []any{"1-2", "5,4"}, "name": "{name}-{from:02}-{to:02}"}, []string{"o/b-01-02.pdf", "o/b-05-04.pdf"}, []string{"1 2", "5 4"}},
		{"same name", params{"every": 3, "name": "x"}, []string{"o/x.pdf", "o/x_2.pdf"}, []string{"1 2 3", "4 5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := params{"file": "b.pdf", "folder": "o"}
			for k, v := range tt.in {
				in[k] = v
			}
			out := do(t, env, "pdf.split", in)
			var got []string
			for i, f := range out["files"].([]any) {
				got = append(got, f.(string))
				verify(t, env, f.(string))
				if text := strings.Join(pagesText(t, env, f.(string)), " "); text != tt.text[i] {
					t.Errorf("%s holds %q, want %q", f, text, tt.text[i])
				}
			}
			if !slices.Equal(got, tt.want) || out["count"] != len(tt.want) || out["page_count"] != 5 {
				t.Errorf("got %v, want %q", out, tt.want)
			}
		})
	}
	fails(t, env, "pdf.split", params{"file": "b.pdf", "folder": "o", "by": "bookmarks"}, node.KindInput, "no bookmarks")
	fails(t, env, "pdf.split", params{"file": "b.pdf", "folder": "o", "name": "../x"}, node.KindInput, "cannot hold a path")
	fails(t, env, "pdf.split", params{"file": "b.pdf", "folder": "o", "name": "{x}"}, node.KindInput, "stands for nothing")
	fails(t, env, "pdf.split", params{"file": "b.pdf", "folder": "/etc"}, node.KindDenied, "outside")
}

func TestSplitByBookmarks(t *testing.T) {
	env := nodetest.Env(t)
	book(t, env, "1.pdf", 2)
	book(t, env, "2.pdf", 3)
	// Merging with bookmarks is what pdfcpu offers to make them.
	b := bookmarked(t, env, "1.pdf", "2.pdf")
	write(t, env, "b.pdf", b)
	marks := do(t, env, "pdf.read_bookmarks", params{"file": "b.pdf"})
	if marks["count"] != 2 {
		t.Fatalf("got %v, want two bookmarks", marks)
	}
	out := do(t, env, "pdf.split", params{"file": "b.pdf", "folder": "o", "by": "bookmarks", "name": "{n} {title}"})
	parts := out["parts"].([]any)
	if len(parts) != 2 || parts[0].(params)["to"] != 2 || parts[1].(params)["from"] != 3 || !strings.Contains(parts[1].(params)["title"].(string), "2") {
		t.Errorf("got %v", parts)
	}
}

func TestInfoAgainstPoppler(t *testing.T) {
	pdfinfo, err := exec.LookPath("pdfinfo")
	if err != nil {
		t.Skip("pdfinfo of poppler-utils is not installed")
	}
	env := fixture(t, "ruled.pdf", "invoice.pdf")
	book(t, env, "b.pdf", 3)
	for _, name := range []string{"ruled.pdf", "invoice.pdf", "b.pdf"} {
		cmd := exec.CommandContext(t.Context(), pdfinfo, "-isodates", filepath.Join(env.Files.Dirs()[0], name))
		text, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, l := range strings.Split(string(text), "\n") {
			k, v, _ := strings.Cut(l, ":")
			want[k] = strings.TrimSpace(v)
		}
		got := do(t, env, "pdf.info", params{"file": name})
		page := got["pages"].([]any)[0].(params)
		size := fmt.Sprintf("%v x %v pts", page["width"], page["height"])
		if fmt.Sprint(got["page_count"]) != want["Pages"] || got["title"] != want["Title"] || got["author"] != want["Author"] || got["producer"] != want["Producer"] || got["version"] != want["PDF version"] || !strings.HasPrefix(want["Page size"], size) && !near2(want["Page size"], page) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		if want["CreationDate"] != "" && strings.TrimSuffix(got["created"].(string), ":00")[:16] != want["CreationDate"][:16] {
			t.Errorf("%s: created is %v, want %v", name, got["created"], want["CreationDate"])
		}
	}
}

// near2 compares page sizes, which pdfinfo rounds to six digits.
func near2(size string, page params) bool {
	var w, h float64
	if _, err := fmt.Sscanf(size, "%f x %f", &w, &h); err != nil {
		return false
	}
	f := func(v any) float64 {
		if i, ok := v.(int); ok {
			return float64(i)
		}
		return v.(float64)
	}
	return max(w-f(page["width"]), f(page["width"])-w, h-f(page["height"]), f(page["height"])-h) < 0.01
}

func words2(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestTextAgainstPoppler(t *testing.T) {
	pdftotext, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext of poppler-utils is not installed")
	}
	env := fixture(t, "ruled.pdf", "invoice.pdf")
	do(t, env, "pdf.make", params{"to": "made.pdf", "markdown": "# Überschrift\n\nŁódź, Ωmega, Жизнь, “quotes” – dashes.\n\n" + strings.Repeat("Many words that must be wrapped over several lines. ", 30)})
	for _, name := range []string{"ruled.pdf", "invoice.pdf", "made.pdf"} {
		raw, err := exec.CommandContext(t.Context(), pdftotext, "-layout", filepath.Join(env.Files.Dirs()[0], name), "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Fields(string(raw))
		for _, layout := range []bool{false, true} {
			got := strings.Fields(do(t, env, "pdf.read_text", params{"file": name, "layout": layout})["text"].(string))
			slices.Sort(got)
			sorted := slices.Sorted(slices.Values(want))
			if !slices.Equal(got, sorted) {
				t.Errorf("%s (layout %v): got %q, want the words %q", name, layout, got, sorted)
			}
		}
	}
	got := do(t, env, "pdf.read_text", params{"file": "invoice.pdf", "layout": true})["text"].(string)
	if !strings.Contains(got, "Consulting, on site   ") {
		t.Errorf("columns are not kept apart: %q", got)
	}
}

func TestTables(t *testing.T) {
	env := fixture(t, "ruled.pdf", "invoice.pdf")
	out := do(t, env, "pdf.read_tables", params{"file": "ruled.pdf"})
	want := []any{
		params{"Region": "North", "Q1": "1,200", "Q2": "1,350", "Remark": "good growth over several quarters in a row"},
		params{"Region": "South", "Q1": "merged cell", "Q2": "", "Remark": ""},
		params{"Region": "Total", "Q1": "1", "Q2": "2", "Remark": "x"},
		params{"Region": "", "Q1": "3", "Q2": "4", "Remark": "y"},
	}
	if !value.Equal(out["rows"], want) {
		t.Errorf("got %v, want %v", out["rows"], want)
	}
	if table := out["tables"].([]any)[0].(params); table["method"] != "lines" || table["page"] != 1 {
		t.Errorf("got %v", table)
	}
	out = do(t, env, "pdf.read_tables", params{"file": "invoice.pdf"})
	want = []any{
		params{"Pos": "1", "Description": "Consulting, on site", "Quantity": "12", "Amount": "1.200,00"},
		params{"Pos": "2", "Description": "Travel", "Quantity": "1", "Amount": "85,50"},
		params{"Pos": "3", "Description": "Licence fee", "Quantity": "3", "Amount": "450,00"},
	}
	if !value.Equal(out["rows"], want) {
		t.Errorf("got %v, want %v", out["rows"], want)
	}
}

func TestTableOverPages(t *testing.T) {
	env := nodetest.Env(t)
	rows := []any{}
	for i := range 120 {
		rows = append(rows, params{"a": fmt.Sprint("key ", i), "b": strings.Repeat("long text ", i%9), "n": fmt.Sprint(i)})
	}
	do(t, env, "pdf.make", params{"to": "t.pdf", "blocks": []any{params{"kind": "table", "rows": rows, "columns": []any{"a", "b", "n"}}}})
	verify(t, env, "t.pdf")
	out := do(t, env, "pdf.read_tables", params{"file": "t.pdf", "header": "first"})
	got := out["rows"].([]any)
	if len(got) != 120 || len(out["tables"].([]any)) < 3 {
		t.Fatalf("got %d rows in %d tables, want 120 in several", len(got), len(out["tables"].([]any)))
	}
	for i, r := range got {
		w := rows[i].(params)
		if r := r.(params); r["a"] != w["a"] || words2(r["b"].(string)) != words2(w["b"].(string)) || r["n"] != w["n"] {
			t.Errorf("row %d: got %v, want %v", i, r, w)
		}
	}
	if out := do(t, env, "pdf.read_tables", params{"file": "t.pdf", "pages": "1", "header": "none"}); out["rows"].([]any)[0].(params)["column_1"] != "a" {
		t.Errorf("got %v", out["rows"])
	}
}

func TestPictures(t *testing.T) {
	env := folder(t, map[string]string{"hello.pdf": helloPDF, "dot.png": dotPNG})
	for _, format := range []string{"png", "jpg", "jpeg", "tiff", "bmp"} {
		out := do(t, env, "pdf.to_images", params{"file": "hello.pdf", "folder": "o", "format": format, "dpi": 144, "gray": format == "png"})
		b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], out["files"].([]any)[0].(string)))
		if err != nil {
			t.Fatal(err)
		}
		c, kind, err := image.Decode(bytes.NewReader(b))
		if err != nil || c.Bounds().Dx() != 600 || c.Bounds().Dy() != 288 || !strings.HasPrefix(strings.Replace(format, "jpg", "jpeg", 1), kind) {
			t.Errorf("%s: got %v %v, %v", format, kind, c.Bounds(), err)
		}
	}
	fails(t, env, "pdf.to_images", params{"file": "hello.pdf", "folder": "o", "max_pixels": 1000}, node.KindInput, "max_pixels")
	for _, size := range []string{"image", "A4"} {
		do(t, env, "pdf.from_images", params{"images": []any{"dot.png", "o/hello_1.jpg", "o/hello_1.tiff"}, "to": "p.pdf", "page_size": size, "margin": 20, "dpi": 144})
		verify(t, env, "p.pdf")
		info := do(t, env, "pdf.info", params{"file": "p.pdf"})
		page := info["pages"].([]any)[1].(params)
		if want := map[string]any{"image": 300, "A4": 842}[size]; page["width"] != want {
			t.Errorf("%s: got %v, want a width of %v", size, page, want)
		}
		out := do(t, env, "pdf.extract_images", params{"file": "p.pdf", "folder": "x", "min_side": 3})
		if out["count"] != 2 || out["images"].([]any)[0].(params)["width"] != 600 {
			t.Errorf("got %v", out)
		}
	}
	fails(t, env, "pdf.from_images", params{"images": []any{"hello.pdf"}, "to": "x.pdf"}, node.KindInput, "not a picture")
}

func TestStamps(t *testing.T) {
	env := folder(t, map[string]string{"dot.png": dotPNG})
	book(t, env, "b.pdf", 3)
	do(t, env, "pdf.watermark", params{"file": "b.pdf", "text": "Łódź\nconfidential", "rotation": 30, "pages": "2", "to": "o.pdf"})
	verify(t, env, "o.pdf")
	got := do(t, env, "pdf.read_text", params{"file": "o.pdf"})["pages"].([]any)
	if strings.Contains(got[0].(string), "confidential") || !strings.Contains(words2(got[1].(string)), "Łódź") || !strings.Contains(got[1].(string), "confidential") {
		t.Errorf("got %q", got)
	}
	for _, in := range []params{{"image": "dot.png", "position": "top_left", "scale": 0.2, "opacity": 1}, {"pdf": "o.pdf", "page": 2, "under": true}} {
		in["file"], in["to"] = "b.pdf", "w.pdf"
		do(t, env, "pdf.watermark", in)
		verify(t, env, "w.pdf")
	}
	if got := do(t, env, "pdf.read_text", params{"file": "w.pdf", "pages": "1"})["text"].(string); !strings.Contains(got, "confidential") {
		t.Errorf("got %q, want the text of the letterhead", got)
	}
	do(t, env, "pdf.number_pages", params{"file": "b.pdf", "text": "– {page}/{pages} 100% –", "start": 11, "pages": "2-", "to": "n.pdf"})
	verify(t, env, "n.pdf")
	got = do(t, env, "pdf.read_text", params{"file": "n.pdf"})["pages"].([]any)
	if strings.Contains(got[0].(string), "/") || !strings.Contains(got[1].(string), "– 12/13 100% –") {
		t.Errorf("got %q", got)
	}
	do(t, env, "pdf.number_pages", params{"file": "b.pdf", "text": "Стр. {page}", "pages": "3", "to": "n.pdf"})
	verify(t, env, "n.pdf")
	if got := do(t, env, "pdf.read_text", params{"file": "n.pdf"})["text"].(string); !strings.Contains(got, "Стр. 3") || strings.Contains(got, "Стр. 2") {
		t.Errorf("got %q", got)
	}
	fails(t, env, "pdf.watermark", params{"file": "b.pdf", "text": "日本"}, node.KindInput, "font_file")
	fails(t, env, "pdf.watermark", params{"file": "b.pdf"}, node.KindInput, "exactly one")
	fails(t, env, "pdf.watermark", params{"file": "b.pdf", "text": "x", "pdf": "o.pdf"}, node.KindInput, "exactly one")
	fails(t, env, "pdf.watermark", params{"file": "b.pdf", "pdf": "o.pdf", "page": 9, "to": "x.pdf"}, node.KindInput, "stamp")
	fails(t, env, "pdf.watermark", params{"file": "b.pdf", "image": "b.pdf", "to": "x.pdf"}, node.KindInput, "not a picture")
}

func TestAttachments(t *testing.T) {
	env := folder(t, map[string]string{"hello.pdf": helloPDF, "räume.csv": "a\n1\n"})
	do(t, env, "pdf.add_attachments", params{"file": "hello.pdf", "attach": []any{"räume.csv"}, "description": "data"})
	verify(t, env, "hello.pdf")
	if got := do(t, env, "pdf.info", params{"file": "hello.pdf"})["attachments"]; !value.Equal(got, []any{"räume.csv"}) {
		t.Errorf("got %v", got)
	}
	out := do(t, env, "pdf.extract_attachments", params{"file": "hello.pdf", "folder": "o"})
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "o", "räume.csv"))
	if err != nil || string(b) != "a\n1\n" || out["count"] != 1 {
		t.Errorf("got %q, %v, %v", b, err, out)
	}
	if out := do(t, env, "pdf.extract_attachments", params{"file": "hello.pdf", "folder": "o", "names": []any{"other"}}); out["count"] != 0 {
		t.Errorf("got %v", out)
	}
}
