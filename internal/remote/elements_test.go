package remote

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/vault"
)

// An orchestrator that refuses pictures of elements, since it does not know them, is told of the elements without, and
// is not asked again.
func TestBlindOrchestrator(t *testing.T) {
	var heard []bool // whether there was a picture in it
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		look := bytes.Contains(b, []byte(`"look"`))
		heard = append(heard, look)
		if w.Header().Set("Content-Type", "application/json"); look {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"kind":"input","message":"validation failed"}`)
			return
		}
		_, _ = io.WriteString(w, `{"heal":7}`)
	}))
	defer srv.Close()
	c, err := NewClient(srv.URL, vault.New("t"), "m", nil)
	if err != nil {
		t.Fatal(err)
	}
	task := &task{client: c, given: &orch.Given{}}
	task.lease, task.end = context.WithCancelCause(t.Context())
	e := &elements{task, t.Context()}
	pictured := selector.Print{Tag: "a", Look: "x"}
	if err := e.Saw(t.Context(), element.Place{}, "css=a", pictured); err != nil {
		t.Error(err)
	}
	id, _, err := e.Report(t.Context(), &element.Report{Before: pictured, Found: &pictured})
	if err != nil || id != 7 || pictured.Look != "x" {
		t.Errorf("%d, %v", id, err)
	}
	if err := e.Saw(t.Context(), element.Place{}, "css=a", selector.Print{Tag: "a"}); err != nil {
		t.Error(err)
	}
	if want := []bool{true, false, false, false}; !slices.Equal(heard, want) {
		t.Errorf("there was a picture in what it heard: %v, want %v", heard, want)
	}
}
