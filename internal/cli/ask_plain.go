package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

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
	a.c.printf("%s: ", prompt)
	switch f.Type {
	case question.Secret:
		return a.lines.password(ctx, a.c.Stdin, a.c.Stdout)
	case question.Multiline:
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

// lineReader reads lines of a terminal. A read cannot be taken back: one that
// nobody waits for any more is thrown away when it comes.
type lineReader struct {
	from  io.Reader
	buf   *bufio.Reader
	ch    chan typed
	stale bool // a read of an earlier question is under way
}

type typed struct {
	text string
	err  error
}

func (l *lineReader) read(ctx context.Context) (string, error) {
	for {
		if !l.stale {
			if l.buf == nil {
				l.buf, l.ch = bufio.NewReader(l.from), make(chan typed, 1)
			}
			go func() {
				s, err := l.buf.ReadString('\n')
				l.ch <- typed{s, err}
			}()
		}
		select {
		case t := <-l.ch:
			if l.stale {
				l.stale = false
				continue
			}
			if errors.Is(t.err, io.EOF) && t.text == "" {
				return "", errClosed
			}
			if t.err != nil && !errors.Is(t.err, io.EOF) {
				return "", fmt.Errorf("reading the answer: %w", t.err)
			}
			return strings.TrimRight(t.text, "\r\n"), nil
		case <-ctx.Done():
			l.stale = true
			return "", context.Cause(ctx)
		}
	}
}

// password reads a line without showing it.
func (l *lineReader) password(ctx context.Context, in io.Reader, out io.Writer) (string, error) {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // file descriptors fit
		return "", errors.New("a password is asked on a terminal only")
	}
	restore := terminalState(in)
	defer restore()
	ch := make(chan typed, 1)
	go func() {
		b, err := term.ReadPassword(int(f.Fd())) //nolint:gosec // file descriptors fit
		ch <- typed{string(b), err}
	}()
	select {
	case t := <-ch:
		fmt.Fprintln(out)
		if errors.Is(t.err, io.EOF) {
			return "", errClosed
		}
		if t.err != nil {
			return "", fmt.Errorf("reading the password: %w", t.err)
		}
		return t.text, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
