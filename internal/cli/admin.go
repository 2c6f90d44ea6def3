package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable/dbosrt"
	"github.com/aether-rpa/aether/internal/worker"
	"github.com/aether-rpa/aether/node"
)

func (c *command) configCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Make, show and check the configuration"}
	var force bool
	var path string
	initCmd := &cobra.Command{
		Use: "init", Short: "Write a commented aether.yaml", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := config.Init(c.abs(path), force); err != nil {
				return err
			}
			c.printf("Wrote %s. Secrets stay out of it: refer to them as ${NAME} and keep them in .env or the environment.\n", path)
			return nil
		},
	}
	initCmd.Flags().BoolVar(&force, "force", false, "Write over an existing file.")
	initCmd.Flags().StringVarP(&path, "output", "o", "aether.yaml", "File to write.")
	show := &cobra.Command{
		Use: "show", Short: "Show every setting and where it comes from", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, values, err := c.config(cmd)
			if c.asJSON {
				if perr := c.printJSON(values); perr != nil {
					return perr
				}
				return err
			}
			w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SETTING\tVALUE\tFROM")
			for _, v := range values {
				fmt.Fprintf(w, "%s\t%s\t%s\n", v.Key, v.Display, v.Source)
			}
			return errors.Join(w.Flush(), err)
		},
	}
	check := &cobra.Command{
		Use: "check", Short: "Connect to the database and say what it allows", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := c.config(cmd)
			if err != nil {
				return err
			}
			rep, err := config.Check(cmd.Context(), cfg)
			if c.asJSON {
				if perr := c.printJSON(rep); perr != nil {
					return perr
				}
				return err
			}
			if rep.Kind != "" {
				for _, l := range rep.Lines() {
					c.printf("%s\n", l)
				}
			}
			return err
		},
	}
	cmd.AddCommand(initCmd, c.jsonFlag(show), c.jsonFlag(check))
	return cmd
}

// finding is one line of doctor.
type finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

func (c *command) doctorCmd() *cobra.Command {
	var noBrowser bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check that this machine can run flows", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list := c.examine(cmd, !noBrowser)
			bad := 0
			for _, f := range list {
				if !f.OK {
					bad++
				}
			}
			if c.asJSON {
				if err := c.printJSON(list); err != nil {
					return err
				}
			} else {
				for _, f := range list {
					mark := "ok"
					if !f.OK {
						mark = "!!"
					}
					c.printf("%s  %-10s %s\n", mark, f.What, f.Text)
				}
			}
			if bad > 0 {
				return &exitError{exitFailed, fmt.Errorf("%d of %d checks found something to mend", bad, len(list))}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "do not start the browsers: that takes seconds")
	return c.jsonFlag(cmd)
}

func (c *command) examine(cmd *cobra.Command, browsers bool) []finding {
	out := []finding{{"program", true, fmt.Sprintf("aether %s, %s, %s/%s, %d node types", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, len(node.Default.All()))}}
	cfg, _, err := c.config(cmd)
	if err != nil {
		return append(out, finding{"config", false, err.Error()})
	}
	out = append(out, finding{"config", true, "read"})
	if err := writable(cfg.DataDir); err != nil {
		out = append(out, finding{"data", false, err.Error()})
	} else {
		out = append(out, finding{"data", true, cfg.DataDir + " can be written"})
	}
	rep, err := config.Check(cmd.Context(), cfg)
	if err != nil && !errors.Is(err, config.ErrNotReady) {
		out = append(out, finding{"database", false, err.Error()})
	} else {
		out = append(out, finding{"database", rep.Ready(), fmt.Sprintf("%s %s, %s a round trip", rep.Kind, rep.ServerVersion, rep.Latency.Round(1000))})
		for _, w := range rep.Warnings {
			out = append(out, finding{"database", false, w})
		}
	}
	out = append(out, c.examineSecrets(cmd, cfg, rep)...)
	if browsers {
		out = append(out, examineBrowsers(cmd.Context(), cfg.Browser, c.Environ)...)
	}
	for _, r := range cfg.Files.Roots {
		if strings.HasPrefix(r, cfg.DataDir) {
			continue // made when the first run needs it
		}
		if _, err := os.Stat(r); err != nil {
			out = append(out, finding{"files", false, fmt.Sprintf("files.roots names %s, which is not there", r)})
		}
	}
	return out
}

func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data folder cannot be made: %w (set AETHER_DATA_DIR)", err)
	}
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return fmt.Errorf("the data folder cannot be written: %w (set AETHER_DATA_DIR)", err)
	}
	return errors.Join(f.Close(), os.Remove(filepath.Clean(f.Name())))
}

func (c *command) versionCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Show the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if c.asJSON {
				return c.printJSON(map[string]any{"version": Version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "protocol": dbosrt.Protocol, "schema": db.SchemaVersion()})
			}
			c.printf("aether %s (%s, %s/%s)\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
	return c.jsonFlag(cmd)
}

// workerCmd is the process that runs untrusted scripts; see package worker.
func (c *command) workerCmd() *cobra.Command {
	return &cobra.Command{
		Use: "script-worker", Hidden: true, Args: noArgs, Short: "Run one script (used by Aether itself)",
		RunE: func(*cobra.Command, []string) error {
			if code := worker.Main(c.Stdin, c.Stdout); code != 0 {
				return &exitError{code: code}
			}
			return nil
		},
	}
}
