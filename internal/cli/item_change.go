package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/node"
)

func (c *command) itemRetry() *cobra.Command {
	var queue string
	cmd := &cobra.Command{
		Use: "retry ITEM...", Short: "Try failed or abandoned items again, as new items",
		Long:    "Tries items again: each becomes retried, and a new item with the same content takes its place, with all retries. Edit an item before to correct its content.",
		Example: "  aether item retry 17 18\n  aether item retry --all invoices",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 == (queue == "") {
				return badInput(fmt.Errorf("%s needs the numbers of items, or --all QUEUE", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withItems(cmd, func(s *app.System) error {
				ids, err := itemNumbers(args)
				if err != nil {
					return err
				}
				if queue != "" {
					err := eachItem(cmd.Context(), s, "", node.ItemFilter{Queue: queue, Status: []string{node.ItemFailed, node.ItemAbandoned}}, func(i *node.Item) error {
						ids = append(ids, i.ID)
						return nil
					})
					if err != nil {
						return err
					}
				}
				type retried struct {
					Item  int64 `json:"item"`
					Retry int64 `json:"retry"`
				}
				done := []retried{}
				var failed error
				for _, id := range ids {
					next, err := s.Items.Retry(cmd.Context(), id)
					if err != nil {
						failed = err
						break
					}
					done = append(done, retried{id, next})
				}
				if c.asJSON {
					return errors.Join(c.printJSON(done), failed)
				}
				for _, r := range done {
					c.printf("item %d is tried again as %d\n", r.Item, r.Retry)
				}
				if failed == nil && len(done) == 0 {
					c.printf("No item of %s failed or was abandoned.\n", queue)
				}
				return failed
			})
		},
	}
	cmd.Flags().StringVar(&queue, "all", "", "All failed and abandoned items of this queue.")
	return c.jsonFlag(cmd)
}

// someItems wants numbers of items.
func someItems(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return badInput(fmt.Errorf("%s needs the numbers of items", cmd.CommandPath()))
	}
	return nil
}

func (c *command) itemDelete() *cobra.Command {
	var version int64
	cmd := &cobra.Command{
		Use: "delete ITEM...", Short: "Take items out; they stay to be seen",
		Args: someItems,
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := itemNumbers(args)
			if err != nil {
				return err
			}
			return c.withItems(cmd, func(s *app.System) error {
				for n, id := range ids {
					if err := s.Items.Delete(cmd.Context(), id, version); err != nil {
						if n > 0 {
							err = fmt.Errorf("%w; the %d before it are deleted", err, n)
						}
						return err
					}
				}
				if c.asJSON {
					return c.printJSON(map[string]any{"deleted": ids})
				}
				c.printf("Deleted %s.\n", plural(len(ids), "item"))
				return nil
			})
		},
	}
	cmd.Flags().Int64Var(&version, "version", 0, "Only if the item still has this version.")
	return c.jsonFlag(cmd)
}

func (c *command) itemEdit() *cobra.Command {
	var f itemFields
	var change item.Change
	var reference string
	cmd := &cobra.Command{
		Use: "edit ITEM", Short: "Correct an item that is new, failed or abandoned",
		Long:    "Changes what is given and leaves the rest. The content is replaced as a whole. An empty time takes it away. With --version an item that somebody else changed meanwhile is left alone.",
		Example: "  aether item edit 17 --content '{\"number\":\"R-17\",\"amount\":13}' && aether item retry 17",
		Args:    oneArg("the number of an item"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := itemNumbers(args)
			if err != nil {
				return err
			}
			if change.Content, err = f.read(c); err != nil {
				return err
			}
			changed := cmd.Flags().Changed
			if changed("reference") {
				change.Reference = &reference
			}
			if changed("priority") {
				change.Priority = &f.priority
			}
			for i, t := range []**time.Time{&change.Defer, &change.Due, &change.Risk} {
				name := []string{"defer", "due", "risk"}[i]
				at, err := c.moment(name, f.when[i])
				if err != nil {
					return badInput(err)
				}
				if changed(name) {
					*t = &at
				}
			}
			if change.Content == nil && change.Reference == nil && change.Priority == nil && change.Defer == nil && change.Due == nil && change.Risk == nil {
				return badInput(fmt.Errorf("there is nothing to change: give --content, --reference, --priority, --defer, --due or --risk"))
			}
			return c.withItems(cmd, func(s *app.System) error {
				if err := s.Items.Edit(cmd.Context(), ids[0], change); err != nil {
					return err
				}
				return c.changed(cmd, s, ids[0], "edited")
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&reference, "reference", "", "What people call the item.")
	cmd.Flags().Int64Var(&change.Version, "version", 0, "Only if the item still has this version.")
	return c.jsonFlag(cmd)
}

// changed tells that an item was changed.
func (c *command) changed(cmd *cobra.Command, s *app.System, id int64, how string) error {
	i, err := s.Items.Get(cmd.Context(), id)
	if err != nil {
		return err
	}
	if c.asJSON {
		return c.printJSON(i)
	}
	c.printf("Item %d is %s, version %d.\n", id, how, i.Version)
	return nil
}

func (c *command) itemReview() *cobra.Command {
	var status, comment, by string
	var version int64
	cmd := &cobra.Command{
		Use: "review ITEM", Short: "Note what a person found about an item that has ended",
		Example: "  aether item review 17 --status verified --comment 'The supplier has no VAT id'",
		Args:    oneArg("the number of an item"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := itemNumbers(args)
			if err != nil {
				return err
			}
			if status == "" && comment == "" {
				return badInput(errors.New("give --status or --comment"))
			}
			if by == "" {
				by, _ = c.Lookup("USER")
			}
			return c.withItems(cmd, func(s *app.System) error {
				if err := s.Items.Review(cmd.Context(), ids[0], version, status, by, comment); err != nil {
					return err
				}
				return c.changed(cmd, s, ids[0], "reviewed")
			})
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "One of "+strings.Join(item.Reviews, ", ")+".")
	cmd.Flags().StringVar(&comment, "comment", "", "What was found.")
	cmd.Flags().StringVar(&by, "by", "", "Who reviewed it; the user of this machine if not given.")
	cmd.Flags().Int64Var(&version, "version", 0, "Only if the item still has this version.")
	return c.jsonFlag(cmd)
}
