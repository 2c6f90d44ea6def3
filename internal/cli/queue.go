package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/node"
)

func (c *command) queueCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "queue", Short: "Give runs to robots, and look after the jobs that wait"}
	cmd.AddCommand(c.queueAdd(), c.queueList(), c.queueShow(), c.queueWhy(), c.queueDead(), c.queueCancel(), c.queueRequeue(), c.queueDrop())
	return cmd
}

// withQueue opens the stores for a command and closes them.
func (c *command) withQueue(cmd *cobra.Command, fn func(*app.System) error) error {
	s, err := c.open(cmd, nil, 0)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return fn(s)
}

func (c *command) queueAdd() *cobra.Command {
	var f runFlags
	var j queue.Job
	var after, deadline string
	var full string
	cmd := &cobra.Command{
		Use:   "add FLOW",
		Short: "Give a run of a flow to the queue",
		Long: "Checks a flow as `aether run` does and leaves its run to a robot. The run and its job are added together.\n\n" +
			"FLOW is a flow file, or the name of a flow that was pushed: its version in production, or else its draft.\n\n" +
			"--needs is an expression over the labels of robots: words joined by &&, ||, ! and parentheses.",
		Example: "  aether queue add invoices.flow.yaml -i folder=./inbox\n  aether queue add invoices -i folder=./inbox\n  aether queue add report.flow.yaml --needs 'linux && libreoffice' --priority 15 --key report-2026-11",
		Args:    oneArg("the flow file, or the name of a flow that was pushed"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := c.label(cmd, f.labels)
			if err != nil {
				return err
			}
			if j.After, err = c.moment("after", after); err != nil {
				return badInput(err)
			}
			if j.Deadline, err = c.moment("deadline", deadline); err != nil {
				return badInput(err)
			}
			j.Slot.Full = queue.Full(full)
			var b *orch.Bundle
			_, missing := os.Stat(c.abs(args[0]))
			kept := errors.Is(missing, fs.ErrNotExist)
			if !kept {
				if b, err = orch.Load(c.abs(args[0]), node.Default); err != nil {
					return badInput(err)
				}
				c.imported(b)
				if errs := b.Problems.Errors(); len(errs) > 0 {
					return c.problems(args[0], b.Problems)
				}
			}
			return c.withQueue(cmd, func(s *app.System) error {
				if kept {
					if b, err = s.Orch.Published(cmd.Context(), args[0], ""); err != nil {
						return flowError(fmt.Errorf("there is no flow file %s here: %w", args[0], err))
					}
				}
				input, err := c.readInputs(b.Flow, f)
				if err != nil {
					return badInput(err)
				}
				if !kept {
					if err := s.Orch.Publish(cmd.Context(), b); err != nil {
						return err
					}
				}
				out, err := s.Orch.Submit(cmd.Context(), b, f.id, input, j, breakpoints(f.breaks)...)
				if err != nil {
					return c.inputError(err)
				}
				if c.asJSON {
					return c.printJSON(out)
				}
				switch {
				case out.Dropped:
					c.printf("Not added: the slot %s is full.\n", j.Slot.Key)
				case !out.Fresh:
					c.printf("There already: run %s.\n", out.Run)
				default:
					c.printf("Added: job %d, run %s, %s.\n", out.Job, out.Run, out.State)
				}
				return nil
			})
		},
	}
	fl := cmd.Flags()
	labelFlag(cmd, &f.labels)
	fl.StringArrayVarP(&f.inputs, "input", "i", nil, "Value of an input as name=value; may be repeated.")
	fl.StringVar(&f.inputFile, "input-file", "", "JSON or YAML file with the values of inputs.")
	fl.StringVar(&f.id, "id", "", "Id of the run. Adding the same id again adds nothing.")
	fl.StringArrayVar(&f.breaks, "break", nil, "Breakpoints of the run, as for `aether run`; `aether runs debug` goes on.")
	fl.StringVar(&j.Needs, "needs", "", "What a robot must have, as an expression over labels.")
	fl.IntVar(&j.Priority, "priority", 5, "From 0 to 20, higher first. A step is worth five minutes of waiting, so nothing waits for ever.")
	fl.StringVar(&after, "after", "", "Do not begin before: a time, or a length of time from now such as 10m.")
	fl.StringVar(&deadline, "deadline", "", "Do not begin after: a time, or a length of time from now. What is too late becomes a dead letter.")
	fl.StringVar(&j.Key, "key", "", "Idempotency key: adding a job with the same key again adds nothing.")
	fl.StringVar(&j.Tenant, "tenant", "", "Who the job is for. Tenants take turns.")
	fl.StringVar(&j.Slot.Key, "slot", "", "Name of a slot that jobs share: at most --slot-limit of them are ready or at work at a time.")
	fl.IntVar(&j.Slot.Limit, "slot-limit", 1, "Room in the slot.")
	fl.StringVar(&full, "when-full", "queue", "What to do when the slot is full: queue, drop or cancel_oldest.")
	fl.IntVar(&j.Retry.Attempts, "attempts", queue.DefaultAttempts, "How many robots may try it. A flow that fails is not tried again by itself: it becomes a dead letter.")
	return c.jsonFlag(cmd)
}

// moment reads a time, or a length of time from now.
func (c *command) moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return c.Now().Add(d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s takes a time such as \"2026-11-30 08:00\" or a length of time such as 90m, not %q", flag, text)
}

func (c *command) queueList() *cobra.Command {
	var f queue.Filter
	var state string
	var counts bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the jobs in the queue, oldest first; those that are done are runs", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if state != "" {
				st, err := queue.ParseState(state)
				if err != nil {
					return badInput(err)
				}
				f.States = []queue.State{st}
			}
			if f.Limit < 1 || f.After < 0 {
				return badInput(errors.New("--limit must be at least 1 and --after at least 0"))
			}
			return c.withQueue(cmd, func(s *app.System) error {
				n, err := s.Queue.Count(cmd.Context())
				if err != nil {
					return err
				}
				if counts {
					return c.printCounts(n)
				}
				list, err := s.Queue.Jobs(cmd.Context(), f)
				if err != nil {
					return err
				}
				if c.asJSON {
					if list == nil {
						list = []*queue.Job{}
					}
					return c.printJSON(list)
				}
				if len(list) == 0 {
					c.printf("No job is in the queue%s.\n", map[bool]string{true: " that fits"}[state != "" || f.After > 0 || f.Tenant != ""])
					return nil
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "JOB\tSTATE\tPRIORITY\tRUN\tADDED\tROBOT\tNEEDS\tREASON")
				for _, j := range list {
					fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", j.ID, j.State, j.Priority, j.Run, j.Created.Format(time.DateTime), j.Robot, clip(j.Needs, 30), clip(j.Reason, 50))
				}
				if err := w.Flush(); err != nil {
					return err
				}
				if len(list) == f.Limit {
					c.printf("… more: --after %d\n", list[len(list)-1].ID)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "Only jobs in this state: ready, leased, later, held, dead or poison.")
	cmd.Flags().StringVar(&f.Tenant, "tenant", "", "Only jobs of this tenant.")
	cmd.Flags().Int64Var(&f.After, "after", 0, "Only jobs with a higher number.")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "How many.")
	cmd.Flags().BoolVar(&counts, "count", false, "Only how many are in each state.")
	return c.jsonFlag(cmd)
}

func (c *command) printCounts(n map[queue.State]int) error {
	if c.asJSON {
		out := map[string]int{}
		for s := queue.Ready; s <= queue.Poison; s++ {
			out[s.String()] = n[s]
		}
		return c.printJSON(out)
	}
	for s := queue.Ready; s <= queue.Poison; s++ {
		c.printf("%-7s %d\n", s, n[s])
	}
	return nil
}

func (c *command) queueShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show JOB", Short: "Show a job, what happened to it, and why no robot takes it", Args: oneArg("the number of a job"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := jobNumbers(args)
			if err != nil {
				return err
			}
			return c.withQueue(cmd, func(s *app.System) error {
				j, err := s.Queue.Get(cmd.Context(), ids[0])
				if err != nil {
					return jobError(err)
				}
				why, err := s.Queue.Why(cmd.Context(), j.ID)
				if err != nil {
					return jobError(err)
				}
				history, err := s.Queue.History(cmd.Context(), j.Run)
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(map[string]any{"job": j, "why": why, "history": history})
				}
				c.printf("job %d  %s\n  run      %s\n  priority %d\n  attempt  %d of %d\n", j.ID, j.State, j.Run, j.Priority, j.Attempt, j.Retry.Attempts)
				for _, l := range [][2]string{{"needs", j.Needs}, {"tenant", j.Tenant}, {"slot", j.Slot.Key}, {"reason", j.Reason}} {
					if l[1] != "" {
						c.printf("  %-8s %s\n", l[0], l[1])
					}
				}
				for _, e := range history {
					c.printf("  %s  %s %s\n", e.At.Format(time.DateTime), e.Event, e.Detail)
				}
				for _, line := range why {
					c.printf("%s\n", line)
				}
				return nil
			})
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) queueWhy() *cobra.Command {
	cmd := &cobra.Command{
		Use: "why JOB", Short: "Tell why no robot takes a job, in a sentence for each robot", Args: oneArg("the number of a job"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := jobNumbers(args)
			if err != nil {
				return err
			}
			return c.withQueue(cmd, func(s *app.System) error {
				why, err := s.Queue.Why(cmd.Context(), ids[0])
				if err != nil {
					return jobError(err)
				}
				if c.asJSON {
					return c.printJSON(why)
				}
				for _, line := range why {
					c.printf("%s\n", line)
				}
				return nil
			})
		},
	}
	return c.jsonFlag(cmd)
}

// jobNumbers reads the numbers of jobs.
func jobNumbers(args []string) ([]int64, error) {
	var out []int64
	for _, a := range args {
		n, err := strconv.ParseInt(a, 10, 64)
		if err != nil || n < 1 {
			return nil, badInput(fmt.Errorf("%q is no number of a job (`aether queue list` shows them)", a))
		}
		out = append(out, n)
	}
	return out, nil
}

func jobError(err error) error {
	if errors.Is(err, queue.ErrNotFound) {
		return badInput(err)
	}
	return err
}

func (c *command) queueCancel() *cobra.Command {
	return &cobra.Command{
		Use: "cancel JOB", Short: "Cancel a job and its run", Args: oneArg("the number of a job"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := jobNumbers(args)
			if err != nil {
				return err
			}
			return c.withQueue(cmd, func(s *app.System) error {
				r, err := s.Orch.CancelJob(cmd.Context(), ids[0])
				if err != nil {
					return badInput(err)
				}
				if r.Status.Final() {
					c.printf("Cancelled: run %s.\n", r.ID)
				} else {
					c.printf("The robot that executes run %s was asked to stop.\n", r.ID)
				}
				return nil
			})
		},
	}
}
