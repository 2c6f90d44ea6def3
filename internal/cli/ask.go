package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/workspace"
)

// asker puts questions of a run to the person at the terminal, one at a time.
// When that person presses ctrl-C, the questions of this process stay open, and
// the run parks.
type asker struct {
	c    *command
	view *view
	turn chan struct{} // holds a token while nothing is asked

	mu      sync.Mutex
	dismiss context.CancelCauseFunc // of the question on the screen
	away    bool
	lines   lineReader
	before  string // the last command to a paused run
}

// errAway is the cause of a question that was left open.
var errAway = errors.New("left open")

// newAsker returns nil if there is nobody to ask: standard input and output are
// not both a terminal, or the person said so.
func (c *command) newAsker(v *view, f runFlags) *asker {
	if !c.Terminal || !c.Keyboard || c.asJSON || f.noInput {
		return nil
	}
	a := &asker{c: c, view: v, turn: make(chan struct{}, 1), lines: lineReader{from: c.Stdin}}
	a.turn <- struct{}{}
	return a
}

// askFunc is what the robot asks through; nil if nobody attends.
func (c *command) askFunc() func(context.Context, *run.Run, engine.Wait) (question.Answer, error) {
	if c.asker == nil {
		return nil
	}
	return c.asker.ask
}

func (a *asker) ask(ctx context.Context, _ *run.Run, w engine.Wait) (ans question.Answer, err error) {
	err = a.alone(ctx, func(ctx context.Context) (err error) {
		put := a.form
		if a.plain() {
			put = a.prompt
		}
		a.c.printf("%s", a.context(w))
		ans, err = put(ctx, w.Ask)
		return err
	})
	switch {
	case errors.Is(err, engine.ErrNobody):
		a.c.printf("Left open; the run waits for the answer.\n")
	case errors.Is(err, context.DeadlineExceeded):
		a.c.printf("The time to answer is over.\n")
	case errors.Is(err, context.Canceled):
		a.c.printf("Not needed any more.\n")
	}
	ans.By, _ = a.c.Lookup("USER")
	return ans, err
}

// alone has the screen for put alone. Its error is engine.ErrNobody if the person
// does not want to answer now, or wanted that before.
func (a *asker) alone(ctx context.Context, put func(context.Context) error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.turn:
	}
	defer func() { a.turn <- struct{}{} }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.mu.Lock()
	away := a.away
	a.dismiss = cancel
	a.mu.Unlock()
	if away {
		return engine.ErrNobody
	}
	a.view.pause()
	defer a.view.resume()
	err := put(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dismiss = nil
	if errors.Is(err, errAway) || errors.Is(context.Cause(ctx), errAway) {
		a.away = true
		err = engine.ErrNobody
	}
	return err
}

// leave takes the question off the screen and leaves it open. It reports false
// if there is none.
func (a *asker) leave() bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.dismiss == nil {
		return false
	}
	a.dismiss(errAway)
	a.dismiss = nil
	return true
}

// plain reports whether questions are put line by line: for terminals that
// cannot move the cursor, and for people who hear the screen.
func (a *asker) plain() bool {
	name, _ := a.c.Lookup("TERM")
	accessible, _ := a.c.Lookup("ACCESSIBLE")
	_, file := a.c.Stdin.(*os.File)
	return name == "" || name == "dumb" || accessible != "" && accessible != "0" || !file || a.c.Width() < 24
}

// check holds a value to its field, and a path to the disk.
func (a *asker) check(f *question.Field, v any) (any, error) {
	n, err := f.Accept(v)
	if err != nil {
		return nil, err
	}
	switch f.Type {
	case question.File, question.Folder:
		if s, ok := n.(string); ok {
			return n, a.checkPath(f, s)
		}
	case question.Files:
		list, _ := n.([]any)
		for _, e := range list {
			if s, ok := e.(string); ok {
				if err := a.checkPath(f, s); err != nil {
					return nil, err
				}
			}
		}
	}
	return n, nil
}

func (a *asker) checkPath(f *question.Field, path string) error {
	roots := a.roots()
	if roots == nil {
		return nil
	}
	info, err := roots.Stat(path)
	switch {
	case err != nil:
		return err
	case f.Type == question.Folder && !info.IsDir():
		return errors.New(path + " is no folder")
	case f.Type != question.Folder && info.IsDir():
		return errors.New(path + " is a folder")
	}
	return nil
}

func (a *asker) roots() *workspace.Roots {
	if a.c.fileRoots == nil {
		return nil
	}
	roots, err := workspace.New(a.c.fileRoots...)
	if err != nil {
		return nil
	}
	return roots
}

// paths completes the beginning of a path.
func (a *asker) paths(f *question.Field, typed string) []string {
	roots := a.roots()
	if roots == nil {
		return nil
	}
	dir, _ := filepath.Split(typed)
	look := dir
	if look == "" {
		look = "."
	}
	fsys, closer, err := roots.FS(look)
	if err != nil {
		return nil
	}
	defer func() { _ = closer.Close() }() // it was only read
	return entries(fsys, dir, f)
}

// terminalState restores the terminal, however a question ended.
func terminalState(in io.Reader) func() {
	f, ok := in.(*os.File)
	if !ok {
		return func() {}
	}
	fd := int(f.Fd()) //nolint:gosec // file descriptors fit
	was, err := term.GetState(fd)
	if err != nil {
		return func() {}
	}
	return func() { _ = term.Restore(fd, was) } // best effort: there is no other terminal
}

// printable takes out what would steer the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

// until says how long a question can be answered.
func (a *asker) until(ms int64) string {
	if ms == 0 {
		return ""
	}
	t := time.UnixMilli(ms)
	return "Answer before " + t.Format("15:04:05 on 2006-01-02") + " (in " + t.Sub(a.c.Now()).Round(time.Second).String() + ")."
}
