package cli

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// itemFields are the options that say what an item is.
type itemFields struct {
	content, contentFile string
	reference            string
	priority             int
	when                 [3]string // defer, due, risk
}

func (f *itemFields) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.content, "content", "", "Content of the item, as a JSON object.")
	fl.StringVar(&f.contentFile, "content-file", "", "JSON file with the content of the item.")
	fl.IntVar(&f.priority, "priority", item.DefaultPriority, "From 0 to 20, higher first. A step is worth five minutes of waiting.")
	fl.StringVar(&f.when[0], "defer", "", "Do not take it before: a time, or a length of time from now such as 10m.")
	fl.StringVar(&f.when[1], "due", "", "When it should have ended: a time, or a length of time from now.")
	fl.StringVar(&f.when[2], "risk", "", "From when on it goes before all others: a time, or a length of time from now.")
}

// read returns the content that was given, nil for none.
func (f *itemFields) read(c *command) (map[string]any, error) {
	text := []byte(f.content)
	if f.contentFile != "" {
		if f.content != "" {
			return nil, badInput(errors.New("give --content or --content-file, not both"))
		}
		var err error
		if text, err = c.jsonFile("content-file", f.contentFile); err != nil {
			return nil, err
		}
	}
	if len(text) == 0 {
		return nil, nil
	}
	v, err := value.Parse(text)
	if err != nil {
		return nil, badInput(fmt.Errorf("the content is no JSON: %w", err))
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, badInput(fmt.Errorf("the content must be a JSON object, not %s", article(value.Kind(v))))
	}
	return m, nil
}

func (c *command) itemAdd() *cobra.Command {
	var f itemFields
	var csvFile string
	var partly bool
	var attach []string
	cmd := &cobra.Command{
		Use:   "add QUEUE [FILE]",
		Short: "Add work items to a queue",
		Long: "Adds one item, or all items of a file: a JSON list or JSON Lines (.json, .jsonl), or CSV with a header (.csv), whose cells are text unless the schema of the queue wants numbers or booleans. In JSON each item is its content, or an object with content and, if need be, reference, priority, defer, due and risk.\n\n" +
			"All items of a file are added or none; with --partly those that are right are added and the others reported, and the exit code is 1.",
		Example: "  aether item add invoices --reference R-17 --content '{\"number\":\"R-17\",\"amount\":12.5}' --attach scan=r17.pdf\n  aether item add invoices --csv invoices.csv --reference number\n  aether item add invoices items.jsonl --partly --json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return badInput(fmt.Errorf("%s needs the name of a queue, and may have a file", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			path := csvFile
			if len(args) == 2 {
				if path != "" {
					return badInput(errors.New("give a file or --csv, not both"))
				}
				path = args[1]
			}
			if path != "" {
				for _, name := range []string{"content", "content-file", "priority", "defer", "due", "risk", "attach"} {
					if cmd.Flags().Changed(name) {
						return badInput(fmt.Errorf("--%s is for one item, not for a file of them", name))
					}
				}
			}
			return c.withItems(cmd, func(s *app.System) error {
				q, err := s.Items.Queue(cmd.Context(), "", args[0])
				if err != nil {
					return err
				}
				var items iter.Seq2[node.ItemSpec, error]
				switch {
				case csvFile != "":
					items = item.ReadCSV(func() (io.ReadCloser, error) { return os.Open(c.abs(csvFile)) }, item.CSV{Reference: f.reference, Columns: item.ColumnsOf(q.Schema)})
				case path != "":
					items, err = readItems(c.abs(path), f.reference, item.ColumnsOf(q.Schema))
				default:
					items, err = c.oneItem(cmd, s, f, attach)
				}
				if err != nil {
					return badInput(err)
				}
				got, err := s.Items.Add(cmd.Context(), q, item.Adding{ItemAdd: node.ItemAdd{Rows: partly}}, items)
				if err != nil {
					return err
				}
				if path == "" && got.Failed > 0 && !c.asJSON {
					return badInput(errors.New("the item was not added: " + got.Errors[0].Error))
				}
				return c.added(q, got, partly)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.reference, "reference", "", "What people call the item; with a CSV file the column that holds it.")
	cmd.Flags().StringVar(&csvFile, "csv", "", "CSV file with a header; each row is an item.")
	cmd.Flags().BoolVar(&partly, "partly", false, "Add the items that are right and report the others.")
	cmd.Flags().StringArrayVar(&attach, "attach", nil, "File that goes with the item, as name=path; may be repeated.")
	return c.jsonFlag(cmd)
}

// added reports what was added.
func (c *command) added(q *item.Queue, got node.ItemsAdded, partly bool) error {
	if c.asJSON {
		if got.Errors == nil {
			got.Errors = []node.ItemAddError{}
		}
		if err := c.printJSON(got); err != nil {
			return err
		}
	}
	if !partly {
		if got.Failed > 0 && c.asJSON {
			return &exitError{code: exitInput}
		}
		if err := c.refusedItems(got); err != nil {
			return err
		}
	}
	if !c.asJSON {
		switch got.Added {
		case 0:
			c.printf("Nothing was added to %s.\n", q.Name)
		case 1:
			c.printf("Added item %d to %s.\n", got.First, q.Name)
		default:
			c.printf("Added %d items to %s: %d to %d.\n", got.Added, q.Name, got.First, got.Last)
		}
		for _, e := range got.Errors {
			c.printf("  %s\n", rowText(e))
		}
		if more := got.Failed - len(got.Errors); more > 0 {
			c.printf("  and %d more\n", more)
		}
	}
	if got.Failed > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

// oneItem makes the item that the options tell.
func (c *command) oneItem(cmd *cobra.Command, s *app.System, f itemFields, attach []string) (iter.Seq2[node.ItemSpec, error], error) {
	content, err := f.read(c)
	if err != nil {
		return nil, err
	}
	spec := node.ItemSpec{Reference: f.reference, Content: content, Priority: &f.priority}
	if spec.Defer, err = c.moment("defer", f.when[0]); err != nil {
		return nil, err
	}
	if spec.Due, err = c.moment("due", f.when[1]); err != nil {
		return nil, err
	}
	if spec.Risk, err = c.moment("risk", f.when[2]); err != nil {
		return nil, err
	}
	for _, a := range attach {
		name, path, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--attach is written name=path, not %q", a)
		}
		file, err := os.Open(c.abs(path))
		if err != nil {
			return nil, fmt.Errorf("attaching a file: %w", err)
		}
		digest, size, err := s.Artifacts.Put(cmd.Context(), func(w io.Writer) error {
			_, err := io.Copy(w, file)
			return err
		})
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("attaching %s: %w", path, err)
		}
		if spec.Files == nil {
			spec.Files = map[string]node.ItemFile{}
		}
		spec.Files[name] = node.ItemFile{Digest: digest, Size: size}
	}
	return func(yield func(node.ItemSpec, error) bool) { yield(spec, nil) }, nil
}
