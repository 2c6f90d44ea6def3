package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/orch"
)

func (c *command) runsHand() *cobra.Command {
	var back, stay bool
	cmd := &cobra.Command{
		Use:   "hand RUN",
		Short: "Tell who has taken over the browser of a run, and hand it back",
		Long: "A person takes over the browser of a run on its page and drives it by hand; the run waits until it is handed back, also if that person has gone.\n\n" +
			"With --back the run goes on from what they left; with --stay too, it remains paused.",
		Example: "  aether runs hand 261129-1\n  aether runs hand 261129-1 --back",
		Args:    oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if stay && !back {
				return badInput(errors.New("--stay says how the browser is handed back: give it with --back"))
			}
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if back {
				by, _ := c.Lookup("USER")
				h, err := s.Orch.HandBack(cmd.Context(), args[0], by, stay)
				if err != nil {
					return badInput(err)
				}
				c.printf("The browser that %s had goes back to the run.\n", printable(h.By))
				return nil
			}
			h, err := s.Orch.HandOf(cmd.Context(), args[0])
			if err != nil {
				return notFound(err)
			}
			return c.printHand(h)
		},
	}
	cmd.Flags().BoolVar(&back, "back", false, "Hand the browser back, whoever has it: the run goes on if it was paused.")
	cmd.Flags().BoolVar(&stay, "stay", false, "With --back: the run remains paused.")
	return c.jsonFlag(cmd)
}

func (c *command) printHand(h *orch.Driving) error {
	switch {
	case c.asJSON:
		return c.printJSON(struct {
			Hand *orch.Driving `json:"hand"`
		}{h})
	case h == nil:
		c.printf("Nobody has taken over its browser.\n")
		return nil
	}
	away := ""
	if h.Away {
		away = ", and is away"
	}
	c.printf("%s has taken over its browser since %s%s; %d gestures so far.\n", printable(h.By), h.Since.Local().Format(time.DateTime), away, h.Gestures)
	if h.Why != "" {
		c.printf("  %s\n", oneLine(h.Why))
	}
	return nil
}
