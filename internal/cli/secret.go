package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/vault"
)

// maxSecretFile bounds what is read as a value; the store takes less.
const maxSecretFile = 1 << 20

func (c *command) secretCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "secret", Short: "Keep passwords, tokens and keys for flows, encrypted",
		Long: "Keeps secrets, encrypted, in the database. A flow names one, {secret: NAME}, and never holds its value.\n\n" +
			"There is no command that shows a value: who needs it has it from where it came. A secret is read by the runs that name it.",
	}
	cmd.AddCommand(c.secretSet(), c.secretList(), c.secretDelete(), c.secretRotate(), c.secretKey())
	return cmd
}

// withSecrets opens the stores for a command and closes them.
func (c *command) withSecrets(cmd *cobra.Command, fn func(*app.System) error) error {
	s, err := c.open(cmd, nil, 0)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := fn(s); errors.Is(err, secret.ErrBad) {
		return badInput(err)
	} else if err != nil {
		return err
	}
	return nil
}

func (c *command) secretSet() *cobra.Command {
	var fromStdin bool
	var file, description string
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Store a secret, or replace it",
		Long: "Stores a secret under a name. The value is typed (the terminal does not show it), or read from standard input or a file. " +
			"It is never an argument: those are in the history of the shell, and every program can read them.\n\n" +
			"Of what --stdin reads, one line end is left out at its end; a file is taken as it is.",
		Example: "  aether secret set BANK_PASSWORD\n  pass show bank | aether secret set BANK_PASSWORD --stdin\n  aether secret set DEPLOY_KEY --file ~/.ssh/deploy --description 'SSH key of the web server'",
		Args: func(cmd *cobra.Command, args []string) error {
			// An argument too many may be the value, so it is not repeated.
			if len(args) != 1 {
				return badInput(fmt.Errorf("%s needs one name and nothing else; the value is typed, or comes with --stdin or --file", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := secret.CheckName(args[0]); err != nil {
				return badInput(err)
			}
			var text *string
			if cmd.Flags().Changed("description") {
				text = &description
			}
			v, err := c.secretValue(cmd.Context(), args[0], fromStdin, file)
			if err != nil {
				return err
			}
			return c.withSecrets(cmd, func(s *app.System) error {
				created, err := s.Secrets.Set(cmd.Context(), args[0], v, text)
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(map[string]any{"name": args[0], "created": created})
				}
				c.printf("%s %s. In a flow: {secret: %s}\n", map[bool]string{true: "Stored", false: "Replaced"}[created], args[0], args[0])
				if c.shadowed(s, args[0]) {
					c.printf("Runs on this machine do not use it: AETHER_SECRET_%s is set and comes first.\n", args[0])
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "stdin", false, "Read the value from standard input.")
	cmd.Flags().StringVar(&file, "file", "", "Read the value from a file.")
	cmd.Flags().StringVar(&description, "description", "", "What it is for. It is not encrypted.")
	return c.jsonFlag(cmd)
}

// shadowed reports whether the environment has the secret and so hides the one
// in the store.
func (c *command) shadowed(s *app.System, name string) bool {
	v, ok := s.Lookup("AETHER_SECRET_" + name)
	return ok && v != ""
}

// secretValue gets the value for `secret set`.
func (c *command) secretValue(ctx context.Context, name string, fromStdin bool, file string) (vault.Secret, error) {
	switch {
	case fromStdin && file != "":
		return vault.Secret{}, badInput(errors.New("give --stdin or --file, not both"))
	case fromStdin:
		b, err := readSecret(c.Stdin)
		if err != nil {
			return vault.Secret{}, badInput(fmt.Errorf("reading the value from standard input: %w", err))
		}
		text, _ := strings.CutSuffix(string(b), "\n")
		return vault.New(strings.TrimSuffix(text, "\r")), nil
	case file != "":
		f, err := os.Open(c.abs(file))
		if err != nil {
			return vault.Secret{}, badInput(fmt.Errorf("reading the value: %w", err))
		}
		defer f.Close()
		b, err := readSecret(f)
		if err != nil {
			return vault.Secret{}, badInput(fmt.Errorf("reading the value: %w", err))
		}
		return vault.New(string(b)), nil
	case !c.Keyboard:
		return vault.Secret{}, badInput(errors.New("there is no terminal to type the value on: pipe it in with --stdin, or name a file with --file"))
	}
	return c.typedSecret(ctx, name)
}

func readSecret(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSecretFile+1))
	if err == nil && len(b) > maxSecretFile {
		err = errors.New("it is larger than 1 MiB, too large for a secret")
	}
	return b, err
}

// typedSecret asks twice: nobody can look whether the value has a slip in it.
func (c *command) typedSecret(ctx context.Context, name string) (vault.Secret, error) {
	lines := lineReader{from: c.Stdin}
	var typed [2]string
	for i, prompt := range []string{"Value of " + name + " (not shown): ", "The same again: "} {
		v, err := lines.password(ctx, c.Stdin, c.Stderr, prompt)
		switch {
		case errors.Is(err, errAway) || errors.Is(err, errClosed):
			return vault.Secret{}, &exitError{exitInterrupted, errors.New("nothing was stored")}
		case err != nil:
			return vault.Secret{}, err
		case v == "":
			return vault.Secret{}, badInput(errors.New("the value is empty; nothing was stored"))
		}
		typed[i] = v
	}
	if typed[0] != typed[1] {
		return vault.Secret{}, badInput(errors.New("the two are not the same; nothing was stored"))
	}
	return vault.New(typed[0]), nil
}

func (c *command) secretList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the secrets in the store, without their values", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSecrets(cmd, func(s *app.System) error {
				list, err := s.Secrets.List(cmd.Context())
				if err != nil {
					return err
				}
				if c.asJSON {
					type item struct {
						secret.Entry
						Shadowed bool `json:"shadowed"`
					}
					out := []item{}
					for _, e := range list {
						out = append(out, item{e, c.shadowed(s, e.Name)})
					}
					return c.printJSON(out)
				}
				if len(list) == 0 {
					c.printf("The store has no secrets. `aether secret set NAME` adds one.\n")
					return nil
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "SECRET\tCHANGED\tLAST READ\tDESCRIPTION")
				hidden := 0
				for _, e := range list {
					read, name := "never", e.Name
					if !e.Read.IsZero() {
						read = e.Read.Local().Format("2006-01-02 15:04")
					}
					if c.shadowed(s, e.Name) {
						name, hidden = name+" *", hidden+1
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, e.Updated.Local().Format(time.DateTime), read, clip(printable(strings.ReplaceAll(e.Description, "\n", " ")), 60))
				}
				if hidden > 0 {
					fmt.Fprintln(w, "* the environment has AETHER_SECRET_NAME, which comes first on this machine")
				}
				return w.Flush()
			})
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) secretDelete() *cobra.Command {
	var all, yes bool
	cmd := &cobra.Command{
		Use:   "delete NAME...",
		Short: "Take secrets out of the store",
		Long:  "Takes secrets out of the store. With --all --yes it takes out all, also when the key is lost, so that the store can begin anew with another.",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 == !all:
				return badInput(fmt.Errorf("%s needs the names of secrets, or --all", cmd.CommandPath()))
			case all && !yes:
				return badInput(errors.New("--all takes all secrets out of the store for good; say --yes as well if that is meant"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withSecrets(cmd, func(s *app.System) error {
				if all {
					n, err := s.Secrets.Clear(cmd.Context())
					if err == nil {
						c.printf("Deleted %s; the store is empty.\n", plural(int(n), "secret"))
					}
					return err
				}
				if err := s.Secrets.Delete(cmd.Context(), args...); err != nil {
					return err
				}
				c.printf("Deleted %s.\n", strings.Join(args, ", "))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "All secrets.")
	cmd.Flags().BoolVar(&yes, "yes", false, "Do not ask back.")
	return cmd
}
