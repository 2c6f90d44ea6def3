package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/question"
)

// user is who uses the command line, as far as the environment tells.
func (c *command) user() string {
	by, _ := c.Lookup("USER")
	return by
}

func (c *command) runsLink() *cobra.Command {
	var at, person, url string
	var valid time.Duration
	cmd := &cobra.Command{
		Use:   "link RUN",
		Short: "Make a link by which somebody without an account answers what a run asks",
		Long: "Prints a link that shows one question of one run, and nothing else, and takes one answer, which counts as that of the person it is made for. It ends when the question is answered or its run cancelled. " +
			"Whoever has the link can answer: send it to this person only.",
		Example: "  aether runs link 261122-205701-k3f9a2 --for boss@example.com\n  aether runs link 261122-205701-k3f9a2 --for boss@example.com --valid 24h --url https://aether.example.com",
		Args:    oneArg("the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if valid < 0 {
				return badInput(fmt.Errorf("--valid is a length of time such as 24h, not %s", valid))
			}
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if url != "" {
				if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
					return badInput(fmt.Errorf("--url is the address of the server, such as https://aether.example.com, not %q", url))
				}
				s.Listens(strings.TrimRight(url, "/"))
			}
			l, err := s.Orch.LinkTo(cmd.Context(), args[0], at, person, c.user(), valid)
			if err != nil {
				return badInput(err)
			}
			// As on the pages: who made a link for whom can be read later.
			if err := s.Auth.Note(cmd.Context(), c.user()+" (command line)", "make-answer-link", args[0], "for "+clip(l.For, 200)); err != nil {
				return err
			}
			if c.asJSON {
				return c.printJSON(l)
			}
			c.printf("%s\n", l.URL)
			c.printf("for %s, good once, until %s\n", printable(l.For), l.Ends.Format(time.DateTime))
			return nil
		},
	}
	cmd.Flags().StringVar(&person, "for", "", "Who gets the link: a name or a mail address.")
	cmd.Flags().StringVar(&at, "at", "", "Node execution that asks, if the run asks several things.")
	cmd.Flags().DurationVar(&valid, "valid", 0, "How long it is good, such as 24h. Default: as long as the question waits, and 7 days if that is for ever.")
	cmd.Flags().StringVar(&url, "url", "", "Address of the server. Default: the setting server.public_url.")
	return c.jsonFlag(cmd)
}

// labelFlag adds the labels of new runs.
func labelFlag(cmd *cobra.Command, labels *[]string) {
	cmd.Flags().StringArrayVar(labels, "label", nil, "Label of the run, to find it by; may be repeated.")
}

// label lets the runs that cmd adds have labels.
func (c *command) label(cmd *cobra.Command, labels []string) error {
	all, err := run.CheckLabels(labels)
	if err != nil {
		return badInput(err)
	}
	cmd.SetContext(run.Requested(cmd.Context(), run.Request{By: c.user(), Labels: all}))
	return nil
}

// readSaid reads which answers were given to what a run asks.
func (c *command) readSaid(ctx context.Context, s *app.System, id string) error {
	list, err := s.Orch.Askings(ctx, id, true)
	c.said = map[string][]orch.Said{}
	for _, a := range list {
		c.said[a.Path] = a.Given
	}
	return err
}

// missing says how many answers of other people a question still needs, empty if none.
func (c *command) missing(ctx context.Context, s *app.System, id, at string) (string, error) {
	list, err := s.Orch.Askings(ctx, id, true)
	if err != nil {
		return "", err
	}
	for _, a := range list {
		if (at == "" || a.Path == at) && a.Ask.Several() && !a.Answered && len(a.Given) > 0 {
			return fmt.Sprintf(", %d of %d approvals: somebody else must answer too", len(a.Given), a.Ask.Approvals), nil
		}
	}
	return "", nil
}

// printGiven prints the answers so far of a question that several people must answer.
func (c *command) printGiven(q *question.Question, given []orch.Said) {
	if q.NotStarter {
		c.printf("    not by who started the run\n")
	}
	if !q.Several() {
		return
	}
	c.printf("    %d of %d approvals\n", len(given), q.Approvals)
	for _, g := range given {
		via := ""
		if g.Via == question.ViaLink {
			via = " by link"
		}
		c.printf("      %s%s: %s, %s\n", printable(g.By), via, printable(g.Button), g.At.Format(time.DateTime))
	}
}
