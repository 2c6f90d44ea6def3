package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// errClosed is an end of input: ctrl-D.
var errClosed = errors.New("closed")

// prompt puts a question line by line.
func (a *asker) prompt(ctx context.Context, q *question.Question) (question.Answer, error) {
	var closing *question.Button
	var open []question.Button
	for i, b := range q.Buttons {
		if b.Cancels {
			closing = &q.Buttons[i]
		} else {
			open = append(open, b)
		}
	}
	hint := "(ctrl-C leaves the question open"
	if closing != nil {
		hint += ", ctrl-D: " + printable(closing.Text())
	}
	a.c.printf("%s)\n", hint)
	ans, err := a.promptAll(ctx, q, open)
	switch {
	case ctx.Err() != nil:
		a.c.printf("\n")
		return question.Answer{}, context.Cause(ctx)
	case errors.Is(err, errClosed) && closing != nil:
		a.c.printf("\n")
		return question.Answer{Button: closing.Name}, nil
	case errors.Is(err, errClosed):
		return question.Answer{}, errAway
	}
	return ans, err
}

func (a *asker) promptAll(ctx context.Context, q *question.Question, open []question.Button) (question.Answer, error) {
	ans := question.Answer{Values: map[string]any{}}
	page := -1
	for i := range q.Fields {
		f := &q.Fields[i]
		if f.Page != page && f.Page >= 0 && f.Page < len(q.Pages) {
			page = f.Page
			p := q.Pages[page]
			if p.Title != "" || p.Message != "" {
				a.c.printf("%d/%d %s\n", page+1, len(q.Pages), printable(strings.TrimSpace(p.Title+"\n"+p.Message)))
			}
		}
		v, err := a.promptField(ctx, f)
		if err != nil {
			return ans, err
		}
		ans.Values[f.Name] = v
	}
	if len(q.Fields) > 0 && len(open) == 1 {
		ans.Button = open[0].Name
		return ans, nil
	}
	all := q.Buttons
	if len(q.Fields) > 0 {
		all = open
	}
	return ans, a.promptButton(ctx, q, all, &ans.Button)
}

func (a *asker) promptButton(ctx context.Context, q *question.Question, all []question.Button, into *string) error {
	f := &question.Field{Name: "answer", Label: "Answer", Type: question.Choice, Required: true}
	switch {
	case q.Default != nil && q.Default.Button != "":
		f.Default = q.Default.Button
	case !decides(q):
		f.Default = all[0].Name
	}
	for _, b := range all {
		f.Choices = append(f.Choices, question.Option{Value: b.Name, Label: b.Text()})
	}
	v, err := a.promptField(ctx, f)
	if err != nil {
		return err
	}
	*into, _ = v.(string)
	return nil
}

// promptField asks until what is given fits the field.
func (a *asker) promptField(ctx context.Context, f *question.Field) (any, error) {
	if f.Help != "" {
		a.c.printf("%s\n", printable(f.Help))
	}
	list := f.Type == question.Choice || f.Type == question.Choices
	if list {
		for i, o := range f.Choices {
			a.c.printf("  %d) %s\n", i+1, oneLine(o.Text()))
		}
	}
	for {
		text, err := a.read(ctx, f)
		if err != nil {
			return nil, err
		}
		var v any = text
		switch {
		case text == "" && f.Default != nil:
			v = f.Default
		case f.Type == question.Choice:
			v = numbered(f, text)
		case f.Type == question.Choices && text != "":
			var vs []any
			for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
				vs = append(vs, numbered(f, strings.TrimSpace(w)))
			}
			v = vs
		}
		if v, err = a.check(f, v); err == nil {
			return v, nil
		}
		a.c.printf("%s. Again, please.\n", printable(err.Error()))
	}
}

// numbered returns the choice of that number, or the text itself.
func numbered(f *question.Field, text string) any {
	for _, o := range f.Choices {
		if o.Text() == text || value.Equal(o.Value, text) {
			return o.Value
		}
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(f.Choices) {
		return f.Choices[n-1].Value
	}
	return text
}

// read writes the prompt of a field and reads what is typed.
func (a *asker) read(ctx context.Context, f *question.Field) (string, error) {
	prompt := printable(f.Text())
	var notes []string
	switch f.Type {
	case question.Bool:
		notes = append(notes, "yes or no")
	case question.Choice:
		notes = append(notes, "number or text")
	case question.Choices:
		notes = append(notes, "numbers, with commas between")
	case question.Files:
		notes = append(notes, "paths, with commas between")
	case question.Multiline:
		notes = append(notes, "several lines; one that is only a dot ends it")
	case question.Date, question.Clock, question.DateTime:
		notes = append(notes, "like "+f.Form())
	}
	if !f.Required && f.Default == nil {
		notes = append(notes, "may be empty")
	}
	if len(notes) > 0 {
		prompt += " (" + strings.Join(notes, "; ") + ")"
	}
	if d := startDefault(f); d != "" {
		prompt += " [" + printable(d) + "]"
	}
	if f.Type == question.Secret {
		return a.lines.password(ctx, a.c.Stdin, a.c.Stdout, prompt+": ")
	}
	a.c.printf("%s: ", prompt)
	if f.Type == question.Multiline {
		a.c.printf("\n")
		var all []string
		for {
			s, err := a.lines.read(ctx)
			if err != nil {
				return "", err
			}
			if s == "." || s == "" && len(all) == 0 && f.Default != nil {
				return strings.Join(all, "\n"), nil
			}
			all = append(all, s)
		}
	}
	return a.lines.read(ctx)
}

func startDefault(f *question.Field) string {
	if f.Type == question.Choice {
		for _, o := range f.Choices {
			if value.Equal(o.Value, f.Default) {
				return o.Text()
			}
		}
	}
	if b, ok := f.Default.(bool); ok {
		return map[bool]string{true: "yes", false: "no"}[b]
	}
	return strings.ReplaceAll(question.Show(f.Default), "\n", " ")
}

// lineReader reads lines of a terminal. A read cannot be taken back: what one
// brings that nobody waits for any more is kept for the next.
type lineReader struct {
	from io.Reader
	ch   chan typed
	busy bool // a read is under way
	rest []byte
}

type typed struct {
	bytes []byte
	err   error
}

// await returns when there is something to read, or done is closed.
func (l *lineReader) await(done <-chan struct{}) error {
	for len(l.rest) == 0 {
		if l.ch == nil {
			l.ch = make(chan typed, 1)
		}
		if !l.busy {
			l.busy = true
			go func() {
				buf := make([]byte, 4096)
				n, err := l.from.Read(buf)
				l.ch <- typed{buf[:n], err}
			}()
		}
		select {
		case t := <-l.ch:
			l.busy, l.rest = false, t.bytes
			switch {
			case len(t.bytes) > 0:
			case errors.Is(t.err, io.EOF):
				return errClosed
			case t.err != nil:
				return fmt.Errorf("reading the answer: %w", t.err)
			}
		case <-done:
			return nil
		}
	}
	return nil
}

// some reads what is there; after done is closed that is an end.
func (l *lineReader) some(p []byte, done <-chan struct{}) (int, error) {
	err := l.await(done)
	select {
	case <-done:
		return 0, io.EOF
	default:
	}
	if err != nil {
		return 0, io.EOF
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// next returns the next byte.
func (l *lineReader) next(ctx context.Context) (byte, error) {
	if err := l.await(ctx.Done()); err != nil {
		return 0, err
	}
	if len(l.rest) == 0 {
		return 0, context.Cause(ctx)
	}
	b := l.rest[0]
	l.rest = l.rest[1:]
	return b, nil
}

// read returns a line without its end.
func (l *lineReader) read(ctx context.Context) (string, error) {
	var line []byte
	for {
		b, err := l.next(ctx)
		switch {
		case errors.Is(err, errClosed) && len(line) > 0, err == nil && b == '\n':
			return strings.TrimRight(string(line), "\r"), nil
		case err != nil:
			return "", err
		}
		line = append(line, b)
	}
}

// password writes a prompt and reads a line that the terminal does not show; it
// is told so before the prompt invites to type.
func (l *lineReader) password(ctx context.Context, in io.Reader, out io.Writer, prompt string) (string, error) {
	f, ok := in.(*os.File)
	if !ok {
		return "", errors.New("a password is asked on a terminal only")
	}
	fd := int(f.Fd()) //nolint:gosec // file descriptors fit
	was, err := term.MakeRaw(fd)
	if err != nil {
		return "", fmt.Errorf("hiding what is typed: %w", err)
	}
	defer func() {
		_ = term.Restore(fd, was) // there is no other terminal
		fmt.Fprintln(out)
	}()
	fmt.Fprint(out, prompt)
	var line []byte
	for {
		b, err := l.next(ctx)
		if err != nil {
			return "", err
		}
		switch b {
		case '\r', '\n':
			return string(line), nil
		case 3: // ctrl-C
			return "", errAway
		case 4: // ctrl-D
			if len(line) == 0 {
				return "", errClosed
			}
		case 8, 127: // backspace
			_, n := utf8.DecodeLastRune(line)
			line = line[:len(line)-n]
		case 21: // ctrl-U
			line = nil
		default:
			line = append(line, b)
		}
	}
}
