package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// runFlags are the options of run and of the commands that execute runs.
type runFlags struct {
	inputs    []string
	inputFile string
	id        string
	fresh     bool
	wait      bool
	quiet     bool
	noInput   bool
	breaks    []string
	trace     string
	labels    []string
	items     itemFlags
	try       tryFlags
}

func (c *command) runCmd() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FLOW",
		Short: "Run a flow, or go on with a run of it that was interrupted",
		Long: "Runs a flow file. If an earlier run of the same flow version with the same inputs was cut short, it goes on where it was; --new starts another.\n\n" +
			"Exit codes: 0 done, 1 the flow failed, 2 bad input, 3 needs attention, 130 interrupted.",
		Example: "  aether run invoices.flow.yaml -i folder=./inbox\n  aether run invoices.flow.yaml --id november --json\n  aether run invoices.flow.yaml --items invoices.json --items-out done.json\n  aether run invoices.flow.yaml --to extract --pin fetch=sample.json\n  aether run invoices.flow.yaml --break extract,'save when vars.total > 1000'",
		Args:    oneArg("the flow file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.label(cmd, f.labels); err != nil {
				return err
			}
			return c.runFlow(cmd, args[0], f)
		},
	}
	labelFlag(cmd, &f.labels)
	cmd.Flags().StringArrayVarP(&f.inputs, "input", "i", nil, "Value of an input as name=value; may be repeated.")
	cmd.Flags().StringVar(&f.inputFile, "input-file", "", "JSON or YAML file with the values of inputs.")
	cmd.Flags().StringVar(&f.id, "id", "", "Id of the run. Starting the same id again goes on with it, or shows its result.")
	cmd.Flags().BoolVar(&f.fresh, "new", false, "Start a new run even if an interrupted one could go on.")
	cmd.Flags().StringArrayVar(&f.breaks, "break", nil, "Pause before this node, or several with commas between, or an execution such as each[2]/fetch; 'NODE when EXPRESSION' pauses only where that is true. May be repeated.")
	f.items.add(cmd)
	f.try.add(cmd)
	execFlags(cmd, &f)
	return c.jsonFlag(cmd)
}

func execFlags(cmd *cobra.Command, f *runFlags) {
	cmd.Flags().BoolVar(&f.wait, "wait", false, "Stay while the run waits for people or messages.")
	cmd.Flags().BoolVar(&f.noInput, "no-input", false, "Ask nothing on this terminal: questions take their default, or wait for an answer.")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "Print only the result.")
	cmd.Flags().StringVar(&f.trace, "trace", "", "Keep the trace of browser work: always (if nothing is given), failure or never, whatever the flow and the settings say. `aether runs export --html` shows it.")
	cmd.Flags().Lookup("trace").NoOptDefVal = trace.Always
}

// oneArg wants exactly one argument and says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return badInput(fmt.Errorf("%s needs %s (`%s --help` shows how)", cmd.CommandPath(), what, cmd.CommandPath()))
		}
		return nil
	}
}

func (c *command) runFlow(cmd *cobra.Command, path string, f runFlags) error {
	b, err := orch.Load(c.abs(path), node.Default)
	if err != nil {
		return badInput(err)
	}
	c.imported(b)
	if errs := b.Problems.Errors(); len(errs) > 0 {
		return c.problems(path, b.Problems)
	}
	input, err := c.readInputs(b.Flow, f)
	if err != nil {
		return badInput(err)
	}
	if err := f.try.check(f.id); err != nil {
		return badInput(err)
	}
	breaks := breakpoints(f.breaks)
	if err := orch.CheckBreaks(b.Flow, breaks); err != nil {
		return badInput(err)
	}
	if mode, _ := f.try.mode(); mode != "" {
		return c.try(cmd, b, input, f)
	}
	items, err := c.ownItems(f.items)
	if err != nil {
		return badInput(err)
	}
	v := c.view(f)
	s, err := c.openTo(cmd, v, f)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	ctx := cmd.Context()
	if err := s.Orch.Publish(ctx, b); err != nil {
		return err
	}
	id := f.id
	if id == "" && !f.fresh {
		old, err := s.Orch.Unfinished(ctx, b, input, func(r *run.Run) (bool, error) { return items.fits(ctx, s, r, f.items.queue) })
		if err != nil {
			return c.inputError(err)
		}
		if old != nil {
			id = old.ID
			if old.Interrupted {
				v.note("Run %s was interrupted; going on with it (--new starts another).", old.ID)
			} else if w, werr := orch.Waits(old); werr == nil && old.Status == run.Attention && c.asker == nil && !c.answered(ctx, s, old, w) {
				v.note("Run %s of this flow waits for you (--new starts another).", old.ID)
				return c.report(old)
			}
		}
	}
	if items != nil {
		// The items come before the run, so that it never begins without them.
		if id == "" {
			if id, err = run.NewID(c.Now(), s.Orch.Random); err != nil {
				return err
			}
		}
		if err := c.load(ctx, s, items, id, b, input); err != nil {
			return err
		}
		c.atEnd = func(r *run.Run) error { return c.reportItems(ctx, s, items, r) }
	}
	r, fresh, err := s.Orch.Start(ctx, b, id, input, breaks...)
	if err != nil {
		return c.inputError(err)
	}
	if !fresh && len(breaks) > 0 && !r.Status.Final() {
		if _, err := s.Orch.Debug(ctx, r.ID, orch.Debug{Breaks: &breaks}); err != nil {
			return err
		}
	}
	return c.execute(ctx, s, r, !fresh, v)
}

// openTo opens the stores to execute runs here.
func (c *command) openTo(cmd *cobra.Command, v *view, f runFlags) (*app.System, error) {
	if f.trace != "" && !slices.Contains(flow.TracePolicies, f.trace) {
		return nil, badInput(fmt.Errorf("--trace is one of %s, not %q; write it as --trace=always", strings.Join(flow.TracePolicies, ", "), f.trace))
	}
	s, err := c.open(cmd, v.observe, parkAfter(f))
	if err == nil {
		s.KeepTraces = f.trace
		s.HoldPaused, s.HoldLive = 0, 0 // who attends is asked; else nobody waits here
	}
	return s, err
}

// answered reports whether something that the run waits for has come.
func (c *command) answered(ctx context.Context, s *app.System, r *run.Run, ws []engine.Wait) bool {
	for _, w := range ws {
		list, err := s.Runs.Messages(ctx, r.ID, w.Topic)
		if err != nil || len(list) > 0 {
			return true
		}
	}
	return false
}

func (c *command) inputError(err error) error {
	if errors.Is(err, orch.ErrInput) || errors.Is(err, orch.ErrTaken) {
		return badInput(err)
	}
	return err
}

func parkAfter(f runFlags) time.Duration {
	if f.wait {
		return -1
	}
	return 0
}

// execute executes a run in this process and reports how it ended.
func (c *command) execute(ctx context.Context, s *app.System, r *run.Run, resumes bool, v *view) error {
	if r.Status.Final() {
		return c.report(r)
	}
	if err := s.Start(ctx, resumes); err != nil {
		return err
	}
	return c.executeStarted(ctx, s, r, v)
}

// executeStarted is execute with the durable engine open.
func (c *command) executeStarted(ctx context.Context, s *app.System, r *run.Run, v *view) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case sig, ok := <-c.Signals:
				if !ok {
					return
				}
				if sig == os.Interrupt && c.asker.leave() {
					n--
					continue
				}
				if n == 0 {
					cancel(engine.ErrInterrupted)
					continue
				}
				// Asked twice: leave at once. The run is durable.
				os.Exit(exitInterrupted)
			}
		}
	}()
	v.start(r)
	rn, err := s.Robot.Execute(ctx, r.ID, &v.count)
	v.stop()
	if err != nil {
		if rn != nil && rn.Interrupted {
			return stopped(r.ID, err)
		}
		return err
	}
	return c.report(rn)
}

// report prints how a run stands and gives the exit code for it.
func (c *command) report(r *run.Run) error {
	if c.atEnd != nil {
		if err := c.atEnd(r); err != nil {
			return err
		}
	}
	if c.asJSON {
		out := map[string]any{"event": "run", "run": r.ID, "flow": r.Flow, "status": r.Shown(), "nodes": r.Nodes, "ms": r.Took(c.Now()).Milliseconds()}
		if r.Output != nil {
			out["output"] = r.Output
		}
		if r.Failure != nil {
			out["failure"] = r.Failure
		}
		if r.Waits != nil {
			out["waits"] = r.Waits
		}
		if err := c.printLine(out); err != nil {
			return err
		}
	} else {
		c.reportText(r)
	}
	switch {
	case r.Status == run.Done:
		return nil
	case r.Status == run.Attention, r.Status == run.Waiting:
		return &exitError{code: exitAttention}
	case r.Interrupted:
		return &exitError{code: exitInterrupted}
	}
	return &exitError{code: exitFailed}
}

func (c *command) printLine(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "%s\n", b)
	return err
}

func (c *command) reportText(r *run.Run) {
	took := r.Took(c.Now()).Round(time.Millisecond)
	switch {
	case r.Status == run.Done:
		c.printf("Done in %s: run %s, %d nodes.\n", took, r.ID, r.Nodes)
		c.printOutput(r)
	case r.Status == run.Failed:
		c.printf("Failed after %s: run %s\n", took, r.ID)
		c.printf("  %s\n", r.Failure.Error())
		c.printf("  Look: aether runs show %s    Again: aether runs retry %s\n", r.ID, r.ID)
	case r.Status == run.Cancelled:
		c.printf("Cancelled: run %s\n", r.ID)
	case r.Status == run.Attention, r.Status == run.Waiting:
		c.printf("Run %s waits.\n", r.ID)
		ws, err := orch.Waits(r)
		if err != nil {
			c.printf("  %v\n", err)
		}
		for _, w := range ws {
			c.printWait(r, w)
		}
	case r.Interrupted:
		c.printf("Interrupted: run %s. Go on: aether runs resume %s\n", r.ID, r.ID)
	default:
		c.printf("Run %s is %s.\n", r.ID, r.Shown())
	}
}

func (c *command) printWait(r *run.Run, w engine.Wait) {
	switch w.Kind {
	case "interrupted":
		c.printf("  %s: %s\n", w.Path, w.Question)
		c.printChoices(r, w, "decide")
	case "session", "doubt":
		c.printf("  %s: %s\n", w.Path, printable(w.Question))
		if w.Ask != nil && w.Ask.Details != nil && w.Ask.Details.Text != "" {
			c.printf("    %s\n", printable(w.Ask.Details.Text))
		}
		c.printChoices(r, w, "answer")
	case engine.WaitPaused:
		c.printf("  paused before %s (%s)\n", w.Path, w.Paused.Why)
		c.printf("    aether runs debug %s --at %s --over (or --into, --out, --continue, --stop, --set NAME=JSON), then aether runs resume %s\n", r.ID, quoted(w.Path), r.ID)
	case "approval", "question":
		c.printQuestion(r, w)
	case "message":
		c.printf("  %s waits for a message on %q\n    aether runs send %s %s DATA && aether runs resume %s\n", w.Path, w.Topic, r.ID, w.Topic, r.ID)
	default:
		c.printf("  %s waits until %s\n", w.Path, time.UnixMilli(w.Until).Format(time.DateTime))
	}
}

// printChoices prints a command for each answer, to be copied as it is.
func (c *command) printChoices(r *run.Run, w engine.Wait, flag string) {
	for _, choice := range w.Choices {
		c.printf("    aether runs resume %s --at %s --%s %s\n", r.ID, quoted(w.Path), flag, choice)
	}
}

func (c *command) printOutput(r *run.Run) {
	v, err := value.Parse(r.Output)
	m, ok := v.(map[string]any)
	if err != nil || !ok || len(m) == 0 {
		return
	}
	for _, k := range sortedKeys(m) {
		b, err := value.JSON(m[k])
		if err != nil {
			continue
		}
		text := string(b)
		if s, ok := m[k].(string); ok && !strings.Contains(s, "\n") {
			text = s
		}
		if len(text) > 2000 {
			text = text[:2000] + "… (aether runs show " + r.ID + " --json has all)"
		}
		c.printf("  %s: %s\n", k, text)
	}
}

func (c *command) abs(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, path)
}

// readInputs puts together the values of --input-file and --input.
func (c *command) readInputs(f *flow.Flow, rf runFlags) (map[string]any, error) {
	in := map[string]any{}
	if rf.inputFile != "" {
		src, err := orch.ReadFlowFile(c.abs(rf.inputFile))
		if err != nil {
			return nil, fmt.Errorf("reading the input file: %w", err)
		}
		v, err := flow.ParseValue(src)
		if err != nil {
			return nil, fmt.Errorf("reading the input file: %w", err)
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("the input file must hold a map of inputs, not %s", article(value.Kind(v)))
		}
		in = m
	}
	for _, arg := range rf.inputs {
		name, text, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("--input is written name=value, not %q", arg)
		}
		typ, secret := "any", false
		for _, d := range f.Inputs {
			if d.Name == name {
				typ, secret = d.Type, d.Secret
			}
		}
		if secret {
			// The value of a secret must not come to rest in the shell's history or
			// the database: what is given is its name.
			in[name] = map[string]any{"secret": text}
			continue
		}
		v, err := inputValue(text, typ)
		if err != nil {
			return nil, fmt.Errorf("the input %s: %w", name, err)
		}
		in[name] = v
	}
	return in, nil
}

// inputValue reads text from the command line as a value of the input's type.
func inputValue(text, typ string) (any, error) {
	if typ == "string" {
		return text, nil
	}
	v, err := value.Parse([]byte(text))
	if err != nil {
		if typ == "any" {
			return text, nil
		}
		return nil, fmt.Errorf("%q is not %s; lists and maps are written as JSON", text, article(typ))
	}
	return v, nil
}
