package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aether-rpa/aether/flow"
)

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return badInput(fmt.Errorf("%s takes no arguments, and was given %q", cmd.CommandPath(), args[0]))
	}
	return nil
}

// flagError says what is wrong with an option, without the words of Go.
func flagError(cmd *cobra.Command, err error) error {
	var inv *pflag.InvalidValueError
	if errors.As(err, &inv) {
		what := map[string]string{"int": "a whole number", "bool": "true or false"}[inv.GetFlag().Value.Type()]
		if what == "" {
			what = "a " + inv.GetFlag().Value.Type()
		}
		err = fmt.Errorf("--%s takes %s, not %q", inv.GetFlag().Name, what, inv.GetValue())
	}
	return badInput(fmt.Errorf("%w (`%s --help` shows the options)", err, cmd.CommandPath()))
}

// group makes a command that only holds others show its help, and refuse a
// name that none of them has.
func group(cmd *cobra.Command) {
	cmd.DisableFlagsInUseLine = true
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return badInput(unknownCommand(cmd, args[0]))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

func unknownCommand(in *cobra.Command, name string) error {
	names := []string{}
	for _, c := range in.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	err := fmt.Errorf("%s has no command %q", in.CommandPath(), name)
	if n := flow.Nearest(name, names); n != "" {
		return fmt.Errorf("%w (did you mean %s?)", err, n)
	}
	return fmt.Errorf("%w (`%s --help` shows all)", err, in.CommandPath())
}

// groups applies group to every command below root that has commands and does
// nothing itself.
func groups(root *cobra.Command) {
	for _, c := range root.Commands() {
		groups(c)
	}
	if root.HasSubCommands() && !root.Runnable() {
		group(root)
	}
}

func helpCmd(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			at := root
			for _, name := range args {
				next, _, err := at.Find([]string{name})
				if err != nil || next == at {
					return badInput(unknownCommand(at, name))
				}
				at = next
			}
			at.InitDefaultHelpFlag()
			return at.Help()
		},
	}
}

// article puts a or an before a word.
func article(word string) string {
	if strings.ContainsRune("aeiou", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}
