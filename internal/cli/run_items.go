package cli

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

// itemFlags are the options of run for work items of its own.
type itemFlags struct {
	file, queue, out, reference string
	retries                     int
}

func (f *itemFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "items", "", "File of work items for this run alone: a JSON list, JSON Lines (.jsonl) or CSV (.csv).")
	cmd.Flags().StringVar(&f.queue, "items-queue", "items", "Name of the queue under which the flow finds them.")
	cmd.Flags().StringVar(&f.out, "items-out", "", "Write what became of each item to this JSON file.")
	cmd.Flags().StringVar(&f.reference, "items-reference", "", "Column of the CSV file that holds the reference of an item.")
	cmd.Flags().IntVar(&f.retries, "items-retries", 0, "How often an item is tried again after an application failure.")
}

// ownItems are the work items that a run is begun with.
type ownItems struct {
	itemFlags
	items  iter.Seq2[node.ItemSpec, error]
	digest string
}

// ownItems looks at the file of --items; nil if it was not given.
func (c *command) ownItems(f itemFlags) (*ownItems, error) {
	if f.file == "" {
		if f.out != "" {
			return nil, errors.New("--items-out is for a run with --items")
		}
		return nil, nil
	}
	path := c.abs(f.file)
	items, err := readItems(path, f.reference, nil)
	if err != nil {
		return nil, err
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the items: %w", err)
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return nil, fmt.Errorf("reading the items: %w", err)
	}
	fmt.Fprintf(h, "\x00%s\x00%d", f.reference, f.retries)
	return &ownItems{f, items, hex.EncodeToString(h.Sum(nil))}, nil
}

// readItems reads a file of items by the end of its name.
func readItems(path, reference string, columns item.Columns) (iter.Seq2[node.ItemSpec, error], error) {
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("opening the items: %s is a folder", path)
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".csv", ".tsv", ".txt":
		return item.ReadCSV(open, item.CSV{Reference: reference, Columns: columns}), nil
	case ".json", ".jsonl", ".ndjson":
		if reference != "" {
			return nil, errors.New("the column of the reference is for CSV files: in JSON an item is {\"reference\": …, \"content\": {…}}")
		}
		return item.ReadJSON(open), nil
	}
	return nil, fmt.Errorf("%s is no file of items: use one that ends in .json, .jsonl or .csv", filepath.Base(path))
}

// fits reports whether a run was begun with the same items.
func (o *ownItems) fits(ctx context.Context, s *app.System, r *run.Run, queue string) (bool, error) {
	have, err := s.Items.Loaded(ctx, r.ID, queue)
	if o == nil {
		return have == "", err
	}
	return have == o.digest, err
}

// load gives a run its items before it begins; doing it again changes nothing.
func (c *command) load(ctx context.Context, s *app.System, o *ownItems, id string, b *orch.Bundle, input map[string]any) error {
	if _, err := engine.CheckInput(b.Flow, input); err != nil {
		return badInput(fmt.Errorf("%w: %w", orch.ErrInput, err))
	}
	if old, err := s.Runs.Get(ctx, id); err == nil && old.ID == id {
		if ok, err := o.fits(ctx, s, old, o.queue); err != nil || !ok {
			return errors.Join(err, badInput(fmt.Errorf("run %s: %w (choose another --id, or leave it out)", id, item.ErrOther)))
		}
		return nil
	}
	got, err := s.Items.Load(ctx, &item.Queue{Name: o.queue, Run: id, MaxRetries: o.retries}, o.digest, o.items)
	if err != nil {
		return itemError(err)
	}
	return c.refusedItems(got)
}

// refusedItems tells of items that are wrong; nil if there are none.
func (c *command) refusedItems(got node.ItemsAdded) error {
	if got.Failed == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, and so none was added:", wrong(got.Failed))
	for i, e := range got.Errors {
		if i == 10 {
			fmt.Fprintf(&b, "\n  and %d more", got.Failed-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s", rowText(e))
	}
	return badInput(errors.New(b.String()))
}

func wrong(n int) string {
	if n == 1 {
		return "1 item is wrong"
	}
	return fmt.Sprintf("%d items are wrong", n)
}

func rowText(e node.ItemAddError) string {
	if e.Reference != "" {
		return fmt.Sprintf("row %d (%s): %s", e.Row, e.Reference, e.Error)
	}
	return fmt.Sprintf("row %d: %s", e.Row, e.Error)
}

// reportItems tells what became of the items of a run and writes --items-out.
func (c *command) reportItems(ctx context.Context, s *app.System, o *ownItems, r *run.Run) error {
	q, err := s.Items.Queue(ctx, r.ID, o.queue)
	if err != nil {
		return err
	}
	st, err := s.Items.Stats(ctx, q)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := c.writeItems(ctx, s, r.ID, o.queue, c.abs(o.out)); err != nil {
			return err
		}
	}
	if c.asJSON {
		return c.printLine(map[string]any{"event": "items", "run": r.ID, "queue": o.queue, "counts": st.Counts, "business": st.Business, "application": st.Application})
	}
	var parts []string
	for _, status := range item.Statuses {
		if n := st.Counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(status, "_", " ")))
		}
	}
	if len(parts) == 0 {
		parts = []string{"none"}
	}
	c.printf("Items: %s.\n", strings.Join(parts, ", "))
	bad, err := s.Items.List(ctx, r.ID, node.ItemFilter{Queue: o.queue, Status: []string{node.ItemFailed, node.ItemAbandoned}, Limit: 10})
	for _, i := range bad {
		c.printf("  %s\n", itemLine(i))
	}
	return err
}

// itemLine tells what became of an item, for a person.
func itemLine(i *node.Item) string {
	text := fmt.Sprintf("%d", i.ID)
	if i.Reference != "" {
		text += " " + i.Reference
	}
	text += ": " + strings.ReplaceAll(i.Status, "_", " ")
	if i.Kind != "" {
		text += " (" + i.Kind + ")"
	}
	if i.Reason != "" {
		text += ", " + i.Reason
	}
	return text
}

// writeItems writes the items of a queue to a file, all or nothing.
func (c *command) writeItems(ctx context.Context, s *app.System, runID, queue, path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".items-*")
	if err != nil {
		return fmt.Errorf("writing the items: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriter(f)
	n := 0
	if _, err := w.WriteString("["); err != nil {
		return fmt.Errorf("writing the items: %w", err)
	}
	err = eachItem(ctx, s, runID, node.ItemFilter{Queue: queue}, func(i *node.Item) error {
		b, err := json.Marshal(i)
		if err != nil {
			return err
		}
		sep := ",\n"
		if n++; n == 1 {
			sep = "\n"
		}
		_, err = w.WriteString(sep + string(b))
		return err
	})
	if err != nil {
		return err
	}
	if _, err = w.WriteString("\n]\n"); err == nil {
		err = errors.Join(w.Flush(), f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the items: %w", err)
	}
	return nil
}

// eachItem goes through items page by page.
func eachItem(ctx context.Context, s *app.System, runID string, f node.ItemFilter, fn func(*node.Item) error) error {
	left := f.Limit
	for {
		f.Limit = 500
		if left > 0 {
			f.Limit = min(left, 500)
		}
		page, err := s.Items.List(ctx, runID, f)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, i := range page {
			f.After = i.ID
			if err := fn(i); err != nil {
				return err
			}
		}
		if left > 0 {
			if left -= len(page); left == 0 {
				return nil
			}
		}
	}
}
