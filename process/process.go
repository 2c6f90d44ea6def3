// Package process starts other programs and leaves nothing of them behind: a
// program runs in a group of its own, its output is bounded, and when it ends,
// or the context does, every process that descends from it is killed.
//
// How sure that is depends on the system.
//
//   - Linux: the group is killed, then all descendants that left it, found in
//     /proc by parent and by the environment variable [Marker]. A kill -9 of
//     Aether takes the program itself along (Pdeathsig); what that had started
//     is found at the next start by [KillOrphans]. Only a process that left its
//     group, its parents and its environment escapes. Programs that something
//     else than this package started for a run are found by [RunMark].
//   - Windows: a job object holds the whole tree and ends with Aether.
//   - Elsewhere: the group is killed; a process that leaves it escapes.
//
// Memory is limited on Linux twice: RLIMIT_DATA on the program, set right after
// it started (what it does in that first moment is not limited, nor what it maps
// over addresses reserved before, as the Go runtime does), and a look at the
// resident memory of the whole tree several times a second. On Windows the job
// has the limit. On other systems there is none. CPU time is limited for
// each process on Linux, for the job on Windows.
package process

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Marker is the environment variable that every started program and its
// descendants carry.
const Marker = "AETHER_PROCESS"

// Limits a Cmd gets when it names none.
const (
	DefaultGrace     = 2 * time.Second
	DefaultMaxOutput = 10 << 20
)

// Cmd says what to start and how far it may go.
type Cmd struct {
	// Path is a program: a name looked up in the PATH of Env, or a path, which
	// starts in Dir when it is relative.
	Path string
	Args []string // without the program itself
	Dir  string   // working folder; "" is Aether's own
	Env  []string // the whole environment, KEY=value; nil is empty
	// Stdin is fed to the program and then closed; nil is an empty input. A Read
	// that blocks outlives Run.
	Stdin io.Reader
	// Stdout and Stderr receive what is printed, from one goroutine each (from
	// the same one when both are the same writer). They must not block. nil
	// throws it away.
	Stdout, Stderr io.Writer
	// MaxOutput is how many bytes of each stream are passed on; the rest is read
	// and dropped. 0 takes DefaultMaxOutput.
	MaxOutput int64
	Memory    int64         // bytes; 0 for no limit
	CPU       time.Duration // processor time, in whole seconds; 0 for no limit
	// Grace is how long the program may take to end when it is asked to
	// (SIGTERM), and how long its output is awaited when something it started
	// keeps it open. 0 takes DefaultGrace.
	Grace time.Duration
}

// Result says how a program ended.
type Result struct {
	ExitCode      int    // -1 when a signal ended it
	Signal        string // name of that signal, as SIGKILL
	Elapsed       time.Duration
	CPU           time.Duration // user and system time of the program
	DroppedStdout int64         // bytes beyond MaxOutput
	DroppedStderr int64
}

// LimitError says that a program was stopped because it went over a limit.
type LimitError struct {
	What  string // memory or cpu
	Limit string // as a person reads it
}

// Error implements error.
func (e *LimitError) Error() string {
	if e.What == "cpu" {
		return "it used more processor time than the limit of " + e.Limit
	}
	return "it used more memory than the limit of " + e.Limit
}

// NotFoundError says that there is no such program; it is fs.ErrNotExist.
type NotFoundError struct {
	Name   string
	Looked []string // folders or files that were tried
}

// Error implements error.
func (e *NotFoundError) Error() string {
	if len(e.Looked) == 0 {
		return fmt.Sprintf("the program %q was not found: PATH is empty", e.Name)
	}
	return fmt.Sprintf("the program %q was not found; looked in %s", e.Name, strings.Join(e.Looked, ", "))
}

// Is reports whether target is fs.ErrNotExist.
func (e *NotFoundError) Is(target error) bool { return target == fs.ErrNotExist }

// StartError says that a program is there but could not be started.
type StartError struct {
	Path string
	Err  error
}

// Error implements error.
func (e *StartError) Error() string { return fmt.Sprintf("starting %s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

var errBatch = errors.New("a batch file cannot be given arguments that hold any of \" % & | < > ^ ! ( ) or a line end, because cmd.exe would run parts of them")

func (c Cmd) withDefaults() Cmd {
	if c.MaxOutput <= 0 {
		c.MaxOutput = DefaultMaxOutput
	}
	if c.Grace <= 0 {
		c.Grace = DefaultGrace
	}
	return c
}

// bytesText writes a number of bytes as a person would.
func bytesText(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d %s", n/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
