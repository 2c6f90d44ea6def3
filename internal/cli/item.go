package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/item"
)

func (c *command) itemCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "item", Short: "Work items: queues of work that flows take one by one"}
	cmd.AddCommand(c.itemQueueCmd(), c.itemAdd(), c.itemList(), c.itemShow(), c.itemRetry(), c.itemDelete(), c.itemEdit(), c.itemReview(), c.itemStats())
	return cmd
}

func (c *command) itemQueueCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "queue", Short: "Queues of work items and their rules"}
	cmd.AddCommand(c.itemQueueAdd(), c.itemQueueList(), c.itemQueueShow(), c.itemQueueDelete())
	return cmd
}

// itemError tells bad input from what went wrong.
func itemError(err error) error {
	if errors.Is(err, item.ErrInput) || errors.Is(err, item.ErrChanged) || errors.Is(err, item.ErrOther) {
		return badInput(err)
	}
	return err
}

// withItems opens the stores for a command on work items.
func (c *command) withItems(cmd *cobra.Command, fn func(*app.System) error) error {
	return itemError(c.withQueue(cmd, func(s *app.System) error {
		// Time goes on where no robot is.
		if err := s.Items.Tick(cmd.Context()); err != nil {
			return err
		}
		return fn(s)
	}))
}

// jsonFile reads a JSON file that an option names; nil for none.
func (c *command) jsonFile(flag, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(c.abs(path))
	if err != nil {
		return nil, badInput(fmt.Errorf("reading the file of --%s: %w", flag, err))
	}
	return b, nil
}

func (c *command) itemQueueAdd() *cobra.Command {
	var q item.Queue
	var schema, output string
	var backoff, lease, sla, risk time.Duration
	var replace bool
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Make a queue of work items",
		Long:    "Makes a queue. The schema is a JSON Schema that the content of every item must fit. An item that fails with an application failure is tried again as a new item, --max-retries times; one that fails with a business failure never is.",
		Example: "  aether item queue add invoices --unique-reference --max-retries 2 --schema invoice.schema.json\n  aether item queue add calls --sla 4h --sla-risk 3h",
		Args:    oneArg("the name of the queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Name = args[0]
			q.RetryBackoff, q.Lease, q.SLA, q.Risk = item.Span(backoff), item.Span(lease), item.Span(sla), item.Span(risk)
			var err error
			if q.Schema, err = c.jsonFile("schema", schema); err != nil {
				return err
			}
			if q.Output, err = c.jsonFile("output-schema", output); err != nil {
				return err
			}
			return c.withItems(cmd, func(s *app.System) error {
				if err := s.Items.AddQueue(cmd.Context(), &q, replace); err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(&q)
				}
				c.printf("Queue %s is there.\n", q.Name)
				return nil
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&q.Description, "description", "", "What the queue is for.")
	fl.StringVar(&schema, "schema", "", "File with the JSON Schema of contents.")
	fl.StringVar(&output, "output-schema", "", "File with the JSON Schema of outputs.")
	fl.BoolVar(&q.UniqueReference, "unique-reference", false, "Refuse a second item with the same reference. It cannot be changed later.")
	fl.IntVar(&q.MaxRetries, "max-retries", 0, "How often an item is tried again after an application failure.")
	fl.DurationVar(&backoff, "retry-backoff", 0, "How long an item rests before it is tried again; doubled with each retry.")
	fl.DurationVar(&lease, "lease", item.DefaultLease, "How long after the last sign of life of its run an item goes back into the queue.")
	fl.IntVar(&q.AbandonAfter, "abandon-after", item.DefaultAbandonAfter, "Give an item up when so many runs died with it.")
	fl.DurationVar(&sla, "sla", 0, "By when after it was added an item should have ended.")
	fl.DurationVar(&risk, "sla-risk", 0, "From when after it was added an item goes before all others.")
	fl.BoolVar(&replace, "replace", false, "Change the rules of a queue that is there; its items stay.")
	return c.jsonFlag(cmd)
}

func (c *command) itemQueueList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the queues", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withItems(cmd, func(s *app.System) error {
				list, err := s.Items.Queues(cmd.Context())
				if err != nil {
					return err
				}
				stats := make([]*item.Stats, len(list))
				for i, q := range list {
					if stats[i], err = s.Items.Stats(cmd.Context(), q); err != nil {
						return err
					}
				}
				if c.asJSON {
					out := make([]map[string]any, len(list))
					for i, q := range list {
						out[i] = map[string]any{"queue": q, "stats": stats[i]}
					}
					return c.printJSON(out)
				}
				if len(list) == 0 {
					c.printf("There are no queues of work items. `aether item queue add NAME` makes one.\n")
					return nil
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "QUEUE\tNEW\tIN PROGRESS\tSUCCESSFUL\tFAILED\tABANDONED\tLATE\tDESCRIPTION")
				for i, q := range list {
					n := stats[i].Counts
					fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", q.Name, n["new"], n["in_progress"], n["successful"], n["failed"], n["abandoned"], stats[i].Late, q.Description)
				}
				return w.Flush()
			})
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) itemQueueShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show the rules of a queue", Args: oneArg("the name of the queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withItems(cmd, func(s *app.System) error {
				q, err := s.Items.Queue(cmd.Context(), "", args[0])
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(q)
				}
				c.printf("queue %s  %s\n", q.Name, q.Description)
				c.printf("  unique references %t\n  retries           %d, after %s\n  lease             %s, abandoned after %s\n", q.UniqueReference, q.MaxRetries, time.Duration(q.RetryBackoff), time.Duration(q.Lease), plural(q.AbandonAfter, "death"))
				if q.SLA > 0 || q.Risk > 0 {
					c.printf("  sla               %s, at risk after %s\n", time.Duration(q.SLA), time.Duration(q.Risk))
				}
				for _, l := range [][2]string{{"schema", string(q.Schema)}, {"output schema", string(q.Output)}} {
					if l[1] != "" {
						c.printf("  %-17s %s\n", l[0], strings.TrimSpace(l[1]))
					}
				}
				return nil
			})
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) itemQueueDelete() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Delete a queue with all its items for good", Args: oneArg("the name of the queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withItems(cmd, func(s *app.System) error {
				q, err := s.Items.Queue(cmd.Context(), "", args[0])
				if err != nil {
					return err
				}
				orphans, err := s.Items.DeleteQueue(cmd.Context(), q, force)
				for _, digest := range orphans {
					err = errors.Join(err, s.Artifacts.Delete(cmd.Context(), digest))
				}
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(map[string]any{"deleted": q.Name})
				}
				c.printf("Queue %s is deleted.\n", q.Name)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "Also if there are items that have not ended.")
	return c.jsonFlag(cmd)
}

func (c *command) itemStats() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stats QUEUE", Short: "Tell how a queue is doing", Args: oneArg("the name of the queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withItems(cmd, func(s *app.System) error {
				q, err := s.Items.Queue(cmd.Context(), "", args[0])
				if err != nil {
					return err
				}
				st, err := s.Items.Stats(cmd.Context(), q)
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(st)
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				for _, status := range item.Statuses {
					fmt.Fprintf(w, "%s\t%d\n", strings.ReplaceAll(status, "_", " "), st.Counts[status])
				}
				fmt.Fprintf(w, "deferred\t%d\nbusiness failures\t%d\napplication failures\t%d\nat risk\t%d\nlate\t%d\nended in the last hour\t%d\n", st.Deferred, st.Business, st.Application, st.AtRisk, st.Late, st.Ended)
				if st.Ended > 0 {
					fmt.Fprintf(w, "average time\t%s\n", time.Duration(st.Took).Round(time.Millisecond))
				}
				if !st.Oldest.IsZero() {
					fmt.Fprintf(w, "oldest new item\t%s\n", st.Oldest.Format(time.DateTime))
				}
				return w.Flush()
			})
		},
	}
	return c.jsonFlag(cmd)
}
