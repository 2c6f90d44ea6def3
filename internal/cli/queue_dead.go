package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
)

func (c *command) queueDead() *cobra.Command {
	cmd := &cobra.Command{
		Use: "dead", Short: "Count the dead letters by flow and reason", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withQueue(cmd, func(s *app.System) error {
				groups, err := s.Queue.DeadGroups(cmd.Context(), 1000)
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(groups)
				}
				if len(groups) == 0 {
					c.printf("There are no dead letters.\n")
					return nil
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "COUNT\tFLOW\tLAST ADDED\tREASON")
				for _, g := range groups {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", g.Count, g.Flow, g.Last.Format(time.DateTime), clip(g.Reason, 80))
				}
				return w.Flush()
			})
		},
	}
	return c.jsonFlag(cmd)
}

// which says which dead letters: by numbers, all, or by what they have in common.
type which struct {
	all          bool
	flow, reason string
}

func (w *which) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.all, "all", false, "All dead letters.")
	cmd.Flags().StringVar(&w.flow, "flow", "", "All dead letters of this flow.")
	cmd.Flags().StringVar(&w.reason, "reason", "", "All dead letters that failed for this reason, word for word; `aether queue dead --json` tells them.")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 == w.several() {
			return badInput(fmt.Errorf("%s needs the numbers of dead letters, or --all, --flow or --reason", cmd.CommandPath()))
		}
		return nil
	}
}

func (w *which) several() bool { return w.all || w.flow != "" || w.reason != "" }

// jobs returns the numbers given, or those of all dead letters that fit.
func (w *which) jobs(cmd *cobra.Command, s *app.System, args []string) ([]int64, error) {
	if !w.several() {
		return jobNumbers(args)
	}
	var out []int64
	f := queue.Filter{Stage: "dead", Flow: w.flow, Reason: w.reason, Limit: 1000}
	for {
		page, err := s.Queue.Jobs(cmd.Context(), f)
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, j := range page {
			out = append(out, j.ID)
		}
		f.After = page[len(page)-1].ID
	}
}

// edited reads the inputs that dead letters are to have, by the types that their flows declare.
func (c *command) edited(rf runFlags) func(*flow.Flow) (map[string]any, error) {
	if len(rf.inputs) == 0 && rf.inputFile == "" {
		return nil
	}
	return func(f *flow.Flow) (map[string]any, error) { return c.readInputs(f, rf) }
}

// noteRequeue writes into the audit log that somebody at a terminal changed inputs.
func (c *command) noteRequeue(cmd *cobra.Command, s *app.System, rf runFlags, done []orch.Requeued) error {
	names := map[string]bool{}
	for _, arg := range rf.inputs {
		name, _, _ := strings.Cut(arg, "=")
		names[name] = true
	}
	detail := "other inputs: " + strings.Join(slices.Sorted(maps.Keys(names)), ", ")
	if rf.inputFile != "" {
		detail = "other inputs, from a file too: " + strings.Join(slices.Sorted(maps.Keys(names)), ", ")
	}
	for _, q := range done {
		if err := s.Auth.Note(cmd.Context(), "command line on "+c.Host, "requeue-jobs", fmt.Sprint(q.Job), detail); err != nil {
			return err
		}
	}
	return nil
}

func (c *command) queueRequeue() *cobra.Command {
	var w which
	var rf runFlags
	var priority int
	var needs string
	cmd := &cobra.Command{
		Use:   "requeue JOB...",
		Short: "Try dead letters again, from the node that failed",
		Long: "Makes dead letters ready again. A run that failed is retried from the node that failed, with all that was recorded before it; a run that was cut short goes on. Priority, needs and inputs can be changed.\n\n" +
			"With other inputs, what was recorded is used as far as it does not depend on them; the rest happens again. A run that is done keeps its inputs.",
		Example: "  aether queue requeue 17 --input iban=DE02120300000000202051\n  aether queue requeue --flow invoices --reason 'ask: the bank was closed'",
		RunE: func(cmd *cobra.Command, args []string) error {
			edit := orch.Edit{Input: c.edited(rf)}
			if cmd.Flags().Changed("priority") {
				edit.Priority = &priority
			}
			if cmd.Flags().Changed("needs") {
				edit.Needs = &needs
			}
			return c.withQueue(cmd, func(s *app.System) error {
				ids, err := w.jobs(cmd, s, args)
				if err != nil {
					return err
				}
				if err := s.Start(cmd.Context(), false); err != nil { // the records are the durable engine's
					return err
				}
				done, err := s.Orch.Requeue(cmd.Context(), edit, ids...)
				if edit.Input != nil {
					err = errors.Join(err, c.noteRequeue(cmd, s, rf, done))
				}
				if errors.Is(err, orch.ErrInput) {
					err = badInput(err)
				}
				if c.asJSON {
					if done == nil {
						done = []orch.Requeued{}
					}
					return errors.Join(c.printJSON(done), jobError(err))
				}
				for _, q := range done {
					if q.From != "" {
						c.printf("job %d: run %s, a retry of %s\n", q.Job, q.Run, q.From)
					} else {
						c.printf("job %d: run %s goes on\n", q.Job, q.Run)
					}
				}
				if err == nil && len(done) == 0 {
					c.printf("There are no dead letters%s.\n", map[bool]string{true: " that fit"}[w.flow != "" || w.reason != ""])
				}
				return jobError(err)
			})
		},
	}
	w.add(cmd)
	cmd.Flags().IntVar(&priority, "priority", 0, "New priority, from 0 to 20.")
	cmd.Flags().StringVar(&needs, "needs", "", "What a robot must have from now on.")
	cmd.Flags().StringArrayVarP(&rf.inputs, "input", "i", nil, "New value of an input as name=value; may be repeated. The other inputs stay.")
	cmd.Flags().StringVar(&rf.inputFile, "input-file", "", "JSON or YAML file with new values of inputs.")
	return c.jsonFlag(cmd)
}

func (c *command) queueDrop() *cobra.Command {
	var w which
	cmd := &cobra.Command{
		Use: "drop JOB...", Short: "Take dead letters out of the queue; their runs stay",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withQueue(cmd, func(s *app.System) error {
				ids, err := w.jobs(cmd, s, args)
				if err != nil {
					return err
				}
				n, err := s.Queue.Drop(cmd.Context(), ids...)
				if err != nil {
					return err
				}
				if !w.several() && n < len(slices.Compact(slices.Sorted(slices.Values(ids)))) {
					return badInput(fmt.Errorf("%d of %d were dead letters and are dropped; the others are not in the queue, or not dead", n, len(ids)))
				}
				c.printf("Dropped %s.\n", plural(n, "dead letter"))
				return nil
			})
		},
	}
	w.add(cmd)
	return cmd
}
