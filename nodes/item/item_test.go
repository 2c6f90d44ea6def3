package item_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	_ "github.com/aether-rpa/aether/nodes/item"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "item") }

// An item goes through its life with its file.
func TestLife(t *testing.T) {
	env := nodetest.Env(t)
	run := func(typ string, params map[string]any) map[string]any {
		t.Helper()
		out, err := nodetest.Run(t, env, typ, params)
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		return out
	}
	if err := env.Files.WriteAtomic("scan.pdf", 0o600, func(w io.Writer) error {
		_, err := w.Write([]byte("%PDF"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	add := map[string]any{"queue": "scans", "reference": "S-1", "files": map[string]any{"scan": "scan.pdf"}}
	first := run("item.add", add)
	if again := run("item.add", add); again["id"] != first["id"] {
		t.Errorf("the same execution added two: %v %v", first, again)
	}
	got := run("item.next", map[string]any{"queue": "scans"})
	item := got["item"].(map[string]any)
	if got["found"] != true || item["reference"] != "S-1" {
		t.Fatalf("got %v", got)
	}
	run("item.progress", map[string]any{"item": item, "text": "half"})
	saved := run("item.save_file", map[string]any{"item": item, "name": "scan", "to": "out/"})
	if !strings.HasSuffix(saved["path"].(string), "scan") {
		t.Errorf("saved %v", saved)
	}
	run("item.done", map[string]any{"item": item, "output": map[string]any{"pages": 2}})
	seen := run("item.get", map[string]any{"queue": "scans", "reference": "S-1"})["item"].(map[string]any)
	if seen["status"] != "successful" || seen["progress"] != "half" || seen["output"].(map[string]any)["pages"] != 2 {
		t.Errorf("seen %v", seen)
	}
}

func TestFailures(t *testing.T) {
	env := nodetest.Env(t)
	for _, tt := range []struct {
		typ    string
		params map[string]any
		kind   string
	}{
		{"item.done", map[string]any{"item": map[string]any{"id": 1}}, node.KindInput},
		{"item.done", map[string]any{"item": map[string]any{"id": 1, "fence": 7}}, node.KindError},
		{"item.get", map[string]any{"id": 99}, node.KindNotFound},
		{"item.get", map[string]any{"queue": "q"}, node.KindInput},
		{"item.add", map[string]any{"queue": "q", "due": "tomorrow"}, node.KindInput},
		{"item.add_many", map[string]any{"queue": "q", "rows": []any{map[string]any{}, 5}}, node.KindInput},
		{"item.save_file", map[string]any{"item": map[string]any{}, "name": "x", "to": "y"}, node.KindNotFound},
	} {
		_, err := nodetest.Run(t, env, tt.typ, tt.params)
		var f *node.Failure
		if !errors.As(err, &f) || f.Kind != tt.kind {
			t.Errorf("%s %v: %v", tt.typ, tt.params, err)
		}
	}
	env.Items = nil
	if _, err := nodetest.Run(t, env, "item.next", map[string]any{"queue": "q"}); err == nil || !strings.Contains(err.Error(), "no work items here") {
		t.Errorf("without items: %v", err)
	}
}
