// Package program finds the programs of browsers on this machine, starts them, and sees that they end with all that
// they started.
package program

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Find returns the path of the first program on the PATH that has one of the names, else of the first that is in one of
// the places of this system; "" if there is none.
func Find(names []string, places map[string][]string) string {
	for _, n := range names {
		if p, err := exec.LookPath(n); err == nil {
			return p
		}
	}
	for _, p := range places[runtime.GOOS] {
		if s, err := os.Stat(p); err == nil && !s.IsDir() {
			return p
		}
	}
	return ""
}

// Program is a browser's process with all it started. It has a group of processes of its own.
type Program struct {
	Cmd *exec.Cmd
	// Exited is closed when it has ended.
	Exited chan struct{}

	mu      sync.Mutex
	text    string // the last of what it wrote
	written chan struct{}
}

// New prepares a program whose profile is a folder; what it writes outside of it, as reports of crashes, goes there too.
func New(path, profile string, args, env []string) (*Program, error) {
	if profile == "" {
		return nil, errors.New("a browser needs a folder for its profile")
	}
	dir, err := filepath.Abs(profile)
	if err != nil {
		return nil, err
	}
	p := &Program{Cmd: exec.Command(path, args...), Exited: make(chan struct{}), written: make(chan struct{})} //nolint:noctx // it outlives the call; Kill ends it
	p.Cmd.Env = append(slices.Clone(env), "XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
	p.Cmd.Dir = dir
	p.Cmd.Stdout, p.Cmd.Stderr = (*output)(p), (*output)(p)
	p.Cmd.WaitDelay = 2 * time.Second
	ownGroup(p.Cmd)
	return p, nil
}

// Start starts the program and stays with it: on Linux it ends with the thread that started it.
func (p *Program) Start() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := p.Cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = p.Cmd.Wait()
		killGroup(p.Cmd) // what it started and left
		close(p.Exited)
	}()
	return <-started
}

// Kill ends the processes now and returns when they are gone.
func (p *Program) Kill() {
	killGroup(p.Cmd)
	<-p.Exited
}

// output is a Program that is written to.
type output Program

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text += string(b)
	if len(o.text) > 8192 {
		o.text = o.text[len(o.text)-4096:]
	}
	close(o.written)
	o.written = make(chan struct{})
	return len(b), nil
}

// Await waits for a line that the program writes and returns what the first group of the pattern finds in it.
func (p *Program) Await(ctx context.Context, line *regexp.Regexp) (string, error) {
	for {
		p.mu.Lock()
		text, written := p.text, p.written
		p.mu.Unlock()
		if m := line.FindStringSubmatchIndex(text); m != nil && strings.Contains(text[m[1]:], "\n") {
			return text[m[2]:m[3]], nil
		}
		select {
		case <-written:
		case <-p.Exited:
			return "", errors.New("it ended at once")
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// Said are the first of the lines that the program wrote last, for the error of a start that failed.
func (p *Program) Said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keep []string
	for line := range strings.SplitSeq(p.text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "dbus") && len(keep) < 4 {
			keep = append(keep, line)
		}
	}
	return strings.Join(keep, "; ")
}
