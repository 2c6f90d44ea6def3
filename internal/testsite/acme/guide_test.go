package acme_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/testsite/acme"
	"github.com/aether-rpa/aether/internal/testsite/pages"
)

var (
	addRE   = regexp.MustCompile(`Ledger\.Add\(("[a-z.]+"|b\.Kind\+"\.[a-z]+")`)
	labRE   = regexp.MustCompile(`(?s)var labEffects = \[\]string\{(.*?)\}`)
	kindRE  = regexp.MustCompile(`"([a-z]+\.[a-z]+)"`)
	numbers = regexp.MustCompile(`/(WI-|V-|C-|R-)[0-9]+`)
)

// TestGuide holds the guide to what there is: every page of the office, every kind of entry, who may sign in, and the small
// pages.
func TestGuide(t *testing.T) {
	b, err := os.ReadFile("../../../docs/guide/practice-site.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(b)

	var kinds []string
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		code, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range addRE.FindAllStringSubmatch(string(code), -1) {
			if verb, ok := strings.CutPrefix(m[1], "b.Kind+"); ok {
				for _, book := range books {
					kinds = append(kinds, book.kind+strings.Trim(verb, `"`))
				}
				continue
			}
			kinds = append(kinds, strings.Trim(m[1], `"`))
		}
		if m := labRE.FindSubmatch(code); m != nil {
			for _, k := range kindRE.FindAllSubmatch(m[1], -1) {
				kinds = append(kinds, string(k[1]))
			}
		}
	}
	slices.Sort(kinds)
	if kinds = slices.Compact(kinds); len(kinds) < 40 {
		t.Fatalf("the office writes %v", kinds)
	}
	for _, k := range kinds {
		if !strings.Contains(guide, "`"+k+"`") {
			t.Errorf("the guide does not tell of %s", k)
		}
	}

	v := visit(t, acme.Config{}).signIn()
	for path := range v.walk() {
		path = strings.TrimPrefix(path, "/acme")
		// Pages of one work item, and what is inside pages, stand for themselves.
		if numbers.MatchString(path) || strings.HasPrefix(path, "/static/") || strings.Count(path, "/") > 2 && !strings.HasPrefix(path, "/lab/redirects") {
			continue
		}
		if path != "/lookup/vendors" && path != "/lab/answers" && path != "/login" && !strings.Contains(guide, path) {
			t.Errorf("the guide does not tell of %s", path)
		}
	}
	for _, p := range pages.List {
		if !strings.Contains(guide, "| `/pages/"+p.Name+"` | "+p.What+" | "+p.Effects+" |\n") {
			t.Errorf("the guide does not tell of the page %s as package pages does", p.Name)
		}
	}
	for _, word := range []string{acme.TOTPSecret, "practice-1", "practice-2", "practice-3", "practice-4"} {
		if !strings.Contains(guide, word) {
			t.Errorf("the guide does not tell %s", word)
		}
	}
}
