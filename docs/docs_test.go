// Package docs_test keeps the pages true: the flows they show are valid, and
// what they link to is there.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/all"
)

// pages returns all pages of the repository by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	add := func(path string) error {
		b, err := os.ReadFile(path)
		out[path] = string(b)
		return err
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		return add(path)
	})
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(more, "../examples/README.md") {
		if err := add(path); err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 10 {
		t.Fatalf("found %d pages", len(out))
	}
	return out
}

// block is a fenced block of a page.
type block struct {
	line int
	text string
}

// blocks returns the fenced blocks of a language.
func blocks(page, language string) []block {
	var out []block
	var in *block
	for i, line := range strings.Split(page, "\n") {
		fence := strings.HasPrefix(line, "```")
		switch {
		case in != nil && fence:
			out = append(out, *in)
			in = nil
		case in != nil:
			in.text += line + "\n"
		case fence && strings.TrimSpace(strings.TrimPrefix(line, "```")) == language:
			in = &block{line: i + 2}
		case fence:
			in = nil
		}
	}
	return out
}

// TestFlows checks every flow that a page shows: a yaml block that begins with
// `aether:`. Warnings count, since readers copy.
func TestFlows(t *testing.T) {
	n := 0
	for path, page := range pages(t) {
		for _, b := range blocks(page, "yaml") {
			if !strings.HasPrefix(b.text, "aether:") {
				continue
			}
			n++
			t.Run(fmt.Sprintf("%s:%d", path, b.line), func(t *testing.T) {
				f, err := flow.Decode([]byte(b.text))
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range check.Flow(f, node.Default, check.Options{}) {
					t.Error(p)
				}
			})
		}
	}
	if n < 8 {
		t.Errorf("found %d flows in the pages: they were not read", n)
	}
}

var linkRE = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)\s]*)?\)`)

// TestLinks follows the links from page to page and to files.
func TestLinks(t *testing.T) {
	n := 0
	for path, page := range pages(t) {
		for _, m := range linkRE.FindAllStringSubmatch(withoutCode(page), -1) {
			if strings.Contains(m[1], ":") {
				continue // another site
			}
			n++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
	}
	if n == 0 {
		t.Error("no page has a link: they were not read")
	}
}

var codeRE = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")

func withoutCode(page string) string { return codeRE.ReplaceAllString(page, "") }

var typeRE = regexp.MustCompile("`([a-z]+\\.[a-z_]+)`")

// TestNodeTypes finds node types that are gone: what is written as code, has
// the form of a type and begins with the name of a family.
func TestNodeTypes(t *testing.T) {
	families := map[string]bool{}
	for _, f := range node.Default.Families() {
		families[f.Name] = true
	}
	for path, page := range pages(t) {
		if strings.HasPrefix(filepath.ToSlash(path), "nodes/") || strings.HasPrefix(filepath.ToSlash(path), "reference/") {
			continue // generated
		}
		for _, m := range typeRE.FindAllStringSubmatch(page, -1) {
			family, _, _ := strings.Cut(m[1], ".")
			if families[family] && node.Default.Get(m[1]) == nil && !reads[m[1]] {
				t.Errorf("%s speaks of %s, which is no node type", path, m[1])
			}
		}
	}
}

// reads are expressions and settings that look like node types.
var reads = map[string]bool{
	"flow.name": true, "flow.digest": true, "text.initials": true,
	"http.allow": true, "http.deny": true, "http.allow_private": true,
	"script.memory": true, "script.timeout": true, "db.namespace": true,
}
