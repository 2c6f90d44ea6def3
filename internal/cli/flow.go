package cli

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/pmezard/go-difflib/difflib"
	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

func (c *command) flowCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "flow", Short: "Keep versions of flows: push, list, compare, promote"}
	cmd.AddCommand(c.flowPush(), c.flowList(), c.flowShow(), c.flowDiff(), c.flowPromote())
	return cmd
}

// flowError makes what the user did wrong bad input.
func flowError(err error) error {
	if errors.Is(err, run.ErrNoFlow) || errors.Is(err, run.ErrChanged) || errors.Is(err, orch.ErrInput) {
		return badInput(err)
	}
	return err
}

func (c *command) flowPush() *cobra.Command {
	var message string
	cmd := &cobra.Command{
		Use: "push FLOW", Short: "Check a flow file, keep its version, and make it the draft", Args: oneArg("the flow file"),
		Long: "Keeps the flow and all flows it calls. A version never changes; the draft is the one pushed last.",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := orch.Load(c.abs(args[0]), node.Default)
			if err != nil {
				return badInput(err)
			}
			c.imported(b)
			if errs := b.Problems.Errors(); len(errs) > 0 {
				return c.problems(args[0], b.Problems)
			}
			return c.withQueue(cmd, func(s *app.System) error {
				by, _ := c.Lookup("USER")
				info, err := s.Orch.Push(cmd.Context(), b, orch.Author{Name: by, Message: message}, "")
				if err != nil {
					return flowError(err)
				}
				if c.asJSON {
					return c.printJSON(info)
				}
				c.printf("%s: draft is %.12s\n", info.Name, info.Draft)
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&message, "message", "m", "", "What is different in this version, for the list of versions.")
	return c.jsonFlag(cmd)
}

func (c *command) flowList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the flows that were pushed", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withQueue(cmd, func(s *app.System) error {
				var all []*run.FlowInfo
				for after := ""; ; {
					page, err := s.Runs.Flows(cmd.Context(), after, 1000)
					if err != nil {
						return err
					}
					if all = append(all, page...); len(page) < 1000 {
						break
					}
					after = page[len(page)-1].Name
				}
				if c.asJSON {
					if all == nil {
						all = []*run.FlowInfo{}
					}
					return c.printJSON(all)
				}
				if len(all) == 0 {
					c.printf("No flow was pushed yet. `aether flow push FLOW` does it.\n")
					return nil
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "FLOW\tDRAFT\tPRODUCTION\tUPDATED")
				for _, f := range all {
					fmt.Fprintf(w, "%s\t%.12s\t%.12s\t%s\n", f.Name, f.Draft, f.Production, date(f.Updated))
				}
				return w.Flush()
			})
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) flowShow() *cobra.Command {
	var text string
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a flow's versions, or the text of one", Args: oneArg("the name of a flow"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withQueue(cmd, func(s *app.System) error {
				if text != "" {
					out, err := c.versionText(cmd, s, args[0], text)
					if err != nil {
						return flowError(err)
					}
					c.printf("%s", out)
					return nil
				}
				info, err := s.Runs.FlowInfo(cmd.Context(), args[0])
				if err != nil {
					return flowError(err)
				}
				list, err := s.Runs.Versions(cmd.Context(), args[0], 100)
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(map[string]any{"flow": info, "versions": list})
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "VERSION\tMADE\tLABELS\tBY\tMESSAGE")
				for _, v := range list {
					var labels []string
					if v.Digest == info.Draft {
						labels = append(labels, run.Draft)
					}
					if v.Digest == info.Production {
						labels = append(labels, run.Production)
					}
					fmt.Fprintf(w, "%.12s\t%s\t%s\t%s\t%s\n", v.Digest, date(v.Created), strings.Join(labels, ", "), clip(printable(v.Author), 20), clip(strings.ReplaceAll(printable(v.Message), "\n", " "), 60))
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&text, "text", "", "Print the text of this version: draft, production, or the beginning of a digest.")
	return c.jsonFlag(cmd)
}

func (c *command) versionText(cmd *cobra.Command, s *app.System, name, version string) (string, error) {
	b, err := s.Orch.Published(cmd.Context(), name, version)
	if err != nil {
		return "", err
	}
	out, _, _, err := s.Orch.Text(cmd.Context(), b)
	return out, err
}

// versionMeaning is a version in the one form in which only what it means
// differs.
func (c *command) versionMeaning(cmd *cobra.Command, s *app.System, name, version string) (string, error) {
	b, err := s.Orch.Published(cmd.Context(), name, version)
	if err != nil {
		return "", err
	}
	out, err := b.Flow.YAML()
	return string(out), err
}

func (c *command) flowDiff() *cobra.Command {
	return &cobra.Command{
		Use: "diff NAME [FROM [TO]]", Short: "Compare two versions of a flow; by default production with the draft",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 3 {
				return badInput(fmt.Errorf("%s needs the name of a flow, and up to two versions", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			from, to := run.Production, run.Draft
			if len(args) > 1 {
				from = args[1]
			}
			if len(args) > 2 {
				to = args[2]
			}
			return c.withQueue(cmd, func(s *app.System) error {
				a, err := c.versionMeaning(cmd, s, args[0], from)
				if err != nil {
					return flowError(err)
				}
				b, err := c.versionMeaning(cmd, s, args[0], to)
				if err != nil {
					return flowError(err)
				}
				out, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{A: difflib.SplitLines(a), B: difflib.SplitLines(b), FromFile: from, ToFile: to, Context: 3})
				if out == "" {
					out = "They are the same.\n"
				}
				c.printf("%s", out)
				return err
			})
		},
	}
}

func (c *command) flowPromote() *cobra.Command {
	cmd := &cobra.Command{
		Use: "promote NAME [VERSION]", Short: "Make a version the production version; by default the draft",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return badInput(fmt.Errorf("%s needs the name of a flow, and may have a version", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			version := ""
			if len(args) == 2 {
				version = args[1]
			}
			return c.withQueue(cmd, func(s *app.System) error {
				info, err := s.Orch.Promote(cmd.Context(), args[0], version, "")
				if err != nil {
					return flowError(err)
				}
				if c.asJSON {
					return c.printJSON(info)
				}
				c.printf("%s: production is %.12s\n", info.Name, info.Production)
				return nil
			})
		},
	}
	return c.jsonFlag(cmd)
}
