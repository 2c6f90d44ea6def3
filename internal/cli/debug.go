package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/value"
)

// breakpoints reads --break: node ids or paths with commas between, or one with a
// condition behind the word when.
func breakpoints(args []string) []engine.Break {
	var out []engine.Break
	for _, arg := range args {
		if node, when, ok := strings.Cut(arg, " when "); ok {
			// Those before it have no condition.
			if i := strings.LastIndexByte(node, ','); i >= 0 {
				out = append(out, breakpoints([]string{node[:i]})...)
				node = node[i+1:]
			}
			out = append(out, engine.Break{Node: strings.TrimSpace(node), When: strings.TrimSpace(when)})
			continue
		}
		for node := range strings.SplitSeq(arg, ",") {
			out = append(out, engine.Break{Node: strings.TrimSpace(node)})
		}
	}
	return out
}

// setValue reads NAME=JSON; what is no JSON is text.
func setValue(arg string, into map[string]any) error {
	name, text, ok := strings.Cut(arg, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return fmt.Errorf("a variable is set as NAME=JSON, not %q", arg)
	}
	v, err := value.Parse([]byte(text))
	if err != nil {
		v = text
	}
	into[name] = v
	return nil
}

func (c *command) runsPause() *cobra.Command {
	cmd := &cobra.Command{
		Use: "pause RUN", Short: "Let a run pause before its next node, wherever it is executed", Args: oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			by, _ := c.Lookup("USER")
			r, err := s.Orch.Pause(cmd.Context(), args[0], by)
			if err != nil {
				return badInput(err)
			}
			c.printf("Run %s pauses before its next node; `aether runs debug %s` shows where.\n", r.ID, r.ID)
			return nil
		},
	}
	return cmd
}

func (c *command) runsDebug() *cobra.Command {
	var at string
	var sets, breaks []string
	var clear bool
	said := map[string]*bool{}
	cmd := &cobra.Command{
		Use:   "debug RUN",
		Short: "Look into a run that is paused, change its variables, and let it go on",
		Long: "Shows where a run is paused, with its variables there, and its breakpoints. With a command the run goes on: a run of the queue on the next robot; `aether runs resume` goes on with any run here.\n\n" +
			"Variables that are set count from there on. Breakpoints belong to the run and not to its flow.",
		Example: "  aether runs debug 261129-1\n  aether runs debug 261129-1 --over --set total=0\n  aether runs debug 261129-1 --continue --break 'save when vars.total > 1000'",
		Args:    oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			d := orch.Debug{At: at}
			for _, name := range engine.Commands {
				if b := said[name]; b != nil && *b {
					d.Command = name
				}
			}
			if len(sets) > 0 {
				d.Set = map[string]any{}
			}
			for _, arg := range sets {
				if err := setValue(arg, d.Set); err != nil {
					return badInput(err)
				}
			}
			if list := breakpoints(breaks); len(list) > 0 || clear {
				d.Breaks = &list
			}
			if d.Command == "" && d.Set == nil && d.Breaks == nil {
				out, err := s.Orch.Debugging(cmd.Context(), args[0])
				if err != nil {
					return notFound(err)
				}
				return c.printDebugging(out)
			}
			d.By, _ = c.Lookup("USER")
			r, err := s.Orch.Debug(cmd.Context(), args[0], d)
			if err != nil {
				return badInput(err)
			}
			c.printf("Told run %s.\n", r.ID)
			if d.Command != "" && r.Status == run.Waiting {
				c.printf("If no robot goes on with it: aether runs resume %s\n", r.ID)
			}
			return nil
		},
	}
	for _, f := range [][2]string{
		{engine.CommandContinue, "Go on to the next breakpoint."}, {engine.CommandOver, "Go on to the next node of the same level."}, {engine.CommandInto, "Go on to the next node, wherever it is."},
		{engine.CommandOut, "Go on to the node behind the block."}, {engine.CommandStop, "Cancel the run."},
	} {
		said[f[0]] = cmd.Flags().Bool(f[0], false, f[1])
	}
	cmd.MarkFlagsMutuallyExclusive(engine.CommandContinue, engine.CommandOver, engine.CommandInto, engine.CommandOut, engine.CommandStop)
	cmd.Flags().StringArrayVar(&sets, "set", nil, "Give a variable a value, as NAME=JSON; may be repeated.")
	cmd.Flags().StringVar(&at, "at", "", "Paused node execution that is meant, if there are several.")
	cmd.Flags().StringArrayVar(&breaks, "break", nil, "Breakpoints in the place of those that the run has, as for `aether run`; may be repeated.")
	cmd.Flags().BoolVar(&clear, "no-breaks", false, "Take all breakpoints away.")
	cmd.MarkFlagsMutuallyExclusive("break", "no-breaks")
	return c.jsonFlag(cmd)
}

func (c *command) printDebugging(d *orch.Debugging) error {
	if c.asJSON {
		return c.printJSON(d)
	}
	for _, p := range d.Paused {
		c.printf("Paused before %s (%s)\n%s", p.Path, p.Why, shownPause(p.Paused))
	}
	if len(d.Paused) == 0 {
		c.printf("It is not paused.\n")
	}
	for _, br := range d.Breaks {
		when := ""
		if br.When != "" {
			when = " when " + br.When
		}
		c.printf("Breakpoint: %s%s\n", printable(br.Node), printable(when))
	}
	return nil
}

// shownPause lists what is seen at a paused line.
func shownPause(p *engine.Paused) string {
	var b strings.Builder
	list := func(what string, m map[string]engine.Shown) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(&b, "  %s%s = %s\n", what, printable(name), shownValue(m[name]))
		}
	}
	if p.Note != "" {
		fmt.Fprintf(&b, "  %s\n", oneLine(p.Note))
	}
	fmt.Fprintf(&b, "  next: %s\n", printable(p.Type))
	list("param ", p.Input)
	if p.Loop != nil {
		fmt.Fprintf(&b, "  loop = %s\n", shownValue(*p.Loop))
	}
	list("", p.Vars)
	return b.String()
}

func shownValue(s engine.Shown) string {
	switch {
	case s.Error != "":
		return "(" + oneLine(s.Error) + ")"
	case s.Cut && s.Value == nil:
		return "(" + s.Kind + ", too large to be shown)"
	}
	text := clip(oneLine(string(s.Value)), 200)
	if s.Cut {
		text += " (" + s.Kind + ", cut)"
	}
	return text
}

// attendFunc is what the robot asks through about a run that is paused; nil if nobody attends.
func (c *command) attendFunc() func(context.Context, *run.Run, engine.Wait) (engine.Command, error) {
	if c.asker == nil {
		return nil
	}
	return c.asker.attend
}

// attend asks the person at the terminal what a paused run is to do.
func (a *asker) attend(ctx context.Context, r *run.Run, w engine.Wait) (cmd engine.Command, err error) {
	err = a.alone(ctx, func(ctx context.Context) (err error) {
		a.c.printf("\n── %s is paused (%s) ──\n%s", printable(w.Path), w.Paused.Why, shownPause(w.Paused))
		a.c.printf("(continue, over, into, out, vars, set NAME=JSON, where, stop; ctrl-C leaves it paused)\n")
		cmd, err = a.command(ctx, r, w)
		if errors.Is(err, errClosed) {
			err = errAway
		}
		return err
	})
	switch {
	case errors.Is(err, engine.ErrNobody):
		a.c.printf("It stays paused.\n")
	case errors.Is(err, context.Canceled):
		a.c.printf("\nSomebody else told it to go on.\n")
	}
	cmd.By, _ = a.c.Lookup("USER")
	return cmd, err
}

// command reads lines until one is a command to the run. An empty one is the command before.
func (a *asker) command(ctx context.Context, r *run.Run, w engine.Wait) (engine.Command, error) {
	for {
		a.c.printf("> ")
		text, err := a.lines.read(ctx)
		if err != nil {
			return engine.Command{}, err
		}
		word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
		if word == "" {
			word = a.before
		}
		switch name := debugWord(word); name {
		case "":
			a.c.printf("%q is none of continue, over, into, out, vars, set, where, stop; a beginning is enough.\n", printable(word))
		case "vars":
			a.c.printf("%s", shownPause(w.Paused))
		case "where":
			a.c.printf("  %s of run %s, before %s (%s)\n", printable(w.Paused.Flow), r.ID, printable(w.Path), printable(w.Paused.Type))
		case "set":
			set := map[string]any{}
			err := setValue(rest, set)
			if err == nil {
				set, err = engine.CheckSet(set, func(name string) bool { _, ok := w.Paused.Vars[name]; return ok })
			}
			if err == nil {
				return engine.Command{Command: engine.CommandStay, Set: set}, nil
			}
			a.c.printf("%s.\n", printable(err.Error()))
		default:
			a.before = name
			return engine.Command{Command: name}, nil
		}
	}
}

// debugWord returns the command that a word begins as only one does, "" for none.
func debugWord(word string) string {
	found := ""
	for _, name := range []string{engine.CommandContinue, engine.CommandOver, engine.CommandInto, engine.CommandOut, engine.CommandStop, "vars", "set", "where"} {
		switch {
		case name == word:
			return name
		case word != "" && strings.HasPrefix(name, word) && found != "":
			return ""
		case word != "" && strings.HasPrefix(name, word):
			found = name
		}
	}
	return found
}
