package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func (c *command) runsCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "runs", Short: "List, show, watch and control runs"}
	cmd.AddCommand(c.runsList(), c.runsShow(), c.runsWatch(), c.runsResume(), c.runsAnswer(), c.runsLink(), c.runsPause(), c.runsDebug(), c.runsHand(), c.runsRetry(), c.runsCancel(), c.runsSend(), c.runsExport(), c.runsPrune())
	return cmd
}

// shownStatuses are the statuses as people read them.
var shownStatuses = []string{"queued", "running", "waiting", "attention", "done", "failed", "cancelled", "interrupted"}

func (c *command) runsList() *cobra.Command {
	var f run.Filter
	var status string
	var tried bool
	cmd := &cobra.Command{
		Use: "list", Short: "List runs, newest first", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if status != "" && !slices.Contains(shownStatuses, status) {
				return badInput(fmt.Errorf("--status is one of %s, not %q", strings.Join(shownStatuses, ", "), status))
			}
			if f.Limit < 1 || f.Offset < 0 {
				return badInput(errors.New("--limit must be at least 1 and --offset at least 0"))
			}
			if !tried {
				f.Development = run.WithoutDevelopment
			}
			interrupted := status == "interrupted"
			f.Status = run.Status(status)
			if interrupted {
				f.Status = run.Running
			}
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			list, err := s.Runs.List(cmd.Context(), f)
			if err != nil {
				return err
			}
			if interrupted {
				kept := list[:0]
				for _, r := range list {
					if r.Interrupted {
						kept = append(kept, r)
					}
				}
				list = kept
			}
			if c.asJSON {
				if list == nil {
					list = []*run.Run{}
				}
				return c.printJSON(list)
			}
			if len(list) == 0 {
				if status != "" || f.Flow != "" || f.Offset > 0 || len(f.Labels) > 0 {
					c.printf("No run fits.\n")
					return nil
				}
				c.printf("There are no runs yet. `aether run FLOW` starts one.\n")
				return nil
			}
			w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "RUN\tSTATUS\tFLOW\tSTARTED\tTOOK\tNODES\tASKS")
			for _, r := range list {
				question := ""
				if ws, err := orch.Waits(r); err == nil {
					question = clip(asked(ws), 50)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", r.ID, r.Shown(), clip(r.Flow, 40), r.Created.Format(time.DateTime), short(r.Took(c.Now())), r.Nodes, question)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&f.Flow, "flow", "", "Only runs of the flow with this name.")
	cmd.Flags().StringVar(&status, "status", "", "Only runs with this status: "+strings.Join(shownStatuses, ", ")+".")
	cmd.Flags().StringArrayVar(&f.Labels, "label", nil, "Only runs with this label; may be repeated for runs with all of them.")
	cmd.Flags().BoolVar(&tried, "development", false, "Also development runs: those that were made while a flow was written.")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "How many.")
	cmd.Flags().IntVar(&f.Offset, "offset", 0, "Leave out so many.")
	return c.jsonFlag(cmd)
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func (c *command) runsShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show RUN", Short: "Show what happened in a run", Args: oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			r, err := s.Runs.Get(cmd.Context(), args[0])
			if err != nil {
				return notFound(err)
			}
			var events []run.Event
			for after := int64(0); ; {
				page, err := s.Runs.Events(cmd.Context(), r.ID, after, 1000)
				if err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
				events = append(events, page...)
				after = page[len(page)-1].Seq
			}
			if c.asJSON {
				return c.printJSON(map[string]any{"run": r, "events": events})
			}
			c.printf("%s  %s\n", r.Flow, r.ID)
			c.printf("  status   %s\n", r.Shown())
			if r.RetryOf != "" {
				c.printf("  retry of %s\n", r.RetryOf)
			}
			if len(r.Labels) > 0 {
				c.printf("  labels   %s\n", strings.Join(r.Labels, ", "))
			}
			c.printf("  started  %s, took %s, %d nodes (%d recorded), taken up again %d times\n", r.Created.Format(time.DateTime), short(r.Took(c.Now())), r.Nodes, r.Recorded, r.Resumes)
			if len(r.Input) > 2 {
				c.printf("  input    %s\n", clip(string(r.Input), 200))
			}
			traced := 0
			for _, e := range events {
				switch e.Kind {
				case trace.Kind:
					traced++
					continue
				case element.EventFound:
					continue
				}
				c.printf("  %s\n", eventLine(e))
			}
			if traced > 0 {
				c.printf("  traces   of %d steps in a browser: aether runs export %s --html -o %s.html\n", traced, r.ID, r.ID)
			}
			if err := c.readSaid(cmd.Context(), s, r.ID); err != nil {
				return err
			}
			c.reportText(r)
			return nil
		},
	}
	return c.jsonFlag(cmd)
}

func notFound(err error) error {
	if errors.Is(err, run.ErrNotFound) {
		return badInput(err)
	}
	return err
}

// eventLine is a line of the journal for people.
func eventLine(e run.Event) string {
	var d struct {
		Type    string        `json:"type"`
		Try     int           `json:"try"`
		Ms      int64         `json:"ms"`
		Text    string        `json:"text"`
		Status  string        `json:"status"`
		Effect  string        `json:"effect"`
		Error   string        `json:"error"`
		Failure *node.Failure `json:"failure"`
	}
	_ = json.Unmarshal(e.Data, &d)
	parts := []string{e.At.Format("15:04:05.000"), strings.ReplaceAll(e.Kind, "node_", "")}
	for _, p := range []string{e.Path, d.Type, d.Effect} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if d.Try > 1 {
		parts = append(parts, fmt.Sprintf("try %d", d.Try))
	}
	if strings.HasSuffix(e.Kind, "finished") && d.Type != "" {
		parts = append(parts, short(time.Duration(d.Ms)*time.Millisecond))
	}
	for _, p := range []string{d.Status, d.Text, d.Error} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if d.Failure != nil {
		parts = append(parts, d.Failure.Message)
	}
	return strings.Join(parts, "  ")
}

func (c *command) runsWatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch RUN", Short: "Follow a run that another process executes", Args: oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			r, err := s.Runs.Get(cmd.Context(), args[0])
			if err != nil {
				return notFound(err)
			}
			t := time.NewTicker(250 * time.Millisecond)
			defer t.Stop()
			for after := int64(0); ; {
				state, err := s.Runs.Get(cmd.Context(), r.ID)
				if err != nil {
					return err
				}
				events, err := s.Runs.Events(cmd.Context(), r.ID, after, 1000)
				if err != nil {
					return err
				}
				for _, e := range events {
					after = e.Seq
					if c.asJSON {
						if err := c.printLine(e); err != nil {
							return err
						}
						continue
					}
					if e.Kind != trace.Kind && e.Kind != element.EventFound {
						c.printf("%s\n", eventLine(e))
					}
				}
				if len(events) == 0 && (state.Status != run.Running || state.Interrupted) {
					return c.report(state)
				}
				select {
				case <-t.C:
				case <-c.Signals:
					return &exitError{code: exitInterrupted}
				}
			}
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) runsResume() *cobra.Command {
	var f runFlags
	var at, decide, answer, comment string
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that was interrupted, or that waits",
		Long: "Goes on with a run. If it waits because a crash left it unknown whether a node acted, say what to do: --decide skip takes the node as done, again lets it act again, fail fails it. " +
			"If it waits for an answer, give it with --answer; on a terminal it is asked for.",
		Args: oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if decide != "" && answer != "" {
				return badInput(errors.New("give --decide or --answer, not both"))
			}
			v := c.view(f)
			s, err := c.openTo(cmd, v, f)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			r, err := s.Runs.Get(cmd.Context(), args[0])
			if err != nil {
				return notFound(err)
			}
			if choice := decide + answer; choice != "" {
				if r, err = s.Orch.AnswerText(cmd.Context(), r.ID, at, choice, comment, c.user()); err != nil {
					return badInput(err)
				}
			}
			if missing, err := c.missing(cmd.Context(), s, r.ID, at); err != nil || missing != "" && decide+answer != "" {
				c.printf("Answered: run %s%s.\n", r.ID, missing)
				return err
			}
			if decide+answer != "" && r.Status == run.Running && !r.Interrupted {
				c.printf("Answered. The process that executes run %s goes on with it.\n", r.ID)
				return nil
			}
			if r.Status.Final() {
				v.note("Run %s has ended; `aether runs retry %s` makes a new run of it.", r.ID, r.ID)
			}
			return c.execute(cmd.Context(), s, r, true, v)
		},
	}
	cmd.Flags().StringVar(&decide, "decide", "", "What to do about an interrupted node: skip, again or fail.")
	cmd.Flags().StringVar(&answer, "answer", "", "Answer to the question the run asks: the name of a button, the value of its only field, or a JSON object with the values by field.")
	cmd.Flags().StringVar(&comment, "comment", "", "Remark that goes with the answer.")
	cmd.Flags().StringVar(&at, "at", "", "Node execution the decision is for, if the run waits for several.")
	execFlags(cmd, &f)
	return c.jsonFlag(cmd)
}

func (c *command) runsAnswer() *cobra.Command {
	var at, comment string
	cmd := &cobra.Command{
		Use:   "answer RUN ANSWER",
		Short: "Answer what a run asks, and leave it to the robots to go on with it",
		Long: "Gives an answer to a run that waits for one: the name of a button, the value of its only field, a JSON object with the values by field, or skip, again or fail for an interrupted node. " +
			"A run of the queue goes on at once on the next robot; `aether runs resume` goes on with any run here.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return badInput(fmt.Errorf("%s needs the id of a run and an answer", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			r, err := s.Orch.AnswerText(cmd.Context(), args[0], at, args[1], comment, c.user())
			if err != nil {
				return badInput(err)
			}
			missing, err := c.missing(cmd.Context(), s, r.ID, at)
			if err != nil {
				return err
			}
			c.printf("Answered: run %s%s.\n", r.ID, missing)
			return nil
		},
	}
	cmd.Flags().StringVar(&comment, "comment", "", "Remark that goes with the answer.")
	cmd.Flags().StringVar(&at, "at", "", "Node execution the answer is for, if the run waits for several.")
	return cmd
}

func (c *command) runsRetry() *cobra.Command {
	var f runFlags
	var from, version string
	var dry, fromStart bool
	cmd := &cobra.Command{
		Use:   "retry RUN",
		Short: "Run an ended run again, from the node that failed, from another node, or from the start",
		Long: "Makes a new run. What was recorded before the point it starts from is reused; the rest happens again. --dry-run lists both, and what has side effects.\n\n" +
			"--from takes failed (the default), start, a node id, or the path of a node execution inside a loop such as each[2]/fetch.",
		Example: "  aether runs retry 261122-205701-k3f9a2 --dry-run\n  aether runs retry 261122-205701-k3f9a2 --from 'each[2]/fetch' --version current",
		Args:    oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if version != "same" && version != "current" {
				return badInput(fmt.Errorf("--version is same or current, not %q", version))
			}
			if fromStart {
				from = "start"
			}
			v := c.view(f)
			s, err := c.openTo(cmd, v, f)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			ctx := cmd.Context()
			old, err := s.Runs.Get(ctx, args[0])
			if err != nil {
				return notFound(err)
			}
			rt := orch.Retry{From: from, DryRun: dry}
			if version == "current" {
				if old.Source == "" {
					return badInput(fmt.Errorf("run %s did not come from a file", old.ID))
				}
				if rt.Flow, err = orch.Load(old.Source, node.Default); err != nil {
					return badInput(err)
				}
				if len(rt.Flow.Problems.Errors()) > 0 {
					return c.problems(old.Source, rt.Flow.Problems)
				}
			}
			if err := s.Start(ctx, false); err != nil {
				return err
			}
			plan, err := s.Orch.Retry(ctx, old.ID, rt)
			if err != nil {
				return badInput(err)
			}
			if dry {
				return c.printPlan(plan)
			}
			v.note("Run %s retries %s: %d records reused.", plan.Run.ID, old.ID, len(plan.Reused))
			return c.executeStarted(ctx, s, plan.Run, v)
		},
	}
	cmd.Flags().StringVar(&from, "from", "failed", "Where to start: failed, start, or a node execution.")
	cmd.Flags().BoolVar(&fromStart, "from-start", false, "The same as --from start.")
	cmd.Flags().StringVar(&version, "version", "same", "Flow version: same as the run's, or current (the file as it is now).")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "Only list what would be reused and what would happen again.")
	execFlags(cmd, &f)
	return c.jsonFlag(cmd)
}

func (c *command) printPlan(p *orch.RetryPlan) error {
	if c.asJSON {
		return c.printJSON(p)
	}
	c.printf("Retry of %s from %s, nothing done yet.\n", p.Of, p.From)
	c.printf("Reused (%d):\n", len(p.Reused))
	for _, e := range p.Reused {
		c.printf("  %s  %s\n", e.Path, e.Type)
	}
	c.printf("Happens again (%d known, and all that was not reached):\n", len(p.Again))
	for _, e := range p.Again {
		mark := ""
		if e.SideEffect {
			mark = "  SIDE EFFECT"
		}
		c.printf("  %s  %s  %s (%s)%s\n", e.Path, e.Type, e.Effect, e.Why, mark)
	}
	for _, n := range p.Notes {
		c.printf("Note: %s\n", n)
	}
	return nil
}

func (c *command) runsCancel() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cancel RUN", Short: "Cancel a run, wherever it is executed", Args: oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			r, err := s.Orch.CancelRun(cmd.Context(), args[0])
			if err != nil {
				return badInput(err)
			}
			// The process that executes it needs a moment.
			ctx, cancel := context.WithTimeout(cmd.Context(), 10*time.Second)
			defer cancel()
			t := time.NewTicker(100 * time.Millisecond)
			defer t.Stop()
			for !r.Status.Final() {
				select {
				case <-ctx.Done():
					return fmt.Errorf("run %s was asked to stop and has not yet; `aether runs show %s` tells when", r.ID, r.ID)
				case <-t.C:
				}
				if r, err = s.Runs.Cancel(ctx, r.ID); err != nil && (r == nil || !r.Status.Final()) {
					return err
				}
			}
			if c.asJSON {
				return c.printJSON(r)
			}
			c.printf("Run %s is %s.\n", r.ID, r.Status)
			return nil
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) runsSend() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: "send RUN TOPIC [DATA]", Short: "Send a message to a run", Long: "Leaves a message for a run. DATA is JSON, or else plain text.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 || len(args) > 3 {
				return badInput(errors.New("aether runs send needs the id of a run, a topic, and at most one argument of data (quote it)"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			var data any
			if len(args) == 3 {
				if data, err = value.Parse([]byte(args[2])); err != nil {
					data = args[2]
				}
			}
			r, err := s.Orch.Send(cmd.Context(), args[0], args[1], id, data)
			if err != nil {
				return badInput(err)
			}
			c.printf("Sent to run %s.\n", r.ID)
			return nil
		},
	}
	cmd.Flags().StringVar(&id, "message-id", "", "Sending the same message id again is once.")
	return cmd
}

func retention(cfg *config.Config) orch.Retention {
	return orch.Retention{Runs: cfg.Retention.Runs, Failed: cfg.Retention.Failed, MaxRuns: cfg.Retention.MaxRuns, Items: cfg.Retention.Items}
}

func (c *command) runsPrune() *cobra.Command {
	cmd := &cobra.Command{
		Use: "prune", Short: "Forget old ended runs and work items, as the retention settings say", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if err := s.Start(cmd.Context(), false); err != nil {
				return err
			}
			n, err := s.Orch.Retain(cmd.Context(), retention(s.Config))
			if err != nil {
				return err
			}
			c.printf("Forgot %d runs.\n", n)
			if n, err = s.Orch.RetainItems(cmd.Context(), retention(s.Config)); err != nil {
				return err
			}
			if n > 0 {
				c.printf("Removed %d work items.\n", n)
			}
			return nil
		},
	}
	return cmd
}
