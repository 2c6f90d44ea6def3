package casare_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/aether-rpa/aether/internal/casare"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/all"
)

// Every portable type and every dialog becomes a node that is there.
func TestEveryPortableTypeHasANode(t *testing.T) {
	for _, c := range casare.Coverage(node.Default) {
		switch c.Class {
		case "portable", "ui-dialog":
			if c.State == casare.Waiting {
				t.Errorf("%s waits: %s", c.Type, c.To)
			}
		case "trigger":
			if c.To == "" {
				t.Errorf("%s maps to no trigger", c.Type)
			}
		default:
			if c.To == "" {
				t.Errorf("%s has no name to become", c.Type)
			}
		}
	}
}

var typeName = regexp.MustCompile(`\\?"(?:node_type|type|type_)\\?":\s*\\?"(?:[\w.]*Visual)?(\w+Node)\\?"`)

// exercised returns the types that the workflows of testdata run; specs/imports
// runs them.
func exercised(t *testing.T) map[string]bool {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range typeName.FindAllStringSubmatch(string(src), -1) {
			out[m[1]] = true
		}
	}
	return out
}

func TestCoveragePageIsFresh(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "reference", "casare.md")
	want := casare.CoveragePage(node.Default, exercised(t))
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("docs/reference/casare.md is not what the tables say: run UPDATE=1 go test ./internal/casare -run Coverage (%v)", err)
	}
}
