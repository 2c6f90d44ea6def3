package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/orch"
)

func (c *command) healCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "heal", Short: "Elements of pages that their targets did not find: look, approve, reject"}
	cmd.AddCommand(c.healList(), c.healShow(), c.healApprove(), c.healReject(), c.healRollback(), c.healReplay(), c.healCheck())
	return cmd
}

// healNumber reads the number of a heal.
func healNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, badInput(fmt.Errorf("%q is no number of a heal (`aether heal list` shows them)", text))
	}
	return n, nil
}

func (c *command) healList() *cobra.Command {
	var at serverFlags
	var f element.Filter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List heals, the newest first", Args: noArgs,
		Long:    "Lists the elements that their targets did not find any more. By default those that wait for a person: proposed. With --flow it also says of each target how well it found its element in the flow's last 50 runs, the least steady first.",
		Example: "  aether heal list\n  aether heal list --state all --flow orders --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if state != "all" {
				if !slices.Contains(element.States, element.State(state)) {
					return badInput(fmt.Errorf("there is no state of heals %q: use %s, or all", state, stateNames()))
				}
				f.States = []element.State{element.State(state)}
			}
			if f.Limit < 1 {
				return badInput(fmt.Errorf("--limit is %d: it must be 1 or more", f.Limit))
			}
			return c.withHeals(cmd, at, func(d healDesk) error {
				list, err := d.list(cmd.Context(), f)
				if err != nil {
					return err
				}
				if c.asJSON {
					if list == nil {
						list = []*element.Heal{}
					}
					return c.printJSON(list)
				}
				if len(list) == 0 {
					c.printf("There is no heal%s.\n", map[bool]string{true: "", false: " that is " + state}[state == "all"])
					return c.steady(cmd.Context(), d, f.Flow)
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "HEAL\tSTATE\tFLOW\tNODE\tTARGET\tREPAIRED\tP\tRUNS\tUPDATED")
				for _, h := range list {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", h.ID, h.State, h.Flow, h.Node, brief(h.Target), brief(targetText(h.Repaired)), h.P, healRuns(h), date(h.Updated))
				}
				if err := w.Flush(); err != nil {
					return err
				}
				return c.steady(cmd.Context(), d, f.Flow)
			})
		},
	}
	at.add(cmd)
	cmd.Flags().StringVar(&state, "state", string(element.Proposed), "Only heals in this state: "+stateNames()+", or all.")
	cmd.Flags().StringVar(&f.Flow, "flow", "", "Only of this flow; also shows how well its targets found their elements in its last runs.")
	cmd.Flags().StringVar(&f.Node, "node", "", "Only of this node.")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "How many at most.")
	return c.jsonFlag(cmd)
}

func stateNames() string {
	names := make([]string, len(element.States))
	for i, s := range element.States {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// brief cuts a text for a column of a table.
func brief(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return s
}

// targetText is a target as a person reads it.
func targetText(v any) string {
	if v == nil {
		return "-"
	}
	t, err := element.TargetOf(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return t.String()
}

// healRuns says how many runs succeeded with what was found.
func healRuns(h *element.Heal) string {
	if h.Streak == h.Runs {
		return fmt.Sprint(h.Runs)
	}
	return fmt.Sprintf("%d (%d in a row)", h.Runs, h.Streak)
}

func (c *command) healShow() *cobra.Command {
	var at serverFlags
	cmd := &cobra.Command{
		Use: "show HEAL", Short: "Show what is known of a heal: before, now, the evidence", Args: oneArg("the number of a heal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := healNumber(args[0])
			if err != nil {
				return err
			}
			return c.withHeals(cmd, at, func(d healDesk) error {
				h, err := d.get(cmd.Context(), id)
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(h)
				}
				return c.showHeal(h)
			})
		},
	}
	at.add(cmd)
	return c.jsonFlag(cmd)
}

func (c *command) healApprove() *cobra.Command {
	cmd, d := c.healDecision("approve", "Approve a heal: the flow gets the repaired target",
		"Writes the repaired target into the flow: into its file, where the run came from a file of this machine, which otherwise stays as it is written, comments too; or as a new version that becomes the draft, where the flow was pushed. It is refused if the flow names the element in another way by now. The old target stays with the heal: `aether heal rollback` writes it back.",
		"  aether heal approve 12\n  aether heal approve 12 --promote --server https://aether.example.com:8420")
	cmd.Flags().BoolVar(&d.Promote, "promote", false, "Make the new version of a flow that was pushed its production version, too.")
	return cmd
}

func (c *command) healReject() *cobra.Command {
	cmd, _ := c.healDecision("reject", "Reject a heal: what was found is not what is meant",
		"Remembers what was found as an example of what is not meant: it is not taken for the element again.", "  aether heal reject 12 --comment 'That is the button of the other form'")
	return cmd
}

func (c *command) healRollback() *cobra.Command {
	cmd, d := c.healDecision("rollback", "Take an approved heal back: the flow gets its old target again",
		"Writes the old target back, in the way in which the repaired one was written. To keep the element from being found again, reject the heal then.", "  aether heal rollback 12 && aether heal reject 12")
	cmd.Flags().BoolVar(&d.Promote, "promote", false, "Make the new version of a flow that was pushed its production version, too.")
	return cmd
}

// healDecision makes the command for a decision.
func (c *command) healDecision(what, short, long, example string) (*cobra.Command, *orch.HealDecision) {
	var at serverFlags
	d := &orch.HealDecision{}
	cmd := &cobra.Command{
		Use: what + " HEAL", Short: short, Long: long, Example: example, Args: oneArg("the number of a heal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if d.ID, err = healNumber(args[0]); err != nil {
				return err
			}
			d.By, _ = c.Lookup("USER")
			return c.withHeals(cmd, at, func(desk healDesk) error {
				h, err := desk.decide(cmd.Context(), what, *d)
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(h)
				}
				c.printf("Heal %d is %s.\n", h.ID, words(h.State))
				switch h.State {
				case element.Approved:
					c.printf("%s now has %s in place of %s.\n", c.made(h), targetText(h.Repaired), h.Target)
				case element.RolledBack:
					c.printf("%s has %s again.\n", c.made(h), h.Target)
				}
				return nil
			})
		},
	}
	at.add(cmd)
	cmd.Flags().StringVar(&d.Comment, "comment", "", "Why.")
	cmd.Flags().Int64Var(&d.Version, "version", 0, "Only if the heal still has this version.")
	return c.jsonFlag(cmd), d
}

// words writes a state as in a sentence.
func words(s element.State) string { return strings.ReplaceAll(string(s), "_", " ") }

// made names what a decision changed.
func (c *command) made(h *element.Heal) string {
	if h.Result == h.Source && h.Source != "" {
		return h.Source
	}
	return fmt.Sprintf("The version %.12s of %s", h.Result, h.Flow)
}
