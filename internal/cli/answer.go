package cli

import (
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// printQuestion prints what a parked run asks, and commands that answer it.
func (c *command) printQuestion(r *run.Run, w engine.Wait) {
	q := w.Ask
	c.printf("  %s asks: %s\n", w.Path, printable(w.Question))
	for i := range q.Fields {
		c.printf("    %s\n", describe(&q.Fields[i]))
	}
	if d := q.Details; d != nil {
		if len(d.Rows) > 0 {
			c.printf("    table: %d rows (aether runs show %s --json has them)\n", max(d.Total, len(d.Rows)), r.ID)
		}
		if d.File != "" {
			c.printf("    file: %s\n", printable(d.File))
		}
		if d.Text != "" {
			c.printf("    %s\n", strings.ReplaceAll(printable(d.Text), "\n", "\n    "))
		}
	}
	c.printGiven(q, c.said[w.Path])
	if w.Until > 0 {
		c.printf("    until %s\n", time.UnixMilli(w.Until).Format(time.DateTime))
	}
	at := " --at " + quoted(w.Path)
	switch {
	case len(q.Secrets()) > 0:
		c.printf("    aether runs resume %s    (on a terminal: it asks for a secret)\n", r.ID)
	case len(q.Fields) > 0:
		c.printf("    aether runs resume %s%s --answer %s\n", r.ID, at, quoted(sample(q)))
	}
	for _, b := range q.Buttons {
		if len(q.Fields) == 0 || b.Cancels {
			c.printf("    aether runs resume %s%s --answer %s\n", r.ID, at, quoted(b.Name))
		}
	}
	if len(w.Details) > 0 {
		if b, err := value.JSON(w.Details); err == nil {
			c.printf("    details: %s\n", b)
		}
	}
}

// describe is a field in one line.
func describe(f *question.Field) string {
	s := f.Name + " (" + f.Type
	if f.Required {
		s += ", needed"
	}
	if d := startDefault(f); d != "" {
		s += ", default " + clip(printable(d), 60)
	}
	if f.Proposed != nil {
		s += ", proposed " + clip(printable(question.Show(f.Proposed)), 60)
	}
	s += ")"
	if f.Label != "" && f.Label != f.Name {
		s += ": " + printable(f.Label)
	}
	if len(f.Choices) > 0 {
		var words []string
		for _, o := range f.Choices[:min(len(f.Choices), 10)] {
			words = append(words, oneLine(o.Text()))
		}
		s += ": " + strings.Join(words, " | ")
		if len(f.Choices) > 10 {
			s += " | …"
		}
	}
	return s
}

// sample is an answer as it could be.
func sample(q *question.Question) string {
	one := func(f *question.Field) any {
		switch {
		case f.Proposed != nil:
			return f.Proposed
		case f.Default != nil:
			return f.Default
		case f.Type == question.Choices && len(f.Choices) > 0:
			return []any{f.Choices[0].Value}
		case len(f.Choices) > 0:
			return f.Choices[0].Value
		case f.Type == question.Number || f.Type == question.Integer:
			return 1
		case f.Type == question.Bool:
			return true
		case f.Type == question.Color:
			return "#1e90ff"
		case f.Form() != "":
			return f.Form()
		}
		return "..."
	}
	if len(q.Fields) == 1 {
		return question.Show(one(&q.Fields[0]))
	}
	m := map[string]any{}
	for i := range q.Fields {
		m[q.Fields[i].Name] = one(&q.Fields[i])
	}
	return question.Show(m)
}

// quoted writes a word for a POSIX shell.
func quoted(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:,@%+=", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// asked is what a run waits for, in a few words.
func asked(ws []engine.Wait) string {
	for _, w := range ws {
		if w.Ask != nil {
			return oneLine(w.Question)
		}
		if w.Paused != nil {
			return "before " + w.Path
		}
	}
	return ""
}
