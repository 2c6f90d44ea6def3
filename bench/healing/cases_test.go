package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/heal"
)

func written(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is no file of cases is refused with a sentence that names the file.
func TestRefusesWhatIsNoCases(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, want string }{
		"nothing":          {"", "EOF"},
		"no list":          {`{"site": "a"}`, "cannot unmarshal"},
		"cut off":          {`[{"site": "a", "cands": [{"tag": "a"`, "unexpected EOF"},
		"no sites":         {`[]`, "no pairs"},
		"no pairs":         {`[{"site": "a", "cands": [{"tag": "a", "xpath": "/a[1]"}], "pairs": []}]`, "no pairs"},
		"null site":        {`[null]`, "site 0 is null"},
		"truth outside":    {`[{"site": "a", "cands": [{"tag": "a"}], "pairs": [{"target": {"tag": "a"}, "truth": 1}]}]`, "the page has 1 elements"},
		"truth is a word":  {`[{"site": "a", "cands": [{"tag": "a"}], "pairs": [{"target": {"tag": "a"}, "truth": "x"}]}]`, "cannot unmarshal"},
		"broken gzip":      {"\x1f\x8bxxxx", "gzip"},
		"length is a word": {`[{"site": "a", "cands": [{"tag": "a", "x": "wide"}], "pairs": []}]`, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := written(t, []byte(c.content))
			_, err := readCases(path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// counted measures a file as the program does.
func counted(t *testing.T, content []byte) (mine, rivals []*result, checks []*resolved) {
	t.Helper()
	f, err := readCases(written(t, content))
	if err != nil {
		t.Fatal(err)
	}
	quiet := func(string) {}
	shipped := func(*site) *heal.Model { return heal.Shipped() }
	mine, rivals, checks = own(f, shipped, quiet), rivalsOf(f, quiet), silent(f, shipped)
	var r report
	r.results(f, append(mine, rivals...))
	r.checks(checks)
	r.calibration(mine[2])
	r.times(speed(f))
	if out := r.b.String(); strings.Contains(out, "NaN") || strings.Contains(out, "Inf") {
		t.Errorf("the report has no numbers:\n%s", out)
	}
	return mine, rivals, checks
}

// Pages that have nothing on them, elements without anything, and lengths with a fraction are counted like others.
func TestOddCases(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty page":            `[{"site": "a", "cands": [], "pairs": [{"target": {"tag": "a", "text": "x", "xpath": "/a[1]"}, "truth": -1}]}]`,
		"elements of nothing":   `[{"site": "a", "cands": [{}, {}], "pairs": [{"target": {}, "truth": 0}, {"target": {}, "truth": null}, {"target": {}}]}]`,
		"no name":               `[{"cands": [{"tag": "a", "xpath": "/a[1]", "text": "x", "x": 1.5, "y": -0.25, "w": 10, "h": null}], "pairs": [{"target": {"tag": "a", "xpath": "/a[1]", "text": "x"}, "truth": 0}]}]`,
		"the same twice":        `[{"site": "a", "cands": [{"tag": "a", "xpath": "/a[1]", "text": "x"}, {"tag": "a", "xpath": "/a[1]", "text": "x"}], "pairs": [{"target": {"tag": "a", "xpath": "/a[1]", "text": "x"}, "truth": 1}]}]`,
		"its own parent's path": `[{"site": "a", "cands": [{"tag": "a", "xpath": "////", "text": "x"}, {"tag": "a", "xpath": "a", "text": "y"}], "pairs": [{"target": {"tag": "b", "xpath": "/", "text": "y"}, "truth": 1}]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counted(t, []byte(content))
		})
	}
}

// menu is a page with a menu, whose texts come from words, before and after a release that gives it other ids, classes and
// a wrapper; the pairs are all its entries.
func menu(words []string, mirror bool) []byte {
	element := func(i int, fresh bool) map[string]any {
		x := 40 + 120*i
		if mirror {
			x = 1280 - x - 100
		}
		n := map[string]any{"tag": "a", "text": words[i], "href": fmt.Sprintf("https://example.com/%d", i), "x": x, "y": 20, "w": 100, "h": 30, "btn": false, "alt": "", "name": "",
			"id": fmt.Sprintf("m%d", i), "cls": "entry", "xpath": fmt.Sprintf("/html[1]/body[1]/nav[1]/a[%d]", i+1), "nb": strings.Join(words, " ")}
		if fresh {
			n["id"], n["cls"], n["y"] = fmt.Sprintf("k%dx", i*7), "zq1", 60
			n["xpath"] = fmt.Sprintf("/html[1]/body[1]/div[1]/nav[1]/a[%d]", i+1)
		}
		n["idxpath"] = fmt.Sprintf("//*[@id='%s']", n["id"])
		return n
	}
	var cands, pairs []map[string]any
	for i := range words {
		cands = append(cands, element(i, true))
		pairs = append(pairs, map[string]any{"target": element(i, false), "truth": i})
	}
	b, _ := json.Marshal([]map[string]any{{"site": "menu", "cands": cands, "pairs": pairs}})
	return b
}

// What is found does not depend on the script that a page is written in, nor on the side that it begins at.
func TestEveryScriptCounts(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{
		"English":  {"Products", "Prices", "About us", "Contact", "Sign in"},
		"German":   {"Produkte", "Preise", "Über uns", "Kontakt", "Anmelden"},
		"Japanese": {"製品", "料金", "会社概要", "お問い合わせ", "ログイン"},
		"Greek":    {"Προϊόντα", "Τιμές", "Σχετικά", "Επικοινωνία", "Σύνδεση"},
		"Hindi":    {"उत्पाद", "मूल्य", "हमारे बारे में", "संपर्क", "साइन इन"},
		"Arabic":   {"المنتجات", "الأسعار", "من نحن", "اتصل بنا", "تسجيل الدخول"},
		"Hebrew":   {"מוצרים", "מחירים", "אודות", "צור קשר", "כניסה"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine, _, _ := counted(t, menu(words, name == "Arabic" || name == "Hebrew"))
			for _, r := range mine {
				if r.first != len(words) || r.healed != len(words) || r.wrong > 0 || r.accepted > 0 {
					t.Errorf("%s: %+v", r.name, r)
				}
			}
		})
	}
}

// A page of 50,000 elements is measured like any other.
func TestHugePage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	var sites []map[string]any
	if err := json.Unmarshal(menu([]string{"Products", "Prices"}, false), &sites); err != nil {
		t.Fatal(err)
	}
	cands := sites[0]["cands"].([]any) //nolint:forcetypeassert // it was just written
	for i := range 50_000 {
		cands = append(cands, map[string]any{"tag": "td", "text": fmt.Sprintf("cell %d", i), "xpath": fmt.Sprintf("/html[1]/body[1]/table[1]/tbody[1]/tr[%d]/td[%d]", i/10+1, i%10+1), "x": 100 * (i % 10), "y": 200 + 20*(i/10), "w": 100, "h": 20})
	}
	sites[0]["cands"] = cands
	plain, err := json.Marshal(sites)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := readCases(written(t, packed.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range own(f, func(*site) *heal.Model { return heal.Shipped() }, func(string) {}) {
		if r.first != 2 || r.wrong > 0 || r.accepted > 0 {
			t.Errorf("%s: %+v", r.name, r)
		}
	}
}
