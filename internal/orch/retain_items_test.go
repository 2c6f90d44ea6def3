package orch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/node"
)

// Several processes remove old work items at once, which share files: each item
// goes once, and a file when the last one that has it is gone.
func TestRetainItemsTogether(t *testing.T) {
	archives(t, func(a *archive) {
		ctx := a.Context()
		if err := a.o.Items.AddQueue(ctx, &item.Queue{Name: "q"}, false); err != nil {
			a.Fatal(err)
		}
		q, err := a.o.Items.Queue(ctx, "", "q")
		if err != nil {
			a.Fatal(err)
		}
		const items = 1300 // more than two batches
		// What was stored just now may be about to be used by a run.
		put := func(content string) string {
			digest := a.put(content)
			at := time.Now().Add(-day)
			if err := os.Chtimes(filepath.Join(a.dir, digest[:2], digest[2:]), at, at); err != nil {
				a.Fatal(err)
			}
			return digest
		}
		pairs := make([]string, items/2)
		for i := range pairs {
			pairs[i] = put(fmt.Sprint("pair ", i))
		}
		all, young := put("all"), put("young")
		add := func(files func(i int) map[string]node.ItemFile, n int) {
			if _, err := a.o.Items.Add(ctx, q, item.Adding{}, func(yield func(node.ItemSpec, error) bool) {
				for i := range n {
					if !yield(node.ItemSpec{Content: map[string]any{"n": i}, Files: files(i)}, nil) {
						return
					}
				}
			}); err != nil {
				a.Fatal(err)
			}
		}
		file := func(digest string) node.ItemFile { return node.ItemFile{Digest: digest, Size: 1} }
		add(func(i int) map[string]node.ItemFile {
			return map[string]node.ItemFile{"a": file(pairs[i/2]), "b": file(all)}
		}, items)
		// Many ended in the same moment.
		a.exec(`UPDATE {s}item SET state = 3, ended = 1000 + id / 700`)
		add(func(int) map[string]node.ItemFile {
			return map[string]node.ItemFile{"a": file(young), "b": file(pairs[7])}
		}, 1)
		var wg sync.WaitGroup
		var mu sync.Mutex
		gone := 0
		for range 3 {
			other := &orch.Orch{Runs: a.o.Runs, Items: item.New(a.d), DB: a.d, Artifacts: a.o.Artifacts, Now: a.o.Now}
			wg.Go(func() {
				n, err := other.RetainItems(ctx, orch.Retention{Items: day})
				if err != nil {
					a.Error(err)
				}
				mu.Lock()
				gone += n
				mu.Unlock()
			})
		}
		wg.Wait()
		if gone != items || a.count("item") != 1 {
			a.Errorf("%d went, %d are left", gone, a.count("item"))
		}
		for i, digest := range pairs {
			if has := a.has(digest); has != (i == 7) {
				a.Errorf("the file of pair %d is there: %v", i, has)
			}
		}
		if a.has(all) || !a.has(young) {
			a.Error("the wrong files are gone")
		}
	})
}
