// Package cli is the command line: one file a subcommand. It alone reads the
// arguments, the environment and the standard streams, and gives exit codes.
//
// # Exit codes
//
//	0    done
//	1    the flow failed, or the command could not do its work
//	2    bad input: a flow, an option or a setting is wrong
//	3    needs attention: the run waits for a person or a message
//	130  interrupted; the run can be resumed
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

// Exit codes; see the package doc.
const (
	exitDone        = 0
	exitFailed      = 1
	exitInput       = 2
	exitAttention   = 3
	exitInterrupted = 130
)

// State is all that a command knows of the world outside.
type State struct {
	Args           []string
	Lookup         func(string) (string, bool)
	Environ        []string
	Dir            string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Terminal       bool // Stdout is a terminal
	Keyboard       bool // Stdin is a terminal
	Width          func() int
	Host           string
	PID            int
	Executable     string
	Now            func() time.Time
	// Signals delivers interrupts; nil for none.
	Signals <-chan os.Signal
}

// exitError carries an exit code. An empty message prints nothing.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

func badInput(err error) error { return &exitError{exitInput, err} }

// garbage is how much of what lives may be garbage before it is collected, in percent (Go's own is 100). Robots share
// small machines with the programs they drive: memory is scarcer there than time.
const garbage = 60

// Main runs the program and returns its exit code.
func Main() int {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(garbage)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "aether: finding the current folder:", err)
		return exitFailed
	}
	sig := make(chan os.Signal, 2)
	signal.Notify(sig, os.Interrupt, syscall.SIGTERM)
	return Run(&State{
		Args: os.Args[1:], Lookup: os.LookupEnv, Environ: os.Environ(), Dir: dir,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: isatty.IsTerminal(os.Stdout.Fd()) || isatty.IsCygwinTerminal(os.Stdout.Fd()),
		Keyboard: isatty.IsTerminal(os.Stdin.Fd()) || isatty.IsCygwinTerminal(os.Stdin.Fd()),
		Width: func() int {
			w, _, err := term.GetSize(int(os.Stdout.Fd())) //nolint:gosec // file descriptors fit
			if err != nil || w <= 0 {
				return 80
			}
			return w
		},
		Host: host, PID: os.Getpid(), Executable: exe, Now: time.Now, Signals: sig,
	})
}

// Run executes the command in s and returns the exit code.
func Run(s *State) int {
	c := &command{State: s}
	root := c.root()
	root.SetArgs(s.Args)
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	// Who started this process may have a trace, which the runs it adds belong to.
	trace, _ := s.Lookup("TRACEPARENT")
	err := root.ExecuteContext(run.Requested(run.WithCaller(context.Background(), trace), run.Request{By: c.user()}))
	if err == nil {
		return exitDone
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitFailed, err}
		if c.usage || errors.Is(err, app.ErrSetting) {
			e.code = exitInput
		}
	}
	if msg := sentence(e); msg != "" {
		fmt.Fprintln(s.Stderr, "aether: "+msg)
	}
	return e.code
}

// command is the state of one invocation.
type command struct {
	*State
	flags  map[string]*string // configuration flags by name
	file   string             // --config
	asJSON bool
	usage  bool   // an error before a command ran is a wrong call
	asker  *asker // nil if nobody can be asked
	// atEnd tells more of a run than its end, before that.
	atEnd func(*run.Run) error
	said  map[string][]orch.Said // answers so far, by the path of what was asked
	// fileRoots are the folders that flows may use.
	fileRoots []string
}

func (c *command) root() *cobra.Command {
	c.usage = true
	root := &cobra.Command{
		Use:          "aether",
		Short:        "Run office work that survives crashes",
		Long:         "Aether runs flows: graphs of steps that open files, call services and decide. A run survives the death of its process: start it again and it goes on where it was.",
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) { c.usage = false },
	}
	root.SetFlagErrorFunc(flagError)
	c.flags = map[string]*string{}
	for _, k := range config.Keys() {
		c.flags[k.Flag] = root.PersistentFlags().String(k.Flag, "", k.Doc)
		if k.Flag != "data-dir" && k.Flag != "database-url" && k.Flag != "log-level" {
			_ = root.PersistentFlags().MarkHidden(k.Flag)
		}
	}
	root.PersistentFlags().StringVar(&c.file, "config", "", "Read this aether.yaml rather than looking for one.")
	root.AddCommand(c.demoCmd(), c.recordCmd(), c.pickCmd(), c.runCmd(), c.validateCmd(), c.importCmd(), c.fmtCmd(), c.nodeCmd(), c.runsCmd(), c.queueCmd(), c.itemCmd(), c.robotCmd(), c.flowCmd(), c.healCmd(), c.serveCmd(), c.upCmd(), c.serverCmd(), c.secretCmd(), c.backupCmd(), c.restoreCmd(), c.configCmd(), c.doctorCmd(), c.schemaCmd(), c.versionCmd(), c.workerCmd())
	root.SetHelpCommand(helpCmd(root))
	root.InitDefaultCompletionCmd()
	groups(root)
	return root
}

// jsonFlag adds --json.
func (c *command) jsonFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&c.asJSON, "json", false, "Print JSON.")
	return cmd
}

// config loads the configuration.
func (c *command) config(cmd *cobra.Command) (*config.Config, []config.Value, error) {
	given := map[string]string{}
	for name, v := range c.flags {
		if cmd.Flags().Changed(name) {
			given[name] = *v
		}
	}
	cfg, values, err := config.Load(config.Inputs{Flags: given, Env: c.Lookup, Dir: c.Dir, File: c.file})
	if err != nil {
		return nil, values, badInput(fmt.Errorf("the configuration is wrong:\n%w", err))
	}
	return cfg, values, nil
}

// logger makes the log, which goes to standard error.
func (c *command) logger(cfg *config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(c.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(c.Stderr, o))
}

// open opens the stores. Start the system as well to execute runs.
func (c *command) open(cmd *cobra.Command, observe func(*run.Run, engine.Event), parkAfter time.Duration) (*app.System, error) {
	cfg, values, err := c.config(cmd)
	if err != nil {
		return nil, err
	}
	c.fileRoots = cfg.Files.Roots
	return app.Open(cmd.Context(), app.Options{
		Config: cfg, Nodes: node.Default, Log: c.logger(cfg), Host: c.Host, PID: c.PID, Executable: c.Executable,
		Lookup: c.lookupWithDotenv(cfg), Environ: c.Environ, Version: Version(), Settings: values, Stderr: c.Stderr, Observe: observe, Ask: c.askFunc(), Attend: c.attendFunc(), ParkAfter: parkAfter,
	})
}

// lookupWithDotenv finds variables in the environment, then in .env, so that
// secrets may be in either.
func (c *command) lookupWithDotenv(cfg *config.Config) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := c.Lookup(name); ok && v != "" {
			return v, true
		}
		return cfg.DotEnv(name)
	}
}

func (c *command) printf(format string, args ...any) { fmt.Fprintf(c.Stdout, format, args...) }

// printJSON writes v indented.
func (c *command) printJSON(v any) error {
	enc := json.NewEncoder(c.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// Version returns the version of the program.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				v += " " + s.Value[:12]
			}
		}
	}
	return strings.TrimPrefix(v, "v")
}
