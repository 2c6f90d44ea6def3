package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/aether-rpa/aether/internal/api"
)

var update = flag.Bool("update", false, "write docs/reference/openapi.json")

// TestDocumentIsFresh holds the document that clients are generated from to what the server serves.
func TestDocumentIsFresh(t *testing.T) {
	raw, err := (&api.Server{Version: "dev"}).Document()
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Indent(&want, raw, "", " "); err != nil {
		t.Fatal(err)
	}
	want.WriteByte('\n')
	file := filepath.Join("..", "..", "docs", "reference", "openapi.json")
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil { //nolint:gosec // documentation is for everybody
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/reference/openapi.json is not what the server serves: run go test ./internal/api -run Document -update, and npm run types in ui")
	}
}
