package pdf

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// TestFormOfReportLab fills a form with all kinds of fields, made by another
// program, and has a third one read what a viewer shows.
func TestFormOfReportLab(t *testing.T) {
	env := fixture(t, "application.pdf")
	want := params{
		"full name": "Łódź Żółw", "city": "Αθήνα", "address": "Hauptstraße 1\n12345 Köln", "news": true, "country": "Polska Łódź",
		"other": "Frei gewählt", "pay": "card", "tags": []any{"Blau", "Weiß"}, "code": "ÄB1",
	}
	in := params{}
	for k, v := range want {
		in[k] = v
	}
	in["tags"] = []any{"Blau", "w"} // as it is shown, and as it is stored
	out := do(t, env, "pdf.fill_form", params{"file": "application.pdf", "values": in, "to": "f.pdf"})
	if out["filled"] != 9 {
		t.Errorf("got %v", out)
	}
	verify(t, env, "f.pdf")
	if got := do(t, env, "pdf.read_form", params{"file": "f.pdf"})["values"]; !value.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	do(t, env, "pdf.flatten", params{"file": "f.pdf", "to": "flat.pdf"})
	verify(t, env, "flat.pdf")
	texts := map[string]string{"aether": do(t, env, "pdf.read_text", params{"file": "flat.pdf"})["text"].(string)}
	if tool, err := exec.LookPath("pdftotext"); err == nil {
		for _, name := range []string{"f.pdf", "flat.pdf"} {
			b, err := exec.CommandContext(t.Context(), tool, "-layout", filepath.Join(env.Files.Dirs()[0], name), "-").Output()
			if err != nil {
				t.Fatal(err)
			}
			texts["pdftotext "+name] = string(b)
		}
	}
	for by, text := range texts {
		for _, part := range []string{"Łódź Żółw", "Αθήνα", "Hauptstraße 1", "12345 Köln", "Polska Łódź", "Frei gewählt"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not find %q: %q", by, part, text)
			}
		}
		if strings.Contains(text, "Deutschland") {
			t.Errorf("%s finds what was there before", by)
		}
	}
	// A second time, in place, with an encrypted file.
	do(t, env, "pdf.encrypt", params{"file": "f.pdf", "user_password": "geheim", "to": "e.pdf"})
	do(t, env, "pdf.fill_form", params{"file": "e.pdf", "password": "geheim", "values": params{"full name": "Ada", "tags": nil, "pay": "", "country": "de", "other": "B"}})
	got := do(t, env, "pdf.read_form", params{"file": "e.pdf", "password": "geheim"})["values"].(params)
	if got["full name"] != "Ada" || got["pay"] != "" || got["country"] != "Deutschland" || got["other"] != "B" || len(got["tags"].([]any)) != 0 {
		t.Errorf("got %v", got)
	}
	for name, bad := range map[string][2]any{
		"country": {"France", "choose one of Österreich"}, "pay": {"gold", "none of its options"}, "tags": {[]any{"Rot"}, "none of its options"},
		"code": {"123456", "takes 5 characters"}, "news": {"perhaps", "true or false"}, "city": {params{}, "takes text"},
	} {
		fails(t, env, "pdf.fill_form", params{"file": "application.pdf", "values": params{name: bad[0]}, "to": "x.pdf"}, node.KindInput, name)
		fails(t, env, "pdf.fill_form", params{"file": "application.pdf", "values": params{name: bad[0]}, "to": "x.pdf"}, node.KindInput, bad[1].(string))
	}
}

// oddForm has names in parts, values that fields inherit, options in hex, a
// field in two places, one that is turned, and a date.
func oddForm() []byte {
	return document(
		"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R 9 0 R 10 0 R]/DA(/Helv 10 Tf 1 0 0 rg)/XFA 4 0 R>>>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Annots[6 0 R 7 0 R 8 0 R 9 0 R 11 0 R 12 0 R]>>",
		"<</Length 0>>\nstream\n\nendstream",
		"<</T(person)/FT/Tx/Q 1/Kids[6 0 R 7 0 R 8 0 R]>>",
		"<</Type/Annot/Subtype/Widget/T(first)/Parent 5 0 R/Rect[20 160 120 180]/MK<</BC[0 0 1]/BG[1 1 0.8]>>>>",
		"<</Type/Annot/Subtype/Widget/T(side)/Parent 5 0 R/Rect[20 20 40 120]/MK<</R 90/BC[0]>>>>",
		"<</Type/Annot/Subtype/Widget/T(born)/Parent 5 0 R/Rect[60 100 160 120]/AA<</F<</S/JavaScript/JS(AFDate_FormatEx\\(\"dd.mm.yyyy\"\\);)>>>>>>",
		"<</Type/Annot/Subtype/Widget/FT/Ch/Ff 131072/T<FEFF004C0061006E0064>/Opt[[<6174><FEFF00D6006C>][(de)(Deutschland)]]/Rect[60 60 160 80]/P 3 0 R>>",
		"<</T(twice)/FT/Tx/Kids[11 0 R 12 0 R]>>",
		"<</Type/Annot/Subtype/Widget/Parent 10 0 R/Rect[180 160 280 180]>>",
		"<</Type/Annot/Subtype/Widget/Parent 10 0 R/Rect[180 130 280 150]>>",
	)
}

func TestOddForm(t *testing.T) {
	env := folder(t, nil)
	write(t, env, "odd.pdf", oddForm())
	read := do(t, env, "pdf.read_form", params{"file": "odd.pdf"})
	for _, f := range read["fields"].([]any) {
		if f := f.(params); f["name"] == "person.born" && (f["type"] != "date" || f["format"] != "dd.mm.yyyy") {
			t.Errorf("got %v, want a date", f)
		}
	}
	want := params{"person.first": "Ада", "person.side": "turned", "person.born": "31.01.2026", "Land": "Öl", "twice": "both"}
	in := params{"person.first": "Ада", "person.side": "turned", "person.born": "2026-01-31", "Land": "at", "twice": "both"}
	do(t, env, "pdf.fill_form", params{"file": "odd.pdf", "values": in, "to": "f.pdf"})
	verify(t, env, "f.pdf")
	got := do(t, env, "pdf.read_form", params{"file": "f.pdf"})["values"].(params)
	for k, v := range want {
		if !value.Equal(got[k], v) {
			t.Errorf("%s: got %v, want %v", k, got[k], v)
		}
	}
	do(t, env, "pdf.flatten", params{"file": "f.pdf", "to": "flat.pdf"})
	words := do(t, env, "pdf.read_words", params{"file": "flat.pdf"})["rows"].([]any)
	count := map[string]int{}
	for _, w := range words {
		count[w.(params)["text"].(string)]++
	}
	if count["both"] != 2 || count["Ада"] != 1 || count["31.01.2026"] != 1 || count["Öl"] != 1 {
		t.Errorf("got %v", count)
	}
	do(t, env, "pdf.fill_form", params{"file": "odd.pdf", "values": params{"twice": "x"}, "finish": "lock", "to": "l.pdf"})
	for _, f := range do(t, env, "pdf.read_form", params{"file": "l.pdf"})["fields"].([]any) {
		if f.(params)["locked"] != true {
			t.Errorf("%v is not locked", f)
		}
	}
}
