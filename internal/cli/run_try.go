package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/value"
)

// tryFlags are the options of run that make a development run of it.
type tryFlags struct {
	to, from, only string
	of             string
	pins           []string
}

func (f *tryFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.to, "to", "", "Development: run to this node (or a path such as each[2]/fetch) and end behind it.")
	cmd.Flags().StringVar(&f.from, "from", "", "Development: run from this node on, on what the run of --run recorded.")
	cmd.Flags().StringVar(&f.only, "only", "", "Development: run this node alone, on what the run of --run recorded.")
	cmd.Flags().StringVar(&f.of, "run", "", "Run whose records --to, --from and --only use, and whose inputs unless there are others.")
	cmd.Flags().StringArrayVar(&f.pins, "pin", nil, "Development: node=FILE with the output of a node as JSON or YAML; the node does not act. May be repeated.")
	cmd.MarkFlagsMutuallyExclusive("to", "from", "only")
}

// mode returns what kind of development run is asked for, "" for none, and about
// which node or execution.
func (f *tryFlags) mode() (mode, at string) {
	switch {
	case f.to != "":
		return run.TryTo, f.to
	case f.from != "":
		return run.TryFrom, f.from
	case f.only != "":
		return run.TryNode, f.only
	}
	return "", ""
}

// check says what does not go together.
func (f *tryFlags) check(id string) error {
	mode, _ := f.mode()
	switch {
	case mode == "" && (f.of != "" || len(f.pins) > 0):
		return errors.New("--run and --pin are for development runs: add --to, --from or --only with a node")
	case mode != "" && id != "":
		return errors.New("a development run takes no --id")
	case (mode == run.TryFrom || mode == run.TryNode) && f.of == "":
		return fmt.Errorf("--%s needs --run: the run whose records lead to the node", map[string]string{run.TryFrom: "from", run.TryNode: "only"}[mode])
	}
	return nil
}

// try makes the development run that the flags ask for and executes it.
func (c *command) try(cmd *cobra.Command, b *orch.Bundle, input map[string]any, f runFlags) error {
	t := orch.Try{Flow: b, Of: f.try.of, Input: input, Breaks: breakpoints(f.breaks)}
	t.Mode, t.At = f.try.mode()
	if t.Node = t.At; strings.Contains(t.At, "/") {
		t.Node = t.At[strings.LastIndexByte(t.At, '/')+1:]
	} else {
		t.At = ""
	}
	if len(input) == 0 && t.Of != "" {
		t.Input = nil
	}
	var err error
	if t.Pins, err = c.readPins(f.try.pins); err != nil {
		return badInput(err)
	}
	v := c.view(f)
	s, err := c.openTo(cmd, v, f)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	ctx := cmd.Context()
	if err := s.Start(ctx, false); err != nil {
		return err
	}
	r, err := s.Orch.Try(ctx, t)
	if err != nil {
		return notFound(c.inputError(err))
	}
	return c.executeStarted(ctx, s, r, v)
}

// readPins reads node=FILE arguments.
func (c *command) readPins(args []string) (map[string]map[string]any, error) {
	pins := map[string]map[string]any{}
	for _, arg := range args {
		id, file, ok := strings.Cut(arg, "=")
		if !ok || id == "" || file == "" {
			return nil, fmt.Errorf("--pin is written node=FILE, not %q", arg)
		}
		src, err := orch.ReadFlowFile(c.abs(file))
		if err != nil {
			return nil, fmt.Errorf("reading the output pinned to %s: %w", id, err)
		}
		v, err := flow.ParseValue(src)
		if err != nil {
			return nil, fmt.Errorf("reading the output pinned to %s: %w", id, err)
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("the output pinned to %s must be a map, as in {\"text\": \"…\"}, not %s", id, article(value.Kind(v)))
		}
		pins[id] = m
	}
	return pins, nil
}
