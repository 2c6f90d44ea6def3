package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// itemNumbers reads the numbers of items.
func itemNumbers(args []string) ([]int64, error) {
	var out []int64
	for _, a := range args {
		n, err := strconv.ParseInt(a, 10, 64)
		if err != nil || n < 1 {
			return nil, badInput(fmt.Errorf("%q is no number of a work item (`aether item list` shows them)", a))
		}
		out = append(out, n)
	}
	return out, nil
}

func (c *command) itemList() *cobra.Command {
	f := node.ItemFilter{}
	var runID string
	cmd := &cobra.Command{
		Use: "list [QUEUE]", Short: "List work items",
		Example: "  aether item list invoices --status failed,abandoned\n  aether item list --reference R-17 --json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return badInput(fmt.Errorf("%s takes one queue", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				f.Queue = args[0]
			}
			if f.Limit < 1 {
				return badInput(fmt.Errorf("--limit is %d: it must be 1 or more", f.Limit))
			}
			return c.withItems(cmd, func(s *app.System) error {
				list := []*node.Item{}
				err := eachItem(cmd.Context(), s, runID, f, func(i *node.Item) error {
					list = append(list, i)
					return nil
				})
				var bad *node.Failure
				if errors.As(err, &bad) {
					return badInput(err)
				}
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(list)
				}
				if len(list) == 0 {
					c.printf("There are no such work items.\n")
					return nil
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ITEM\tQUEUE\tREFERENCE\tSTATUS\tPRIORITY\tTAKEN\tADDED\tNOTE")
				for _, i := range list {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", i.ID, i.Queue, i.Reference, strings.ReplaceAll(i.Status, "_", " "), i.Priority, i.Taken, i.Created.Local().Format(time.DateTime), itemNote(i))
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().StringSliceVar(&f.Status, "status", nil, "Statuses to list: "+strings.Join(item.Statuses, ", ")+".")
	cmd.Flags().StringVar(&f.Reference, "reference", "", "Only items with this reference.")
	cmd.Flags().StringVar(&runID, "run", "", "Also items that a run was begun with (aether run --items).")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "How many at most.")
	cmd.Flags().Int64Var(&f.After, "after", 0, "Only items with a higher number, for the next page.")
	return c.jsonFlag(cmd)
}

// itemNote is what one should know of an item at a glance.
func itemNote(i *node.Item) string {
	var parts []string
	if i.SLA != "" {
		parts = append(parts, strings.ReplaceAll(i.SLA, "_", " "))
	}
	if i.Status == node.ItemNew && !i.Defer.IsZero() {
		parts = append(parts, "from "+i.Defer.Local().Format(time.DateTime))
	}
	if i.Retry != 0 {
		parts = append(parts, fmt.Sprintf("as item %d", i.Retry))
	}
	if i.Kind != "" {
		parts = append(parts, i.Kind)
	}
	if i.Reason != "" {
		parts = append(parts, firstLine(i.Reason, 80))
	} else if i.Progress != "" {
		parts = append(parts, firstLine(i.Progress, 80))
	}
	if i.Review != "" {
		parts = append(parts, strings.ReplaceAll(i.Review, "_", " "))
	}
	return strings.Join(parts, ", ")
}

func firstLine(s string, most int) string {
	s, _, _ = strings.Cut(s, "\n")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func (c *command) itemShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show ITEM", Short: "Show a work item, and what was tried before and after it", Args: oneArg("the number of an item"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := itemNumbers(args)
			if err != nil {
				return err
			}
			return c.withItems(cmd, func(s *app.System) error {
				i, err := s.Items.Get(cmd.Context(), ids[0])
				if err != nil {
					return err
				}
				chain, err := s.Items.Chain(cmd.Context(), i.ID)
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(map[string]any{"item": i, "chain": chain})
				}
				return c.printItem(i, chain)
			})
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) printItem(i *node.Item, chain []*node.Item) error {
	c.printf("item %d  %s\n", i.ID, strings.ReplaceAll(i.Status, "_", " "))
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format(time.DateTime)
	}
	lines := [][2]string{
		{"queue", i.Queue}, {"reference", i.Reference}, {"priority", strconv.Itoa(i.Priority)}, {"sla", strings.ReplaceAll(i.SLA, "_", " ")},
		{"added", when(i.Created)}, {"not before", when(i.Defer)}, {"due", when(i.Due)}, {"at risk", when(i.Risk)}, {"begun", when(i.Started)}, {"ended", when(i.Ended)}, {"lease", when(i.Lease)},
		{"run", i.Run}, {"robot", i.Robot}, {"progress", i.Progress}, {"failure", i.Kind}, {"reason", i.Reason},
		{"review", strings.ReplaceAll(i.Review, "_", " ")}, {"reviewer", i.Reviewer}, {"comment", i.Comment}, {"version", strconv.FormatInt(i.Version, 10)},
	}
	if i.Died > 0 {
		lines = append(lines, [2]string{"deaths", strconv.Itoa(i.Died)})
	}
	for _, v := range []struct {
		name string
		v    any
	}{{"content", i.Content}, {"output", i.Output}, {"analytics", i.Analytics}} {
		if v.v == nil {
			continue
		}
		b, err := value.JSON(v.v)
		if err != nil {
			return err
		}
		lines = append(lines, [2]string{v.name, string(b)})
	}
	for _, name := range slices.Sorted(maps.Keys(i.Files)) {
		lines = append(lines, [2]string{"file", fmt.Sprintf("%s, %d bytes", name, i.Files[name].Size)})
	}
	for _, l := range lines {
		if l[1] != "" {
			c.printf("  %-10s %s\n", l[0], l[1])
		}
	}
	if len(chain) > 1 {
		c.printf("  tried as\n")
		for _, t := range chain {
			c.printf("    %s\n", itemLine(t))
		}
	}
	return nil
}
