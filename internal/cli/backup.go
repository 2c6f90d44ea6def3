package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/backup"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/secret"
)

func (c *command) backupCmd() *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Put all runs, jobs, items, flows and artifacts into one file",
		Long: "Writes a backup of the database, of one moment, and of the artifacts it refers to, while robots go on working, and reads it back. " +
			"Secrets are in it as they are stored, encrypted; their key is not, and neither are aether.yaml and .env: keep these apart.\n\n" +
			"--verify checks a backup and needs no database.",
		Example: "  aether backup /backups/aether-2026-11-28.aeb\n  aether backup --verify /backups/aether-2026-11-28.aeb",
		Args:    oneArg("the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := c.abs(args[0])
			if verify {
				m, err := backup.Verify(path)
				if err != nil {
					return c.backupError(err)
				}
				return c.printBackup(m, "Verified", path, nil)
			}
			if _, err := os.Lstat(path); err == nil {
				return badInput(fmt.Errorf("%s is already there: name another file (an old backup is not written over)", path))
			}
			if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
				return badInput(fmt.Errorf("there is no folder %s to write the backup to", filepath.Dir(path)))
			}
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			m, err := backup.Create(cmd.Context(), path, c.backupOf(s))
			if err != nil {
				return err
			}
			var notes []string
			if st, err := s.Secrets.Check(cmd.Context()); st.Fingerprint != "" {
				notes = append(notes, fmt.Sprintf("It holds %d secrets, encrypted with the key %s, which is not in it: keep a copy of that key in another place.", st.Secrets, st.Fingerprint))
				if err != nil {
					notes = append(notes, err.Error())
				}
			}
			return c.printBackup(m, "Backed up to", path, notes)
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "Check the file rather than write it.")
	return c.jsonFlag(cmd)
}

func (c *command) restoreCmd() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore a backup into an empty database",
		Long: "Checks the whole file, then makes the database and the artifacts what they were when the backup was made, in one transaction: if it fails, nothing has changed. " +
			"Runs that were at work then go on where they were, once a robot takes them up.\n\n" +
			"A database that holds something is refused, unless --force says to delete that. Stop all robots and servers before, and never let the old system go on beside the restored one: both would do the same work.",
		Args: oneArg("the backup to restore"),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := c.abs(args[0])
			// Before anything is made: a wrong file leaves no trace.
			if _, err := backup.Verify(path); err != nil {
				return c.backupError(err)
			}
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if s.DB.Pool != nil {
				// On PostgreSQL the durable engine makes its own tables.
				if err := s.Start(cmd.Context(), false); err != nil {
					return err
				}
			}
			m, err := backup.Restore(cmd.Context(), path, s.Config.DataDir, force, c.backupOf(s))
			switch {
			case errors.Is(err, db.ErrNotEmpty):
				return badInput(fmt.Errorf("%w (--force deletes all of it; `aether backup` keeps it first)", err))
			case err != nil:
				return c.backupError(err)
			}
			var notes []string
			st, err := s.Secrets.Check(cmd.Context())
			switch {
			case errors.Is(err, secret.ErrLocked):
				notes = append(notes, "The secrets cannot be opened yet: "+err.Error()+".")
			case err != nil:
				return fmt.Errorf("the backup is restored; looking at its secrets: %w", err)
			case st.Fingerprint != "":
				notes = append(notes, fmt.Sprintf("Its %d secrets open with the key %s, which is here.", st.Secrets, st.Fingerprint))
			}
			return c.printBackup(m, "Restored", path, notes)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "Delete what the database holds.")
	return c.jsonFlag(cmd)
}

func (c *command) backupOf(s *app.System) backup.Options {
	return backup.Options{DB: s.DB, Artifacts: s.Artifacts, Program: Version(), Now: c.Now}
}

// backupError makes a file that cannot be used bad input.
func (c *command) backupError(err error) error {
	if errors.Is(err, backup.ErrFile) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, db.ErrUnfit) {
		return badInput(err)
	}
	return err
}

func (c *command) printBackup(m *backup.Manifest, did, path string, notes []string) error {
	if n := len(m.Artifacts.Missing); n > 0 {
		notes = append(notes, fmt.Sprintf("%d artifacts that runs refer to are not in it: they were not in the artifact folder of the machine that made it, or their runs were forgotten meanwhile.", n))
	}
	if c.asJSON {
		return c.printJSON(map[string]any{"file": path, "manifest": m, "notes": append([]string{}, notes...)})
	}
	rows := map[string]int64{}
	for _, t := range m.Database.Tables {
		rows[t.Name[strings.LastIndex(t.Name, ".")+1:]] = t.Rows
	}
	c.printf("%s %s.\n", did, path)
	c.printf("  made       %s, by aether %s\n", m.Made.Format(time.RFC3339), m.Program)
	c.printf("  database   %s, schema %d, %d tables: %d runs, %d records, %d jobs, %d items\n", m.Database.Kind, m.Database.Schema, len(m.Database.Tables), rows["run"], rows["operation_outputs"], rows["job"], rows["item"])
	c.printf("  artifacts  %d, %d bytes\n", m.Artifacts.Count, m.Artifacts.Bytes)
	for _, n := range notes {
		c.printf("%s\n", n)
	}
	return nil
}
