package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/secret"
)

func (c *command) secretRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Encrypt all secrets with a new key",
		Long: "Encrypts all secrets with a new key, in one transaction.\n\n" +
			"On SQLite the key is made and put into the data folder for you. A database on a server is shared: make the key first (`aether secret key new`), " +
			"add it to the key of every machine, then rotate on one of them, and take the old key away in the end.\n\n" +
			"The secrets themselves stay as they are: if one is known to others, change it where it is used, and set it anew.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSecrets(cmd, func(s *app.System) error {
				done, err := s.Secrets.Rotate(cmd.Context())
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(done)
				}
				c.printf("Encrypted %s anew: key %s, before %s.\n", plural(done.Secrets, "secret"), done.To, done.From)
				if done.OldFile != "" {
					c.printf("The key before is in %s, for backups made until now. Delete it if others may have it.\n", done.OldFile)
				} else {
					c.printf("Take the old key away from all machines when no backup that needs it is left.\n")
				}
				return nil
			})
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) secretKey() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Show which key the store is encrypted with, and make keys",
		Long:  "Shows the key that the store is encrypted with, and those that this machine has: the public half of each, and a fingerprint. The secret half is in the file or variable that is named.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withSecrets(cmd, func(s *app.System) error {
				st, err := s.Secrets.Check(cmd.Context())
				if err != nil && !errors.Is(err, secret.ErrLocked) {
					return err
				}
				if c.asJSON {
					return errors.Join(c.printJSON(st), err)
				}
				if st.Fingerprint == "" {
					c.printf("The store has no key yet.\n")
				} else {
					c.printf("The store is encrypted with the key %s, since %s.\n", st.Fingerprint, st.Since.Local().Format("2006-01-02 15:04"))
				}
				if len(st.Keys) == 0 && err == nil {
					c.printf("This machine has no key; it would be in %s.\n", st.Source)
				}
				if len(st.Keys) > 0 {
					c.printf("Keys of this machine, from %s:\n", st.Source)
				}
				for _, k := range st.Keys {
					use := "not in use"
					if k.Current {
						use = "in use"
					}
					c.printf("  %s  %s  %s\n", k.Fingerprint, k.Public, use)
				}
				return err
			})
		},
	}
	cmd.AddCommand(c.secretKeyNew())
	return c.jsonFlag(cmd)
}

func (c *command) secretKeyNew() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a key",
		Long: "Makes a key and puts it into the key file of the data folder, before those that are there. The store goes on with the key it has until `aether secret rotate`.\n\n" +
			"All machines that share a database need the key: copy the file to the data folder of each, or put its content into AETHER_SECRET_KEY, or name it with AETHER_SECRET_KEY_FILE.",
		Example: "  aether secret key new\n  aether secret key new -o /run/keys/aether.key\n  aether secret key new -o - | kubectl create secret generic aether --from-file=key=/dev/stdin",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out != "" {
				m, err := secret.NewKey(c.Now())
				if err != nil {
					return err
				}
				if out == "-" {
					c.printf("%s", m.Text)
					return nil
				}
				if err := secret.SaveKey(c.abs(out), m); errors.Is(err, secret.ErrBad) {
					return badInput(err)
				} else if err != nil {
					return err
				}
				return c.printMade(m, c.abs(out))
			}
			return c.withSecrets(cmd, func(s *app.System) error {
				m, err := s.Secrets.AddKey(cmd.Context(), c.Now())
				if err != nil {
					return err
				}
				if err := c.printMade(m, s.Config.KeyFile()); err != nil || c.asJSON {
					return err
				}
				if s.Config.Database.Kind == config.KindPostgres {
					c.printf("Give it to every machine that uses this database: copy the file to the data folder of each, or put its content into %s.\n", secret.KeyVariable)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "Write it to this file rather than the data folder; - is standard output.")
	return c.jsonFlag(cmd)
}

func (c *command) printMade(m secret.Made, file string) error {
	if c.asJSON {
		return c.printJSON(map[string]any{"public": m.Public, "fingerprint": m.Fingerprint, "file": file})
	}
	c.printf("Made the key %s in %s. Keep a copy in a safe place: without it the secrets are lost.\n", m.Fingerprint, file)
	return nil
}

// examineSecrets is what doctor says of secrets. It opens no database that the
// program has not brought up to date yet.
func (c *command) examineSecrets(cmd *cobra.Command, cfg *config.Config, rep config.Report) []finding {
	var out []finding
	o := app.Options{Config: cfg, Lookup: c.lookupWithDotenv(cfg)}
	if rep.Ready() {
		out = append(out, c.examineStore(cmd, o, rep))
	}
	v, err := app.Vault(o)
	switch {
	case err != nil:
		out = append(out, finding{"vault", false, err.Error()})
	case v != nil:
		text, err := v.Check(cmd.Context())
		if err != nil {
			text = err.Error()
		}
		out = append(out, finding{"vault", err == nil, text})
	}
	return out
}

func (c *command) examineStore(cmd *cobra.Command, o app.Options, rep config.Report) finding {
	st, err := app.CheckSecrets(cmd.Context(), o, rep)
	switch {
	case err != nil:
		return finding{"secrets", false, err.Error()}
	case st.Exposed:
		return finding{"secrets", false, fmt.Sprintf("other users of this machine can read the key in %s (`chmod 600` keeps them out)", st.Source)}
	case st.Fingerprint == "" && st.Secrets == 0:
		return finding{"secrets", true, "the store is empty"}
	}
	return finding{"secrets", true, fmt.Sprintf("%s in the store, which the key %s from %s opens", plural(st.Secrets, "secret"), st.Fingerprint, st.Source)}
}
